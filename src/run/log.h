// One line of log.jsonl (or of --json): a JSON object whose keys stand in the order of the calls.
//
// Numbers are written with %.9g, which holds every float32 exactly, so that equal runs write equal bytes; NaN and the
// infinities, which JSON lacks, become null. Zeroed value = a line not begun. Exhausted memory shows at gm_log_end.
//
//     gm_log_line line = {0};
//     gm_log_begin(&line);
//     gm_log_integer(&line, "step", step);
//     gm_log_number(&line, "loss_d", loss);
//     GM_TRY_DONE(gm_run_log(run, &line));     // ends it; or gm_log_end(&line, &text) for other uses
//     gm_log_begin(&line);                     // the next one, in the same memory
//     ...
//     gm_log_finish(&line);                    // frees
#ifndef GM_RUN_LOG_H
#define GM_RUN_LOG_H

#include "base/base.h"

typedef struct gm_log_line {
    gm_text text;
    size_t fields;
    bool ended;
} gm_log_line;

void gm_log_begin(gm_log_line *line); // also empties a used line
void gm_log_integer(gm_log_line *line, const char *key, int64_t value);
void gm_log_number(gm_log_line *line, const char *key, double value);
void gm_log_string(gm_log_line *line, const char *key, const char *value); // NULL writes null; bad UTF-8 becomes U+FFFD
// Closes the object (once; later calls give the same) and gives its text, without a line feed, valid until the next
// gm_log_begin or gm_log_finish.
gm_status gm_log_end(gm_log_line *line, const char **text);
void gm_log_finish(gm_log_line *line);

#endif

// JSON lines with a stable order of keys and stable digits, so that equal runs write equal bytes.
#include "run/log.h"

#include <math.h>
#include <string.h>

static void begin_field(gm_log_line *line, const char *key) {
    if (line->fields++ > 0)
        gm_text_append(&line->text, ", ");
    gm_text_append_json(&line->text, key);
    gm_text_append(&line->text, ": ");
}

void gm_log_begin(gm_log_line *line) {
    line->text.length = 0;
    line->text.failed = false;
    line->fields = 0;
    line->ended = false;
    gm_text_append(&line->text, "{");
}

void gm_log_integer(gm_log_line *line, const char *key, int64_t value) {
    begin_field(line, key);
    gm_text_printf(&line->text, "%lld", (long long)value);
}

void gm_log_number(gm_log_line *line, const char *key, double value) {
    begin_field(line, key);
    if (isfinite(value))
        gm_text_printf(&line->text, "%.9g", value);
    else
        gm_text_append(&line->text, "null");
}

void gm_log_string(gm_log_line *line, const char *key, const char *value) {
    begin_field(line, key);
    if (value)
        gm_text_append_json(&line->text, value);
    else
        gm_text_append(&line->text, "null");
}

gm_status gm_log_end(gm_log_line *line, const char **text) {
    if (!line->ended)
        gm_text_append(&line->text, "}");
    line->ended = true;
    *text = line->text.data;
    return line->text.failed || !line->text.data ? gm_fail_memory(line->text.length + 64, "a log line") : GM_OK;
}

void gm_log_finish(gm_log_line *line) {
    gm_text_finish(&line->text);
    *line = (gm_log_line){0};
}

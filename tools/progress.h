// How `ganymede train` shows what happens.
#ifndef GM_TOOLS_PROGRESS_H
#define GM_TOOLS_PROGRESS_H

#include "ganymede/train.h"

typedef enum progress_style {
    PROGRESS_QUIET = 1,
    PROGRESS_LINES,    // one line per tick
    PROGRESS_TERMINAL, // one line rewritten in place
    PROGRESS_JSON,     // one object per tick
} progress_style;

typedef struct progress_printer {
    progress_style style;
    const char *noun; // what is learned from: "images"
    double shown;     // when the terminal's line was last written, in seconds of the run
    size_t width;     // of that line
    bool open_line;   // the cursor stands behind it
} progress_printer;

// On a terminal: a line while training is being prepared, and its end.
void progress_prepare(const progress_printer *printer, bool begins);
void progress_start(progress_printer *printer, const gm_train_info *info);
void progress_show(progress_printer *printer, const gm_train_progress *progress);
// Ends a rewritten line and says where the results are.
void progress_end(progress_printer *printer, const gm_train_info *info, gm_status status);

#endif

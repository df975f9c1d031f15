// Windows of texts as the items of a data set: each begins at a place of its own in one long row of symbols, so that
// windows from every place take no more memory than the text.
#ifndef GM_DATA_WINDOWS_H
#define GM_DATA_WINDOWS_H

#include "base/base.h"

// A text of which no window leads into another: its items follow each other at the windows' stride.
typedef struct gm_window_piece {
    size_t item, symbol; // its first ones
    int32_t label;
} gm_window_piece;

typedef struct gm_windows {
    void *symbols; // codes: uint8_t, or float
    size_t symbol_count, symbol_bytes;
    size_t length, stride; // of a window, in symbols
    gm_window_piece *pieces;
    size_t piece_count, piece_capacity;
} gm_windows;

void gm_windows_destroy(gm_windows **windows);
// Copies window `item` to `symbols`; its label.
int32_t gm_windows_read(const gm_windows *windows, size_t item, void *symbols);

#endif

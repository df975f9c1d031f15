// Windows of texts as the items of a data set.
#include "data/windows.h"

#include <stdlib.h>
#include <string.h>

void gm_windows_destroy(gm_windows **windows) {
    if (!windows || !*windows)
        return;
    free((*windows)->symbols);
    free((*windows)->pieces);
    free(*windows);
    *windows = NULL;
}

int32_t gm_windows_read(const gm_windows *w, size_t item, void *symbols) {
    size_t low = 0, high = w->piece_count; // the piece is one of low ... high - 1
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (w->pieces[middle].item <= item)
            low = middle;
        else
            high = middle;
    }
    const gm_window_piece *piece = &w->pieces[low];
    size_t first = piece->symbol + (item - piece->item) * w->stride;
    memcpy(symbols, (const char *)w->symbols + first * w->symbol_bytes, w->length * w->symbol_bytes);
    return piece->label;
}

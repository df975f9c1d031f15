// What a run learned from, as its networks saw it, piece by piece.
#ifndef GM_USE_LEARNED_H
#define GM_USE_LEARNED_H

#include "data/decode.h"
#include "use/trained.h"

typedef struct gm_learned {
    gm_dataset *data;
    gm_sample format; // of its items
    size_t count;
} gm_learned;

// The training split, whole. format: of the run's samples, which the items must be like. Fails when the data are not to
// be had any more, or are others.
gm_status gm_learned_open(gm_learned *learned, const gm_trained *trained, const gm_sample *format);
void gm_learned_close(gm_learned *learned);
// Items `first` to first + count - 1.
gm_status gm_learned_read(const gm_learned *learned, size_t first, size_t count, float *values);

#endif

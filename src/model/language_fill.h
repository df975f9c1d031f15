// Gaps in texts, filled by a language model: symbols that make the whole likely, what comes behind them, too.
#ifndef GM_MODEL_LANGUAGE_FILL_H
#define GM_MODEL_LANGUAGE_FILL_H

#include "model/use.h"

// A gap of `length` symbols between others. Codes of the text.
typedef struct gm_gap {
    const int32_t *before, *after;
    int32_t label; // of models that are told classes
} gm_gap;

enum { GM_GAP_BEHIND = 16 }; // symbols behind a gap that are looked at: more say little of it

// Gaps that are alike: every one has as many symbols before it, in it and behind it.
typedef struct gm_gap_shape {
    size_t before, length, after;
} gm_gap_shape;

typedef struct gm_language_filler {
    gm_use use;
    gm_plan *plan;
    gm_use_steps steps;
    size_t symbols; // codes
    size_t least;   // the first that a gap may have: of lines not their end
} gm_language_filler;

// recipe, state: of a run. Fails where it is no language model.
gm_status gm_language_filler_init(gm_language_filler *filler, const gm_recipe *recipe, gm_state *state);
void gm_language_filler_finish(gm_language_filler *filler);

// Beam search: of the beginnings of a gap, the GM_USE_BATCH / count likeliest are kept from symbol to symbol, and of
// those that are whole the one that makes what follows likeliest, too, is taken. filled: (count, length) codes. alone:
// the same by what stands before the gap alone; NULL: not wanted. count: at most GM_USE_BATCH.
gm_status gm_language_fill(gm_language_filler *filler, const gm_gap_shape *shape, const gm_gap *gaps, size_t count,
                           int32_t *filled, int32_t *alone);

#endif

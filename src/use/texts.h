// Texts compared: what n-grams and words they are made of, beside training text and Markov chains.
#ifndef GM_USE_TEXTS_H
#define GM_USE_TEXTS_H

#include "ganymede/measure.h"
#include "use/side.h"

enum { GM_TEXT_CHAINS = 5, GM_TEXT_ROWS = 3 + GM_TEXT_CHAINS, GM_TEXT_PASSAGE = 32 };

// Of the fake texts; of the control (training windows' n-grams, real texts' words and copies); of chains of order 1 to
// 5, counted on the training text. start: what pretraining left of the fake side's run, whose row then stands behind
// the control's; NULL: there is none. *count: rows. Fails where the training text is not to be had.
gm_status gm_texts_compare(const gm_side *real, const gm_side *fake, const gm_side *start,
                           gm_text_figure rows[GM_TEXT_ROWS], size_t *count);

#endif

// What texts are made of, counted: n-grams of symbols, and passages that another text has word for word.
#ifndef GM_DATA_NGRAMS_H
#define GM_DATA_NGRAMS_H

#include "data/chain.h"

// Texts of equal length, (count, length) codes. `ends`: code 0 is the end of a text, and what lies behind it is none.
typedef struct gm_passages {
    const int32_t *codes;
    size_t count, length;
    bool ends;
} gm_passages;

// The Jensen-Shannon divergence of the n-grams of both, in bits: 0 where they are as frequent in one as in the other, 1
// where none is in both. NaN where one has none.
gm_status gm_ngram_divergence(const gm_passages *a, const gm_passages *b, size_t n, double *bits);
// How many different n-grams there are, as a share of all.
gm_status gm_ngram_distinct(const gm_passages *passages, size_t n, double *share);
// The share of passages whose first `length` symbols (at most their own length) stand in the text just so.
gm_status gm_passage_copies(const gm_passages *passages, const gm_codes *text, size_t length, double *share);

#endif

// Markov chains of symbols, the honest rivals of whatever else writes text: what follows the last k symbols, as often
// as it did in a text.
#ifndef GM_DATA_CHAIN_H
#define GM_DATA_CHAIN_H

#include "base/base.h"

enum { GM_CHAIN_ORDERS = 8 };           // 0 to 7
#define GM_CHAIN_MOST ((size_t)1 << 24) // symbols that are learnt from, the first ones

typedef struct gm_chain gm_chain;

// Where symbols come from, so that no copy of a text is needed: code `index`, which is below `codes`.
typedef struct gm_codes {
    const void *values; // uint8_t, or float
    size_t count, codes;
    bool bytes;
} gm_codes;

static inline size_t gm_code_at(const gm_codes *codes, size_t index) {
    return codes->bytes ? ((const uint8_t *)codes->values)[index] : (size_t)((const float *)codes->values)[index];
}

// Counts the text for all orders up to `order`, at most GM_CHAIN_ORDERS - 1.
gm_status gm_chain_create(gm_chain **chain, const gm_codes *text, size_t order);
void gm_chain_destroy(gm_chain **chain);

// The mean of -log2 p(symbol | the `order` before it) over a text, each order smoothed by the one below it (Witten &
// Bell 1991): p_k(c | h) = (n(h c) + t(h) p_(k-1)(c | h')) / (n(h) + t(h)), t(h) different symbols having followed h;
// below order 0 all are alike.
double gm_chain_bits(const gm_chain *chain, const gm_codes *text, size_t order);
// The symbol that most often followed the longest of the last symbols before `end`, at most `order` of them, that the
// text has; `known` stand there. Of equals the first that followed.
int32_t gm_chain_likeliest(const gm_chain *chain, size_t order, const int32_t *end, size_t known);
// Draws samples `first` ... of `length` symbols each, unsmoothed: by the longest of the last symbols, at most `order`,
// that the text has. codes: (count, length). Sample i is the same whatever is asked together with it.
void gm_chain_draw(const gm_chain *chain, size_t order, uint64_t seed, uint64_t first, size_t count, size_t length,
                   int32_t *codes);

#endif

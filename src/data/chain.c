// Markov chains of symbols: counts of what follows each context, of all orders in one table.
#include "data/chain.h"

#include <math.h>
#include <stdlib.h>

// By a hash of 64 bits of order and symbols, which stands for them: of a billion contexts none of a million is likely
// to meet another's.
typedef struct context {
    uint64_t key;
    uint32_t total, types; // symbols that followed, and different ones
    uint32_t last;         // the follower that was added last, + 1
} context;

typedef struct follower {
    uint64_t key;
    uint32_t count, symbol, before; // + 1: the context's follower before it
} follower;

typedef struct table {
    uint32_t *slots; // numbers + 1
    size_t slot_count;
} table;

struct gm_chain {
    size_t order, codes;
    context *contexts;
    follower *followers;
    size_t context_count, context_capacity, follower_count, follower_capacity;
    table of_contexts, of_followers;
};

enum { LEAST_SLOTS = 1024 };

static const uint64_t nothing = UINT64_C(0x243f6a8885a308d3);

static uint64_t mix(uint64_t key, uint64_t value) {
    key = (key ^ (value + 1)) * UINT64_C(0x9e3779b97f4a7c15);
    key ^= key >> 32;
    key *= UINT64_C(0xd6e8feb86659fd93);
    return key ^ key >> 29;
}

static uint64_t follower_key(uint64_t key, size_t symbol) {
    return mix(key, (uint64_t)symbol << 20);
}

// ---- Tables ----

static const context *find_context(const gm_chain *c, uint64_t key) {
    const table *t = &c->of_contexts;
    for (size_t at = (size_t)key & (t->slot_count - 1); t->slots[at] > 0; at = (at + 1) & (t->slot_count - 1))
        if (c->contexts[t->slots[at] - 1].key == key)
            return &c->contexts[t->slots[at] - 1];
    return NULL;
}

static follower *find_follower(const gm_chain *c, uint64_t key) {
    const table *t = &c->of_followers;
    for (size_t at = (size_t)key & (t->slot_count - 1); t->slots[at] > 0; at = (at + 1) & (t->slot_count - 1))
        if (c->followers[t->slots[at] - 1].key == key)
            return &c->followers[t->slots[at] - 1];
    return NULL;
}

static void place(table *t, uint64_t key, size_t number) {
    size_t at = (size_t)key & (t->slot_count - 1);
    while (t->slots[at] > 0)
        at = (at + 1) & (t->slot_count - 1);
    t->slots[at] = (uint32_t)number + 1;
}

// Room for one more; `key_of` gives the keys to place anew.
static gm_status make_room(table *t, size_t count, const void *entries, size_t size) {
    if (2 * (count + 1) <= t->slot_count)
        return GM_OK;
    uint32_t *old = t->slots;
    size_t slots = GM_MAX(2 * t->slot_count, (size_t)LEAST_SLOTS);
    GM_TRY(gm_alloc(&t->slots, slots, sizeof *t->slots, "a Markov chain"));
    free(old);
    t->slot_count = slots;
    for (size_t i = 0; i < count; i++)
        place(t, *(const uint64_t *)(const void *)((const char *)entries + i * size), i); // both begin with their key
    return GM_OK;
}

static gm_status add_context(gm_chain *c, uint64_t key, context **added) {
    const context *found = c->of_contexts.slot_count > 0 ? find_context(c, key) : NULL;
    if (found) {
        *added = &c->contexts[found - c->contexts];
        return GM_OK;
    }
    GM_TRY(make_room(&c->of_contexts, c->context_count, c->contexts, sizeof *c->contexts));
    GM_TRY(gm_grow(&c->contexts, c->context_count, &c->context_capacity, sizeof *c->contexts, "a Markov chain"));
    place(&c->of_contexts, key, c->context_count);
    *added = &c->contexts[c->context_count++];
    **added = (context){.key = key};
    return GM_OK;
}

static gm_status add(gm_chain *c, uint64_t key, size_t symbol) {
    context *of;
    uint64_t own = follower_key(key, symbol);
    GM_TRY(add_context(c, key, &of));
    of->total++;
    follower *found = c->of_followers.slot_count > 0 ? find_follower(c, own) : NULL;
    if (found) {
        found->count++;
        return GM_OK;
    }
    GM_TRY(make_room(&c->of_followers, c->follower_count, c->followers, sizeof *c->followers));
    GM_TRY(gm_grow(&c->followers, c->follower_count, &c->follower_capacity, sizeof *c->followers, "a Markov chain"));
    place(&c->of_followers, own, c->follower_count);
    c->followers[c->follower_count++] = (follower){own, 1, (uint32_t)symbol, of->last};
    of->last = (uint32_t)c->follower_count;
    of->types++;
    return GM_OK;
}

// ---- The interface ----

static gm_status count_all(gm_chain *c, const gm_codes *text) {
    size_t count = GM_MIN(text->count, GM_CHAIN_MOST);
    for (size_t i = 0; i < count; i++) {
        uint64_t key = nothing;
        size_t symbol = gm_code_at(text, i);
        for (size_t k = 0; k <= GM_MIN(c->order, i); k++) {
            key = k > 0 ? mix(key, gm_code_at(text, i - k)) : key;
            GM_TRY(add(c, key, symbol));
        }
    }
    return GM_OK;
}

gm_status gm_chain_create(gm_chain **chain, const gm_codes *text, size_t order) {
    gm_chain *made;
    *chain = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a Markov chain"));
    made->order = GM_MIN(order, (size_t)GM_CHAIN_ORDERS - 1);
    made->codes = text->codes;
    gm_status status = count_all(made, text);
    if (status != GM_OK)
        gm_chain_destroy(&made);
    *chain = made;
    return status;
}

void gm_chain_destroy(gm_chain **chain) {
    if (!chain || !*chain)
        return;
    free((*chain)->contexts);
    free((*chain)->followers);
    free((*chain)->of_contexts.slots);
    free((*chain)->of_followers.slots);
    free(*chain);
    *chain = NULL;
}

static double probability(const gm_chain *c, const gm_codes *text, size_t at, size_t order) {
    double p = 1 / (double)c->codes;
    size_t symbol = gm_code_at(text, at);
    uint64_t key = nothing;
    for (size_t k = 0; k <= GM_MIN(order, at); k++) {
        key = k > 0 ? mix(key, gm_code_at(text, at - k)) : key;
        const context *of = find_context(c, key);
        if (!of)
            break;
        const follower *found = find_follower(c, follower_key(key, symbol));
        p = ((found ? found->count : 0) + of->types * p) / ((double)of->total + of->types);
    }
    return p;
}

double gm_chain_bits(const gm_chain *c, const gm_codes *text, size_t order) {
    double sum = 0;
    for (size_t i = 0; i < text->count; i++)
        sum -= log2(probability(c, text, i, GM_MIN(order, c->order)));
    return sum / (double)text->count;
}

// The longest context that the text has.
static const context *find_longest(const gm_chain *c, const int32_t *before, size_t order) {
    uint64_t key = nothing;
    const context *of = find_context(c, key);
    for (size_t k = 1; k <= order; k++) {
        key = mix(key, (uint64_t)before[-(ptrdiff_t)k]);
        const context *longer = find_context(c, key);
        if (!longer)
            break;
        of = longer;
    }
    return of;
}

int32_t gm_chain_likeliest(const gm_chain *c, size_t order, const int32_t *end, size_t known) {
    const context *of = find_longest(c, end, GM_MIN(GM_MIN(order, c->order), known));
    const follower *best = &c->followers[of->last - 1];
    for (size_t at = best->before; at > 0; at = c->followers[at - 1].before)
        if (c->followers[at - 1].count >= best->count)
            best = &c->followers[at - 1];
    return (int32_t)best->symbol;
}

static size_t draw(const gm_chain *c, const int32_t *before, size_t order, double u) {
    const context *of = find_longest(c, before, order);
    double left = u * of->total;
    size_t at = of->last;
    while (c->followers[at - 1].before > 0 && left >= c->followers[at - 1].count) {
        left -= c->followers[at - 1].count;
        at = c->followers[at - 1].before;
    }
    return c->followers[at - 1].symbol;
}

void gm_chain_draw(const gm_chain *c, size_t order, uint64_t seed, uint64_t first, size_t count, size_t length,
                   int32_t *codes) {
    const uint32_t stream = gm_stream("chain");
    for (size_t i = 0; i < count; i++)
        for (size_t l = 0; l < length; l++) {
            double u = gm_philox_uniform(seed, stream, (uint32_t)(first + i), (uint32_t)order, l);
            int32_t *symbol = codes + i * length + l;
            *symbol = (int32_t)draw(c, symbol, GM_MIN(GM_MIN(order, c->order), l), u);
        }
}

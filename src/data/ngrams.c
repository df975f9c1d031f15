// N-grams of symbols, counted by hashes of 64 bits.
#include "data/ngrams.h"

#include <math.h>
#include <stdlib.h>

typedef struct entry {
    uint64_t key; // 0: none
    size_t count[2];
} entry;

typedef struct counter {
    entry *entries;
    size_t capacity, count;
    size_t total[2];
} counter;

static const uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t spread(uint64_t key) {
    key ^= key >> 29;
    key *= UINT64_C(0xd6e8feb86659fd93);
    key ^= key >> 32;
    return key > 0 ? key : 1;
}

static entry *find(const counter *c, uint64_t key) {
    size_t at = (size_t)key & (c->capacity - 1);
    while (c->entries[at].key != 0 && c->entries[at].key != key)
        at = (at + 1) & (c->capacity - 1);
    return &c->entries[at];
}

static gm_status widen(counter *c) {
    counter wider = {.capacity = GM_MAX(2 * c->capacity, (size_t)1024), .count = c->count};
    GM_TRY(gm_alloc(&wider.entries, wider.capacity, sizeof *wider.entries, "n-grams"));
    for (size_t i = 0; i < c->capacity; i++)
        if (c->entries[i].key != 0)
            *find(&wider, c->entries[i].key) = c->entries[i];
    free(c->entries);
    c->entries = wider.entries;
    c->capacity = wider.capacity;
    return GM_OK;
}

static gm_status add(counter *c, uint64_t key, size_t side) {
    if (2 * (c->count + 1) > c->capacity)
        GM_TRY(widen(c));
    entry *of = find(c, key);
    c->count += of->key == 0;
    of->key = key;
    of->count[side]++;
    c->total[side]++;
    return GM_OK;
}

// How many symbols a passage has before its end.
static size_t length_of(const gm_passages *p, size_t index) {
    size_t length = 0;
    while (length < p->length && !(p->ends && p->codes[index * p->length + length] == 0))
        length++;
    return length;
}

static uint64_t key_of(const int32_t *codes, size_t n) {
    uint64_t key = n;
    for (size_t i = 0; i < n; i++)
        key = key * multiplier + (uint64_t)codes[i] + 1;
    return spread(key);
}

static gm_status count_all(counter *c, const gm_passages *p, size_t n, size_t side) {
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0, length = length_of(p, i); k + n <= length; k++)
            GM_TRY(add(c, key_of(p->codes + i * p->length + k, n), side));
    return GM_OK;
}

// The part of the divergence that one side's share p brings, where the mean of both is m.
static double part(double p, double m) {
    return p > 0 ? p * log2(p / m) / 2 : 0;
}

gm_status gm_ngram_divergence(const gm_passages *a, const gm_passages *b, size_t n, double *bits) {
    counter c = {0};
    gm_status status = count_all(&c, a, n, 0);
    if (status == GM_OK)
        status = count_all(&c, b, n, 1);
    *bits = c.total[0] > 0 && c.total[1] > 0 ? 0 : NAN;
    for (size_t i = 0; i < c.capacity && status == GM_OK && c.total[0] > 0 && c.total[1] > 0; i++) {
        double p = (double)c.entries[i].count[0] / (double)c.total[0];
        double q = (double)c.entries[i].count[1] / (double)c.total[1];
        *bits += part(p, (p + q) / 2) + part(q, (p + q) / 2);
    }
    free(c.entries);
    return status;
}

gm_status gm_ngram_distinct(const gm_passages *passages, size_t n, double *share) {
    counter c = {0};
    gm_status status = count_all(&c, passages, n, 0);
    *share = c.total[0] > 0 ? (double)c.count / (double)c.total[0] : NAN;
    free(c.entries);
    return status;
}

gm_status gm_passage_copies(const gm_passages *p, const gm_codes *text, size_t length, double *share) {
    counter c = {0};
    size_t copies = 0, whole = 0;
    uint64_t key = 0, first = 1; // of the last `length` symbols; what the symbol before them is multiplied by
    gm_status status = GM_OK;
    length = GM_MIN(length, p->length);
    for (size_t i = 1; i < length; i++)
        first *= multiplier;
    for (size_t i = 0; i < p->count && status == GM_OK; i++) {
        if (length_of(p, i) < length)
            continue;
        uint64_t own = 0;
        for (size_t k = 0; k < length; k++)
            own = own * multiplier + (uint64_t)p->codes[i * p->length + k] + 1;
        status = add(&c, spread(own), 0);
        whole++;
    }
    for (size_t i = 0; i < text->count && c.capacity > 0 && status == GM_OK; i++) {
        if (i >= length)
            key -= first * ((uint64_t)gm_code_at(text, i - length) + 1);
        key = key * multiplier + (uint64_t)gm_code_at(text, i) + 1;
        entry *found = i + 1 >= length ? find(&c, spread(key)) : NULL;
        if (found && found->key != 0 && found->count[1] == 0) {
            found->count[1] = 1;
            copies += found->count[0];
        }
    }
    *share = whole > 0 ? (double)copies / (double)whole : NAN;
    free(c.entries);
    return status;
}

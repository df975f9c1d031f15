// Beam search through a language model.
//   B = rows of the batch, W = of them a gap's, C = symbols; row g W + w is beam w of gap g
#include "model/language_fill.h"

#include "base/base.h"
#include "model/common.h"
#include "model/language.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct search {
    gm_language_filler *filler;
    const gm_gap_shape *shape;
    const gm_gap *gaps;
    size_t count, width;          // gaps, and beams of each
    float *fed;                   // (B): symbols as they go in, code + 1
    float *likelihoods;           // (B, C): ln p of the symbol that comes
    double *scores, *next;        // (B)
    int32_t *written, *grown;     // (B, length)
    int32_t labels[GM_USE_BATCH]; //
    size_t from[GM_USE_BATCH];    // which row each goes on from
    struct candidate *candidates; // (W C)
} search;

typedef struct candidate {
    double score;
    size_t row;
    int32_t symbol;
} candidate;

gm_status gm_language_filler_init(gm_language_filler *filler, const gm_recipe *recipe, gm_state *state) {
    const gm_text_schema *text = &gm_common_of(recipe)->data.text;
    *filler = (gm_language_filler){0};
    if (!gm_language_of(recipe))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: completes no texts: recipes with `language:` do",
                       gm_recipe_file(recipe));
    gm_status status = gm_use_init(&filler->use, &gm_language_uses[2], recipe, NULL);
    if (status == GM_OK)
        status = gm_plan_create(&filler->plan, filler->use.graph, state, NULL);
    if (status == GM_OK)
        status = gm_use_steps_init(&filler->steps, &filler->use, filler->plan);
    filler->symbols = gm_text_schema_codes(text);
    filler->least = text->items == GM_TEXT_LINES;
    if (status != GM_OK)
        gm_language_filler_finish(filler);
    return status;
}

void gm_language_filler_finish(gm_language_filler *filler) {
    gm_use_steps_finish(&filler->steps);
    gm_plan_destroy(&filler->plan);
    gm_use_finish(&filler->use);
    *filler = (gm_language_filler){0};
}

// ---- Steps ----

static size_t rows_of(const search *s) {
    return s->count * s->width;
}

static gm_status feed(search *s) {
    const gm_use *use = &s->filler->use;
    const void *inputs[GM_USE_PORTS] = {NULL};
    float *outputs[GM_USE_PORTS] = {NULL};
    const gm_use_port *labels = gm_use_find_input(use, "labels");
    inputs[gm_use_find_input(use, "symbol") - use->inputs] = s->fed;
    if (labels)
        inputs[labels - use->inputs] = s->labels;
    outputs[gm_use_find_output(use, "likelihoods") - use->outputs] = s->likelihoods;
    return gm_use_steps_run(&s->filler->steps, inputs, outputs);
}

// The symbol at a place before the gaps, or behind them, becomes that of all beams.
static void set_known(search *s, bool behind, size_t at, bool scored) {
    for (size_t r = 0; r < rows_of(s); r++) {
        const gm_gap *gap = &s->gaps[r / s->width];
        const int32_t code = (behind ? gap->after : gap->before)[at];
        if (scored)
            s->scores[r] += (double)s->likelihoods[r * s->filler->symbols + (size_t)code];
        s->fed[r] = (float)code + 1;
    }
}

// The likeliest first; of equals the first.
static int compare(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->score > y->score || x->score < y->score)
        return x->score > y->score ? -1 : 1;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

// Of all ways that a gap's beams may go on by one symbol the likeliest become its beams. At the first they are all one.
static void grow(search *s, size_t g, size_t at) {
    const size_t W = s->width, C = s->filler->symbols, length = s->shape->length, live = at == 0 ? 1 : W;
    size_t count = 0;
    for (size_t w = 0; w < live; w++)
        for (size_t c = s->filler->least; c < C; c++) {
            const size_t r = g * W + w;
            s->candidates[count++] = (candidate){s->scores[r] + (double)s->likelihoods[r * C + c], r, (int32_t)c};
        }
    qsort(s->candidates, count, sizeof *s->candidates, compare);
    for (size_t w = 0; w < W; w++) {
        const candidate *of = &s->candidates[GM_MIN(w, count - 1)];
        const size_t r = g * W + w;
        s->from[r] = of->row;
        s->next[r] = w < count ? of->score : -INFINITY;
        memcpy(s->grown + r * length, s->written + of->row * length, at * sizeof *s->grown);
        s->grown[r * length + at] = of->symbol;
        s->fed[r] = (float)of->symbol + 1;
    }
}

static void grow_all(search *s, size_t at) {
    for (size_t r = rows_of(s); r < GM_USE_BATCH; r++)
        s->from[r] = r;
    for (size_t g = 0; g < s->count; g++)
        grow(s, g, at);
    gm_use_steps_choose(&s->filler->steps, s->from);
    memcpy(s->scores, s->next, GM_USE_BATCH * sizeof *s->scores);
    memcpy(s->written, s->grown, GM_USE_BATCH * s->shape->length * sizeof *s->written);
}

static void take_best(const search *s, int32_t *filled) {
    const size_t length = s->shape->length;
    for (size_t g = 0; g < s->count; g++) {
        size_t best = g * s->width;
        for (size_t r = best + 1; r < (g + 1) * s->width; r++)
            best = s->scores[r] > s->scores[best] ? r : best;
        memcpy(filled + g * length, s->written + best * length, length * sizeof *filled);
    }
}

static gm_status run(search *s, int32_t *filled, int32_t *alone) {
    gm_use_steps_begin(&s->filler->steps);
    GM_TRY(feed(s)); // zeros: the beginning of a text
    for (size_t at = 0; at < s->shape->before; at++) {
        set_known(s, false, at, false);
        GM_TRY(feed(s));
    }
    for (size_t at = 0; at < s->shape->length; at++) {
        grow_all(s, at);
        if (at + 1 < s->shape->length || s->shape->after > 0)
            GM_TRY(feed(s));
    }
    if (alone)
        take_best(s, alone);
    for (size_t at = 0; at < s->shape->after; at++) {
        set_known(s, true, at, true);
        if (at + 1 < s->shape->after)
            GM_TRY(feed(s));
    }
    take_best(s, filled);
    return GM_OK;
}

gm_status gm_language_fill(gm_language_filler *filler, const gm_gap_shape *shape, const gm_gap *gaps, size_t count,
                           int32_t *filled, int32_t *alone) {
    const size_t B = GM_USE_BATCH, length = shape->length;
    search s = {.filler = filler, .shape = shape, .gaps = gaps, .count = count};
    gm_status status;
    if (count == 0 || length == 0)
        return GM_OK;
    if (count > B)
        return gm_fail(GM_ERROR_ARGUMENT, "%zu gaps at once are more than %d", count, GM_USE_BATCH);
    s.width = B / count;
    GM_TRY_DONE(gm_alloc(&s.fed, B, sizeof *s.fed, "gaps"));
    GM_TRY_DONE(gm_alloc(&s.likelihoods, B * filler->symbols, sizeof *s.likelihoods, "gaps"));
    GM_TRY_DONE(gm_alloc(&s.scores, B, sizeof *s.scores, "gaps"));
    GM_TRY_DONE(gm_alloc(&s.next, B, sizeof *s.next, "gaps"));
    GM_TRY_DONE(gm_alloc(&s.written, B * length, sizeof *s.written, "gaps"));
    GM_TRY_DONE(gm_alloc(&s.grown, B * length, sizeof *s.grown, "gaps"));
    GM_TRY_DONE(gm_alloc(&s.candidates, s.width * filler->symbols, sizeof *s.candidates, "gaps"));
    for (size_t r = 0; r < rows_of(&s); r++)
        s.labels[r] = gaps[r / s.width].label;
    status = run(&s, filled, alone);
done:
    free(s.fed);
    free(s.likelihoods);
    free(s.scores);
    free(s.next);
    free(s.written);
    free(s.grown);
    free(s.candidates);
    return status;
}

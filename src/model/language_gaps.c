// How well a language model fills gaps in a text that it has not seen: the share of symbols that are right, beside
// plain ways. A gap lies in a window of the text, most of which is before it.
#include "base/base.h"
#include "data/items.h"
#include "data/windows.h"
#include "model/common.h"
#include "model/language.h"
#include "model/language_fill.h"

#include <math.h>
#include <stdlib.h>

enum { GAPS = 128, TOGETHER = 4, CHAIN = 5, WAYS = 4 };

static const struct {
    const char *key, *label, *help;
} ways[WAYS] = {
    {"filled", "filled", "share of symbols right, of gaps in held-out text: by what stands before and behind"},
    {"filled_before", "by the left", "the same model by what stands before alone"},
    {"filled_chain", "by a chain", "the likeliest symbol after the five before it, in the text trained on"},
    {"filled_most", "most frequent", "the most frequent symbol"},
};
static const size_t lengths[] = {1, 3, 5};
static const char *const names[] = {"gaps of 1", "gaps of 3", "gaps of 5"};

typedef struct trial {
    const gm_windows *text;
    size_t count; // windows there are
    const gm_chain *chain;
    const size_t *places;
    gm_language_filler filler;
    gm_gap_shape shape;
    int32_t *codes, *filled, *alone; // (TOGETHER, window), (TOGETHER, length)
    void *window;
    gm_running_mean right[WAYS];
} trial;

static void add(gm_running_mean *right, const int32_t *guess, const int32_t *truth, size_t length) {
    size_t same = 0;
    for (size_t i = 0; i < length; i++)
        same += guess[i] == truth[i];
    gm_running_mean_add(right, (double)same / (double)length);
}

// By the chain from the left, each guess standing for the symbol after it.
static void guess(const trial *t, const int32_t *window, size_t order, int32_t *guesses) {
    int32_t row[CHAIN + 5]; // the last symbols known, then the guesses
    const size_t known = GM_MIN(order, t->shape.before);
    for (size_t i = 0; i < known; i++)
        row[i] = window[t->shape.before - known + i];
    for (size_t i = 0; i < t->shape.length; i++)
        guesses[i] = row[known + i] = gm_chain_likeliest(t->chain, order, row + known + i, known + i);
}

static gm_status try_some(trial *t, size_t first, size_t count) {
    const size_t window = t->text->length, length = t->shape.length;
    gm_gap gaps[TOGETHER];
    int32_t guesses[5];
    for (size_t g = 0; g < count; g++) {
        int32_t *codes = t->codes + g * window;
        const int32_t label = gm_windows_read(t->text, (first + g) * t->count / GAPS, t->window);
        const gm_codes read = {.values = t->window, .count = window, .bytes = t->text->symbol_bytes == 1};
        for (size_t i = 0; i < window; i++)
            codes[i] = (int32_t)gm_code_at(&read, i);
        gaps[g] = (gm_gap){codes, codes + t->shape.before + length, t->places ? (int32_t)t->places[label] : 0};
    }
    GM_TRY(gm_language_fill(&t->filler, &t->shape, gaps, count, t->filled, t->alone));
    for (size_t g = 0; g < count; g++) {
        const int32_t *codes = t->codes + g * window, *truth = codes + t->shape.before;
        add(&t->right[0], t->filled + g * length, truth, length);
        add(&t->right[1], t->alone + g * length, truth, length);
        for (size_t way = 2; way < WAYS; way++) {
            guess(t, codes, way == 2 ? CHAIN : 0, guesses);
            add(&t->right[way], guesses, truth, length);
        }
    }
    return GM_OK;
}

static gm_status try_all(trial *t, const gm_evaluation_source *source) {
    const size_t window = t->text->length, most = lengths[GM_COUNT(lengths) - 1];
    gm_status status;
    GM_TRY_DONE(gm_alloc(&t->codes, TOGETHER * window, sizeof *t->codes, "gaps"));
    GM_TRY_DONE(gm_alloc(&t->filled, TOGETHER * most, sizeof *t->filled, "gaps"));
    GM_TRY_DONE(gm_alloc(&t->alone, TOGETHER * most, sizeof *t->alone, "gaps"));
    GM_TRY_DONE(gm_alloc(&t->window, window, t->text->symbol_bytes, "gaps"));
    GM_TRY_DONE(gm_language_filler_init(&t->filler, source->recipe, source->state));
    for (size_t first = 0; first < GAPS; first += TOGETHER)
        GM_TRY_DONE(try_some(t, first, GM_MIN((size_t)TOGETHER, GAPS - first)));
done:
    gm_language_filler_finish(&t->filler);
    free(t->codes);
    free(t->filled);
    free(t->alone);
    free(t->window);
    return status;
}

gm_status gm_language_evaluate_gaps(gm_evaluation *evaluation, const gm_evaluation_source *source,
                                    const gm_chain *chain, const size_t *places) {
    const gm_windows *text = source->data->windows;
    gm_running_mean right[GM_COUNT(lengths)][WAYS];
    size_t done = 0;
    for (; done < GM_COUNT(lengths) && text->length > lengths[done]; done++) {
        const size_t known = text->length - lengths[done], after = GM_MIN((size_t)GM_GAP_BEHIND, known / 3);
        trial t = {.text = text,
                   .count = source->count,
                   .chain = chain,
                   .places = places,
                   .shape = {known - after, lengths[done], after}};
        GM_TRY(try_all(&t, source));
        for (size_t way = 0; way < WAYS; way++)
            right[done][way] = t.right[way];
    }
    for (size_t way = 0; way < WAYS; way++)
        for (size_t i = 0; i < done; i++)
            GM_TRY(gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = ways[way].key,
                                                                        .label = ways[way].label,
                                                                        .of = names[i],
                                                                        .value = right[i][way].value,
                                                                        .error = gm_running_mean_error(&right[i][way]),
                                                                        .help = ways[way].help}));
    return GM_OK;
}

// How well a trained language model foresees a text that it has not seen: bits per symbol, beside those of Markov
// chains that were counted on what it has.
//
// Of windows the whole text is read, in as many parts as a batch has rows, each from its beginning to its end with the
// memory of all before; of lines each for itself.
#include "data/chain.h"
#include "data/items.h"
#include "data/windows.h"
#include "model/common.h"
#include "model/language.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// What a batch of rows is read from: `count` rows of `length` symbols, of which the text has `symbols` in all.
typedef struct reading {
    const gm_windows *text;
    size_t rows, length, symbols, end; // end: the code behind a line's end; none of windows: SIZE_MAX
    gm_running_mean surprise;
} reading;

static gm_codes codes_of(const gm_dataset *dataset) {
    const gm_windows *w = dataset->windows;
    return (gm_codes){.values = w->symbols,
                      .count = w->symbol_count,
                      .codes = gm_text_schema_codes(dataset->info.text),
                      .bytes = w->symbol_bytes == 1};
}

// Row r of the batch: its symbols, zeros where the text has no more.
static void fill(const reading *r, const gm_codes *codes, size_t first, size_t count, float *data) {
    for (size_t i = 0; i < count * r->length; i++) {
        size_t at = first * r->length + i;
        data[i] = at < r->symbols ? (float)gm_code_at(codes, at) : 0;
    }
}

static void add(reading *r, const float *data, const float *surprise, size_t first, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t l = 0; l < r->length; l++) {
            size_t k = i * r->length + l;
            bool behind = r->end == 0 && l > 0 && data[k - 1] < .5f;
            if (first * r->length + k < r->symbols && !behind)
                gm_running_mean_add(&r->surprise, (double)surprise[k] / log(2));
        }
}

static gm_status read_all(reading *r, const gm_codes *codes, const gm_use *use, gm_plan *plan) {
    size_t batch = use->batch;
    float *data = NULL, *surprise = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&data, batch * r->length, sizeof *data, "a text"));
    GM_TRY_DONE(gm_alloc(&surprise, batch * r->length, sizeof *surprise, "a text"));
    for (size_t first = 0; first < r->rows; first += batch) {
        size_t count = GM_MIN(batch, r->rows - first);
        const void *inputs[GM_USE_PORTS] = {NULL};
        float *outputs[GM_USE_PORTS] = {NULL};
        fill(r, codes, first, count, data);
        inputs[gm_use_find_input(use, "data") - use->inputs] = data;
        outputs[gm_use_find_output(use, "surprise") - use->outputs] = surprise;
        GM_TRY_DONE(gm_use_run(use, plan, inputs, count, outputs));
        add(r, data, surprise, first, count);
    }
done:
    free(data);
    free(surprise);
    return status;
}

// Bits of the chains of the orders 0 to GM_CHAIN_ORDERS - 1 that the trained-on text gives.
static gm_status read_chains(gm_evaluation *evaluation, const gm_evaluation_source *source, const gm_codes *text) {
    const gm_common *common = gm_common_of(source->recipe);
    gm_dataset_options options = gm_common_data_options(common);
    gm_dataset *trained;
    gm_chain *chain = NULL;
    GM_TRY(gm_dataset_open(&trained, common->data.source, &options));
    const gm_codes counted = codes_of(trained);
    gm_status status = gm_chain_create(&chain, &counted, GM_CHAIN_ORDERS - 1);
    for (size_t k = 0; k < GM_CHAIN_ORDERS && status == GM_OK; k++) {
        const char *key = gm_arena_printf(&evaluation->arena, "chain_%zu", k);
        const char *label = gm_arena_printf(&evaluation->arena, "chain of order %zu", k);
        status = !key || !label
                     ? gm_fail_memory(64, "an evaluation")
                     : gm_evaluation_add(evaluation,
                                         (gm_evaluation_figure){.key = key,
                                                                .label = label,
                                                                .value = gm_chain_bits(chain, text, k),
                                                                .error = NAN,
                                                                .help = "a Markov chain counted on the text that "
                                                                        "was trained on, smoothed (Witten-Bell)"});
    }
    gm_chain_destroy(&chain);
    gm_dataset_close(&trained);
    return status;
}

static gm_status open_use(gm_use *use, gm_plan **plan, const gm_evaluation_source *source, size_t length) {
    const gm_text_schema *text = &gm_common_of(source->recipe)->data.text;
    const gm_sample format = gm_sample_of_text(text, length);
    gm_status status = gm_use_init(use, &gm_language_uses[1], source->recipe, &format);
    return status == GM_OK ? gm_plan_create(plan, use->graph, source->state, NULL) : status;
}

gm_status gm_language_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source) {
    const gm_windows *text = source->data->windows;
    const bool lines = source->data->info.text && source->data->info.text->items == GM_TEXT_LINES;
    gm_use use = {0};
    gm_plan *plan = NULL;
    gm_status status;
    if (!text)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is no text, as a language model's data are", source->data->info.name);
    if (source->samples > 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: a language model says how likely a text is by itself: it draws no importance samples",
                       gm_recipe_file(source->recipe));
    gm_codes codes = codes_of(source->data);
    codes.count = GM_MIN(codes.count, (source->count - 1) * text->stride + text->length); // of so many items
    reading r = {.text = text, .symbols = codes.count, .end = lines ? 0 : SIZE_MAX};
    r.rows = lines ? gm_divide_up(codes.count, text->length) : GM_MIN((size_t)GM_USE_BATCH, codes.count);
    r.length = gm_divide_up(codes.count, r.rows);
    GM_TRY_DONE(open_use(&use, &plan, source, r.length));
    GM_TRY_DONE(read_all(&r, &codes, &use, plan));
    evaluation->info.unit = "bits per symbol";
    GM_TRY_DONE(gm_evaluation_add(
        evaluation, (gm_evaluation_figure){.key = "bits",
                                           .label = "bits per symbol",
                                           .value = r.surprise.value,
                                           .error = gm_running_mean_error(&r.surprise),
                                           .help = "-log2 p of each symbol, given all before it: lower is better"}));
    status = lines ? GM_OK : read_chains(evaluation, source, &codes);
done:
    gm_plan_destroy(&plan);
    gm_use_finish(&use);
    return status;
}

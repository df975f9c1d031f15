// How well a trained language model foresees a text that it has not seen: bits per symbol, beside those of Markov
// chains that were counted on what it has.
//
// Of windows the whole text is read, in as many parts as a batch has rows, each from its beginning to its end with the
// memory of all before; of lines each for itself.
#include "data/chain.h"
#include "data/classes.h"
#include "data/items.h"
#include "data/windows.h"
#include "model/common.h"
#include "model/language.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A stretch of the text that is read by itself.
typedef struct passage {
    size_t first, count;
    int32_t label; // as the model knows it
} passage;

// Rows of `length` symbols at most; end: the code behind a line's end; none of windows: SIZE_MAX.
typedef struct reading {
    passage *rows;
    size_t count, capacity, length, end;
    size_t classes; // that were trained on
    gm_running_mean surprise;
} reading;

static gm_codes codes_of(const gm_dataset *dataset) {
    const gm_windows *w = dataset->windows;
    return (gm_codes){.values = w->symbols,
                      .count = w->symbol_count,
                      .codes = gm_text_schema_codes(dataset->info.text),
                      .bytes = w->symbol_bytes == 1};
}

static gm_status add_rows(reading *r, size_t begin, size_t end, int32_t label) {
    for (size_t at = begin; at < end; at += r->length) {
        GM_TRY(gm_grow(&r->rows, r->count, &r->capacity, sizeof *r->rows, "a text"));
        r->rows[r->count++] = (passage){at, GM_MIN(r->length, end - at), label};
    }
    return GM_OK;
}

// Of a model that is told classes, none leads from one into another. places: of the data's classes among the model's;
// NULL: it is told none.
static gm_status make_rows(reading *r, const gm_windows *text, size_t symbols, const size_t *places) {
    if (!places)
        return add_rows(r, 0, symbols, 0);
    for (size_t p = 0; p < text->piece_count; p++) {
        const gm_window_piece *piece = &text->pieces[p];
        const size_t next = p + 1 < text->piece_count ? text->pieces[p + 1].symbol : text->symbol_count;
        GM_TRY(add_rows(r, piece->symbol, GM_MIN(next, symbols), (int32_t)places[piece->label]));
    }
    return GM_OK;
}

static void add(reading *r, const float *data, const float *surprise, const passage *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t l = 0; l < rows[i].count; l++) {
            size_t k = i * r->length + l;
            bool behind = r->end == 0 && l > 0 && data[k - 1] < .5f;
            if (!behind)
                gm_running_mean_add(&r->surprise, (double)surprise[k] / log(2));
        }
}

// turn: what is added to every class, around those that were trained on.
static gm_status read_all(reading *r, const gm_codes *codes, const gm_use *use, gm_plan *plan, size_t turn) {
    const gm_use_port *told = gm_use_find_input(use, "labels");
    size_t batch = use->batch;
    float *data = NULL, *surprise = NULL;
    int32_t labels[GM_USE_BATCH];
    gm_status status;
    r->surprise = (gm_running_mean){0};
    GM_TRY_DONE(gm_alloc(&data, batch * r->length, sizeof *data, "a text"));
    GM_TRY_DONE(gm_alloc(&surprise, batch * r->length, sizeof *surprise, "a text"));
    for (size_t first = 0; first < r->count; first += batch) {
        const passage *rows = r->rows + first;
        size_t count = GM_MIN(batch, r->count - first);
        const void *inputs[GM_USE_PORTS] = {NULL};
        float *outputs[GM_USE_PORTS] = {NULL};
        for (size_t i = 0; i < count; i++) {
            labels[i] = told ? (int32_t)(((size_t)rows[i].label + turn) % r->classes) : 0;
            for (size_t l = 0; l < r->length; l++) // zeros where the text has no more
                data[i * r->length + l] = l < rows[i].count ? (float)gm_code_at(codes, rows[i].first + l) : 0;
        }
        inputs[gm_use_find_input(use, "data") - use->inputs] = data;
        if (told)
            inputs[told - use->inputs] = labels;
        outputs[gm_use_find_output(use, "surprise") - use->outputs] = surprise;
        GM_TRY_DONE(gm_use_run(use, plan, inputs, count, outputs));
        add(r, data, surprise, rows, count);
    }
done:
    free(data);
    free(surprise);
    return status;
}

// Bits of the chains of the orders 0 to GM_CHAIN_ORDERS - 1 that the trained-on text gives, and gaps beside them.
static gm_status compare_with_chains(gm_evaluation *evaluation, const gm_evaluation_source *source,
                                     const gm_codes *text, const size_t *places) {
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
    if (status == GM_OK)
        status = gm_language_evaluate_gaps(evaluation, source, chain, places);
    gm_chain_destroy(&chain);
    gm_dataset_close(&trained);
    return status;
}

static gm_status add_bits(gm_evaluation *evaluation, const reading *r, const char *key, const char *label,
                          const char *help) {
    return gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = key,
                                                                .label = label,
                                                                .value = r->surprise.value,
                                                                .error = gm_running_mean_error(&r->surprise),
                                                                .help = help});
}

// Where the data's classes are among the model's; *places is NULL where it is told none.
static gm_status place_classes(const gm_evaluation_source *source, const gm_use *use, size_t **places) {
    const gm_dataset_info *info = &source->data->info;
    *places = NULL;
    if (use->classes == 0)
        return GM_OK;
    if (info->class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has no classes, which this model is told: give folders of texts, or the "
                       "column of a table (data.text.label)",
                       info->name);
    GM_TRY(gm_alloc(places, info->class_count, sizeof **places, "classes"));
    return gm_classes_match(info, source->class_names, source->class_count, *places);
}

static gm_status read_text(gm_evaluation *evaluation, const gm_evaluation_source *source, const gm_codes *codes,
                           const gm_use *use, reading *r) {
    size_t *places;
    gm_plan *plan = NULL;
    gm_status status;
    GM_TRY_DONE(place_classes(source, use, &places));
    GM_TRY_DONE(make_rows(r, source->data->windows, codes->count, places));
    r->classes = source->class_count > 0 ? GM_MIN(source->class_count, use->classes) : use->classes;
    GM_TRY_DONE(gm_plan_create(&plan, use->graph, source->state, NULL));
    GM_TRY_DONE(read_all(r, codes, use, plan, 0));
    GM_TRY_DONE(add_bits(evaluation, r, "bits", "bits per symbol",
                         "-log2 p of each symbol, given all before it: lower is better"));
    if (use->classes > 0 && r->classes > 1) {
        GM_TRY_DONE(read_all(r, codes, use, plan, 1));
        GM_TRY_DONE(add_bits(evaluation, r, "bits_misled", "misled",
                             "the same where each text is told to be of the class behind its own (control): how much "
                             "the class says"));
    }
    if (r->end == SIZE_MAX)
        status = compare_with_chains(evaluation, source, codes, places);
done:
    free(places);
    gm_plan_destroy(&plan);
    return status;
}

gm_status gm_language_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source) {
    const gm_windows *text = source->data->windows;
    const gm_text_schema *schema = source->data->info.text;
    const bool lines = schema && schema->items == GM_TEXT_LINES;
    if (!text)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is no text, as a language model's data are", source->data->info.name);
    if (source->samples > 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: a language model says how likely a text is by itself: it draws no importance samples",
                       gm_recipe_file(source->recipe));
    gm_codes codes = codes_of(source->data);
    codes.count = GM_MIN(codes.count, (source->count - 1) * text->stride + text->length); // of so many items
    reading r = {.end = lines ? 0 : SIZE_MAX, .length = text->length};
    if (!lines)
        r.length = gm_divide_up(codes.count, GM_MIN((size_t)GM_USE_BATCH, codes.count));
    gm_use use = {0};
    const gm_sample format = gm_sample_of_text(&gm_common_of(source->recipe)->data.text, r.length);
    gm_status status;
    evaluation->info.unit = "bits per symbol";
    GM_TRY_DONE(gm_use_init(&use, &gm_language_uses[1], source->recipe, &format));
    status = read_text(evaluation, source, &codes, &use, &r);
done:
    gm_use_finish(&use);
    free(r.rows);
    return status;
}

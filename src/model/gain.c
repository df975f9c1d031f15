// GAIN as a kind of model: what it suits, and what a trained one is for.
#include "model/gain.h"

#include "base/base.h"
#include "graph/graph.h"
#include "sample/schema.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    if (format->table)
        return GM_OK;
    return gm_fail(
        GM_ERROR_ARGUMENT,
        "%s: GAIN fills in tables, but %s holds %s: of a table of numbers without a header say data.columns: "
        "{}",
        gm_recipe_file(recipe), data->name, format->kind->noun);
}

// ---- Layout ----

// The codes of one column: places or one-hot categories, and behind them perhaps one that says that it is missing.
static void lay_out(gm_gain_layout *l, size_t first, size_t count, bool missing) {
    size_t values = count - missing;
    for (size_t k = 0; k < values; k++) {
        l->places[l->values] = (int32_t)(first + k);
        l->flags[l->values] = missing ? (int32_t)(first + values) : (int32_t)l->codes;
        l->column[l->values] = (int32_t)l->columns;
        l->back[first + k] = (int32_t)l->values++;
    }
    l->columns += values > 0;
}

gm_status gm_gain_layout_init(gm_gain_layout *l, const gm_sample *format, gm_arena *arena) {
    size_t codes = gm_sample_values(format), first = 0;
    const gm_table_schema *table = format->table;
    int32_t *room = gm_arena_alloc(arena, (4 * codes + 1) * sizeof *room);
    if (!room)
        return gm_fail_memory(4 * codes * sizeof *room, "the codes of a table");
    *l = (gm_gain_layout){
        .codes = codes, .places = room, .flags = room + codes, .column = room + 2 * codes, .back = room + 3 * codes};
    for (size_t i = 0; i < codes; i++)
        l->back[i] = -1;
    for (size_t i = 0; table && i < table->column_count; i++) {
        size_t count = gm_column_codes(&table->columns[i]);
        if (count > 0)
            lay_out(l, first, count, gm_column_shows_missing(&table->columns[i]));
        first += count;
    }
    for (size_t i = 0; !table && i < codes; i++)
        lay_out(l, i, 1, false);
    for (size_t i = 0; i < codes; i++)
        if (l->back[i] < 0)
            l->back[i] = (int32_t)l->values;
    return l->values > 0 ? GM_OK : gm_fail(GM_ERROR_ARGUMENT, "the table has no column whose values differ");
}

gm_tensor *gm_gain_pick(gm_tensor *x, const int32_t *which, size_t count) {
    const size_t turned[2] = {1, 0};
    gm_graph *graph = gm_tensor_graph(x);
    gm_tensor *zeros = gm_full(graph, GM_SHAPE(gm_tensor_shape(x)->dim[0], 1), 0);
    gm_tensor *all = gm_concat((gm_tensor *[]){x, zeros}, 2, 1);
    gm_tensor *from = gm_constant_array(graph, GM_INT32, GM_SHAPE(count), which);
    return gm_transpose(gm_gather(gm_transpose(all, turned), from), turned);
}

void gm_gain_split(const gm_gain_layout *l, const gm_sample *format, gm_tensor *rows, gm_tensor **values,
                   gm_tensor **known) {
    gm_graph *graph = gm_tensor_graph(rows);
    const double width = format->table ? format->high - format->low : 1, low = format->table ? format->low : 0;
    gm_tensor *shares = gm_scale(gm_offset(rows, -low), 1 / width);
    *values = gm_gain_pick(shares, l->places, l->values);
    *known = gm_less(gm_gain_pick(shares, l->flags, l->values), gm_constant(graph, 0.5));
}

gm_tensor *gm_gain_complete(gm_tensor *values, gm_tensor *known, gm_tensor *made) {
    return gm_select(known, values, made);
}

gm_tensor *gm_gain_input(gm_tensor *values, gm_tensor *known, gm_tensor *noise) {
    return gm_concat((gm_tensor *[]){gm_gain_complete(values, known, noise), known}, 2, 1);
}

// ---- Uses ----

// Completed rows, in which nothing is missing. masked: cells are given that shall be filled in, and noise; else what
// is missing in the rows is, by the mean of all noise.
static gm_status add_completed(gm_use *use, bool masked) {
    const gm_gain_settings *g = gm_gain_of(use->recipe);
    gm_tensor *rows = gm_use_add_data(use), *x, *known, *noise;
    const gm_sample format = use->format;
    gm_network *generator;
    gm_arena arena = {0};
    gm_gain_layout l;
    gm_status status;
    GM_TRY_DONE(gm_use_add_network(use, "generator", &g->generator, g->initializer, &g->average, &generator));
    GM_TRY_DONE(gm_gain_layout_init(&l, &format, &arena));
    gm_gain_split(&l, &format, rows, &x, &known);
    noise = gm_full(use->graph, *gm_tensor_shape(x), g->noise / 2);
    if (masked) {
        gm_tensor *mask = gm_use_add_input(use, "mask", GM_FLOAT32, &GM_SHAPE(l.columns));
        gm_tensor *open = gm_equal(gm_gain_pick(mask, l.column, l.values), gm_constant(use->graph, 0));
        known = gm_multiply(known, open);
        noise = gm_scale(gm_use_add_input(use, "noise", GM_FLOAT32, &GM_SHAPE(l.values)), g->noise);
    }
    gm_tensor *made = gm_network_apply(generator, gm_gain_input(x, known, noise), GM_MODE_INFERENCE, NULL);
    GM_TRY_DONE(gm_graph_status(use->graph));
    if (!gm_shape_equal(gm_tensor_shape(made), gm_tensor_shape(x)))
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "the generator makes %s of %s", gm_model_sample_text(made).text,
                            gm_model_sample_text(x).text));
    gm_tensor *shares = gm_gain_pick(gm_gain_complete(x, known, made), l.back, l.codes);
    gm_use_add_samples(use, gm_offset(gm_scale(shares, format.high - format.low), format.low));
    use->format = format;
done:
    gm_arena_finish(&arena);
    return status;
}

static gm_status build_impute(gm_use *use) {
    return add_completed(use, true);
}

static gm_status build_reconstruct(gm_use *use) {
    return add_completed(use, false);
}

// ---- The row ----

static const char *const marks[] = {"gain", NULL};
static const gm_use_row uses[] = {
    {.name = "impute", .build = build_impute},
    {.name = "reconstruct", .build = build_reconstruct},
};

const gm_model_kind gm_gain_kind = {
    .name = "gain",
    .description = "a GAIN (a generator that fills in missing cells)",
    .marks = marks,
    .section = &gm_gain_section,
    .check = check,
    .build = gm_gain_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};

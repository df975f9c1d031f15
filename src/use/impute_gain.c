// Filling by GAIN: a network of a run, or one that is trained here on the table itself. Beside the published protocol,
// which samples/gain-letter.yaml has, it is larger, loses a fifth of the known cells in every step, which it is to find
// again, and the average of its weights fills in.
//
// Its noise hardly moves what the generator makes (it is as small as its authors chose it), so a drawn table also has
// the errors that the generator makes of known cells when they are hidden from it: else its spread would be a lie.
#include "data/table.h"
#include "model/gain.h"
#include "sample/schema.h"
#include "train/trainer.h"
#include "use/impute_method.h"
#include "use/trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 128, STEPS = 10000, CHUNK = 1024, JUDGED = 8192, LEAST_UNITS = 64, MOST_UNITS = 512 };

static const double hidden_share = 0.2; // of known cells, for the errors

typedef struct gain {
    gm_table_schema *schema; // as the network knows the table
    size_t *columns;         // of the table that is filled, which each of the schema's is; SIZE_MAX: none
    gm_dataset *data;        // that was trained on here
    gm_trainer *trainer;     // NULL: a run's network
    gm_trained trained;
    gm_sample format;
    gm_gain_layout layout;
    gm_use use;
    gm_plan *plan;
    double *errors; // of every column: the deviation of what is filled in, as a share of its range
} gain;

// ---- The table as the network sees it ----

// A column as the known cells have it. That cells may be missing is always to be seen, whether some are or not.
static void describe(const gm_impute_rows *rows, size_t i, gm_column *column) {
    gm_running_mean mean = {0};
    size_t width = rows->schema->column_count;
    double least = INFINITY, most = -INFINITY;
    for (size_t row = 0; row < rows->count; row++) {
        double cell = rows->cells[row * width + i];
        if (isnan(cell))
            continue;
        gm_running_mean_add(&mean, cell);
        least = fmin(least, cell);
        most = fmax(most, cell);
    }
    column->counted = true;
    column->missing = GM_MAX(rows->count - mean.count, (size_t)1);
    column->counts = NULL;
    if (column->type == GM_COLUMN_CATEGORY)
        return;
    column->bounded = mean.count > 0;
    column->minimum = mean.count > 0 ? least : 0;
    column->maximum = mean.count > 0 ? most : 0;
    column->mean = mean.count > 0 ? fmax(least, fmin(most, mean.value)) : 0;
    column->deviation = mean.count > 1 ? sqrt(mean.squares / (double)(mean.count - 1)) : 0;
}

// Whether the network has a value of its own for the column.
static bool is_seen(const gm_column *column) {
    return gm_column_codes(column) > (size_t)gm_column_shows_missing(column);
}

// ---- Training ----

static gm_status write_recipe(gm_text *text, const gm_impute_fit *fit, size_t values) {
    size_t units = GM_MIN(GM_MAX(values, (size_t)LEAST_UNITS), (size_t)MOST_UNITS);
    gm_text_printf(
        text,
        "name: gain\nseed: %llu\nsteps: %llu\ndata: {source: given, batch: %zu}\n"
        "generator: [dense: %zu, relu, dense: %zu, relu, dense: %zu, sigmoid]\n"
        "discriminator: [dense: %zu, relu, dense: %zu, relu, dense: %zu]\n"
        "gain: {alpha: 100, hint: 0.9, noise: 0.01, drop: 0.2}\ninitializer: kaiming_normal\naverage: {decay: 0.999}\n",
        (unsigned long long)(fit->seed & INT32_MAX), (unsigned long long)(fit->steps ? fit->steps : STEPS),
        GM_MIN((size_t)BATCH, fit->learn->count), units, units, values, units, units, values);
    return text->failed ? gm_fail_memory(512, "a recipe") : GM_OK;
}

static gm_status learn(gm_impute_fit *fit, gain *g) {
    const gm_impute_rows *rows = fit->learn;
    gm_text recipe = {0};
    gm_status status;
    GM_TRY_DONE(gm_table_schema_copy(&g->schema, rows->schema));
    for (size_t i = 0; i < rows->schema->column_count; i++) {
        g->columns[i] = i;
        describe(rows, i, &g->schema->columns[i]);
    }
    g->format = gm_sample_of_table(g->schema, 0, 1);
    GM_TRY_DONE(gm_gain_layout_init(&g->layout, &g->format, &fit->arena));
    GM_TRY_DONE(gm_table_dataset(&g->data, "the table", g->schema, rows->cells, rows->count));
    GM_TRY_DONE(write_recipe(&recipe, fit, g->layout.values));
    GM_TRY_DONE(gm_trainer_create_given(
        &g->trainer, &(gm_train_options){.opened = fit->device->device, .no_folder = true, .tuning = GM_TRAIN_TUNE_NOT},
        &(gm_train_given){.recipe_name = "gain", .recipe_text = recipe.data, .data = g->data}));
    status = gm_trainer_run(g->trainer, NULL, NULL);
done:
    gm_text_finish(&recipe);
    return status;
}

// ---- A run ----

static bool same_categories(const gm_column *a, const gm_column *b) {
    bool same = a->type == b->type && a->category_count == b->category_count;
    for (size_t i = 0; same && i < a->category_count; i++)
        same = strcmp(a->categories[i], b->categories[i]) == 0;
    return same;
}

// The run's columns among the table's, by their names.
static gm_status match(const gm_impute_fit *fit, gain *g) {
    const gm_table_schema *table = fit->learn->schema;
    for (size_t i = 0; i < g->schema->column_count; i++) {
        const gm_column *own = &g->schema->columns[i], *found = gm_table_find_column(table, own->name);
        g->columns[i] = found ? (size_t)(found - table->columns) : SIZE_MAX;
        if (!is_seen(own))
            continue;
        if (!found ||
            (own->type == GM_COLUMN_CATEGORY ? !same_categories(own, found) : found->type == GM_COLUMN_CATEGORY))
            return gm_fail(GM_ERROR_ARGUMENT, "%s: learned a column '%.60s' (%s) that the table has not%s", fit->text,
                           own->name, gm_column_type_name(own->type),
                           found ? ", or not with the same categories: name them by --columns" : "");
    }
    return GM_OK;
}

static gm_status open_run(gm_impute_fit *fit, gain *g) {
    GM_TRY(gm_trained_open(&g->trained, fit->text, fit->device->device, NULL));
    const gm_common *common = gm_common_of(g->trained.recipe);
    if (!gm_use_find(g->trained.recipe, "impute") || !common->data.columns)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its model is %s, which fills in no tables", fit->text,
                       gm_model_kind_of(g->trained.recipe)->description);
    GM_TRY(gm_table_schema_copy(&g->schema, common->data.columns));
    g->columns = gm_arena_alloc(&fit->arena, (g->schema->column_count + 1) * sizeof *g->columns);
    if (!g->columns)
        return gm_fail_memory(g->schema->column_count, "columns");
    g->format = gm_sample_of_table(g->schema, common->data.range.low, common->data.range.high);
    GM_TRY(gm_gain_layout_init(&g->layout, &g->format, &fit->arena));
    return match(fit, g);
}

// ---- Rows through the network ----

typedef struct chunk {
    double *cells; // of a row, as the network knows it
    float *stored, *codes, *mask, *noise, *made;
} chunk;

static gm_status chunk_init(chunk *c, const gain *g) {
    const gm_gain_layout *l = &g->layout;
    *c = (chunk){0};
    GM_TRY(gm_alloc(&c->cells, g->schema->column_count, sizeof *c->cells, "rows"));
    GM_TRY(gm_alloc(&c->stored, gm_table_stored(g->schema), sizeof *c->stored, "rows"));
    GM_TRY(gm_alloc(&c->codes, CHUNK * l->codes, sizeof *c->codes, "rows"));
    GM_TRY(gm_alloc(&c->mask, CHUNK * l->columns, sizeof *c->mask, "rows"));
    GM_TRY(gm_alloc(&c->noise, CHUNK * l->values, sizeof *c->noise, "rows"));
    return gm_alloc(&c->made, CHUNK * l->codes, sizeof *c->made, "rows");
}

static void chunk_finish(chunk *c) {
    free(c->cells);
    free(c->stored);
    free(c->codes);
    free(c->mask);
    free(c->noise);
    free(c->made);
}

static void encode(const gain *g, const double *cells, chunk *c, size_t at) {
    size_t column = 0;
    for (size_t i = 0; i < g->schema->column_count; i++) {
        c->cells[i] = g->columns[i] == SIZE_MAX ? NAN : cells[g->columns[i]];
        if (is_seen(&g->schema->columns[i]))
            c->mask[at * g->layout.columns + column++] = isnan(c->cells[i]) ? 1.F : 0.F;
        if (isnan(c->cells[i]) && g->schema->columns[i].type == GM_COLUMN_CATEGORY &&
            !gm_column_shows_missing(&g->schema->columns[i]))
            c->cells[i] = 0; // any: the mask says that it is none
    }
    gm_table_store(g->schema, c->cells, c->stored);
    g->format.kind->decode_values(&g->format, c->stored, 1, c->codes + at * g->layout.codes);
}

static double uniform(const gm_impute_fit *fit, const char *stream, size_t draw, uint64_t index) {
    return gm_philox_uniform(fit->seed, gm_stream(stream), (uint32_t)draw, 0, index);
}

// A cell from the column's codes.
static double decode(const gain *g, const gm_column *column, const float *codes, double error, double chance) {
    double width = g->format.high - g->format.low, sum = 0, share = ((double)codes[0] - g->format.low) / width + error;
    size_t best = 0;
    if (column->type != GM_COLUMN_CATEGORY)
        return column->minimum + fmin(fmax(share, 0), 1) * (column->maximum - column->minimum);
    for (size_t k = 0; k < column->category_count; k++) {
        best = codes[k] > codes[best] ? k : best;
        sum += (double)codes[k] - g->format.low;
    }
    if (isnan(chance))
        return (double)best;
    for (size_t k = 0; k < column->category_count; k++)
        if ((chance -= ((double)codes[k] - g->format.low) / sum) < 0)
            return (double)k;
    return (double)best;
}

// Fills in `count` rows from `first` on. draw: 0: without chance.
static gm_status fill_chunk(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t first, size_t count,
                            size_t draw, chunk *c, double *cells) {
    const gain *g = fit->state;
    const size_t width = rows->schema->column_count, values = g->layout.values;
    for (size_t i = 0; i < count; i++)
        encode(g, rows->cells + (first + i) * width, c, i);
    for (size_t i = 0; i < count * values; i++)
        c->noise[i] = draw > 0 ? (float)uniform(fit, "impute.gain", draw, first * values + i) : .5F;
    GM_TRY(gm_use_run(&g->use, g->plan, (const void *[GM_USE_PORTS]){c->codes, c->mask, c->noise}, count,
                      (float *[GM_USE_PORTS]){c->made}));
    for (size_t i = 0; i < count; i++) {
        const float *codes = c->made + i * g->layout.codes;
        for (size_t k = 0; k < g->schema->column_count; k++) {
            const gm_column *column = &g->schema->columns[k];
            size_t place = (first + i) * width + g->columns[k];
            if (is_seen(column) && g->columns[k] != SIZE_MAX && isnan(cells[place]))
                cells[place] = decode(g, column, codes,
                                      draw > 0 ? g->errors[k] * gm_philox_normal(fit->seed, gm_stream("impute.error"),
                                                                                 (uint32_t)draw, 0, place)
                                               : 0,
                                      draw > 0 ? uniform(fit, "impute.category", draw, place) : NAN);
            codes += gm_column_codes(column);
        }
    }
    return GM_OK;
}

static gm_status fill_rows(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    chunk c;
    gm_status status;
    GM_TRY_DONE(chunk_init(&c, fit->state));
    for (size_t first = 0; first < rows->count; first += CHUNK)
        GM_TRY_DONE(fill_chunk(fit, rows, first, GM_MIN((size_t)CHUNK, rows->count - first), draw, &c, cells));
done:
    chunk_finish(&c);
    return status;
}

// ---- Errors ----

// What the generator makes of known cells that are hidden from it.
static gm_status find_errors(gm_impute_fit *fit, gain *g) {
    gm_impute_rows rows = *fit->learn;
    size_t width = rows.schema->column_count, cells;
    double *hidden = NULL, *filled = NULL;
    bool *which = NULL;
    gm_status status;
    rows.count = GM_MIN(rows.count, (size_t)JUDGED);
    cells = rows.count * width;
    GM_TRY_DONE(gm_alloc(&hidden, cells, sizeof *hidden, "cells"));
    GM_TRY_DONE(gm_alloc(&filled, cells, sizeof *filled, "cells"));
    GM_TRY_DONE(gm_alloc(&which, cells, sizeof *which, "cells"));
    gm_impute_hide(&rows, hidden_share, "impute.error", fit->seed, hidden, which);
    memcpy(filled, hidden, cells * sizeof *filled);
    rows.cells = hidden;
    GM_TRY_DONE(fill_rows(fit, &rows, 0, filled));
    for (size_t k = 0; k < g->schema->column_count; k++) {
        const gm_column *column = &g->schema->columns[k];
        double range = column->maximum - column->minimum, squares = 0;
        size_t count = 0;
        for (size_t row = 0; row < rows.count && g->columns[k] != SIZE_MAX && range > 0; row++) {
            size_t i = row * width + g->columns[k];
            double off = (filled[i] - fit->learn->cells[i]) / range;
            squares += which[i] ? off * off : 0;
            count += which[i];
        }
        g->errors[k] = count > 0 ? sqrt(squares / (double)count) : 0;
    }
done:
    free(hidden);
    free(filled);
    free(which);
    return status;
}

// ---- The method ----

static gm_status fit_gain(gm_impute_fit *fit) {
    size_t columns = fit->learn->schema->column_count;
    gain *g = fit->state = gm_arena_alloc(&fit->arena, sizeof *g);
    if (!g || !(g->columns = gm_arena_alloc(&fit->arena, (columns + 1) * sizeof *g->columns)))
        return gm_fail_memory(sizeof *g, "gain");
    bool run = *fit->text != '\0';
    GM_TRY(gm_impute_device_open(fit->device));
    GM_TRY((run ? open_run : learn)(fit, g));
    const gm_recipe *recipe = run ? g->trained.recipe : g->trainer->recipe;
    gm_state *state = run ? g->trained.state : gm_trainer_state(g->trainer);
    GM_TRY(gm_use_init(&g->use, gm_use_find(recipe, "impute"), recipe, &g->format));
    GM_TRY(gm_plan_create(&g->plan, g->use.graph, state, NULL));
    if (!(g->errors = gm_arena_alloc(&fit->arena, (g->schema->column_count + 1) * sizeof *g->errors)))
        return gm_fail_memory(columns, "gain");
    return find_errors(fit, g);
}

static gm_status fill_gain(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    return fill_rows(fit, rows, draw, cells);
}

static void finish(gm_impute_fit *fit) {
    gain *g = fit->state;
    if (!g)
        return;
    gm_plan_destroy(&g->plan);
    gm_use_finish(&g->use);
    gm_trainer_destroy(&g->trainer);
    gm_trained_close(&g->trained);
    gm_dataset_close(&g->data);
    gm_table_schema_destroy(&g->schema);
}

const gm_impute_method gm_impute_by_gain = {
    .info = {"gain", "RUN", "", "a GAIN that is trained on the table, or the one of a run (slow; needs a device)", true,
             false, false},
    .falls_back = true,
    .fit = fit_gain,
    .fill = fill_gain,
    .finish = finish};

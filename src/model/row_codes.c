// The codes of a table's rows as parts of graphs.
//
// Choices are of different widths; gathered into one block (G, W, N), filled up where they are narrower, all of them
// are one softmax. Rows are columns there, as rows of a matrix are what is gathered.
#include "model/row_codes.h"

#include "base/base.h"
#include "graph/graph.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>

static const double REACH = 4;    // of places, in deviations
static const double NEVER = -1e9; // a logit of what is no choice
static const size_t turned[2] = {1, 0};

// ---- Where codes lie ----

static gm_status check(const gm_sample *format, const char *origin) {
    if (!format->table)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: is for tables, which these data (%s) are not: give a CSV file with columns "
                       "of several types, or data.columns",
                       origin, format->kind->noun);
    for (size_t i = 0; i < format->table->column_count; i++) {
        const gm_column *column = &format->table->columns[i];
        if (gm_column_is_number(column) && gm_column_codes(column) > 0 && !gm_column_is_coded(column))
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: column '%.60s' has neither modes nor quantiles: set data.numbers to quantiles or modes",
                           origin, column->name);
    }
    return GM_OK;
}

static void count_codes(gm_row_codes *c) {
    const gm_table_schema *table = c->format->table;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t choices = gm_column_choices(&table->columns[i]);
        c->places += gm_column_codes(&table->columns[i]) > choices;
        c->choices += choices > 0;
        c->widest = GM_MAX(c->widest, choices);
    }
    c->count = c->format->item.dim[0];
}

static void list_codes(gm_row_codes *c) {
    const gm_table_schema *table = c->format->table;
    size_t place = 0, choice = 0;
    int32_t code = 0;
    for (size_t i = 0; i < c->choices * c->widest; i++)
        c->choice_codes[i] = (int32_t)c->count;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t choices = gm_column_choices(&table->columns[i]);
        if (gm_column_codes(&table->columns[i]) > choices) {
            c->origins[code] = (int32_t)place;
            c->place_codes[place++] = code++;
        }
        for (size_t k = 0; k < choices; k++) {
            c->origins[code] = (int32_t)(c->places + choice * c->widest + k);
            c->choice_codes[choice * c->widest + k] = code++;
        }
        if (choices > 0)
            c->columns[choice++] = (int32_t)i;
    }
}

gm_status gm_row_codes_init(gm_row_codes *c, const gm_sample *format, const char *origin) {
    *c = (gm_row_codes){.format = format};
    GM_TRY(check(format, origin));
    count_codes(c);
    gm_status status = gm_alloc(&c->place_codes, c->places + 1, sizeof *c->place_codes, "the codes of a table");
    if (status == GM_OK)
        status =
            gm_alloc(&c->choice_codes, c->choices * c->widest + 1, sizeof *c->choice_codes, "the codes of a table");
    if (status == GM_OK)
        status = gm_alloc(&c->origins, c->count, sizeof *c->origins, "the codes of a table");
    if (status == GM_OK)
        status = gm_alloc(&c->columns, c->choices + 1, sizeof *c->columns, "the codes of a table");
    if (status == GM_OK)
        list_codes(c);
    else
        gm_row_codes_finish(c);
    return status;
}

void gm_row_codes_finish(gm_row_codes *c) {
    free(c->place_codes);
    free(c->choice_codes);
    free(c->origins);
    free(c->columns);
    *c = (gm_row_codes){0};
}

// ---- Ranges ----

// x factor + term, with other numbers for places than for choices.
static gm_tensor *rescale(const gm_row_codes *c, gm_tensor *x, const double place[2], const double choice[2]) {
    gm_graph *graph = gm_tensor_graph(x);
    float *numbers = malloc(2 * c->count * sizeof *numbers);
    if (!numbers)
        return gm_fault(graph, "out of memory for %zu codes of a table", c->count);
    for (size_t i = 0; i < c->count; i++) {
        const double *of = (size_t)c->origins[i] < c->places ? place : choice;
        numbers[i] = (float)of[0];
        numbers[c->count + i] = (float)of[1];
    }
    gm_tensor *factor = gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(1, c->count), numbers);
    gm_tensor *term = gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(1, c->count), numbers + c->count);
    free(numbers);
    return gm_add(gm_multiply(x, factor), term);
}

gm_tensor *gm_row_normal(const gm_row_codes *c, gm_tensor *values) {
    double low = c->format->low, width = c->format->high - low;
    return rescale(c, values, (const double[]){2 * REACH / width, -REACH - 2 * REACH * low / width},
                   (const double[]){1 / width, -low / width});
}

gm_tensor *gm_row_values(const gm_row_codes *c, gm_tensor *normal) {
    double low = c->format->low, width = c->format->high - low;
    return rescale(c, normal, (const double[]){width / (2 * REACH), low + width / 2}, (const double[]){width, low});
}

// ---- Parts ----

static gm_tensor *rows_of(gm_tensor *x, const int32_t *rows, size_t count) {
    return gm_gather(x, gm_constant_array(gm_tensor_graph(x), GM_INT32, GM_SHAPE(count), rows));
}

gm_tensor *gm_row_places(const gm_row_codes *c, gm_tensor *x) {
    return c->places > 0 ? gm_transpose(rows_of(gm_transpose(x, turned), c->place_codes, c->places), turned) : NULL;
}

gm_tensor *gm_row_choices(const gm_row_codes *c, gm_tensor *x, double filling) {
    const gm_shape *shape = gm_tensor_shape(x);
    if (c->choices == 0)
        return NULL;
    size_t N = shape->rank > 0 ? shape->dim[0] : 1;
    gm_tensor *all[2] = {gm_transpose(x, turned), gm_full(gm_tensor_graph(x), GM_SHAPE(1, N), filling)};
    gm_tensor *rows = rows_of(gm_concat(all, 2, 0), c->choice_codes, c->choices * c->widest);
    return gm_reshape(rows, GM_SHAPE(c->choices, c->widest, N));
}

gm_tensor *gm_row_join(const gm_row_codes *c, gm_tensor *places, gm_tensor *choices) {
    gm_tensor *parts[2] = {NULL, NULL};
    size_t count = 0;
    if (places)
        parts[count++] = gm_transpose(places, turned);
    if (choices)
        parts[count++] = gm_reshape(choices, GM_SHAPE(c->choices * c->widest, gm_tensor_shape(choices)->dim[2]));
    gm_tensor *rows = count > 1 ? gm_concat(parts, count, 0) : parts[0];
    return gm_transpose(rows_of(rows, c->origins, c->count), turned);
}

// ---- Choices ----

gm_tensor *gm_row_log_probabilities(const gm_row_codes *c, gm_tensor *x) {
    return c->choices > 0 ? gm_log_softmax(gm_row_choices(c, x, NEVER), 1) : NULL;
}

gm_tensor *gm_row_choose(const gm_row_codes *c, gm_tensor *x, gm_tensor *uniform, double temperature) {
    if (c->choices == 0)
        return NULL;
    gm_tensor *noise = gm_row_choices(c, gm_gumbel_noise_of(uniform), 0);
    return gm_gumbel_softmax_of(gm_row_choices(c, x, NEVER), noise, temperature, false, 1);
}

gm_tensor *gm_row_deviates(gm_tensor *u, gm_tensor *v) {
    gm_tensor *length = gm_sqrt(gm_scale(gm_log(gm_offset(gm_negate(u), 1)), -2)); // ln of (0, 1]
    return gm_multiply(length, gm_cos(gm_scale(v, 2 * 3.14159265358979323846)));
}

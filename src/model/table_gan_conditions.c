// Conditions of a GAN of rows: which category of which column a row shall have.
//
// Training draws rows (data.balance: columns) and then, of each, the column that its condition is of, by how often that
// column would have drawn it: together that is CTGAN's training by sampling (row_weights.c says why).
#include "model/table_gan.h"

#include "base/base.h"
#include "data/row_weights.h"
#include "graph/graph.h"
#include "sample/schema.h"

#include <stdlib.h>

static size_t count_columns(const gm_table_schema *table) {
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; i++)
        count += gm_column_draws(&table->columns[i]);
    return count;
}

size_t gm_table_gan_conditions(const gm_table_schema *table) {
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; i++)
        count += gm_column_draws(&table->columns[i]) ? gm_column_choices(&table->columns[i]) : 0;
    return count;
}

size_t gm_table_gan_condition(const gm_table_schema *table, size_t column, size_t category) {
    size_t first = 0;
    for (size_t i = 0; i < column; i++)
        first += gm_column_draws(&table->columns[i]) ? gm_column_choices(&table->columns[i]) : 0;
    bool there = gm_column_draws(&table->columns[column]) && category < gm_column_choices(&table->columns[column]);
    return there ? first + category : gm_table_gan_conditions(table);
}

static size_t draw_category(const gm_column *column, double u) {
    size_t choices = gm_column_choices(column), rows = 0, last = 0;
    double sum = 0;
    for (size_t k = 0; k < choices; k++)
        rows += gm_column_rows(column, k);
    for (size_t k = 0; k < choices; k++) {
        if (gm_column_rows(column, k) == 0)
            continue;
        last = k;
        sum += (double)gm_column_rows(column, k) / (double)rows;
        if (u < sum)
            return k;
    }
    return last;
}

size_t gm_table_gan_draw_condition(const gm_table_schema *table, uint64_t run_seed, uint64_t seed) {
    uint32_t stream = gm_stream("sample.condition"), low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    size_t columns = count_columns(table);
    size_t wanted = (size_t)(gm_philox_uniform(run_seed, stream, low, high, 0) * (double)columns);
    double u = gm_philox_uniform(run_seed, stream, low, high, 1);
    for (size_t i = 0; i < table->column_count; i++)
        if (gm_column_draws(&table->columns[i]) && wanted-- == 0)
            return gm_table_gan_condition(table, i, draw_category(&table->columns[i], u));
    return 0;
}

// ---- In graphs ----

// Tables of the codes against columns and conditions, for matrix products with rows: (codes, D) how often the column
// draws a row with that code; (D, C) and (codes, C) which belong together.
typedef struct tables {
    size_t D, C, codes;
    float *weights, *of_columns, *of_codes;
} tables;

static void tables_finish(tables *t) {
    free(t->weights);
    free(t->of_columns);
    free(t->of_codes);
}

static gm_status tables_init(tables *t, const gm_row_codes *codes, bool balanced) {
    const gm_table_schema *table = codes->format->table;
    size_t code = 0, column = 0, condition = 0;
    *t = (tables){.D = count_columns(table), .C = gm_table_gan_conditions(table), .codes = codes->count};
    GM_TRY(gm_alloc(&t->weights, t->codes * t->D, sizeof *t->weights, "conditions"));
    GM_TRY(gm_alloc(&t->of_columns, t->D * t->C, sizeof *t->of_columns, "conditions"));
    GM_TRY(gm_alloc(&t->of_codes, t->codes * t->C, sizeof *t->of_codes, "conditions"));
    for (size_t i = 0; i < table->column_count; i++) {
        const gm_column *of = &table->columns[i];
        size_t choices = gm_column_choices(of);
        for (size_t k = 0; gm_column_draws(of) && k < choices; k++, condition++) {
            t->weights[(code + k) * t->D + column] = balanced ? (float)gm_column_weight(of, k) : 1;
            t->of_columns[column * t->C + condition] = 1;
            t->of_codes[(code + k) * t->C + condition] = 1;
        }
        column += gm_column_draws(of);
        code += gm_column_codes(of);
    }
    return GM_OK;
}

static gm_tensor *matrix(gm_graph *graph, size_t rows, size_t columns, const float *values) {
    return gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(rows, columns), values);
}

gm_tensor *gm_table_gan_condition_of(const gm_row_codes *codes, bool balanced, gm_tensor *rows, gm_tensor *counter) {
    const double least = 1e-30; // of a weight, in a logarithm
    gm_graph *graph = gm_tensor_graph(rows);
    size_t N = gm_tensor_shape(rows)->dim[0];
    tables t;
    if (gm_table_gan_conditions(codes->format->table) == 0)
        return NULL;
    gm_tensor *condition = graph->nodes[0];
    if (tables_init(&t, codes, balanced) == GM_OK) {
        gm_tensor *weights = gm_gemm(rows, matrix(graph, t.codes, t.D, t.weights), NULL);
        gm_tensor *logits = gm_log(gm_maximum(weights, gm_constant(graph, least)));
        gm_tensor *column = gm_reshape(gm_categorical(logits, "condition", counter, 1), GM_SHAPE(N));
        gm_tensor *seen = gm_gemm(gm_one_hot(column, t.D), matrix(graph, t.D, t.C, t.of_columns), NULL);
        condition = gm_multiply(seen, gm_gemm(rows, matrix(graph, t.codes, t.C, t.of_codes), NULL));
    } else {
        condition = gm_fault(graph, "out of memory for the conditions of a table");
    }
    tables_finish(&t);
    return condition;
}

gm_tensor *gm_table_gan_condition_loss(const gm_row_codes *codes, gm_tensor *made, gm_tensor *condition) {
    gm_graph *graph = gm_tensor_graph(made);
    tables t;
    gm_tensor *said = gm_row_join(codes, gm_row_places(codes, made), gm_row_log_probabilities(codes, made)), *loss;
    if (tables_init(&t, codes, false) == GM_OK) {
        size_t turned[2] = {1, 0};
        gm_tensor *back = gm_transpose(matrix(graph, t.codes, t.C, t.of_codes), turned);
        gm_tensor *wanted = gm_gemm(condition, back, NULL); // (N, codes)
        loss = gm_negate(gm_mean_all(gm_sum(gm_multiply(wanted, said), GM_AXIS(1))));
    } else {
        loss = gm_fault(graph, "out of memory for the conditions of a table");
    }
    tables_finish(&t);
    return loss;
}

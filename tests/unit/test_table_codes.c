// What networks see of a table's numbers: modes and quantiles that are found, and rows that come back from them.
#include "data_support.h"

#include "data/decode.h"
#include "data/order.h"
#include "data/row_weights.h"
#include "data/table_codes.h"
#include "sample/schema.h"

#include <math.h>

enum { ROWS = 2000 };

// x: two groups, around 10 and 1000, of which the first is twice as large; k: few whole numbers, a tenth missing;
// w: long-tailed; c: categories, of which one is rare; n: always 5, or missing.
static void put_table(void) {
    gm_text text = {0};
    gm_text_append(&text, "x,k,w,c,n\n");
    for (size_t i = 0; i < ROWS; i++) {
        double u = gm_philox_normal(1, 1, 0, 0, i), v = gm_philox_normal(1, 2, 0, 0, i);
        gm_text_printf(&text, "%.1f,", i % 3 ? 10 + u : 1000 + 20 * u);
        if (i % 10 > 0)
            gm_text_printf(&text, "%zu", i % 7 == 0 ? (size_t)50 : i % 4);
        gm_text_printf(&text, ",%.3f,%s,%s\n", exp(2 * v),
                       i % 50 == 0 ? "rare"
                       : i % 2     ? "odd"
                                   : "even",
                       i % 5 ? "5" : "");
    }
    assert_false(text.failed);
    write_file(path_of("t.csv"), text.data, text.length);
    gm_text_finish(&text);
}

static gm_dataset *open_numbers(gm_table_numbers numbers) {
    gm_dataset *dataset;
    const gm_dataset_options options = {.numbers = numbers};
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"), &options));
    return dataset;
}

static const gm_column *column_of(const gm_dataset *dataset, const char *name) {
    return gm_table_find_column(gm_dataset_get_info(dataset)->table, name);
}

// A place ends 4 deviations from its mode's mean: what lies beyond is brought there.
static bool is_beyond(const gm_column *column, double cell) {
    bool beyond = column->modes != NULL;
    for (size_t k = 0; k < column->mode_count; k++)
        beyond = beyond && fabs(cell - column->modes[k][1]) > 4 * column->modes[k][2];
    return beyond;
}

// Rows of the file through stored values and codes, and back.
static void check_rows_come_back(gm_dataset *dataset, double low, double high) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const gm_table_schema *schema = info->table;
    gm_sample format = gm_dataset_format(info, low, high);
    size_t width = gm_sample_values(&format), columns = schema->column_count;
    gm_table table;
    assert_ok(gm_table_read(path_of("t.csv"), schema, &table));
    assert_int_equal(table.rows, ROWS);
    float *values = calloc(ROWS * width, sizeof *values);
    double *back = calloc(ROWS * columns, sizeof *back);
    assert_true(values && back);
    format.kind->decode_values(&format, gm_dataset_items(dataset), ROWS, values);
    gm_sample_cells(&format, values, ROWS, back);
    for (size_t i = 0; i < ROWS * columns; i++) {
        double cell = table.cells[i], step = .51 * pow(10, -(double)schema->columns[i % columns].decimals);
        bool same = isnan(cell) ? isnan(back[i]) : fabs(cell - back[i]) <= step;
        if (!same && is_beyond(&schema->columns[i % columns], cell))
            continue;
        if (!same)
            fail_msg("row %zu, column %s: %g became %g", i / columns, schema->columns[i % columns].name, cell, back[i]);
    }
    for (size_t i = 0; i < ROWS * width; i++)
        assert_true((double)values[i] >= low && (double)values[i] <= high);
    free(values);
    free(back);
    gm_table_finish(&table);
}

static void modes_are_found(void **state) {
    (void)state;
    put_table();
    gm_dataset *dataset = open_numbers(GM_NUMBERS_MODES);
    const gm_column *x = column_of(dataset, "x"), *k = column_of(dataset, "k"), *n = column_of(dataset, "n");
    double near = 0, far = 0, sum = 0;
    for (size_t i = 0; i < x->mode_count; i++) {
        assert_true(x->modes[i][2] > 0);
        assert_true(fabs(x->modes[i][1] - 10) < 6 || fabs(x->modes[i][1] - 1000) < 120);
        *(x->modes[i][1] < 500 ? &near : &far) += x->modes[i][0];
    }
    assert_true(fabs(near - 2. / 3) < .01 && fabs(far - 1. / 3) < .01);
    assert_int_equal(k->mode_count, 5); // 0, 1, 2, 3, 50
    for (size_t i = 0; i < k->mode_count; i++) {
        double away = fabs(k->modes[i][1] - round(k->modes[i][1]));
        assert_true(away < 1e-6);
        sum += k->modes[i][0];
    }
    assert_true(fabs(sum - 1) < 1e-9);
    assert_int_equal(gm_column_codes(k), 1 + 5 + 1); // a place, a mode, or missing
    assert_int_equal(gm_column_codes(n), 2);         // there, or missing
    assert_int_equal(gm_column_stored(n), 1);
    check_rows_come_back(dataset, -1, 1);
    check_rows_come_back(dataset, 0, 1);
    gm_dataset_close(&dataset);
}

static void quantiles_are_normal_deviates(void **state) {
    (void)state;
    put_table();
    gm_dataset *dataset = open_numbers(GM_NUMBERS_QUANTILES);
    const gm_column *w = column_of(dataset, "w");
    gm_table table;
    gm_running_mean deviates = {0};
    size_t mode;
    assert_ok(gm_table_read(path_of("t.csv"), gm_dataset_get_info(dataset)->table, &table));
    for (size_t i = 0; i < ROWS; i++)
        gm_running_mean_add(&deviates, 8 * gm_column_place(w, table.cells[i * 5 + 2], &mode) - 4);
    assert_true(fabs(deviates.value) < .02);
    assert_true(fabs(deviates.squares / ROWS - 1) < .05);
    assert_true(gm_column_place(w, w->minimum, &mode) < .1 && gm_column_place(w, w->maximum, &mode) > .9);
    for (size_t i = 1; i < w->quantile_count; i++)
        assert_true(w->quantiles[i] >= w->quantiles[i - 1]);
    assert_true(fabs(gm_column_value(w, 0, 0) - w->minimum) < 1e-9 &&
                fabs(gm_column_value(w, 7, 0) - w->maximum) < 1e-9);
    assert_true(fabs(gm_column_value(w, NAN, 0) - w->minimum) < 1e-9);
    gm_table_finish(&table);
    check_rows_come_back(dataset, -1, 1);
    gm_dataset_close(&dataset);
}

static void equal_quantiles_are_one_place(void **state) {
    (void)state;
    static const double quantiles[] = {0, 0, 0, 1, 5};
    const gm_column column = {
        .type = GM_COLUMN_NUMBER, .bounded = true, .maximum = 5, .quantiles = quantiles, .quantile_count = 5};
    static const double values[][2] = {{0, .25}, {.5, .625}, {1, .75}, {3, .875},
                                       {5, 1},   {-1, 0},    {9, 1}}; // and places
    size_t mode;
    for (size_t i = 0; i < GM_COUNT(values); i++)
        assert_true(fabs(gm_column_place(&column, values[i][0], &mode) - values[i][1]) < 1e-12);
    for (size_t i = 0; i < 5; i++)
        assert_true(fabs(gm_column_value(&column, values[i][1], 0) - values[i][0]) < 1e-12);
}

// What is found is text, and that text is all that is needed to read another table so.
static void what_is_found_comes_back_as_text(void **state) {
    (void)state;
    static const gm_table_numbers all[] = {GM_NUMBERS_MODES, GM_NUMBERS_QUANTILES};
    put_table();
    for (size_t i = 0; i < GM_COUNT(all); i++) {
        gm_dataset *dataset = open_numbers(all[i]), *again;
        gm_table_schema *parsed;
        char *text, *second;
        assert_ok(gm_table_schema_write(gm_dataset_get_info(dataset)->table, &text));
        assert_non_null(strstr(text, all[i] == GM_NUMBERS_MODES ? "modes: [[" : "quantiles: ["));
        assert_ok(gm_table_schema_parse(&parsed, "text", text, strlen(text)));
        const gm_dataset_options options = {.columns = parsed}; // which says it, whatever the options do
        assert_ok(gm_dataset_open(&again, path_of("t.csv"), &options));
        assert_ok(gm_table_schema_write(gm_dataset_get_info(again)->table, &second));
        assert_string_equal(text, second);
        const gm_dataset_info *a = gm_dataset_get_info(dataset), *b = gm_dataset_get_info(again);
        assert_int_equal(a->item_bytes, b->item_bytes);
        assert_memory_equal(gm_dataset_items(dataset), gm_dataset_items(again), ROWS * a->item_bytes);
        free(text);
        free(second);
        gm_table_schema_destroy(&parsed);
        gm_dataset_close(&dataset);
        gm_dataset_close(&again);
    }
}

static void bad_modes_and_quantiles_are_refused(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"columns: {a: {type: number, minimum: 0, maximum: 1, modes: [[1, 2]]}}", "modes"},
        {"columns: {a: {type: number, minimum: 0, maximum: 1, modes: [[1, 2, 0]]}}", "above 0"},
        {"columns: {a: {type: number, modes: [[1, 2, 1]]}}", "with a range"},
        {"columns: {a: {type: category, modes: [[1, 2, 1]]}}", "of a number"},
        {"columns: {a: {type: number, minimum: 0, maximum: 1, quantiles: [0, 2, 1]}}", "rising"},
        {"columns: {a: {type: number, minimum: 0, maximum: 1, quantiles: [0]}}", "2 to 129"},
        {"columns: {a: {type: number, minimum: 0, maximum: 1, modes: [[1, 0, 1]], quantiles: [0, 1]}}", "no modes"},
    };
    for (size_t i = 0; i < GM_COUNT(bad); i++) {
        gm_table_schema *schema;
        assert_int_equal(gm_table_schema_parse(&schema, "given", bad[i][0], strlen(bad[i][0])), GM_ERROR_FORMAT);
        if (!strstr(gm_error_message(), "given:1") || !strstr(gm_error_message(), bad[i][1]))
            fail_msg("%s\n  %s", bad[i][0], gm_error_message());
        assert_null(schema);
    }
}

// A rare category is drawn by the logarithm of its rows.
static void rows_are_drawn_by_their_categories(void **state) {
    (void)state;
    enum { DRAWS = 40000 };
    put_table();
    gm_dataset *dataset = open_numbers(GM_NUMBERS_QUANTILES);
    const gm_column *c = column_of(dataset, "c");
    gm_order order;
    static int32_t drawn[DRAWS], part[100];
    double expected[3], sum = 0;
    size_t counts[3] = {0};
    gm_table table;
    assert_ok(gm_table_read(path_of("t.csv"), gm_dataset_get_info(dataset)->table, &table));
    assert_ok(gm_order_init_rows(&order, 7, dataset));
    assert_ok(gm_order_indices(&order, 0, DRAWS, drawn));
    for (size_t i = 0; i < DRAWS; i++) {
        assert_in_range(drawn[i], 0, ROWS - 1);
        counts[(size_t)table.cells[(size_t)drawn[i] * 5 + 3]]++;
    }
    for (size_t k = 0; k < 3; k++)
        sum += expected[k] = log1p((double)c->counts[k]);
    for (size_t k = 0; k < 3; k++) {
        double share = (double)counts[k] / DRAWS;
        if (fabs(share - expected[k] / sum) > .01)
            fail_msg("%s: drawn %.3f of the time, not %.3f", c->categories[k], share, expected[k] / sum);
    }
    assert_ok(gm_order_indices(&order, 5000, 100, part)); // any cursor goes on
    assert_memory_equal(part, drawn + 5000, sizeof part);
    gm_order_finish(&order);
    gm_table_finish(&table);
    gm_dataset_close(&dataset);
}

static void say_nothing(gm_log_level level, const char *message, void *user) {
    (void)level;
    (void)message;
    (void)user;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_are_found),
        cmocka_unit_test(quantiles_are_normal_deviates),
        cmocka_unit_test(equal_quantiles_are_one_place),
        cmocka_unit_test(what_is_found_comes_back_as_text),
        cmocka_unit_test(bad_modes_and_quantiles_are_refused),
        cmocka_unit_test(rows_are_drawn_by_their_categories),
    };
    gm_log_set(say_nothing, NULL);
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

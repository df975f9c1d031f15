// Attention and positions: what their definitions promise, and faults. PyTorch's values are in tests/golden.
#include "nn_test.h"

#include "base/base.h"

static const gm_shape sequence_shape = {3, {2, 4, 5}};

// A number in [-1, 1) for each element: the same for the same seed.
static void fill(double *values, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; i++)
        values[i] = (double)((uint32_t)(i + 1) * (2654435761u + 2 * seed) >> 8) / (1 << 23) - 1;
}

static void gate_of_zero_gives_x_exactly(void **state) {
    (void)state;
    static const gm_shape shapes[] = {{3, {2, 4, 5}}, {4, {2, 8, 3, 2}}};
    for (size_t i = 0; i < GM_COUNT(shapes); i++) {
        fixture f;
        begin(&f);
        double values[2 * 8 * 6];
        size_t count = gm_shape_count(&shapes[i]);
        fill(values, count, 1);
        gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, shapes[i]);
        set(&f, x, values);
        gm_tensor *y = gm_attention(x, "a", &(gm_attention_params){.heads = 2});
        assert_true(gm_shape_equal(gm_tensor_shape(y), &shapes[i]));
        const double *got = evaluate(&f, y);
        for (size_t k = 0; k < count; k++)
            assert_true(got[k] == values[k]);
        const double one = 1;
        set(&f, gm_variable_find(f.graph, "a.gate.weight"), &one);
        got = evaluate(&f, y);
        bool same = true;
        for (size_t k = 0; k < count; k++)
            same = same && got[k] == values[k];
        assert_false(same);
        end(&f);
    }
}

// The positions up to which the output stays the same, bit for bit, when the input at `changed` does not.
static size_t unchanged_before(fixture *f, gm_tensor *x, gm_tensor *y, size_t changed) {
    enum { COUNT = 2 * 4 * 5 };
    double values[COUNT], before[COUNT];
    const size_t length = sequence_shape.dim[2];
    fill(values, COUNT, 2);
    set(f, x, values);
    memcpy(before, evaluate(f, y), sizeof before);
    for (size_t i = changed; i < COUNT; i += length)
        values[i] = 7 - 3 * values[i];
    set(f, x, values);
    const double *after = evaluate(f, y);
    size_t first = length;
    for (size_t i = 0; i < COUNT; i++)
        if (after[i] != before[i])
            first = GM_MIN(first, i % length);
    return first;
}

static void causal_attention_reads_no_later_positions(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, sequence_shape);
    gm_attention_params params = {.heads = 2, .key = 4, .no_gate = true, .causal = true};
    gm_tensor *y = gm_attention(x, "a", &params);
    params.causal = false;
    gm_tensor *all = gm_attention(x, "a", &params);
    for (size_t changed = 0; changed < sequence_shape.dim[2]; changed++) {
        assert_int_equal(unchanged_before(&f, x, y, changed), changed);
        assert_int_equal(unchanged_before(&f, x, all, changed), 0);
    }
    end(&f);
}

static void heads_are_independent(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, sequence_shape);
    double values[2 * 4 * 5], weights[16] = {0};
    fill(values, GM_COUNT(values), 3);
    set(&f, x, values);
    gm_tensor *y = gm_attention(x, "a", &(gm_attention_params){.heads = 2, .key = 4, .no_gate = true});
    for (size_t i = 0; i < 4; i++)
        weights[5 * i] = 1;
    set(&f, gm_variable_find(f.graph, "a.output.weight"), weights); // the heads' results as they are
    double before[2 * 4 * 5];
    memcpy(before, evaluate(&f, y), sizeof before);
    fill(weights, 16, 4);
    memset(weights + 8, 0, 8 * sizeof *weights); // of the second head, whose queries are now all the same
    gm_tensor *query = gm_variable_find(f.graph, "a.query.weight");
    double queries[16];
    memcpy(queries, evaluate(&f, query), sizeof queries);
    memcpy(weights, queries, 8 * sizeof *weights);
    set(&f, query, weights);
    const double *after = evaluate(&f, y);
    for (size_t n = 0; n < 2; n++)
        for (size_t c = 0; c < 4; c++) {
            const size_t at = (n * 4 + c) * 5;
            bool same = memcmp(before + at, after + at, 5 * sizeof *before) == 0;
            assert_int_equal(same, c < 2);
            for (size_t l = 1; l < 5 && c >= 2; l++) // equal queries read equal means
                assert_near(after[at + l], after[at], 1e-12);
        }
    end(&f);
}

static void defaults_are_sagans(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_attention(gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 32, 2, 2)), "a", &(gm_attention_params){0});
    gm_attention(gm_input(f.graph, "y", GM_FLOAT32, GM_SHAPE(2, 6, 4)), "b", &(gm_attention_params){.heads = 3});
    const struct {
        const char *name;
        gm_shape shape;
    } rows[] = {{"a.query.weight", {4, {4, 32, 1, 1}}},
                {"a.key.weight", {4, {4, 32, 1, 1}}},
                {"a.value.weight", {4, {4, 32, 1, 1}}},
                {"a.output.weight", {4, {32, 4, 1, 1}}},
                {"a.gate.weight", {1, {1}}},
                {"b.key.weight", {4, {3, 6, 1, 1}}}};
    for (size_t i = 0; i < GM_COUNT(rows); i++) {
        gm_tensor *variable = gm_variable_find(f.graph, rows[i].name);
        assert_non_null(variable);
        assert_true(gm_shape_equal(gm_tensor_shape(variable), &rows[i].shape));
    }
    assert_null(gm_variable_find(f.graph, "a.query.bias"));
    end(&f);
}

static void sinusoids_are_vaswanis(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    const gm_positions_params params = {.kind = GM_POSITIONS_SINUSOIDAL};
    gm_tensor *x = gm_full(f.graph, GM_SHAPE(1, 4, 3), 0), *image = gm_full(f.graph, GM_SHAPE(1, 4, 2, 3), 0);
    has_values(&f, gm_positions(x, "p", &params),
               (const double[]){0, sin(1), sin(2), 1, cos(1), cos(2), 0, sin(.01), sin(.02), 1, cos(.01), cos(.02)},
               12);
    has_values(&f, gm_positions(image, "p", &params),
               (const double[]){0, 0,      0,      sin(1), sin(1), sin(1), 1, 1,      1,      cos(1), cos(1), cos(1),
                                0, sin(1), sin(2), 0,      sin(1), sin(2), 1, cos(1), cos(2), 1,      cos(1), cos(2)},
               24);
    gm_tensor *learned = gm_positions(x, "p", &(gm_positions_params){0});
    const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    set(&f, gm_variable_find(f.graph, "p.weight"), values);
    has_values(&f, learned, values, 12);
    end(&f);
}

static void wrong_shapes_are_faults(void **state) {
    (void)state;
    const gm_attention_params heads = {.heads = 3, .key = 8}, plain = {0}, many = {.heads = 4};
    const gm_positions_params sines = {.kind = GM_POSITIONS_SINUSOIDAL};
    for (size_t i = 0; i < 6; i++) {
        static const char *const messages[] = {
            "a (attention): 3 heads do not divide both the 8 channels of the keys and the 8 of the values",
            "a (attention): it takes sequences (N, C, L) or images (N, C, H, W), not (2, 6): put `reshape: [C, H, W]` "
            "before it",
            "a (positions): it takes sequences (N, C, L) or images (N, C, H, W), not (2, 6): put `reshape: [C, H, W]` "
            "before it",
            "a (positions): sinusoids of rows and of columns share the channels: (2, 3, 4, 4) has an odd number of "
            "them",
            "a (attention): there can be no more heads, 4, than the 3 channels of (2, 3, 4, 4)",
            "a (attention): what each position of (2, 3, 50000) reads of each other takes 5e+09 numbers: put it where "
            "there are fewer positions"};
        fixture f;
        begin(&f);
        gm_tensor *vectors = gm_input(f.graph, "v", GM_FLOAT32, GM_SHAPE(2, 6));
        gm_tensor *images = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 3, 4, 4));
        gm_tensor *y = i == 0   ? gm_attention(images, "a", &heads)
                       : i == 1 ? gm_attention(vectors, "a", &plain)
                       : i == 2 ? gm_positions(vectors, "a", &sines)
                       : i == 3 ? gm_positions(images, "a", &sines)
                       : i == 4 ? gm_attention(images, "a", &many)
                                : gm_attention(gm_input(f.graph, "l", GM_FLOAT32, GM_SHAPE(2, 3, 50000)), "a", &plain);
        assert_true(gm_is_poison(y));
        assert_int_not_equal(gm_graph_status(f.graph), GM_OK);
        assert_string_equal(gm_error_message(), messages[i]);
        assert_true(gm_is_poison(gm_attention(y, "b", &plain)));
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_of_zero_gives_x_exactly), cmocka_unit_test(causal_attention_reads_no_later_positions),
        cmocka_unit_test(heads_are_independent),        cmocka_unit_test(defaults_are_sagans),
        cmocka_unit_test(sinusoids_are_vaswanis),       cmocka_unit_test(wrong_shapes_are_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

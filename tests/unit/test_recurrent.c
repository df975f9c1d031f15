// Recurrent layers: steps that give the sequence's values, what gradients of many steps are made of, and slips.
#include "nn_test.h"

enum { SAMPLES = 2, CHANNELS = 3, POSITIONS = 9, UNITS = 4 };

typedef gm_tensor *sequence_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params);
typedef gm_tensor *step_layer(gm_tensor *x, gm_tensor *state, const char *name, const gm_recurrent_params *params);

static gm_tensor *sequence_input(fixture *f) {
    gm_tensor *x = gm_input(f->graph, "x", GM_FLOAT32, GM_SHAPE(SAMPLES, CHANNELS, POSITIONS));
    double values[SAMPLES * CHANNELS * POSITIONS];
    for (size_t i = 0; i < GM_COUNT(values); i++)
        values[i] = (double)(i * 7 % 16) / 8 - 1;
    set(f, x, values);
    return x;
}

// Position `at` of (N, C, L), as (N, C).
static gm_tensor *position(gm_tensor *x, size_t at) {
    const gm_shape shape = *gm_tensor_shape(x);
    return gm_reshape(gm_slice(x, (size_t[]){0, 0, at}, (size_t[]){shape.dim[0], shape.dim[1], 1}),
                      GM_SHAPE(shape.dim[0], shape.dim[1]));
}

static void steps_give_what_the_sequence_gives(sequence_layer *sequence, step_layer *step, size_t states) {
    const gm_recurrent_params params = {.units = UNITS, .layers = 2};
    fixture f;
    begin(&f);
    gm_tensor *x = sequence_input(&f), *y = sequence(x, "n", &params);
    gm_tensor *state = gm_full(f.graph, GM_SHAPE(2 * states, SAMPLES, UNITS), 0);
    for (size_t t = 0; t < POSITIONS; t++) {
        state = step(position(x, t), state, "n", &params);
        gm_tensor *top = gm_slice(state, (size_t[]){1, 0, 0}, (size_t[]){1, SAMPLES, UNITS});
        double expected[SAMPLES * UNITS];
        memcpy(expected, evaluate(&f, position(y, t)), sizeof expected);
        has_values(&f, top, expected, GM_COUNT(expected));
    }
    gm_tensor *variables[16];
    assert_int_equal(gm_trainable(f.graph, "n.", variables, 16), 8); // the step's are the sequence's
    end(&f);
}

static void gru_steps_give_the_sequence(void **state) {
    (void)state;
    steps_give_what_the_sequence_gives(gm_gru, gm_gru_step, 1);
}

static void lstm_steps_give_the_sequence(void **state) {
    (void)state;
    steps_give_what_the_sequence_gives(gm_lstm, gm_lstm_step, 2);
}

static void last_is_where_each_walk_ends(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_recurrent_params params = {.units = UNITS, .bidirectional = true};
    gm_tensor *x = sequence_input(&f), *all = gm_gru(x, "n", &params);
    params.last = true;
    gm_tensor *last = gm_gru(x, "n", &params);
    gm_tensor *forwards = gm_slice(position(all, POSITIONS - 1), (size_t[]){0, 0}, (size_t[]){SAMPLES, UNITS});
    gm_tensor *backwards = gm_slice(position(all, 0), (size_t[]){0, UNITS}, (size_t[]){SAMPLES, UNITS});
    double expected[SAMPLES * 2 * UNITS];
    memcpy(expected, evaluate(&f, gm_concat((gm_tensor *[]){forwards, backwards}, 2, 1)), sizeof expected);
    has_values(&f, last, expected, GM_COUNT(expected));
    end(&f);
}

static void count_needed(const gm_tensor *x, const gm_op *op, bool *seen, size_t *count) {
    if (seen[x->id])
        return;
    seen[x->id] = true;
    *count += x->op == op;
    for (size_t i = 0; i < x->input_count; i++)
        count_needed(x->input[i], op, seen, count);
}

// How many nodes of the operation x is made of.
static size_t count_in(const gm_tensor *x, const gm_op *op) {
    bool *seen = calloc(x->graph->node_count, sizeof *seen);
    size_t count = 0;
    assert_non_null(seen);
    count_needed(x, op, seen, &count);
    free(seen);
    return count;
}

// Of the recurrent weight one product over all positions, of the bias one sum, and no parts among zeros.
static void gradients_over_all_positions_are_joined(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = sequence_input(&f), *y = gm_sum_all(gm_square(gm_gru(x, "n", &(gm_recurrent_params){.units = 4})));
    gm_tensor *weight = gm_variable_find(f.graph, "n.hh_l0.weight"), *bias = gm_variable_find(f.graph, "n.hh_l0.bias");
    gm_tensor *xs[] = {weight, bias, x}, *dx[3];
    gm_grad(y, xs, 3, dx);
    assert_ptr_equal(dx[0]->op, &gm_op_gemm);
    assert_int_equal(dx[0]->input[0]->shape.dim[0], SAMPLES * POSITIONS);
    assert_ptr_equal(dx[0]->input[0]->op, &gm_op_concat);
    // One of the input, and two a step: the state's, and its gradient's but for the first.
    assert_int_equal(count_in(dx[0], &gm_op_gemm), 1 + POSITIONS + POSITIONS - 1 + 1);
    assert_int_equal(count_in(dx[1], &gm_op_sum), 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(count_in(dx[i], &gm_op_pad), 0);
    end(&f);
}

// Both ways, whose gradients are parts of parts, and twice, as penalties differentiate.
static void gradients_twice_have_no_parts_among_zeros(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    const gm_recurrent_params params = {.units = 4, .layers = 2, .bidirectional = true};
    gm_tensor *x = sequence_input(&f), *y = gm_sum_all(gm_square(gm_lstm(x, "n", &params)));
    gm_tensor *variables[32], *dx, *twice[32];
    size_t count = gm_trainable(f.graph, "n.", variables, 32);
    assert_int_equal(count, 16);
    gm_grad(y, &x, 1, &dx);
    gm_grad(gm_sum_all(gm_square(dx)), variables, count, twice);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(count_in(twice[i], &gm_op_pad), 0);
    end(&f);
}

static void embedding_looks_up_symbols(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_INT32, GM_SHAPE(2, 3));
    gm_tensor *y = gm_embedding(x, "n", &(gm_embedding_params){.symbols = 3, .size = 2});
    set(&f, x, (double[]){0, 2, -1, 3, 1, 1});
    set(&f, gm_variable_find(f.graph, "n.weight"), (double[]){1, 2, 3, 4, 5, 6});
    assert_true(gm_shape_equal(gm_tensor_shape(y), &GM_SHAPE(2, 2, 3)));
    has_values(&f, y, (double[]){1, 5, 0, 2, 6, 0, 0, 3, 3, 0, 4, 4}, 12);
    gm_tensor *one = gm_input(f.graph, "one", GM_INT32, GM_SHAPE(2));
    set(&f, one, (double[]){2, 0});
    has_values(&f, gm_embedding(one, "n", &(gm_embedding_params){.symbols = 3, .size = 2}), (double[]){5, 6, 1, 2}, 4);
    end(&f);
}

// As a layer of a network: numbers, or shares, of which one-hot ones are the same.
static void embedding_takes_numbers_and_shares(void **state) {
    (void)state;
    fixture f;
    gm_layer layer;
    gm_network *network;
    begin(&f);
    gm_layer_default(&layer, gm_layer_type_find("embedding"));
    layer.params.embedding = (gm_embedding_params){.symbols = 3, .size = 2};
    assert_int_equal(gm_network_create(&network, "n", &layer, 1, GM_WEIGHTS_DEFAULT), GM_OK);
    gm_tensor *numbers = gm_input(f.graph, "numbers", GM_FLOAT32, GM_SHAPE(1, 3));
    gm_tensor *shares = gm_input(f.graph, "shares", GM_FLOAT32, GM_SHAPE(1, 3, 2));
    gm_tensor *a = gm_network_apply(network, numbers, GM_MODE_INFERENCE, NULL);
    gm_tensor *b = gm_network_apply(network, shares, GM_MODE_INFERENCE, NULL);
    set(&f, numbers, (double[]){2, 0, 1});
    set(&f, shares, (double[]){0, .5, 0, 0, 1, .5}); // all of symbol 2; half of 0 and half of 2
    set(&f, gm_variable_find(f.graph, "n.0.weight"), (double[]){1, 2, 3, 4, 5, 6});
    has_values(&f, a, (double[]){5, 1, 3, 6, 2, 4}, 6);
    has_values(&f, b, (double[]){5, 3, 6, 4}, 4);
    gm_network_destroy(&network);
    end(&f);
}

// ---- Networks with a memory ----

typedef struct memory {
    gm_tensor *before, *after[2];
    size_t kept;
} memory;

static gm_tensor *recall(void *user, const char *name, gm_shape shape) {
    memory *m = user;
    assert_string_equal(name, "n.0");
    assert_true(gm_shape_equal(&shape, &GM_SHAPE(2, 4, 3)));
    return m->before;
}

static void keep(void *user, const char *name, gm_tensor *state) {
    memory *m = user;
    assert_string_equal(name, "n.0");
    m->after[m->kept++] = state;
}

// A sequence of two positions, at once and one after the other.
static void memory_goes_from_position_to_position(void **state) {
    (void)state;
    fixture f;
    gm_layer layer;
    gm_network *network;
    memory m = {0};
    begin(&f);
    gm_layer_default(&layer, gm_layer_type_find("lstm"));
    layer.params.recurrent = (gm_recurrent_params){.units = 3, .layers = 2};
    assert_int_equal(gm_network_create(&network, "n", &layer, 1, GM_WEIGHTS_DEFAULT), GM_OK);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 2, 2));
    gm_tensor *whole = gm_network_apply(network, x, GM_MODE_INFERENCE, NULL), *positions[2];
    gm_network_set_memory(network, &(gm_network_memory){recall, keep, &m});
    for (size_t k = 0; k < 2; k++) {
        m.before = k == 0 ? gm_full(f.graph, GM_SHAPE(2, 4, 3), 0) : m.after[0];
        gm_tensor *one = gm_slice(x, (const size_t[]){0, 0, k}, (const size_t[]){2, 2, 1});
        positions[k] = gm_network_apply(network, one, GM_MODE_INFERENCE, NULL);
    }
    assert_int_equal(m.kept, 2);
    set(&f, x, (double[]){1, -2, .5, 3, -1, 2, 0, 1});
    gm_tensor *joined = gm_concat(positions, 2, 2);
    gm_tensor *difference = gm_sum_all(gm_abs(gm_subtract(whole, joined)));
    has_values(&f, difference, (double[]){0}, 1);
    gm_network_apply(network, x, GM_MODE_INFERENCE, NULL); // not two at a time
    assert_int_equal(gm_graph_status(f.graph), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "with a memory it takes one position at a time, not 2"));
    gm_network_destroy(&network);
    end(&f);
}

static void expect_fault(sequence_layer *layer, gm_shape shape, const gm_recurrent_params *params, const char *what) {
    fixture f;
    begin(&f);
    layer(gm_input(f.graph, "x", GM_FLOAT32, shape), "n", params);
    assert_int_equal(gm_graph_status(f.graph), GM_ERROR_ARGUMENT);
    if (strstr(gm_error_message(), what) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", gm_error_message(), what);
    end(&f);
}

static gm_tensor *step_of_one(gm_tensor *x, const char *name, const gm_recurrent_params *params) {
    return gm_lstm_step(x, gm_full(gm_tensor_graph(x), GM_SHAPE(1, 2, 4), 0), name, params);
}

static gm_tensor *step_from_nothing(gm_tensor *x, const char *name, const gm_recurrent_params *params) {
    return gm_gru_step(x, NULL, name, params);
}

static gm_tensor *embed_floats(gm_tensor *x, const char *name, const gm_recurrent_params *params) {
    (void)params;
    return gm_embedding(x, name, &(gm_embedding_params){3, 2});
}

static void slips_are_named(void **state) {
    (void)state;
    const gm_recurrent_params good = {.units = 4};
    expect_fault(gm_gru, GM_SHAPE(2, 3), &good,
                 "n (gru): it takes sequences (N, C, L), not (2, 3): put `reshape: [C, L]` before it");
    expect_fault(gm_lstm, GM_SHAPE(2, 3, 4), &(gm_recurrent_params){0}, "n (lstm): units must be at least 1");
    expect_fault(gm_lstm, GM_SHAPE(1, 1, GM_MAX_RECURRENT_POSITIONS + 1), &good,
                 "n (lstm): 1025 positions are more than 1024, which is as far as steps are unrolled");
    expect_fault(step_of_one, GM_SHAPE(2, 3), &good, "n (lstm step): the state must be (2, 2, 4), not (1, 2, 4)");
    expect_fault(step_of_one, GM_SHAPE(2, 3, 4), &good, "it takes one position of each sequence (N, C), not (2, 3, 4)");
    expect_fault(step_from_nothing, GM_SHAPE(2, 3), &good, "n (gru step): the state is NULL");
    expect_fault(embed_floats, GM_SHAPE(2, 3), &good,
                 "n (embedding): indices must be int32 (N, L) or (N), not float32 (2, 3)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gru_steps_give_the_sequence),
        cmocka_unit_test(lstm_steps_give_the_sequence),
        cmocka_unit_test(last_is_where_each_walk_ends),
        cmocka_unit_test(gradients_over_all_positions_are_joined),
        cmocka_unit_test(gradients_twice_have_no_parts_among_zeros),
        cmocka_unit_test(embedding_looks_up_symbols),
        cmocka_unit_test(embedding_takes_numbers_and_shares),
        cmocka_unit_test(memory_goes_from_position_to_position),
        cmocka_unit_test(slips_are_named),
    };
    return cmocka_run_group_tests_name("recurrent layers", tests, NULL, NULL);
}

// Layers as functions: what they compute, how their weights start, what their faults say.
#include "nn_test.h"

static void dense_is_x_w_plus_b(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 3));
    gm_tensor *y = gm_dense(x, "d", &(gm_dense_params){.units = 2});
    const double xs[] = {1, 2, 3, -1, 0, 4}, w[] = {1, 2, 3, 4, 5, 6}, b[] = {0.5, -1};
    set(&f, x, xs);
    set(&f, gm_variable_find(f.graph, "d.weight"), w); // (in, units)
    set(&f, gm_variable_find(f.graph, "d.bias"), b);
    const double expected[] = {22.5, 27, 19.5, 21};
    has_values(&f, y, expected, 4);
    gm_dense(x, "plain", &(gm_dense_params){.units = 2, .no_bias = true});
    assert_non_null(gm_variable_find(f.graph, "plain.weight"));
    assert_null(gm_variable_find(f.graph, "plain.bias"));
    end(&f);
}

static void convolutions_have_pytorchs_shapes_and_add_their_bias(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 3, 8, 6));
    gm_tensor *down =
        gm_conv(x, "down", &(gm_conv_params){.channels = 5, .kernel = {4, 3}, .stride = {2, 1}, .padding = {1, 0}});
    assert_true(gm_shape_equal(gm_tensor_shape(down), &GM_SHAPE(2, 5, 4, 4)));
    gm_tensor *up = gm_conv_transpose(
        x, "up",
        &(gm_conv_params){
            .channels = 5, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .output_padding = {1, 0}});
    assert_true(gm_shape_equal(gm_tensor_shape(up), &GM_SHAPE(2, 5, 16, 11)));
    assert_true(gm_shape_equal(gm_tensor_shape(gm_variable_find(f.graph, "down.weight")), &GM_SHAPE(5, 3, 4, 3)));
    assert_true(gm_shape_equal(gm_tensor_shape(gm_variable_find(f.graph, "up.weight")), &GM_SHAPE(3, 5, 3, 3)));
    // x is zero, so that the bias alone remains, one value per channel.
    const double bias[] = {1, 2, 3, 4, 5};
    set(&f, gm_variable_find(f.graph, "down.bias"), bias);
    set(&f, gm_variable_find(f.graph, "up.bias"), bias);
    const double *y = evaluate(&f, down);
    for (size_t i = 0; i < 2 * 5 * 4 * 4; i++)
        assert_near(y[i], bias[i / 16 % 5], 0);
    y = evaluate(&f, up);
    for (size_t i = 0; i < 2 * 5 * 16 * 11; i++)
        assert_near(y[i], bias[i / (16 * 11) % 5], 0);
    end(&f);
}

// The start of a variable as the graph holds it.
static void starts_as(const fixture *f, const char *name, gm_initializer_kind kind, double a, double b) {
    const gm_tensor *x = gm_variable_find(f->graph, name);
    assert_non_null(x);
    const gm_initializer *start = &((const gm_variable_attributes *)x->attributes)->initializer;
    assert_int_equal(start->kind, kind);
    assert_near(start->a, a, 1e-12);
    assert_near(start->b, b, 1e-12);
}

static void weights_start_as_their_initializer_says(void **state) {
    (void)state;
    const double in = 6 * 3 * 2, out = 10 * 3 * 2; // of a 3x2 kernel from 6 to 10 channels
    const struct {
        const char *name;
        gm_initializer_kind kind;
        double a, b, bias;
    } cases[] = {
        {"default", GM_INITIALIZER_UNIFORM, -1 / sqrt(in), 1 / sqrt(in), 1 / sqrt(in)},
        {"pytorch", GM_INITIALIZER_UNIFORM, -1 / sqrt(in), 1 / sqrt(in), 1 / sqrt(in)},
        {"dcgan", GM_INITIALIZER_NORMAL, 0, 0.02, 0},
        {"xavier_uniform", GM_INITIALIZER_UNIFORM, -sqrt(6 / (in + out)), sqrt(6 / (in + out)), 0},
        {"xavier_normal", GM_INITIALIZER_NORMAL, 0, sqrt(2 / (in + out)), 0},
        {"kaiming_uniform", GM_INITIALIZER_UNIFORM, -sqrt(6 / in), sqrt(6 / in), 0},
        {"kaiming_normal", GM_INITIALIZER_NORMAL, 0, sqrt(2 / in), 0},
    };
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 6, 5, 5));
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_weight_initializer initializer;
        assert_int_equal(gm_weight_initializer_find(cases[i].name, &initializer), GM_OK);
        gm_conv(x, cases[i].name, &(gm_conv_params){.channels = 10, .kernel = {3, 2}, .initializer = initializer});
        char name[40];
        snprintf(name, sizeof name, "%s.weight", cases[i].name);
        starts_as(&f, name, cases[i].kind, cases[i].a, cases[i].b);
        snprintf(name, sizeof name, "%s.bias", cases[i].name);
        starts_as(&f, name, cases[i].bias > 0 ? GM_INITIALIZER_UNIFORM : GM_INITIALIZER_CONSTANT, -cases[i].bias,
                  cases[i].bias);
    }
    gm_conv_transpose(x, "up", &(gm_conv_params){.channels = 10, .kernel = {3, 2}}); // fan_in: the second dimension
    starts_as(&f, "up.weight", GM_INITIALIZER_UNIFORM, -1 / sqrt(60), 1 / sqrt(60));
    gm_conv(x, "gain",
            &(gm_conv_params){.channels = 10, .kernel = {3, 2}, .initializer = GM_WEIGHTS_KAIMING_NORMAL, .gain = 3});
    starts_as(&f, "gain.weight", GM_INITIALIZER_NORMAL, 0, 3 / sqrt(in));
    gm_batch_norm(x, "norm", GM_MODE_TRAINING, NULL, &(gm_batch_norm_params){.initializer = GM_WEIGHTS_DCGAN});
    starts_as(&f, "norm.weight", GM_INITIALIZER_NORMAL, 1, 0.02);
    starts_as(&f, "norm.bias", GM_INITIALIZER_CONSTANT, 0, 0);
    starts_as(&f, "norm.running_variance", GM_INITIALIZER_CONSTANT, 1, 0);
    gm_weight_initializer ignored;
    assert_int_equal(gm_weight_initializer_find("he", &ignored), GM_ERROR_ARGUMENT);
    end(&f);
}

enum { BN = 3, BC = 2, BH = 2 };

static void batch_norm_normalises_and_tracks_statistics(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_statistics *statistics = NULL;
    assert_int_equal(gm_statistics_create(&statistics), GM_OK);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(BN, BC, BH, 1));
    const gm_batch_norm_params params = {.momentum = 0.25, .epsilon = 0.125};
    gm_tensor *y = gm_batch_norm(x, "bn", GM_MODE_TRAINING, statistics, &params);
    gm_tensor *z = gm_batch_norm(x, "bn", GM_MODE_INFERENCE, statistics, &params);
    // A second application, to twice the values: its update starts from the first one's.
    gm_batch_norm(gm_scale(x, 2), "bn", GM_MODE_TRAINING, statistics, &params);
    gm_phase *phase = gm_phase_create(f.graph, "train");
    gm_phase_fetch(phase, y);
    gm_statistics_assign(statistics, phase);
    assert_int_equal(phase->assignment_count, 2);
    gm_statistics_assign(statistics, phase); // nothing is pending any more
    assert_int_equal(phase->assignment_count, 2);

    const double xs[BN * BC * BH] = {1, 2, 10, 14, 3, 4, 9, 7, -1, 0, 5, 15}, weight[BC] = {2, 0.5}, bias[BC] = {1, -1};
    set(&f, x, xs);
    set(&f, gm_variable_find(f.graph, "bn.weight"), weight);
    set(&f, gm_variable_find(f.graph, "bn.bias"), bias);
    double mean[BC] = {0}, variance[BC] = {0}, expected[BN * BC * BH];
    const size_t n = BN * BH;
    for (size_t i = 0; i < BN * BC * BH; i++)
        mean[i / BH % BC] += xs[i] / (double)n;
    for (size_t i = 0; i < BN * BC * BH; i++)
        variance[i / BH % BC] += pow(xs[i] - mean[i / BH % BC], 2) / (double)n;
    for (size_t i = 0; i < BN * BC * BH; i++) {
        size_t c = i / BH % BC;
        expected[i] = (xs[i] - mean[c]) / sqrt(variance[c] + 0.125) * weight[c] + bias[c];
    }
    assert_int_equal(gm_reference_run(f.reference, phase), GM_OK);
    for (size_t i = 0; i < BN * BC * BH; i++)
        assert_near(gm_reference_value(f.reference, y)[i], expected[i], 1e-6);
    double running_mean[BC], running_variance[BC];
    for (size_t c = 0; c < BC; c++) {
        const double unbiased = variance[c] * (double)n / (double)(n - 1);
        running_mean[c] = 0.75 * (0.25 * mean[c]) + 0.25 * 2 * mean[c];
        running_variance[c] = 0.75 * (0.75 + 0.25 * unbiased) + 0.25 * 4 * unbiased;
        assert_near(gm_reference_value(f.reference, gm_variable_find(f.graph, "bn.running_mean"))[c], running_mean[c],
                    1e-5);
        assert_near(gm_reference_value(f.reference, gm_variable_find(f.graph, "bn.running_variance"))[c],
                    running_variance[c], 1e-5);
    }
    for (size_t i = 0; i < BN * BC * BH; i++) {
        size_t c = i / BH % BC;
        expected[i] = (xs[i] - running_mean[c]) / sqrt(running_variance[c] + 0.125) * weight[c] + bias[c];
    }
    has_values(&f, z, expected, BN * BC * BH);
    gm_statistics_destroy(&statistics);
    assert_null(statistics);
    gm_statistics_destroy(&statistics);
    end(&f);
}

static void dropped_statistics_are_not_assigned(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_statistics *statistics = NULL;
    assert_int_equal(gm_statistics_create(&statistics), GM_OK);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 2));
    gm_batch_norm(x, "bn", GM_MODE_TRAINING, statistics, &(gm_batch_norm_params){.no_affine = true});
    gm_statistics_drop(statistics);
    gm_phase *phase = gm_phase_create(f.graph, "train");
    gm_statistics_assign(statistics, phase);
    assert_int_equal(phase->assignment_count, 0);
    assert_null(gm_variable_find(f.graph, "bn.weight"));
    gm_statistics_destroy(&statistics);
    end(&f);
}

static void dropout_keeps_the_mean_and_passes_in_inference(void **state) {
    (void)state;
    enum { N = 4096 };
    fixture f;
    begin(&f);
    gm_tensor *counter = gm_input(f.graph, "counter", GM_INT32, GM_SHAPE(2));
    gm_tensor *x = gm_full(f.graph, GM_SHAPE(N), 3);
    gm_tensor *y = gm_dropout(x, "drop", GM_MODE_TRAINING, counter, 0.25);
    assert_ptr_equal(gm_dropout(x, "other", GM_MODE_INFERENCE, NULL, 0.25), x);
    assert_ptr_equal(gm_dropout(x, "other", GM_MODE_TRAINING, NULL, 0), x);
    double first[N];
    size_t kept = 0, same = 0;
    const double *values = evaluate(&f, y);
    for (size_t i = 0; i < N; i++) {
        first[i] = values[i];
        kept += values[i] > 0;
        if (values[i] > 0)
            assert_near(values[i], 4, 1e-6);
    }
    // 3072 expected, standard deviation 28
    assert_in_range(kept, 3072 - 112, 3072 + 112);
    set(&f, counter, (const double[]){1, 0});
    values = evaluate(&f, y);
    for (size_t i = 0; i < N; i++)
        same += (values[i] > 0) == (first[i] > 0);
    assert_in_range(same, 2560 - 128, 2560 + 128); // .75^2 + .25^2 of them
    end(&f);
}

static void flatten_and_reshape_keep_the_batch(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(5, 12));
    gm_tensor *images = gm_reshape_samples(x, GM_SHAPE(3, 2, 2));
    assert_true(gm_shape_equal(gm_tensor_shape(images), &GM_SHAPE(5, 3, 2, 2)));
    assert_true(gm_shape_equal(gm_tensor_shape(gm_flatten(images)), &GM_SHAPE(5, 12)));
    end(&f);
}

static void trainable_variables_are_weights_and_biases_in_order(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(5, 12));
    x = gm_dense(x, "d.1", &(gm_dense_params){.units = 7});
    x = gm_batch_norm(x, "d.2", GM_MODE_TRAINING, NULL, &(gm_batch_norm_params){0});
    gm_dense(x, "e.1", &(gm_dense_params){.units = 7});
    gm_tensor *found[8];
    assert_int_equal(gm_trainable(f.graph, "d.", found, 8), 4);
    const char *const names[] = {"d.1.weight", "d.1.bias", "d.2.weight", "d.2.bias"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(gm_tensor_name(found[i]), names[i]);
    assert_int_equal(gm_trainable(f.graph, "", found, 2), 6);
    end(&f);
}

typedef gm_tensor *attempt(gm_tensor *vectors, gm_tensor *images, gm_tensor *one);
static gm_tensor *dense_on_images(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)vectors, (void)one;
    return gm_dense(images, "d", &(gm_dense_params){.units = 2});
}
static gm_tensor *dense_without_units(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)images, (void)one;
    return gm_dense(vectors, "d", &(gm_dense_params){0});
}
static gm_tensor *conv_on_vectors(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)images, (void)one;
    return gm_conv(vectors, "c", &(gm_conv_params){.channels = 2, .kernel = {1, 1}});
}
static gm_tensor *conv_kernel_too_large(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)vectors, (void)one;
    return gm_conv(images, "c", &(gm_conv_params){.channels = 2, .kernel = {9, 9}});
}
static gm_tensor *conv_with_output_padding(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)vectors, (void)one;
    return gm_conv(images, "c", &(gm_conv_params){.channels = 2, .kernel = {1, 1}, .output_padding = {1, 1}});
}
static gm_tensor *batch_norm_of_one(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)vectors, (void)images;
    return gm_batch_norm(one, "b", GM_MODE_TRAINING, NULL, &(gm_batch_norm_params){0});
}
static gm_tensor *batch_norm_without_mode(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)images, (void)one;
    return gm_batch_norm(vectors, "b", GM_MODE_INVALID, NULL, &(gm_batch_norm_params){0});
}
static gm_tensor *dropout_of_everything(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)images, (void)one;
    return gm_dropout(vectors, "o", GM_MODE_TRAINING, NULL, 1);
}
static gm_tensor *dropout_without_counter(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)images, (void)one;
    return gm_dropout(vectors, "o", GM_MODE_TRAINING, NULL, 0.5);
}
static gm_tensor *reshape_to_another_count(gm_tensor *vectors, gm_tensor *images, gm_tensor *one) {
    (void)images, (void)one;
    return gm_reshape_samples(vectors, GM_SHAPE(2, 2, 2));
}

static void faults_name_the_layer_and_say_what_to_do(void **state) {
    (void)state;
    const struct {
        attempt *function;
        const char *says[2];
    } cases[] = {
        {dense_on_images, {"d (dense): ", "(4, 3, 8, 8): put `flatten` before it"}},
        {dense_without_units, {"d (dense): ", "units must be at least 1"}},
        {conv_on_vectors, {"c (conv): ", "(4, 12): put `reshape: [C, H, W]` before it"}},
        {conv_kernel_too_large, {"c (conv): ", ""}},
        {conv_with_output_padding, {"c (conv): ", "output_padding"}},
        {batch_norm_of_one, {"b (batch_norm): ", "use a larger batch"}},
        {batch_norm_without_mode, {"b (batch_norm): ", "GM_MODE_TRAINING"}},
        {dropout_of_everything, {"o (dropout): ", "rate must be at least 0 and below 1"}},
        {dropout_without_counter, {"o (dropout): ", "needs a counter"}},
        {reshape_to_another_count, {"reshape: ", "(4, 12) has 12 values per sample, (2, 2, 2) needs 8"}},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        fixture f;
        begin(&f);
        gm_tensor *y = cases[i].function(gm_input(f.graph, "vectors", GM_FLOAT32, GM_SHAPE(4, 12)),
                                         gm_input(f.graph, "images", GM_FLOAT32, GM_SHAPE(4, 3, 8, 8)),
                                         gm_input(f.graph, "one", GM_FLOAT32, GM_SHAPE(1, 3)));
        assert_true(gm_is_poison(y));
        // Whatever is built on a poisoned tensor adds nothing to the message.
        assert_true(gm_is_poison(gm_dense(y, "later", &(gm_dense_params){.units = 1})));
        fault_says(&f, cases[i].says[0], cases[i].says[1]);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_is_x_w_plus_b),
        cmocka_unit_test(convolutions_have_pytorchs_shapes_and_add_their_bias),
        cmocka_unit_test(weights_start_as_their_initializer_says),
        cmocka_unit_test(batch_norm_normalises_and_tracks_statistics),
        cmocka_unit_test(dropped_statistics_are_not_assigned),
        cmocka_unit_test(dropout_keeps_the_mean_and_passes_in_inference),
        cmocka_unit_test(flatten_and_reshape_keep_the_batch),
        cmocka_unit_test(trainable_variables_are_weights_and_biases_in_order),
        cmocka_unit_test(faults_name_the_layer_and_say_what_to_do),
    };
    return cmocka_run_group_tests_name("nn", tests, NULL, NULL);
}

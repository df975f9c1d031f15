// Layers that move, append or normalise values: small cases by hand, and what they refuse.
#include "nn_test.h"

static gm_tensor *float_input(const fixture *f, const char *name, gm_shape shape) {
    return gm_input(f->graph, name, GM_FLOAT32, shape);
}

// ---- Padding ----

static void padding_continues_sequences_as_its_mode_says(void **state) {
    (void)state;
    static const double expected[][7] = {{0, 0, 1, 2, 3, 4, 0}, {3, 2, 1, 2, 3, 4, 3}, {1, 1, 1, 2, 3, 4, 4}};
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 1, 4));
    set(&f, x, (const double[]){1, 2, 3, 4});
    for (int mode = GM_PADDING_ZERO; mode <= GM_PADDING_REPLICATE; mode++) {
        gm_padding_params params = {.size = GM_SHAPE(2), .after = GM_SHAPE(1), .mode = mode};
        has_values(&f, gm_pad_samples(x, &params), expected[mode], 7);
    }
    end(&f);
}

static void corners_are_padded_both_ways(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 1, 2, 3));
    set(&f, x, (const double[]){1, 2, 3, 4, 5, 6});
    gm_tensor *y = gm_pad_samples(x, &(gm_padding_params){.size = GM_SHAPE(1, 2), .mode = GM_PADDING_REFLECT});
    has_values(&f, y,
               (const double[]){6, 5, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 2, 1, 6, 5, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 2, 1},
               28);
    y = gm_pad_samples(x, &(gm_padding_params){.size = GM_SHAPE(1), .mode = GM_PADDING_REPLICATE});
    has_values(&f, y, (const double[]){1, 1, 2, 3, 3, 1, 1, 2, 3, 3, 4, 4, 5, 6, 6, 4, 4, 5, 6, 6}, 20);
    end(&f);
}

static void volumes_are_padded_along_three_axes(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 1, 2, 2, 2));
    set(&f, x, (const double[]){1, 2, 3, 4, 5, 6, 7, 8});
    const gm_padding_params params = {
        .size = GM_SHAPE(1, 0, 0), .after = GM_SHAPE(0, 0, 1), .mode = GM_PADDING_REFLECT};
    gm_tensor *y = gm_pad_samples(x, &params);
    assert_true(gm_shape_equal(gm_tensor_shape(y), &GM_SHAPE(1, 1, 3, 2, 3)));
    has_values(&f, y, (const double[]){5, 6, 5, 7, 8, 7, 1, 2, 1, 3, 4, 3, 5, 6, 5, 7, 8, 7}, 18);
    end(&f);
}

// A kernel of ones sums three neighbours, those beyond the edge included.
static void convolutions_pad_by_their_mode(void **state) {
    (void)state;
    static const double expected[][4] = {{3, 6, 9, 7}, {5, 6, 9, 10}, {4, 6, 9, 11}};
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 1, 1, 4));
    set(&f, x, (const double[]){1, 2, 3, 4});
    for (int mode = GM_PADDING_ZERO; mode <= GM_PADDING_REPLICATE; mode++) {
        gm_conv_params params = {
            .channels = 1, .kernel = {1, 3}, .padding = {0, 1}, .no_bias = true, .padding_mode = mode};
        gm_tensor *y = gm_conv(x, "conv", &params);
        set(&f, gm_variable_find(f.graph, "conv.weight"), (const double[]){1, 1, 1});
        has_values(&f, y, expected[mode], 4);
    }
    end(&f);
}

// ---- Shuffles ----

static void pixel_shuffle_makes_blocks_of_channels(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 4, 1, 2));
    set(&f, x, (const double[]){0, 1, 10, 11, 20, 21, 30, 31}); // channel 10s, column 1s
    gm_tensor *y = gm_pixel_shuffle(x, 2);
    assert_true(gm_shape_equal(gm_tensor_shape(y), &GM_SHAPE(1, 1, 2, 4)));
    has_values(&f, y, (const double[]){0, 10, 1, 11, 20, 30, 21, 31}, 8);
    gm_tensor *back = gm_pixel_unshuffle(y, 2);
    assert_true(gm_shape_equal(gm_tensor_shape(back), gm_tensor_shape(x)));
    has_values(&f, back, (const double[]){0, 1, 10, 11, 20, 21, 30, 31}, 8);
    end(&f);
}

// Value `at` of a sequence 0, 10, 20, ... that is reflected at both ends.
static double reflected(int at, int length) {
    at = at < 0 ? -at : at;
    return 10 * (at < length ? at : 2 * (length - 1) - at);
}

static void phase_shuffle_moves_each_sequence_and_reflects(void **state) {
    (void)state;
    enum { N = 400, L = 5, REACH = 2 };
    fixture f;
    begin(&f);
    gm_tensor *counter = gm_input(f.graph, "counter", GM_INT32, GM_SHAPE(2));
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(N, 2, L));
    double values[N * 2 * L];
    for (size_t i = 0; i < GM_COUNT(values); i++)
        values[i] = 10 * (double)(i % L);
    set(&f, x, values);
    assert_ptr_equal(gm_phase_shuffle(x, "p", GM_MODE_INFERENCE, NULL, REACH), x);
    gm_tensor *y = gm_phase_shuffle(x, "p", GM_MODE_TRAINING, counter, REACH);
    const double *got = evaluate(&f, y);
    size_t drawn[2 * REACH + 1] = {0}, again = 0;
    int shifts[N];
    for (size_t n = 0; n < N; n++) {
        int shift = -REACH; // the one that explains the first channel, and then the second
        for (; shift < REACH; shift++) {
            bool fits = true;
            for (int i = 0; i < L; i++)
                fits = fits && !(fabs(got[n * 2 * L + (size_t)i] - reflected(i - shift, L)) > 0);
            if (fits)
                break;
        }
        for (int i = 0; i < 2 * L; i++)
            assert_near(got[n * 2 * L + (size_t)i], reflected(i % L - shift, L), 0);
        shifts[n] = shift;
        drawn[shift + REACH]++;
    }
    for (size_t i = 0; i < GM_COUNT(drawn); i++)
        assert_in_range(drawn[i], 80 - 32, 80 + 32); // four standard deviations
    set(&f, counter, (const double[]){1, 0});
    got = evaluate(&f, y);
    for (size_t n = 0; n < N; n++)
        again += !(fabs(got[n * 2 * L] - reflected(-shifts[n], L)) > 0); // reflected: n and -n look alike here
    assert_in_range(again, 144 - 40, 144 + 40);                          // 1/25 + 2 4/25 of them
    end(&f);
}

// ---- The batch ----

static void minibatch_stddev_compares_members_of_a_group(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(6, 1, 2));
    set(&f, x, (const double[]){0, 0, 1, 7, 2, 2, 2, 6, 1, 9, 8, 8}); // three groups of two: 0 and 3, 1 and 4, 2 and 5
    gm_tensor *y = gm_minibatch_stddev(x, &(gm_minibatch_stddev_params){.group = 2});
    assert_true(gm_shape_equal(gm_tensor_shape(y), &GM_SHAPE(6, 2, 2)));
    const double odd = (1e-4 + 1) / 2; // deviations 0 and 1
    has_values(&f, y, (const double[]){0, 0, 2, 2, 1, 7, odd, odd, 2, 2, 3, 3, 2, 6, 2, 2, 1, 9, odd, odd, 8, 8, 3, 3},
               24);
    // No number from 5 down but 3 divides 6.
    gm_tensor *of_three = gm_minibatch_stddev(x, &(gm_minibatch_stddev_params){.group = 3});
    assert_ptr_equal(gm_minibatch_stddev(x, &(gm_minibatch_stddev_params){.group = 5}), of_three);
    assert_ptr_equal(gm_minibatch_stddev(x, &(gm_minibatch_stddev_params){0}), of_three); // the default is 4
    // More than the batch is all of it.
    assert_ptr_equal(gm_minibatch_stddev(x, &(gm_minibatch_stddev_params){.group = 6}),
                     gm_minibatch_stddev(x, &(gm_minibatch_stddev_params){.group = 9}));
    gm_tensor *vectors = gm_minibatch_stddev(float_input(&f, "v", GM_SHAPE(7, 3)), &(gm_minibatch_stddev_params){0});
    assert_true(gm_shape_equal(gm_tensor_shape(vectors), &GM_SHAPE(7, 4)));
    end(&f);
}

// ---- Norms ----

static void layer_norm_over_channels_is_one_position_at_a_time(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 2, 3));
    set(&f, x, (const double[]){0, 5, -1, 2, 1, -9});
    const gm_sample_norm_params params = {.over = GM_NORM_OVER_CHANNELS, .epsilon = 1e-12};
    gm_tensor *y = gm_layer_norm(x, "n", &params);
    set(&f, gm_variable_find(f.graph, "n.weight"), (const double[]){1, 10});
    set(&f, gm_variable_find(f.graph, "n.bias"), (const double[]){0, 100});
    has_values(&f, y, (const double[]){-1, 1, 1, 110, 90, 90}, 6);
    end(&f);
}

static void adain_scales_and_shifts_channels_as_the_style_says(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(2, 2, 2)), *style = float_input(&f, "style", GM_SHAPE(2, 1));
    gm_tensor *y = gm_adaptive_instance_norm(x, style, "a", &(gm_adain_params){.epsilon = 1e-12});
    set(&f, x, (const double[]){1, 3, 9, 5, 0, 8, -1, -3}); // normalised: -1 1, 1 -1, -1 1, 1 -1
    set(&f, style, (const double[]){1, 2});
    set(&f, gm_variable_find(f.graph, "a.weight"), (const double[]){1, 2, 10, 20}); // scales of both channels, shifts
    set(&f, gm_variable_find(f.graph, "a.bias"), (const double[]){0, 0, 5, 0});
    // Sample 0: factors 2 and 3, shifts 15 and 20; sample 1: 3 and 5, 25 and 40.
    has_values(&f, y, (const double[]){13, 17, 23, 17, 22, 28, 45, 35}, 8);
    end(&f);
}

// The norm that a layer of each rank of weight has: sigma of the matrix (axis, all else).
static void spectral_norm_takes_weights_of_any_rank(void **state) {
    (void)state;
    // Rows (3, 0) and (4, 5) as in the plane: singular values sqrt(45), sqrt(5).
    static const struct {
        gm_shape shape;
        size_t axis;
        double values[8];
    } cases[] = {
        {{3, {2, 1, 2}}, 0, {3, 0, 4, 5}},
        {{3, {1, 2, 2}}, 1, {3, 0, 4, 5}},
        {{5, {2, 1, 1, 2, 1}}, 0, {3, 0, 4, 5}},
        {{5, {2, 2, 1, 1, 2}}, 1, {3, 0, 4, 5, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        fixture f;
        begin(&f);
        gm_statistics *statistics;
        assert_int_equal(gm_statistics_create(&statistics), GM_OK);
        const size_t count = gm_shape_count(&cases[i].shape);
        gm_tensor *weight = gm_variable(f.graph, "w", GM_FLOAT32, cases[i].shape, (gm_initializer){0});
        gm_tensor *y = gm_spectral_norm(weight, "s", cases[i].axis,
                                        &(gm_spectral_norm_params){.mode = GM_MODE_TRAINING, .statistics = statistics});
        gm_phase *phase = gm_phase_create(f.graph, "training");
        gm_phase_fetch(phase, y);
        gm_statistics_assign(statistics, phase);
        set(&f, weight, cases[i].values);
        for (size_t t = 0; t < 40; t++)
            assert_int_equal(gm_reference_run(f.reference, phase), GM_OK);
        for (size_t k = 0; k < count; k++)
            assert_near(gm_reference_value(f.reference, y)[k], cases[i].values[k] / sqrt(45), 1e-6);
        gm_statistics_destroy(&statistics);
        end(&f);
    }
}

// ---- Faults ----

typedef gm_tensor *attempt(gm_tensor *vectors, gm_tensor *sequences, gm_tensor *images);
#define ATTEMPT(name, expression)                                                                                      \
    static gm_tensor *name(gm_tensor *vectors, gm_tensor *sequences, gm_tensor *images) {                              \
        (void)vectors, (void)sequences, (void)images;                                                                  \
        return expression;                                                                                             \
    }
ATTEMPT(pad_vectors, gm_pad_samples(vectors, &(gm_padding_params){.size = GM_SHAPE(1)}))
ATTEMPT(pad_as_volumes, gm_pad_samples(images, &(gm_padding_params){.size = GM_SHAPE(1, 1, 1)}))
ATTEMPT(reflect_all, gm_pad_samples(sequences, &(gm_padding_params){.size = GM_SHAPE(6), .mode = GM_PADDING_REFLECT}))
ATTEMPT(reflect_after,
        gm_pad_samples(images,
                       &(gm_padding_params){.size = GM_SHAPE(1), .after = GM_SHAPE(1, 5), .mode = GM_PADDING_REFLECT}))
ATTEMPT(pad_wrongly, gm_pad_samples(sequences, &(gm_padding_params){.size = GM_SHAPE(1), .mode = 7}))
ATTEMPT(conv_reflects_all,
        gm_conv(images, "c",
                &(gm_conv_params){
                    .channels = 1, .kernel = {1, 1}, .padding = {4, 0}, .padding_mode = GM_PADDING_REFLECT}))
ATTEMPT(transposed_reflects,
        gm_conv_transpose(images, "c",
                          &(gm_conv_params){.channels = 1, .kernel = {1, 1}, .padding_mode = GM_PADDING_REFLECT}))
ATTEMPT(shuffle_sequences, gm_pixel_shuffle(sequences, 2))
ATTEMPT(shuffle_three_channels, gm_pixel_shuffle(images, 2))
ATTEMPT(unshuffle_by_three, gm_pixel_unshuffle(images, 3))
ATTEMPT(shuffle_by_none, gm_pixel_unshuffle(images, 0))
ATTEMPT(phase_of_images, gm_phase_shuffle(images, "p", GM_MODE_TRAINING, NULL, 1))
ATTEMPT(phase_without_counter, gm_phase_shuffle(sequences, "p", GM_MODE_TRAINING, NULL, 1))
ATTEMPT(phase_without_mode, gm_phase_shuffle(sequences, "p", GM_MODE_INVALID, NULL, 1))
ATTEMPT(stddev_of_a_line, gm_minibatch_stddev(gm_reshape(vectors, GM_SHAPE(48)), &(gm_minibatch_stddev_params){0}))
ATTEMPT(instance_norm_of_vectors, gm_instance_norm(vectors, "n", &(gm_sample_norm_params){0}))
ATTEMPT(channel_norm_of_one, gm_layer_norm(gm_reshape(vectors, GM_SHAPE(4, 1, 12)), "n",
                                           &(gm_sample_norm_params){.over = GM_NORM_OVER_CHANNELS}))
ATTEMPT(style_of_images, gm_adaptive_instance_norm(images, images, "a", &(gm_adain_params){0}))
ATTEMPT(style_of_half,
        gm_adaptive_instance_norm(images, gm_reshape(vectors, GM_SHAPE(2, 24)), "a", &(gm_adain_params){0}))

static void faults_say_which_shape_and_what_is_allowed(void **state) {
    (void)state;
    static const struct {
        attempt *function;
        const char *start, *part;
    } cases[] = {
        {pad_vectors, "pad: ", "volumes (N, C, D, H, W), not (4, 12)"},
        {pad_as_volumes, "pad: ", "one for each of the 2 axes behind the channels of (4, 3, 4, 5)"},
        {reflect_all, "pad: ", "6 values cannot be reflected at the edge of axis 2 of (4, 3, 6): fewer than 6"},
        {reflect_after, "pad: ", "5 values cannot be reflected at the edge of axis 3 of (4, 3, 4, 5)"},
        {pad_wrongly, "pad: ", "there is no padding mode 7"},
        {conv_reflects_all, "c (conv): ", "4 values cannot be reflected at the edge of axis 2 of (4, 3, 4, 5)"},
        {transposed_reflects, "c (conv_transpose): ", "padding_mode is for conv alone"},
        {shuffle_sequences, "pixel_shuffle: ", "images (N, C, H, W), not (4, 3, 6)"},
        {shuffle_three_channels, "pixel_shuffle: ", "the channels of (4, 3, 4, 5) are no multiple of 4"},
        {unshuffle_by_three, "pixel_unshuffle: ", "height and width of (4, 3, 4, 5) are no multiples of 3"},
        {shuffle_by_none, "pixel_unshuffle: ", "factor must be from 1 to 64, not 0"},
        {phase_of_images, "p (phase_shuffle): ", "it takes sequences (N, C, L), not (4, 3, 4, 5)"},
        {phase_without_counter, "p (phase_shuffle): ", "needs a counter"},
        {phase_without_mode, "p (phase_shuffle): ", "GM_MODE_TRAINING"},
        {stddev_of_a_line, "minibatch_stddev: ", "(N, C, ...), not (48)"},
        {instance_norm_of_vectors, "n (instance_norm): ", "it takes (N, C, L), (N, C, H, W) or"},
        {channel_norm_of_one, "n (layer_norm): ", "(4, 1, 12) leaves one value"},
        {style_of_images,
         "a (adain): ", "the style must be vectors (4, M), one for each sample of (4, 3, 4, 5), not (4, "},
        {style_of_half, "a (adain): ", "(4, 3, 4, 5), not (2, 24)"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        fixture f;
        begin(&f);
        gm_tensor *y = cases[i].function(float_input(&f, "vectors", GM_SHAPE(4, 12)),
                                         float_input(&f, "sequences", GM_SHAPE(4, 3, 6)),
                                         float_input(&f, "images", GM_SHAPE(4, 3, 4, 5)));
        assert_true(gm_is_poison(y));
        fault_says(&f, cases[i].start, cases[i].part);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding_continues_sequences_as_its_mode_says),
        cmocka_unit_test(corners_are_padded_both_ways),
        cmocka_unit_test(volumes_are_padded_along_three_axes),
        cmocka_unit_test(convolutions_pad_by_their_mode),
        cmocka_unit_test(pixel_shuffle_makes_blocks_of_channels),
        cmocka_unit_test(phase_shuffle_moves_each_sequence_and_reflects),
        cmocka_unit_test(minibatch_stddev_compares_members_of_a_group),
        cmocka_unit_test(layer_norm_over_channels_is_one_position_at_a_time),
        cmocka_unit_test(adain_scales_and_shifts_channels_as_the_style_says),
        cmocka_unit_test(spectral_norm_takes_weights_of_any_rank),
        cmocka_unit_test(faults_say_which_shape_and_what_is_allowed),
    };
    return cmocka_run_group_tests_name("nn values", tests, NULL, NULL);
}

// The layers of style-based generators: values by hand, what noise is, and what they refuse. (The modulated
// convolution's values are PyTorch's: tests/golden.)
#include "nn_test.h"

static gm_tensor *float_input(const fixture *f, const char *name, gm_shape shape) {
    return gm_input(f->graph, name, GM_FLOAT32, shape);
}

static gm_network *network_of(const char *type, const char *setting, gm_layer *layer) {
    gm_network *network;
    gm_layer_default(layer, gm_layer_type_find(type));
    if (setting)
        assert_int_equal(gm_layer_set_text(layer, NULL, setting), GM_OK);
    assert_int_equal(gm_network_create(&network, "net", layer, 1, GM_WEIGHTS_DEFAULT), GM_OK);
    return network;
}

static void pixel_norm_makes_the_mean_square_1(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 2, 2));
    set(&f, x, (const double[]){3, 0, 4, 5}); // positions (3, 4) and (0, 5)
    const double norm = sqrt(12.5);
    has_values(&f, gm_pixel_norm(x, 1e-12), (const double[]){3 / norm, 0, 4 / norm, 5 / norm}, 4);
    end(&f);
}

static void constant_is_the_same_for_every_sample(void **state) {
    (void)state;
    fixture f;
    gm_layer layer;
    begin(&f);
    gm_network *network = network_of("constant", "3", &layer);
    gm_tensor *y = gm_network_apply(network, float_input(&f, "z", GM_SHAPE(2, 7)), GM_MODE_TRAINING, NULL);
    set(&f, gm_variable_find(f.graph, "net.0.weight"), (const double[]){1, 2, 3});
    has_values(&f, y, (const double[]){1, 2, 3, 1, 2, 3}, 6);
    gm_network_destroy(&network);
    end(&f);
}

static void truncation_draws_to_the_running_mean(void **state) {
    (void)state;
    fixture f;
    gm_layer layer;
    begin(&f);
    gm_network *network = network_of("truncation", "0.5", &layer);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(2, 2)), *psi = float_input(&f, "psi", GM_SHAPE(2, 1));
    gm_phase *phase = gm_phase_create(f.graph, "training");
    gm_tensor *trained = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    gm_network_assign_statistics(network, phase);
    set(&f, x, (const double[]){1, 2, 3, 10});
    has_values(&f, trained, (const double[]){1, 2, 3, 10}, 4);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(gm_reference_run(f.reference, phase), GM_OK);
    // 0, then half of (2, 6), then a half more of what was left
    has_values(&f, gm_variable_find(f.graph, "net.0.running_mean"), (const double[]){1.5, 4.5}, 2);
    has_values(&f, gm_network_apply(network, x, GM_MODE_INFERENCE, NULL), (const double[]){1, 2, 3, 10}, 4);
    assert_true(gm_network_truncates(network));
    gm_network_set_truncation(network, psi);
    set(&f, psi, (const double[]){0, .5});
    has_values(&f, gm_network_apply(network, x, GM_MODE_INFERENCE, NULL), (const double[]){1.5, 4.5, 2.25, 7.25}, 4);
    gm_network_destroy(&network);
    end(&f);
}

enum { SIDE = 64, PLACES = SIDE * SIDE };

// Mean and variance of y - x, which must be alike in both channels.
static void check_noise(fixture *f, gm_tensor *y) {
    const double *noise = evaluate(f, y);
    double mean = 0, square = 0;
    for (size_t i = 0; i < PLACES; i++) {
        assert_near(noise[i], noise[PLACES + i], 0);
        mean += noise[i] / PLACES;
        square += noise[i] * noise[i] / PLACES;
    }
    assert_near(mean, 0, .3); // times 4, of 4096 draws
    assert_near(square, 16, 1.5);
}

static gm_tensor *draw(void *user, const char *name, gm_shape shape) {
    fixture *f = user;
    assert_string_equal(name, "net.0");
    assert_true(gm_shape_equal(&shape, &GM_SHAPE(1, 2, SIDE, SIDE)));
    return gm_random_uniform(f->graph, "seeds", shape, NULL);
}

static void noise_is_normal_in_training_and_of_seeds(void **state) {
    (void)state;
    static double zeros[2 * PLACES];
    const double strength[] = {4}, step[] = {0, 0};
    fixture f;
    gm_layer layer;
    begin(&f);
    gm_network *network = network_of("noise", NULL, &layer);
    gm_tensor *x = float_input(&f, "x", GM_SHAPE(1, 2, SIDE, SIDE)),
              *counter = gm_input(f.graph, "n", GM_INT32, GM_SHAPE(2));
    gm_tensor *training = gm_network_apply(network, x, GM_MODE_TRAINING, counter);
    gm_tensor *again = gm_network_apply(network, x, GM_MODE_TRAINING, counter);
    gm_tensor *plain = gm_network_apply(network, x, GM_MODE_INFERENCE, NULL);
    gm_network_set_draw(network, draw, &f);
    gm_tensor *of_seeds = gm_network_apply(network, x, GM_MODE_INFERENCE, NULL);
    set(&f, x, zeros);
    set(&f, counter, step);
    has_values(&f, training, zeros, 2 * PLACES); // the strength starts at 0
    set(&f, gm_variable_find(f.graph, "net.0.weight"), strength);
    gm_tensor *const noisy[] = {training, again, plain, of_seeds};
    for (size_t i = 0; i < GM_COUNT(noisy); i++)
        check_noise(&f, noisy[i]);
    const double first = evaluate(&f, training)[0];
    assert_true(fabs(first - evaluate(&f, again)[0]) > 0); // each application draws its own
    gm_network_destroy(&network);
    end(&f);
}

// ---- Faults ----

static gm_tensor *modulate(gm_tensor *x, gm_tensor *style, size_t kernel) {
    return gm_modulated_conv(x, style, "m", &(gm_modulated_conv_params){.channels = 2, .kernel = {kernel, kernel}});
}

static void faults_say_what_is_allowed(void **state) {
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        static const char *const says[] = {
            "m (modulated_conv): the kernel must be odd along each axis",
            "m (modulated_conv): the style must be vectors (4, M), one for each sample of (4, 3, 4, 5), not (2, 24)",
            "m (modulated_conv): ",
            "net layer 0 (noise): it takes samples with positions (N, C, ...), not (4, 12)",
            "net layer 0 (noise): it needs a counter",
            "pixel_norm: it takes samples (N, C, ...), not (48)",
        };
        fixture f;
        gm_layer layer;
        begin(&f);
        gm_network *network = network_of("noise", NULL, &layer);
        gm_tensor *vectors = float_input(&f, "v", GM_SHAPE(4, 12)),
                  *images = float_input(&f, "i", GM_SHAPE(4, 3, 4, 5));
        if (i == 0)
            modulate(images, vectors, 2);
        else if (i == 1)
            modulate(images, gm_reshape(vectors, GM_SHAPE(2, 24)), 3);
        else if (i == 2)
            modulate(vectors, vectors, 3);
        else if (i < 5)
            gm_network_apply(network, i == 3 ? vectors : images, GM_MODE_TRAINING, NULL);
        else
            gm_pixel_norm(gm_reshape(vectors, GM_SHAPE(48)), 0);
        fault_says(&f, says[i], "");
        gm_network_destroy(&network);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixel_norm_makes_the_mean_square_1),
        cmocka_unit_test(constant_is_the_same_for_every_sample),
        cmocka_unit_test(truncation_draws_to_the_running_mean),
        cmocka_unit_test(noise_is_normal_in_training_and_of_seeds),
        cmocka_unit_test(faults_say_what_is_allowed),
    };
    return cmocka_run_group_tests_name("style", tests, NULL, NULL);
}

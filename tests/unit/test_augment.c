// Augmentation and packing: against a plain C version of each operation with the same random numbers, gradients, the
// distributions of what is drawn, and what an adaptive probability does.
#include "ganymede/augment.h"
#include "nn_test.h"
#include "reference/gradient_check.h"

#include <stdlib.h>

enum { SEED = 7 }; // of the fixture's interpreter

static const gm_augment_params everything = {.brightness = {-0.5, 0.5},
                                             .saturation = {0, 2},
                                             .contrast = {0.5, 1.5},
                                             .translation = 0.25,
                                             .cutout = 0.4,
                                             .flip = true};

static gm_tensor *counter_of(fixture *f) {
    return gm_variable(f->graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
}

// ---- The plain version ----

typedef struct images {
    size_t N, C, H, W;
    double *value;
} images;

static double *pixel(const images *x, size_t n, size_t c, size_t h, size_t w) {
    return &x->value[((n * x->C + c) * x->H + h) * x->W + w];
}

// Column `i` of `columns` for image n in step t.
static double drawn(const char *stream, size_t n, size_t i, size_t columns, uint32_t t) {
    return gm_philox_uniform(SEED, gm_stream(stream), t, 0, n * columns + i);
}

static void plain_flip(const images *x, size_t n) {
    for (size_t c = 0; c < x->C; c++)
        for (size_t h = 0; h < x->H; h++)
            for (size_t w = 0; w < x->W / 2; w++) {
                double *a = pixel(x, n, c, h, w), *b = pixel(x, n, c, h, x->W - 1 - w), kept = *a;
                *a = *b;
                *b = kept;
            }
}

// As DiffAugment's code has it: brightness, saturation, contrast, each by the values that the one before left.
static void plain_colour(const images *x, size_t n, const gm_augment_params *p, const double u[3]) {
    double sum = 0;
    for (size_t h = 0; h < x->H; h++)
        for (size_t w = 0; w < x->W; w++) {
            double mean = 0;
            for (size_t c = 0; c < x->C; c++) {
                *pixel(x, n, c, h, w) += (2 * u[0] - 1) * p->brightness.high;
                mean += *pixel(x, n, c, h, w) / (double)x->C;
            }
            for (size_t c = 0; c < x->C; c++) {
                double *v = pixel(x, n, c, h, w);
                if (x->C == 3)
                    *v = mean + (*v - mean) * (1 + (2 * u[1] - 1) * (p->saturation.high - 1));
                sum += *v;
            }
        }
    double mean = sum / (double)(x->C * x->H * x->W);
    for (size_t i = 0; i < x->C * x->H * x->W; i++) {
        double *v = pixel(x, n, 0, 0, 0) + i;
        *v = mean + (*v - mean) * (1 + (2 * u[2] - 1) * (p->contrast.high - 1));
    }
}

static void plain_translation(const images *x, size_t n, double share, const double u[2]) {
    long limit[2] = {lround(share * (double)x->H), lround(share * (double)x->W)}, by[2];
    for (size_t i = 0; i < 2; i++)
        by[i] = (long)(u[i] * (double)(2 * limit[i] + 1)) - limit[i];
    images old = *x;
    old.value = malloc(x->N * x->C * x->H * x->W * sizeof *old.value);
    assert_non_null(old.value);
    memcpy(old.value, x->value, x->N * x->C * x->H * x->W * sizeof *old.value);
    for (size_t c = 0; c < x->C; c++)
        for (long h = 0; h < (long)x->H; h++)
            for (long w = 0; w < (long)x->W; w++) {
                long i = h - by[0], j = w - by[1];
                bool inside = i >= 0 && i < (long)x->H && j >= 0 && j < (long)x->W;
                *pixel(x, n, c, (size_t)h, (size_t)w) = inside ? *pixel(&old, n, c, (size_t)i, (size_t)j) : 0;
            }
    free(old.value);
}

static void plain_cutout(const images *x, size_t n, double share, const double u[2]) {
    long side[2] = {lround(share * (double)x->H), lround(share * (double)x->W)}, at[2];
    const size_t length[2] = {x->H, x->W};
    for (size_t i = 0; i < 2; i++)
        at[i] = (long)(u[i] * (double)(length[i] + (side[i] % 2 == 0))) - side[i] / 2;
    for (size_t c = 0; c < x->C; c++)
        for (long h = at[0]; h < at[0] + side[0]; h++)
            for (long w = at[1]; w < at[1] + side[1]; w++)
                if (h >= 0 && h < (long)x->H && w >= 0 && w < (long)x->W)
                    *pixel(x, n, c, (size_t)h, (size_t)w) = 0;
}

static void plain_augment(const images *x, const gm_augment_params *p, double probability, uint32_t t) {
    for (size_t n = 0; n < x->N; n++) {
        double u[4];
        if (drawn("real.flip", n, 0, 1, t) < probability / 2)
            plain_flip(x, n);
        for (size_t i = 0; i < 4; i++)
            u[i] = drawn("real.colour", n, i, 4, t);
        if (u[0] < probability)
            plain_colour(x, n, p, u + 1);
        for (size_t i = 0; i < 3; i++)
            u[i] = drawn("real.translation", n, i, 3, t);
        if (u[0] < probability)
            plain_translation(x, n, p->translation, u + 1);
        for (size_t i = 0; i < 3; i++)
            u[i] = drawn("real.cutout", n, i, 3, t);
        if (u[0] < probability)
            plain_cutout(x, n, p->cutout, u + 1);
    }
}

static void augmented_images_equal_the_plain_version(void **state) {
    (void)state;
    static const images shapes[] = {{12, 3, 8, 11, NULL}, {9, 1, 7, 6, NULL}, {5, 2, 5, 5, NULL}, {4, 3, 1, 1, NULL}};
    static const double probabilities[] = {0.6, 1, 0};
    for (size_t s = 0; s < GM_COUNT(shapes); s++)
        for (size_t k = 0; k < GM_COUNT(probabilities); k++) {
            fixture f;
            begin(&f);
            images plain = shapes[s];
            size_t count = plain.N * plain.C * plain.H * plain.W;
            gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(plain.N, plain.C, plain.H, plain.W));
            gm_tensor *p = gm_input(f.graph, "p", GM_FLOAT32, GM_SHAPE(1)), *counter = counter_of(&f);
            gm_tensor *y = gm_augment(x, "real", &everything, p, counter);
            double *values = malloc(2 * count * sizeof *values);
            assert_non_null(values);
            plain.value = values + count;
            for (uint32_t t = 0; t < 3; t++) {
                for (size_t i = 0; i < count; i++)
                    values[i] = plain.value[i] = gm_philox_normal(1, gm_stream("x"), t, 0, i);
                set(&f, counter, (double[]){t, 0});
                set(&f, p, &probabilities[k]);
                set(&f, x, values);
                plain_augment(&plain, &everything, probabilities[k], t);
                has_values(&f, y, plain.value, count);
            }
            free(values);
            end(&f);
        }
}

static void an_operation_that_is_left_out_changes_nothing(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 1, 8, 8)), *counter = counter_of(&f);
    assert_ptr_equal(gm_augment(x, "none", &(gm_augment_params){0}, NULL, counter), x);
    assert_ptr_equal(gm_augment(x, "grey", &(gm_augment_params){.saturation = {0, 2}}, NULL, counter), x);
    assert_ptr_equal(gm_augment(x, "short", &(gm_augment_params){.translation = 0.05}, NULL, counter), x);
    gm_tensor *all = gm_augment(x, "all", &everything, NULL, counter);
    gm_tensor *same = gm_augment(x, "all", &everything, gm_constant(f.graph, 1), counter);
    double expected[128], values[128];
    for (size_t i = 0; i < 128; i++)
        values[i] = 1 + (double)i;
    set(&f, x, values);
    memcpy(expected, evaluate(&f, all), sizeof expected);
    has_values(&f, same, expected, 128);
    end(&f);
}

static void steps_repeat_and_differ(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    enum { COUNT = 8 * 3 * 8 * 8 };
    gm_tensor *counter = counter_of(&f), *x = gm_random_normal(f.graph, "x", GM_SHAPE(8, 3, 8, 8), NULL);
    gm_tensor *y = gm_augment(x, "real", &everything, NULL, counter);
    gm_tensor *other = gm_augment(x, "fake", &everything, NULL, counter);
    static double first[COUNT];
    memcpy(first, evaluate(&f, y), sizeof first);
    assert_memory_not_equal(first, evaluate(&f, other), sizeof first);
    set(&f, counter, (double[]){0, 1});
    assert_memory_not_equal(first, evaluate(&f, y), sizeof first);
    set(&f, counter, (double[]){1, 0});
    assert_memory_not_equal(first, evaluate(&f, y), sizeof first);
    set(&f, counter, (double[]){0, 0});
    assert_memory_equal(first, evaluate(&f, y), sizeof first);
    end(&f);
}

// ---- Distributions ----

enum { MANY = 6000, SIDE = 9 };

// Within 4 standard errors of the expected share of MANY.
static void share_is(const char *what, size_t count, double expected) {
    double share = (double)count / MANY, error = sqrt(expected * (1 - expected) / MANY);
    if (!(fabs(share - expected) <= 4 * error))
        fail_msg("%s: %zu of %d, %.2f standard errors from %g", what, count, MANY, (share - expected) / error,
                 expected);
}

// MANY copies of an image of SIDE x SIDE zeros with one 1 at (h, w), or of ones alone, augmented.
static const double *many(fixture *f, bool single, size_t h, size_t w, const gm_augment_params *params, double p) {
    begin(f);
    static double image[SIDE * SIDE];
    for (size_t i = 0; i < SIDE * SIDE; i++)
        image[i] = !single || i == h * SIDE + w;
    gm_tensor *x = gm_input(f->graph, "x", GM_FLOAT32, GM_SHAPE(1, 1, SIDE, SIDE));
    set(f, x, image);
    return evaluate(f, gm_augment(gm_broadcast(x, GM_SHAPE(MANY, 1, SIDE, SIDE)), "many", params,
                                  gm_constant(f->graph, p), counter_of(f)));
}

static void flips_are_half_as_frequent_as_the_probability(void **state) {
    (void)state;
    fixture f;
    const double *y = many(&f, true, 0, 0, &(gm_augment_params){.flip = true}, 0.7);
    size_t flipped = 0;
    for (size_t n = 0; n < MANY; n++)
        flipped += y[n * SIDE * SIDE + SIDE - 1] > 0;
    share_is("flips", flipped, 0.35);
    end(&f);
}

static void moves_of_every_length_are_equally_frequent(void **state) {
    (void)state;
    fixture f;
    enum { LIMIT = 2 }; // .2 of 9 is 1.8
    const double *y = many(&f, true, 4, 3, &(gm_augment_params){.translation = 0.2}, 0.6);
    size_t down[2 * LIMIT + 1] = {0}, right[2 * LIMIT + 1] = {0};
    for (size_t n = 0; n < MANY; n++)
        for (size_t i = 0; i < SIDE * SIDE; i++)
            if (y[n * SIDE * SIDE + i] > 0) {
                size_t h = i / SIDE - 4 + LIMIT, w = i % SIDE - 3 + LIMIT;
                assert_true(h <= 2 * LIMIT && w <= 2 * LIMIT);
                down[h]++;
                right[w]++;
            }
    for (size_t i = 0; i <= 2 * LIMIT; i++) {
        share_is("down", down[i], 0.6 / 5 + (i == LIMIT ? 0.4 : 0));
        share_is("right", right[i], 0.6 / 5 + (i == LIMIT ? 0.4 : 0));
    }
    end(&f);
}

// A rectangle of 4 x 4 (.4 of 9 is 3.6) in 9 x 9 begins at -2 to 7: its middle is one of ten edges.
static void rectangles_are_anywhere(void **state) {
    (void)state;
    fixture f;
    const double *y = many(&f, false, 0, 0, &(gm_augment_params){.cutout = 0.4}, 0.8);
    size_t cut = 0, blank[SIDE] = {0};
    for (size_t n = 0; n < MANY; n++) {
        const double *image = y + n * SIDE * SIDE;
        size_t rows = 0, zeros = 0;
        for (size_t h = 0; h < SIDE; h++) {
            size_t row = 0;
            for (size_t w = 0; w < SIDE; w++)
                row += image[h * SIDE + w] == 0;
            blank[h] += row > 0;
            rows += row > 0;
            zeros += row;
        }
        assert_true(zeros == 0 || (zeros % rows == 0 && rows >= 2 && rows <= 4 && zeros / rows >= 2));
        cut += zeros > 0;
    }
    share_is("rectangles", cut, 0.8);
    for (size_t h = 0; h < SIDE; h++) // of the beginnings -2 ... 7, those from h - 3 to h reach row h
        share_is("row", blank[h], 0.8 * (double)(GM_MIN((int)h, 7) - GM_MAX((int)h - 3, -2) + 1) / 10);
    end(&f);
}

static void colours_are_uniform(void **state) {
    (void)state;
    fixture f;
    const double *y = many(&f, false, 0, 0, &(gm_augment_params){.brightness = {-0.25, 0.25}}, 1);
    size_t below[4] = {0};
    for (size_t n = 0; n < MANY; n++) {
        double b = y[n * SIDE * SIDE] - 1;
        assert_true(b >= -0.25 && b < 0.25);
        for (size_t k = 0; k < 4; k++)
            below[k] += b < -0.25 + 0.125 * (double)k;
    }
    for (size_t k = 1; k < 4; k++)
        share_is("brightness", below[k], 0.25 * (double)k);
    end(&f);
    y = many(&f, true, 0, 0, &(gm_augment_params){.contrast = {0.5, 1.5}}, 1);
    memset(below, 0, sizeof below);
    for (size_t n = 0; n < MANY; n++) { // what is left of the distance between the pixel and the others
        double factor = y[n * SIDE * SIDE] - y[n * SIDE * SIDE + 1];
        assert_true(factor >= 0.5 && factor < 1.5);
        for (size_t k = 0; k < 4; k++)
            below[k] += factor < 0.5 + 0.25 * (double)k;
    }
    for (size_t k = 1; k < 4; k++)
        share_is("contrast", below[k], 0.25 * (double)k);
    end(&f);
}

// ---- Gradients ----

static gm_tensor *build_augmented(gm_graph *graph, gm_tensor *const *x) {
    gm_tensor *counter = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){.a = 2});
    return gm_square(gm_augment(x[0], "real", &everything, gm_constant(graph, 0.7), counter));
}

static void gradients_match_differences_once_and_twice(void **state) {
    (void)state;
    static const gm_gradient_case c = {
        .name = "augment", .build = build_augmented, .count = 1, .variable = {{.shape = {4, {4, 3, 4, 5}}}}};
    assert_true(gm_gradient_check(&c, 1));
    assert_true(gm_gradient_check(&c, 2));
}

// ---- The adaptive probability ----

static void the_probability_follows_the_sign_of_the_logits(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *logits = gm_input(f.graph, "logits", GM_FLOAT32, GM_SHAPE(8, 1)); // eighths are exact
    gm_tensor *p = gm_variable(f.graph, "p", GM_FLOAT32, GM_SCALAR, (gm_initializer){.a = 0.5});
    gm_tensor *next = gm_augment_probability(p, logits, &(gm_adaptive_params){.target = 0.5, .images = 100});
    gm_tensor *slow = gm_augment_probability(p, logits, &(gm_adaptive_params){.target = 0.5, .batch = 40});
    assert_int_equal(gm_tensor_shape(next)->rank, 0);
    set(&f, logits, (double[]){1, 2, 3, 4, 5, 6, -7, 0}); // E sign = .625
    has_values(&f, next, (double[]){0.58}, 1);
    has_values(&f, slow, (double[]){0.5 + 40 / 500e3}, 1);
    set(&f, logits, (double[]){1, 2, 3, 4, 5, 6, -7, -8}); // .5
    has_values(&f, next, (double[]){0.5}, 1);
    set(&f, logits, (double[]){1, 2, 3, 4, 5, -6, -7, 0}); // .375
    has_values(&f, next, (double[]){0.42}, 1);
    set(&f, p, (double[]){0.05});
    has_values(&f, next, (double[]){0}, 1);
    set(&f, p, (double[]){0.95});
    set(&f, logits, (double[]){1, 1, 1, 1, 1, 1, 1, 1});
    has_values(&f, next, (double[]){1}, 1);
    end(&f);
}

// ---- Packing, settings, faults ----

static void packed_samples_lie_side_by_side(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 2, 1, 2)), *z = gm_reshape(x, GM_SHAPE(4, 4));
    double values[16];
    for (size_t i = 0; i < 16; i++)
        values[i] = (double)i;
    set(&f, x, values);
    gm_tensor *packed = gm_pack(x, 2);
    assert_true(gm_shape_equal(gm_tensor_shape(packed), &GM_SHAPE(2, 4, 1, 2)));
    has_values(&f, packed, values, 16); // sample 1's channels follow sample 0's
    assert_true(gm_shape_equal(gm_tensor_shape(gm_pack(z, 4)), &GM_SHAPE(1, 16)));
    assert_ptr_equal(gm_pack(x, 1), x);
    assert_true(gm_is_poison(gm_pack(x, 3)));
    fault_says(&f, "pack: 4 samples cannot be packed by 3", "choose a batch");
    end(&f);
}

static void the_table_agrees_with_the_macro(void **state) {
    (void)state;
    size_t count;
    const gm_parameter *rows = gm_augment_parameters(&count);
    gm_augment_params params, macro = GM_AUGMENT_DEFAULTS;
    memset(&params, 0xff, sizeof params);
    gm_parameter_defaults(rows, count, &params);
    assert_memory_equal(&params.brightness, &macro.brightness, sizeof params.brightness);
    assert_memory_equal(&params.saturation, &macro.saturation, sizeof params.saturation);
    assert_memory_equal(&params.contrast, &macro.contrast, sizeof params.contrast);
    assert_near(params.translation, macro.translation, 0);
    assert_near(params.cutout, macro.cutout, 0);
    assert_int_equal(params.flip, macro.flip);
}

static void faults_name_the_use_and_the_reason(void **state) {
    (void)state;
    static const struct {
        gm_shape shape;
        gm_augment_params params;
        bool counted;
        size_t probabilities;
        const char *start, *part;
    } cases[] = {
        {{2, {4, 8}}, {.flip = true}, true, 1, "real (augment): it takes float32 images", "(4, 8)"},
        {{4, {4, 1, 8, 8}}, {.cutout = 1.5}, true, 1, "real (augment): cutout must be a number from 0 to 1", "1.5"},
        {{4, {4, 1, 8, 8}}, {.contrast = {-1, 1}}, true, 1, "real (augment): contrast must be", "-1"},
        {{4, {4, 1, 8, 8}}, {.flip = true}, false, 1, "real (augment): it needs a counter", "every step"},
        {{4, {4, 1, 8, 8}}, {.flip = true}, true, 2, "real (augment): the probability must be one", "(2)"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        fixture f;
        begin(&f);
        gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, cases[i].shape);
        gm_tensor *p = gm_input(f.graph, "p", GM_FLOAT32, GM_SHAPE(cases[i].probabilities));
        gm_augment(x, "real", &cases[i].params, p, cases[i].counted ? counter_of(&f) : NULL);
        fault_says(&f, cases[i].start, cases[i].part);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(augmented_images_equal_the_plain_version),
        cmocka_unit_test(an_operation_that_is_left_out_changes_nothing),
        cmocka_unit_test(steps_repeat_and_differ),
        cmocka_unit_test(flips_are_half_as_frequent_as_the_probability),
        cmocka_unit_test(moves_of_every_length_are_equally_frequent),
        cmocka_unit_test(rectangles_are_anywhere),
        cmocka_unit_test(colours_are_uniform),
        cmocka_unit_test(gradients_match_differences_once_and_twice),
        cmocka_unit_test(the_probability_follows_the_sign_of_the_logits),
        cmocka_unit_test(packed_samples_lie_side_by_side),
        cmocka_unit_test(the_table_agrees_with_the_macro),
        cmocka_unit_test(faults_name_the_use_and_the_reason),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}

// Warps among the augmentations: whole turns and steps pixel by pixel, fractions by their distributions.
#include "ganymede/augment.h"
#include "nn_test.h"

enum { SIDE = 9, MANY = 400 };

// Copies of one image, augmented.
static const double *augmented(fixture *f, const double *image, const gm_augment_params *params, double probability) {
    begin(f);
    gm_tensor *x = gm_input(f->graph, "x", GM_FLOAT32, GM_SHAPE(1, 1, SIDE, SIDE));
    gm_tensor *step = gm_variable(f->graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    set(f, x, image);
    return evaluate(f, gm_augment(gm_broadcast(x, GM_SHAPE(MANY, 1, SIDE, SIDE)), "many", params,
                                  gm_constant(f->graph, probability), step));
}

static void fill(double *image) {
    for (size_t i = 0; i < SIDE * SIDE; i++)
        image[i] = (double)((i * 37 + 11) % 83) / 83;
}

typedef double pixel_of(const double *image, long row, long column);

static double inside(const double *image, long row, long column) {
    return row >= 0 && row < SIDE && column >= 0 && column < SIDE ? image[row * SIDE + column] : 0;
}

static double turned(const double *image, long row, long column) { // counter-clockwise by 90 degrees
    return inside(image, column, SIDE - 1 - row);
}

static double slanted(const double *image, long row, long column) { // what is above the middle, to the left
    return inside(image, row, column - (row - SIDE / 2));
}

static double doubled(const double *image, long row, long column) {
    double sum = 0, mid = SIDE / 2, r = mid + ((double)row - mid) / 2, c = mid + ((double)column - mid) / 2;
    for (long k = 0; k < 4; k++) {
        long h = (long)floor(r) + k / 2, w = (long)floor(c) + k % 2;
        sum += (1 - fabs(r - (double)h)) * (1 - fabs(c - (double)w)) * inside(image, h, w);
    }
    return sum;
}

static double upended(const double *image, long row, long column) {
    return inside(image, SIDE - 1 - row, column);
}

static void fixed_warps_move_every_pixel_where_it_belongs(void **state) {
    (void)state;
    static const struct {
        gm_augment_params params;
        pixel_of *expected;
        bool half; // of the images, the others stay
    } cases[] = {
        {{.rotate = {90, 90}}, turned, false},
        {{.shear = {45, 45}}, slanted, false},
        {{.scale = {2, 2}}, doubled, false},
        {{.upend = true}, upended, true},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        fixture f;
        double image[SIDE * SIDE];
        size_t changed = 0;
        fill(image);
        const double *y = augmented(&f, image, &cases[i].params, 1);
        for (size_t n = 0; n < MANY; n++) {
            const double *own = y + n * SIDE * SIDE;
            bool stays = cases[i].half && fabs(own[0] - image[0]) < 1e-9;
            changed += !stays;
            for (long r = 0; r < SIDE; r++)
                for (long c = 0; c < SIDE; c++)
                    if (fabs(own[r * SIDE + c] - (stays ? inside : cases[i].expected)(image, r, c)) > 1e-5)
                        fail_msg("case %zu: pixel (%ld, %ld) of image %zu is %g instead of %g", i, r, c, n,
                                 own[r * SIDE + c], (stays ? inside : cases[i].expected)(image, r, c));
        }
        assert_true(cases[i].half ? changed > MANY / 3 && changed < 2 * MANY / 3 : changed == MANY);
        end(&f);
    }
}

// Row and column that the images' ramps say were read at the middle of the result.
static void a_range_is_drawn_from_evenly_and_applied_with_the_probability(void **state) {
    (void)state;
    fixture f;
    double ramp[SIDE * SIDE], least = 1e9, most = -1e9;
    size_t still = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++)
        ramp[i] = (double)(i % SIDE);
    const double *y = augmented(&f, ramp, &(gm_augment_params){.rotate = {-20, 40}, .border = GM_AUGMENT_EDGE}, .75);
    for (size_t n = 0; n < MANY; n++) {
        // beside the middle: one step to the right is cos of the angle along the ramp, one down is minus sin
        const double *at = y + n * SIDE * SIDE + SIDE * (SIDE / 2) + SIDE / 2;
        double angle = atan2(at[0] - at[SIDE], at[1] - at[0]) * 180 / acos(-1);
        still += fabs(angle) < 1e-9;
        least = fmin(least, angle);
        most = fmax(most, angle);
    }
    assert_true(still > MANY / 6 && still < MANY / 3);
    if (!(least > -20.001 && least < -18 && most > 38 && most < 40.001))
        fail_msg("angles from %g to %g instead of -20 to 40", least, most);
    end(&f);
}

// Of a ramp from 0 to SIDE - 1 the step from pixel to pixel is the share, and no part reaches beyond the ends.
static void crops_are_parts_of_the_image(void **state) {
    (void)state;
    fixture f;
    double ramp[SIDE * SIDE], least = SIDE, most = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++)
        ramp[i] = (double)(i % SIDE) + 1;
    const double *y = augmented(&f, ramp, &(gm_augment_params){.crop = {.5, .5}}, 1);
    for (size_t n = 0; n < MANY; n++) {
        const double *row = y + n * SIDE * SIDE;
        assert_near(row[1] - row[0], .5, 1e-5);
        assert_true(row[0] > 1 - 1e-5 && row[SIDE - 1] < SIDE + 1e-5);
        least = fmin(least, row[0]);
        most = fmax(most, row[0]);
    }
    assert_true(least < 1.1 && most > 4.9);
    end(&f);
}

static void borders_hold_what_they_say(void **state) {
    (void)state;
    for (int border = GM_AUGMENT_ZERO; border <= GM_AUGMENT_REFLECT; border++) {
        fixture f;
        double image[SIDE * SIDE];
        size_t moved = 0;
        fill(image);
        const double *y = augmented(&f, image, &(gm_augment_params){.translation = .4, .border = border}, 1);
        for (size_t n = 0; n < MANY; n++) {
            const double *own = y + n * SIDE * SIDE;
            bool found = false;
            for (long down = -4; down <= 4 && !found; down++)
                for (long right = -4; right <= 4 && !found; right++) {
                    bool same = true;
                    for (long i = 0; i < SIDE * SIDE && same; i++) {
                        long at[2] = {i / SIDE - down, i % SIDE - right};
                        for (size_t k = 0; k < 2 && border != GM_AUGMENT_ZERO; k++) {
                            long clear = at[k] < 0 ? -at[k] : at[k] > SIDE - 1 ? 2 * (SIDE - 1) - at[k] : at[k];
                            long edge = at[k] < 0 ? 0 : at[k] > SIDE - 1 ? SIDE - 1 : at[k];
                            at[k] = border == GM_AUGMENT_EDGE ? edge : clear;
                        }
                        same = fabs(own[i] - inside(image, at[0], at[1])) < 1e-5;
                    }
                    found = same;
                    moved += same && (down != 0 || right != 0);
                }
            if (!found)
                fail_msg("border %d: image %zu is no move of the whole", border, n);
        }
        assert_true(moved > MANY / 2);
        end(&f);
    }
}

static void bending_stays_within_its_share_and_is_smooth(void **state) {
    (void)state;
    fixture f;
    double ramp[SIDE * SIDE], most = 0, jump = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++)
        ramp[i] = (double)(i % SIDE);
    const double *y = augmented(&f, ramp, &(gm_augment_params){.elastic = {.1, .1}, .border = GM_AUGMENT_EDGE}, 1);
    for (size_t i = 0; i < MANY * SIDE * SIDE; i++) {
        double step = fabs(y[i] - ramp[i % (SIDE * SIDE)]);
        most = fmax(most, step);
        if (i % SIDE > 0)
            jump = fmax(jump, fabs(y[i] - y[i - 1] - 1));
    }
    if (!(most <= .1 * SIDE + 1e-5 && most > .07 * SIDE && jump < 1.25))
        fail_msg("steps up to %g and jumps up to %g", most, jump);
    end(&f);
}

static void noise_has_the_deviation(void **state) {
    (void)state;
    fixture f;
    double grey[SIDE * SIDE] = {0}, square = 0;
    const double *y = augmented(&f, grey, &(gm_augment_params){.noise = {.2, .2}}, 1);
    for (size_t i = 0; i < MANY * SIDE * SIDE; i++)
        square += y[i] * y[i];
    assert_near(sqrt(square / (MANY * SIDE * SIDE)), .2, .005);
    end(&f);
}

// As pairs of images want it.
static void one_name_draws_the_same_twice(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_augment_params params = {.rotate = {-30, 30}, .flip = true, .crop = {.6, 1}};
    gm_tensor *step = gm_variable(f.graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *x = gm_random_normal(f.graph, "x", GM_SHAPE(5, 1, 7, 8), NULL);
    gm_tensor *a = gm_augment(x, "pair", &params, NULL, step),
              *b = gm_augment(gm_scale(x, 2), "pair", &params, NULL, step);
    const double *difference = evaluate(&f, gm_subtract(b, gm_scale(a, 2)));
    for (size_t i = 0; i < 5 * 7 * 8; i++)
        assert_near(difference[i], 0, 1e-9);
    assert_true(fabs(evaluate(&f, gm_sum_all(gm_abs(gm_subtract(a, x))))[0]) > 1);
    end(&f);
}

// One number reaches to both sides of what changes nothing, or from there to the other end.
static void ranges_are_read_and_written_alike(void **state) {
    (void)state;
    static const struct {
        const char *key, *items[2];
        gm_interval range;
        const char *text; // NULL: refused
    } cases[] = {
        {"rotate", {"10"}, {-10, 10}, "10"},
        {"rotate", {"-5", "20"}, {-5, 20}, "[-5, 20]"},
        {"scale", {"0.25"}, {.75, 1.25}, "0.25"},
        {"scale", {"0.5", "0.5"}, {.5, .5}, "[0.5, 0.5]"},
        {"crop", {"0.5"}, {.5, 1}, "0.5"},
        {"noise", {"0.25"}, {0, .25}, "0.25"},
        {"noise", {"0.5", "1"}, {.5, 1}, "[0.5, 1]"},
        {"rotate", {"-10"}, {0, 0}, NULL},
        {"rotate", {"181"}, {0, 0}, NULL},
        {"scale", {"1"}, {0, 0}, NULL},
        {"crop", {"1.5"}, {0, 0}, NULL},
        {"scale", {"1.5", "0.5"}, {0, 0}, NULL},
        {"noise", {"0", "x"}, {0, 0}, NULL},
    };
    size_t count;
    const gm_parameter *rows = gm_augment_parameters(&count);
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_augment_params params = GM_AUGMENT_NONE, before = params;
        const gm_parameter *row = gm_parameter_find(rows, count, cases[i].key);
        assert_non_null(row);
        gm_status status = cases[i].items[1] ? gm_parameter_set_list(row, &params, cases[i].items, 2)
                                             : gm_parameter_set_text(row, &params, cases[i].items[0]);
        if (!cases[i].text) {
            assert_int_equal(status, GM_ERROR_ARGUMENT);
            assert_memory_equal(&params, &before, sizeof params);
            continue;
        }
        char text[40];
        assert_int_equal(status, GM_OK);
        const gm_interval *range = (const gm_interval *)(const void *)((const char *)&params + row->offset);
        assert_near(range->low, cases[i].range.low, 1e-12);
        assert_near(range->high, cases[i].range.high, 1e-12);
        assert_string_equal(gm_parameter_format(row, &params, text, sizeof text), cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_warps_move_every_pixel_where_it_belongs),
        cmocka_unit_test(a_range_is_drawn_from_evenly_and_applied_with_the_probability),
        cmocka_unit_test(crops_are_parts_of_the_image),
        cmocka_unit_test(borders_hold_what_they_say),
        cmocka_unit_test(bending_stays_within_its_share_and_is_smooth),
        cmocka_unit_test(noise_has_the_deviation),
        cmocka_unit_test(one_name_draws_the_same_twice),
        cmocka_unit_test(ranges_are_read_and_written_alike),
    };
    return cmocka_run_group_tests_name("augmenting warps", tests, NULL, NULL);
}

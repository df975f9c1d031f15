// Plain fills of images, on images whose answers are known.
#include "check_ok.h"
#include "use/compare.h"
#include "use/fills.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { HEIGHT = 6, WIDTH = 7, AREA = HEIGHT * WIDTH };

static const gm_picture_shape grey = {1, HEIGHT, WIDTH};

// Rows 1 to 3, columns 2 to 5.
static void hide(uint8_t mask[AREA]) {
    memset(mask, 0, AREA);
    for (size_t y = 1; y < 4; y++)
        memset(mask + y * WIDTH + 2, 1, 4);
}

// a + b x + c y, which is harmonic.
static float plane_at(size_t i) {
    return .25f + .125f * (float)(i % WIDTH) - .0625f * (float)(i / WIDTH);
}

static void a_plane_is_filled_in_as_it_was(void **state) {
    (void)state;
    uint8_t mask[AREA];
    float image[AREA];
    hide(mask);
    for (size_t i = 0; i < AREA; i++)
        image[i] = mask[i] ? NAN : plane_at(i);
    check_ok(gm_fill_harmonic(&grey, image, mask));
    for (size_t i = 0; i < AREA; i++)
        assert_float_equal(image[i], (float)(plane_at(i)), 1e-6f);
}

static void a_hole_at_the_edge_mirrors(void **state) {
    (void)state;
    const gm_picture_shape line = {1, 1, 4};
    uint8_t mask[4] = {0, 1, 0, 1};
    float image[4] = {1, NAN, 3, NAN};
    check_ok(gm_fill_harmonic(&line, image, mask));
    assert_float_equal(image[1], (float)(2), 1e-6f);
    assert_float_equal(image[3], (float)(3), 1e-6f); // its only neighbour
}

static void what_is_all_hidden_stays_finite(void **state) {
    (void)state;
    uint8_t mask[AREA];
    float image[AREA];
    memset(mask, 1, sizeof mask);
    for (size_t i = 0; i < AREA; i++)
        image[i] = NAN;
    check_ok(gm_fill_harmonic(&grey, image, mask));
    for (size_t i = 0; i < AREA; i++)
        assert_true(isfinite(image[i]));
}

static void channels_are_filled_in_by_themselves(void **state) {
    (void)state;
    const gm_picture_shape pair = {2, 1, 3};
    uint8_t mask[3] = {0, 1, 0};
    float image[6] = {1, 9, 3, 5, 9, 9};
    gm_fill_mean(&pair, image, mask);
    assert_float_equal(image[1], (float)(2), 0);
    assert_float_equal(image[4], (float)(7), 0);
}

// The image is what was made and a constant: the blend is the image.
static void blending_keeps_gradients_and_meets_the_border(void **state) {
    (void)state;
    uint8_t mask[AREA];
    float image[AREA], made[AREA];
    hide(mask);
    for (size_t i = 0; i < AREA; i++) {
        made[i] = (float)(i * i % 11) / 11;
        image[i] = mask[i] ? NAN : made[i] + .5f;
    }
    check_ok(gm_fill_blend(&grey, image, mask, made));
    for (size_t i = 0; i < AREA; i++)
        assert_float_equal(image[i], (float)(made[i] + .5), 1e-6f);
}

// ---- Collections ----

enum { ITEMS = 40 };

// Item k is k / ITEMS everywhere, but 1 - k / ITEMS where hidden.
static void make_collection(float *images, const uint8_t mask[AREA]) {
    for (size_t k = 0; k < ITEMS; k++)
        for (size_t i = 0; i < AREA; i++)
            images[k * AREA + i] = mask[i] ? 1 - (float)k / ITEMS : (float)k / ITEMS;
}

static void the_nearest_by_the_known_pixels_fill_in(void **state) {
    (void)state;
    uint8_t mask[AREA];
    float images[ITEMS * AREA], image[2][AREA];
    hide(mask);
    make_collection(images, mask);
    const gm_collection collection = {grey, images, ITEMS};
    for (size_t i = 0; i < AREA; i++) {
        image[0][i] = mask[i] ? NAN : 7.f / ITEMS;
        image[1][i] = mask[i] ? NAN : 20.1f / ITEMS;
    }
    check_ok(gm_fill_nearest(&collection, image[0], 1, mask, 1));
    check_ok(gm_fill_nearest(&collection, image[1], 1, mask, 3));
    for (size_t i = 0; i < AREA; i++) {
        assert_float_equal(image[0][i], (float)(mask[i] ? 1 - 7. / ITEMS : 7. / ITEMS), 1e-6f);
        assert_float_equal(image[1][i], (float)(mask[i] ? .5 : 20.1 / ITEMS), 1e-6f);
    }
}

static void the_nearest_by_all_pixels_are_named(void **state) {
    (void)state;
    const uint8_t none[AREA] = {0};
    float images[ITEMS * AREA], asked[2][AREA];
    int32_t nearest[2];
    make_collection(images, none);
    for (size_t i = 0; i < AREA; i++) {
        asked[0][i] = 7.4f / ITEMS;
        asked[1][i] = i % 2 ? 29.f / ITEMS : 20.f / ITEMS; // as far from 24 as from 25
    }
    asked[1][0] += .1f;
    const gm_collection collection = {grey, images, ITEMS};
    check_ok(gm_find_nearest(&collection, asked[0], 2, nearest));
    assert_int_equal(nearest[0], 7);
    assert_int_equal(nearest[1], 25);
}

static void a_linear_relation_is_found(void **state) {
    (void)state;
    uint8_t mask[AREA];
    float images[ITEMS * AREA], image[AREA];
    hide(mask);
    make_collection(images, mask);
    const gm_collection collection = {grey, images, ITEMS};
    for (size_t i = 0; i < AREA; i++)
        image[i] = mask[i] ? NAN : .3125f;
    check_ok(gm_fill_ridge(&collection, image, 1, mask));
    for (size_t i = 0; i < AREA; i++)
        assert_float_equal(image[i], (float)(mask[i] ? .6875 : .3125), 1e-4f);
}

// Two images of two channels and four pixels, of which the mask hides two; without it all count.
static void images_are_compared_where_the_mask_is_set(void **unused) {
    (void)unused;
    const float wanted[16] = {0};
    const float made[16] = {.1f, .9f, .1f, .9f, .3f, .9f, .3f, .9f, .2f, .5f, .2f, .5f, .2f, .5f, .2f, .5f};
    const uint8_t mask[4] = {1, 0, 1, 0};
    gm_mean_figure l1, psnr;
    assert_int_equal(gm_compare_images(made, wanted, 2, 8, mask, 4, &l1, &psnr), GM_OK);
    assert_true(fabs(l1.value - .2) < 1e-6 && l1.error < 1e-6);
    assert_true(fabs(psnr.value - (-10 * log10(.05) - 10 * log10(.04)) / 2) < 1e-5);
    assert_int_equal(gm_compare_images(made, wanted, 2, 8, NULL, 0, &l1, &psnr), GM_OK);
    assert_true(fabs(l1.value - (.55 + .35) / 2) < 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_compared_where_the_mask_is_set),
        cmocka_unit_test(a_plane_is_filled_in_as_it_was),
        cmocka_unit_test(a_hole_at_the_edge_mirrors),
        cmocka_unit_test(what_is_all_hidden_stays_finite),
        cmocka_unit_test(channels_are_filled_in_by_themselves),
        cmocka_unit_test(blending_keeps_gradients_and_meets_the_border),
        cmocka_unit_test(the_nearest_by_the_known_pixels_fill_in),
        cmocka_unit_test(the_nearest_by_all_pixels_are_named),
        cmocka_unit_test(a_linear_relation_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

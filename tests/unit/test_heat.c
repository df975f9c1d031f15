// src/sample/heat.c: colours that rise in lightness, and spectrograms where they belong.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base.h"
#include "sample/heat.h"

static double lightness(const double colour[3]) {
    return .2126 * pow(colour[0], 2.2) + .7152 * pow(colour[1], 2.2) + .0722 * pow(colour[2], 2.2);
}

static void hotter_colours_are_lighter(void **state) {
    (void)state;
    double last = -1, colour[3];
    for (int i = 0; i <= 100; i++) {
        gm_heat_colour(i / 100., colour);
        if (!(lightness(colour) > last))
            fail_msg("%d %%: lightness %g after %g", i, lightness(colour), last);
        last = lightness(colour);
    }
    double cold[3], hot[3];
    gm_heat_colour(0, cold);
    gm_heat_colour(1, hot);
    for (int k = 0; k < 3; k++) {
        const double strange[] = {-5, NAN, -INFINITY};
        for (size_t i = 0; i < GM_COUNT(strange); i++) {
            gm_heat_colour(strange[i], colour);
            assert_true(colour[k] >= cold[k] && colour[k] <= cold[k]);
        }
        gm_heat_colour(7, colour);
        assert_true(colour[k] >= hot[k] && colour[k] <= hot[k]);
    }
}

static int red_at(const gm_raster *picture, size_t x, size_t y) {
    return ((const uint8_t *)picture->values)[3 * (y * picture->width + x)];
}

// 3 bands of 2 frames on 4 x 6 pixels, beside one column and below one row that stay as they are.
static void lowest_band_lies_at_the_bottom(void **state) {
    (void)state;
    static const float image[3][2] = {{1, -1}, {NAN, -1}, {-1, -1}};
    gm_raster picture;
    assert_int_equal(gm_raster_create(&picture, "a test", 5, 7, 3, 8), GM_OK);
    gm_heat_draw(&(gm_pane){&picture, 1, 1, 4, 6}, &image[0][0], 3, 2, -1, 1);
    for (size_t y = 0; y < 7; y++)
        for (size_t x = 0; x < 5; x++) {
            int want = (x == 1 || x == 2) && y >= 5 ? 0xfc : 0;
            if (red_at(&picture, x, y) != want)
                fail_msg("pixel %zu, %zu is %d, not %d", x, y, red_at(&picture, x, y), want);
        }
    gm_raster_finish(&picture);
}

static void pixels_show_the_largest_of_their_values(void **state) {
    (void)state;
    float image[8][8];
    gm_raster picture;
    for (size_t i = 0; i < 64; i++)
        image[i / 8][i % 8] = i == 9 ? 1 : -1;
    assert_int_equal(gm_raster_create(&picture, "a test", 2, 2, 3, 8), GM_OK);
    gm_heat_draw(&(gm_pane){&picture, 0, 0, 2, 2}, &image[0][0], 8, 8, -1, 1);
    assert_int_equal(red_at(&picture, 0, 1), 0xfc);
    assert_int_equal(red_at(&picture, 0, 0) + red_at(&picture, 1, 0) + red_at(&picture, 1, 1), 0);
    gm_raster_finish(&picture);
}

// A tone that begins in the middle: cold on the left, hot on the right in its band alone.
static void tone_shows_where_and_when_it_sounds(void **state) {
    (void)state;
    enum { COUNT = 4096, WIDTH = 64, HEIGHT = 32 };
    float *sound = calloc(COUNT, sizeof *sound);
    gm_raster picture;
    assert_non_null(sound);
    for (size_t i = COUNT / 2; i < COUNT; i++)
        sound[i] = (float)(.5 * sin(2 * acos(-1) * 2000 * (double)i / 8000));
    assert_int_equal(gm_raster_create(&picture, "a test", WIDTH, HEIGHT, 3, 8), GM_OK);
    assert_int_equal(gm_heat_draw_sound(&(gm_pane){&picture, 0, 0, WIDTH, HEIGHT}, sound, COUNT, 8000), GM_OK);
    size_t hottest = 0;
    for (size_t y = 0; y < HEIGHT; y++) {
        assert_int_equal(red_at(&picture, 10, y), 0);
        if (red_at(&picture, 50, y) > red_at(&picture, 50, hottest))
            hottest = y;
    }
    assert_true(red_at(&picture, 50, hottest) > 200);
    // 2000 Hz = 25.08 mel of 35.16, which 33 steps divide: band 23 from below, from 1
    if (hottest != HEIGHT - 24 && hottest != HEIGHT - 23)
        fail_msg("the tone lies in row %zu", hottest);
    assert_true(red_at(&picture, 50, HEIGHT - 3) < 20 && red_at(&picture, 50, 1) < 20);
    gm_raster_finish(&picture);
    free(sound);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hotter_colours_are_lighter),
        cmocka_unit_test(lowest_band_lies_at_the_bottom),
        cmocka_unit_test(pixels_show_the_largest_of_their_values),
        cmocka_unit_test(tone_shows_where_and_when_it_sounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Pictures as items of data sets: depth, transparency, numbers of channels.
#include "data_support.h"

#include <math.h>

// A grey picture of 16 bits and one of 8 become floats of one scale; floats stay as they are, scaled as bytes are.
static void deep_pictures_become_floats_and_are_fitted_as_bytes_are(void **state) {
    (void)state;
    enum { H = 5, W = 7 };
    uint8_t bytes[H * W], want[3 * 3];
    uint16_t words[H * W];
    float floats[H * W], got[3 * 3];
    for (size_t i = 0; i < H * W; i++) {
        bytes[i] = (uint8_t)(i * i * 7);
        words[i] = (uint16_t)(bytes[i] * 257);
        floats[i] = bytes[i];
    }
    for (gm_fit fit = GM_FIT_PAD; fit <= GM_FIT_CROP; fit++) {
        gm_fit_source source = {.pixels = bytes, .width = W, .height = H, .channels = 1, .step = 1, .plane = H * W};
        gm_fit_target target = {.channels = 1, .height = 3, .width = 3};
        assert_ok(gm_fit_picture(&source, fit, &target, want));
        target.floats = true;
        for (gm_picture_type type = GM_PICTURE_U8; type <= GM_PICTURE_F32; type++) {
            source.pixels = (void *[]){bytes, words, floats}[type];
            source.type = type;
            assert_ok(gm_fit_picture(&source, fit, &target, got));
            for (size_t i = 0; i < 9; i++) {
                double value = (double)got[i] * (type == GM_PICTURE_F32 ? 1 : 255);
                if (fabs(value - want[i]) > .5001)
                    fail_msg("fit %d, type %d: value %zu is %g, not %d", (int)fit, (int)type, i, value, want[i]);
            }
        }
        target.floats = false;
        assert_fails(gm_fit_picture(&source, fit, &target, got), GM_ERROR_ARGUMENT, "more than 8 bits");
    }
    gm_fit_source same = {.pixels = words, .width = W, .height = H, .channels = 1, .step = 1, .type = GM_PICTURE_U16};
    float exact[H * W];
    assert_ok(gm_fit_picture(&same, GM_FIT_PAD,
                             &(gm_fit_target){.channels = 1, .height = H, .width = W, .floats = true}, exact));
    for (size_t i = 0; i < H * W; i++)
        assert_true(exact[i] == (float)(words[i] / 65535.));
}

// ---- Transparency ----

static gm_dataset *open_pair(const gm_dataset_options *options) {
    gm_dataset *dataset;
    assert_ok(gm_dataset_open(&dataset, path_of("pair"), options));
    return dataset;
}

static void check_item(const gm_dataset *dataset, size_t item, const uint8_t *want, size_t count) {
    const uint8_t *got = gm_dataset_images(dataset) + item * gm_dataset_get_info(dataset)->item_bytes;
    assert_int_equal(gm_dataset_get_info(dataset)->item_bytes, count);
    for (size_t i = 0; i < count; i++)
        if (got[i] != want[i])
            fail_msg("value %zu of item %zu is %d, not %d", i, item, got[i], want[i]);
}

static void transparency_is_blended_with_a_background_or_kept(void **state) {
    (void)state;
    mkdir(path_of("pair"), 0777); // of 1 x 2 pixels: one half clear, one clear; and opaque ones
    assert_ok(gm_png_write(path_of("pair/a.png"), (uint8_t[]){10, 20, 30, 128, 40, 50, 60, 0}, 2, 1, 4));
    assert_ok(gm_png_write(path_of("pair/b.png"), (uint8_t[]){7, 9}, 2, 1, 1));
    gm_dataset *dataset = open_pair(NULL);
    check_item(dataset, 0, (uint8_t[]){132, 255, 137, 255, 142, 255}, 6);
    check_item(dataset, 1, (uint8_t[]){7, 9, 7, 9, 7, 9}, 6);
    gm_dataset_close(&dataset);
    dataset = open_pair(&(gm_dataset_options){.has_background = true, .background = {200, 0, 100}});
    check_item(dataset, 0, (uint8_t[]){105, 200, 10, 0, 65, 100}, 6);
    gm_dataset_close(&dataset);
    dataset = open_pair(&(gm_dataset_options){.alpha = GM_ALPHA_KEEP});
    check_item(dataset, 0, (uint8_t[]){10, 40, 20, 50, 30, 60, 128, 0}, 8);
    check_item(dataset, 1, (uint8_t[]){7, 9, 7, 9, 7, 9, 255, 255}, 8);
    gm_dataset_close(&dataset);
    dataset = open_pair(&(gm_dataset_options){.alpha = GM_ALPHA_KEEP, .channels = 2});
    check_item(dataset, 0, (uint8_t[]){18, 48, 128, 0}, 4);
    gm_dataset_close(&dataset);
    dataset = open_pair(&(gm_dataset_options){.alpha = GM_ALPHA_KEEP, .channels = 1});
    check_item(dataset, 0, (uint8_t[]){136, 255}, 2); // nowhere to keep it
    gm_dataset_close(&dataset);
    dataset = open_pair(&(gm_dataset_options){.alpha = GM_ALPHA_KEEP, .size = {3, 2}}); // clear where nothing is
    check_item(dataset, 1, (uint8_t[]){0, 0, 7, 9, 0, 0, 0, 0, 7, 9, 0, 0, 0, 0, 7, 9, 0, 0, 0, 0, 255, 255, 0, 0}, 24);
    gm_dataset_close(&dataset);
    assert_fails(gm_dataset_open(&dataset, path_of("pair"), &(gm_dataset_options){.channels = 5}), GM_ERROR_ARGUMENT,
                 "a.png: has 4 channels, which cannot become 5");
    remove_tree(path_of("pair"));
}

// ---- Scale ----

static void borders_around_pictures_are_black_and_no_part_of_their_scale(void **state) {
    (void)state;
    static const uint8_t file[] = "P5 2 1 65535\n\xc0\x00\xd0\x00";
    const gm_dataset_options options = {.size = {2, 4}, .scale = GM_SCALE_RANGE};
    gm_dataset *dataset;
    mkdir(path_of("scaled"), 0777);
    write_file(path_of("scaled/a.pgm"), file, sizeof file - 1);
    assert_ok(gm_dataset_open(&dataset, path_of("scaled"), &options));
    const double(*figures)[2] = gm_dataset_get_info(dataset)->scale_figures;
    assert_true(figures[0][0] == (double)(float)(0xc000 / 65535.) && figures[0][1] == (double)(float)(0xd000 / 65535.));
    static const float want[8] = {0, 0, 1, 0, 0, 0, 0, 0};
    assert_memory_equal(gm_dataset_floats(dataset), want, sizeof want);
    gm_dataset_close(&dataset);
    remove_tree(path_of("scaled"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_pictures_become_floats_and_are_fitted_as_bytes_are),
        cmocka_unit_test(borders_around_pictures_are_black_and_no_part_of_their_scale),
        cmocka_unit_test(transparency_is_blended_with_a_background_or_kept),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

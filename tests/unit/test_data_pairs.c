// What pairs of sources are read by: parts of pictures, views of them, chosen classes, and whose items belong together.
#include "data_support.h"

static gm_dataset *dataset;

static void make_folder(const char *name) {
    assert_int_equal(mkdir(path_of(name), 0777), 0);
}

static void put(const char *name, size_t width, size_t height, const uint8_t *grey) {
    assert_ok(gm_png_write(path_of(name), grey, width, height, 1));
}

static void put_pixel(const char *name, uint8_t grey) {
    put(name, 1, 1, &grey);
}

// The items are these bytes, however they are held.
static void check_items(const char *name, gm_dataset_options options, size_t width, size_t height, size_t count,
                        const uint8_t *bytes) {
    for (int hold = GM_HOLD_YES; hold <= GM_HOLD_NO; hold++) {
        options.hold = (gm_hold)hold;
        assert_ok(gm_dataset_open(&dataset, path_of(name), &options));
        const gm_dataset_info *info = gm_dataset_get_info(dataset);
        assert_int_equal(info->count, count);
        assert_int_equal(info->width, width);
        assert_int_equal(info->height, height);
        for (size_t i = 0; i < count; i++) {
            uint8_t item[64];
            int32_t index = (int32_t)i;
            assert_ok(gm_dataset_gather(dataset, &index, 1, item, NULL));
            assert_memory_equal(item, bytes + i * width * height, width * height);
        }
        gm_dataset_close(&dataset);
    }
}

static void halves_are_cut_before_they_are_fitted(void **state) {
    (void)state;
    static const uint8_t picture[2][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
    make_folder("f");
    put("f/a.png", 4, 2, &picture[0][0]);
    check_items("f", (gm_dataset_options){.part = GM_PART_LEFT}, 2, 2, 1, (const uint8_t[]){1, 2, 5, 6});
    check_items("f", (gm_dataset_options){.part = GM_PART_RIGHT}, 2, 2, 1, (const uint8_t[]){3, 4, 7, 8});
    check_items("f", (gm_dataset_options){.part = GM_PART_TOP}, 4, 1, 1, (const uint8_t[]){1, 2, 3, 4});
    check_items("f", (gm_dataset_options){.part = GM_PART_BOTTOM}, 4, 1, 1, (const uint8_t[]){5, 6, 7, 8});
    check_items("f", (gm_dataset_options){.part = GM_PART_RIGHT, .size = {1, 1}, .fit = GM_FIT_RESIZE}, 1, 1, 1,
                (const uint8_t[]){6}); // of the right half alone
    put("f/b.png", 3, 2, &picture[0][0]);
    assert_fails(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){.part = GM_PART_LEFT, .size = {2, 2}}),
                 GM_ERROR_FORMAT, "b.png: is 3 x 2 pixels, which data.part cuts in the middle");
    remove_tree(path_of("f"));
}

static void views_are_made_of_fitted_images(void **state) {
    (void)state;
    // A step of 102 = .4 of the range has the gradient 4 * .4 / 4 = .4 beside it; one of 51 has .2.
    static const uint8_t step[3][6] = {
        {0, 0, 102, 102, 153, 153}, {0, 0, 102, 102, 153, 153}, {0, 0, 102, 102, 153, 153}};
    make_folder("f");
    put("f/a.png", 6, 3, &step[0][0]);
    check_items("f", (gm_dataset_options){.view = GM_VIEW_EDGES}, 6, 3, 1,
                (const uint8_t[]){0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0});
    check_items("f", (gm_dataset_options){.view = GM_VIEW_NEGATIVE, .size = {1, 6}, .fit = GM_FIT_RESIZE}, 6, 1, 1,
                (const uint8_t[]){255, 255, 153, 153, 102, 102});
    remove_tree(path_of("f"));
}

static void values_without_a_range_have_no_negative(void **state) {
    (void)state;
    const float values[4] = {1, 2, 3, 4};
    assert_ok(gm_npy_write(path_of("a.npy"), values, 4, (const size_t[]){1, 1, 2, 2}));
    assert_fails(gm_dataset_open(&dataset, path_of("a.npy"), &(gm_dataset_options){.view = GM_VIEW_NEGATIVE}),
                 GM_ERROR_ARGUMENT, "without a black and a white");
    assert_ok(gm_dataset_open(&dataset, path_of("a.npy"),
                              &(gm_dataset_options){.view = GM_VIEW_NEGATIVE, .scale = GM_SCALE_RANGE}));
    for (size_t i = 0; i < 4; i++)
        assert_float_equal(gm_dataset_floats(dataset)[i], 1 - (float)i / 3, 1e-6f);
    gm_dataset_close(&dataset);
    unlink(path_of("a.npy"));
}

static void put_classes(void) {
    make_folder("f");
    make_folder("f/cat");
    make_folder("f/dog");
    make_folder("f/emu");
    put_pixel("f/cat/1.png", 1);
    put_pixel("f/cat/2.png", 2);
    put_pixel("f/dog/1.png", 3);
    put_pixel("f/emu/1.png", 4);
    put_pixel("f/emu/2.png", 5);
}

static void classes_are_chosen_by_name_or_number(void **state) {
    (void)state;
    put_classes();
#define CHOOSE(...)   .classes = (const char *const[]){__VA_ARGS__}, .class_count = COUNT_OF(__VA_ARGS__)
#define COUNT_OF(...) (sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
    check_items("f", (gm_dataset_options){CHOOSE("emu")}, 1, 1, 2, (const uint8_t[]){4, 5});
    check_items("f", (gm_dataset_options){CHOOSE("2", "cat")}, 1, 1, 4, (const uint8_t[]){1, 2, 4, 5});
    check_items("f", (gm_dataset_options){CHOOSE("emu", "cat"), .count = 3}, 1, 1, 3, (const uint8_t[]){1, 4, 2});
    assert_ok(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){CHOOSE("emu")}));
    assert_int_equal(gm_dataset_get_info(dataset)->class_count, 3); // numbers mean what they meant
    assert_int_equal(gm_dataset_labels(dataset)[1], 2);
    gm_dataset_close(&dataset);
    assert_fails(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){CHOOSE("eel")}), GM_ERROR_ARGUMENT,
                 "has no class eel: there are cat, dog, emu, or 0 to 2");
    assert_fails(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){CHOOSE("3")}), GM_ERROR_ARGUMENT,
                 "has no class 3");
    remove_tree(path_of("f"));
    make_folder("f");
    put_pixel("f/1.png", 1);
    assert_fails(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){CHOOSE("cat")}), GM_ERROR_ARGUMENT,
                 "has no labels");
    remove_tree(path_of("f"));
}

// Labels from a file are of all its items, of which `count` are taken behind the choice.
static void classes_are_chosen_from_arrays(void **state) {
    (void)state;
    const float values[6] = {0, 1, 2, 3, 4, 5}, labels[6] = {0, 1, 0, 1, 2, 1};
    assert_ok(gm_npy_write(path_of("a.npy"), values, 4, (const size_t[]){6, 1, 1, 1}));
    assert_ok(gm_npy_write(path_of("a_labels.npy"), labels, 1, (const size_t[]){6}));
    assert_ok(gm_dataset_open(&dataset, path_of("a.npy"), &(gm_dataset_options){CHOOSE("1"), .count = 2}));
    assert_int_equal(gm_dataset_get_info(dataset)->count, 2);
    assert_float_equal(gm_dataset_floats(dataset)[0], 1, 0);
    assert_float_equal(gm_dataset_floats(dataset)[1], 3, 0);
    gm_dataset_close(&dataset);
    unlink(path_of("a.npy"));
    unlink(path_of("a_labels.npy"));
}

static gm_status check_pairs(const char *first, const char *second, bool names) {
    gm_dataset *a, *b;
    const gm_dataset_options options = {.item_names = names};
    assert_ok(gm_dataset_open(&a, path_of(first), &options));
    assert_ok(gm_dataset_open(&b, path_of(second), &options));
    gm_status status = gm_dataset_check_pairs(a, b);
    gm_dataset_close(&a);
    gm_dataset_close(&b);
    return status;
}

static void pairs_have_the_same_names(void **state) {
    (void)state;
    make_folder("a");
    make_folder("b");
    put_pixel("a/1.png", 1);
    put_pixel("a/2.png", 2);
    put_pixel("b/1.png", 3);
    assert_fails(check_pairs("a", "b", true), GM_ERROR_ARGUMENT, "b: has no counterpart of 2 in");
    assert_fails(check_pairs("b", "a", true), GM_ERROR_ARGUMENT, "b: has no counterpart of 2 in");
    assert_fails(check_pairs("a", "b", false), GM_ERROR_ARGUMENT, "has 2 items and");
    put_pixel("b/0.png", 4);
    assert_fails(check_pairs("a", "b", true), GM_ERROR_ARGUMENT, "a: has no counterpart of 0 in");
    assert_ok(check_pairs("a", "b", false)); // by order
    unlink(path_of("b/0.png"));
    assert_int_equal(rename(path_of("b/1.png"), path_of("b/2.png")), 0);
    put_pixel("b/1.png", 1);
    assert_ok(check_pairs("a", "b", true));
    put_pixel("b/3.png", 1);
    assert_fails(check_pairs("a", "b", true), GM_ERROR_ARGUMENT, "a: has no counterpart of 3 in");
    assert_ok(gm_dataset_open(&dataset, path_of("b"), &(gm_dataset_options){.item_names = true}));
    assert_string_equal(gm_dataset_item_name(dataset, 2), "3");
    assert_null(gm_dataset_item_name(dataset, 3));
    gm_dataset_close(&dataset);
    remove_tree(path_of("a"));
    remove_tree(path_of("b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_cut_before_they_are_fitted),
        cmocka_unit_test(views_are_made_of_fitted_images),
        cmocka_unit_test(values_without_a_range_have_no_negative),
        cmocka_unit_test(classes_are_chosen_by_name_or_number),
        cmocka_unit_test(classes_are_chosen_from_arrays),
        cmocka_unit_test(pairs_have_the_same_names),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

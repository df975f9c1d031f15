// What a source holds: sizes, types and ranges of values, formats, classes, equal items, damaged files; and items
// drawn.
#include "zip_support.h"

#include <math.h>

static gm_survey *survey;

static void make_folder(const char *name) {
    assert_int_equal(mkdir(path_of(name), 0777), 0);
}

// A picture of one grey.
static void put_png(const char *name, size_t height, size_t width, uint8_t grey) {
    uint8_t pixels[64];
    memset(pixels, grey, sizeof pixels);
    assert_true(height * width <= sizeof pixels);
    assert_ok(gm_png_write(path_of(name), pixels, width, height, 1));
}

static void expect_size(size_t index, size_t height, size_t width, size_t count) {
    assert_int_equal(survey->sizes[index].height, height);
    assert_int_equal(survey->sizes[index].width, width);
    assert_int_equal(survey->sizes[index].count, count);
}

static void pictures_are_counted_at_their_own_size(void **state) {
    (void)state;
    char name[32];
    make_folder("f");
    make_folder("f/a");
    make_folder("f/b");
    for (size_t i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "f/%s/%02zu.png", i < 70 ? "a" : "b", i);
        put_png(name, i % 4 ? 2 : 3, i % 5 ? 2 : 7, (uint8_t)(10 + i / 20)); // 20 different ones
    }
    write_file(path_of("f/b/broken.png"), "broken", 6);
    const uint8_t colours[] = {1, 2, 3, 4, 5, 6};
    assert_ok(gm_png_write(path_of("f/b/colours.png"), colours, 2, 1, 3));
    // Only what says which items they are counts of the options.
    const gm_dataset_options options = {.size = {5, 5}, .channels = 1, .hold = GM_HOLD_YES};
    assert_ok(gm_dataset_survey(&survey, path_of("f"), &options));
    assert_string_equal(survey->format, "pictures");
    assert_true(survey->folder);
    assert_false(survey->table);
    assert_int_equal(survey->count, 101);
    assert_int_equal(survey->damaged, 1);
    assert_int_equal(survey->several, 0);
    assert_int_equal(survey->duplicates, 80);
    assert_int_equal(survey->format_count, 1);
    assert_string_equal(survey->formats[0].name, "PNG");
    assert_int_equal(survey->formats[0].count, 101);
    assert_int_equal(survey->size_count, 5);
    expect_size(0, 2, 2, 60);
    expect_size(1, 3, 2, 20);
    expect_size(2, 2, 7, 15);
    expect_size(3, 3, 7, 5);
    expect_size(4, 1, 2, 1);
    assert_int_equal(survey->layout_count, 2);
    assert_int_equal(survey->layouts[0].bits, 8);
    assert_int_equal(survey->layouts[0].channels, 1);
    assert_int_equal(survey->layouts[0].count, 100);
    assert_true(survey->layouts[0].range[0][0] == 10 && survey->layouts[0].range[0][1] == 14);
    assert_int_equal(survey->layouts[1].channels, 3);
    for (size_t c = 0; c < 3; c++)
        assert_true(survey->layouts[1].range[c][0] == (double)c + 1 && survey->layouts[1].range[c][1] == (double)c + 4);
    assert_int_equal(survey->class_count, 2);
    assert_string_equal(survey->classes[0].name, "a");
    assert_int_equal(survey->classes[0].count, 70);
    assert_int_equal(survey->classes[1].count, 31);
    gm_survey_destroy(&survey);
    assert_null(survey);
    assert_ok(gm_dataset_survey(&survey, path_of("f"), &(gm_dataset_options){.count = 6}));
    assert_int_equal(survey->count, 6);
    gm_survey_destroy(&survey);
    remove_tree(path_of("f"));
}

static void sets_without_a_picture_have_no_sizes(void **state) {
    (void)state;
    make_folder("f");
    write_file(path_of("f/a.png"), "", 0);
    assert_ok(gm_dataset_survey(&survey, path_of("f"), NULL));
    assert_int_equal(survey->count + survey->size_count + survey->layout_count + survey->format_count, 0);
    assert_int_equal(survey->damaged, 1);
    gm_survey_destroy(&survey);
    remove_tree(path_of("f"));
    assert_fails(gm_dataset_survey(&survey, path_of("f"), NULL), GM_ERROR_IO, "is neither a file or folder");
    assert_null(survey);
}

static void values_that_are_not_finite_are_out_of_the_range(void **state) {
    (void)state;
    const float values[] = {1, NAN, -3, NAN, INFINITY, NAN, 1, NAN};
    assert_ok(gm_npy_write(path_of("a.npy"), values, 2, (const size_t[]){4, 2}));
    assert_ok(gm_dataset_survey(&survey, path_of("a.npy"), NULL));
    assert_string_equal(survey->format, "NPY");
    assert_int_equal(survey->layouts[0].bits, 32);
    assert_int_equal(survey->layouts[0].not_finite, 5);
    assert_true(survey->layouts[0].range[0][0] == -3 && survey->layouts[0].range[0][1] == 1);
    assert_true(isnan(survey->layouts[0].range[1][0]) && isnan(survey->layouts[0].range[1][1]));
    assert_int_equal(survey->duplicates, 1);
    assert_int_equal(survey->class_count, 0);
    gm_survey_destroy(&survey);
    unlink(path_of("a.npy"));
    assert_ok(gm_dataset_survey(&survey, "grid25", &(gm_dataset_options){.count = 500}));
    assert_null(survey->format);
    assert_int_equal(survey->count, 500);
    assert_int_equal(survey->class_count, 25);
    gm_survey_destroy(&survey);
}

static void tables_are_told(void **state) {
    (void)state;
    write_file(path_of("t.csv"), "a,b\n1,x\n2,y\n1,x\n", 16);
    assert_ok(gm_dataset_survey(&survey, path_of("t.csv"), NULL));
    assert_true(survey->table);
    assert_int_equal(survey->count, 3);
    assert_int_equal(survey->duplicates, 1);
    gm_survey_destroy(&survey);
    unlink(path_of("t.csv"));
}

// Of floats as they are the least value drawn is black and the largest white; of a table more is drawn than is stored.
static void items_of_every_kind_are_drawn(void **state) {
    (void)state;
    gm_dataset *dataset;
    float values[18];
    char *file;
    size_t bytes;
    for (size_t i = 0; i < 18; i++)
        values[i] = (float)i * 1000;
    assert_ok(gm_npy_write(path_of("a.npy"), values, 3, (const size_t[]){2, 3, 3}));
    write_file(path_of("t.csv"), "a,b\n1,x\n2,y\n1,z\n", 16);
    for (size_t i = 0; i < 3; i++) {
        const char *source = i == 0 ? path_of("a.npy") : i == 1 ? path_of("t.csv") : "ring8";
        assert_ok(gm_dataset_open(&dataset, source, NULL));
        assert_ok(gm_dataset_draw(dataset, 3, 2, 2, path_of("out.png")));
        assert_ok(gm_file_read(path_of("out.png"), 1 << 20, &file, &bytes));
        assert_memory_equal(file, "\x89PNG", 4);
        free(file);
        unlink(path_of("out.png"));
        assert_fails(gm_dataset_draw(dataset, 3, 2, 2, path_of("no/out.png")), GM_ERROR_IO, "no/out.png");
        gm_dataset_close(&dataset);
    }
    unlink(path_of("t.csv"));
    assert_ok(gm_npy_write(path_of("a.npy"), values, 2, (const size_t[]){3, 6}));
    assert_ok(gm_dataset_open(&dataset, path_of("a.npy"), NULL));
    assert_fails(gm_dataset_draw(dataset, 0, 2, 2, path_of("out.png")), GM_ERROR_ARGUMENT, "points of 6 values");
    gm_dataset_close(&dataset);
    unlink(path_of("a.npy"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_counted_at_their_own_size),
        cmocka_unit_test(sets_without_a_picture_have_no_sizes),
        cmocka_unit_test(values_that_are_not_finite_are_out_of_the_range),
        cmocka_unit_test(tables_are_told),
        cmocka_unit_test(items_of_every_kind_are_drawn),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

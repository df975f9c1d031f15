// Options that a source cannot take are refused with their key, the source and what they are for.
#include "data_support.h"

static gm_dataset *dataset;

static void put_picture(const char *name) {
    const float values[4] = {-1, 0, .5f, 1};
    assert_ok(gm_image_grid(path_of(name), values,
                            &(gm_image_grid_params){.count = 1, .channels = 1, .height = 2, .width = 2}));
}

static void put_array(const char *name, size_t rank) {
    const float values[24] = {0};
    assert_ok(gm_npy_write(path_of(name), values, rank, (const size_t[]){2, rank == 4 ? 1 : 12, 4, 3}));
}

static int put_sources(void **state) {
    if (temporary_create(state) != 0)
        return -1;
    assert_ok(gm_folder_create(path_of("pngs")));
    put_picture("pngs/a.png");
    put_picture("pngs/b.png");
    write_file(path_of("list.txt"), "pngs/a.png\n", 11);
    put_array("deep.npy", 4);
    put_array("flat.npy", 2);
    write_file(path_of("t.csv"), "x,y\n1,a\n2,b\n", 12);
    return 0;
}

static const gm_column any_column = {.name = "x"};
static const gm_table_schema columns = {.columns = (gm_column *)&any_column, .column_count = 1},
                             dialect = {.dialect = {.separator = ','}};

static const struct {
    const char *key;
    gm_dataset_options options;
    const char *sources, *use; // which take it, of p(ngs), l(ist), d(eep), f(lat), t(able); what it is for
} settings[] = {
    {"data.folder", {.folder = "x"}, "", "for where data sets with a name lie"},
    {"data.layout", {.layout = GM_ARRAY_NCHW}, "d", "for the axes of arrays"},
    {"data.columns", {.columns = &columns}, "t", "for tables"},
    {"data.dialect", {.columns = &dialect}, "t", "for tables"},
    {"data.alpha", {.alpha = GM_ALPHA_KEEP}, "pl", "for the transparency of picture files"},
    {"data.pages", {.pages = GM_PAGES_CHANNELS}, "", "for the pages of TIFF files"},
    {"data.pages", {.pages = GM_PAGES_ITEMS}, "", "for the pages of TIFF files"},
    {"data.pages", {.pages = GM_PAGES_CHANNELS, .size = {2}, .channels = 1, .hold = GM_HOLD_NO}, "", "TIFF files"},
    {"data.scale", {.scale = GM_SCALE_RANGE}, "d", "of 16 bits or"}, // of pictures of 8 bits the values show it
    {"data.fit", {.fit = GM_FIT_CROP}, "pld", "for images"},
    {"data.hold", {.hold = GM_HOLD_YES}, "pl", "for picture files, which are decoded"},
    {"data.hold", {.hold = GM_HOLD_NO}, "pl", "for picture files, which are decoded"},
    {"data.background", {.has_background = true}, "pl", "for the transparency of picture files"},
};

static void a_setting_that_does_not_apply_is_refused(void **state) {
    (void)state;
    static const char *const sources[] = {"pngs", "list.txt", "deep.npy", "flat.npy", "t.csv"};
    for (size_t i = 0; i < GM_COUNT(settings); i++)
        for (size_t k = 0; k < GM_COUNT(sources); k++) {
            const char *source = path_of(sources[k]);
            gm_status status = gm_dataset_open(&dataset, source, &settings[i].options);
            if (strchr(settings[i].sources, sources[k][0])) {
                assert_ok(status);
            } else {
                assert_fails(status, GM_ERROR_ARGUMENT, settings[i].key);
                assert_fails(status, GM_ERROR_ARGUMENT, source);
                assert_fails(status, GM_ERROR_ARGUMENT, settings[i].use);
                assert_fails(status, GM_ERROR_ARGUMENT, "leave");
            }
            gm_dataset_close(&dataset);
        }
    assert_fails(gm_dataset_open(&dataset, "ring8", &settings[2].options), GM_ERROR_ARGUMENT,
                 "ring8: is a mixture of Gaussians, and data.columns is for tables");
    static const gm_dataset_options of_images[] = {{.size = {1}}, {.channels = 2}, {.fit = GM_FIT_RESIZE}};
    for (size_t i = 0; i < GM_COUNT(of_images); i++) {
        assert_fails(gm_dataset_open(&dataset, "ring8", &of_images[i]), GM_ERROR_ARGUMENT,
                     of_images[i].channels ? "is for images and sounds: leave it" : "is for images: leave it");
        assert_fails(gm_dataset_open(&dataset, path_of("t.csv"), &of_images[i]), GM_ERROR_ARGUMENT, "is for images");
        assert_fails(gm_dataset_convert(path_of("t.csv"), &of_images[i], path_of("o.tsv")), GM_ERROR_ARGUMENT,
                     "t.csv: is a file of CSV, and data.");
    }
    gm_survey *survey;
    assert_fails(gm_dataset_survey(&survey, path_of("pngs"), &settings[1].options), GM_ERROR_ARGUMENT,
                 "is a folder of pictures, and data.layout");
}

static void what_programs_hold_is_no_setting(void **state) {
    (void)state;
    for (gm_hold hold = GM_HOLD_YES; hold <= GM_HOLD_NO; hold++)
        for (size_t i = 0; i < 2; i++) {
            const gm_dataset_options options = {.usual_hold = hold};
            assert_ok(gm_dataset_open(&dataset, path_of(i ? "t.csv" : "pngs"), &options));
            assert_true((gm_dataset_items(dataset) == NULL) == (i == 0 && hold == GM_HOLD_NO));
            gm_dataset_close(&dataset);
        }
}

static void messages_name_options_as_they_were_given(void **state) {
    (void)state;
    assert_fails(gm_dataset_open(&dataset, path_of("t.csv"), &(gm_dataset_options){.size = {8}, .prefix = "--"}),
                 GM_ERROR_ARGUMENT, "t.csv: is a file of CSV, and --size is for images: leave it out");
}

static void settings_of_other_data_are_passed_over(void **state) {
    (void)state;
    const gm_dataset_options options = {.layout = GM_ARRAY_NCHW, .pages = GM_PAGES_ITEMS, .adapted = true};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(gm_dataset_open(&dataset, path_of(i ? "t.csv" : "pngs"), &options));
        gm_dataset_close(&dataset);
    }
}

static void a_test_split_must_be_there(void **state) {
    (void)state;
    static const char *const sources[] = {"pngs", "list.txt", "deep.npy", "flat.npy", "plain.npz", "t.csv"};
    assert_ok(gm_dataset_convert(path_of("deep.npy"), NULL, path_of("plain.npz")));
    for (size_t i = 0; i < GM_COUNT(sources); i++) {
        const gm_status failure = i < 2 ? GM_ERROR_IO : GM_ERROR_ARGUMENT; // folders are missing
        gm_dataset_options options = {.split = GM_SPLIT_TEST};
        gm_survey *survey;
        const char *source = path_of(sources[i]);
        assert_fails(gm_dataset_open(&dataset, source, &options), failure, "has no test ");
        assert_fails(gm_dataset_survey(&survey, source, &options), failure, "has no test ");
        assert_fails(gm_dataset_convert(source, &options, path_of(i < 5 ? "o.npz" : "o.csv")), failure, "has no test ");
        options.whole = true;
        assert_ok(gm_dataset_open(&dataset, source, &options));
        gm_dataset_close(&dataset);
    }
}

static void one_picture_with_pages_is_enough(void **state) {
    (void)state;
#ifdef GM_HAVE_TIFF
    assert_ok(gm_folder_create(path_of("mixed")));
    put_picture("mixed/a.png");
    put_picture("mixed/b.tif");
    for (gm_pages pages = GM_PAGES_CHANNELS; pages <= GM_PAGES_ITEMS; pages++) {
        assert_ok(gm_dataset_open(&dataset, path_of("mixed"), &(gm_dataset_options){.pages = pages}));
        assert_int_equal(gm_dataset_get_info(dataset)->count, 2);
        gm_dataset_close(&dataset);
    }
    const gm_dataset_options later = {
        .pages = GM_PAGES_CHANNELS, .size = {2}, .channels = 1, .hold = GM_HOLD_NO}; // by the first header alone
    assert_ok(gm_dataset_open(&dataset, path_of("mixed"), &later));
    gm_dataset_close(&dataset);
#else
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_that_does_not_apply_is_refused),
        cmocka_unit_test(what_programs_hold_is_no_setting),
        cmocka_unit_test(messages_name_options_as_they_were_given),
        cmocka_unit_test(settings_of_other_data_are_passed_over),
        cmocka_unit_test(a_test_split_must_be_there),
        cmocka_unit_test(one_picture_with_pages_is_enough),
    };
    return cmocka_run_group_tests(tests, put_sources, temporary_remove);
}

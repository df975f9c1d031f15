// The table of files that samples are written as: endings, depths, what a file says of itself, NaN and other values.
#include "data_support.h"

#include "sample/font.h"
#include "sample/notes.h"
#include "sample/writers.h"

#include <math.h>

static void formats_are_found_by_ending_in_any_case(void **state) {
    (void)state;
    const struct {
        const char *path, *name;
    } cases[] = {{"a.png", "PNG"},   {"a/b.JPG", "JPEG"}, {"a.b.jpeg", "JPEG"}, {"x.WebP", "WebP"}, {"x.tif", "TIFF"},
                 {"x.tiff", "TIFF"}, {"x.npy", "NPY"},    {"x.npz", "NPZ"},     {"x.csv", "CSV"},   {"x.tsv", "TSV"},
                 {"x.txt", "TXT"},   {"x.wav", "WAV"},    {"x.flac", "FLAC"}};
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        const gm_sample_format *format;
        assert_ok(gm_sample_format_find(cases[i].path, &format));
        assert_string_equal(format->name, cases[i].name);
    }
    const char *const unknown[] = {"a.gif", "png", "a.png/", "a.png/b", ".png", "a/.png", "a.png ", "", "a.png.gz"};
    for (size_t i = 0; i < GM_COUNT(unknown); i++) {
        const gm_sample_format *format;
        assert_fails(gm_sample_format_find(unknown[i], &format), GM_ERROR_ARGUMENT,
                     ".png, .jpg, .webp, .tiff, .npy, .npz, .csv, .tsv, .txt, .wav or .flac");
        assert_null(format);
    }
    size_t count = 0;
    while (gm_sample_format_at(count))
        count++;
    assert_int_equal(count, 11);
}

static void levels_are_rounded_and_cut_off(void **state) {
    (void)state;
    const struct {
        double value, want8, want16;
    } cases[] = {{-1, 0, 0},        {1, 255, 65535}, {0, 128, 32768}, {-7, 0, 0}, {INFINITY, 255, 65535},
                 {-INFINITY, 0, 0}, {NAN, 0, 0}};
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        assert_int_equal((int)gm_raster_level(cases[i].value, -1, 1, 8), (int)cases[i].want8);
        assert_int_equal((int)gm_raster_level(cases[i].value, -1, 1, 16), (int)cases[i].want16);
    }
    assert_true(isnan(gm_raster_level(NAN, -1, 1, 32)));
    assert_float_equal(gm_raster_level(-7.5, -1, 1, 32), -7.5, 0);
}

static void single_samples_go_where_all_channels_fit(void **state) {
    (void)state;
    assert_string_equal(gm_writer_for(1)->format.name, "PNG");
    assert_string_equal(gm_writer_for(3)->format.name, "PNG");
    assert_string_equal(gm_writer_for(0)->format.name, "NPY");
    assert_string_equal(gm_writer_for(1000)->format.name, "NPY");
#ifdef GM_HAVE_TIFF
    assert_string_equal(gm_writer_for(2)->format.name, "TIFF");
    assert_string_equal(gm_writer_for(5)->format.name, "TIFF");
#endif
}

static void options_that_a_format_or_a_kind_does_not_take_are_refused(void **state) {
    (void)state;
    const gm_shape image = GM_SHAPE(1, 2, 2), point = GM_SHAPE(2);
    const gm_sample images = gm_sample_of(&image), points = gm_sample_of(&point);
    static const struct {
        const char *path;
        gm_write_options options;
        const char *says; // NULL: taken
        bool points;
    } cases[] = {
        {"a.png", {.depth = 16, .channel = 1}, NULL, false},
        {"a.jpg", {.quality = 50}, NULL, false},
        {"a.webp", {.frame_ms = 5}, NULL, false},
        {"a.png", {.quality = 50}, "a.png: PNG takes no quality, which is for JPEG: leave it out", false},
        {"a.tif", {.frame_ms = 5}, "a.tif: TIFF takes no frame_ms, which is for WebP", false},
        {"a.npz", {.depth = 8}, "a.npz: NPZ takes no depth, which is for PNG, JPEG, WebP, TIFF", false},
        {"a.csv", {.channel = 1}, "a.csv: CSV takes no channel", true},
        {"a.png", {.channel = 1}, "a.png: points have no channels", true},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        const gm_writing writing = {.path = cases[i].path, .options = cases[i].options};
        const gm_sample *sample = cases[i].points ? &points : &images;
        const gm_sample_format *format;
        assert_ok(gm_sample_format_find(cases[i].path, &format));
        if (!format->available)
            continue;
        gm_status status = gm_sample_check_write(sample, &writing);
        if (!cases[i].says) {
            assert_ok(status);
            continue;
        }
        const float values[4] = {0};
        assert_fails(status, GM_ERROR_ARGUMENT, cases[i].says);
        assert_fails(gm_sample_write(sample, &writing, values, 1), GM_ERROR_ARGUMENT, cases[i].says);
        assert_fails(gm_sample_write_single(sample, &writing, values), GM_ERROR_ARGUMENT, cases[i].says);
    }
}

static void take_dot(void *user, size_t x, size_t y) {
    uint8_t *rows = user;
    rows[x] |= (uint8_t)(1 << y);
}

static void expect_drawn_as(const char *text, const char *plain, size_t letters) {
    uint8_t drawn[2][256] = {{0}};
    assert_int_equal(gm_font_draw(text, 20, take_dot, drawn[0]), letters);
    assert_int_equal(gm_font_draw(plain, 20, take_dot, drawn[1]), letters);
    if (memcmp(drawn[0], drawn[1], sizeof drawn[0]) != 0)
        fail_msg("%s is not drawn as %s", text, plain);
}

static void letters_with_accents_are_drawn_without(void **state) {
    (void)state;
    expect_drawn_as("M\xc3\xbcller \xc3\x84\xc3\x9f", "Muller As", 9); // Müller Äß
    expect_drawn_as("\xc5\x81\xc3\xb3"
                    "d\xc5\xba 20 \xc2\xb0",
                    "Lodz 20 o", 9);                                            // Łódź 20 °
    expect_drawn_as("\xc2\xa0\xc3\xbf\xc4\x80\xc5\xbf", " yAs", 4);             // the ends of the list
    expect_drawn_as("\xce\xb1\xe2\x82\xac\xf0\x9f\x98\x80\xc2\x85", "????", 4); // α€, a picture, a control
    expect_drawn_as("\xc3", "?", 1);                                            // cut off
}

static void notes_list_seeds_as_ranges_and_not_without_end(void **state) {
    (void)state;
    const uint64_t few[] = {3, 3, 4, 5, 9, UINT64_MAX, 0};
    uint64_t many[2000];
    for (size_t i = 0; i < GM_COUNT(many); i++)
        many[i] = 10 * i;
    gm_notes notes;
    gm_writing writing = {
        .path = "x", .options = {.seeds = few}, .count = GM_COUNT(few), .recipe = "dcgan", .step = 12};
    assert_ok(gm_notes_init(&notes, &writing));
    assert_int_equal(notes.count, 4);
    assert_string_equal(notes.list[3].key, "Seeds");
    assert_string_equal(notes.list[3].value, "3-5,9,18446744073709551615,0");
    gm_notes_finish(&notes);
    writing.options.seeds = many;
    writing.count = GM_COUNT(many);
    assert_ok(gm_notes_init(&notes, &writing));
    assert_in_range(strlen(notes.list[3].value), 1000, 1100);
    assert_string_equal(strrchr(notes.list[3].value, ','), ",...");
    gm_notes_finish(&notes);
    writing.recipe = NULL;
    gm_text text = {0};
    assert_ok(gm_notes_list(&writing, &text));
    assert_null(text.data);
}

static void pictures_of_absurd_sizes_are_refused(void **state) {
    (void)state;
    const struct {
        const char *path;
        size_t width, channels;
    } cases[] = {{"x.png", 1000001, 1}, {"x.jpg", 65501, 1}, {"x.webp", 16384, 1},
                 {"x.png", 4, 5},       {"x.tiff", 4, 257},  {"x.npy", 4, 1}};
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        const gm_writer *writer;
        gm_raster picture;
        if (gm_writer_find(cases[i].path, &writer) == GM_ERROR_STATE)
            continue; // a build without
        assert_ok(gm_raster_create(&picture, "x", cases[i].width, 1, cases[i].channels, 8));
        assert_fails(gm_writer_put(writer, &(gm_writing){.path = path_of(cases[i].path)}, &picture, 1),
                     GM_ERROR_ARGUMENT, cases[i].path);
        gm_raster_finish(&picture);
    }
    gm_raster picture;
    assert_fails(gm_raster_create(&picture, "x", SIZE_MAX / 2, 3, 1, 8), GM_ERROR_ARGUMENT, "too large");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_found_by_ending_in_any_case),
        cmocka_unit_test(levels_are_rounded_and_cut_off),
        cmocka_unit_test(single_samples_go_where_all_channels_fit),
        cmocka_unit_test(options_that_a_format_or_a_kind_does_not_take_are_refused),
        cmocka_unit_test(letters_with_accents_are_drawn_without),
        cmocka_unit_test(notes_list_seeds_as_ranges_and_not_without_end),
        cmocka_unit_test(pictures_of_absurd_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

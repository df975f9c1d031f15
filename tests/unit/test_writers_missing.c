// A build without the libraries of picture formats: src/sample/writers.c, compiled here as it is there.
#include "data_support.h"

#include "sample/writers.h"

static void a_missing_library_costs_its_format_and_names_its_package(void **state) {
    (void)state;
    const struct {
        const char *path, *package;
    } missing[] = {
        {"a.jpg", "libjpeg-dev"}, {"a.jpeg", "libjpeg-dev"}, {"a.webp", "libwebp-dev"}, {"a.tif", "libtiff-dev"}};
    const float value = 0;
    const gm_sample_format *format;
    for (size_t i = 0; i < GM_COUNT(missing); i++) {
        const gm_image_grid_params one = {.count = 1, .channels = 1, .height = 1, .width = 1};
        assert_fails(gm_image_grid(path_of(missing[i].path), &value, &one), GM_ERROR_STATE, missing[i].package);
        assert_ok(gm_sample_format_find(missing[i].path, &format));
        assert_false(format->available);
    }
    for (size_t i = 0; i < 2; i++) {
        const gm_writer *writer;
        assert_fails(gm_writer_find(i == 0 ? "a.wav" : "a.flac", &writer), GM_ERROR_STATE, "libsndfile1-dev");
    }
    assert_string_equal(gm_writer_for(5)->format.name, "NPY");
    assert_string_equal(gm_writer_for(3)->format.name, "PNG");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_library_costs_its_format_and_names_its_package),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

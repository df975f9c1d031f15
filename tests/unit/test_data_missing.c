// Pictures in a build without the libraries of some formats: meson.build makes the readers once more, so.
#include "data/sound.h"
#include "data_support.h"

static void a_missing_library_costs_its_format_alone_and_is_named(void **state) {
    (void)state;
    static const struct {
        const char *file, *says; // NULL: is read
    } cases[] = {
        {"jpeg/rgb", "is a JPEG file, which this build of Ganymede does not read: install libjpeg-dev"},
        {"webp/lossy", "is a WebP file, which this build of Ganymede does not read: install libwebp-dev"},
        {"tiff/rgb", "is a TIFF file, which this build of Ganymede does not read: install libtiff-dev"},
        {"png/rgb", NULL},
        {"pnm/deep", NULL},
        {"bmp/rgb", NULL},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        char path[512], *data;
        size_t bytes;
        gm_picture picture;
        snprintf(path, sizeof path, "%s/%s", CORPUS, cases[i].file);
        assert_ok(gm_file_read(path, 1 << 20, &data, &bytes));
        assert_true(gm_picture_tell((uint8_t *)data, bytes) != NULL);
        if (cases[i].says) {
            assert_fails(gm_picture_parse(path, data, bytes, NULL, &picture), GM_ERROR_FORMAT, cases[i].says);
            assert_fails(gm_picture_parse_header(path, data, bytes, true, NULL, &picture), GM_ERROR_FORMAT,
                         cases[i].says);
        } else {
            assert_ok(gm_picture_parse(path, data, bytes, NULL, &picture));
        }
        free(picture.pixels);
        free(data);
    }
}

static void sound_is_named_and_not_read(void **state) {
    (void)state;
    gm_sound sound;
    assert_fails(gm_sound_parse("x.flac", "fLaC", 4, &(gm_sound_wish){0}, &sound), GM_ERROR_FORMAT,
                 "x.flac: is a FLAC file, which this build of Ganymede does not read: install libsndfile1-dev and "
                 "libsamplerate0-dev");
    assert_fails(gm_sound_parse("x.wav", "text", 4, &(gm_sound_wish){0}, &sound), GM_ERROR_FORMAT, "is no sound");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_library_costs_its_format_alone_and_is_named),
        cmocka_unit_test(sound_is_named_and_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

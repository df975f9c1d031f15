// Data sets in another form, read back: the same items, labels and names.
#include "zip_support.h"

static gm_dataset *dataset, *back;

static void put_text(const char *name, const char *text) {
    write_file(path_of(name), text, strlen(text));
}

// Pictures of 2 x 3, of one colour each, in folders of the names.
static void put_pictures(size_t channels) {
    static const char *const classes[] = {"f/ant, black", "f/bee"};
    uint8_t pixels[18];
    char name[64];
    mkdir(path_of("f"), 0777);
    for (size_t k = 0; k < 2; k++) {
        mkdir(path_of(classes[k]), 0777);
        for (size_t i = 0; i < 300; i++) { // more than one piece
            for (size_t p = 0; p < sizeof pixels; p++)
                pixels[p] = (uint8_t)(7 * i + 40 * k + p);
            snprintf(name, sizeof name, "%s/%03zu.png", classes[k], i);
            assert_ok(gm_png_write(path_of(name), pixels, 3, 2, channels));
        }
    }
}

static void expect_same(bool names) {
    const gm_dataset_info *a = gm_dataset_get_info(dataset), *b = gm_dataset_get_info(back);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->width, b->width);
    assert_true(a->black == b->black && a->white == b->white);
    assert_memory_equal(gm_dataset_items(dataset), gm_dataset_items(back), a->count * a->item_bytes);
    assert_int_equal(a->class_count, b->class_count);
    if (a->class_count > 0)
        assert_memory_equal(gm_dataset_labels(dataset), gm_dataset_labels(back), a->count * sizeof(int32_t));
    for (size_t k = 0; names && k < a->class_count; k++)
        assert_string_equal(a->class_names[k], b->class_names[k]);
}

static void pictures_come_back_from_every_form(void **state) {
    (void)state;
    static const char *const forms[] = {"out", "out.zip", "out.npz", "out.npy"};
    for (size_t channels = 1; channels <= 3; channels += 2) {
        put_pictures(channels);
        assert_ok(gm_dataset_open(&dataset, path_of("f"), NULL));
        for (size_t i = 0; i < GM_COUNT(forms); i++) {
            assert_ok(gm_dataset_convert(path_of("f"), &(gm_dataset_options){.hold = i % 2 ? GM_HOLD_NO : GM_HOLD_YES},
                                         path_of(forms[i])));
            assert_ok(gm_dataset_open(&back, path_of(forms[i]), NULL));
            expect_same(i < 3); // .npy has numbers alone
            gm_dataset_close(&back);
        }
        gm_dataset_close(&dataset);
        assert_fails(gm_dataset_convert(path_of("f"), NULL, path_of("out")), GM_ERROR_IO, "out: is not empty");
        remove_tree(path_of("out"));
        remove_tree(path_of("f"));
    }
    unlink(path_of("out_labels.npy"));
}

static void numbers_come_back_from_arrays(void **state) {
    (void)state;
    const float values[12] = {1, -2, 3.5f, 4, 5, 6, 7, 8, 9, 10, 11, 1e9f};
    static const struct { size_t rank, dim[4]; } shapes[] = {{2, {4, 3}}, {3, {2, 2, 3}}, {4, {1, 3, 2, 2}}, {1, {12}}};
    for (size_t i = 0; i < GM_COUNT(shapes); i++)
        for (int npz = 0; npz < 2; npz++) {
            const char *out = npz ? "out.npz" : "out.npy";
            assert_ok(gm_npy_write(path_of("a.npy"), values, shapes[i].rank, shapes[i].dim));
            assert_ok(gm_dataset_convert(path_of("a.npy"), NULL, path_of(out)));
            assert_ok(gm_dataset_open(&dataset, path_of("a.npy"), NULL));
            assert_ok(gm_dataset_open(&back, path_of(out), NULL));
            expect_same(true);
            gm_dataset_close(&dataset);
            gm_dataset_close(&back);
        }
    assert_fails(gm_dataset_convert(path_of("a.npy"), NULL, path_of("out.zip")), GM_ERROR_ARGUMENT,
                 "holds numbers, no pictures: write .npz or .npy");
    put_text("b.npy", "broken");
    assert_fails(gm_dataset_convert(path_of("b.npy"), NULL, path_of("out.zip")), GM_ERROR_FORMAT, "b.npy: ");
    assert_fails(gm_dataset_convert(path_of("a.npy"), NULL, path_of("no/out.npz")), GM_ERROR_IO, "no/out.npz");
}

// 16 bits, and channels that PNG does not have.
static void deep_pictures_keep_their_depth(void **state) {
    (void)state;
    static const char head[] = "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 5, 6, 7), }\n";
    uint8_t file[1024] = "\x93NUMPY\1\0";
    file[8] = sizeof head - 1;
    memcpy(file + 10, head, sizeof head - 1);
    for (size_t i = 0; i < 840; i++)
        file[10 + sizeof head - 1 + i] = (uint8_t)(i * 31);
    write_file(path_of("a.npy"), file, 10 + sizeof head - 1 + 840);
    assert_ok(gm_dataset_open(&dataset, path_of("a.npy"), NULL));
    for (int npz = 0; npz < 2; npz++) {
        const char *out = npz ? "out.npz" : "out.npy";
        assert_ok(gm_dataset_convert(path_of("a.npy"), NULL, path_of(out)));
        assert_ok(gm_dataset_open(&back, path_of(out), NULL));
        expect_same(true);
        gm_dataset_close(&back);
    }
    gm_status status = gm_dataset_convert(path_of("a.npy"), NULL, path_of("out.zip"));
    if (status == GM_ERROR_ARGUMENT) // without libtiff
        assert_non_null(strstr(gm_error_message(), "5 channels"));
    else {
        assert_ok(status);
        assert_ok(gm_dataset_open(&back, path_of("out.zip"), NULL));
        expect_same(true);
        gm_dataset_close(&back);
    }
    gm_dataset_close(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_back_from_every_form),
        cmocka_unit_test(numbers_come_back_from_arrays),
        cmocka_unit_test(deep_pictures_keep_their_depth),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

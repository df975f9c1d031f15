// NumPy's array files: written and read back, every type, damage, and as data sets.
#include "data_support.h"

#include <math.h>

static size_t make_npy(uint8_t *out, int version, const char *dictionary, const void *values, size_t bytes) {
    size_t length = strlen(dictionary), begin = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)version;
    out[7] = 0;
    memset(out + 8, 0, 4);
    out[8] = (uint8_t)length;
    out[9] = (uint8_t)(length >> 8);
    memcpy(out + begin, dictionary, length);
    memcpy(out + begin + length, values, bytes);
    return begin + length + bytes;
}

static void written_arrays_read_back_and_have_numpys_header(void **state) {
    (void)state;
    static const size_t dims[][4] = {{7}, {2, 5}, {2, 1, 3}, {2, 3, 4, 5}, {0, 3}};
    static const size_t ranks[] = {1, 2, 3, 4, 2};
    static const char *const shapes[] = {"(7,)", "(2, 5)", "(2, 1, 3)", "(2, 3, 4, 5)", "(0, 3)"};
    float values[120];
    for (size_t i = 0; i < 120; i++)
        values[i] = (float)i * .1f - 3;
    for (size_t t = 0; t < GM_COUNT(ranks); t++) {
        gm_npy array;
        char *data;
        size_t bytes;
        assert_ok(gm_npy_write(path_of("a.npy"), values, ranks[t], dims[t]));
        assert_ok(gm_npy_read(path_of("a.npy"), &array));
        assert_int_equal(array.rank, ranks[t]);
        assert_memory_equal(array.dim, dims[t], ranks[t] * sizeof(size_t));
        assert_null(array.bytes);
        assert_memory_equal(array.floats, values, array.count * sizeof(float));
        assert_ok(gm_file_read(path_of("a.npy"), 1 << 24, &data, &bytes));
        assert_int_equal((bytes - 4 * array.count) % 64, 0);
        assert_int_equal(data[bytes - 4 * array.count - 1], '\n');
        char text[128];
        snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", shapes[t]);
        assert_memory_equal(data + 10, text, strlen(text));
        free(data);
        gm_npy_finish(&array);
    }
    assert_fails(gm_npy_write(path_of("a.npy"), values, 7, (size_t[]){1, 1, 1, 1, 1, 1, 1}), GM_ERROR_ARGUMENT,
                 "7 dimensions");
    assert_fails(gm_npy_write(path_of("no/a.npy"), values, 1, dims[0]), GM_ERROR_IO, "no/a.npy");
    unlink(path_of("a.npy"));
}

static void numbers_of_every_type_are_read(void **state) {
    (void)state;
    static const struct {
        const char *type;
        uint8_t bytes[16]; // two values
        float first, second;
    } rows[] = {
        {"<f4", {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, 1.5f, -2},
        {">f4", {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0}, 1.5f, -2},
        {"<f8", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, 1.5f, -2},
        {">f8", {0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0}, 1.5f, -2},
        {"<f2", {0, 0x3e, 1, 0}, 1.5f, 0x1p-24f}, // the smallest subnormal
        {">f2", {0xc0, 0, 0x7c, 0}, -2, INFINITY},
        {"<f2", {0xff, 0x7b, 0xff, 0x83}, 65504, -0x3ffp-24f}, // the largest of both kinds
        {"|i1", {5, 0xff}, 5, -1},
        {"|b1", {1, 0}, 1, 0},
        {"<i2", {0x34, 0x12, 0xfe, 0xff}, 0x1234, -2},
        {">i2", {0x12, 0x34, 0xff, 0xfe}, 0x1234, -2},
        {"<i4", {3, 0, 1, 0, 0xff, 0xff, 0xff, 0xff}, 65539, -1},
        {"<i8", {3, 0, 0, 0, 0, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 3, -3},
        {"<u2", {0xff, 0xff, 1, 0}, 65535, 1},
        {"<u4", {0, 0, 0, 0x80, 2, 0, 0, 0}, 2147483648.f, 2},
        {"<u8", {0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}, 4294967296.f, 9},
    };
    for (size_t i = 0; i < GM_COUNT(rows); i++)
        for (int version = 1; version <= 3; version++) {
            uint8_t file[256];
            char dictionary[128];
            gm_npy array;
            size_t size = (size_t)(rows[i].type[2] - '0');
            snprintf(dictionary, sizeof dictionary, "{\"shape\":(2 ,),'fortran_order' : False,'descr':'%s'}\n",
                     rows[i].type);
            size_t bytes = make_npy(file, version, dictionary, rows[i].bytes, 2 * size);
            assert_ok(gm_npy_parse("a.npy", file, bytes, &array, NULL));
            if (array.floats[0] != rows[i].first || array.floats[1] != rows[i].second)
                fail_msg("%s: %g %g", rows[i].type, array.floats[0], array.floats[1]);
            gm_npy_finish(&array);
        }
}

static void damaged_arrays_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *dictionary, *text;
    } rows[] = {
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "values of type '<c8'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "values of type '|O' are not read"},
        {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }",
         "values of type [('x', '<f4')] are not read"},
        {"{'descr': '<f4', 'fortran_order': False, }", "has no shape"},
        {"{'descr': '<f4', 'shape': (4,), }", "has no fortran_order"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }", "no list of sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4", "no list of sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }", "no list of sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }", "more values"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }", "is truncated"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }", "is truncated"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "4 bytes follow"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 4), }", "more than 6"},
        {"", "values of type"},
    };
    uint8_t file[512], values[16] = {0};
    gm_npy array;
    for (size_t i = 0; i < GM_COUNT(rows); i++) {
        size_t bytes = make_npy(file, 1, rows[i].dictionary, values, sizeof values);
        assert_fails(gm_npy_parse("a.npy", file, bytes, &array, NULL), GM_ERROR_FORMAT, rows[i].text);
        assert_null(array.floats);
    }
    for (int version = 1; version < 3; version++) {
        size_t bytes = make_npy(file, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", values,
                                sizeof values);
        for (size_t cut = 0; cut < bytes; cut++) {
            uint8_t *copy = exact_copy(file, cut);
            assert_fails(gm_npy_parse("a.npy", copy, cut, &array, NULL), GM_ERROR_FORMAT, "a.npy: ");
            free(copy);
        }
        for (size_t bit = 0; bit < 8 * bytes; bit++) {
            uint8_t *copy = exact_copy(file, bytes);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (gm_npy_parse("a.npy", copy, bytes, &array, NULL) == GM_OK)
                gm_npy_finish(&array);
            free(copy);
        }
    }
    file[6] = 4;
    assert_fails(gm_npy_parse("a.npy", file, 100, &array, NULL), GM_ERROR_FORMAT, "version 4");
    assert_fails(gm_npy_read(path_of("missing.npy"), &array), GM_ERROR_IO, "missing.npy");
}

// A value of (2, 3, 4) in C order says where it stands.
static void arrays_in_fortran_order_are_read_in_c_order(void **state) {
    (void)state;
    static const char *const types[] = {"|u1", "<i2", ">i4", "<f8"};
    static const size_t sizes[] = {1, 2, 4, 8};
    for (size_t t = 0; t < GM_COUNT(types); t++) {
        uint8_t file[512], values[24 * 8] = {0};
        char dictionary[128];
        gm_npy array;
        for (size_t i = 0; i < 24; i++) {
            size_t place = i / 12 + i / 4 % 3 * 2 + i % 4 * 6; // the first index moves fastest
            double number = (double)i;
            if (sizes[t] == 8)
                memcpy(values + 8 * place, &number, 8);
            else
                values[sizes[t] * place + (types[t][0] == '>' ? sizes[t] - 1 : 0)] = (uint8_t)i;
        }
        snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': True, 'shape': (2, 3, 4), }\n",
                 types[t]);
        size_t bytes = make_npy(file, 1, dictionary, values, 24 * sizes[t]);
        assert_ok(gm_npy_parse("a.npy", file, bytes, &array, NULL));
        for (size_t i = 0; i < 24; i++)
            assert_int_equal(array.bytes ? array.bytes[i] : (int)array.floats[i], i);
        gm_npy_finish(&array);
    }
}

static void arrays_are_data_sets(void **state) {
    (void)state;
    gm_dataset *dataset;
    float values[24];
    uint8_t file[512], pixels[24];
    for (size_t i = 0; i < 24; i++) {
        values[i] = (float)i;
        pixels[i] = (uint8_t)(10 * i);
    }
    assert_ok(gm_npy_write(path_of("a.npy"), values, 2, (size_t[]){8, 3}));
    assert_ok(gm_dataset_open(&dataset, path_of("a.npy"), &(gm_dataset_options){.count = 5}));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->kind, GM_DATASET_FLOATS);
    assert_int_equal(info->count, 5);
    assert_int_equal(info->channels, 3);
    assert_int_equal(info->item_values, 3);
    assert_memory_equal(gm_dataset_floats(dataset), values, 15 * sizeof(float));
    gm_dataset_close(&dataset);
    assert_fails(gm_dataset_open(&dataset, path_of("a.npy"), &(gm_dataset_options){.size = {4}}), GM_ERROR_ARGUMENT,
                 "holds vectors");
    assert_ok(gm_npy_write(path_of("a.npy"), values, 2, (size_t[]){0, 3}));
    assert_fails(gm_dataset_open(&dataset, path_of("a.npy"), NULL), GM_ERROR_FORMAT, "0 items");
    assert_ok(gm_npy_write(path_of("a.npy"), values, 4, (size_t[]){2, 3, 2, 2}));
    assert_ok(gm_dataset_open(&dataset, path_of("a.npy"), NULL));
    info = gm_dataset_get_info(dataset);
    assert_int_equal(info->channels, 3);
    assert_int_equal(info->height, 2);
    gm_dataset_close(&dataset);

    size_t bytes = make_npy(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (6, 2, 2), }", pixels, 24);
    write_file(path_of("b.npy"), file, bytes);
    assert_ok(gm_dataset_open(&dataset, path_of("b.npy"), &(gm_dataset_options){.size = {4}, .channels = 3}));
    info = gm_dataset_get_info(dataset);
    assert_int_equal(info->kind, GM_DATASET_IMAGES);
    assert_int_equal(info->count, 6);
    assert_int_equal(info->item_bytes, 48);
    assert_int_equal(gm_dataset_images(dataset)[48 + 16 + 5], 40); // image 1, channel 1, (1, 1)
    gm_dataset_close(&dataset);
    bytes = make_npy(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 8, 1, 3), }", pixels, 24);
    write_file(path_of("b.npy"), file, bytes);
    assert_ok(gm_dataset_open(&dataset, path_of("b.npy"), NULL)); // the last axis is not shorter than both before it
    assert_int_equal(gm_dataset_get_info(dataset)->channels, 8);
    gm_dataset_close(&dataset);
    bytes = make_npy(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (8, 3), }", pixels, 24);
    write_file(path_of("b.npy"), file, bytes);
    assert_ok(gm_dataset_open(&dataset, path_of("b.npy"), NULL));
    assert_true(gm_dataset_floats(dataset)[23] == 230);
    gm_dataset_close(&dataset);
    unlink(path_of("a.npy"));
    unlink(path_of("b.npy"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_arrays_read_back_and_have_numpys_header),
        cmocka_unit_test(numbers_of_every_type_are_read),
        cmocka_unit_test(arrays_in_fortran_order_are_read_in_c_order),
        cmocka_unit_test(damaged_arrays_are_refused),
        cmocka_unit_test(arrays_are_data_sets),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

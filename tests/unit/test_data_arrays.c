// Arrays as data sets: where channels stand, labels beside them, archives of several, .safetensors.
#include "zip_support.h"

#include "data/items.h"
#include "data/npz.h"
#include "data/tensors.h"

#include <math.h>

static gm_dataset *dataset;

typedef struct array {
    uint8_t bytes[2048];
    size_t length;
} array;

// Of the type and shape ("u1", "2, 3"), with values 0, 1, 2, ... of one byte each, little-endian.
static array make(const char *type, const char *shape, size_t count) {
    array a = {{0}, 0};
    size_t size = (size_t)(type[1] - '0');
    char dictionary[128];
    int length = snprintf(dictionary, sizeof dictionary, "{'descr': '<%s', 'fortran_order': False, 'shape': (%s), }\n",
                          type, shape);
    memcpy(a.bytes, "\x93NUMPY\1\0", 8);
    a.bytes[8] = (uint8_t)length;
    memcpy(a.bytes + 10, dictionary, (size_t)length);
    a.length = 10 + (size_t)length + count * size;
    for (size_t i = 0; i < count; i++)
        a.bytes[10 + (size_t)length + i * size] = (uint8_t)i;
    return a;
}

static void put(const char *name, array a) {
    write_file(path_of(name), a.bytes, a.length);
}

static const gm_dataset_info *open_with(const char *name, gm_dataset_options options) {
    assert_ok(gm_dataset_open(&dataset, path_of(name), &options));
    return gm_dataset_get_info(dataset);
}

static void expect_shape(const gm_dataset_info *info, size_t count, size_t channels, size_t height, size_t width) {
    if (info->count != count || info->channels != channels || info->height != height || info->width != width)
        fail_msg("%zu items of %zu x %zu x %zu", info->count, info->channels, info->height, info->width);
}

static void refused(const char *name, const char *text) {
    assert_fails(gm_dataset_open(&dataset, path_of(name), NULL), GM_ERROR_FORMAT, text);
    assert_null(dataset);
}

// ---- Axes ----

static void channels_stand_last_where_the_last_axis_is_the_shortest(void **state) {
    (void)state;
    static const struct {
        const char *shape;
        size_t count, channels, height, width;
        bool last;
    } cases[] = {
        {"2, 4, 4, 3", 2, 3, 4, 4, true},  {"2, 3, 4, 4", 2, 3, 4, 4, false}, {"1, 8, 6, 5", 1, 5, 8, 6, true},
        {"1, 5, 8, 6", 1, 5, 8, 6, false}, {"2, 4, 5, 1", 2, 1, 4, 5, true},  {"1, 16, 4, 4", 1, 16, 4, 4, false},
        {"2, 3, 2, 2", 2, 3, 2, 2, false}, {"4, 6, 2", 4, 1, 6, 2, false},    {"3, 1, 4, 4", 3, 1, 4, 4, false},
    };
    static const char *const types[] = {"u1", "u2", "i4", "f4"};
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        for (size_t t = 0; t < GM_COUNT(types); t++) {
            size_t area = cases[i].height * cases[i].width, values = cases[i].channels * area * cases[i].count;
            put("a.npy", make(types[t], cases[i].shape, types[t][0] == 'f' ? 0 : values));
            if (types[t][0] == 'f') {
                array a = make(types[t], cases[i].shape, 0);
                for (size_t v = 0; v < values; v++, a.length += 4)
                    memcpy(a.bytes + a.length, &(float){(float)v}, 4);
                put("a.npy", a);
            }
            const gm_dataset_info *info = open_with("a.npy", (gm_dataset_options){0});
            expect_shape(info, cases[i].count, cases[i].channels, cases[i].height, cases[i].width);
            for (size_t v = 0; v < values; v++) {
                size_t c = v / area % cases[i].channels, n = v / area / cases[i].channels;
                size_t from = cases[i].last ? (n * area + v % area) * cases[i].channels + c : v;
                float want = (float)from / (types[t][0] == 'u' && types[t][1] == '2' ? 65535.f : 1);
                float got = gm_dataset_images(dataset) ? gm_dataset_images(dataset)[v] : gm_dataset_floats(dataset)[v];
                assert_true(got == want);
            }
            assert_true((gm_dataset_images(dataset) != NULL) == (t == 0));
            assert_int_equal(info->white, t == 0 ? 255 : t == 1);
            gm_dataset_close(&dataset);
        }
    put("a.npy", make("u1", "2, 4, 4, 3", 96));
    expect_shape(open_with("a.npy", (gm_dataset_options){.layout = GM_ARRAY_NCHW}), 2, 4, 4, 3);
    gm_dataset_close(&dataset);
    put("a.npy", make("u1", "2, 3, 4, 4", 96));
    expect_shape(open_with("a.npy", (gm_dataset_options){.layout = GM_ARRAY_NHWC}), 2, 4, 3, 4);
    assert_int_equal(gm_dataset_images(dataset)[1], 4);
    gm_dataset_close(&dataset);
    put("a.npy", make("u1", "1, 1, 1, 2, 2, 2", 8));
    refused("a.npy", "has 6 dimensions");
    unlink(path_of("a.npy"));
}

// ---- Labels ----

// Means over areas, of 16 bits and of floats as precise as these.
static void images_are_fitted_in_their_depth(void **state) {
    (void)state;
    array a = make("u2", "1, 2, 2", 4);
    put("a.npy", a);
    expect_shape(open_with("a.npy", (gm_dataset_options){.size = {1, 1}}), 1, 1, 1, 1);
    assert_true(fabs((double)gm_dataset_floats(dataset)[0] * UINT16_MAX - 1.5) < 1e-4);
    gm_dataset_close(&dataset);
    const float values[12] = {1000, 2, 0, -4, .5f, .25f, 3, 5, 7, 9, 11, 13};
    a = make("f4", "1, 3, 2, 2", 12);
    memcpy(a.bytes + a.length - sizeof values, values, sizeof values);
    put("a.npy", a);
    expect_shape(open_with("a.npy", (gm_dataset_options){.size = {1, 2}, .fit = GM_FIT_RESIZE}), 1, 3, 1, 2);
    const float wanted[6] = {500, -1, 1.75f, 2.625f, 9, 11};
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs((double)(gm_dataset_floats(dataset)[i] - wanted[i])) < 1e-4);
    gm_dataset_close(&dataset);
    expect_shape(open_with("a.npy", (gm_dataset_options){.channels = 1}), 1, 1, 2, 2);
    assert_true(fabs((double)gm_dataset_floats(dataset)[0] - (299 + .587 * .5 + .114 * 7)) < 1e-3);
    gm_dataset_close(&dataset);
    assert_fails(gm_dataset_open(&dataset, path_of("a.npy"), &(gm_dataset_options){.channels = 2}), GM_ERROR_ARGUMENT,
                 "a.npy: images of 3 channels cannot become images of 2");
    memcpy(a.bytes + a.length - sizeof(float), &(const float){NAN}, sizeof(float));
    put("a.npy", a);
    assert_fails(gm_dataset_open(&dataset, path_of("a.npy"), &(gm_dataset_options){.size = {1}}), GM_ERROR_FORMAT,
                 "a.npy: item 0 holds nan: fill it in");
    put("a.npy", make("f4", "2, 3", 6));
    assert_fails(gm_dataset_open(&dataset, path_of("a.npy"), &(gm_dataset_options){.size = {1}}), GM_ERROR_ARGUMENT,
                 "a.npy: holds vectors, and data.size is for images: leave it out");
    unlink(path_of("a.npy"));
}

static void labels_stand_beside_an_array(void **state) {
    (void)state;
    static const struct {
        const char *data, *labels;
    } names[] = {
        {"a.npy", "a_labels.npy"}, {"a.npy", "a-labels.npy"}, {"x_train.npy", "y_train.npy"}, {"x.npy", "y.npy"}};
    for (size_t i = 0; i < GM_COUNT(names); i++)
        for (size_t t = 0; t < 2; t++) {
            put(names[i].data, make("u1", t ? "3, 2" : "3, 2, 2", t ? 6 : 12)); // floats and images
            put(names[i].labels, make(t ? "i8" : "u1", t ? "3, 1" : "3,", 3));
            assert_int_equal(open_with(names[i].data, (gm_dataset_options){0})->class_count, 3);
            assert_memory_equal(gm_dataset_labels(dataset), ((int32_t[]){0, 1, 2}), 12);
            gm_dataset_close(&dataset);
            unlink(path_of(names[i].labels));
        }
    put("a.npy", make("u1", "3, 2, 2", 12));
    put("a_labels.npy", make("u1", "2,", 2));
    refused("a.npy", "a.npy: has 2 labels for 3 items");
    put("a_labels.npy", make("u1", "3, 3", 9));
    refused("a.npy", "its labels are no row of numbers");
    array halves = make("f4", "3,", 0);
    for (size_t i = 0; i < 3; i++, halves.length += 4)
        memcpy(halves.bytes + halves.length, &(float){i == 2 ? .5f : 1}, 4);
    put("a_labels.npy", halves);
    refused("a.npy", "its label 2 is 0.5, no whole number");
    memcpy(halves.bytes + halves.length - 4, &(float){-1}, 4);
    put("a_labels.npy", halves);
    refused("a.npy", "its label 2 is -1: labels are");
    const array others[] = {halves, make("u1", "2,", 2), make("u1", "3, 2", 6)}; // values of their own
    put("x.npy", make("u1", "3, 2", 6));
    for (size_t i = 0; i < GM_COUNT(others); i++) {
        put("y.npy", others[i]);
        assert_int_equal(open_with("x.npy", (gm_dataset_options){0})->class_count, 0);
        gm_dataset_close(&dataset);
    }
    unlink(path_of("y.npy"));
    unlink(path_of("a.npy"));
    unlink(path_of("a_labels.npy"));
    unlink(path_of("x.npy"));
    unlink(path_of("x_train.npy"));
}

// ---- Archives ----

typedef struct named {
    const char *name;
    array a;
} named;

static void put_npz(const named *arrays, size_t count, bool packed) {
    zip_entry entries[8] = {{0}};
    for (size_t i = 0; i < count; i++)
        entries[i] = (zip_entry){arrays[i].name, arrays[i].a.bytes, arrays[i].a.length, packed, 0, 0, false};
    write_zip(path_of("a.npz"), entries, count);
}

// Floats as code for regression writes them.
static array make_floats(const float *values, size_t count, const char *shape) {
    array a = make("f4", shape, 0);
    memcpy(a.bytes + a.length, values, count * sizeof *values);
    a.length += count * sizeof *values;
    return a;
}

static void whole_floats_are_labels(void **state) {
    (void)state;
    const array items = make("u1", "3, 2, 2", 12);
    put_npz((named[]){{"x.npy", items}, {"y.npy", make_floats((float[]){0, 1, 65535}, 3, "3,")}}, 2, false);
    assert_int_equal(open_with("a.npz", (gm_dataset_options){0})->class_count, 65536);
    assert_memory_equal(gm_dataset_labels(dataset), ((int32_t[]){0, 1, 65535}), 12);
    gm_dataset_close(&dataset);
    put_npz((named[]){{"x.npy", items}, {"targets.npy", make_floats((float[]){0, 1, .5f}, 3, "3,")}}, 2, false);
    refused("a.npz", "its label 2 is 0.5, no whole number; if targets holds no classes, call it something else");
    put_npz((named[]){{"x.npy", items}, {"y.npy", make_floats((float[]){0, 1, NAN}, 3, "3,")}}, 2, false);
    refused("a.npz", "its label 2 is nan: labels are whole numbers from 0 to 1048575; if y holds no classes");
    put_npz((named[]){{"x.npy", items}, {"y.npy", make_floats((float[]){1, 0, 0, 1, 1, 0}, 6, "3, 2")}}, 2, false);
    refused("a.npz", "one for each item (of one-hot labels: argmax); if y holds no classes");
    unlink(path_of("a.npz"));
}

static void archives_hold_items_and_labels_by_name(void **state) {
    (void)state;
    const array items = make("u1", "4, 3, 3", 36), labels = make("u1", "4,", 4), other = make("u1", "9, 9, 9", 729);
    static const struct {
        const char *data, *labels;
    } names[] = {{"data.npy", "labels.npy"},
                 {"images.npy", "label.npy"},
                 {"x.npy", "y.npy"},
                 {"X.npy", "Y.npy"},
                 {"arr_0.npy", "arr_1.npy"},
                 {"x_train.npy", "y_train.npy"},
                 {"train_images.npy", "train_labels.npy"}};
    for (size_t i = 0; i < GM_COUNT(names); i++)
        for (int packed = 0; packed < 2; packed++) {
            put_npz((named[]){{"other.npy", other}, {names[i].labels, labels}, {names[i].data, items}}, 3, packed);
            const gm_dataset_info *info = open_with("a.npz", (gm_dataset_options){0});
            expect_shape(info, 4, 1, 3, 3);
            assert_int_equal(info->class_count, 4);
            assert_int_equal(gm_dataset_images(dataset)[35], 35);
            gm_dataset_close(&dataset);
        }
    put_npz((named[]){{"small.npy", labels}, {"mine.npy", items}, {"y.npy", other}}, 2, false); // the largest
    expect_shape(open_with("a.npz", (gm_dataset_options){0}), 4, 1, 3, 3);
    gm_dataset_close(&dataset);
    put_npz((named[]){{"deep/", {{0}, 0}}, {"deep/mine.npy", items}}, 2, false);
    expect_shape(open_with("a.npz", (gm_dataset_options){0}), 4, 1, 3, 3);
    gm_dataset_close(&dataset);
    unlink(path_of("a.npz"));
}

static void archives_have_splits(void **state) {
    (void)state;
    const array train = make("u1", "4, 3, 3", 36), test = make("u1", "2, 3, 3", 18), labels = make("u1", "2,", 2);
    const gm_dataset_options other = {.split = GM_SPLIT_TEST};
    put_npz((named[]){{"x_train.npy", train}, {"x_test.npy", test}, {"y_test.npy", labels}}, 3, true);
    assert_int_equal(open_with("a.npz", (gm_dataset_options){0})->count, 4);
    assert_null(gm_dataset_labels(dataset));
    gm_dataset_close(&dataset);
    assert_int_equal(open_with("a.npz", other)->count, 2);
    assert_int_equal(gm_dataset_get_info(dataset)->class_count, 2);
    gm_dataset_close(&dataset);
    put_npz((named[]){{"x_train.npy", train}}, 1, true);
    assert_fails(gm_dataset_open(&dataset, path_of("a.npz"), &other), GM_ERROR_IO, "has no test items");
    unlink(path_of("a.npz"));
}

static void bad_archives_are_refused(void **state) {
    (void)state;
    array items = make("u1", "4, 3, 3", 36), labels = make("u1", "3,", 3);
    put_npz((named[]){{"x.npy", items}, {"y.npy", labels}}, 2, true);
    refused("a.npz", "a.npz: has 3 labels for 4 items; if y holds no classes, call it something else");
    items.length--;
    put_npz((named[]){{"x.npy", items}}, 1, true);
    refused("a.npz", "a.npz/x.npy: is truncated");
    items.length = 3;
    put_npz((named[]){{"x.npy", items}}, 1, true);
    refused("a.npz", "a.npz/x.npy: is truncated");
    items = make("u1", "4, 3, 3", 36);
    zip_entry entry = {"x.npy", items.bytes, items.length, true, 5, 0, false};
    write_zip(path_of("a.npz"), &entry, 1);
    refused("a.npz", "a.npz/x.npy: is damaged: its checksum");
    unlink(path_of("a.npz"));
}

// ---- .safetensors ----

static void put_tensors(const char *header, const void *values, size_t bytes) {
    uint8_t file[1024] = {(uint8_t)strlen(header)};
    file[1] = (uint8_t)(strlen(header) >> 8);
    memcpy(file + 8, header, strlen(header));
    memcpy(file + 8 + strlen(header), values, bytes);
    write_file(path_of("a.safetensors"), file, 8 + strlen(header) + bytes);
}

static void tensors_are_data_sets(void **state) {
    (void)state;
    uint8_t values[64];
    for (size_t i = 0; i < sizeof values; i++)
        values[i] = (uint8_t)i;
    put_tensors(
        "{\"__metadata__\":{\"a\":\"b\"},\"mine\":{\"dtype\":\"U8\",\"shape\":[2,3,4],\"data_offsets\":[0,24]}}",
        values, 24);
    expect_shape(open_with("a.safetensors", (gm_dataset_options){0}), 2, 1, 3, 4);
    assert_memory_equal(gm_dataset_images(dataset), values, 24);
    gm_dataset_close(&dataset);
    put_tensors("{\"labels\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                "\"images\":{\"dtype\":\"BF16\",\"shape\":[2,1],\"data_offsets\":[2,6]}}",
                "\0\1\x80\x3f\x20\xc0", 6);
    expect_shape(open_with("a.safetensors", (gm_dataset_options){0}), 2, 1, 1, 1);
    assert_memory_equal(gm_dataset_floats(dataset), ((float[]){1, -2.5f}), 8);
    assert_memory_equal(gm_dataset_labels(dataset), ((int32_t[]){0, 1}), 8);
    gm_dataset_close(&dataset);
    static const struct {
        const char *header, *text;
    } cases[] = {
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],"
         "\"data_offsets\":[0,2]}}",
         "holds 2 arrays, none of them called data, images or x"},
        {"{\"__metadata__\":{}}", "holds no tensors"},
        {"{\"a\":3}", "values of type (none) are not read"},
        {"{\"a\":{\"dtype\":\"C64\",\"shape\":[2],\"data_offsets\":[0,2]}}", "values of type C64 are not read"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,2]}}", "does not lie where its header says"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[65],\"data_offsets\":[0,65]}}", "does not lie where"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,0]}}", "does not lie where"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296,4],\"data_offsets\":[0,2]}}", "no list of sizes"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,2]}}", "no list of sizes"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":2,\"data_offsets\":[0,2]}}", "has no shape"},
        {"{\"a\":", "its header is no JSON object"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        put_tensors(cases[i].header, values, 64);
        gm_status status = gm_dataset_open(&dataset, path_of("a.safetensors"), NULL);
        if (status != GM_ERROR_FORMAT || !strstr(gm_error_message(), cases[i].text))
            fail_msg("case %zu: status %d, \"%s\" should contain \"%s\"", i, (int)status, gm_error_message(),
                     cases[i].text);
    }
    unlink(path_of("a.safetensors"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_stand_last_where_the_last_axis_is_the_shortest),
        cmocka_unit_test(images_are_fitted_in_their_depth),
        cmocka_unit_test(labels_stand_beside_an_array),
        cmocka_unit_test(whole_floats_are_labels),
        cmocka_unit_test(archives_hold_items_and_labels_by_name),
        cmocka_unit_test(archives_have_splits),
        cmocka_unit_test(bad_archives_are_refused),
        cmocka_unit_test(tensors_are_data_sets),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

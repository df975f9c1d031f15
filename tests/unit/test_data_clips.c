// Clips as data: arrays of frames, what is cut out of them, their labels, and how they are written and drawn.
#include "data_support.h"

#include "data/decode.h"
#include "sample/array.h"
#include "sample/sample.h"

#include <math.h>

static gm_dataset *dataset;

// An array of bytes 0, 1, 2, ... of that shape.
static void put_bytes(const char *name, size_t rank, const size_t *dim) {
    size_t count = 1;
    gm_bytes file = {0};
    gm_file_array array = {.name = "x", .type = "u1", .size = 1, .rank = rank};
    for (size_t i = 0; i < rank; i++)
        count *= array.dim[i] = dim[i];
    uint8_t *values = malloc(count);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = (uint8_t)i;
    array.values = values;
    assert_ok(gm_npy_encode(name, &array, &file));
    write_file(path_of(name), file.data, file.length);
    free(file.data);
    free(values);
}

static void put_labels(const char *name, const int32_t *labels, size_t count) {
    gm_bytes file = {0};
    const gm_file_array array = {"y", "i4", labels, sizeof *labels, 1, {count}};
    assert_ok(gm_npy_encode(name, &array, &file));
    write_file(path_of(name), file.data, file.length);
    free(file.data);
}

static const gm_dataset_info *open_with(const char *name, gm_dataset_options options) {
    gm_dataset_close(&dataset);
    assert_ok(gm_dataset_open(&dataset, path_of(name), &options));
    return gm_dataset_get_info(dataset);
}

static void refused(const char *name, gm_dataset_options options, const char *text) {
    gm_dataset_close(&dataset);
    gm_status status = gm_dataset_open(&dataset, path_of(name), &options);
    assert_null(dataset);
    assert_fails(status, status == GM_OK ? GM_ERROR_FORMAT : status, text);
}

static void expect_shape(const gm_dataset_info *info, size_t count, size_t frames, size_t channels, size_t height,
                         size_t width) {
    const size_t got[] = {info->count, info->frames, info->channels, info->height, info->width};
    const size_t want[] = {count, frames, channels, height, width};
    for (size_t i = 0; i < GM_COUNT(want); i++)
        assert_int_equal(got[i], want[i]);
    assert_int_equal(info->item_values, GM_MAX(frames, (size_t)1) * channels * height * width);
}

// The frame that the clip shows at that time, by its first value; frames have `values` each.
static size_t frame_of(size_t clip, size_t time, size_t values) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    return gm_dataset_images(dataset)[clip * info->item_values + time * values] / values;
}

static void arrays_of_five_axes_are_clips(void **state) {
    (void)state;
    put_bytes("a.npy", 5, (const size_t[]){3, 2, 1, 4, 5});
    const gm_dataset_info *info = open_with("a.npy", (gm_dataset_options){0});
    expect_shape(info, 3, 2, 1, 4, 5);
    assert_int_equal(info->white, 255);
    for (size_t i = 0; i < 120; i++)
        assert_int_equal(gm_dataset_images(dataset)[i], i);
    // channels last, (N, T, H, W, C)
    put_bytes("b.npy", 5, (const size_t[]){2, 2, 4, 4, 3});
    info = open_with("b.npy", (gm_dataset_options){0});
    expect_shape(info, 2, 2, 3, 4, 4);
    assert_int_equal(info->layout, GM_ARRAY_NHWC);
    assert_int_equal(gm_dataset_images(dataset)[1], 3);                    // the next pixel's red
    assert_int_equal(gm_dataset_images(dataset)[3 * 16], 48);              // the second frame
    assert_int_equal(gm_dataset_images(dataset)[2 * 3 * 16 + 2 * 16], 98); // the second clip's blue
    // fitted as images are
    info = open_with("b.npy", (gm_dataset_options){.size = {2, 2}, .channels = 1});
    expect_shape(info, 2, 2, 1, 2, 2);
    gm_dataset_close(&dataset);
}

static void longer_clips_are_cut(void **state) {
    (void)state;
    put_bytes("a.npy", 4, (const size_t[]){11, 1, 4, 4}); // frames of 16 values
    expect_shape(open_with("a.npy", (gm_dataset_options){0}), 11, 0, 1, 4, 4);
    expect_shape(open_with("a.npy", (gm_dataset_options){.frames = 3}), 3, 3, 1, 4, 4);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(frame_of(i / 3, i % 3, 16), i);
    expect_shape(open_with("a.npy", (gm_dataset_options){.frames = 3, .frame_hop = 1}), 9, 3, 1, 4, 4);
    for (size_t i = 0; i < 27; i++)
        assert_int_equal(frame_of(i / 3, i % 3, 16), i / 3 + i % 3);
    expect_shape(open_with("a.npy", (gm_dataset_options){.frames = 2, .frame_stride = 3}), 2, 2, 1, 4, 4);
    for (size_t i = 0; i < 4; i++) // 0, 3, 6 and 9 are the frames at that stride
        assert_int_equal(frame_of(i / 2, i % 2, 16), 3 * i);
    expect_shape(open_with("a.npy", (gm_dataset_options){.frames = 2, .frame_stride = 3, .frame_hop = 1}), 3, 2, 1, 4,
                 4);
    assert_int_equal(frame_of(2, 1, 16), 9);
    expect_shape(open_with("a.npy", (gm_dataset_options){.frames = 3, .count = 2}), 2, 3, 1, 4, 4);
    gm_dataset_close(&dataset);
}

static void short_clips_are_refused_or_stand_still(void **state) {
    (void)state;
    put_bytes("a.npy", 4, (const size_t[]){3, 1, 4, 4});
    refused("a.npy", (gm_dataset_options){.frames = 4}, "clip 0 has 3 frames, of which 4 are wanted");
    refused("a.npy", (gm_dataset_options){.frames = 2, .frame_stride = 3}, "2 at a stride of 3 are wanted");
    expect_shape(open_with("a.npy", (gm_dataset_options){.frames = 5, .short_films = GM_SHORT_REPEAT}), 1, 5, 1, 4, 4);
    static const size_t shown[] = {0, 1, 2, 2, 2};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(frame_of(0, i, 16), shown[i]);
    gm_dataset_close(&dataset);
}

static void clips_have_labels_and_classes(void **state) {
    (void)state;
    put_bytes("a.npy", 5, (const size_t[]){4, 4, 1, 2, 2});
    put_labels("a_labels.npy", (const int32_t[]){1, 0, 1, 2}, 4);
    const gm_dataset_info *info = open_with("a.npy", (gm_dataset_options){.frames = 2});
    expect_shape(info, 8, 2, 1, 2, 2);
    assert_int_equal(info->class_count, 3);
    assert_memory_equal(gm_dataset_labels(dataset), ((const int32_t[]){1, 1, 0, 0, 1, 1, 2, 2}), 8 * sizeof(int32_t));
    // however few, they are of all classes
    info = open_with("a.npy", (gm_dataset_options){.frames = 2, .count = 3});
    int seen = 0;
    for (size_t i = 0; i < 3; i++)
        seen |= 1 << gm_dataset_labels(dataset)[i];
    assert_int_equal(seen, 7);
    // those of one class, which are clips 0 and 2
    info = open_with("a.npy", (gm_dataset_options){.classes = (const char *const[]){"1"}, .class_count = 1});
    expect_shape(info, 2, 4, 1, 2, 2);
    assert_int_equal(gm_dataset_images(dataset)[info->item_values], 32);
    gm_dataset_close(&dataset);
    put_labels("a_labels.npy", (const int32_t[]){1, 0, 1}, 3);
    refused("a.npy", (gm_dataset_options){0}, "has 3 labels for 4 items");
    unlink(path_of("a_labels.npy"));
}

static void what_is_not_for_the_data_is_refused(void **state) {
    (void)state;
    put_bytes("a.npy", 4, (const size_t[]){3, 1, 4, 4});
    refused("a.npy", (gm_dataset_options){.frame_hop = 2},
            "data.hop is for clips: say of how many frames with data.frames");
    refused("a.npy", (gm_dataset_options){.frame_stride = 2, .prefix = "--"}, "--stride is for clips");
    put_bytes("b.npy", 3, (const size_t[]){3, 4, 4});
    refused("b.npy", (gm_dataset_options){.frames = 2}, "has 3 dimensions: clips are arrays N x T x C x H x W");
    put_bytes("c.npy", 6, (const size_t[]){1, 1, 1, 1, 4, 4});
    refused("c.npy", (gm_dataset_options){0}, "has 6 dimensions: a data set has 1 to 5");
    write_file(path_of("d.csv"), "1,2\n3,4\n", 8);
    refused("d.csv", (gm_dataset_options){.frames = 2}, "data.frames is for clips");
}

static void networks_see_channels_before_time(void **state) {
    (void)state;
    enum { N = 2, T = 3, C = 2, AREA = 4, ITEM = T * C * AREA };
    put_bytes("a.npy", 5, (const size_t[]){N, T, C, 2, 2});
    const gm_dataset_info *info = open_with("a.npy", (gm_dataset_options){.layout = GM_ARRAY_NCHW});
    const gm_sample format = gm_dataset_format(info, 0, 255);
    float values[N * ITEM], stored[N * ITEM];
    assert_string_equal(format.kind->name, "clip");
    assert_true(gm_shape_equal(&format.item, &GM_SHAPE(C, T, 2, 2)));
    assert_true(gm_shape_equal(&format.stored, &GM_SHAPE(T, C, 2, 2)));
    assert_ok(gm_dataset_decode(dataset, &format, (const int32_t[]){0, 1}, N, values, NULL));
    for (size_t n = 0; n < N; n++)
        for (size_t c = 0; c < C; c++)
            for (size_t t = 0; t < T; t++)
                for (size_t i = 0; i < AREA; i++)
                    assert_true(values[((n * C + c) * T + t) * AREA + i] == (float)(n * ITEM + (t * C + c) * AREA + i));
    format.kind->encode_values(&format, values, N, stored); // and back
    for (size_t i = 0; i < N * ITEM; i++)
        assert_true(stored[i] == (float)i);
    gm_dataset_close(&dataset);
}

static void pictures_of_clips_are_strips(void **state) {
    (void)state;
    put_bytes("a.npy", 5, (const size_t[]){2, 3, 1, 4, 5});
    const gm_sample format = gm_dataset_format(open_with("a.npy", (gm_dataset_options){0}), 0, 255);
    const gm_writing writing = {.path = "a"}, beside = {.path = "a", .options = {.rows = 1}};
    float values[2 * 60];
    gm_raster picture;
    assert_ok(gm_dataset_decode(dataset, &format, (const int32_t[]){0, 1}, 2, values, NULL));
    assert_ok(format.kind->picture(&format, &writing, 8, values, 2, &picture));
    assert_int_equal(picture.height, 2 * 4 + 2);
    assert_int_equal(picture.width, 3 * 5 + 2 * 2);
    // the second clip's third frame, whose first value is 60 + 40
    assert_int_equal(((uint8_t *)picture.values)[6 * picture.width + 14], 100);
    gm_raster_finish(&picture);
    assert_ok(format.kind->picture(&format, &beside, 8, values, 2, &picture));
    assert_int_equal(picture.width, 6 * 5 + 5 * 2);
    gm_raster_finish(&picture);
    // both side by side, at the time 2
    assert_ok(format.kind->moving(&format, &beside, 8, values, 2, 2, &picture));
    assert_int_equal(picture.width, 2 * 5 + 2);
    assert_int_equal(((uint8_t *)picture.values)[0], 40);
    assert_int_equal(((uint8_t *)picture.values)[7], 100);
    gm_raster_finish(&picture);
    gm_dataset_close(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_of_five_axes_are_clips),          cmocka_unit_test(longer_clips_are_cut),
        cmocka_unit_test(short_clips_are_refused_or_stand_still), cmocka_unit_test(clips_have_labels_and_classes),
        cmocka_unit_test(what_is_not_for_the_data_is_refused),    cmocka_unit_test(networks_see_channels_before_time),
        cmocka_unit_test(pictures_of_clips_are_strips),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

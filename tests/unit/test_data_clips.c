// Clips as data: arrays of frames, what is cut out of them, their labels, and how they are written and drawn;
// folders of frames and animations.
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

// ---- Files ----

// A grey picture of 2 x 2 pixels.
static void put_png(const char *name, uint8_t value) {
    const uint8_t pixels[4] = {value, value, value, value};
    assert_ok(gm_png_write(path_of(name), pixels, 2, 2, 1));
}

static void make_folder(const char *name) {
    assert_int_equal(mkdir(path_of(name), 0777), 0);
}

// FOLDER/f1.png, f2.png, ... of the values first, first + 1, ...
static void put_frames(const char *folder, size_t count, uint8_t first) {
    char name[64];
    make_folder(folder);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/f%zu.png", folder, i + 1);
        put_png(name, (uint8_t)(first + i));
    }
}

// The values of all frames of all clips, each by its first pixel.
static void expect_frames(const uint8_t *values, size_t count) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const size_t frame = info->item_values / info->frames;
    assert_int_equal(info->count * info->frames, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(gm_dataset_images(dataset)[i * frame], values[i]);
}

static void folders_of_pictures_are_clips(void **state) {
    (void)state;
    make_folder("f");
    put_frames("f/x2", 12, 100);
    put_frames("f/x10", 11, 50);
    expect_shape(open_with("f", (gm_dataset_options){.frames = 11}), 2, 11, 1, 2, 2);
    assert_int_equal(gm_dataset_get_info(dataset)->class_count, 0);
    uint8_t values[22]; // x2 before x10, f2 before f10
    for (size_t i = 0; i < 22; i++)
        values[i] = (uint8_t)(i < 11 ? 100 + i : 50 + i - 11);
    expect_frames(values, 22);
    refused("f", (gm_dataset_options){.frames = 12}, "clip 1, x10 has 11 frames, of which 12 are wanted");
    refused("f", (gm_dataset_options){.frames = 2, .damaged = GM_DAMAGED_SKIP}, "data.damaged is stop for clips");
    refused("f", (gm_dataset_options){.frames = 2, .hold = GM_HOLD_NO}, "clips are held in memory");
    write_file(path_of("f/x2/f3.png"), "no picture", 10);
    refused("f", (gm_dataset_options){.frames = 2}, "f/x2/f3.png: is no picture");
    remove_tree(path_of("f"));
}

static void folders_around_clips_are_classes(void **state) {
    (void)state;
    make_folder("f");
    make_folder("f/dog");
    make_folder("f/cat");
    put_frames("f/dog/1", 2, 10);
    put_frames("f/cat/1", 4, 20);
    put_frames("f/cat/2", 2, 30);
    const gm_dataset_info *info = open_with("f", (gm_dataset_options){.frames = 2});
    expect_shape(info, 4, 2, 1, 2, 2);
    assert_int_equal(info->class_count, 2);
    assert_string_equal(info->class_names[0], "cat");
    expect_frames((const uint8_t[]){20, 21, 22, 23, 30, 31, 10, 11}, 8);
    assert_memory_equal(gm_dataset_labels(dataset), ((const int32_t[]){0, 0, 0, 1}), 4 * sizeof(int32_t));
    open_with("f", (gm_dataset_options){.frames = 2, .count = 2}); // one of each class
    expect_frames((const uint8_t[]){20, 21, 10, 11}, 4);
    open_with("f", (gm_dataset_options){.frames = 2, .classes = (const char *const[]){"dog"}, .class_count = 1});
    expect_frames((const uint8_t[]){10, 11}, 2);
    put_frames("f/stray", 2, 40);
    refused("f", (gm_dataset_options){.frames = 2}, "beside folders of pictures (cat)");
    remove_tree(path_of("f"));
}

// 4 x 4: all red; green, blue and clear on it, which goes away again; blue, which is cleared; a green pixel.
static const uint8_t animation[] = {
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x04, 0x00, 0x04, 0x00, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x00, 0x00,
    0x00, 0xff, 0x00, 0x00, 0x00, 0xff, 0x21, 0xf9, 0x04, 0x04, 0x05, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x00,
    0x04, 0x00, 0x04, 0x00, 0x00, 0x02, 0x0d, 0x0c, 0xc3, 0x30, 0x0c, 0xc3, 0x30, 0x0c, 0xc3, 0x30, 0x0c, 0xc3, 0x30,
    0x05, 0x00, 0x21, 0xf9, 0x04, 0x0d, 0x05, 0x00, 0x00, 0x00, 0x2c, 0x01, 0x00, 0x01, 0x00, 0x02, 0x00, 0x02, 0x00,
    0x00, 0x02, 0x04, 0x14, 0x47, 0x50, 0x05, 0x00, 0x21, 0xf9, 0x04, 0x08, 0x05, 0x00, 0x00, 0x00, 0x2c, 0x02, 0x00,
    0x02, 0x00, 0x02, 0x00, 0x02, 0x00, 0x00, 0x02, 0x04, 0x1c, 0xc7, 0x71, 0x05, 0x00, 0x21, 0xf9, 0x04, 0x00, 0x05,
    0x00, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x54, 0x01, 0x00, 0x3b,
};

static void an_animation_is_a_clip(void **state) {
    (void)state;
    static const uint8_t red[] = {255, 0, 0}, green[] = {0, 255, 0}, blue[] = {0, 0, 255}, clear[] = {255, 255, 255};
    static const struct {
        size_t frame, pixel;
        const uint8_t *colour;
    } pixels[] = {{0, 0, red},    {0, 15, red}, {1, 0, red},    {1, 5, green},  {1, 6, blue},  {1, 9, red},
                  {1, 10, green}, {2, 5, red},  {2, 6, red},    {2, 10, blue},  {2, 15, blue}, {2, 9, red},
                  {3, 0, green},  {3, 1, red},  {3, 10, clear}, {3, 15, clear}, {3, 9, red}};
    write_file(path_of("a"), animation, sizeof animation);
    expect_shape(open_with("a", (gm_dataset_options){.frames = 4}), 1, 4, 3, 4, 4);
    for (size_t i = 0; i < GM_COUNT(pixels); i++)
        for (size_t c = 0; c < 3; c++)
            assert_int_equal(gm_dataset_images(dataset)[(pixels[i].frame * 3 + c) * 16 + pixels[i].pixel],
                             pixels[i].colour[c]);
    expect_shape(open_with("a", (gm_dataset_options){.frames = 2, .size = {8, 8}, .channels = 1}), 2, 2, 1, 8, 8);
    refused("a", (gm_dataset_options){.frames = 5}, "clip 0, a has 4 frames");
    refused("a", (gm_dataset_options){0}, "is a GIF file: give the folder that it lies in");
    make_folder("f");
    write_file(path_of("f/a.gif"), animation, sizeof animation - 1);
    refused("f", (gm_dataset_options){.frames = 4}, "f/a.gif: is truncated: a GIF file");
    refused("f", (gm_dataset_options){0}, "f/a.gif: is truncated: a GIF file");
    write_file(path_of("f/a.gif"), animation, sizeof animation); // images: the first frame, or each as an item
    expect_shape(open_with("f", (gm_dataset_options){0}), 1, 0, 3, 4, 4);
    expect_shape(open_with("f", (gm_dataset_options){.pages = GM_PAGES_ITEMS}), 4, 0, 3, 4, 4);
    assert_int_equal(gm_dataset_images(dataset)[3 * 48], 0); // the last one's first pixel is green
    expect_shape(open_with("f", (gm_dataset_options){.pages = GM_PAGES_ITEMS, .hold = GM_HOLD_NO}), 4, 0, 3, 4, 4);
    uint8_t item[48];
    assert_ok(gm_dataset_gather(dataset, (const int32_t[]){3}, 1, item, NULL));
    assert_int_equal(item[0], 0);
    refused("f", (gm_dataset_options){.pages = GM_PAGES_CHANNELS}, "data.pages is for");
    remove_tree(path_of("f"));
    gm_dataset_close(&dataset);
}

// A frame of a canvas of 8000 x 8000 again and again: few bytes, and far too much to make.
static void an_animation_that_is_too_large_is_refused_unread(void **state) {
    (void)state;
    enum { HEAD = 13 + 12, FRAME = 10 + 5, FRAMES = 40 };
    uint8_t file[HEAD + FRAMES * FRAME + 1];
    static const uint8_t frame[FRAME] = {0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 0x01, 0};
    memcpy(file, animation, HEAD);
    file[6] = file[8] = 0x40;
    file[7] = file[9] = 0x1f;
    for (size_t i = 0; i < FRAMES; i++)
        memcpy(file + HEAD + i * FRAME, frame, FRAME);
    file[sizeof file - 1] = 0x3b;
    write_file(path_of("a"), file, sizeof file);
    refused("a", (gm_dataset_options){.frames = 4, .size = {4, 4}}, "is too large: 40 frames of 8000 x 8000 pixels");
}

// What is written as an animation is read again as it was.
static void written_clips_come_back(void **state) {
    (void)state;
    if (!GM_WRITES_WEBP)
        return;
    float values[3 * 5 * 36];
    gm_sample format = gm_sample_of(&GM_SHAPE(3, 5, 6, 6));
    format.low = 0;
    format.high = 255;
    for (size_t i = 0; i < GM_COUNT(values); i++)
        values[i] = (float)(i * 7 % 256);
    make_folder("f");
    gm_writing writing = {.path = path_of("f/a.webp")};
    assert_ok(gm_sample_write_single(&format, &writing, values));
    const gm_dataset_info *info = open_with("f", (gm_dataset_options){.frames = 5});
    expect_shape(info, 1, 5, 3, 6, 6);
    const gm_sample read = gm_dataset_format(info, 0, 255);
    float back[3 * 5 * 36];
    assert_ok(gm_dataset_decode(dataset, &read, (const int32_t[]){0}, 1, back, NULL));
    for (size_t i = 0; i < GM_COUNT(values); i++)
        assert_true(back[i] == values[i]);
    gm_dataset_close(&dataset);
    remove_tree(path_of("f"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_of_five_axes_are_clips),
        cmocka_unit_test(longer_clips_are_cut),
        cmocka_unit_test(short_clips_are_refused_or_stand_still),
        cmocka_unit_test(clips_have_labels_and_classes),
        cmocka_unit_test(what_is_not_for_the_data_is_refused),
        cmocka_unit_test(networks_see_channels_before_time),
        cmocka_unit_test(pictures_of_clips_are_strips),
        cmocka_unit_test(folders_of_pictures_are_clips),
        cmocka_unit_test(folders_around_clips_are_classes),
        cmocka_unit_test(an_animation_is_a_clip),
        cmocka_unit_test(an_animation_that_is_too_large_is_refused_unread),
        cmocka_unit_test(written_clips_come_back),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

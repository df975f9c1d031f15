// Moving images: clips of known truth, and what tells straight paths from others.
#include "data_support.h"
#include "ganymede/metrics.h"

#include <math.h>

enum { IMAGES = 6, EDGE = 28, HALF = EDGE / 2, SIZE = 32, FRAMES = 8, AREA = SIZE * SIZE, CLIP = FRAMES * AREA };

// ---- Grey images that can be told from each other: image k has brightness 20 (k + 1) in an off-centre block ----

static void write_idx(const char *name, size_t rank, const uint32_t *dim, const uint8_t *values, size_t count) {
    static uint8_t file[16 + IMAGES * EDGE * EDGE];
    memcpy(file, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (size_t i = 0; i < rank; i++)
        for (size_t j = 0; j < 4; j++)
            file[4 + 4 * i + j] = (uint8_t)(dim[i] >> (24 - 8 * j));
    memcpy(file + 4 + 4 * rank, values, count);
    write_file(path_of(name), file, 4 + 4 * rank + count);
}

// first: brightness of image 0, so that the splits differ.
static void write_split(const char *images_name, const char *labels_name, size_t first) {
    static uint8_t images[IMAGES * EDGE * EDGE], labels[IMAGES];
    memset(images, 0, sizeof images);
    for (size_t k = 0; k < IMAGES; k++) {
        labels[k] = (uint8_t)k;
        for (size_t y = 4; y < 26; y++)
            for (size_t x = 6; x < 20; x++)
                images[(k * EDGE + y) * EDGE + x] = (uint8_t)(first + 20 * k);
    }
    write_idx(images_name, 3, (uint32_t[]){IMAGES, EDGE, EDGE}, images, sizeof images);
    write_idx(labels_name, 1, (uint32_t[]){IMAGES}, labels, sizeof labels);
}

static int setup(void **state) {
    if (temporary_create(state) != 0)
        return -1;
    write_split("train-images-idx3-ubyte", "train-labels-idx1-ubyte", 100);
    write_split("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 110);
    return 0;
}

static gm_dataset *open_moving(gm_dataset_options options) {
    gm_dataset *moving;
    options.folder = temporary;
    assert_ok(gm_dataset_open(&moving, "moving-mnist", &options));
    return moving;
}

// The corner of the block in a frame; its pixels are all of one value and are as many as they should be.
static void find_block(const uint8_t *frame, int *top, int *left, uint8_t *value) {
    size_t lit = 0;
    *top = -1;
    for (size_t i = 0; i < AREA; i++) {
        if (frame[i] == 0)
            continue;
        if (*top < 0) {
            *top = (int)(i / SIZE);
            *left = (int)(i % SIZE);
            *value = frame[i];
        }
        assert_int_equal(frame[i], *value);
        lit++;
    }
    assert_int_equal(lit, 11 * 7);
}

// ---- The data set ----

static void clips_show_an_image_whose_places_follow_a_line_between_the_borders(void **state) {
    (void)state;
    enum { COUNT = 300 };
    gm_dataset *moving = open_moving((gm_dataset_options){.count = COUNT, .seed = 3});
    const gm_dataset_info *info = gm_dataset_get_info(moving);
    bool used[IMAGES] = {false};
    size_t turned = 0;
    assert_int_equal(info->count, COUNT);
    assert_int_equal(info->frames, FRAMES);
    assert_int_equal(info->channels, 1);
    assert_int_equal(info->item_bytes, CLIP);
    assert_int_equal(info->class_count, 10);
    for (size_t i = 0; i < COUNT; i++) {
        int place[FRAMES][2];
        for (size_t t = 0; t < FRAMES; t++) {
            uint8_t value;
            find_block(gm_dataset_images(moving) + i * CLIP + t * AREA, &place[t][0], &place[t][1], &value);
            assert_int_equal(value, 100 + 20 * gm_dataset_labels(moving)[i]);
            place[t][0] -= 2; // of the image, which is black around the block
            place[t][1] -= 3;
            assert_in_range(place[t][0], 0, SIZE - HALF);
            assert_in_range(place[t][1], 0, SIZE - HALF);
        }
        used[gm_dataset_labels(moving)[i]] = true;
        for (size_t axis = 0; axis < 2; axis++)
            for (size_t t = 2; t < FRAMES; t++) { // a turn is at a border: no farther than the fastest goes in a frame
                const int before = place[t - 1][axis] - place[t - 2][axis], now = place[t][axis] - place[t - 1][axis];
                assert_true(abs(now) <= 4);
                if (before * now >= 0)
                    continue;
                assert_true(place[t - 1][axis] <= 3 || place[t - 1][axis] >= SIZE - HALF - 3);
                turned++;
            }
    }
    assert_true(turned > COUNT / 4);
    for (size_t k = 0; k < IMAGES; k++)
        assert_true(used[k]);
    gm_dataset_close(&moving);
}

static void clips_are_the_same_however_many_there_are_and_differ_by_seed_and_split(void **state) {
    (void)state;
    enum { COUNT = 20 };
    gm_dataset *moving = open_moving((gm_dataset_options){.count = COUNT, .seed = 3});
    gm_dataset *fewer = open_moving((gm_dataset_options){.count = 5, .seed = 3});
    gm_dataset *other = open_moving((gm_dataset_options){.count = COUNT, .seed = 4});
    gm_dataset *test = open_moving((gm_dataset_options){.count = COUNT, .seed = 3, .split = GM_SPLIT_TEST});
    int top, left, ends[2][2] = {{0}};
    uint8_t value;
    size_t same = 0;
    assert_memory_equal(gm_dataset_images(moving), gm_dataset_images(fewer), 5 * CLIP);
    assert_memory_not_equal(gm_dataset_images(moving), gm_dataset_images(other), COUNT * CLIP);
    for (size_t i = 0; i < COUNT; i++) {
        find_block(gm_dataset_images(test) + i * CLIP, &top, &left, &value);
        assert_int_equal(value, 110 + 20 * gm_dataset_labels(test)[i]); // of the images held out
        find_block(gm_dataset_images(test) + i * CLIP + CLIP - AREA, &ends[0][0], &ends[0][1], &value);
        find_block(gm_dataset_images(moving) + i * CLIP + CLIP - AREA, &ends[1][0], &ends[1][1], &value);
        same += ends[0][0] == ends[1][0] && ends[0][1] == ends[1][1];
    }
    assert_in_range(same, 0, 3); // the motions of the splits are apart, too
    gm_dataset_close(&test);
    gm_dataset_close(&other);
    gm_dataset_close(&fewer);
    gm_dataset_close(&moving);
}

static void size_and_frames_are_what_is_asked_for_and_what_says_nothing_is_refused(void **state) {
    (void)state;
    gm_dataset *moving = open_moving((gm_dataset_options){.count = 2, .frames = 3, .size = {40, 24}});
    gm_dataset_options options = {.folder = temporary, .size = {15}};
    assert_int_equal(gm_dataset_get_info(moving)->item_bytes, 3 * 40 * 24);
    gm_dataset_close(&moving);
    assert_fails(gm_dataset_open(&moving, "moving-mnist", &options), GM_ERROR_ARGUMENT,
                 "what moves has 14 x 14 pixels, for which frames of 15 x 15 are too narrow: leave out data.size");
    options = (gm_dataset_options){.folder = temporary, .frames = 8, .frame_stride = 2};
    assert_fails(gm_dataset_open(&moving, "moving-mnist", &options), GM_ERROR_ARGUMENT, "data.stride");
    options = (gm_dataset_options){.folder = temporary, .channels = 3};
    assert_fails(gm_dataset_open(&moving, "moving-mnist", &options), GM_ERROR_ARGUMENT,
                 "moving-mnist: its images have 1 channel, not 3");
    options = (gm_dataset_options){.folder = temporary, .alpha = GM_ALPHA_KEEP};
    assert_fails(gm_dataset_open(&moving, "moving-mnist", &options), GM_ERROR_ARGUMENT, "is drawn clips");
    assert_null(gm_moving_find("moving"));
}

// ---- Measures ----

enum { MEASURED = 400 };

static const gm_clip_shape shape = {1, FRAMES, SIZE, SIZE, -1, 1};
static const gm_motion motion = {1, 3, 11};

static float *make_clips(void) {
    gm_dataset *moving = open_moving((gm_dataset_options){.count = MEASURED, .seed = 1});
    float *clips = malloc(sizeof(float) * MEASURED * CLIP);
    assert_non_null(clips);
    for (size_t i = 0; i < (size_t)MEASURED * CLIP; i++)
        clips[i] = (float)gm_dataset_images(moving)[i] * (2.F / 255) - 1;
    gm_dataset_close(&moving);
    return clips;
}

static double straight(const float *clips) {
    gm_measure found;
    assert_ok(gm_measure_paths(&(gm_samples){clips, MEASURED, CLIP}, &shape, &motion, &found));
    assert_int_equal(found.count, MEASURED);
    return found.value;
}

static double energy(const float *clips, size_t count) {
    gm_measure found;
    assert_ok(gm_measure_energy(&(gm_samples){clips, count, CLIP}, &shape, &found));
    return found.value;
}

// Frame t of clip i becomes frame from[t] of clip i + t apart.
static void rearrange(const float *clips, const size_t *from, size_t apart, float *made) {
    for (size_t i = 0; i < MEASURED; i++)
        for (size_t t = 0; t < FRAMES; t++)
            memcpy(made + i * CLIP + t * AREA, clips + (i + t * apart) % MEASURED * CLIP + from[t] * AREA,
                   AREA * sizeof *made);
}

static void straight_paths_are_told_from_others(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t from[FRAMES], apart;
        double least, most; // share of straight paths
    } rows[] = {
        {"as they are", {0, 1, 2, 3, 4, 5, 6, 7}, 0, 1, 1},
        {"backwards", {7, 6, 5, 4, 3, 2, 1, 0}, 0, 1, 1},
        {"frozen", {0}, 0, 0, 0},
        {"shuffled", {3, 6, 0, 5, 1, 7, 4, 2}, 0, 0, .02},
        {"of different clips", {0, 1, 2, 3, 4, 5, 6, 7}, 17, 0, 0},
        {"twice as fast", {0, 2, 4, 6, 0, 2, 4, 6}, 0, 0, .02},
        {"there and back", {0, 1, 2, 3, 4, 3, 2, 1}, 0, 0, .35}, // real where it turns at a border
    };
    float *clips = make_clips(), *made = malloc(sizeof(float) * MEASURED * CLIP);
    assert_non_null(made);
    for (size_t k = 0; k < GM_COUNT(rows); k++) {
        rearrange(clips, rows[k].from, rows[k].apart, made);
        const double share = straight(made);
        if (!(share >= rows[k].least && share <= rows[k].most))
            fail_msg("%s: %.4f of the paths are straight, not %g to %g", rows[k].name, share, rows[k].least,
                     rows[k].most);
    }
    for (size_t i = 0; i < (size_t)MEASURED * CLIP; i++) // a generator's frames are never quite black
        made[i] = clips[i] + (float)(.1 * gm_philox_uniform(5, 0, 0, 0, i));
    if (!(straight(made) >= .98))
        fail_msg("with noise %.4f of the paths are straight", straight(made));
    for (size_t i = 0; i < MEASURED; i++) // an empty frame is no path
        for (size_t j = 0; j < AREA; j++)
            made[i * CLIP + 4 * AREA + j] = -1;
    assert_true(straight(made) == 0);
    free(made);
    free(clips);
}

static void energy_varies_where_what_is_seen_changes(void **state) {
    (void)state;
    float *clips = make_clips();
    gm_measure found;
    assert_true(fabs(energy(clips, MEASURED)) < 1e-6);
    for (size_t i = 0; i < CLIP; i++) // frames of energy 1 and 4 in turn: mean 2.5, deviation 1.5
        clips[i] = i / AREA % 2 ? 1.F : 0.F;
    assert_true(fabs(energy(clips, 1) - .6) < 1e-9);
    for (size_t i = 0; i < CLIP; i++)
        clips[i] = -1; // black
    clips[CLIP] = NAN;
    assert_ok(gm_measure_energy(&(gm_samples){clips, 3, CLIP}, &shape, &found));
    assert_int_equal(found.count, 1);
    assert_int_equal(found.flags, GM_MEASURE_NOT_FINITE);
    assert_ok(gm_measure_paths(&(gm_samples){clips, 3, CLIP}, &shape, &motion, &found));
    assert_int_equal(found.count, 2);
    assert_int_equal(found.flags, GM_MEASURE_NOT_FINITE);
    assert_true(found.value == .5); // the black one is none
    assert_ok(gm_measure_paths(&(gm_samples){clips + CLIP, 1, CLIP}, &shape, &motion, &found));
    assert_true(found.flags & GM_MEASURE_MISSING);
    assert_fails(gm_measure_paths(&(gm_samples){clips, 1, CLIP - 1}, &shape, &motion, &found), GM_ERROR_ARGUMENT,
                 "clips of 8191 values are no 1 x 8 x 32 x 32 from -1 to 1");
    free(clips);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clips_show_an_image_whose_places_follow_a_line_between_the_borders),
        cmocka_unit_test(clips_are_the_same_however_many_there_are_and_differ_by_seed_and_split),
        cmocka_unit_test(size_and_frames_are_what_is_asked_for_and_what_says_nothing_is_refused),
        cmocka_unit_test(straight_paths_are_told_from_others),
        cmocka_unit_test(energy_varies_where_what_is_seen_changes),
    };
    return cmocka_run_group_tests(tests, setup, temporary_remove);
}

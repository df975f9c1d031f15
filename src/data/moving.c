// Clips of known truth: a grey image at half its size in straight motion over black, thrown back by the borders, in the
// manner of Moving MNIST (Srivastava, Mansimov and Salakhutdinov, "Unsupervised Learning of Video Representations using
// LSTMs", 2015).
//
// Speeds and directions are any, and places are rounded to pixels, so that the image is the same in every frame. Clip i
// takes its image and its motion from Philox at counters made of i alone, so that it is the same however many there
// are.
#include "data/moving.h"

#include "data/items.h"
#include "data/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN_CLIPS = 20000, TEST_CLIPS = 4000, SIZE = 32, FRAMES = 8 };

static const gm_moving moving_datasets[] = {
    {.name = "moving-fashion", .of = "fashion-mnist", .slowest = 1, .fastest = 3, .reach = 11},
    {.name = "moving-mnist", .of = "mnist", .slowest = 1, .fastest = 3, .reach = 11},
};

const gm_moving *gm_moving_find(const char *name) {
    for (size_t i = 0; i < GM_COUNT(moving_datasets); i++)
        if (strcmp(moving_datasets[i].name, name) == 0)
            return &moving_datasets[i];
    return NULL;
}

// ---- Images at half their size ----

typedef struct images {
    uint8_t *pixels; // (count, height, width)
    size_t count, height, width;
} images;

static gm_status halve(images *half, const gm_dataset *base) {
    const gm_dataset_info *info = &base->info;
    const uint8_t *pixels = base->items;
    const size_t H = info->height / 2, W = info->width / 2;
    *half = (images){.count = info->count, .height = H, .width = W};
    GM_TRY(gm_alloc(&half->pixels, info->count * H * W, 1, info->name));
    for (size_t i = 0; i < info->count * H * W; i++) {
        const uint8_t *four = pixels + i / (H * W) * info->item_bytes + i / W % H * 2 * info->width + i % W * 2;
        half->pixels[i] = (uint8_t)((four[0] + four[1] + four[info->width] + four[info->width + 1] + 2) / 4);
    }
    return GM_OK;
}

// ---- One clip ----

typedef struct motion {
    size_t image;
    double start[2], velocity[2]; // y, x; in pixels, and pixels a frame
} motion;

static motion draw_motion(const gm_moving *law, uint64_t seed, bool test, size_t clip, const images *from,
                          const double room[2]) {
    enum { IMAGE, SPEED, ANGLE, START }; // sub-steps
    const double turn = 6.28318530717958647692;
    const uint32_t stream = gm_stream("moving"), split = test; // clips of one split say nothing of the other's
    const double speed =
        law->slowest + (law->fastest - law->slowest) * gm_philox_uniform(seed, stream, split, SPEED, clip);
    const double angle = turn * gm_philox_uniform(seed, stream, split, ANGLE, clip);
    motion m = {.image = (size_t)(gm_philox_uniform(seed, stream, split, IMAGE, clip) * (double)from->count),
                .velocity = {speed * sin(angle), speed * cos(angle)}};
    for (size_t axis = 0; axis < 2; axis++)
        m.start[axis] = room[axis] * gm_philox_uniform(seed, stream, split, START, 2 * clip + axis);
    return m;
}

// Where it is on an axis, 0 to `room`, thrown back at both ends.
static double place_at(double start, double velocity, size_t frame, double room) {
    double at = fmod(start + velocity * (double)frame, 2 * room);
    at = at < 0 ? at + 2 * room : at;
    return at > room ? 2 * room - at : at;
}

static void draw_clip(const motion *m, const images *from, const double room[2], const size_t size[2], size_t frames,
                      uint8_t *clip) {
    const size_t H = from->height, W = from->width;
    memset(clip, 0, frames * size[0] * size[1]);
    for (size_t t = 0; t < frames; t++) {
        const size_t top = (size_t)lrint(place_at(m->start[0], m->velocity[0], t, room[0]));
        const size_t left = (size_t)lrint(place_at(m->start[1], m->velocity[1], t, room[1]));
        for (size_t i = 0; i < H; i++)
            memcpy(clip + (t * size[0] + top + i) * size[1] + left, from->pixels + (m->image * H + i) * W, W);
    }
}

// ---- All of them ----

static gm_status draw_all(gm_dataset *moving, const gm_dataset *base, const gm_dataset_options *options) {
    const gm_dataset_info *info = &moving->info;
    const gm_moving *law = gm_moving_find(info->name);
    const size_t size[2] = {info->height, info->width};
    images half = {0};
    gm_status status;
    GM_TRY_DONE(halve(&half, base));
    const double room[2] = {(double)size[0] - (double)half.height, (double)size[1] - (double)half.width};
    if (room[0] < law->fastest || room[1] < law->fastest)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT,
                            "%s: what moves has %zu x %zu pixels, for which frames of %zu x %zu are too narrow: leave "
                            "out %ssize for %d x %d",
                            info->name, half.height, half.width, size[0], size[1], gm_settings_prefix(options), SIZE,
                            SIZE));
    for (size_t i = 0; i < info->count; i++) {
        const motion m = draw_motion(law, options->seed, options->split == GM_SPLIT_TEST, i, &half, room);
        draw_clip(&m, &half, room, size, info->frames, (uint8_t *)moving->items + i * info->item_bytes);
        if (moving->labels)
            moving->labels[i] = base->labels[m.image];
    }
done:
    free(half.pixels);
    return status;
}

gm_status gm_moving_fill(gm_dataset *moving, const gm_dataset *base, const gm_dataset_options *options) {
    gm_dataset_info *info = &moving->info;
    const size_t usual = options->split == GM_SPLIT_TEST ? TEST_CLIPS : TRAIN_CLIPS;
    *info = (gm_dataset_info){.name = info->name,
                              .count = options->count ? options->count : usual,
                              .splits = base->info.splits,
                              .channels = 1,
                              .frames = options->frames ? options->frames : FRAMES,
                              .height = options->size[0] ? options->size[0] : SIZE,
                              .width = options->size[1] ? options->size[1] : SIZE};
    GM_TRY(gm_dataset_set_items(moving, info->name, GM_DATASET_IMAGES));
    GM_TRY(gm_alloc(&moving->items, info->count, info->item_bytes, info->name));
    if (base->labels) {
        GM_TRY(gm_alloc(&moving->labels, info->count, sizeof *moving->labels, info->name));
        GM_TRY(gm_dataset_set_classes(moving, info->name, base->info.class_names, base->info.class_count));
    }
    return draw_all(moving, base, options);
}

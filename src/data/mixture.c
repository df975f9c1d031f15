// The two-dimensional mixtures of Gaussians on which GANs are compared (Lin et al., "PacGAN", 2018, section 4.1).
//
// Draw i takes its mode and its noise from Philox at counters made of i alone, so any part of a draw can be made
// again from the seed.
#include "data/mixture.h"

#include "data/items.h"

#include <string.h>

#define TRAIN_DRAWS 100000
#define TEST_DRAWS  2500
#define TEST_FIRST  (UINT64_C(1) << 40) // the test split's draws lie far behind any training draw

#define HALF_ROOT 0.70710678118654752440 // sin and cos of an eighth of a turn

static const double ring8[8][2] = {{1, 0},  {HALF_ROOT, HALF_ROOT},   {0, 1},  {-HALF_ROOT, HALF_ROOT},
                                   {-1, 0}, {-HALF_ROOT, -HALF_ROOT}, {0, -1}, {HALF_ROOT, -HALF_ROOT}};

#define GRID_ROW(y)                                                                                                    \
    {-4, y}, {-2, y}, {0, y}, {2, y}, {                                                                                \
        4, y                                                                                                           \
    }
static const double grid25[25][2] = {GRID_ROW(-4), GRID_ROW(-2), GRID_ROW(0), GRID_ROW(2), GRID_ROW(4)};

static const gm_mixture mixtures[] = {
    {.name = "ring8", .modes = GM_COUNT(ring8), .sigma = .01, .centre = ring8},
    {.name = "grid25", .modes = GM_COUNT(grid25), .sigma = .05, .centre = grid25},
};

const gm_mixture *gm_mixture_find(const char *name) {
    for (size_t i = 0; i < GM_COUNT(mixtures); i++)
        if (strcmp(mixtures[i].name, name) == 0)
            return &mixtures[i];
    return NULL;
}

void gm_mixture_sample(const gm_mixture *mixture, uint64_t seed, uint64_t first, size_t count, float *points,
                       int32_t *modes) {
    enum { MODE, NOISE }; // sub-steps
    uint32_t stream = gm_stream(mixture->name);
    for (size_t i = 0; i < count; i++) {
        uint64_t draw = first + i, low = draw & UINT32_MAX;
        uint32_t high = (uint32_t)(draw >> 32);
        size_t mode = (size_t)(gm_philox_uniform(seed, stream, high, MODE, low) * (double)mixture->modes);
        for (size_t axis = 0; axis < 2; axis++)
            points[2 * i + axis] =
                (float)(mixture->centre[mode][axis] +
                        mixture->sigma * gm_philox_normal(seed, stream, high, NOISE, 2 * low + axis));
        if (modes)
            modes[i] = (int32_t)mode;
    }
}

gm_status gm_mixture_open(gm_dataset *dataset, const gm_mixture *mixture, const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    bool test = options->split == GM_SPLIT_TEST;
    info->splits = true;
    info->count = options->count ? options->count : test ? TEST_DRAWS : TRAIN_DRAWS;
    info->channels = 2;
    info->height = info->width = 1;
    GM_TRY(gm_dataset_set_items(dataset, mixture->name, GM_DATASET_FLOATS));
    GM_TRY(gm_alloc(&dataset->items, info->count, info->item_bytes, mixture->name));
    GM_TRY(gm_alloc(&dataset->labels, info->count, sizeof(int32_t), mixture->name));
    gm_mixture_sample(mixture, options->seed, test ? TEST_FIRST : 0, info->count, dataset->items, dataset->labels);
    return gm_dataset_set_classes(dataset, mixture->name, NULL, mixture->modes);
}

// Three random grey images as the colour channels of one: a data set of 1000 classes, on which lost modes are counted
// (Metz et al., "Unrolled Generative Adversarial Networks", 2017; Lin et al., "PacGAN", 2018, section 4.2).
//
// Item i takes its three images from Philox at counters made of i alone, so that it is the same however many there are.
#include "data/stacked.h"

#include "data/items.h"

#include <string.h>

enum { STACK = GM_STACK_CHANNELS, MOST_CLASSES = 100 }; // classes: of the grey images

typedef struct stacked_dataset {
    const char *name, *of; // of: the named data set whose images are stacked
} stacked_dataset;

static const stacked_dataset stacked_datasets[] = {
    {"stacked-fashion", "fashion-mnist"},
    {"stacked-mnist", "mnist"},
};

const char *gm_stacked_find(const char *name) {
    for (size_t i = 0; i < GM_COUNT(stacked_datasets); i++)
        if (strcmp(stacked_datasets[i].name, name) == 0)
            return stacked_datasets[i].of;
    return NULL;
}

// "bag, coat, dress" for every triple of classes.
static gm_status name_classes(gm_dataset *stacked, const gm_dataset_info *base) {
    size_t K = base->class_count, count = K * K * K;
    if (K > MOST_CLASSES)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is made of images of %zu classes: at most %d can be stacked",
                       stacked->info.name, K, MOST_CLASSES);
    const char **names = gm_arena_alloc(&stacked->arena, count * sizeof *names);
    if (!names)
        return gm_fail_memory(count * sizeof *names, "class names");
    for (size_t i = 0; i < count; i++) {
        names[i] = gm_arena_printf(&stacked->arena, "%s, %s, %s", base->class_names[i / (K * K)],
                                   base->class_names[i / K % K], base->class_names[i % K]);
        if (!names[i])
            return gm_fail_memory(64, "a class name");
    }
    stacked->info.class_names = names;
    stacked->info.class_count = count;
    return GM_OK;
}

static void stack_images(gm_dataset *stacked, const gm_dataset *base, uint64_t seed) {
    const uint8_t *images = base->items;
    uint32_t stream = gm_stream("stacked");
    size_t plane = base->info.item_bytes;
    for (size_t i = 0; i < stacked->info.count; i++) {
        uint8_t *item = (uint8_t *)stacked->items + i * STACK * plane;
        int32_t label = 0;
        for (size_t channel = 0; channel < STACK; channel++) {
            double u = gm_philox_uniform(seed, stream, 0, 0, STACK * i + channel);
            size_t chosen = (size_t)(u * (double)base->info.count);
            memcpy(item + channel * plane, images + chosen * plane, plane);
            if (stacked->labels)
                label = label * (int32_t)base->info.class_count + base->labels[chosen];
        }
        if (stacked->labels)
            stacked->labels[i] = label;
    }
}

gm_status gm_stacked_fill(gm_dataset *stacked, const gm_dataset *base, const gm_dataset_options *options) {
    gm_dataset_info *info = &stacked->info;
    *info = (gm_dataset_info){.name = info->name,
                              .count = options->count ? options->count : base->info.count,
                              .splits = base->info.splits,
                              .channels = STACK,
                              .height = base->info.height,
                              .width = base->info.width};
    GM_TRY(gm_dataset_set_items(stacked, info->name, GM_DATASET_IMAGES));
    GM_TRY(gm_alloc(&stacked->items, info->count, info->item_bytes, info->name));
    if (base->labels) {
        GM_TRY(gm_alloc(&stacked->labels, info->count, sizeof *stacked->labels, info->name));
        GM_TRY(name_classes(stacked, &base->info));
    }
    stack_images(stacked, base, options->seed);
    return GM_OK;
}

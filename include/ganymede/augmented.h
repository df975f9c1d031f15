// Data sets made larger: with random changes to their own images, or with samples of a conditional generator.
#ifndef GANYMEDE_AUGMENTED_H
#define GANYMEDE_AUGMENTED_H

#include "ganymede/augment.h"
#include "ganymede/data.h"
#include "ganymede/device.h"

#ifdef __cplusplus
extern "C" {
#endif

// Zeroed fields mean the default; of `operations` zeros leave them out.
typedef struct gm_augmented_options {
    const char *device;           // a selector, as gm_device_open takes
    gm_dataset_options data;      // how the source is read
    gm_augment_params operations; // numbers are shares of the range from black to white
    uint64_t seed;                // another gives other images
    size_t count;                 // new images of each item; 0: 1. Not together with `balance`
    bool balance;                 // so many that every class has as many items as the largest, or `to` of them
    size_t to;                    // 0: as the largest class has
    bool only_new;                // leave out the items themselves
    const char *with;             // a run: new images are samples of its generator, of their class; NULL: changed items
    const char *agree; // a run: what its classifier does not take for the class asked is made anew; NULL: none
    double at;         // with at least this probability; 0: .5
} gm_augmented_options;

typedef struct gm_augmented_class {
    const char *name;                      // NULL: without labels
    size_t items, made, refused, short_of; // of the source; new ones; what the classifier refused; what was given up
    bool split;                            // the source has splits, of which data.split was read alone
} gm_augmented_class;

// Says how each class came out, while its images are made.
typedef void (*gm_augmented_callback)(const gm_augmented_class *made, void *user);

// Writes the items of a source and new ones as gm_dataset_convert would: the path's ending says how; labels, names of
// classes, depth and channels stay. New pictures are called ITEM-SEED, of samples SEED (g00000017), items by their
// number; archives of arrays have `seeds`, of items -1. The image of a seed is the same whatever is made beside it.
// With a generator the source is read as its run read it, unless `data` says more, and its samples come into the
// source's range; without one opacity stays, and moves with the colours. Warnings tell of values of 64 bits, which
// become float32, and of operations that change nothing. All of it is in memory before it is
// written. Fails for a source that has no images, as opening source, runs and device does, where labels are missing or
// other ones than a run's, and where nothing is asked for.
GM_API gm_status gm_dataset_augment(const char *source, const char *path, const gm_augmented_options *options,
                                    gm_augmented_callback told, void *user);

#ifdef __cplusplus
}
#endif
#endif

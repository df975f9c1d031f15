// Pictures of a tree as the items of a data set, held in memory or decoded when they are asked for.
#ifndef GM_DATA_PICTURES_H
#define GM_DATA_PICTURES_H

#include "data/items.h"
#include "data/picture.h"
#include "data/tree.h"

#define GM_PAGE_MOVING (UINT32_C(1) << 31) // a page is a frame of an animation

typedef struct gm_pictures {
    gm_tree tree;               // its files are the items
    int32_t *labels;            // of all or NULL; the caller's
    gm_dataset_options options; // how they are read
    gm_dataset_info info;       // the caller's: what items are brought to

    bool sampled; // headers of some were read, which have `seen` in common; others are held against that
    gm_picture seen;
    bool skip;       // damaged pictures are left out
    size_t total;    // files, of which some may be damaged
    uint32_t *pages; // (total) which picture of its file each is, with GM_PAGE_MOVING; NULL: the first. The tree then
                     // has such files repeated
    pthread_mutex_t mutex;
    // Under the mutex:
    uint8_t *damaged; // (total) whether it is known to be
    size_t damaged_count;
    size_t first; // the first of them, and what is wrong with it
    char message[GM_MESSAGE_BYTES];
    bool told; // a warning has said so, or will
} gm_pictures;

// Takes over the tree, all of whose files are pictures. labels: of its files, or NULL; from malloc, they stay the
// caller's and must outlive the pictures.
gm_status gm_pictures_create(gm_pictures **pictures, gm_tree *tree, int32_t *labels, const gm_dataset_options *options);
void gm_pictures_destroy(gm_pictures **pictures);

// Whether so many decoded pictures are to be held in memory.
bool gm_pictures_shall_be_held(const gm_dataset_options *options, size_t count, size_t item_bytes);
// Kind, count, size and channels of the items, from all headers, of more than 131,072 files from as many spread over
// all of them: another that does not fit with these is refused when it is decoded. From the first where size and
// channels are given and the items will not be held. Where pages are items, the labels grow to theirs: *labels is what
// was given to gm_pictures_create.
gm_status gm_pictures_measure(gm_pictures *pictures, const gm_dataset_options *options, gm_dataset_info *info,
                              int32_t **labels);
// Decodes all of them as `info` has them into items (total * info.item_bytes). Damaged ones are left out where they may
// be: the other items and labels close up, and info.count is what is left.
gm_status gm_pictures_decode(gm_pictures *pictures, void *items);
// Says how many are known to be damaged, where some are. Not while others read.
void gm_pictures_warn_of_damage(const gm_pictures *pictures);
// Those at `indices` into items, and their labels (zeros without labels) unless `labels` is NULL. In the place of a
// damaged one comes the next that is not. Any number of threads may call it; each call works on `threads`.
gm_status gm_pictures_gather(gm_pictures *pictures, size_t threads, const int32_t *indices, size_t count, void *items,
                             int32_t *labels);
// One of them at its own size -> *info, and its values; free(*values).
gm_status gm_pictures_read(gm_pictures *pictures, size_t index, gm_dataset_info *info, void **values);

#endif

// Files of one kind in a folder, a zip archive or a list, before any is read; sub-folders are the classes, unless a
// file has the labels.
#ifndef GM_DATA_LISTING_H
#define GM_DATA_LISTING_H

#include "data/tree.h"
#include "ganymede/data.h"

typedef struct gm_file_kind {
    const char *noun;                    // "pictures"
    const char *others;                  // what else a folder might have held, behind "holds no pictures"
    bool (*is_called)(const char *name); // whether a name ends as one of the kind
    const char *(*tell)(const uint8_t *head, size_t bytes); // the format's name by its first bytes; NULL: none
    bool framed;                                            // they may be the frames of clips
} gm_file_kind;

typedef struct gm_listing {
    const gm_file_kind *kind;
    gm_tree tree;
    int32_t *labels;      // of the tree's files; NULL: none
    const char **classes; // in the arena; NULL: they have numbers
    size_t class_count;
    bool split; // it is one of two in the source
} gm_listing;

// The files of the split and classes that the options ask for, and of these the first `count`. Fails for a source that
// holds none, and where labels or classes are missing for some.
gm_status gm_listing_open(gm_listing *list, const gm_file_kind *kind, const gm_source *source,
                          const gm_dataset_options *options, gm_arena *arena);
// With those that cannot be read.
gm_status gm_listing_open_all(gm_listing *list, const gm_file_kind *kind, const gm_source *source,
                              const gm_dataset_options *options, gm_arena *arena);
void gm_listing_finish(gm_listing *list);

// Of frames of clips, which are listed in their order and without classes: the classes are the folders of the first
// level, or there are none where no item lies in such a folder. stray: a file of an item that lies in none, classed: of
// one that does; the files' count: there is no such item.
gm_status gm_listing_classify(gm_listing *list, size_t stray, size_t classed, gm_arena *arena);

#endif

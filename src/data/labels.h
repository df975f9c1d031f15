// Labels that stand in a file beside the pictures, labels.csv or StyleGAN's dataset.json, or in the list of them.
#ifndef GM_DATA_LABELS_H
#define GM_DATA_LABELS_H

#include "data/tree.h"

typedef struct gm_labels {
    int32_t *of_file;     // (the tree's files) a class or -1, from malloc; NULL where the file says that there are none
    const char **classes; // their names, in the arena; NULL: "0", "1", ...
    size_t class_count;
} gm_labels;

// Such a file's content; `path` is NULL where there is none.
typedef struct gm_label_file {
    char *path, *data;
    size_t bytes;
    bool json;
    bool list;          // it is the tree's list itself, whose lines are the files
    const char *within; // the caller's: the folder, below the file's own, whose files the tree has; NULL: all
} gm_label_file;

// The list itself, if it has labels; else the one in the tree's root, in upper case or lower, labels.csv before the
// other.
gm_status gm_label_file_read(gm_label_file *file, const gm_tree *tree);
void gm_label_file_finish(gm_label_file *file);

// labels.csv: lines of a file's name below the root and its label, parted by a comma, semicolon or tab, in double
// quotes or not; a first line that names no file is a header. Names may have '\\' for '/'. Whole numbers from 0 on are
// the classes' numbers, any other labels their names, which are sorted. dataset.json: {"labels": [["00000/img.png", 3],
// ...]}, or null for none. Both may name files that are not there, of which a warning tells; not one file with two
// labels.
gm_status gm_labels_parse(gm_labels *labels, const gm_label_file *file, const gm_tree *tree, gm_arena *arena);
void gm_labels_finish(gm_labels *labels);

#endif

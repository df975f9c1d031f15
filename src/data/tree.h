// A tree of files, wherever it lies: a folder on disk, a zip archive, the files that a text file lists, one picture.
#ifndef GM_DATA_TREE_H
#define GM_DATA_TREE_H

#include "data/list.h"
#include "data/paths.h"
#include "data/source.h"
#include "data/zip.h"

typedef struct gm_tree {
    const char *path; // the source's
    gm_paths paths;
    gm_zip *zip;       // of an archive
    gm_list_form form; // of a text file, whose names are relative to it; the files' entries are its lines
} gm_tree;

// Of a folder's files hidden ones are passed over (gm_walk), of an archive's also; the folders that all files of an
// archive or list have in common are left out of their names. The source's path must outlive the tree.
gm_status gm_tree_open(gm_tree *tree, const gm_source *source);
// A zip archive in memory, which must outlive the tree; `path` is for messages.
gm_status gm_tree_open_zip(gm_tree *tree, const char *path, const void *data, size_t bytes);
void gm_tree_finish(gm_tree *tree);

// The file's path for messages: "DATA/cats/1.png", "DATA.zip/cats/1.png". From malloc.
gm_status gm_tree_path(const gm_tree *tree, size_t file, char **path);
// As gm_zip_measure; files on disk do not swell, and have no size here.
gm_status gm_tree_measure(const gm_tree *tree, size_t file, uint64_t *bytes, bool *swells);
// As gm_file_read, gm_zip_read and gm_file_read_start. Any number of threads may read.
gm_status gm_tree_read(const gm_tree *tree, size_t file, uint64_t limit, uint64_t expected, char **data, size_t *bytes);
gm_status gm_tree_read_start(const gm_tree *tree, size_t file, void *data, size_t most, size_t *bytes);
// The file of that name in the tree's root, or the first that differs in upper and lower case alone, or the tree's
// count of files.
size_t gm_tree_find(const gm_tree *tree, const char *name);

#endif

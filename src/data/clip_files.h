// Files of pictures as films: an animation or a file of several pages each, and the other pictures of each folder.
#ifndef GM_DATA_CLIP_FILES_H
#define GM_DATA_CLIP_FILES_H

#include "data/clips.h"
#include "data/pictures.h"

// Brings files into the order of their folders and names, in which whole numbers count as such: 2.png before 10.png.
// labels: of the files, or NULL.
gm_status gm_clip_files_sort(gm_tree *tree, int32_t *labels);
// How frames are read where the options ask for clips: each page is one, and all are held in memory. Fails for options
// that cannot be of clips.
gm_status gm_clip_files_options(const char *where, const gm_dataset_options *options, gm_dataset_options *frames);

// Films of a tree whose files are the frames, as gm_pictures_measure leaves them.
typedef struct gm_clip_files {
    const gm_tree *tree;
    const uint32_t *pages; // as in gm_pictures
    gm_film *films;        // free()
    size_t count;
    gm_text name; // of the film that was asked for last
} gm_clip_files;

// labels: of the frames, or NULL.
gm_status gm_clip_files_group(gm_clip_files *files, const gm_tree *tree, const uint32_t *pages, const int32_t *labels);
void gm_clip_files_finish(gm_clip_files *files);
// Whether the film lies in a folder that could be its class; a folder of pictures does where it lies in another.
bool gm_clip_files_have_class(const gm_clip_files *files, size_t film);
// For gm_clips_make; user: gm_clip_files.
const char *gm_clip_files_name(void *user, size_t film);

#endif

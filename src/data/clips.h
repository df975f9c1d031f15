// Clips as the items of a data set: frames that follow each other, cut out of longer rows of them.
#ifndef GM_DATA_CLIPS_H
#define GM_DATA_CLIPS_H

#include "data/items.h"

// A row of frames: an animation, a folder of pictures, one item of an array.
typedef struct gm_film {
    size_t first, count; // frames among all
    int32_t label;
} gm_film;

// Whether the options ask for clips, of sources that may as well be images.
bool gm_clips_are_wanted(const gm_dataset_options *options);
// Fails where they say how clips are cut, though nothing says that there are any. where: the source.
gm_status gm_clips_check_unwanted(const char *where, const gm_dataset_options *options);
// The options for the frames of all films, taken as images: all of them, with the classes chosen later.
gm_dataset_options gm_clips_frame_options(const gm_dataset_options *options);
// Makes clips of a data set whose items are in memory, and are the frames of the films one behind the other, each film
// named by `name` for messages (it may return NULL). labelled: the films' labels become the clips'.
typedef const char *(*gm_film_name)(void *user, size_t film);
gm_status gm_clips_make(gm_dataset *dataset, const char *where, const gm_film *films, size_t count, bool labelled,
                        gm_film_name name, void *user, const gm_dataset_options *options);

#endif

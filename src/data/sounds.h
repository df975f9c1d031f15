// Sounds in a folder, a zip archive, a list or one file as a data set; sub-folders are classes.
#ifndef GM_DATA_SOUNDS_H
#define GM_DATA_SOUNDS_H

#include "data/counting.h"
#include "data/listing.h"
#include "data/sound.h"
#include "data/source.h"

// Whether the source shows sounds: a file, a list whose first path ends as a sound's, an archive with such names or a
// folder with such files, and no pictures before them.
bool gm_sounds_tell(const gm_source *source);
bool gm_sounds_tell_list(const gm_source *source);
bool gm_sounds_tell_zip(const gm_source *source);
bool gm_sounds_tell_folder(const gm_source *source);

extern const gm_file_kind gm_sounds_kind;

gm_status gm_sounds_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);
// A file of the tree, whole.
gm_status gm_sounds_read(const gm_tree *tree, size_t file, const gm_sound_wish *wish, gm_sound *sound);

// As gm_dataset_check.
gm_status gm_sounds_check(const gm_source *source, const gm_dataset_options *options, gm_damage_callback damage,
                          void *user, size_t *count);
// Adds every sound at its own rate and length.
gm_status gm_sounds_survey(const gm_source *source, const gm_dataset_options *options, gm_counting *counting);

#endif

// The files of a folder on disk and of all folders in it.
#ifndef GM_DATA_WALK_H
#define GM_DATA_WALK_H

#include "data/paths.h"

// Adds the files below the folder, in the order of their names, a folder's where its name stands. Hidden files and
// folders are passed over; so are links to folders that were read already, with a warning, and what is no file, unless
// its name is a picture's. Fails for folders that cannot be read and for more than 64 levels of them.
gm_status gm_walk(gm_paths *paths, const char *folder);

#endif

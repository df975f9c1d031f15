// Text files that list pictures: a path a line, relative to the file; empty lines and those that begin with # say
// nothing.
#ifndef GM_DATA_LIST_H
#define GM_DATA_LIST_H

#include "data/paths.h"
#include "data/source.h"

// A text whose first line with a path ends as pictures' names do.
bool gm_list_tell(const gm_source *source);
// Adds the files in the order of the lines; `name` is for messages. A path that begins with / is kept whole.
gm_status gm_list_parse(gm_paths *paths, const char *name, const char *data, size_t bytes);
gm_status gm_list_read(gm_paths *paths, const char *path);

#endif

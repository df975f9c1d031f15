// Text files that list pictures: a path a line, relative to the file, and perhaps its label behind it; empty lines and
// those that begin with # say nothing.
#ifndef GM_DATA_LIST_H
#define GM_DATA_LIST_H

#include "data/paths.h"
#include "data/source.h"

typedef enum gm_list_form {
    GM_LIST_NONE = 0,
    GM_LIST_PATHS,    // a text whose first line with a path ends as names of pictures or sounds do
    GM_LIST_LABELLED, // lines of a path and a label (pairs.h), of which the first path ends so or leads to a picture
    GM_LIST_HEADED,   // the same below a header
} gm_list_form;

// Looks at the first bytes of the files that it may name.
gm_list_form gm_list_find_form(const gm_source *source);
bool gm_list_tell(const gm_source *source);         // of any: its first path may be a sound's, too
bool gm_list_names_sounds(const gm_source *source); // it is
bool gm_list_tell_labelled(const gm_source *source);

// Moves *text behind spaces, and returns the length of the line from there to `end` without those at its end; 0 where
// it says nothing, as comments do.
size_t gm_list_trim(const char **text, const char *end);
// Adds the files in the order of the lines, with these as entries; `name` is for messages. A path that begins with / is
// kept whole.
gm_status gm_list_parse(gm_paths *paths, const char *name, const char *data, size_t bytes, gm_list_form form);
gm_status gm_list_read(gm_paths *paths, const char *path, gm_list_form form);

#endif

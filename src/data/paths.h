// Names of many files in their folders, stored compactly: 16 bytes and the last part of its name for each.
#ifndef GM_DATA_PATHS_H
#define GM_DATA_PATHS_H

#include "base/base.h"

typedef struct gm_path {
    size_t name;     // where its last part begins in the text
    uint32_t folder; // which of the folders
    uint32_t entry;  // the caller's: its place in an archive
} gm_path;

typedef struct gm_paths {
    gm_path *files; // in the order in which they were added
    size_t count, capacity;
    char *text; // all names, each with its NUL
    size_t length, text_capacity;
    size_t *folders; // where their names begin in the text: "" or "a/b"
    size_t folder_count, folder_capacity;
    size_t root; // so many bytes at the beginning of the folders are left out: the "a/" of those below a
} gm_paths;

// Files of one folder that follow each other share its name.
gm_status gm_paths_add(gm_paths *paths, const char *folder, const char *name, uint32_t entry);
// Gives back what room was made for more.
void gm_paths_trim(gm_paths *paths);
void gm_paths_finish(gm_paths *paths);

// Below the root: "" or "a/b". The paths'.
const char *gm_paths_folder(const gm_paths *paths, size_t file);
const char *gm_paths_name(const gm_paths *paths, size_t file); // its last part
// The whole name below the root: "a/b/1.png".
void gm_paths_append(const gm_paths *paths, size_t file, gm_text *text);

// Whether there are files in the folder below the root; enter: leaves them alone, and the folder as the root.
bool gm_paths_have_folder(const gm_paths *paths, const char *folder);
void gm_paths_enter(gm_paths *paths, const char *folder);
// Enters every folder that all files have in common.
void gm_paths_unwrap(gm_paths *paths);
// Leaves those files that `keep` (count) names.
void gm_paths_keep(gm_paths *paths, const uint8_t *keep);

// Leaves out the parts of a name that lead nowhere: "./a//b" becomes "a/b", and "a/./" "a/". In place.
void gm_path_shorten(char *name);
// Whether a name ends as pictures' do: .png, .jpg, ...
bool gm_path_is_picture(const char *name);
// Whether a name ends as sounds' do: .wav, .flac, ...
bool gm_path_is_sound(const char *name);
// What programs leave beside the files of their users: hidden ones, __MACOSX.
bool gm_path_is_hidden(const char *name);

#endif

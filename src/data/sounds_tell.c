// Whether a source is sounds.
#include "data/sounds.h"

#include "data/list.h"
#include "data/paths.h"
#include "data/zip.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LOOKED_AT = 1000, MOST_LEVELS = 4 }; // entries of a folder, and folders in each other

const gm_file_kind gm_sounds_kind = {
    .noun = "sounds", .others = "", .is_called = gm_path_is_sound, .tell = gm_sound_tell};

bool gm_sounds_tell(const gm_source *source) {
    return gm_sound_tell(source->head, source->head_bytes) != NULL ||
           (gm_path_is_sound(source->path) && source->head_bytes == 0); // which the reader says
}

bool gm_sounds_tell_list(const gm_source *source) {
    return gm_list_names_sounds(source);
}

bool gm_sounds_tell_zip(const gm_source *source) {
    gm_zip *zip = NULL;
    bool sounds = false, pictures = false;
    if (!gm_zip_tell(source->path, source->head, source->head_bytes) || gm_zip_open(&zip, source->path) != GM_OK)
        return false;
    for (size_t i = 0; i < gm_zip_count(zip) && !sounds && !pictures; i++) {
        const char *name = gm_zip_name(zip, i), *slash = strrchr(name, '/');
        const bool hidden = gm_path_is_hidden(slash ? slash + 1 : name) || gm_path_is_hidden(name);
        sounds = !hidden && gm_path_is_sound(name);
        pictures = !hidden && gm_path_is_picture(name);
    }
    gm_zip_close(&zip);
    return sounds;
}

// ---- Folders ----

typedef struct look {
    bool sounds, pictures;
    size_t entries;
} look;

// Until there is a sound or a picture.
static void look_into(int parent, const char *name, size_t level, look *l) {
    int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);
    const struct dirent *entry;
    if (!folder) { // a file
        if (descriptor >= 0)
            close(descriptor);
        return;
    }
    while (l->entries < MOST_LOOKED_AT && !l->sounds && !l->pictures && (entry = readdir(folder))) {
        l->entries++;
        if (gm_path_is_hidden(entry->d_name))
            continue;
        l->sounds = gm_path_is_sound(entry->d_name);
        l->pictures = gm_path_is_picture(entry->d_name);
        if (!l->sounds && !l->pictures && level < MOST_LEVELS)
            look_into(descriptor, entry->d_name, level + 1, l);
    }
    closedir(folder);
}

bool gm_sounds_tell_folder(const gm_source *source) {
    look l = {0};
    look_into(source->descriptor, ".", 0, &l);
    return l.sounds;
}

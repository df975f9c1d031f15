// Text files that list pictures.
#include "data/list.h"

#include "data/pairs.h"
#include "data/picture.h"
#include "data/sound.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT ((uint64_t)4 << 30) // bytes of a list

enum { MOST_LENGTH = 4096 }; // of a path, with its NUL: what systems take

size_t gm_list_trim(const char **text, const char *end) {
    while (*text < end && (**text == ' ' || **text == '\t'))
        (*text)++;
    while (end > *text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return *text < end && **text != '#' ? (size_t)(end - *text) : 0;
}

static const char *skip_mark(const char *data, size_t bytes) {
    return data + (bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
}

// ---- Telling ----

// The next line that says something, of a length that may be a path's, and *at behind it; NULL: there is none.
static const char *next_line(const char **at, const char *end, size_t *length) {
    while (*at < end) {
        const char *text = *at, *stop = memchr(text, '\n', (size_t)(end - text));
        *length = gm_list_trim(&text, stop ? stop : end);
        *at = stop ? stop + 1 : end;
        if (*length > 0)
            return *length < MOST_LENGTH ? text : NULL;
    }
    return NULL;
}

// Whether the name of a list's line ends as a picture's or a sound's, be it there or not, or leads to one.
static bool names_item(const gm_source *source, const gm_field *name, bool *sound) {
    const char *slash = strrchr(source->path, '/');
    uint8_t head[64];
    size_t bytes, before = 0;
    gm_text path = {0};
    if (slash && name->length > 0 && name->text[0] != '/')
        gm_text_printf(&path, "%.*s/", (int)(slash - source->path), source->path);
    before = path.length;
    gm_text_printf(&path, "%.*s", (int)name->length, name->text);
    bool item = !path.failed && (gm_path_is_picture(path.data + before) || gm_path_is_sound(path.data + before));
    *sound = item && gm_path_is_sound(path.data + before);
    if (!path.failed && !item && gm_file_read_start(path.data, head, sizeof head, &bytes) == GM_OK) {
        *sound = gm_sound_tell(head, bytes) != NULL;
        item = *sound || gm_picture_tell(head, bytes);
    }
    gm_text_finish(&path);
    return item;
}

static gm_list_form find_form(const gm_source *source, bool *sounds) {
    const char *text = (const char *)source->head, *end = text + source->head_bytes;
    if (source->head_bytes == 0 || memchr(text, '\0', source->head_bytes))
        return GM_LIST_NONE;
    const char *at = skip_mark(text, source->head_bytes);
    char separator = 0;
    for (int i = 0; i < 2; i++) {
        size_t length;
        gm_field fields[2];
        const char *line = next_line(&at, end, &length);
        if (!line)
            break;
        char path[MOST_LENGTH];
        memcpy(path, line, length);
        path[length] = '\0';
        *sounds = gm_path_is_sound(path);
        if (i == 0 && (gm_path_is_picture(path) || *sounds))
            return GM_LIST_PATHS;
        separator = i == 0 ? gm_pair_separator(line, line + length) : separator;
        if (!gm_pair_split(line, line + length, separator, fields))
            break;
        if (names_item(source, &fields[0], sounds))
            return i == 0 ? GM_LIST_LABELLED : GM_LIST_HEADED;
    }
    return GM_LIST_NONE;
}

gm_list_form gm_list_find_form(const gm_source *source) {
    bool sounds;
    return find_form(source, &sounds);
}

bool gm_list_names_sounds(const gm_source *source) {
    bool sounds = false;
    return find_form(source, &sounds) != GM_LIST_NONE && sounds;
}

bool gm_list_tell(const gm_source *source) {
    return gm_list_find_form(source) == GM_LIST_PATHS;
}

bool gm_list_tell_labelled(const gm_source *source) {
    return gm_list_find_form(source) >= GM_LIST_LABELLED;
}

// ---- Reading ----

static gm_status add_line(gm_paths *paths, const char *name, size_t line, const char *text, size_t length) {
    char path[MOST_LENGTH];
    if (line > UINT32_MAX)
        return gm_fail(GM_ERROR_FORMAT, "%s: has too many lines: %zu at most", name, (size_t)UINT32_MAX);
    if (length >= sizeof path)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is no path: it has more than %d bytes", name, line, MOST_LENGTH - 1);
    if (memchr(text, '\0', length))
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is no path: it has a byte of zero", name, line);
    memcpy(path, text, length);
    path[length] = '\0';
    gm_path_shorten(path);
    char *slash = strrchr(path, '/');
    if (!slash && *path)
        return gm_paths_add(paths, "", path, (uint32_t)line);
    if (!slash || slash[1] == '\0')
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is a folder, %s: list its pictures, or give the folder itself", name,
                       line, *path ? path : "./");
    *slash = '\0';
    return gm_paths_add(paths, slash == path ? "/" : path, slash + 1, (uint32_t)line);
}

gm_status gm_list_parse(gm_paths *paths, const char *name, const char *data, size_t bytes, gm_list_form form) {
    const char *line = skip_mark(data, bytes), *end = data + bytes;
    bool header = form == GM_LIST_HEADED;
    char separator = 0;
    gm_arena arena = {0};
    gm_status status = GM_OK;
    for (size_t number = 1; line < end && status == GM_OK; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line)), *text = line;
        gm_field fields[2] = {{0}};
        size_t length = gm_list_trim(&text, stop ? stop : end);
        line = stop ? stop + 1 : end;
        if (length == 0)
            continue;
        fields[0] = (gm_field){text, length, false};
        separator = separator ? separator : gm_pair_separator(text, text + length);
        if (form != GM_LIST_PATHS)
            status = gm_pair_parse(name, number, text, text + length, separator, &arena, fields);
        if (!header && status == GM_OK)
            status = add_line(paths, name, number, fields[0].text, fields[0].length);
        header = false;
    }
    gm_arena_finish(&arena);
    return status;
}

gm_status gm_list_read(gm_paths *paths, const char *path, gm_list_form form) {
    char *data;
    size_t bytes;
    GM_TRY(gm_file_read(path, LIMIT, &data, &bytes));
    gm_status status = gm_list_parse(paths, path, data, bytes, form);
    free(data);
    return status;
}

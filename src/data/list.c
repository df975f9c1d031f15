// Text files that list pictures.
#include "data/list.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT ((uint64_t)4 << 30) // bytes of a list

enum { MOST_LENGTH = 4096 }; // of a path, with its NUL: what systems take

// The path in the line that begins at `text`, without spaces around it; 0 bytes of a line that says nothing.
static size_t trim(const char **text, const char *end) {
    while (*text < end && (**text == ' ' || **text == '\t'))
        (*text)++;
    while (end > *text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return *text < end && **text != '#' ? (size_t)(end - *text) : 0;
}

static const char *skip_mark(const char *data, size_t bytes) {
    return data + (bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
}

bool gm_list_tell(const gm_source *source) {
    const char *text = (const char *)source->head, *end = text + source->head_bytes;
    if (source->head_bytes == 0 || memchr(text, '\0', source->head_bytes))
        return false;
    for (const char *line = skip_mark(text, source->head_bytes); line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line)), *begin = line;
        char path[MOST_LENGTH];
        size_t length = trim(&begin, stop ? stop : end);
        if (length >= sizeof path)
            return false;
        if (length > 0) {
            memcpy(path, begin, length);
            path[length] = '\0';
            return gm_path_is_picture(path);
        }
        line = stop ? stop + 1 : end;
    }
    return false;
}

static gm_status add_line(gm_paths *paths, const char *name, size_t line, const char *text, size_t length) {
    char path[MOST_LENGTH];
    if (length >= sizeof path)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is no path: it has more than %d bytes", name, line, MOST_LENGTH - 1);
    if (memchr(text, '\0', length))
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is no path: it has a byte of zero", name, line);
    while (length > 2 && text[0] == '.' && text[1] == '/') {
        text += 2;
        length -= 2;
    }
    memcpy(path, text, length);
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return gm_paths_add(paths, "", path, 0);
    if (slash[1] == '\0')
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is a folder, %s: list its pictures, or give the folder itself", name,
                       line, path);
    *slash = '\0';
    return gm_paths_add(paths, slash == path ? "/" : path, slash + 1, 0);
}

gm_status gm_list_parse(gm_paths *paths, const char *name, const char *data, size_t bytes) {
    const char *line = skip_mark(data, bytes), *end = data + bytes;
    for (size_t number = 1; line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line)), *text = line;
        size_t length = trim(&text, stop ? stop : end);
        if (length > 0)
            GM_TRY(add_line(paths, name, number, text, length));
        line = stop ? stop + 1 : end;
    }
    return GM_OK;
}

gm_status gm_list_read(gm_paths *paths, const char *path) {
    char *data;
    size_t bytes;
    GM_TRY(gm_file_read(path, LIMIT, &data, &bytes));
    gm_status status = gm_list_parse(paths, path, data, bytes);
    free(data);
    return status;
}

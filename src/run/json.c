#include "run/json.h"

#include "base/base.h"

#include <stdlib.h>

enum { TREE = 16 }; // at most so many bytes of a parsed tree for each byte of its text

// Without memory jansson calls the text wrong, or crashes (2.14, long strings): so it gets what it may need.
static bool has_room(size_t bytes) {
    gm_note_allocation();
    void *room = bytes < SIZE_MAX / TREE ? malloc(TREE * bytes) : NULL;
    bool has = room || bytes == 0;
    free(room);
    return has;
}

gm_status gm_json_parse(json_t **json, const char *file, const char *part, const char *text, size_t bytes,
                        size_t flags) {
    json_error_t error;
    *json = NULL;
    if (!has_room(bytes))
        return gm_fail_memory(TREE * bytes, file);
    *json = json_loadb(text, bytes, flags, &error);
    if (*json)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT, "%s: %s is not JSON: %s at byte %d", file, part, error.text, error.position);
}

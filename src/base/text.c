// A string that grows by appending.
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(gm_text *text, size_t more) {
    if (text->failed || more > SIZE_MAX / 4) {
        text->failed = true;
        return false;
    }
    size_t needed = text->length + more + 1;
    if (needed <= text->capacity)
        return true;
    size_t capacity = GM_MAX(needed, 2 * text->capacity);
    gm_note_allocation();
    char *data = realloc(text->data, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void gm_text_append(gm_text *text, const char *string) {
    size_t length = strlen(string);
    if (!reserve(text, length))
        return;
    memcpy(text->data + text->length, string, length + 1);
    text->length += length;
}

void gm_text_printf(gm_text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = gm_vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)length)) {
        gm_vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void gm_text_append_json(gm_text *text, const char *value) {
    size_t bytes = gm_escape(GM_ESCAPE_JSON, NULL, 0, value);
    gm_text_append(text, "\"");
    if (reserve(text, bytes)) {
        gm_escape(GM_ESCAPE_JSON, text->data + text->length, bytes + 1, value);
        text->length += bytes;
    }
    gm_text_append(text, "\"");
}

void gm_text_finish(gm_text *text) {
    free(text->data);
    *text = (gm_text){0};
}

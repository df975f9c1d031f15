// A string that grows by appending.
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(gm_text *text, size_t more) {
    if (text->failed)
        return false;
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
    if (length >= 0 && reserve(text, (size_t)length)) {
        gm_vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

// Bytes of the UTF-8 character at `text`, 0 when it is not one (overlong, surrogate, beyond U+10FFFF, cut short).
static size_t utf8_length(const unsigned char *text) {
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : 0;
    if (first >= 0xf0 && first < 0xf5)
        length = 4;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] >= 0xa0) || (first == 0xf0 && text[1] < 0x90) ||
        (first == 0xf4 && text[1] >= 0x90))
        return 0;
    return length;
}

void gm_text_append_json(gm_text *text, const char *value) {
    gm_text_append(text, "\"");
    for (const unsigned char *c = (const unsigned char *)value; *c;) {
        size_t length = utf8_length(c);
        if (length == 0) {
            gm_text_append(text, "\\ufffd");
            c++;
        } else if (*c == '"' || *c == '\\') {
            gm_text_printf(text, "\\%c", *c++);
        } else if (*c < 0x20) {
            gm_text_printf(text, "\\u%04x", *c++);
        } else {
            gm_text_printf(text, "%.*s", (int)length, (const char *)c);
            c += length;
        }
    }
    gm_text_append(text, "\"");
}

void gm_text_finish(gm_text *text) {
    free(text->data);
    *text = (gm_text){0};
}

// JSON lines with a stable order of keys and stable digits, so that equal runs write equal bytes.
#include "train/log.h"

#include <math.h>
#include <string.h>

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

static void append_quoted(gm_text *text, const char *value) {
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

static void append_number(gm_text *text, double value) {
    if (isfinite(value))
        gm_text_printf(text, "%.9g", value);
    else
        gm_text_append(text, "null");
}

static void begin_field(gm_log_line *line, const char *key) {
    if (line->fields++ > 0)
        gm_text_append(&line->text, ", ");
    append_quoted(&line->text, key);
    gm_text_append(&line->text, ": ");
}

void gm_log_begin(gm_log_line *line) {
    line->text.length = 0;
    line->text.failed = false;
    line->fields = 0;
    line->ended = false;
    gm_text_append(&line->text, "{");
}

void gm_log_integer(gm_log_line *line, const char *key, int64_t value) {
    begin_field(line, key);
    gm_text_printf(&line->text, "%lld", (long long)value);
}

void gm_log_number(gm_log_line *line, const char *key, double value) {
    begin_field(line, key);
    append_number(&line->text, value);
}

void gm_log_numbers(gm_log_line *line, const char *key, const double *values, size_t count) {
    begin_field(line, key);
    gm_text_append(&line->text, "[");
    for (size_t i = 0; i < count; i++) {
        gm_text_append(&line->text, i > 0 ? ", " : "");
        append_number(&line->text, values[i]);
    }
    gm_text_append(&line->text, "]");
}

void gm_log_boolean(gm_log_line *line, const char *key, bool value) {
    begin_field(line, key);
    gm_text_append(&line->text, value ? "true" : "false");
}

void gm_log_string(gm_log_line *line, const char *key, const char *value) {
    begin_field(line, key);
    if (value)
        append_quoted(&line->text, value);
    else
        gm_text_append(&line->text, "null");
}

gm_status gm_log_end(gm_log_line *line, const char **text) {
    if (!line->ended)
        gm_text_append(&line->text, "}");
    line->ended = true;
    *text = line->text.data;
    return line->text.failed || !line->text.data ? gm_fail_memory(line->text.length + 64, "a log line") : GM_OK;
}

void gm_log_finish(gm_log_line *line) {
    gm_text_finish(&line->text);
    *line = (gm_log_line){0};
}

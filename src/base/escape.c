// Text from files, drivers and command lines made fit to be shown. What a terminal would obey (control characters, also
// those of C1 and their 8-bit forms, overrides of the writing direction) and what is not UTF-8 becomes an escape that
// can be seen; all other characters stay as they are.
#include "base/base.h"

#include <string.h>

size_t gm_utf8_length(const char *string) {
    const unsigned char *text = (const unsigned char *)string;
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

size_t gm_utf8_encode(uint32_t code, char bytes[4]) {
    static const unsigned first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(first[length] | code);
    return length;
}

static unsigned code_of(const unsigned char *text, size_t length) {
    unsigned code = length == 1 ? text[0] : text[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (text[i] & 0x3fu);
    return code;
}

static bool is_obeyed(unsigned code) {
    static const unsigned ranges[][2] = {
        {0x00, 0x1f},     // C0
        {0x7f, 0x9f},     // DEL and C1
        {0x2028, 0x202e}, // separators of lines and paragraphs, embeddings and overrides of direction
        {0x2066, 0x2069}, // isolates of direction
    };
    for (size_t i = 0; i < GM_COUNT(ranges); i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    return false;
}

// Writes what stands for the character at `text`, which has `length` bytes of UTF-8, or for a byte that is none (0).
static size_t escape(gm_escape_kind kind, char out[8], const unsigned char *text, size_t length) {
    unsigned code = length > 0 ? code_of(text, length) : 0xfffd; // the replacement character
    bool quoted = kind == GM_ESCAPE_JSON && (code == '"' || code == '\\');
    bool kept = kind == GM_ESCAPE_LINES && code == '\n';
    if (length > 0 && !quoted && (kept || !is_obeyed(code))) {
        memcpy(out, text, length);
        return length;
    }
    const char *letter = strchr("\nn\rr\tt", (int)code); // each before its letter
    if (quoted)
        return (size_t)gm_snprintf(out, 8, "\\%c", (char)code);
    if (kind == GM_ESCAPE_JSON || length > 1)
        return (size_t)gm_snprintf(out, 8, "\\u%04x", code);
    if (length > 0 && letter)
        return (size_t)gm_snprintf(out, 8, "\\%c", letter[1]);
    return (size_t)gm_snprintf(out, 8, "\\x%02x", *text);
}

size_t gm_escape(gm_escape_kind kind, char *out, size_t size, const char *text) {
    size_t whole = 0, kept = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        char piece[8];
        size_t length = gm_utf8_length((const char *)c), bytes = escape(kind, piece, c, length);
        if (whole + bytes < size) { // from the first that does not fit on, none does
            memcpy(out + whole, piece, bytes);
            kept = whole + bytes;
        }
        whole += bytes;
        c += length > 0 ? length : 1;
    }
    if (size > 0)
        out[kept] = '\0';
    return whole;
}

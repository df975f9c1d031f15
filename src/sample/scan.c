// Bytes of a text -> characters -> small letters, joined spaces, words.
#include "sample/scan.h"

#include <string.h>

// ---- Letters ----

// Runs of capital letters: `step` 1 where all of them have their small one `offset` on, 2 where the two alternate.
typedef struct capitals {
    uint32_t first, last, offset, step;
} capitals;

static const capitals runs[] = {
    {'A', 'Z', 32, 1},      {0xc0, 0xd6, 32, 1},     {0xd8, 0xde, 32, 1},   {0x100, 0x12e, 1, 2},
    {0x132, 0x136, 1, 2},   {0x139, 0x147, 1, 2},    {0x14a, 0x176, 1, 2},  {0x179, 0x17d, 1, 2},
    {0x386, 0x386, 38, 1},  {0x388, 0x38a, 37, 1},   {0x38c, 0x38c, 64, 1}, {0x38e, 0x38f, 63, 1},
    {0x391, 0x3a1, 32, 1},  {0x3a3, 0x3ab, 32, 1},   {0x400, 0x40f, 80, 1}, {0x410, 0x42f, 32, 1},
    {0x460, 0x480, 1, 2},   {0x48a, 0x4be, 1, 2},    {0x531, 0x556, 48, 1}, {0x1e00, 0x1e94, 1, 2},
    {0x1ea0, 0x1efe, 1, 2}, {0xff21, 0xff3a, 32, 1},
};

static uint32_t lower(uint32_t code) {
    for (size_t i = 0; i < GM_COUNT(runs) && code >= runs[i].first; i++)
        if (code <= runs[i].last && (code - runs[i].first) % runs[i].step == 0)
            return code + runs[i].offset;
    if (code == 0x178)
        return 0xff;
    return code;
}

static bool is_space(uint32_t code) {
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0xa0 ||
           (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x3000;
}

// Letters, digits, hyphen and apostrophes; beyond ASCII all but spaces and signs.
static bool is_of_word(uint32_t code) {
    if (code < 0x80)
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') ||
               code == '-' || code == '\'';
    return code == 0x2019 || (code >= 0xc0 && (code < 0x2000 || code > 0x206f) && (code < 0x3001 || code > 0x301f) &&
                              (code < 0xff01 || code > 0xff0f));
}

// ---- Symbols ----

static gm_status take_word(gm_scan *s) {
    size_t bytes = s->word_bytes;
    if (bytes == 0)
        return GM_OK;
    s->word[bytes] = '\0';
    s->word_bytes = 0;
    s->in_line = true;
    return s->take(s->user, s->word, bytes);
}

static gm_status take_code(gm_scan *s, uint32_t code) {
    char symbol[5];
    size_t bytes = gm_utf8_encode(code, symbol);
    symbol[bytes] = '\0';
    s->in_line = true;
    return s->take(s->user, symbol, bytes);
}

static gm_status add_to_word(gm_scan *s, uint32_t code) {
    if (s->word_bytes + 4 >= sizeof s->word)
        GM_TRY(take_word(s));
    s->word_bytes += gm_utf8_encode(code, s->word + s->word_bytes);
    return GM_OK;
}

static gm_status end_line(gm_scan *s) {
    GM_TRY(take_word(s));
    if (!s->text->join && s->text->items == GM_TEXT_WINDOWS)
        GM_TRY(take_code(s, '\n'));
    s->line++;
    s->in_line = false;
    return s->end_line ? s->end_line(s->user) : GM_OK;
}

static gm_status take_character(gm_scan *s, uint32_t code) {
    const bool words = s->text->unit == GM_TEXT_WORDS;
    if (code == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: holds a byte of zero, which no text does", s->name, s->line);
    bool after_carriage = s->carriage;
    s->carriage = code == '\r';
    if (code == '\n' && after_carriage)
        return GM_OK;
    if (code == '\n' || code == '\r') {
        s->space = true;
        return end_line(s);
    }
    if (is_space(code) && (words || s->text->join)) {
        s->space = true;
        return take_word(s);
    }
    code = s->text->lower ? lower(code) : code;
    if (words && is_of_word(code))
        return add_to_word(s, code);
    GM_TRY(take_word(s));
    if (s->text->join && s->space && s->started && !words &&
        (s->in_line || s->text->items == GM_TEXT_WINDOWS)) // none before a line's first
        GM_TRY(take_code(s, ' '));
    s->space = false;
    s->started = true;
    return take_code(s, code);
}

// ---- Bytes ----

static uint32_t decode(const char *text, size_t bytes) {
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text[0] & masks[bytes];
    for (size_t i = 1; i < bytes; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

// How many bytes a character has that begins so, were it one.
static size_t wanted(unsigned char first) {
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

// Takes one character out of what is held, which is whole or the end.
static gm_status take_held(gm_scan *s) {
    char text[5] = {0};
    memcpy(text, s->held, s->held_bytes);
    size_t bytes = s->held_bytes > 1 || (unsigned char)text[0] < 0x80 ? gm_utf8_length(text) : 0;
    uint32_t code = bytes > 0 ? decode(text, bytes) : (unsigned char)text[0];
    if (text[0] == '\0') // which gm_utf8_length takes for the end
        bytes = 1;
    s->latin1 += bytes == 0;
    bytes = GM_MAX(bytes, (size_t)1);
    memmove(s->held, s->held + bytes, sizeof s->held - bytes);
    s->held_bytes -= bytes;
    bool mark = code == 0xfeff && !s->started && s->line == 1 && s->word_bytes == 0 && !s->in_line;
    return mark ? GM_OK : take_character(s, code);
}

gm_status gm_scan_push(gm_scan *s, const char *data, size_t bytes) {
    s->line = GM_MAX(s->line, (size_t)1);
    for (size_t i = 0; i < bytes; i++) {
        if (s->held_bytes == 0 && (unsigned char)data[i] < 0x80) {
            GM_TRY(take_character(s, (unsigned char)data[i]));
            continue;
        }
        s->held[s->held_bytes++] = data[i];
        while (s->held_bytes > 0 && s->held_bytes >= wanted((unsigned char)s->held[0]))
            GM_TRY(take_held(s));
    }
    return GM_OK;
}

gm_status gm_scan_finish(gm_scan *s) {
    s->line = GM_MAX(s->line, (size_t)1);
    while (s->held_bytes > 0)
        GM_TRY(take_held(s));
    GM_TRY(take_word(s));
    return s->in_line && s->end_line ? s->end_line(s->user) : GM_OK;
}

// Netpbm's formats: PBM, PGM and PPM in text or bytes, and PAM of any number of channels -> 8 or 16 bits, of any
// largest value up to 65535. Of several pictures in a row the first.
#include "data/picture_format.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_BITS = 1, TEXT_GREY, TEXT_RGB, RAW_BITS, RAW_GREY, RAW_RGB, PAM, MOST_CHANNELS = 4096 };

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

typedef struct reader {
    const char *name;
    const uint8_t *next, *end;
    unsigned kind; // the digit behind P
    size_t width, height, channels, most;
    bool alpha, cut; // cut: more is wanted than there is
} reader;

// Space and comments up to the end of their lines.
static void skip_space(reader *in) {
    while (in->next < in->end && (is_space(*in->next) || *in->next == '#')) {
        if (*in->next == '#')
            while (in->next < in->end && *in->next != '\n')
                in->next++;
        else
            in->next++;
    }
    in->cut = in->cut || in->next == in->end;
}

// A number below a million and a half; what is no number is one that is too large.
static size_t read_number(reader *in) {
    size_t value = 0, digits = 0;
    skip_space(in);
    for (; in->next < in->end && is_digit(*in->next) && digits < 7; digits++)
        value = value * 10 + (*in->next++ - '0');
    in->cut = in->cut || in->next == in->end;
    return digits > 0 && digits < 7 ? value : SIZE_MAX;
}

// "P5" and so on with what must follow; *in stands behind it.
static bool read_magic(reader *in) {
    if (in->end - in->next < 3 || in->next[0] != 'P' || in->next[1] < '1' || in->next[1] > '7')
        return false;
    in->kind = in->next[1] - (unsigned)'0';
    in->next += 2;
    return in->kind == PAM ? *in->next == '\n' : is_space(*in->next) || *in->next == '#';
}

static bool tell(const uint8_t *head, size_t bytes) {
    reader in = {.next = head, .end = head + bytes};
    if (!read_magic(&in))
        return false;
    skip_space(&in);
    bool word = in.next < in.end && (in.kind == PAM ? *in.next >= 'A' && *in.next <= 'Z' : is_digit(*in.next));
    return word || in.cut;
}

// ---- Headers ----

static bool takes_word(reader *in, const char *word) {
    size_t length = strlen(word);
    bool found =
        (size_t)(in->end - in->next) > length && memcmp(in->next, word, length) == 0 && is_space(in->next[length]);
    if (found)
        in->next += length;
    return found;
}

static void read_pam(reader *in) {
    while (!in->cut) {
        skip_space(in);
        if (takes_word(in, "ENDHDR"))
            return;
        if (takes_word(in, "WIDTH"))
            in->width = read_number(in);
        else if (takes_word(in, "HEIGHT"))
            in->height = read_number(in);
        else if (takes_word(in, "DEPTH"))
            in->channels = read_number(in);
        else if (takes_word(in, "MAXVAL"))
            in->most = read_number(in);
        else // TUPLTYPE and its word
            while (in->next < in->end && *in->next != '\n') {
                in->alpha = in->alpha || takes_word(in, "_ALPHA");
                in->next += in->next < in->end && *in->next != '\n';
            }
    }
}

static gm_status check_header(const reader *in) {
    if (in->width == 0 || in->height == 0 || in->width > GM_PICTURE_SIDE || in->height > GM_PICTURE_SIDE)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged or its size is refused: 1 x 1 to %u x %u pixels are read",
                       in->name, GM_PICTURE_SIDE, GM_PICTURE_SIDE);
    if (in->most == 0 || in->most > UINT16_MAX || in->channels == 0 || in->channels > MOST_CHANNELS)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is damaged: a largest value of 1 to %d and 1 to %d channels are read from PNM files",
                       in->name, UINT16_MAX, MOST_CHANNELS);
    if (in->width * in->height > GM_PICTURE_AREA)
        return gm_picture_refuse_area(in->name, in->width, in->height);
    return GM_OK;
}

static gm_status fail_cut(const reader *in) {
    return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: a PNM file that ends too early", in->name);
}

// Stands at the first value afterwards; `cut` where the header ends too early.
static gm_status read_header(reader *in, const char *name, const uint8_t *data, size_t bytes) {
    *in = (reader){.name = name, .next = data, .end = data + bytes, .most = 1, .channels = 1};
    read_magic(in);
    if (in->kind == PAM) {
        read_pam(in);
        in->alpha = in->alpha && (in->channels == 2 || in->channels == 4);
    } else {
        in->channels = in->kind == TEXT_RGB || in->kind == RAW_RGB ? 3 : 1;
        in->width = read_number(in);
        in->height = read_number(in);
        if (in->kind != TEXT_BITS && in->kind != RAW_BITS)
            in->most = read_number(in);
    }
    if (in->cut)
        return GM_OK;
    in->next++; // one space
    return check_header(in);
}

static gm_picture describe(const reader *in) {
    return (gm_picture){.width = in->width,
                        .height = in->height,
                        .channels = in->channels,
                        .type = in->most > UINT8_MAX ? GM_PICTURE_U16 : GM_PICTURE_U8,
                        .alpha = in->alpha,
                        .pages = 1};
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture) {
    (void)wish;
    reader in;
    *picture = (gm_picture){0};
    GM_TRY(read_header(&in, name, data, bytes));
    if (in.cut)
        return whole ? fail_cut(&in) : GM_OK;
    *picture = describe(&in);
    return GM_OK;
}

// ---- Values ----

static bool store(const reader *in, gm_picture *picture, size_t i, size_t value) {
    size_t white = (size_t)gm_picture_white(picture->type), scaled = (value * white + in->most / 2) / in->most;
    if (value > in->most)
        return false;
    if (picture->type == GM_PICTURE_U8)
        ((uint8_t *)picture->pixels)[i] = (uint8_t)scaled;
    else
        ((uint16_t *)picture->pixels)[i] = (uint16_t)scaled;
    return true;
}

// The next value of a text; those of bits need no space between them.
static size_t read_text_value(reader *in) {
    if (in->kind != TEXT_BITS)
        return read_number(in);
    skip_space(in);
    uint8_t digit = in->next < in->end ? *in->next++ : '2';
    return digit == '0' ? 1 : digit == '1' ? 0 : SIZE_MAX; // 1 is black
}

static gm_status read_text(reader *in, gm_picture *picture, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t value = read_text_value(in);
        if (value == SIZE_MAX && in->next == in->end)
            return fail_cut(in);
        if (value == SIZE_MAX || !store(in, picture, i, value))
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its value %zu is no number from 0 to %zu", in->name, i,
                           in->most);
    }
    return GM_OK;
}

static gm_status read_raw(reader *in, gm_picture *picture, size_t count) {
    const uint8_t *b = in->next;
    size_t stride = gm_divide_up(in->width, 8);
    for (size_t i = 0; i < count; i++) {
        size_t value = in->kind == RAW_BITS
                           ? !(b[i / in->width * stride + i % in->width / 8] >> (7 - i % in->width % 8) & 1)
                       : in->most > UINT8_MAX ? (size_t)b[2 * i] << 8 | b[2 * i + 1]
                                              : b[i];
        if (!store(in, picture, i, value))
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its value %zu is %zu, above the largest, %zu", in->name, i,
                           value, in->most);
    }
    return GM_OK;
}

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    (void)wish;
    reader in;
    *picture = (gm_picture){0};
    GM_TRY(read_header(&in, name, data, bytes));
    bool text = in.kind < RAW_BITS;
    size_t count = in.width * in.height * in.channels;
    size_t needed = in.kind == RAW_BITS ? in.height * gm_divide_up(in.width, 8)
                    : text              ? count
                                        : count * (in.most > UINT8_MAX ? 2 : 1);
    if (in.cut || needed > (size_t)(in.end - in.next))
        return fail_cut(&in);
    *picture = describe(&in);
    GM_TRY(gm_alloc(&picture->pixels, count, gm_picture_value_bytes(picture->type), name));
    gm_status status = (text ? read_text : read_raw)(&in, picture, count);
    if (status != GM_OK) {
        free(picture->pixels);
        *picture = (gm_picture){0};
    }
    return status;
}

const gm_picture_format gm_pnm_format = {.name = "PNM", .tell = tell, .parse_header = parse_header, .parse = parse};

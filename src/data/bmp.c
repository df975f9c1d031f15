// BMP (Windows' and OS/2's bitmaps): 1, 2, 4, 8, 16, 24 and 32 bits a pixel, palettes, masks, run lengths, upwards or
// downwards -> 8-bit grey (where a palette is) or RGB, with opacity where a mask says so.
#include "data/picture_format.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 14, CORE = 12, COLOURS = 256, RUN_EXPANSION = 1024 };
enum { PLAIN = 0, RLE8 = 1, RLE4 = 2, MASKS = 3, ALPHA_MASKS = 6 }; // how pixels are stored

typedef struct bitmap {
    const char *name;
    const uint8_t *data; // the file
    size_t bytes, pixels, width, height, bits, storage;
    bool downwards, grey;
    size_t colour_count;
    uint8_t palette[COLOURS][3];
    uint32_t mask[4]; // red, green, blue, opacity
} bitmap;

static size_t little(const uint8_t *b, size_t count) {
    size_t value = 0;
    for (size_t i = count; i-- > 0;)
        value = value << 8 | b[i];
    return value;
}

static bool tell(const uint8_t *head, size_t bytes) {
    static const size_t headers[] = {CORE, 40, 52, 56, 64, 108, 124};
    enum { RESERVED_END = 10 }; // behind zeros: the beginning of a file that was cut off
    if (bytes >= RESERVED_END && bytes < FILE_HEADER + 4)
        return memcmp(head, "BM", 2) == 0 && little(head + 6, 4) == 0;
    for (size_t i = 0; i < GM_COUNT(headers) && bytes >= FILE_HEADER + 4; i++)
        if (head[0] == 'B' && head[1] == 'M' && little(head + FILE_HEADER, 4) == headers[i])
            return true;
    return false;
}

// ---- Header ----

static gm_status check(const bitmap *b) {
    bool masked = b->storage == MASKS || b->storage == ALPHA_MASKS;
    bool bits =
        b->bits == 1 || b->bits == 2 || b->bits == 4 || b->bits == 8 || b->bits == 16 || b->bits == 24 || b->bits == 32;
    bool suits = b->storage == PLAIN || (b->storage == RLE8 && b->bits == 8) || (b->storage == RLE4 && b->bits == 4) ||
                 (masked && (b->bits == 16 || b->bits == 32));
    if (!bits || !suits)
        return gm_fail(GM_ERROR_FORMAT, "%s: is a BMP file of %zu bits a pixel, compression %zu, which is not read",
                       b->name, b->bits, b->storage);
    if (b->width == 0 || b->height == 0 || b->width > GM_PICTURE_SIDE || b->height > GM_PICTURE_SIDE)
        return gm_fail(GM_ERROR_FORMAT, "%s: its size is refused: %zu x %zu pixels, 1 x 1 to %u x %u are read", b->name,
                       b->width, b->height, GM_PICTURE_SIDE, GM_PICTURE_SIDE);
    if (b->width * b->height > GM_PICTURE_AREA)
        return gm_picture_refuse_area(b->name, b->width, b->height);
    return GM_OK;
}

static gm_status fail_cut(const bitmap *b) {
    return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: a BMP file of %zu bytes ends too early", b->name, b->bytes);
}

// Masks stand at one place, in larger headers and behind smaller ones. 16 bits have five for each colour without any.
static void read_masks(bitmap *b, size_t header) {
    static const uint32_t usual[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    bool masked = b->storage == MASKS || b->storage == ALPHA_MASKS, fourth = header >= 56 || b->storage == ALPHA_MASKS;
    for (size_t i = 0; i < 4; i++) {
        size_t at = FILE_HEADER + 40 + 4 * i;
        if (!masked)
            b->mask[i] = i < 3 ? usual[b->bits == 32][i] : 0;
        else
            b->mask[i] = (i < 3 || fourth) && at + 4 <= b->bytes ? (uint32_t)little(b->data + at, 4) : 0;
    }
}

static void read_palette(bitmap *b, size_t at, size_t entry) {
    size_t there = at < b->bytes ? (b->bytes - at) / entry : 0;
    b->colour_count = GM_MIN(b->colour_count, there);
    b->grey = b->bits <= 8;
    for (size_t i = 0; i < b->colour_count; i++) {
        const uint8_t *colour = b->data + at + i * entry; // blue first
        for (size_t c = 0; c < 3; c++)
            b->palette[i][c] = colour[2 - c];
        b->grey = b->grey && colour[0] == colour[1] && colour[1] == colour[2];
    }
}

// *cut: the header needs more bytes than there are.
static gm_status read_header(bitmap *b, const char *name, const uint8_t *data, size_t bytes, bool *cut) {
    *b = (bitmap){.name = name, .data = data, .bytes = bytes};
    *cut = bytes < FILE_HEADER + 4;
    if (*cut)
        return GM_OK;
    size_t header = little(data + FILE_HEADER, 4), colours = 0;
    const uint8_t *h = data + FILE_HEADER;
    b->pixels = little(data + 10, 4);
    // with the largest palette, or up to the pixels
    *cut = bytes < GM_MIN(FILE_HEADER + header + 16 + 4 * COLOURS, b->pixels) || bytes < FILE_HEADER + header;
    if (*cut)
        return GM_OK;
    if (header == CORE) {
        b->width = little(h + 4, 2);
        b->height = little(h + 6, 2);
        b->bits = little(h + 10, 2);
    } else {
        b->width = little(h + 4, 4);
        b->height = little(h + 8, 4);
        b->bits = little(h + 14, 2);
        b->storage = little(h + 16, 4);
        colours = little(h + 32, 4);
        b->downwards = b->height > INT32_MAX;
        if (b->downwards)
            b->height = (size_t)(UINT64_C(0x100000000) - b->height);
    }
    GM_TRY(check(b));
    b->colour_count = b->bits > 8 ? 0 : colours == 0 ? (size_t)1 << b->bits : GM_MIN(colours, (size_t)1 << b->bits);
    read_masks(b, header);
    size_t masks = header == 40 ? (b->storage == MASKS ? 12 : b->storage == ALPHA_MASKS ? 16 : 0) : 0;
    read_palette(b, FILE_HEADER + header + masks, header == CORE ? 3 : 4);
    return GM_OK;
}

static gm_picture describe(const bitmap *b) {
    bool alpha = b->bits > 8 && b->bits != 24 && b->mask[3] != 0;
    return (gm_picture){
        .width = b->width, .height = b->height, .channels = (b->grey ? 1u : 3u) + alpha, .alpha = alpha, .pages = 1};
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture) {
    (void)wish;
    bitmap b;
    bool cut;
    *picture = (gm_picture){0};
    GM_TRY(read_header(&b, name, data, bytes, &cut));
    if (cut)
        return whole ? fail_cut(&b) : GM_OK;
    *picture = describe(&b);
    return GM_OK;
}

// ---- Pixels ----

// The bits of a mask as 8 bits, rounded; none are opaque.
static uint8_t masked(uint32_t pixel, uint32_t mask) {
    uint64_t value = pixel & mask, most = mask;
    for (; most > 0 && !(most & 1); most >>= 1)
        value >>= 1;
    return most == 0 ? 0 : (uint8_t)((value * UINT8_MAX + most / 2) / most);
}

// Row y of the picture, downwards.
static uint8_t *row_of(const bitmap *b, const gm_picture *picture, size_t y) {
    size_t line = b->downwards ? y : b->height - 1 - y;
    return (uint8_t *)picture->pixels + line * b->width * picture->channels;
}

static bool put_index(const bitmap *b, const gm_picture *picture, size_t y, size_t x, size_t index) {
    if (index >= b->colour_count)
        return false;
    memcpy(row_of(b, picture, y) + x * picture->channels, b->palette[index], picture->channels);
    return true;
}

static size_t bits_at(const uint8_t *row, size_t x, size_t bits) {
    return row[x * bits / 8] >> (8 - bits - x * bits % 8) & ((1u << bits) - 1);
}

static gm_status read_plain(const bitmap *b, gm_picture *picture) {
    size_t stride = gm_divide_up(b->width * b->bits, 32) * 4;
    if (b->pixels > b->bytes || stride * b->height > b->bytes - b->pixels)
        return fail_cut(b);
    for (size_t y = 0; y < b->height; y++) {
        const uint8_t *row = b->data + b->pixels + y * stride;
        uint8_t *out = row_of(b, picture, y);
        for (size_t x = 0; x < b->width; x++) {
            uint32_t pixel = b->bits > 8 ? (uint32_t)little(row + x * b->bits / 8, b->bits / 8) : 0;
            if (b->bits <= 8 && !put_index(b, picture, y, x, bits_at(row, x, b->bits)))
                return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: it has a pixel of a colour beyond its %zu", b->name,
                               b->colour_count);
            for (size_t c = 0; b->bits > 8 && c < picture->channels; c++)
                out[x * picture->channels + c] =
                    b->bits == 24 ? (uint8_t)(pixel >> (16 - 8 * c)) : masked(pixel, b->mask[c]);
        }
    }
    return GM_OK;
}

// Runs of one index, or of two that alternate, and stretches of single ones; what they leave out has index 0. Some
// writers fill rows up beyond the picture's right edge.
static gm_status read_runs(const bitmap *b, gm_picture *picture) {
    const uint8_t *at = b->data + GM_MIN(b->pixels, b->bytes), *end = b->data + b->bytes;
    size_t x = 0, y = 0, bits = b->bits;
    bool fine = true;
    if (b->width * b->height / RUN_EXPANSION > b->bytes)
        return fail_cut(b);
    for (size_t i = 0; i < b->width * b->height; i++)
        fine = fine && put_index(b, picture, i / b->width, i % b->width, 0);
    while (fine) {
        if (end - at < 2)
            return fail_cut(b);
        size_t count = at[0], code = at[1], stored = 0;
        const uint8_t *indices = at + 1;
        at += 2;
        if (count == 0 && code == 1)
            return GM_OK;
        if (count == 0 && code == 0) {
            x = 0;
            y++;
            continue;
        }
        if (count == 0 && code == 2) {
            if (end - at < 2)
                return fail_cut(b);
            x += at[0];
            y += at[1];
            at += 2;
            continue;
        }
        bool run = count > 0;
        if (!run) {
            count = code;
            indices = at;
            stored = gm_round_up(gm_divide_up(count * bits, 8), 2);
        }
        if (stored > (size_t)(end - at))
            return fail_cut(b);
        for (size_t i = 0; i < count && fine; i++, x++)
            fine = y < b->height &&
                   (x >= b->width || put_index(b, picture, y, x, bits_at(indices, run ? i % (8 / bits) : i, bits)));
        at += stored;
    }
    return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its runs of pixels leave the picture or its colours", b->name);
}

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    (void)wish;
    bitmap b;
    bool cut;
    *picture = (gm_picture){0};
    GM_TRY(read_header(&b, name, data, bytes, &cut));
    if (cut)
        return fail_cut(&b);
    bool runs = b.storage == RLE8 || b.storage == RLE4;
    if (!runs && b.width * b.height / 8 * b.bits > bytes)
        return fail_cut(&b);
    *picture = describe(&b);
    GM_TRY(gm_alloc(&picture->pixels, b.width * b.height, picture->channels, name));
    gm_status status = (runs ? read_runs : read_plain)(&b, picture);
    if (status != GM_OK) {
        free(picture->pixels);
        *picture = (gm_picture){0};
    }
    return status;
}

const gm_picture_format gm_bmp_format = {.name = "BMP", .tell = tell, .parse_header = parse_header, .parse = parse};

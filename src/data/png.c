// PNG through libpng: any colour type, depth and interlacing -> grey or RGB of 8 or 16 bits, with or without alpha. Of
// an animated PNG (APNG) the picture that stands for it, mostly its first frame: libpng passes over the others.
//
// libpng reports errors by longjmp. All that must survive the jump is kept in one struct that outlives it, and the
// function that calls setjmp changes no local variable afterwards.
#include "data/picture_format.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFLATE_RATIO 1032 // deflate's largest expansion
#define HEADER_BYTES  33   // signature and IHDR

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

// ---- Reading ----

typedef struct reader {
    const char *name;
    const uint8_t *next;
    size_t left, bytes;
    png_structp png;
    png_infop info;
    png_bytepp rows;
    uint8_t *pixels;
    size_t width, height, channels;
    bool deep; // 16 bits
    gm_status status;
} reader;

static void on_read_error(png_structp png, png_const_charp text) {
    reader *in = png_get_error_ptr(png);
    if (in->status == GM_OK)
        in->status = gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %s", in->name, text);
    longjmp(png_jmpbuf(png), 1);
}

static void read_bytes(png_structp png, png_bytep out, size_t bytes) {
    reader *in = png_get_io_ptr(png);
    if (bytes > in->left) {
        in->status =
            gm_fail(GM_ERROR_FORMAT, "%s: is truncated: a PNG file of %zu bytes ends too early", in->name, in->bytes);
        png_error(png, "truncated");
    }
    memcpy(out, in->next, bytes);
    in->next += bytes;
    in->left -= bytes;
}

// Sets the failure and jumps.
static void refuse(reader *in, gm_status status) {
    in->status = status;
    png_error(in->png, "refused");
}

static void read_pixels(reader *in) {
    png_structp png = in->png;
    png_read_info(png, in->info);
    in->width = png_get_image_width(png, in->info);
    in->height = png_get_image_height(png, in->info);
    // A few bytes can claim to be a huge picture; deflate bounds what they can really hold.
    if (in->width * in->height > GM_PICTURE_AREA)
        refuse(in, gm_picture_refuse_area(in->name, in->width, in->height));
    if (png_get_rowbytes(png, in->info) * in->height / DEFLATE_RATIO > in->bytes)
        refuse(in, gm_fail(GM_ERROR_FORMAT, "%s: is truncated: %zu bytes cannot hold %zu x %zu pixels", in->name,
                           in->bytes, in->width, in->height));
    png_set_expand(png); // palettes to RGB, small depths to 8, tRNS to alpha
    in->deep = png_get_bit_depth(png, in->info) == 16;
    const uint16_t one = 1;
    if (in->deep && *(const uint8_t *)&one == 1)
        png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, in->info);
    in->channels = png_get_channels(png, in->info);
    size_t stride = png_get_rowbytes(png, in->info);
    if (stride != in->width * in->channels * (in->deep ? 2 : 1))
        png_error(png, "unexpected row size");
    in->pixels = malloc(stride * in->height);
    in->rows = malloc(in->height * sizeof *in->rows);
    if (!in->pixels || !in->rows)
        refuse(in, gm_fail_memory(stride * in->height, in->name));
    for (size_t y = 0; y < in->height; y++)
        in->rows[y] = in->pixels + y * stride;
    png_read_image(png, in->rows);
    png_read_end(png, NULL);
}

static gm_status run_reader(reader *in) {
    in->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, in, on_read_error, on_warning);
    if (!in->png)
        return gm_fail(GM_ERROR_MEMORY, "%s: out of memory for libpng", in->name);
    in->info = png_create_info_struct(in->png);
    if (!in->info)
        return gm_fail(GM_ERROR_MEMORY, "%s: out of memory for libpng", in->name);
    if (setjmp(png_jmpbuf(in->png)))
        return in->status;
    png_set_user_limits(in->png, GM_PICTURE_SIDE, GM_PICTURE_SIDE);
    png_set_chunk_malloc_max(in->png, (png_alloc_size_t)1 << 23);
    png_set_read_fn(in->png, in, read_bytes);
    read_pixels(in);
    return GM_OK;
}

// ---- Header ----

static size_t big_endian(const uint8_t *b) {
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static bool tell(const uint8_t *head, size_t bytes) {
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return bytes > 0 && memcmp(head, signature, GM_MIN(bytes, sizeof signature)) == 0;
}

// Whether a colour is transparent: that says a chunk between the header and the pixels. *seen: they were reached.
static bool find_transparency(const uint8_t *data, size_t bytes, bool *seen) {
    for (size_t at = HEADER_BYTES; bytes - at >= 8;) {
        size_t length = big_endian(data + at);
        bool clear = memcmp(data + at + 4, "tRNS", 4) == 0;
        *seen = clear || memcmp(data + at + 4, "IDAT", 4) == 0;
        if (*seen)
            return clear;
        if (length > bytes - at - 8 || bytes - at - 8 - length < 4)
            break;
        at += length + 12;
    }
    *seen = false;
    return false;
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture) {
    (void)wish;
    *picture = (gm_picture){.pages = 1};
    if (bytes < HEADER_BYTES && !whole)
        return GM_OK;
    if (bytes < HEADER_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: a PNG file of %zu bytes", name, bytes);
    if (memcmp(data + 12, "IHDR", 4) != 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: a PNG file without its header", name);
    size_t width = big_endian(data + 16), height = big_endian(data + 20);
    if (width == 0 || height == 0 || width > GM_PICTURE_SIDE || height > GM_PICTURE_SIDE)
        return gm_fail(GM_ERROR_FORMAT, "%s: its size is refused: %zu x %zu pixels, at most %u x %u are read", name,
                       width, height, GM_PICTURE_SIDE, GM_PICTURE_SIDE);
    bool seen = true;
    picture->alpha = data[25] & PNG_COLOR_MASK_ALPHA || find_transparency(data, bytes, &seen);
    if (!seen && !whole)
        return GM_OK;
    picture->width = width;
    picture->height = height;
    picture->channels = (data[25] & PNG_COLOR_MASK_COLOR ? 3u : 1u) + picture->alpha; // palettes count as colours
    picture->type = data[24] == 16 ? GM_PICTURE_U16 : GM_PICTURE_U8;
    return GM_OK;
}

// ---- Pixels ----

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    *picture = (gm_picture){0};
    GM_TRY(parse_header(name, data, bytes, true, wish, picture));
    reader in = {.name = name, .next = data, .left = bytes, .bytes = bytes};
    gm_status status = run_reader(&in);
    png_destroy_read_struct(&in.png, &in.info, NULL);
    free(in.rows);
    if (status != GM_OK) {
        free(in.pixels);
        *picture = (gm_picture){0};
        return status;
    }
    *picture = (gm_picture){.pixels = in.pixels,
                            .width = in.width,
                            .height = in.height,
                            .channels = in.channels,
                            .type = in.deep ? GM_PICTURE_U16 : GM_PICTURE_U8,
                            .alpha = in.channels % 2 == 0,
                            .pages = 1};
    return GM_OK;
}

const gm_picture_format gm_png_format = {.name = "PNG", .tell = tell, .parse_header = parse_header, .parse = parse};

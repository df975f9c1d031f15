// PNG through libpng: any colour type, depth and interlacing -> 8-bit grey or RGB.
//
// libpng reports errors by longjmp. All that must survive the jump is kept in one struct that outlives it, and the
// function that calls setjmp changes no local variable afterwards.
#include "data/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE      16384u
#define MAX_AREA      ((size_t)1 << 26)
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
    if (in->width * in->height > MAX_AREA)
        refuse(in, gm_fail(GM_ERROR_FORMAT, "%s: is too large: %zu x %zu pixels", in->name, in->width, in->height));
    if (png_get_rowbytes(png, in->info) * in->height / DEFLATE_RATIO > in->bytes)
        refuse(in, gm_fail(GM_ERROR_FORMAT, "%s: is truncated: %zu bytes cannot hold %zu x %zu pixels", in->name,
                           in->bytes, in->width, in->height));
    png_set_expand(png); // palettes to RGB, small depths to 8, tRNS to alpha
    png_set_scale_16(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, in->info);
    in->channels = png_get_channels(png, in->info);
    size_t stride = png_get_rowbytes(png, in->info);
    if (stride != in->width * in->channels)
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
    png_set_user_limits(in->png, MAX_SIDE, MAX_SIDE);
    png_set_chunk_malloc_max(in->png, (png_alloc_size_t)1 << 23);
    png_set_read_fn(in->png, in, read_bytes);
    read_pixels(in);
    return GM_OK;
}

// Blends the last channel away, with white behind it. The pixels move towards the front of the same memory.
static void blend_with_white(uint8_t *pixels, size_t count, size_t colours) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = pixels + i * (colours + 1);
        unsigned alpha = from[colours];
        for (size_t c = 0; c < colours; c++)
            pixels[i * colours + c] = (uint8_t)((from[c] * alpha + 255u * (255u - alpha) + 127u) / 255u);
    }
}

gm_status gm_png_parse(const char *name, const void *data, size_t bytes, gm_picture *picture) {
    *picture = (gm_picture){0};
    GM_TRY(gm_png_parse_header(name, data, bytes, picture));
    reader in = {.name = name, .next = data, .left = bytes, .bytes = bytes};
    gm_status status = run_reader(&in);
    png_destroy_read_struct(&in.png, &in.info, NULL);
    free(in.rows);
    if (status == GM_OK && in.channels % 2 == 0)
        blend_with_white(in.pixels, in.width * in.height, --in.channels);
    if (status != GM_OK) {
        free(in.pixels);
        *picture = (gm_picture){0};
        return status;
    }
    *picture = (gm_picture){.pixels = in.pixels, .width = in.width, .height = in.height, .channels = in.channels};
    return GM_OK;
}

static size_t big_endian(const uint8_t *b) {
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

bool gm_png_tell(const uint8_t *head, size_t bytes) {
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return bytes > 0 && memcmp(head, signature, GM_MIN(bytes, sizeof signature)) == 0;
}

gm_status gm_png_parse_header(const char *name, const uint8_t *data, size_t bytes, gm_picture *picture) {
    *picture = (gm_picture){0};
    if (!gm_png_tell(data, bytes))
        return gm_fail(GM_ERROR_FORMAT, "%s: is not a PNG file: its first bytes are another format's", name);
    if (bytes < HEADER_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: a PNG file of %zu bytes", name, bytes);
    if (memcmp(data + 12, "IHDR", 4) != 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: a PNG file without its header", name);
    picture->width = big_endian(data + 16);
    picture->height = big_endian(data + 20);
    picture->channels = data[25] & PNG_COLOR_MASK_COLOR ? 3 : 1; // palettes count as colours
    if (picture->width == 0 || picture->height == 0 || picture->width > MAX_SIDE || picture->height > MAX_SIDE)
        return gm_fail(GM_ERROR_FORMAT, "%s: its size is refused: %zu x %zu pixels, at most %u x %u are read", name,
                       picture->width, picture->height, MAX_SIDE, MAX_SIDE);
    return GM_OK;
}

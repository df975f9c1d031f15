// 8-bit pictures -> PNG through libpng.
//
// libpng reports errors by longjmp. All that must survive the jump is kept in one struct that outlives it, and the
// function that calls setjmp changes no local variable afterwards.
#include "base/base.h"
#include "ganymede/sample.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

typedef struct writer {
    const char *path;
    png_structp png;
    png_infop info;
    uint8_t *data;
    size_t length, capacity;
    gm_status status;
} writer;

static void on_write_error(png_structp png, png_const_charp text) {
    writer *out = png_get_error_ptr(png);
    if (out->status == GM_OK)
        out->status = gm_fail(GM_ERROR_ARGUMENT, "%s: cannot be made: %s", out->path, text);
    longjmp(png_jmpbuf(png), 1);
}

static void write_bytes(png_structp png, png_bytep data, size_t bytes) {
    writer *out = png_get_io_ptr(png);
    if (out->capacity - out->length < bytes) {
        size_t capacity = 2 * out->capacity + bytes + 4096;
        uint8_t *grown = realloc(out->data, capacity);
        if (!grown) {
            out->status = gm_fail_memory(capacity, out->path);
            png_error(png, "out of memory");
        }
        out->data = grown;
        out->capacity = capacity;
    }
    memcpy(out->data + out->length, data, bytes);
    out->length += bytes;
}

static void flush(png_structp png) {
    (void)png;
}

static gm_status run_writer(writer *out, const uint8_t *pixels, size_t width, size_t height, size_t channels) {
    int colours = channels == 1 ? PNG_COLOR_TYPE_GRAY : channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA;
    out->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, out, on_write_error, on_warning);
    if (!out->png)
        return gm_fail(GM_ERROR_MEMORY, "%s: out of memory for libpng", out->path);
    out->info = png_create_info_struct(out->png);
    if (!out->info)
        return gm_fail(GM_ERROR_MEMORY, "%s: out of memory for libpng", out->path);
    if (setjmp(png_jmpbuf(out->png)))
        return out->status;
    png_set_write_fn(out->png, out, write_bytes, flush);
    png_set_IHDR(out->png, out->info, (png_uint_32)width, (png_uint_32)height, 8, colours, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(out->png, out->info);
    for (size_t y = 0; y < height; y++)
        png_write_row(out->png, pixels + y * width * channels);
    png_write_end(out->png, NULL);
    return GM_OK;
}

gm_status gm_png_write(const char *path, const uint8_t *pixels, size_t width, size_t height, size_t channels) {
    if (channels != 1 && channels != 3 && channels != 4)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a PNG has 1, 3 or 4 channels, not %zu", path, channels);
    if (width == 0 || height == 0 || width > 1000000 || height > 1000000) // libpng's own limits
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a PNG cannot be %zu x %zu pixels", path, width, height);
    writer out = {.path = path};
    gm_status status = run_writer(&out, pixels, width, height, channels);
    png_destroy_write_struct(&out.png, &out.info);
    if (status == GM_OK)
        status = gm_file_write_atomic(path, out.data, out.length);
    free(out.data);
    return status;
}

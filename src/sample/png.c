// Pictures of 8 or 16 bits -> PNG through libpng.
//
// libpng reports errors by longjmp. All that must survive the jump is kept in one struct that outlives it, and the
// function that calls setjmp changes no local variable afterwards.
#include "base/base.h"
#include "sample/notes.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

typedef struct writer {
    const gm_writing *writing;
    png_structp png;
    png_infop info;
    gm_notes notes;
    png_text texts[GM_MOST_NOTES];
    gm_bytes *file;
    gm_status status;
} writer;

static void on_error(png_structp png, png_const_charp text) {
    writer *out = png_get_error_ptr(png);
    if (out->status == GM_OK)
        out->status = gm_fail(GM_ERROR_ARGUMENT, "%s: cannot be made: %s", out->writing->path, text);
    longjmp(png_jmpbuf(png), 1);
}

static void write_bytes(png_structp png, png_bytep data, size_t bytes) {
    writer *out = png_get_io_ptr(png);
    out->status = gm_bytes_append(out->file, data, bytes, out->writing->path);
    if (out->status != GM_OK)
        png_error(png, "out of memory");
}

static void flush(png_structp png) {
    (void)png;
}

static int colours_of(size_t channels) {
    return channels == 1   ? PNG_COLOR_TYPE_GRAY
           : channels == 3 ? PNG_COLOR_TYPE_RGB
           : channels == 2 ? PNG_COLOR_TYPE_GRAY_ALPHA
                           : PNG_COLOR_TYPE_RGB_ALPHA;
}

// Keys have at most 79 bytes of Latin-1; values are UTF-8.
static void list_texts(const gm_notes *notes, png_text texts[GM_MOST_NOTES]) {
    for (size_t i = 0; i < notes->count; i++)
        texts[i] = (png_text){.compression = PNG_ITXT_COMPRESSION_NONE,
                              .key = (char *)notes->list[i].key,
                              .text = (char *)notes->list[i].value,
                              .lang = "",
                              .lang_key = ""};
}

static gm_status run(writer *out, const gm_raster *picture) {
    size_t row = picture->width * picture->channels * picture->depth / 8;
    out->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, out, on_error, on_warning);
    if (!out->png)
        return gm_fail(GM_ERROR_MEMORY, "%s: out of memory for libpng", out->writing->path);
    out->info = png_create_info_struct(out->png);
    if (!out->info)
        return gm_fail(GM_ERROR_MEMORY, "%s: out of memory for libpng", out->writing->path);
    if (setjmp(png_jmpbuf(out->png)))
        return out->status;
    png_set_write_fn(out->png, out, write_bytes, flush);
    png_set_IHDR(out->png, out->info, (png_uint_32)picture->width, (png_uint_32)picture->height, (int)picture->depth,
                 colours_of(picture->channels), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_text(out->png, out->info, out->texts, (int)out->notes.count);
    png_write_info(out->png, out->info);
    if (picture->depth == 16 && gm_host_is_little_endian())
        png_set_swap(out->png);
    for (size_t y = 0; y < picture->height; y++)
        png_write_row(out->png, (const uint8_t *)picture->values + y * row);
    png_write_end(out->png, NULL);
    return GM_OK;
}

gm_status gm_png_encode(const gm_writing *writing, const gm_raster *pictures, size_t count, gm_bytes *file) {
    writer out = {.writing = writing, .file = file};
    (void)count;
    if (pictures->width > 1000000 || pictures->height > 1000000) // libpng's own limits
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a PNG cannot be %zu x %zu pixels", writing->path, pictures->width,
                       pictures->height);
    gm_status status = gm_notes_init(&out.notes, writing);
    list_texts(&out.notes, out.texts);
    if (status == GM_OK)
        status = run(&out, pictures);
    png_destroy_write_struct(&out.png, &out.info);
    gm_notes_finish(&out.notes);
    return status;
}

gm_status gm_png_write(const char *path, const uint8_t *pixels, size_t width, size_t height, size_t channels) {
    gm_bytes file = {0};
    if (channels != 1 && channels != 3 && channels != 4)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a PNG has 1, 3 or 4 channels, not %zu", path, channels);
    if (width == 0 || height == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a PNG cannot be %zu x %zu pixels", path, width, height);
    gm_status status =
        gm_png_encode(&(gm_writing){.path = path}, &(gm_raster){(void *)pixels, width, height, channels, 8}, 1, &file);
    if (status == GM_OK)
        status = gm_file_write_atomic(path, file.data, file.length);
    free(file.data);
    return status;
}

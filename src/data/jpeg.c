// JPEG through libjpeg-turbo: baseline and progressive, grey, colours, CMYK and YCCK -> 8-bit grey or RGB, upright.
//
// Where the wish is much smaller than the picture, libjpeg leaves out the high frequencies that would be averaged away:
// the picture is then 1/2, 1/4 or 1/8 as wide and high, just of the size wished for or at least twice as large, so that
// fitting it does as well as fitting the whole.
// libjpeg's warnings of damaged data are failures. It reports by longjmp: all that must survive the jump is kept in one
// struct that outlives it, and the function that calls setjmp changes no local variable afterwards.
#include "data/orient.h"
#include "data/picture_format.h"

#include <string.h>

static bool tell(const uint8_t *head, size_t bytes) {
    return bytes >= 3 && memcmp(head, "\xff\xd8\xff", 3) == 0;
}

#ifdef GM_HAVE_JPEG

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
// Behind jpeglib.h:
#include <jerror.h>

enum { MOST_SCANS = 500, CMYK = 4 };

// ---- Header ----

typedef struct frame {
    size_t width, height, components; // 0: not seen
    unsigned orientation;
    bool arithmetic;
} frame;

static size_t read_word(const uint8_t *b) {
    return (size_t)b[0] << 8 | b[1];
}

// One segment: `length` bytes behind its marker and length. Whether it ends the header.
static bool take_segment(frame *f, unsigned marker, const uint8_t *data, size_t length) {
    bool is_frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame && length >= 6 && f->components == 0) {
        f->height = read_word(data + 1);
        f->width = read_word(data + 3);
        f->components = data[5];
        f->arithmetic = marker >= 0xc9;
    } else if (marker == 0xe1 && length > 6 && f->orientation == 0 && memcmp(data, "Exif\0\0", 6) == 0) {
        f->orientation = gm_orient_parse(data + 6, length - 6);
    }
    return marker == 0xda || marker == 0xd9;
}

// Whether the header's end, where the pixels begin, was reached.
static bool read_frame(frame *f, const uint8_t *data, size_t bytes) {
    *f = (frame){0};
    for (size_t at = 2; bytes - at >= 2;) {
        unsigned marker = data[at + 1];
        if (data[at] != 0xff || marker == 0xff || marker <= 1 || (marker >= 0xd0 && marker <= 0xd8)) {
            at++; // filling, or nothing that has a length
            continue;
        }
        size_t left = bytes - at - 2, length = left < 2 ? 2 : GM_MAX(read_word(data + at + 2), (size_t)2);
        bool end = left >= length && take_segment(f, marker, data + at + 4, length - 2);
        if (end || left < length)
            return end;
        at += 2 + length;
    }
    return false;
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture) {
    (void)wish;
    frame f;
    *picture = (gm_picture){.pages = 1};
    bool complete = read_frame(&f, data, bytes);
    if (!complete && !whole)
        return GM_OK;
    if (f.components == 0 || !complete)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated or damaged: a JPEG file of %zu bytes without a whole header",
                       name, bytes);
    if (f.components != 1 && f.components != 3 && f.components != CMYK)
        return gm_fail(GM_ERROR_FORMAT, "%s: is a JPEG file of %zu components: 1, 3 or 4 are read", name, f.components);
    if (f.width == 0 || f.height == 0 || f.width > GM_PICTURE_SIDE || f.height > GM_PICTURE_SIDE)
        return gm_fail(GM_ERROR_FORMAT, "%s: its size is refused: %zu x %zu pixels, 1 x 1 to %u x %u are read", name,
                       f.width, f.height, GM_PICTURE_SIDE, GM_PICTURE_SIDE);
    bool swap = gm_orient_swaps(f.orientation);
    picture->width = swap ? f.height : f.width;
    picture->height = swap ? f.width : f.height;
    picture->channels = f.components == 1 ? 1 : 3;
    return GM_OK;
}

// ---- Errors ----

typedef struct decoder {
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    struct jpeg_decompress_struct info;
    const char *name;
    const uint8_t *data;
    size_t bytes;
    frame frame;
    const gm_picture_wish *wish;
    bool pixels_begun;
    uint8_t *pixels;
    gm_status status;
} decoder;

static void fail(decoder *in, gm_status status) {
    in->status = status;
    longjmp(in->jump, 1);
}

static void on_error(j_common_ptr info) {
    decoder *in = info->client_data;
    char text[JMSG_LENGTH_MAX];
    if (info->err->msg_code == JWRN_JPEG_EOF)
        fail(in, gm_fail(GM_ERROR_FORMAT, "%s: is truncated: a JPEG file of %zu bytes ends too early", in->name,
                         in->bytes));
    info->err->format_message(info, text);
    fail(in, gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %s", in->name, text));
}

// Stray bytes between the segments of the header are common and harmless.
static void on_message(j_common_ptr info, int level) {
    const decoder *in = info->client_data;
    bool harmless =
        info->err->msg_code == JWRN_JFIF_MAJOR || (info->err->msg_code == JWRN_EXTRANEOUS_DATA && !in->pixels_begun);
    if (level < 0 && !harmless)
        on_error(info);
}

static void on_output(j_common_ptr info) {
    (void)info;
}

// A few bytes can ask for the whole picture to be gone through over and over.
static void on_progress(j_common_ptr info) {
    decoder *in = info->client_data;
    if (in->info.input_scan_number > MOST_SCANS)
        fail(in, gm_fail(GM_ERROR_FORMAT, "%s: is damaged: a JPEG file of more than %d scans", in->name, MOST_SCANS));
}

// ---- Pixels ----

// Every block takes a bit at least in Huffman's code; in the other, few bits can stand for many blocks.
static void check_size(decoder *in) {
    size_t width = in->info.image_width, height = in->info.image_height;
    size_t blocks = gm_divide_up(width, 8) * gm_divide_up(height, 8);
    if (width * height > GM_PICTURE_AREA)
        fail(in, gm_picture_refuse_area(in->name, width, height));
    if (blocks / (in->frame.arithmetic ? 512 : 8) > in->bytes)
        fail(in, gm_fail(GM_ERROR_FORMAT, "%s: is truncated: %zu bytes cannot hold %zu x %zu pixels", in->name,
                         in->bytes, width, height));
}

static void choose_scale(decoder *in) {
    bool swap = gm_orient_swaps(in->frame.orientation);
    size_t width = swap ? in->wish->height : in->wish->width, height = swap ? in->wish->width : in->wish->height;
    in->info.scale_num = in->info.scale_denom = 1;
    for (unsigned by = 2; width > 0 && height > 0 && by <= 8; by *= 2) {
        size_t across = gm_divide_up(in->info.image_width, by), down = gm_divide_up(in->info.image_height, by);
        if ((across == width && down == height) || (across >= 2 * width && down >= 2 * height))
            in->info.scale_denom = by;
    }
}

// Inks on white paper; Adobe writes how much light they leave instead. The pixels move to the front of their memory.
static void mix_inks(uint8_t *pixels, size_t count, bool inverted) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = pixels + CMYK * i;
        uint8_t light[CMYK];
        for (size_t c = 0; c < CMYK; c++)
            light[c] = inverted ? from[c] : (uint8_t)(255 - from[c]);
        for (size_t c = 0; c < 3; c++)
            pixels[3 * i + c] = (uint8_t)((light[c] * light[3] + 127) / 255);
    }
}

static void read_pixels(decoder *in) {
    struct jpeg_decompress_struct *info = &in->info;
    jpeg_mem_src(info, in->data, (unsigned long)in->bytes);
    jpeg_read_header(info, TRUE);
    check_size(in);
    choose_scale(in);
    info->out_color_space = info->num_components == 1 ? JCS_GRAYSCALE : info->num_components == 3 ? JCS_RGB : JCS_CMYK;
    in->pixels_begun = true;
    jpeg_start_decompress(info);
    size_t stride = (size_t)info->output_width * (size_t)info->output_components;
    in->pixels = malloc(stride * info->output_height);
    if (!in->pixels)
        fail(in, gm_fail_memory(stride * info->output_height, in->name));
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = in->pixels + info->output_scanline * stride;
        jpeg_read_scanlines(info, &row, 1);
    }
    jpeg_finish_decompress(info);
    if (info->output_components == CMYK)
        mix_inks(in->pixels, (size_t)info->output_width * info->output_height, info->saw_Adobe_marker);
}

static gm_status run_decoder(decoder *in) {
    if (setjmp(in->jump))
        return in->status;
    in->info.err = jpeg_std_error(&in->errors);
    in->info.client_data = in;
    in->errors.error_exit = on_error;
    in->errors.emit_message = on_message;
    in->errors.output_message = on_output;
    in->progress.progress_monitor = on_progress;
    jpeg_create_decompress(&in->info);
    in->info.progress = &in->progress;
    read_pixels(in);
    return GM_OK;
}

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    GM_TRY(parse_header(name, data, bytes, true, wish, picture));
    decoder *in; // on the heap: it survives the jumps as a whole
    GM_TRY(gm_alloc(&in, 1, sizeof *in, name));
    in->name = name;
    in->data = data;
    in->bytes = bytes;
    in->wish = wish;
    read_frame(&in->frame, data, bytes);
    gm_status status = run_decoder(in);
    *picture = (gm_picture){.pixels = in->pixels,
                            .width = in->info.output_width,
                            .height = in->info.output_height,
                            .channels = in->info.num_components == 1 ? 1 : 3,
                            .pages = 1};
    if (status == GM_OK)
        status = gm_orient_apply(picture, in->frame.orientation);
    if (status != GM_OK) {
        free(picture->pixels);
        *picture = (gm_picture){0};
    }
    jpeg_destroy_decompress(&in->info);
    free(in);
    return status;
}

const gm_picture_format gm_jpeg_format = {.name = "JPEG", .tell = tell, .parse_header = parse_header, .parse = parse};

#else

const gm_picture_format gm_jpeg_format = {.name = "JPEG", .package = "libjpeg-dev", .tell = tell};

#endif

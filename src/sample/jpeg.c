// 8-bit pictures -> JPEG through libjpeg: baseline, colours at full resolution (4:4:4).
//
// libjpeg's errors end in a longjmp. All that must survive it is in one struct that outlives it, and the function that
// calls setjmp changes no local variable afterwards.
#include "base/base.h"
#include "sample/notes.h"

#ifdef GM_HAVE_JPEG
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

enum { MOST_PIXELS = 65500, MOST_COMMENT = 65533, QUALITY = 95 };

typedef struct writer {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf back;
    const gm_writing *writing;
    gm_text comment;
    unsigned char *data; // libjpeg's, from malloc
    unsigned long length;
} writer;

static void on_error(j_common_ptr jpeg) {
    writer *out = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    gm_fail(GM_ERROR_ARGUMENT, "%s: cannot be made: %s", out->writing->path, text);
    longjmp(out->back, 1);
}

static void on_message(j_common_ptr jpeg) {
    (void)jpeg;
}

static gm_status run(writer *out, const gm_raster *picture) {
    struct jpeg_compress_struct *jpeg = &out->jpeg;
    size_t quality = out->writing->options.quality;
    if (setjmp(out->back))
        return GM_ERROR_ARGUMENT;
    jpeg->err = jpeg_std_error(&out->errors);
    jpeg->client_data = out;
    out->errors.error_exit = on_error;
    out->errors.output_message = on_message;
    jpeg_create_compress(jpeg); // keeps err and client_data
    jpeg_mem_dest(jpeg, &out->data, &out->length);
    jpeg->image_width = (JDIMENSION)picture->width;
    jpeg->image_height = (JDIMENSION)picture->height;
    jpeg->input_components = (int)picture->channels;
    jpeg->in_color_space = picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality > 0 ? (int)quality : QUALITY, TRUE);
    for (int i = 0; i < jpeg->num_components; i++)
        jpeg->comp_info[i].h_samp_factor = jpeg->comp_info[i].v_samp_factor = 1;
    jpeg->optimize_coding = TRUE;
    jpeg_start_compress(jpeg, TRUE);
    if (out->comment.length > 0)
        jpeg_write_marker(jpeg, JPEG_COM, (const JOCTET *)out->comment.data,
                          (unsigned)GM_MIN(out->comment.length, (size_t)MOST_COMMENT));
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)picture->values + jpeg->next_scanline * picture->width * picture->channels;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return GM_OK;
}

gm_status gm_jpeg_encode(const gm_writing *writing, const gm_raster *pictures, size_t count, gm_bytes *file) {
    writer out = {.writing = writing};
    (void)count;
    if (pictures->width > MOST_PIXELS || pictures->height > MOST_PIXELS)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a JPEG cannot be %zu x %zu pixels", writing->path, pictures->width,
                       pictures->height);
    gm_status status = gm_notes_list(writing, &out.comment);
    if (status == GM_OK)
        status = run(&out, pictures);
    jpeg_destroy_compress(&out.jpeg);
    if (status == GM_OK)
        status = gm_bytes_append(file, out.data, out.length, writing->path);
    free(out.data);
    gm_text_finish(&out.comment);
    return status;
}
#else
typedef int gm_jpeg_is_missing; // C has no empty files
#endif

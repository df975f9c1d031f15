// Samples into files, in the format that the path's ending names.
#include "sample/sample.h"

#include "base/base.h"
#include "sample/writers.h"

#include <stdlib.h>

// A frame shows one sample as a picture does; a page holds it with all its channels.
static gm_status make_page(const gm_writing *writing, const gm_sample *sample, size_t depth, const float *values,
                           gm_raster *page) {
    if (writing->options.frame_ms > 0)
        return sample->kind->picture(sample, writing, depth, values, 1, page);
    if (!sample->kind->raster)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: single %s are no pictures: write .npy or .csv", writing->path,
                       sample->kind->noun);
    return sample->kind->raster(sample, writing, depth, values, page);
}

// A picture of each sample.
static gm_status put_pages(const gm_writer *writer, const gm_writing *writing, const gm_sample *sample,
                           const float *values, size_t count) {
    size_t depth;
    gm_raster *pages;
    GM_TRY(gm_writer_depth(writer, writing, &depth));
    GM_TRY(gm_alloc(&pages, count, sizeof *pages, writing->path));
    gm_status status = GM_OK;
    for (size_t i = 0; i < count && status == GM_OK; i++)
        status = make_page(writing, sample, depth, values + i * gm_sample_values(sample), &pages[i]);
    if (status == GM_OK)
        status = gm_writer_put(writer, writing, pages, count);
    for (size_t i = 0; i < count; i++)
        gm_raster_finish(&pages[i]);
    free(pages);
    return status;
}

// One picture of all samples.
static gm_status put_picture(const gm_writer *writer, const gm_writing *writing, const gm_sample *sample,
                             const float *values, size_t count) {
    size_t depth;
    gm_raster picture = {0};
    GM_TRY(gm_writer_depth(writer, writing, &depth));
    gm_status status = sample->kind->picture(sample, writing, depth, values, count, &picture);
    if (status == GM_OK)
        status = gm_writer_put(writer, writing, &picture, 1);
    gm_raster_finish(&picture);
    return status;
}

// A picture of all samples that moves.
static gm_status put_moving(const gm_writer *writer, const gm_writing *writing, const gm_sample *sample,
                            const float *values, size_t count) {
    const size_t frames = sample->kind->frames(sample);
    size_t depth;
    gm_raster *pictures;
    GM_TRY(gm_writer_depth(writer, writing, &depth));
    GM_TRY(gm_alloc(&pictures, frames, sizeof *pictures, writing->path));
    gm_status status = GM_OK;
    for (size_t t = 0; t < frames && status == GM_OK; t++)
        status = sample->kind->moving(sample, writing, depth, values, count, t, &pictures[t]);
    if (status == GM_OK)
        status = gm_writer_put(writer, writing, pictures, frames);
    for (size_t t = 0; t < frames; t++)
        gm_raster_finish(&pictures[t]);
    free(pictures);
    return status;
}

gm_status gm_sample_check_write(const gm_sample *sample, const gm_writing *writing) {
    const gm_writer *writer;
    GM_TRY(gm_writer_find(writing->path, &writer));
    return gm_writer_check(writer, writing, sample);
}

gm_status gm_sample_write(const gm_sample *sample, const gm_writing *writing, const float *values, size_t count) {
    const gm_writer *writer;
    GM_TRY(gm_writer_find(writing->path, &writer));
    if (count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: no samples to write", writing->path);
    GM_TRY(gm_writer_check(writer, writing, sample));
    if (writer->put_values)
        return writer->put_values(writing, sample, values, count);
    if (sample->kind->moving && writer->takes & GM_WRITE_FRAMES)
        return put_moving(writer, writing, sample, values, count);
    if (writer->pages || writing->options.frame_ms > 0)
        return put_pages(writer, writing, sample, values, count);
    return put_picture(writer, writing, sample, values, count);
}

gm_status gm_sample_write_single(const gm_sample *sample, const gm_writing *writing, const float *values) {
    const gm_writer *writer;
    GM_TRY(gm_writer_find(writing->path, &writer));
    GM_TRY(gm_writer_check(writer, writing, sample));
    if (writer->put_values)
        return writer->put_values(writing, sample, values, 1);
    if (sample->kind->moving && writer->takes & GM_WRITE_FRAMES)
        return put_moving(writer, writing, sample, values, 1);
    return put_pages(writer, writing, sample, values, 1);
}

gm_status gm_sample_single_format(const gm_sample *sample, const char *path, const char *name,
                                  const gm_sample_format **format) {
    size_t channels = sample->kind->raster ? sample->item.dim[0] : 0;
    const gm_writer *writer;
    name = name ? name : sample->kind->single;
    if (name) {
        GM_TRY(gm_writer_find_named(path, name, &writer));
    } else {
        writer = gm_writer_for(channels);
    }
    if (sample->kind->moving && writer->encode_pictures && !(writer->takes & GM_WRITE_FRAMES))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a file of %s holds no %s: write webp, npy or npz", path,
                       writer->format.name, sample->kind->noun);
    *format = &writer->format;
    return GM_OK;
}

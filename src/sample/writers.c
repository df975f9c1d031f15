// The table of files that samples and pictures are written as. A new one is a function and a row here.
#include "sample/writers.h"

#include "sample/sound_file.h"
#include "sample/values.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

// What suits a folder of single samples best comes first.
static const gm_writer writers[] = {
    {.format = {"PNG", ".png", NULL, "pictures of 8 or 16 bits", "libpng-dev", true},
     .encode_pictures = gm_png_encode,
     .most_channels = 3,
     .depths = {8, 16},
     .takes = GM_WRITE_PICTURES},
    {.format = {"JPEG", ".jpg", ".jpeg", "pictures of 8 bits", "libjpeg-dev", GM_WRITES_JPEG},
     .encode_pictures = gm_jpeg_encode,
     .most_channels = 3,
     .depths = {8},
     .takes = GM_WRITE_PICTURES | GM_WRITE_QUALITY},
    {.format = {"WebP", ".webp", NULL, "pictures of 8 bits, and sequences of them", "libwebp-dev", GM_WRITES_WEBP},
     .encode_pictures = gm_webp_encode,
     .most_channels = 3,
     .depths = {8},
     .takes = GM_WRITE_PICTURES | GM_WRITE_FRAMES},
    {.format = {"TIFF", ".tiff", ".tif", "pictures of 8, 16 or 32 bits and up to 256 channels, a page each",
                "libtiff-dev", GM_WRITES_TIFF},
     .encode_pictures = gm_tiff_encode,
     .most_channels = 256,
     .depths = {16, 8, 32},
     .pages = true,
     .takes = GM_WRITE_PICTURES},
    {.format = {"NPY", ".npy", NULL, "an array of float32", NULL, true}, .put_values = gm_values_put_npy},
    {.format = {"NPZ", ".npz", NULL, "an array of float32, labels and seeds", NULL, true},
     .put_values = gm_values_put_npz},
    {.format = {"CSV", ".csv", NULL, "a line for each point or row of a table", NULL, true},
     .put_values = gm_values_put_csv},
    {.format = {"TSV", ".tsv", NULL, "the same with tabs between the fields", NULL, true},
     .put_values = gm_values_put_tsv},
    {.format = {"TXT", ".txt", NULL, "a line for each text", NULL, true}, .put_values = gm_values_put_text},
    {.format = {"WAV", ".wav", ".wave", "sounds of 16, 24 or 32 bits (floats), one behind the other", "libsndfile1-dev",
                GM_WRITES_SOUND},
     .put_values = gm_values_put_wav,
     .container = GM_SOUND_WAV,
     .takes = GM_WRITE_DEPTH},
    {.format = {"FLAC", ".flac", NULL, "sounds of 16 or 24 bits, one behind the other", "libsndfile1-dev",
                GM_WRITES_SOUND},
     .put_values = gm_values_put_flac,
     .container = GM_SOUND_FLAC,
     .takes = GM_WRITE_DEPTH},
};

// ---- Finding one ----

const gm_sample_format *gm_sample_format_at(size_t index) {
    return index < GM_COUNT(writers) ? &writers[index].format : NULL;
}

static bool ends(const char *ending, const char *path) {
    size_t length = strlen(path), end = ending ? strlen(ending) : 0;
    return end > 0 && length > end && path[length - end - 1] != '/' && strcasecmp(path + length - end, ending) == 0;
}

static const gm_writer *find(const char *path) {
    for (size_t i = 0; i < GM_COUNT(writers); i++)
        if (ends(writers[i].format.ending, path) || ends(writers[i].format.other_ending, path))
            return &writers[i];
    return NULL;
}

static gm_status refuse(const char *path) {
    gm_text known = {0};
    for (size_t i = 0; i < GM_COUNT(writers); i++)
        gm_text_printf(&known, "%s%s",
                       i == 0                      ? ""
                       : i + 1 < GM_COUNT(writers) ? ", "
                                                   : " or ",
                       writers[i].format.ending);
    gm_status status = known.failed ? gm_fail_memory(known.length, "a message")
                                    : gm_fail(GM_ERROR_ARGUMENT, "%s: its ending names no format that is written: %s",
                                              path, known.data);
    gm_text_finish(&known);
    return status;
}

gm_status gm_sample_format_find(const char *path, const gm_sample_format **format) {
    const gm_writer *writer = find(path);
    *format = writer ? &writer->format : NULL;
    return writer ? GM_OK : refuse(path);
}

static gm_status check_available(const char *path, const gm_writer *writer) {
    const gm_sample_format *format = &writer->format;
    if (format->available)
        return GM_OK;
    return gm_fail(GM_ERROR_STATE, "%s: this build writes no %s: build it again with Debian's package %s installed",
                   path, format->name, format->package);
}

gm_status gm_writer_find(const char *path, const gm_writer **writer) {
    *writer = find(path);
    return *writer ? check_available(path, *writer) : refuse(path);
}

gm_status gm_writer_find_named(const char *path, const char *name, const gm_writer **writer) {
    gm_text as_path = {0};
    gm_text_printf(&as_path, "x.%s", name);
    *writer = as_path.failed ? NULL : find(as_path.data);
    gm_text_finish(&as_path);
    return *writer ? check_available(path, *writer) : refuse(name);
}

const gm_writer *gm_writer_for(size_t channels) {
    for (size_t i = 0; i < GM_COUNT(writers); i++) {
        const gm_writer *writer = &writers[i];
        if (writer->format.available && (writer->put_values || gm_writer_takes(writer, channels)))
            return writer;
    }
    return NULL; // never: NPY takes everything
}

// ---- Options ----

static const struct {
    gm_write_setting setting;
    const char *name;
} settings[] = {
    {GM_WRITE_CHANNEL, "channel"},
    {GM_WRITE_DEPTH, "depth"},
    {GM_WRITE_QUALITY, "quality"},
    {GM_WRITE_FRAMES, "frame_ms"},
};

static unsigned find_set(const gm_write_options *options) {
    return (options->channel ? GM_WRITE_CHANNEL : 0u) | (options->depth ? GM_WRITE_DEPTH : 0u) |
           (options->quality ? GM_WRITE_QUALITY : 0u) | (options->frame_ms ? GM_WRITE_FRAMES : 0u);
}

static gm_status refuse_setting(const gm_writer *writer, const char *path, size_t setting) {
    gm_text takers = {0};
    for (size_t i = 0; i < GM_COUNT(writers); i++)
        if (writers[i].takes & settings[setting].setting)
            gm_text_printf(&takers, "%s%s", takers.length > 0 ? ", " : "", writers[i].format.name);
    gm_status status = takers.failed ? gm_fail_memory(takers.length, "a message")
                                     : gm_fail(GM_ERROR_ARGUMENT, "%s: %s takes no %s, which is for %s: leave it out",
                                               path, writer->format.name, settings[setting].name, takers.data);
    gm_text_finish(&takers);
    return status;
}

gm_status gm_writer_check(const gm_writer *writer, const gm_writing *writing, const gm_sample *sample) {
    unsigned wrong = find_set(&writing->options) & ~writer->takes;
    for (size_t i = 0; i < GM_COUNT(settings); i++)
        if (wrong & settings[i].setting)
            return refuse_setting(writer, writing->path, i);
    if (writer->pages && sample->kind->moving)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds %s, not %s: write .webp or .npy, or .png for film strips",
                       writing->path, writer->format.name, writer->format.holds, sample->kind->noun);
    if (writing->options.channel > 0 && !sample->kind->raster && !sample->kind->moving)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s have no channels to choose from: leave out channel", writing->path,
                       sample->kind->noun);
    return writer->container ? gm_sound_file_check(sample, writing, writer->container) : GM_OK;
}

// ---- Writing ----

bool gm_writer_takes(const gm_writer *writer, size_t channels) {
    return writer->encode_pictures && channels > 0 && channels <= writer->most_channels &&
           (channels == 1 || channels == 3 || writer->most_channels > 3);
}

gm_status gm_writer_depth(const gm_writer *writer, const gm_writing *writing, size_t *depth) {
    *depth = writing->options.depth > 0 ? writing->options.depth : writer->depths[0];
    for (size_t i = 0; i < GM_COUNT(writer->depths); i++)
        if (*depth == writer->depths[i])
            return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds %s, not values of %zu bits", writing->path, writer->format.name,
                   writer->format.holds, *depth);
}

gm_status gm_writer_put(const gm_writer *writer, const gm_writing *writing, const gm_raster *pictures, size_t count) {
    gm_bytes file = {0};
    if (!writer->encode_pictures || !gm_writer_takes(writer, pictures->channels))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds %s, not %zu channels", writing->path, writer->format.name,
                       writer->format.holds, pictures->channels);
    gm_status status = writer->encode_pictures(writing, pictures, count, &file);
    if (status == GM_OK)
        status = gm_file_write_atomic(writing->path, file.data, file.length);
    free(file.data);
    return status;
}

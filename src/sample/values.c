// Samples as files of numbers.
#include "sample/values.h"

#include "base/base.h"
#include "sample/array.h"
#include "sample/sound_file.h"

#include <stdlib.h>
#include <string.h>

// The values as data sets have them: `values` themselves, or new ones in *stored.
static gm_status encode(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count,
                        float **stored) {
    *stored = NULL;
    if (!sample->kind->encode_values)
        return GM_OK;
    GM_TRY(gm_alloc(stored, count * gm_sample_values(sample), sizeof **stored, writing->path));
    sample->kind->encode_values(sample, values, count, *stored);
    return GM_OK;
}

// Writes what has been encoded.
static gm_status put(const gm_writing *writing, gm_status status, gm_bytes *file) {
    if (status == GM_OK)
        status = gm_file_write_atomic(writing->path, file->data, file->length);
    free(file->data);
    return status;
}

static gm_file_array array_of(const gm_sample *sample, const float *values, size_t count) {
    gm_shape batch = sample->kind->encode_values ? gm_sample_stored(sample, count) : gm_sample_batch(sample, count);
    gm_file_array array = {
        .name = "samples", .type = "f4", .values = values, .size = sizeof *values, .rank = batch.rank};
    memcpy(array.dim, batch.dim, batch.rank * sizeof *array.dim);
    return array;
}

gm_status gm_values_put_npy(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count) {
    float *stored;
    GM_TRY(encode(writing, sample, values, count, &stored));
    gm_file_array array = array_of(sample, stored ? stored : values, count);
    gm_bytes file = {0};
    gm_status status = put(writing, gm_npy_encode(writing->path, &array, &file), &file);
    free(stored);
    return status;
}

gm_status gm_values_put_npz(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count) {
    float *stored;
    char text[40];
    const gm_write_options *options = &writing->options;
    GM_TRY(encode(writing, sample, values, count, &stored));
    char *names = NULL, type[GM_ARRAY_TYPE_BYTES];
    gm_file_array arrays[6] = {array_of(sample, stored ? stored : values, count)};
    size_t filled = 1;
    if (options->labels)
        arrays[filled++] = (gm_file_array){"labels", "i4", options->labels, sizeof(int32_t), 1, {count}};
    if (options->seeds)
        arrays[filled++] = (gm_file_array){"seeds", "u8", options->seeds, sizeof(uint64_t), 1, {count}};
    if (writing->recipe) { // numbers and texts without dimensions
        size_t length = strlen(writing->recipe);
        gm_snprintf(text, sizeof text, "S%zu", length);
        arrays[filled++] = (gm_file_array){"recipe", text, writing->recipe, length, 0, {0}};
        arrays[filled++] = (gm_file_array){"step", "u8", &writing->step, sizeof writing->step, 0, {0}};
    }
    gm_bytes file = {0};
    gm_status status = GM_OK;
    if (options->labels && writing->class_count > 0)
        status = gm_class_names_array(&arrays[filled++], writing->class_names, writing->class_count, type, &names);
    if (status == GM_OK)
        status = gm_npz_encode(writing->path, arrays, filled, &file);
    status = put(writing, status, &file);
    free(names);
    free(stored);
    return status;
}

static gm_status put_lines(const gm_writing *writing, const gm_sample *sample, bool tabs, const float *values,
                           size_t count) {
    if (!sample->kind->write_csv)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds points and rows of tables, not %s", writing->path,
                       tabs ? "TSV" : "CSV", sample->kind->noun);
    return sample->kind->write_csv(sample, writing->path, tabs, values, count);
}

gm_status gm_values_put_csv(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count) {
    return put_lines(writing, sample, false, values, count);
}

gm_status gm_values_put_text(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count) {
    if (!sample->kind->write_text)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: TXT holds texts, not %s", writing->path, sample->kind->noun);
    return sample->kind->write_text(sample, writing->path, values, count);
}

gm_status gm_values_put_tsv(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count) {
    return put_lines(writing, sample, true, values, count);
}

gm_status gm_values_put_wav(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count) {
    return sample->kind->write_sound(sample, writing, GM_SOUND_WAV, values, count);
}

gm_status gm_values_put_flac(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count) {
    return sample->kind->write_sound(sample, writing, GM_SOUND_FLAC, values, count);
}

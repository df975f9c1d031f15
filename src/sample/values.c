// Samples as files of numbers.
#include "sample/values.h"

#include "base/base.h"
#include "sample/array.h"

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

static gm_array array_of(const gm_sample *sample, const float *values, size_t count) {
    gm_shape batch = gm_sample_batch(sample, count);
    gm_array array = {.name = "samples", .type = "f4", .values = values, .size = sizeof *values, .rank = batch.rank};
    memcpy(array.dim, batch.dim, batch.rank * sizeof *array.dim);
    return array;
}

gm_status gm_values_to_npy(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count,
                           gm_bytes *file) {
    float *stored;
    GM_TRY(encode(writing, sample, values, count, &stored));
    gm_array array = array_of(sample, stored ? stored : values, count);
    gm_status status = gm_npy_encode(writing->path, &array, file);
    free(stored);
    return status;
}

gm_status gm_values_to_npz(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count,
                           gm_bytes *file) {
    float *stored;
    char text[40];
    const gm_write_options *options = &writing->options;
    GM_TRY(encode(writing, sample, values, count, &stored));
    gm_array arrays[5] = {array_of(sample, stored ? stored : values, count)};
    size_t filled = 1;
    if (options->labels)
        arrays[filled++] = (gm_array){"labels", "i4", options->labels, sizeof(int32_t), 1, {count}};
    if (options->seeds)
        arrays[filled++] = (gm_array){"seeds", "u8", options->seeds, sizeof(uint64_t), 1, {count}};
    if (writing->recipe) { // numbers and texts without dimensions
        size_t length = strlen(writing->recipe);
        gm_snprintf(text, sizeof text, "S%zu", length);
        arrays[filled++] = (gm_array){"recipe", text, writing->recipe, length, 0, {0}};
        arrays[filled++] = (gm_array){"step", "u8", &writing->step, sizeof writing->step, 0, {0}};
    }
    gm_status status = gm_npz_encode(writing->path, arrays, filled, file);
    free(stored);
    return status;
}

gm_status gm_values_to_csv(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count,
                           gm_bytes *file) {
    gm_text text = {0};
    if (!sample->kind->list)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: CSV holds points and rows of tables, not %s", writing->path,
                       sample->kind->noun);
    gm_status status = sample->kind->list(sample, values, count, &text);
    if (status == GM_OK && text.failed)
        status = gm_fail_memory(text.length, writing->path);
    if (status == GM_OK)
        status = gm_bytes_append(file, text.data, text.length, writing->path);
    gm_text_finish(&text);
    return status;
}

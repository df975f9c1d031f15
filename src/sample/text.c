// Texts: symbols as one-hot channels of a sequence, or as numbers; pictures are their first lines.
#include "graph/graph.h"
#include "sample/font.h"
#include "sample/sample.h"
#include "sample/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 256, LINE_LETTERS = 96, MARGIN = 4, LINE_HEIGHT = GM_FONT_HEIGHT + 3, MOST_ROWS = 128 };

// Texts have no shape of their own: they are known by their schema.
static bool claims(const gm_shape *item) {
    (void)item;
    return false;
}

gm_sample gm_sample_of_text(const gm_text_schema *text, size_t length) {
    const size_t window = text->window > 0 ? text->window : GM_TEXT_WINDOW, L = length > 0 ? length : window;
    const size_t C = gm_text_schema_codes(text);
    return (gm_sample){.kind = &gm_sample_texts,
                       .item = text->form == GM_TEXT_NUMBERS ? GM_SHAPE(L) : GM_SHAPE(C, L),
                       .stored = GM_SHAPE(L),
                       .bytes = C <= MOST_BYTES,
                       .low = 0,
                       .high = 1,
                       .text = text};
}

size_t gm_sample_text_length(const gm_sample *sample) {
    return sample->item.dim[sample->item.rank - 1];
}

// ---- Codes to values ----

static gm_tensor *decode(const gm_sample *sample, gm_tensor *stored) {
    const size_t C = gm_text_schema_codes(sample->text), L = gm_sample_text_length(sample);
    if (sample->text->form == GM_TEXT_NUMBERS)
        return gm_cast(stored, GM_FLOAT32);
    const size_t N = gm_tensor_shape(stored)->dim[0];
    gm_tensor *codes = gm_cast(sample->bytes ? gm_cast(stored, GM_INT32) : stored, GM_INT32);
    gm_tensor *places = gm_one_hot(gm_reshape(codes, GM_SHAPE(N * L)), C);
    return gm_transpose(gm_reshape(places, GM_SHAPE(N, L, C)), (const size_t[]){0, 2, 1});
}

static void decode_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    const size_t C = gm_text_schema_codes(sample->text), L = gm_sample_text_length(sample);
    const uint8_t *bytes = stored;
    const float *floats = stored;
    const bool numbers = sample->text->form == GM_TEXT_NUMBERS;
    if (!numbers)
        memset(values, 0, count * C * L * sizeof *values);
    for (size_t i = 0; i < count * L; i++) {
        float code = sample->bytes ? (float)bytes[i] : floats[i];
        if (numbers)
            values[i] = code;
        else
            values[(i / L * C + (size_t)code) * L + i % L] = 1;
    }
}

void gm_sample_text_codes(const gm_sample *sample, const float *values, size_t count, int32_t *codes) {
    const size_t C = gm_text_schema_codes(sample->text), L = gm_sample_text_length(sample);
    for (size_t i = 0; i < count * L; i++) {
        size_t best = 0;
        if (sample->text->form == GM_TEXT_NUMBERS) {
            double code = floor((double)values[i] + .5);
            codes[i] = code > 0 ? (int32_t)fmin(code, (double)C - 1) : 0; // NaN: 0
            continue;
        }
        const float *places = values + i / L * C * L + i % L;
        for (size_t k = 1; k < C; k++)
            if (places[k * L] > places[best * L])
                best = k;
        codes[i] = (int32_t)best;
    }
}

// The texts of samples, from malloc, each from malloc.
static gm_status make_strings(const gm_sample *sample, const char *path, const float *values, size_t count,
                              char ***strings) {
    const size_t L = gm_sample_text_length(sample);
    int32_t *codes;
    gm_status status;
    *strings = NULL;
    GM_TRY(gm_alloc(&codes, count * L, sizeof *codes, path));
    GM_TRY_DONE(gm_alloc(strings, count, sizeof **strings, path));
    gm_sample_text_codes(sample, values, count, codes);
    for (size_t i = 0; i < count; i++)
        GM_TRY_DONE(gm_text_schema_write(sample->text, codes + i * L, L, &(*strings)[i]));
done:
    free(codes);
    return status;
}

static void free_strings(char **strings, size_t count) {
    for (size_t i = 0; strings && i < count; i++)
        free(strings[i]);
    free(strings);
}

// ---- Files ----

static gm_status finish(gm_text *text, const char *path, gm_status status) {
    if (status == GM_OK)
        status =
            text->failed ? gm_fail_memory(text->length, path) : gm_file_write_atomic(path, text->data, text->length);
    gm_text_finish(text);
    return status;
}

static gm_status write_text(const gm_sample *sample, const char *path, const float *values, size_t count) {
    char **strings;
    bool lines = false;
    gm_text text = {0};
    gm_text_append(&text, "");
    gm_status status = make_strings(sample, path, values, count, &strings);
    for (size_t i = 0; i < count && status == GM_OK; i++)
        lines = lines || strchr(strings[i], '\n');
    for (size_t i = 0; i < count && status == GM_OK; i++)
        gm_text_printf(&text, "%s%s\n", lines && i > 0 ? "%\n" : "", strings[i]);
    free_strings(strings, count);
    return finish(&text, path, status);
}

// A column `text`, every field in quotes.
static gm_status write_csv(const gm_sample *sample, const char *path, bool tabs, const float *values, size_t count) {
    char **strings;
    gm_text text = {0};
    (void)tabs; // there is one column
    gm_text_append(&text, "text\n");
    gm_status status = make_strings(sample, path, values, count, &strings);
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        gm_text_append(&text, "\"");
        for (const char *c = strings[i]; *c; c++) {
            const char letter[3] = {*c, *c == '"' ? '"' : '\0', '\0'};
            gm_text_append(&text, letter);
        }
        gm_text_append(&text, "\"\n");
    }
    free_strings(strings, count);
    return finish(&text, path, status);
}

// ---- Pictures ----

static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    return GM_MIN(rows * columns, (size_t)MOST_ROWS);
}

typedef struct dots {
    gm_raster *picture;
    size_t left, top;
} dots;

static void dot(void *user, size_t x, size_t y) {
    const dots *d = user;
    size_t row = d->top + y, column = d->left + x;
    if (row < d->picture->height && column < d->picture->width)
        gm_raster_set(d->picture, row * d->picture->width + column, 0);
}

// A line of the picture for each, as long as it gets, line breaks as spaces.
static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    char **strings;
    size_t longest = 1;
    count = GM_MIN(count, (size_t)MOST_ROWS);
    gm_status status = make_strings(sample, writing->path, values, count, &strings);
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        for (char *c = strings[i]; *c; c++)
            *c = *c == '\n' || *c == '\t' ? ' ' : *c;
        longest = GM_MAX(longest, strlen(strings[i]));
    }
    size_t width = 2 * MARGIN + GM_MIN(longest, (size_t)LINE_LETTERS) * GM_FONT_WIDTH;
    size_t height = 2 * MARGIN + count * LINE_HEIGHT;
    if (status == GM_OK)
        status = gm_raster_create(made, writing->path, width, height, 1, depth);
    for (size_t i = 0; i < width * height && status == GM_OK; i++)
        gm_raster_set(made, i, depth == 16 ? 65535 : 255);
    for (size_t i = 0; i < count && status == GM_OK; i++)
        gm_font_draw(strings[i], LINE_LETTERS, dot, &(dots){made, MARGIN, MARGIN + i * LINE_HEIGHT});
    free_strings(strings, count);
    return status;
}

const gm_sample_kind gm_sample_texts = {
    .name = "text",
    .noun = "texts",
    .claims = claims,
    .decode = decode,
    .decode_values = decode_values,
    .write_csv = write_csv,
    .write_text = write_text,
    .single = "txt",
    .shown = shown,
    .picture = picture,
};

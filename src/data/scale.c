// What becomes black and white in data sets of floats with pixels: each channel's least and largest value, or its
// percentiles.
//
// Both are order statistics, found exactly by their digits: floats become whole numbers of the same order, whose digits
// are counted from the highest on, each time of the values alone that share those known so far. That takes a pass over
// the data for each digit and no copy of them.
#include "data/scale.h"

#include "data/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 3, DIGIT_BITS = 11, DIGIT = 1 << DIGIT_BITS, KEY_BITS = DIGITS * DIGIT_BITS, ENDS = 2 };
#define CHUNK_BYTES ((size_t)1 << 24) // of the items looked at together

// Rises with the value; 33 bits hold the three digits of 32.
static uint64_t key_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static double value_of(uint64_t key) {
    uint32_t bits = (uint32_t)key;
    float value;
    bits = bits >> 31 ? bits & ~(UINT32_C(1) << 31) : ~bits;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

// One order statistic of one channel.
typedef struct statistic {
    uint64_t rank, key; // among the values that share the key's known digits; the digits, 0 where unknown
    uint64_t counts[DIGIT];
} statistic;

static void count_values(statistic *s, const float *values, size_t count, unsigned shift) {
    uint64_t known = s->key >> (shift + DIGIT_BITS);
    for (size_t i = 0; i < count; i++) {
        uint64_t key = key_of(values[i]);
        if (key >> (shift + DIGIT_BITS) == known && !isnan(values[i])) // which is no part of the picture
            s->counts[key >> shift & (DIGIT - 1)]++;
    }
}

// After the first pass, which counted all values.
static void set_rank(statistic *s, double share) {
    uint64_t count = 0;
    for (size_t i = 0; i < DIGIT; i++)
        count += s->counts[i];
    s->rank = count > 0 ? (uint64_t)rint(share * (double)(count - 1)) : 0;
}

static void take_digit(statistic *s, unsigned shift) {
    uint64_t digit = 0;
    while (digit + 1 < DIGIT && s->rank >= s->counts[digit])
        s->rank -= s->counts[digit++];
    s->key |= digit << shift;
    memset(s->counts, 0, sizeof s->counts);
}

// One pass over all items, some at a time.
static gm_status count_all(const gm_dataset *dataset, statistic *statistics, unsigned shift) {
    const gm_dataset_info *info = &dataset->info;
    size_t chunk = GM_MAX(CHUNK_BYTES / info->item_bytes, (size_t)1), area = info->height * info->width;
    float *items = NULL;
    int32_t *indices = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&items, chunk, info->item_bytes, "items of a data set"));
    GM_TRY_DONE(gm_alloc(&indices, chunk, sizeof *indices, "items of a data set"));
    for (size_t first = 0; first < info->count; first += chunk) {
        size_t count = GM_MIN(chunk, info->count - first);
        for (size_t i = 0; i < count; i++)
            indices[i] = (int32_t)(first + i);
        GM_TRY_DONE(gm_dataset_gather(dataset, indices, count, items, NULL));
        for (size_t i = 0; i < count * info->item_values / area; i++)
            for (size_t end = 0; end < ENDS; end++)
                count_values(&statistics[i % info->channels * ENDS + end], items + i * area, area, shift);
    }
done:
    free(items);
    free(indices);
    return status;
}

static gm_status find(const gm_dataset *dataset, gm_scaling scale, double (*figures)[2]) {
    const gm_dataset_info *info = &dataset->info;
    double share = scale == GM_SCALE_PERCENTILE ? .005 : 0;
    statistic *statistics;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&statistics, info->channels * ENDS, sizeof *statistics, "statistics of the channels"));
    for (unsigned shift = KEY_BITS; shift > 0 && status == GM_OK;) {
        shift -= DIGIT_BITS;
        status = count_all(dataset, statistics, shift);
        for (size_t i = 0; i < info->channels * ENDS; i++) {
            if (shift + DIGIT_BITS == KEY_BITS)
                set_rank(&statistics[i], i % ENDS ? 1 - share : share);
            take_digit(&statistics[i], shift);
        }
    }
    for (size_t i = 0; i < info->channels * ENDS; i++)
        figures[i / ENDS][i % ENDS] = value_of(statistics[i].key);
    free(statistics);
    return status;
}

gm_status gm_scale_dataset(gm_dataset *dataset, const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    if (info->kind != GM_DATASET_FLOATS || info->height * info->width == 1)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: holds %s; pictures of 16 bits or of floats alone can be brought to a range: leave out "
                       "%sscale",
                       info->name, info->kind == GM_DATASET_FLOATS ? "vectors" : "pictures of 8 bits",
                       gm_settings_prefix(options));
    double(*figures)[2] = gm_arena_alloc(&dataset->arena, info->channels * sizeof *figures);
    if (!figures)
        return gm_fail_memory(info->channels * sizeof *figures, "figures of the channels");
    if (options->scale_figures && options->scale_channels != info->channels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu channels, but the data trained on had %zu", info->name,
                       info->channels, options->scale_channels);
    if (options->scale_figures)
        memcpy(figures, options->scale_figures, info->channels * sizeof *figures);
    else
        GM_TRY(find(dataset, options->scale, figures));
    info->scale_figures = (const double(*)[2])figures;
    info->black = 0;
    info->white = 1;
    if (dataset->items)
        gm_scale_apply(info, dataset->items, info->count);
    return GM_OK;
}

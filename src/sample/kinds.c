// The table of kinds of sample.
#include "sample/sample.h"

#include "base/base.h"

enum { MOST_ADDED = 8 };

static const gm_sample_kind *const built_in[] = {&gm_sample_points, &gm_sample_clip, &gm_sample_image};
static const gm_sample_kind *added[MOST_ADDED];
static size_t added_count;

gm_status gm_sample_kind_add(const gm_sample_kind *kind) {
    if (added_count == MOST_ADDED)
        return gm_fail(GM_ERROR_STATE, "at most %d kinds of sample can be added", MOST_ADDED);
    added[added_count++] = kind;
    return GM_OK;
}

static const gm_sample_kind *find_kind(const gm_shape *item) {
    for (size_t i = 0; i < added_count; i++)
        if (added[i]->claims(item))
            return added[i];
    for (size_t i = 0; i + 1 < GM_COUNT(built_in); i++)
        if (built_in[i]->claims(item))
            return built_in[i];
    return built_in[GM_COUNT(built_in) - 1];
}

gm_sample gm_sample_of(const gm_shape *item) {
    gm_sample sample = {.kind = find_kind(item), .item = *item, .stored = *item, .low = -1, .high = 1};
    if (sample.kind->stored)
        sample.stored = sample.kind->stored(item);
    return sample;
}

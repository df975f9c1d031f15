// What the targets of pictures share: one format's reader and all that follows it.
#ifndef GM_TESTS_FUZZ_PICTURE_H
#define GM_TESTS_FUZZ_PICTURE_H

#include "data/picture.h"
#include "fuzz.h"

#include <stdlib.h>

// All frames of an animation, which follow each other; a picture has none.
static inline bool fuzz_frames(const gm_picture_format *format, const gm_picture *header, const uint8_t *data,
                               size_t bytes, const gm_dataset_options *options, gm_dataset_info *info) {
    const size_t count = GM_MIN(header->pages, (size_t)64);
    if (!format->parse_frames || header->pages < 2)
        return true;
    info->item_bytes = info->channels * info->width * info->height * (info->kind == GM_DATASET_FLOATS ? 4 : 1);
    void *items = calloc(count, info->item_bytes);
    bool read = items && gm_picture_place_frames("fuzz", data, bytes, count, options, info, items) == GM_OK;
    free(items);
    return read;
}

// The header, the picture, and the picture as an item of a data set; how follows from the number of bytes.
static inline bool fuzz_picture(const gm_picture_format *format, const uint8_t *data, size_t bytes) {
    gm_picture header, all = {0};
    gm_dataset_info info = {.width = 1 + bytes % 13, .height = 1 + bytes % 17};
    const gm_dataset_options options = {.fit = (gm_fit)(bytes % 4),
                                        .alpha = (gm_alpha)(bytes % 2),
                                        .pages = (gm_pages)(bytes / 2 % 3),
                                        .channels = (size_t[]){0, 1, 3}[bytes % 3]};
    const gm_picture_wish wish = gm_picture_wish_of(&options, 0, 0, 0);
    if (!format->tell(data, bytes))
        return false;
    if (format->tell(data, bytes / 2)) // as the beginning of a longer file
        (void)format->parse_header("fuzz", data, bytes / 2, false, &wish, &header);
    if (format->parse_header("fuzz", data, bytes, true, &wish, &header))
        return false;
    fuzz_expect(header.width > 0 && header.height > 0 && header.channels > 0 && header.pages > 0,
                "a header says nothing");
    if (gm_picture_check("fuzz", &header, &header, &options) != GM_OK)
        return false;
    gm_picture_join(&all, &header);
    info.kind = gm_picture_set_info(&all, &options, &info);
    void *item = calloc(info.channels * info.width * info.height, sizeof(float));
    bool read = item && gm_picture_place("fuzz", data, bytes, header.pages - 1, &options, &info, item) == GM_OK;
    free(item);
    return read && fuzz_frames(format, &header, data, bytes, &options, &info);
}

#endif

// The directories of a TIFF file (6.0, section 2), or of a BigTIFF file, whose counts and offsets are wider.
#include "data/tiff_pages.h"

#include <stdlib.h>

enum { MOST_PAGES = 65536, SUBFILE_TAG = 254, REDUCED = 1, MASK = 4 };

typedef struct chain {
    const uint8_t *data;
    size_t bytes;
    bool big_endian, big_file;
    bool beyond; // a read went out of the file and gave 0
} chain;

static uint64_t read_number(chain *c, uint64_t at, size_t size) {
    uint64_t value = 0;
    if (at > c->bytes || size > c->bytes - at) {
        c->beyond = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        value = value << 8 | c->data[at + (c->big_endian ? i : size - 1 - i)];
    return value;
}

// What the directory at *at says of its picture: whether it stands alone. *at moves to the next one, 0 behind the last.
static bool pass_directory(chain *c, uint64_t *at) {
    size_t count_bytes = c->big_file ? 8 : 2, entry_bytes = c->big_file ? 20 : 12, word = c->big_file ? 8 : 4;
    uint64_t count = read_number(c, *at, count_bytes), kind = 0;
    if (count > c->bytes / entry_bytes) {
        c->beyond = true;
        return false;
    }
    *at += count_bytes;
    for (uint64_t i = 0; i < count && !c->beyond; i++, *at += entry_bytes) {
        unsigned tag = (unsigned)read_number(c, *at, 2), type = (unsigned)read_number(c, *at + 2, 2);
        if (tag == SUBFILE_TAG)
            kind = read_number(c, *at + 4 + word, type == 3 ? 2 : 4);
        if (tag >= SUBFILE_TAG) { // they rise
            *at += (count - i) * entry_bytes;
            break;
        }
    }
    *at = read_number(c, *at, word);
    return !(kind & (REDUCED | MASK));
}

gm_status gm_tiff_list_pages(const char *name, const uint8_t *data, size_t bytes, uint64_t **offsets, size_t *count) {
    chain c = {.data = data, .bytes = bytes, .big_endian = data[0] == 'M'};
    size_t capacity = 0, directories = 0;
    gm_status status = GM_OK;
    c.big_file = read_number(&c, 2, 2) == 43;
    uint64_t at = read_number(&c, c.big_file ? 8 : 4, c.big_file ? 8 : 4);
    *offsets = NULL;
    *count = 0;
    while (at != 0 && !c.beyond && status == GM_OK) {
        uint64_t directory = at;
        bool alone = pass_directory(&c, &at);
        if (c.beyond || directories++ == MOST_PAGES)
            break;
        if (!alone && *count > 0)
            continue;
        status = gm_grow(offsets, *count, &capacity, sizeof **offsets, "pages");
        if (status == GM_OK)
            (*offsets)[(*count)++] = directory;
    }
    if (status == GM_OK && (c.beyond || directories > MOST_PAGES))
        status = gm_fail(GM_ERROR_FORMAT, "%s: is truncated or damaged: its list of %zu or more pages leads %s", name,
                         *count, c.beyond ? "out of the file" : "in circles");
    if (status == GM_OK && *count == 0)
        status = gm_fail(GM_ERROR_FORMAT, "%s: is damaged: a TIFF file without a picture", name);
    if (status != GM_OK) {
        free(*offsets);
        *offsets = NULL;
    }
    return status;
}

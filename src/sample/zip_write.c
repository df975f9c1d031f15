// Zip archives (PKWARE's APPNOTE 6.3) of entries that are stored as they are, since pictures are packed already and
// samples hardly shrink. What does not fit the numbers of 16 and 32 bits stands in zip64's fields.
#include "sample/zip_write.h"

#include "base/base.h"

#include <stdlib.h>
#include <zlib.h>

// 1 January 1980, the first day that the format knows: equal contents make equal files.
enum { NO_TIME = 0, FIRST_DAY = 1 << 5 | 1, VERSION = 20, VERSION_64 = 45, NAME_IS_UTF8 = 1 << 11, FIELD_64 = 1 };

typedef struct entry {
    const char *name;
    uint64_t place, bytes;
    uint32_t crc;
} entry;

// A number of `bytes` bytes, the lowest first.
typedef struct number {
    uint64_t value;
    size_t bytes;
} number;

static gm_status append(gm_bytes *to, const number *numbers, size_t count, const char *path) {
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < numbers[i].bytes; b++)
            GM_TRY(gm_bytes_append(to, &(uint8_t){(uint8_t)(numbers[i].value >> 8 * b)}, 1, path));
    return GM_OK;
}

#define APPEND(to, ...)                                                                                                \
    append(to, (const number[]){__VA_ARGS__}, sizeof((const number[]){__VA_ARGS__}) / sizeof(number), path)

static bool is_ascii(const char *name) {
    while (*name != '\0' && (unsigned char)*name < 0x80)
        name++;
    return *name == '\0';
}

// What an entry's own header and its line in the directory share.
static gm_status append_facts(gm_bytes *to, const entry *e, bool wide, size_t extra, const char *path) {
    uint64_t shown = wide ? UINT32_MAX : e->bytes;
    return APPEND(to, {wide ? VERSION_64 : VERSION, 2}, {is_ascii(e->name) ? 0 : NAME_IS_UTF8, 2}, {0, 2}, {NO_TIME, 2},
                  {FIRST_DAY, 2}, {e->crc, 4}, {shown, 4}, {shown, 4}, {strlen(e->name), 2}, {extra, 2});
}

static gm_status append_line(gm_bytes *to, const entry *e, bool wide, const char *path) {
    GM_TRY(APPEND(to, {0x02014b50, 4}, {wide ? VERSION_64 : VERSION, 2}));
    GM_TRY(append_facts(to, e, wide, wide ? 28 : 0, path));
    GM_TRY(APPEND(to, {0, 2}, {0, 2}, {0, 2}, {0, 4}, {wide ? UINT32_MAX : e->place, 4})); // no comment, no attributes
    GM_TRY(gm_bytes_append(to, e->name, strlen(e->name), path));
    return wide ? APPEND(to, {FIELD_64, 2}, {24, 2}, {e->bytes, 8}, {e->bytes, 8}, {e->place, 8}) : GM_OK;
}

gm_status gm_zip_writer_add(gm_zip_writer *writer, const char *name, const void *data, size_t bytes) {
    const char *path = writer->path;
    const entry e = {name, writer->file.length, bytes, (uint32_t)crc32_z(0, data, bytes)};
    bool wide = e.place >= UINT32_MAX || e.bytes >= UINT32_MAX;
    if (strlen(name) > UINT16_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a name of %zu bytes does not fit an archive", path, strlen(name));
    GM_TRY(APPEND(&writer->file, {0x04034b50, 4}));
    GM_TRY(append_facts(&writer->file, &e, wide, wide ? 20 : 0, path));
    GM_TRY(gm_bytes_append(&writer->file, name, strlen(name), path));
    if (wide)
        GM_TRY(APPEND(&writer->file, {FIELD_64, 2}, {16, 2}, {e.bytes, 8}, {e.bytes, 8}));
    GM_TRY(gm_bytes_append(&writer->file, data, bytes, path));
    GM_TRY(append_line(&writer->directory, &e, wide, path));
    writer->count++;
    return GM_OK;
}

gm_status gm_zip_writer_end(gm_zip_writer *writer) {
    const char *path = writer->path;
    gm_bytes *file = &writer->file;
    uint64_t begin = file->length, length = writer->directory.length, count = writer->count;
    bool wide = begin >= UINT32_MAX || length >= UINT32_MAX || count >= UINT16_MAX;
    GM_TRY(gm_bytes_append(file, writer->directory.data, writer->directory.length, path));
    if (wide) // its own end, and where that is
        GM_TRY(APPEND(file, {0x06064b50, 4}, {44, 8}, {VERSION_64, 2}, {VERSION_64, 2}, {0, 4}, {0, 4}, {count, 8},
                      {count, 8}, {length, 8}, {begin, 8}, {0x07064b50, 4}, {0, 4}, {begin + length, 8}, {1, 4}));
    uint64_t shown = wide ? UINT16_MAX : count;
    return APPEND(file, {0x06054b50, 4}, {0, 2}, {0, 2}, {shown, 2}, {shown, 2}, {wide ? UINT32_MAX : length, 4},
                  {wide ? UINT32_MAX : begin, 4}, {0, 2});
}

void gm_zip_writer_finish(gm_zip_writer *writer) {
    free(writer->file.data);
    free(writer->directory.data);
    *writer = (gm_zip_writer){0};
}

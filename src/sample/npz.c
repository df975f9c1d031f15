// Arrays -> .npz: a zip archive (PKWARE's APPNOTE 6.3) of .npy files, each stored as it is with its CRC-32.
#include "base/base.h"
#include "sample/array.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// 1 January 1980, the first day that the format knows: equal arrays make equal files.
enum { NO_TIME = 0, FIRST_DAY = 1 << 5 | 1, VERSION = 20 };

typedef struct entry {
    char name[64];
    uint32_t place, crc, bytes;
} entry;

// What an entry's own header and its line in the directory share.
static gm_status append_facts(gm_bytes *file, const entry *e, const char *path) {
    const uint16_t first[] = {VERSION, 0, 0, NO_TIME, FIRST_DAY}; // version, flags, stored, time, date
    const uint32_t then[] = {e->crc, e->bytes, e->bytes};
    for (size_t i = 0; i < GM_COUNT(first); i++)
        GM_TRY(gm_bytes_append_u16(file, first[i], path));
    for (size_t i = 0; i < GM_COUNT(then); i++)
        GM_TRY(gm_bytes_append_u32(file, then[i], path));
    GM_TRY(gm_bytes_append_u16(file, (uint16_t)strlen(e->name), path));
    return gm_bytes_append_u16(file, 0, path); // no extra field
}

static gm_status append_entry(gm_bytes *file, entry *e, const gm_bytes *content, const char *path) {
    // 4 GiB less what the directory may take
    if (content->length > UINT32_MAX - 65536 || file->length > UINT32_MAX - 65536 - content->length)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: more than 4 GiB do not fit an .npz file: write .npy", path);
    e->place = (uint32_t)file->length;
    e->bytes = (uint32_t)content->length;
    e->crc = (uint32_t)crc32_z(0, content->data, content->length);
    GM_TRY(gm_bytes_append(file, "PK\x03\x04", 4, path));
    GM_TRY(append_facts(file, e, path));
    GM_TRY(gm_bytes_append(file, e->name, strlen(e->name), path));
    return gm_bytes_append(file, content->data, content->length, path);
}

static gm_status append_directory(gm_bytes *file, const entry *entries, size_t count, const char *path) {
    size_t begin = file->length;
    for (size_t i = 0; i < count; i++) {
        GM_TRY(gm_bytes_append(file, "PK\x01\x02", 4, path));
        GM_TRY(gm_bytes_append_u16(file, VERSION, path));
        GM_TRY(append_facts(file, &entries[i], path));
        for (size_t k = 0; k < 5; k++) // comment, disk, attributes: none
            GM_TRY(gm_bytes_append_u16(file, 0, path));
        GM_TRY(gm_bytes_append_u32(file, entries[i].place, path));
        GM_TRY(gm_bytes_append(file, entries[i].name, strlen(entries[i].name), path));
    }
    size_t length = file->length - begin;
    GM_TRY(gm_bytes_append(file, "PK\x05\x06\0\0\0\0", 8, path));
    GM_TRY(gm_bytes_append_u16(file, (uint16_t)count, path));
    GM_TRY(gm_bytes_append_u16(file, (uint16_t)count, path));
    GM_TRY(gm_bytes_append_u32(file, (uint32_t)length, path));
    GM_TRY(gm_bytes_append_u32(file, (uint32_t)begin, path));
    return gm_bytes_append_u16(file, 0, path);
}

gm_status gm_npz_encode(const char *path, const gm_file_array *arrays, size_t count, gm_bytes *file) {
    entry *entries;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&entries, count, sizeof *entries, path));
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        gm_bytes content = {0};
        gm_snprintf(entries[i].name, sizeof entries[i].name, "%s.npy", arrays[i].name);
        status = gm_npy_encode(path, &arrays[i], &content);
        if (status == GM_OK)
            status = append_entry(file, &entries[i], &content, path);
        free(content.data);
    }
    if (status == GM_OK)
        status = append_directory(file, entries, count, path);
    free(entries);
    return status;
}

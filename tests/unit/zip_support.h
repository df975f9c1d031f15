// A writer of zip archives for tests, which may also lie.
#ifndef GM_TESTS_ZIP_SUPPORT_H
#define GM_TESTS_ZIP_SUPPORT_H

#include "data_support.h"

#include <zlib.h>

typedef struct zip_entry {
    const char *name;
    const void *data;
    size_t bytes;
    bool packed;       // with deflate
    uint32_t wrong;    // what is added to the checksum
    uint32_t declared; // the size that the archive says; 0: the true one
    bool encrypted;    // it says so
} zip_entry;

static inline void zip_put(uint8_t **at, uint32_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        *(*at)++ = (uint8_t)(value >> 8 * i);
}

// What a local and a central header have in common.
static inline void zip_put_header(uint8_t **at, const zip_entry *e, size_t packed_bytes) {
    zip_put(at, 20, 2);
    zip_put(at, e->encrypted, 2);
    zip_put(at, e->packed ? 8 : 0, 2);
    zip_put(at, 0, 4); // time
    zip_put(at, (uint32_t)crc32(0, e->data, (uInt)e->bytes) + e->wrong, 4);
    zip_put(at, (uint32_t)packed_bytes, 4);
    zip_put(at, e->declared ? e->declared : (uint32_t)e->bytes, 4);
    zip_put(at, (uint32_t)strlen(e->name), 2);
    zip_put(at, 0, 2); // extra fields
}

static inline size_t zip_pack(const zip_entry *e, uint8_t *out, size_t most) {
    if (!e->packed) {
        memcpy(out, e->data, e->bytes);
        return e->bytes;
    }
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)e->data, .avail_in = (uInt)e->bytes, .next_out = out, .avail_out = (uInt)most};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

// The archive's bytes, from malloc.
static inline uint8_t *make_zip(const zip_entry *entries, size_t count, size_t *bytes) {
    size_t room = 4096;
    for (size_t i = 0; i < count; i++)
        room += 2 * entries[i].bytes + 2 * strlen(entries[i].name) + 256;
    uint8_t *file = malloc(room), *at = file, *central = malloc(room), *next = central;
    assert_true(file && central);
    for (size_t i = 0; i < count; i++) {
        const zip_entry *e = &entries[i];
        size_t most = 2 * e->bytes + 64, length = strlen(e->name);
        uint8_t *packed = malloc(most);
        assert_non_null(packed);
        size_t packed_bytes = zip_pack(e, packed, most);
        uint32_t place = (uint32_t)(at - file);
        zip_put(&next, 0x02014b50, 4);
        zip_put(&next, 20, 2);
        zip_put_header(&next, e, packed_bytes);
        for (size_t b = 0; b < 10; b++) // comment, disk, attributes
            zip_put(&next, 0, 1);
        zip_put(&next, place, 4);
        memcpy(next, e->name, length);
        next += length;
        zip_put(&at, 0x04034b50, 4);
        zip_put_header(&at, e, packed_bytes);
        memcpy(at, e->name, length);
        at += length;
        memcpy(at, packed, packed_bytes);
        at += packed_bytes;
        free(packed);
    }
    uint32_t begin = (uint32_t)(at - file), size = (uint32_t)(next - central);
    memcpy(at, central, size);
    at += size;
    zip_put(&at, 0x06054b50, 4);
    zip_put(&at, 0, 4);
    zip_put(&at, (uint32_t)count, 2);
    zip_put(&at, (uint32_t)count, 2);
    zip_put(&at, size, 4);
    zip_put(&at, begin, 4);
    zip_put(&at, 0, 2);
    free(central);
    *bytes = (size_t)(at - file);
    return file;
}

static inline void write_zip(const char *path, const zip_entry *entries, size_t count) {
    size_t bytes;
    uint8_t *file = make_zip(entries, count, &bytes);
    write_file(path, file, bytes);
    free(file);
}

#endif

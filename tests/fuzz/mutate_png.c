// Mutates PNG files so that they get past their checks: the bytes, or the pixels below the compression, are changed;
// then every chunk's CRC is put right. Several files in a row (see fuzz_png_folder.c) are mended alike.
#include "base/base.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { SIGNATURE = 8, AROUND = 12, MOST_PIXELS = 1 << 16 }; // AROUND: length, type and CRC of a chunk

static size_t read_length(const uint8_t *b) {
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static void write_word(uint8_t *b, size_t word) {
    for (size_t i = 0; i < 4; i++)
        b[i] = (uint8_t)(word >> (24 - 8 * i));
}

static bool is_signature(const uint8_t *file, size_t bytes) {
    return bytes >= SIGNATURE && memcmp(file, "\x89PNG\r\n\x1a\n", SIGNATURE) == 0;
}

// The next whole chunk from *at on, which moves behind it: where it begins; SIZE_MAX at the end.
static size_t next_chunk(const uint8_t *file, size_t bytes, size_t *at) {
    if (is_signature(file + *at, bytes - *at))
        *at += SIGNATURE;
    if (bytes - *at < AROUND || read_length(file + *at) > bytes - *at - AROUND)
        return SIZE_MAX;
    size_t begin = *at;
    *at += read_length(file + begin) + AROUND;
    return begin;
}

static void mend(uint8_t *file, size_t bytes) {
    size_t chunk;
    for (size_t at = 0; (chunk = next_chunk(file, bytes, &at)) != SIZE_MAX;) {
        size_t length = read_length(file + chunk);
        write_word(file + chunk + 8 + length, crc32(0, file + chunk + 4, (uInt)(length + 4)));
    }
}

// Changes what a chunk of pixels holds and compresses it again; the file's new length, 0 where that is not possible.
static size_t mutate_pixels(uint8_t *file, size_t bytes, size_t most, size_t chunk) {
    static uint8_t pixels[MOST_PIXELS];
    uLongf count = sizeof pixels, packed;
    size_t length = read_length(file + chunk), rest = bytes - (chunk + 8 + length);
    if (uncompress(pixels, &count, file + chunk + 8, length) != Z_OK)
        return 0;
    count = LLVMFuzzerMutate(pixels, count, GM_MIN(count + 16, sizeof pixels));
    uint8_t *tail = malloc(rest);
    if (!tail)
        return 0;
    memcpy(tail, file + chunk + 8 + length, rest);
    packed = most - rest - (chunk + 8);
    bool fits = compress(file + chunk + 8, &packed, pixels, count) == Z_OK;
    if (fits) {
        write_word(file + chunk, packed);
        memcpy(file + chunk + 8 + packed, tail, rest);
    }
    free(tail);
    return fits ? chunk + 8 + packed + rest : 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *file, size_t bytes, size_t most, unsigned seed) {
    size_t chunk, pixels = SIZE_MAX, changed = 0, seen = 0;
    for (size_t at = 0; (chunk = next_chunk(file, bytes, &at)) != SIZE_MAX;)
        if (memcmp(file + chunk + 4, "IDAT", 4) == 0 && seed / 2 % ++seen == 0)
            pixels = chunk;
    if (seed % 2 && pixels != SIZE_MAX)
        changed = mutate_pixels(file, bytes, most, pixels);
    if (changed == 0)
        changed = LLVMFuzzerMutate(file, bytes, most);
    mend(file, changed);
    return changed;
}

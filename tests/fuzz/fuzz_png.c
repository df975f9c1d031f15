// libFuzzer: any bytes as a PNG file, then fitted. Checksums are put right first, so that mutations get past them.
#include "data/png.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void mend_checksums(uint8_t *file, size_t bytes) {
    for (size_t at = 8; at + 12 <= bytes;) {
        const uint8_t *b = file + at;
        size_t length = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
        if (length > bytes - at - 12)
            return;
        uint32_t crc = (uint32_t)crc32(0, file + at + 4, (uInt)(length + 4));
        for (size_t i = 0; i < 4; i++)
            file[at + 8 + length + i] = (uint8_t)(crc >> (24 - 8 * i));
        at += length + 12;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    gm_picture picture;
    uint8_t *copy = malloc(bytes + 1), out[3 * 16 * 16];
    if (!copy)
        return 0;
    memcpy(copy, data, bytes);
    mend_checksums(copy, bytes);
    if (gm_png_parse("fuzz", copy, bytes, &picture) == GM_OK) {
        gm_fit_source source = {.pixels = picture.pixels,
                                .width = picture.width,
                                .height = picture.height,
                                .channels = picture.channels,
                                .step = picture.channels,
                                .plane = 1};
        gm_fit how = (gm_fit)(bytes % 4);
        if (gm_fit_picture(&source, how, out, bytes % 2 ? 1 : 3, 16, 16) != GM_OK)
            abort();
        free(picture.pixels);
    }
    free(copy);
    return 0;
}

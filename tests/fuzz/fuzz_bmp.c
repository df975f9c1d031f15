// Any bytes as a BMP file, then fitted.
#include "fuzz_picture.h"

bool fuzz_one(const uint8_t *data, size_t bytes) {
    return fuzz_picture(&gm_bmp_format, data, bytes);
}

// Any bytes as a PNG file, then fitted.
#include "fuzz_picture.h"

bool fuzz_one(const uint8_t *data, size_t bytes) {
    return fuzz_picture(&gm_png_format, data, bytes);
}

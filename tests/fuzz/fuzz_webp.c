// Any bytes as a WebP file, then fitted.
#include "fuzz_picture.h"

bool fuzz_one(const uint8_t *data, size_t bytes) {
    return fuzz_picture(&gm_webp_format, data, bytes);
}

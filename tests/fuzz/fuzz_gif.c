// Any bytes as a GIF file, then fitted; its frames as a clip's.
#include "fuzz_picture.h"

bool fuzz_one(const uint8_t *data, size_t bytes) {
    return fuzz_picture(&gm_gif_format, data, bytes);
}

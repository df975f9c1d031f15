// Any bytes as a PNG file, then fitted.
#include "data/fit.h"
#include "data/png.h"
#include "fuzz.h"

#include <stdlib.h>

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_picture picture;
    uint8_t out[3 * 16 * 16];
    if (gm_png_parse("fuzz", data, bytes, &picture) != GM_OK)
        return false;
    gm_fit_source source = {.pixels = picture.pixels,
                            .width = picture.width,
                            .height = picture.height,
                            .channels = picture.channels,
                            .step = picture.channels,
                            .plane = 1};
    fuzz_expect(gm_fit_picture(&source, (gm_fit)(bytes % 4), out, bytes % 2 ? 1 : 3, 16, 16) == GM_OK,
                "a picture could not be fitted");
    free(picture.pixels);
    return true;
}

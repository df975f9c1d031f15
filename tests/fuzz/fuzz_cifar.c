// Any bytes as batches of CIFAR-10: as they are, and without what is left over behind whole records. A second batch is
// appended to the first.
#include "data/cifar.h"
#include "fuzz.h"

#include <string.h>

enum { PIXELS = 3 * 32 * 32, RECORD = 1 + PIXELS };

static void check(const gm_images *images, const uint8_t *data, size_t records) {
    fuzz_expect(images->count == 2 * records, "records were lost");
    for (size_t i = 0; i < images->count; i++) {
        const uint8_t *record = data + i % records * RECORD;
        fuzz_expect(images->labels[i] == record[0] && images->labels[i] < 10, "a label changed");
        fuzz_expect(memcmp(images->pixels + i * PIXELS, record + 1, PIXELS) == 0, "a picture changed");
    }
}

static bool parse(const uint8_t *data, size_t bytes) {
    gm_images images = {0};
    bool accepted = gm_cifar_parse("fuzz", data, bytes, &images) == GM_OK;
    if (accepted) {
        fuzz_expect(gm_cifar_parse("fuzz", data, bytes, &images) == GM_OK, "the second reading failed");
        check(&images, data, bytes / RECORD);
    } else {
        fuzz_expect(images.count == 0, "a damaged batch left images");
    }
    gm_images_finish(&images);
    return accepted;
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    bool accepted = parse(data, bytes);
    return parse(data, bytes / RECORD * RECORD) || accepted;
}

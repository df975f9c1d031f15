// libFuzzer: any bytes as an IDX file of images and of labels, and as a CIFAR-10 batch.
#include "data/cifar.h"
#include "data/idx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    gm_idx idx;
    gm_images images = {0};
    for (size_t rank = 1; rank <= 3; rank += 2)
        if (gm_idx_parse("fuzz", data, bytes, rank, &idx) == GM_OK)
            free(idx.values);
    if (gm_cifar_parse("fuzz", data, bytes, &images) != GM_OK && images.count != 0)
        abort();
    gm_images_finish(&images);
    return 0;
}

// Any bytes as an IDX file of images and of labels.
#include "data/idx.h"
#include "fuzz.h"

#include <stdlib.h>

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_idx idx;
    bool accepted = false;
    for (size_t rank = 1; rank <= 3; rank += 2)
        if (gm_idx_parse("fuzz", data, bytes, rank, &idx) == GM_OK) {
            accepted = true;
            free(idx.values);
        }
    return accepted;
}

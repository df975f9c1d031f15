// Any bytes as NumPy's array file.
#include "data/npy.h"
#include "fuzz.h"

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_npy array;
    if (gm_npy_parse("fuzz", data, bytes, &array, NULL) != GM_OK)
        return false;
    gm_npy_finish(&array);
    return true;
}

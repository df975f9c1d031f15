// libFuzzer: any bytes as NumPy's array file.
#include "data/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    gm_npy array;
    if (gm_npy_parse("fuzz", data, bytes, &array) == GM_OK)
        gm_npy_finish(&array);
    return 0;
}

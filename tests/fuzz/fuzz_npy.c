// Any bytes as NumPy's array file, and as a data set with its own first values as labels.
#include "data/arrays.h"
#include "data/npy.h"
#include "fuzz.h"

#include <stdlib.h>

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_array array = {.name = "fuzz"};
    if (gm_npy_parse("fuzz", data, bytes, &array.values, &array.type) != GM_OK)
        return false;
    gm_dataset *dataset = calloc(1, sizeof *dataset);
    fuzz_expect(dataset != NULL, "no memory");
    dataset->info.name = "fuzz";
    gm_array labels = array;
    bool taken = gm_arrays_take(dataset, "fuzz", &array, bytes % 2 ? &labels : NULL,
                                &(gm_dataset_options){.layout = bytes % 3}) == GM_OK;
    volatile unsigned char sum = 0;
    for (size_t i = 0; taken && i < dataset->info.count * dataset->info.item_bytes; i++)
        sum = (unsigned char)(sum + ((const unsigned char *)dataset->items)[i]);
    gm_dataset_close(&dataset);
    gm_npy_finish(&array.values);
    return true;
}

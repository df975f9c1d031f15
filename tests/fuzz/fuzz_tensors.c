// Any bytes as a .safetensors file of data.
#include "data/items.h"
#include "data/tensors.h"
#include "fuzz.h"

#include <stdlib.h>

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_dataset *dataset = calloc(1, sizeof *dataset);
    fuzz_expect(dataset != NULL, "no memory");
    dataset->info.name = "fuzz";
    bool read = gm_tensors_parse(dataset, "fuzz", data, bytes, &(gm_dataset_options){.layout = bytes % 3}) == GM_OK;
    gm_dataset_close(&dataset);
    return read;
}

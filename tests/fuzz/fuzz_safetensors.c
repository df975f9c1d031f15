// The safetensors reader: every byte that it says is there must be readable.
#include <string.h>

#include "run/safetensors.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes) {
    gm_safetensors *file;
    if (gm_safetensors_parse(&file, "fuzz", data, bytes) != GM_OK)
        return 0;
    volatile unsigned char sum = 0;
    for (size_t i = 0; i < file->count; i++) {
        const unsigned char *values = file->tensors[i].data;
        size_t size = gm_type_size(file->tensors[i].type) * gm_shape_count(&file->tensors[i].shape);
        for (size_t j = 0; j < size; j++)
            sum = (unsigned char)(sum + values[j]);
    }
    for (size_t i = 0; i < file->metadata_count; i++)
        sum = (unsigned char)(sum + strlen(file->metadata[i].value));
    gm_safetensors_destroy(&file);
    return 0;
}

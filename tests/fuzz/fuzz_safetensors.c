// The safetensors reader: every byte that it says is there must be readable. Mutated files get the checksums that the
// reader names when it refuses them.
#include "fuzz.h"
#include "run/safetensors.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS = 16 };

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_safetensors *file;
    if (gm_safetensors_parse(&file, "fuzz", data, bytes) != GM_OK)
        return false;
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
    return true;
}

// The two numbers of "... is damaged: the checksum of its PART is RIGHT, not WRONG".
static bool read_refusal(const char *message, char right[DIGITS + 1], char wrong[DIGITS + 1]) {
    const char *said = strstr(message, "the checksum of its "), *is = said ? strstr(said, " is ") : NULL;
    return is && sscanf(is, " is %16[0-9a-f], not %16[0-9a-f]", right, wrong) == 2 && strlen(wrong) == DIGITS;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed) {
    gm_safetensors *file;
    char right[DIGITS + 1], wrong[DIGITS + 1];
    (void)seed;
    bytes = LLVMFuzzerMutate(data, bytes, most);
    for (int part = 0; part < 2 && gm_safetensors_parse(&file, "fuzz", data, bytes) != GM_OK; part++) {
        bool found = read_refusal(gm_error_message(), right, wrong);
        for (size_t at = 0; found && at + DIGITS <= bytes; at++)
            if (memcmp(data + at, wrong, DIGITS) == 0)
                memcpy(data + at, right, DIGITS);
    }
    gm_safetensors_destroy(&file);
    return bytes;
}

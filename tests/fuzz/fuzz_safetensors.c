// The safetensors reader: every byte that it says is there must be readable. Mutated files get the checksums that the
// reader names when it refuses them.
#include "fuzz.h"
#include "run/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 8, DIGITS = 16 };

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

// Changes the header alone and says its new length in front; 0 where there is no whole header.
static size_t mutate_header(uint8_t *data, size_t bytes, size_t most) {
    uint64_t length = 0;
    for (size_t i = 0; i < PREFIX && bytes > PREFIX; i++)
        length |= (uint64_t)data[i] << 8 * i;
    if (length == 0 || length > bytes - PREFIX || bytes > most)
        return 0;
    size_t rest = bytes - PREFIX - (size_t)length;
    uint8_t *tail = malloc(rest + 1);
    if (!tail)
        return 0;
    memcpy(tail, data + PREFIX + length, rest);
    length = LLVMFuzzerMutate(data + PREFIX, (size_t)length, most - rest - PREFIX);
    memcpy(data + PREFIX + length, tail, rest);
    for (size_t i = 0; i < PREFIX; i++)
        data[i] = (uint8_t)(length >> 8 * i);
    free(tail);
    return PREFIX + (size_t)length + rest;
}

static void mend_checksums(uint8_t *data, size_t bytes) {
    gm_safetensors *file;
    char right[DIGITS + 1], wrong[DIGITS + 1];
    for (int part = 0; part < 2 && gm_safetensors_parse(&file, "fuzz", data, bytes) != GM_OK; part++) {
        bool found = read_refusal(gm_error_message(), right, wrong);
        for (size_t at = 0; found && at + DIGITS <= bytes; at++)
            if (memcmp(data + at, wrong, DIGITS) == 0)
                memcpy(data + at, right, DIGITS);
    }
    gm_safetensors_destroy(&file);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed) {
    size_t changed = seed % 2 ? mutate_header(data, bytes, most) : 0;
    if (changed == 0)
        changed = LLVMFuzzerMutate(data, bytes, most);
    mend_checksums(data, changed);
    return changed;
}

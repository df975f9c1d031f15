// FNV-1a: small, stable across machines, good enough for names and cache keys.
#include "base/base.h"

#include <string.h>

uint64_t gm_hash(uint64_t hash, const void *data, size_t bytes) {
    const unsigned char *byte = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t gm_hash_string(uint64_t hash, const char *text) {
    return gm_hash(hash, text, strlen(text) + 1); // the NUL too, so that "ab","c" differs from "a","bc"
}

uint32_t gm_stream(const char *name) {
    uint64_t hash = gm_hash(GM_HASH_START, name, strlen(name));
    return (uint32_t)(hash ^ (hash >> 32));
}

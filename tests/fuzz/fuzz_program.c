// Any bytes as an entry of the program cache: as they are, and with a head that is right; such a one must be accepted,
// and one damaged bit refused.
#include "device/internal.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t check = 0x0123456789abcdef; // that of the corpus

static bool parse(const char *data, size_t bytes, const char **binary, size_t *length) {
    if (!gm_cache_parse(data, bytes, check, binary, length))
        return false;
    fuzz_expect(*binary >= data && *length == (size_t)(data + bytes - *binary), "the program lies outside the entry");
    return true;
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    static const char magic[] = "GMPROG1\n";
    const uint64_t head[] = {check, bytes, gm_hash(GM_HASH_START, data, bytes)};
    const char *binary;
    size_t length, total = strlen(magic) + sizeof head + bytes, bit = bytes > 0 ? data[0] % (8 * total) : 0;
    bool accepted = parse((const char *)data, bytes, &binary, &length);
    char *entry = malloc(total);
    fuzz_expect(entry != NULL, "memory ran out");
    memcpy(entry, magic, strlen(magic));
    memcpy(entry + strlen(magic), head, sizeof head);
    memcpy(entry + total - bytes, data, bytes);
    fuzz_expect(parse(entry, total, &binary, &length) && length == bytes && memcmp(binary, data, bytes) == 0,
                "an intact entry was refused");
    entry[bit / 8] = (char)(entry[bit / 8] ^ 1 << bit % 8);
    fuzz_expect(!parse(entry, total, &binary, &length), "a damaged entry was accepted");
    free(entry);
    return accepted;
}

// What the fuzz targets share. Each defines fuzz_one; fuzz.c is libFuzzer's entry.
#ifndef GM_TESTS_FUZZ_H
#define GM_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Feeds the bytes to a reader and aborts where it breaks its promises. True: the reader accepted them.
bool fuzz_one(const uint8_t *data, size_t bytes);

// Aborts with the text unless it holds.
void fuzz_expect(bool holds, const char *text);

// libFuzzer's own mutations of `bytes` in `data`, which has room for `most`; the new length.
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);
// A target that defines it mutates its inputs itself, so that checksums hold.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);

#endif

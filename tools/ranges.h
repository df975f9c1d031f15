// What `ganymede sample` is asked for, from text: seeds, the grid of a picture, latent codes.
#ifndef GM_TOOLS_RANGES_H
#define GM_TOOLS_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_SAMPLES = 10000000, MOST_CODES = 64 };

// How many seeds "0-63", "7" or "1,5,10-12" names. False: not of this form, or more than MOST_SAMPLES.
bool seeds_count(const char *text, size_t *count);
// These seeds in their order, into room for as many as were counted.
void seeds_list(const char *text, uint64_t *seeds);

// "8x8": columns times rows, as picture sizes are said; at most 4096 of each.
bool grid_parse(const char *text, size_t *columns, size_t *rows);

// What --codes says of one latent code.
typedef struct code_range {
    double first, last; // of the columns of the picture; NaN: as the seed has it
} code_range;

// "3,*,-1..1": a value each, * for the seed's own, FIRST..LAST along the columns, which *sweep then says.
bool codes_parse(const char *text, code_range codes[MOST_CODES], size_t *count, bool *sweep);

#endif

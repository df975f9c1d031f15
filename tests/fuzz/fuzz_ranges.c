// Any text as the seeds, the grid and the codes of `ganymede sample`.
#include "fuzz.h"
#include "ranges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool parse_seeds(const char *text) {
    size_t count;
    if (!seeds_count(text, &count))
        return false;
    fuzz_expect(count > 0 && count <= MOST_SAMPLES, "a number of seeds out of bounds");
    if (count > 100000) // slow, and no different
        return true;
    uint64_t *seeds = malloc(count * sizeof *seeds);
    fuzz_expect(seeds != NULL, "memory ran out");
    seeds_list(text, seeds);
    fuzz_expect(seeds[0] == strtoull(text, NULL, 10), "the first seed is another one");
    free(seeds);
    return true;
}

static bool parse_grid(const char *text) {
    size_t columns = 0, rows = 0;
    if (!grid_parse(text, &columns, &rows))
        return false;
    fuzz_expect(columns - 1 < 4096 && rows - 1 < 4096, "a grid out of bounds");
    return true;
}

static bool parse_codes(const char *text) {
    code_range codes[MOST_CODES];
    size_t count;
    bool sweep, sweeps = false;
    if (!codes_parse(text, codes, &count, &sweep))
        return false;
    fuzz_expect(count > 0 && count <= MOST_CODES, "a number of codes out of bounds");
    for (size_t i = 0; i < count; i++) {
        bool finite = isfinite(codes[i].first) && isfinite(codes[i].last);
        fuzz_expect(finite || (isnan(codes[i].first) && isnan(codes[i].last)), "a code is half the seed's own");
        sweeps = sweeps || codes[i].first < codes[i].last || codes[i].first > codes[i].last;
    }
    fuzz_expect(sweep || !sweeps, "a range does not count as one");
    return true;
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    char *text = malloc(bytes + 1);
    if (!text)
        return false;
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    bool accepted = parse_seeds(text);
    accepted = parse_grid(text) || accepted;
    accepted = parse_codes(text) || accepted;
    free(text);
    return accepted;
}

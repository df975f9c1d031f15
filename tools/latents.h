// Latents as files and as the command line changes them.
#ifndef GM_TOOLS_LATENTS_H
#define GM_TOOLS_LATENTS_H

#include "ganymede/explore.h"

// Latents (count, latent), and their classes or NULL. Zeroed: none. latents_finish
typedef struct latents {
    float *values;
    int32_t *labels;
    size_t count;
} latents;
void latents_finish(latents *l);

// Reads an array of latents (N, latent) and, of conditional models, its labels (NAME_labels.npy beside NAME.npy).
// False: a message says what is wrong.
bool latents_read(latents *l, const char *path, const gm_sampler_info *info);
// Each of them `columns` times.
bool latents_repeat(latents *l, const latents *once, const gm_sampler_info *info, size_t columns);
// Those of seeds. False: out of memory, or codes that the model has not.
bool latents_of_seeds(latents *l, const gm_sampler *sampler, const uint64_t *seeds, const float *codes, size_t count);

// What --direction says: K=FIRST..LAST, or K=VALUE.
typedef struct direction_range {
    size_t index;
    double first, last;
} direction_range;
bool direction_parse(const char *text, direction_range *direction, bool *sweep);
// Adds multiples of that direction, of the file or, where path is NULL, of the generator's weights. Sample i is in
// column i % columns.
bool latents_shift(latents *l, gm_sampler *sampler, const direction_range *direction, const char *path, size_t columns);

// A number from the text's start to its end, finite.
bool number_parse(const char *text, double *value);

#endif

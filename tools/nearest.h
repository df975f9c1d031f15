// Samples beside the real images that are nearest to them.
#ifndef GM_TOOLS_NEAREST_H
#define GM_TOOLS_NEAREST_H

#include "ganymede/explore.h"

// A row for each sample (count, C, H, W): the sample, the k nearest by pixels and, where a classifier is to be had, the
// k nearest by its features; prints which these are. False: a message says why not.
bool nearest_write(gm_sampler *sampler, const char *path, const float *samples, const uint64_t *seeds, size_t count,
                   size_t k);

#endif

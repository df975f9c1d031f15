// From the range of one thing's values to that of another's.
#ifndef GM_USE_SCALING_H
#define GM_USE_SCALING_H

#include "ganymede/data.h"
#include "ganymede/sampler.h"

// The least and largest finite value; infinities where there is none.
void gm_find_extent(const float *values, size_t count, double *least, double *most);
// The narrowest of the usual ranges, [0, 1], [-1, 1] and [0, 255], that holds both; false: none does.
bool gm_find_usual_range(double least, double most, double *low, double *high);

// value -> offset + factor value
typedef struct gm_value_map {
    double offset, factor;
} gm_value_map;

// How samples of a run become values of the items of `data`: black 0 and white 1, or of floats that are taken as they
// are theirs, whose black and white are those of the narrowest usual range that holds them. The run's samples are in
// its recipe's range where its own data have a black and a white, which these are opened to find out, else in that of
// its data. Fails where only one side has a range, and none can be told for the other.
gm_status gm_scaling_find(gm_value_map *scaling, const char *run, const gm_sampler_info *info, const gm_dataset *data);

#endif

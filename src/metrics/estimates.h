// Estimates of prepared points, for the measures that are made of others.
#ifndef GM_METRICS_ESTIMATES_H
#define GM_METRICS_ESTIMATES_H

#include "metrics/points.h"

gm_status gm_check_norm(const char *what, gm_norm norm);
// Both prepare the points, which must be fresh.
gm_status gm_entropy_of(gm_device *device, gm_points *points, size_t k, gm_norm norm, gm_measure *measure);
gm_status gm_information_of(gm_device *device, gm_points *points, size_t k, gm_measure *measure);
bool gm_balls_are_large(size_t count, size_t columns, size_t k);

#endif

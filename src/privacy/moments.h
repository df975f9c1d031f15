// Moments of the privacy loss of one step.
#ifndef GM_PRIVACY_MOMENTS_H
#define GM_PRIVACY_MOMENTS_H

#include "ganymede/base.h"

// The ratio r(x) of what a step makes with an example, (1 - q) N(0, s^2) + q N(1, s^2), to what it makes without,
// N(0, s^2), where x is of the latter: on a grid of x, ln of the density times the grid's step, and ln r.
typedef struct gm_loss_grid {
    double *weight, *ratio;
    size_t count;
} gm_loss_grid;

// A grid for moments of r of orders between 0 and `order`, which may be negative.
gm_status gm_loss_grid_init(gm_loss_grid *grid, double noise, double rate, double order);
void gm_loss_grid_finish(gm_loss_grid *grid);
// ln E r^order.
double gm_loss_moment(const gm_loss_grid *grid, double order);

#endif

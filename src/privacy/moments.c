// Moments of the privacy loss, by the trapezoidal rule, whose error on functions that are analytic in a strip falls
// exponentially with the number of points: one sum for whole, broken, negative and, in accountant.c, complex orders.
#include "privacy/moments.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>

// Of the normal distribution that is beyond this many deviations less than the rounding of a sum remains.
#define TAIL 14.0

gm_status gm_loss_grid_init(gm_loss_grid *grid, double noise, double rate, double order) {
    const double pi = 3.14159265358979323846, variance = noise * noise;
    // The density N(0, s^2) r^t is one normal curve around 0 and one around t. The nearest point at which r is zero
    // lies pi s^2 off the real axis.
    const double step = fmin(noise / 8, variance / 3);
    const double low = fmin(0, order) - TAIL * noise, high = fmax(0, order) + TAIL * noise;
    *grid = (gm_loss_grid){.count = (size_t)((high - low) / step) + 1};
    double *values;
    GM_TRY(gm_alloc(&values, 2 * grid->count, sizeof *values, "an accountant's grid"));
    grid->weight = values;
    grid->ratio = values + grid->count;
    for (size_t i = 0; i < grid->count; i++) {
        const double x = low + (double)i * step, shift = (2 * x - 1) / (2 * variance);
        grid->weight[i] = log(step) - x * x / (2 * variance) - .5 * log(2 * pi * variance);
        if (rate == 1)
            grid->ratio[i] = shift;
        else if (shift < 0) // ln(1 - q + q e^shift), without overflow and without loss near 0
            grid->ratio[i] = log1p(rate * expm1(shift));
        else
            grid->ratio[i] = shift + log(rate + (1 - rate) * exp(-shift));
    }
    return GM_OK;
}

void gm_loss_grid_finish(gm_loss_grid *grid) {
    free(grid->weight);
    *grid = (gm_loss_grid){0};
}

double gm_loss_moment(const gm_loss_grid *grid, double order) {
    double largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < grid->count; i++)
        largest = fmax(largest, grid->weight[i] + order * grid->ratio[i]);
    for (size_t i = 0; i < grid->count; i++)
        sum += exp(grid->weight[i] + order * grid->ratio[i] - largest);
    return largest + log(sum);
}

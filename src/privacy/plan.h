// The terms of a private training, and what its updates spend.
//
// An update takes each of `count` items with probability rate = batch / count, and has room for `capacity` of them. If
// more were taken, the last are left out, which the accountant of Poisson sampling does not know of. The two mechanisms
// differ with a probability of at most P in all updates, and (1 + e^epsilon) P of delta pays for it (Chua et al. 2024,
// "Scalable DP-SGD"): the capacity makes that less than a thousandth of delta.
#ifndef GM_PRIVACY_PLAN_H
#define GM_PRIVACY_PLAN_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GM_PRIVATE_MOST_EPSILON 16 // of a budget

typedef struct gm_private_plan {
    size_t count, batch; // items, and how many of them an update takes on average
    double epsilon;      // the budget; 0: none
    double delta;        // of all updates, at most 1 / count
    double clip;         // largest norm of what an item contributes to the sum
    bool reproducible;   // the noise can be computed by anybody: nothing is private
    double noise;        // deviation of the noise on the sum, as a multiple of `clip`; 0: to be found
    double rate;         // by gm_private_plan_settle, as the next; they depend on count, batch and delta alone
    size_t capacity;     // of a batch
} gm_private_plan;

// Fails where delta is too large for so many items, where the batch is larger than them, and without budget and noise.
gm_status gm_private_plan_settle(gm_private_plan *plan);
// The least noise that keeps the budget for so many updates, where the plan has none. Fails where none does.
gm_status gm_private_plan_find_noise(gm_private_plan *plan, uint64_t updates);
// The least epsilon that is known for so many updates at the plan's delta, all told; infinite where there is none.
gm_status gm_private_plan_spent(const gm_private_plan *plan, uint64_t updates, double *epsilon);
// ln of a bound on the probability that an update takes more than the capacity.
double gm_private_plan_overflow(const gm_private_plan *plan);
// A bound stays one when it is written: up to the next number of three digits.
double gm_private_rounded(double epsilon);

#endif

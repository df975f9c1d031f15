// What training gives away of its data: differential privacy of the subsampled Gaussian mechanism (Abadi et al. 2016).
//
// A step takes each example with probability `rate`, clips what it contributes to length C, and adds Gaussian noise of
// deviation `noise` C to the sum. After all steps, for any two data sets of which one has an example more, and any set
// of outcomes: P(outcome) <= e^epsilon P'(outcome) + delta.
#ifndef GANYMEDE_PRIVACY_H
#define GANYMEDE_PRIVACY_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_private_steps {
    double noise; // a multiple of the clipping length, .2 to 1e6
    double rate;  // probability of an example to be in a step's batch, above 0 and at most 1
    uint64_t steps;
    double delta; // above 0, below 1; well below one over the number of examples
} gm_private_steps;

// Two upper bounds on epsilon.
typedef struct gm_privacy_spent {
    // From Renyi differential privacy (Mironov et al. 2019) over the orders that are in common use, by the conversion
    // of Canonne, Kamath and Steinke 2020: what others print, too.
    double epsilon, order;
    // From the distribution of the privacy loss itself: the least epsilon that there is for this delta, but for
    // rounding. It is a contour integral of the loss's moments (Alghamdi et al. 2023). Of a few steps at a small rate,
    // whose loss is no smooth sum, it is `epsilon`.
    double tight;
} gm_privacy_spent;

// Fails where a number is outside of its range.
GM_API gm_status gm_privacy_account(const gm_private_steps *steps, gm_privacy_spent *spent);
// The least noise, rounded up to four digits, with which the steps spend at most this epsilon; steps->noise is not
// read. tight: by that bound. Fails where no noise in the range suffices, or a number is outside of its range.
GM_API gm_status gm_privacy_find_noise(const gm_private_steps *steps, double epsilon, bool tight, double *noise);

#ifdef __cplusplus
}
#endif
#endif

// Information measures and sample quality: how far generated samples are from real ones, in numbers.
//
// Samples are rows of features (points of the plane, principal components, a classifier's last layer), never raw
// pixels: all that is estimated from neighbours fails in many dimensions. Natural logarithms (nats) throughout.
#ifndef GANYMEDE_METRICS_H
#define GANYMEDE_METRICS_H

#include "ganymede/device.h"

#ifdef __cplusplus
extern "C" {
#endif

// `count` rows of `columns` values, row-major; belongs to the caller.
typedef struct gm_samples {
    const float *values;
    size_t count, columns;
} gm_samples;

// What a reader of a figure must know about it.
typedef enum gm_measure_flag {
    GM_MEASURE_MISSING = 1 << 0,    // could not be estimated: there is no value
    GM_MEASURE_FEW = 1 << 1,        // fewer samples than the estimate wants
    GM_MEASURE_DUPLICATES = 1 << 2, // equal rows: a collapsed generator, or values of few digits
    GM_MEASURE_CONSTANT = 1 << 3,   // columns that do not vary were left out
    GM_MEASURE_NOT_FINITE = 1 << 4, // rows with NaN or infinity were left out
    GM_MEASURE_BIASED = 1 << 5,     // so many dimensions for so few samples that the estimator's bias is large
    GM_MEASURE_CLIPPED = 1 << 6,    // came out below its lowest possible value, which it was set to
} gm_measure_flag;

// One figure. Never NaN: `value` is 0 where GM_MEASURE_MISSING is set.
typedef struct gm_measure {
    double value;
    size_t count;      // samples it rests on: of the smaller side, where there are two
    size_t duplicates; // rows that equal an earlier one
    uint32_t flags;    // set of gm_measure_flag
} gm_measure;

// "few": the flag's name, in JSON and in messages; NULL for anything but one gm_measure_flag.
GM_API const char *gm_measure_flag_name(gm_measure_flag flag);

// ---- Nearest neighbours ----

// ---- Moments, histograms, classifiers, mixtures ----

#ifdef __cplusplus
}
#endif
#endif

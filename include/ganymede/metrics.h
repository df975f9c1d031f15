// Information measures and sample quality: how far generated samples are from real ones, in numbers.
//
// Samples are rows of features (points of the plane, principal components, a classifier's last layer), never raw
// pixels: all that is estimated from neighbours fails in many dimensions. Natural logarithms (nats) throughout.
#ifndef GANYMEDE_METRICS_H
#define GANYMEDE_METRICS_H

#include "ganymede/device.h"
#include "ganymede/graph.h"

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
//
// Each takes k, which neighbour it looks at (0: the usual 5), and searches on the device. Few enough columns (up to
// about 16) and samples of comparable spread in each are the caller's business. What is not a figure of all that was
// given says so: rows that are not finite are left out; columns that do not vary are left out of all but precision and
// its kin, so that an entropy is that of the other columns; equal rows are moved apart by a thousandth of a standard
// deviation. k samples or fewer give no figure, fewer than 20 k one with GM_MEASURE_FEW. They fail when samples are
// NULL, have no columns or do not match, and when the device does.

// The differential entropy of x's rows, which may be negative and depends on the scale of the columns.
//   H = psi(N) - psi(k) + ln c_d + (d/N) sum ln e_i, e_i the distance to the k-th neighbour, c_d the unit ball's volume
// (Kozachenko and Leonenko 1987). No variation at all: missing. Biased: a ball of k samples is large, 0.31 d
// (k/N)^(1/d) > 0.25 nats.
GM_API gm_status gm_measure_entropy(gm_device *device, const gm_samples *x, size_t k, gm_norm norm,
                                    gm_measure *measure);
// Of the paired rows (x_i, y_i).
GM_API gm_status gm_measure_joint_entropy(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k,
                                          gm_norm norm, gm_measure *measure);
// Of the paired rows: I = psi(k) + psi(N) - <psi(n_x + 1) + psi(n_y + 1)>, n_x and n_y the samples that are nearer in x
// and in y than the k-th neighbour is in both, by the maximum norm (Kraskov, Stoegbauer and Grassberger 2004, the first
// estimator). x and y are first brought to about the same spread by powers of two. What does not vary has none: 0.
// Biased: as for entropy of both together. Clipped below 0.
GM_API gm_status gm_measure_mutual_information(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k,
                                               gm_measure *measure);
// H(X|Y) = H(X) - I(X;Y), by the two above; flags are both's.
GM_API gm_status gm_measure_conditional_entropy(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k,
                                                gm_norm norm, gm_measure *measure);
// KL(p||q) = (d/n) sum ln(v_i / r_i) + ln(m / (n - 1)), r_i and v_i the distances of p's sample i to its k-th neighbour
// among the others of p and among q (Wang, Kulkarni and Verdu 2009). Falls short where few samples of q reach p's
// tails. Biased: as for entropy, or more than a tenth of p lies farther from q than nearly all of q from one another.
// Clipped below 0.
GM_API gm_status gm_measure_kl(gm_device *device, const gm_samples *p, const gm_samples *q, size_t k,
                               gm_measure *measure);

typedef struct gm_prdc {
    gm_measure precision; // share of fakes inside some real's ball
    gm_measure recall;    // share of reals inside some fake's ball
    gm_measure density;   // reals' balls that a fake lies in, in the mean and divided by k: 1 when all is well
    gm_measure coverage;  // share of reals with a fake in their ball
} gm_prdc;

// A sample's ball reaches to its k-th neighbour in its own set (Kynkaanniemi et al. 2019, Naeem et al. 2020),
// Euclidean, border included.
GM_API gm_status gm_measure_prdc(gm_device *device, const gm_samples *real, const gm_samples *fake, size_t k,
                                 gm_prdc *prdc);

// ---- Moments, histograms, classifiers, mixtures ----

#ifdef __cplusplus
}
#endif
#endif

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
    GM_MEASURE_MISSING = 1 << 0,         // could not be estimated: there is no value
    GM_MEASURE_FEW = 1 << 1,             // fewer samples than the estimate wants
    GM_MEASURE_DUPLICATES = 1 << 2,      // equal rows: a collapsed generator, or values of few digits
    GM_MEASURE_CONSTANT = 1 << 3,        // columns that do not vary (in the one set alone: KL, which is missing then)
    GM_MEASURE_NOT_FINITE = 1 << 4,      // rows with NaN or infinity were left out
    GM_MEASURE_BIASED = 1 << 5,          // so many dimensions for so few samples that the estimator's bias is large;
                                         // in comparisons also: components fitted to fewer than 10 rows per column
    GM_MEASURE_CLIPPED = 1 << 6,         // came out below its lowest possible value, which it was set to
    GM_MEASURE_UNDER_DISPERSED = 1 << 7, // comparisons alone: samples closer to the modes than true ones
    GM_MEASURE_FAR = 1 << 8,             // values so far away that float32 loses digits of the figure
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
// deviation; what is more than 2^100 standard deviations away is brought that near (GM_MEASURE_FAR), and up to there a
// row that is far from the others takes nothing from the figure's digits. k samples or fewer give no figure, fewer than
// 20 k one with GM_MEASURE_FEW. They fail when samples are NULL, have no columns or do not match, and when the device
// does.

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
// Far rows: as for precision.
// Biased: as for entropy of both together. Clipped below 0.
GM_API gm_status gm_measure_mutual_information(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k,
                                               gm_measure *measure);
// H(X|Y) = H(X) - I(X;Y), by the two above; flags are both's.
GM_API gm_status gm_measure_conditional_entropy(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k,
                                                gm_norm norm, gm_measure *measure);
// KL(p||q) = (d/n) sum ln(v_i / r_i) + ln(m / (n - 1)), r_i and v_i the distances of p's sample i to its k-th neighbour
// among the others of p and among q (Wang, Kulkarni and Verdu 2009). Falls short where few samples of q reach p's
// tails. Infinite, therefore missing (GM_MEASURE_CONSTANT), when a column does not vary in one set but does in the
// other or has another value there. Biased: as for entropy, or more than a tenth of p lies farther from q than nearly
// all of q from one another. Clipped below 0.
GM_API gm_status gm_measure_kl(gm_device *device, const gm_samples *p, const gm_samples *q, size_t k,
                               gm_measure *measure);

typedef struct gm_prdc {
    gm_measure precision; // share of fakes inside some real's ball
    gm_measure recall;    // share of reals inside some fake's ball
    gm_measure density;   // reals' balls that a fake lies in, in the mean and divided by k: 1 when all is well
    gm_measure coverage;  // share of reals with a fake in their ball
} gm_prdc;

// A sample's ball reaches to its k-th neighbour in its own set (Kynkaanniemi et al. 2019, Naeem et al. 2020),
// Euclidean, border included. A row more than 2^12 standard deviations from its set is brought to about there, in its
// direction, since floats could not tell which others lie inside its ball (GM_MEASURE_FAR).
GM_API gm_status gm_measure_prdc(gm_device *device, const gm_samples *real, const gm_samples *fake, size_t k,
                                 gm_prdc *prdc);

// How near generated samples lie to the nearest of those trained on, beside how near held-out ones do.
typedef struct gm_memorisation {
    gm_measure rank; // the chance that a generated sample lies nearer than a held-out one, equal ones counted half: .5
                     // when nothing is memorised, 1 when all are copies (Meehan, Chaudhuri and Dasgupta 2020)
    gm_measure copies; // share of generated samples that are nearer than all but a hundredth of the held-out ones
} gm_memorisation;
// Euclidean distances of the rows. Few: fewer than 100 on a side. Fails for sides without rows or of other columns.
GM_API gm_status gm_measure_memorisation(gm_device *device, const gm_samples *fake, const gm_samples *trained,
                                         const gm_samples *held_out, gm_memorisation *measures);

// ---- Moments, histograms, classifiers, mixtures ----
//
// All measures leave out rows with NaN or infinity (GM_MEASURE_NOT_FINITE) and fail only for what cannot be meant
// (columns that differ, a probability below 0) or when memory or the device does. A figure of samples says little
// without its control: the same figure of two halves of the real side.

// Principal components of a set of samples: its mean and the orthonormal directions of largest variance. Plain arrays,
// so that they can be stored and filled in by hand.
typedef struct gm_pca {
    size_t columns, components, count; // of the samples; axes; rows that it was fitted to
    float *mean;                       // (columns)
    float *axes;      // (components, columns), by falling variance; the largest entry of each is positive
    double *variance; // (components) along each axis, divided by count - 1
    double total;     // variance of all columns together
} gm_pca;

// Fits the `components` (1 to 128) leading axes; fewer come out when the samples span fewer dimensions. Exact when rows
// or columns are at most 256; else by orthogonal iteration on the device (Halko et al. 2011), which holds all samples.
// Fails when the samples have fewer than two finite rows or do not vary at all.
GM_API gm_status gm_pca_create(gm_pca **pca, gm_device *device, const gm_samples *samples, size_t components);
// (x - mean) axes^T: samples (N, columns) -> scores (N, components). Rows that are not finite give NaN.
GM_API gm_status gm_pca_apply(const gm_pca *pca, gm_device *device, const gm_samples *samples, float *scores);
GM_API double gm_pca_explained(const gm_pca *pca); // share of the variance along the axes, 0 to 1
GM_API void gm_pca_destroy(gm_pca **pca);

// |mean - mean'|^2 + tr(C + C' - 2 (C C')^(1/2)), covariances divided by N - 1 (Heusel et al. 2017). In double on the
// host: some seconds for 1000 columns. Few: no more rows than columns. Biased: fewer than 10 rows per column.
GM_API gm_status gm_measure_frechet(const gm_samples *real, const gm_samples *fake, gm_measure *measure);

// The kernel inception distance of Binkowski et al. 2018, without Inception: the unbiased squared maximum mean
// discrepancy with the kernel (x.y / columns + 1)^3, over all rows (not the mean over random subsets, of which it is
// the expectation). Below 0 for about half of all pairs of equal distributions. Few: fewer than 100 rows.
// Missing: fewer than 2. Up to 64 columns in double on the host; more on the device, where it is missing when values
// are so large that the kernel overflows float32 (beyond some millions), and far (GM_MEASURE_FAR) when the samples lie
// 4 times as far from the origin as from their mean.
GM_API gm_status gm_measure_kid(gm_device *device, const gm_samples *real, const gm_samples *fake, gm_measure *measure);

// How counts become probabilities.
typedef enum gm_histogram_correction {
    GM_HISTOGRAM_AUTO = 0,     // as GM_HISTOGRAM_HALF
    GM_HISTOGRAM_NONE,         // shares as they are
    GM_HISTOGRAM_HALF,         // 1/2 added to every bin
    GM_HISTOGRAM_MILLER_MADOW, // shares as they are, (occupied bins - 1) / 2N added to each entropy
} gm_histogram_correction;

// How many of the values lie in each of `bins` equal parts of [low, high], adding to `counts`; both ends belong to it.
// Returns how many lie outside or are not finite.
GM_API size_t gm_histogram_count(const float *values, size_t count, double low, double high, size_t bins,
                                 uint64_t *counts);
// Entropy of the bins (add ln(bin width) for the differential entropy). Missing: all bins empty. Few: fewer counts than
// bins, here and below.
GM_API gm_status gm_measure_histogram_entropy(const uint64_t *counts, size_t bins, gm_histogram_correction correction,
                                              gm_measure *measure);
// Mutual information of row and column of a table (rows, columns); at least 0.
GM_API gm_status gm_measure_histogram_information(const uint64_t *counts, size_t rows, size_t columns,
                                                  gm_histogram_correction correction, gm_measure *measure);
// KL(p || q) of two histograms. Missing when it is infinite (GM_HISTOGRAM_NONE, a bin that only p reaches). There is no
// Miller-Madow correction of it: that fails.
GM_API gm_status gm_measure_histogram_kl(const uint64_t *p, const uint64_t *q, size_t bins,
                                         gm_histogram_correction correction, gm_measure *measure);

typedef struct gm_jsd_params {
    uint64_t seed;
    size_t folds; // 0 = 2; at most 10
} gm_jsd_params;
// Jensen-Shannon divergence by a cross-fitted classifier, and what it says of the source label Y in {real, fake}:
//   I(X;Y) = JSD >= ln 2 - BCE,   H(Y|X) = ln 2 - JSD
// A small network per fold learns real from fake on the other folds; BCE is its balanced cross-entropy on the fold that
// it has not seen, so the figure is (up to noise, see GM_MEASURE_CLIPPED) a lower bound. How long to train is chosen on
// part of the training rows, and not at all is one choice, so that few or equal samples give 0 rather than noise.
// Repeats bit for bit on one device. Either result may be NULL, params too. Missing: fewer than 8 rows on a side. Few:
// fewer than 500. Constant columns are left out; samples that do not vary at all have a divergence of 0. Values more
// than 8 standard deviations from the others come nearer by an increasing map, and logits end at ln(10 N): neither
// takes from the bound being one.
GM_API gm_status gm_measure_jsd(gm_device *device, const gm_samples *real, const gm_samples *fake,
                                const gm_jsd_params *params, gm_measure *jsd, gm_measure *source_entropy);

// The area under the curve of the same classifier: the chance that it takes a real row rather than a generated one for
// the real one, each judged by a network that has not seen it; equal logits count half. .5 where they cannot be told
// apart, 1 where they always are. The rest as above.
GM_API gm_status gm_measure_detection(gm_device *device, const gm_samples *real, const gm_samples *fake,
                                      const gm_jsd_params *params, gm_measure *auc);

// What a discriminator says of samples that it was not trained on: its logits.
typedef struct gm_logits {
    const float *real, *fake;
    size_t real_count, fake_count;
} gm_logits;
// ln 2 - BCE, a lower bound of the Jensen-Shannon divergence: BCE = (E_p sp(-l) + E_q sp(l)) / 2. Clipped when the
// discriminator is worse than chance. `standard_error` of the value before clipping (may be NULL; 0 with one sample).
GM_API gm_status gm_measure_logit_jsd(const gm_logits *logits, gm_measure *measure, double *standard_error);
// The chance that a real sample's logit is above a generated one's, equal ones counted half (Mann and Whitney 1947).
GM_API gm_status gm_measure_logit_auc(const gm_logits *logits, gm_measure *measure);
// Plug-in KL(p || q) = E_p[l] and KL(q || p) = -E_q[l], of logits that are log density ratios (minimax and
// non-saturating losses; see the table of objectives). No bounds: good only as far as the discriminator is.
GM_API gm_status gm_measure_logit_kl(const gm_logits *logits, gm_measure *kl, double *kl_error, gm_measure *reverse_kl,
                                     double *reverse_kl_error);

// What a classifier of the data set says of generated samples.
typedef struct gm_class_measures {
    gm_measure entropy;     // H(y), of the mean probabilities
    gm_measure conditional; // H(y|x), mean of the rows' entropies
    gm_measure information; // H(y) - H(y|x)
    gm_measure score;       // its exponential: the Inception score (Salimans et al. 2016) without Inception
    gm_measure confidence;  // mean of the rows' largest probabilities
} gm_class_measures;
// probabilities (N, classes). Rows are divided by their sum; one that is negative or whose sum is off by more than 1 %
// fails. Few: fewer than 10 rows per class.
GM_API gm_status gm_measure_classes(const gm_samples *probabilities, gm_class_measures *measures);

// How well the modes of a distribution with equal weights are covered.
typedef struct gm_mode_measures {
    gm_measure captured;   // modes with at least one sample of high quality
    gm_measure quality;    // share of samples of high quality
    gm_measure reverse_kl; // KL(share of samples per mode || 1 / modes), plug-in: (modes - 1) / 2N for perfect samples
    bool under_dispersed;  // quality above the true share by more than 3 binomial standard errors
} gm_mode_measures;
// The share of a two-dimensional Gaussian within 3 sigma: 1 - e^(-9/2).
#define GM_MIXTURE_TRUE_QUALITY 0.98889100346175769
// points (N, 2), each belonging to the nearest of `modes` centres (gm_mixture's), of high quality within 3 sigma of it.
// Few: fewer points than modes; biased: fewer than 10 a mode (reverse KL).
GM_API gm_status gm_measure_mixture(const gm_samples *points, const double (*centres)[2], size_t modes, double sigma,
                                    gm_mode_measures *measures);
// The same from class indices, 0 to modes - 1 (stacked images: 1000): every sample counts as one of high quality.
GM_API gm_status gm_measure_modes(const int32_t *classes, size_t count, size_t modes, gm_mode_measures *measures);

// ---- What moves in clips ----

// Rows of clips are (C, T, H, W), from `low`, which is black, to `high`.
typedef struct gm_clip_shape {
    size_t channels, frames, height, width;
    double low, high;
} gm_clip_shape;

// How much a clip's energy (the sum of a frame's squared values, black being 0 and white 1, channels averaged) varies:
// standard deviation over mean of its frames, averaged over the clips. 0 where what is seen stays the same. Clips that
// are black throughout or hold NaN are left out (GM_MEASURE_NOT_FINITE).
GM_API gm_status gm_measure_energy(const gm_samples *clips, const gm_clip_shape *shape, gm_measure *measure);

// Something bright on black that goes straight and is thrown back by the borders; in pixels, and pixels a frame.
typedef struct gm_motion {
    double slowest, fastest; // speed of its centre of mass
    double reach;            // it turns with its centre this far from a border at most
} gm_motion;
// The share of clips whose centre of mass (of what is brighter than a tenth of its brightest pixel) moves so: on each
// axis at one speed, up or down, turning at borders alone, at most half a pixel (root mean squared) away from it; the
// speed within the motion's bounds, or half a pixel a frame beyond. An empty frame is no path; clips that hold NaN are
// left out.
GM_API gm_status gm_measure_paths(const gm_samples *clips, const gm_clip_shape *shape, const gm_motion *motion,
                                  gm_measure *measure);

#ifdef __cplusplus
}
#endif
#endif

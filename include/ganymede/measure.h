// Comparing generated samples with real ones: what `ganymede measure` does, for programs.
//
//     gm_comparison *comparison = NULL;
//     GM_TRY(gm_comparison_open(&comparison, "fashion-mnist", "runs/00000-dcgan-fashion", NULL));
//     status = gm_comparison_measure(comparison, "frechet,kl", &figures, &count);
//     gm_comparison_close(&comparison);
//
// The estimators themselves, for samples in memory, are in metrics.h.
#ifndef GANYMEDE_MEASURE_H
#define GANYMEDE_MEASURE_H

#include "ganymede/metrics.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_comparison gm_comparison;

// The few numbers that stand for a sample of many values.
typedef enum gm_comparison_features {
    GM_COMPARISON_PCA = 0,    // the values themselves up to 16, else the real side's 16 leading principal components
    GM_COMPARISON_CLASSIFIER, // the last hidden layer of a classifier of the data set, trained here and kept on disk
} gm_comparison_features;

// Zeroed fields mean the default.
typedef struct gm_comparison_options {
    const char *device; // a selector, as gm_device_open takes
    gm_device *opened;  // an open device to use instead; it stays the caller's and must outlive the comparison
    size_t samples;     // at most so many of each side; 0 = 10,000
    size_t k;           // which neighbour the estimates look at; 0 = 5
    bool paired;        // row i of one side belongs to row i of the other
    gm_comparison_features features;
} gm_comparison_options;

// Reads both sides and prepares their features. A side is
//   a run folder or one of its checkpoints: the samples of seeds 0, 1, 2, ..., and so always the same ones,
//   a data set, by name or path as gm_dataset_open takes it, its training split; so are an .npy array (N x d, N x C x H
//   x W) and a .csv table of numbers (a row per sample), which are taken as they are; and a .csv table with columns of
//   several types, as run folders of these are: both sides must have the same columns.
// Of a larger data set a fixed random part is taken; paired, the first rows. Beside a run, a data set's images are
// fitted to the run's size. Images are compared in one range of values: the run's, else 0 to 1, into which bytes (0 to
// 255) and floats within [0, 1], [-1, 1] or [0, 255] are converted; floats that lie in none of these stay as they are.
// Fails with the file and line that is at fault, for sides that differ in shape (with both shapes), for pairs that
// differ in number, when bytes stand beside floats of no known range, and when there is no classifier to be had.
GM_API gm_status gm_comparison_open(gm_comparison **comparison, const char *real, const char *fake,
                                    const gm_comparison_options *options);
GM_API void gm_comparison_close(gm_comparison **comparison);

typedef struct gm_comparison_info {
    const char *real, *fake; // as given; belong to the comparison, like all strings here
    size_t real_count, fake_count;
    size_t channels, height, width; // of one sample; vectors of d values are d x 1 x 1
    size_t frames;                  // of clips; 0: samples are none
    bool ranged;                    // images, whose values of black and white are
    double low, high;               //
    size_t k;                       //
} gm_comparison_info;
GM_API void gm_comparison_get_info(const gm_comparison *comparison, gm_comparison_info *info);

typedef struct gm_figure {
    const char *key;      // "reverse_kl"
    gm_measure value;     //
    gm_measure control;   // the same figure of two disjoint random halves of the real side; may be missing
    const char *features; // what it was measured on: "identity", "pca-16", "classifier of mnist (accuracy .98)"
    const char *help;     // what it is, and what a bad value looks like
} gm_figure;

// metrics: keys with commas between them; NULL: all that apply to these sides. Figures come in a fixed order, whatever
// order they are asked in; they belong to the comparison and hold until the next call.
// Of tables, numbers are divided by the real side's deviation and categories are one-hot.
// Fails for a key that is unknown or does not apply here, naming those allowed or what it lacks.
GM_API gm_status gm_comparison_measure(gm_comparison *comparison, const char *metrics, const gm_figure **figures,
                                       size_t *count);
// A column of two tables.
typedef struct gm_column_figure {
    const char *name, *type; // "category"
    double variation;        // total variation, 0 to 1: half the sum over categories, or over up to 20 bins between
                             // the real side's quantiles, of the differences of shares; missing cells are one, too
    double control;          // the same of two disjoint random halves of the real side
    double real_missing, fake_missing; // shares of missing cells
    // Of numbers the largest difference of the shares below a value (Kolmogorov and Smirnov), 0 to 1, and the control;
    // NaN of categories.
    double distance, distance_control;
} gm_column_figure;
// A figure for each column that is not set aside; none where the sides are no tables. They belong to the comparison.
GM_API gm_status gm_comparison_columns(gm_comparison *comparison, const gm_column_figure **figures, size_t *count);
// A figure of two tables, or what a small network that learned a column from the others on the fake rows tells of real
// ones. NaN: missing.
typedef struct gm_row_figure {
    const char *key;    // "detection_auc"
    const char *column; // that is told; NULL: none
    double value;       // of the fake side beside half of the real one
    double control;     // of the other half of the real side in its place
    double trivial;     // of that half with each column in an order of its own: the shares are right, nothing else
    const char *help;   // what a bad value looks like
} gm_row_figure;
// Figures of both sides as rows; none where they are no tables, or have too few rows. targets: columns that are told,
// with commas between them; NULL: the last of categories and the last of numbers. They belong to the comparison. Fails
// for a target that is none of the columns.
GM_API gm_status gm_comparison_rows(gm_comparison *comparison, const char *targets, const gm_row_figure **figures,
                                    size_t *count);
// The samples of a class, as a classifier that learned from the real images sees them.
typedef struct gm_class_figure {
    const char *name;
    size_t asked, real; // samples of the class, fake and real
    double fidelity;    // the share of the fake ones that the classifier names so; NaN without any, as all here
    double real_named;  // that of the real ones
    double chance;      // what guessing would reach
    double spread;      // root mean squared distance from the class's mean, among the classifier's features
    double real_spread; //
} gm_class_figure;
// A figure for each class of the fake side's labels: of a conditional run those it was told, of a data set its own.
// Samples of classes that the side whose labels the classifier learned has not are left out, with a warning. None where
// it has no labels or none of these, or no classifier served the measures. They belong to the comparison. Call it
// behind gm_comparison_measure.
GM_API gm_status gm_comparison_classes(gm_comparison *comparison, const gm_class_figure **figures, size_t *count);
enum { GM_TEXT_GRAMS = 6 };
// What a collection of texts is made of.
typedef struct gm_text_figure {
    char name[32];                 // "samples", "control", "chain of order 3"
    double ngrams[GM_TEXT_GRAMS];  // Jensen-Shannon divergences, in bits, of n-grams from the real texts', n from 1 on
    double known_words;            // share of whole words that the training text has; NaN: none, or words are symbols
    double copies;                 // share of texts whose first 32 symbols stand in the training text just so
    double distinct_4, distinct_6; // different runs of so many symbols as a share of all
} gm_text_figure;
// Of texts: the fake ones, the control (n-grams of windows of the training text; words and copies of the real texts),
// of a run that was pretrained what that left (its checkpoint 0),
// and Markov chains of order 1 to 5 that are counted on the training text, as many texts of the same length of each.
// None where the sides are no texts. They belong to the comparison. Call it behind gm_comparison_measure.
GM_API gm_status gm_comparison_texts(gm_comparison *comparison, const gm_text_figure **figures, size_t *count);
// What clips are like, beside the real ones.
typedef struct gm_clip_figure {
    char name[32]; // "samples", "control", "frozen first frame"
    double frames, differences,
        clips;     // Frechet distances, along at most 32, 32 and 64 principal components of the real
                   // ones, of frames, of differences between a frame and the next, of whole clips
    double energy; // how much the energy of a clip's frames varies (gm_measure_energy)
    double paths;  // share of straight paths (gm_measure_paths); NaN: what moves is not known to go
                   // straight
} gm_clip_figure;
// Of clips of two frames or more: the fake ones; the control, one half of the real ones beside the other; and beside
// that half what is made of the other one: its first frames frozen, its frames in random order, frames of different
// clips, the mean clip, and each clip's values in random places. NaN: missing. None where the sides are no clips. They
// belong to the comparison. Call it behind gm_comparison_measure.
GM_API gm_status gm_comparison_clips(gm_comparison *comparison, const gm_clip_figure **figures, size_t *count);

// What a classifier of the real sounds says of a collection, in the mean.
typedef struct gm_sound_figure {
    char name[32];     // "samples", "halves of two, glued"
    size_t count;      // sounds; 0: there are none, and the figures are NaN
    double frechet;    // distance from the real side among the classifier's features
    double score;      // as class_score
    double entropy;    // as class_entropy, nats
    double confidence; // as class_confidence
} gm_sound_figure;
// Of sounds: the fake ones; held-out real ones; and real ones with random phases, glued from halves of two, with noise
// added, and silenced. None unless the real side is a data set of sounds and a classifier served the measures. They
// belong to the comparison. Call it behind gm_comparison_measure.
GM_API gm_status gm_comparison_sounds(gm_comparison *comparison, const gm_sound_figure **figures, size_t *count);
// Fails when `metrics` holds a word that is no key, with the list of keys: to be asked before any work.
GM_API gm_status gm_comparison_check(const char *metrics);
// Every key with what it is and what a bad value looks like, one a line. The caller frees it.
GM_API gm_status gm_comparison_keys(char **text);

#ifdef __cplusplus
}
#endif
#endif

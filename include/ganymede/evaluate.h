// Evaluating trained models on data that training has not seen: what the kind of model can tell about itself.
//
//     gm_evaluation *evaluation;
//     GM_TRY(gm_evaluation_create(&evaluation, "runs/00001-vae-fashion", NULL));
//     const gm_evaluation_figure *figures = gm_evaluation_figures(evaluation, &count);
//     gm_evaluation_destroy(&evaluation);
#ifndef GANYMEDE_EVALUATE_H
#define GANYMEDE_EVALUATE_H

#include "ganymede/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_evaluation gm_evaluation;

// Zeroed fields mean the default.
typedef struct gm_evaluation_options {
    const char *device; // a selector, as gm_device_open takes
    gm_device *opened;  // an open device to use instead; it stays the caller's, and is not needed once this returned
    const char *data;   // a data set's name or path, instead of the recipe's
    size_t count;       // only so many items, the first ones; 0: all, of a completion 1,000
    bool search;        // as a completion by latent search (gm_completer_options), of any run that makes images; of the
                        // images' own size, where they all have one, and 100 of them unless count says another number
    size_t restarts;    // of a search: starts per image; 0: 1
    size_t samples;     // of a vae's bounds: k, draws of z per item; 0: 64
} gm_evaluation_options;

// Evaluates a run's newest checkpoint, or one checkpoint file, on items that training has not seen: the test split; of
// a run on the test split, the training split. The same call gives the same numbers on the same device.
//   a vae: elbo, iwae, reconstruction, divergence, in nats per item.
//     elbo = -reconstruction - divergence <= ln p(x)
//     iwae = E ln (1/k) sum_i p(x, z_i) / q(z_i|x) <= ln p(x), tighter the larger k (Burda et al. 2016)
//     Of grey images a bernoulli likelihood is no density, unless the recipe binarizes them.
//   a completion: l1, psnr and frechet of the hidden middle half, in height and width, of the first 1,000 images, each
//   of
//     the run and beside it of plain fills (`of`): the mean of the known pixels, Laplace's equation, the nearest and
//     the mean of the 10 nearest images trained on, ridge regression. l1 and psnr (in dB, averaged over the images) are
//     over the hidden pixels, black to white being 1; frechet, where the data have classes, is of whole images,
//     completed beside real, on the features of a classifier of the data.
//   a classifier: accuracy, the recall of each class, and the confusion matrix.
//   a conditional generator: of each class label_fidelity, the share of its samples that a classifier of the data (of
//     both splits) names as asked, spread, their root mean squared distance from each other's mean among its features,
//     and both of real images; and the Frechet distance on those features.
// options may be NULL. Fails when the kind of model has nothing to tell (a GAN without classes), when the data do not
// fit, when the run's data have no part that it has not seen (name others), and as opening a run, data or a device
// does.
GM_API gm_status gm_evaluation_create(gm_evaluation **evaluation, const char *run,
                                      const gm_evaluation_options *options);
GM_API void gm_evaluation_destroy(gm_evaluation **evaluation);

typedef struct gm_evaluation_info {
    uint64_t step;    // of the checkpoint
    size_t count;     // items looked at
    const char *what; // these are, if not items of data: "samples"; else NULL
    size_t samples;   // draws per item; 0: none
    const char *unit; // of the figures: "nats per item", "share of the items"
} gm_evaluation_info;
GM_API void gm_evaluation_get_info(const gm_evaluation *evaluation, gm_evaluation_info *info);

// Strings belong to the evaluation, and so does the array of figures.
typedef struct gm_evaluation_figure {
    const char *key;   // "elbo"; "recall"
    const char *label; // for people: "ELBO"
    const char *of;    // the class, or of completions the fill, that it is of; NULL: of all
    double value;      // NaN: it could not be estimated
    double error;      // standard error; NaN as above
    const char *help;  // "<= ln p(x)"
} gm_evaluation_figure;
GM_API const gm_evaluation_figure *gm_evaluation_figures(const gm_evaluation *evaluation, size_t *count);
// The first figure of that key, NULL where there is none.
GM_API const gm_evaluation_figure *gm_evaluation_find(const gm_evaluation *evaluation, const char *key);

// How often items of a class were taken for which: counts[truth * classes + answer]. Belongs to the evaluation.
typedef struct gm_confusion {
    size_t classes;
    const char *const *names; // of the classes
    const size_t *counts;     // (classes, classes)
    const size_t *others;     // (classes): how often they were taken for a class that these data do not have
} gm_confusion;
// NULL where the model has none.
GM_API const gm_confusion *gm_evaluation_confusion(const gm_evaluation *evaluation);
// Draws it as a PNG: a row per truth, a column per answer, black = all items of the row. Fails where there is none.
GM_API gm_status gm_evaluation_picture(const gm_evaluation *evaluation, const char *path);

#ifdef __cplusplus
}
#endif
#endif

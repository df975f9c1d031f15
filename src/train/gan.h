// The graphs that a recipe stands for: the training step of a GAN, and the generator alone for sampling.
#ifndef GM_TRAIN_GAN_H
#define GM_TRAIN_GAN_H

#include "ganymede/data.h"
#include "ganymede/nn.h"
#include "ganymede/plan.h"
#include "train/recipe.h"

// ---- The training step ----
//
// Phases, in the order in which a step runs them:
//   substep        advances the sub-step, so that the next discriminator step draws fresh noise (only between several)
//   discriminator  one update of D on a real batch and on G(z): as two training batches, as in the DCGAN paper, where D
//                  looks across samples (batch norm), else as one of twice the size
//   generator      one update of G on the same G(z), judged by the D just updated; step + 1, sub-step = 0
//
// Running statistics: G's are stored once per generator step. D's see the real, then the fake batch of D's phase; the
// statistics of the fakes that D judges again in G's phase are dropped, so that both kinds weigh the same.
// (PyTorch's layers would add them; nothing but D in inference, which training never uses, could tell.)
typedef struct gm_gan {
    gm_graph *graph;
    gm_network *generator, *discriminator;
    gm_phase *substep, *discriminator_phase, *generator_phase; // substep: NULL when there is one discriminator step
    gm_tensor *data, *indices; // the data set on the device and which of its items are the batch; NULL unless resident
    gm_tensor *batch;          // the batch itself; NULL when resident
    gm_tensor *discriminator_loss, *generator_loss, *real_score, *fake_score; // fetched; scores: mean sigmoid(logit)
} gm_gan;

// Fails with the recipe's line when a layer does not fit, and when the networks do not fit the data.
gm_status gm_gan_init(gm_gan *gan, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);
void gm_gan_finish(gm_gan *gan);
// The number of trainable values of a network.
size_t gm_gan_parameter_count(const gm_network *network);

// ---- Sampling ----

#define GM_SAMPLING_BATCH 64

typedef struct gm_sampling {
    gm_graph *graph;
    gm_network *generator;
    gm_phase *phase;
    gm_tensor *latent;  // input (GM_SAMPLING_BATCH, size)
    gm_tensor *samples; // fetched (GM_SAMPLING_BATCH, ...)
} gm_sampling;

gm_status gm_sampling_init(gm_sampling *sampling, const gm_recipe *recipe);
void gm_sampling_finish(gm_sampling *sampling);
// Samples of `seeds`, one batch after the other (the last one filled up), row-major into `samples`.
// Latent i of a seed is word i of the stream "sample" under the run's seed, with the sample's seed as counter: it
// depends on nothing else.
gm_status gm_sampling_run(const gm_sampling *sampling, const gm_recipe *recipe, gm_plan *plan, const uint64_t *seeds,
                          size_t count, float *samples);
// Channels, height and width of one sample; d x 1 x 1 for vectors.
void gm_sampling_shape(const gm_sampling *sampling, size_t item[3]);
// A picture: images in the recipe's range as a grid (rows x columns, 0 = near a square), points of the plane as dots.
gm_status gm_sampling_picture(const gm_recipe *recipe, const size_t item[3], const char *path, const float *samples,
                              size_t count, size_t rows, size_t columns);

#endif

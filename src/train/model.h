// The graphs that a recipe stands for: the training step, and the generator alone for sampling.
#ifndef GM_TRAIN_MODEL_H
#define GM_TRAIN_MODEL_H

#include "ganymede/data.h"
#include "ganymede/nn.h"
#include "ganymede/plan.h"
#include "train/recipe.h"

// ---- The training step ----

enum { GM_MODEL_NETWORKS = 4, GM_MODEL_PHASES = 4, GM_MODEL_NUMBERS = 8 };

// A phase that runs in the updates (or steps) whose number is a multiple of `every`.
typedef struct gm_model_phase {
    gm_phase *phase;
    size_t every;
} gm_model_phase;

// A number that a step shows: a fetched scalar. `label` is short, for the progress line.
typedef struct gm_model_number {
    const char *name, *label;
    gm_tensor *x;
    bool is_loss; // must stay finite
} gm_model_number;

// A step makes `updates` updates, each on a fresh real batch, with `substep` between two of them, which advances the
// sub-step so that each draws fresh noise; then come the phases of `finish`, the first of which advances the step.
typedef struct gm_model {
    gm_graph *graph;
    gm_network *networks[GM_MODEL_NETWORKS];
    gm_tensor *data, *indices; // the data set on the device and which of its items are the batch; NULL unless resident
    gm_tensor *batch;          // the batch itself; NULL when resident
    gm_phase *substep;         // NULL when there is one update
    gm_model_phase update[GM_MODEL_PHASES], finish[GM_MODEL_PHASES];
    gm_model_number numbers[GM_MODEL_NUMBERS];
    size_t updates, network_count, update_count, finish_count, number_count;
} gm_model;

// Fails with the recipe's line when a layer does not fit, and when the networks do not fit the data.
gm_status gm_model_init(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);
void gm_model_finish(gm_model *model);
// NULL where the model has none of that name.
gm_network *gm_model_network(const gm_model *model, const char *name);
gm_tensor *gm_model_find_number(const gm_model *model, const char *name);
// The number of trainable values of a network.
size_t gm_model_parameter_count(const gm_network *network);

// ---- What models are built from ----

gm_status gm_model_add_network(gm_model *model, const char *name, const gm_recipe_network *layers,
                               gm_weight_initializer initializer, gm_network **network);
void gm_model_add_update(gm_model *model, gm_phase *phase, size_t every);
void gm_model_add_finish(gm_model *model, gm_phase *phase, size_t every);
// Fetched by the phase.
void gm_model_add_number(gm_model *model, gm_phase *phase, gm_model_number number);
// Applies the network in training; its faults begin with the recipe's line.
gm_status gm_model_apply(gm_tensor **result, gm_network *network, gm_tensor *x, gm_tensor *counter,
                         const gm_recipe_network *layers);
// The real batch, in the recipe's range: x = low + byte (high - low) / 255. Declares the model's inputs.
gm_tensor *gm_model_real_batch(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);
// One update of the parameters of all these networks down the gradient of the loss, a mean over the batch.
gm_status gm_model_descend(const gm_recipe *recipe, gm_phase *phase, gm_network *const *networks, size_t network_count,
                           gm_tensor *loss, const gm_optimizer *optimizer, const char *prefix, gm_tensor *updates);
// "1x28x28": the shape of one sample.
typedef struct gm_sample_text {
    char text[96];
} gm_sample_text;
gm_sample_text gm_model_sample_text(const gm_tensor *x);

// gan.c: see there
gm_status gm_gan_build(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);

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

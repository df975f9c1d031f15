// The graphs that a recipe stands for: the training step, and samples.
#ifndef GM_MODEL_MODEL_H
#define GM_MODEL_MODEL_H

#include "ganymede/data.h"
#include "ganymede/nn.h"
#include "ganymede/plan.h"
#include "recipe/recipe.h"

// ---- The training step ----

enum { GM_MODEL_NETWORKS = 4, GM_MODEL_NUMBERS = 8 };

// One action of a step. Of the places that it has in the step it is number `index` of `per_step`; it runs only when
// step per_step + index is a multiple of `every`.
typedef struct gm_model_action {
    gm_phase *phase;
    bool fresh; // first, the next real batch is drawn
    size_t every, index, per_step;
} gm_model_action;

// A number that a step shows: a fetched scalar. `label` is short, for the progress line.
typedef struct gm_model_number {
    const char *name, *label;
    gm_tensor *x;
    bool is_loss; // must stay finite
} gm_model_number;

typedef struct gm_model {
    gm_graph *graph;
    gm_network *networks[GM_MODEL_NETWORKS];
    gm_tensor *data, *indices; // the data set on the device and which of its items are the batch; NULL unless resident
    gm_tensor *batch;          // the batch itself; NULL when resident
    gm_tensor *labels;         // of the data set when resident, else of the batch; NULL when nothing reads them
    gm_phase *start;           // runs once, before the first step; NULL: nothing to do
    gm_model_action *actions;  // of a step, in order
    gm_model_number numbers[GM_MODEL_NUMBERS];
    size_t network_count, action_count, action_capacity, number_count;
    size_t batches; // real ones in a step
} gm_model;

// Fails with the recipe's line when a layer does not fit, and when the networks do not fit the data.
gm_status gm_model_init(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);
void gm_model_finish(gm_model *model);
// NULL where the model has none of that name.
gm_tensor *gm_model_find_number(const gm_model *model, const char *name);
// The number of trainable values of a network.
size_t gm_model_parameter_count(const gm_network *network);

// ---- What models are built from ----

gm_status gm_model_add_network(gm_model *model, const char *name, const gm_layer_list *layers,
                               gm_weight_initializer initializer, gm_network **network);
gm_status gm_model_add_action(gm_model *model, gm_model_action action);
// Fetched by the phase.
void gm_model_add_number(gm_model *model, gm_phase *phase, gm_model_number number);
// Applies the network in training; its faults begin with the recipe's line. labels: NULL where it needs none.
gm_status gm_model_apply(gm_tensor **result, gm_network *network, gm_tensor *x, gm_tensor *labels, gm_tensor *counter);
// The real batch, in the recipe's range: x = low + byte (high - low) / 255. Declares the model's inputs.
gm_tensor *gm_model_real_batch(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);
// Its labels, int32 (batch). Behind gm_model_real_batch.
gm_tensor *gm_model_real_labels(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data);

// Element i of an int32 vector, as a scalar; and two such scalars as a vector.
gm_tensor *gm_model_element(gm_tensor *vector, size_t i);
gm_tensor *gm_model_pair(gm_tensor *a, gm_tensor *b);

// An update of a network's parameters down the gradient of a loss.
typedef struct gm_model_descent {
    gm_phase *phase;
    gm_phase *gather;     // adds up the gradients of all batches but the last; NULL: there is one
    size_t micro_batches; // all of them
    gm_network *network;
    gm_tensor *loss;
    double scale; // a power of two, by which the loss is multiplied and the gradients are divided
    const gm_optimizer *optimizer;
    const char *prefix; // of the optimiser's variables
    gm_tensor *updates; // made before
} gm_model_descent;
gm_status gm_model_descend(const gm_model_descent *descent);
// The `scale` that the recipe's precision wants.
double gm_model_loss_scale(const gm_recipe *recipe);
// Declares the averages of a network's parameters and statistics, NETWORK_average..., and appends their next values to
// the phase; `start` makes them equal.
gm_status gm_model_average(gm_network *network, gm_phase *phase, gm_phase *start, const gm_average_params *params);
// "1x28x28": the shape of one sample.
typedef struct gm_sample_text {
    char text[96];
} gm_sample_text;
gm_sample_text gm_model_sample_text(const gm_tensor *x);

// gan.c, autoencoder.c: see there
gm_status gm_gan_build(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);
gm_status gm_autoencoder_build(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident);

// ---- What autoencoders are built from, wherever they run ----

// x in the data's range -> what is to be reproduced: x, or x drawn as zeros and ones.
gm_tensor *gm_autoencoder_target(const gm_recipe *recipe, gm_tensor *x, gm_tensor *counter);
// -> what the encoder sees: the target, or the target with noise.
gm_tensor *gm_autoencoder_input(const gm_recipe *recipe, gm_tensor *target, gm_tensor *counter);
// The encoder's result as mean and log variance of z, (N, size) each; log_variance is NULL unless variational. Fails
// with the recipe's line when the number of values is another.
gm_status gm_autoencoder_code(const gm_recipe *recipe, gm_tensor *encoded, gm_tensor **mean, gm_tensor **log_variance);
// ln p(target|z) of the decoder's output -> (N)
gm_tensor *gm_autoencoder_log_likelihood(const gm_recipe *recipe, gm_tensor *target, gm_tensor *output);
// The mean of that likelihood, in the data's range: what is shown.
gm_tensor *gm_autoencoder_mean(const gm_recipe *recipe, gm_tensor *output);

// ---- Latent codes ----

// noise (N, latent.size) -> z (N, gm_recipe_latent_values): codes are drawn and put behind it.
gm_tensor *gm_codes_append(const gm_recipe *recipe, gm_tensor *noise, gm_tensor *counter);
// H(c) + E ln Q(c|G(z)) <= I(c; G(z)) in nats, c being z's codes and Q what the discriminator's head has `told` of
// G(z); of continuous codes Q is normal. Fails with the recipe's line when `told` is NULL or has other values than the
// codes.
gm_status gm_codes_bound(const gm_recipe *recipe, gm_tensor *z, gm_tensor *told, gm_tensor **bound);
// Fails unless codes (count, gm_recipe_codes) are ones that gm_codes_fill takes.
gm_status gm_codes_check(const gm_recipe *recipe, const float *codes, size_t count);
// Writes a sample's codes as z has them. codes: a category's number or a value each; NaN, or NULL for all: by the seed,
// whose digits are the categories (the first code's turn fastest), and which draws the continuous ones.
void gm_codes_fill(const gm_recipe *recipe, uint64_t seed, const float *codes, float *z);

// ---- Sampling ----

#define GM_SAMPLING_BATCH 64

// The generator, or the decoder of a vae. Other autoencoders have no distribution to draw z from: what they make are
// reconstructions of `data`.
typedef struct gm_sampling {
    gm_graph *graph;
    gm_network *generator, *encoder; // encoder: NULL unless data are reconstructed
    gm_phase *phase;
    gm_tensor *latent;  // input (GM_SAMPLING_BATCH, size)
    gm_tensor *data;    // input (GM_SAMPLING_BATCH, ...), in place of the latent; NULL: samples are drawn
    gm_tensor *labels;  // input (GM_SAMPLING_BATCH); NULL: the generator needs none
    size_t classes;     // that it knows
    gm_tensor *samples; // fetched (GM_SAMPLING_BATCH, ...)
} gm_sampling;

gm_status gm_sampling_init(gm_sampling *sampling, const gm_recipe *recipe);
void gm_sampling_finish(gm_sampling *sampling);
// Samples of `seeds`, one batch after the other (the last one filled up), row-major into `samples`.
// Latent i of a seed is word i of the stream "sample" under the run's seed, with the sample's seed as counter: it
// depends on nothing else.
// labels: of each sample; NULL: the seed modulo the number of classes. codes: see gm_codes_fill.
gm_status gm_sampling_run(const gm_sampling *sampling, const gm_recipe *recipe, gm_plan *plan, const uint64_t *seeds,
                          const int32_t *labels, const float *codes, size_t count, float *samples);
// The same with `data` (count, ...) for a sampling that reconstructs.
gm_status gm_sampling_reconstruct(const gm_sampling *sampling, gm_plan *plan, const float *data, size_t count,
                                  float *samples);
// Items of a data set as samples: floats, images in the recipe's range. labels: zeros without any; may be NULL.
gm_status gm_model_real_samples(const gm_recipe *recipe, const gm_dataset *data, const int32_t *indices, size_t count,
                                float *samples, int32_t *labels);
// Channels, height and width of one sample; d x 1 x 1 for vectors.
void gm_sampling_shape(const gm_sampling *sampling, size_t item[3]);
// A picture: images in the recipe's range as a grid (rows x columns, 0 = near a square), points of the plane as dots.
gm_status gm_sampling_picture(const gm_recipe *recipe, const size_t item[3], const char *path, const float *samples,
                              size_t count, size_t rows, size_t columns);

#endif

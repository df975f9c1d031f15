// Uses: what a trained model is for. A use is an inference graph over the run's state with named inputs and outputs;
// whoever runs it asks for it by name and does not know what kind of model it has.
//
//   name         inputs, in this order   outputs
//   generate     latent [, labels]       samples
//   blend        latent, classes         samples: as generate, but of shares of the classes (N, K) in place of labels
//   first_layer  latent [, labels]       weighted: of the first layer with weights; activations: of what follows it, up
//                                        to the next one
//   reconstruct  data                    samples
//   encode       data                    code
//   classify     data                    logits [, features]
//   score        data [, labels]         score: the discriminator's logit, larger for what it takes for real
//   complete     data, mask              samples: mask (1, height, width): not 0 where a pixel is to be filled in
//   impute       data, mask, noise       samples: mask (columns with values): not 0 where a cell is to be filled in;
//                                        noise: in [0, 1) for every value
//   translate    data                    samples; translate_back: the other way, of the second source's
//   judge        data [, labels]         ratio: ln p(real) / p(generated), as the discriminator has it
//   read         data [, labels]         surprise: of each symbol of a text, -ln p(symbol | those before it)
//   spell        symbol [, labels]       likelihoods: of every symbol, ln p(symbol | those so far); for gm_use_steps
// Language models generate without a latent, symbol by symbol, and read so: gm_use_set_positions.
#ifndef GM_MODEL_USE_H
#define GM_MODEL_USE_H

#include "ganymede/nn.h"
#include "ganymede/plan.h"
#include "model/latent.h"
#include "model/training.h"
#include "recipe/recipe.h"
#include "sample/sample.h"

// A fixed batch, as results must not depend on how many samples are asked for at once.
enum { GM_USE_BATCH = 64, GM_USE_NETWORKS = 2, GM_USE_PORTS = 16 };

typedef struct gm_use gm_use;

// How a kind of model offers a use.
typedef struct gm_use_row {
    const char *name;
    bool (*offered)(const gm_recipe *recipe); // NULL: always
    // Appends networks, inputs and outputs to the use's graph.
    gm_status (*build)(gm_use *use);
} gm_use_row;

typedef struct gm_use_port {
    const char *name;
    gm_tensor *x;  // (batch, ...)
    size_t values; // of one sample
    bool drawn;    // uniform numbers of the sample's seed
    // Of uses that go from position to position:
    bool along; // the graph sees those of one position; `values` are of all
    bool
        carried; // what the output of its name was at the position before, zeros at the first; whoever runs it has none
    float *settled; // (values) of every sample where no others are given; of the graph's arena; NULL: must be given
} gm_use_port;

// A tensor that takes the place of the input of that name.
typedef struct gm_use_given {
    const char *name;
    gm_tensor *x;
} gm_use_given;

struct gm_use {
    const gm_use_row *row;
    const gm_recipe *recipe;
    gm_graph *graph;
    bool appended;             // to a graph of its owner's
    const gm_use_given *given; // while it is built
    size_t given_count;
    gm_network *networks[GM_USE_NETWORKS];
    gm_phase *phase;
    size_t batch;     // samples of one run of the graph
    size_t positions; // how often it runs for a sample, position by position; 0: once
    gm_use_port inputs[GM_USE_PORTS], outputs[GM_USE_PORTS];
    size_t network_count, input_count, output_count;
    gm_sample format; // of the data that goes in, else of the samples that come out
    // Of uses with a latent: its first noise.size values are noise, 0: all, the others codes; how it is made for a
    // sample's own seed, and what may be set in it.
    // codes (categorical_codes + continuous_codes): a category's number or a value each, NaN: as the seed has it.
    gm_latent noise;
    void (*fill_latent)(const gm_recipe *recipe, uint64_t seed, const float *codes, float *latent);
    gm_status (*check_codes)(const gm_recipe *recipe, const float *codes, size_t count); // NULL: it has none
    size_t categorical_codes, continuous_codes;
    // Of rows of tables: the codes that make rows with that category of that column likelier; false: there are none.
    // NULL: of no column.
    bool (*ask)(const gm_recipe *recipe, size_t column, size_t category, float *codes);
    size_t classes;  // that `labels` may name; 0: there is no such input
    int32_t *chosen; // of these, those that were trained on: chosen_count of them, in their order; none: all
    size_t chosen_count;
    // The output is a ratio only up to what smoothed labels leave of it: a bound from it stays one, a divergence is
    // off.
    bool smoothed;
};

// data: the format of the data that goes in. NULL where it is not known: then it is what the model's own output has,
// and uses of models without one fail.
gm_status gm_use_init(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data);
// The same for `batch` samples at once instead of GM_USE_BATCH: for samples of which so many take too much memory.
gm_status gm_use_init_batch(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data,
                            size_t batch);
// The use as a part of another graph, which stays its owner's and must outlive it: of its inputs some are tensors of
// that graph (N, ...), at least one, so that uses follow one another and gradients pass through them. It has no phase:
// whoever asks for it fetches what is wanted.
gm_status gm_use_append(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data,
                        const gm_use_given *given, size_t count);
void gm_use_finish(gm_use *use);
// Where the recipe trains on some of the data's classes alone (data.classes), a generator that is told classes knows no
// others. names: of the first `count` classes, as the data or a checkpoint have them. Fails without memory.
gm_status gm_use_choose_classes(gm_use *use, const char *const *names, size_t count);

// ---- What uses are built from ----

// A network in inference, of the averaged weights where training keeps them.
gm_status gm_use_add_network(gm_use *use, const char *name, const gm_layer_list *layers, int initializer,
                             const gm_averaging *average, gm_network **network);
// The outputs of `first_layer`, of a network that begins with the latent. Fails when it has no layer with weights.
gm_status gm_use_add_first_layer(gm_use *use, const char *name, const gm_layer_list *layers, int initializer,
                                 const gm_averaging *average, gm_tensor *latent, gm_tensor *labels);
// An input of use->batch rows, or what is given in its place; its name becomes the tensor's. More than GM_USE_PORTS are
// a fault of the graph.
gm_tensor *gm_use_add_input(gm_use *use, const char *name, gm_type type, const gm_shape *item);
// Uniform numbers of each sample's own seed, of that shape (batch, ...), multiples of 2^-24 from 0 on and below 1: an
// input that gm_use_generate fills. name: lives as long as the graph.
gm_tensor *gm_use_draw(gm_use *use, const char *name, gm_shape shape);
// What the network's layers draw becomes inputs that gm_use_generate fills.
void gm_use_draw_from_seeds(gm_use *use, gm_network *network);
// A network that ends in samples: what its layers draw comes from their seeds, and where one has a mean to draw nearer
// to, the input `truncation` is settled to 1.
void gm_use_sample_from(gm_use *use, gm_network *network);
// The input `data` of use->format.
gm_tensor *gm_use_add_data(gm_use *use);
void gm_use_add_output(gm_use *use, const char *name, gm_tensor *x);
// The output `samples`, whose shape, with the recipe's range, gives use->format.
void gm_use_add_samples(gm_use *use, gm_tensor *x);

// ---- Uses that go from position to position ----

// The use runs its graph so often for each sample, which it makes or reads position by position. Before its ports are
// added; or later, which makes samples as long, and settles ports along anew, to zeros.
void gm_use_set_positions(gm_use *use, size_t positions);
// An input (N, item) of each position, or one that is carried, or one that is settled.
gm_tensor *gm_use_add_along(gm_use *use, const char *name, const gm_shape *item, bool drawn);
gm_tensor *gm_use_add_carried(gm_use *use, const char *name, const gm_shape *item);
// (N, 1): `value`, or along: zeros.
gm_tensor *gm_use_add_settled(gm_use *use, const char *name, float value, bool along);
// An output of each position.
void gm_use_add_output_along(gm_use *use, const char *name, gm_tensor *x);
// What is carried to the input of that name.
void gm_use_carry(gm_use *use, const char *name, gm_tensor *x);
// The network's recurrent layers keep their state from position to position.
void gm_use_remember(gm_use *use, gm_network *network);
// Settles the first `count` values of an input.
void gm_use_settle(gm_use *use, const char *name, const float *values, size_t count);

// How many values of a port one run of the graph has.
static inline size_t gm_use_port_bytes(const gm_use_port *port) {
    return port->values * gm_type_size(gm_tensor_type(port->x));
}
static inline size_t gm_use_port_width(const gm_use *use, const gm_use_port *port) {
    return port->along ? port->values / use->positions : port->values;
}

// As gm_use_run, of at most a batch, rows `first` ... `first + count - 1` of the arrays.
gm_status gm_use_walk(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t first, size_t count,
                      float *const *outputs);

// Positions one by one, for whoever chooses between them what comes next. Zeroed: not open.
typedef struct gm_use_steps {
    const gm_use *use;
    gm_plan *plan;
    float *carried[GM_USE_PORTS]; // (batch, ...), of the inputs that are
    float *moved;                 // room for the largest of them
} gm_use_steps;
// use, plan: stay the caller's, and outlive it. At the first position.
gm_status gm_use_steps_init(gm_use_steps *steps, const gm_use *use, gm_plan *plan);
void gm_use_steps_finish(gm_use_steps *steps);
// Back to the first position.
void gm_use_steps_begin(gm_use_steps *steps);
// Row i goes on from where row from[i] is, for all rows of the batch.
void gm_use_steps_choose(gm_use_steps *steps, const size_t *from);
// One position of a whole batch: arrays (batch, ...) of the inputs that are not carried, and of the outputs that are
// wanted.
gm_status gm_use_steps_run(gm_use_steps *steps, const void *const *inputs, float *const *outputs);

// ---- Running ----

// Whether it makes samples of seeds.
bool gm_use_generates(const gm_use *use);
// How many values a latent has; 0: there is none, and seeds alone make a sample.
size_t gm_use_latent_values(const gm_use *use);
// Fails where there is none, naming the recipe.
gm_status gm_use_check_latents(const gm_use *use);
// NULL where the use has none of that name.
const gm_use_port *gm_use_find_input(const gm_use *use, const char *name);
const gm_use_port *gm_use_find_output(const gm_use *use, const char *name);
// inputs, outputs: GM_USE_PORTS arrays (count, ...), row-major, in the order of the ports; an output may be NULL.
// Sample i of the outputs depends on sample i of the inputs alone. plan: one of use->graph.
gm_status gm_use_run(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t count, float *const *outputs);
// How many values of the input `latent` are noise.
size_t gm_use_noise_values(const gm_use *use);
// The label of a seed for which none is given: the seed modulo the number of classes, or of those trained on.
int32_t gm_use_label(const gm_use *use, uint64_t seed);
// Fails when there is one that the use does not have, or that it was not trained on.
gm_status gm_use_check_labels(const gm_use *use, const int32_t *labels, size_t count);
// What samples are made of beside the weights, an entry or row each.
typedef struct gm_use_origins {
    const float *latents;  // (count, values of the input)
    const int32_t *labels; // of uses with that input
    const float *classes;  // (count, classes), likewise
    const uint64_t *seeds; // whose numbers the layers draw; NULL: 0
} gm_use_origins;
// Samples of latents, for `generate` and `blend`: sample i depends on nothing but the weights and row i.
gm_status gm_use_generate_from(const gm_use *use, gm_plan *plan, const gm_use_origins *origins, size_t count,
                               float *samples);
// The latents of seeds, (count, values of the input). codes: as below. Fails for codes that the model has not.
gm_status gm_use_fill_latents(const gm_use *use, const uint64_t *seeds, const float *codes, size_t count,
                              float *latents);
// Samples of `seeds`, for `generate`: sample i depends on nothing but the weights, seeds[i], labels[i] and codes[i].
// labels: NULL: gm_use_label of the seed. codes: NULL: as the seeds have them. Fails when labels or codes
// are given to a model without, or are outside of what it has.
gm_status gm_use_generate(const gm_use *use, gm_plan *plan, const uint64_t *seeds, const int32_t *labels,
                          const float *codes, size_t count, float *samples);

#endif

// A training step as a graph: what every kind of model builds, and what they build it from.
#ifndef GM_MODEL_MODEL_H
#define GM_MODEL_MODEL_H

#include "data/decode.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "ganymede/plan.h"
#include "model/augmentation.h"
#include "privacy/plan.h"

// ---- The training step ----

enum { GM_MODEL_NETWORKS = 8, GM_MODEL_SOURCES = 2, GM_MODEL_SETTINGS = 24 };

// What a step reads of one source.
typedef struct gm_model_input {
    gm_tensor *data, *indices; // the data set on the device and which of its items are the batch; NULL unless resident
    gm_tensor *batch;          // the batch itself; NULL when resident
    gm_tensor *labels;         // of the data set when resident, else of the batch; NULL when nothing reads them
} gm_model_input;

// One action of a step. Of the places that it has in the step it is number `index` of `per_step`; it runs only when
// step per_step + index is a multiple of `every`.
typedef struct gm_model_action {
    gm_phase *phase;
    bool fresh; // first, the next real batch is drawn
    size_t every, index, per_step;
    const char *counted; // the setting whose value, rounded, says how many of these places run; NULL: all
    bool before;         // it runs in the steps of pretraining, and in no others
} gm_model_action;

#define GM_MODEL_SETTING "setting." // what the names of variables that are settings begin with

// A number of the recipe that may move while training runs. Where it does it is a variable of the state, so that
// checkpoints hold it and plans stay what they are; whoever trains writes it.
typedef struct gm_model_setting {
    const char *name;    // the recipe's key, "entropy_term.weight"
    double value;        // the recipe's
    double least, most;  // what it may become
    bool whole;          // how often something is done: where it goes is a whole number, on the way it is rounded
    gm_tensor *variable; // float32 scalar, "setting.NAME"; NULL: it stays
} gm_model_setting;

// A setting that shall move, between the recipe's value and `to`.
typedef struct gm_model_moving {
    const char *name;
    double to;
} gm_model_moving;

// A number that a step shows: a fetched scalar. `label` is short, for the progress line.
typedef struct gm_model_number {
    const char *name, *label;
    gm_tensor *x;
    bool is_loss; // must stay finite
} gm_model_number;

// What a private step reads beside its batch, which is an update's: its items, each at some place, and zeros at the
// others of the plan's capacity.
typedef struct gm_model_privacy {
    gm_private_plan plan; // capacity 0: training is not private
    gm_tensor *mask;      // float32 (capacity): 1 where there is an item, else 0
    gm_tensor *noise;     // float32 (values): normal, of deviation plan.noise plan.clip
    size_t values;
} gm_model_privacy;

// Steps before the first, which are not counted among the others: those of the actions that run `before`.
typedef struct gm_model_pretraining {
    size_t steps;                      // 0: none
    gm_tensor *done;                   // int32 scalar, a variable: taken so far
    size_t first_number, number_count; // its numbers among the model's
} gm_model_pretraining;

// What is learnt of the data before the first step, in one pass over all of them, a batch at a time; whoever trains
// runs it. Without a phase `gather` there is nothing.
typedef struct gm_model_survey {
    gm_phase *begin;  // runs once, before the first batch; in private with the noise of model->privacy
    gm_phase *gather; // of each batch of the first source: items in their order, zeros behind the last
    gm_tensor *mask;  // float32 (batch): 1 where there is an item, else 0
} gm_model_survey;

typedef struct gm_model {
    gm_graph *graph;
    gm_network *networks[GM_MODEL_NETWORKS];
    gm_model_input inputs[GM_MODEL_SOURCES];
    gm_model_privacy privacy;
    gm_model_survey survey;
    gm_tensor *counter;       // see gm_model_counter; NULL: not asked for yet
    gm_phase *start;          // runs once, before the first step; NULL: nothing to do
    gm_model_action *actions; // of a step, in order
    gm_model_number *numbers;
    size_t network_count, action_count, action_capacity, number_count, number_capacity;
    gm_model_pretraining pretraining;
    size_t batches;                               // real ones in a step, at most
    gm_model_setting settings[GM_MODEL_SETTINGS]; // that may move
    size_t setting_count;
    const gm_model_moving *moving; // which of them do, while the model is built
    size_t moving_count;
} gm_model;

// What a model learns from.
typedef struct gm_model_source {
    const gm_dataset_info *data;
    gm_sample format; // of its items
    size_t batch;
    bool resident;                        // the data set lies on the device
    bool half_storage;                    // large values lie in memory as 16-bit floats
    bool few_passes;                      // over memory, rather than the last digit of variances: for GPUs
    const struct gm_model_source *second; // of kinds with two sources: its data, format and residency; else NULL
    const gm_augmentation *augment;       // of the real batch; NULL: nothing
    const size_t *class_counts;           // items of each of the data's classes; NULL: not known
    const gm_model_moving *moving;        // settings that shall move
    size_t moving_count;
} gm_model_source;

void gm_model_finish(gm_model *model);
// Whether number `index` is one of pretraining.
static inline bool gm_model_is_before(const gm_model *model, size_t index) {
    return index - model->pretraining.first_number < model->pretraining.number_count;
}
// NULL where the model has none of that name.
gm_tensor *gm_model_find_number(const gm_model *model, const char *name);
// The number of trainable values of a network.
size_t gm_model_parameter_count(const gm_network *network);

// ---- What models are built from ----

gm_status gm_model_add_network(gm_model *model, const char *name, const gm_layer_list *layers,
                               gm_weight_initializer initializer, gm_network **network);
gm_status gm_model_add_action(gm_model *model, gm_model_action action);
// Fetched by the phase.
gm_status gm_model_add_number(gm_model *model, gm_phase *phase, gm_model_number number);
// Applies the network in training; its faults begin with the recipe's line. labels: NULL where it needs none.
gm_status gm_model_apply(gm_tensor **result, gm_network *network, gm_tensor *x, gm_tensor *labels, gm_tensor *counter);
// To two batches of like samples: as one batch, unless the network looks across samples.
gm_status gm_model_apply_both(gm_tensor *results[2], gm_network *network, gm_tensor *const x[2], gm_tensor *counter);
// The variable `step`, int32 (2): updates made, and batches within the present one; for what draws noise or counts.
// Whoever builds the step assigns it.
gm_tensor *gm_model_counter(gm_model *model);
// The real batch as networks see it, augmented where the recipe says so. Declares the model's inputs.
gm_tensor *gm_model_real_batch(gm_model *model, const gm_model_source *source);
// The batch of the second source, with the same cursor.
gm_tensor *gm_model_second_batch(gm_model *model, const gm_model_source *source);
// The first one's labels, int32 (batch). Behind gm_model_real_batch.
gm_tensor *gm_model_real_labels(gm_model *model, const gm_model_source *source);

// A setting as a model's graph has it: `constant` stands where the number stood, and gm_model_turn brings in what moves
// on top of it.
typedef struct gm_model_dial {
    double constant;     // the recipe's value; 1 where it moves
    gm_tensor *variable; // the setting; NULL: it stays
} gm_model_dial;

// Offers a setting to those who would move it between `least` and `most`.
gm_model_dial gm_model_offer(gm_model *model, const char *name, double value, double least, double most);
// The same of how often something is done, from once on.
gm_model_dial gm_model_offer_count(gm_model *model, const char *name, size_t value, size_t most);
// What `name` may become: the recipe's value, or `to` where it moves and that is more.
double gm_model_reach(const gm_model *model, const char *name, double value);
gm_tensor *gm_model_turn(const gm_model_dial *dial, gm_tensor *x);
// NULL where the model offers none of that name.
const gm_model_setting *gm_model_find_setting(const gm_model *model, const char *name);

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
// The `scale` that the source's precision wants.
double gm_model_loss_scale(const gm_model_source *source);
// Declares the averages of a network's parameters and statistics, NETWORK_average..., and makes them equal in the
// phase.
gm_status gm_model_average_begin(gm_network *network, gm_phase *phase);
// Declares the averages of a network's parameters and statistics, NETWORK_average..., and appends their next values to
// the phase; `start` makes them equal.
gm_status gm_model_average(gm_network *network, gm_phase *phase, gm_phase *start, const gm_average_params *params);

// "1x28x28": the shape of one sample.
typedef struct gm_sample_text {
    char text[96];
} gm_sample_text;
gm_sample_text gm_model_sample_text(const gm_tensor *x);

#endif

// Update rules and learning-rate schedules as graph expressions, with PyTorch's formulas and defaults.
#ifndef GANYMEDE_OPTIM_H
#define GANYMEDE_OPTIM_H

#include "ganymede/graph.h"
#include "ganymede/parameter.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gm_schedule_kind {
    GM_SCHEDULE_CONSTANT = 0,
    GM_SCHEDULE_STEP,        // rate factor^floor(t / period)
    GM_SCHEDULE_EXPONENTIAL, // rate factor^(t / period)
    GM_SCHEDULE_COSINE,      // from rate at t = 0 to rate factor at t = period by half a cosine, then constant
    GM_SCHEDULE_LINEAR,      // the same on a straight line
} gm_schedule_kind;

// t = updates already made. Zeroed: constant.
typedef struct gm_schedule {
    gm_schedule_kind kind;
    double factor;
    size_t period; // steps, 0 is not allowed except for a constant
    size_t warmup; // rises linearly: multiplied by min(1, (t + 1) / warmup); 0 for none
    size_t hold;   // linear, cosine: the fall begins at this step instead of 0; below the period
} gm_schedule;

// The learning rate as a float32 scalar; step: int32 scalar, updates already made.
GM_API gm_tensor *gm_schedule_rate(const gm_schedule *schedule, double rate, gm_tensor *step);

typedef enum gm_optimizer_kind {
    GM_OPTIMIZER_INVALID = 0,
    GM_OPTIMIZER_SGD,
    GM_OPTIMIZER_RMSPROP,
    GM_OPTIMIZER_ADAM,
    GM_OPTIMIZER_ADAMW,
} gm_optimizer_kind;

// Start from one of the DEFAULTS below: zero is a setting (Adam's beta1 = 0), not a default.
typedef struct gm_optimizer {
    gm_optimizer_kind kind;
    double rate;         // learning rate
    double beta1, beta2; // Adam, AdamW
    double epsilon;      // Adam, AdamW, RMSprop
    double alpha;        // RMSprop: weight of the old mean square
    double momentum;     // SGD, RMSprop
    double weight_decay; // added to the gradient; AdamW: decoupled, p shrinks by rate weight_decay p
    bool nesterov;       // SGD with momentum
    bool centered;       // RMSprop: by the variance instead of the mean square
    double clip_value;   // first each element of the gradients is kept within this of 0; 0: as it is
    double clip_norm;    // then all gradients are scaled by min(1, this / (norm of them together + 1e-6)); 0: not
    double weight_clip;  // after the update each weight is kept within this of 0, as WGAN does; 0: free
    gm_schedule schedule;
    gm_tensor *moving_rate; // float32 scalar of the graph, in place of `rate`; NULL: the rate is what it says
} gm_optimizer;

#ifndef __cplusplus
// gm_optimizer adam = GM_ADAM_DEFAULTS; adam.rate = 2e-4;
#define GM_SGD_DEFAULTS     ((gm_optimizer){.kind = GM_OPTIMIZER_SGD, .rate = 1e-3})
#define GM_RMSPROP_DEFAULTS ((gm_optimizer){.kind = GM_OPTIMIZER_RMSPROP, .rate = 1e-2, .alpha = 0.99, .epsilon = 1e-8})
#define GM_ADAM_DEFAULTS                                                                                               \
    ((gm_optimizer){.kind = GM_OPTIMIZER_ADAM, .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8})
#define GM_ADAMW_DEFAULTS                                                                                              \
    ((gm_optimizer){.kind = GM_OPTIMIZER_ADAMW,                                                                        \
                    .rate = 1e-3,                                                                                      \
                    .beta1 = 0.9,                                                                                      \
                    .beta2 = 0.999,                                                                                    \
                    .epsilon = 1e-8,                                                                                   \
                    .weight_decay = 1e-2})
#endif

// Append one update of every parameter to the phase. gradients[i] has parameters[i]'s shape. The learning rate of each
// is the optimiser's times its own factor (gm_variable_set_rate). Where that is 0 the parameter and its moments keep
// their values, its gradient is not computed, and clip_norm does not count it.
//
// `prefix` names the optimiser's own variables, shaped like the parameters, zero before the first update:
//   SGD      PREFIX.NAME.momentum                        (if momentum > 0)
//   RMSprop  PREFIX.NAME.square, .momentum (if > 0), .gradient (if centered)
//   Adam(W)  PREFIX.NAME.m, PREFIX.NAME.v
// step: int32 scalar, updates already made; NULL: the variable PREFIX.step, which the same phase advances.
// Everything but the norm for clip_norm is element-wise in the parameter's shape, with scalars broadcast, so that a
// plan can fuse it.
GM_API void gm_optimizer_apply(gm_phase *phase, const gm_optimizer *optimizer, const char *prefix, gm_tensor *step,
                               gm_tensor *const *parameters, gm_tensor *const *gradients, size_t count);

// ---- Several micro-batches per update ----
//
// Of k micro-batches, the first k - 1 run a phase that adds up their gradients; the last one's phase updates:
//   gm_gradients_accumulate(gather, "accumulated", parameters, gradients, count);
//   gm_gradients_mean(update, "accumulated", parameters, gradients, count, k, means);
//   gm_optimizer_apply(update, &optimizer, "optimizer", NULL, parameters, means, count);

// Append to the phase: the variables PREFIX.NAME, shaped like the parameters and zero at first, grow by the gradients.
// The phase is isolated (gm_phase_isolate), as the next one sees another micro-batch. Gradients of parameters with the
// rate 0 are left out.
GM_API void gm_gradients_accumulate(gm_phase *phase, const char *prefix, gm_tensor *const *parameters,
                                    gm_tensor *const *gradients, size_t count);
// means[i] = (PREFIX.NAME + gradients[i]) / micro_batches, the gradient of a loss that is the mean over all of them.
// The phase sets the variables back to zero.
GM_API void gm_gradients_mean(gm_phase *phase, const char *prefix, gm_tensor *const *parameters,
                              gm_tensor *const *gradients, size_t count, size_t micro_batches, gm_tensor **means);

// ---- Average of the weights ----

typedef struct gm_average_params {
    double decay;    // share of the average that an update keeps, at least 0 and below 1
    gm_tensor *step; // int32 scalar t, updates already made: the share is at most (1 + t) / (10 + t), so that the start
                     // is soon forgotten; NULL: the share is the decay from the first
} gm_average_params;

// Append to the phase: averages[i], a variable, moves towards values[i] (an exponential moving average).
GM_API void gm_average_assign(gm_phase *phase, gm_tensor *const *averages, gm_tensor *const *values, size_t count,
                              const gm_average_params *params);

// ---- Optimisers as data: what a recipe holds ----

typedef struct gm_optimizer_type {
    const char *name, *help; // sgd, rmsprop, adam, adamw
    gm_optimizer_kind kind;
    const gm_parameter *parameters; // of the struct gm_optimizer; positional: rate
    size_t parameter_count;
} gm_optimizer_type;

GM_API const gm_optimizer_type *gm_optimizer_types(size_t *count);
GM_API const gm_optimizer_type *gm_optimizer_type_find(const char *name); // NULL when there is none
GM_API void gm_optimizer_default(gm_optimizer *optimizer, const gm_optimizer_type *type);
// Set a setting by key (NULL: rate). The message names optimiser, key and range.
GM_API gm_status gm_optimizer_set_text(gm_optimizer *optimizer, const char *key, const char *text);
GM_API gm_status gm_optimizer_set_number(gm_optimizer *optimizer, const char *key, double value);
// Fails when settings contradict each other (Nesterov without momentum, a schedule without its period).
GM_API gm_status gm_optimizer_check(const gm_optimizer *optimizer);

#ifdef __cplusplus
}
#endif
#endif

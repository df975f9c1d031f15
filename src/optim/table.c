// The table of optimisers: what a recipe may say, and what it may not combine.
#include "base/base.h"
#include "ganymede/optim.h"

#include <string.h>

enum { MAX_STEPS = 1 << 30, MAX_CLIP = 1000000 };

static const char *const schedule_names[] = {
    [GM_SCHEDULE_CONSTANT] = "constant", [GM_SCHEDULE_STEP] = "step",     [GM_SCHEDULE_EXPONENTIAL] = "exponential",
    [GM_SCHEDULE_COSINE] = "cosine",     [GM_SCHEDULE_LINEAR] = "linear", NULL,
};

#define NUMBER(name, field, start, least, most, text)                                                                  \
    {                                                                                                                  \
        .key = name, .kind = GM_PARAMETER_NUMBER, .offset = offsetof(gm_optimizer, field), .initial = start,           \
        .minimum = least, .maximum = most, .help = text                                                                \
    }
#define RATE(start)                                                                                                    \
    {                                                                                                                  \
        .key = "rate", .kind = GM_PARAMETER_NUMBER, .offset = offsetof(gm_optimizer, rate), .initial = start,          \
        .maximum = 1000, .positional = true, .help = "learning rate"                                                   \
    }
#define WEIGHT_DECAY(start, text) NUMBER("weight_decay", weight_decay, start, 0, 1, text)
#define EPSILON                   NUMBER("epsilon", epsilon, 1e-8, 0, 1, "added to the denominator")
#define MOMENTUM                  NUMBER("momentum", momentum, 0, 0, 0.9999, "share of the last update that is kept")
#define BOOLEAN(name, field, text)                                                                                     \
    { .key = name, .kind = GM_PARAMETER_BOOLEAN, .offset = offsetof(gm_optimizer, field), .help = text }
#define BETAS                                                                                                          \
    NUMBER("beta1", beta1, 0.9, 0, 0.999999, "weight of the old mean gradient"),                                       \
        NUMBER("beta2", beta2, 0.999, 0, 0.999999, "weight of the old mean squared gradient")
#define CLIPS                                                                                                          \
    NUMBER("clip_value", clip_value, 0, 0, MAX_CLIP, "largest size of a gradient's element; 0: any"),                  \
        NUMBER("clip_norm", clip_norm, 0, 0, MAX_CLIP, "largest norm of all gradients together; 0: any"),              \
        NUMBER("weight_clip", weight_clip, 0, 0, MAX_CLIP, "largest size of a weight; 0: any")
#define SCHEDULE                                                                                                       \
    {.key = "schedule",                                                                                                \
     .kind = GM_PARAMETER_CHOICE,                                                                                      \
     .offset = offsetof(gm_optimizer, schedule.kind),                                                                  \
     .choices = schedule_names,                                                                                        \
     .help = "how the rate changes with the step"},                                                                    \
        {.key = "period",                                                                                              \
         .kind = GM_PARAMETER_INTEGER,                                                                                 \
         .offset = offsetof(gm_optimizer, schedule.period),                                                            \
         .maximum = MAX_STEPS,                                                                                         \
         .help = "steps per factor (step, exponential) or to the end (linear, cosine)"},                               \
        {.key = "factor",                                                                                              \
         .kind = GM_PARAMETER_NUMBER,                                                                                  \
         .offset = offsetof(gm_optimizer, schedule.factor),                                                            \
         .initial = 0.1,                                                                                               \
         .maximum = 1,                                                                                                 \
         .help = "what the rate is multiplied by each period; linear, cosine: what remains"},                          \
        {.key = "hold",                                                                                                \
         .kind = GM_PARAMETER_INTEGER,                                                                                 \
         .offset = offsetof(gm_optimizer, schedule.hold),                                                              \
         .maximum = MAX_STEPS,                                                                                         \
         .help = "linear, cosine: steps at the full rate before it falls"},                                            \
    {                                                                                                                  \
        .key = "warmup", .kind = GM_PARAMETER_INTEGER, .offset = offsetof(gm_optimizer, schedule.warmup),              \
        .maximum = MAX_STEPS, .help = "steps in which the rate rises linearly from 0"                                  \
    }

static const char added_decay[] = "this share of the weights is added to their gradient";

static const gm_parameter sgd_parameters[] = {
    RATE(1e-3), MOMENTUM, BOOLEAN("nesterov", nesterov, "look ahead along the momentum"), WEIGHT_DECAY(0, added_decay),
    CLIPS,      SCHEDULE,
};
static const gm_parameter rmsprop_parameters[] = {
    RATE(1e-2),
    NUMBER("alpha", alpha, 0.99, 0, 0.999999, "weight of the old mean squared gradient"),
    EPSILON,
    MOMENTUM,
    BOOLEAN("centered", centered, "divide by the gradient's deviation instead of its root mean square"),
    WEIGHT_DECAY(0, added_decay),
    CLIPS,
    SCHEDULE,
};
static const gm_parameter adam_parameters[] = {RATE(1e-3), BETAS,   EPSILON, WEIGHT_DECAY(0, added_decay),
                                               CLIPS,      SCHEDULE};
static const gm_parameter adamw_parameters[] = {
    RATE(1e-3), BETAS, EPSILON, WEIGHT_DECAY(1e-2, "weights shrink by rate times this share"), CLIPS, SCHEDULE};

static const gm_optimizer_type types[] = {
    {"sgd", "stochastic gradient descent, with momentum", GM_OPTIMIZER_SGD, sgd_parameters, GM_COUNT(sgd_parameters)},
    {"rmsprop", "gradient over its running root mean square", GM_OPTIMIZER_RMSPROP, rmsprop_parameters,
     GM_COUNT(rmsprop_parameters)},
    {"adam", "running mean over running root mean square (Kingma & Ba 2015)", GM_OPTIMIZER_ADAM, adam_parameters,
     GM_COUNT(adam_parameters)},
    {"adamw", "Adam with decoupled weight decay (Loshchilov & Hutter 2019)", GM_OPTIMIZER_ADAMW, adamw_parameters,
     GM_COUNT(adamw_parameters)},
};

const gm_optimizer_type *gm_optimizer_types(size_t *count) {
    *count = GM_COUNT(types);
    return types;
}

const gm_optimizer_type *gm_optimizer_type_find(const char *name) {
    for (size_t i = 0; i < GM_COUNT(types); i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static const gm_optimizer_type *type_of(const gm_optimizer *optimizer) {
    for (size_t i = 0; i < GM_COUNT(types); i++)
        if (types[i].kind == optimizer->kind)
            return &types[i];
    return NULL;
}

void gm_optimizer_default(gm_optimizer *optimizer, const gm_optimizer_type *type) {
    memset(optimizer, 0, sizeof *optimizer);
    optimizer->kind = type->kind;
    gm_parameter_defaults(type->parameters, type->parameter_count, optimizer);
}

// Finds the row of a key, or says which keys there are.
static gm_status find_row(const gm_optimizer *optimizer, const char *key, const gm_optimizer_type **type,
                          const gm_parameter **row) {
    *type = type_of(optimizer);
    if (*type == NULL)
        return gm_fail(GM_ERROR_ARGUMENT, "there is no optimizer of kind %d", (int)optimizer->kind);
    *row = gm_parameter_find((*type)->parameters, (*type)->parameter_count, key);
    if (*row != NULL)
        return GM_OK;
    gm_text known = {0};
    for (size_t i = 0; i < (*type)->parameter_count; i++)
        gm_text_printf(&known, "%s%s", i > 0 ? ", " : "", (*type)->parameters[i].key);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "%s has no setting '%s'; it takes %s", (*type)->name, key,
                               known.data != NULL ? known.data : "");
    gm_text_finish(&known);
    return status;
}

gm_status gm_optimizer_set_text(gm_optimizer *optimizer, const char *key, const char *text) {
    const gm_optimizer_type *type;
    const gm_parameter *row;
    GM_TRY(find_row(optimizer, key, &type, &row));
    gm_status status = gm_parameter_set_text(row, optimizer, text);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", type->name);
}

gm_status gm_optimizer_set_number(gm_optimizer *optimizer, const char *key, double value) {
    const gm_optimizer_type *type;
    const gm_parameter *row;
    GM_TRY(find_row(optimizer, key, &type, &row));
    gm_status status = gm_parameter_set_number(row, optimizer, value);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", type->name);
}

// Structs filled in C skip the setters, so every number is checked against its row here, too.
static gm_status check_numbers(const gm_optimizer *optimizer, const gm_optimizer_type *type) {
    for (size_t i = 0; i < type->parameter_count; i++) {
        const gm_parameter *row = &type->parameters[i];
        if (row->kind != GM_PARAMETER_NUMBER)
            continue;
        gm_optimizer copy = *optimizer;
        double value = *(const double *)((const char *)optimizer + row->offset);
        gm_status status = gm_parameter_set_number(row, &copy, value);
        if (status != GM_OK)
            return gm_fail_prefix(status, "%s", type->name);
    }
    return GM_OK;
}

gm_status gm_optimizer_check(const gm_optimizer *optimizer) {
    const gm_optimizer_type *type = type_of(optimizer);
    if (type == NULL)
        return gm_fail(GM_ERROR_ARGUMENT, "there is no optimizer of kind %d", (int)optimizer->kind);
    GM_TRY(check_numbers(optimizer, type));
    const gm_schedule *schedule = &optimizer->schedule;
    if (optimizer->nesterov && !(optimizer->momentum > 0))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: nesterov needs a momentum above 0", type->name);
    if ((size_t)schedule->kind >= GM_COUNT(schedule_names) - 1)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: there is no schedule of kind %d", type->name, (int)schedule->kind);
    if (schedule->kind == GM_SCHEDULE_CONSTANT)
        return GM_OK;
    const char *name = schedule_names[schedule->kind];
    if (schedule->period == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the %s schedule needs a period, in steps", type->name, name);
    bool falls = schedule->kind == GM_SCHEDULE_COSINE || schedule->kind == GM_SCHEDULE_LINEAR;
    if (!falls && schedule->hold > 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: hold is for the linear and the cosine schedule", type->name);
    if (falls && schedule->hold >= schedule->period)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the %s schedule ends at its period, which must be above hold (%zu)",
                       type->name, name, schedule->hold);
    if (!falls && !(schedule->factor > 0))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the %s schedule needs a factor above 0", type->name, name);
    return GM_OK;
}

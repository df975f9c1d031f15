// The list of regularisers of a GAN: a table of what it may hold, and what only the whole recipe can tell about them.
#include "model/gan.h"

#include "base/base.h"

#include <stddef.h>
#include <string.h>

// ---- What the rows take; offsets are those in the regulariser's own settings ----

#define NUMBER(part, name, least, most, standard, text)                                                                \
    {                                                                                                                  \
        .key = #name, .kind = GM_PARAMETER_NUMBER, .offset = offsetof(part, name), .minimum = least, .maximum = most,  \
        .initial = standard, .help = text                                                                              \
    }
#define EVERY(part)                                                                                                    \
    {                                                                                                                  \
        .key = "every", .kind = GM_PARAMETER_INTEGER, .offset = offsetof(part, every), .minimum = 1, .maximum = 1000,  \
        .initial = 1, .help = "discriminator steps from one penalty to the next, which then weighs so much more"       \
    }

static const gm_parameter gradient_penalty_rows[] = {
    NUMBER(gm_penalty_settings, weight, 0, 1e6, 10, "factor of the penalty"),
    NUMBER(gm_penalty_settings, centre, 0, 1e6, 1, "the norm that costs nothing: 1 as published, or 0"),
    EVERY(gm_penalty_settings),
};

static const gm_parameter squared_rows[] = {
    NUMBER(gm_squared_penalty_settings, gamma, 0, 1e6, 10, "the penalty is gamma/2 |gradient|^2"),
    EVERY(gm_squared_penalty_settings),
};

static const gm_parameter weight_clip_rows[] = {
    NUMBER(gm_weight_clip_settings, limit, 1e-9, 1e6, 0.01, "largest absolute value of the discriminator's weights"),
};

static const gm_parameter weight_decay_rows[] = {
    NUMBER(gm_weight_decay_settings, weight, 0, 1, 1e-4, "weight_decay of both optimisers that have none themselves"),
};

static const gm_parameter label_smoothing_rows[] = {
    NUMBER(gm_label_smoothing_settings, real, 1e-6, 1, 0.9, "the probability that D shall give to real samples"),
};

static const gm_parameter instance_noise_rows[] = {
    NUMBER(gm_instance_noise_settings, deviation, 0, 1e3, 0.1, "the noise's standard deviation at the start"),
    {.key = "until",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_instance_noise_settings, until),
     .maximum = 1000000000,
     .help = "generator steps in which its variance falls to 0, evenly; 0: it stays"},
};

static const gm_parameter packing_rows[] = {
    {.key = "samples",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_packing_settings, samples),
     .minimum = 1,
     .maximum = 64,
     .initial = 2,
     .positional = true,
     .help = "how many samples D judges at once; divides data.batch, of which it makes packs: a batch m times as "
             "large keeps as many logits"},
};

static const gm_parameter augment_rows[] = {
    // and gm_augment_parameters, which stand first
    NUMBER(gm_augment_settings, probability, 0, 1, 1, "of each operation for an image; adaptive: at the start"),
    {.key = "adaptive",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_augment_settings, adaptive),
     .help = "raise the probability while D knows the real images too well, lower it else"},
    NUMBER(gm_augment_settings, target, -1, 1, 0.6, "adaptive: of E[sign(logit)] of real images"),
    NUMBER(gm_augment_settings, images, 1, 1e9, 500000, "adaptive: how many take the probability from 0 to 1"),
};

static const gm_parameter gradient_clip_rows[] = {
    NUMBER(gm_gradient_clip_settings, norm, 0, 1e6, 0, "largest norm of all gradients of a network together; 0: any"),
    NUMBER(gm_gradient_clip_settings, value, 0, 1e6, 0, "largest absolute value of each element; 0: any"),
};

#define PART(field) .offset = offsetof(gm_regularizers, field)
#define ROWS(rows)  .parameters = rows, .parameter_count = GM_COUNT(rows)

typedef struct regularizer_type {
    const char *name, *help;
    size_t offset; // of its settings in gm_regularizers
    const gm_parameter *parameters;
    size_t parameter_count;
} regularizer_type;

static const regularizer_type types[GM_REGULARIZER_COUNT] = {
    [GM_REGULARIZER_GRADIENT_PENALTY] = {"gradient_penalty", "WGAN-GP: the gradient's norm between real and generated",
                                         PART(gradient_penalty), ROWS(gradient_penalty_rows)},
    [GM_REGULARIZER_DRAGAN] = {"dragan", "the gradient's norm in the neighbourhood of real samples", PART(dragan),
                               ROWS(gradient_penalty_rows)},
    [GM_REGULARIZER_R1] = {"r1", "the squared gradient at real samples", PART(r1), ROWS(squared_rows)},
    [GM_REGULARIZER_R2] = {"r2", "the squared gradient at generated samples", PART(r2), ROWS(squared_rows)},
    [GM_REGULARIZER_SPECTRAL_NORM] = {.name = "spectral_norm",
                                      .help = "for every layer of D with weights: their spectral norm is 1"},
    [GM_REGULARIZER_WEIGHT_CLIP] = {"weight_clip", "keep D's weights in a box, as the first WGAN", PART(weight_clip),
                                    ROWS(weight_clip_rows)},
    [GM_REGULARIZER_WEIGHT_DECAY] = {"weight_decay", "pull all weights towards 0", PART(weight_decay),
                                     ROWS(weight_decay_rows)},
    [GM_REGULARIZER_LABEL_SMOOTHING] = {"label_smoothing", "D shall never be certain of real samples",
                                        PART(label_smoothing), ROWS(label_smoothing_rows)},
    [GM_REGULARIZER_INSTANCE_NOISE] = {"instance_noise", "Gaussian noise on all that D sees", PART(instance_noise),
                                       ROWS(instance_noise_rows)},
    [GM_REGULARIZER_PACKING] = {"packing", "PacGAN: D judges several samples at once", PART(packing),
                                ROWS(packing_rows)},
    [GM_REGULARIZER_AUGMENT] = {"augment", "the same random changes to real and generated images, differentiable",
                                PART(augment), ROWS(augment_rows)},
    [GM_REGULARIZER_GRADIENT_CLIP] = {"gradient_clip", "limit the gradients of both networks", PART(gradient_clip),
                                      ROWS(gradient_clip_rows)},
};

enum { MOST_ROWS = 24 };

// All settings of a regulariser, in one array.
static size_t rows_of(size_t which, gm_parameter rows[MOST_ROWS]) {
    size_t count = 0;
    if (which == GM_REGULARIZER_AUGMENT) {
        const gm_parameter *operations = gm_augment_parameters(&count);
        memcpy(rows, operations, count * sizeof *rows);
    }
    if (types[which].parameter_count > 0)
        memcpy(rows + count, types[which].parameters, types[which].parameter_count * sizeof *rows);
    return count + types[which].parameter_count;
}

static void *settings_of(gm_regularizers *regularizers, size_t which) {
    return (char *)regularizers + types[which].offset;
}

// ---- The list ----

static gm_status read_regularizer(gm_arena *arena, gm_regularizers *to, const gm_yaml *node) {
    const char *name = NULL, *names[GM_REGULARIZER_COUNT];
    const gm_yaml *value = NULL;
    GM_TRY(gm_recipe_split(node, "regularizer", "r1: {gamma: 10}", &name, &value));
    size_t which = 0;
    for (; which < GM_REGULARIZER_COUNT && strcmp(types[which].name, name) != 0; which++)
        names[which] = types[which].name;
    if (which == GM_REGULARIZER_COUNT)
        return gm_recipe_unknown(node->origin, "regularizer", name, names, GM_REGULARIZER_COUNT);
    if (to->origin[which])
        return gm_fail(GM_ERROR_FORMAT, "%s: %s stands in the list twice", node->origin, name);
    to->origin[which] = node->origin;
    gm_parameter rows[MOST_ROWS];
    size_t count = rows_of(which, rows);
    gm_parameter_defaults(rows, count, settings_of(to, which));
    return value ? gm_recipe_read_settings(arena, name, rows, count, settings_of(to, which), value) : GM_OK;
}

static gm_status read_regularizers(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    gm_regularizers list = {0};
    if (!gm_yaml_is_null(node) && node->kind != GM_YAML_LIST)
        return gm_recipe_refuse(node, key, "a list of regularizers (\"- r1: {gamma: 10}\", ...)");
    for (size_t i = 0; node->kind == GM_YAML_LIST && i < node->count; i++)
        GM_TRY(read_regularizer(arena, &list, node->items[i]));
    memcpy(field, &list, sizeof list);
    return GM_OK;
}

static void write_regularizers(const void *field, gm_text *text) {
    gm_regularizers list;
    memcpy(&list, field, sizeof list);
    size_t written = 0;
    for (size_t i = 0; i < GM_REGULARIZER_COUNT; i++) {
        gm_parameter rows[MOST_ROWS];
        if (!list.origin[i])
            continue;
        gm_text_append(text, "\n  - ");
        gm_recipe_write_typed(text, types[i].name, rows, rows_of(i, rows), settings_of(&list, i), false);
        written++;
    }
    if (written == 0)
        gm_text_append(text, " []");
}

static void allow_regularizers(gm_text *text) {
    gm_text_append(text, "a list of");
    for (size_t i = 0; i < GM_REGULARIZER_COUNT; i++)
        gm_text_printf(text, "%s %s", i > 0 ? "," : "", types[i].name);
}

const gm_recipe_type gm_regularizers_type = {read_regularizers, write_regularizers, allow_regularizers};

void gm_regularizers_document(gm_text *text) {
    gm_text_append(text, "\nREGULARIZERS (in the list of that name)\n");
    for (size_t i = 0; i < GM_REGULARIZER_COUNT; i++) {
        gm_parameter rows[MOST_ROWS];
        gm_recipe_document_typed(text, types[i].name, types[i].help, rows, rows_of(i, rows));
    }
}

// ---- What only the whole recipe can tell ----

const gm_layer *gm_layer_across_samples(const gm_layer_list *list, bool penalised) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->layers[i].type->across_samples && !(penalised && list->layers[i].type->penalised))
            return &list->layers[i];
        for (size_t k = 0; k < list->layers[i].type->parameter_count; k++) {
            const gm_layer_list *inner = gm_layer_inner(&list->layers[i], k);
            const gm_layer *found = inner ? gm_layer_across_samples(inner, penalised) : NULL;
            if (found)
                return found;
        }
    }
    return NULL;
}

// The layers lie in the recipe's arena, so that they may be changed until the recipe is complete.
static gm_status normalise_layers(const gm_layer_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer_type *type = list->layers[i].type;
        if (gm_parameter_find(type->parameters, type->parameter_count, "spectral_norm"))
            GM_TRY(gm_layer_set_number((gm_layer *)(uintptr_t)&list->layers[i], "spectral_norm", 1));
        for (size_t k = 0; k < type->parameter_count; k++)
            if (gm_layer_inner(&list->layers[i], k))
                GM_TRY(normalise_layers(gm_layer_inner(&list->layers[i], k)));
    }
    return GM_OK;
}

static gm_status check_penalties(const gm_gan_settings *gan) {
    static const gm_regularizer penalties[] = {GM_REGULARIZER_GRADIENT_PENALTY, GM_REGULARIZER_DRAGAN,
                                               GM_REGULARIZER_R1, GM_REGULARIZER_R2};
    const gm_layer *across = gm_layer_across_samples(&gan->discriminator, true);
    for (size_t i = 0; i < GM_COUNT(penalties); i++)
        if (across && gan->regularizers.origin[penalties[i]])
            return gm_fail(
                GM_ERROR_FORMAT,
                "%s: %s wants each sample's own gradient, but %s of the discriminator (%s) mixes the samples "
                "of a batch: use layer_norm, instance_norm or group_norm there",
                gan->regularizers.origin[penalties[i]], types[penalties[i]].name, across->type->name, across->origin);
    return GM_OK;
}

gm_status gm_regularizers_resolve(gm_gan_settings *gan, size_t batch) {
    gm_regularizers *r = &gan->regularizers;
    GM_TRY(check_penalties(gan));
    if (r->origin[GM_REGULARIZER_LABEL_SMOOTHING] && !gan->loss->label_smoothing)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: label_smoothing is for the cross-entropies (minimax, non_saturating), not for %s",
                       r->origin[GM_REGULARIZER_LABEL_SMOOTHING], gan->loss->name);
    if (r->origin[GM_REGULARIZER_PACKING] && batch % r->packing.samples != 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: packing by %zu does not divide data.batch, %zu",
                       r->origin[GM_REGULARIZER_PACKING], r->packing.samples, batch);
    if (r->origin[GM_REGULARIZER_GRADIENT_CLIP] && !(r->gradient_clip.norm > 0 || r->gradient_clip.value > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: gradient_clip needs a norm or a value: `gradient_clip: { norm: 1 }`",
                       r->origin[GM_REGULARIZER_GRADIENT_CLIP]);
    if (r->origin[GM_REGULARIZER_SPECTRAL_NORM])
        GM_TRY(normalise_layers(&gan->discriminator));
    return GM_OK;
}

gm_optimizer gm_gan_optimizer(const gm_gan_settings *gan, bool discriminator) {
    const gm_regularizers *r = &gan->regularizers;
    gm_optimizer optimizer = discriminator ? gan->optimizer.discriminator : gan->optimizer.generator;
    if (discriminator && r->origin[GM_REGULARIZER_WEIGHT_CLIP])
        optimizer.weight_clip = r->weight_clip.limit;
    if (r->origin[GM_REGULARIZER_WEIGHT_DECAY] && !(optimizer.weight_decay > 0))
        optimizer.weight_decay = r->weight_decay.weight;
    if (r->gradient_clip.norm > 0)
        optimizer.clip_norm = r->gradient_clip.norm;
    if (r->gradient_clip.value > 0)
        optimizer.clip_value = r->gradient_clip.value;
    return optimizer;
}

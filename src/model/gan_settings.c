// A GAN's section of the recipe: its keys, and what only the whole of them can tell.
#include "model/gan.h"

#include "base/base.h"
#include "model/balance.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const char *const directions[] = {"reverse", "forward", NULL};
static const char *const bounds[] = {"jensen_shannon", "donsker_varadhan", NULL};

// ---- Types of values ----

static gm_status read_categories(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    static const char allowed[] = "a list of whole numbers from 2 to 1024, such as [10]";
    static const gm_parameter item = {
        .key = "codes.categorical", .kind = GM_PARAMETER_NUMBER, .minimum = 2, .maximum = 1024};
    gm_recipe_list *list = field;
    GM_TRY(gm_recipe_read_list(arena, key, list, node, &item, allowed));
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i] > floor(list->values[i]))
            return gm_recipe_refuse(node->items[i], key, allowed);
    return GM_OK;
}

static void allow_categories(gm_text *text) {
    gm_text_append(text, "a list of whole numbers");
}

static const gm_recipe_type categories_type = {read_categories, gm_recipe_write_list, allow_categories};

// ---- Keys ----

// clang-format off
static const gm_recipe_row rows[] = {
    GM_LATENT_ROWS(gm_gan_settings),
    GM_ROW_TYPED(gm_gan_settings, "generator", generator, gm_recipe_layers_type, NULL, true,
         "a GAN's layers from z (N, size) to the data (an autoencoder has an encoder and a decoder instead)"),
    GM_ROW_TYPED(gm_gan_settings, "discriminator", discriminator, gm_recipe_layers_type, NULL, true,
         "a GAN's layers from the data to one logit (N, 1)"),
    GM_INITIALIZER_ROW(gm_gan_settings),
    GM_ROW_TYPED(gm_gan_settings, "loss", loss, gm_gan_loss_type, "non_saturating", false, "what both networks minimise"),
    GM_ROW_BOOLEAN(gm_gan_settings, "alternative", alternative, 0,
            "f-GAN: the generator minimises -E[T], which does not saturate, in place of -E[f*(T)]"),
    GM_ROW_CHOICE(gm_gan_settings, "kl_term.direction", kl_term.direction, directions, 0,
           "what the generator minimises on top: KL(generated || real), reverse, or KL(real || generated), forward"),
    GM_ROW_NUMBER(gm_gan_settings, "kl_term.weight", kl_term.weight, 0, 1000000, 0, "factor of the term; 0: none"),
    GM_ROW_NUMBER(gm_gan_settings, "entropy_term.weight", entropy_term.weight, 0, 1000000, 0,
           "factor of a bound on I(z; G(z)) that the generator maximises, against collapse; 0: none"),
    GM_ROW_CHOICE(gm_gan_settings, "entropy_term.bound", entropy_term.bound, bounds, 0, "which bound the statistics network learns"),
    GM_ROW_TYPED(gm_gan_settings, "entropy_term.network", entropy_term.network, gm_recipe_layers_type,
         "[dense: 128, leaky_relu: 0.2, dense: 128, leaky_relu: 0.2, dense: 1]", false,
         "the layers of the statistics network, from a sample's values and its z, side by side, to one number"),
    GM_ROW_TYPED(gm_gan_settings, "codes.categorical", codes.categorical, categories_type, "[]", false,
         "latent codes (InfoGAN), a part of the generator's input that a head of the discriminator learns to tell from "
         "the sample: the number of categories of each, drawn equally often; they follow z, one-hot"),
    GM_ROW_INTEGER(gm_gan_settings, "codes.continuous", codes.continuous, 0, 1024, 0, "how many codes U(-1, 1) follow those"),
    GM_ROW_TYPED(gm_gan_settings, "codes.head", codes.head, gm_recipe_text_type, "codes", false,
         "the discriminator's head (or tap) that tells them: a logit per category, then a mean per continuous code, "
         "then a number per continuous code that sets its log variance"),
    GM_ROW_NUMBER(gm_gan_settings, "codes.weight", codes.weight, 0, 1000000, 1,
           "factor of the bound on I(codes; G(z)) that both networks maximise"),
    GM_ROW_TYPED(gm_gan_settings, "latent_of", latent_of, gm_recipe_optional_type, NULL, false,
         "the run of an autoencoder (or a checkpoint), whose codes are learnt in place of the data: these go through its "
         "encoder, what the generator makes through its decoder; both become part of the run; null: none"),
    GM_ROW_TYPED(gm_gan_settings, "frozen.encoder", frozen.encoder, gm_recipe_optional_layers_type, "[]", false,
         "layers that are not trained, from the data to what the generator makes: of latent_of, which fills them in, or "
         "[pca: 64]; []: none"),
    GM_ROW_TYPED(gm_gan_settings, "frozen.decoder", frozen.decoder, gm_recipe_optional_layers_type, "[]", false,
         "and back, such as [pca_inverse: [1, 28, 28]]"),
    GM_ROW_INTEGER(gm_gan_settings, "frozen.size", frozen.size, 0, 65536, 0,
         "of what frozen.encoder gives only the first so many values (a vae's means); 0: all"),
    GM_CLASS_WEIGHTS_ROW(gm_gan_settings),
    GM_ROW_TYPED(gm_gan_settings, "regularizers", regularizers, gm_regularizers_type, NULL, false,
         "what else keeps training in bounds, in any combination"),
    GM_ROW_TYPED(gm_gan_settings, "optimizer.generator", optimizer.generator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the generator's update rule"),
    GM_ROW_TYPED(gm_gan_settings, "optimizer.discriminator", optimizer.discriminator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the discriminator's update rule"),
    GM_ROW_INTEGER(gm_gan_settings, "pretrain.steps", pretrain.steps, 0, 1000000000, 0,
         "of a generator that ends in feedback: steps before the first, not counted among `steps`, in which it learns by "
         "maximum likelihood which symbol follows those before it"),
    GM_ROW_NUMBER(gm_gan_settings, "pretrain.weight", pretrain.weight, 0, 1000000, 0,
         "factor of that loss as a term of the generator's own steps, against forgetting; 0: none"),
    GM_ROW_TYPED(gm_gan_settings, "pretrain.optimizer", pretrain.optimizer, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-3}}", false, "the update rule of these steps"),
    GM_ROW_INTEGER(gm_gan_settings, "discriminator_steps", discriminator_steps, 1, 1000, 1, "discriminator steps per generator step"),
    GM_ACCUMULATE_ROW(gm_gan_settings),
    GM_AVERAGE_ROWS(gm_gan_settings),
};
// clang-format on

// ---- What only the whole recipe can tell ----

// A sigmoid at the end of D, as textbooks draw it, where a logit belongs.
static gm_status check_logit(const gm_gan_settings *gan) {
    const gm_layer *last = gm_last_layer(&gan->discriminator);
    if (!gm_is_layer(last, "sigmoid") || strcmp(gan->loss->name, "least_squares") == 0)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: the discriminator must end in a logit, not in a sigmoid: remove it, the loss %s contains it",
                   last->origin, gan->loss->name);
}

// Terms on top of the loss; which of them is meant without a weight, nobody knows.
static gm_status check_terms(const gm_recipe *recipe, const gm_gan_settings *gan) {
    static const char *const terms[] = {"kl_term", "entropy_term"};
    for (size_t i = 0; i < GM_COUNT(terms); i++) {
        const gm_yaml *term = gm_recipe_find(recipe, terms[i]);
        if (term && term->kind == GM_YAML_MAP && !gm_yaml_find(term, "weight"))
            return gm_fail(GM_ERROR_FORMAT, "%s: %s needs a weight", term->origin, terms[i]);
    }
    if (gan->entropy_term.weight > 0 && gm_common_of(recipe)->data.batch < 2)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: entropy_term compares samples of a batch with one another: data.batch must be at least 2",
                       gm_recipe_origin(recipe, "entropy_term"));
    const gm_layer *across =
        gan->entropy_term.weight > 0 ? gm_layer_across_samples(&gan->entropy_term.network, false) : NULL;
    if (across)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: %s mixes the samples of a batch, so that pairs that belong together and others would "
                       "differ by their batches alone: use layer_norm here",
                       across->origin, across->type->name);
    const char *origin = gm_recipe_origin(recipe, "kl_term");
    if (gan->kl_term.weight > 0 && !gan->loss->log_ratio)
        return gm_fail(
            GM_ERROR_FORMAT,
            "%s: kl_term needs a logit that estimates the log ratio of the densities, which that of the loss "
            "%s does not: take another loss, such as non_saturating",
            origin, gan->loss->name);
    if (gan->kl_term.weight > 0 && gan->regularizers.origin[GM_REGULARIZER_LABEL_SMOOTHING])
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: kl_term and label_smoothing exclude each other: a smoothed logit is no log "
                       "ratio of the densities",
                       origin);
    if (gan->alternative && !gan->loss->divergence)
        return gm_fail(GM_ERROR_FORMAT, "%s: alternative is for the losses of f-GAN (f_kl, ...), not for %s",
                       gm_recipe_origin(recipe, "alternative"), gan->loss->name);
    return GM_OK;
}

static gm_status check_codes(const gm_recipe *recipe, const gm_gan_settings *gan) {
    const gm_yaml *section = gm_recipe_find(recipe, "codes");
    if (section && section->kind == GM_YAML_MAP && !gm_yaml_find(section, "categorical") &&
        !gm_yaml_find(section, "continuous"))
        return gm_fail(GM_ERROR_FORMAT, "%s: codes needs categorical, such as [10], or continuous, such as 2",
                       section->origin);
    if (gm_gan_code_count(gan) > 0 && gan->regularizers.origin[GM_REGULARIZER_PACKING])
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: packing and codes exclude each other: packed samples have no codes of their own",
                       gan->regularizers.origin[GM_REGULARIZER_PACKING]);
    return GM_OK;
}

static gm_status resolve(gm_recipe *recipe, void *settings) {
    gm_gan_settings *gan = settings;
    double low;
    GM_TRY(gm_gan_frozen_check(recipe, gan));
    gm_natural_low(gm_gan_output(gan), &low);
    gm_common_default_range(recipe, low);
    if (!gm_common_is_unranged(gm_common_of(recipe)) && (!gan->latent_of || gan->frozen.decoder.count > 0))
        GM_TRY(
            gm_common_check_range(recipe, gm_gan_output(gan), gan->frozen.decoder.count > 0 ? "decoder" : "generator"));
    GM_TRY(check_logit(gan));
    GM_TRY(check_terms(recipe, gan));
    GM_TRY(check_codes(recipe, gan));
    GM_TRY(gm_gan_pretrain_check(recipe, gan));
    GM_TRY(gm_gan_private_check(recipe, gan));
    return gm_regularizers_resolve(gan, gm_common_of(recipe)->data.batch);
}

static void document(gm_text *text) {
    gm_regularizers_document(text);
    gm_gan_loss_document(text);
}

const gm_recipe_section gm_gan_section = {.rows = rows,
                                          .row_count = GM_COUNT(rows),
                                          .size = sizeof(gm_gan_settings),
                                          .resolve = resolve,
                                          .document = document};

const gm_gan_settings *gm_gan_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_gan_section);
}

// ---- What follows from the settings ----

size_t gm_gan_classes(const gm_gan_settings *gan, const gm_layer **layer) {
    size_t fewest = SIZE_MAX;
    *layer = NULL;
    gm_find_classes(&gan->generator, &fewest, layer);
    gm_find_classes(&gan->discriminator, &fewest, layer);
    return fewest;
}

size_t gm_gan_code_count(const gm_gan_settings *gan) {
    return gan->codes.categorical.count + gan->codes.continuous;
}

size_t gm_gan_latent_values(const gm_gan_settings *gan) {
    size_t values = gan->latent.size + gan->codes.continuous;
    for (size_t i = 0; i < gan->codes.categorical.count; i++)
        values += (size_t)gan->codes.categorical.values[i];
    return values;
}

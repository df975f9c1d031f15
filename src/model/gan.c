// GANs as a kind of model: what they suit, and what a trained one is for.
#include "model/gan.h"

#include "base/base.h"

#include <math.h>

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    (void)data;
    const gm_gan_settings *gan = gm_gan_of(recipe);
    return gm_sample_is_scaled(format) ? gm_common_check_range(recipe, gm_gan_output(gan),
                                                               gan->frozen.decoder.count > 0 ? "decoder" : "generator")
                                       : GM_OK;
}

// ---- Samples ----

static void fill_latent(const gm_recipe *recipe, uint64_t seed, const float *codes, float *latent) {
    const gm_gan_settings *gan = gm_gan_of(recipe);
    uint64_t run_seed = gm_common_of(recipe)->seed;
    gm_latent_fill(&gan->latent, run_seed, seed, latent);
    gm_codes_fill(gan, run_seed, seed, codes, latent + gan->latent.size);
}

static gm_status check_codes(const gm_recipe *recipe, const float *codes, size_t count) {
    return gm_codes_check(gm_gan_of(recipe), codes, count);
}

static gm_status build_samples(gm_use *use, bool blended) {
    const gm_gan_settings *gan = gm_gan_of(use->recipe);
    const gm_layer *labelled;
    gm_network *generator;
    gm_tensor *labels = NULL;
    GM_TRY(gm_use_add_network(use, "generator", &gan->generator, gan->initializer, &gan->average, &generator));
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(gm_gan_latent_values(gan)));
    if (gm_network_needs_labels(generator)) {
        use->classes = gm_gan_classes(gan, &labelled);
        labels = blended ? gm_use_add_input(use, "classes", GM_FLOAT32, &GM_SHAPE(use->classes))
                         : gm_use_add_input(use, "labels", GM_INT32, &GM_SCALAR);
    }
    gm_use_sample_from(use, generator);
    gm_tensor *made = gm_network_apply_labelled(generator, z, labels, GM_MODE_INFERENCE, NULL);
    if (gan->frozen.decoder.count > 0) {
        gm_network *decoder;
        GM_TRY(gm_use_add_network(use, "decoder", &gan->frozen.decoder, gan->initializer, NULL, &decoder));
        made = gm_network_apply(decoder, made, GM_MODE_INFERENCE, NULL);
    }
    gm_use_add_samples(use, made);
    use->noise = gan->latent;
    use->fill_latent = fill_latent;
    use->check_codes = check_codes;
    use->categorical_codes = gan->codes.categorical.count;
    use->continuous_codes = gan->codes.continuous;
    return GM_OK;
}

static gm_status build_generate(gm_use *use) {
    return build_samples(use, false);
}

static gm_status build_blend(gm_use *use) {
    return build_samples(use, true);
}

static gm_status build_first_layer(gm_use *use) {
    const gm_gan_settings *gan = gm_gan_of(use->recipe);
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(gm_gan_latent_values(gan)));
    gm_tensor *labels = gm_use_add_input(use, "labels", GM_INT32, &GM_SCALAR);
    return gm_use_add_first_layer(use, "generator", &gan->generator, gan->initializer, &gan->average, z, labels);
}

static bool blends(const gm_recipe *recipe) {
    const gm_layer *labelled = NULL;
    size_t classes = SIZE_MAX;
    gm_find_classes(&gm_gan_of(recipe)->generator, &classes, &labelled);
    return labelled != NULL;
}

// ---- What D says ----

// Where it looks at single samples.
static bool scores(const gm_recipe *recipe) {
    return !gm_gan_of(recipe)->regularizers.origin[GM_REGULARIZER_PACKING];
}

// Where its logits are log ratios of these, too.
static bool judges(const gm_recipe *recipe) {
    const gm_gan_loss *loss = gm_gan_of(recipe)->loss;
    return scores(recipe) && loss->log_ratio && !loss->log_ratio_shifted;
}

static gm_status add_logit(gm_use *use, gm_tensor **logit) {
    const gm_gan_settings *gan = gm_gan_of(use->recipe);
    gm_network *discriminator;
    gm_tensor *labels = NULL;
    GM_TRY(gm_use_add_network(use, "discriminator", &gan->discriminator, gan->initializer, NULL, &discriminator));
    gm_tensor *x = gm_use_add_data(use);
    if (gan->frozen.encoder.count > 0) {
        gm_network *encoder;
        GM_TRY(gm_use_add_network(use, "encoder", &gan->frozen.encoder, gan->initializer, NULL, &encoder));
        GM_TRY(gm_gan_code(gan, encoder, x, &x));
    }
    if (gm_network_needs_labels(discriminator))
        labels = gm_use_add_input(use, "labels", GM_INT32, &GM_SCALAR);
    *logit =
        gm_reshape(gm_network_apply_labelled(discriminator, x, labels, GM_MODE_INFERENCE, NULL), GM_SHAPE(use->batch));
    return GM_OK;
}

static gm_status build_score(gm_use *use) {
    gm_tensor *logit;
    GM_TRY(add_logit(use, &logit));
    gm_use_add_output(use, "score", logit);
    return GM_OK;
}

static gm_status build_judge(gm_use *use) {
    const double confident = log(100); // where a logit may be no ratio at all
    const gm_gan_settings *gan = gm_gan_of(use->recipe);
    gm_tensor *logit;
    GM_TRY(add_logit(use, &logit));
    gm_tensor *ratio = gan->loss->log_ratio(logit);
    if (!gan->loss->label_smoothing)
        ratio = gm_minimum(gm_maximum(ratio, gm_constant(use->graph, -confident)), gm_constant(use->graph, confident));
    gm_use_add_output(use, "ratio", ratio);
    use->smoothed = gan->regularizers.origin[GM_REGULARIZER_LABEL_SMOOTHING] != NULL;
    return GM_OK;
}

// ---- The row ----

static const char *const marks[] = {"generator", "discriminator", NULL};
static const gm_use_row uses[] = {
    {.name = "generate", .build = build_generate},
    {.name = "blend", .offered = blends, .build = build_blend},
    {.name = "first_layer", .build = build_first_layer},
    {.name = "score", .offered = scores, .build = build_score},
    {.name = "judge", .offered = judges, .build = build_judge},
};

const gm_model_kind gm_gan_kind = {
    .name = "gan",
    .description = "a GAN (generator and discriminator)",
    .marks = marks,
    .section = &gm_gan_section,
    .monitored = true,
    .private = GM_PRIVATE_UPDATES,
    .weighs = true,
    .check = check,
    .build = gm_gan_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};

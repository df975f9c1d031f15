// Autoencoders as a kind of model: what they suit, and what a trained one is for.
#include "model/autoencoder.h"

#include "base/base.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    gm_autoencoder_parts parts;
    if (gm_autoencoder_is_tabular(gm_autoencoder_of(recipe))) {
        gm_status status = gm_autoencoder_parts_init(&parts, recipe, format);
        gm_autoencoder_parts_finish(&parts);
        return status;
    }
    if (gm_sample_is_scaled(format) || format->table)
        return gm_autoencoder_check_range(recipe);
    if (!gm_autoencoder_is_bernoulli(gm_autoencoder_of(recipe)))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: a bernoulli likelihood takes images, but %s holds floats, which may have any value: set "
                   "autoencoder.likelihood to gaussian",
                   gm_recipe_file(recipe), data->name);
}

// ---- Uses ----

static bool is_variational(const gm_recipe *recipe) {
    return gm_autoencoder_is_variational(gm_autoencoder_of(recipe));
}

static void fill_latent(const gm_recipe *recipe, uint64_t seed, const float *codes, float *latent) {
    (void)codes;
    gm_latent_fill(&gm_autoencoder_of(recipe)->latent, gm_common_of(recipe)->seed, seed, latent);
}

static gm_status add_decoder(gm_use *use, gm_network **decoder) {
    const gm_autoencoder_settings *a = gm_autoencoder_of(use->recipe);
    return gm_use_add_network(use, "decoder", &a->decoder, a->initializer, &a->average, decoder);
}

// The format of what is made, where that is rows of a table.
static gm_sample table_format(const gm_use *use) {
    const gm_common *common = gm_common_of(use->recipe);
    return common->data.columns
               ? gm_sample_of_table(common->data.columns, common->data.range.low, common->data.range.high)
               : use->format;
}

static gm_status add_draw(gm_use *use, const gm_autoencoder_parts *parts) {
    const gm_autoencoder_settings *a = parts->settings;
    gm_network *decoder;
    GM_TRY(add_decoder(use, &decoder));
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(a->latent.size));
    gm_use_sample_from(use, decoder);
    gm_use_add_samples(use, gm_autoencoder_draw(parts, gm_network_apply(decoder, z, GM_MODE_INFERENCE, NULL), use));
    use->noise = a->latent;
    use->fill_latent = fill_latent;
    return GM_OK;
}

static gm_status build_generate(gm_use *use) {
    gm_sample format = table_format(use);
    gm_autoencoder_parts parts;
    GM_TRY(gm_autoencoder_parts_init(&parts, use->recipe, &format));
    gm_status status = add_draw(use, &parts);
    gm_autoencoder_parts_finish(&parts);
    return status;
}

static gm_status build_first_layer(gm_use *use) {
    const gm_autoencoder_settings *a = gm_autoencoder_of(use->recipe);
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(a->latent.size));
    return gm_use_add_first_layer(use, "decoder", &a->decoder, a->initializer, &a->average, z, NULL);
}

// z of data, which have the format of use->format: the mean, where z has a distribution.
static gm_status add_encoder(gm_use *use, const gm_autoencoder_parts *parts, gm_tensor **code) {
    const gm_autoencoder_settings *a = parts->settings;
    gm_network *encoder;
    gm_tensor *log_variance;
    GM_TRY(gm_use_add_network(use, "encoder", &a->encoder, a->initializer, &a->average, &encoder));
    gm_tensor *target = gm_autoencoder_target(parts, gm_use_add_data(use), NULL);
    gm_tensor *seen = gm_autoencoder_input(a, target, NULL);
    gm_tensor *encoded = gm_network_apply(encoder, seen, GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(use->graph));
    return gm_autoencoder_code(a, encoded, code, &log_variance);
}

static gm_status add_code(gm_use *use, const gm_autoencoder_parts *parts) {
    gm_tensor *code;
    GM_TRY(add_encoder(use, parts, &code));
    gm_use_add_output(use, "code", code);
    return GM_OK;
}

static gm_status add_reconstruction(gm_use *use, const gm_autoencoder_parts *parts) {
    gm_network *decoder;
    gm_tensor *code;
    GM_TRY(add_encoder(use, parts, &code));
    GM_TRY(add_decoder(use, &decoder));
    gm_use_add_samples(use, gm_autoencoder_mean(parts, gm_network_apply(decoder, code, GM_MODE_INFERENCE, NULL)));
    return GM_OK;
}

static gm_status build_of_data(gm_use *use, gm_status (*add)(gm_use *use, const gm_autoencoder_parts *parts)) {
    const gm_sample format = use->format;
    gm_autoencoder_parts parts;
    GM_TRY(gm_autoencoder_parts_init(&parts, use->recipe, &format));
    gm_status status = add(use, &parts);
    gm_autoencoder_parts_finish(&parts);
    return status;
}

static gm_status build_encode(gm_use *use) {
    return build_of_data(use, add_code);
}

static gm_status build_reconstruct(gm_use *use) {
    return build_of_data(use, add_reconstruction);
}

// ---- The row ----

static const char *const marks[] = {"encoder", "decoder", NULL};
static const gm_use_row uses[] = {
    {.name = "generate", .offered = is_variational, .build = build_generate},
    {.name = "first_layer", .offered = is_variational, .build = build_first_layer},
    {.name = "reconstruct", .build = build_reconstruct},
    {.name = "encode", .build = build_encode},
};

const gm_model_kind gm_autoencoder_kind = {
    .name = "autoencoder",
    .description = "an autoencoder (encoder and decoder)",
    .marks = marks,
    .section = &gm_autoencoder_section,
    .check = check,
    .build = gm_autoencoder_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
    .evaluate = gm_autoencoder_evaluate,
};

// An autoencoder's section of the recipe: its keys, and what only the whole of them can tell.
//
// Settings that would change nothing are refused, so that no recipe says what is not done.
#include "model/autoencoder.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>
#include <stdio.h>

static const char *const kinds[] = {"vae", "plain", "denoising", NULL};            // gm_autoencoder_kind_of
static const char *const likelihoods[] = {"bernoulli", "gaussian", "table", NULL}; // gm_likelihood_of

// clang-format off
static const gm_recipe_row rows[] = {
    GM_LATENT_ROWS(gm_autoencoder_settings),
    GM_ROW_TYPED(gm_autoencoder_settings, "encoder", encoder, gm_recipe_layers_type, NULL, true,
         "an autoencoder's layers from the data to z (N, size); of a vae to the mean and the logarithm of the variance "
         "of z, one behind the other (N, 2 size)"),
    GM_ROW_TYPED(gm_autoencoder_settings, "decoder", decoder, gm_recipe_layers_type, NULL, true,
         "an autoencoder's layers from z (N, size) back to the data: logits for a bernoulli likelihood, means for a "
         "gaussian one"),
    GM_ROW_CHOICE(gm_autoencoder_settings, "autoencoder.kind", autoencoder.kind, kinds, 0,
           "vae: z is drawn around its mean and held near N(0, 1), so that the decoder makes samples; plain: z is the "
           "encoder's result; denoising: the same, with noise on what the encoder sees"),
    GM_ROW_CHOICE(gm_autoencoder_settings, "autoencoder.likelihood", autoencoder.likelihood, likelihoods, 0,
           "of the data given z: bernoulli, of images in [0, 1]; gaussian; or table (TVAE), of rows whose numbers have modes or "
           "quantiles (data.numbers): each number gaussian with a deviation that is learned, each category and mode by the "
           "softmax of its logits; samples are drawn from it"),
    GM_ROW_NUMBER(gm_autoencoder_settings, "autoencoder.beta", autoencoder.beta, 0, 1000000, 1, "vae: the weight of KL(q(z|x) || p(z)) in the loss"),
    GM_ROW_NUMBER(gm_autoencoder_settings, "autoencoder.deviation", autoencoder.deviation, 1e-6, 1000000, 1,
           "gaussian: the standard deviation of every value"),
    GM_ROW_BOOLEAN(gm_autoencoder_settings, "autoencoder.binarize", autoencoder.binarize, 0,
            "bernoulli: draw each value as 0 or 1 with its grey value as the probability, anew each time"),
    GM_ROW_NUMBER(gm_autoencoder_settings, "autoencoder.noise", autoencoder.noise, 0, 1000000, 0,
           "denoising: the standard deviation of the Gaussian noise that the encoder sees"),
    GM_INITIALIZER_ROW(gm_autoencoder_settings),
    GM_ROW_TYPED(gm_autoencoder_settings, "optimizer.autoencoder", optimizer.autoencoder, gm_recipe_optimizer_type, "{adam: {rate: 1e-3}}", false,
         "the update rule of encoder and decoder"),
    GM_ACCUMULATE_ROW(gm_autoencoder_settings),
    GM_AVERAGE_ROWS(gm_autoencoder_settings),
};
// clang-format on

bool gm_autoencoder_is_variational(const gm_autoencoder_settings *a) {
    return a->autoencoder.kind == GM_AUTOENCODER_VARIATIONAL;
}

bool gm_autoencoder_is_tabular(const gm_autoencoder_settings *a) {
    return a->autoencoder.likelihood == GM_LIKELIHOOD_TABLE;
}

bool gm_autoencoder_is_bernoulli(const gm_autoencoder_settings *a) {
    return a->autoencoder.likelihood == GM_LIKELIHOOD_BERNOULLI;
}

static bool differs(double a, double b) {
    return a < b || a > b;
}

static gm_status check_idle_settings(const gm_recipe *recipe, const gm_autoencoder_settings *a) {
    bool variational = a->autoencoder.kind == GM_AUTOENCODER_VARIATIONAL;
    bool bernoulli = gm_autoencoder_is_bernoulli(a), gaussian = a->autoencoder.likelihood == GM_LIKELIHOOD_GAUSSIAN;
    bool denoising = a->autoencoder.kind == GM_AUTOENCODER_DENOISING;
    const struct {
        const char *key;
        bool idle;
        const char *use; // what it is for
    } settings[] = {
        {"beta", !variational && differs(a->autoencoder.beta, 1), "weighs the divergence, which only a vae has"},
        {"deviation", !gaussian && differs(a->autoencoder.deviation, 1), "is that of a gaussian likelihood"},
        {"binarize", !bernoulli && a->autoencoder.binarize, "is for a bernoulli likelihood"},
        {"noise", !denoising && a->autoencoder.noise > 0, "is for denoising autoencoders"},
    };
    for (size_t i = 0; i < GM_COUNT(settings); i++) {
        char path[40];
        snprintf(path, sizeof path, "autoencoder.%s", settings[i].key);
        if (settings[i].idle)
            return gm_fail(GM_ERROR_FORMAT, "%s: %s %s: remove it", gm_recipe_origin(recipe, path), path,
                           settings[i].use);
    }
    if (denoising && !(a->autoencoder.noise > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: a denoising autoencoder needs autoencoder.noise, such as 0.3",
                       gm_recipe_origin(recipe, "autoencoder.kind"));
    return GM_OK;
}

// A sigmoid at the end of the decoder, as textbooks draw it, where logits belong.
static gm_status check_logits(const gm_autoencoder_settings *a) {
    const gm_layer *last = gm_last_layer(&a->decoder);
    if (!gm_autoencoder_is_bernoulli(a) || !gm_is_layer(last, "sigmoid"))
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: the decoder must end in logits, not in a sigmoid: remove it, the bernoulli likelihood "
                   "contains it",
                   last->origin);
}

gm_status gm_autoencoder_check_range(const gm_recipe *recipe) {
    const gm_autoencoder_settings *a = gm_autoencoder_of(recipe);
    const gm_range *range = &gm_common_of(recipe)->data.range;
    if (gm_autoencoder_is_tabular(a))
        return GM_OK;
    if (!gm_autoencoder_is_bernoulli(a))
        return gm_common_check_range(recipe, &a->decoder, "decoder");
    if (!differs(range->low, 0) && !differs(range->high, 1))
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: data.range is [%g, %g], but a bernoulli likelihood takes values from 0 to 1: set data.range "
                   "to [0, 1] or autoencoder.likelihood to gaussian",
                   gm_common_range_origin(recipe), range->low, range->high);
}

static gm_status resolve(gm_recipe *recipe, void *settings) {
    const gm_autoencoder_settings *a = settings;
    double low = 0;
    if (!gm_autoencoder_is_bernoulli(a))
        gm_natural_low(&a->decoder, &low);
    gm_common_default_range(recipe, low);
    if (!gm_common_is_unranged(gm_common_of(recipe)))
        GM_TRY(gm_autoencoder_check_range(recipe));
    GM_TRY(check_logits(a));
    GM_TRY(check_idle_settings(recipe, a));
    if (a->latent.distribution != GM_LATENT_NORMAL)
        return gm_fail(GM_ERROR_FORMAT, "%s: latent.distribution must be normal for an autoencoder",
                       gm_recipe_origin(recipe, "latent.distribution"));
    return GM_OK;
}

const gm_recipe_section gm_autoencoder_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_autoencoder_settings), .resolve = resolve};

const gm_autoencoder_settings *gm_autoencoder_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_autoencoder_section);
}

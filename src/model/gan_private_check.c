// What a GAN may not ask for where its discriminator learns in private.
#include "model/gan.h"

#include "base/base.h"
#include "model/privacy.h"

// What the list holds that looks at real samples beside the loss.
static gm_status check_regularizers(const gm_regularizers *r) {
    static const gm_regularizer refused[] = {
        GM_REGULARIZER_GRADIENT_PENALTY, GM_REGULARIZER_DRAGAN, GM_REGULARIZER_R1, GM_REGULARIZER_R2,
        GM_REGULARIZER_LABEL_SMOOTHING,  GM_REGULARIZER_PACKING};
    for (size_t i = 0; i < GM_COUNT(refused); i++)
        if (r->origin[refused[i]])
            return gm_fail(GM_ERROR_FORMAT,
                           "%s: this regularizer is not for private training, whose discriminator learns by the loss "
                           "alone: leave it out",
                           r->origin[refused[i]]);
    if (r->origin[GM_REGULARIZER_AUGMENT] && r->augment.adaptive)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: adaptive augmentation goes by what the discriminator says of real images, which private "
                       "training does not pay for: set its probability",
                       r->origin[GM_REGULARIZER_AUGMENT]);
    return GM_OK;
}

gm_status gm_gan_private_check(const gm_recipe *recipe, const gm_gan_settings *gan) {
    if (!gm_privacy_of(recipe))
        return GM_OK;
    const char *key = NULL, *why = NULL;
    if (gan->loss->generator_needs_real)
        key = "loss", why = "a relativistic one makes pairs of real and generated samples";
    if (gan->latent_of || gan->frozen.encoder.count > 0)
        key = gan->latent_of ? "latent_of" : "frozen",
        why = "what it was learnt from, or is fitted to, is not accounted for";
    if (gan->accumulate > 1)
        key = "accumulate", why = "an update is one batch: make data.batch larger";
    if (gan->codes.continuous > 0 || gan->codes.categorical.count > 0)
        key = "codes", why = "the discriminator learns by the loss alone";
    if (gan->entropy_term.weight > 0)
        key = "entropy_term", why = "the discriminator's phase learns by the loss alone";
    if (gm_gan_learns_likelihood(gan))
        key = "pretrain", why = "the generator would see the data, which the discriminator alone may";
    if (gan->class_weights.count > 0)
        key = "class_weights", why = "every sample is clipped to the same length";
    if (key)
        return gm_fail(GM_ERROR_FORMAT, "%s: %s is not for private training: %s", gm_recipe_origin(recipe, key), key,
                       why);
    const gm_layer *across = gm_layer_across_samples(&gan->discriminator, false);
    if (across)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: %s mixes the samples of a batch, so that none has a gradient of its own, which private "
                       "training clips: use group_norm or layer_norm, or leave it out",
                       across->origin, across->type->name);
    return check_regularizers(&gan->regularizers);
}

// Networks around a GAN that are not trained: data become codes before the discriminator sees them, and what the
// generator makes becomes samples behind it. Both are applied as in inference, with the weights of the autoencoder that
// `latent_of` names, or with what is fitted to the data (the layers pca, pca_inverse).
#include "model/gan.h"

#include "base/base.h"

gm_status gm_gan_frozen_check(const gm_recipe *recipe, const gm_gan_settings *gan) {
    const bool encodes = gan->frozen.encoder.count > 0, decodes = gan->frozen.decoder.count > 0;
    if (encodes != decodes)
        return gm_fail(GM_ERROR_FORMAT, "%s: frozen needs both, an encoder to the codes and a decoder back",
                       gm_recipe_origin(recipe, "frozen"));
    for (size_t k = 0; k < 2 && !gan->latent_of; k++) {
        const gm_layer_list *list = k == 0 ? &gan->frozen.encoder : &gan->frozen.decoder;
        for (size_t i = 0; i < list->count; i++)
            if (list->layers[i].type->weighted)
                return gm_fail(GM_ERROR_FORMAT,
                               "%s: %s has weights, which nobody trains here: name the autoencoder's run by latent_of",
                               list->layers[i].origin, list->layers[i].type->name);
    }
    return GM_OK;
}

const gm_layer_list *gm_gan_output(const gm_gan_settings *gan) {
    return gan->frozen.decoder.count > 0 ? &gan->frozen.decoder : &gan->generator;
}

// An encoder of a distribution gives the means, then the logarithms of the variances.
gm_status gm_gan_code(const gm_gan_settings *gan, gm_network *encoder, gm_tensor *x, gm_tensor **code) {
    x = gm_network_apply(encoder, x, GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(gm_tensor_graph(x)));
    const gm_shape *shape = gm_tensor_shape(x);
    const size_t N = shape->dim[0], values = gm_shape_count(shape) / N, size = gan->frozen.size;
    if (size > values)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the encoder gives %zu values, less than frozen.size, %zu",
                       gan->frozen.encoder.layers[gan->frozen.encoder.count - 1].origin, values, size);
    *code = size == 0 ? x : gm_slice(gm_reshape(x, GM_SHAPE(N, values)), (size_t[]){0, 0}, (size_t[]){N, size});
    return GM_OK;
}

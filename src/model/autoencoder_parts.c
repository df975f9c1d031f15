// What training, uses and bounds of autoencoders share: from data to what is reproduced, to z, to a likelihood.
#include "model/autoencoder.h"

#include "base/base.h"
#include "ganymede/likelihood.h"

#include <math.h>

gm_tensor *gm_autoencoder_target(const gm_autoencoder_settings *a, gm_tensor *x, gm_tensor *counter) {
    if (!a->autoencoder.binarize)
        return x;
    return gm_less(gm_random_uniform(gm_tensor_graph(x), "binarize", *gm_tensor_shape(x), counter), x);
}

gm_tensor *gm_autoencoder_input(const gm_autoencoder_settings *a, gm_tensor *target, gm_tensor *counter) {
    if (a->autoencoder.kind != GM_AUTOENCODER_DENOISING)
        return target;
    gm_tensor *noise = gm_random_normal(gm_tensor_graph(target), "noise", *gm_tensor_shape(target), counter);
    return gm_add(target, gm_scale(noise, a->autoencoder.noise));
}

gm_status gm_autoencoder_code(const gm_autoencoder_settings *a, gm_tensor *encoded, gm_tensor **mean,
                              gm_tensor **log_variance) {
    const gm_shape *shape = gm_tensor_shape(encoded);
    size_t N = shape->rank > 0 ? shape->dim[0] : 1, size = a->latent.size;
    size_t parts = gm_autoencoder_is_variational(a) ? 2 : 1;
    if (gm_shape_count(shape) != N * parts * size)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: the encoder must end in %s%zu values, %s, but it gives %s: end it with `dense: %zu`",
                       a->encoder.layers[a->encoder.count - 1].origin, parts == 2 ? "2 latent.size = " : "",
                       parts * size, parts == 2 ? "the mean and the log variance of z" : "latent.size",
                       gm_model_sample_text(encoded).text, parts * size);
    encoded = gm_reshape(encoded, GM_SHAPE(N, parts * size));
    *mean = parts == 2 ? gm_slice(encoded, (size_t[]){0, 0}, (size_t[]){N, size}) : encoded;
    *log_variance = parts == 2 ? gm_slice(encoded, (size_t[]){0, size}, (size_t[]){N, size}) : NULL;
    return GM_OK;
}

gm_tensor *gm_autoencoder_log_likelihood(const gm_autoencoder_settings *a, gm_tensor *target, gm_tensor *output) {
    if (gm_autoencoder_is_bernoulli(a))
        return gm_bernoulli_log_likelihood(target, output);
    double log_variance = 2 * log(a->autoencoder.deviation);
    return gm_gaussian_log_likelihood(target, output, gm_constant(gm_tensor_graph(target), log_variance));
}

gm_tensor *gm_autoencoder_mean(const gm_autoencoder_settings *a, gm_tensor *output) {
    return gm_autoencoder_is_bernoulli(a) ? gm_sigmoid(output) : output;
}

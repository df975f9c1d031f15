// What training, uses and bounds of autoencoders share: from data to what is reproduced, to z, to a likelihood.
#include "model/autoencoder.h"

#include "base/base.h"
#include "ganymede/likelihood.h"

#include <math.h>

gm_status gm_autoencoder_parts_init(gm_autoencoder_parts *p, const gm_recipe *recipe, const gm_sample *format) {
    *p = (gm_autoencoder_parts){.settings = gm_autoencoder_of(recipe)};
    return gm_autoencoder_is_tabular(p->settings)
               ? gm_row_codes_init(&p->codes, format, gm_recipe_origin(recipe, "autoencoder.likelihood"))
               : GM_OK;
}

void gm_autoencoder_parts_finish(gm_autoencoder_parts *p) {
    gm_row_codes_finish(&p->codes);
}

gm_tensor *gm_autoencoder_target(const gm_autoencoder_parts *p, gm_tensor *x, gm_tensor *counter) {
    if (gm_autoencoder_is_tabular(p->settings))
        return gm_row_normal(&p->codes, x);
    if (!p->settings->autoencoder.binarize)
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

// ---- Likelihoods ----

static const double follow = .001;         // of the variances, towards a batch's errors
static const double least_variance = 1e-4; // (a hundredth of a deviation) squared

gm_tensor *gm_autoencoder_variance(const gm_autoencoder_parts *p, gm_graph *graph) {
    if (!gm_autoencoder_is_tabular(p->settings) || p->codes.places == 0)
        return NULL;
    return gm_variable(graph, "decoder_variance", GM_FLOAT32, GM_SHAPE(1, p->codes.places), (gm_initializer){.a = .1});
}

static gm_tensor *errors(const gm_autoencoder_parts *p, gm_tensor *target, gm_tensor *output) {
    return gm_subtract(gm_row_places(&p->codes, target), gm_row_places(&p->codes, output));
}

gm_tensor *gm_autoencoder_next_variance(const gm_autoencoder_parts *p, gm_tensor *target, gm_tensor *output) {
    gm_tensor *variance = gm_autoencoder_variance(p, gm_tensor_graph(target));
    if (!variance)
        return NULL;
    gm_tensor *seen = gm_mean(gm_square(errors(p, target, output)), 1u << 0);
    gm_tensor *next = gm_add(gm_scale(variance, 1 - follow), gm_scale(seen, follow));
    return gm_maximum(next, gm_constant(gm_tensor_graph(target), least_variance));
}

// Of numbers and of choices, each column given z on its own.
static gm_tensor *table_log_likelihood(const gm_autoencoder_parts *p, gm_tensor *target, gm_tensor *output) {
    gm_tensor *variance = gm_autoencoder_variance(p, gm_tensor_graph(target)), *numbers = NULL;
    if (variance) {
        gm_tensor *places = gm_row_places(&p->codes, target);
        gm_tensor *spread = gm_broadcast(gm_log(variance), *gm_tensor_shape(places));
        numbers = gm_gaussian_log_likelihood(places, gm_row_places(&p->codes, output), spread);
    }
    if (p->codes.choices == 0)
        return numbers;
    gm_tensor *said = gm_row_log_probabilities(&p->codes, output);
    gm_tensor *choices = gm_sum(gm_multiply(gm_row_choices(&p->codes, target, 0), said), 1u << 0 | 1u << 1);
    choices = gm_reshape(choices, GM_SHAPE(gm_tensor_shape(target)->dim[0]));
    return numbers ? gm_add(numbers, choices) : choices;
}

gm_tensor *gm_autoencoder_log_likelihood(const gm_autoencoder_parts *p, gm_tensor *target, gm_tensor *output) {
    const gm_autoencoder_settings *a = p->settings;
    if (gm_autoencoder_is_tabular(a))
        return table_log_likelihood(p, target, output);
    if (gm_autoencoder_is_bernoulli(a))
        return gm_bernoulli_log_likelihood(target, output);
    double log_variance = 2 * log(a->autoencoder.deviation);
    return gm_gaussian_log_likelihood(target, output, gm_constant(gm_tensor_graph(target), log_variance));
}

gm_tensor *gm_autoencoder_mean(const gm_autoencoder_parts *p, gm_tensor *output) {
    if (!gm_autoencoder_is_tabular(p->settings))
        return gm_autoencoder_is_bernoulli(p->settings) ? gm_sigmoid(output) : output;
    gm_tensor *said = gm_row_log_probabilities(&p->codes, output);
    return gm_row_values(&p->codes,
                         gm_row_join(&p->codes, gm_row_places(&p->codes, output), said ? gm_exp(said) : NULL));
}

gm_tensor *gm_autoencoder_draw(const gm_autoencoder_parts *p, gm_tensor *output, gm_use *use) {
    static const double sharp = .05; // how soft what is chosen may be: rows take the largest
    if (!gm_autoencoder_is_tabular(p->settings))
        return gm_autoencoder_mean(p, output);
    gm_tensor *places = gm_row_places(&p->codes, output), *variance = gm_autoencoder_variance(p, use->graph);
    if (places) {
        gm_shape shape = *gm_tensor_shape(places);
        gm_tensor *noise =
            gm_row_deviates(gm_use_draw(use, "draw.lengths", shape), gm_use_draw(use, "draw.turns", shape));
        places = gm_add(places, gm_multiply(gm_sqrt(variance), noise));
    }
    gm_tensor *uniform = gm_use_draw(use, "draw.choices", *gm_tensor_shape(output));
    return gm_row_values(&p->codes, gm_row_join(&p->codes, places, gm_row_choose(&p->codes, output, uniform, sharp)));
}

// InfoGAN's latent codes (Chen et al. 2016): parts of z that a head of the discriminator learns to tell from the
// sample, so that the generator must keep them. z = noise, then every categorical code one-hot, then the continuous
// codes.
#include "model/gan.h"

#include "base/base.h"
#include "ganymede/likelihood.h"
#include "graph/graph.h"

#include <math.h>

static size_t categories(const gm_gan_settings *gan, size_t i) {
    return (size_t)gan->codes.categorical.values[i];
}

// ---- In training ----

// Where u < 1 times the categories rounds up to their number, it is the last one.
static gm_tensor *draw_categorical(const gm_gan_settings *gan, size_t i, gm_tensor *noise, gm_tensor *counter) {
    double count = gan->codes.categorical.values[i];
    gm_graph *graph = gm_tensor_graph(noise);
    gm_tensor *u = gm_random_uniform(graph, gm_graph_printf(graph, "codes.%zu", i),
                                     GM_SHAPE(gm_tensor_shape(noise)->dim[0]), counter);
    gm_tensor *category = gm_minimum(gm_floor(gm_scale(u, count)), gm_constant(graph, count - 1));
    return gm_one_hot(gm_cast(category, GM_INT32), categories(gan, i));
}

gm_tensor *gm_codes_append(const gm_gan_settings *gan, gm_tensor *noise, gm_tensor *counter) {
    gm_graph *graph = gm_tensor_graph(noise);
    gm_tensor *z = noise;
    for (size_t i = 0; i < gan->codes.categorical.count; i++)
        z = gm_concat((gm_tensor *[]){z, draw_categorical(gan, i, noise, counter)}, 2, 1);
    if (gan->codes.continuous == 0)
        return z;
    gm_tensor *u =
        gm_random_uniform(graph, "codes", GM_SHAPE(gm_tensor_shape(noise)->dim[0], gan->codes.continuous), counter);
    return gm_concat((gm_tensor *[]){z, gm_offset(gm_scale(u, 2), -1)}, 2, 1);
}

static gm_tensor *columns(gm_tensor *x, size_t first, size_t count) {
    return gm_slice(x, (size_t[]){0, first}, (size_t[]){gm_tensor_shape(x)->dim[0], count});
}

gm_status gm_codes_bound(const gm_gan_settings *gan, const char *origin, gm_tensor *z, gm_tensor *told,
                         gm_tensor **bound) {
    size_t continuous = gan->codes.continuous, values = gm_gan_latent_values(gan) - gan->latent.size;
    if (!told)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "%s: codes.head is '%s', but the discriminator has no head or tap of that name: put `head: {name: "
            "%s, layers: [dense: %zu]}` where it may branch off",
            origin, gan->codes.head, gan->codes.head, values + continuous);
    const gm_shape *shape = gm_tensor_shape(told);
    if (shape->rank != 2 || shape->dim[1] != values + continuous)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: the head '%s' must give %zu values: one per category and two per continuous code, not %s",
                       origin, gan->codes.head, values + continuous, gm_model_sample_text(told).text);
    gm_tensor *sum = gm_full(gm_tensor_graph(z), GM_SHAPE(shape->dim[0]), 0);
    double entropy = (double)continuous * log(2);
    size_t from = gan->latent.size, at = 0;
    for (size_t i = 0; i < gan->codes.categorical.count; i++) {
        size_t count = categories(gan, i);
        sum = gm_add(sum, gm_categorical_log_likelihood(columns(z, from + at, count), columns(told, at, count)));
        entropy += log((double)count);
        at += count;
    }
    if (continuous > 0) {
        // Bounded below, at a deviation of .05: without, a code that is told ever better would outweigh all else.
        const double least = -6;
        gm_tensor *log_variance =
            gm_offset(gm_softplus(gm_offset(columns(told, at + continuous, continuous), -least)), least);
        sum = gm_add(sum, gm_gaussian_log_likelihood(columns(z, from + at, continuous), columns(told, at, continuous),
                                                     log_variance));
    }
    *bound = gm_offset(gm_mean_all(sum), entropy);
    return GM_OK;
}

// ---- In sampling ----

gm_status gm_codes_check(const gm_gan_settings *gan, const float *codes, size_t count) {
    size_t width = gm_gan_code_count(gan), categorical = gan->codes.categorical.count;
    if (width == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "this generator was trained without codes: it takes none");
    for (size_t i = 0; i < count * width; i++) {
        double value = (double)codes[i];
        size_t which = i % width;
        if (isnan(value))
            continue;
        if (which < categorical && !(value >= 0 && value < (double)categories(gan, which) && value <= floor(value)))
            return gm_fail(GM_ERROR_ARGUMENT, "code %zu cannot be %g: its categories are 0 to %zu", which, value,
                           categories(gan, which) - 1);
        if (isinf(value))
            return gm_fail(GM_ERROR_ARGUMENT, "code %zu must be finite", which);
    }
    return GM_OK;
}

void gm_codes_fill(const gm_gan_settings *gan, uint64_t run_seed, uint64_t seed, const float *codes, float *z) {
    size_t categorical = gan->codes.categorical.count;
    uint64_t rest = seed;
    for (size_t i = 0; i < categorical; i++) {
        size_t count = categories(gan, i);
        size_t category = codes && !isnan(codes[i]) ? (size_t)codes[i] : (size_t)(rest % count);
        for (size_t k = 0; k < count; k++)
            *z++ = k == category ? 1 : 0;
        rest /= count;
    }
    for (size_t i = 0; i < gan->codes.continuous; i++) {
        double u = gm_philox_uniform(run_seed, gm_stream("sample.codes"), (uint32_t)seed, (uint32_t)(seed >> 32), i);
        *z++ = codes && !isnan(codes[categorical + i]) ? codes[categorical + i] : (float)(2 * u - 1);
    }
}

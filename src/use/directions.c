// Directions of the latent space along which a generator's first layer changes most.
//   L = values of the noise, M = values of the layer
#include "ganymede/explore.h"

#include "base/base.h"
#include "metrics/moments.h"
#include "model/kinds.h"
#include "use/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWN = 4096, MOST_COMPONENTS = 128 }; // latents whose activations are looked at

// The use `first_layer`.
typedef struct layer {
    const gm_use *of; // the sampler's
    gm_use use;
    gm_plan *plan;
    size_t values, noise; // of a latent
} layer;

static void layer_close(layer *l) {
    gm_plan_destroy(&l->plan);
    gm_use_finish(&l->use);
}

static gm_status layer_open(layer *l, const gm_sampler *sampler) {
    const gm_recipe *recipe = sampler->trained.recipe;
    const gm_use_row *row = gm_use_find(recipe, "first_layer");
    *l = (layer){.of = &sampler->use,
                 .values = gm_use_latent_values(&sampler->use),
                 .noise = gm_use_noise_values(&sampler->use)};
    if (!row)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, whose first layer is not to be had",
                       gm_common_of(recipe)->name, gm_model_kind_of(recipe)->description);
    GM_TRY(gm_use_init(&l->use, row, recipe, NULL));
    return gm_plan_create(&l->plan, l->use.graph, sampler->trained.state, NULL);
}

// latents (count, values) of class 0 -> an output of the layer, (count, M). free(*result)
static gm_status layer_run(layer *l, const char *output, const float *latents, size_t count, float **result) {
    const gm_use_port *port = gm_use_find_output(&l->use, output);
    const void *inputs[GM_USE_PORTS] = {latents};
    float *outputs[GM_USE_PORTS] = {NULL};
    int32_t *labels;
    GM_TRY(gm_alloc(&labels, count, sizeof *labels, "labels"));
    inputs[1] = labels;
    gm_status status = gm_alloc(result, count * port->values, sizeof **result, "a layer");
    outputs[port - l->use.outputs] = *result;
    if (status == GM_OK)
        status = gm_use_run(&l->use, l->plan, inputs, count, outputs);
    free(labels);
    return status;
}

// As unit vectors whose largest value is positive.
static void set_direction(float *direction, const double *axis, size_t noise, size_t values) {
    double norm = 0;
    size_t largest = 0;
    for (size_t i = 0; i < noise; i++) {
        norm += axis[i] * axis[i];
        largest = fabs(axis[i]) > fabs(axis[largest]) ? i : largest;
    }
    double scale = (axis[largest] < 0 ? -1 : 1) / sqrt(fmax(norm, 1e-300));
    for (size_t i = 0; i < values; i++)
        direction[i] = i < noise ? (float)(scale * axis[i]) : 0;
}

// ---- The closed form ----

// What a layer without an activation does to the unit vectors, less what it does to 0, is its weights: (L, M). Fails
// where that is not all that it does. free(*weights)
static gm_status find_weights(layer *l, float **weights, size_t *columns) {
    size_t L = l->noise, M = gm_use_find_output(&l->use, "weighted")->values;
    float *latents, *found = NULL;
    double error = 0, size = 0;
    *columns = M;
    *weights = NULL;
    GM_TRY(gm_alloc(&latents, (L + 2) * l->values, sizeof *latents, "latents"));
    for (size_t i = 0; i < L; i++) {
        latents[i * l->values + i] = 1;
        latents[(L + 1) * l->values + i] = i % 3 == 0 ? -1 : 0.5f; // any sum of them
    }
    gm_status status = layer_run(l, "weighted", latents, L + 2, &found);
    for (size_t i = 0; status == GM_OK && i < L * M; i++)
        found[i] -= found[L * M + i % M];
    for (size_t k = 0; status == GM_OK && k < M; k++) {
        double sum = (double)found[L * M + k], is = (double)found[(L + 1) * M + k];
        for (size_t i = 0; i < L; i++)
            sum += (i % 3 == 0 ? -1 : 0.5) * (double)found[i * M + k];
        error += (sum - is) * (sum - is);
        size += is * is + sum * sum;
    }
    if (status == GM_OK && !(error <= 1e-6 * size))
        status = gm_fail(GM_ERROR_ARGUMENT,
                         "%s: what its generator begins with is not linear in z, so there is no closed form: take the "
                         "principal components (--method pca)",
                         gm_common_of(l->of->recipe)->name);
    free(latents);
    *weights = found;
    return status;
}

static gm_status find_closed(layer *l, size_t count, float *directions, double *shares) {
    size_t L = l->noise, M;
    float *weights = NULL;
    double *rows = NULL, *gram = NULL, *values = NULL, *vectors = NULL, total = 0;
    gm_status status;
    GM_TRY_DONE(find_weights(l, &weights, &M));
    GM_TRY_DONE(gm_alloc(&rows, L * M, sizeof *rows, "weights"));
    GM_TRY_DONE(gm_alloc(&gram, L * L, sizeof *gram, "products of weights"));
    GM_TRY_DONE(gm_alloc(&vectors, L * L, sizeof *vectors, "directions"));
    GM_TRY_DONE(gm_alloc(&values, L, sizeof *values, "directions"));
    for (size_t i = 0; i < L * M; i++)
        rows[i] = (double)weights[i];
    for (size_t i = 0; i < L; i++)
        for (size_t j = 0; j <= i; j++)
            gram[i * L + j] = gram[j * L + i] = gm_dot(rows + i * M, rows + j * M, M);
    GM_TRY_DONE(gm_eigen_symmetric(gram, L, values, vectors));
    for (size_t i = 0; i < L; i++)
        total += fmax(values[i], 0);
    for (size_t i = 0; i < count; i++) {
        set_direction(directions + i * l->values, vectors + i * L, L, l->values);
        if (shares)
            shares[i] = total > 0 ? fmax(values[i], 0) / total : 0;
    }
done:
    free(weights);
    free(rows);
    free(gram);
    free(vectors);
    free(values);
    return status;
}

// ---- Principal components ----

// Component k in z: the direction u that fits z = u x best in the mean, x being what lies along the component.
static void regress(const layer *l, const float *latents, const float *scores, size_t components, size_t k,
                    double *axis) {
    for (size_t i = 0; i < l->noise; i++)
        axis[i] = 0;
    for (size_t n = 0; n < DRAWN; n++)
        for (size_t i = 0; i < l->noise; i++)
            axis[i] += (double)scores[n * components + k] * (double)latents[n * l->values + i];
}

static gm_status find_components(layer *l, gm_device *device, size_t count, float *directions, double *shares) {
    size_t M = gm_use_find_output(&l->use, "activations")->values;
    uint64_t *seeds = NULL;
    float *latents = NULL, *activations = NULL, *scores = NULL;
    double *axis = NULL;
    gm_pca *pca = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&seeds, DRAWN, sizeof *seeds, "seeds"));
    GM_TRY_DONE(gm_alloc(&latents, DRAWN * l->values, sizeof *latents, "latents"));
    for (size_t i = 0; i < DRAWN; i++)
        seeds[i] = i;
    GM_TRY_DONE(gm_use_fill_latents(l->of, seeds, NULL, DRAWN, latents));
    GM_TRY_DONE(layer_run(l, "activations", latents, DRAWN, &activations));
    const gm_samples rows = {activations, DRAWN, M};
    GM_TRY_DONE(gm_pca_create(&pca, device, &rows, count));
    if (pca->components < count)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "%s: the first layer varies along %zu directions, not %zu",
                            gm_common_of(l->of->recipe)->name, pca->components, count));
    GM_TRY_DONE(gm_alloc(&scores, DRAWN * count, sizeof *scores, "scores"));
    GM_TRY_DONE(gm_pca_apply(pca, device, &rows, scores));
    GM_TRY_DONE(gm_alloc(&axis, l->noise, sizeof *axis, "a direction"));
    for (size_t k = 0; k < count; k++) {
        regress(l, latents, scores, count, k, axis);
        set_direction(directions + k * l->values, axis, l->noise, l->values);
        if (shares)
            shares[k] = pca->variance[k] / pca->total;
    }
done:
    gm_pca_destroy(&pca);
    free(seeds);
    free(latents);
    free(activations);
    free(scores);
    free(axis);
    return status;
}

// ---- The interface ----

gm_status gm_sampler_directions(gm_sampler *sampler, gm_direction_method method, size_t count, float *directions,
                                double *shares) {
    layer l;
    gm_status status = layer_open(&l, sampler);
    size_t most = method == GM_DIRECTIONS_PCA ? GM_MIN(l.noise, (size_t)MOST_COMPONENTS) : l.noise;
    if (status == GM_OK && (count == 0 || count > most))
        status = gm_fail(GM_ERROR_ARGUMENT, "%zu directions: there are 1 to %zu in this latent space", count, most);
    if (status == GM_OK)
        status = method == GM_DIRECTIONS_PCA ? find_components(&l, sampler->trained.device, count, directions, shares)
                                             : find_closed(&l, count, directions, shares);
    layer_close(&l);
    return status;
}

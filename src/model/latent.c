// The latent z: drawn on the device in training, on the host for samples of given seeds.
#include "model/latent.h"

#include "base/base.h"

const char *const gm_latent_distributions[] = {"normal", "uniform", NULL};

gm_tensor *gm_latent_batch(const gm_latent *latent, gm_graph *graph, size_t batch, gm_tensor *counter) {
    gm_shape shape = GM_SHAPE(batch, latent->size);
    return latent->distribution == GM_LATENT_UNIFORM
               ? gm_offset(gm_scale(gm_random_uniform(graph, "latent", shape, counter), 2), -1)
               : gm_random_normal(graph, "latent", shape, counter);
}

void gm_latent_fill(const gm_latent *latent, uint64_t run_seed, uint64_t seed, float *z) {
    uint32_t stream = gm_stream("sample"), low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (size_t i = 0; i < latent->size; i++)
        z[i] = latent->distribution == GM_LATENT_UNIFORM
                   ? (float)(2 * gm_philox_uniform(run_seed, stream, low, high, i) - 1)
                   : (float)gm_philox_normal(run_seed, stream, low, high, i);
}

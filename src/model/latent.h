// The latent z of generators and decoders: its settings, and how it is drawn for samples.
#ifndef GM_MODEL_LATENT_H
#define GM_MODEL_LATENT_H

#include "ganymede/graph.h"
#include "recipe/recipe.h"

typedef enum gm_latent_distribution { GM_LATENT_NORMAL = 0, GM_LATENT_UNIFORM } gm_latent_distribution;

typedef struct gm_latent {
    size_t size;
    int distribution; // gm_latent_distribution: N(0, 1) or U(-1, 1)
} gm_latent;

extern const char *const gm_latent_distributions[];

// The rows of a `latent` field in the settings struct `of`.
#define GM_LATENT_ROWS(of)                                                                                             \
    GM_ROW_INTEGER(of, "latent.size", latent.size, 1, 65536, 100, "values of z, the generator's input"),               \
        GM_ROW_CHOICE(of, "latent.distribution", latent.distribution, gm_latent_distributions, 0,                      \
                      "of z: normal N(0, 1) or uniform U(-1, 1)")

// A batch of noise (batch, size), anew at each step of the counter.
gm_tensor *gm_latent_batch(const gm_latent *latent, gm_graph *graph, size_t batch, gm_tensor *counter);
// The noise of one sample: value i is word i of the stream "sample" under the run's seed, with the sample's own seed as
// the counter. It depends on nothing else.
void gm_latent_fill(const gm_latent *latent, uint64_t run_seed, uint64_t seed, float *z);

#endif

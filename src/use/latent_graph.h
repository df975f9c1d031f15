// The graph of a latent search: one step for the rows of a batch.
#ifndef GM_USE_LATENT_GRAPH_H
#define GM_USE_LATENT_GRAPH_H

#include "use/latent_search.h"

struct gm_latent_search {
    gm_latent_search_options options;
    gm_sampler *sampler;
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_use generate, features, wanted, score; // parts of the graph
    gm_tensor *z, *codes, *target, *weights, *labels, *loss;
    gm_phase *prepare, *descend, *judge; // once for a batch; a step; the loss at its end
    size_t noise, values, item;          // of z, of the latent, of a sample
    double reach;                        // of a value
    void *made;                          // zeros for a variable
    // Of the candidates: latents and samples.
    float *latents, *samples;
};

// Makes graph, state and plan, for the options and sizes that are there. What it leaves is gm_latent_search_destroy's.
gm_status gm_latent_graph_init(gm_latent_search *search);

#endif

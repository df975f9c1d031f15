// What the metrics that run on the device share: a graph with its plan, and rows cut into equal blocks.
#include "metrics/moments.h"

#include <string.h>

gm_status gm_session_init(gm_session *session, gm_device *device, uint64_t seed) {
    *session = (gm_session){0};
    GM_TRY(gm_graph_create(&session->graph));
    return gm_state_create(&session->state, device, seed);
}

gm_status gm_session_plan(gm_session *session) {
    return gm_plan_create(&session->plan, session->graph, session->state, NULL);
}

void gm_session_finish(gm_session *session) {
    gm_plan_destroy(&session->plan);
    gm_state_destroy(&session->state);
    gm_graph_destroy(&session->graph);
}

void gm_block_fill(float *block_values, size_t block, const float *rows, size_t count, size_t columns, size_t first,
                   const float *mean) {
    size_t there = GM_MIN(count - first, block);
    for (size_t i = 0; i < there; i++)
        for (size_t j = 0; j < columns; j++)
            block_values[i * columns + j] = rows[(first + i) * columns + j] - (mean ? mean[j] : 0);
    memset(block_values + there * columns, 0, (block - there) * columns * sizeof(float));
}

// Running statistics: what applications make of variables, pending until a phase assigns it. A phase assigns a variable
// once, so that the updates of several applications are composed here.
#include "nn/layers.h"

#include "graph/graph.h"

#include <stdlib.h>

typedef struct pending {
    gm_tensor *variable, *value;
} pending;

struct gm_statistics {
    pending *updates;
    size_t count, capacity;
};

gm_status gm_statistics_create(gm_statistics **statistics) {
    return gm_alloc(statistics, 1, sizeof **statistics, "running statistics");
}

void gm_statistics_destroy(gm_statistics **statistics) {
    if (statistics == NULL || *statistics == NULL)
        return;
    free((*statistics)->updates);
    free(*statistics);
    *statistics = NULL;
}

void gm_statistics_assign(gm_statistics *statistics, gm_phase *phase) {
    for (size_t i = 0; i < statistics->count; i++)
        gm_phase_assign(phase, statistics->updates[i].variable, statistics->updates[i].value);
    statistics->count = 0;
}

void gm_statistics_drop(gm_statistics *statistics) {
    statistics->count = 0;
}

static size_t find(const gm_statistics *statistics, const gm_tensor *variable) {
    size_t i = 0;
    while (i < statistics->count && statistics->updates[i].variable != variable)
        i++;
    return i;
}

gm_tensor *gm_statistics_latest(const gm_statistics *statistics, gm_tensor *variable) {
    size_t i = find(statistics, variable);
    return i < statistics->count ? statistics->updates[i].value : variable;
}

void gm_statistics_update(gm_statistics *statistics, gm_tensor *variable, gm_tensor *value) {
    size_t i = find(statistics, variable);
    if (i == statistics->count) {
        gm_status status = gm_grow(&statistics->updates, statistics->count, &statistics->capacity,
                                   sizeof *statistics->updates, "running statistics");
        if (status != GM_OK) {
            gm_fault(gm_tensor_graph(variable), "out of memory for running statistics");
            return;
        }
        statistics->updates[statistics->count++].variable = variable;
    }
    statistics->updates[i].value = value;
}

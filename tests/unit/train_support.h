// A gm_state in host memory for the tests of files, so that they need no device: it takes the place of src/plan's.
#ifndef GM_TEST_TRAIN_SUPPORT_H
#define GM_TEST_TRAIN_SUPPORT_H

#include <string.h>

#include "run/checkpoint.h"

typedef struct variable {
    const char *name;
    gm_type type;
    gm_shape shape;
    void *values;
} variable;

struct gm_state {
    const variable *variables;
    size_t count;
    const char *refuses; // reading this one fails
};

size_t gm_state_count(const gm_state *state) {
    return state->count;
}

void gm_state_entry(const gm_state *state, size_t index, const char **name, gm_type *type, gm_shape *shape) {
    *name = state->variables[index].name;
    *type = state->variables[index].type;
    *shape = state->variables[index].shape;
}

static const variable *find(const gm_state *state, const char *name, size_t bytes) {
    for (size_t i = 0; i < state->count; i++) {
        const variable *v = &state->variables[i];
        if (strcmp(v->name, name) == 0 && gm_type_size(v->type) * gm_shape_count(&v->shape) == bytes)
            return v;
    }
    return NULL;
}

gm_status gm_state_read(gm_state *state, const char *name, void *values, size_t bytes) {
    if (state->refuses && strcmp(state->refuses, name) == 0)
        return gm_fail(GM_ERROR_DEVICE, "the device is gone");
    memcpy(values, find(state, name, bytes)->values, bytes);
    return GM_OK;
}

gm_status gm_state_write(gm_state *state, const char *name, const void *values, size_t bytes) {
    memcpy(find(state, name, bytes)->values, values, bytes);
    return GM_OK;
}

#endif

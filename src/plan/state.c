// The state: named variables on the device that outlive graphs and plans.
#include "plan/state.h"

#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

gm_status gm_state_create(gm_state **state, gm_device *device, uint64_t seed) {
    GM_TRY(gm_alloc(state, 1, sizeof **state, "a state"));
    (*state)->device = device;
    (*state)->seed = seed;
    return GM_OK;
}

static void variable_destroy(gm_state_variable *variable) {
    gm_buffer_destroy(&variable->buffer);
    free(variable->name);
    free(variable);
}

void gm_state_destroy(gm_state **state) {
    if (!state || !*state)
        return;
    for (size_t i = 0; i < (*state)->count; i++)
        variable_destroy((*state)->variables[i]);
    free((*state)->variables);
    free(*state);
    *state = NULL;
}

static gm_state_variable *find(const gm_state *state, const char *name) {
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->variables[i]->name, name) == 0)
            return state->variables[i];
    return NULL;
}

// GPUs' contractions want the channels of weights side by side, as those of images are.
static gm_layout layout_of(const gm_state *state, const gm_shape *shape) {
    return gm_layout_for(shape,
                         gm_emitter_wants_gpu(gm_device_get_info(state->device)) ? GM_LAYOUT_HWNC : GM_LAYOUT_ROW);
}

static size_t bytes_of(const gm_state_variable *variable) {
    return gm_type_size(variable->type) * gm_shape_count(&variable->shape);
}

// Values by the variable's name and the seed alone, so that they depend on no order and no device.
static void initial_values(const gm_state *state, const gm_tensor *tensor, void *values) {
    const gm_initializer init = ((const gm_variable_attributes *)tensor->attributes)->initializer;
    size_t count = gm_shape_count(&tensor->shape);
    uint32_t stream = gm_stream(tensor->name);
    double normal[4];
    for (size_t i = 0; i < count; i++) {
        double value = init.a;
        if (init.kind == GM_INITIALIZER_NORMAL && i % 4 == 0)
            gm_philox_normals(normal, state->seed, stream, 0, 0, i / 4);
        if (init.kind == GM_INITIALIZER_UNIFORM)
            value = init.a + (init.b - init.a) * gm_philox_uniform(state->seed, stream, 0, 0, i);
        else if (init.kind == GM_INITIALIZER_NORMAL)
            value = init.a + init.b * normal[i % 4];
        if (tensor->type == GM_FLOAT32)
            ((float *)values)[i] = (float)value;
        else if (tensor->type == GM_INT32)
            ((int32_t *)values)[i] = (int32_t)value;
        else
            ((uint8_t *)values)[i] = (uint8_t)value;
    }
}

static gm_status write_values(gm_state_variable *variable, const void *values) {
    size_t bytes = bytes_of(variable);
    if (variable->layout == GM_LAYOUT_ROW)
        return gm_buffer_write(variable->buffer, 0, values, bytes);
    gm_view view = gm_view_create(0, variable->type, &variable->shape, variable->layout);
    void *memory;
    GM_TRY(gm_alloc(&memory, bytes, 1, variable->name));
    gm_view_pack(&view, values, memory);
    gm_status status = gm_buffer_write(variable->buffer, 0, memory, bytes);
    free(memory);
    return status;
}

void gm_state_set_source(gm_state *state, gm_state_source *source, void *user) {
    state->source = source;
    state->source_user = user;
}

gm_status gm_state_declare(gm_state *state, const gm_tensor *tensor, gm_state_variable **out) {
    *out = find(state, tensor->name);
    if (*out) {
        if ((*out)->type == tensor->type && gm_shape_equal(&(*out)->shape, &tensor->shape))
            return GM_OK;
        return gm_fail(GM_ERROR_ARGUMENT, "variable %s is %s %s in the graph, but the state holds %s %s", tensor->name,
                       gm_type_text(tensor->type), gm_shape_text(&tensor->shape), gm_type_text((*out)->type),
                       gm_shape_text(&(*out)->shape));
    }
    gm_status status = GM_OK;
    void *made = NULL;
    const void *values = NULL;
    gm_state_variable *variable;
    GM_TRY(gm_alloc(&variable, 1, sizeof *variable, "a variable"));
    variable->type = tensor->type;
    variable->shape = tensor->shape;
    variable->layout = layout_of(state, &tensor->shape);
    size_t bytes = bytes_of(variable);
    GM_TRY_DONE(gm_alloc(&variable->name, strlen(tensor->name) + 1, 1, "a variable's name"));
    strcpy(variable->name, tensor->name);
    if (state->source) {
        GM_TRY_DONE(state->source(state->source_user, tensor->name, tensor->type, &tensor->shape, &values));
    } else {
        GM_TRY_DONE(gm_alloc(&made, bytes, 1, tensor->name));
        initial_values(state, tensor, made);
        values = made;
    }
    GM_TRY_DONE(gm_buffer_create(&variable->buffer, state->device, bytes));
    GM_TRY_DONE(write_values(variable, values));
    GM_TRY_DONE(gm_grow(&state->variables, state->count, &state->capacity, sizeof *state->variables, "the state"));
    state->variables[state->count++] = variable;
    *out = variable;
    variable = NULL;
done:
    if (variable)
        variable_destroy(variable);
    free(made);
    return status;
}

size_t gm_state_count(const gm_state *state) {
    return state->count;
}

void gm_state_entry(const gm_state *state, size_t index, const char **name, gm_type *type, gm_shape *shape) {
    *name = state->variables[index]->name;
    *type = state->variables[index]->type;
    *shape = state->variables[index]->shape;
}

static gm_status find_sized(gm_state *state, const char *name, size_t bytes, gm_state_variable **variable) {
    *variable = find(state, name);
    if (!*variable)
        return gm_fail(GM_ERROR_ARGUMENT, "the state has no variable %s", name);
    if (bytes_of(*variable) != bytes)
        return gm_fail(GM_ERROR_ARGUMENT, "variable %s %s has %zu bytes, not %zu", name,
                       gm_shape_text(&(*variable)->shape), bytes_of(*variable), bytes);
    return GM_OK;
}

gm_status gm_state_read(gm_state *state, const char *name, void *values, size_t bytes) {
    gm_state_variable *variable;
    GM_TRY(find_sized(state, name, bytes, &variable));
    if (variable->layout == GM_LAYOUT_ROW)
        return gm_buffer_read(variable->buffer, 0, values, bytes);
    gm_view view = gm_view_create(0, variable->type, &variable->shape, variable->layout);
    void *memory;
    GM_TRY(gm_alloc(&memory, bytes, 1, name));
    gm_status status = gm_buffer_read(variable->buffer, 0, memory, bytes);
    if (status == GM_OK)
        gm_view_unpack(&view, memory, values);
    free(memory);
    return status;
}

gm_status gm_state_write(gm_state *state, const char *name, const void *values, size_t bytes) {
    gm_state_variable *variable;
    GM_TRY(find_sized(state, name, bytes, &variable));
    variable->version++;
    return write_values(variable, values);
}

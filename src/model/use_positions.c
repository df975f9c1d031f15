// Building uses that go from position to position: the graph is that of one position.
#include "model/use.h"

#include "base/base.h"
#include "graph/graph.h"

#include <string.h>

static void settle_anew(gm_use *use, gm_use_port *port, size_t values, float value) {
    port->settled = gm_arena_alloc(&use->graph->arena, values * sizeof *port->settled);
    for (size_t i = 0; port->settled && i < values; i++)
        port->settled[i] = value;
    if (!port->settled)
        gm_fault(use->graph, "out of memory for %zu values", values);
}

static void set_length(gm_use *use, gm_use_port *port, size_t positions) {
    if (!port->along)
        return;
    port->values = gm_use_port_width(use, port) * positions;
    if (port->settled)
        settle_anew(use, port, port->values, 0);
}

void gm_use_set_positions(gm_use *use, size_t positions) {
    for (size_t i = 0; i < use->input_count; i++)
        set_length(use, &use->inputs[i], positions);
    for (size_t i = 0; i < use->output_count; i++)
        set_length(use, &use->outputs[i], positions);
    use->positions = positions;
    if (use->format.text && use->output_count > 0)
        use->format = gm_sample_of_text(use->format.text, positions);
}

static gm_use_port *latest_input(gm_use *use) {
    return &use->inputs[use->input_count - 1];
}

gm_tensor *gm_use_add_along(gm_use *use, const char *name, const gm_shape *item, bool drawn) {
    gm_tensor *x = gm_use_add_input(use, name, GM_FLOAT32, item);
    gm_use_port *port = latest_input(use);
    port->along = true;
    port->drawn = drawn;
    port->values *= use->positions;
    return x;
}

gm_tensor *gm_use_add_carried(gm_use *use, const char *name, const gm_shape *item) {
    gm_tensor *x = gm_use_add_input(use, name, GM_FLOAT32, item);
    latest_input(use)->carried = true;
    return x;
}

gm_tensor *gm_use_add_settled(gm_use *use, const char *name, float value, bool along) {
    gm_tensor *x = along ? gm_use_add_along(use, name, &GM_SHAPE(1), false)
                         : gm_use_add_input(use, name, GM_FLOAT32, &GM_SHAPE(1));
    settle_anew(use, latest_input(use), latest_input(use)->values, along ? 0 : value);
    return x;
}

void gm_use_add_output_along(gm_use *use, const char *name, gm_tensor *x) {
    gm_use_add_output(use, name, x);
    use->outputs[use->output_count - 1].along = true;
    use->outputs[use->output_count - 1].values *= use->positions;
}

void gm_use_carry(gm_use *use, const char *name, gm_tensor *x) {
    gm_use_add_output(use, name, x);
    use->outputs[use->output_count - 1].carried = true;
}

static gm_tensor *recall(void *user, const char *name, gm_shape shape) {
    return gm_use_add_carried(user, name, &GM_SHAPE(shape.dim[1], shape.dim[2]));
}

static void keep(void *user, const char *name, gm_tensor *state) {
    gm_use_carry(user, name, state);
}

void gm_use_remember(gm_use *use, gm_network *network) {
    gm_network_set_memory(network, &(gm_network_memory){recall, keep, use});
}

void gm_use_settle(gm_use *use, const char *name, const float *values, size_t count) {
    for (size_t i = 0; i < use->input_count; i++)
        if (strcmp(use->inputs[i].name, name) == 0 && use->inputs[i].settled)
            memcpy(use->inputs[i].settled, values, GM_MIN(count, use->inputs[i].values) * sizeof *values);
}

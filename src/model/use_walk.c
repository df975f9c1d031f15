// Uses that go from position to position: the graph is that of one position, what it carries comes back at the next.
#include "model/use.h"

#include "base/base.h"
#include "graph/graph.h"
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

// ---- Building ----

static size_t per_run(const gm_use *use, const gm_use_port *port) {
    return port->along ? port->values / use->positions : port->values;
}

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
    port->values = per_run(use, port) * positions;
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

// ---- Running ----

typedef struct walk {
    const gm_use *use;
    gm_plan *plan;
    const void *const *inputs;
    float *const *outputs;
    size_t first, count;
    float *rows[GM_USE_PORTS]; // of each input, a batch of one position
    float *read;               // of an output
} walk;

// The input's rows at a position; of a batch that is not full the others are zeros.
static void fill(const walk *w, size_t index, size_t position) {
    const gm_use_port *port = &w->use->inputs[index];
    const float *values = w->inputs[index];
    size_t width = per_run(w->use, port), offset = port->along ? position * width : 0;
    for (size_t i = 0; i < w->count; i++) {
        const float *row = values ? values + (w->first + i) * port->values : port->settled;
        memcpy(w->rows[index] + i * width, row + offset, width * sizeof *row);
    }
}

static gm_status write_inputs(const walk *w, size_t position) {
    for (size_t i = 0; i < w->use->input_count; i++) {
        const gm_use_port *port = &w->use->inputs[i];
        if (position > 0 && !port->along && !port->carried)
            continue;
        if (!port->carried)
            fill(w, i, position);
        GM_TRY(gm_plan_write(w->plan, port->x, w->rows[i], w->use->batch * per_run(w->use, port) * sizeof(float)));
    }
    return GM_OK;
}

static gm_status read_outputs(const walk *w, size_t position) {
    for (size_t i = 0; i < w->use->output_count; i++) {
        const gm_use_port *port = &w->use->outputs[i];
        size_t width = per_run(w->use, port), bytes = w->use->batch * width * sizeof(float);
        const gm_use_port *input = port->carried ? gm_use_find_input(w->use, port->name) : NULL;
        if (input)
            GM_TRY(gm_plan_read(w->plan, port->x, w->rows[input - w->use->inputs], bytes));
        if (!w->outputs[i] || port->carried)
            continue;
        GM_TRY(gm_plan_read(w->plan, port->x, w->read, bytes));
        for (size_t k = 0; k < w->count; k++)
            memcpy(w->outputs[i] + (w->first + k) * port->values + (port->along ? position * width : 0),
                   w->read + k * width, width * sizeof(float));
    }
    return GM_OK;
}

gm_status gm_use_walk(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t first, size_t count,
                      float *const *outputs) {
    walk w = {.use = use, .plan = plan, .inputs = inputs, .outputs = outputs, .first = first, .count = count};
    size_t widest = 1;
    gm_status status = GM_OK;
    for (size_t i = 0; i < use->input_count; i++)
        GM_TRY_DONE(gm_alloc(&w.rows[i], use->batch * per_run(use, &use->inputs[i]), sizeof(float), "a batch"));
    for (size_t i = 0; i < use->output_count; i++)
        widest = GM_MAX(widest, per_run(use, &use->outputs[i]));
    GM_TRY_DONE(gm_alloc(&w.read, use->batch * widest, sizeof(float), "a batch"));
    for (size_t position = 0; position < use->positions; position++) {
        GM_TRY_DONE(write_inputs(&w, position));
        GM_TRY_DONE(gm_plan_run(plan, use->phase));
        GM_TRY_DONE(read_outputs(&w, position));
    }
done:
    for (size_t i = 0; i < use->input_count; i++)
        free(w.rows[i]);
    free(w.read);
    return status;
}

// Building and running the uses of a trained model, whatever its kind.
#include "model/use.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/common.h"
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

// ---- Building ----

gm_status gm_use_init(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data) {
    return gm_use_init_batch(use, row, recipe, data, GM_USE_BATCH);
}

gm_status gm_use_init_batch(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data,
                            size_t batch) {
    *use = (gm_use){.row = row, .recipe = recipe, .batch = batch};
    if (data)
        use->format = *data;
    gm_status status = gm_graph_create(&use->graph);
    if (status == GM_OK)
        status = row->build(use);
    if (status == GM_OK) {
        use->phase = gm_phase_create(use->graph, row->name);
        for (size_t i = 0; i < use->output_count; i++)
            gm_phase_fetch(use->phase, use->outputs[i].x);
        status = gm_graph_status(use->graph);
    }
    if (status != GM_OK)
        gm_use_finish(use);
    return status;
}

gm_status gm_use_append(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data,
                        const gm_use_given *given, size_t count) {
    *use = (gm_use){.row = row,
                    .recipe = recipe,
                    .batch = gm_tensor_shape(given->x)->dim[0],
                    .graph = gm_tensor_graph(given->x),
                    .appended = true,
                    .given = given,
                    .given_count = count};
    if (data)
        use->format = *data;
    gm_status status = row->build(use);
    if (status == GM_OK)
        status = gm_graph_status(use->graph);
    use->given_count = 0;
    if (status != GM_OK)
        gm_use_finish(use);
    return status;
}

void gm_use_finish(gm_use *use) {
    for (size_t i = 0; i < use->network_count; i++)
        gm_network_destroy(&use->networks[i]);
    free(use->chosen);
    if (!use->appended)
        gm_graph_destroy(&use->graph);
    *use = (gm_use){0};
}

gm_status gm_use_add_network(gm_use *use, const char *name, const gm_layer_list *layers, int initializer,
                             const gm_averaging *average, gm_network **network) {
    if (use->network_count == GM_USE_NETWORKS)
        return gm_fail(GM_ERROR_STATE, "a use has at most %d networks", GM_USE_NETWORKS);
    if (average && average->decay > 0)
        name = gm_graph_printf(use->graph, "%s_average", name);
    GM_TRY(gm_network_create(network, name, layers->layers, layers->count, (gm_weight_initializer)initializer));
    use->networks[use->network_count++] = *network;
    return GM_OK;
}

static size_t next_weighted(const gm_layer_list *layers, size_t from) {
    while (from < layers->count && !layers->layers[from].type->weighted)
        from++;
    return from;
}

gm_status gm_use_add_first_layer(gm_use *use, const char *name, const gm_layer_list *layers, int initializer,
                                 const gm_averaging *average, gm_tensor *latent, gm_tensor *labels) {
    static const char *const outputs[] = {"weighted", "activations"};
    size_t first = next_weighted(layers, 0);
    const size_t counts[] = {first + 1, next_weighted(layers, first + 1)};
    if (first == layers->count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the %s has no layer with weights", layers->layers[0].origin, name);
    for (size_t i = 0; i < GM_COUNT(counts); i++) {
        const gm_layer_list part = {.layers = layers->layers, .count = counts[i]};
        gm_network *network;
        GM_TRY(gm_use_add_network(use, name, &part, initializer, average, &network));
        gm_use_draw_from_seeds(use, network);
        gm_use_add_output(use, outputs[i], gm_network_apply_labelled(network, latent, labels, GM_MODE_INFERENCE, NULL));
    }
    return GM_OK;
}

static void add_port(gm_use *use, gm_use_port *ports, size_t *count, gm_use_port port) {
    if (*count == GM_USE_PORTS)
        gm_fault(use->graph, "%s: the use %s has at most %d inputs and outputs each", port.name, use->row->name,
                 GM_USE_PORTS);
    else
        ports[(*count)++] = port;
}

static gm_tensor *check_given(gm_use *use, const gm_use_given *given, gm_type type, const gm_shape *shape) {
    if (gm_tensor_type(given->x) == type && gm_shape_equal(gm_tensor_shape(given->x), shape))
        return given->x;
    return gm_fault(use->graph, "%s: the use %s takes %s, not %s", given->name, use->row->name, gm_shape_text(shape),
                    gm_shape_text(gm_tensor_shape(given->x)));
}

gm_tensor *gm_use_add_input(gm_use *use, const char *name, gm_type type, const gm_shape *item) {
    gm_shape shape = {.rank = item->rank + 1, .dim = {use->batch}};
    memcpy(shape.dim + 1, item->dim, item->rank * sizeof *shape.dim);
    for (size_t i = 0; i < use->given_count; i++)
        if (strcmp(use->given[i].name, name) == 0)
            return check_given(use, &use->given[i], type, &shape);
    gm_tensor *x = gm_input(use->graph, name, type, shape);
    add_port(use, use->inputs, &use->input_count, (gm_use_port){.name = name, .x = x, .values = gm_shape_count(item)});
    return x;
}

gm_tensor *gm_use_draw(gm_use *use, const char *name, gm_shape shape) {
    gm_shape item = {.rank = shape.rank - 1};
    memcpy(item.dim, shape.dim + 1, item.rank * sizeof *item.dim);
    if (shape.dim[0] != use->batch)
        return gm_fault(use->graph, "%s: draws for %zu rows and not for %zu samples", name, shape.dim[0], use->batch);
    gm_tensor *x = gm_use_add_input(use, name, GM_FLOAT32, &item);
    use->inputs[use->input_count - 1].drawn = true;
    return x;
}

static gm_tensor *draw(void *user, const char *name, gm_shape shape) {
    return gm_use_draw(user, name, shape);
}

void gm_use_draw_from_seeds(gm_use *use, gm_network *network) {
    gm_network_set_draw(network, draw, use);
}

gm_tensor *gm_use_add_data(gm_use *use) {
    return gm_use_add_input(use, "data", GM_FLOAT32, &use->format.item);
}

void gm_use_add_output(gm_use *use, const char *name, gm_tensor *x) {
    size_t values = gm_shape_count(gm_tensor_shape(x)) / use->batch;
    add_port(use, use->outputs, &use->output_count, (gm_use_port){.name = name, .x = x, .values = values});
}

// ---- Running ----

static const gm_use_port *find_port(const gm_use_port *ports, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return &ports[i];
    return NULL;
}

const gm_use_port *gm_use_find_input(const gm_use *use, const char *name) {
    return find_port(use->inputs, use->input_count, name);
}

const gm_use_port *gm_use_find_output(const gm_use *use, const char *name) {
    return find_port(use->outputs, use->output_count, name);
}

// The rows of one batch, filled up with zeros.
static gm_status write_input(const gm_use *use, const gm_use_port *port, gm_plan *plan, const void *rows,
                             size_t count) {
    size_t bytes = use->batch * gm_use_port_bytes(port);
    if (count == use->batch)
        return gm_plan_write(plan, port->x, rows, bytes);
    void *batch;
    GM_TRY(gm_alloc(&batch, 1, bytes, "a batch"));
    memcpy(batch, rows, count * gm_use_port_bytes(port));
    gm_status status = gm_plan_write(plan, port->x, batch, bytes);
    free(batch);
    return status;
}

static gm_status read_output(const gm_use *use, const gm_use_port *port, gm_plan *plan, float *rows, size_t count) {
    size_t bytes = use->batch * gm_use_port_bytes(port);
    if (count == use->batch)
        return gm_plan_read_later(plan, port->x, rows, bytes);
    void *batch;
    GM_TRY(gm_alloc(&batch, 1, bytes, "a batch"));
    gm_status status = gm_plan_read(plan, port->x, batch, bytes);
    if (status == GM_OK)
        memcpy(rows, batch, count * gm_use_port_bytes(port));
    free(batch);
    return status;
}

// The same value for every sample.
static gm_status write_settled(const gm_use *use, const gm_use_port *port, gm_plan *plan) {
    float *batch;
    GM_TRY(gm_alloc(&batch, use->batch * port->values, sizeof *batch, "a batch"));
    for (size_t i = 0; i < use->batch * port->values; i++)
        batch[i] = port->settled[i % port->values];
    gm_status status = gm_plan_write(plan, port->x, batch, use->batch * gm_use_port_bytes(port));
    free(batch);
    return status;
}

// Rows `first` ... `first + count - 1`, at most a batch, of the arrays. Does not wait for whole batches.
static gm_status run_batch(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t first, size_t count,
                           float *const *outputs) {
    for (size_t i = 0; i < use->input_count; i++) {
        const gm_use_port *port = &use->inputs[i];
        GM_TRY(inputs[i]
                   ? write_input(use, port, plan, (const char *)inputs[i] + first * gm_use_port_bytes(port), count)
                   : write_settled(use, port, plan));
    }
    GM_TRY(gm_plan_run(plan, use->phase));
    for (size_t i = 0; i < use->output_count; i++)
        if (outputs[i])
            GM_TRY(read_output(use, &use->outputs[i], plan, outputs[i] + first * use->outputs[i].values, count));
    return GM_OK;
}

gm_status gm_use_run(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t count, float *const *outputs) {
    gm_status status = GM_OK;
    for (size_t first = 0; first < count && status == GM_OK; first += use->batch)
        status = (use->positions > 0 ? gm_use_walk : run_batch)(use, plan, inputs, first,
                                                                GM_MIN(count - first, use->batch), outputs);
    return gm_plan_finish_after(plan, status);
}

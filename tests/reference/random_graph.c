// Grows a random graph: leaves, then operations on what is there, then a loss, its gradients and assignments.
#include "random_graph.h"

#include "base/base.h"
#include "random_operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t gm_draw(generator *g, size_t count) {
    return (size_t)(gm_philox_uniform(g->seed, gm_stream("random graph"), 0, 0, g->drawn++) * (double)count);
}

// Every second draw takes one of the latest four, so that chains grow; the others make fan-out.
gm_tensor *gm_draw_tensor(generator *g) {
    size_t recent = GM_MIN(g->pool_count, 4);
    return gm_draw(g, 2) ? g->pool[g->pool_count - 1 - gm_draw(g, recent)] : g->pool[gm_draw(g, g->pool_count)];
}

const char *gm_draw_name(generator *g, const char *stem) {
    snprintf(g->name, sizeof g->name, "%s%llu", stem, (unsigned long long)g->drawn);
    g->drawn++;
    return g->name;
}

static gm_tensor *draw_array(generator *g, gm_shape shape) {
    size_t count = gm_shape_count(&shape);
    float *values = malloc(count * sizeof *values);
    if (!values)
        return gm_full(g->graph, shape, .75);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)gm_draw(g, 1000) / 250 - 2;
    gm_tensor *x = gm_constant_array(g->graph, GM_FLOAT32, shape, values);
    free(values);
    return x;
}

gm_tensor *gm_draw_leaf(generator *g, gm_shape shape) {
    gm_random_graph *out = g->out;
    bool variable = gm_draw(g, 3) > 0;
    if (variable && out->variable_count < GM_RANDOM_LEAVES) {
        gm_initializer normal = {GM_INITIALIZER_NORMAL, .1, 1}, uniform = {GM_INITIALIZER_UNIFORM, -1, 1.5};
        gm_initializer initializer = gm_draw(g, 2) ? normal : uniform;
        gm_tensor *x = gm_variable(g->graph, gm_draw_name(g, "variable"), GM_FLOAT32, shape, initializer);
        return out->variables[out->variable_count++] = x;
    }
    if (out->input_count == GM_RANDOM_LEAVES || gm_draw(g, 4) == 0)
        return draw_array(g, shape);
    return out->inputs[out->input_count++] = gm_input(g->graph, gm_draw_name(g, "input"), GM_FLOAT32, shape);
}

gm_tensor *gm_draw_indices(generator *g, size_t count) {
    gm_random_graph *out = g->out;
    if (out->input_count == GM_RANDOM_LEAVES)
        return gm_broadcast(gm_constant_int(g->graph, 0), GM_SHAPE(count));
    return out->inputs[out->input_count++] = gm_input(g->graph, gm_draw_name(g, "index"), GM_INT32, GM_SHAPE(count));
}

double gm_random_graph_value(uint64_t seed, const gm_tensor *input, size_t i) {
    double u = gm_philox_uniform(seed, gm_stream(gm_tensor_name(input)), 0, 0, i);
    return gm_tensor_type(input) == GM_INT32 ? (double)(int)(u * 9) - 1 : 4 * u - 2;
}

static void add_leaves(generator *g) {
    size_t n = 1 + gm_draw(g, 5), c = 1 + gm_draw(g, 6), h = 1 + gm_draw(g, 8), w = 1 + gm_draw(g, 8);
    const gm_shape shapes[] = {GM_SHAPE(n, c, h, w), GM_SHAPE(n, c * h), GM_SHAPE(c, 1, 1),
                               GM_SHAPE(n, c, h),    GM_SHAPE(w),        GM_SCALAR};
    for (size_t i = 0; i < GM_COUNT(shapes); i++)
        if (i == 0 || gm_draw(g, 2))
            g->pool[g->pool_count++] = gm_draw_leaf(g, shapes[i]);
    g->counter = gm_variable(g->graph, "counter", GM_INT32, GM_SHAPE(2), (gm_initializer){.a = 3});
    g->out->variables[g->out->variable_count++] = g->counter;
}

static void add_operations(generator *g, size_t count) {
    for (size_t i = 0; i < count && g->pool_count < GM_RANDOM_POOL; i++) {
        gm_tensor *y = gm_random_operations[gm_draw(g, gm_random_operation_count)](g, gm_draw_tensor(g));
        if (y != NULL && gm_shape_count(gm_tensor_shape(y)) <= GM_RANDOM_ELEMENTS)
            g->pool[g->pool_count++] = y;
    }
}

static void fetch(generator *g, size_t phase, gm_tensor *x) {
    gm_random_graph *out = g->out;
    if (out->fetch_count[phase] == GM_RANDOM_FETCHES)
        return;
    out->fetches[phase][out->fetch_count[phase]++] = x;
    gm_phase_fetch(out->phases[phase], x);
}

static bool is_leaf(const generator *g, const gm_tensor *x) {
    for (size_t i = 0; i < g->out->variable_count; i++)
        if (g->out->variables[i] == x)
            return true;
    for (size_t i = 0; i < g->out->input_count; i++)
        if (g->out->inputs[i] == x)
            return true;
    return false;
}

// Fetches some of what was computed, the latest always; leaves are compared by themselves.
static void add_fetches(generator *g, size_t phase) {
    for (size_t i = 0; i < g->pool_count; i++)
        if (!is_leaf(g, g->pool[i]) && (i + 1 == g->pool_count || gm_draw(g, 6) == 0))
            fetch(g, phase, g->pool[i]);
}

// A loss of a few values; every second variable takes a small step along its gradient.
static void add_training(generator *g, size_t phase) {
    gm_tensor *loss = NULL, *dxs[GM_RANDOM_LEAVES], *xs[GM_RANDOM_LEAVES];
    for (size_t i = 0; i < 3; i++) {
        gm_tensor *term = gm_mean_all(gm_square(gm_tanh(gm_draw_tensor(g))));
        loss = loss == NULL ? term : gm_add(loss, term);
    }
    size_t count = 0;
    for (size_t i = 0; i < g->out->variable_count; i++)
        if (gm_tensor_type(g->out->variables[i]) == GM_FLOAT32 && gm_draw(g, 2))
            xs[count++] = g->out->variables[i];
    if (count > 0)
        gm_grad(loss, xs, count, dxs);
    for (size_t i = 0; i < count; i++) {
        if (gm_draw(g, 2))
            fetch(g, phase, dxs[i]);
        gm_phase_assign(g->out->phases[phase], xs[i], gm_subtract(xs[i], gm_scale(dxs[i], .125)));
    }
    fetch(g, phase, loss);
}

gm_status gm_random_graph_build(gm_graph *graph, uint64_t seed, gm_random_graph *out) {
    memset(out, 0, sizeof *out);
    generator g = {.graph = graph, .out = out, .seed = seed};
    add_leaves(&g);
    for (size_t phase = 0; phase < GM_RANDOM_PHASES; phase++) {
        out->phases[phase] = gm_phase_create(graph, phase == 0 ? "first" : "second");
        add_operations(&g, 6 + gm_draw(&g, 24));
        if (gm_draw(&g, 3) > 0)
            add_training(&g, phase);
        add_fetches(&g, phase);
        // The last phase always assigns: it may reuse the first one's values, and plans then want the first one again.
        if (phase == GM_RANDOM_PHASES - 1 || gm_draw(&g, 3) == 0)
            gm_phase_assign(out->phases[phase], g.counter, gm_add(g.counter, gm_constant_int(graph, 1)));
    }
    return gm_graph_status(graph);
}

// Recurrent layers, unrolled: GRU and LSTM over sequences (N, C, L), and one step of each for generation.
//
// Inside, a sequence is rows (L N, C), position by position, so that the input's part of all gates is one product and a
// step's part of it lies together. A step adds one product of the state; its bias is sliced out of one broadcast, which
// makes the bias's gradient one sum. N samples, C channels, L positions, H units, G gates.
#include "nn/layers.h"

#include "graph/graph.h"

enum { MOST_STATES = 2 };

// What a step makes of the input's part (N, G H), the state's part (N, G H) and the state, the hidden values first.
typedef struct cell_type {
    const char *name;
    size_t gates, states;
    void (*step)(gm_tensor *input, gm_tensor *hidden, gm_tensor **state);
} cell_type;

typedef struct weights {
    gm_tensor *ih, *hh, *bias_ih, *bias_hh; // (G H, C), (G H, H), (G H), (G H)
} weights;

static gm_tensor *gate(gm_tensor *input, gm_tensor *hidden, size_t index, size_t gates) {
    return gm_add(gm_part_of(input, 1, index, gates), gm_part_of(hidden, 1, index, gates));
}

// Cho et al. (2014) in the form of PyTorch, where r multiplies the state's part with its bias: h' = (1 - z) n + z h.
static void gru_step(gm_tensor *input, gm_tensor *hidden, gm_tensor **state) {
    gm_tensor *r = gm_sigmoid(gate(input, hidden, 0, 3)), *z = gm_sigmoid(gate(input, hidden, 1, 3));
    gm_tensor *n = gm_tanh(gm_add(gm_part_of(input, 1, 2, 3), gm_multiply(r, gm_part_of(hidden, 1, 2, 3))));
    state[0] = gm_add(n, gm_multiply(z, gm_subtract(state[0], n)));
}

// Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000): c' = f c + i g, h' = o tanh(c').
static void lstm_step(gm_tensor *input, gm_tensor *hidden, gm_tensor **state) {
    gm_tensor *all = gm_add(input, hidden);
    gm_tensor *i = gm_sigmoid(gm_part_of(all, 1, 0, 4)), *f = gm_sigmoid(gm_part_of(all, 1, 1, 4));
    gm_tensor *g = gm_tanh(gm_part_of(all, 1, 2, 4)), *o = gm_sigmoid(gm_part_of(all, 1, 3, 4));
    state[1] = gm_add(gm_multiply(f, state[1]), gm_multiply(i, g));
    state[0] = gm_multiply(o, gm_tanh(state[1]));
}

static const cell_type gru = {.name = "gru", .gates = 3, .states = 1, .step = gru_step};
static const cell_type lstm = {.name = "lstm", .gates = 4, .states = 2, .step = lstm_step};

static gm_tensor *make_weight(gm_graph *graph, const char *name, const cell_type *cell, size_t in,
                              const gm_recurrent_params *params) {
    const size_t out = cell->gates * params->units;
    const bool pytorch = params->initializer == GM_WEIGHTS_DEFAULT || params->initializer == GM_WEIGHTS_PYTORCH;
    gm_tensor *weight = gm_layer_variable(graph, name, "weight", (gm_shape){2, {out, in}},
                                          gm_weight_start(params->initializer, pytorch ? params->units : in, out, 1));
    return params->spectral_norm.on ? gm_spectral_norm_layer(weight, name, 0, &params->spectral_norm) : weight;
}

static weights make_weights(gm_graph *graph, const char *name, const cell_type *cell, size_t layer, bool reverse,
                            size_t in, const gm_recurrent_params *params) {
    const gm_shape outputs = {1, {cell->gates * params->units}};
    const gm_initializer start = gm_bias_start(params->initializer, params->units);
    const char *ih = gm_graph_printf(graph, "%s.ih_l%zu%s", name, layer, reverse ? "_reverse" : "");
    const char *hh = gm_graph_printf(graph, "%s.hh_l%zu%s", name, layer, reverse ? "_reverse" : "");
    if (ih == NULL || hh == NULL)
        return (weights){graph->nodes[0], graph->nodes[0], graph->nodes[0], graph->nodes[0]};
    weights w; // declared in PyTorch's order
    w.ih = make_weight(graph, ih, cell, in, params);
    w.hh = make_weight(graph, hh, cell, params->units, params);
    w.bias_ih = gm_layer_variable(graph, ih, "bias", outputs, start);
    w.bias_hh = gm_layer_variable(graph, hh, "bias", outputs, start);
    return w;
}

static gm_tensor *times_transposed(gm_tensor *x, gm_tensor *weight) {
    return gm_gemm(x, weight, &(gm_gemm_params){.transpose_b = true});
}

gm_tensor *gm_layer_zeros(gm_graph *graph, const gm_shape *shape) {
    float *zeros = gm_arena_alloc(&graph->arena, gm_shape_count(shape) * sizeof *zeros);
    if (zeros == NULL)
        return gm_fault(graph, "out of memory for a state of %zu numbers", gm_shape_count(shape));
    return gm_constant_array(graph, GM_FLOAT32, *shape, zeros);
}

// Rows (L N, C) -> (L N, H), walked over from position 0, or from the last; *last is the state after the whole walk.
static gm_tensor *walk(gm_tensor *rows, const cell_type *cell, const weights *w, size_t positions, size_t units,
                       bool reverse, gm_tensor **last) {
    gm_graph *graph = gm_tensor_graph(rows);
    const gm_shape *shape = gm_tensor_shape(rows);
    const size_t samples = shape->dim[0] / positions, width = cell->gates * units;
    const gm_shape zeros = {2, {samples, units}}, all = {2, {shape->dim[0], width}};
    gm_tensor **outputs = gm_arena_alloc(&graph->arena, positions * sizeof(gm_tensor *));
    if (outputs == NULL)
        return gm_fault(graph, "out of memory for %zu positions", positions);
    gm_tensor *inputs = gm_add(times_transposed(rows, w->ih), w->bias_ih), *bias = gm_broadcast(w->bias_hh, all);
    gm_tensor *state[MOST_STATES] = {gm_layer_zeros(graph, &zeros)};
    for (size_t s = 1; s < cell->states; s++)
        state[s] = state[0];
    for (size_t k = 0; k < positions; k++) {
        const size_t at = reverse ? positions - 1 - k : k;
        gm_tensor *hidden = gm_add(times_transposed(state[0], w->hh), gm_part_of(bias, 0, k, positions));
        cell->step(gm_part_of(inputs, 0, at, positions), hidden, state);
        outputs[at] = state[0];
    }
    *last = state[0];
    return gm_concat(outputs, positions, 0);
}

static gm_tensor *check(gm_tensor *x, size_t rank, const char *wanted, const char *advice,
                        const gm_recurrent_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    if (gm_tensor_shape(x)->rank != rank)
        return gm_fault(graph, "it takes %s, not %s%s", wanted, gm_shape_text(gm_tensor_shape(x)), advice);
    if (params->units == 0)
        return gm_fault(graph, "units must be at least 1");
    return x;
}

static gm_tensor *sequence(gm_tensor *x, const char *name, const cell_type *cell, const gm_recurrent_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(check(x, 3, "sequences (N, C, L)", ": put `reshape: [C, L]` before it", params)))
        return gm_is_poison(x) ? x : graph->nodes[0];
    const gm_shape shape = *gm_tensor_shape(x);
    const size_t samples = shape.dim[0], positions = shape.dim[2], directions = params->bidirectional ? 2 : 1;
    if (positions > GM_MAX_RECURRENT_POSITIONS)
        return gm_fault(graph, "%zu positions are more than %d, which is as far as steps are unrolled", positions,
                        GM_MAX_RECURRENT_POSITIONS);
    gm_tensor *rows =
        gm_reshape(gm_transpose(x, (const size_t[]){2, 0, 1}), (gm_shape){2, {positions * samples, shape.dim[1]}});
    gm_tensor *last[2], *outputs[2];
    for (size_t layer = 0; layer < GM_MAX(params->layers, 1); layer++) {
        for (size_t d = 0; d < directions; d++) {
            weights w = make_weights(graph, name, cell, layer, d == 1, gm_tensor_shape(rows)->dim[1], params);
            outputs[d] = walk(rows, cell, &w, positions, params->units, d == 1, &last[d]);
        }
        rows = gm_concat(outputs, directions, 1);
        if (gm_is_poison(rows))
            return rows;
    }
    if (params->last)
        return gm_concat(last, directions, 1);
    rows = gm_reshape(rows, (gm_shape){3, {positions, samples, directions * params->units}});
    return gm_transpose(rows, (const size_t[]){1, 2, 0});
}

// The states lie one after the other: those of the layers, of the LSTM then their cells.
static gm_tensor *step(gm_tensor *x, gm_tensor *states, const char *name, const cell_type *cell,
                       const gm_recurrent_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(check(x, 2, "one position of each sequence (N, C)", "", params)))
        return gm_is_poison(x) ? x : graph->nodes[0];
    if (gm_is_poison(states))
        return states != NULL ? states : gm_fault(graph, "the state is NULL");
    const size_t layers = GM_MAX(params->layers, 1), samples = gm_tensor_shape(x)->dim[0], count = cell->states;
    const gm_shape shape = {3, {count * layers, samples, params->units}}, one = {2, {samples, params->units}};
    const gm_shape row = {3, {1, samples, params->units}};
    if (!gm_shape_equal(gm_tensor_shape(states), &shape))
        return gm_fault(graph, "the state must be %s, not %s", gm_shape_text(&shape),
                        gm_shape_text(gm_tensor_shape(states)));
    if (params->bidirectional || params->last)
        return gm_fault(graph, "a step knows one position alone: neither bidirectional nor last");
    gm_tensor **next = gm_arena_alloc(&graph->arena, count * layers * sizeof(gm_tensor *));
    if (next == NULL)
        return gm_fault(graph, "out of memory for %zu layers", layers);
    for (size_t layer = 0; layer < layers; layer++) {
        weights w = make_weights(graph, name, cell, layer, false, gm_tensor_shape(x)->dim[1], params);
        gm_tensor *state[MOST_STATES];
        for (size_t s = 0; s < count; s++)
            state[s] = gm_reshape(gm_part_of(states, 0, s * layers + layer, count * layers), one);
        cell->step(gm_add(times_transposed(x, w.ih), w.bias_ih), gm_add(times_transposed(state[0], w.hh), w.bias_hh),
                   state);
        for (size_t s = 0; s < count; s++)
            next[s * layers + layer] = gm_reshape(state[s], row);
        x = state[0];
    }
    return gm_concat(next, count * layers, 0);
}

// The memory has the samples first, a step the layers.
static gm_tensor *position(gm_tensor *x, const char *name, const cell_type *cell, const gm_recurrent_params *params,
                           const gm_network_memory *memory) {
    static const size_t turned[] = {1, 0, 2};
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(check(x, 3, "sequences (N, C, L)", "", params)))
        return gm_is_poison(x) ? x : graph->nodes[0];
    const gm_shape shape = *gm_tensor_shape(x);
    const size_t layers = GM_MAX(params->layers, 1), rows = cell->states * layers, samples = shape.dim[0];
    if (shape.dim[2] != 1)
        return gm_fault(graph, "with a memory it takes one position at a time, not %zu", shape.dim[2]);
    gm_tensor *before = memory->recall(memory->user, name, (gm_shape){3, {samples, rows, params->units}});
    gm_tensor *after =
        step(gm_reshape(x, (gm_shape){2, {samples, shape.dim[1]}}), gm_transpose(before, turned), name, cell, params);
    if (gm_is_poison(after))
        return after;
    memory->keep(memory->user, name, gm_transpose(after, turned));
    return gm_reshape(gm_part_of(after, 0, layers - 1, rows), (gm_shape){3, {samples, params->units, 1}});
}

gm_tensor *gm_gru_position_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params,
                                 const gm_network_memory *memory) {
    return position(x, name, &gru, params, memory);
}

gm_tensor *gm_lstm_position_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params,
                                  const gm_network_memory *memory) {
    return position(x, name, &lstm, params, memory);
}

gm_tensor *gm_gru_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params) {
    return sequence(x, name, &gru, params);
}

gm_tensor *gm_lstm_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params) {
    return sequence(x, name, &lstm, params);
}

static gm_tensor *named_sequence(gm_tensor *x, const char *name, const cell_type *cell,
                                 const gm_recurrent_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, sequence(x, name, cell, params), "%s (%s)", name, cell->name);
}

static gm_tensor *named_step(gm_tensor *x, gm_tensor *state, const char *name, const cell_type *cell,
                             const gm_recurrent_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, step(x, state, name, cell, params), "%s (%s step)", name, cell->name);
}

gm_tensor *gm_gru(gm_tensor *x, const char *name, const gm_recurrent_params *params) {
    return named_sequence(x, name, &gru, params);
}

gm_tensor *gm_lstm(gm_tensor *x, const char *name, const gm_recurrent_params *params) {
    return named_sequence(x, name, &lstm, params);
}

gm_tensor *gm_gru_step(gm_tensor *x, gm_tensor *state, const char *name, const gm_recurrent_params *params) {
    return named_step(x, state, name, &gru, params);
}

gm_tensor *gm_lstm_step(gm_tensor *x, gm_tensor *state, const char *name, const gm_recurrent_params *params) {
    return named_step(x, state, name, &lstm, params);
}

// The layer that writes: a sequence of symbols, each drawn from what the layers inside make of the input and of the
// symbol drawn before it. Gradients pass through the draws (Jang et al. 2017, Maddison et al. 2017, straight through;
// Kusner & Hernandez-Lobato 2016 write texts so).
//   N samples, M values of the input, C symbols, L positions; what the layers inside see at a position is
//   (N, C + M, 1): the symbol before, one-hot, zeros at the first, then the input
#include "nn/layers.h"

#include "graph/graph.h"

#include <string.h>

enum { MOST_STATES = 64 }; // of the recurrent layers inside

// ---- Layers that see one position at a time ----

static bool is_one_of(const gm_layer *layer, const char *const *names) {
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(layer->type->name, names[i]) == 0)
            return true;
    return false;
}

gm_status gm_layers_check_positions(const gm_layer_list *list, const char *noun) {
    static const char *const recurrent[] = {"gru", "lstm", NULL}, *const norm[] = {"layer_norm", NULL};
    static const char *const known[] = {"embedding", "embed",      "gru",        "lstm", "dropout",
                                        "relu",      "leaky_relu", "tanh",       "tap",  "softplus",
                                        "residual",  "sigmoid",    "layer_norm", NULL};
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer *layer = &list->layers[i];
        const char *origin = layer->origin != NULL ? layer->origin : layer->type->name;
        const gm_recurrent_params *params = &layer->params.recurrent;
        if (is_one_of(layer, recurrent) && (params->bidirectional || params->last))
            return gm_fail(GM_ERROR_FORMAT, "%s: %s sees nothing of what comes: neither bidirectional nor last", origin,
                           noun);
        if (is_one_of(layer, norm) && layer->params.sample_norm.over != GM_NORM_OVER_CHANNELS)
            return gm_fail(GM_ERROR_FORMAT, "%s: %s sees nothing of what comes: layer_norm over: channels", origin,
                           noun);
        for (size_t k = 0; k < layer->type->parameter_count; k++) {
            const gm_layer_list *inner = gm_layer_inner(layer, k);
            if (inner != NULL)
                GM_TRY(gm_layers_check_positions(inner, noun));
        }
        if (!is_one_of(layer, known))
            return gm_fail(GM_ERROR_FORMAT,
                           "%s: the layer %s is none of those of %s, which see one position at a time: embedding, "
                           "embed, gru, lstm, layer_norm over: channels, dropout, residual and activations",
                           origin, layer->type->name, noun);
    }
    return GM_OK;
}

// ---- The state from position to position ----

typedef struct states {
    gm_graph *graph;
    const char *names[MOST_STATES];
    gm_tensor *values[MOST_STATES];
    size_t count;
} states;

static size_t find_state(const states *s, const char *name) {
    size_t i = 0;
    while (i < s->count && strcmp(s->names[i], name) != 0)
        i++;
    return i;
}

static gm_tensor *recall(void *user, const char *name, gm_shape shape) {
    states *s = user;
    size_t i = find_state(s, name);
    return i < s->count ? s->values[i] : gm_layer_zeros(s->graph, &shape);
}

static void keep(void *user, const char *name, gm_tensor *state) {
    states *s = user;
    size_t i = find_state(s, name);
    if (i == MOST_STATES) {
        gm_fault(s->graph, "it holds more than %d recurrent layers", MOST_STATES);
        return;
    }
    s->names[i] = name;
    s->values[i] = state;
    s->count = GM_MAX(s->count, i + 1);
}

// ---- Writing and reading ----

// Rows (R, H) -> logits (R, C).
static gm_tensor *map(const gm_layer_context *context, gm_tensor *rows, size_t symbols) {
    const gm_dense_params params = {.units = symbols, .initializer = context->initializer};
    return gm_dense_layer(rows, context->name, &params);
}

// The noise of all draws, (L, N, C).
static gm_tensor *noise_of(const gm_layer_context *context, gm_graph *graph, size_t L, size_t N, size_t C) {
    if (context->mode == GM_MODE_INFERENCE && context->draw != NULL) {
        gm_tensor *uniform = context->draw(context->user, context->name, (gm_shape){3, {N, L, C}});
        return gm_gumbel_noise_of(gm_transpose(uniform, (const size_t[]){1, 0, 2}));
    }
    const char *name = context->mode == GM_MODE_TRAINING
                           ? gm_graph_printf(graph, "%s.gumbel.%zu", context->name, context->application)
                           : gm_graph_printf(graph, "%s.gumbel.inference.%zu", context->name, N);
    return name != NULL ? gm_gumbel_noise(graph, name, (gm_shape){3, {L, N, C}}, context->counter) : graph->nodes[0];
}

static gm_tensor *position_of(gm_tensor *of_all, size_t at, size_t positions) {
    gm_tensor *part = gm_part_of(of_all, 0, at, positions);
    const gm_shape *shape = gm_tensor_shape(part);
    return gm_is_poison(part) ? part : gm_reshape(part, (gm_shape){2, {shape->dim[1], shape->dim[2]}});
}

// Dropout inside drops the same units at all positions, as Gal & Ghahramani (2016) have it.
static gm_tensor *write(const gm_layer_context *outer, const gm_feedback_params *params, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    const size_t N = gm_tensor_shape(x)->dim[0], M = gm_tensor_shape(x)->dim[1], C = params->symbols;
    const size_t L = params->length;
    const gm_shape one = {2, {N, C}}, seen = {3, {N, C + M, 1}};
    states s = {.graph = graph};
    const gm_network_memory memory = {recall, keep, &s};
    gm_layer_context context = *outer;
    context.memory = &memory;
    gm_tensor **written = gm_arena_alloc(&graph->arena, L * sizeof(gm_tensor *));
    if (written == NULL)
        return gm_fault(graph, "out of memory for %zu positions", L);
    gm_tensor *noise = noise_of(outer, graph, L, N, C), *before = gm_layer_zeros(graph, &one);
    for (size_t at = 0; at < L && !gm_is_poison(noise); at++) {
        gm_tensor *joined = gm_reshape(gm_concat((gm_tensor *[]){before, x}, 2, 1), seen);
        gm_tensor *hidden = gm_layers_apply(&context, outer->name, &params->layers, joined);
        if (gm_is_poison(hidden))
            return hidden;
        gm_tensor *logits = map(outer, gm_reshape(hidden, (gm_shape){2, {N, gm_tensor_shape(hidden)->dim[1]}}), C);
        written[at] = before = gm_gumbel_softmax_of(logits, position_of(noise, at, L), params->temperature, true, 1);
    }
    if (gm_is_poison(noise))
        return noise;
    gm_tensor *rows = gm_reshape(gm_concat(written, L, 0), (gm_shape){3, {L, N, C}});
    return gm_transpose(rows, (const size_t[]){1, 2, 0});
}

// The logits (N, C, L) of each symbol of a text that is given, behind those before it: all positions at once.
static gm_tensor *read(const gm_layer_context *outer, const gm_feedback_params *params, gm_tensor *x, gm_tensor *text) {
    gm_graph *graph = gm_tensor_graph(x);
    const size_t N = gm_tensor_shape(x)->dim[0], M = gm_tensor_shape(x)->dim[1], C = params->symbols;
    const size_t L = params->length;
    const gm_shape wanted = {3, {N, C, L}};
    if (gm_is_poison(text))
        return text;
    if (!gm_shape_equal(gm_tensor_shape(text), &wanted))
        return gm_fault(graph, "it writes %s, but the texts that it learns from are %s", gm_shape_text(&wanted),
                        gm_shape_text(gm_tensor_shape(text)));
    gm_tensor *shifted = gm_slice(text, (const size_t[]){0, 0, 0}, (const size_t[]){N, C, L - 1});
    gm_tensor *before = gm_pad(shifted, (const size_t[]){0, 0, 1}, (const size_t[]){0, 0, 0});
    gm_tensor *along = gm_broadcast(gm_reshape(x, (gm_shape){3, {N, M, 1}}), (gm_shape){3, {N, M, L}});
    gm_layer_context context = *outer;
    context.memory = NULL;
    gm_tensor *hidden =
        gm_layers_apply(&context, outer->name, &params->layers, gm_concat((gm_tensor *[]){before, along}, 2, 1));
    if (gm_is_poison(hidden))
        return hidden;
    const size_t H = gm_tensor_shape(hidden)->dim[1];
    gm_tensor *rows = gm_reshape(gm_transpose(hidden, (const size_t[]){2, 0, 1}), (gm_shape){2, {L * N, H}});
    gm_tensor *logits = gm_reshape(map(outer, rows, C), (gm_shape){3, {L, N, C}});
    return gm_transpose(logits, (const size_t[]){1, 2, 0});
}

gm_tensor *gm_feedback_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_feedback_params *params = &layer->params.feedback;
    if (gm_is_poison(x))
        return x;
    if (gm_tensor_shape(x)->rank != 2)
        return gm_fault(graph, "it takes vectors (N, M), not %s: put `flatten` before it",
                        gm_shape_text(gm_tensor_shape(x)));
    if (context->memory != NULL)
        return gm_fault(graph,
                        "it writes a whole sequence, and cannot be a part of one that goes position by position");
    if (context->mode == GM_MODE_TRAINING && context->counter == NULL)
        return gm_fault(graph, "draws in training need a counter: without one they are the same every step");
    if (gm_layers_check_positions(&params->layers, "the layer feedback") != GM_OK)
        return gm_fault(graph, "%s", gm_error_message());
    return context->given != NULL ? read(context, params, x, context->given) : write(context, params, x);
}

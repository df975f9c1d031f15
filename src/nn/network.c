// Networks: a list of layers applied to tensors of one graph, with the variables and pending statistics it gathers.
#include "nn/layers.h"

#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 64, MAX_OUTPUTS = 64 };

struct gm_network {
    gm_arena arena; // name and layers
    const char *name;
    gm_layer_list list;
    gm_weight_initializer initializer;
    gm_graph *graph;    // of the first application
    bool fault_located; // the graph's fault arose here, and says in which layer
    gm_statistics *pending;
    const char *output_names[MAX_OUTPUTS]; // of taps and heads, in the order in which an application sets them
    gm_tensor *outputs[MAX_OUTPUTS];       // of the latest application
    size_t output_count;
    size_t training_applications;
    gm_network_draw draw; // may be NULL
    void *user;
    gm_tensor *truncation;    // may be NULL
    gm_network_memory memory; // recall: may be NULL
    gm_tensor *given;         // may be NULL
    gm_tensor **parameters, **statistics;
    size_t parameter_count, statistic_count;
};

gm_status gm_network_create(gm_network **network, const char *name, const gm_layer *layers, size_t count,
                            gm_weight_initializer initializer) {
    *network = NULL;
    if (name == NULL || !gm_is_name(name, MAX_NAME))
        return gm_fail(GM_ERROR_ARGUMENT, "a network's name must be of 1 to %d letters, digits, '_' and '-', not '%s'",
                       (int)MAX_NAME, name != NULL ? name : "");
    if (count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "network %s has no layers", name);
    gm_status status = GM_OK;
    const gm_layer_list given = {layers, count};
    gm_network *made = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a network"));
    GM_TRY_DONE(gm_layers_check(&given, name, made->output_names, MAX_OUTPUTS, &made->output_count));
    GM_TRY_DONE(gm_layers_copy(&made->arena, &given, &made->list));
    // The names that stay are the copies'.
    GM_TRY_DONE(gm_layers_check(&made->list, name, made->output_names, MAX_OUTPUTS, &made->output_count));
    GM_TRY_DONE(gm_statistics_create(&made->pending));
    made->name = gm_arena_string(&made->arena, name);
    if (made->name == NULL)
        GM_TRY_DONE(gm_fail_memory(strlen(name), "a network's name"));
    made->initializer = initializer;
    *network = made;
    return GM_OK;
done:
    gm_network_destroy(&made);
    return status;
}

void gm_network_destroy(gm_network **network) {
    if (network == NULL || *network == NULL)
        return;
    gm_network *old = *network;
    gm_arena_finish(&old->arena);
    free(old->parameters);
    free(old->statistics);
    gm_statistics_destroy(&old->pending);
    free(old);
    *network = NULL;
}

// The gain that the next activation in the list asks of layer i's weights; a layer with weights of its own ends the
// search.
static double following_gain(const gm_layer_list *list, size_t i) {
    for (i++; i < list->count && !list->layers[i].type->weighted; i++)
        if (list->layers[i].type->gain != NULL)
            return list->layers[i].type->gain(&list->layers[i]);
    return 1;
}

// Lists the variables with these suffixes, layer by layer.
static gm_status gather(const gm_network *network, const char *const *suffixes, gm_tensor ***list, size_t *count) {
    char prefix[128];
    snprintf(prefix, sizeof prefix, "%s.", network->name);
    size_t capacity = gm_variables_named(network->graph, prefix, suffixes, NULL, 0);
    GM_TRY(gm_alloc(list, GM_MAX(capacity, 1), sizeof **list, "a network's variables"));
    for (size_t i = 0; i < network->list.count; i++) {
        snprintf(prefix, sizeof prefix, "%s.%zu.", network->name, i);
        *count += gm_variables_named(network->graph, prefix, suffixes, *list + *count, capacity - *count);
    }
    return GM_OK;
}

static gm_status gather_variables(gm_network *network) {
    if (network->parameters != NULL)
        return GM_OK;
    static const char *const trainable[] = {".weight", ".bias", NULL};
    static const char *const kept[] = {".running_mean", ".running_variance", ".spectral_u", NULL};
    GM_TRY(gather(network, trainable, &network->parameters, &network->parameter_count));
    return gather(network, kept, &network->statistics, &network->statistic_count);
}

// Says in which layer the graph's fault arose: the innermost one, which is the first to see it.
static void locate_fault(gm_network *network, const gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    if (network->fault_located || gm_graph_fault(graph) == GM_OK)
        return;
    network->fault_located = true;
    gm_fault_prefix(graph, GM_OK, x, "%s%s%s layer %s (%s)", layer->origin != NULL ? layer->origin : "",
                    layer->origin != NULL ? ": " : "", network->name, context->name + strlen(network->name) + 1,
                    layer->type->name);
}

static bool holds_layers(const gm_layer *layer) {
    for (size_t k = 0; k < layer->type->parameter_count; k++)
        if (gm_layer_inner(layer, k) != NULL)
            return true;
    return false;
}

// Of a layer's own variables: layers inside have seen to theirs.
static void set_rate(const gm_graph *graph, const gm_layer_context *context, const gm_layer *layer) {
    if ((context->rate < 1 || context->rate > 1) && !holds_layers(layer))
        gm_variables_set_rate(graph, context->name, context->rate);
}

gm_tensor *gm_layers_apply(const gm_layer_context *outer, const char *name, const gm_layer_list *list, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer *layer = &list->layers[i];
        gm_status before = gm_graph_fault(graph);
        gm_layer_context context = *outer;
        context.name = gm_graph_printf(graph, "%s.%zu", name, i);
        context.gain = following_gain(list, i);
        context.rate = outer->rate * layer->rate;
        if (context.name == NULL)
            return graph->nodes[0];
        x = layer->type->apply(&context, layer, x);
        set_rate(graph, &context, layer);
        if (before == GM_OK)
            locate_fault(outer->network, &context, layer, x);
    }
    return x;
}

void gm_network_set_draw(gm_network *network, gm_network_draw draw, void *user) {
    network->draw = draw;
    network->user = user;
}

void gm_network_set_truncation(gm_network *network, gm_tensor *psi) {
    network->truncation = psi;
}

void gm_network_set_memory(gm_network *network, const gm_network_memory *memory) {
    network->memory = *memory;
}

void gm_network_set_given(gm_network *network, gm_tensor *given) {
    network->given = given;
}

gm_tensor *gm_network_apply_labelled(gm_network *network, gm_tensor *x, gm_tensor *labels, gm_mode mode,
                                     gm_tensor *counter) {
    gm_graph *graph = gm_tensor_graph(x);
    if (network->graph == NULL)
        network->graph = graph;
    if (network->graph != graph)
        return gm_fault(graph, "network %s belongs to another graph: create one from the same layers for this one",
                        network->name);
    const gm_layer_context context = {
        .network = network,
        .mode = mode,
        .statistics = network->pending,
        .counter = counter,
        .labels = labels,
        .given = network->given,
        .draw = network->draw,
        .user = network->user,
        .truncation = network->truncation,
        .memory = mode == GM_MODE_INFERENCE && network->memory.recall != NULL ? &network->memory : NULL,
        .application = network->training_applications,
        .initializer = network->initializer,
        .rate = 1,
    };
    for (size_t i = 0; i < network->output_count; i++)
        network->outputs[i] = graph->nodes[0];
    x = gm_layers_apply(&context, network->name, &network->list, x);
    network->training_applications += mode == GM_MODE_TRAINING;
    if (gather_variables(network) != GM_OK)
        return gm_fault(graph, "%s", gm_error_message());
    return x;
}

gm_tensor *gm_network_apply(gm_network *network, gm_tensor *x, gm_mode mode, gm_tensor *counter) {
    return gm_network_apply_labelled(network, x, NULL, mode, counter);
}

void gm_network_set_output(gm_network *network, const char *name, gm_tensor *value) {
    for (size_t i = 0; i < network->output_count; i++)
        if (strcmp(network->output_names[i], name) == 0)
            network->outputs[i] = value;
}

gm_tensor *gm_network_output(const gm_network *network, const char *name) {
    for (size_t i = 0; i < network->output_count; i++)
        if (strcmp(network->output_names[i], name) == 0)
            return network->outputs[i];
    return NULL;
}

gm_tensor *const *gm_network_outputs(const gm_network *network, size_t *count) {
    *count = network->output_count;
    return network->outputs;
}

static bool is_labelled(const gm_layer_type *type) {
    return type->labelled;
}

static bool is_across_samples(const gm_layer_type *type) {
    return type->across_samples;
}

static bool is_truncation(const gm_layer_type *type) {
    return type->apply == gm_truncation_apply;
}

bool gm_network_truncates(const gm_network *network) {
    return gm_layers_any(&network->list, is_truncation);
}

bool gm_network_needs_labels(const gm_network *network) {
    return gm_layers_any(&network->list, is_labelled);
}

bool gm_network_across_samples(const gm_network *network) {
    return gm_layers_any(&network->list, is_across_samples);
}

void gm_network_assign_statistics(gm_network *network, gm_phase *phase) {
    gm_statistics_assign(network->pending, phase);
}

void gm_network_drop_statistics(gm_network *network) {
    gm_statistics_drop(network->pending);
}

gm_tensor *const *gm_network_parameters(const gm_network *network, size_t *count) {
    *count = network->parameter_count;
    return network->parameters;
}

gm_tensor *const *gm_network_statistics(const gm_network *network, size_t *count) {
    *count = network->statistic_count;
    return network->statistics;
}

const char *gm_network_name(const gm_network *network) {
    return network->name;
}

const gm_layer *gm_network_layers(const gm_network *network, size_t *count) {
    *count = network->list.count;
    return network->list.layers;
}

// Networks: a list of layers applied to tensors of one graph, with the variables and pending statistics it gathers.
#include "nn/layers.h"

#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gm_network {
    char *name;
    gm_layer *layers;
    size_t layer_count;
    gm_weight_initializer initializer;
    gm_graph *graph; // of the first application
    gm_statistics *pending;
    size_t training_applications;
    gm_tensor **parameters, **statistics;
    size_t parameter_count, statistic_count;
};

enum { MAX_NAME = 64 };

static bool good_name(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return name != NULL && name[0] != '\0' && strlen(name) <= MAX_NAME && name[strspn(name, allowed)] == '\0';
}

gm_status gm_network_create(gm_network **network, const char *name, const gm_layer *layers, size_t count,
                            gm_weight_initializer initializer) {
    *network = NULL;
    if (!good_name(name))
        return gm_fail(GM_ERROR_ARGUMENT, "a network's name must be of 1 to %d letters, digits, '_' and '-', not '%s'",
                       (int)MAX_NAME, name != NULL ? name : "");
    if (count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "network %s has no layers", name);
    for (size_t i = 0; i < count; i++) {
        if (layers[i].type == NULL)
            return gm_fail(GM_ERROR_ARGUMENT, "%s layer %zu has no type", name, i);
        gm_status status = gm_layer_check(&layers[i]);
        if (status != GM_OK)
            return gm_fail_prefix(status, "%s layer %zu", name, i);
    }
    gm_status status = GM_OK;
    gm_network *made = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a network"));
    GM_TRY_DONE(gm_alloc(&made->name, strlen(name) + 1, 1, "a network's name"));
    GM_TRY_DONE(gm_alloc(&made->layers, count, sizeof *layers, "a network's layers"));
    GM_TRY_DONE(gm_statistics_create(&made->pending));
    memcpy(made->name, name, strlen(name) + 1);
    memcpy(made->layers, layers, count * sizeof *layers);
    made->layer_count = count;
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
    free(old->name);
    free(old->layers);
    free(old->parameters);
    free(old->statistics);
    gm_statistics_destroy(&old->pending);
    free(old);
    *network = NULL;
}

// The gain that the next activation asks of layer i's weights; a layer with weights of its own ends the search.
static double following_gain(const gm_network *network, size_t i) {
    for (i++; i < network->layer_count && !network->layers[i].type->weighted; i++)
        if (network->layers[i].type->gain != NULL)
            return network->layers[i].type->gain(&network->layers[i]);
    return 1;
}

// Lists the variables with these suffixes, layer by layer.
static gm_status gather(const gm_network *network, const char *const suffixes[2], gm_tensor ***list, size_t *count) {
    char prefix[128];
    snprintf(prefix, sizeof prefix, "%s.", network->name);
    size_t capacity = gm_variables_named(network->graph, prefix, suffixes, NULL, 0);
    GM_TRY(gm_alloc(list, GM_MAX(capacity, 1), sizeof **list, "a network's variables"));
    for (size_t i = 0; i < network->layer_count; i++) {
        snprintf(prefix, sizeof prefix, "%s.%zu.", network->name, i);
        *count += gm_variables_named(network->graph, prefix, suffixes, *list + *count, capacity - *count);
    }
    return GM_OK;
}

static gm_status gather_variables(gm_network *network) {
    if (network->parameters != NULL)
        return GM_OK;
    GM_TRY(
        gather(network, (const char *const[2]){".weight", ".bias"}, &network->parameters, &network->parameter_count));
    return gather(network, (const char *const[2]){".running_mean", ".running_variance"}, &network->statistics,
                  &network->statistic_count);
}

gm_tensor *gm_network_apply(gm_network *network, gm_tensor *x, gm_mode mode, gm_tensor *counter) {
    gm_graph *graph = gm_tensor_graph(x);
    if (network->graph == NULL)
        network->graph = graph;
    if (network->graph != graph)
        return gm_fault(graph, "network %s belongs to another graph: create one from the same layers for this one",
                        network->name);
    for (size_t i = 0; i < network->layer_count; i++) {
        const gm_layer *layer = &network->layers[i];
        gm_status before = gm_graph_fault(graph);
        gm_layer_context context = {
            .name = gm_graph_printf(graph, "%s.%zu", network->name, i),
            .mode = mode,
            .statistics = network->pending,
            .counter = counter,
            .application = network->training_applications,
            .initializer = network->initializer,
            .gain = following_gain(network, i),
        };
        if (context.name == NULL)
            return gm_fault(graph, "out of memory for network %s", network->name);
        x = layer->type->apply(&context, layer, x);
        gm_fault_prefix(graph, before, x, "%s layer %zu (%s)", network->name, i, layer->type->name);
    }
    network->training_applications += mode == GM_MODE_TRAINING;
    if (gather_variables(network) != GM_OK)
        return gm_fault(graph, "%s", gm_error_message());
    return x;
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
    *count = network->layer_count;
    return network->layers;
}

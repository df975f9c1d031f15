// Layers as data: their parameters by key, and the lists of layers that lie inside them.
#include "nn/layers.h"

#include <string.h>

void gm_layer_default(gm_layer *layer, const gm_layer_type *type) {
    memset(layer, 0, sizeof *layer);
    layer->type = type;
    layer->rate = 1;
    gm_parameter_defaults(type->parameters, type->parameter_count, &layer->params);
}

static gm_status unknown_key(const gm_layer_type *type, const char *key) {
    if (type->parameter_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s takes no parameters, not even '%s'", type->name,
                       key != NULL ? key : "a value");
    gm_text known = {0};
    for (size_t i = 0; i < type->parameter_count; i++)
        gm_text_printf(&known, "%s%s", i > 0 ? ", " : "", type->parameters[i].key);
    const char *keys = known.data != NULL ? known.data : "";
    gm_status status = key == NULL
                           ? gm_fail(GM_ERROR_ARGUMENT, "%s needs its parameters by name: %s", type->name, keys)
                           : gm_fail(GM_ERROR_ARGUMENT, "%s has no parameter '%s'; it takes %s", type->name, key, keys);
    gm_text_finish(&known);
    return status;
}

static const gm_parameter *row_of(const gm_layer *layer, const char *key) {
    return gm_parameter_find(layer->type->parameters, layer->type->parameter_count, key);
}

gm_status gm_layer_set_text(gm_layer *layer, const char *key, const char *text) {
    const gm_parameter *row = row_of(layer, key);
    if (row == NULL)
        return unknown_key(layer->type, key);
    gm_status status = gm_parameter_set_text(row, &layer->params, text);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", layer->type->name);
}

gm_status gm_layer_set_list(gm_layer *layer, const char *key, const char *const *items, size_t count) {
    const gm_parameter *row = row_of(layer, key);
    if (row == NULL)
        return unknown_key(layer->type, key);
    gm_status status = gm_parameter_set_list(row, &layer->params, items, count);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", layer->type->name);
}

gm_status gm_layer_set_number(gm_layer *layer, const char *key, double value) {
    const gm_parameter *row = row_of(layer, key);
    if (row == NULL)
        return unknown_key(layer->type, key);
    gm_status status = gm_parameter_set_number(row, &layer->params, value);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", layer->type->name);
}

gm_status gm_layer_set_layers(gm_layer *layer, const char *key, const gm_layer *layers, size_t count) {
    const gm_parameter *row = row_of(layer, key);
    if (row == NULL)
        return unknown_key(layer->type, key);
    if (row->kind != GM_PARAMETER_LAYERS)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s takes a value, not a list of layers", layer->type->name, row->key);
    *(gm_layer_list *)(void *)((char *)&layer->params + row->offset) = (gm_layer_list){layers, count};
    return GM_OK;
}

const gm_layer_list *gm_layer_inner(const gm_layer *layer, size_t index) {
    const gm_parameter *row = &layer->type->parameters[index];
    if (row->kind != GM_PARAMETER_LAYERS)
        return NULL;
    return (const gm_layer_list *)(const void *)((const char *)&layer->params + row->offset);
}

// A required value is never zero once set: its minimum is 1 (or its rank, length or count is).
static bool is_set(const gm_parameter *row, const void *values) {
    const void *value = (const char *)values + row->offset;
    switch (row->kind) {
    case GM_PARAMETER_INTEGER:
    case GM_PARAMETER_PAIR:
    case GM_PARAMETER_AXES:
        return *(const size_t *)value != 0;
    case GM_PARAMETER_SHAPE:
        return ((const gm_shape *)value)->rank != 0;
    case GM_PARAMETER_NAME:
        return *(const char *)value != '\0';
    case GM_PARAMETER_LAYERS:
        return ((const gm_layer_list *)value)->count != 0;
    default:
        return true;
    }
}

gm_status gm_layer_check(const gm_layer *layer) {
    for (size_t i = 0; i < layer->type->parameter_count; i++) {
        const gm_parameter *row = &layer->type->parameters[i];
        if (!row->required || is_set(row, &layer->params))
            continue;
        char allowed[256];
        gm_parameter_allowed(row, allowed, sizeof allowed);
        return gm_fail(GM_ERROR_ARGUMENT, "%s needs '%s': %s", layer->type->name, row->key, allowed);
    }
    return GM_OK;
}

// Lists of layers whose layers may hold lists: copying, searching and checking whole trees.
#include "nn/layers.h"

#include <string.h>

gm_status gm_layers_copy(gm_arena *arena, const gm_layer_list *from, gm_layer_list *to) {
    gm_layer *layers = gm_arena_copy(arena, from->layers, from->count * sizeof *layers);
    if (layers == NULL)
        return gm_fail_memory(from->count * sizeof *layers, "a network's layers");
    *to = (gm_layer_list){layers, from->count};
    for (size_t i = 0; i < from->count; i++) {
        const gm_layer *layer = &from->layers[i];
        layers[i].origin = layer->origin != NULL ? gm_arena_string(arena, layer->origin) : NULL;
        if (layer->origin != NULL && layers[i].origin == NULL)
            return gm_fail_memory(strlen(layer->origin), "a network's layers");
        for (size_t k = 0; k < layer->type->parameter_count; k++) {
            const gm_layer_list *inner = gm_layer_inner(layer, k);
            gm_layer_list copy;
            if (inner == NULL)
                continue;
            GM_TRY(gm_layers_copy(arena, inner, &copy));
            GM_TRY(gm_layer_set_layers(&layers[i], layer->type->parameters[k].key, copy.layers, copy.count));
        }
    }
    return GM_OK;
}

bool gm_layers_any(const gm_layer_list *list, bool (*test)(const gm_layer_type *type)) {
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer *layer = &list->layers[i];
        if (test(layer->type))
            return true;
        for (size_t k = 0; k < layer->type->parameter_count; k++) {
            const gm_layer_list *inner = gm_layer_inner(layer, k);
            if (inner != NULL && gm_layers_any(inner, test))
                return true;
        }
    }
    return false;
}

// What the check of a tree has met so far: taps and heads in the order in which an application sets them.
typedef struct survey {
    const char *network;
    const char **names;
    size_t count, capacity;
} survey;

// Where a layer is: in which list of which layer.
typedef struct place {
    const struct place *outer; // NULL: in the network's own list
    const char *key;           // of the list in the outer layer
    size_t index;
} place;

// "3", "3.0", "3.shortcut.0": as the names of variables. The list that a layer is about is not named.
static void append_place(gm_text *text, const place *at) {
    if (at->outer != NULL) {
        append_place(text, at->outer);
        gm_text_printf(text, ".%s%s", strcmp(at->key, "layers") != 0 ? at->key : "",
                       strcmp(at->key, "layers") != 0 ? "." : "");
    }
    gm_text_printf(text, "%zu", at->index);
}

static gm_status fail_at(const survey *s, const gm_layer *layer, const place *at, gm_status status) {
    gm_text text = {0};
    append_place(&text, at);
    status = gm_fail_prefix(status, "%s layer %s", s->network, text.data != NULL ? text.data : "");
    gm_text_finish(&text);
    return layer->origin != NULL ? gm_fail_prefix(status, "%s", layer->origin) : status;
}

// The name of that key; NULL when it is of another kind, or empty.
static const char *name_of(const gm_layer *layer, const char *key) {
    const gm_parameter *row = gm_parameter_find(layer->type->parameters, layer->type->parameter_count, key);
    if (row == NULL || row->kind != GM_PARAMETER_NAME)
        return NULL;
    const char *name = (const char *)&layer->params + row->offset;
    return name[0] != '\0' ? name : NULL;
}

static bool is_met(const survey *s, const char *name) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->names[i], name) == 0)
            return true;
    return false;
}

static gm_status check_names(survey *s, const gm_layer *layer) {
    const char *name = name_of(layer, "name");
    if (name == NULL)
        return GM_OK;
    if (is_met(s, name))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: another tap or head is called '%s', too: choose another name",
                       layer->type->name, name);
    if (s->count == s->capacity)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a network has at most %zu taps and heads", layer->type->name,
                       s->capacity);
    s->names[s->count++] = name;
    return GM_OK;
}

static gm_status check_reference(const survey *s, const gm_layer *layer, const char *from) {
    if (from == NULL || is_met(s, from))
        return GM_OK;
    gm_text known = {0};
    for (size_t i = 0; i < s->count; i++)
        gm_text_printf(&known, "%s%s", i > 0 ? ", " : "", s->names[i]);
    gm_status status =
        gm_fail(GM_ERROR_ARGUMENT, "%s: no tap or head before it is called '%s'; there %s %s", layer->type->name, from,
                s->count == 1 ? "is" : "are", known.data != NULL ? known.data : "none");
    gm_text_finish(&known);
    return status;
}

// Every name but the layer's own refers to one before it.
static gm_status check_references(const survey *s, const gm_layer *layer) {
    for (size_t k = 0; k < layer->type->parameter_count; k++) {
        const char *key = layer->type->parameters[k].key;
        if (strcmp(key, "name") != 0)
            GM_TRY(check_reference(s, layer, name_of(layer, key)));
    }
    return GM_OK;
}

static gm_status check_list(survey *s, const gm_layer_list *list, const place *outer, const char *key, size_t depth);

// In the order in which an application sets names: a head's layers come before the head's own.
static gm_status check_layer(survey *s, const gm_layer *layer, const place *at, size_t depth) {
    if (layer->type == NULL)
        return fail_at(s, layer, at, gm_fail(GM_ERROR_ARGUMENT, "it has no type"));
    gm_status status = gm_layer_check(layer);
    if (status == GM_OK)
        status = check_references(s, layer);
    if (status != GM_OK)
        return fail_at(s, layer, at, status);
    for (size_t k = 0; k < layer->type->parameter_count; k++) {
        const gm_layer_list *inner = gm_layer_inner(layer, k);
        if (inner != NULL)
            GM_TRY(check_list(s, inner, at, layer->type->parameters[k].key, depth + 1));
    }
    status = check_names(s, layer);
    return status == GM_OK ? GM_OK : fail_at(s, layer, at, status);
}

static gm_status check_list(survey *s, const gm_layer_list *list, const place *outer, const char *key, size_t depth) {
    for (size_t i = 0; i < list->count; i++) {
        const place at = {outer, key, i};
        if (depth > GM_LAYER_DEPTH)
            return fail_at(s, &list->layers[i], &at,
                           gm_fail(GM_ERROR_ARGUMENT, "layers lie in layers at most %d deep", GM_LAYER_DEPTH));
        GM_TRY(check_layer(s, &list->layers[i], &at, depth));
    }
    return GM_OK;
}

gm_status gm_layers_check(const gm_layer_list *list, const char *network, const char **names, size_t capacity,
                          size_t *count) {
    survey s = {.network = network, .names = names, .capacity = capacity};
    gm_status status = check_list(&s, list, NULL, NULL, 0);
    *count = s.count;
    return status;
}

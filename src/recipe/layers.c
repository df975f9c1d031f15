// Layers and optimisers in recipes: "a name with its settings", where the tables of nn.h and optim.h say which. A
// layer's setting may be a list of layers.
#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "recipe/value.h"

#include <stdio.h>
#include <string.h>

// Something with a name and a table of settings: what layers and optimisers have in common.
typedef struct typed {
    const char *name; // "dense"
    const gm_parameter *rows;
    size_t count;
    void *values;
    gm_arena *arena; // where inner layers lie
    size_t depth;    // of a layer: how many layers it lies in
} typed;

static gm_status read_list(gm_arena *arena, const gm_parameter *row, const gm_yaml *node, size_t depth,
                           gm_layer_list *list);

static gm_status read_setting(const typed *t, const char *key, const char *key_origin, const gm_yaml *value) {
    const gm_parameter *row = gm_parameter_find(t->rows, t->count, key);
    if (!row) {
        const char *keys[64];
        for (size_t i = 0; i < t->count && i < GM_COUNT(keys); i++)
            keys[i] = t->rows[i].key;
        char thing[80];
        snprintf(thing, sizeof thing, "setting of %s", t->name);
        if (t->count == 0)
            return gm_fail(GM_ERROR_FORMAT, "%s: %s has no settings: remove '%.60s'", key_origin, t->name, key);
        return gm_recipe_unknown(key_origin, thing, key, keys, GM_MIN(t->count, GM_COUNT(keys)));
    }
    gm_parameter named = *row; // so that messages say "dense.units"
    char path[120];
    snprintf(path, sizeof path, "%s.%s", t->name, row->key);
    named.key = path;
    if (row->kind == GM_PARAMETER_LAYERS)
        return read_list(t->arena, &named, value, t->depth + 1, (void *)((char *)t->values + row->offset));
    return gm_recipe_read_parameter(&named, t->values, value);
}

static gm_status read_settings(const typed *t, const gm_yaml *value) {
    if (gm_yaml_is_null(value))
        return GM_OK;
    if (value->kind == GM_YAML_MAP) {
        for (size_t i = 0; i < value->count; i++)
            GM_TRY(read_setting(t, value->keys[i], value->key_origins[i], value->items[i]));
        return GM_OK;
    }
    const gm_parameter *row = gm_parameter_find(t->rows, t->count, NULL);
    if (row)
        return read_setting(t, row->key, value->origin, value);
    char given[80];
    gm_yaml_describe(value, given, sizeof given);
    if (t->count == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: %s has no settings: remove %s", value->origin, t->name, given);
    return gm_fail(GM_ERROR_FORMAT, "%s: the settings of %s need their names, as in %s: {%s: ...}, not %s",
                   value->origin, t->name, t->name, t->rows[0].key, given);
}

gm_status gm_recipe_read_settings(gm_arena *arena, const char *name, const gm_parameter *rows, size_t count,
                                  void *values, const gm_yaml *value) {
    return read_settings(&(typed){name, rows, count, values, arena, 0}, value);
}

gm_status gm_recipe_split(const gm_yaml *node, const char *noun, const char *example, const char **name,
                          const gm_yaml **value) {
    char given[80];
    if (node->kind == GM_YAML_SCALAR && !gm_yaml_is_null(node)) {
        *name = node->text;
        return GM_OK;
    }
    if (node->kind == GM_YAML_MAP && node->count == 1) {
        *name = node->keys[0];
        *value = node->items[0];
        return GM_OK;
    }
    if (node->kind == GM_YAML_MAP && node->count > 1)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: a %s is one name with its settings, here are '%.60s' and '%.60s': write %s", node->origin,
                       noun, node->keys[0], node->keys[1], example);
    return gm_fail(GM_ERROR_FORMAT, "%s: a %s is a name with its settings, such as %s, not %s", node->origin, noun,
                   example, gm_yaml_describe(node, given, sizeof given));
}

void gm_recipe_write_typed(gm_text *text, const char *name, const gm_parameter *rows, size_t count, const void *values,
                           bool braces) {
    if (count == 0) {
        gm_text_append(text, name);
        return;
    }
    gm_text_printf(text, "%s%s: {", braces ? "{" : "", name);
    for (size_t i = 0; i < count; i++) {
        char value[256];
        gm_text_printf(text, "%s%s: %s", i > 0 ? ", " : "", rows[i].key,
                       gm_parameter_format(&rows[i], values, value, sizeof value));
    }
    gm_text_append(text, braces ? "}}" : "}");
}

// ---- Layers ----

static gm_status read_layer(gm_arena *arena, gm_layer *layer, const gm_yaml *node, size_t depth) {
    const char *name = NULL;
    const gm_yaml *value = NULL;
    GM_TRY(gm_recipe_split(node, "layer", "relu or dense: {units: 128}", &name, &value));
    const gm_layer_type *type = gm_layer_type_find(name);
    if (!type) {
        const char *names[64];
        size_t count;
        const gm_layer_type *types = gm_layer_types(&count);
        count = GM_MIN(count, GM_COUNT(names));
        for (size_t i = 0; i < count; i++)
            names[i] = types[i].name;
        return gm_recipe_unknown(node->origin, "layer", name, names, count);
    }
    gm_layer_default(layer, type);
    layer->origin = node->origin;
    typed t = {type->name, type->parameters, type->parameter_count, &layer->params, arena, depth};
    if (value)
        GM_TRY(read_settings(&t, value));
    gm_status status = gm_layer_check(layer);
    return status == GM_OK ? GM_OK : gm_fail_prefix(GM_ERROR_FORMAT, "%s", node->origin);
}

static gm_status read_list(gm_arena *arena, const gm_parameter *row, const gm_yaml *node, size_t depth,
                           gm_layer_list *list) {
    if (node->kind != GM_YAML_LIST || (node->count == 0 && row->required))
        return gm_recipe_refuse(node, row->key,
                                row->required ? "a list of at least one layer (\"- dense: 128\", \"- relu\", ...)"
                                              : "a list of layers (\"- dense: 128\", \"- relu\", ...)");
    if (depth > GM_LAYER_DEPTH)
        return gm_fail(GM_ERROR_FORMAT, "%s: %s lies too deep: layers lie in layers at most %d deep", node->origin,
                       row->key, GM_LAYER_DEPTH);
    gm_layer *layers = gm_arena_alloc(arena, node->count * sizeof *layers);
    if (!layers)
        return gm_fail_memory(node->count * sizeof *layers, "a recipe");
    for (size_t i = 0; i < node->count; i++)
        GM_TRY(read_layer(arena, &layers[i], node->items[i], depth));
    *list = (gm_layer_list){layers, node->count};
    return GM_OK;
}

static gm_status read_layers(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    return read_list(arena, &(gm_parameter){.key = key, .required = true}, node, 0, field);
}

static bool holds_layers(const gm_layer_type *type) {
    for (size_t i = 0; i < type->parameter_count; i++)
        if (type->parameters[i].kind == GM_PARAMETER_LAYERS)
            return true;
    return false;
}

// One line per layer, and for those that hold layers one per setting; `indent` is the dash's column.
static void write_list(const gm_layer_list *list, int indent, gm_text *text) {
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer *layer = &list->layers[i];
        const gm_layer_type *type = layer->type;
        gm_text_printf(text, "\n%*s- ", indent, "");
        if (!holds_layers(type)) {
            gm_recipe_write_typed(text, type->name, type->parameters, type->parameter_count, &layer->params, false);
            continue;
        }
        gm_text_printf(text, "%s:", type->name);
        for (size_t k = 0; k < type->parameter_count; k++) {
            const gm_parameter *row = &type->parameters[k];
            const gm_layer_list *inner = gm_layer_inner(layer, k);
            char value[256];
            gm_text_printf(text, "\n%*s%s:", indent + 4, "", row->key);
            if (inner && inner->count > 0)
                write_list(inner, indent + 6, text);
            else
                gm_text_printf(text, " %s", gm_parameter_format(row, &layer->params, value, sizeof value));
        }
    }
}

static gm_status read_optional(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    return read_list(arena, &(gm_parameter){.key = key}, node, 0, field);
}

static void write_layers(const void *field, gm_text *text) {
    const gm_layer_list *network = field;
    if (network->count == 0)
        gm_text_append(text, " []");
    write_list(&(gm_layer_list){network->layers, network->count}, 2, text);
}

static void allow_layers(gm_text *text) {
    gm_text_append(text, "a list of layers");
}

const gm_recipe_type gm_recipe_layers_type = {read_layers, write_layers, allow_layers};
const gm_recipe_type gm_recipe_optional_layers_type = {read_optional, write_layers, allow_layers};

// ---- Optimisers ----

static gm_status read_optimizer(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    (void)key;
    const char *name = NULL;
    const gm_yaml *value = NULL;
    GM_TRY(gm_recipe_split(node, "optimizer", "adam: {rate: 2e-4}", &name, &value));
    const gm_optimizer_type *type = gm_optimizer_type_find(name);
    if (!type) {
        const char *names[64];
        size_t count;
        const gm_optimizer_type *types = gm_optimizer_types(&count);
        count = GM_MIN(count, GM_COUNT(names));
        for (size_t i = 0; i < count; i++)
            names[i] = types[i].name;
        return gm_recipe_unknown(node->origin, "optimizer", name, names, count);
    }
    gm_optimizer optimizer;
    gm_optimizer_default(&optimizer, type);
    if (value)
        GM_TRY(gm_recipe_read_settings(arena, type->name, type->parameters, type->parameter_count, &optimizer, value));
    if (gm_optimizer_check(&optimizer) != GM_OK)
        return gm_fail_prefix(GM_ERROR_FORMAT, "%s", node->origin);
    *(gm_optimizer *)field = optimizer;
    return GM_OK;
}

static void write_optimizer(const void *field, gm_text *text) {
    const gm_optimizer *optimizer = field;
    size_t count;
    const gm_optimizer_type *types = gm_optimizer_types(&count);
    for (size_t i = 0; i < count; i++)
        if (types[i].kind == optimizer->kind) {
            gm_text_append(text, " ");
            gm_recipe_write_typed(text, types[i].name, types[i].parameters, types[i].parameter_count, optimizer, true);
        }
}

static void allow_optimizer(gm_text *text) {
    size_t count;
    const gm_optimizer_type *types = gm_optimizer_types(&count);
    gm_text_append(text, "one of");
    for (size_t i = 0; i < count; i++)
        gm_text_printf(text, "%s %s", i > 0 ? "," : "", types[i].name);
    gm_text_append(text, ", with its settings");
}

const gm_recipe_type gm_recipe_optimizer_type = {read_optimizer, write_optimizer, allow_optimizer};

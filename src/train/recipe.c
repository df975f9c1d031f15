// Reading a recipe: defaults from the table, then the file, then the settings, then what only the whole can tell.
#include "train/recipe.h"

#include "train/recipe_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field_of(gm_recipe *recipe, const gm_recipe_row *row) {
    return (char *)recipe + row->value.offset;
}

static gm_status read_row(gm_recipe *recipe, const gm_recipe_row *row, const gm_node *node) {
    if (row->kind)
        return row->kind->read(recipe, row->value.key, field_of(recipe, row), node);
    return gm_recipe_read_parameter(&row->value, recipe, node);
}

// A default goes the way of a setting, so that the table states it as a recipe would.
static gm_status set_default(gm_recipe *recipe, const gm_recipe_row *row) {
    gm_node holder = {.kind = GM_NODE_MAP};
    const char *setting = gm_arena_printf(&recipe->arena, "value=%s", row->initial);
    if (!setting)
        return gm_fail_memory(strlen(row->initial), "a recipe");
    GM_TRY(gm_node_set(&holder, &recipe->arena, setting));
    return read_row(recipe, row, holder.items[0]);
}

static gm_status set_defaults(gm_recipe *recipe) {
    for (size_t i = 0; i < gm_recipe_row_count; i++) {
        if (!gm_recipe_rows[i].kind)
            gm_parameter_defaults(&gm_recipe_rows[i].value, 1, recipe);
        else if (gm_recipe_rows[i].initial)
            GM_TRY(set_default(recipe, &gm_recipe_rows[i]));
    }
    return GM_OK;
}

// ---- The map of keys against the table ----

// The part of `key` behind the section ("data." of "data.batch"), or NULL when it is not in it.
static const char *within(const char *key, const char *section) {
    size_t length = strlen(section);
    return strncmp(key, section, length) == 0 ? key + length : NULL;
}

static gm_status fail_unknown_key(const char *section, const char *key, const char *origin) {
    char words[64][40];
    const char *list[64];
    size_t count = 0;
    for (size_t i = 0; i < gm_recipe_row_count && count < GM_COUNT(list); i++) {
        const char *rest = within(gm_recipe_rows[i].value.key, section);
        if (!rest)
            continue;
        snprintf(words[count], sizeof words[count], "%.*s", (int)strcspn(rest, "."), rest);
        if (count > 0 && strcmp(words[count], words[count - 1]) == 0)
            continue; // keys of a section stand together
        list[count] = words[count];
        count++;
    }
    char thing[80];
    if (section[0])
        snprintf(thing, sizeof thing, "key in %.*s", (int)strlen(section) - 1, section);
    return gm_recipe_unknown(origin, section[0] ? thing : "key", key, list, count);
}

// A key of another kind of model than the recipe's.
static gm_status check_model(const gm_recipe *recipe, const char *key, const char *origin) {
    static const char *const models[] = {[GM_RECIPE_GAN] = "a GAN (generator and discriminator)",
                                         [GM_RECIPE_AUTOENCODER] = "an autoencoder (encoder and decoder)"};
    gm_recipe_model model = gm_recipe_key_model(key);
    if (!model || model == recipe->model)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT, "%s: %s belongs to %s, but this recipe is that of %s: remove it", origin, key,
                   models[model], models[recipe->model]);
}

static gm_status read_map(gm_recipe *recipe, const gm_node *map, const char *section, bool *seen);

static gm_status read_key(gm_recipe *recipe, const gm_node *map, size_t index, const char *section, bool *seen) {
    const gm_node *value = map->items[index];
    char path[80], inner[82];
    int length = snprintf(path, sizeof path, "%s%s", section, map->keys[index]);
    snprintf(inner, sizeof inner, "%s.", path);
    bool is_section = false;
    if (length < (int)sizeof path && !strchr(map->keys[index], '.'))
        for (size_t i = 0; i < gm_recipe_row_count; i++) {
            const gm_recipe_row *row = &gm_recipe_rows[i];
            if (strcmp(row->value.key, path) == 0) {
                seen[i] = true;
                GM_TRY(check_model(recipe, path, map->key_origins[index]));
                return read_row(recipe, row, value);
            }
            is_section = is_section || within(row->value.key, inner);
        }
    if (!is_section)
        return fail_unknown_key(section, map->keys[index], map->key_origins[index]);
    if (gm_node_is_null(value))
        return GM_OK;
    if (value->kind != GM_NODE_MAP)
        return gm_recipe_refuse(value, path, "a map of keys (indented below it, or in braces)");
    return read_map(recipe, value, inner, seen);
}

static gm_status read_map(gm_recipe *recipe, const gm_node *map, const char *section, bool *seen) {
    for (size_t i = 0; i < map->count; i++)
        GM_TRY(read_key(recipe, map, i, section, seen));
    return GM_OK;
}

static gm_status check_required(const gm_recipe *recipe, const gm_node *root, const bool *seen) {
    for (size_t i = 0; i < gm_recipe_row_count; i++) {
        const gm_parameter *value = &gm_recipe_rows[i].value;
        gm_recipe_model model = gm_recipe_key_model(value->key);
        if (!value->required || seen[i] || (model && model != recipe->model))
            continue;
        char section[80];
        snprintf(section, sizeof section, "%.*s", (int)strcspn(value->key, "."), value->key);
        const gm_node *at = gm_node_find(root, section);
        return gm_fail(GM_ERROR_FORMAT, "%s: %s is missing: %s", at ? at->origin : recipe->file, value->key,
                       value->help);
    }
    return GM_OK;
}

// ---- What only the whole recipe can tell ----

// The last layer that changes values.
static size_t last_layer(const gm_layer_list *network) {
    static const char *const movers[] = {"flatten", "reshape", "dropout", "tap", "head"};
    for (size_t i = network->count; i-- > 0;) {
        bool moves = false;
        for (size_t j = 0; j < GM_COUNT(movers); j++)
            moves = moves || strcmp(network->layers[i].type->name, movers[j]) == 0;
        if (!moves)
            return i;
    }
    return 0;
}

static const char *last_name(const gm_layer_list *network) {
    return network->layers[last_layer(network)].type->name;
}

const gm_layer_list *gm_recipe_output(const gm_recipe *recipe) {
    return recipe->model == GM_RECIPE_AUTOENCODER ? &recipe->decoder : &recipe->generator;
}

bool gm_recipe_is_bernoulli(const gm_recipe *recipe) {
    return recipe->model == GM_RECIPE_AUTOENCODER && recipe->autoencoder.likelihood == GM_LIKELIHOOD_BERNOULLI;
}

// The lower end of what the last activation makes, which rises to 1; false when any range will do.
static bool natural_low(const gm_recipe *recipe, double *low) {
    const char *name = gm_recipe_is_bernoulli(recipe) ? "sigmoid" : last_name(gm_recipe_output(recipe));
    *low = strcmp(name, "sigmoid") == 0 ? 0 : -1;
    return *low >= 0 || strcmp(name, "tanh") == 0;
}

static bool differs(double a, double b) {
    return a < b || a > b;
}

gm_status gm_recipe_check_range(const gm_recipe *recipe) {
    double low;
    const double *range = recipe->data.range;
    if (!natural_low(recipe, &low) || (!differs(range[0], low) && !differs(range[1], 1)))
        return GM_OK;
    const char *origin = recipe->data.range_origin ? recipe->data.range_origin : recipe->file;
    const gm_layer_list *output = gm_recipe_output(recipe);
    if (gm_recipe_is_bernoulli(recipe))
        return gm_fail(
            GM_ERROR_FORMAT,
            "%s: data.range is [%g, %g], but a bernoulli likelihood takes values from 0 to 1: set data.range "
            "to [0, 1] or autoencoder.likelihood to gaussian",
            origin, range[0], range[1]);
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: data.range is [%g, %g], but the %s ends in %s (%s), which makes [%g, 1]: set data.range "
                   "to [%g, 1] or change the last activation (sigmoid makes [0, 1], tanh [-1, 1])",
                   origin, range[0], range[1], recipe->model == GM_RECIPE_AUTOENCODER ? "decoder" : "generator",
                   last_name(output), output->layers[last_layer(output)].origin, low, low);
}

// The other half of that trap: a sigmoid at the end of D or of a decoder, as textbooks draw it, where logits belong.
static gm_status check_logit(const gm_recipe *recipe) {
    if (recipe->model == GM_RECIPE_AUTOENCODER) {
        if (!gm_recipe_is_bernoulli(recipe) || strcmp(last_name(&recipe->decoder), "sigmoid") != 0)
            return GM_OK;
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: the decoder must end in logits, not in a sigmoid: remove it, the bernoulli likelihood "
                       "contains it",
                       recipe->decoder.layers[last_layer(&recipe->decoder)].origin);
    }
    if (strcmp(last_name(&recipe->discriminator), "sigmoid") != 0 || strcmp(recipe->loss->name, "least_squares") == 0)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: the discriminator must end in a logit, not in a sigmoid: remove it, the loss %s contains it",
                   recipe->discriminator.layers[last_layer(&recipe->discriminator)].origin, recipe->loss->name);
}

// Terms on top of the loss; which of them is meant without a weight, nobody knows.
static gm_status check_terms(const gm_recipe *recipe, const gm_node *root) {
    static const char *const terms[] = {"kl_term", "entropy_term"};
    for (size_t i = 0; i < GM_COUNT(terms); i++) {
        const gm_node *term = gm_node_find(root, terms[i]);
        if (term && term->kind == GM_NODE_MAP && !gm_node_find(term, "weight"))
            return gm_fail(GM_ERROR_FORMAT, "%s: %s needs a weight", term->origin, terms[i]);
    }
    const gm_node *entropy = gm_node_find(root, "entropy_term");
    if (recipe->entropy_term.weight > 0 && recipe->data.batch < 2)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: entropy_term compares samples of a batch with one another: data.batch must be at least 2",
                       entropy ? entropy->origin : recipe->file);
    const gm_layer *across =
        recipe->entropy_term.weight > 0 ? gm_recipe_across_samples(&recipe->entropy_term.network) : NULL;
    if (across)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: %s mixes the samples of a batch, so that pairs that belong together and others would "
                       "differ by their batches alone: use layer_norm here",
                       across->origin, across->type->name);
    const gm_node *kl = gm_node_find(root, "kl_term");
    const char *origin = kl ? kl->origin : recipe->file;
    if (recipe->kl_term.weight > 0 && !recipe->loss->log_ratio)
        return gm_fail(
            GM_ERROR_FORMAT,
            "%s: kl_term needs a logit that estimates the log ratio of the densities, which that of the loss "
            "%s does not: take another loss, such as non_saturating",
            origin, recipe->loss->name);
    if (recipe->kl_term.weight > 0 && recipe->regularizers.origin[GM_REGULARIZER_LABEL_SMOOTHING])
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: kl_term and label_smoothing exclude each other: a smoothed logit is no log "
                       "ratio of the densities",
                       origin);
    const gm_node *alternative = gm_node_find(root, "alternative");
    if (recipe->alternative && !recipe->loss->divergence)
        return gm_fail(GM_ERROR_FORMAT, "%s: alternative is for the losses of f-GAN (f_kl, ...), not for %s",
                       alternative ? alternative->origin : recipe->file, recipe->loss->name);
    return GM_OK;
}

static gm_status check_codes(gm_recipe *recipe, const gm_node *root) {
    const gm_node *section = gm_node_find(root, "codes");
    if (!section)
        return GM_OK;
    if (section->kind == GM_NODE_MAP && !gm_node_find(section, "categorical") && !gm_node_find(section, "continuous"))
        return gm_fail(GM_ERROR_FORMAT, "%s: codes needs categorical, such as [10], or continuous, such as 2",
                       section->origin);
    if (gm_recipe_codes(recipe) == 0)
        return GM_OK;
    if (recipe->regularizers.origin[GM_REGULARIZER_PACKING])
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: packing and codes exclude each other: packed samples have no codes of "
                       "their own",
                       recipe->regularizers.origin[GM_REGULARIZER_PACKING]);
    recipe->codes.origin = section->origin;
    return GM_OK;
}

// The file's name without folder and ending, with '-' for what no folder's name should hold.
static gm_status default_name(gm_recipe *recipe) {
    const char *slash = strrchr(recipe->file, '/');
    char *name = gm_arena_printf(&recipe->arena, "%.100s", slash ? slash + 1 : recipe->file);
    if (!name)
        return gm_fail_memory(100, "a recipe");
    char *dot = strrchr(name, '.');
    if (dot && dot > name)
        *dot = '\0';
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    for (char *c = name; *c; c++)
        if (!strchr(letters, *c))
            *c = '-';
    if (name[0] == '.' || name[0] == '-' || name[0] == '\0')
        recipe->name = "run";
    else
        recipe->name = name;
    return GM_OK;
}

static gm_status resolve(gm_recipe *recipe, const gm_node *root) {
    if (!recipe->name)
        GM_TRY(default_name(recipe));
    if (!recipe->data.range_given) {
        natural_low(recipe, &recipe->data.range[0]);
        recipe->data.range[1] = 1;
    }
    if (recipe->data.channels == 2)
        return gm_recipe_refuse(gm_node_find(gm_node_find(root, "data"), "channels"), "data.channels", "0, 1 or 3");
    if (!gm_mixture_find(recipe->data.source))
        GM_TRY(gm_recipe_check_range(recipe));
    GM_TRY(check_logit(recipe));
    if (recipe->model == GM_RECIPE_AUTOENCODER)
        return gm_recipe_resolve_autoencoder(recipe, root);
    GM_TRY(check_terms(recipe, root));
    GM_TRY(check_codes(recipe, root));
    return gm_recipe_resolve_regularizers(recipe);
}

static void find_classes(const gm_layer_list *list, size_t *fewest, const gm_layer **layer_of) {
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer *layer = &list->layers[i];
        const gm_parameter *row = gm_parameter_find(layer->type->parameters, layer->type->parameter_count, "classes");
        const size_t *classes = row ? (const size_t *)(const void *)((const char *)&layer->params + row->offset) : NULL;
        if (classes && *classes < *fewest) {
            *fewest = *classes;
            *layer_of = layer;
        }
        for (size_t k = 0; k < layer->type->parameter_count; k++)
            if (gm_layer_inner(layer, k))
                find_classes(gm_layer_inner(layer, k), fewest, layer_of);
    }
}

size_t gm_recipe_classes(const gm_recipe *recipe, const gm_layer **layer) {
    const gm_layer *found = NULL;
    size_t fewest = SIZE_MAX;
    find_classes(&(gm_layer_list){recipe->generator.layers, recipe->generator.count}, &fewest, &found);
    find_classes(&(gm_layer_list){recipe->discriminator.layers, recipe->discriminator.count}, &fewest, &found);
    if (layer)
        *layer = found;
    return fewest;
}

size_t gm_recipe_codes(const gm_recipe *recipe) {
    return recipe->codes.categorical.count + recipe->codes.continuous;
}

size_t gm_recipe_latent_values(const gm_recipe *recipe) {
    size_t values = recipe->latent.size + recipe->codes.continuous;
    for (size_t i = 0; i < recipe->codes.categorical.count; i++)
        values += (size_t)recipe->codes.categorical.values[i];
    return values;
}

// ---- Reading ----

static gm_status read_recipe(gm_recipe *recipe, const char *file, const char *text, size_t bytes,
                             const char *const *settings, size_t count) {
    recipe->file = gm_arena_string(&recipe->arena, file);
    bool *seen = gm_arena_alloc(&recipe->arena, gm_recipe_row_count * sizeof *seen);
    if (!recipe->file || !seen)
        return gm_fail_memory(strlen(file), "a recipe");
    gm_node *root;
    GM_TRY(set_defaults(recipe));
    GM_TRY(gm_node_parse(&root, &recipe->arena, recipe->file, text, bytes));
    for (size_t i = 0; i < count; i++)
        GM_TRY(gm_node_set(root, &recipe->arena, settings[i]));
    bool autoencoder = gm_node_find(root, "encoder") || gm_node_find(root, "decoder");
    recipe->model = autoencoder ? GM_RECIPE_AUTOENCODER : GM_RECIPE_GAN;
    GM_TRY(read_map(recipe, root, "", seen));
    GM_TRY(check_required(recipe, root, seen));
    return resolve(recipe, root);
}

// Messages quote what they found; one line they stay.
static gm_status flatten_message(gm_status status) {
    char text[2048];
    snprintf(text, sizeof text, "%s", gm_error_message());
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    return gm_fail(status, "%s", text);
}

gm_status gm_recipe_parse(gm_recipe **recipe, const char *file, const char *text, size_t bytes,
                          const char *const *settings, size_t count) {
    *recipe = NULL;
    gm_recipe *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a recipe"));
    gm_status status = read_recipe(made, file, text, bytes, settings, count);
    if (status != GM_OK) {
        flatten_message(status);
        gm_recipe_destroy(&made);
    }
    *recipe = made;
    return status;
}

gm_status gm_recipe_read(gm_recipe **recipe, const char *path, const char *const *settings, size_t count) {
    *recipe = NULL;
    char *text;
    size_t bytes;
    GM_TRY(gm_file_read(path, &text, &bytes));
    gm_status status = gm_recipe_parse(recipe, path, text, bytes, settings, count);
    free(text);
    return status;
}

void gm_recipe_destroy(gm_recipe **recipe) {
    if (!recipe || !*recipe)
        return;
    gm_arena_finish(&(*recipe)->arena);
    free(*recipe);
    *recipe = NULL;
}

gm_dataset_options gm_recipe_data_options(const gm_recipe *recipe) {
    return (gm_dataset_options){.split = (gm_split)recipe->data.split,
                                .size = recipe->data.size,
                                .fit = (gm_fit)recipe->data.fit,
                                .channels = recipe->data.channels,
                                .folder = recipe->data.folder,
                                .count = recipe->data.count,
                                .seed = recipe->seed};
}

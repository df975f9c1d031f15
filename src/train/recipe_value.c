// The recipe's kinds of values: how each is read from a node, written and described.
#include "train/recipe_table.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Messages ----

gm_status gm_recipe_refuse(const gm_node *node, const char *key, const char *allowed) {
    char given[80];
    return gm_fail(GM_ERROR_FORMAT, "%s: %s must be %s, not %s", node->origin, key, allowed,
                   gm_node_describe(node, given, sizeof given));
}

gm_status gm_recipe_unknown(const char *origin, const char *thing, const char *word, const char *const *words,
                            size_t count) {
    gm_text allowed = {0};
    const char *near = gm_suggest(word, words, count);
    for (size_t i = 0; i < count; i++)
        gm_text_printf(&allowed, "%s%s", i > 0 ? ", " : "", words[i]);
    gm_status status = gm_fail(GM_ERROR_FORMAT, "%s: unknown %s '%.60s'%s%s%s; allowed %s %s", origin, thing, word,
                               near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "",
                               count == 1 ? "is" : "are", allowed.data ? allowed.data : "none");
    gm_text_finish(&allowed);
    return status;
}

// ---- gm_parameter's kinds ----

gm_status gm_recipe_read_parameter(const gm_parameter *row, void *values, const gm_node *node) {
    char allowed[256];
    gm_parameter_allowed(row, allowed, sizeof allowed);
    gm_status status;
    if (node->kind == GM_NODE_SCALAR && !gm_node_is_null(node)) {
        status = gm_parameter_set_text(row, values, node->text);
        return status == GM_OK ? GM_OK : gm_fail_prefix(GM_ERROR_FORMAT, "%s", node->origin);
    }
    const char *items[2 * GM_MAX_RANK];
    if (node->kind != GM_NODE_LIST || node->count > GM_COUNT(items))
        return gm_recipe_refuse(node, row->key, allowed);
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != GM_NODE_SCALAR)
            return gm_recipe_refuse(node, row->key, allowed);
        items[i] = node->items[i]->text;
    }
    status = gm_parameter_set_list(row, values, items, node->count);
    return status == GM_OK ? GM_OK : gm_fail_prefix(GM_ERROR_FORMAT, "%s", node->origin);
}

// ---- Strings ----

// Line breaks and controls would not survive a line of YAML; the last three are line breaks to libyaml.
static bool is_plain_text(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return false;
    return !strstr(text, "\xc2\x85") && !strstr(text, "\xe2\x80\xa8") && !strstr(text, "\xe2\x80\xa9");
}

static gm_status read_string(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    (void)recipe; // strings live in its arena, where the nodes are, too
    const char **string = field;
    if (gm_node_is_null(node) && strcmp(key, "data.folder") == 0) {
        *string = NULL;
        return GM_OK;
    }
    if (node->kind != GM_NODE_SCALAR || gm_node_is_null(node) || node->text[0] == '\0' || !is_plain_text(node->text))
        return gm_recipe_refuse(node, key, "a text of one line");
    *string = node->text;
    return GM_OK;
}

static gm_status read_name(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    GM_TRY(read_string(recipe, key, field, node));
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (node->text[0] == '.' || node->text[0] == '-' || node->text[strspn(node->text, letters)] != '\0' ||
        strlen(node->text) > 100)
        return gm_recipe_refuse(node, key, "1 to 100 letters, digits, '-', '_' and '.', for a folder's name");
    return GM_OK;
}

// Plain where that reads back as the same text, else in single quotes.
static void write_string(const gm_recipe *recipe, const void *field, gm_text *text) {
    (void)recipe;
    const char *string = *(const char *const *)field;
    if (!string) {
        gm_text_append(text, " null");
        return;
    }
    bool plain = isalnum((unsigned char)string[0]) || string[0] == '/';
    for (const char *c = string; *c && plain; c++)
        plain = isalnum((unsigned char)*c) || strchr("-_./", *c);
    if (plain && strcmp(string, "null") != 0) {
        gm_text_printf(text, " %s", string);
        return;
    }
    gm_text_append(text, " '");
    for (const char *c = string; *c; c++)
        gm_text_printf(text, *c == '\'' ? "''" : "%c", *c);
    gm_text_append(text, "'");
}

static void allow_string(gm_text *text) {
    gm_text_append(text, "a text");
}

const gm_recipe_kind gm_recipe_string_kind = {read_string, write_string, allow_string};
const gm_recipe_kind gm_recipe_name_kind = {read_name, write_string, allow_string};

// ---- Height and width ----

static const gm_parameter size = {.key = "data.size", .kind = GM_PARAMETER_PAIR, .minimum = 0, .maximum = 4096};

static gm_status read_size(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    (void)recipe;
    size_t sides[2];
    GM_TRY(gm_recipe_read_parameter(&size, sides, node));
    if ((sides[0] == 0) != (sides[1] == 0))
        return gm_recipe_refuse(node, key, "0 for both or for none of height and width");
    memcpy(field, sides, sizeof sides);
    return GM_OK;
}

static void write_size(const gm_recipe *recipe, const void *field, gm_text *text) {
    (void)recipe;
    const size_t *sides = field;
    char value[60];
    if (sides[0] == sides[1])
        gm_text_printf(text, " %zu", sides[0]);
    else
        gm_text_printf(text, " %s", gm_parameter_format(&size, sides, value, sizeof value));
}

static void allow_size(gm_text *text) {
    char allowed[80];
    gm_text_append(text, gm_parameter_allowed(&size, allowed, sizeof allowed));
}

const gm_recipe_kind gm_recipe_size_kind = {read_size, write_size, allow_size};

// ---- Ranges ----

static gm_status read_range(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    double range[2] = {0, 0};
    static const gm_parameter number = {
        .key = "data.range", .kind = GM_PARAMETER_NUMBER, .minimum = -1000000, .maximum = 1000000};
    bool fits = node->kind == GM_NODE_LIST && node->count == 2;
    for (size_t i = 0; i < 2 && fits; i++)
        fits = node->items[i]->kind == GM_NODE_SCALAR &&
               gm_parameter_set_text(&number, &range[i], node->items[i]->text) == GM_OK;
    if (!fits)
        return gm_recipe_refuse(node, key, "[low, high], two numbers such as [-1, 1]");
    if (range[0] >= range[1])
        return gm_fail(GM_ERROR_FORMAT, "%s: %s must rise from low to high, not from %g to %g", node->origin, key,
                       range[0], range[1]);
    memcpy(field, range, sizeof range);
    recipe->data.range_given = true;
    recipe->data.range_origin = node->origin;
    return GM_OK;
}

static void write_range(const gm_recipe *recipe, const void *field, gm_text *text) {
    (void)recipe;
    static const gm_parameter number = {.kind = GM_PARAMETER_NUMBER};
    const double *range = field;
    char low[40], high[40];
    gm_text_printf(text, " [%s, %s]", gm_parameter_format(&number, &range[0], low, sizeof low),
                   gm_parameter_format(&number, &range[1], high, sizeof high));
}

static void allow_range(gm_text *text) {
    gm_text_append(text, "[low, high]");
}

const gm_recipe_kind gm_recipe_range_kind = {read_range, write_range, allow_range};

// ---- Lists of numbers ----

static gm_status read_list(gm_recipe *recipe, const char *key, gm_recipe_list *list, const gm_node *node,
                           const gm_parameter *item, const char *allowed) {
    if (node->kind != GM_NODE_LIST)
        return gm_recipe_refuse(node, key, allowed);
    double *values = gm_arena_alloc(&recipe->arena, GM_MAX(node->count, (size_t)1) * sizeof *values);
    if (!values)
        return gm_fail_memory(node->count * sizeof *values, "a recipe");
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i]->kind != GM_NODE_SCALAR ||
            gm_parameter_set_text(item, &values[i], node->items[i]->text) != GM_OK)
            return gm_recipe_refuse(node->items[i], key, allowed);
    *list = (gm_recipe_list){values, node->count, node->origin};
    return GM_OK;
}

static void write_list(const gm_recipe *recipe, const void *field, gm_text *text) {
    (void)recipe;
    static const gm_parameter number = {.kind = GM_PARAMETER_NUMBER};
    const gm_recipe_list *list = field;
    char value[40];
    gm_text_append(text, " [");
    for (size_t i = 0; i < list->count; i++)
        gm_text_printf(text, "%s%s", i > 0 ? ", " : "",
                       gm_parameter_format(&number, &list->values[i], value, sizeof value));
    gm_text_append(text, "]");
}

static gm_status read_categories(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    static const char allowed[] = "a list of whole numbers from 2 to 1024, such as [10]";
    static const gm_parameter item = {
        .key = "codes.categorical", .kind = GM_PARAMETER_NUMBER, .minimum = 2, .maximum = 1024};
    gm_recipe_list *list = field;
    GM_TRY(read_list(recipe, key, list, node, &item, allowed));
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i] > floor(list->values[i]))
            return gm_recipe_refuse(node->items[i], key, allowed);
    return GM_OK;
}

static void allow_categories(gm_text *text) {
    gm_text_append(text, "a list of whole numbers");
}

static gm_status read_weights(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    static const gm_parameter item = {
        .key = "class_weights", .kind = GM_PARAMETER_NUMBER, .minimum = 0, .maximum = 1000000};
    static const char allowed[] = "a list of numbers from 0 on, one per class and not all 0";
    gm_recipe_list *list = field;
    double largest = 0;
    GM_TRY(read_list(recipe, key, list, node, &item, allowed));
    for (size_t i = 0; i < list->count; i++)
        largest = fmax(largest, list->values[i]);
    return list->count > 0 && largest <= 0 ? gm_recipe_refuse(node, key, allowed) : GM_OK;
}

static void allow_weights(gm_text *text) {
    gm_text_append(text, "a list of numbers");
}

const gm_recipe_kind gm_recipe_categories_kind = {read_categories, write_list, allow_categories};
const gm_recipe_kind gm_recipe_weights_kind = {read_weights, write_list, allow_weights};

// ---- Losses ----

static gm_status read_loss(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    (void)recipe;
    const char *names[64];
    size_t count;
    const gm_gan_loss *losses = gm_gan_losses(&count);
    count = GM_MIN(count, GM_COUNT(names));
    for (size_t i = 0; i < count; i++)
        names[i] = losses[i].name;
    if (node->kind != GM_NODE_SCALAR || gm_node_is_null(node))
        return gm_recipe_refuse(node, key, "the name of a loss, such as non_saturating");
    const gm_gan_loss *loss = gm_gan_loss_find(node->text);
    if (!loss)
        return gm_recipe_unknown(node->origin, key, node->text, names, count);
    *(const gm_gan_loss **)field = loss;
    return GM_OK;
}

static void write_loss(const gm_recipe *recipe, const void *field, gm_text *text) {
    (void)recipe;
    gm_text_printf(text, " %s", (*(const gm_gan_loss *const *)field)->name);
}

static void allow_loss(gm_text *text) {
    size_t count;
    const gm_gan_loss *losses = gm_gan_losses(&count);
    gm_text_append(text, "one of");
    for (size_t i = 0; i < count; i++)
        gm_text_printf(text, "%s %s", i > 0 ? "," : "", losses[i].name);
}

const gm_recipe_kind gm_recipe_loss_kind = {read_loss, write_loss, allow_loss};

// ---- Metrics ----

static const char *const metrics[GM_MONITOR_METRICS] = {"jsd", "kl", "coverage", "entropy", "modes"};

static gm_status read_metrics(gm_recipe *recipe, const char *key, void *field, const gm_node *node) {
    (void)recipe;
    uint32_t set = 0;
    if (node->kind != GM_NODE_LIST)
        return gm_recipe_refuse(node, key, "a list such as [jsd, coverage], or []");
    for (size_t i = 0; i < node->count; i++) {
        const gm_node *item = node->items[i];
        size_t which = 0;
        if (item->kind != GM_NODE_SCALAR || gm_node_is_null(item))
            return gm_recipe_refuse(item, key, "a list of words such as [jsd, coverage]");
        while (which < GM_MONITOR_METRICS && strcmp(metrics[which], item->text) != 0)
            which++;
        if (which == GM_MONITOR_METRICS)
            return gm_recipe_unknown(item->origin, "metric", item->text, metrics, GM_MONITOR_METRICS);
        set |= UINT32_C(1) << which;
    }
    *(uint32_t *)field = set;
    return GM_OK;
}

static void write_metrics(const gm_recipe *recipe, const void *field, gm_text *text) {
    (void)recipe;
    uint32_t set = *(const uint32_t *)field;
    const char *separator = "";
    gm_text_append(text, " [");
    for (size_t i = 0; i < GM_MONITOR_METRICS; i++)
        if (set >> i & 1) {
            gm_text_printf(text, "%s%s", separator, metrics[i]);
            separator = ", ";
        }
    gm_text_append(text, "]");
}

static void allow_metrics(gm_text *text) {
    gm_text_append(text, "a list of");
    for (size_t i = 0; i < GM_MONITOR_METRICS; i++)
        gm_text_printf(text, "%s %s", i > 0 ? "," : "", metrics[i]);
}

const gm_recipe_kind gm_recipe_metrics_kind = {read_metrics, write_metrics, allow_metrics};

// What recipes say of data: ranges, sizes and colours, read and written.
#include "model/data_values.h"

#include "base/base.h"
#include "recipe/value.h"

#include <string.h>

// ---- Ranges ----

static gm_status read_range(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    double range[2] = {0, 0};
    (void)arena;
    static const gm_parameter number = {
        .key = "data.range", .kind = GM_PARAMETER_NUMBER, .minimum = -1000000, .maximum = 1000000};
    bool fits = node->kind == GM_YAML_LIST && node->count == 2;
    for (size_t i = 0; i < 2 && fits; i++)
        fits = node->items[i]->kind == GM_YAML_SCALAR &&
               gm_parameter_set_text(&number, &range[i], node->items[i]->text) == GM_OK;
    if (!fits)
        return gm_recipe_refuse(node, key, "[low, high], two numbers from -1000000 to 1000000, such as [-1, 1]");
    if (range[0] >= range[1])
        return gm_fail(GM_ERROR_FORMAT, "%s: %s must rise from low to high, not from %g to %g", node->origin, key,
                       range[0], range[1]);
    *(gm_range *)field = (gm_range){range[0], range[1], node->origin};
    return GM_OK;
}

static void write_range(const void *field, gm_text *text) {
    static const gm_parameter number = {.kind = GM_PARAMETER_NUMBER};
    const gm_range *range = field;
    char low[40], high[40];
    gm_text_printf(text, " [%s, %s]", gm_parameter_format(&number, &range->low, low, sizeof low),
                   gm_parameter_format(&number, &range->high, high, sizeof high));
}

static void allow_range(gm_text *text) {
    gm_text_append(text, "[low, high], -1000000 to 1000000");
}

const gm_recipe_type gm_data_range_type = {read_range, write_range, allow_range};

// ---- Height and width: one number where they are equal ----

static const gm_parameter sides = {.key = "data.size", .kind = GM_PARAMETER_PAIR, .minimum = 0, .maximum = 4096};

static gm_status read_size(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    size_t size[2];
    (void)arena;
    GM_TRY(gm_recipe_read_parameter(&sides, size, node));
    if ((size[0] == 0) != (size[1] == 0))
        return gm_recipe_refuse(node, key, "0 for both or for none of height and width");
    memcpy(field, size, sizeof size);
    return GM_OK;
}

static void write_size(const void *field, gm_text *text) {
    const size_t *size = field;
    char value[60];
    if (size[0] == size[1])
        gm_text_printf(text, " %zu", size[0]);
    else
        gm_text_printf(text, " %s", gm_parameter_format(&sides, size, value, sizeof value));
}

static void allow_size(gm_text *text) {
    char allowed[80];
    gm_text_append(text, gm_parameter_allowed(&sides, allowed, sizeof allowed));
}

const gm_recipe_type gm_data_size_type = {read_size, write_size, allow_size};

// ---- Colours: names or red, green and blue ----

typedef struct colour {
    const char *name;
    uint32_t rgb;
} colour;

static const colour colours[] = {{"black", 0}, {"grey", 0x808080}, {"white", 0xffffff}};

static gm_status read_colour(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    (void)arena;
    static const gm_parameter part = {.key = "data.background", .kind = GM_PARAMETER_INTEGER, .maximum = 255};
    uint32_t rgb = 0;
    for (size_t i = 0; i < GM_COUNT(colours) && node->kind == GM_YAML_SCALAR && !gm_yaml_is_null(node); i++)
        if (strcmp(node->text, colours[i].name) == 0) {
            *(uint32_t *)field = colours[i].rgb;
            return GM_OK;
        }
    bool fits = node->kind == GM_YAML_LIST && node->count == 3;
    for (size_t i = 0; i < 3 && fits; i++) {
        size_t value = 0;
        fits = node->items[i]->kind == GM_YAML_SCALAR &&
               gm_parameter_set_text(&part, &value, node->items[i]->text) == GM_OK;
        rgb = rgb << 8 | (uint32_t)value;
    }
    if (!fits)
        return gm_recipe_refuse(node, key, "black, grey, white, or [red, green, blue] of 0 to 255 each");
    *(uint32_t *)field = rgb;
    return GM_OK;
}

static void write_colour(const void *field, gm_text *text) {
    uint32_t rgb = *(const uint32_t *)field;
    for (size_t i = 0; i < GM_COUNT(colours); i++)
        if (rgb == colours[i].rgb) {
            gm_text_printf(text, " %s", colours[i].name);
            return;
        }
    gm_text_printf(text, " [%u, %u, %u]", rgb >> 16, rgb >> 8 & 255, rgb & 255);
}

static void allow_colour(gm_text *text) {
    gm_text_append(text, "black, grey, white, or [red, green, blue]");
}

const gm_recipe_type gm_data_colour_type = {read_colour, write_colour, allow_colour};

// Augmentation of the data that a model learns from: the key data.augment, and its place in the graph.
#include "model/augmentation.h"

#include "base/base.h"
#include "graph/graph.h"
#include "recipe/value.h"

#include <stddef.h>
#include <string.h>

enum { MOST_ROWS = 24 };

static const gm_parameter probability_row = {.key = "probability",
                                             .kind = GM_PARAMETER_NUMBER,
                                             .offset = offsetof(gm_augmentation, probability),
                                             .initial = 1,
                                             .maximum = 1,
                                             .help = "of each operation for an image"};

// All settings; the operations are the struct's first field.
static size_t rows_of(gm_parameter rows[MOST_ROWS]) {
    size_t count;
    const gm_parameter *operations = gm_augment_parameters(&count);
    memcpy(rows, operations, count * sizeof *rows);
    for (size_t i = 0; i < count; i++) // nothing, unless it is asked for
        rows[i].initial = rows[i].neutral >= rows[i].maximum ? rows[i].neutral : 0;
    rows[count++] = probability_row;
    return count;
}

static gm_status read_augmentation(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    gm_augmentation made = {.operations = GM_AUGMENT_NONE, .probability = 1};
    gm_parameter rows[MOST_ROWS];
    size_t count = rows_of(rows);
    if (!gm_yaml_is_null(node)) {
        if (node->kind != GM_YAML_MAP)
            return gm_recipe_refuse(node, key, "operations with their ranges, such as {rotate: 10, flip: true}");
        GM_TRY(gm_recipe_read_settings(arena, key, rows, count, &made, node));
        made.origin = gm_augment_is_wanted(&made.operations) ? node->origin : NULL;
    }
    memcpy(field, &made, sizeof made);
    return GM_OK;
}

// Those that change something.
static void write_augmentation(const void *field, gm_text *text) {
    const gm_augmentation none = {.operations = GM_AUGMENT_NONE, .probability = 1};
    gm_augmentation made;
    gm_parameter rows[MOST_ROWS];
    size_t count = rows_of(rows), written = 0;
    memcpy(&made, field, sizeof made);
    for (size_t i = 0; made.origin && i < count; i++) {
        char value[80], usual[80];
        gm_parameter_format(&rows[i], &made, value, sizeof value);
        gm_parameter_format(&rows[i], &none, usual, sizeof usual);
        if (strcmp(value, usual) != 0)
            gm_text_printf(text, "%s%s: %s", written++ > 0 ? ", " : " {", rows[i].key, value);
    }
    gm_text_append(text, written > 0 ? "}" : " null");
}

void gm_augmentation_document(gm_text *text) {
    gm_parameter rows[MOST_ROWS];
    size_t count = rows_of(rows);
    gm_text_append(text, "\nAUGMENTATION (data.augment)\n");
    gm_recipe_document_typed(text, "data.augment",
                             "shares of the range from black to white; [low, high] is drawn of evenly", rows, count);
}

static void allow_augmentation(gm_text *text) {
    gm_parameter rows[MOST_ROWS];
    size_t count = rows_of(rows);
    gm_text_append(text, "a map of");
    for (size_t i = 0; i < count; i++)
        gm_text_printf(text, "%s %s", i > 0 ? "," : "", rows[i].key);
}

static bool saturates(const gm_augment_params *operations) {
    const gm_interval s = operations->saturation;
    return (s.low < 1 || s.high > 1) && (s.low < 0 || s.high > 0); // zeros: left out
}

const gm_recipe_type gm_augmentation_type = {read_augmentation, write_augmentation, allow_augmentation};

gm_tensor *gm_augmentation_apply(const gm_augmentation *augmentation, const gm_sample *format, const char *name,
                                 gm_tensor *counter, gm_tensor *x) {
    bool scaled = gm_sample_is_scaled(format);
    double width = scaled ? format->high - format->low : 1, low = scaled ? format->low : 0;
    if (!augmentation->origin || gm_is_poison(x))
        return x;
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_tensor_shape(x)->rank != 4)
        return gm_fault(graph, "%s: data.augment is for images, which %s are not: leave it out", augmentation->origin,
                        format->kind->noun);
    if (saturates(&augmentation->operations) && gm_tensor_shape(x)->dim[1] != 3)
        return gm_fault(graph,
                        "%s: saturation is for images of red, green and blue, and these have %zu channels: "
                        "leave it out",
                        augmentation->origin, gm_tensor_shape(x)->dim[1]);
    gm_tensor *probability = augmentation->probability < 1 ? gm_constant(graph, augmentation->probability) : NULL;
    gm_tensor *y = gm_scale(gm_offset(x, -low), 1 / width);
    y = gm_augment(y, name, &augmentation->operations, probability, counter);
    if (scaled)
        y = gm_minimum(gm_maximum(y, gm_constant(graph, 0)), gm_constant(graph, 1));
    return gm_offset(gm_scale(y, width), low);
}

// The recipe as resolved, and the reference of all recipes: both straight from the tables.
#include "recipe/recipe.h"

#include "recipe/table.h"

#include <stdio.h>
#include <string.h>

gm_status gm_recipe_write(const gm_recipe *recipe, gm_text *text) {
    char section[80] = "";
    for (size_t i = 0; i < gm_recipe_row_count; i++) {
        const gm_recipe_row *row = &gm_recipe_rows[i];
        const char *key = row->value.key, *dot = strchr(key, '.');
        gm_recipe_model model = gm_recipe_key_model(key);
        if (model && model != recipe->model)
            continue;
        size_t length = dot ? (size_t)(dot - key) : 0;
        if (dot && (strncmp(section, key, length) != 0 || section[length] != '\0')) {
            snprintf(section, sizeof section, "%.*s", (int)length, key);
            gm_text_printf(text, "%s:\n", section);
        }
        gm_text_printf(text, "%s%s:", dot ? "  " : "", dot ? dot + 1 : key);
        const void *field = (const char *)recipe + row->value.offset;
        char value[256];
        if (row->kind)
            row->kind->write(recipe, field, text);
        else
            gm_text_printf(text, " %s", gm_parameter_format(&row->value, recipe, value, sizeof value));
        gm_text_append(text, "\n");
    }
    return text->failed ? gm_fail_memory(text->length, "a recipe") : GM_OK;
}

// ---- Documentation ----

#define WIDTH 100

// The words of `help`, indented and broken into lines.
static void append_wrapped(gm_text *text, const char *help) {
    size_t column = 0;
    for (const char *word = help; *word;) {
        size_t length = strcspn(word, " ");
        if (column > 0 && column + 1 + length > WIDTH) {
            gm_text_append(text, "\n");
            column = 0;
        }
        gm_text_append(text, column > 0 ? " " : "      ");
        gm_text_printf(text, "%.*s", (int)length, word);
        column += (column > 0 ? 1 : 6) + length;
        word += length + strspn(word + length, " ");
    }
    gm_text_append(text, "\n");
}

static void append_parameter(gm_text *text, const gm_parameter *row) {
    union { // room for a value of any kind, to print the default
        size_t integers[2];
        double number;
        bool boolean;
        gm_shape shape;
        int choice;
        char name[GM_NAME_SIZE];
        gm_layer_list layers;
    } value = {0};
    gm_parameter alone = *row;
    alone.offset = 0;
    gm_parameter_defaults(&alone, 1, &value);
    char allowed[256], standard[256];
    gm_text_printf(text, "  %s%s: %s", row->key, row->positional ? " (or the bare value)" : "",
                   gm_parameter_allowed(row, allowed, sizeof allowed));
    if (row->required)
        gm_text_append(text, "; required\n");
    else
        gm_text_printf(text, "; default %s\n", gm_parameter_format(&alone, &value, standard, sizeof standard));
    if (row->help)
        append_wrapped(text, row->help);
}

static void append_row(gm_text *text, const gm_recipe_row *row) {
    if (!row->kind) {
        append_parameter(text, &row->value);
        return;
    }
    gm_text_printf(text, "  %s: ", row->value.key);
    row->kind->allowed(text);
    if (row->value.required)
        gm_text_append(text, "; required");
    else if (row->initial)
        gm_text_printf(text, "; default %s", row->initial);
    gm_text_append(text, "\n");
    append_wrapped(text, row->value.help);
}

static void append_heading(gm_text *text, const char *name, const char *help) {
    gm_text_printf(text, "\n%s\n", name);
    if (help)
        append_wrapped(text, help);
}

static void append_typed(gm_text *text, const char *name, const char *help, const gm_parameter *rows, size_t count) {
    append_heading(text, name, help);
    for (size_t i = 0; i < count; i++)
        append_parameter(text, &rows[i]);
}

gm_status gm_recipe_documentation(gm_text *text) {
    size_t count;
    gm_text_append(text, "RECIPE KEYS\n");
    for (size_t i = 0; i < gm_recipe_row_count; i++)
        append_row(text, &gm_recipe_rows[i]);
    gm_text_append(text, "\nLAYERS (in the lists of networks)\n");
    const gm_layer_type *layers = gm_layer_types(&count);
    for (size_t i = 0; i < count; i++)
        append_typed(text, layers[i].name, layers[i].help, layers[i].parameters, layers[i].parameter_count);
    gm_text_append(text, "\nOPTIMIZERS\n");
    const gm_optimizer_type *optimizers = gm_optimizer_types(&count);
    for (size_t i = 0; i < count; i++)
        append_typed(text, optimizers[i].name, optimizers[i].help, optimizers[i].parameters,
                     optimizers[i].parameter_count);
    gm_text_append(text, "\nREGULARIZERS (in the list of that name)\n");
    gm_recipe_document_regularizers(text, append_typed);
    gm_text_append(text, "\nLOSSES\n");
    const gm_gan_loss *losses = gm_gan_losses(&count);
    for (size_t i = 0; i < count; i++)
        append_heading(text, losses[i].name, losses[i].help);
    return text->failed ? gm_fail_memory(text->length, "the documentation") : GM_OK;
}

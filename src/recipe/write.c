// The recipe as resolved, and the reference of all recipes: both straight from the tables.
#include "recipe/recipe.h"

#include "ganymede/nn.h"
#include "ganymede/optim.h"

#include <stdio.h>
#include <string.h>

// section: the first part of the row before, which gets a line of its own where it changes.
static void write_row(const gm_recipe_row *row, const void *settings, char section[80], gm_text *text) {
    const char *key = row->value.key, *dot = strchr(key, '.');
    size_t length = dot ? (size_t)(dot - key) : 0;
    char value[256];
    if (dot && (strncmp(section, key, length) != 0 || section[length] != '\0')) {
        snprintf(section, 80, "%.*s", (int)length, key);
        gm_text_printf(text, "%s:\n", section);
    }
    gm_text_printf(text, "%s%s:", dot ? "  " : "", dot ? dot + 1 : key);
    if (row->type)
        row->type->write((const char *)settings + row->value.offset, text);
    else
        gm_text_printf(text, " %s", gm_parameter_format(&row->value, settings, value, sizeof value));
    gm_text_append(text, "\n");
}

gm_status gm_recipe_write(const gm_recipe *recipe, gm_text *text) {
    const gm_recipe_kind *kind = gm_recipe_get_kind(recipe);
    char group[80] = "";
    for (size_t i = 0; i < kind->section_count; i++) {
        const gm_recipe_section *section = kind->sections[i];
        for (size_t j = 0; j < section->row_count; j++)
            write_row(&section->rows[j], gm_recipe_settings(recipe, section), group, text);
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
    if (!row->type) {
        append_parameter(text, &row->value);
        return;
    }
    gm_text_printf(text, "  %s: ", row->value.key);
    row->type->allowed(text);
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

void gm_recipe_document_typed(gm_text *text, const char *name, const char *help, const gm_parameter *rows,
                              size_t count) {
    append_heading(text, name, help);
    for (size_t i = 0; i < count; i++)
        append_parameter(text, &rows[i]);
}

static bool has_section(const gm_recipe_kind *kind, const gm_recipe_section *section) {
    for (size_t i = 0; i < kind->section_count; i++)
        if (kind->sections[i] == section)
            return true;
    return false;
}

static bool is_everyones(const gm_recipe_schema *schema, const gm_recipe_section *section) {
    for (size_t i = 0; i < schema->kind_count; i++)
        if (!has_section(&schema->kinds[i], section))
            return false;
    return true;
}

static void append_sections(gm_text *text, const gm_recipe_schema *schema, const gm_recipe_kind *kind, bool everyones) {
    for (size_t i = 0; i < kind->section_count; i++)
        for (size_t j = 0; j < kind->sections[i]->row_count && is_everyones(schema, kind->sections[i]) == everyones;
             j++)
            append_row(text, &kind->sections[i]->rows[j]);
}

// Of the kinds in their order.
static bool has_come(const gm_recipe_schema *schema, size_t kind, const gm_recipe_section *section) {
    for (size_t i = 0; i < kind; i++)
        if (has_section(&schema->kinds[i], section))
            return true;
    return false;
}

static void append_vocabulary(gm_text *text, const gm_recipe_schema *schema) {
    size_t count;
    gm_text_append(text, "\nLAYERS (in the lists of networks)\n");
    const gm_layer_type *layers = gm_layer_types(&count);
    for (size_t i = 0; i < count; i++)
        gm_recipe_document_typed(text, layers[i].name, layers[i].help, layers[i].parameters, layers[i].parameter_count);
    gm_text_append(text, "\nOPTIMIZERS\n");
    const gm_optimizer_type *optimizers = gm_optimizer_types(&count);
    for (size_t i = 0; i < count; i++)
        gm_recipe_document_typed(text, optimizers[i].name, optimizers[i].help, optimizers[i].parameters,
                                 optimizers[i].parameter_count);
    for (size_t i = 0; i < schema->kind_count; i++)
        for (size_t j = 0; j < schema->kinds[i].section_count; j++) {
            const gm_recipe_section *section = schema->kinds[i].sections[j];
            if (section->document && !has_come(schema, i, section))
                section->document(text);
        }
}

gm_status gm_recipe_documentation(const gm_recipe_schema *schema, gm_text *text) {
    gm_text_append(text, "RECIPE KEYS\n");
    append_sections(text, schema, &schema->kinds[0], true);
    for (size_t i = 0; i < schema->kind_count; i++) {
        gm_text_printf(text, "\nKEYS OF %s\n", schema->kinds[i].description);
        append_sections(text, schema, &schema->kinds[i], false);
    }
    append_vocabulary(text, schema);
    return text->failed ? gm_fail_memory(text->length, "the documentation") : GM_OK;
}

// Schemas of tables as YAML: a line for each column, in which everything that is known stands.
#include "sample/cell.h"
#include "sample/schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// Plain where that reads back as the same text, else as JSON has it, which YAML takes.
static void append_word(gm_text *text, const char *word) {
    bool plain = isalnum((unsigned char)word[0]);
    for (const char *c = word; *c && plain; c++)
        plain = isalnum((unsigned char)*c) || strchr("-_./", *c);
    if (plain && strcmp(word, "null") != 0)
        gm_text_append(text, word);
    else
        gm_text_append_json(text, word);
}

// The shortest that reads back as the same value.
static void append_number(gm_text *text, double value) {
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        gm_snprintf(digits, sizeof digits, "%.*g", precision, value);
        double back = gm_parse_double(digits, &(char *){NULL});
        if (back >= value && back <= value)
            break;
    }
    gm_text_append(text, digits);
}

static void append_bound(gm_text *text, const gm_column *column, const char *key, double value) {
    gm_text_printf(text, ", %s: ", key);
    if (column->type != GM_COLUMN_DATE) {
        append_number(text, value);
        return;
    }
    gm_text date = {0};
    gm_cell_write(&date, column, &(gm_table_dialect){0}, value, false);
    append_word(text, date.data ? date.data : "");
    text->failed = text->failed || date.failed;
    gm_text_finish(&date);
}

static void append_form(gm_text *text, const gm_column *column) {
    if (column->type == GM_COLUMN_NUMBER && column->decimals < GM_COLUMN_ANY_DECIMALS)
        gm_text_printf(text, ", decimals: %zu", column->decimals);
    else if (column->type == GM_COLUMN_NUMBER)
        gm_text_append(text, ", decimals: any");
    if (column->fixed)
        gm_text_append(text, ", fixed: true");
    if (column->digits > 0)
        gm_text_printf(text, ", digits: %zu", column->digits);
    if (column->date) {
        gm_text_append(text, ", format: ");
        append_word(text, column->date);
    }
}

static void append_categories(gm_text *text, const gm_column *column) {
    gm_text_append(text, ", categories: [");
    for (size_t i = 0; i < column->category_count; i++) {
        gm_text_append(text, i > 0 ? ", " : "");
        append_word(text, column->categories[i]);
    }
    gm_text_append(text, "]");
}

static void append_counts(gm_text *text, const gm_column *column) {
    size_t count = column->type == GM_COLUMN_CATEGORY ? column->category_count : GM_COLUMN_BINS;
    gm_text_append(text, ", counts: [");
    for (size_t i = 0; i < count; i++)
        gm_text_printf(text, "%s%zu", i > 0 ? ", " : "", column->counts[i]);
    gm_text_append(text, "]");
}

static void append_modes(gm_text *text, const gm_column *column) {
    gm_text_append(text, ", modes: [");
    for (size_t k = 0; k < column->mode_count; k++)
        for (size_t i = 0; i < 3; i++) {
            gm_text_append(text, i > 0 ? ", " : k > 0 ? ", [" : "[");
            append_number(text, column->modes[k][i]);
            gm_text_append(text, i == 2 ? "]" : "");
        }
    gm_text_append(text, "]");
}

static void append_quantiles(gm_text *text, const gm_column *column) {
    gm_text_append(text, ", quantiles: [");
    for (size_t i = 0; i < column->quantile_count; i++) {
        gm_text_append(text, i > 0 ? ", " : "");
        append_number(text, column->quantiles[i]);
    }
    gm_text_append(text, "]");
}

static void append_column(gm_text *text, const gm_column *column) {
    gm_text_printf(text, "{type: %s", gm_column_type_name(column->type));
    append_form(text, column);
    if (column->bounded)
        append_bound(text, column, "minimum", column->minimum);
    if (column->bounded && gm_column_is_number(column)) {
        append_bound(text, column, "maximum", column->maximum);
        append_bound(text, column, "mean", column->mean);
        gm_text_append(text, ", deviation: ");
        append_number(text, column->deviation);
    }
    if (column->type == GM_COLUMN_CATEGORY && column->categories)
        append_categories(text, column);
    if (column->counted)
        gm_text_printf(text, ", missing: %zu", column->missing);
    if (column->counts)
        append_counts(text, column);
    if (column->modes)
        append_modes(text, column);
    if (column->quantiles)
        append_quantiles(text, column);
    gm_text_append(text, "}");
}

void gm_table_append_columns(gm_text *text, const gm_table_schema *schema, int indent) {
    for (size_t i = 0; i < schema->column_count; i++) {
        gm_text_printf(text, "\n%*s", indent, "");
        append_word(text, schema->columns[i].name);
        gm_text_append(text, ": ");
        append_column(text, &schema->columns[i]);
    }
}

void gm_table_append_dialect(gm_text *text, const gm_table_dialect *dialect) {
    const char *between = "";
    gm_text_append(text, "{");
    if (dialect->separator)
        gm_text_printf(text, dialect->separator == '\t' ? "separator: \"\\t\"" : "separator: '%c'", dialect->separator);
    between = dialect->separator ? ", " : between;
    if (dialect->decimal)
        gm_text_printf(text, "%sdecimal: '%c'", between, dialect->decimal);
    between = dialect->decimal ? ", " : between;
    if (dialect->header_known)
        gm_text_printf(text, "%sheader: %s", between, dialect->header ? "true" : "false");
    between = dialect->header_known ? ", " : between;
    if (dialect->crlf)
        gm_text_printf(text, "%scrlf: true", between);
    gm_text_append(text, "}");
}

gm_status gm_table_schema_write(const gm_table_schema *schema, char **out) {
    gm_text text = {0};
    gm_text_append(&text, "dialect: ");
    gm_table_append_dialect(&text, &schema->dialect);
    gm_text_append(&text, "\ncolumns:");
    gm_table_append_columns(&text, schema, 2);
    gm_text_append(&text, "\n");
    *out = text.data;
    if (!text.failed)
        return GM_OK;
    gm_text_finish(&text);
    *out = NULL;
    return gm_fail_memory(64, "a table's schema");
}

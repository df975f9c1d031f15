// Schemas of tables from YAML. What is read here is trusted later: every column's parts belong together. Long because a
// column has so many.
#include "model/columns.h"

#include "recipe/value.h"
#include "sample/cell.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CATEGORIES = 4096, LONGEST_CATEGORY = 1024, MOST_DIGITS = 15 };

static gm_status fail_out_of_memory(void) {
    return gm_fail_memory(64, "a table's schema");
}

static const gm_yaml *find(const gm_yaml *map, const char *key) {
    const gm_yaml *node = gm_yaml_find(map, key);
    return node && !gm_yaml_is_null(node) ? node : NULL;
}

// ---- Values ----

static gm_status read_number(const gm_yaml *node, const char *key, double *value) {
    static const gm_parameter row = {.key = "value", .kind = GM_PARAMETER_NUMBER, .minimum = -1e300, .maximum = 1e300};
    if (node->kind != GM_YAML_SCALAR || gm_parameter_set_text(&row, value, node->text) != GM_OK)
        return gm_recipe_refuse(node, key, "a number");
    return GM_OK;
}

static gm_status read_count(const gm_yaml *node, const char *key, size_t most, size_t *value) {
    const gm_parameter row = {.key = key, .kind = GM_PARAMETER_INTEGER, .maximum = (double)most};
    char allowed[60];
    gm_snprintf(allowed, sizeof allowed, "a whole number from 0 to %zu", most);
    if (node->kind != GM_YAML_SCALAR || gm_parameter_set_text(&row, value, node->text) != GM_OK)
        return gm_recipe_refuse(node, key, allowed);
    return GM_OK;
}

static gm_status read_boolean(const gm_yaml *node, const char *key, bool *value) {
    *value = node->kind == GM_YAML_SCALAR && strcmp(node->text, "true") == 0;
    if (!*value && (node->kind != GM_YAML_SCALAR || strcmp(node->text, "false") != 0))
        return gm_recipe_refuse(node, key, "true or false");
    return GM_OK;
}

static gm_status read_type(const gm_yaml *node, gm_column_type *type) {
    if (node->kind != GM_YAML_SCALAR)
        return gm_recipe_refuse(node, "type", "a word such as category");
    size_t count = 0;
    while (gm_column_type_names[count])
        count++;
    for (size_t i = 0; i < count; i++)
        if (strcmp(gm_column_type_names[i], node->text) == 0) {
            *type = (gm_column_type)i;
            return GM_OK;
        }
    return gm_recipe_unknown(node->origin, "type of a column", node->text, gm_column_type_names, count);
}

// ---- Parts of columns ----

static gm_status read_form(const gm_yaml *map, gm_column *column) {
    const gm_yaml *node = find(map, "decimals");
    if (node && node->kind == GM_YAML_SCALAR && strcmp(node->text, "any") == 0)
        column->decimals = GM_COLUMN_ANY_DECIMALS;
    else if (node)
        GM_TRY(read_count(node, "decimals", MOST_DIGITS, &column->decimals));
    if ((node = find(map, "digits")))
        GM_TRY(read_count(node, "digits", MOST_DIGITS, &column->digits));
    if ((node = find(map, "fixed")))
        GM_TRY(read_boolean(node, "fixed", &column->fixed));
    node = find(map, "format");
    if (!node)
        return GM_OK;
    if (node->kind != GM_YAML_SCALAR || !gm_date_pattern_is_valid(node->text))
        return gm_recipe_refuse(node, "format", "made of YYYY, MM, DD, hh, mm, ss and signs, such as DD/MM/YYYY");
    column->date = node->text;
    return GM_OK;
}

// A number, or of a column of dates one of these.
static gm_status read_bound(const gm_yaml *node, const char *key, gm_column *column, double *value) {
    if (column->type != GM_COLUMN_DATE)
        return read_number(node, key, value);
    if (node->kind == GM_YAML_SCALAR && !column->date)
        column->date = gm_cell_date_pattern(node->text);
    if (node->kind != GM_YAML_SCALAR || !column->date || !gm_cell_date(node->text, column->date, value))
        return gm_recipe_refuse(node, key, "a date of the column's format");
    return GM_OK;
}

static gm_status read_bounds(const gm_yaml *map, gm_column *column) {
    const gm_yaml *low = find(map, "minimum"), *high = find(map, "maximum"), *node;
    if (column->type == GM_COLUMN_INDEX && low) {
        column->bounded = true;
        return read_number(low, "minimum", &column->minimum);
    }
    if (!low && !high)
        return GM_OK;
    if (!low || !high)
        return gm_fail(GM_ERROR_FORMAT, "%s: minimum and maximum are given together, or none of them",
                       (low ? low : high)->origin);
    column->bounded = true;
    GM_TRY(read_bound(low, "minimum", column, &column->minimum));
    GM_TRY(read_bound(high, "maximum", column, &column->maximum));
    if (column->maximum < column->minimum)
        return gm_fail(GM_ERROR_FORMAT, "%s: the maximum is below the minimum", high->origin);
    column->mean = column->minimum;
    if ((node = find(map, "mean")))
        GM_TRY(read_bound(node, "mean", column, &column->mean));
    if ((node = find(map, "deviation")))
        GM_TRY(read_number(node, "deviation", &column->deviation));
    if (!(column->mean >= column->minimum && column->mean <= column->maximum && column->deviation >= 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: the mean is not between minimum and maximum, or the deviation below 0",
                       high->origin);
    return GM_OK;
}

static gm_status read_categories(gm_arena *arena, const gm_yaml *map, gm_column *column) {
    const gm_yaml *list = find(map, "categories");
    if (!list)
        return GM_OK;
    if (list->kind != GM_YAML_LIST || list->count > MOST_CATEGORIES)
        return gm_recipe_refuse(list, "categories", "a list of at most 4096 words");
    const char **words = gm_arena_alloc(arena, (list->count + 1) * sizeof *words);
    if (!words)
        return fail_out_of_memory();
    column->categories = words;
    for (size_t i = 0; i < list->count; i++) {
        const gm_yaml *word = list->items[i];
        if (word->kind != GM_YAML_SCALAR || word->text[0] == '\0' || strlen(word->text) > LONGEST_CATEGORY)
            return gm_recipe_refuse(word, "a category", "a word of at most 1024 bytes");
        if (gm_column_find_category(column, word->text) < column->category_count)
            return gm_fail(GM_ERROR_FORMAT, "%s: the category '%.60s' stands twice", word->origin, word->text);
        words[column->category_count++] = word->text;
    }
    return GM_OK;
}

static gm_status read_counts(gm_arena *arena, const gm_yaml *map, gm_column *column) {
    const gm_yaml *list = find(map, "counts"), *missing = find(map, "missing");
    size_t places = column->type == GM_COLUMN_CATEGORY ? column->category_count : GM_COLUMN_BINS, *counts;
    if (missing) {
        GM_TRY(read_count(missing, "missing", (size_t)1 << 53, &column->missing));
        column->counted = true;
    }
    if (!list)
        return GM_OK;
    if (list->kind != GM_YAML_LIST || list->count != places)
        return gm_recipe_refuse(list, "counts",
                                "a list of a number for each category, or of 20 for the parts of a number's range");
    column->counts = counts = gm_arena_alloc(arena, (places + 1) * sizeof *counts);
    if (!counts)
        return fail_out_of_memory();
    for (size_t i = 0; i < places; i++)
        GM_TRY(read_count(list->items[i], "counts", (size_t)1 << 53, &counts[i]));
    return GM_OK;
}

static gm_status read_modes(gm_arena *arena, const gm_yaml *map, gm_column *column) {
    static const char allowed[] = "a list of at most 10 modes [share, mean, deviation], of a number with a range";
    const gm_yaml *list = find(map, "modes");
    double(*modes)[3];
    if (!list)
        return GM_OK;
    bool fits = list->kind == GM_YAML_LIST && list->count > 0 && list->count <= GM_COLUMN_MODES;
    if (!fits || !gm_column_is_number(column) || !column->bounded)
        return gm_recipe_refuse(list, "modes", allowed);
    column->modes = (const double(*)[3])(modes = gm_arena_alloc(arena, list->count * sizeof *modes));
    if (!modes)
        return fail_out_of_memory();
    for (; column->mode_count < list->count; column->mode_count++) {
        const gm_yaml *mode = list->items[column->mode_count];
        double *to = modes[column->mode_count];
        if (mode->kind != GM_YAML_LIST || mode->count != 3)
            return gm_recipe_refuse(mode, "modes", allowed);
        for (size_t i = 0; i < 3; i++)
            GM_TRY(read_number(mode->items[i], "modes", &to[i]));
        if (!(to[0] > 0 && to[2] > 0))
            return gm_recipe_refuse(mode, "modes", "shares and deviations above 0");
    }
    return GM_OK;
}

static gm_status read_quantiles(gm_arena *arena, const gm_yaml *map, gm_column *column) {
    static const char allowed[] = "a rising list of 2 to 129 numbers, of a number with a range and no modes";
    const gm_yaml *list = find(map, "quantiles");
    double *quantiles;
    if (!list)
        return GM_OK;
    bool fits = list->kind == GM_YAML_LIST && list->count >= 2 && list->count <= GM_COLUMN_QUANTILES;
    if (!fits || !gm_column_is_number(column) || !column->bounded || column->modes)
        return gm_recipe_refuse(list, "quantiles", allowed);
    column->quantiles = quantiles = gm_arena_alloc(arena, list->count * sizeof *quantiles);
    if (!quantiles)
        return fail_out_of_memory();
    for (size_t i = 0; i < list->count; i++) {
        GM_TRY(read_number(list->items[i], "quantiles", &quantiles[i]));
        if (i > 0 && quantiles[i] < quantiles[i - 1])
            return gm_recipe_refuse(list->items[i], "quantiles", allowed);
    }
    column->quantile_count = list->count;
    return GM_OK;
}

// Of a column whose missing cells are counted nothing is left to be found.
static gm_status check_whole(const gm_column *column, const char *origin) {
    bool dated = column->type != GM_COLUMN_DATE || !column->bounded || column->date;
    bool whole = column->type == GM_COLUMN_CATEGORY ? column->categories != NULL : gm_column_is_number(column) && dated;
    return !column->counted || whole
               ? GM_OK
               : gm_fail(GM_ERROR_FORMAT,
                         "%s: missing is for columns of which all else is known: type, categories, minimum, maximum: "
                         "leave it out",
                         origin);
}

static gm_status read_column(gm_arena *arena, const char *name, const char *origin, const gm_yaml *node,
                             gm_column *column) {
    static const char *const keys[] = {"type", "decimals",  "digits",     "fixed",   "format", "minimum", "maximum",
                                       "mean", "deviation", "categories", "missing", "counts", "modes",   "quantiles"};
    *column = (gm_column){.name = name};
    if (strlen(name) > GM_COLUMN_NAME_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: the name of a column has at most %d bytes", origin, GM_COLUMN_NAME_BYTES);
    if (node->kind == GM_YAML_SCALAR && !gm_yaml_is_null(node))
        return read_type(node, &column->type);
    if (node->kind != GM_YAML_MAP)
        return gm_recipe_refuse(node, name,
                                "a type such as category, or a map such as {type: number, minimum: 0, maximum: 1}");
    for (size_t i = 0; i < node->count; i++) {
        bool known = false;
        for (size_t k = 0; k < GM_COUNT(keys); k++)
            known = known || strcmp(keys[k], node->keys[i]) == 0;
        if (!known)
            return gm_recipe_unknown(node->key_origins[i], "key of a column", node->keys[i], keys, GM_COUNT(keys));
    }
    if (find(node, "type"))
        GM_TRY(read_type(find(node, "type"), &column->type));
    GM_TRY(read_form(node, column));
    GM_TRY(read_bounds(node, column));
    GM_TRY(read_categories(arena, node, column));
    GM_TRY(read_counts(arena, node, column));
    GM_TRY(read_modes(arena, node, column));
    GM_TRY(read_quantiles(arena, node, column));
    return check_whole(column, origin);
}

// ---- Columns and dialects ----

static gm_status read_columns(gm_arena *arena, const char *key, const gm_yaml *map, gm_table_schema *schema) {
    if (map->kind != GM_YAML_MAP)
        return gm_recipe_refuse(map, key, "a map of columns such as {cut: category}, or the path of a file of it");
    schema->columns = gm_arena_alloc(arena, (map->count + 1) * sizeof *schema->columns);
    if (!schema->columns)
        return fail_out_of_memory();
    for (; schema->column_count < map->count; schema->column_count++) {
        size_t i = schema->column_count;
        GM_TRY(read_column(arena, map->keys[i], map->key_origins[i], map->items[i], &schema->columns[i]));
    }
    return GM_OK;
}

static gm_status read_sign(const gm_yaml *map, const char *key, const char *allowed, const char *in_words, char *sign) {
    const gm_yaml *node = find(map, key);
    if (!node)
        return GM_OK;
    if (node->kind != GM_YAML_SCALAR || strlen(node->text) != 1 || !strchr(allowed, node->text[0]))
        return gm_recipe_refuse(node, key, in_words);
    *sign = node->text[0];
    return GM_OK;
}

static gm_status read_dialect(gm_arena *arena, const char *key, void *field, const gm_yaml *map) {
    static const char *const keys[] = {"separator", "decimal", "header", "crlf"};
    gm_table_dialect *dialect = field;
    (void)arena;
    *dialect = (gm_table_dialect){0};
    if (gm_yaml_is_null(map))
        return GM_OK;
    if (map->kind != GM_YAML_MAP)
        return gm_recipe_refuse(map, key, "a map such as {separator: ';', decimal: ',', header: true}");
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->keys[i], "separator") != 0 && strcmp(map->keys[i], "decimal") != 0 &&
            strcmp(map->keys[i], "header") != 0 && strcmp(map->keys[i], "crlf") != 0)
            return gm_recipe_unknown(map->key_origins[i], "key of a dialect", map->keys[i], keys, GM_COUNT(keys));
    GM_TRY(read_sign(map, "separator", ",;\t|", "',', ';', '|' or \"\\t\"", &dialect->separator));
    GM_TRY(read_sign(map, "decimal", ".,", "'.' or ','", &dialect->decimal));
    if ((dialect->header_known = find(map, "header") != NULL))
        GM_TRY(read_boolean(find(map, "header"), "header", &dialect->header));
    return find(map, "crlf") ? read_boolean(find(map, "crlf"), "crlf", &dialect->crlf) : GM_OK;
}

// {dialect: {...}, columns: {...}}
static gm_status read_schema(gm_arena *arena, const char *file, const char *text, size_t bytes,
                             gm_table_schema *schema) {
    static const char *const keys[] = {"dialect", "columns"};
    gm_yaml *root;
    GM_TRY(gm_yaml_parse(&root, arena, file, text, bytes));
    if (root->kind != GM_YAML_MAP)
        return gm_recipe_refuse(root, "a table's schema", "a map with columns and, perhaps, dialect");
    for (size_t i = 0; i < root->count; i++)
        if (strcmp(root->keys[i], "dialect") != 0 && strcmp(root->keys[i], "columns") != 0)
            return gm_recipe_unknown(root->key_origins[i], "key of a table's schema", root->keys[i], keys,
                                     GM_COUNT(keys));
    if (find(root, "dialect"))
        GM_TRY(read_dialect(arena, "dialect", &schema->dialect, find(root, "dialect")));
    return find(root, "columns") ? read_columns(arena, "columns", find(root, "columns"), schema) : GM_OK;
}

gm_status gm_table_schema_parse(gm_table_schema **schema, const char *file, const char *text, size_t bytes) {
    GM_TRY(gm_table_schema_create(schema));
    gm_status status = read_schema(gm_table_schema_arena(*schema), file, text, bytes, *schema);
    if (status != GM_OK)
        gm_table_schema_destroy(schema);
    return status;
}

// ---- Types of recipes' values ----

static gm_status read_columns_value(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    gm_table_schema *schema = gm_arena_alloc(arena, sizeof *schema);
    char *text;
    size_t bytes;
    if (!schema)
        return fail_out_of_memory();
    *(const gm_table_schema **)field = gm_yaml_is_null(node) ? NULL : schema;
    if (gm_yaml_is_null(node))
        return GM_OK;
    if (node->kind != GM_YAML_SCALAR)
        return read_columns(arena, key, node, schema);
    gm_status status = gm_file_read(node->text, (uint64_t)16 << 20, &text, &bytes);
    if (status != GM_OK)
        return gm_fail_prefix(status, "%s: %s", node->origin, key);
    status = read_schema(arena, node->text, text, bytes, schema);
    free(text);
    return status;
}

static void write_columns(const void *field, gm_text *text) {
    const gm_table_schema *schema = *(const gm_table_schema *const *)field;
    if (!schema || !schema->columns)
        gm_text_append(text, " null");
    else if (schema->column_count == 0)
        gm_text_append(text, " {}");
    else
        gm_table_append_columns(text, schema, 4);
}

static void allow_columns(gm_text *text) {
    gm_text_append(text, "a map of columns, or the path of a file of it");
}

static void write_dialect(const void *field, gm_text *text) {
    const gm_table_dialect *dialect = field;
    if (!dialect->separator && !dialect->decimal && !dialect->header_known && !dialect->crlf) {
        gm_text_append(text, " null");
        return;
    }
    gm_text_append(text, " ");
    gm_table_append_dialect(text, dialect);
}

static void allow_dialect(gm_text *text) {
    gm_text_append(text, "a map of separator, decimal, header and crlf");
}

const gm_recipe_type gm_columns_type = {read_columns_value, write_columns, allow_columns};
const gm_recipe_type gm_dialect_type = {read_dialect, write_dialect, allow_dialect};

// ---- Both ----

gm_status gm_columns_join(gm_arena *arena, const gm_table_schema **columns, gm_table_dialect *dialect) {
    bool said = dialect->separator || dialect->decimal || dialect->header_known || dialect->crlf;
    if (!said && *columns)
        *dialect = (*columns)->dialect;
    if (!said)
        return GM_OK;
    gm_table_schema *joined = gm_arena_alloc(arena, sizeof *joined);
    if (!joined)
        return fail_out_of_memory();
    if (*columns)
        *joined = **columns;
    joined->dialect = *dialect;
    *columns = joined;
    return GM_OK;
}

static bool differ(double a, double b) {
    return a < b || a > b;
}

static bool column_agrees(const gm_column *given, const gm_column *found) {
    if (!found || (given->type != GM_COLUMN_AUTO && given->type != found->type))
        return false;
    if (given->bounded && (differ(given->minimum, found->minimum) || differ(given->maximum, found->maximum)))
        return false;
    bool same = !given->categories || given->category_count == found->category_count;
    for (size_t i = 0; given->categories && i < given->category_count && same; i++)
        same = strcmp(given->categories[i], found->categories[i]) == 0;
    return same;
}

bool gm_columns_agree(const gm_table_schema *given, const gm_table_schema *found) {
    for (size_t i = 0; given && i < given->column_count; i++)
        if (!column_agrees(&given->columns[i], gm_table_find_column(found, given->columns[i].name)))
            return false;
    return true;
}

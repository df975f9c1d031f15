// Conditions on rows of tables, and the seeds whose rows meet them.
#include "use/conditions.h"

#include "base/base.h"
#include "sample/cell.h"
#include "sample/schema.h"
#include "use/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Reading ----

static const struct {
    const char *sign;
    gm_relation relation;
} signs[] = {{"!=", GM_RELATION_UNEQUAL}, {"<=", GM_RELATION_AT_MOST}, {">=", GM_RELATION_AT_LEAST},
             {"==", GM_RELATION_EQUAL},   {"=", GM_RELATION_EQUAL},    {"<", GM_RELATION_LESS},
             {">", GM_RELATION_MORE}};

static const char *skip_blanks(const char *text) {
    return text + strspn(text, " \t");
}

// Behind the sign that the text begins with, after blanks; NULL: it begins with none.
static const char *read_sign(const char *text, gm_relation *relation) {
    text = skip_blanks(text);
    for (size_t i = 0; i < GM_COUNT(signs); i++)
        if (strncmp(text, signs[i].sign, strlen(signs[i].sign)) == 0) {
            *relation = signs[i].relation;
            return text + strlen(signs[i].sign);
        }
    return NULL;
}

// The column with the longest name that the text begins with, before a sign; NULL: there is none.
static const char *read_column(const gm_table_schema *table, const char *text, gm_condition *condition) {
    const char *rest = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t length = strlen(table->columns[i].name);
        gm_relation relation;
        const char *behind =
            strncmp(text, table->columns[i].name, length) == 0 ? read_sign(text + length, &relation) : NULL;
        if (behind && (!rest || length > longest)) {
            rest = behind;
            longest = length;
            condition->column = i;
            condition->relation = relation;
        }
    }
    return rest;
}

static gm_status refuse_column(const gm_table_schema *table, const char *text) {
    enum { MOST_LISTED = 600 }; // bytes
    gm_text list = {0};
    for (size_t i = 0; i < table->column_count && list.length < MOST_LISTED; i++)
        if (!gm_column_is_aside(&table->columns[i]))
            gm_text_printf(&list, "%s%s", list.length > 0 ? ", " : "", table->columns[i].name);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT,
                               "'%.80s' is no condition: expected a column, one of = != < <= > >=, and a value; the "
                               "columns are %s",
                               text, list.failed ? "the table's" : list.data);
    gm_text_finish(&list);
    return status;
}

static gm_status read_category(gm_condition *condition, const gm_column *column, const char *word) {
    size_t category = gm_column_find_category(column, word);
    condition->value = (double)category;
    if (condition->relation > GM_RELATION_UNEQUAL)
        return gm_fail(GM_ERROR_ARGUMENT, "categories of '%.60s' have no order: = and != compare them", column->name);
    return category < column->category_count
               ? GM_OK
               : gm_fail(GM_ERROR_ARGUMENT, "'%.60s' is none of the categories of '%.60s'", word, column->name);
}

static gm_status read_value(gm_condition *condition, const gm_column *column, char *word) {
    size_t length = strlen(word);
    while (length > 0 && (word[length - 1] == ' ' || word[length - 1] == '\t'))
        word[--length] = '\0';
    if (length == 0) {
        condition->value = NAN;
        return condition->relation <= GM_RELATION_UNEQUAL
                   ? GM_OK
                   : gm_fail(GM_ERROR_ARGUMENT, "a missing value of '%.60s' has no order: = and != ask for it",
                             column->name);
    }
    if (column->type == GM_COLUMN_CATEGORY)
        return read_category(condition, column, word);
    bool read = column->type == GM_COLUMN_DATE ? column->date && gm_cell_date(word, column->date, &condition->value)
                                               : gm_cell_number(word, '.', &condition->value, NULL);
    return read ? GM_OK
                : gm_fail(GM_ERROR_ARGUMENT, "'%.60s' is no %s that '%.60s' could be compared with", word,
                          column->type == GM_COLUMN_DATE ? "date of the form" : "number", column->name);
}

gm_status gm_condition_parse(gm_condition *condition, const gm_table_schema *table, const char *text) {
    *condition = (gm_condition){0};
    const char *rest = read_column(table, skip_blanks(text), condition);
    if (!rest || gm_column_is_aside(&table->columns[condition->column]))
        return refuse_column(table, text);
    gm_text word = {0};
    gm_text_append(&word, skip_blanks(rest));
    gm_status status = word.failed
                           ? gm_fail_memory(64, "a condition")
                           : read_value(condition, &table->columns[condition->column], word.data ? word.data : "");
    gm_text_finish(&word);
    return status;
}

bool gm_condition_holds(const gm_condition *c, const double *row) {
    double cell = row[c->column];
    bool equal = isnan(c->value) ? isnan(cell) : cell >= c->value && cell <= c->value;
    switch (c->relation) {
    case GM_RELATION_EQUAL:
        return equal;
    case GM_RELATION_UNEQUAL:
        return !equal;
    case GM_RELATION_LESS:
        return cell < c->value;
    case GM_RELATION_AT_MOST:
        return cell <= c->value;
    case GM_RELATION_MORE:
        return cell > c->value;
    case GM_RELATION_AT_LEAST:
        return cell >= c->value;
    }
    return false;
}

// ---- Rows that meet them ----

enum { AT_ONCE = 1024 };

typedef struct search {
    gm_sampler *sampler;
    const gm_condition *conditions;
    size_t condition_count;
    const float *code; // of every sample; NULL: none is asked for
    size_t code_count;
    uint64_t seeds[AT_ONCE];
    float *samples, *codes;
    double *cells;
} search;

static bool meets(const search *s, const double *row) {
    for (size_t i = 0; i < s->condition_count; i++)
        if (!gm_condition_holds(&s->conditions[i], row))
            return false;
    return true;
}

// The next AT_ONCE seeds from `first` on; those that meet the conditions join the `found` ones, of `count` at most.
static gm_status search_block(search *s, uint64_t first, size_t count, uint64_t *seeds, size_t *found) {
    const gm_sample *format = &s->sampler->use.format;
    size_t width = format->table->column_count;
    for (size_t i = 0; i < AT_ONCE; i++) {
        s->seeds[i] = first + i;
        for (size_t k = 0; s->code && k < s->code_count; k++)
            s->codes[i * s->code_count + k] = s->code[k];
    }
    GM_TRY(gm_sampler_generate(s->sampler, s->seeds, NULL, s->code ? s->codes : NULL, AT_ONCE, s->samples));
    gm_sample_cells(format, s->samples, AT_ONCE, s->cells);
    for (size_t i = 0; i < AT_ONCE && *found < count; i++)
        if (meets(s, s->cells + i * width))
            seeds[(*found)++] = first + i;
    return GM_OK;
}

static gm_status search_seeds(search *s, size_t count, uint64_t *seeds) {
    const uint64_t most = 20 * AT_ONCE + 1000 * (uint64_t)count;
    const gm_sample *format = &s->sampler->use.format;
    size_t found = 0;
    uint64_t first = 0;
    GM_TRY(gm_alloc(&s->samples, AT_ONCE, gm_sample_values(format) * sizeof(float), "rows"));
    GM_TRY(gm_alloc(&s->cells, AT_ONCE, format->table->column_count * sizeof(double), "rows"));
    GM_TRY(gm_alloc(&s->codes, AT_ONCE, (s->code_count + 1) * sizeof(float), "codes"));
    for (; found < count && first < most; first += AT_ONCE)
        GM_TRY(search_block(s, first, count, seeds, &found));
    return found == count ? GM_OK
                          : gm_fail(GM_ERROR_ARGUMENT,
                                    "of %llu rows drawn %zu meet the conditions, not the %zu asked for: ask for fewer, "
                                    "or for less",
                                    (unsigned long long)first, found, count);
}

gm_status gm_sampler_find_rows(gm_sampler *sampler, const char *const *conditions, size_t condition_count, size_t count,
                               uint64_t *seeds, float *code) {
    const gm_use *use = &sampler->use;
    size_t width = use->categorical_codes + use->continuous_codes;
    search s = {.sampler = sampler, .condition_count = condition_count, .code_count = width};
    gm_condition *parsed = NULL;
    gm_status status = GM_OK;
    for (size_t k = 0; k < width; k++)
        code[k] = NAN;
    if (!use->format.table)
        return gm_fail(GM_ERROR_ARGUMENT, "conditions are on rows of tables, and this run makes %s",
                       use->format.kind->noun);
    GM_TRY_DONE(gm_alloc(&parsed, condition_count + 1, sizeof *parsed, "conditions"));
    for (size_t i = 0; i < condition_count; i++) {
        GM_TRY_DONE(gm_condition_parse(&parsed[i], use->format.table, conditions[i]));
        if (use->ask && !s.code && parsed[i].relation == GM_RELATION_EQUAL && !isnan(parsed[i].value) &&
            use->ask(use->recipe, parsed[i].column, (size_t)parsed[i].value, code))
            s.code = code;
    }
    s.conditions = parsed;
    status = search_seeds(&s, count, seeds);
done:
    free(parsed);
    free(s.samples);
    free(s.cells);
    free(s.codes);
    return status;
}

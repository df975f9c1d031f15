// Rows of tables as codes for regressions, and back.
#include "use/impute_ridge.h"

#include <math.h>
#include <string.h>

static gm_status describe_column(const gm_impute_rows *learn, size_t i, gm_codes *codes, size_t *first) {
    const gm_column *column = &learn->schema->columns[i];
    gm_code_column *c = &codes->columns[i];
    size_t width = learn->schema->column_count, known = 0;
    gm_running_mean mean = {0};
    *c = (gm_code_column){.first = *first, .category = column->type == GM_COLUMN_CATEGORY, .deviation = 1};
    c->count = c->category ? column->category_count : 1;
    *first += c->count;
    c->least = INFINITY;
    c->most = -INFINITY;
    for (size_t row = 0; row < learn->count; row++) {
        double cell = learn->cells[row * width + i];
        if (isnan(cell))
            continue;
        known++;
        if (c->category) {
            codes->shares[c->first + (size_t)cell]++;
            continue;
        }
        gm_running_mean_add(&mean, cell);
        c->least = fmin(c->least, cell);
        c->most = fmax(c->most, cell);
    }
    for (size_t k = 0; k < c->count && c->category; k++)
        codes->shares[c->first + k] /= (double)GM_MAX(known, (size_t)1);
    if (c->category)
        return GM_OK;
    c->mean = mean.value;
    if (mean.count > 1 && mean.squares > 0)
        c->deviation = sqrt(mean.squares / (double)(mean.count - 1));
    c->least = (c->least - c->mean) / c->deviation;
    c->most = (c->most - c->mean) / c->deviation;
    return GM_OK;
}

gm_status gm_codes_init(gm_codes *codes, const gm_impute_rows *learn, gm_arena *arena) {
    const gm_table_schema *schema = learn->schema;
    size_t count = 0, first = 0;
    for (size_t i = 0; i < schema->column_count; i++)
        count += schema->columns[i].type == GM_COLUMN_CATEGORY ? schema->columns[i].category_count : 1;
    codes->schema = schema;
    codes->count = count;
    codes->columns = gm_arena_alloc(arena, (schema->column_count + 1) * sizeof *codes->columns);
    codes->shares = gm_arena_alloc(arena, (count + 1) * sizeof *codes->shares);
    if (!codes->columns || !codes->shares)
        return gm_fail_memory(count * sizeof *codes->shares, "codes");
    for (size_t i = 0; i < schema->column_count; i++)
        GM_TRY(describe_column(learn, i, codes, &first));
    return GM_OK;
}

void gm_codes_encode(const gm_codes *codes, const double *cells, float *values) {
    memset(values, 0, codes->count * sizeof *values);
    for (size_t i = 0; i < codes->schema->column_count; i++) {
        const gm_code_column *c = &codes->columns[i];
        if (isnan(cells[i]))
            continue;
        if (!c->category)
            values[c->first] = (float)((cells[i] - c->mean) / c->deviation);
        for (size_t k = 0; k < c->count && c->category; k++)
            values[c->first + k] = (float)(((size_t)cells[i] == k ? 1 : 0) - codes->shares[c->first + k]);
    }
}

double gm_codes_decode(const gm_codes *codes, size_t which, const float *values) {
    const gm_code_column *column = &codes->columns[which];
    size_t best = 0;
    if (!column->category)
        return column->mean + column->deviation * (double)values[column->first];
    double most = -INFINITY;
    for (size_t k = 0; k < column->count; k++) {
        double share = (double)values[column->first + k] + codes->shares[column->first + k];
        if (share > most) {
            most = share;
            best = k;
        }
    }
    return (double)best;
}

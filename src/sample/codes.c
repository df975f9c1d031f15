// What networks see of a table's numbers: places in a range, in modes or among quantiles, and the way back.
//
// Modes are CTGAN's mode-specific normalisation (Xu et al. 2019), but for one thing: a value is always of the mode that
// is likeliest, where they draw one, so that a row's codes do not depend on chance. Quantiles make whatever is drawn
// have the table's own distribution, where a network's output is about normal.
#include "base/base.h"
#include "sample/schema.h"

#include <math.h>

static const double SPAN = 8; // deviations of a mode, from one end of its places to the other

static double bounded_share(double share) {
    return share > 0 ? fmin(share, 1) : 0; // NaN: 0
}

// ---- Quantiles ----

// The first of them that is not below the value, or that is above it.
static size_t search(const gm_column *column, double value, bool above) {
    size_t low = 0, high = column->quantile_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        double at = column->quantiles[middle];
        if (above ? at > value : at >= value)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

// Of a value that several quantiles have, the middle of these.
static double quantile_place(const gm_column *column, double value) {
    const double *q = column->quantiles;
    size_t count = column->quantile_count, first = search(column, value, false), behind = search(column, value, true);
    if (first < behind)
        return (double)(first + behind - 1) / 2 / (double)(count - 1);
    if (first == 0 || first == count)
        return first == 0 ? 0 : 1;
    return ((double)(first - 1) + (value - q[first - 1]) / (q[first] - q[first - 1])) / (double)(count - 1);
}

static double quantile_value(const gm_column *column, double place) {
    double at = place * (double)(column->quantile_count - 1);
    size_t i = GM_MIN((size_t)at, column->quantile_count - 2);
    return column->quantiles[i] + (at - (double)i) * (column->quantiles[i + 1] - column->quantiles[i]);
}

// ---- Modes ----

static size_t likeliest_mode(const gm_column *column, double value) {
    size_t best = 0;
    double most = -INFINITY;
    for (size_t k = 0; k < column->mode_count; k++) {
        const double *mode = column->modes[k], away = (value - mode[1]) / mode[2];
        double likelihood = log(mode[0] / mode[2]) - away * away / 2;
        if (likelihood > most) {
            most = likelihood;
            best = k;
        }
    }
    return best;
}

// ---- Places ----

double gm_column_place(const gm_column *column, double value, size_t *mode) {
    *mode = 0;
    if (column->quantiles)
        return quantile_place(column, value);
    if (!column->modes)
        return bounded_share((value - column->minimum) / (column->maximum - column->minimum));
    *mode = likeliest_mode(column, value);
    return bounded_share(.5 + (value - column->modes[*mode][1]) / (SPAN * column->modes[*mode][2]));
}

double gm_column_value(const gm_column *column, double place, size_t mode) {
    double value, share = bounded_share(place);
    if (column->quantiles)
        value = quantile_value(column, share);
    else if (column->modes)
        value = column->modes[mode][1] + (share - .5) * SPAN * column->modes[mode][2];
    else
        value = column->minimum + share * (column->maximum - column->minimum);
    return fmax(column->minimum, fmin(column->maximum, value));
}

// ---- Rows ----

static float *store_coded(const gm_column *column, double cell, float *stored) {
    size_t choices = gm_column_choices(column), choice = choices > 0 ? choices - 1 : 0; // missing
    double place = .5;
    if (!isnan(cell) && gm_column_has_place(column))
        place = gm_column_place(column, cell, &choice);
    else if (!isnan(cell))
        choice = 0;
    if (gm_column_has_place(column))
        *stored++ = (float)place;
    if (choices > 0)
        *stored++ = (float)choice;
    return stored;
}

static float *store_place(const gm_column *column, double cell, float *stored) {
    size_t mode;
    if (gm_column_has_place(column))
        *stored++ = (float)gm_column_place(column, isnan(cell) ? column->mean : cell, &mode);
    if (gm_column_shows_missing(column))
        *stored++ = isnan(cell) ? 1.F : 0.F;
    return stored;
}

void gm_table_store(const gm_table_schema *schema, const double *cells, float *stored) {
    for (size_t i = 0; i < schema->column_count; i++) {
        const gm_column *column = &schema->columns[i];
        double cell = cells[i];
        if (gm_column_codes(column) == 0)
            continue;
        if (column->type == GM_COLUMN_CATEGORY)
            *stored++ = isnan(cell) ? (float)column->category_count : (float)cell;
        else
            stored = gm_column_is_coded(column) ? store_coded(column, cell, stored) : store_place(column, cell, stored);
    }
}

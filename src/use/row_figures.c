// Figures of two tables as rows.
//
// One half of the real side, in random order, is what all are held against: the fakes, then the other half (the
// control), and then that half with each column in an order of its own (the trivial way to make rows).
#include "use/row_figures.h"

#include "data/decode.h"
#include "sample/schema.h"
#include "use/row_network.h"
#include "use/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 16, MOST_FIGURES = 64, OTHERS = 3 };

static const uint64_t halves_seed = 1;

typedef struct rows {
    double *cells;   // (count, columns of the schema)
    float *features; // (count, width)
    size_t count;
} rows;

typedef struct figures {
    gm_device *device;
    const gm_table_schema *table;
    size_t columns, width;
    rows held, others[OTHERS]; // fakes, control, trivial
    gm_row_figure *list;
    size_t count;
} figures;

// ---- Rows ----

static gm_status rows_init(rows *r, const figures *f, size_t count) {
    *r = (rows){.count = count};
    GM_TRY(gm_alloc(&r->cells, count * f->columns, sizeof *r->cells, "rows"));
    return gm_alloc(&r->features, count * f->width, sizeof *r->features, "rows");
}

static void rows_finish(rows *r) {
    free(r->cells);
    free(r->features);
}

static gm_status take_rows(rows *r, const figures *f, const gm_side *side, const int32_t *order, size_t count) {
    GM_TRY(rows_init(r, f, count));
    for (size_t i = 0; i < count; i++) {
        size_t from = order ? (size_t)order[i] : i;
        memcpy(r->cells + i * f->columns, side->cells + from * f->columns, f->columns * sizeof *r->cells);
        memcpy(r->features + i * f->width, side->values + from * f->width, f->width * sizeof *r->features);
    }
    return GM_OK;
}

// Each column of `from` in an order of its own.
static gm_status mix_columns(rows *r, const figures *f, const rows *from) {
    int32_t *order;
    size_t begin = 0;
    GM_TRY(rows_init(r, f, from->count));
    GM_TRY(gm_alloc(&order, from->count, sizeof *order, "an order"));
    gm_status status = GM_OK;
    for (size_t k = 0; k < f->columns && status == GM_OK; k++) {
        size_t features = gm_tables_features(&f->table->columns[k]);
        status = gm_loader_indices(halves_seed + 1 + k, 0, from->count, from->count, order);
        for (size_t i = 0; i < from->count && status == GM_OK; i++) {
            size_t other = (size_t)order[i];
            r->cells[i * f->columns + k] = from->cells[other * f->columns + k];
            memcpy(r->features + i * f->width + begin, from->features + other * f->width + begin,
                   features * sizeof *r->features);
        }
        begin += features;
    }
    free(order);
    return status;
}

static gm_status prepare(figures *f, const gm_side *real, const gm_side *fake) {
    size_t half = real->count / 2;
    int32_t *order;
    GM_TRY(gm_alloc(&order, real->count, sizeof *order, "an order"));
    gm_status status = gm_loader_indices(halves_seed, 0, real->count, real->count, order);
    if (status == GM_OK)
        status = take_rows(&f->held, f, real, order + half, real->count - half);
    if (status == GM_OK)
        status = take_rows(&f->others[0], f, fake, NULL, GM_MIN(fake->count, half));
    if (status == GM_OK)
        status = take_rows(&f->others[1], f, real, order, half);
    if (status == GM_OK)
        status = mix_columns(&f->others[2], f, &f->others[1]);
    free(order);
    return status;
}

// ---- Figures of two sets of rows ----

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static size_t sort_column(const figures *f, const rows *r, size_t column, double *sorted) {
    size_t known = 0;
    for (size_t i = 0; i < r->count; i++)
        if (!isnan(r->cells[i * f->columns + column]))
            sorted[known++] = r->cells[i * f->columns + column];
    qsort(sorted, known, sizeof *sorted, compare);
    return known;
}

// The mean over the columns of numbers.
static gm_status distances(const figures *f, const rows *other, double *value) {
    gm_running_mean mean = {0};
    double *a, *b;
    GM_TRY(gm_alloc(&a, f->held.count + other->count, sizeof *a, "a column"));
    for (size_t k = 0; k < f->columns; k++) {
        if (!gm_column_is_number(&f->table->columns[k]))
            continue;
        size_t n = sort_column(f, &f->held, k, a), m = sort_column(f, other, k, b = a + n);
        double distance = gm_tables_distance(a, n, b, m);
        if (!isnan(distance))
            gm_running_mean_add(&mean, distance);
    }
    *value = mean.count > 0 ? mean.value : NAN;
    free(a);
    return GM_OK;
}

static double variation(const figures *f, const rows *other, size_t column, double *shares, size_t places) {
    const rows *const sets[2] = {&f->held, other};
    double sum = 0;
    memset(shares, 0, places * sizeof *shares);
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sets[s]->count; i++) {
            double cell = sets[s]->cells[i * f->columns + column];
            shares[isnan(cell) ? places - 1 : (size_t)cell] += (s ? -1 : 1) / (double)sets[s]->count;
        }
    for (size_t i = 0; i < places; i++)
        sum += fabs(shares[i]) / 2;
    return sum;
}

// The mean over the columns of categories.
static gm_status variations(const figures *f, const rows *other, double *value) {
    gm_running_mean mean = {0};
    *value = NAN;
    for (size_t k = 0; k < f->columns; k++) {
        const gm_column *column = &f->table->columns[k];
        size_t places = column->category_count + 1; // the last: missing
        double *shares;
        if (column->type != GM_COLUMN_CATEGORY)
            continue;
        GM_TRY(gm_alloc(&shares, places, sizeof *shares, "categories"));
        gm_running_mean_add(&mean, variation(f, other, k, shares, places));
        free(shares);
        *value = mean.value;
    }
    return GM_OK;
}

// Of the rows that have both; 0 where one does not vary.
static double correlation(const figures *f, const rows *r, size_t a, size_t b) {
    gm_running_mean of[2] = {0};
    double sum = 0;
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < r->count; i++) {
            double x = r->cells[i * f->columns + a], y = r->cells[i * f->columns + b];
            if (isnan(x) || isnan(y))
                continue;
            if (pass == 0) {
                gm_running_mean_add(&of[0], x);
                gm_running_mean_add(&of[1], y);
            } else {
                sum += (x - of[0].value) * (y - of[1].value);
            }
        }
    double scale = sqrt(of[0].squares * of[1].squares);
    return scale > 0 ? sum / scale : 0;
}

static gm_status correlations(const figures *f, const rows *other, double *value) {
    gm_running_mean mean = {0};
    for (size_t a = 0; a < f->columns; a++)
        for (size_t b = a + 1; b < f->columns; b++)
            if (gm_column_is_number(&f->table->columns[a]) && gm_column_is_number(&f->table->columns[b]))
                gm_running_mean_add(&mean, fabs(correlation(f, &f->held, a, b) - correlation(f, other, a, b)));
    *value = mean.count > 0 ? mean.value : NAN;
    return GM_OK;
}

static gm_samples samples_of(const figures *f, const rows *r, size_t count) {
    return (gm_samples){r->features, count, f->width};
}

static gm_status detection(const figures *f, const rows *other, double *value) {
    size_t count = GM_MIN(f->held.count, other->count);
    gm_samples real = samples_of(f, &f->held, count), fake = samples_of(f, other, count);
    gm_measure auc;
    GM_TRY(gm_measure_detection(f->device, &real, &fake, NULL, &auc));
    *value = auc.flags & GM_MEASURE_MISSING ? NAN : auc.value;
    return GM_OK;
}

static const struct {
    const char *key, *help;
    gm_status (*measure)(const figures *f, const rows *other, double *value);
} of_rows[] = {
    {"ks_mean", "distance of the distributions of numbers; bad: far above its control", distances},
    {"tv_mean", "total variation of categories; bad: far above its control", variations},
    {"correlation_difference", "of two numbers, mean of the absolute values; bad: towards the trivial rows'",
     correlations},
    {"detection_auc", "chance that a classifier tells a fake from a real row; bad: towards 1", detection},
};

// ---- Memorisation ----

static gm_status add_memorisation(figures *f, const gm_side *trained) {
    gm_memorisation found[OTHERS];
    gm_samples known = {trained->values, trained->count, f->width}, held = samples_of(f, &f->held, f->held.count);
    for (size_t i = 0; i < OTHERS; i++) {
        gm_samples other = samples_of(f, &f->others[i], f->others[i].count);
        GM_TRY(gm_measure_memorisation(f->device, &other, &known, &held, &found[i]));
    }
    f->list[f->count++] =
        (gm_row_figure){"memorisation",
                        NULL,
                        found[0].rank.value,
                        found[1].rank.value,
                        found[2].rank.value,
                        "chance that a fake is nearer to a row trained on than a held-out one is; bad: far above .5"};
    f->list[f->count++] = (gm_row_figure){
        "near_copies",
        NULL,
        found[0].copies.value,
        found[1].copies.value,
        found[2].copies.value,
        "share of fakes nearer to a row trained on than all but 1 % of held-out ones; bad: far above its control"};
    return GM_OK;
}

// ---- What is learned ----

// The rows that have the target; its values in `targets`, their features moved to the front of `features`.
static void known_rows(const figures *f, const rows *r, size_t column, float *features, double *targets,
                       gm_row_set *set) {
    *set = (gm_row_set){.features = features, .targets = targets};
    for (size_t i = 0; i < r->count; i++) {
        double cell = r->cells[i * f->columns + column];
        if (isnan(cell))
            continue;
        memcpy(features + set->count * f->width, r->features + i * f->width, f->width * sizeof *features);
        targets[set->count++] = cell;
    }
}

static gm_status add_target(figures *f, size_t target) {
    const gm_column *column = &f->table->columns[target];
    gm_row_task task = {.device = f->device, .columns = f->width, .hidden = gm_tables_features(column)};
    size_t most = f->held.count;
    float *features = NULL;
    double *targets = NULL, scores[OTHERS];
    gm_row_set tested, learned;
    gm_status status = GM_OK;
    for (size_t i = 0; i < target; i++)
        task.hidden_from += gm_tables_features(&f->table->columns[i]);
    task.categories = column->type == GM_COLUMN_CATEGORY ? column->category_count : 0;
    GM_TRY_DONE(gm_alloc(&features, 2 * most * f->width, sizeof *features, "rows"));
    GM_TRY_DONE(gm_alloc(&targets, 2 * most, sizeof *targets, "rows"));
    known_rows(f, &f->held, target, features, targets, &tested);
    for (size_t i = 0; i < OTHERS; i++) {
        known_rows(f, &f->others[i], target, features + most * f->width, targets + most, &learned);
        GM_TRY_DONE(gm_row_network_score(&task, &learned, &tested, &scores[i]));
    }
    f->list[f->count++] =
        (gm_row_figure){task.categories > 0 ? "learned_f1" : "learned_r2",
                        column->name,
                        scores[0],
                        scores[1],
                        scores[2],
                        task.categories > 0 ? "macro F1, on real rows, of what a network learned from the fakes; bad: "
                                              "far below its control"
                                            : "R^2, on real rows, of what a network learned from the fakes; bad: far "
                                              "below its control"};
done:
    free(features);
    free(targets);
    return status;
}

static bool is_named(const char *targets, const char *name) {
    size_t length = strlen(name);
    for (const char *word = targets; word; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL)
        if (strncmp(word, name, length) == 0 && (word[length] == ',' || word[length] == '\0'))
            return true;
    return false;
}

static gm_status check_targets(const figures *f, const char *targets) {
    for (const char *word = targets; word;) {
        size_t length = strcspn(word, ",");
        bool known = false;
        for (size_t i = 0; i < f->columns; i++)
            known = known || (strlen(f->table->columns[i].name) == length &&
                              strncmp(f->table->columns[i].name, word, length) == 0);
        if (!known)
            return gm_fail(GM_ERROR_ARGUMENT, "'%.*s' is none of the tables' columns", (int)GM_MIN(length, (size_t)80),
                           word);
        word = word[length] ? word + length + 1 : NULL;
    }
    return GM_OK;
}

// The last columns of both types, where none are named.
static bool is_last_of_its_type(const figures *f, size_t column) {
    bool number = gm_column_is_number(&f->table->columns[column]);
    for (size_t i = column + 1; i < f->columns; i++)
        if (gm_column_is_number(&f->table->columns[i]) == number && gm_tables_features(&f->table->columns[i]) > 0)
            return false;
    return gm_tables_features(&f->table->columns[column]) > 0;
}

// ---- All of them ----

static gm_status measure(figures *f, const gm_side *trained, const char *targets) {
    for (size_t k = 0; k < GM_COUNT(of_rows); k++) {
        double values[OTHERS];
        for (size_t i = 0; i < OTHERS; i++)
            GM_TRY(of_rows[k].measure(f, &f->others[i], &values[i]));
        f->list[f->count++] = (gm_row_figure){of_rows[k].key, NULL, values[0], values[1], values[2], of_rows[k].help};
    }
    if (trained)
        GM_TRY(add_memorisation(f, trained));
    for (size_t i = 0; i < f->columns && f->count < MOST_FIGURES; i++)
        if (targets ? is_named(targets, f->table->columns[i].name) : is_last_of_its_type(f, i))
            GM_TRY(add_target(f, i));
    return GM_OK;
}

gm_status gm_row_figures(gm_device *device, const gm_side *real, const gm_side *fake, const gm_side *trained,
                         const char *targets, gm_row_figure **list, size_t *count) {
    figures f = {.device = device,
                 .table = real->format.table,
                 .columns = real->format.table->column_count,
                 .width = real->channels};
    gm_status status;
    *list = NULL;
    *count = 0;
    GM_TRY(check_targets(&f, targets));
    if (real->count < LEAST || fake->count < LEAST)
        return GM_OK;
    GM_TRY_DONE(gm_alloc(&f.list, MOST_FIGURES, sizeof *f.list, "figures"));
    GM_TRY_DONE(prepare(&f, real, fake));
    GM_TRY_DONE(measure(&f, trained, targets));
    *list = f.list;
    *count = f.count;
    f.list = NULL;
done:
    free(f.list);
    rows_finish(&f.held);
    for (size_t i = 0; i < OTHERS; i++)
        rows_finish(&f.others[i]);
    return status;
}

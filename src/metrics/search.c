// Searches among points on the device.
#include "metrics/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

gm_status gm_search_init(gm_search *search, const gm_points *points) {
    *search = (gm_search){0};
    GM_TRY(gm_graph_create(&search->graph));
    gm_shape shape = {.rank = 2, .dim = {points->count, points->columns}};
    search->points = gm_input(search->graph, "points", GM_FLOAT32, shape);
    return GM_OK;
}

void gm_search_finish(gm_search *search) {
    gm_plan_destroy(&search->plan);
    gm_state_destroy(&search->state);
    gm_graph_destroy(&search->graph);
}

gm_tensor *gm_search_rows(gm_search *search, size_t begin, size_t end) {
    size_t columns = gm_tensor_shape(search->points)->dim[1];
    return gm_slice(search->points, (size_t[]){begin, 0}, (size_t[]){end - begin, columns});
}

gm_tensor *gm_search_columns(gm_search *search, size_t begin, size_t end) {
    size_t rows = gm_tensor_shape(search->points)->dim[0];
    return gm_slice(search->points, (size_t[]){0, begin}, (size_t[]){rows, end - begin});
}

static gm_tensor *add_phase(gm_search *search, gm_tensor *result) {
    char name[24];
    snprintf(name, sizeof name, "search %zu", search->phase_count);
    gm_phase *phase = gm_phase_create(search->graph, name);
    gm_phase_fetch(phase, result);
    search->phase[search->phase_count++] = phase;
    return result;
}

gm_tensor *gm_search_nearest(gm_search *search, gm_tensor *x, gm_tensor *y, size_t k, gm_norm norm) {
    gm_nearest_params params = {.k = k, .norm = norm, .exclude_same = x == y};
    return add_phase(search, gm_nearest(x, y, &params));
}

gm_tensor *gm_search_last(gm_tensor *nearest) {
    size_t rows = gm_tensor_shape(nearest)->dim[0], k = gm_tensor_shape(nearest)->dim[1];
    gm_tensor *last = gm_slice(nearest, (size_t[]){0, k - 1}, (size_t[]){rows, 1});
    return gm_reshape(last, (gm_shape){.rank = 1, .dim = {rows}});
}

gm_tensor *gm_search_within(gm_search *search, gm_tensor *x, gm_tensor *y, gm_tensor *radius,
                            const gm_within_params *params) {
    return add_phase(search, gm_count_within(x, y, radius, params));
}

gm_status gm_search_run(gm_search *search, gm_device *device, const gm_points *points) {
    size_t bytes = points->count * points->columns * sizeof *points->values;
    search->least = points->least;
    search->distinct = points->duplicates == 0;
    GM_TRY(gm_graph_status(search->graph));
    GM_TRY(gm_state_create(&search->state, device, 0));
    GM_TRY(gm_plan_create(&search->plan, search->graph, search->state, NULL));
    GM_TRY(gm_plan_write(search->plan, search->points, points->values, bytes));
    for (size_t i = 0; i < search->phase_count; i++)
        GM_TRY(gm_plan_run(search->plan, search->phase[i]));
    return GM_OK;
}

static gm_status read_result(gm_search *search, gm_tensor *result, void *out) {
    size_t count = gm_shape_count(gm_tensor_shape(result));
    GM_TRY(gm_alloc(out, count, sizeof(float), "the results of a search")); // int32 has that size, too
    gm_status status = gm_plan_read(search->plan, result, *(void **)out, count * sizeof(float));
    if (status != GM_OK) {
        free(*(void **)out);
        *(void **)out = NULL;
    }
    return status;
}

gm_status gm_search_read_last(gm_search *search, gm_tensor *nearest, float **distances, uint32_t *flags) {
    size_t rows = gm_tensor_shape(nearest)->dim[0], k = gm_tensor_shape(nearest)->dim[1];
    GM_TRY(read_result(search, nearest, distances));
    for (size_t i = 0; i < rows; i++) {
        float distance = (*distances)[i * k + k - 1];
        (*distances)[i] = distance > GM_LEAST_DISTANCE ? distance : fmaxf(search->least, GM_LEAST_DISTANCE);
        if (distance <= GM_LEAST_DISTANCE && search->distinct)
            *flags |= GM_MEASURE_FAR;
    }
    return GM_OK;
}

gm_status gm_search_read_counts(gm_search *search, gm_tensor *within, int32_t **counts) {
    return read_result(search, within, counts);
}

// Up to 10 by recurrence, from there by the asymptotic series (Abramowitz and Stegun, 6.3.18).
double gm_digamma(double x) {
    double value = 0;
    for (; x < 10; x++)
        value -= 1 / x;
    double r = 1 / (x * x);
    double series = r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132)))));
    return value + log(x) - 0.5 / x - series;
}

double gm_ball_log_volume(size_t d, gm_norm norm) {
    const double log_pi = 1.1447298858494001741;
    double n = (double)d;
    return norm == GM_NORM_MAXIMUM ? n * log(2) : 0.5 * n * log_pi - lgamma(1 + 0.5 * n);
}

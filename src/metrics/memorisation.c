// Whether generated samples are copies of what was trained on: how near they lie to it, beside how near others do.
#include "ganymede/metrics.h"

#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>

enum { FEW = 100, NEAREST_SHARE = 100 }; // one of so many held-out samples is the border of what is nearly a copy

// Distances of each row to its nearest trained one. free(*distances)
static gm_status find_distances(gm_device *device, const gm_samples *rows, const gm_samples *trained,
                                float **distances) {
    gm_session session;
    gm_status status;
    *distances = NULL;
    GM_TRY_DONE(gm_session_init(&session, device, 0));
    gm_tensor *x = gm_input(session.graph, "rows", GM_FLOAT32, GM_SHAPE(rows->count, rows->columns));
    gm_tensor *y = gm_input(session.graph, "trained", GM_FLOAT32, GM_SHAPE(trained->count, trained->columns));
    gm_tensor *nearest = gm_nearest(x, y, &(gm_nearest_params){.k = 1, .norm = GM_NORM_EUCLIDEAN});
    gm_phase *phase = gm_phase_create(session.graph, "nearest");
    gm_phase_fetch(phase, nearest);
    GM_TRY_DONE(gm_session_plan(&session));
    GM_TRY_DONE(gm_plan_write(session.plan, x, rows->values, rows->count * rows->columns * sizeof(float)));
    GM_TRY_DONE(gm_plan_write(session.plan, y, trained->values, trained->count * trained->columns * sizeof(float)));
    GM_TRY_DONE(gm_plan_run(session.plan, phase));
    GM_TRY_DONE(gm_alloc(distances, rows->count, sizeof **distances, "distances"));
    status = gm_plan_read(session.plan, nearest, *distances, rows->count * sizeof **distances);
done:
    gm_session_finish(&session);
    return status;
}

static int compare(const void *a, const void *b) {
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

// Sorts the finite ones, which come first; returns how many these are.
static size_t sort_finite(float *distances, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(distances[i]))
            distances[kept++] = distances[i];
    qsort(distances, kept, sizeof *distances, compare);
    return kept;
}

// Both sorted: the chance that one of a is below one of b, equal ones counted half.
static double chance_below(const float *a, size_t a_count, const float *b, size_t b_count) {
    double sum = 0;
    size_t below = 0, up_to = 0; // of b: less than a[i], and no more
    for (size_t i = 0; i < a_count; i++) {
        while (below < b_count && b[below] < a[i])
            below++;
        while (up_to < b_count && b[up_to] <= a[i])
            up_to++;
        sum += (double)(b_count - up_to) + (double)(up_to - below) / 2;
    }
    return sum / ((double)a_count * (double)b_count);
}

gm_status gm_measure_memorisation(gm_device *device, const gm_samples *fake, const gm_samples *trained,
                                  const gm_samples *held_out, gm_memorisation *measures) {
    float *fakes = NULL, *others = NULL;
    gm_status status;
    if (fake->columns != trained->columns || held_out->columns != trained->columns || fake->columns == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "memorisation: samples of %zu, %zu and %zu columns cannot be compared",
                       fake->columns, trained->columns, held_out->columns);
    if (fake->count == 0 || trained->count == 0 || held_out->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "memorisation: needs generated, trained and held-out samples");
    GM_TRY_DONE(find_distances(device, fake, trained, &fakes));
    GM_TRY_DONE(find_distances(device, held_out, trained, &others));
    size_t fake_count = sort_finite(fakes, fake->count), other_count = sort_finite(others, held_out->count);
    gm_measure measure = {.count = GM_MIN(fake_count, other_count)};
    measure.flags |= fake_count < fake->count || other_count < held_out->count ? GM_MEASURE_NOT_FINITE : 0u;
    measure.flags |= measure.count == 0 ? GM_MEASURE_MISSING : measure.count < FEW ? GM_MEASURE_FEW : 0u;
    measures->rank = measures->copies = measure;
    if (measure.count == 0)
        goto done;
    measures->rank.value = chance_below(fakes, fake_count, others, other_count);
    size_t near = 0;
    while (near < fake_count && fakes[near] < others[other_count / NEAREST_SHARE])
        near++;
    measures->copies.value = (double)near / (double)fake_count;
done:
    free(fakes);
    free(others);
    return status;
}

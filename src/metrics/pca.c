// Principal components. Few columns: eigenvectors of the covariance; few rows: of the rows' products; else orthogonal
// iteration with both products of a step on the device (Halko, Martinsson and Tropp, "Finding structure with
// randomness", 2011, algorithm 4.4) and the small problem in double on the host.
//
// N rows, d columns, r components, b rows of the iterated basis. Vectors are rows everywhere.
#include "metrics/moments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXACT = 256,       // rows or columns up to which the exact ways are taken
    MOST = 128,        // components
    OVERSAMPLED = 16,  // rows of the basis beyond the components: they make the wanted ones converge
    ITERATIONS = 60,   // of which noise without structure, whose axes mean nothing, uses all
    BLOCK = 1024,      // rows that are projected at a time
    RESIDENT = 1 << 24 // values of an input that holds samples
};
static const double tolerance = 1e-4;   // of a residual, in units of the axis' variance ...
static const double resolution = 2e-6;  // ... or of the largest one: what float32 products allow
static const double negligible = 1e-12; // of the total variance: rounding

// ---- The three ways: axes (r, d) and variances (r), by falling variance ----

static gm_status fit_columns(gm_pca *pca, const gm_rows *rows, double *axes, double *variance) {
    size_t d = rows->columns;
    gm_moments moments;
    double *vectors = NULL, *values = NULL;
    GM_TRY(gm_moments_init(&moments, rows->values, rows->count, d));
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&vectors, d * d, sizeof *vectors, "principal components"));
    GM_TRY_DONE(gm_alloc(&values, d, sizeof *values, "principal components"));
    GM_TRY_DONE(gm_eigen_symmetric(moments.covariance, d, values, vectors));
    memcpy(axes, vectors, pca->components * d * sizeof *axes);
    memcpy(variance, values, pca->components * sizeof *variance);
done:
    free(vectors);
    free(values);
    gm_moments_finish(&moments);
    return status;
}

// X X^T u = l u: the axis is X^T u / sqrt(l).
static gm_status fit_rows(gm_pca *pca, const gm_rows *rows, double *axes, double *variance) {
    size_t n = rows->count, d = rows->columns;
    double *work = NULL;
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&work, n * d + 2 * n * n + n, sizeof *work, "principal components"));
    double *centred = work, *product = centred + n * d, *vectors = product + n * n, *values = vectors + n * n;
    for (size_t i = 0; i < n * d; i++)
        centred[i] = (double)rows->values[i] - (double)pca->mean[i % d];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            product[i * n + j] = product[j * n + i] = gm_dot(centred + i * d, centred + j * d, d);
    GM_TRY_DONE(gm_eigen_symmetric(product, n, values, vectors));
    for (size_t k = 0; k < pca->components; k++) {
        variance[k] = values[k] / (double)(n - 1);
        for (size_t i = 0; i < n && values[k] > 0; i++)
            for (size_t j = 0; j < d; j++)
                axes[k * d + j] += vectors[k * n + i] * centred[i * d + j] / sqrt(values[k]);
    }
done:
    free(work);
    return status;
}

// All samples on the device, in inputs of equal size, and the step Z = V X^T X.
typedef struct iteration {
    gm_session session;
    gm_phase *phase;
    gm_tensor *basis, *next;
    size_t b, d;
    float *transfer;               // (b, d)
    double *v, *z;                 // (b, d): the basis, and what the covariance makes of it
    double *small, *turn, *values; // (b, b), (b, b), (b)
} iteration;

static gm_status iteration_write_rows(iteration *it, const gm_pca *pca, const gm_rows *rows, gm_tensor **inputs,
                                      size_t block) {
    float *values;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&values, block * it->d, sizeof *values, "a block of samples"));
    for (size_t i = 0; i * block < rows->count; i++) {
        gm_block_fill(values, block, rows->values, rows->count, it->d, i * block, pca->mean);
        // Rows beyond the last one stay zero: they add nothing to either product.
        GM_TRY_DONE(gm_plan_write(it->session.plan, inputs[i], values, block * it->d * sizeof *values));
    }
done:
    free(values);
    return status;
}

static gm_status iteration_init(iteration *it, gm_device *device, const gm_pca *pca, const gm_rows *rows) {
    size_t d = rows->columns, b = GM_MIN(pca->components + OVERSAMPLED, GM_MIN(d, rows->count));
    size_t most = GM_MAX((size_t)RESIDENT / d, (size_t)1), parts = (rows->count + most - 1) / most;
    size_t block = (rows->count + parts - 1) / parts;
    gm_tensor **inputs = NULL;
    gm_status status = GM_OK;
    it->b = b;
    it->d = d;
    GM_TRY_DONE(gm_alloc(&inputs, parts, sizeof *inputs, "principal components"));
    GM_TRY_DONE(gm_alloc(&it->transfer, b * d, sizeof(float), "principal components"));
    GM_TRY_DONE(gm_alloc(&it->v, 2 * b * d + 2 * b * b + b, sizeof(double), "principal components"));
    it->z = it->v + b * d;
    it->small = it->z + b * d;
    it->turn = it->small + b * b;
    it->values = it->turn + b * b;
    GM_TRY_DONE(gm_session_init(&it->session, device, 0));
    it->basis = gm_input(it->session.graph, "basis", GM_FLOAT32, GM_SHAPE(b, d));
    for (size_t i = 0; i < parts; i++) {
        char name[32];
        snprintf(name, sizeof name, "rows.%zu", i);
        inputs[i] = gm_input(it->session.graph, name, GM_FLOAT32, GM_SHAPE(block, d));
        gm_tensor *scores = gm_gemm(inputs[i], it->basis, &(gm_gemm_params){.transpose_b = true});
        gm_tensor *part = gm_gemm(scores, inputs[i], &(gm_gemm_params){.transpose_a = true});
        it->next = i == 0 ? part : gm_add(it->next, part);
    }
    it->phase = gm_phase_create(it->session.graph, "step");
    gm_phase_fetch(it->phase, it->next);
    GM_TRY_DONE(gm_session_plan(&it->session));
    GM_TRY_DONE(iteration_write_rows(it, pca, rows, inputs, block));
done:
    free(inputs);
    return status;
}

static void iteration_finish(iteration *it) {
    gm_session_finish(&it->session);
    free(it->transfer);
    free(it->v);
}

static double norm_of(const double *x, size_t count) {
    return sqrt(gm_dot(x, x, count));
}

// v = orthonormal rows with the span of z: Gram-Schmidt, twice, since once leaves errors where rows were near parallel.
// Rows without a direction of their own become zero.
static void orthonormalise(const iteration *it) {
    size_t d = it->d;
    memcpy(it->v, it->z, it->b * d * sizeof(double));
    for (size_t i = 0; i < it->b; i++) {
        double *row = it->v + i * d, before = norm_of(row, d);
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < i; k++) {
                double shared = gm_dot(row, it->v + k * d, d);
                for (size_t j = 0; j < d; j++)
                    row[j] -= shared * it->v[k * d + j];
            }
        double norm = norm_of(row, d);
        for (size_t j = 0; j < d; j++)
            row[j] = norm > 1e-12 * before ? row[j] / norm : 0;
    }
}

// rows (b, d) = turn rows.
static void turn_rows(const iteration *it, double *rows, double *work) {
    for (size_t i = 0; i < it->b; i++)
        for (size_t k = 0; k < it->b; k++)
            for (size_t j = 0; j < it->d; j++)
                work[i * it->d + j] += it->turn[i * it->b + k] * rows[k * it->d + j];
    memcpy(rows, work, it->b * it->d * sizeof *rows);
    memset(work, 0, it->b * it->d * sizeof *work);
}

// z = C v on the device, then both turned so that v are the best approximations of eigenvectors in their span (Ritz).
// *converged: |C v - l v| is small for all wanted ones.
static gm_status iteration_step(const iteration *it, const gm_pca *pca, double *work, bool *converged) {
    size_t b = it->b, d = it->d, bytes = b * d * sizeof(float);
    for (size_t i = 0; i < b * d; i++)
        it->transfer[i] = (float)it->v[i];
    GM_TRY(gm_plan_write(it->session.plan, it->basis, it->transfer, bytes));
    GM_TRY(gm_plan_run(it->session.plan, it->phase));
    GM_TRY(gm_plan_read(it->session.plan, it->next, it->transfer, bytes));
    for (size_t i = 0; i < b * d; i++)
        it->z[i] = it->transfer[i] / (double)(pca->count - 1);
    for (size_t i = 0; i < b; i++)
        for (size_t j = 0; j <= i; j++)
            it->small[i * b + j] = it->small[j * b + i] =
                (gm_dot(it->z + i * d, it->v + j * d, d) + gm_dot(it->z + j * d, it->v + i * d, d)) / 2;
    GM_TRY(gm_eigen_symmetric(it->small, b, it->values, it->turn));
    turn_rows(it, it->v, work);
    turn_rows(it, it->z, work);
    *converged = true;
    for (size_t i = 0; i < pca->components; i++) {
        double squares = 0, allowed = fmax(tolerance * it->values[i], resolution * it->values[0]);
        for (size_t j = 0; j < d; j++) {
            double difference = it->z[i * d + j] - it->values[i] * it->v[i * d + j];
            squares += difference * difference;
        }
        *converged = *converged && sqrt(squares) <= allowed;
    }
    return GM_OK;
}

static gm_status fit_iterated(gm_pca *pca, gm_device *device, const gm_rows *rows, double *axes, double *variance) {
    iteration it = {0};
    double *work = NULL;
    bool converged = false;
    gm_status status = GM_OK;
    GM_TRY_DONE(iteration_init(&it, device, pca, rows));
    GM_TRY_DONE(gm_alloc(&work, it.b * it.d, sizeof *work, "principal components"));
    for (size_t i = 0; i < it.b * it.d; i++)
        it.z[i] = gm_philox_normal(0, gm_stream("gm_pca"), 0, 0, i);
    for (size_t step = 0; step < ITERATIONS && !converged; step++) {
        orthonormalise(&it);
        GM_TRY_DONE(iteration_step(&it, pca, work, &converged));
    }
    memcpy(axes, it.v, pca->components * it.d * sizeof *axes);
    memcpy(variance, it.values, pca->components * sizeof *variance);
done:
    free(work);
    iteration_finish(&it);
    return status;
}

// ---- The interface ----

// Mean and total variance of all columns, in two passes.
static gm_status fit_mean(gm_pca *pca, const gm_rows *rows) {
    size_t d = rows->columns;
    double *mean;
    GM_TRY(gm_alloc(&mean, d, sizeof *mean, "principal components"));
    for (size_t i = 0; i < rows->count; i++)
        for (size_t j = 0; j < d; j++)
            mean[j] += rows->values[i * d + j];
    for (size_t j = 0; j < d; j++) {
        mean[j] /= (double)rows->count;
        pca->mean[j] = (float)mean[j];
    }
    for (size_t i = 0; i < rows->count; i++)
        for (size_t j = 0; j < d; j++) {
            double difference = rows->values[i * d + j] - mean[j];
            pca->total += difference * difference;
        }
    pca->total /= (double)(rows->count - 1);
    free(mean);
    return GM_OK;
}

// Keeps the axes that carry variance, with their largest entry positive, since an eigenvector has no sign.
static void keep_axes(gm_pca *pca, const double *axes, const double *variance) {
    size_t d = pca->columns, kept = 0;
    while (kept < pca->components && variance[kept] > negligible * pca->total)
        kept++;
    for (size_t i = 0; i < kept; i++) {
        const double *axis = axes + i * d;
        size_t largest = 0;
        for (size_t j = 1; j < d; j++)
            if (fabs(axis[j]) > fabs(axis[largest]) * (1 + 1e-6)) // among near equals the first
                largest = j;
        for (size_t j = 0; j < d; j++)
            pca->axes[i * d + j] = (float)(axis[largest] < 0 ? -axis[j] : axis[j]);
        pca->variance[i] = variance[i];
    }
    pca->components = kept;
}

static gm_status fit(gm_pca *pca, gm_device *device, const gm_rows *rows) {
    size_t d = pca->columns, r = pca->components;
    double *axes = NULL;
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&pca->mean, d, sizeof(float), "principal components"));
    GM_TRY_DONE(gm_alloc(&pca->axes, r * d, sizeof(float), "principal components"));
    GM_TRY_DONE(gm_alloc(&pca->variance, r, sizeof(double), "principal components"));
    GM_TRY_DONE(gm_alloc(&axes, r * d + r, sizeof *axes, "principal components"));
    GM_TRY_DONE(fit_mean(pca, rows));
    if (rows->duplicates + 1 == rows->count)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "%zu equal samples have no principal components", rows->count));
    if (d <= EXACT)
        GM_TRY_DONE(fit_columns(pca, rows, axes, axes + r * d));
    else if (rows->count <= EXACT)
        GM_TRY_DONE(fit_rows(pca, rows, axes, axes + r * d));
    else
        GM_TRY_DONE(fit_iterated(pca, device, rows, axes, axes + r * d));
    keep_axes(pca, axes, axes + r * d);
done:
    free(axes);
    return status;
}

gm_status gm_pca_create(gm_pca **pca, gm_device *device, const gm_samples *samples, size_t components) {
    gm_rows rows;
    gm_pca *new = NULL;
    *pca = NULL;
    if (components == 0 || components > MOST)
        return gm_fail(GM_ERROR_ARGUMENT, "%zu principal components: 1 to %d can be had", components, MOST);
    GM_TRY(gm_rows_init(&rows, samples));
    gm_status status = GM_OK;
    if (rows.count < 2)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "principal components need at least 2 finite samples: there are %zu",
                            rows.count));
    GM_TRY_DONE(gm_alloc(&new, 1, sizeof *new, "principal components"));
    new->columns = rows.columns;
    new->count = rows.count;
    new->components = GM_MIN(components, GM_MIN(rows.columns, rows.count - 1));
    GM_TRY_DONE(fit(new, device, &rows));
    *pca = new;
    new = NULL;
done:
    gm_pca_destroy(&new);
    gm_rows_finish(&rows);
    return status;
}

gm_status gm_pca_apply(const gm_pca *pca, gm_device *device, const gm_samples *samples, float *scores) {
    gm_session session = {0};
    size_t d = pca->columns, r = pca->components, block = GM_MIN(samples->count, (size_t)BLOCK);
    float *values = NULL, *products = NULL;
    gm_status status = GM_OK;
    if (samples->columns != d)
        return gm_fail(GM_ERROR_ARGUMENT, "samples have %zu columns: the principal components are of %zu",
                       samples->columns, d);
    if (samples->count == 0)
        return GM_OK;
    GM_TRY_DONE(gm_alloc(&values, block * d, sizeof *values, "a block of samples"));
    GM_TRY_DONE(gm_alloc(&products, block * r, sizeof *products, "a block of scores"));
    GM_TRY_DONE(gm_session_init(&session, device, 0));
    gm_tensor *x = gm_input(session.graph, "samples", GM_FLOAT32, GM_SHAPE(block, d)),
              *axes = gm_input(session.graph, "axes", GM_FLOAT32, GM_SHAPE(r, d)),
              *y = gm_gemm(x, axes, &(gm_gemm_params){.transpose_b = true});
    gm_phase *phase = gm_phase_create(session.graph, "scores");
    gm_phase_fetch(phase, y);
    GM_TRY_DONE(gm_session_plan(&session));
    GM_TRY_DONE(gm_plan_write(session.plan, axes, pca->axes, r * d * sizeof(float)));
    for (size_t first = 0; first < samples->count; first += block) {
        gm_block_fill(values, block, samples->values, samples->count, d, first, pca->mean);
        GM_TRY_DONE(gm_plan_write(session.plan, x, values, block * d * sizeof(float)));
        GM_TRY_DONE(gm_plan_run(session.plan, phase));
        GM_TRY_DONE(gm_plan_read(session.plan, y, products, block * r * sizeof(float)));
        memcpy(scores + first * r, products, GM_MIN(block, samples->count - first) * r * sizeof(float));
    }
done:
    gm_session_finish(&session);
    free(values);
    free(products);
    return status;
}

double gm_pca_explained(const gm_pca *pca) {
    double sum = 0;
    for (size_t i = 0; i < pca->components; i++)
        sum += pca->variance[i];
    return pca->total > 0 ? GM_MIN(sum / pca->total, 1) : 0;
}

void gm_pca_destroy(gm_pca **pca) {
    if (!pca || !*pca)
        return;
    free((*pca)->mean);
    free((*pca)->axes);
    free((*pca)->variance);
    free(*pca);
    *pca = NULL;
}

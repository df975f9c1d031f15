// The kernel distance: unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3 (Binkowski et al.
// 2018).
//
// Few columns: the kernel is the product of two vectors of monomials, so the discrepancy is the squared distance of
// their means, in double on the host. That loses no digits when the samples lie far from the origin, where kernels are
// huge and nearly equal.
//
// Many columns: the kernel's constant 1 cancels in the discrepancy, so it is left out: s (s^2 + 3 s + 3), s = x.y / d.
// That keeps digits, and the zero rows that fill up the last block add nothing. Blocks of rows meet on the device; the
// sums of their rows are added in double on the host.
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 1024, FEW_COLUMNS = 64 };

// ---- Few columns ----

// With z = (1, x / sqrt(d)) the kernel is (z.z')^3 = sum over a <= b <= c of weight z_a z_b z_c z'_a z'_b z'_c, the
// weight being how many orders a, b, c have.
static double weight_of(size_t a, size_t b, size_t c) {
    return a == b && b == c ? 1 : a == b || b == c ? 3 : 6;
}

static size_t monomials_of(size_t columns) {
    return (columns + 1) * (columns + 2) * (columns + 3) / 6;
}

// The mean monomials, and the mean of the kernel of a row with itself.
static double mean_monomials(const gm_rows *rows, double *mean) {
    double z[FEW_COLUMNS + 1] = {1}, kernel = 0;
    size_t d = rows->columns;
    for (size_t i = 0; i < rows->count; i++) {
        double square = 1, *at = mean;
        for (size_t j = 0; j < d; j++) {
            z[j + 1] = rows->values[i * d + j] / sqrt((double)d);
            square += z[j + 1] * z[j + 1];
        }
        kernel += square * square * square / (double)rows->count;
        for (size_t a = 0; a <= d; a++)
            for (size_t b = a; b <= d; b++) {
                double product = z[a] * z[b] / (double)rows->count;
                for (size_t c = b; c <= d; c++)
                    *at++ += product * z[c];
            }
    }
    return kernel;
}

// The squared distance of the means, and what it is too large by since a mean's square holds each row with itself.
static gm_status discrepancy_of_means(const gm_rows *real, const gm_rows *fake, double *value) {
    size_t d = real->columns, count = monomials_of(d);
    double *mean, distance = 0, of_real = 0, of_fake = 0;
    GM_TRY(gm_alloc(&mean, 2 * count, sizeof *mean, "a kernel distance"));
    double *x = mean, *y = mean + count, real_kernel = mean_monomials(real, x), fake_kernel = mean_monomials(fake, y);
    for (size_t a = 0; a <= d; a++)
        for (size_t b = a; b <= d; b++)
            for (size_t c = b; c <= d; c++, x++, y++) {
                double weight = weight_of(a, b, c);
                distance += weight * (*x - *y) * (*x - *y);
                of_real += weight * *x * *x;
                of_fake += weight * *y * *y;
            }
    *value = distance + (of_real - real_kernel) / (double)(real->count - 1) +
             (of_fake - fake_kernel) / (double)(fake->count - 1);
    free(mean);
    return GM_OK;
}

// ---- Many columns ----

typedef struct kernel_sum {
    gm_session session;
    gm_tensor *left, *right, *sums;
    gm_phase *phase;
    size_t block, columns;
    float *values; // (block, columns)
} kernel_sum;

static gm_status kernel_sum_init(kernel_sum *k, gm_device *device, size_t block, size_t columns) {
    *k = (kernel_sum){.block = block, .columns = columns};
    GM_TRY(gm_session_init(&k->session, device, 0));
    gm_graph *graph = k->session.graph;
    k->left = gm_input(graph, "left", GM_FLOAT32, GM_SHAPE(block, columns));
    k->right = gm_input(graph, "right", GM_FLOAT32, GM_SHAPE(block, columns));
    gm_tensor *product = gm_gemm(k->left, k->right, &(gm_gemm_params){.transpose_b = true});
    gm_tensor *s = gm_scale(product, 1. / (double)columns);
    k->sums = gm_sum(gm_multiply(s, gm_offset(gm_multiply(s, gm_offset(s, 3)), 3)), GM_AXIS(1));
    k->phase = gm_phase_create(graph, "sums");
    gm_phase_fetch(k->phase, k->sums);
    GM_TRY(gm_session_plan(&k->session));
    return gm_alloc(&k->values, block * GM_MAX(columns, (size_t)1), sizeof(float), "a block of samples");
}

static void kernel_sum_finish(kernel_sum *k) {
    gm_session_finish(&k->session);
    free(k->values);
}

static gm_status write_block(kernel_sum *k, gm_tensor *input, const gm_rows *rows, size_t first) {
    gm_block_fill(k->values, k->block, rows->values, rows->count, rows->columns, first, NULL);
    return gm_plan_write(k->session.plan, input, k->values, k->block * k->columns * sizeof(float));
}

// Sum of the kernel over all pairs of a row of a and a row of b; pairs of blocks of one set are met once and count
// twice.
static gm_status sum_pairs(kernel_sum *k, const gm_rows *a, const gm_rows *b, double *sum) {
    float sums[BLOCK];
    *sum = 0;
    for (size_t i = 0; i < a->count; i += k->block) {
        GM_TRY(write_block(k, k->left, a, i));
        for (size_t j = a == b ? i : 0; j < b->count; j += k->block) {
            double block = 0;
            GM_TRY(write_block(k, k->right, b, j));
            GM_TRY(gm_plan_run(k->session.plan, k->phase));
            GM_TRY(gm_plan_read(k->session.plan, k->sums, sums, k->block * sizeof(float)));
            for (size_t row = 0; row < k->block; row++)
                block += sums[row];
            *sum += a == b && j > i ? 2 * block : block;
        }
    }
    return GM_OK;
}

// Of each row with itself.
static double sum_diagonal(const gm_rows *rows) {
    double sum = 0;
    for (size_t i = 0; i < rows->count; i++) {
        double s = 0;
        for (size_t j = 0; j < rows->columns; j++) {
            double value = rows->values[i * rows->columns + j];
            s += value * value;
        }
        s /= (double)rows->columns;
        sum += s * (s * (s + 3) + 3);
    }
    return sum;
}

static gm_status discrepancy(gm_device *device, const gm_rows *real, const gm_rows *fake, double *value) {
    kernel_sum k;
    double n = (double)real->count, m = (double)fake->count, within_real, within_fake, between;
    size_t block = GM_MIN(GM_MAX(real->count, fake->count), (size_t)BLOCK);
    gm_status status = GM_OK;
    GM_TRY_DONE(kernel_sum_init(&k, device, block, real->columns));
    GM_TRY_DONE(sum_pairs(&k, real, real, &within_real));
    GM_TRY_DONE(sum_pairs(&k, fake, fake, &within_fake));
    GM_TRY_DONE(sum_pairs(&k, real, fake, &between));
    *value = (within_real - sum_diagonal(real)) / (n * (n - 1)) + (within_fake - sum_diagonal(fake)) / (m * (m - 1)) -
             2 * between / (n * m);
done:
    kernel_sum_finish(&k);
    return status;
}

// Whether the samples lie so far from the origin, in units of their spread, that floats lose digits: the kernel grows
// with the sixth power of the distance, the discrepancy with the fourth.
static gm_status is_off_centre(const gm_rows *real, const gm_rows *fake, bool *off) {
    size_t d = real->columns;
    double *mean, squares = 0, of_mean = 0, count = (double)(real->count + fake->count);
    const gm_rows *sides[] = {real, fake};
    GM_TRY(gm_alloc(&mean, d, sizeof *mean, "a mean"));
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < sides[side]->count * d; i++) {
            double value = sides[side]->values[i];
            mean[i % d] += value / count;
            squares += value * value / count;
        }
    for (size_t j = 0; j < d; j++)
        of_mean += mean[j] * mean[j];
    free(mean);
    *off = of_mean > 16 * ((double)d + squares - of_mean);
    return GM_OK;
}

static gm_status measure_rows(gm_device *device, const gm_rows *real, const gm_rows *fake, gm_measure *found) {
    bool off = false;
    if (real->columns <= FEW_COLUMNS)
        return discrepancy_of_means(real, fake, &found->value);
    GM_TRY(is_off_centre(real, fake, &off));
    found->flags |= off ? (uint32_t)GM_MEASURE_FAR : 0;
    return discrepancy(device, real, fake, &found->value);
}

gm_status gm_measure_kid(gm_device *device, const gm_samples *real, const gm_samples *fake, gm_measure *measure) {
    gm_rows a, b;
    gm_status status = GM_OK;
    *measure = gm_measure_missing(0, 0);
    GM_TRY(gm_rows_init_both(&a, &b, real, fake));
    gm_measure found = gm_rows_measure(&a, &b, 2);
    if (found.count < 100)
        found.flags |= GM_MEASURE_FEW;
    if (!(found.flags & GM_MEASURE_MISSING))
        GM_TRY_DONE(measure_rows(device, &a, &b, &found));
    *measure = isfinite(found.value) ? found : gm_measure_missing(found.count, found.flags);
done:
    gm_rows_finish(&a);
    gm_rows_finish(&b);
    return status;
}

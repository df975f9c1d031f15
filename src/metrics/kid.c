// The kernel distance: unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3 (Binkowski et al.
// 2018).
//
// The kernel's constant 1 cancels in the discrepancy, so it is left out: s (s^2 + 3 s + 3), s = x.y / d. That keeps
// digits, and the zero rows that fill up the last block add nothing. Blocks of rows meet on the device; the sums of
// their rows are added in double on the host.
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 1024 };

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

gm_status gm_measure_kid(gm_device *device, const gm_samples *real, const gm_samples *fake, gm_measure *measure) {
    gm_rows a, b;
    gm_status status = GM_OK;
    *measure = gm_measure_missing(0, 0);
    GM_TRY(gm_rows_init_both(&a, &b, real, fake));
    gm_measure found = gm_rows_measure(&a, &b, 2);
    if (found.count < 100)
        found.flags |= GM_MEASURE_FEW;
    if (!(found.flags & GM_MEASURE_MISSING))
        GM_TRY_DONE(discrepancy(device, &a, &b, &found.value));
    *measure = isfinite(found.value) ? found : gm_measure_missing(found.count, found.flags);
done:
    gm_rows_finish(&a);
    gm_rows_finish(&b);
    return status;
}

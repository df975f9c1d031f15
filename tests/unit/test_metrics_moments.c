// Figures from moments: linear algebra, Fréchet and kernel distance, principal components, against closed forms and
// plain double loops, and of degenerate samples.
#include "moments_support.h"

// ---- Linear algebra ----

static void fill_symmetric(double *a, size_t n, int kind) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double noise = gm_philox_normal(5, 2, 0, (uint32_t)n, i * n + j), value = noise;
            if (kind == 1) // zero
                value = 0;
            else if (kind == 2) // all values equal
                value = i == j ? 3 : 0;
            else if (kind == 3) // rank 1
                value = (double)(i + 1) * (double)(j + 1);
            else if (kind == 4) // entries from tiny to huge
                value = noise * pow(10, 30 * (double)(i + j) / (double)(2 * n));
            else if (kind == 5) // tridiagonal, with blocks that do not touch
                value = i == j ? noise : i == j + 1 && i % 3 != 0 ? 1e-150 : 0;
            a[i * n + j] = a[j * n + i] = kind == 6 ? 1e-300 * value : value;
        }
}

static void eigenvectors_solve_their_equation(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 7, 33, 200};
    for (size_t s = 0; s < GM_COUNT(sizes); s++)
        for (int kind = 0; kind <= 6; kind++) {
            size_t n = sizes[s];
            double *a = malloc(4 * n * n * sizeof *a), *copy = a + n * n, *v = copy + n * n, *values = v + n * n;
            double norm = 0, alone[200];
            fill_symmetric(a, n, kind);
            memcpy(copy, a, n * n * sizeof *a);
            for (size_t i = 0; i < n * n; i++)
                norm = fmax(norm, fabs(a[i]) * (double)n);
            check_ok(gm_eigen_symmetric(copy, n, values, v));
            for (size_t i = 0; i < n; i++) {
                assert_true(i == 0 || values[i] <= values[i - 1]);
                for (size_t j = 0; j <= i; j++)
                    assert_near(gm_dot(v + i * n, v + j * n, n), i == j ? 1 : 0, 1e-13 * (double)n);
                for (size_t j = 0; j < n; j++)
                    assert_near(gm_dot(a + j * n, v + i * n, n), values[i] * v[i * n + j], 1e-13 * norm);
            }
            memcpy(copy, a, n * n * sizeof *a);
            check_ok(gm_eigen_symmetric(copy, n, alone, NULL));
            for (size_t i = 0; i < n; i++)
                assert_near(alone[i], values[i], 1e-13 * norm);
            free(a);
        }
    fails(gm_eigen_symmetric((double[]){1, NAN, NAN, 1}, 2, (double[2]){0}, NULL), "not finite");
}

// tr (C C')^(1/2) of 2 x 2 matrices: (tr C C' + 2 (det C C')^(1/2))^(1/2).
static double frechet_2(const double *m, const double *c, const double *m2, const double *c2) {
    double product = c[0] * c2[0] + c[1] * c2[2] + c[2] * c2[1] + c[3] * c2[3];
    double det = (c[0] * c[3] - c[1] * c[2]) * (c2[0] * c2[3] - c2[1] * c2[2]);
    double dx = m[0] - m2[0], dy = m[1] - m2[1];
    return dx * dx + dy * dy + c[0] + c[3] + c2[0] + c2[3] - 2 * sqrt(product + 2 * sqrt(fmax(det, 0)));
}

static void frechet_of_exact_moments_is_the_closed_form(void **state) {
    (void)state;
    double m[2] = {1, -2}, c[4] = {2, .9, .9, 1}, m2[2] = {.5, 3}, c2[4] = {1, -.4, -.4, .5}, value;
    gm_moments a = {2, m, c}, b = {2, m2, c2};
    check_ok(gm_frechet_of_moments(&a, &b, &value));
    assert_near(value, frechet_2(m, c, m2, c2), 1e-12);
    check_ok(gm_frechet_of_moments(&a, &a, &value));
    assert_near(value, 0, 1e-12);
    double flat[4] = {4, 0, 0, 0}; // singular
    check_ok(gm_frechet_of_moments(&a, &(gm_moments){2, m, flat}, &value));
    assert_near(value, frechet_2(m, c, m, flat), 1e-9);

    // Diagonal: sum of (sqrt(a) - sqrt(b))^2.
    enum { D = 40 };
    static double mean[D], one[D * D], two[D * D];
    double expected = 0;
    for (size_t i = 0; i < D; i++) {
        one[i * D + i] = (double)i;
        two[i * D + i] = 2 + (double)((7 * i) % D);
        expected += pow(sqrt(one[i * D + i]) - sqrt(two[i * D + i]), 2);
    }
    check_ok(gm_frechet_of_moments(&(gm_moments){D, mean, one}, &(gm_moments){D, mean, two}, &value));
    assert_near(value, expected, 1e-9);
}

static void frechet_of_samples_is_that_of_their_moments(void **state) {
    (void)state;
    gm_measure found;
    gm_samples x = draw(1, 500, 2), y = draw(2, 300, 2);
    transform(&y, 100, 3);
    double mean[2][2] = {{0}}, covariance[2][4] = {{0}};
    const gm_samples *sides[] = {&x, &y};
    for (size_t s = 0; s < 2; s++) {
        size_t n = sides[s]->count;
        for (size_t i = 0; i < 2 * n; i++)
            mean[s][i % 2] += sides[s]->values[i] / (double)n;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < 4; j++)
                covariance[s][j] += (sides[s]->values[2 * i + j / 2] - mean[s][j / 2]) *
                                    (sides[s]->values[2 * i + j % 2] - mean[s][j % 2]) / (double)(n - 1);
    }
    check_ok(gm_measure_frechet(&x, &y, &found));
    assert_near(found.value, frechet_2(mean[0], covariance[0], mean[1], covariance[1]), 1e-8);
    assert_flags(&found, 0);
    assert_int_equal(found.count, 300);
    release(&x);
    release(&y);

    // N(0, I) against N(1, 4 I) in 8 dimensions: 8 (1 + 1); the same distribution: about 8 * 9 / 2N + 2 * 8 / N.
    x = draw(3, 20000, 8);
    y = draw(4, 20000, 8);
    check_ok(gm_measure_frechet(&x, &y, &found));
    assert_true(found.value > 0 && found.value < 2 * 52. / 20000);
    transform(&y, 1, 2);
    check_ok(gm_measure_frechet(&x, &y, &found));
    assert_near(found.value, 16, .25);
    release(&x);
    release(&y);
}

static void degenerate_samples_have_flagged_frechet_distances(void **state) {
    (void)state;
    gm_measure found;
    gm_samples x = draw(1, 50, 3), y = draw(2, 50, 3);
    check_ok(gm_measure_frechet(&x, &x, &found));
    assert_near(found.value, 0, 1e-9);
    for (size_t i = 0; i < 50; i++)
        edit(&y)[3 * i] = 7; // a constant column
    check_ok(gm_measure_frechet(&x, &y, &found));
    assert_flags(&found, 0);
    edit(&y)[4] = NAN;
    edit(&x)[7] = INFINITY;
    check_ok(gm_measure_frechet(&x, &y, &found));
    assert_flags(&found, GM_MEASURE_NOT_FINITE);
    assert_int_equal(found.count, 49);
    for (size_t i = 0; i < 150; i++)
        edit(&y)[i] = (float)(i % 3);
    check_ok(gm_measure_frechet(&x, &y, &found)); // collapsed onto a point: the covariance is 0
    assert_flags(&found, GM_MEASURE_NOT_FINITE | GM_MEASURE_DUPLICATES);
    assert_int_equal(found.duplicates, 49);
    assert_true(found.value > 0);
    check_ok(gm_measure_frechet(&x, &(gm_samples){y.values, 1, 3}, &found));
    assert_flags(&found, GM_MEASURE_NOT_FINITE | GM_MEASURE_FEW | GM_MEASURE_BIASED | GM_MEASURE_MISSING);
    check_ok(gm_measure_frechet(&(gm_samples){x.values, 2, 3}, &(gm_samples){y.values, 0, 3}, &found));
    assert_int_equal(found.count, 0);
    check_ok(gm_measure_frechet(&(gm_samples){x.values, 2, 25}, &(gm_samples){x.values, 3, 25}, &found)); // N < d
    assert_true(isfinite(found.value) && found.flags & GM_MEASURE_FEW);
    fails(gm_measure_frechet(&x, &(gm_samples){y.values, 10, 2}, &found), "real samples have 3 columns, fake ones 2");
    assert_true(found.flags & GM_MEASURE_MISSING);
    fails(gm_measure_frechet(&(gm_samples){0}, &(gm_samples){0}, &found), "at least one column");
    release(&x);
    release(&y);
}

// ---- Kernel distance ----

static double kernel_mean(const gm_samples *a, const gm_samples *b) {
    double sum = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++) {
            double s = 0;
            for (size_t k = 0; k < a->columns; k++)
                s += (double)a->values[i * a->columns + k] * (double)b->values[j * b->columns + k];
            s = s / (double)a->columns + 1;
            if (a != b || i != j)
                sum += s * s * s;
        }
    return sum / ((double)a->count * (double)(a == b ? a->count - 1 : b->count));
}

static void kid_equals_the_sum_over_all_pairs(void **state) {
    (void)state;
    static const size_t sizes[][3] = {{2, 2, 1},      {130, 77, 5},   {1500, 1100, 3},  {1024, 2050, 2},
                                      {150, 120, 64}, {150, 120, 65}, {1300, 1025, 80}, {60, 40, 300}};
    for (size_t s = 0; s < GM_COUNT(sizes); s++) {
        gm_samples x = draw(1, sizes[s][0], sizes[s][2]), y = draw(2, sizes[s][1], sizes[s][2]);
        transform(&y, .3, 1.2);
        gm_measure found;
        double expected = kernel_mean(&x, &x) + kernel_mean(&y, &y) - 2 * kernel_mean(&x, &y);
        check_ok(gm_measure_kid(device, &x, &y, &found));
        assert_near(found.value, expected, 1e-5 * fabs(expected));
        assert_flags(&found, GM_MIN(sizes[s][0], sizes[s][1]) < 100 ? GM_MEASURE_FEW : 0);
        release(&x);
        release(&y);
    }
}

// Far from the origin all kernels are huge and nearly equal: the figure keeps its digits, or says that it does not.
static void kid_off_centre_is_exact_or_flagged(void **state) {
    (void)state;
    static const double offsets[] = {1, 10, 100, 1000};
    static const size_t columns[] = {3, 16, 80};
    for (size_t c = 0; c < GM_COUNT(columns); c++)
        for (size_t i = 0; i < GM_COUNT(offsets); i++) {
            gm_samples x = draw(1, 300, columns[c]), y = draw(2, 300, columns[c]);
            transform(&x, offsets[i], 1);
            transform(&y, offsets[i] + .3, 1.2);
            gm_measure found;
            double expected = kernel_mean(&x, &x) + kernel_mean(&y, &y) - 2 * kernel_mean(&x, &y);
            check_ok(gm_measure_kid(device, &x, &y, &found));
            bool far = columns[c] == 80 && i > 0;
            assert_flags(&found, far ? GM_MEASURE_FAR : 0);
            if (!far)
                assert_near(found.value, expected, 1e-5 * fabs(expected));
            release(&x);
            release(&y);
        }
}

static void kid_is_unbiased_and_defined_for_few_samples(void **state) {
    (void)state;
    gm_measure found;
    double sum = 0;
    for (uint64_t seed = 0; seed < 20; seed++) { // with the diagonal it would be about 10 above 0
        gm_samples x = draw(2 * seed, 10, 2), y = draw(2 * seed + 1, 10, 2);
        check_ok(gm_measure_kid(device, &x, &y, &found));
        sum += found.value / 20;
        release(&x);
        release(&y);
    }
    assert_near(sum, 0, 1);
    gm_samples x = draw(1, 30, 4);
    check_ok(gm_measure_kid(device, &x, &(gm_samples){x.values, 1, 4}, &found));
    assert_flags(&found, GM_MEASURE_FEW | GM_MEASURE_MISSING);
    edit(&x)[5] = NAN;
    check_ok(gm_measure_kid(device, &x, &x, &found));
    assert_flags(&found, GM_MEASURE_FEW | GM_MEASURE_NOT_FINITE);
    for (size_t i = 0; i < 120; i++)
        edit(&x)[i] = 2;
    check_ok(gm_measure_kid(device, &x, &x, &found)); // all rows equal: no discrepancy
    assert_near(found.value, 0, 1e-4);
    assert_int_equal(found.duplicates, 58);
    edit(&x)[0] = 1e30f;
    const gm_samples copy = x; // with the rows themselves
    check_ok(gm_measure_kid(device, &x, &x, &found));
    double expected = 2 * (kernel_mean(&x, &x) - kernel_mean(&x, &copy));
    assert_near(found.value, expected, 1e-5 * fabs(expected));
    gm_samples wide = draw(1, 30, 65);
    edit(&wide)[0] = 1e30f; // its kernel is beyond float32
    check_ok(gm_measure_kid(device, &wide, &wide, &found));
    assert_flags(&found, GM_MEASURE_FEW | GM_MEASURE_MISSING);
    release(&wide);
    fails(gm_measure_kid(device, &x, &(gm_samples){x.values, 10, 3}, &found), "columns");
    release(&x);
}

// ---- Principal components ----

// Rows with standard deviations 2^-k along a rotated basis: the k-th Householder reflection of the axes.
static gm_samples draw_spiked(uint64_t seed, size_t count, size_t d, size_t spikes, double noise) {
    gm_samples x = draw(seed, count, d);
    for (size_t i = 0; i < count; i++) {
        float *row = edit(&x) + i * d;
        double sum = 0;
        for (size_t j = 0; j < d; j++) {
            row[j] *= (float)(j < spikes ? pow(2, -(double)j) : noise);
            sum += row[j] / sqrt((double)d);
        }
        for (size_t j = 0; j < d; j++)
            row[j] = (float)(row[j] - 2 * sum / sqrt((double)d) + (double)(j % 5));
    }
    return x;
}

// Variance and direction of each axis against the eigenvectors of the covariance in double.
static void check_pca(const gm_samples *x, size_t components, double tolerance) {
    gm_pca *pca;
    gm_moments moments;
    size_t d = x->columns;
    double *values = malloc((d + d * d) * sizeof *values), *vectors = values + d, trace = 0, kept = 0;
    float *scores = malloc(x->count * components * sizeof *scores);
    check_ok(gm_moments_init(&moments, x->values, x->count, d));
    for (size_t j = 0; j < d; j++)
        trace += moments.covariance[j * d + j];
    check_ok(gm_eigen_symmetric(moments.covariance, d, values, vectors));
    check_ok(gm_pca_create(&pca, device, x, components));
    check_ok(gm_pca_apply(pca, device, x, scores));
    assert_int_equal(pca->components, components);
    assert_int_equal(pca->count, x->count);
    assert_near(pca->total, trace, 1e-6 * trace);
    for (size_t k = 0; k < components; k++) {
        const double *v = vectors + k * d;
        double cosine = 0, largest = 0;
        assert_near(pca->variance[k], values[k], 1e-5 * values[0]);
        kept += values[k] / trace;
        for (size_t j = 0; j < d; j++) {
            cosine += v[j] * pca->axes[k * d + j];
            if (fabs((double)pca->axes[k * d + j]) > fabs(largest))
                largest = pca->axes[k * d + j];
        }
        assert_true(largest > 0);
        assert_near(fabs(cosine), 1, tolerance);
        double squares = 0;
        for (size_t i = 0; i < x->count; i++) {
            double score = 0;
            for (size_t j = 0; j < d; j++)
                score += (x->values[i * d + j] - moments.mean[j]) * pca->axes[k * d + j];
            assert_near(scores[i * components + k], score, 1e-5 * sqrt(values[0]) * 4);
            squares += score * score;
        }
        assert_near(squares / (double)(x->count - 1), values[k], 1e-5 * values[0]);
    }
    assert_near(gm_pca_explained(pca), kept, 1e-5);
    gm_pca_destroy(&pca);
    assert_null(pca);
    gm_moments_finish(&moments);
    free(values);
    free(scores);
}

static void pca_finds_the_covariances_leading_axes(void **state) {
    (void)state;
    gm_samples few_columns = draw_spiked(1, 1100, 20, 6, .01), few_rows = draw_spiked(2, 60, 300, 4, .01),
               wide = draw_spiked(3, 600, 300, 6, .01);
    check_pca(&few_columns, 5, 1e-6);
    check_pca(&few_rows, 3, 1e-6);
    check_pca(&wide, 5, 1e-5); // on the device
    release(&few_columns);
    release(&few_rows);
    release(&wide);
}

// The axes span what the samples do: samples of rank 3 are rebuilt from 3 scores, and no more axes come out.
static void pca_of_low_rank_samples_rebuilds_them(void **state) {
    (void)state;
    static const size_t sizes[][2] = {{400, 12}, {40, 280}, {300, 280}};
    for (size_t s = 0; s < GM_COUNT(sizes); s++) {
        size_t n = sizes[s][0], d = sizes[s][1];
        gm_samples factors = draw(1, n, 3), loads = draw(2, 3, d), x = draw(3, n, d);
        gm_pca *pca;
        for (size_t i = 0; i < n * d; i++) {
            double sum = 1;
            for (size_t k = 0; k < 3; k++)
                sum += (double)factors.values[i / d * 3 + k] * loads.values[k * d + i % d];
            edit(&x)[i] = (float)(ldexp(rint(ldexp(sum, 6)), -6)); // near rank 3
        }
        check_ok(gm_pca_create(&pca, device, &x, 3));
        float *scores = malloc(n * 3 * sizeof *scores);
        check_ok(gm_pca_apply(pca, device, &x, scores));
        for (size_t i = 0; i < n * d; i++) {
            double sum = pca->mean[i % d];
            for (size_t k = 0; k < 3; k++)
                sum += (double)scores[i / d * 3 + k] * pca->axes[k * d + i % d];
            assert_near(sum, x.values[i], .05);
        }
        assert_true(gm_pca_explained(pca) > .999);
        gm_pca_destroy(&pca);
        free(scores);
        release(&factors);
        release(&loads);
        release(&x);
    }
}

static void pca_of_degenerate_samples(void **state) {
    (void)state;
    gm_pca *pca, *again;
    gm_samples x = draw(1, 300, 400);
    for (size_t i = 0; i < 300; i++)
        for (size_t j = 0; j < 400; j++)
            if (j > 1)
                edit(&x)[i * 400 + j] = 5; // two columns vary
    check_ok(gm_pca_create(&pca, device, &x, 16));
    check_ok(gm_pca_create(&again, device, &x, 16));
    assert_int_equal(pca->components, 2);
    assert_near(gm_pca_explained(pca), 1, 1e-6);
    assert_memory_equal(pca->axes, again->axes, 2 * 400 * sizeof(float));
    gm_pca_destroy(&again);
    float scores[8];
    edit(&x)[400] = NAN;
    check_ok(gm_pca_apply(pca, device, &(gm_samples){x.values, 4, 400}, scores));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(isnan(scores[i]), i / 2 == 1);
    fails(gm_pca_apply(pca, device, &(gm_samples){x.values, 4, 40}, scores),
          "40 columns: the principal components are");
    gm_pca_destroy(&pca);
    check_ok(gm_pca_create(&pca, device, &(gm_samples){x.values, 3, 400}, 16)); // one of three rows is not finite
    assert_int_equal(pca->components, 1);
    assert_int_equal(pca->count, 2);
    gm_pca_destroy(&pca);
    fails(gm_pca_create(&pca, device, &(gm_samples){x.values, 2, 400}, 2), "at least 2 finite samples: there are 1");
    for (size_t i = 0; i < 300 * 400; i++)
        edit(&x)[i] = .1f * (float)(i % 400); // sums that round
    fails(gm_pca_create(&pca, device, &x, 2), "300 equal samples");
    assert_null(pca);
    fails(gm_pca_create(&pca, device, &x, 0), "1 to 128");
    release(&x);
    gm_pca_destroy(&pca);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eigenvectors_solve_their_equation),
        cmocka_unit_test(frechet_of_exact_moments_is_the_closed_form),
        cmocka_unit_test(frechet_of_samples_is_that_of_their_moments),
        cmocka_unit_test(degenerate_samples_have_flagged_frechet_distances),
        cmocka_unit_test(kid_equals_the_sum_over_all_pairs),
        cmocka_unit_test(kid_off_centre_is_exact_or_flagged),
        cmocka_unit_test(kid_is_unbiased_and_defined_for_few_samples),
        cmocka_unit_test(pca_finds_the_covariances_leading_axes),
        cmocka_unit_test(pca_of_low_rank_samples_rebuilds_them),
        cmocka_unit_test(pca_of_degenerate_samples),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}

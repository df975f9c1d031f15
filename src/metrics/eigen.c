// Eigenvalues and eigenvectors of symmetric matrices, in double: Householder tridiagonalisation, then implicit QL
// (Wilkinson and Reinsch, "Handbook for automatic computation II", 1971, II/2 and II/3).
//
// Every inner loop runs along rows, so that 1000 x 1000 takes seconds: the orthogonal factor is kept transposed, which
// makes the rotations of QL work on two rows and leaves an eigenvector per row.
#include "metrics/moments.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double gm_dot(const double *a, const double *b, size_t count) {
    double sum[8] = {0}, total = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < count; i++)
        total += a[i] * b[i];
    for (size_t k = 0; k < 8; k++)
        total += sum[k];
    return total;
}

static void add_scaled(double *y, double factor, const double *x, size_t count) {
    for (size_t i = 0; i < count; i++)
        y[i] += factor * x[i];
}

// H = 1 - beta v v^T with H x = (alpha, 0, ...): x becomes v. Returns beta, 0 when there is nothing to reflect.
static double householder(double *x, size_t count, double *alpha) {
    double tail = gm_dot(x + 1, x + 1, count - 1);
    *alpha = x[0];
    if (tail == 0)
        return 0;
    *alpha = -copysign(sqrt(x[0] * x[0] + tail), x[0]);
    x[0] -= *alpha;
    return 2 / (x[0] * x[0] + tail);
}

// a becomes tridiagonal: d its diagonal, e[i] between i and i + 1. Row k of a keeps the k-th reflection's v behind the
// diagonal, beta[k] its factor. work: n.
static void tridiagonalise(double *a, size_t n, double *d, double *e, double *beta, double *work) {
    for (size_t k = 0; k + 1 < n; k++) {
        double *v = a + k * n + k + 1;
        size_t m = n - k - 1;
        d[k] = a[k * n + k];
        beta[k] = householder(v, m, &e[k]);
        if (beta[k] == 0)
            continue;
        // The rest B becomes H B H = B - v w^T - w v^T, w = p - (beta/2 p.v) v, p = beta B v.
        memset(work, 0, m * sizeof *work);
        for (size_t i = 0; i < m; i++)
            add_scaled(work, beta[k] * v[i], a + (k + 1 + i) * n + k + 1, m);
        add_scaled(work, -beta[k] / 2 * gm_dot(work, v, m), v, m);
        for (size_t i = 0; i < m; i++) {
            double *row = a + (k + 1 + i) * n + k + 1;
            for (size_t j = 0; j < m; j++)
                row[j] -= v[i] * work[j] + work[i] * v[j];
        }
    }
    d[n - 1] = a[n * n - 1];
    e[n - 1] = 0;
}

// The transposed product of the reflections, from the last one, which touches the fewest rows, to the first.
static void accumulate(const double *a, size_t n, const double *beta, double *q) {
    memset(q, 0, n * n * sizeof *q);
    for (size_t i = 0; i < n; i++)
        q[i * n + i] = 1;
    for (size_t k = n - 1; k-- > 0;) {
        const double *v = a + k * n + k + 1;
        for (size_t i = k + 1; i < n && beta[k] != 0; i++) {
            double *row = q + i * n + k + 1;
            add_scaled(row, -beta[k] * gm_dot(row, v, n - k - 1), v, n - k - 1);
        }
    }
}

// Rows i and i + 1 of q turn by the angle of cosine c and sine s.
static void rotate(double *q, size_t n, size_t i, double c, double s) {
    double *low = q + i * n, *high = low + n;
    for (size_t j = 0; j < n; j++) {
        double h = high[j];
        high[j] = s * low[j] + c * h;
        low[j] = c * low[j] - s * h;
    }
}

// The first m >= l whose off-diagonal is negligible.
static size_t find_split(const double *e, size_t l, size_t n, double negligible) {
    size_t m = l;
    while (m + 1 < n && fabs(e[m]) > negligible)
        m++;
    return m;
}

// One QL step with Wilkinson's shift on the block l ... m.
static void ql_step(double *d, double *e, size_t l, size_t m, double *q, size_t n) {
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = hypot(g, 1), s = 1, c = 1, p = 0;
    g = d[m] - d[l] + e[l] / (g + copysign(r, g));
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];
        e[i + 1] = r = hypot(f, g);
        if (r == 0) { // the block splits here
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        if (q)
            rotate(q, n, i, c, s);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

// Negligible is measured by the whole matrix: where it is singular, what is left between tiny diagonals is rounding.
static gm_status diagonalise(double *d, double *e, size_t n, double *q) {
    double norm = 0;
    for (size_t i = 0; i < n; i++)
        norm = fmax(norm, fabs(d[i]) + fabs(e[i]));
    for (size_t l = 0; l < n; l++) {
        size_t m;
        for (int step = 0; (m = find_split(e, l, n, DBL_EPSILON * norm)) != l; step++) {
            if (step == 60)
                return gm_fail(GM_ERROR_STATE, "the eigenvalues of a %zu x %zu matrix do not converge", n, n);
            ql_step(d, e, l, m, q, n);
        }
    }
    return GM_OK;
}

typedef struct ranked {
    double value;
    size_t index;
} ranked;

static int falling(const void *a, const void *b) {
    double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
    return x < y ? 1 : x > y ? -1 : 0;
}

// Scaled by its largest entry, so that no square overflows or vanishes.
static gm_status scale_down(double *a, size_t n, double *scale) {
    *scale = 0;
    for (size_t i = 0; i < n * n; i++) {
        if (!isfinite(a[i]))
            return gm_fail(GM_ERROR_ARGUMENT, "a %zu x %zu matrix with values that are not finite has no eigenvalues",
                           n, n);
        *scale = fmax(*scale, fabs(a[i]));
    }
    for (size_t i = 0; i<n * n && * scale> 0; i++)
        a[i] /= *scale;
    return GM_OK;
}

gm_status gm_eigen_symmetric(double *a, size_t n, double *values, double *vectors) {
    double *work = NULL, *q = NULL, scale;
    ranked *order = NULL;
    gm_status status = GM_OK;
    GM_TRY_DONE(scale_down(a, n, &scale));
    GM_TRY_DONE(gm_alloc(&work, 4 * n, sizeof *work, "eigenvalues"));
    GM_TRY_DONE(gm_alloc(&order, n, sizeof *order, "eigenvalues"));
    double *d = work, *e = d + n, *beta = e + n;
    tridiagonalise(a, n, d, e, beta, beta + n);
    if (vectors) {
        GM_TRY_DONE(gm_alloc(&q, n * n, sizeof *q, "eigenvectors"));
        accumulate(a, n, beta, q);
    }
    GM_TRY_DONE(diagonalise(d, e, n, q));
    for (size_t i = 0; i < n; i++)
        order[i] = (ranked){d[i] * scale, i};
    qsort(order, n, sizeof *order, falling);
    for (size_t i = 0; i < n; i++) {
        values[i] = order[i].value;
        if (vectors)
            memcpy(vectors + i * n, q + order[i].index * n, n * sizeof *q);
    }
done:
    free(q);
    free(order);
    free(work);
    return status;
}

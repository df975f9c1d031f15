#include "kernels/toom.h"

#include <stdint.h>
#include <string.h>

// In the order in which they are taken. Small ones keep the numbers small that results cancel from.
static const struct {
    int numerator, denominator;
} points[GM_TOOM_MOST - 1] = {{0, 1}, {1, 1}, {-1, 1}, {2, 1}, {-1, 2}};

typedef struct fraction {
    int64_t above, below; // below > 0, in lowest terms
} fraction;

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static fraction make(int64_t above, int64_t below) {
    int64_t divisor = common_divisor(above, below);
    return below < 0 ? (fraction){-above / divisor, -below / divisor} : (fraction){above / divisor, below / divisor};
}

static fraction multiply(fraction a, fraction b) {
    return make(a.above * b.above, a.below * b.below);
}

static fraction subtract(fraction a, fraction b) {
    return make(a.above * b.below - b.above * a.below, a.below * b.below);
}

static fraction power(fraction a, size_t exponent) {
    fraction product = {1, 1};
    for (size_t i = 0; i < exponent; i++)
        product = multiply(product, a);
    return product;
}

static fraction point(size_t index) {
    return make(points[index].numerator, points[index].denominator);
}

// The coefficients of the product over all `count` points but one (count: but none) of (t - point).
static void expand(size_t count, size_t left_out, fraction coefficient[GM_TOOM_MOST]) {
    for (size_t i = 0; i < GM_TOOM_MOST; i++)
        coefficient[i] = (fraction){i == 0, 1};
    for (size_t p = 0; p < count; p++)
        for (size_t i = GM_TOOM_MOST; i-- > 0 && p != left_out;)
            coefficient[i] =
                subtract(i > 0 ? coefficient[i - 1] : (fraction){0, 1}, multiply(point(p), coefficient[i]));
}

// What makes a row whole numbers.
static int64_t least_multiple(const fraction *row, size_t count) {
    int64_t multiple = 1;
    for (size_t i = 0; i < count; i++)
        multiple = multiple / common_divisor(multiple, row[i].below) * row[i].below;
    return multiple;
}

static double value(fraction a) {
    return (double)a.above / (double)a.below;
}

gm_toom gm_toom_create(size_t results, size_t taps) {
    size_t finite = results + taps - 2;
    gm_toom toom;
    memset(&toom, 0, sizeof toom);
    toom.results = results;
    toom.taps = taps;
    toom.points = finite + 1;
    for (size_t p = 0; p <= finite; p++) {
        fraction row[GM_TOOM_MOST], divisor = {1, 1};
        expand(finite, p, row);
        for (size_t other = 0; other < finite && p < finite; other++)
            if (other != p)
                divisor = multiply(divisor, subtract(point(p), point(other)));
        // Row by row the data's factors may be larger if the taps' are smaller.
        int64_t scale = least_multiple(row, finite + 1);
        for (size_t i = 0; i <= finite; i++)
            toom.data[p][i] = value(multiply(row[i], (fraction){scale, 1}));
        divisor = multiply(divisor, (fraction){scale, 1});
        for (size_t j = 0; j < taps; j++)
            toom.tap[p][j] = p == finite ? (j == taps - 1) / (double)scale : value(power(point(p), j)) / value(divisor);
        for (size_t i = 0; i < results; i++)
            toom.result[i][p] = p == finite ? i == results - 1 : value(power(point(p), i));
    }
    return toom;
}

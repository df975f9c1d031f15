// Accountants of the subsampled Gaussian mechanism.
//   L = ln P(x) / Q(x), x ~ P: the privacy loss of a step; its sum over T independent steps is that of all of them.
// Either of two neighbouring data sets may be the one with the example: P = mixture, Q = N, or the other way round.
#include "base/base.h"
#include "ganymede/privacy.h"
#include "privacy/moments.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

#define MOST_NOISE  1e6
#define LEAST_NOISE .2

static gm_status check(const gm_private_steps *p, double noise) {
    if (!(noise >= LEAST_NOISE && noise <= MOST_NOISE))
        return gm_fail(GM_ERROR_ARGUMENT, "privacy: the noise must be from %g to %g times the clipping length, not %g",
                       LEAST_NOISE, MOST_NOISE, noise);
    if (!(p->rate > 0 && p->rate <= 1))
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "privacy: the rate is the probability of an example to be in a batch, above 0 and at most 1, not "
            "%g",
            p->rate);
    if (!(p->delta > 0 && p->delta < 1))
        return gm_fail(GM_ERROR_ARGUMENT, "privacy: delta is a probability above 0 and below 1, not %g", p->delta);
    return GM_OK;
}

// ---- Renyi differential privacy ----

// Orders 1.1, 1.2, ..., 10.9, 11, 12, ..., 64, then powers of two.
static double order_at(size_t i) {
    if (i < 99)
        return 1 + (double)(i + 1) / 10;
    return i < 153 ? (double)(i - 88) : ldexp(128, (int)i - 153);
}

enum { ORDERS = 157 };

// The divergence of order a from the mixture to N is the larger one (Mironov et al. 2019).
static gm_status account_renyi(const gm_private_steps *p, gm_privacy_spent *spent) {
    spent->epsilon = INFINITY;
    for (size_t i = 0; i < ORDERS; i++) {
        const double order = order_at(i);
        gm_loss_grid grid;
        GM_TRY(gm_loss_grid_init(&grid, p->noise, p->rate, order));
        const double divergence = (double)p->steps * gm_loss_moment(&grid, order) / (order - 1);
        gm_loss_grid_finish(&grid);
        const double epsilon = divergence + log1p(-1 / order) - (log(p->delta) + log(order)) / (order - 1);
        if (epsilon < spent->epsilon) {
            spent->epsilon = epsilon;
            spent->order = order;
        }
    }
    spent->epsilon = fmax(spent->epsilon, 0);
    return GM_OK;
}

// ---- The distribution of the loss ----

// One of the two directions. E e^(tL) is the moment of r of order `sign` t + `shift`.
typedef struct direction {
    double sign, shift;
} direction;

typedef struct loss {
    const gm_private_steps *steps;
    direction from;
    double epsilon;
} loss;

static double order_of(const loss *l, double t) {
    return l->from.sign * t + l->from.shift;
}

// ln of what the contour integral below has on the real axis, T ln E e^(tL) - epsilon t - ln t - ln (1 + t): convex.
static double exponent(const loss *l, const gm_loss_grid *grid, double t) {
    const double moment = gm_loss_moment(grid, order_of(l, t));
    return (double)l->steps->steps * moment - l->epsilon * t - log(t) - log1p(t);
}

// Where that is least, and a grid for moments about there.
static gm_status find_saddle(const loss *l, gm_loss_grid *grid, double *t) {
    const double golden = .6180339887498949, widest = 1 << 10;
    for (double most = 16;; most *= 4) {
        double low = log(1e-6), high = log(most);
        GM_TRY(gm_loss_grid_init(grid, l->steps->noise, l->steps->rate, order_of(l, most)));
        for (size_t i = 0; i < 24; i++) { // nearly: any t will do
            const double a = high - golden * (high - low), b = low + golden * (high - low);
            if (exponent(l, grid, exp(a)) < exponent(l, grid, exp(b)))
                high = b;
            else
                low = a;
        }
        *t = exp((low + high) / 2);
        if (*t < .9 * most || most >= widest)
            return GM_OK;
        gm_loss_grid_finish(grid);
    }
}

// The integral over Re z = t, over what it has on the real axis, by the trapezoidal rule; not a number where it does
// not converge, as for a few steps, whose loss is no smooth sum.
static gm_status integrate(const loss *l, const gm_loss_grid *grid, double t, double step, double *result) {
    const double pi = 3.14159265358979323846, negligible = 1e-20, small = 1e-14, order = order_of(l, t);
    const double moment = gm_loss_moment(grid, order);
    const size_t most = 20000;
    double _Complex *value, *turn;
    size_t count = 0;
    GM_TRY(gm_alloc(&value, 2 * grid->count, sizeof *value, "an accountant's integral"));
    turn = value + grid->count;
    for (size_t i = 0; i < grid->count; i++) {
        const double weight = exp(grid->weight[i] + order * grid->ratio[i] - moment);
        if (weight < negligible)
            continue;
        value[count] = weight;
        turn[count++] = cexp(I * l->from.sign * step * grid->ratio[i]);
    }
    double sum = .5, largest = 1; // of the last terms
    for (size_t k = 1; k < most && largest > small; k++) {
        double _Complex mean = 0, z = t + I * (double)k * step;
        for (size_t i = 0; i < count; i++)
            mean += value[i] *= turn[i];
        const double _Complex term =
            cexp((double)l->steps->steps * clog(mean) - I * l->epsilon * cimag(z)) * (t * (1 + t)) / (z * (1 + z));
        sum += creal(term);
        largest = fmax(cabs(term), k % 16 ? largest : 0);
    }
    free(value);
    *result = largest <= small && sum > 0 ? sum * step / pi : NAN;
    return GM_OK;
}

// ln delta(epsilon) = ln E max(0, 1 - e^(epsilon - L)): 1 / (2 pi i) times the integral of
// e^(T ln E e^(zL) - epsilon z) / (z (1 + z)) along any line Re z = t > 0: that through the saddle point, where it
// oscillates least. Infinite where it is not known.
static gm_status log_delta(const loss *l, double *result) {
    gm_loss_grid grid;
    double t, integral = NAN;
    // Without its example the data gain no more than this by a step.
    if (l->from.sign < 0 && l->epsilon >= -(double)l->steps->steps * log1p(-l->steps->rate)) {
        *result = -INFINITY;
        return GM_OK;
    }
    GM_TRY(find_saddle(l, &grid, &t));
    const double near = 1e-3 * t, top = exponent(l, &grid, t);
    const double curvature = (exponent(l, &grid, t + near) - 2 * top + exponent(l, &grid, t - near)) / (near * near);
    // Its width along the line; and no step over the poles at 0 and -1.
    const double step = fmin(1 / (12 * sqrt(fmax(curvature, 1e-300))), t / 6);
    gm_status status = integrate(l, &grid, t, step, &integral);
    gm_loss_grid_finish(&grid);
    *result = isnan(integral) ? INFINITY : top + log(integral);
    return status;
}

// The least epsilon whose delta is at most that of the steps; bound: one that is known to suffice.
static gm_status solve(loss *l, double bound, double *epsilon) {
    double low = 0, high = bound, found, wanted = log(l->steps->delta);
    l->epsilon = 0;
    GM_TRY(log_delta(l, &found));
    for (size_t i = 0; i < 60 && found > wanted && high - low > 1e-9 * high; i++) {
        double value;
        l->epsilon = (low + high) / 2;
        GM_TRY(log_delta(l, &value));
        if (value > wanted)
            low = l->epsilon;
        else
            high = l->epsilon;
    }
    *epsilon = found > wanted ? high : 0;
    return GM_OK;
}

static gm_status account_tight(const gm_private_steps *p, gm_privacy_spent *spent) {
    static const direction directions[] = {{1, 1}, {-1, 0}};
    spent->tight = 0;
    for (size_t i = 0; i < GM_COUNT(directions); i++) {
        loss l = {.steps = p, .from = directions[i]};
        double epsilon = 0;
        GM_TRY(solve(&l, spent->epsilon, &epsilon));
        spent->tight = fmax(spent->tight, epsilon);
    }
    return GM_OK;
}

// ---- The interface ----

gm_status gm_privacy_account(const gm_private_steps *steps, gm_privacy_spent *spent) {
    *spent = (gm_privacy_spent){0};
    GM_TRY(check(steps, steps->noise));
    if (steps->steps == 0)
        return GM_OK;
    GM_TRY(account_renyi(steps, spent));
    return account_tight(steps, spent);
}

static gm_status suffices(const gm_private_steps *steps, double noise, double epsilon, bool tight, bool *enough) {
    gm_private_steps tried = *steps;
    gm_privacy_spent spent = {0};
    tried.noise = noise;
    if (tight)
        GM_TRY(gm_privacy_account(&tried, &spent));
    else if (steps->steps > 0)
        GM_TRY(account_renyi(&tried, &spent));
    *enough = (tight ? spent.tight : spent.epsilon) <= epsilon;
    return GM_OK;
}

// Up to the next number of four digits.
static double rounded_up(double x) {
    const double unit = pow(10, floor(log10(x)) - 3), up = ceil(x / unit - 1e-9) * unit;
    return fmax(up, LEAST_NOISE);
}

gm_status gm_privacy_find_noise(const gm_private_steps *steps, double epsilon, bool tight, double *noise) {
    double low = LEAST_NOISE, high = MOST_NOISE;
    bool enough;
    GM_TRY(check(steps, low));
    if (!(epsilon > 0 && epsilon <= 1e6))
        return gm_fail(GM_ERROR_ARGUMENT, "privacy: epsilon must be above 0 and at most 1e6, not %g", epsilon);
    GM_TRY(suffices(steps, low, epsilon, tight, &enough));
    if (enough)
        high = low;
    else
        GM_TRY(suffices(steps, high, epsilon, tight, &enough));
    if (!enough)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "privacy: no noise up to %g keeps %llu steps of rate %g below epsilon %g at delta %g: take fewer "
            "steps or a smaller rate",
            MOST_NOISE, (unsigned long long)steps->steps, steps->rate, epsilon, steps->delta);
    while (high > low * (1 + 1e-6)) {
        const double middle = sqrt(low * high);
        GM_TRY(suffices(steps, middle, epsilon, tight, &enough));
        if (enough)
            high = middle;
        else
            low = middle;
    }
    *noise = rounded_up(high);
    return GM_OK;
}

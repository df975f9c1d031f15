// The terms of a private training.
#include "privacy/plan.h"

#include "base/base.h"
#include "ganymede/privacy.h"

#include <math.h>

static const double overflow_share = 1. / 1024; // of delta

static gm_private_steps steps_of(const gm_private_plan *plan, uint64_t updates) {
    return (gm_private_steps){
        .noise = plan->noise, .rate = plan->rate, .steps = updates, .delta = plan->delta * (1 - overflow_share)};
}

// Chernoff: P(K >= k) <= e^(-n KL(k/n || q)) for k > nq, K binomial.
double gm_private_plan_overflow(const gm_private_plan *plan) {
    const double n = (double)plan->count, k = (double)plan->capacity + 1, q = plan->rate;
    if (plan->capacity >= plan->count)
        return -INFINITY;
    if (k <= n * q)
        return 0;
    return -(k * log(k / (n * q)) + (k < n ? (n - k) * log((n - k) / (n * (1 - q))) : 0));
}

// Enough for a million updates at the largest budget.
static size_t find_capacity(const gm_private_plan *plan) {
    gm_private_plan tried = *plan;
    const double allowed = log(overflow_share * plan->delta) - GM_PRIVATE_MOST_EPSILON - log1p(1) - log(1e6);
    size_t step = 8;
    for (tried.capacity = plan->batch; tried.capacity < plan->count; tried.capacity += step)
        if (gm_private_plan_overflow(&tried) <= allowed)
            break;
    return GM_MIN(tried.capacity, plan->count);
}

static gm_status check(const gm_private_plan *plan) {
    if (plan->batch > plan->count)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "privacy: data.batch is how many items an update takes on average: of %zu it cannot be %zu",
                       plan->count, plan->batch);
    if (plan->delta * (double)plan->count > 1)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "privacy: with delta %g one of %zu items could be published whole: set privacy.delta well below "
                       "%.1g",
                       plan->delta, plan->count, 1 / (double)plan->count);
    if (!(plan->epsilon > 0 || plan->noise > 0))
        return gm_fail(GM_ERROR_ARGUMENT, "privacy: needs epsilon, the budget, or noise");
    return GM_OK;
}

gm_status gm_private_plan_settle(gm_private_plan *plan) {
    GM_TRY(check(plan));
    plan->rate = (double)plan->batch / (double)plan->count;
    plan->capacity = find_capacity(plan);
    return GM_OK;
}

gm_status gm_private_plan_find_noise(gm_private_plan *plan, uint64_t updates) {
    const gm_private_steps steps = steps_of(plan, updates);
    return plan->noise > 0 ? GM_OK : gm_privacy_find_noise(&steps, plan->epsilon, true, &plan->noise);
}

gm_status gm_private_plan_spent(const gm_private_plan *plan, uint64_t updates, double *epsilon) {
    const gm_private_steps steps = steps_of(plan, updates);
    gm_privacy_spent spent;
    GM_TRY(gm_privacy_account(&steps, &spent));
    *epsilon = spent.tight;
    const double overflow = log((double)updates) + gm_private_plan_overflow(plan);
    if (updates > 0 && overflow + spent.tight + log1p(exp(-spent.tight)) > log(overflow_share * plan->delta))
        *epsilon = INFINITY;
    return GM_OK;
}

double gm_private_rounded(double epsilon) {
    if (!(epsilon > 0) || isinf(epsilon))
        return epsilon;
    const double unit = pow(10, floor(log10(epsilon)) - 2);
    return ceil(epsilon / unit - 1e-9) * unit;
}

// What private training draws in secret, and what it allows for.
#include "base/base.h"
#include "check_ok.h"
#include "ganymede/privacy.h"
#include "privacy/draws.h"
#include "privacy/plan.h"

#include <math.h>
#include <string.h>

// ---- Draws ----

enum { MANY = 200000 };

static void within(const char *what, double found, double wanted, double error) {
    if (!(fabs(found - wanted) <= 5 * error))
        fail_msg("%s: %.9g, expected %.9g within 5 of %.3g", what, found, wanted, error);
}

static void noise_is_normal(void **unused) {
    (void)unused;
    for (size_t k = 0; k < 2; k++) {
        gm_draws draws = {.reproducible = k == 1, .seed = 3};
        static float x[MANY];
        double power[5] = {0};
        gm_draws_begin(&draws, 7);
        check_ok(gm_draws_normal(&draws, 2, x, MANY));
        for (size_t i = 0; i < MANY; i++)
            for (size_t p = 1; p < 5; p++)
                power[p] += pow((double)x[i] / 2, (double)p) / MANY;
        within("mean", power[1], 0, sqrt(1. / MANY));
        within("variance", power[2], 1, sqrt(2. / MANY));
        within("third moment", power[3], 0, sqrt(15. / MANY));
        within("fourth moment", power[4], 3, sqrt(96. / MANY));
        double beside = 0;
        for (size_t i = 0; i + 1 < MANY; i++)
            beside += (double)x[i] * (double)x[i + 1] / 4 / MANY;
        within("product of neighbours", beside, 0, sqrt(1. / MANY));
    }
}

static void batches_take_each_item_with_the_rate(void **unused) {
    (void)unused;
    enum { N = 50, BATCHES = 20000 };
    const double q = .2;
    size_t counts[N] = {0};
    gm_draws draws = {0};
    gm_running_mean size = {0};
    for (size_t b = 0; b < BATCHES; b++) {
        int32_t taken[N];
        size_t count;
        check_ok(gm_draws_choose(&draws, q, N, N, taken, &count));
        for (size_t i = 0; i < count; i++) {
            counts[taken[i]]++;
            assert_true(i == 0 || taken[i] > taken[i - 1]);
        }
        gm_running_mean_add(&size, (double)count);
    }
    for (size_t i = 0; i < N; i++)
        within("an item's share", (double)counts[i] / BATCHES, q, sqrt(q * (1 - q) / BATCHES));
    within("the mean size", size.value, N * q, sqrt(N * q * (1 - q) / BATCHES));
    within("the sizes' variance", size.squares / BATCHES, N * q * (1 - q), N * q * (1 - q) * sqrt(2. / BATCHES));
}

static void batches_hold_all_or_what_there_is_room_for(void **unused) {
    (void)unused;
    gm_draws draws = {0};
    int32_t taken[8];
    size_t count;
    check_ok(gm_draws_choose(&draws, 1, 8, 8, taken, &count));
    assert_int_equal(count, 8);
    check_ok(gm_draws_choose(&draws, 1, 8, 3, taken, &count));
    assert_int_equal(count, 3);
    assert_int_equal(taken[2], 2);
}

static void places_are_drawn_evenly(void **unused) {
    (void)unused;
    enum { N = 6, DRAWN = 30000 };
    size_t counts[N][N] = {{0}};
    gm_draws draws = {0};
    for (size_t k = 0; k < DRAWN; k++) {
        int32_t values[N];
        for (int32_t i = 0; i < N; i++)
            values[i] = i;
        check_ok(gm_draws_shuffle(&draws, values, N));
        for (size_t i = 0; i < N; i++)
            counts[i][values[i]]++;
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++)
            within("a place's share", (double)counts[i][k] / DRAWN, 1. / N, sqrt(1. / N * (1 - 1. / N) / DRAWN));
}

static void only_reproducible_draws_repeat(void **unused) {
    (void)unused;
    float x[2][5];
    for (size_t reproducible = 0; reproducible < 2; reproducible++) {
        for (size_t k = 0; k < 2; k++) {
            gm_draws draws = {.reproducible = reproducible == 1, .seed = 3};
            gm_draws_begin(&draws, 4 - k);
            check_ok(gm_draws_normal(&draws, 1, x[k], 5));
            gm_draws_begin(&draws, 4);
            check_ok(gm_draws_normal(&draws, 1, x[k], 5));
        }
        assert_int_equal(memcmp(x[0], x[1], sizeof x[0]) == 0, reproducible);
    }
}

// ---- Terms ----

static gm_private_plan fashion(void) {
    return (gm_private_plan){.count = 60000, .batch = 256, .delta = 1e-5, .clip = 1, .noise = 1};
}

// P(K > capacity), summed up.
static double log_tail(const gm_private_plan *p) {
    const double n = (double)p->count;
    gm_log_sum sum = {0};
    for (size_t k = p->capacity + 1; k <= p->capacity + 2000; k++)
        gm_log_sum_add(&sum, lgamma(n + 1) - lgamma((double)k + 1) - lgamma(n - (double)k + 1) +
                                 (double)k * log(p->rate) + (n - (double)k) * log1p(-p->rate));
    return gm_log_sum_mean(&sum) + log(2000);
}

static void room_is_enough_for_nearly_all_batches(void **unused) {
    (void)unused;
    gm_private_plan p = fashion();
    check_ok(gm_private_plan_settle(&p));
    assert_in_range(p.capacity, 300, 500);
    const double bound = gm_private_plan_overflow(&p), exact = log_tail(&p);
    if (!(exact <= bound && bound < exact + 5))
        fail_msg("ln P of too many: bound %g, exactly %g", bound, exact);
    assert_true(bound + log(1e6) + 16 < log(1e-5 / 1024));
}

static void too_many_items_cost_what_they_may(void **unused) {
    (void)unused;
    gm_private_plan p = fashion();
    double epsilon, tight;
    check_ok(gm_private_plan_settle(&p));
    check_ok(gm_private_plan_spent(&p, 10000, &epsilon));
    gm_privacy_spent spent;
    check_ok(gm_privacy_account(&(gm_private_steps){1, 256. / 60000, 10000, 1e-5}, &spent));
    tight = spent.tight;
    assert_true(epsilon > tight && epsilon < tight * 1.001);
    p.capacity = 256; // half of all batches
    check_ok(gm_private_plan_spent(&p, 10000, &epsilon));
    assert_true(isinf(epsilon));
}

static void noise_keeps_the_budget(void **unused) {
    (void)unused;
    gm_private_plan p = fashion();
    double epsilon;
    p.noise = 0;
    p.epsilon = 10;
    check_ok(gm_private_plan_settle(&p));
    check_ok(gm_private_plan_find_noise(&p, 10000));
    check_ok(gm_private_plan_spent(&p, 10000, &epsilon));
    assert_true(epsilon <= 10 && epsilon > 9.9);
}

static void bounds_are_rounded_up(void **unused) {
    (void)unused;
    assert_true(fabs(gm_private_rounded(2.34501) - 2.35) < 1e-12);
    assert_true(fabs(gm_private_rounded(9.991) - 10) < 1e-12);
    assert_true(fabs(gm_private_rounded(2.35) - 2.35) < 1e-12);
    assert_true(isinf(gm_private_rounded(INFINITY)));
}

static void terms_that_protect_nobody_are_refused(void **unused) {
    (void)unused;
    gm_private_plan p = fashion();
    p.delta = 1e-4;
    assert_int_equal(gm_private_plan_settle(&p), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "published whole"));
    p = fashion();
    p.batch = 60001;
    assert_int_equal(gm_private_plan_settle(&p), GM_ERROR_ARGUMENT);
    p = fashion();
    p.noise = 0;
    assert_int_equal(gm_private_plan_settle(&p), GM_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_normal),
        cmocka_unit_test(batches_take_each_item_with_the_rate),
        cmocka_unit_test(batches_hold_all_or_what_there_is_room_for),
        cmocka_unit_test(places_are_drawn_evenly),
        cmocka_unit_test(only_reproducible_draws_repeat),
        cmocka_unit_test(room_is_enough_for_nearly_all_batches),
        cmocka_unit_test(too_many_items_cost_what_they_may),
        cmocka_unit_test(noise_keeps_the_budget),
        cmocka_unit_test(bounds_are_rounded_up),
        cmocka_unit_test(terms_that_protect_nobody_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

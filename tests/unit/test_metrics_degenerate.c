// What becomes of samples that estimates from nearest neighbours are not made for: too few, equal, without variation,
// not finite, far from one another.
#include "neighbors_reference.h"

enum { DROPPED = GM_MEASURE_NOT_FINITE, EQUAL = GM_MEASURE_DUPLICATES, SAME = GM_MEASURE_CONSTANT };
static const uint32_t missing_few = GM_MEASURE_MISSING | GM_MEASURE_FEW;

static void too_few_samples_give_no_figure(void **unused) {
    (void)unused;
    for (size_t count = 0; count <= 5; count++) {
        cloud x = normal_cloud(60, 1, count, 2), y = normal_cloud(60, 2, 100, 2);
        gm_measure measure[5];
        gm_prdc balls;
        check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &measure[0]));
        check_ok(gm_measure_mutual_information(device, &x.samples, &x.samples, 5, &measure[1]));
        check_ok(gm_measure_conditional_entropy(device, &x.samples, &x.samples, 5, GM_NORM_EUCLIDEAN, &measure[2]));
        check_ok(gm_measure_kl(device, &x.samples, &y.samples, 5, &measure[3]));
        check_ok(gm_measure_kl(device, &y.samples, &x.samples, 5, &measure[4]));
        check_ok(gm_measure_prdc(device, &x.samples, &y.samples, 5, &balls));
        for (size_t i = 0; i < 5; i++) {
            assert_flags(&measure[i], missing_few, "a figure of few");
            assert_true(measure[i].value == 0);
            assert_int_equal(measure[i].count, count);
        }
        assert_flags(&balls.coverage, missing_few, "the coverage of few");
        destroy_cloud(&x);
        destroy_cloud(&y);
    }
    cloud x = normal_cloud(60, 1, 6, 1);
    gm_measure measure;
    check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &measure));
    assert_flags(&measure, GM_MEASURE_FEW | GM_MEASURE_BIASED, "the entropy of k + 1");
    assert_near(measure.value, entropy(&x.samples, 5, GM_NORM_EUCLIDEAN), 1e-5, "the entropy of k + 1");
    destroy_cloud(&x);
}

static void rows_that_are_not_finite_are_left_out(void **unused) {
    (void)unused;
    cloud x = normal_cloud(61, 1, 300, 2), y = normal_cloud(61, 2, 300, 1);
    cloud clean_x = create_cloud(298, 2), clean_y = create_cloud(298, 1);
    memcpy(clean_x.values, x.values, 298 * 2 * sizeof(float));
    memcpy(clean_y.values, y.values, 298 * sizeof(float));
    x.values[298 * 2 + 1] = NAN;
    y.values[299] = -INFINITY;
    gm_measure measure, expected;
    check_ok(gm_measure_joint_entropy(device, &x.samples, &y.samples, 5, GM_NORM_EUCLIDEAN, &measure));
    check_ok(gm_measure_joint_entropy(device, &clean_x.samples, &clean_y.samples, 5, GM_NORM_EUCLIDEAN, &expected));
    assert_true(measure.value == expected.value);
    assert_int_equal(measure.count, 298);
    assert_flags(&measure, DROPPED, "the joint entropy");
    check_ok(gm_measure_conditional_entropy(device, &x.samples, &y.samples, 5, GM_NORM_EUCLIDEAN, &measure));
    check_ok(
        gm_measure_conditional_entropy(device, &clean_x.samples, &clean_y.samples, 5, GM_NORM_EUCLIDEAN, &expected));
    assert_true(measure.value == expected.value);
    assert_true(measure.flags == (expected.flags | DROPPED));
    gm_prdc balls;
    check_ok(gm_measure_prdc(device, &x.samples, &clean_x.samples, 5, &balls));
    assert_int_equal(balls.density.count, 298);
    assert_flags(&balls.density, DROPPED | EQUAL, "density");
    for (size_t i = 0; i < 600; i++)
        x.values[i] = NAN;
    check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &measure));
    assert_flags(&measure, DROPPED | missing_few, "the entropy of NaN");
    destroy_cloud(&x);
    destroy_cloud(&y);
    destroy_cloud(&clean_x);
    destroy_cloud(&clean_y);
}

static void columns_that_do_not_vary_are_left_out(void **unused) {
    (void)unused;
    cloud x = normal_cloud(62, 1, 200, 1), y = normal_cloud(62, 2, 200, 1), wide = create_cloud(200, 3);
    cloud flat = create_cloud(200, 2);
    for (size_t i = 0; i < 200; i++) {
        wide.values[3 * i] = 7;
        wide.values[3 * i + 1] = x.values[i];
        wide.values[3 * i + 2] = -1e30f;
    }
    gm_measure measure, expected;
    check_ok(gm_measure_entropy(device, &wide.samples, 5, GM_NORM_MAXIMUM, &measure));
    check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_MAXIMUM, &expected));
    assert_true(measure.value == expected.value);
    assert_flags(&measure, SAME, "the entropy with constants");
    check_ok(gm_measure_mutual_information(device, &wide.samples, &y.samples, 5, &measure));
    check_ok(gm_measure_mutual_information(device, &x.samples, &y.samples, 5, &expected));
    assert_true(measure.value == expected.value);
    assert_true(measure.flags == (expected.flags | SAME));
    check_ok(gm_measure_entropy(device, &flat.samples, 5, GM_NORM_MAXIMUM, &measure));
    assert_flags(&measure, SAME | EQUAL | GM_MEASURE_MISSING, "the entropy of constants");
    assert_int_equal(measure.duplicates, 199); // a total collapse
    check_ok(gm_measure_mutual_information(device, &flat.samples, &y.samples, 5, &measure));
    assert_flags(&measure, SAME, "the information of constants");
    assert_true(measure.value == 0);
    check_ok(gm_measure_conditional_entropy(device, &flat.samples, &y.samples, 5, GM_NORM_MAXIMUM, &measure));
    assert_flags(&measure, SAME | EQUAL | GM_MEASURE_MISSING, "the conditional entropy of constants");
    assert_int_equal(measure.duplicates, 199);
    gm_prdc balls;
    check_ok(gm_measure_prdc(device, &flat.samples, &flat.samples, 5, &balls));
    assert_true(balls.precision.value == 1 && balls.recall.value == 1 && balls.coverage.value == 1);
    assert_flags(&balls.precision, EQUAL, "the precision of constants");
    cloud *all[] = {&x, &y, &wide, &flat};
    for (size_t i = 0; i < GM_COUNT(all); i++)
        destroy_cloud(all[i]);
}

// No density beside one: infinite. What both have alike is left out.
static void divergence_where_one_set_alone_does_not_vary_is_missing(void **unused) {
    (void)unused;
    cloud x = normal_cloud(67, 1, 200, 2), y = normal_cloud(67, 2, 150, 2), first = create_cloud(200, 1);
    cloud second = create_cloud(150, 1);
    for (size_t i = 0; i < 200; i++)
        first.values[i] = x.values[2 * i];
    for (size_t i = 0; i < 150; i++) {
        y.values[2 * i] += 2;
        second.values[i] = y.values[2 * i];
        y.values[2 * i + 1] = 3;
    }
    gm_measure both[2], expected;
    check_ok(gm_measure_kl(device, &x.samples, &y.samples, 5, &both[0]));
    check_ok(gm_measure_kl(device, &y.samples, &x.samples, 5, &both[1]));
    for (size_t i = 0; i < 200; i++)
        x.values[2 * i + 1] = 4;
    for (size_t i = 0; i < 2; i++) {
        assert_flags(&both[i], SAME | GM_MEASURE_MISSING, "the divergence from a plane");
        assert_true(both[i].value == 0);
        check_ok(gm_measure_kl(device, &x.samples, &y.samples, 5, &both[i])); // both constant, but not alike
    }
    assert_flags(&both[0], SAME | GM_MEASURE_MISSING, "the divergence of parallel lines");
    for (size_t i = 0; i < 200; i++)
        x.values[2 * i + 1] = 3;
    check_ok(gm_measure_kl(device, &x.samples, &y.samples, 5, &both[0]));
    check_ok(gm_measure_kl(device, &first.samples, &second.samples, 5, &expected));
    assert_true(both[0].value == expected.value);
    assert_int_equal(both[0].flags & ~(uint32_t)GM_MEASURE_BIASED, SAME);
    cloud *all[] = {&x, &y, &first, &second};
    for (size_t i = 0; i < GM_COUNT(all); i++)
        destroy_cloud(all[i]);
}

// A generator that gives ten images only, and one that repeats three of its samples.
static void equal_rows_are_counted_and_moved_apart(void **unused) {
    (void)unused;
    cloud x = normal_cloud(63, 1, 2000, 2), few = create_cloud(2000, 2), some = create_cloud(2000, 2);
    for (size_t i = 0; i < 4000; i++)
        few.values[i] = x.values[i % 20];
    memcpy(some.values, x.values, 4000 * sizeof(float));
    memcpy(some.values, x.values + 1000, 6 * sizeof(float)); // rows 0 to 2 equal rows 500 to 502
    some.values[2 * 600] = 0.0f, some.values[2 * 601] = -0.0f;
    some.values[2 * 600 + 1] = some.values[2 * 601 + 1] = 0.5f; // rows 600 and 601 equal one another
    gm_measure collapsed, repeated, usual;
    check_ok(gm_measure_entropy(device, &few.samples, 5, GM_NORM_EUCLIDEAN, &collapsed));
    check_ok(gm_measure_entropy(device, &some.samples, 5, GM_NORM_EUCLIDEAN, &repeated));
    check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &usual));
    assert_int_equal(collapsed.duplicates, 1990);
    assert_int_equal(repeated.duplicates, 4);
    assert_int_equal(usual.duplicates, 0);
    assert_flags(&collapsed, EQUAL, "a collapsed generator's entropy");
    assert_flags(&repeated, EQUAL, "an entropy with repeats");
    assert_true(isfinite(collapsed.value) && collapsed.value < usual.value - 8);
    assert_near(repeated.value, usual.value, 0.01, "the entropy with a few repeats");
    gm_measure again;
    check_ok(gm_measure_entropy(device, &few.samples, 5, GM_NORM_EUCLIDEAN, &again));
    assert_true(again.value == collapsed.value); // the jitter is no chance
    check_ok(gm_measure_kl(device, &x.samples, &few.samples, 5, &usual));
    assert_true(isfinite(usual.value) && usual.value > 1);
    assert_flags(&usual, EQUAL | GM_MEASURE_BIASED, "the divergence of a collapsed generator");
    check_ok(gm_measure_kl(device, &x.samples, &x.samples, 5, &usual));
    assert_int_equal(usual.duplicates, 2000);
    assert_true(isfinite(usual.value) && usual.value < 0.3);
    destroy_cloud(&x);
    destroy_cloud(&few);
    destroy_cloud(&some);
}

// Two values, and their information about one another: ln 2 for the same, and none for independent ones.
static void information_of_values_of_few_digits_is_finite(void **unused) {
    (void)unused;
    cloud x = create_cloud(4000, 1), y = create_cloud(4000, 1);
    gm_measure measure;
    for (size_t i = 0; i < 4000; i++) {
        x.values[i] = uniform(64, 1, i) < 0.5 ? -1.0f : 1.0f;
        y.values[i] = uniform(64, 2, i) < 0.5 ? 1e-3f : 3e-3f;
    }
    check_ok(gm_measure_mutual_information(device, &x.samples, &x.samples, 5, &measure));
    assert_near(measure.value, log(2), 0.05, "the information of a bit about itself");
    assert_flags(&measure, EQUAL, "the information of a bit");
    check_ok(gm_measure_mutual_information(device, &x.samples, &y.samples, 5, &measure));
    assert_near(measure.value, 0, 0.05, "the information of independent bits");
    destroy_cloud(&x);
    destroy_cloud(&y);
}

static void scale_moves_entropy_alone(void **unused) {
    (void)unused;
    static const int exponents[] = {-110, -60, 3, 60, 120};
    cloud x = normal_cloud(65, 1, 200, 3), y = dependent_cloud(&x.samples, 3, 65), scaled = create_cloud(200, 3);
    gm_measure usual[3], measure;
    check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &usual[0]));
    check_ok(gm_measure_mutual_information(device, &x.samples, &y.samples, 5, &usual[1]));
    check_ok(gm_measure_kl(device, &x.samples, &x.samples, 5, &usual[2]));
    for (size_t e = 0; e < GM_COUNT(exponents); e++) {
        for (size_t i = 0; i < 600; i++)
            scaled.values[i] = ldexpf(x.values[i], exponents[e]);
        check_ok(gm_measure_entropy(device, &scaled.samples, 5, GM_NORM_EUCLIDEAN, &measure));
        assert_near(measure.value, usual[0].value + 3 * exponents[e] * log(2), 1e-9, "the scaled entropy");
        check_ok(gm_measure_mutual_information(device, &scaled.samples, &y.samples, 5, &measure));
        assert_near(measure.value, usual[1].value, 1e-12, "the scaled information");
        check_ok(gm_measure_kl(device, &scaled.samples, &scaled.samples, 5, &measure));
        assert_near(measure.value, usual[2].value, 1e-12, "the scaled divergence");
    }
    destroy_cloud(&x);
    destroy_cloud(&y);
    destroy_cloud(&scaled);
}

// ---- Rows far from all others ----

static const float distances[] = {1e3f, 1e6f, 1e10f, 1e20f, 1e30f, -1e6f, -1e30f};

static void check_estimates(const gm_samples *real, const gm_samples *fake) {
    gm_measure measure;
    double divergence = kl(real, fake, 5), reverse = kl(fake, real, 5);
    check_ok(gm_measure_kl(device, real, fake, 5, &measure));
    assert_near(measure.value, divergence, 1e-5 * fmax(1, divergence), "the divergence");
    check_ok(gm_measure_kl(device, fake, real, 5, &measure));
    assert_near(measure.value, reverse, 1e-5 * fmax(1, reverse), "the reverse divergence");
    check_ok(gm_measure_entropy(device, fake, 5, GM_NORM_MAXIMUM, &measure));
    assert_near(measure.value, entropy(fake, 5, GM_NORM_MAXIMUM), 1e-5, "the entropy");
    assert_flags(&measure, 0, "the entropy");
}

// Expected: with the far row at 1e6 at most, where doubles tell which samples its ball holds. Near ones are exact.
static void check_balls(const gm_samples *real, const gm_samples *fake, const double expected[4], bool near) {
    gm_prdc balls;
    check_ok(gm_measure_prdc(device, real, fake, 5, &balls));
    assert_near(balls.precision.value, expected[0], near ? 1e-9 : .01, "precision");
    assert_near(balls.recall.value, expected[1], near ? 1e-9 : .01, "recall");
    assert_near(balls.density.value, expected[2], near ? 1e-9 : .01, "density");
    assert_near(balls.coverage.value, expected[3], near ? 1e-9 : .01, "coverage");
    assert_flags(&balls.density, near ? 0 : GM_MEASURE_FAR, "density");
}

// Apart and alike, the far row among the fakes, then among the reals.
static void far_row_leaves_the_figures_of_the_others_as_they_are(void **unused) {
    (void)unused;
    for (size_t i = 0; i < 2 * GM_COUNT(distances); i++) {
        cloud real = normal_cloud(68, 1, 300, 3), fake = normal_cloud(68, 2, 300, 3);
        float away = distances[i / 2], most = fmaxf(-1e6f, fminf(away, 1e6f));
        double expected[4];
        for (size_t j = 0; j < 900; j++)
            fake.values[j] = j / 3 == 17 ? away : fake.values[j] + (i % 2 ? 8.0f : 0.0f);
        check_estimates(&real.samples, &fake.samples);
        check_estimates(&fake.samples, &real.samples);
        for (size_t turn = 0; turn < 2; turn++) {
            const cloud *first = turn ? &fake : &real, *second = turn ? &real : &fake;
            for (size_t c = 0; c < 3; c++)
                fake.values[3 * 17 + c] = most;
            prdc(&first->samples, &second->samples, 5, expected);
            for (size_t c = 0; c < 3; c++)
                fake.values[3 * 17 + c] = away;
            check_balls(&first->samples, &second->samples, expected, away < 1e4f && away > 0);
        }
        destroy_cloud(&real);
        destroy_cloud(&fake);
    }
}

static void far_row_leaves_the_information_of_the_others_as_it_is(void **unused) {
    (void)unused;
    cloud x = normal_cloud(69, 1, 300, 2), y = dependent_cloud(&x.samples, 2, 69);
    for (size_t i = 0; i < GM_COUNT(distances); i++) {
        bool near = fabsf(distances[i]) < 1e4f;
        gm_measure measure;
        x.values[40] = fmaxf(-1e6f, fminf(distances[i], 1e6f));
        double expected = mutual_information(&x.samples, &y.samples, 5);
        x.values[40] = distances[i];
        check_ok(gm_measure_mutual_information(device, &x.samples, &y.samples, 5, &measure));
        assert_near(measure.value, expected, near ? 1e-5 : 1e-3, "the information");
        assert_flags(&measure, GM_MEASURE_BIASED | (near ? 0 : (uint32_t)GM_MEASURE_FAR), "the information");
    }
    destroy_cloud(&x);
    destroy_cloud(&y);
}

// Equal rows beside a far one are moved apart by the others' spread, not by its own.
static void far_row_does_not_widen_the_jitter(void **unused) {
    (void)unused;
    cloud x = normal_cloud(70, 1, 400, 2);
    gm_measure with, without;
    memcpy(x.values + 20, x.values + 40, 10 * sizeof(float)); // rows 10 to 14 equal 20 to 24
    check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &without));
    x.values[7] = 1e8f;
    check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &with));
    assert_flags(&with, EQUAL, "the entropy");
    assert_near(with.value - without.value, 2 / 400. * log(1e8 / .5), .02, "what a far row adds to the entropy");
    destroy_cloud(&x);
}

// Beyond 2^100 deviations, or where two scales are farther apart than floats reach, figures say so.
static void what_floats_cannot_hold_together_is_flagged(void **unused) {
    (void)unused;
    cloud x = normal_cloud(71, 1, 300, 2), y = normal_cloud(71, 2, 300, 2);
    gm_measure measure;
    gm_prdc balls;
    for (size_t i = 0; i < 600; i++)
        y.values[i] += 9;
    y.values[5] = 3e38f;
    check_ok(gm_measure_entropy(device, &y.samples, 5, GM_NORM_MAXIMUM, &measure));
    assert_flags(&measure, GM_MEASURE_FAR, "the entropy");
    assert_near(measure.value, entropy(&y.samples, 5, GM_NORM_MAXIMUM), .2, "the entropy");
    check_ok(gm_measure_prdc(device, &x.samples, &y.samples, 5, &balls));
    assert_flags(&balls.recall, GM_MEASURE_FAR, "recall");
    assert_true(balls.precision.value == 0 && balls.recall.value == 0 && balls.coverage.value == 0);
    for (size_t i = 0; i < 600; i++)
        y.values[i] = i < 400 ? 1e-30f * x.values[i] : 1e15f * x.values[i];
    check_ok(gm_measure_kl(device, &y.samples, &x.samples, 5, &measure));
    assert_true(measure.flags & GM_MEASURE_FAR);
    check_ok(gm_measure_prdc(device, &y.samples, &x.samples, 5, &balls));
    assert_flags(&balls.density, GM_MEASURE_FAR, "density");
    for (size_t i = 0; i < 600; i++) // nothing is brought nearer: distances of the few vanish beside the others
        y.values[i] = i < 200 ? 1e-30f * x.values[i] : 1e15f * x.values[i];
    check_ok(gm_measure_entropy(device, &y.samples, 5, GM_NORM_EUCLIDEAN, &measure));
    assert_flags(&measure, GM_MEASURE_FAR, "the entropy of two scales");
    destroy_cloud(&x);
    destroy_cloud(&y);
}

// ---- Refused ----

static void expect_failure(gm_status status, const char *part) {
    assert_int_equal(status, GM_ERROR_ARGUMENT);
    if (!strstr(gm_error_message(), part))
        fail_msg("the message is \"%s\" and lacks \"%s\"", gm_error_message(), part);
}

static void samples_that_do_not_match_are_refused(void **unused) {
    (void)unused;
    cloud x = normal_cloud(66, 1, 30, 2), y = normal_cloud(66, 2, 29, 3);
    gm_samples empty = {x.values, 30, 0};
    gm_measure measure;
    gm_prdc balls;
    expect_failure(gm_measure_entropy(device, NULL, 5, GM_NORM_EUCLIDEAN, &measure), "samples are NULL");
    expect_failure(gm_measure_entropy(device, &empty, 5, GM_NORM_EUCLIDEAN, &measure), "have no columns");
    expect_failure(gm_measure_entropy(device, &x.samples, 5, (gm_norm)0, &measure), "norm 0 is unknown");
    expect_failure(gm_measure_mutual_information(device, &x.samples, &y.samples, 5, &measure),
                   "mutual information: the samples have 30 and 29 rows but are pairs of rows");
    expect_failure(gm_measure_kl(device, &x.samples, &y.samples, 5, &measure),
                   "KL divergence: the samples have 2 and 3 columns but must have equally many");
    expect_failure(gm_measure_prdc(device, &x.samples, &y.samples, 5, &balls), "2 and 3 columns");
    destroy_cloud(&x);
    destroy_cloud(&y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_samples_give_no_figure),
        cmocka_unit_test(rows_that_are_not_finite_are_left_out),
        cmocka_unit_test(columns_that_do_not_vary_are_left_out),
        cmocka_unit_test(divergence_where_one_set_alone_does_not_vary_is_missing),
        cmocka_unit_test(equal_rows_are_counted_and_moved_apart),
        cmocka_unit_test(information_of_values_of_few_digits_is_finite),
        cmocka_unit_test(scale_moves_entropy_alone),
        cmocka_unit_test(far_row_leaves_the_figures_of_the_others_as_they_are),
        cmocka_unit_test(far_row_leaves_the_information_of_the_others_as_it_is),
        cmocka_unit_test(far_row_does_not_widen_the_jitter),
        cmocka_unit_test(what_floats_cannot_hold_together_is_flagged),
        cmocka_unit_test(samples_that_do_not_match_are_refused),
    };
    return cmocka_run_group_tests_name("metrics_degenerate", tests, open_device, close_device);
}

// Figures from counts, logits, class probabilities, modes and the cross-fitted classifier: closed forms, known answers,
// degenerate input.
#include "ganymede/data.h"
#include "moments_support.h"

// ---- Histograms ----

static void histograms_count_what_lies_inside(void **state) {
    (void)state;
    uint64_t counts[4] = {1, 0, 0, 0};
    const float values[] = {0, .249f, .25f, .999f, 1, 1.001f, -.001f, NAN, INFINITY};
    assert_int_equal(gm_histogram_count(values, 9, 0, 1, 4, counts), 4);
    assert_int_equal(counts[0], 3);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 0);
    assert_int_equal(counts[3], 2);
}

static void histogram_entropies_are_corrected_once(void **state) {
    (void)state;
    static const uint64_t counts[] = {6, 3, 1, 0};
    const double plain = -(.6 * log(.6) + .3 * log(.3) + .1 * log(.1));
    gm_measure found;
    check_ok(gm_measure_histogram_entropy(counts, 4, GM_HISTOGRAM_NONE, &found));
    assert_near(found.value, plain, 1e-12);
    assert_flags(&found, 0);
    assert_int_equal(found.count, 10);
    check_ok(gm_measure_histogram_entropy(counts, 4, GM_HISTOGRAM_MILLER_MADOW, &found));
    assert_near(found.value, plain + 2. / 20, 1e-12); // three bins are occupied
    check_ok(gm_measure_histogram_entropy(counts, 4, GM_HISTOGRAM_AUTO, &found));
    assert_near(found.value,
                -(6.5 * log(6.5 / 12) + 3.5 * log(3.5 / 12) + 1.5 * log(1.5 / 12) + .5 * log(.5 / 12)) / 12, 1e-12);
    check_ok(gm_measure_histogram_entropy((uint64_t[3]){0}, 3, GM_HISTOGRAM_HALF, &found));
    assert_flags(&found, GM_MEASURE_MISSING | GM_MEASURE_FEW);
    check_ok(gm_measure_histogram_entropy((uint64_t[3]){0, 2, 0}, 3, GM_HISTOGRAM_NONE, &found));
    assert_near(found.value, 0, 0);
    assert_flags(&found, GM_MEASURE_FEW);
    fails(gm_measure_histogram_entropy(counts, 4, (gm_histogram_correction)7, &found), "correction 7");
}

static void histogram_information_and_divergence(void **state) {
    (void)state;
    gm_measure found;
    check_ok(gm_measure_histogram_information((uint64_t[]){2, 4, 6, 3, 6, 9}, 2, 3, GM_HISTOGRAM_NONE, &found));
    assert_near(found.value, 0, 1e-12); // independent
    assert_flags(&found, 0);
    check_ok(gm_measure_histogram_information((uint64_t[]){5, 0, 0, 5}, 2, 2, GM_HISTOGRAM_NONE, &found));
    assert_near(found.value, log(2), 1e-12);
    check_ok(gm_measure_histogram_information((uint64_t[]){5, 0, 0, 5}, 2, 2, GM_HISTOGRAM_HALF, &found));
    assert_near(found.value, 2 * (5.5 / 12 * log(4 * 5.5 / 12) + .5 / 12 * log(4 * .5 / 12)), 1e-12);
    check_ok(gm_measure_histogram_information((uint64_t[]){5, 5, 5, 5}, 2, 2, GM_HISTOGRAM_MILLER_MADOW, &found));
    assert_flags(&found, GM_MEASURE_CLIPPED); // 0 + (1 + 1 - 3) / 40
    assert_near(found.value, 0, 0);

    static const uint64_t p[] = {8, 2, 0}, q[] = {2, 4, 4};
    check_ok(gm_measure_histogram_kl(p, q, 3, GM_HISTOGRAM_NONE, &found));
    assert_near(found.value, .8 * log(4) + .2 * log(.5), 1e-12);
    check_ok(gm_measure_histogram_kl(q, p, 3, GM_HISTOGRAM_NONE, &found)); // infinite
    assert_flags(&found, GM_MEASURE_MISSING);
    check_ok(gm_measure_histogram_kl(q, p, 3, GM_HISTOGRAM_AUTO, &found));
    assert_near(found.value, (2.5 * log(2.5 / 8.5) + 4.5 * log(4.5 / 2.5) + 4.5 * log(4.5 / .5)) / 11.5, 1e-12);
    check_ok(gm_measure_histogram_kl(p, (uint64_t[3]){0}, 3, GM_HISTOGRAM_HALF, &found));
    assert_flags(&found, GM_MEASURE_MISSING | GM_MEASURE_FEW);
    fails(gm_measure_histogram_kl(p, q, 3, GM_HISTOGRAM_MILLER_MADOW, &found), "add 1/2");
}

// ---- Logits ----

// JSD of N(0, I) and N(shift, I): a function of |shift| alone, integrated numerically along it.
static double jsd_of_shift(double shift) {
    double sum = 0;
    for (double x = -10; x < 12; x += 1e-3) {
        double p = exp(-x * x / 2), q = exp(-(x - shift) * (x - shift) / 2), m = (p + q) / 2;
        sum += (p > 0 ? p * log(p / m) : 0) + (q > 0 ? q * log(q / m) : 0);
    }
    return sum * 1e-3 / 2 / sqrt(2 * 3.14159265358979323846);
}

// The true logit of N(0, 1) against N(1, 1) is 1/2 - x: KL = 1/2 both ways.
static void true_logits_give_the_true_divergences(void **state) {
    (void)state;
    enum { N = 40000 };
    gm_samples x = draw(1, N, 1), y = draw(2, N, 1);
    for (size_t i = 0; i < N; i++) {
        edit(&x)[i] = .5f - x.values[i];
        edit(&y)[i] = .5f - (y.values[i] + 1);
    }
    const gm_logits logits = {x.values, y.values, N, N};
    gm_measure jsd, kl, reverse;
    double jsd_error, kl_error, reverse_error, sum[2] = {0}, squares[2] = {0};
    for (size_t i = 0; i < N; i++) {
        const double loss[2] = {log1p(exp(-(double)x.values[i])), log1p(exp((double)y.values[i]))};
        for (size_t side = 0; side < 2; side++) {
            sum[side] += loss[side] / N;
            squares[side] += loss[side] * loss[side] / N;
        }
    }
    check_ok(gm_measure_logit_kl(&logits, &kl, &kl_error, &reverse, &reverse_error));
    assert_near(kl_error, 1 / sqrt(N), 1e-4);
    assert_near(kl.value, .5, 4 * kl_error);
    assert_near(reverse.value, .5, 4 * reverse_error);
    assert_true(kl.value != reverse.value);
    check_ok(gm_measure_logit_jsd(&logits, &jsd, &jsd_error));
    assert_near(jsd.value, jsd_of_shift(1), 4 * jsd_error);
    assert_near(jsd.value, log(2) - (sum[0] + sum[1]) / 2, 1e-9);
    assert_near(jsd_error, sqrt((squares[0] - sum[0] * sum[0] + squares[1] - sum[1] * sum[1]) / 4 / N), 1e-7);
    assert_flags(&jsd, 0);
    assert_int_equal(jsd.count, N);
    release(&x);
    release(&y);
}

static void area_under_the_curve_counts_pairs(void **state) {
    (void)state;
    const float real[] = {3, 1, 2, 2}, fake[] = {2, 0, 5};
    gm_measure auc;
    // of 12 pairs: 3 above 2 and 0; 1 above 0; twice 2 above 0 and equal to 2
    check_ok(gm_measure_logit_auc(&(gm_logits){real, fake, 4, 3}, &auc));
    assert_near(auc.value, (2 + 1 + 1.5 + 1.5) / 12, 1e-12);
    check_ok(gm_measure_logit_auc(&(gm_logits){fake, real, 3, 4}, &auc));
    assert_near(auc.value, 1 - 6. / 12, 1e-12);
    check_ok(gm_measure_logit_auc(&(gm_logits){real, real, 4, 4}, &auc));
    assert_near(auc.value, .5, 1e-12);
    check_ok(gm_measure_logit_auc(&(gm_logits){(float[]){1, NAN}, (float[]){-1}, 2, 1}, &auc));
    assert_near(auc.value, 1, 0);
    assert_flags(&auc, GM_MEASURE_NOT_FINITE);
    check_ok(gm_measure_logit_auc(&(gm_logits){real, fake, 4, 0}, &auc));
    assert_flags(&auc, GM_MEASURE_MISSING);
}

static void odd_logits_are_flagged_and_never_nan(void **state) {
    (void)state;
    const float good[] = {1e30f, 2, NAN}, bad[] = {-INFINITY, 3, 5};
    gm_measure jsd, kl, reverse;
    double error;
    check_ok(gm_measure_logit_jsd(&(gm_logits){good, bad, 3, 3}, &jsd, &error));
    assert_flags(&jsd, GM_MEASURE_NOT_FINITE | GM_MEASURE_CLIPPED);
    assert_int_equal(jsd.count, 2);
    assert_near(jsd.value, 0, 0);
    assert_true(error > 0);
    check_ok(gm_measure_logit_kl(&(gm_logits){good, bad, 2, 3}, &kl, NULL, &reverse, NULL));
    assert_flags(&kl, 0);
    assert_flags(&reverse, GM_MEASURE_NOT_FINITE | GM_MEASURE_CLIPPED);
    check_ok(gm_measure_logit_jsd(&(gm_logits){good, bad, 1, 0}, &jsd, &error));
    assert_flags(&jsd, GM_MEASURE_MISSING);
    assert_near(error, 0, 0);
    check_ok(gm_measure_logit_jsd(&(gm_logits){(float[]){1e6f}, (float[]){-1e6f}, 1, 1}, &jsd, &error));
    assert_near(jsd.value, log(2), 1e-12);
}

// ---- Class probabilities ----

static void classifier_scores_follow_their_definitions(void **state) {
    (void)state;
    gm_class_measures found;
    static const float sharp[] = {1, 0, 0, 1, 1, 0, 0, 1}, flat[] = {.5f, .5f, .5f, .5f},
                       mixed[] = {.9f, .1f, .3f, .7f};
    check_ok(gm_measure_classes(&(gm_samples){sharp, 4, 2}, &found));
    assert_near(found.entropy.value, log(2), 1e-7);
    assert_near(found.conditional.value, 0, 1e-7);
    assert_near(found.information.value, log(2), 1e-7);
    assert_near(found.score.value, 2, 1e-6);
    assert_flags(&found.score, GM_MEASURE_FEW | GM_MEASURE_DUPLICATES);
    check_ok(gm_measure_classes(&(gm_samples){flat, 2, 2}, &found));
    assert_near(found.conditional.value, log(2), 1e-7);
    assert_near(found.score.value, 1, 1e-7);
    check_ok(gm_measure_classes(&(gm_samples){mixed, 2, 2}, &found));
    double conditional = -(.9 * log(.9) + .1 * log(.1) + .3 * log(.3) + .7 * log(.7)) / 2;
    assert_near(found.entropy.value, -(.6 * log(.6) + .4 * log(.4)), 1e-6);
    assert_near(found.conditional.value, conditional, 1e-6);
    assert_near(found.information.value, found.entropy.value - conditional, 1e-6);
    check_ok(gm_measure_classes(&(gm_samples){(float[]){NAN, 1, .5f, .5f}, 2, 2}, &found));
    assert_flags(&found.entropy, GM_MEASURE_NOT_FINITE | GM_MEASURE_FEW);
    assert_int_equal(found.entropy.count, 1);
    check_ok(gm_measure_classes(&(gm_samples){sharp, 0, 2}, &found));
    assert_flags(&found.score, GM_MEASURE_MISSING | GM_MEASURE_FEW);
    fails(gm_measure_classes(&(gm_samples){(float[]){1, 0, 2, -1}, 2, 2}, &found), "row 1: the probability of class 1");
    fails(gm_measure_classes(&(gm_samples){(float[]){1, 0, .5f, .4f}, 2, 2}, &found),
          "row 1: the probabilities sum to");
}

// ---- Mixtures ----

static void true_mixtures_cover_their_modes(void **state) {
    (void)state;
    static float points[2 * 20000];
    static const char *const names[] = {"ring8", "grid25"};
    for (size_t k = 0; k < 2; k++) {
        const gm_mixture *mixture = gm_mixture_find(names[k]);
        gm_mode_measures found;
        gm_mixture_sample(mixture, 3, 0, 20000, points, NULL);
        check_ok(gm_measure_mixture(&(gm_samples){points, 20000, 2}, mixture->centre, mixture->modes, mixture->sigma,
                                    &found));
        assert_near(found.captured.value, (double)mixture->modes, 0);
        assert_near(found.quality.value, .98889, 3 * .00074);
        assert_near(found.reverse_kl.value, (double)(mixture->modes - 1) / 40000, (double)mixture->modes / 40000);
        assert_false(found.under_dispersed);
        assert_flags(&found.quality, 0);
        for (size_t i = 0; i < 40000; i++) { // half as far from the centre: all of high quality
            const double *centre = mixture->centre[i / 2 % 8];
            points[i] = (float)(centre[i % 2] + mixture->sigma * .5 * gm_philox_normal(1, 1, 0, 0, i));
        }
        check_ok(gm_measure_mixture(&(gm_samples){points, 20000, 2}, mixture->centre, mixture->modes, mixture->sigma,
                                    &found));
        assert_near(found.captured.value, 8, 0);
        assert_true(found.under_dispersed);
        assert_near(found.reverse_kl.value, log((double)mixture->modes / 8), 1e-3);
    }
}

static void collapsed_and_stray_points(void **state) {
    (void)state;
    const gm_mixture *ring = gm_mixture_find("ring8");
    gm_mode_measures found;
    float points[] = {1, 0, 1, 0, 1, 0, 0, 0, .05f, 1, NAN, 0};
    check_ok(gm_measure_mixture(&(gm_samples){points, 6, 2}, ring->centre, 8, ring->sigma, &found));
    assert_near(found.captured.value, 1, 0); // (.05, 1) is five sigma from its mode
    assert_near(found.quality.value, .6, 1e-12);
    assert_near(found.reverse_kl.value, .8 * log(.8 * 8) + .2 * log(.2 * 8), 1e-12); // the middle goes to mode 0
    assert_flags(&found.quality, GM_MEASURE_NOT_FINITE | GM_MEASURE_DUPLICATES | GM_MEASURE_FEW);
    assert_flags(&found.reverse_kl, found.quality.flags | GM_MEASURE_BIASED);
    assert_int_equal(found.quality.duplicates, 2);
    check_ok(gm_measure_mixture(&(gm_samples){points, 0, 2}, ring->centre, 8, ring->sigma, &found));
    assert_flags(&found.captured, GM_MEASURE_MISSING | GM_MEASURE_FEW);
    fails(gm_measure_mixture(&(gm_samples){points, 2, 3}, ring->centre, 8, .01, &found), "2 columns, not 3");
    fails(gm_measure_mixture(&(gm_samples){points, 2, 2}, ring->centre, 8, 0, &found), "sigma");
}

// A perfect generator of stacked images: the plug-in divergence is (modes - 1) / 2N, give or take its deviation.
static void perfect_stacked_images_have_the_expected_divergence(void **state) {
    (void)state;
    enum { N = 26000, MODES = 1000 };
    static int32_t classes[N];
    gm_mode_measures found;
    for (size_t i = 0; i < N; i++)
        classes[i] = (int32_t)(gm_philox_uniform(1, 1, 0, 0, i) * MODES);
    check_ok(gm_measure_modes(classes, N, MODES, &found));
    assert_near(found.captured.value, 1000, 0);
    assert_near(found.reverse_kl.value, .0192, .0026); // three deviations, sqrt(2 * 999) / 2N each
    assert_flags(&found.reverse_kl, 0);
    for (size_t i = 0; i < N; i++)
        classes[i] = 7;
    check_ok(gm_measure_modes(classes, 500, MODES, &found));
    assert_near(found.captured.value, 1, 0);
    assert_near(found.reverse_kl.value, log(1000), 1e-12);
    assert_flags(&found.captured, GM_MEASURE_FEW);
    classes[2] = 1000;
    fails(gm_measure_modes(classes, 5, MODES, &found), "sample 2: class 1000");
}

// ---- The cross-fitted classifier ----

static gm_measure jsd_of(const gm_samples *x, const gm_samples *y, uint64_t seed) {
    gm_measure found, rest;
    check_ok(gm_measure_jsd(device, x, y, &(gm_jsd_params){.seed = seed}, &found, &rest));
    assert_true(found.value >= 0 && found.value <= log(2));
    if (!(found.flags & GM_MEASURE_MISSING))
        assert_near(rest.value, log(2) - found.value, 1e-12);
    assert_int_equal(rest.flags, found.flags);
    return found;
}

// The bound on these samples from the true logit, ln p/q = sum over columns of m^2/2 - m x, m = shift / sqrt(d).
static double jsd_of_true_logits(const gm_samples *x, const gm_samples *y, double shift, double *standard_error) {
    const gm_samples *sides[] = {x, y};
    float *logits = malloc(2 * x->count * sizeof *logits);
    gm_measure found;
    assert_non_null(logits);
    for (size_t i = 0; i < 2 * x->count; i++) {
        const float *row = sides[i / x->count]->values + i % x->count * x->columns;
        double logit = shift * shift / 2;
        for (size_t j = 0; j < x->columns; j++)
            logit -= shift / sqrt((double)x->columns) * row[j];
        logits[i] = (float)logit;
    }
    check_ok(gm_measure_logit_jsd(&(gm_logits){logits, logits + x->count, x->count, x->count}, &found, standard_error));
    free(logits);
    return found.value;
}

// The network never does better than the true logit on the same samples, but for noise, and little worse; against the
// divergence itself the noise of the samples comes on top.
static void jsd_of_gaussians_lies_in_its_envelope(void **state) {
    (void)state;
    static const struct {
        size_t count, columns;
        double shift, below, above; // |shift| in all columns together; allowed error
    } rows[] = {
        {2000, 1, 0, 0, .004}, {2000, 1, 1, .02, .005}, {2000, 1, 3, .02, .01},
        {2000, 8, 0, 0, .004}, {2000, 8, 1, .03, .01},  {2000, 16, 2, .04, .01},
    };
    for (size_t r = 0; r < GM_COUNT(rows); r++) {
        size_t d = rows[r].columns;
        gm_samples x = draw(10 + r, rows[r].count, d), y = draw(30 + r, rows[r].count, d);
        transform(&y, rows[r].shift / sqrt((double)d), 1);
        double error, best = jsd_of_true_logits(&x, &y, rows[r].shift, &error), truth = jsd_of_shift(rows[r].shift);
        gm_measure found = jsd_of(&x, &y, 0);
        print_message("N %zu d %zu shift %g: %.4f (true logit %.4f, true divergence %.4f +- %.4f)\n", rows[r].count, d,
                      rows[r].shift, found.value, best, truth, error);
        assert_true(found.value >= best - rows[r].below && found.value <= best + rows[r].above);
        assert_true(found.value >= truth - rows[r].below - 3 * error);
        assert_true(found.value <= truth + rows[r].above + 3 * error);
        assert_int_equal(found.count, rows[r].count);
        release(&x);
        release(&y);
    }
}

static void jsd_repeats_bit_for_bit(void **state) {
    (void)state;
    gm_samples x = draw(1, 600, 3), y = draw(2, 500, 3);
    transform(&y, .5, 1.5);
    gm_measure a = jsd_of(&x, &y, 7), b = jsd_of(&x, &y, 7), c = jsd_of(&x, &y, 8);
    assert_true(a.value == b.value && a.value != c.value);
    assert_flags(&a, 0);
    check_ok(gm_measure_jsd(device, &x, &y, &(gm_jsd_params){.folds = 5}, &b, NULL));
    assert_near(a.value, b.value, .03);
    fails(gm_measure_jsd(device, &x, &y, &(gm_jsd_params){.folds = 11}, &b, NULL), "2 to 10");
    assert_flags(&b, GM_MEASURE_MISSING);
    release(&x);
    release(&y);
}

// Nothing to tell apart: few rows, the same rows on both sides, columns that do not vary. And everything.
static void jsd_of_degenerate_samples(void **state) {
    (void)state;
    gm_samples x = draw(1, 600, 3), y = draw(2, 600, 3);
    gm_measure found = jsd_of(&x, &x, 0);
    assert_true(found.value < .01);
    gm_samples few = {x.values, 20, 3}, other = {y.values, 20, 3};
    found = jsd_of(&few, &other, 0);
    assert_true(found.value < .25);
    assert_int_equal(found.flags & ~(uint32_t)GM_MEASURE_CLIPPED, GM_MEASURE_FEW);
    other.count = 7;
    found = jsd_of(&few, &other, 0);
    assert_flags(&found, GM_MEASURE_FEW | GM_MEASURE_MISSING);
    for (size_t i = 0; i < 600; i++) {
        edit(&x)[3 * i] = edit(&y)[3 * i] = 1234567;
        for (size_t j = 1; j < 3; j++)
            edit(&y)[3 * i + j] = (float)(9 + j); // collapsed, far away
    }
    edit(&x)[1] = NAN;
    found = jsd_of(&x, &y, 0);
    assert_near(found.value, log(2), .01);
    assert_flags(&found, GM_MEASURE_CONSTANT | GM_MEASURE_NOT_FINITE | GM_MEASURE_DUPLICATES);
    assert_int_equal(found.count, 599);
    found = jsd_of(&y, &y, 0); // nothing varies at all
    assert_near(found.value, 0, 0);
    assert_flags(&found, GM_MEASURE_CONSTANT | GM_MEASURE_DUPLICATES);
    release(&x);
    release(&y);
}

// One row far away takes no digits from the others: apart stays apart, alike alike.
static void far_row_does_not_hide_the_others(void **state) {
    (void)state;
    static const float distances[] = {1e6f, 1e30f, -3e38f};
    for (size_t i = 0; i < GM_COUNT(distances); i++) {
        gm_samples x = draw(1, 600, 3), y = draw(2, 600, 3), z = draw(3, 600, 3);
        transform(&y, 8, 1);
        edit(&y)[30] = edit(&y)[31] = edit(&y)[32] = edit(&z)[33] = distances[i];
        assert_near(jsd_of(&x, &y, 0).value, log(2), .01);
        assert_near(jsd_of(&y, &x, 0).value, log(2), .01);
        assert_near(jsd_of(&x, &z, 0).value, 0, .01);
        release(&x);
        release(&y);
        release(&z);
    }
    gm_samples x = draw(1, 600, 2), y = draw(2, 600, 2);
    for (size_t i = 0; i < 600; i++) { // the real side differs by rounding alone, the fake one lies elsewhere
        edit(&x)[2 * i + 1] = i % 2 ? 1234567 : 1234567.125f;
        edit(&y)[2 * i + 1] = 1234000;
    }
    assert_near(jsd_of(&x, &y, 0).value, log(2), .01);
    assert_near(jsd_of(&y, &x, 0).value, log(2), .01);
    release(&x);
    release(&y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histograms_count_what_lies_inside),
        cmocka_unit_test(histogram_entropies_are_corrected_once),
        cmocka_unit_test(histogram_information_and_divergence),
        cmocka_unit_test(true_logits_give_the_true_divergences),
        cmocka_unit_test(area_under_the_curve_counts_pairs),
        cmocka_unit_test(odd_logits_are_flagged_and_never_nan),
        cmocka_unit_test(classifier_scores_follow_their_definitions),
        cmocka_unit_test(true_mixtures_cover_their_modes),
        cmocka_unit_test(collapsed_and_stray_points),
        cmocka_unit_test(perfect_stacked_images_have_the_expected_divergence),
        cmocka_unit_test(jsd_of_gaussians_lies_in_its_envelope),
        cmocka_unit_test(jsd_repeats_bit_for_bit),
        cmocka_unit_test(jsd_of_degenerate_samples),
        cmocka_unit_test(far_row_does_not_hide_the_others),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}

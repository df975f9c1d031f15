// Log density ratios that objectives' logits estimate, and the KL terms made of them.
#include "ganymede/loss.h"
#include "nn_test.h"

enum { N = 5 };
static const double ratios[N] = {-1, 0.5, 2, -4, 0.125}; // ln p/q

static gm_tensor *input(fixture *f, const char *name, const double *values) {
    gm_tensor *x = gm_input(f->graph, name, GM_FLOAT32, GM_SHAPE(N, 1));
    set(f, x, values);
    return x;
}

static gm_tensor *slope_of(gm_tensor *y, gm_tensor *x) {
    gm_tensor *dx;
    gm_grad(y, &x, 1, &dx);
    return dx;
}

static void kl_terms_are_means_of_the_log_ratio(void **state) {
    (void)state;
    const double w[N] = {1, 2, 0.5, 0, 1.5};
    const struct {
        const char *name;
        double logit[N]; // with those log ratios
    } cases[] = {
        {"minimax", {-1, 0.5, 2, -4, 0.125}},
        {"non_saturating", {-1, 0.5, 2, -4, 0.125}},
        {"least_squares",
         {1 / (1 + exp(1)), 1 / (1 + exp(-.5)), 1 / (1 + exp(-2)), 1 / (1 + exp(4)), 1 / (1 + exp(-.125))}},
        {"f_kl", {0, 1.5, 3, -3, 1.125}},
        {"f_reverse_kl", {-1, 0.5, 2, -4, 0.125}},
        {"f_pearson", {2 * expm1(-1), 2 * expm1(.5), 2 * expm1(2), 2 * expm1(-4), 2 * expm1(.125)}},
        {"f_hellinger", {-.5, .25, 1, -2, 0.0625}},
        {"f_jensen_shannon", {-1, 0.5, 2, -4, 0.125}},
        {"f_gan", {-1, 0.5, 2, -4, 0.125}},
    };
    double reverse = 0, forward = 0, weighted[2] = {0}, slope[2][N];
    for (size_t k = 0; k < N; k++) {
        reverse -= ratios[k] / N;
        forward -= exp(ratios[k]) / N;
        weighted[0] -= w[k] * ratios[k] / 5;
        weighted[1] -= w[k] * exp(ratios[k]) / 5;
        slope[0][k] = -1. / N;
        slope[1][k] = -exp(ratios[k]) / N;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const gm_gan_loss *loss = gm_gan_loss_find(cases[i].name);
        fixture f;
        begin(&f);
        gm_tensor *logit = input(&f, "logit", cases[i].logit);
        gm_gan_loss_params params = {.weight_fake = input(&f, "weight", w)};
        gm_tensor *term[2] = {gm_kl_term(loss, logit, GM_KL_REVERSE, NULL),
                              gm_kl_term(loss, logit, GM_KL_FORWARD, NULL)};
        assert_int_equal(gm_tensor_shape(term[0])->rank, 0);
        has_values(&f, term[0], &reverse, 1);
        has_values(&f, term[1], &forward, 1);
        for (size_t k = 0; k < 2 && i < 2; k++)
            has_values(&f, slope_of(term[k], logit), slope[k], N);
        has_values(&f, gm_kl_term(loss, logit, GM_KL_REVERSE, &params), &weighted[0], 1);
        has_values(&f, gm_kl_term(loss, logit, GM_KL_FORWARD, &params), &weighted[1], 1);
        end(&f);
    }
}

static void the_forward_term_is_a_line_for_large_ratios(void **state) {
    (void)state;
    const double logits[N] = {10 - 1e-3, 10, 10 + 1e-3, 1e4, -1e4}, top = exp(10);
    const double value = -top * (exp(-1e-3) + 1 + 1.001 + 9991) / N;
    const double slope[N] = {-top * exp(-1e-3) / N, -top / N, -top / N, -top / N, 0};
    fixture f;
    begin(&f);
    gm_tensor *logit = input(&f, "logit", logits);
    gm_tensor *term = gm_kl_term(gm_gan_loss_find("minimax"), logit, GM_KL_FORWARD, NULL);
    assert_near(*evaluate(&f, term), value, 1e-7 * -value);
    has_values(&f, slope_of(term, logit), slope, N);
    end(&f);
}

// Relativistic logits are log ratios up to a constant: adding one changes no gradient.
static void relativistic_terms_ignore_the_unknown_constant(void **state) {
    (void)state;
    double sum = 0, forward[N], reverse[N];
    for (size_t k = 0; k < N; k++)
        sum += exp(ratios[k]);
    for (size_t k = 0; k < N; k++) {
        forward[k] = -exp(ratios[k]) / sum;
        reverse[k] = -1. / N;
    }
    for (size_t shift = 0; shift < 8; shift += 7) {
        const gm_gan_loss *loss = gm_gan_loss_find("relativistic");
        double logits[N];
        for (size_t k = 0; k < N; k++)
            logits[k] = ratios[k] + (double)shift;
        fixture f;
        begin(&f);
        gm_tensor *logit = input(&f, "logit", logits);
        gm_tensor *term = gm_kl_term(loss, logit, GM_KL_FORWARD, NULL);
        has_values(&f, term, &(double){-1}, 1);
        has_values(&f, slope_of(term, logit), forward, N);
        has_values(&f, slope_of(gm_kl_term(loss, logit, GM_KL_REVERSE, NULL), logit), reverse, N);
        end(&f);
    }
}

// Outside the ratios 1/100 ... 100 the logits of least squares and Pearson mean nothing, but a term must still pull.
static void log_ratios_are_finite_and_rise_everywhere(void **state) {
    (void)state;
    enum { POINTS = 11 };
    const double points[POINTS] = {-1e4, -88, -2, -1.98, -1, 0, 0.01, 0.5, 1, 88, 1e4};
    const struct {
        const char *name;
        size_t point;
        double value, slope;
    } outside[] = {{"least_squares", 5, log(.01) - 1, 101},
                   {"least_squares", 8, 1 - log(.01), 101},
                   {"f_pearson", 2, log(.01) - 1, 50}};
    size_t count;
    const gm_gan_loss *losses = gm_gan_losses(&count);
    for (size_t i = 0; i < count; i++) {
        const gm_gan_loss *loss = &losses[i];
        const bool none = strcmp(loss->name, "hinge") == 0 || strcmp(loss->name, "wasserstein") == 0;
        assert_int_equal(loss->log_ratio == NULL, none);
        assert_int_equal(loss->log_ratio_shifted, strcmp(loss->name, "relativistic") == 0);
        if (none)
            continue;
        fixture f;
        begin(&f);
        gm_tensor *logit = gm_input(f.graph, "logit", GM_FLOAT32, GM_SHAPE(POINTS));
        set(&f, logit, points);
        gm_tensor *ratio = loss->log_ratio(logit);
        double slope[POINTS];
        memcpy(slope, evaluate(&f, slope_of(gm_sum_all(ratio), logit)), sizeof slope);
        const double *value = evaluate(&f, ratio);
        for (size_t k = 0; k < POINTS; k++)
            assert_true(isfinite(value[k]) && isfinite(slope[k]) && slope[k] > 0 &&
                        (k == 0 || value[k] > value[k - 1]));
        for (size_t k = 0; k < sizeof outside / sizeof outside[0]; k++)
            if (strcmp(loss->name, outside[k].name) == 0) {
                assert_near(value[outside[k].point], outside[k].value, 1e-5);
                assert_near(slope[outside[k].point], outside[k].slope, 1e-4);
            }
        end(&f);
    }
}

static void a_logit_that_is_no_ratio_is_refused_by_name(void **state) {
    (void)state;
    const struct {
        const char *name;
        gm_kl_direction direction;
        const char *part;
    } cases[] = {
        {"hinge", GM_KL_REVERSE, "the logit of hinge is no log density ratio"},
        {"wasserstein", GM_KL_FORWARD, "the logit of wasserstein is no log density ratio"},
        {"minimax", GM_KL_INVALID, "no direction 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        begin(&f);
        gm_kl_term(gm_gan_loss_find(cases[i].name), input(&f, "logit", ratios), cases[i].direction, NULL);
        fault_says(&f, "kl_term", cases[i].part);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kl_terms_are_means_of_the_log_ratio),
        cmocka_unit_test(the_forward_term_is_a_line_for_large_ratios),
        cmocka_unit_test(relativistic_terms_ignore_the_unknown_constant),
        cmocka_unit_test(log_ratios_are_finite_and_rise_everywhere),
        cmocka_unit_test(a_logit_that_is_no_ratio_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("KL terms", tests, NULL, NULL);
}

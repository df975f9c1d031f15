// Log densities and the divergence of Gaussians: against closed forms, numerical integration and central differences.
#include "ganymede/likelihood.h"
#include "nn_test.h"
#include "reference/gradient_check.h"

enum { N = 2, D = 3 };

static const double pi = 3.14159265358979323846;

static gm_tensor *input(fixture *f, const char *name, const double values[N * D]) {
    gm_tensor *x = gm_input(f->graph, name, GM_FLOAT32, GM_SHAPE(N, D));
    set(f, x, values);
    return x;
}

static double gaussian(double x, double mean, double log_variance) {
    double d = x - mean;
    return -(log_variance + log(2 * pi) + d * d / exp(log_variance)) / 2;
}

static const double means[N * D] = {0, 1.5, -2, 0.25, -0.5, 3}, log_variances[N * D] = {0, -1, 1.5, -3, 0.5, -0.25};

// KL = int q (ln q - ln p), by the trapezoid rule over +-12 deviations: exact to far below the tolerance.
static void divergence_is_the_integral_that_it_stands_for(void **state) {
    (void)state;
    enum { STEPS = 4000 };
    double expected[N] = {0};
    for (size_t i = 0; i < N * D; i++) {
        double deviation = exp(log_variances[i] / 2), h = 24 * deviation / STEPS;
        for (size_t j = 0; j <= STEPS; j++) {
            double x = means[i] - 12 * deviation + (double)j * h, q = gaussian(x, means[i], log_variances[i]);
            expected[i / D] += h * exp(q) * (q - gaussian(x, 0, 0));
        }
    }
    fixture f;
    begin(&f);
    has_values(&f, gm_gaussian_divergence(input(&f, "m", means), input(&f, "v", log_variances)), expected, N);
    end(&f);
}

static void gaussian_likelihood_is_a_sum_over_all_values(void **state) {
    (void)state;
    const double x[N * D] = {1, -2, 0.5, 0, 4, -1};
    double expected[N] = {0}, standard[N] = {0};
    for (size_t i = 0; i < N * D; i++) {
        expected[i / D] += gaussian(x[i], means[i], log_variances[i]);
        standard[i / D] += gaussian(x[i], 0, 0.5);
    }
    fixture f;
    begin(&f);
    gm_tensor *value = input(&f, "x", x), *mean = input(&f, "m", means), *v = input(&f, "v", log_variances);
    has_values(&f, gm_gaussian_log_likelihood(value, mean, v), expected, N);
    has_values(&f, gm_gaussian_log_likelihood(value, gm_constant(f.graph, 0), gm_constant(f.graph, 0.5)), standard, N);
    gm_shape image = GM_SHAPE(N, 1, D, 1);
    has_values(&f, gm_gaussian_log_likelihood(gm_reshape(value, image), gm_reshape(mean, image), gm_reshape(v, image)),
               expected, N);
    end(&f);
}

static void bernoulli_likelihood_is_the_log_probability(void **state) {
    (void)state;
    const double x[N * D] = {1, 0, 1, 0.25, 1, 0}, logit[N * D] = {0.5, 0.5, -2, 1, 3, -4};
    double expected[N] = {0};
    for (size_t i = 0; i < N * D; i++) {
        double s = 1 / (1 + exp(-logit[i]));
        expected[i / D] += x[i] * log(s) + (1 - x[i]) * log(1 - s);
    }
    fixture f;
    begin(&f);
    has_values(&f, gm_bernoulli_log_likelihood(input(&f, "x", x), input(&f, "l", logit)), expected, N);
    end(&f);
}

// Certain and right costs nothing, certain and wrong costs the logit: no overflow, no cancellation, no lost gradient.
static void bernoulli_likelihood_is_finite_for_any_logit(void **state) {
    (void)state;
    const double x[N * D] = {1, 0, 0, 0, 1, 1}, logit[N * D] = {1e4, -1e4, 0, 1e4, -1e4, 0};
    const double expected[N] = {-log(2), -2e4 - log(2)}, slope[N * D] = {0, 0, -0.5, -1, 1, 0.5};
    fixture f;
    begin(&f);
    gm_tensor *l = input(&f, "l", logit), *y = gm_bernoulli_log_likelihood(input(&f, "x", x), l), *dl;
    gm_grad(gm_sum_all(y), &l, 1, &dl);
    has_values(&f, y, expected, N);
    has_values(&f, dl, slope, N * D);
    end(&f);
}

// x by number, and an index outside of the categories, which no category is.
static void categorical_likelihood_is_the_log_probability(void **state) {
    (void)state;
    const double logit[3 * D] = {0.5, -1, 2, 1e4, 0, -1e4, 7, 7, 7}, index[3] = {2, 1, 3};
    const double hot[3 * D] = {0, 0, 1, 0, 1, 0, 0, 0, 0},
                         slope[3 * D] = {-0.175290392, -0.0391125733, 0.214402965, -1, 1};
    double expected[3] = {2 - log(exp(0.5) + exp(-1) + exp(2)), -1e4, 0};
    fixture f;
    begin(&f);
    gm_tensor *l = gm_input(f.graph, "l", GM_FLOAT32, GM_SHAPE(3, D)), *dl;
    gm_tensor *i = gm_input(f.graph, "i", GM_INT32, GM_SHAPE(3));
    set(&f, l, logit);
    set(&f, i, index);
    gm_tensor *one_hot = gm_one_hot(i, D), *y = gm_categorical_log_likelihood(one_hot, l);
    gm_grad(gm_sum_all(y), &l, 1, &dl);
    has_values(&f, one_hot, hot, 3 * D);
    has_values(&f, y, expected, 3);
    has_values(&f, dl, slope, 3 * D);
    end(&f);
}

// The ELBO of a sample that a linear decoder reproduces: x[0] mean, x[1] log variance, x[2] noise, x[3] data, x[4]
// weights.
static gm_tensor *bernoulli_elbo(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    gm_tensor *logit = gm_gemm(gm_reparametrize(x[0], x[1], x[2]), x[4], NULL);
    return gm_subtract(gm_bernoulli_log_likelihood(x[3], logit), gm_gaussian_divergence(x[0], x[1]));
}

static gm_tensor *gaussian_elbo(gm_graph *graph, gm_tensor *const *x) {
    gm_tensor *y = gm_gemm(gm_reparametrize(x[0], x[1], x[2]), x[4], NULL);
    return gm_subtract(gm_gaussian_log_likelihood(x[3], y, gm_constant(graph, -0.7)),
                       gm_gaussian_divergence(x[0], x[1]));
}

static void elbo_has_the_slopes_of_its_central_differences(void **state) {
    (void)state;
#define VARIABLES                                                                                                      \
    .count = 5, .variable = {                                                                                          \
        {.shape = {2, {3, 2}}, .low = -1.5, .high = 1.5},                                                              \
        {.shape = {2, {3, 2}}, .low = -2, .high = 1},                                                                  \
        {.shape = {2, {3, 2}}, .low = -2, .high = 2},                                                                  \
        {.shape = {2, {3, 4}}, .low = 0.05, .high = 0.95},                                                             \
        {.shape = {2, {2, 4}}, .low = -2, .high = 2}                                                                   \
    }
    const gm_gradient_case cases[] = {{.name = "bernoulli ELBO", .build = bernoulli_elbo, VARIABLES},
                                      {.name = "gaussian ELBO", .build = gaussian_elbo, VARIABLES}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int order = 1; order <= 2; order++)
            assert_true(gm_gradient_check(&cases[i], order));
}

static void shapes_that_do_not_fit_are_named(void **state) {
    (void)state;
    const struct {
        const char *start, *part;
    } cases[] = {
        {"reparametrize", "must have one shape"},           {"gaussian_divergence", "must have one shape"},
        {"gaussian_log_likelihood", "must have one shape"}, {"bernoulli_log_likelihood", "must have one shape"},
        {"gaussian_log_likelihood", "not one number"},      {"categorical_log_likelihood", "must have one shape"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        begin(&f);
        gm_tensor *a = input(&f, "a", means), *b = gm_input(f.graph, "b", GM_FLOAT32, GM_SHAPE(N, D + 1));
        gm_tensor *scalar = gm_constant(f.graph, 1);
        gm_tensor *made[] = {gm_reparametrize(a, a, i == 0 ? b : a),
                             gm_gaussian_divergence(a, i == 1 ? b : a),
                             gm_gaussian_log_likelihood(a, scalar, i == 2 ? b : a),
                             gm_bernoulli_log_likelihood(a, i == 3 ? b : a),
                             gm_gaussian_log_likelihood(i == 4 ? scalar : a, scalar, scalar),
                             gm_categorical_log_likelihood(a, i == 5 ? b : a)};
        assert_non_null(made[i]);
        fault_says(&f, cases[i].start, cases[i].part);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divergence_is_the_integral_that_it_stands_for),
        cmocka_unit_test(gaussian_likelihood_is_a_sum_over_all_values),
        cmocka_unit_test(bernoulli_likelihood_is_the_log_probability),
        cmocka_unit_test(bernoulli_likelihood_is_finite_for_any_logit),
        cmocka_unit_test(categorical_likelihood_is_the_log_probability),
        cmocka_unit_test(elbo_has_the_slopes_of_its_central_differences),
        cmocka_unit_test(shapes_that_do_not_fit_are_named),
    };
    return cmocka_run_group_tests_name("likelihoods", tests, NULL, NULL);
}

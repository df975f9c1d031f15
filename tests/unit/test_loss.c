// Cross-entropy, squared error and bounds of mutual information against their formulas and known answers.
#include "ganymede/loss.h"
#include "nn_test.h"
#include "reference/gradient_check.h"

enum { N = 5 };
static const double logits[N] = {1.5, -0.25, 0, 3, -2}, others[N] = {-1, 0.5, 2, -4, 0.125};

static double sp(double x) {
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

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

static void cross_entropy_and_squared_error_are_means(void **state) {
    (void)state;
    const double targets[N] = {1, 0, 0.25, 0.5, 1};
    double cross = 0, squares = 0, smooth = 0;
    for (size_t i = 0; i < N; i++) {
        const double l = logits[i], t = targets[i], p = 1 / (1 + exp(-l));
        cross -= (t * log(p) + (1 - t) * log(1 - p)) / N;
        smooth -= (0.875 * log(p) + 0.125 * log(1 - p)) / N;
        squares += (l - t) * (l - t) / N;
    }
    fixture f;
    begin(&f);
    gm_tensor *logit = input(&f, "logit", logits), *target = input(&f, "target", targets);
    has_values(&f, gm_binary_cross_entropy(logit, target), &cross, 1);
    has_values(&f, gm_mean_squared_error(logit, target), &squares, 1);
    has_values(&f, gm_binary_cross_entropy(logit, gm_constant(f.graph, 0.875)), &smooth, 1);
    end(&f);
}

// Classes 0 to 2 at two positions of three samples; labels -1, 3 and 7 are none.
// Each label's part counts as often as its weight says; the divisor counts labels.
static void weighted_cross_entropy_is_the_sum_of_weighted_parts(void **state) {
    (void)state;
    enum { SAMPLES = 3, K = 2 };
    const double x[SAMPLES * K] = {1, -1, .5, 2, 0, 3}, label[SAMPLES] = {0, 1, 0}, weight[SAMPLES] = {2, 0, .5};
    double expected = 0;
    for (size_t n = 0; n < SAMPLES; n++) {
        double own = x[n * K + (size_t)label[n]], other = x[n * K + 1 - (size_t)label[n]];
        expected += weight[n] * log(1 + exp(other - own)) / SAMPLES;
    }
    fixture f;
    begin(&f);
    gm_tensor *logit = gm_input(f.graph, "logit", GM_FLOAT32, GM_SHAPE(SAMPLES, K));
    gm_tensor *labels = gm_input(f.graph, "labels", GM_INT32, GM_SHAPE(SAMPLES));
    gm_tensor *weights = gm_input(f.graph, "weights", GM_FLOAT32, GM_SHAPE(SAMPLES));
    set(&f, logit, x);
    set(&f, labels, label);
    set(&f, weights, weight);
    has_values(&f, gm_weighted_cross_entropy(logit, labels, weights), &expected, 1);
    gm_weighted_cross_entropy(logit, labels, gm_reshape(weights, GM_SHAPE(SAMPLES, 1)));
    fault_says(&f, "cross_entropy: weights (3, 1)", "float32 (3)");
    end(&f);
}

static void cross_entropy_of_labels_leaves_out_labels_that_are_none(void **state) {
    (void)state;
    enum { SAMPLES = 3, K = 3, L = 2 };
    const double label[SAMPLES * L] = {2, -1, 0, 1, 3, 7}, nothing[SAMPLES * L] = {3, -1, 9, 3, 4, -5};
    double x[SAMPLES * K * L], slope[SAMPLES * K * L] = {0}, loss = 0;
    const double zeros[SAMPLES * K * L] = {0}, zero = 0;
    for (size_t i = 0; i < SAMPLES * K * L; i++)
        x[i] = sin((double)(i * i)) * (i == 4 ? 1e4 : 2);
    for (size_t n = 0; n < SAMPLES; n++)
        for (size_t l = 0; l < L; l++) {
            const double *own = x + n * K * L + l, most = fmax(fmax(own[0], own[L]), own[2 * L]);
            const double sum = exp(own[0] - most) + exp(own[L] - most) + exp(own[2 * L] - most), k = label[n * L + l];
            if (!(k >= 0 && k < K))
                continue;
            loss -= (own[(size_t)k * L] - most - log(sum)) / 3;
            for (size_t j = 0; j < K; j++)
                slope[(n * K + j) * L + l] = (exp(own[j * L] - most) / sum - (j == (size_t)k)) / 3;
        }
    fixture f;
    begin(&f);
    gm_tensor *logit = gm_input(f.graph, "logit", GM_FLOAT32, GM_SHAPE(SAMPLES, K, L));
    gm_tensor *labels = gm_input(f.graph, "labels", GM_INT32, GM_SHAPE(SAMPLES, L));
    gm_tensor *none = gm_input(f.graph, "none", GM_INT32, GM_SHAPE(SAMPLES, L));
    set(&f, logit, x);
    set(&f, labels, label);
    set(&f, none, nothing);
    has_values(&f, gm_cross_entropy(logit, labels), &loss, 1);
    has_values(&f, slope_of(gm_cross_entropy(logit, labels), logit), slope, SAMPLES * K * L);
    has_values(&f, gm_cross_entropy(logit, none), &zero, 1);
    has_values(&f, slope_of(gm_cross_entropy(logit, none), logit), zeros, SAMPLES * K * L);
    // Vectors, and a class that a mask excludes.
    const double masked[2 * 2] = {0.5, -INFINITY, -INFINITY, 3}, first[2] = {0, 1};
    gm_tensor *vectors = gm_input(f.graph, "vectors", GM_FLOAT32, GM_SHAPE(2, 2));
    gm_tensor *of_vectors = gm_input(f.graph, "of_vectors", GM_INT32, GM_SHAPE(2));
    set(&f, vectors, masked);
    set(&f, of_vectors, first);
    has_values(&f, gm_cross_entropy(vectors, of_vectors), &zero, 1);
    has_values(&f, slope_of(gm_cross_entropy(vectors, of_vectors), vectors), zeros, 4);
    end(&f);
}

static gm_tensor *build_cross_entropy(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return gm_cross_entropy(x[0], gm_reshape(x[1], GM_SHAPE(3, 2)));
}

static void cross_entropy_of_labels_has_the_slopes_of_its_central_differences(void **state) {
    (void)state;
    const gm_gradient_case c = {.name = "cross_entropy",
                                .build = build_cross_entropy,
                                .count = 1,
                                .variable = {{.shape = {3, {3, 4, 2}}, .low = -3, .high = 3}},
                                .index_count = 6,
                                .index = {2, -1, 0, 1, 3, 7}};
    assert_true(gm_gradient_check(&c, 1));
    assert_true(gm_gradient_check(&c, 2));
}

static void mutual_information_bounds_equal_their_formulas(void **state) {
    (void)state;
    double js = 0, mean = 0, sum = 0, slope[4][N];
    for (size_t i = 0; i < N; i++) {
        js -= (sp(-logits[i]) + sp(others[i])) / N;
        mean += logits[i] / N;
        sum += exp(others[i]);
    }
    for (size_t i = 0; i < N; i++) {
        slope[0][i] = 1 / (1 + exp(logits[i])) / N;
        slope[1][i] = -1 / (1 + exp(-others[i])) / N;
        slope[2][i] = 1. / N;
        slope[3][i] = -exp(others[i]) / sum;
    }
    const double dv = mean - log(sum / N);
    fixture f;
    begin(&f);
    gm_tensor *joint = input(&f, "joint", logits), *product = input(&f, "product", others);
    gm_tensor *bound = gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_JENSEN_SHANNON, NULL);
    assert_int_equal(gm_tensor_shape(bound)->rank, 0);
    has_values(&f, bound, &js, 1);
    has_values(&f, slope_of(bound, joint), slope[0], N);
    has_values(&f, slope_of(bound, product), slope[1], N);
    bound = gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_DONSKER_VARADHAN, NULL);
    assert_int_equal(gm_tensor_shape(bound)->rank, 0);
    has_values(&f, bound, &dv, 1);
    has_values(&f, slope_of(bound, joint), slope[2], N);
    has_values(&f, slope_of(bound, product), slope[3], N);
    end(&f);
}

// The moving average divides the gradient of the second term; the value stays the batch's.
static void a_moving_average_takes_the_denominators_place_in_the_gradient(void **state) {
    (void)state;
    double mean = 0, sum = 0, slope[N], before = 0.75;
    for (size_t i = 0; i < N; i++) {
        mean += logits[i] / N;
        sum += exp(others[i]) / N;
        slope[i] = -exp(others[i] - before) / N;
    }
    const double value = mean - log(sum), after = log(0.9 * exp(before) + 0.1 * sum);
    fixture f;
    begin(&f);
    gm_tensor *joint = input(&f, "joint", logits), *product = input(&f, "product", others);
    gm_tensor *average = gm_variable(f.graph, "average", GM_FLOAT32, GM_SCALAR, (gm_initializer){0});
    set(&f, average, &before);
    gm_tensor *bound = gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_DONSKER_VARADHAN, average);
    has_values(&f, bound, &value, 1);
    has_values(&f, slope_of(bound, product), slope, N);
    assert_near(*evaluate(&f, slope_of(bound, average)), 0, 0);
    has_values(&f, gm_log_moving_average(average, gm_log_mean_exp(product), 0.1), &after, 1);
    end(&f);
}

// The pair (X, Y) on {0, 1}^2 has the probabilities .4, .1, .1, .4, so that I = .4 ln(.4/.25) 2 + .1 ln(.1/.25) 2. Ten
// joint pairs and ten of the product's, in those proportions (.25 each of the product: twenty, five per cell).
static void the_best_statistic_reaches_the_mutual_information(void **state) {
    (void)state;
    enum { PAIRS = 20 };
    const double cells[4] = {.4, .1, .1, .4};
    double joint_T[PAIRS], product_T[PAIRS], information = 0, jsd = 0;
    for (size_t k = 0, i = 0; k < 4; k++) {
        const double p = cells[k], q = .25, m = (p + q) / 2;
        for (size_t n = 0; n < (size_t)(p * PAIRS + .5); n++)
            joint_T[i++] = log(p / q);
        for (size_t n = 0; n < 5; n++)
            product_T[5 * k + n] = log(p / q);
        information += p * log(p / q);
        jsd += (p * log(p / m) + q * log(q / m)) / 2;
    }
    const double bound_of_jsd = 2 * jsd - 2 * log(2);
    fixture f;
    begin(&f);
    gm_tensor *joint = gm_input(f.graph, "joint", GM_FLOAT32, GM_SHAPE(PAIRS, 1));
    gm_tensor *product = gm_input(f.graph, "product", GM_FLOAT32, GM_SHAPE(PAIRS));
    set(&f, joint, joint_T);
    set(&f, product, product_T);
    gm_tensor *dv = gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_DONSKER_VARADHAN, NULL);
    gm_tensor *js = gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_JENSEN_SHANNON, NULL);
    has_values(&f, dv, &information, 1);
    has_values(&f, js, &bound_of_jsd, 1);
    end(&f);
}

static void extreme_statistics_give_finite_bounds_and_gradients(void **state) {
    (void)state;
    const double large[N] = {1e4, -1e4, 88, -88, 0};
    fixture f;
    begin(&f);
    gm_tensor *joint = input(&f, "joint", large), *product = input(&f, "product", large);
    gm_tensor *average = gm_constant(f.graph, -1e4);
    gm_tensor *bounds[] = {
        gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_JENSEN_SHANNON, NULL),
        gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_DONSKER_VARADHAN, NULL),
        gm_mutual_information_bound(joint, product, GM_MUTUAL_INFORMATION_DONSKER_VARADHAN, average),
    };
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        assert_true(isfinite(*evaluate(&f, bounds[i])));
        const double *slope = evaluate(&f, slope_of(bounds[i], product));
        for (size_t k = 0; k < N; k++)
            assert_true(isfinite(slope[k]));
        assert_true(slope[0] < -0.1); // the largest statistic of a product pair is the one to lower
    }
    const double expected = 1e4 - log(N);
    has_values(&f, gm_log_mean_exp(product), &expected, 1);
    end(&f);
}

static gm_tensor *no_kind(gm_tensor *x) {
    return gm_mutual_information_bound(x, x, GM_MUTUAL_INFORMATION_INVALID, NULL);
}
static gm_tensor *vector_average(gm_tensor *x) {
    return gm_mutual_information_bound(x, x, GM_MUTUAL_INFORMATION_DONSKER_VARADHAN, x);
}
static gm_tensor *average_of_jensen_shannon(gm_tensor *x) {
    gm_tensor *zero = gm_constant(gm_tensor_graph(x), 0);
    return gm_mutual_information_bound(x, x, GM_MUTUAL_INFORMATION_JENSEN_SHANNON, zero);
}
static gm_tensor *rate_of_one(gm_tensor *x) {
    gm_tensor *mean = gm_log_mean_exp(x);
    return gm_log_moving_average(mean, mean, 1);
}
static gm_tensor *labels_of_another_shape(gm_tensor *x) {
    return gm_cross_entropy(x, gm_input(gm_tensor_graph(x), "l", GM_INT32, GM_SHAPE(N, 1)));
}
static gm_tensor *labels_of_another_type(gm_tensor *x) {
    return gm_cross_entropy(x, gm_full(gm_tensor_graph(x), GM_SHAPE(N), 1));
}
static gm_tensor *logits_without_classes(gm_tensor *x) {
    return gm_cross_entropy(gm_reshape(x, GM_SHAPE(N)), gm_input(gm_tensor_graph(x), "l", GM_INT32, GM_SHAPE(N)));
}

static void losses_refuse_what_they_cannot_use(void **state) {
    (void)state;
    const struct {
        gm_tensor *(*build)(gm_tensor *x);
        const char *start, *part;
    } cases[] = {
        {no_kind, "mutual_information_bound", "kind 0"},
        {vector_average, "mutual_information_bound", "must be a scalar"},
        {average_of_jensen_shannon, "mutual_information_bound", "takes no moving average"},
        {rate_of_one, "log_moving_average", "between 0 and 1"},
        {labels_of_another_shape, "cross_entropy: ", "labels 'l' (5, 1) are int32 but must be int32 (5), one for each"},
        {labels_of_another_type, "cross_entropy: ", "labels (5) are float32 but must be int32 (5), one for each"},
        {logits_without_classes, "cross_entropy: ", "logits (5) are float32 but must be float32 (N, K, ...)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        begin(&f);
        cases[i].build(input(&f, "x", logits));
        fault_says(&f, cases[i].start, cases[i].part);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cross_entropy_and_squared_error_are_means),
        cmocka_unit_test(cross_entropy_of_labels_leaves_out_labels_that_are_none),
        cmocka_unit_test(weighted_cross_entropy_is_the_sum_of_weighted_parts),
        cmocka_unit_test(mutual_information_bounds_equal_their_formulas),
        cmocka_unit_test(a_moving_average_takes_the_denominators_place_in_the_gradient),
        cmocka_unit_test(the_best_statistic_reaches_the_mutual_information),
        cmocka_unit_test(extreme_statistics_give_finite_bounds_and_gradients),
        cmocka_unit_test(cross_entropy_of_labels_has_the_slopes_of_its_central_differences),
        cmocka_unit_test(losses_refuse_what_they_cannot_use),
    };
    return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}

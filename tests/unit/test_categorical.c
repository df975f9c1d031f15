// Discrete choices: how often each is drawn, their relaxation, its gradient straight through.
#include "nn_test.h"

enum { N = 4096, K = 4, ROWS = 3 };

static const double euler = 0.57721566490153286;

static gm_tensor *repeated(fixture *f, const double *logits) {
    gm_tensor *row = gm_input(f->graph, "row", GM_FLOAT32, GM_SHAPE(K, 1));
    set(f, row, logits);
    return gm_broadcast(row, GM_SHAPE(2, K, N / 2));
}

static void noise_has_the_moments_of_a_gumbel_distribution(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    const double *noise = evaluate(&f, gm_gumbel_noise(f.graph, "noise", GM_SHAPE(N), NULL));
    double mean = 0, square = 0;
    for (size_t i = 0; i < N; i++) {
        mean += noise[i] / N;
        square += noise[i] * noise[i] / N;
    }
    const double deviation = sqrt((square - mean * mean) * 6) / acos(-1); // 1
    assert_near(mean, euler, 4 * 1.2825 / sqrt(N));
    assert_near(deviation, 1, 0.06);
    end(&f);
}

// In this step the last of the four numbers is a 0 under the fixture's seed.
static void noise_is_finite_where_the_uniform_number_is_zero(void **state) {
    (void)state;
    const double step[2] = {668446, 0};
    fixture f;
    begin(&f);
    gm_tensor *counter = gm_input(f.graph, "counter", GM_INT32, GM_SHAPE(2));
    set(&f, counter, step);
    assert_true(evaluate(&f, gm_random_uniform(f.graph, "noise", GM_SHAPE(4), counter))[3] <= 0);
    const double least = evaluate(&f, gm_gumbel_noise(f.graph, "noise", GM_SHAPE(4), counter))[3];
    assert_near(least, -log(25 * log(2)), 1e-6);
    end(&f);
}

static void choices_are_drawn_as_often_as_the_softmax_says(void **state) {
    (void)state;
    const double logits[K] = {0.5, -1, -INFINITY, 1.25};
    double sum = 0, drawn[K] = {0};
    for (size_t k = 0; k < K; k++)
        sum += exp(logits[k]);
    fixture f;
    begin(&f);
    gm_tensor *choice = gm_categorical(repeated(&f, logits), "choice", NULL, 1);
    assert_true(gm_shape_equal(gm_tensor_shape(choice), &GM_SHAPE(2, 1, N / 2)));
    assert_int_equal(gm_tensor_type(choice), GM_INT32);
    const double *index = evaluate(&f, choice);
    for (size_t i = 0; i < N; i++)
        drawn[(size_t)index[i]]++;
    for (size_t k = 0; k < K; k++) {
        const double p = exp(logits[k]) / sum;
        assert_near(drawn[k] / N, p, 4 * sqrt(p * (1 - p) / N));
    }
    end(&f);
}

// Of one name, a hard choice is the one that is drawn, and a soft one is largest there.
static void relaxed_choices_agree_with_the_draw(void **state) {
    (void)state;
    const double logits[K] = {0.5, -1, -INFINITY, 1.25};
    fixture f;
    begin(&f);
    gm_tensor *x = repeated(&f, logits), *choice = gm_categorical(x, "choice", NULL, 1);
    gm_tensor *soft = gm_gumbel_softmax(x, "choice", NULL, 0.5, false, 1);
    gm_tensor *hard = gm_gumbel_softmax(x, "choice", NULL, 0.5, true, 1);
    gm_tensor *same = gm_mean_all(gm_equal(gm_argmax(soft, 1), choice)), *sum = gm_sum(soft, GM_AXIS(1));
    has_values(&f, same, (double[]){1}, 1);
    has_values(&f, gm_mean_all(sum), (double[]){1}, 1);
    has_values(&f, gm_mean_all(gm_equal(gm_argmax(hard, 1), choice)), (double[]){1}, 1);
    const double *value = evaluate(&f, hard);
    double ones = 0;
    for (size_t i = 0; i < K * N; i++) {
        assert_true(value[i] <= 0 || value[i] >= 1);
        ones += value[i];
    }
    assert_near(ones, N, 0);
    end(&f);
}

static void hard_choices_have_the_gradient_of_soft_ones(void **state) {
    (void)state;
    const double logits[ROWS * K] = {0.5, -1, 2, 0.25, 1, 1, 0, -3, 4, 0.125, -2, 0};
    const double noise[ROWS * K] = {0.25, 2, -1, 0.5, 0, 0, 1, 2, -2, 3, 0.5, -1};
    const double weights[ROWS * K] = {1, -2, 0.5, 3, -1, 0.25, 2, -0.5, 4, 1, -3, 0.75};
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(ROWS, K)), *dx[2];
    gm_tensor *g = gm_input(f.graph, "g", GM_FLOAT32, GM_SHAPE(ROWS, K));
    gm_tensor *w = gm_input(f.graph, "w", GM_FLOAT32, GM_SHAPE(ROWS, K));
    set(&f, x, logits);
    set(&f, g, noise);
    set(&f, w, weights);
    for (int hard = 0; hard < 2; hard++)
        gm_grad(gm_sum_all(gm_multiply(w, gm_gumbel_softmax_of(x, g, 0.75, hard, 1))), &x, 1, &dx[hard]);
    double soft[ROWS * K], most = 0;
    memcpy(soft, evaluate(&f, dx[0]), sizeof soft);
    for (size_t i = 0; i < ROWS * K; i++)
        most = fmax(most, fabs(soft[i]));
    assert_true(most > 0.1);
    has_values(&f, dx[1], soft, ROWS * K);
    // The first of equals wins, as in the first two rows.
    const double expected[ROWS * K] = {0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0};
    has_values(&f, gm_gumbel_softmax_of(x, g, 0.75, true, 1), expected, ROWS * K);
    end(&f);
}

static gm_tensor *without_temperature(fixture *f, gm_tensor *x) {
    (void)f;
    return gm_gumbel_softmax(x, "g", NULL, 0, false, 1);
}

static gm_tensor *with_other_noise(fixture *f, gm_tensor *x) {
    return gm_gumbel_softmax_of(x, gm_full(f->graph, GM_SHAPE(K), 1), 1, false, 1);
}

static gm_tensor *along_no_axis(fixture *f, gm_tensor *x) {
    (void)f;
    return gm_categorical(x, "c", NULL, 2);
}

static gm_tensor *without_a_name(fixture *f, gm_tensor *x) {
    (void)f;
    return gm_categorical(x, NULL, NULL, 1);
}

static void what_cannot_be_drawn_is_a_fault(void **state) {
    (void)state;
    static const struct {
        gm_tensor *(*build)(fixture *f, gm_tensor *x);
        const char *start, *part;
    } cases[] = {
        {without_temperature, "gumbel_softmax: ", "temperature 0 must be above 0"},
        {with_other_noise, "gumbel_softmax: ", "noise (4) must have one shape"},
        {along_no_axis, "categorical: ", "has no axis 2"},
        {without_a_name, "random_uniform: ", "needs a name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        begin(&f);
        gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(ROWS, K));
        assert_true(gm_is_poison(cases[i].build(&f, x)));
        fault_says(&f, cases[i].start, cases[i].part);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_has_the_moments_of_a_gumbel_distribution),
        cmocka_unit_test(noise_is_finite_where_the_uniform_number_is_zero),
        cmocka_unit_test(choices_are_drawn_as_often_as_the_softmax_says),
        cmocka_unit_test(relaxed_choices_agree_with_the_draw),
        cmocka_unit_test(hard_choices_have_the_gradient_of_soft_ones),
        cmocka_unit_test(what_cannot_be_drawn_is_a_fault),
    };
    return cmocka_run_group_tests_name("categorical", tests, NULL, NULL);
}

// Penalties on the discriminator's gradient against values worked out by hand, their own gradients against those and
// against central differences; where the gradient is taken; noise.
#include "base/base.h"
#include "ganymede/loss.h"
#include "ganymede/penalty.h"
#include "nn_test.h"
#include "reference/gradient_check.h"

enum { N = 3, M = 4 };
static const double points[N * M] = {0.5, -1, 2, 0.25, -0.75, 1.5, 0.125, -2, 1, 0.375, -0.5, 3};

static gm_tensor *slope_of(gm_tensor *y, gm_tensor *x) {
    gm_tensor *dx;
    gm_grad(y, &x, 1, &dx);
    return dx;
}

static gm_tensor *input(fixture *f, const char *name, gm_shape shape, const double *values) {
    gm_tensor *x = gm_input(f->graph, name, GM_FLOAT32, shape);
    set(f, x, values);
    return x;
}

// ---- By hand ----

// v = w.x: the gradient is w for every sample, |w| = 5, so
//   GP = 10 (5 - c)^2, dGP/dw = 20 (5 - c) w/5;  R1 = 3/2 25, dR1/dw = 3 w.
static void a_linear_critic_has_the_penalties_of_its_weights(void **state) {
    (void)state;
    const double w[M] = {1, -2, 4, 2}, square[N] = {25, 25, 25};
    const double penalty = 160, centred = 250, r1 = 37.5;
    const double by_w[3][M] = {{16, -32, 64, 32}, {20, -40, 80, 40}, {3, -6, 12, 6}};
    fixture f;
    begin(&f);
    gm_tensor *x = input(&f, "x", GM_SHAPE(N, M), points), *weight = input(&f, "w", GM_SHAPE(M, 1), w);
    gm_tensor *logit = gm_gemm(x, weight, NULL);
    gm_tensor *y[3] = {gm_gradient_penalty(logit, x, 10, 1), gm_gradient_penalty(logit, x, 10, 0),
                       gm_squared_gradient_penalty(logit, x, 3)};
    has_values(&f, gm_gradient_square(logit, x), square, N);
    has_values(&f, y[0], &penalty, 1);
    has_values(&f, y[1], &centred, 1);
    has_values(&f, y[2], &r1, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(gm_tensor_shape(y[i])->rank, 0);
        has_values(&f, slope_of(y[i], weight), by_w[i], M);
    }
    end(&f);
}

// v = x'Ax/2: the gradient is g = Sx, S = (A + A')/2, and d|g|^2/dA = g x' + x g'.
//   R1 = gamma/2 E|g|^2;  GP = lambda E(|g| - 1)^2, d|g|/dA = (g x' + x g')/(2 |g|)
static void a_quadratic_critic_has_the_penalties_of_its_matrix(void **state) {
    (void)state;
    const double A[M * M] = {1, 0.5, -1, 0, 2, -1.5, 0.25, 1, 0.75, -0.5, 0.5, -2, 1, 0, 3, 0.125};
    double r1 = 0, penalty = 0, by_r1[M * M] = {0}, by_penalty[M * M] = {0}, square[N];
    for (size_t n = 0; n < N; n++) {
        const double *x = points + n * M;
        double g[M] = {0};
        square[n] = 0;
        for (size_t i = 0; i < M; i++) {
            for (size_t j = 0; j < M; j++)
                g[i] += (A[i * M + j] + A[j * M + i]) / 2 * x[j];
            square[n] += g[i] * g[i];
        }
        const double norm = sqrt(square[n]);
        r1 += 0.5 / 2 * square[n] / N;
        penalty += 10 * (norm - 1) * (norm - 1) / N;
        for (size_t i = 0; i < M * M; i++) {
            const double outer = g[i / M] * x[i % M] + x[i / M] * g[i % M];
            by_r1[i] += 0.5 / 2 * outer / N;
            by_penalty[i] += 10 * (norm - 1) / norm * outer / N;
        }
    }
    fixture f;
    begin(&f);
    gm_tensor *x = input(&f, "x", GM_SHAPE(N, M), points), *matrix = input(&f, "A", GM_SHAPE(M, M), A);
    gm_tensor *ones = gm_full(f.graph, GM_SHAPE(M, 1), 0.5);
    gm_tensor *logit = gm_gemm(gm_multiply(gm_gemm(x, matrix, &(gm_gemm_params){.transpose_b = true}), x), ones, NULL);
    has_values(&f, gm_gradient_square(logit, x), square, N);
    gm_tensor *y = gm_squared_gradient_penalty(logit, x, 0.5);
    has_values(&f, y, &r1, 1);
    has_values(&f, slope_of(y, matrix), by_r1, M * M);
    y = gm_gradient_penalty(logit, x, 10, 1);
    has_values(&f, y, &penalty, 1);
    has_values(&f, slope_of(y, matrix), by_penalty, M * M);
    end(&f);
}

// v = sum(x) over C, H, W = 2, 2, 2: the gradient is eight ones, whose norm is sqrt(8). Over the channels alone it
// would be sqrt(2) at each of four places, and the penalty 10 (sqrt(2) - 1)^2 = 1.7 instead of 33.4.
static void the_norm_is_over_all_values_of_a_sample(void **state) {
    (void)state;
    double values[16], square[2] = {8, 8};
    for (size_t i = 0; i < 16; i++)
        values[i] = (double)i / 8 - 1;
    const double penalty = 10 * (sqrt(8) - 1) * (sqrt(8) - 1), r1 = 4;
    fixture f;
    begin(&f);
    gm_tensor *x = input(&f, "x", GM_SHAPE(2, 2, 2, 2), values);
    gm_tensor *logit = gm_reshape(gm_sum(x, GM_AXIS(1) | GM_AXIS(2) | GM_AXIS(3)), GM_SHAPE(2, 1));
    has_values(&f, gm_gradient_square(logit, x), square, 2);
    has_values(&f, gm_gradient_penalty(logit, x, 10, 1), &penalty, 1);
    has_values(&f, gm_squared_gradient_penalty(logit, x, 1), &r1, 1);
    end(&f);
}

// v = |x|^2/2 has the gradient 0 at x = 0: the norm's own gradient must exist there.
static void a_vanishing_gradient_has_a_penalty_with_a_gradient(void **state) {
    (void)state;
    const double zeros[N * M] = {0};
    const double penalty = 10;
    fixture f;
    begin(&f);
    gm_tensor *x = input(&f, "x", GM_SHAPE(N, M), zeros),
              *w = gm_variable(f.graph, "w", GM_FLOAT32, GM_SHAPE(1, M), (gm_initializer){.a = 1});
    gm_tensor *logit = gm_sum(gm_multiply(gm_square(x), w), GM_AXIS(1));
    gm_tensor *y = gm_gradient_penalty(logit, x, 10, 1);
    assert_near(*evaluate(&f, y), penalty, 1e-4);
    has_values(&f, slope_of(y, w), zeros, M);
    has_values(&f, slope_of(y, x), zeros, N * M);
    end(&f);
}

// R1 of logits that come from one pass over real and generated samples together: only the real half counts.
static void the_gradient_of_half_a_batch_is_that_half_alone(void **state) {
    (void)state;
    double square[N], other[N * M];
    for (size_t n = 0; n < N; n++) {
        square[n] = 0;
        for (size_t i = 0; i < M; i++) {
            square[n] += points[n * M + i] * points[n * M + i];
            other[n * M + i] = 100 + points[n * M + i];
        }
    }
    fixture f;
    begin(&f);
    gm_tensor *samples[2] = {input(&f, "real", GM_SHAPE(N, M), points), input(&f, "fake", GM_SHAPE(N, M), other)};
    gm_tensor *both = gm_scale(gm_sum(gm_square(gm_concat(samples, 2, 0)), GM_AXIS(1)), 0.5);
    gm_tensor *real = gm_slice(both, (size_t[]){0, 0}, (size_t[]){N, 1});
    has_values(&f, gm_gradient_square(real, samples[0]), square, N);
    end(&f);
}

// ---- Central differences ----

static gm_tensor *conv_critic(gm_tensor *x, gm_tensor *first, gm_tensor *second, gm_tensor *dense) {
    gm_tensor *h = gm_convolution(x, first, &(gm_convolution_params){.stride = {2, 2}, .padding = {1, 1}});
    h = gm_convolution(gm_leaky_relu(h, .2), second, &(gm_convolution_params){.padding = {1, 1}});
    return gm_gemm(gm_reshape(gm_softplus(h), GM_SHAPE(2, 8)), dense, NULL);
}

static gm_tensor *build_gradient_penalty(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return gm_gradient_penalty(conv_critic(x[0], x[1], x[2], x[3]), x[0], 10, 1);
}

static gm_tensor *build_squared_gradient_penalty(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return gm_squared_gradient_penalty(conv_critic(x[0], x[1], x[2], x[3]), x[0], 10);
}

// A critic's whole loss: Wasserstein and the penalty between real and generated samples.
static gm_tensor *build_wgan_gp(gm_graph *graph, gm_tensor *const *x) {
    gm_tensor *uniform = gm_random_uniform(graph, "uniform", GM_SHAPE(2, 1), NULL);
    gm_tensor *between = gm_interpolate(x[0], x[4], uniform), *logit[3], *inputs[3] = {x[0], x[4], between};
    for (size_t i = 0; i < 3; i++)
        logit[i] = conv_critic(inputs[i], x[1], x[2], x[3]);
    return gm_add(gm_gan_loss_discriminator(gm_gan_loss_find("wasserstein"), logit[0], logit[1], NULL),
                  gm_gradient_penalty(logit[2], between, 10, 1));
}

#define VARIABLE(from, to, ...)                                                                                        \
    { .shape = {__VA_ARGS__}, .low = from, .high = to }
#define CRITIC                                                                                                         \
    VARIABLE(-1, 1, 4, {2, 1, 4, 4}), VARIABLE(-1, 1, 4, {2, 1, 4, 4}), VARIABLE(-1, 1, 4, {2, 2, 3, 3}),              \
        VARIABLE(-1, 1, 2, {8, 1})
static const gm_gradient_case cases[] = {
    {.name = "gradient_penalty", .build = build_gradient_penalty, .count = 4, .variable = {CRITIC}},
    {.name = "squared_gradient_penalty", .build = build_squared_gradient_penalty, .count = 4, .variable = {CRITIC}},
    {.name = "wgan_gp", .build = build_wgan_gp, .count = 5, .variable = {CRITIC, VARIABLE(-0.5, 1.5, 4, {2, 1, 4, 4})}},
};

static void penalties_have_the_slopes_of_central_differences(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int order = 1; order <= 2; order++)
            assert_true(gm_gradient_check(&cases[i], order));
}

// ---- Where gradients are taken; noise ----

static void interpolation_is_per_sample(void **state) {
    (void)state;
    const double fakes[N * M] = {4, 3, 2, 1, 0, -1, -2, -3, 7, 6, 5, 4}, u[N] = {1, 0, 0.25};
    double expected[N * M];
    for (size_t i = 0; i < N * M; i++)
        expected[i] = u[i / M] * points[i] + (1 - u[i / M]) * fakes[i];
    fixture f;
    begin(&f);
    gm_tensor *uniform = input(&f, "u", GM_SHAPE(N, 1), u);
    gm_tensor *real = input(&f, "real", GM_SHAPE(N, 1, 2, 2), points);
    gm_tensor *fake = input(&f, "fake", GM_SHAPE(N, 1, 2, 2), fakes);
    gm_tensor *between = gm_interpolate(real, fake, uniform);
    assert_true(gm_shape_equal(gm_tensor_shape(between), gm_tensor_shape(real)));
    has_values(&f, between, expected, N * M);
    end(&f);
}

static void dragan_takes_one_deviation_of_the_whole_batch(void **state) {
    (void)state;
    double mean = 0, square = 0, u[N * M], expected[N * M], ones[N * M];
    for (size_t i = 0; i < N * M; i++)
        mean += points[i] / (N * M);
    for (size_t i = 0; i < N * M; i++) {
        square += (points[i] - mean) * (points[i] - mean) / (N * M);
        u[i] = (double)(5 * i % (N * M)) / (N * M);
    }
    for (size_t i = 0; i < N * M; i++) {
        expected[i] = points[i] + sqrt(square) / 2 * u[i];
        ones[i] = 1;
    }
    fixture f;
    begin(&f);
    gm_tensor *x = input(&f, "x", GM_SHAPE(N, M), points), *uniform = input(&f, "u", GM_SHAPE(N, M), u);
    gm_tensor *neighbours = gm_dragan_neighbours(x, uniform);
    has_values(&f, neighbours, expected, N * M);
    has_values(&f, slope_of(gm_sum_all(neighbours), x), ones, N * M);
    end(&f);
}

static void instance_noise_is_scaled_by_its_strength(void **state) {
    (void)state;
    const double noise[N * M] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, sigma = 0.5;
    double expected[N * M];
    for (size_t i = 0; i < N * M; i++)
        expected[i] = points[i] + sigma * noise[i];
    fixture f;
    begin(&f);
    gm_tensor *x = input(&f, "x", GM_SHAPE(N, M), points), *n = input(&f, "noise", GM_SHAPE(N, M), noise);
    gm_tensor *strength = input(&f, "sigma", GM_SCALAR, &sigma);
    has_values(&f, gm_instance_noise(x, n, strength), expected, N * M);
    assert_int_equal(gm_tensor_shape(gm_instance_noise(x, n, gm_reshape(strength, GM_SHAPE(1, 1))))->rank, 2);
    end(&f);
}

// ---- Faults ----

typedef struct bad {
    gm_tensor *x, *column, *square;
} bad;

static gm_tensor *independent(const bad *b) {
    return gm_gradient_penalty(gm_sum(b->square, GM_AXIS(1)), b->x, 10, 1);
}
static gm_tensor *other_batch(const bad *b) {
    return gm_squared_gradient_penalty(gm_sum(b->x, GM_AXIS(0)), b->x, 1);
}
static gm_tensor *negative_weight(const bad *b) {
    return gm_gradient_penalty(gm_sum(b->x, GM_AXIS(1)), b->x, -1, 1);
}
static gm_tensor *gamma_not_a_number(const bad *b) {
    return gm_squared_gradient_penalty(gm_sum(b->x, GM_AXIS(1)), b->x, (double)NAN);
}
static gm_tensor *between_shapes(const bad *b) {
    return gm_interpolate(b->x, b->square, b->column);
}
static gm_tensor *one_number_per_value(const bad *b) {
    return gm_interpolate(b->x, b->x, b->x);
}
static gm_tensor *noise_per_sample(const bad *b) {
    return gm_dragan_neighbours(b->x, b->column);
}
static gm_tensor *strength_per_sample(const bad *b) {
    return gm_instance_noise(b->x, b->x, b->column);
}

static void what_makes_no_penalty_is_refused(void **state) {
    (void)state;
    const struct {
        gm_tensor *(*build)(const bad *b);
        const char *start, *part;
    } faults[] = {
        {independent, "gradient_penalty", "do not depend on the input 'x'"},
        {other_batch, "squared_gradient_penalty", "of the same samples"},
        {negative_weight, "gradient_penalty", "the weight -1"},
        {gamma_not_a_number, "squared_gradient_penalty", "the gamma"},
        {between_shapes, "interpolate", "must have one shape"},
        {one_number_per_value, "interpolate", "one number for each sample"},
        {noise_per_sample, "dragan_neighbours", "must have the shape of x"},
        {strength_per_sample, "instance_noise", "must be a scalar"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        fixture f;
        begin(&f);
        const bad b = {gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(N, M)),
                       gm_input(f.graph, "column", GM_FLOAT32, GM_SHAPE(N, 1)),
                       gm_input(f.graph, "square", GM_FLOAT32, GM_SHAPE(N, N))};
        faults[i].build(&b);
        fault_says(&f, faults[i].start, faults[i].part);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linear_critic_has_the_penalties_of_its_weights),
        cmocka_unit_test(a_quadratic_critic_has_the_penalties_of_its_matrix),
        cmocka_unit_test(the_norm_is_over_all_values_of_a_sample),
        cmocka_unit_test(a_vanishing_gradient_has_a_penalty_with_a_gradient),
        cmocka_unit_test(the_gradient_of_half_a_batch_is_that_half_alone),
        cmocka_unit_test(penalties_have_the_slopes_of_central_differences),
        cmocka_unit_test(interpolation_is_per_sample),
        cmocka_unit_test(dragan_takes_one_deviation_of_the_whole_batch),
        cmocka_unit_test(instance_noise_is_scaled_by_its_strength),
        cmocka_unit_test(what_makes_no_penalty_is_refused),
    };
    return cmocka_run_group_tests_name("penalties", tests, NULL, NULL);
}

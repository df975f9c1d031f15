// Objectives against the formulas of the literature, at ordinary and at extreme logits.
#include "ganymede/loss.h"
#include "reference/reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// cmocka's own comparison of doubles is missing before version 1.1.6.
#define assert_near(a, b, tolerance)                                                                                   \
    do {                                                                                                               \
        const double near_a = (a), near_b = (b);                                                                       \
        if (!(fabs(near_a - near_b) <= (tolerance)))                                                                   \
            fail_msg("%s is %.9g instead of %.9g", #a, near_a, near_b);                                                \
    } while (0)

enum { N = 5 };
static const double real_logits[N] = {1.5, -0.25, 0, 3, -2}, fake_logits[N] = {-1, 0.5, 2, -4, 0.125};

static double sp(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

// Evaluates both players' losses and the gradients of G's loss at these logits.
static void losses_at(const gm_gan_loss *loss, const double *real, const double *fake, double *d, double *g,
                      double slope[N]) {
    gm_graph *graph = NULL;
    gm_reference *reference = NULL;
    assert_int_equal(gm_graph_create(&graph), GM_OK);
    gm_tensor *lr = gm_input(graph, "real", GM_FLOAT32, GM_SHAPE(N, 1));
    gm_tensor *lf = gm_input(graph, "fake", GM_FLOAT32, GM_SHAPE(N, 1));
    gm_tensor *out[3] = {gm_gan_loss_discriminator(loss, lr, lf), gm_gan_loss_generator(loss, NULL, lf), NULL};
    gm_grad(out[1], &lf, 1, &out[2]);
    assert_int_equal(gm_tensor_shape(out[0])->rank, 0);
    assert_int_equal(gm_tensor_shape(out[1])->rank, 0);
    assert_int_equal(gm_reference_create(&reference, graph, 1), GM_OK);
    assert_int_equal(gm_reference_set(reference, lr, real), GM_OK);
    assert_int_equal(gm_reference_set(reference, lf, fake), GM_OK);
    assert_int_equal(gm_reference_evaluate(reference, out, 3), GM_OK);
    *d = *gm_reference_value(reference, out[0]);
    *g = *gm_reference_value(reference, out[1]);
    for (size_t i = 0; i < N; i++)
        slope[i] = gm_reference_value(reference, out[2])[i];
    gm_reference_destroy(&reference);
    gm_graph_destroy(&graph);
}

static void losses_equal_their_formulas(void **state) {
    (void)state;
    double cross = 0, minimax = 0, non_saturating = 0, squares_d = 0, squares_g = 0;
    for (size_t i = 0; i < N; i++) {
        const double r = real_logits[i], f = fake_logits[i];
        cross += (sp(-r) + sp(f)) / N;
        minimax -= sp(f) / N;
        non_saturating += sp(-f) / N;
        squares_d += ((r - 1) * (r - 1) + f * f) / 2 / N;
        squares_g += (f - 1) * (f - 1) / 2 / N;
    }
    const struct {
        const char *name;
        double d, g;
    } expected[] = {
        {"minimax", cross, minimax},
        {"non_saturating", cross, non_saturating},
        {"least_squares", squares_d, squares_g},
    };
    size_t rows;
    gm_gan_losses(&rows);
    assert_int_equal(rows, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < rows; i++) {
        double d, g, slope[N];
        const gm_gan_loss *loss = gm_gan_loss_find(expected[i].name);
        assert_non_null(loss);
        losses_at(loss, real_logits, fake_logits, &d, &g, slope);
        assert_near(d, expected[i].d, 1e-7);
        assert_near(g, expected[i].g, 1e-7);
        for (size_t k = 0; k < N; k++) // every generator loss pulls these fakes' logits up (towards 1 in least squares)
            assert_true(fake_logits[k] > 1 && i == 2 ? slope[k] > 0 : slope[k] < 0);
    }
    assert_null(gm_gan_loss_find("wasserstien"));
}

static void extreme_logits_give_finite_losses_and_gradients(void **state) {
    (void)state;
    const double large[N] = {1e4, -1e4, 1e4, -1e4, 0};
    size_t rows;
    const gm_gan_loss *losses = gm_gan_losses(&rows);
    for (size_t i = 0; i < rows; i++) {
        double d, g, slope[N];
        losses_at(&losses[i], large, large, &d, &g, slope);
        assert_true(isfinite(d) && isfinite(g));
        for (size_t k = 0; k < N; k++)
            assert_true(isfinite(slope[k]));
    }
    // The point of the non-saturating loss: a fake that D is sure about still has a gradient; minimax has none.
    double d, g, slope[N];
    losses_at(gm_gan_loss_find("non_saturating"), large, large, &d, &g, slope);
    assert_near(slope[1], -1.0 / N, 1e-7);
    losses_at(gm_gan_loss_find("minimax"), large, large, &d, &g, slope);
    assert_near(slope[1], 0, 1e-7);
}

static void a_loss_that_needs_real_logits_says_so(void **state) {
    (void)state;
    gm_gan_loss loss = *gm_gan_loss_find("minimax");
    loss.generator_needs_real = true;
    gm_graph *graph = NULL;
    assert_int_equal(gm_graph_create(&graph), GM_OK);
    gm_tensor *fake = gm_input(graph, "fake", GM_FLOAT32, GM_SHAPE(N, 1));
    gm_gan_loss_generator(&loss, fake, fake);
    assert_int_equal(gm_graph_status(graph), GM_OK);
    gm_gan_loss_generator(&loss, NULL, fake);
    assert_int_equal(gm_graph_status(graph), GM_ERROR_ARGUMENT);
    gm_graph_destroy(&graph);
}

static void cross_entropy_and_squared_error_are_means(void **state) {
    (void)state;
    gm_graph *graph = NULL;
    gm_reference *reference = NULL;
    assert_int_equal(gm_graph_create(&graph), GM_OK);
    gm_tensor *logit = gm_input(graph, "logit", GM_FLOAT32, GM_SHAPE(N, 1));
    gm_tensor *target = gm_input(graph, "target", GM_FLOAT32, GM_SHAPE(N, 1));
    gm_tensor *out[3] = {gm_binary_cross_entropy(logit, target), gm_mean_squared_error(logit, target),
                         gm_binary_cross_entropy(logit, gm_constant(graph, 0.875))};
    const double targets[N] = {1, 0, 0.25, 0.5, 1};
    double cross = 0, squares = 0, smooth = 0;
    for (size_t i = 0; i < N; i++) {
        const double l = real_logits[i], t = targets[i], p = 1 / (1 + exp(-l));
        cross -= (t * log(p) + (1 - t) * log(1 - p)) / N;
        smooth -= (0.875 * log(p) + 0.125 * log(1 - p)) / N;
        squares += (l - t) * (l - t) / N;
    }
    assert_int_equal(gm_reference_create(&reference, graph, 1), GM_OK);
    assert_int_equal(gm_reference_set(reference, logit, real_logits), GM_OK);
    assert_int_equal(gm_reference_set(reference, target, targets), GM_OK);
    assert_int_equal(gm_reference_evaluate(reference, out, 3), GM_OK);
    assert_near(*gm_reference_value(reference, out[0]), cross, 1e-7);
    assert_near(*gm_reference_value(reference, out[1]), squares, 1e-7);
    assert_near(*gm_reference_value(reference, out[2]), smooth, 1e-7);
    gm_reference_destroy(&reference);
    gm_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_equal_their_formulas),
        cmocka_unit_test(extreme_logits_give_finite_losses_and_gradients),
        cmocka_unit_test(a_loss_that_needs_real_logits_says_so),
        cmocka_unit_test(cross_entropy_and_squared_error_are_means),
    };
    return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}

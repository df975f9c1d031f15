// The table of GAN objectives: every row against its closed form, in value and slope, at ordinary logits and at extreme
// ones; settings of the players.
#include "ganymede/loss.h"
#include "nn_test.h"

enum { N = 5 };
static const double real_logits[N] = {1.5, -0.25, 0, 3, -2}, fake_logits[N] = {-1, 0.5, 2, -4, 0.125};
static const double limit = 20; // where e^x becomes a line

static double sp(double x) {
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

// e^x and the line that continues it.
static double exponential(double x) {
    return x < limit ? exp(x) : exp(limit) * (1 + x - limit);
}

static double exponential_slope(double x) {
    return exp(fmin(x, limit));
}

// ---- The rows, written out: value and slope of what each mean is of ----

#define CURVE(name, value, slope)                                                                                      \
    static double name(double l) {                                                                                     \
        return value;                                                                                                  \
    }                                                                                                                  \
    static double name##_slope(double l) {                                                                             \
        return slope;                                                                                                  \
    }
CURVE(bce_real, sp(-l), -sigmoid(-l))
CURVE(bce_fake, sp(l), sigmoid(l))
CURVE(bce_fake_negative, -sp(l), -sigmoid(l))
CURVE(square_to_1, (l - 1) * (l - 1) / 2, l - 1)
CURVE(square_to_0, 0.5 * l * l, l)
CURVE(plus, l, 1 + 0 * l)
CURVE(minus, -l, -1 + 0 * l)
CURVE(hinge_real, l < 1 ? 1 - l : 0, l < 1 ? -1 : 0)
CURVE(hinge_fake, l > -1 ? 1 + l : 0, l > -1 ? 1 : 0)
CURVE(kl_conjugate, exponential(l - 1), exponential_slope(l - 1))
CURVE(kl_generator, -exponential(l - 1), -exponential_slope(l - 1))
CURVE(rkl_real, exponential(-l), -exponential_slope(-l))
CURVE(rkl_conjugate, l - 1, 1 + 0 * l)
CURVE(rkl_generator, 1 - l, -1 + 0 * l)
CURVE(pearson_conjugate, 0.25 * l * l + l, l / 2 + 1)
CURVE(pearson_generator, -0.25 * l * l - l, -l / 2 - 1)
CURVE(hellinger_real, exponential(-l) - 1, -exponential_slope(-l))
CURVE(hellinger_conjugate, exponential(l) - 1, exponential_slope(l))
CURVE(hellinger_generator, 1 - exponential(l), -exponential_slope(l))
CURVE(js_real, sp(-l) - log(2), -sigmoid(-l))
CURVE(js_conjugate, sp(l) - log(2), sigmoid(l))
CURVE(js_generator, log(2) - sp(l), -sigmoid(l))

typedef struct curve {
    double (*value)(double l), (*slope)(double l);
} curve;
#define C(name)                                                                                                        \
    { name, name##_slope }

// The best logit for p/q = r; NULL where the logit is no ratio.
static double log_of(double r) {
    return log(r);
}
static double probability(double r) {
    return r / (1 + r);
}
static double one_more(double r) {
    return 1 + log(r);
}
static double twice_less_one(double r) {
    return 2 * (r - 1);
}
static double half_log(double r) {
    return log(r) / 2;
}

// sum of q f(r) for the divergence's f at r = p/q.
static double f_kl(double r) {
    return r * log(r);
}
static double f_reverse_kl(double r) {
    return -log(r);
}
static double f_pearson(double r) {
    return (r - 1) * (r - 1);
}
static double f_hellinger(double r) {
    return (sqrt(r) - 1) * (sqrt(r) - 1);
}
static double f_jensen_shannon(double r) {
    return r * log(2 * r / (1 + r)) + log(2 / (1 + r));
}
static double f_gan(double r) {
    return f_jensen_shannon(r) - (1 + r) * log(2);
}

typedef struct expected_row {
    const char *name;
    curve real, fake, generator;
    double (*best)(double ratio);
    double (*f)(double ratio);
} expected_row;

static const expected_row expected[] = {
    {"minimax", C(bce_real), C(bce_fake), C(bce_fake_negative), log_of, NULL},
    {"non_saturating", C(bce_real), C(bce_fake), C(bce_real), log_of, NULL},
    {"least_squares", C(square_to_1), C(square_to_0), C(square_to_1), probability, NULL},
    {"wasserstein", C(minus), C(plus), C(minus), NULL, NULL},
    {"hinge", C(hinge_real), C(hinge_fake), C(minus), NULL, NULL},
    {"relativistic", C(bce_real), {NULL, NULL}, C(bce_real), NULL, NULL},
    {"f_kl", C(minus), C(kl_conjugate), C(kl_generator), one_more, f_kl},
    {"f_reverse_kl", C(rkl_real), C(rkl_conjugate), C(rkl_generator), log_of, f_reverse_kl},
    {"f_pearson", C(minus), C(pearson_conjugate), C(pearson_generator), twice_less_one, f_pearson},
    {"f_hellinger", C(hellinger_real), C(hellinger_conjugate), C(hellinger_generator), half_log, f_hellinger},
    {"f_jensen_shannon", C(js_real), C(js_conjugate), C(js_generator), log_of, f_jensen_shannon},
    {"f_gan", C(bce_real), C(bce_fake), C(bce_fake_negative), log_of, f_gan},
};
enum { ROWS = sizeof expected / sizeof expected[0] };

static const gm_gan_loss *row_of(size_t i) {
    const gm_gan_loss *loss = gm_gan_loss_find(expected[i].name);
    assert_non_null(loss);
    return loss;
}

// ---- Evaluation ----

// Two batches of logits in a graph of their own, weights and settings for the losses.
typedef struct game {
    fixture f;
    gm_tensor *real, *fake;
    gm_gan_loss_params params;
} game;

static void game_begin(game *g, const double *real, const double *fake, size_t count) {
    *g = (game){0};
    begin(&g->f);
    g->real = gm_input(g->f.graph, "real", GM_FLOAT32, GM_SHAPE(count, 1));
    g->fake = gm_input(g->f.graph, "fake", GM_FLOAT32, GM_SHAPE(count, 1));
    set(&g->f, g->real, real);
    set(&g->f, g->fake, fake);
}

static gm_tensor *weights(game *g, const char *name, size_t count, const double *values) {
    gm_tensor *w = gm_input(g->f.graph, name, GM_FLOAT32, GM_SHAPE(count, 1));
    set(&g->f, w, values);
    return w;
}

static void near(const char *what, size_t index, double got, double wanted, double tolerance) {
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("%s, element %zu: %.12g instead of %.12g", what, index, got, wanted);
}

// y and its gradient to x, of `count` elements.
static double value_and_slopes(game *g, gm_tensor *y, gm_tensor *x, double *slopes, size_t count) {
    gm_tensor *dx;
    gm_grad(y, &x, 1, &dx);
    assert_int_equal(gm_tensor_shape(y)->rank, 0);
    const double *got = evaluate(&g->f, dx);
    for (size_t i = 0; i < count; i++)
        slopes[i] = got[i];
    return *evaluate(&g->f, y);
}

// ---- Tests ----

static void every_row_equals_its_formula_in_value_and_slope(void **state) {
    (void)state;
    size_t count;
    gm_gan_losses(&count);
    assert_int_equal(count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const expected_row *row = &expected[i];
        const gm_gan_loss *loss = row_of(i);
        game g;
        game_begin(&g, real_logits, fake_logits, N);
        gm_tensor *d = gm_gan_loss_discriminator(loss, g.real, g.fake, NULL);
        gm_tensor *opponent = loss->generator_needs_real ? g.real : NULL;
        gm_tensor *player = gm_gan_loss_generator(loss, opponent, g.fake, NULL);
        double slope[3][N], wanted[3][N], d_wanted = 0, g_wanted = 0;
        for (size_t k = 0; k < N; k++) {
            const double r = real_logits[k], f = fake_logits[k];
            if (loss->generator_needs_real) {
                d_wanted += row->real.value(r - f) / N;
                g_wanted += row->generator.value(f - r) / N;
                wanted[0][k] = row->real.slope(r - f) / N;
                wanted[1][k] = -wanted[0][k];
                wanted[2][k] = row->generator.slope(f - r) / N;
                continue;
            }
            d_wanted += (row->real.value(r) + row->fake.value(f)) / N;
            g_wanted += row->generator.value(f) / N;
            wanted[0][k] = row->real.slope(r) / N;
            wanted[1][k] = row->fake.slope(f) / N;
            wanted[2][k] = row->generator.slope(f) / N;
        }
        near(row->name, 0, value_and_slopes(&g, d, g.real, slope[0], N), d_wanted, 1e-7);
        value_and_slopes(&g, d, g.fake, slope[1], N);
        near(row->name, 1, value_and_slopes(&g, player, g.fake, slope[2], N), g_wanted, 1e-7);
        for (size_t k = 0; k < 3 * N; k++)
            near(row->name, k, slope[k / N][k % N], wanted[k / N][k % N], 1e-7);
        end(&g.f);
    }
    assert_null(gm_gan_loss_find("wasserstien"));
}

// Large logits take each element through both its curves. A sample that D judges wrongly pulls at D; a generated sample
// that D is sure of pulls at G in every objective that claims not to saturate.
static void extreme_logits_are_finite_and_keep_the_gradients_that_matter(void **state) {
    (void)state;
    enum { EXTREMES = 6 };
    const double extreme[EXTREMES] = {-1e4, -88, 0, 88, 1e4, 0}, opposite[EXTREMES] = {1e4, 88, 0, -88, -1e4, 1e4};
    for (size_t i = 0; i < ROWS; i++) {
        const gm_gan_loss *loss = row_of(i);
        const expected_row *row = &expected[i];
        for (int alternative = 0; alternative < (loss->divergence ? 2 : 1); alternative++) {
            game g;
            double slope[3][EXTREMES];
            game_begin(&g, extreme, opposite, EXTREMES);
            g.params.alternative = alternative;
            gm_tensor *d = gm_gan_loss_discriminator(loss, g.real, g.fake, &g.params);
            gm_tensor *player = gm_gan_loss_generator(loss, g.real, g.fake, &g.params);
            assert_true(isfinite(value_and_slopes(&g, d, g.real, slope[0], EXTREMES)));
            value_and_slopes(&g, d, g.fake, slope[1], EXTREMES);
            assert_true(isfinite(value_and_slopes(&g, player, g.fake, slope[2], EXTREMES)));
            for (size_t k = 0; k < 3 * EXTREMES; k++)
                assert_true(isfinite(slope[k / EXTREMES][k % EXTREMES]));
            assert_true(slope[0][0] <= -0.9 / EXTREMES && slope[0][1] <= -0.9 / EXTREMES); // real, at -1e4 and -88
            assert_true(slope[1][0] >= 0.9 / EXTREMES && slope[1][1] >= 0.9 / EXTREMES);   // generated, at 1e4 and 88
            const bool saturates = !alternative && row->generator.slope(-1e4) == 0;
            for (size_t k = 3; k < 5 && !(strcmp(loss->name, "f_pearson") == 0 && !alternative); k++)
                if (saturates ? fabs(slope[2][k]) > 1e-12 : slope[2][k] > -0.9 / EXTREMES)
                    fail_msg("%s: a fake at %g pulls with %g", loss->name, opposite[k], slope[2][k]);
            end(&g.f);
        }
    }
}

// Just below, at, just above and far above each threshold. The curves of the table say where the line begins.
static void exponentials_continue_as_lines_of_the_same_value_and_slope(void **state) {
    (void)state;
    const struct {
        const char *name;
        double at;
        bool real; // else the row's `fake`
    } joint[] = {
        {"f_kl", 21, false}, {"f_reverse_kl", -20, true}, {"f_hellinger", -20, true}, {"f_hellinger", 20, false}};
    for (size_t i = 0; i < sizeof joint / sizeof joint[0]; i++) {
        const gm_gan_loss *loss = gm_gan_loss_find(joint[i].name);
        const double away = joint[i].at > 0 ? 1 : -1, at = joint[i].at;
        const double l[N] = {at - away * 1e-4, at, at + away * 1e-4, at + away * 5, at + away * 9000};
        const double top = exp(limit), offset = strcmp(joint[i].name, "f_hellinger") == 0 ? -1 : 0;
        const double steps[N] = {-1e-4, 0, 1e-4, 5, 9000};
        game g;
        game_begin(&g, l, l, N);
        gm_tensor *line_of = joint[i].real ? loss->real(g.real) : loss->fake(g.real);
        double slope[N];
        value_and_slopes(&g, gm_sum_all(line_of), g.real, slope, N);
        const double *value = evaluate(&g.f, line_of);
        for (size_t k = 0; k < N; k++) {
            near(joint[i].name, k, value[k], (k == 0 ? top * exp(-1e-4) : top * (1 + steps[k])) + offset, 1e-12);
            near(joint[i].name, k, away * slope[k], k == 0 ? top * exp(-1e-4) : top, 1e-12);
        }
        end(&g.f);
    }
}

// Weights p and q on a discrete space make the players' means exact expectations. At the best logits the bound is the
// divergence and its slope is 0; the row's log ratio gives back ln p/q.
static void best_logits_reach_the_divergence_and_give_the_ratio(void **state) {
    (void)state;
    const double p[N] = {.01, .2, .3, .09, .4}, q[N] = {.25, .3, .15, .1, .2};
    for (size_t i = 0; i < ROWS; i++) {
        const expected_row *row = &expected[i];
        const gm_gan_loss *loss = row_of(i);
        assert_int_equal(loss->divergence != NULL, row->f != NULL);
        if (row->best == NULL)
            continue;
        double best[N], slope[N], divergence = 0;
        for (size_t k = 0; k < N; k++) {
            best[k] = row->best(p[k] / q[k]);
            divergence += row->f ? q[k] * row->f(p[k] / q[k]) : 0;
        }
        game g;
        game_begin(&g, best, best, N);
        g.params.weight_real = weights(&g, "p", N, p);
        g.params.weight_fake = weights(&g, "q", N, q);
        gm_tensor *cost = gm_gan_loss_discriminator(loss, g.real, g.real, &g.params);
        double value = value_and_slopes(&g, cost, g.real, slope, N);
        if (row->f)
            near(row->name, 0, -value, divergence, 1e-7);
        for (size_t k = 0; k < N; k++)
            near(row->name, k, slope[k], 0, 1e-9);
        const double *ratio = evaluate(&g.f, loss->log_ratio(g.real));
        for (size_t k = 0; k < N; k++)
            near(row->name, k, ratio[k], log(p[k] / q[k]), 1e-7);
        end(&g.f);
    }
}

static void the_bound_is_the_difference_of_the_two_expectations(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const expected_row *row = &expected[i];
        game g;
        game_begin(&g, real_logits, fake_logits, N);
        gm_tensor *bound = gm_f_divergence_bound(row_of(i), g.real, g.fake);
        if (row->f) {
            double wanted = 0;
            for (size_t k = 0; k < N; k++)
                wanted -= (row->real.value(real_logits[k]) + row->fake.value(fake_logits[k])) / N;
            near(row->name, 0, *evaluate(&g.f, bound), wanted, 1e-7);
        } else {
            fault_says(&g.f, row->name, "bounds no divergence");
        }
        end(&g.f);
    }
}

static void weights_make_weighted_means(void **state) {
    (void)state;
    const double wr[N] = {1, 0, 2, 0.5, 3}, wf[N] = {0.25, 4, 1, 1, 0}, zero[N] = {0};
    double total[2] = {6.5, 6.25}, pairs = 0, wanted[2] = {0}, paired = 0;
    for (size_t k = 0; k < N; k++) {
        wanted[0] += wr[k] * sp(-real_logits[k]) / total[0] + wf[k] * sp(fake_logits[k]) / total[1];
        wanted[1] += wf[k] * sp(-fake_logits[k]) / total[1];
        paired += wr[k] * wf[k] * sp(fake_logits[k] - real_logits[k]);
        pairs += wr[k] * wf[k];
    }
    const gm_gan_loss *loss = gm_gan_loss_find("non_saturating"), *relativistic = gm_gan_loss_find("relativistic");
    game g;
    double slope[N];
    game_begin(&g, real_logits, fake_logits, N);
    gm_gan_loss_params both = {.weight_real = weights(&g, "wr", N, wr), .weight_fake = weights(&g, "wf", N, wf)};
    gm_gan_loss_params empty = {.weight_fake = weights(&g, "zero", N, zero)}, one = {.weight_fake = both.weight_fake};
    near("D", 0, *evaluate(&g.f, gm_gan_loss_discriminator(loss, g.real, g.fake, &both)), wanted[0], 1e-7);
    near("G", 0, value_and_slopes(&g, gm_gan_loss_generator(loss, NULL, g.fake, &both), g.fake, slope, N), wanted[1],
         1e-7);
    for (size_t k = 0; k < N; k++)
        near("G's slope", k, slope[k], -wf[k] / total[1] * sigmoid(-fake_logits[k]), 1e-7);
    near("pairs", 0, *evaluate(&g.f, gm_gan_loss_discriminator(relativistic, g.real, g.fake, &both)), paired / pairs,
         1e-7);
    double single = 0;
    for (size_t k = 0; k < N; k++)
        single += wf[k] * sp(real_logits[k] - fake_logits[k]) / total[1];
    near("pairs, one weight", 0, *evaluate(&g.f, gm_gan_loss_generator(relativistic, g.real, g.fake, &one)), single,
         1e-7);
    near("no weight", 0, value_and_slopes(&g, gm_gan_loss_generator(loss, NULL, g.fake, &empty), g.fake, slope, N), 0,
         0);
    for (size_t k = 0; k < N; k++)
        near("no weight", k, slope[k], 0, 0);
    end(&g.f);
}

// Two samples of 2 x 2 logits each: a sample's weight is for all of its patches.
static void a_weight_is_for_all_logits_of_its_sample(void **state) {
    (void)state;
    const double patches[8] = {1, 2, 3, 4, -1, -2, -3, -4}, w[2] = {3, 1};
    double wanted = 0;
    for (size_t k = 0; k < 8; k++)
        wanted += (k < 4 ? 3 : 1) * sp(-patches[k]) / 16;
    fixture f;
    begin(&f);
    gm_tensor *logit = gm_input(f.graph, "logit", GM_FLOAT32, GM_SHAPE(2, 1, 2, 2));
    gm_tensor *weight = gm_input(f.graph, "weight", GM_FLOAT32, GM_SHAPE(2, 1));
    set(&f, logit, patches);
    set(&f, weight, w);
    gm_gan_loss_params params = {.weight_fake = weight};
    near("patches", 0, *evaluate(&f, gm_gan_loss_generator(gm_gan_loss_find("non_saturating"), NULL, logit, &params)),
         wanted, 1e-7);
    end(&f);
}

// One-sided: the real half has the target .9, the generated half stays, and so does the generator.
static void label_smoothing_moves_the_target_of_real_samples_alone(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const gm_gan_loss *loss = row_of(i);
        double wanted = 0, slope[N], best[N];
        for (size_t k = 0; k < N; k++)
            wanted += (.9 * sp(-real_logits[k]) + .1 * sp(real_logits[k]) + sp(fake_logits[k])) / N;
        game g;
        game_begin(&g, real_logits, fake_logits, N);
        g.params.real_target = .9;
        near(loss->name, 0, *evaluate(&g.f, gm_gan_loss_discriminator(loss, g.real, g.fake, &g.params)), wanted, 1e-7);
        assert_ptr_equal(gm_gan_loss_generator(loss, NULL, g.fake, &g.params),
                         gm_gan_loss_generator(loss, NULL, g.fake, NULL));
        for (size_t k = 0; k < N; k++)
            best[k] = log(9);
        set(&g.f, g.real, best); // D(x) = .9 is where real samples stop pulling
        value_and_slopes(&g, gm_gan_loss_discriminator(loss, g.real, g.fake, &g.params), g.real, slope, N);
        for (size_t k = 0; k < N; k++)
            near(loss->name, k, slope[k], 0, 1e-7);
        end(&g.f);
    }
}

// G's alternative, -E T, has the slope of D's term of real samples.
static void the_alternative_generator_takes_the_other_expectation(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const expected_row *row = &expected[i];
        if (!row->f)
            continue;
        double wanted = 0, slope[N];
        game g;
        game_begin(&g, real_logits, fake_logits, N);
        g.params.alternative = true;
        for (size_t k = 0; k < N; k++)
            wanted += row->real.value(fake_logits[k]) / N;
        gm_tensor *player = gm_gan_loss_generator(row_of(i), NULL, g.fake, &g.params);
        near(row->name, 0, value_and_slopes(&g, player, g.fake, slope, N), wanted, 1e-7);
        for (size_t k = 0; k < N; k++)
            assert_true(slope[k] < 0);
        end(&g.f);
    }
}

// ---- Faults ----

static gm_tensor *no_real_logits(game *g) {
    return gm_gan_loss_generator(gm_gan_loss_find("relativistic"), NULL, g->fake, NULL);
}
static gm_tensor *unequal_pairs(game *g) {
    gm_tensor *flat = gm_reshape(g->real, GM_SHAPE(N));
    return gm_gan_loss_discriminator(gm_gan_loss_find("relativistic"), flat, g->fake, NULL);
}
static gm_tensor *smooth_hinge(game *g) {
    gm_gan_loss_params params = {.real_target = .9};
    return gm_gan_loss_discriminator(gm_gan_loss_find("hinge"), g->real, g->fake, &params);
}
static gm_tensor *target_above_one(game *g) {
    gm_gan_loss_params params = {.real_target = 1.5};
    return gm_gan_loss_discriminator(gm_gan_loss_find("minimax"), g->real, g->fake, &params);
}
static gm_tensor *alternative_minimax(game *g) {
    gm_gan_loss_params params = {.alternative = true};
    return gm_gan_loss_generator(gm_gan_loss_find("minimax"), NULL, g->fake, &params);
}
static gm_tensor *too_few_weights(game *g) {
    gm_gan_loss_params params = {.weight_fake = gm_full(g->f.graph, GM_SHAPE(3, 1), 1)};
    return gm_gan_loss_generator(gm_gan_loss_find("minimax"), NULL, g->fake, &params);
}
static gm_tensor *no_fake_logits(game *g) {
    return gm_gan_loss_discriminator(gm_gan_loss_find("f_kl"), g->real, NULL, NULL);
}

static void what_an_objective_cannot_do_is_refused_by_name(void **state) {
    (void)state;
    const struct {
        gm_tensor *(*build)(game *g);
        const char *start, *part;
    } cases[] = {
        {no_real_logits, "the generator's relativistic loss", "needs the logits of real samples"},
        {unequal_pairs, "relativistic", "pairs real and generated samples"},
        {smooth_hinge, "hinge", "label smoothing is for minimax and non_saturating"},
        {target_above_one, "minimax", "the target 1.5"},
        {alternative_minimax, "minimax", "alternative"},
        {too_few_weights, "minimax", "one for each sample"},
        {no_fake_logits, "f_kl", "NULL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        game g;
        game_begin(&g, real_logits, fake_logits, N);
        cases[i].build(&g);
        fault_says(&g.f, cases[i].start, cases[i].part);
        end(&g.f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_equals_its_formula_in_value_and_slope),
        cmocka_unit_test(extreme_logits_are_finite_and_keep_the_gradients_that_matter),
        cmocka_unit_test(exponentials_continue_as_lines_of_the_same_value_and_slope),
        cmocka_unit_test(best_logits_reach_the_divergence_and_give_the_ratio),
        cmocka_unit_test(the_bound_is_the_difference_of_the_two_expectations),
        cmocka_unit_test(weights_make_weighted_means),
        cmocka_unit_test(a_weight_is_for_all_logits_of_its_sample),
        cmocka_unit_test(label_smoothing_moves_the_target_of_real_samples_alone),
        cmocka_unit_test(the_alternative_generator_takes_the_other_expectation),
        cmocka_unit_test(what_an_objective_cannot_do_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("objectives", tests, NULL, NULL);
}

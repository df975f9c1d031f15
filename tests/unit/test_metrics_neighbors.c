// Estimates from nearest neighbours against their formulas over all pairs in double precision, and what becomes of
// input that no formula is made for.
#include "ganymede/plan.h"
#include "metrics_support.h"

// ---- The formulas ----

static double distance(const float *x, const float *y, size_t columns, gm_norm norm) {
    double sum = 0, most = 0;
    for (size_t c = 0; c < columns; c++) {
        double difference = fabs((double)x[c] - (double)y[c]);
        sum += difference * difference;
        most = fmax(most, difference);
    }
    return norm == GM_NORM_MAXIMUM ? most : sqrt(sum);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The distance of row i of x to its k-th neighbour in y; in x itself when y is x.
static double kth(const gm_samples *x, size_t i, const gm_samples *y, size_t k, gm_norm norm) {
    double *all = calloc(y->count, sizeof *all), found;
    size_t count = 0;
    for (size_t j = 0; j < y->count; j++)
        if (x != y || i != j)
            all[count++] = distance(x->values + i * x->columns, y->values + j * y->columns, x->columns, norm);
    qsort(all, count, sizeof *all, ascending);
    found = all[k - 1];
    free(all);
    return found;
}

static double digamma(size_t n) {
    double value = -0.57721566490153286061;
    for (size_t i = 1; i < n; i++)
        value += 1 / (double)i;
    return value;
}

static double ball_volume(size_t d, gm_norm norm) {
    const double pi = 3.14159265358979323846;
    if (norm == GM_NORM_MAXIMUM)
        return ldexp(1, (int)d);
    return d == 0 ? 1 : d == 1 ? 2 : 2 * pi / (double)d * ball_volume(d - 2, norm);
}

static double entropy(const gm_samples *x, size_t k, gm_norm norm) {
    double sum = 0;
    for (size_t i = 0; i < x->count; i++)
        sum += log(kth(x, i, x, k, norm));
    return digamma(x->count) - digamma(k) + log(ball_volume(x->columns, norm)) +
           (double)x->columns / (double)x->count * sum;
}

static double kl(const gm_samples *p, const gm_samples *q, size_t k) {
    double sum = 0, n = (double)p->count;
    for (size_t i = 0; i < p->count; i++)
        sum += log(kth(p, i, q, k, GM_NORM_EUCLIDEAN) / kth(p, i, p, k, GM_NORM_EUCLIDEAN));
    return fmax(0, (double)p->columns / n * sum + log((double)q->count / (n - 1)));
}

static cloud join(const gm_samples *x, const gm_samples *y) {
    cloud z = create_cloud(x->count, x->columns + y->columns);
    for (size_t i = 0; i < x->count; i++) {
        memcpy(z.values + i * z.samples.columns, x->values + i * x->columns, x->columns * sizeof(float));
        memcpy(z.values + i * z.samples.columns + x->columns, y->values + i * y->columns, y->columns * sizeof(float));
    }
    return z;
}

static size_t count_nearer(const gm_samples *x, size_t i, double radius) {
    size_t count = 0;
    for (size_t j = 0; j < x->count; j++)
        count += i != j &&
                 distance(x->values + i * x->columns, x->values + j * x->columns, x->columns, GM_NORM_MAXIMUM) < radius;
    return count;
}

static double mutual_information(const gm_samples *x, const gm_samples *y, size_t k) {
    cloud z = join(x, y);
    double sum = 0;
    for (size_t i = 0; i < x->count; i++) {
        double radius = kth(&z.samples, i, &z.samples, k, GM_NORM_MAXIMUM);
        sum += digamma(count_nearer(x, i, radius) + 1) + digamma(count_nearer(y, i, radius) + 1);
    }
    destroy_cloud(&z);
    return fmax(0, digamma(k) + digamma(x->count) - sum / (double)x->count);
}

// Precision, recall, density, coverage.
static void prdc(const gm_samples *real, const gm_samples *fake, size_t k, double values[4]) {
    double *of_real = calloc(real->count, sizeof *of_real), *of_fake = calloc(fake->count, sizeof *of_fake);
    size_t in_real = 0, in_fake = 0, all = 0, covered = 0;
    for (size_t i = 0; i < real->count; i++)
        of_real[i] = kth(real, i, real, k, GM_NORM_EUCLIDEAN);
    for (size_t j = 0; j < fake->count; j++)
        of_fake[j] = kth(fake, j, fake, k, GM_NORM_EUCLIDEAN);
    for (size_t j = 0; j < fake->count; j++) {
        size_t holding = 0;
        for (size_t i = 0; i < real->count; i++)
            holding += distance(real->values + i * real->columns, fake->values + j * real->columns, real->columns,
                                GM_NORM_EUCLIDEAN) <= of_real[i];
        in_real += holding > 0;
        all += holding;
    }
    for (size_t i = 0; i < real->count; i++) {
        size_t holding = 0, held = 0;
        for (size_t j = 0; j < fake->count; j++) {
            double d = distance(real->values + i * real->columns, fake->values + j * real->columns, real->columns,
                                GM_NORM_EUCLIDEAN);
            holding += d <= of_fake[j];
            held += d <= of_real[i];
        }
        in_fake += holding > 0;
        covered += held > 0;
    }
    double n = (double)real->count, m = (double)fake->count;
    values[0] = (double)in_real / m, values[1] = (double)in_fake / n;
    values[2] = (double)all / m / (double)k, values[3] = (double)covered / n;
    free(of_real);
    free(of_fake);
}

// ---- Equal to the formulas ----

static const struct {
    size_t count, columns, k;
} shapes[] = {{400, 1, 5}, {333, 2, 3}, {250, 8, 5}, {101, 17, 1}, {64, 300, 20}};

static void entropy_is_its_formula(void **unused) {
    (void)unused;
    static const gm_norm norms[] = {GM_NORM_EUCLIDEAN, GM_NORM_MAXIMUM};
    for (size_t s = 0; s < GM_COUNT(shapes); s++)
        for (size_t n = 0; n < GM_COUNT(norms); n++) {
            cloud x = normal_cloud(s, 1, shapes[s].count, shapes[s].columns);
            gm_measure measure;
            check_ok(gm_measure_entropy(device, &x.samples, shapes[s].k, norms[n], &measure));
            double expected = entropy(&x.samples, shapes[s].k, norms[n]);
            assert_near(measure.value, expected, 1e-5 * fmax(1, fabs(expected)), "the entropy");
            assert_int_equal(measure.count, shapes[s].count);
            assert_int_equal(measure.duplicates, 0);
            assert_int_equal(measure.flags & ~(uint32_t)(GM_MEASURE_FEW | GM_MEASURE_BIASED), 0);
            destroy_cloud(&x);
        }
}

// y = x/2 + noise in the columns that both have.
static cloud dependent_cloud(const gm_samples *x, size_t columns, uint64_t seed) {
    cloud y = normal_cloud(seed, 2, x->count, columns);
    for (size_t i = 0; i < x->count; i++)
        for (size_t c = 0; c < columns && c < x->columns; c++)
            y.values[i * columns + c] += x->values[i * x->columns + c] / 2;
    return y;
}

static void measures_of_pairs_are_their_formulas(void **unused) {
    (void)unused;
    static const size_t columns[][2] = {{1, 1}, {2, 1}, {1, 4}, {8, 8}};
    for (size_t i = 0; i < GM_COUNT(columns); i++) {
        cloud x = normal_cloud(10 + i, 1, 300, columns[i][0]);
        cloud y = dependent_cloud(&x.samples, columns[i][1], 10 + i), z = join(&x.samples, &y.samples);
        gm_measure measure;
        check_ok(gm_measure_mutual_information(device, &x.samples, &y.samples, 0, &measure));
        double information = mutual_information(&x.samples, &y.samples, 5);
        assert_near(measure.value, information, 1e-5, "the mutual information");
        check_ok(gm_measure_joint_entropy(device, &x.samples, &y.samples, 4, GM_NORM_MAXIMUM, &measure));
        assert_near(measure.value, entropy(&z.samples, 4, GM_NORM_MAXIMUM), 2e-5, "the joint entropy");
        check_ok(gm_measure_conditional_entropy(device, &x.samples, &y.samples, 5, GM_NORM_EUCLIDEAN, &measure));
        double expected = entropy(&x.samples, 5, GM_NORM_EUCLIDEAN) - information;
        assert_near(measure.value, expected, 2e-5, "the conditional entropy");
        destroy_cloud(&x);
        destroy_cloud(&y);
        destroy_cloud(&z);
    }
}

static void divergence_is_its_formula(void **unused) {
    (void)unused;
    for (size_t s = 0; s < GM_COUNT(shapes); s++) {
        cloud p = normal_cloud(20 + s, 1, shapes[s].count, shapes[s].columns);
        cloud q = normal_cloud(20 + s, 2, shapes[s].count * 2 / 3, shapes[s].columns);
        for (size_t i = 0; i < q.samples.count * q.samples.columns; i++)
            q.values[i] = 1.25f * q.values[i] + 0.5f;
        gm_measure measure;
        check_ok(gm_measure_kl(device, &p.samples, &q.samples, shapes[s].k, &measure));
        double expected = kl(&p.samples, &q.samples, shapes[s].k);
        assert_near(measure.value, expected, 1e-5 * fmax(1, expected), "the divergence");
        assert_int_equal(measure.count, q.samples.count);
        destroy_cloud(&p);
        destroy_cloud(&q);
    }
}

static void coverage_is_its_formula(void **unused) {
    (void)unused;
    for (size_t s = 0; s < GM_COUNT(shapes); s++) {
        cloud real = normal_cloud(30 + s, 1, shapes[s].count, shapes[s].columns);
        cloud fake = normal_cloud(30 + s, 2, shapes[s].count * 3 / 2, shapes[s].columns);
        for (size_t i = 0; i < fake.samples.count * fake.samples.columns; i++)
            fake.values[i] *= 0.75f;
        gm_prdc measured;
        double expected[4];
        check_ok(gm_measure_prdc(device, &real.samples, &fake.samples, shapes[s].k, &measured));
        prdc(&real.samples, &fake.samples, shapes[s].k, expected);
        assert_near(measured.precision.value, expected[0], 1e-9, "precision");
        assert_near(measured.recall.value, expected[1], 1e-9, "recall");
        assert_near(measured.density.value, expected[2], 1e-9, "density");
        assert_near(measured.coverage.value, expected[3], 1e-9, "coverage");
        destroy_cloud(&real);
        destroy_cloud(&fake);
    }
}

static void both_kernel_families_estimate_alike(void **unused) {
    (void)unused;
    const char *before = getenv("GANYMEDE_KERNELS");
    char kept[8];
    snprintf(kept, sizeof kept, "%s", before ? before : "");
    cloud x = normal_cloud(40, 1, 200, 3), y = dependent_cloud(&x.samples, 3, 40);
    gm_measure figures[2][3];
    gm_prdc balls[2];
    for (size_t f = 0; f < 2; f++) {
        setenv("GANYMEDE_KERNELS", f ? "gpu" : "cpu", 1);
        check_ok(gm_measure_entropy(device, &x.samples, 5, GM_NORM_EUCLIDEAN, &figures[f][0]));
        check_ok(gm_measure_mutual_information(device, &x.samples, &y.samples, 5, &figures[f][1]));
        check_ok(gm_measure_kl(device, &x.samples, &y.samples, 5, &figures[f][2]));
        check_ok(gm_measure_prdc(device, &x.samples, &y.samples, 5, &balls[f]));
    }
    for (size_t i = 0; i < 3; i++)
        assert_near(figures[0][i].value, figures[1][i].value, 1e-6, "a figure");
    assert_near(balls[0].density.value, balls[1].density.value, 1e-9, "density");
    assert_near(balls[0].recall.value, balls[1].recall.value, 1e-9, "recall");
    if (before)
        setenv("GANYMEDE_KERNELS", kept, 1);
    else
        unsetenv("GANYMEDE_KERNELS");
    destroy_cloud(&x);
    destroy_cloud(&y);
}

// ---- The operations ----

// The k-th neighbour lies at the radius itself: inside or not by the rule, never by rounding.
static void count_at_the_radius(gm_norm norm) {
    enum { ROWS = 150, K = 5 };
    cloud x = normal_cloud(50, 1, ROWS, 7);
    for (size_t columns = 1; columns <= 7; columns += 2) {
        gm_graph *graph;
        gm_state *state;
        gm_plan *plan;
        int32_t counts[2][ROWS];
        check_ok(gm_graph_create(&graph));
        gm_tensor *all = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(ROWS, 7)), *within[2];
        gm_tensor *rows = gm_slice(all, (size_t[]){0, 0}, (size_t[]){ROWS, columns});
        gm_tensor *near = gm_nearest(rows, rows, &(gm_nearest_params){K, norm, .exclude_same = true});
        gm_tensor *last = gm_reshape(gm_slice(near, (size_t[]){0, K - 1}, (size_t[]){ROWS, 1}), GM_SHAPE(ROWS));
        gm_phase *phase = gm_phase_create(graph, "all");
        for (size_t strict = 0; strict < 2; strict++) {
            gm_within_params params = {norm, .exclude_same = true, .strict = strict};
            within[strict] = gm_count_within(rows, rows, last, &params);
            gm_phase_fetch(phase, within[strict]);
        }
        check_ok(gm_state_create(&state, device, 1));
        check_ok(gm_plan_create(&plan, graph, state, NULL));
        check_ok(gm_plan_write(plan, all, x.values, ROWS * 7 * sizeof(float)));
        check_ok(gm_plan_run(plan, phase));
        for (size_t strict = 0; strict < 2; strict++) {
            check_ok(gm_plan_read(plan, within[strict], counts[strict], sizeof counts[strict]));
            for (size_t i = 0; i < ROWS; i++)
                assert_int_equal(counts[strict][i], strict ? K - 1 : K);
        }
        gm_plan_destroy(&plan);
        gm_state_destroy(&state);
        gm_graph_destroy(&graph);
    }
    destroy_cloud(&x);
}

static void a_neighbour_at_the_radius_is_inside_by_the_rule(void **unused) {
    (void)unused;
    count_at_the_radius(GM_NORM_EUCLIDEAN);
    count_at_the_radius(GM_NORM_MAXIMUM);
}

// The first fault of a graph that only `build` adds to.
static void assert_fault(gm_tensor *(*build)(gm_tensor *x, gm_tensor *y), const char *part) {
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(6, 3));
    gm_tensor *y = gm_input(graph, "y", GM_FLOAT32, GM_SHAPE(4, 3));
    build(x, y);
    assert_int_equal(gm_graph_status(graph), GM_ERROR_ARGUMENT);
    if (!strstr(gm_error_message(), part))
        fail_msg("the message is \"%s\" and lacks \"%s\"", gm_error_message(), part);
    gm_graph_destroy(&graph);
}

static gm_tensor *too_many(gm_tensor *x, gm_tensor *y) {
    return gm_nearest(x, y, &(gm_nearest_params){5, GM_NORM_EUCLIDEAN, false});
}
static gm_tensor *too_many_others(gm_tensor *x, gm_tensor *y) {
    (void)y;
    return gm_nearest(x, x, &(gm_nearest_params){6, GM_NORM_EUCLIDEAN, true});
}
static gm_tensor *no_neighbour(gm_tensor *x, gm_tensor *y) {
    return gm_nearest(x, y, &(gm_nearest_params){0, GM_NORM_EUCLIDEAN, false});
}
static gm_tensor *unknown_norm(gm_tensor *x, gm_tensor *y) {
    return gm_nearest(x, y, &(gm_nearest_params){.k = 1});
}
static gm_tensor *other_rows(gm_tensor *x, gm_tensor *y) {
    return gm_nearest(x, y, &(gm_nearest_params){1, GM_NORM_MAXIMUM, true});
}
static gm_tensor *other_columns(gm_tensor *x, gm_tensor *y) {
    return gm_nearest(x, gm_transpose(y, (size_t[]){1, 0}), &(gm_nearest_params){1, GM_NORM_MAXIMUM, false});
}
static gm_tensor *other_radii(gm_tensor *x, gm_tensor *y) {
    gm_tensor *radius = gm_reshape(gm_slice(x, (size_t[]){0, 0}, (size_t[]){6, 1}), GM_SHAPE(6));
    return gm_count_within(x, y, radius, &(gm_within_params){.norm = GM_NORM_MAXIMUM, .radius_of_y = true});
}

static void impossible_searches_are_refused(void **unused) {
    (void)unused;
    assert_fault(too_many, "k is 5 but must be from 1 to the 4 neighbours that a row has in y 'y' (4, 3)");
    assert_fault(too_many_others, "k is 6 but must be from 1 to the 5 neighbours");
    assert_fault(no_neighbour, "k is 0 but must be");
    assert_fault(unknown_norm, "norm 0 is unknown; give GM_NORM_EUCLIDEAN or GM_NORM_MAXIMUM");
    assert_fault(other_rows, "exclude_same needs as many rows in x");
    assert_fault(other_columns, "have 3 and 4 values but must have equally many");
    assert_fault(other_radii, "must be float32 (4), one for each row of y");
}

// Counts are steps: a loss through them has no gradient, and asking for it is no fault.
static void searches_have_no_gradient(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(6, 3)), *dx;
    gm_tensor *near = gm_nearest(x, x, &(gm_nearest_params){2, GM_NORM_EUCLIDEAN, true});
    gm_grad(gm_sum_all(near), &x, 1, &dx);
    check_ok(gm_graph_status(graph));
    assert_true(gm_shape_equal(gm_tensor_shape(dx), gm_tensor_shape(x)));
    assert_string_equal(gm_tensor_name(dx), "broadcast"); // of the constant 0
    gm_graph_destroy(&graph);
}

// ---- Degenerate input ----

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
    assert_flags(&measure, SAME | GM_MEASURE_MISSING, "the entropy of constants");
    check_ok(gm_measure_mutual_information(device, &flat.samples, &y.samples, 5, &measure));
    assert_flags(&measure, SAME, "the information of constants");
    assert_true(measure.value == 0);
    check_ok(gm_measure_conditional_entropy(device, &flat.samples, &y.samples, 5, GM_NORM_MAXIMUM, &measure));
    assert_flags(&measure, SAME | GM_MEASURE_MISSING, "the conditional entropy of constants");
    cloud other = normal_cloud(62, 3, 200, 3);
    check_ok(gm_measure_kl(device, &wide.samples, &other.samples, 5, &measure));
    assert_true((measure.flags & SAME) && isfinite(measure.value));
    gm_prdc balls;
    check_ok(gm_measure_prdc(device, &flat.samples, &flat.samples, 5, &balls));
    assert_true(balls.precision.value == 1 && balls.recall.value == 1 && balls.coverage.value == 1);
    assert_flags(&balls.precision, EQUAL, "the precision of constants");
    cloud *all[] = {&x, &y, &wide, &flat, &other};
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
        cmocka_unit_test(entropy_is_its_formula),
        cmocka_unit_test(measures_of_pairs_are_their_formulas),
        cmocka_unit_test(divergence_is_its_formula),
        cmocka_unit_test(coverage_is_its_formula),
        cmocka_unit_test(both_kernel_families_estimate_alike),

        cmocka_unit_test(a_neighbour_at_the_radius_is_inside_by_the_rule),
        cmocka_unit_test(impossible_searches_are_refused),
        cmocka_unit_test(searches_have_no_gradient),

        cmocka_unit_test(too_few_samples_give_no_figure),
        cmocka_unit_test(rows_that_are_not_finite_are_left_out),
        cmocka_unit_test(columns_that_do_not_vary_are_left_out),
        cmocka_unit_test(equal_rows_are_counted_and_moved_apart),
        cmocka_unit_test(information_of_values_of_few_digits_is_finite),
        cmocka_unit_test(scale_moves_entropy_alone),
        cmocka_unit_test(samples_that_do_not_match_are_refused),
    };
    return cmocka_run_group_tests_name("metrics_neighbors", tests, open_device, close_device);
}

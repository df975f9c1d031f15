// Estimates from nearest neighbours against their formulas over all pairs in double precision.
#include "ganymede/plan.h"
#include "neighbors_reference.h"

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

// ---- Memorisation ----

static gm_memorisation memorised(const cloud *fake, const cloud *trained, const cloud *held_out) {
    gm_memorisation m;
    check_ok(gm_measure_memorisation(device, &fake->samples, &trained->samples, &held_out->samples, &m));
    return m;
}

static double nearest_of(const gm_samples *x, size_t i, const gm_samples *y) {
    double best = INFINITY;
    for (size_t j = 0; j < y->count; j++) {
        double sum = 0;
        for (size_t k = 0; k < x->columns; k++)
            sum += pow((double)x->values[i * x->columns + k] - (double)y->values[j * x->columns + k], 2);
        best = fmin(best, sum);
    }
    return sqrt(best);
}

static void memorisation_is_its_formula(void **unused) {
    (void)unused;
    cloud trained = normal_cloud(60, 1, 300, 4), held_out = normal_cloud(60, 2, 200, 4),
          fake = normal_cloud(60, 3, 150, 4);
    double wins = 0;
    for (size_t i = 0; i < fake.samples.count * 4; i++)
        fake.values[i] *= 0.7f; // nearer to the middle, where trained ones lie dense
    for (size_t i = 0; i < fake.samples.count; i++)
        for (size_t j = 0; j < held_out.samples.count; j++)
            wins += nearest_of(&fake.samples, i, &trained.samples) < nearest_of(&held_out.samples, j, &trained.samples);
    gm_memorisation m = memorised(&fake, &trained, &held_out);
    assert_near(m.rank.value, wins / (150 * 200), 1e-9, "memorisation");
    assert_true(m.rank.value > 0.6);
    assert_int_equal(m.rank.count, 150);
    assert_flags(&m.rank, 0, "memorisation");
    destroy_cloud(&trained);
    destroy_cloud(&held_out);
    destroy_cloud(&fake);
}

static void copies_are_memorised_and_held_out_samples_are_not(void **unused) {
    (void)unused;
    cloud trained = normal_cloud(61, 1, 400, 6), held_out = normal_cloud(61, 2, 400, 6);
    gm_memorisation copies = memorised(&trained, &trained, &held_out), same = memorised(&held_out, &trained, &held_out);
    assert_near(copies.rank.value, 1, 0, "the rank of copies");
    assert_near(copies.copies.value, 1, 0, "the share of copies");
    assert_near(same.rank.value, 0.5, 0, "the rank of the held-out samples themselves");
    assert_near(same.copies.value, 4.0 / 400, 0, "their share of near copies");
    for (size_t i = 0; i < 100 * 6; i++) // a quarter is copied
        held_out.values[i] = trained.values[i];
    cloud fake = normal_cloud(61, 3, 400, 6), others = normal_cloud(61, 4, 400, 6);
    memcpy(fake.values, trained.values, 100 * 6 * sizeof *fake.values);
    gm_memorisation quarter = memorised(&fake, &trained, &others);
    assert_near(quarter.rank.value, 0.25 + 0.75 * 0.5, 0.05, "the rank of a quarter of copies");
    assert_near(quarter.copies.value, 0.25 + 0.75 * 0.01, 0.02, "the share of a quarter of copies");
    held_out.values[0] = NAN;
    gm_memorisation odd = memorised(&fake, &trained, &held_out);
    assert_flags(&odd.rank, GM_MEASURE_NOT_FINITE, "with a row that is not finite");
    destroy_cloud(&trained);
    destroy_cloud(&held_out);
    destroy_cloud(&fake);
    destroy_cloud(&others);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entropy_is_its_formula),
        cmocka_unit_test(memorisation_is_its_formula),
        cmocka_unit_test(copies_are_memorised_and_held_out_samples_are_not),
        cmocka_unit_test(measures_of_pairs_are_their_formulas),
        cmocka_unit_test(divergence_is_its_formula),
        cmocka_unit_test(coverage_is_its_formula),
        cmocka_unit_test(both_kernel_families_estimate_alike),

        cmocka_unit_test(a_neighbour_at_the_radius_is_inside_by_the_rule),
        cmocka_unit_test(impossible_searches_are_refused),
        cmocka_unit_test(searches_have_no_gradient),
    };
    return cmocka_run_group_tests_name("metrics_neighbors", tests, open_device, close_device);
}

// Update rules and schedules: graphs run by the double interpreter against plain loops written from PyTorch's
// documentation, and properties that the planner and float32 rely on.
#include "ganymede/optim.h"
#include "graph/graph.h"
#include "reference/reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// cmocka's own comparison of doubles is missing before version 1.1.6.
#define assert_near(a, b, tolerance)                                                                                   \
    do {                                                                                                               \
        const double near_a = (a), near_b = (b);                                                                       \
        if (!(fabs(near_a - near_b) <= (tolerance)))                                                                   \
            fail_msg("%s is %.9g instead of %.9g", #a, near_a, near_b);                                                \
    } while (0)

enum { COUNT = 3, STEPS = 40 };

// The gradient that step t offers: varied signs, one always zero, one tiny.
static double gradient_at(size_t t, size_t i) {
    if (i == 1)
        return 0;
    double g = sin(1.7 * (double)t + 3.1 * (double)i);
    return i == 2 ? 1e-6 * g : g;
}

// One optimiser, one vector of parameters, written as the documentation of torch.optim writes it.
typedef struct plain {
    double p[COUNT], m[COUNT], v[COUNT], buffer[COUNT];
} plain;

static void plain_step(plain *s, const gm_optimizer *o, size_t t, double rate) {
    for (size_t i = 0; i < COUNT; i++) {
        double g = gradient_at(t, i);
        double *p = &s->p[i], *m = &s->m[i], *v = &s->v[i], *buffer = &s->buffer[i];
        if (o->kind == GM_OPTIMIZER_ADAMW)
            *p *= 1 - rate * o->weight_decay;
        else
            g += o->weight_decay * *p;
        if (o->kind == GM_OPTIMIZER_SGD) {
            if (o->momentum > 0) {
                *buffer = t == 0 ? g : o->momentum * *buffer + g;
                g = o->nesterov ? g + o->momentum * *buffer : *buffer;
            }
            *p -= rate * g;
        } else if (o->kind == GM_OPTIMIZER_RMSPROP) {
            *v = o->alpha * *v + (1 - o->alpha) * g * g;
            double square = *v;
            if (o->centered) {
                *m = o->alpha * *m + (1 - o->alpha) * g;
                square -= *m * *m;
            }
            double d = g / (sqrt(square) + o->epsilon);
            if (o->momentum > 0)
                d = *buffer = o->momentum * *buffer + d;
            *p -= rate * d;
        } else {
            *m = o->beta1 * *m + (1 - o->beta1) * g;
            *v = o->beta2 * *v + (1 - o->beta2) * g * g;
            double c1 = 1 - pow(o->beta1, (double)(t + 1)), c2 = 1 - pow(o->beta2, (double)(t + 1));
            *p -= rate / c1 * *m / (sqrt(*v) / sqrt(c2) + o->epsilon);
        }
    }
}

typedef struct fixture {
    gm_graph *graph;
    gm_phase *phase;
    gm_tensor *parameter, *gradient, *step;
    gm_reference *reference;
} fixture;

static void begin(fixture *f, const gm_optimizer *optimizer, bool given_step) {
    assert_int_equal(gm_graph_create(&f->graph), GM_OK);
    f->parameter = gm_variable(f->graph, "net.0.weight", GM_FLOAT32, GM_SHAPE(COUNT),
                               (gm_initializer){GM_INITIALIZER_CONSTANT, 0.5, 0});
    f->gradient = gm_input(f->graph, "gradient", GM_FLOAT32, GM_SHAPE(COUNT));
    f->phase = gm_phase_create(f->graph, "train");
    f->step = given_step ? gm_input(f->graph, "step", GM_INT32, GM_SCALAR) : NULL;
    gm_optimizer_apply(f->phase, optimizer, "opt", f->step, &f->parameter, &f->gradient, 1);
    assert_int_equal(gm_graph_status(f->graph), GM_OK);
    assert_int_equal(gm_reference_create(&f->reference, f->graph, 1), GM_OK);
}

static void end(fixture *f) {
    gm_reference_destroy(&f->reference);
    gm_graph_destroy(&f->graph);
}

static void matches(const char *what, const gm_optimizer *optimizer) {
    fixture f;
    begin(&f, optimizer, false);
    plain s = {.p = {0.5, 0.5, 0.5}};
    for (size_t t = 0; t < STEPS; t++) {
        double g[COUNT];
        for (size_t i = 0; i < COUNT; i++)
            g[i] = gradient_at(t, i);
        assert_int_equal(gm_reference_set(f.reference, f.gradient, g), GM_OK);
        assert_int_equal(gm_reference_run(f.reference, f.phase), GM_OK);
        plain_step(&s, optimizer, t, optimizer->rate);
        for (size_t i = 0; i < COUNT; i++) {
            // The interpreter rounds constants to float, hence not 1e-12.
            double got = gm_reference_value(f.reference, f.parameter)[i];
            if (fabs(got - s.p[i]) > 2e-7 * (1 + fabs(s.p[i])) * (double)(t + 1))
                fail_msg("%s: step %zu, element %zu is %.9g instead of %.9g", what, t, i, got, s.p[i]);
        }
    }
    assert_true(fabs(s.p[0] - 0.5) > 1e-4); // it did move
    gm_tensor *step = gm_variable_find(f.graph, "opt.step");
    assert_non_null(step);
    assert_true(*gm_reference_value(f.reference, step) == STEPS);
    end(&f);
}

static void updates_equal_pytorchs_formulas(void **state) {
    (void)state;
    gm_optimizer o = GM_SGD_DEFAULTS;
    o.rate = 0.05;
    matches("sgd", &o);
    o.weight_decay = 0.1;
    matches("sgd with weight decay", &o);
    o.momentum = 0.9;
    matches("sgd with momentum", &o);
    o.nesterov = true;
    matches("nesterov", &o);

    o = GM_RMSPROP_DEFAULTS;
    matches("rmsprop", &o);
    o.weight_decay = 0.1;
    o.momentum = 0.9;
    matches("rmsprop with momentum", &o);

    o = GM_ADAM_DEFAULTS;
    matches("adam", &o);
    o.beta1 = 0.5;
    o.weight_decay = 0.05;
    matches("adam with weight decay", &o);
    o.beta1 = 0;
    o.beta2 = 0.9;
    matches("adam without momentum", &o);

    o = GM_ADAMW_DEFAULTS;
    o.rate = 0.01;
    o.weight_decay = 0.1;
    matches("adamw", &o);
}

// Elements whose gradient has no variance would divide rounding errors by epsilon, so this one has its own epsilon.
static void centered_rmsprop_divides_by_the_deviation(void **state) {
    (void)state;
    gm_optimizer o = GM_RMSPROP_DEFAULTS;
    o.centered = true;
    o.epsilon = 0.01;
    matches("centered rmsprop", &o);
}

static void moments_are_named_after_their_parameter(void **state) {
    (void)state;
    const struct {
        gm_optimizer optimizer;
        const char *names[3];
    } cases[] = {
        {{.kind = GM_OPTIMIZER_SGD, .rate = 1}, {NULL}},
        {{.kind = GM_OPTIMIZER_SGD, .rate = 1, .momentum = 0.5}, {"opt.net.0.weight.momentum"}},
        {{.kind = GM_OPTIMIZER_RMSPROP, .rate = 1, .momentum = 0.5, .centered = true},
         {"opt.net.0.weight.square", "opt.net.0.weight.gradient", "opt.net.0.weight.momentum"}},
        {GM_ADAM_DEFAULTS, {"opt.net.0.weight.m", "opt.net.0.weight.v"}},
    };
    for (size_t c = 0; c < GM_COUNT(cases); c++) {
        fixture f;
        begin(&f, &cases[c].optimizer, false);
        size_t named = 0;
        while (named < 3 && cases[c].names[named] != NULL)
            assert_non_null(gm_variable_find(f.graph, cases[c].names[named++]));
        assert_int_equal(f.phase->assignment_count, named + 2); // with the parameter and the step
        end(&f);
    }
}

static void a_given_step_is_used_and_not_advanced(void **state) {
    (void)state;
    fixture f;
    begin(&f, &GM_ADAM_DEFAULTS, true);
    assert_null(gm_variable_find(f.graph, "opt.step"));
    assert_int_equal(f.phase->assignment_count, 3);
    // At step 999 and zero moments: m = .1 g, v = .001 g^2.
    const double t = 999, g[COUNT] = {2, 2, 2};
    assert_int_equal(gm_reference_set(f.reference, f.step, &t), GM_OK);
    assert_int_equal(gm_reference_set(f.reference, f.gradient, g), GM_OK);
    assert_int_equal(gm_reference_run(f.reference, f.phase), GM_OK);
    double c1 = 1 - pow(0.9, 1000), c2 = 1 - pow(0.999, 1000);
    double expected = 0.5 - 1e-3 * (0.2 / c1) / (sqrt(0.004 / c2) + 1e-8);
    assert_near(*gm_reference_value(f.reference, f.parameter), expected, 1e-8);
    end(&f);
}

// What float32 loses in an expression, in units of its epsilon: the interpreter's magnitude over the value.
static void bias_correction_keeps_its_digits(void **state) {
    (void)state;
    gm_optimizer o = GM_ADAM_DEFAULTS;
    o.beta1 = 0.999;
    o.beta2 = 0;
    fixture f;
    begin(&f, &o, true);
    const double zero[COUNT] = {0}, g[COUNT] = {1, 1, 1};
    const double steps[] = {0, 1, 2, 9, 99, 348, 349, 350, 351, 352, 999, 9999, 99999, 9999999};
    for (size_t i = 0; i < GM_COUNT(steps); i++) {
        gm_tensor *m = gm_variable_find(f.graph, "opt.net.0.weight.m");
        assert_int_equal(gm_reference_set(f.reference, f.parameter, zero), GM_OK);
        assert_int_equal(gm_reference_set(f.reference, m, zero), GM_OK);
        assert_int_equal(gm_reference_set(f.reference, f.gradient, g), GM_OK);
        assert_int_equal(gm_reference_set(f.reference, f.step, &steps[i]), GM_OK);
        gm_tensor *value = NULL;
        for (size_t k = 0; k < f.phase->assignment_count; k++)
            if (f.phase->assignments[k].variable == f.parameter)
                value = f.phase->assignments[k].value;
        assert_int_equal(gm_reference_evaluate(f.reference, &value, 1), GM_OK);
        const double got = *gm_reference_value(f.reference, value);
        const double expected = -1e-3 * 1e-3 / -expm1((steps[i] + 1) * log(0.999));
        if (fabs(got / expected - 1) > 3e-7)
            fail_msg("step %g: the update is %.9g instead of %.9g", steps[i], got, expected);
        const double lost = *gm_reference_magnitude(f.reference, value) / fabs(got);
        if (!(lost < 40)) // 1 - beta^t in its plain form: 1000
            fail_msg("step %g: float32 errors grow by a factor of %.3g", steps[i], lost);
    }
    end(&f);
}

// A plan makes one launch of an update only when it is element-wise with scalars alone broadcast into it.
static void check_elementwise(const gm_tensor *x, const gm_shape *shape, bool *seen) {
    if (seen[x->id])
        return;
    seen[x->id] = true;
    if (x->op->kind == GM_OP_LEAF)
        return;
    bool scalar = x->shape.rank == 0;
    if (!scalar && !gm_shape_equal(&x->shape, shape))
        fail_msg("a %s of shape %s", x->op->name, gm_shape_text(&x->shape));
    if (x->op->kind == GM_OP_VIEW && x->input_count == 1 && x->input[0]->shape.rank > 0)
        fail_msg("a view (%s) that is not a broadcast scalar", x->op->name);
    if (x->op->kind != GM_OP_ELEMENTWISE && x->op->kind != GM_OP_VIEW)
        fail_msg("a %s, which is not element-wise", x->op->name);
    for (size_t i = 0; i < x->input_count; i++)
        check_elementwise(x->input[i], shape, seen);
}

static void updates_are_elementwise(void **state) {
    (void)state;
    size_t count;
    const gm_optimizer_type *types = gm_optimizer_types(&count);
    for (size_t c = 0; c < count; c++) {
        gm_optimizer o;
        gm_optimizer_default(&o, &types[c]);
        o.weight_decay = 0.1;
        o.schedule = (gm_schedule){GM_SCHEDULE_COSINE, 0.1, 1000, 10, 0};
        if (o.kind == GM_OPTIMIZER_SGD || o.kind == GM_OPTIMIZER_RMSPROP)
            o.momentum = 0.9;
        fixture f;
        begin(&f, &o, false);
        bool seen[512] = {false};
        assert_true(f.graph->node_count <= GM_COUNT(seen));
        for (size_t i = 0; i < f.phase->assignment_count; i++)
            check_elementwise(f.phase->assignments[i].value, &GM_SHAPE(COUNT), seen);
        end(&f);
    }
}

static void schedule_is(const gm_schedule *schedule, const double (*points)[2], size_t count) {
    gm_graph *graph = NULL;
    gm_reference *reference = NULL;
    assert_int_equal(gm_graph_create(&graph), GM_OK);
    gm_tensor *step = gm_input(graph, "step", GM_INT32, GM_SCALAR), *rate = gm_schedule_rate(schedule, 0.5, step);
    assert_int_equal(gm_graph_status(graph), GM_OK);
    assert_int_equal(gm_tensor_shape(rate)->rank, 0);
    assert_int_equal(gm_reference_create(&reference, graph, 1), GM_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(gm_reference_set(reference, step, &points[i][0]), GM_OK);
        assert_int_equal(gm_reference_evaluate(reference, &rate, 1), GM_OK);
        double got = *gm_reference_value(reference, rate);
        if (!(fabs(got - 0.5 * points[i][1]) < 1e-7))
            fail_msg("schedule %d at step %g: %.9g instead of %.9g", (int)schedule->kind, points[i][0], got,
                     0.5 * points[i][1]);
    }
    gm_reference_destroy(&reference);
    gm_graph_destroy(&graph);
}

static void schedules_follow_their_curves(void **state) {
    (void)state;
    const double constant[][2] = {{0, 1}, {1000000, 1}};
    schedule_is(&(gm_schedule){0}, constant, 2);
    const double step[][2] = {{0, 1}, {99, 1}, {100, 0.5}, {199, 0.5}, {200, 0.25}, {1000, 0.0009765625}};
    schedule_is(&(gm_schedule){GM_SCHEDULE_STEP, 0.5, 100, 0, 0}, step, 6);
    const double exponential[][2] = {{0, 1}, {50, 0.70710678118654752}, {100, 0.5}, {300, 0.125}};
    schedule_is(&(gm_schedule){GM_SCHEDULE_EXPONENTIAL, 0.5, 100, 0, 0}, exponential, 4);
    const double cosine[][2] = {{0, 1}, {25, 0.1 + 0.9 * 0.85355339059327376}, {50, 0.55}, {100, 0.1}, {5000, 0.1}};
    schedule_is(&(gm_schedule){GM_SCHEDULE_COSINE, 0.1, 100, 0, 0}, cosine, 5);
    const double linear[][2] = {{0, 1}, {40, 1}, {70, 0.5}, {85, 0.25}, {100, 0}, {5000, 0}};
    schedule_is(&(gm_schedule){.kind = GM_SCHEDULE_LINEAR, .period = 100, .hold = 40}, linear, 6);
    const double held[][2] = {{0, 1}, {20, 1}, {45, 0.1 + 0.9 * 0.85355339059327376}, {70, 0.55}, {120, 0.1}};
    schedule_is(&(gm_schedule){GM_SCHEDULE_COSINE, 0.1, 120, 0, 20}, held, 5);
    const double warmup[][2] = {{0, 0.1}, {1, 0.2}, {8, 0.9}, {9, 1}, {10, 1}, {1000, 1}};
    schedule_is(&(gm_schedule){.warmup = 10}, warmup, 6);
    const double both[][2] = {{0, 0.25}, {3, 0.5}, {4, 0.25}};
    schedule_is(&(gm_schedule){GM_SCHEDULE_STEP, 0.5, 2, 4, 0}, both, 3);
}

static void the_rate_follows_the_optimizers_own_step(void **state) {
    (void)state;
    gm_optimizer o = GM_SGD_DEFAULTS;
    o.rate = 1;
    o.schedule = (gm_schedule){GM_SCHEDULE_STEP, 0.5, 2, 0, 0};
    fixture f;
    begin(&f, &o, false);
    const double g[COUNT] = {1, 1, 1}, expected[] = {-0.5, -1.5, -2, -2.5, -2.75};
    assert_int_equal(gm_reference_set(f.reference, f.gradient, g), GM_OK);
    for (size_t t = 0; t < GM_COUNT(expected); t++) {
        assert_int_equal(gm_reference_run(f.reference, f.phase), GM_OK);
        assert_near(*gm_reference_value(f.reference, f.parameter), expected[t], 1e-6);
    }
    end(&f);
}

static void the_table_agrees_with_the_macros(void **state) {
    (void)state;
    const gm_optimizer macros[] = {GM_SGD_DEFAULTS, GM_RMSPROP_DEFAULTS, GM_ADAM_DEFAULTS, GM_ADAMW_DEFAULTS};
    static const char *const names[] = {"sgd", "rmsprop", "adam", "adamw"};
    for (size_t i = 0; i < GM_COUNT(macros); i++) {
        gm_optimizer o;
        const gm_optimizer_type *type = gm_optimizer_type_find(names[i]);
        assert_non_null(type);
        gm_optimizer_default(&o, type);
        o.schedule.factor = 0; // of no meaning to a constant rate
        assert_int_equal(o.kind, macros[i].kind);
        const double a[] = {o.rate, o.beta1, o.beta2, o.epsilon, o.alpha, o.momentum, o.weight_decay};
        const double b[] = {macros[i].rate,  macros[i].beta1,    macros[i].beta2,       macros[i].epsilon,
                            macros[i].alpha, macros[i].momentum, macros[i].weight_decay};
        for (size_t k = 0; k < GM_COUNT(a); k++)
            assert_near(a[k], b[k], 0);
    }
    assert_null(gm_optimizer_type_find("adamax"));
}

static void settings_are_checked_by_name_and_range(void **state) {
    (void)state;
    gm_optimizer o;
    gm_optimizer_default(&o, gm_optimizer_type_find("adam"));
    assert_int_equal(gm_optimizer_set_text(&o, "rate", "2e-4"), GM_OK);
    assert_int_equal(gm_optimizer_set_text(&o, "beta1", "0.5"), GM_OK);
    assert_int_equal(gm_optimizer_set_text(&o, "schedule", "cosine"), GM_OK);
    assert_near(o.rate, 2e-4, 0);
    assert_near(o.beta1, 0.5, 0);
    assert_int_equal(o.schedule.kind, GM_SCHEDULE_COSINE);
    assert_int_equal(gm_optimizer_set_text(&o, NULL, "3e-4"), GM_OK); // adam: 3e-4
    assert_near(o.rate, 3e-4, 0);

    const char *const bad[][3] = {
        {"beta1", "1", "beta1 must be a number from 0 to 0.999999"},
        {"rate", "fast", "rate must be a number from 0 to 1000, not 'fast'"},
        {"rate", "nan", "not 'nan'"},
        {"momentum", "0.9", "adam has no setting 'momentum'; it takes rate, beta1"},
        {"schedule", "square", "one of constant, step, exponential, cosine, linear"},
        {"period", "2.5", "period must be an integer"},
    };
    for (size_t i = 0; i < GM_COUNT(bad); i++) {
        assert_int_equal(gm_optimizer_set_text(&o, bad[i][0], bad[i][1]), GM_ERROR_ARGUMENT);
        if (strstr(gm_error_message(), bad[i][2]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", gm_error_message(), bad[i][2]);
    }
    assert_int_equal(gm_optimizer_check(&o), GM_ERROR_ARGUMENT); // a cosine without its period
    assert_int_equal(gm_optimizer_set_number(&o, "period", 1000), GM_OK);
    assert_int_equal(gm_optimizer_check(&o), GM_OK);
    assert_int_equal(gm_optimizer_set_number(&o, "hold", 1000), GM_OK);
    assert_int_equal(gm_optimizer_check(&o), GM_ERROR_ARGUMENT); // which leaves no step to fall in
    assert_int_equal(gm_optimizer_set_text(&o, "schedule", "linear"), GM_OK);
    assert_int_equal(gm_optimizer_set_number(&o, "hold", 999), GM_OK);
    assert_int_equal(gm_optimizer_check(&o), GM_OK);
    assert_int_equal(gm_optimizer_set_text(&o, "schedule", "step"), GM_OK);
    assert_int_equal(gm_optimizer_check(&o), GM_ERROR_ARGUMENT);

    o = GM_SGD_DEFAULTS;
    o.nesterov = true;
    assert_int_equal(gm_optimizer_check(&o), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_optimizer_check(&(gm_optimizer){0}), GM_ERROR_ARGUMENT);
}

static void faults_name_the_optimizer_and_the_parameter(void **state) {
    (void)state;
    gm_graph *graph = NULL;
    assert_int_equal(gm_graph_create(&graph), GM_OK);
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(3), (gm_initializer){0});
    gm_tensor *g = gm_input(graph, "g", GM_FLOAT32, GM_SHAPE(1));
    gm_optimizer_apply(gm_phase_create(graph, "train"), &GM_ADAM_DEFAULTS, "opt", NULL, &w, &g, 1);
    assert_int_equal(gm_graph_status(graph), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "opt: the gradient of 'w' has shape (1) instead of (3)"));
    gm_graph_destroy(&graph);

    assert_int_equal(gm_graph_create(&graph), GM_OK);
    gm_optimizer o = GM_ADAM_DEFAULTS;
    o.beta2 = 1.5;
    gm_optimizer_apply(gm_phase_create(graph, "train"), &o, "opt", NULL, NULL, NULL, 0);
    assert_int_equal(gm_graph_status(graph), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "opt: adam: beta2 must be"));
    gm_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_equal_pytorchs_formulas),
        cmocka_unit_test(centered_rmsprop_divides_by_the_deviation),
        cmocka_unit_test(moments_are_named_after_their_parameter),
        cmocka_unit_test(a_given_step_is_used_and_not_advanced),
        cmocka_unit_test(bias_correction_keeps_its_digits),
        cmocka_unit_test(updates_are_elementwise),
        cmocka_unit_test(schedules_follow_their_curves),
        cmocka_unit_test(the_rate_follows_the_optimizers_own_step),
        cmocka_unit_test(the_table_agrees_with_the_macros),
        cmocka_unit_test(settings_are_checked_by_name_and_range),
        cmocka_unit_test(faults_name_the_optimizer_and_the_parameter),
    };
    return cmocka_run_group_tests_name("optim", tests, NULL, NULL);
}

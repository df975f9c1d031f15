// Plans whose launches are recorded: bit for bit the results of single launches, whatever happens on the way.
#include "check_ok.h"
#include "device/internal.h"
#include "ganymede/tuning.h"
#include "graph/graph.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 9, BATCH = 24, IN = 10, HIDDEN = 33, PHASES = 3, VARIABLES = 5, LARGEST = IN * HIDDEN };

static gm_device *single, *recording; // one device, opened without and with recordings; NULL: the driver has none

typedef struct training {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_tuning *tuning;
    gm_tensor *x, *loss;
    gm_phase *phases[PHASES];
} training;

// Everything that a run leaves: the loss of each round, and the variables in the end.
typedef struct outcome {
    float loss[ROUNDS], variables[VARIABLES][LARGEST];
} outcome;

static const char *const names[VARIABLES] = {"w", "v", "m", "n", "step"};
static const size_t sizes[VARIABLES] = {IN * HIDDEN, HIDDEN, IN *HIDDEN, HIDDEN, 2};

// A step with momentum on a variable; both are assigned in place.
static void descend(gm_phase *phase, gm_tensor *variable, gm_tensor *momentum, gm_tensor *gradient) {
    gm_tensor *updated = gm_add(gm_scale(momentum, 0.9), gradient);
    gm_phase_assign(phase, momentum, updated);
    gm_phase_assign(phase, variable, gm_subtract(variable, gm_scale(updated, 0.05)));
}

// Three phases, in each round: the first counts and computes with noise, the second uses its results, the third has
// one launch.
static training create_training(gm_device *device, const char *variant) {
    training t = {0};
    check_ok(gm_graph_create(&t.graph));
    gm_initializer normal = {GM_INITIALIZER_NORMAL, 0, 0.3};
    t.x = gm_input(t.graph, "x", GM_FLOAT32, GM_SHAPE(BATCH, IN));
    gm_tensor *w = gm_variable(t.graph, "w", GM_FLOAT32, GM_SHAPE(IN, HIDDEN), normal),
              *v = gm_variable(t.graph, "v", GM_FLOAT32, GM_SHAPE(HIDDEN, 1), normal),
              *m = gm_variable(t.graph, "m", GM_FLOAT32, GM_SHAPE(IN, HIDDEN), (gm_initializer){0}),
              *n = gm_variable(t.graph, "n", GM_FLOAT32, GM_SHAPE(HIDDEN, 1), (gm_initializer){0}),
              *step = gm_variable(t.graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *noise = gm_random_normal(t.graph, "noise", GM_SHAPE(BATCH, HIDDEN), step);
    gm_tensor *hidden = gm_tanh(gm_add(gm_gemm(t.x, w, NULL), gm_scale(noise, 0.1))), *gradients[2];
    t.loss = gm_mean_all(gm_square(gm_subtract(gm_gemm(hidden, v, NULL), gm_sum(gm_square(t.x), GM_AXIS(1)))));
    gm_grad(t.loss, (gm_tensor *[]){w, v}, 2, gradients);
    for (size_t i = 0; i < PHASES; i++)
        t.phases[i] = gm_phase_create(t.graph, (const char *[]){"inner", "outer", "count"}[i]);
    descend(t.phases[0], w, m, gradients[0]);
    gm_phase_fetch(t.phases[0], t.loss);
    gm_tensor *again;
    gm_grad(gm_mean_all(gm_square(gm_gemm(gm_tanh(gm_gemm(t.x, w, NULL)), v, NULL))), &v, 1, &again);
    descend(t.phases[1], v, n, again);
    gm_phase_assign(t.phases[2], step, gm_add(step, gm_constant_int(t.graph, 1)));
    check_ok(gm_graph_status(t.graph));
    check_ok(gm_state_create(&t.state, device, 11));
    check_ok(gm_tuning_create(&t.tuning, device, &(gm_tuning_options){.choices = ""}));
    t.tuning->forced = variant;
    check_ok(gm_plan_create(&t.plan, t.graph, t.state, &(gm_plan_options){.tuning = variant ? t.tuning : NULL}));
    return t;
}

static void destroy_training(training *t) {
    gm_plan_destroy(&t->plan);
    gm_tuning_destroy(&t->tuning);
    gm_state_destroy(&t->state);
    gm_graph_destroy(&t->graph);
}

static void run_round(training *t, size_t round) {
    float x[BATCH * IN];
    for (size_t i = 0; i < BATCH * IN; i++)
        x[i] = (float)gm_philox_normal(5, 1, (uint32_t)round, 0, i);
    check_ok(gm_plan_write(t->plan, t->x, x, sizeof x));
    for (size_t i = 0; i < PHASES; i++)
        check_ok(gm_plan_run(t->plan, t->phases[i]));
}

static void read_variables(training *t, outcome *o) {
    for (size_t i = 0; i < VARIABLES; i++)
        check_ok(gm_state_read(t->state, names[i], o->variables[i], sizes[i] * sizeof(float)));
}

// Losses are read in some rounds only, so that others pile up.
static outcome run_training(training *t) {
    outcome o = {0};
    for (size_t round = 0; round < ROUNDS; round++) {
        run_round(t, round);
        if (round % 4 == 0)
            check_ok(gm_plan_read(t->plan, t->loss, &o.loss[round], sizeof o.loss[round]));
    }
    read_variables(t, &o);
    return o;
}

static outcome train(gm_device *device, const char *variant) {
    training t = create_training(device, variant);
    outcome o = run_training(&t);
    destroy_training(&t);
    return o;
}

static void expect_same(const outcome *a, const outcome *b) {
    for (size_t i = 0; i < ROUNDS; i++)
        if (memcmp(&a->loss[i], &b->loss[i], sizeof a->loss[i]) != 0)
            fail_msg("the loss of round %zu is %.9g, not %.9g", i, (double)b->loss[i], (double)a->loss[i]);
    for (size_t i = 0; i < VARIABLES; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            if (memcmp(&a->variables[i][k], &b->variables[i][k], sizeof(float)) != 0)
                fail_msg("element %zu of %s is %.9g, not %.9g", k, names[i], (double)b->variables[i][k],
                         (double)a->variables[i][k]);
}

static gm_device_counters count(const gm_device *device) {
    gm_device_counters counters;
    gm_device_get_counters(device, &counters);
    return counters;
}

static gm_phase_work work_of(const training *t) {
    gm_phase_work sum = {0};
    for (size_t i = 0; i < PHASES; i++) {
        gm_phase_work work = gm_plan_phase_work(t->plan, t->phases[i]);
        sum.flop += work.flop;
        sum.launches += work.launches;
        sum.commands += work.commands;
    }
    return sum;
}

static void need_recordings(void) {
    if (recording)
        return;
    print_message("the driver has no command buffers that fit\n");
    skip();
}

// ---- Tests ----

static void training_is_the_same_bit_for_bit_with_fewer_commands(void **unused) {
    (void)unused;
    need_recordings();
    outcome expected = train(single, NULL);
    training t = create_training(recording, NULL);
    gm_device_counters before = count(recording);
    outcome o = run_training(&t);
    gm_device_counters after = count(recording);
    gm_phase_work work = work_of(&t);
    assert_true(expected.loss[8] < expected.loss[0] && expected.variables[4][0] != 0);
    expect_same(&expected, &o);
    assert_true(work.launches > 2 * PHASES);
    assert_int_equal(work.commands, PHASES);
    assert_int_equal(after.launches - before.launches, ROUNDS * work.launches);
    assert_int_equal(after.commands - before.commands, ROUNDS * PHASES);
    destroy_training(&t);
}

static void devices_without_recordings_launch_one_by_one(void **unused) {
    (void)unused;
    training t = create_training(single, NULL);
    gm_device_counters before = count(single);
    run_training(&t);
    gm_device_counters after = count(single);
    gm_phase_work work = work_of(&t);
    assert_int_equal(work.commands, work.launches);
    assert_int_equal(after.launches - before.launches, ROUNDS * work.launches);
    assert_int_equal(after.commands - before.commands, ROUNDS * work.launches);
    destroy_training(&t);
}

// Nothing waits here but what a driver wants that runs a command buffer once at a time.
static void a_sequential_driver_gives_the_same(void **unused) {
    (void)unused;
    need_recordings();
    outcome expected = train(single, NULL), o = {0}, piled = {0};
    bool simultaneous = recording->recorder.simultaneous;
    recording->recorder.simultaneous = false;
    o = train(recording, NULL);
    expect_same(&expected, &o);
    for (size_t side = 0; side < 2; side++) {
        outcome *to = side ? &piled : &expected;
        training t = create_training(side ? recording : single, NULL);
        run_round(&t, 0);
        for (size_t i = 0; i < 30 * PHASES; i++)
            check_ok(gm_plan_enqueue(t.plan, t.phases[i % PHASES]));
        *to = (outcome){0};
        read_variables(&t, to);
        if (side)
            assert_int_equal(work_of(&t).commands, PHASES);
        destroy_training(&t);
    }
    expect_same(&expected, &piled);
    recording->recorder.simultaneous = simultaneous;
}

// What fails is an earlier run: nothing to launch one by one for.
static void a_failed_run_is_told_by_the_next_but_one(void **unused) {
    (void)unused;
    need_recordings();
    bool simultaneous = recording->recorder.simultaneous;
    recording->recorder.simultaneous = false;
    training t = create_training(recording, NULL);
    run_round(&t, 0);
    check_ok(gm_plan_finish(t.plan));
    for (size_t i = 0; i < 2; i++)
        check_ok(gm_plan_enqueue(t.plan, t.phases[0]));
    check_ok(gm_fault_arm("wait:1"));
    assert_int_equal(gm_plan_enqueue(t.plan, t.phases[0]), GM_ERROR_DEVICE);
    check_ok(gm_fault_arm(NULL));
    assert_false(t.plan->unrecorded);
    destroy_training(&t);
    recording->recorder.simultaneous = simultaneous;
}

static void products_of_clblast_stand_between_recordings(void **unused) {
    (void)unused;
    need_recordings();
    setenv("GANYMEDE_KERNELS", "gpu", 1);
    outcome expected = train(single, "clblast");
    training t = create_training(recording, "clblast");
    unsetenv("GANYMEDE_KERNELS");
    outcome o = run_training(&t);
    expect_same(&expected, &o);
    size_t products = 0;
    for (size_t i = 0; i < t.plan->emitter.launch_count; i++)
        products += t.plan->launches[i].launch->product != NULL;
    gm_phase_work work = work_of(&t);
    assert_true(products > 0);
    assert_true(work.commands > products && work.commands < work.launches);
    destroy_training(&t);
}

static void profiles_in_between_see_every_launch(void **unused) {
    (void)unused;
    need_recordings();
    outcome expected = train(single, NULL), o = {0};
    training t = create_training(recording, NULL);
    for (size_t round = 0; round < ROUNDS; round++) {
        gm_profile_row *rows = NULL;
        size_t row_count, calls = 0;
        double span, busy;
        bool profiled = round == 3 || round == 5;
        if (profiled)
            check_ok(gm_profile_start(recording));
        run_round(&t, round);
        if (round % 4 == 0)
            check_ok(gm_plan_read(t.plan, t.loss, &o.loss[round], sizeof o.loss[round]));
        if (!profiled)
            continue;
        check_ok(gm_profile_stop(recording, &rows, &row_count, &span, &busy));
        for (size_t i = 0; i < row_count; i++)
            calls += rows[i].calls;
        free(rows);
        assert_int_equal(calls, work_of(&t).launches);
    }
    read_variables(&t, &o);
    expect_same(&expected, &o);
    destroy_training(&t);
}

// Each call of the first phase's recording fails once: it is launched one by one then, and so are the others.
static void failures_fall_back_to_single_launches(void **unused) {
    (void)unused;
    need_recordings();
    outcome expected = {0};
    training t = create_training(single, NULL);
    for (size_t i = 0; i < 3 * PHASES; i++)
        check_ok(gm_plan_enqueue(t.plan, t.phases[i % PHASES]));
    read_variables(&t, &expected);
    size_t launches = gm_plan_phase_work(t.plan, t.phases[0]).launches, calls = launches + 3; // create, finish, enqueue
    destroy_training(&t);
    for (size_t n = 1; n <= calls; n++) {
        outcome o = {0};
        char fault[32];
        snprintf(fault, sizeof fault, "launch:%zu", n);
        t = create_training(recording, NULL);
        gm_device_counters before = count(recording);
        check_ok(gm_fault_arm(fault));
        for (size_t i = 0; i < 3 * PHASES; i++)
            check_ok(gm_plan_enqueue(t.plan, t.phases[i % PHASES]));
        check_ok(gm_fault_arm(NULL));
        gm_device_counters after = count(recording);
        read_variables(&t, &o);
        expect_same(&expected, &o);
        assert_int_equal(after.launches - before.launches, 3 * work_of(&t).launches);
        assert_int_equal(after.commands - before.commands, 3 * work_of(&t).launches);
        assert_int_equal(work_of(&t).commands, work_of(&t).launches);
        destroy_training(&t);
    }
}

// A later run's failure: what was recorded is launched one by one from then on.
static void a_failed_run_falls_back_too(void **unused) {
    (void)unused;
    need_recordings();
    outcome expected = train(single, NULL), o = {0};
    training t = create_training(recording, NULL);
    for (size_t round = 0; round < ROUNDS; round++) {
        if (round == 4)
            check_ok(gm_fault_arm("launch:1"));
        run_round(&t, round);
        if (round % 4 == 0)
            check_ok(gm_plan_read(t.plan, t.loss, &o.loss[round], sizeof o.loss[round]));
        gm_phase_work work = work_of(&t);
        assert_int_equal(work.commands, round < 4 ? PHASES : work.launches);
    }
    check_ok(gm_fault_arm(NULL));
    read_variables(&t, &o);
    expect_same(&expected, &o);
    destroy_training(&t);
}

static int open_devices(void **unused) {
    (void)unused;
    unsetenv("GANYMEDE_FAULT");
    setenv("GANYMEDE_COMMAND_BUFFER", "0", 1);
    gm_status status = gm_device_open(&single, NULL);
    setenv("GANYMEDE_COMMAND_BUFFER", "1", 1);
    if (status == GM_OK)
        status = gm_device_open(&recording, NULL);
    if (status == GM_OK && !gm_device_records(recording))
        gm_device_close(&recording);
    return status == GM_OK ? 0 : (fprintf(stderr, "%s\n", gm_error_message()), -1);
}

static int close_devices(void **unused) {
    (void)unused;
    gm_device_close(&single);
    gm_device_close(&recording);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_is_the_same_bit_for_bit_with_fewer_commands),
        cmocka_unit_test(devices_without_recordings_launch_one_by_one),
        cmocka_unit_test(a_sequential_driver_gives_the_same),
        cmocka_unit_test(a_failed_run_is_told_by_the_next_but_one),
        cmocka_unit_test(products_of_clblast_stand_between_recordings),
        cmocka_unit_test(profiles_in_between_see_every_launch),
        cmocka_unit_test(failures_fall_back_to_single_launches),
        cmocka_unit_test(a_failed_run_falls_back_too),
    };
    return cmocka_run_group_tests_name("plan_recorded", tests, open_devices, close_devices);
}

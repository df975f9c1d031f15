// Every recipe of samples/: a training step, its gradients, and sampling, through a plan that shares memory, through
// one with a buffer per value (the same bits), and through the reference interpreter (within the rounding of floats).
#include "device_test.h"
#include "graph/graph.h"
#include "kernels/compare.h"
#include "train/training.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// In units of eps·magnitude (see gm_reference_magnitude), which grows with the network and where Adam divides by a
// tiny gradient. Differences of 1 unit were seen on pocl; OpenCL lets tanh and exp be off by 5 more.
static const double ulps = 8;

static gm_comparison *compare(const training *t, gm_graph *graph) {
    gm_comparison *comparison;
    gm_compare options = {.device = device, .seed = gm_common_of(t->recipe)->seed, .value = training_input};
    check_ok(gm_comparison_create(&comparison, &options, graph));
    return comparison;
}

static void finish(gm_comparison *comparison) {
    check_ok(gm_comparison_check_guards(comparison));
    gm_comparison_destroy(&comparison);
}

// Every variable is assigned in some phase, so comparing the assigned ones compares the whole state.
static void training_step_matches(void **state) {
    training t;
    gm_phase *phases[32];
    training_init(&t, *state);
    size_t count = training_phases(&t, phases);
    gm_comparison *comparison = compare(&t, t.model.graph);
    for (size_t i = 0; i < count; i++)
        check_ok(gm_comparison_run(comparison, phases[i], ulps));
    finish(comparison);
    training_finish(&t);
}

static void gradients_match(void **state) {
    training t;
    training_init(&t, *state);
    gm_phase *phases[32], *gradients = training_add_gradients(&t);
    size_t count = training_phases(&t, phases);
    gm_comparison *comparison = compare(&t, t.model.graph);
    check_ok(gm_comparison_run(comparison, gradients, ulps));
    // Most of their values are those of `gradients` now: each runs once, at the sub-step and the weights of those.
    for (size_t i = 0; i < count; i++) {
        bool again = strcmp(phases[i]->name, "substep") == 0 || strncmp(phases[i]->name, "pretrain", 8) == 0;
        for (size_t k = 0; k < i; k++)
            again = again || phases[k] == phases[i];
        if (!again)
            check_ok(gm_comparison_run(comparison, phases[i], ulps));
    }
    finish(comparison);
    training_finish(&t);
}

// Running statistics as if after training: not the zeros and ones that they start from.
static gm_phase *set_statistics(const gm_use *use) {
    size_t count;
    gm_phase *phase = gm_phase_create(use->graph, "statistics");
    gm_tensor *const *statistics = gm_network_statistics(use->networks[use->network_count - 1], &count);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "statistics.%zu", i);
        gm_tensor *u = gm_random_uniform(use->graph, name, *gm_tensor_shape(statistics[i]), NULL);
        gm_phase_assign(phase, statistics[i], gm_offset(u, 0.25));
    }
    return phase;
}

static void every_use_matches(void **state) {
    training t;
    training_init(&t, *state);
    const gm_model_kind *kind = gm_model_kind_of(t.recipe);
    for (size_t i = 0; i < kind->use_count; i++) {
        gm_use use;
        if (gm_use_find(t.recipe, kind->uses[i].name) != &kind->uses[i])
            continue;
        check_ok(gm_use_init(&use, &kind->uses[i], t.recipe, &t.format));
        gm_phase *statistics = set_statistics(&use);
        gm_comparison *comparison = compare(&t, use.graph);
        check_ok(gm_comparison_run(comparison, use.phase, ulps));
        check_ok(gm_comparison_run(comparison, statistics, ulps));
        check_ok(gm_comparison_run(comparison, use.phase, ulps));
        finish(comparison);
        gm_use_finish(&use);
    }
    training_finish(&t);
}

static void every_recipe_has_a_case(void **state) {
    (void)state;
    DIR *folder = opendir(samples_folder());
    size_t found = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        const recipe_case *c = recipe_cases;
        if (!dot || strcmp(dot, ".yaml") != 0)
            continue;
        while (c->file && strcmp(c->file, entry->d_name) != 0)
            c++;
        if (!c->file)
            fail_msg("%s: add it to recipe_cases", entry->d_name);
        found++;
    }
    closedir(folder);
    assert_true(found > 0);
}

// Batch norm and convolutions, second-order gradients, points.
static bool stands_for_all(const char *file) {
    static const char *const files[] = {"dcgan-quick.yaml", "ring-r1r2.yaml", "mlp-ring.yaml"};
    for (size_t i = 0; i < GM_COUNT(files); i++)
        if (strcmp(files[i], file) == 0)
            return true;
    return false;
}

// Of a recipe that has another case before it. One may need more than its batch to fit the made-up data.
static bool is_variant(const recipe_case *c) {
    const recipe_case *first = recipe_cases;
    while (strcmp(first->file, c->file) != 0)
        first++;
    return c->settings[1] && (c != first || c->alike);
}

enum { CASES_MAX = 64 };

int main(int argument_count, char **arguments) {
    static const struct {
        const char *name;
        CMUnitTestFunction function;
    } checks[] = {
        {"training step", training_step_matches}, {"gradients", gradients_match}, {"sampling", every_use_matches}};
    static char names[3 * CASES_MAX][128];
    struct CMUnitTest tests[3 * CASES_MAX + 1] = {cmocka_unit_test(every_recipe_has_a_case)};
    const char *kernels = getenv("GANYMEDE_KERNELS");
    bool gpu = kernels && strcmp(kernels, "gpu") == 0, all = argument_count == 2 && strcmp(arguments[1], "--all") == 0;
    size_t count = 1;
    for (const recipe_case *c = recipe_cases; c->file && count + 3 <= GM_COUNT(tests); c++)
        for (size_t i = 0; i < GM_COUNT(checks); i++) {
            if (i > 0 && is_variant(c))
                continue; // variants differ in the training step alone
            if (i == 2 && c->alike)
                continue; // 64 samples, which take the interpreter long
            if (!all && !stands_for_all(c->file))
                continue;
            // A CPU's driver is slow to compile kernels for GPUs; test_families compares the steps of all recipes.
            if (gpu && (i == 1 || c->settings[1]))
                continue;
            snprintf(names[count - 1], sizeof names[0], "%s %s %s: %s", c->file, c->settings[0],
                     c->settings[1] ? c->settings[1] : "", checks[i].name);
            tests[count] = (struct CMUnitTest){
                .name = names[count - 1], .test_func = checks[i].function, .initial_state = (void *)(uintptr_t)c};
            count++;
        }
    return _cmocka_run_group_tests("recipes", tests, count, open_device, close_device);
}

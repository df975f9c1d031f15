// One training step of every recipe through the CPU's kernels and through the GPU's: the same within rounding.
//
// The bounds are norms over whole tensors, which owe nothing to the interpreter's error scales: Adam's first moments
// are the gradients, and its first update is at most the rate whatever a gradient is.
#include "device_test.h"
#include "ganymede/plan.h"
#include "model/kinds.h"
#include "recipe/value.h"
#include "train/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FAMILIES = 2, MOST_NUMBERS = 16 };

typedef struct side {
    const char *family;
    gm_state *state;
    gm_plan *plan;
    float numbers[MOST_NUMBERS];
} side;

static void write_input(const training *t, gm_plan *plan, gm_tensor *input) {
    gm_type type = gm_tensor_type(input);
    size_t count = gm_shape_count(gm_tensor_shape(input)), size = gm_type_size(type);
    char *values;
    check_ok(gm_alloc(&values, count, size, "a test input"));
    for (size_t i = 0; i < count; i++) {
        double value = training_input(gm_common_of(t->recipe)->seed, input, i);
        if (type == GM_FLOAT32)
            memcpy(values + i * size, &(float){(float)value}, size);
        else if (type == GM_INT32)
            memcpy(values + i * size, &(int32_t){(int32_t)value}, size);
        else
            memcpy(values + i * size, &(uint8_t){(uint8_t)value}, size);
    }
    check_ok(gm_plan_write(plan, input, values, count * size));
    free(values);
}

static void run_step(side *s, const training *t) {
    gm_phase *phases[32];
    gm_tensor *inputs[4 * GM_MODEL_SOURCES];
    setenv("GANYMEDE_KERNELS", s->family, 1);
    check_ok(gm_state_create(&s->state, device, gm_common_of(t->recipe)->seed));
    check_ok(gm_plan_create(&s->plan, t->model.graph, s->state, NULL));
    size_t input_count = training_inputs(t, inputs);
    for (size_t i = 0; i < input_count; i++)
        write_input(t, s->plan, inputs[i]);
    size_t count = training_phases(t, phases);
    for (size_t i = 0; i < count; i++)
        check_ok(gm_plan_run(s->plan, phases[i]));
    for (size_t i = 0; i < t->model.number_count; i++)
        check_ok(gm_plan_read(s->plan, t->model.numbers[i].x, &s->numbers[i], sizeof(float)));
}

// |a - b| <= tolerance |a| over the whole variable (INFINITY: any) but for `noise` per element, and never more than
// `most` in one.
static void compare_floats(const char *name, const float *a, const float *b, size_t count, double tolerance,
                           double noise, double most) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)a[i] - (double)b[i];
        if (!(fabs(d) <= most))
            fail_msg("%s element %zu is %.9g with the CPU's kernels but %.9g with the GPU's", name, i, (double)a[i],
                     (double)b[i]);
        difference += d * d;
        norm += (double)a[i] * (double)a[i];
    }
    if (isfinite(tolerance) && !(sqrt(difference) <= tolerance * sqrt(norm) + noise * sqrt((double)count)))
        fail_msg("%s (%zu values of norm %.3g) differs by %.3g of it between the families", name, count, sqrt(norm),
                 sqrt(difference / norm));
}

static bool has_suffix(const char *name, const char *suffix) {
    size_t length = strlen(name), tail = strlen(suffix);
    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static void compare_variable(side *sides, size_t index, double rate) {
    const char *name;
    gm_type type;
    gm_shape shape;
    float *values[FAMILIES];
    gm_state_entry(sides[0].state, index, &name, &type, &shape);
    size_t count = gm_shape_count(&shape), bytes = count * gm_type_size(type);
    for (size_t f = 0; f < FAMILIES; f++) {
        check_ok(gm_alloc(&values[f], bytes, 1, "a test value"));
        check_ok(gm_state_read(sides[f].state, name, values[f], bytes));
    }
    bool weights = strncmp(name, "optimizer.", 10) != 0 && (has_suffix(name, ".weight") || has_suffix(name, ".bias"));
    if (type != GM_FLOAT32) // the step
        assert_memory_equal(values[0], values[1], bytes);
    else if (weights)
        // An update's sign is a coin's toss where the gradient is nothing but rounding. The norm would be the rate's
        // for biases, which start from zero, so it says nothing of them.
        compare_floats(name, values[0], values[1], count, has_suffix(name, ".bias") ? INFINITY : 1e-3, 0, 2.1 * rate);
    else // a bias before a norm has no gradient but rounding; .v holds squares
        compare_floats(name, values[0], values[1], count, 1e-3, has_suffix(name, ".v") ? 1e-14 : 1e-7, INFINITY);
    for (size_t f = 0; f < FAMILIES; f++)
        free(values[f]);
}

// Of a variable's change in a step, by the largest rate of its model's optimisers.
static double largest_rate(const gm_recipe *recipe) {
    const gm_recipe_section *section = gm_model_kind_of(recipe)->section;
    const char *settings = gm_recipe_settings(recipe, section);
    const gm_gan_settings *gan = gm_gan_of(recipe);
    double rate = 0;
    for (size_t i = 0; i < section->row_count; i++)
        if (section->rows[i].type == &gm_recipe_optimizer_type)
            rate = fmax(rate, ((const gm_optimizer *)(const void *)(settings + section->rows[i].value.offset))->rate);
    return gan ? rate * (double)gan->discriminator_steps : rate;
}

static void families_agree(void **state) {
    training t;
    side sides[FAMILIES] = {{.family = "cpu"}, {.family = "gpu"}};
    training_init(&t, *state);
    for (size_t f = 0; f < FAMILIES; f++)
        run_step(&sides[f], &t);
    for (size_t i = 0; i < t.model.number_count; i++)
        compare_floats(t.model.numbers[i].name, &sides[0].numbers[i], &sides[1].numbers[i], 1, 1e-5, 1e-6, INFINITY);
    double rate = largest_rate(t.recipe);
    assert_int_equal(gm_state_count(sides[0].state), gm_state_count(sides[1].state));
    for (size_t i = 0; i < gm_state_count(sides[0].state); i++)
        compare_variable(sides, i, rate);
    for (size_t f = 0; f < FAMILIES; f++) {
        gm_plan_destroy(&sides[f].plan);
        gm_state_destroy(&sides[f].state);
    }
    training_finish(&t);
}

enum { CASES_MAX = 64 };

int main(void) {
    static char names[CASES_MAX][128];
    struct CMUnitTest tests[CASES_MAX] = {{0}};
    size_t count = 0;
    for (const recipe_case *c = recipe_cases; c->file && count < CASES_MAX; c++) {
        if (c->alike)
            continue;
        snprintf(names[count], sizeof names[0], "%s %s %s", c->file, c->settings[0],
                 c->settings[1] ? c->settings[1] : "");
        tests[count] = (struct CMUnitTest){
            .name = names[count], .test_func = families_agree, .initial_state = (void *)(uintptr_t)c};
        count++;
    }
    return _cmocka_run_group_tests("families", tests, count, open_device, close_device);
}

// Random numbers: the same as the host's, element by element, for any length and counter.
#include "kernels/check.h"

#include <stdio.h>

static const size_t lengths[] = {1, 2, 3, 4, 5, 7, 1023, 1024, 1025, 4099};

static gm_tensor *numbers(const gm_cases *check, size_t i, gm_shape shape, gm_tensor *counter) {
    char name[32];
    snprintf(name, sizeof name, "%s%zu", check->row->op, i);
    switch (check->row->op[7]) { // random_uniform, random_normal, random_bernoulli
    case 'u':
        return gm_random_uniform(check->graph, name, shape, counter);
    case 'n':
        return gm_random_normal(check->graph, name, shape, counter);
    default:
        return gm_random_bernoulli(check->graph, name, shape, 0.3, counter);
    }
}

static void random_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(lengths); i++)
        if (gm_check_case(check, i == 0 || i == 5 ? GM_CASE_SMALL : GM_CASE_FULL, "%zu numbers", lengths[i]))
            gm_check_fetch(check, numbers(check, i, GM_SHAPE(lengths[i]), NULL));
    if (gm_check_case(check, GM_CASE_SMALL, "counted")) {
        gm_tensor *counter = gm_check_input(check, GM_VALUES_POSITIVE, GM_INT32, GM_SHAPE(2));
        gm_check_fetch(check, numbers(check, 100, GM_SHAPE(5, 7, 3), counter));
        gm_tensor *later = gm_add(counter, gm_constant_int(check->graph, 1)); // computed, and another stream
        gm_check_fetch(check, numbers(check, 101, GM_SHAPE(41), later));
    }
    if (gm_check_case(check, GM_CASE_FULL, "counted by a slice, read by a convolution")) {
        gm_tensor *counters = gm_check_input(check, GM_VALUES_POSITIVE, GM_INT32, GM_SHAPE(3, 2));
        gm_tensor *counter = gm_reshape(gm_slice(counters, (size_t[]){1, 0}, (size_t[]){1, 2}), GM_SHAPE(2));
        gm_tensor *x = numbers(check, 102, GM_SHAPE(3, 4, 5, 5), counter);
        gm_check_fetch(check, gm_average_pool(x, &(gm_pool_params){.kernel = {5, 5}}));
        gm_check_fetch(check, gm_scale(x, 2));
    }
    if (gm_check_case(check, GM_CASE_SMALL, "read by an expression alone, in parts of a concatenation")) {
        gm_tensor *x[2];
        for (size_t i = 0; i < 2; i++)
            x[i] = gm_offset(gm_scale(numbers(check, 104 + i, GM_SHAPE(5, 7), NULL), 2 + (double)i), -1);
        gm_check_fetch(check, gm_tanh(gm_concat(x, 2, 0))); // a fetched one is no home
        for (size_t i = 0; i < 2; i++)
            x[i] = gm_offset(gm_scale(numbers(check, 106 + i, GM_SHAPE(5, 7), NULL), 2 + (double)i), -1);
        gm_check_fetch(check, gm_tanh(gm_concat(x, 2, 1)));
        gm_check_fetch(check, gm_scale(numbers(check, 108, GM_SHAPE(35), NULL), 3));
    }
    if (gm_check_case(check, GM_CASE_BENCH, "4194304 numbers"))
        gm_check_fetch(check, numbers(check, 103, GM_SHAPE(4194304), NULL));
}

// Box-Muller: a logarithm, a root and a cosine on top of each other.
const gm_check_row gm_check_random[] = {
    {"random_uniform", random_cases, .ulps = 8},
    {"random_normal", random_cases, .ulps = 32},
    {"random_bernoulli", random_cases, .ulps = 8},
    {0},
};

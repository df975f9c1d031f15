// Cases and their inputs.
#include "kernels/check.h"

#include "graph/graph.h"
#include "kernels/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const words[GM_VALUES_COUNT] = {"normal",  "cancel",   "positive", "wide",
                                                   "special", "infinite", "ties"};

bool gm_check_case(gm_cases *check, gm_case_size size, const char *format, ...) {
    if ((size == GM_CASE_BENCH) != check->bench || (check->small && size != GM_CASE_SMALL))
        return false;
    size_t index = check->count++;
    if (index < GM_MOST_CASES && check->first_node)
        check->first_node[index] = check->graph->node_count;
    if (index < GM_MOST_CASES && check->chosen && !check->chosen[index])
        return false;
    char what[128], name[192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(name, sizeof name, "%s %s", check->row->op, what);
    check->phase = gm_phase_create(check->graph, name);
    return true;
}

// What is fetched is float32, but what it was padded from lies in memory, as half if that may be.
static gm_tensor *padded(gm_tensor *x) {
    const gm_shape *shape = gm_tensor_shape(x);
    size_t before[GM_MAX_RANK] = {0}, after[GM_MAX_RANK] = {0};
    if (shape->rank == 0 || gm_tensor_type(x) != GM_FLOAT32)
        return x;
    after[shape->rank - 1] = 1;
    return gm_pad(x, before, after);
}

gm_tensor *gm_check_input(gm_cases *check, gm_values values, gm_type type, gm_shape shape) {
    char name[32];
    snprintf(name, sizeof name, "%s%zu", words[values], check->inputs++);
    gm_tensor *input = gm_input(check->graph, name, type, shape);
    if (!check->operands || type != GM_FLOAT32)
        return input;
    gm_tensor *operand = gm_scale(input, 0.5);
    gm_phase_fetch(check->operands, padded(operand));
    return operand;
}

gm_tensor *gm_check_float(gm_cases *check, gm_shape shape) {
    return gm_check_input(check, GM_VALUES_NORMAL, GM_FLOAT32, shape);
}

void gm_check_fetch(gm_cases *check, gm_tensor *x) {
    gm_phase_fetch(check->phase, check->operands ? padded(x) : x);
}

size_t gm_check_draw(gm_cases *check, size_t least, size_t most) {
    double u = gm_philox_uniform(check->seed, gm_stream(check->row->op), 0, 0, check->drawn++);
    return least + (size_t)(u * (double)(most - least + 1));
}

// ---- Values ----

static gm_values values_of(const gm_tensor *input) {
    const char *name = gm_tensor_name(input);
    for (size_t i = 0; i < GM_COUNT(words); i++)
        if (strncmp(name, words[i], strlen(words[i])) == 0)
            return (gm_values)i;
    return GM_VALUES_NORMAL;
}

// Neighbours nearly cancel: what is left of their sum is the difference of their roundings, or the odd large one.
static double cancelling(uint64_t seed, uint32_t stream, size_t i) {
    double n = gm_philox_normal(seed, stream, 2, 0, i / 2), sign = i % 2 ? -1 : 1;
    if (i % 5 == 3)
        n *= i % 2 ? 1e4 : 1e-4;
    return sign * n;
}

double gm_check_value(uint64_t seed, const gm_tensor *input, size_t i) {
    static const double special[] = {0,    -0.0,  1,    -1,    INFINITY, -INFINITY, 1e-30, 1e30,
                                     88.5, -88.5, -2.5, -1e30, 0.5,      3e38,      NAN};
    static const double wide[] = {0, -0.0, 1e-20, -1e-20, 1e-4};
    uint32_t stream = gm_stream(gm_tensor_name(input));
    double u = gm_philox_uniform(seed, stream, 1, 0, i);
    gm_values values = values_of(input);
    if (gm_tensor_type(input) == GM_UINT8)
        return floor(256 * u);
    if (gm_tensor_type(input) == GM_INT32)
        return values == GM_VALUES_POSITIVE ? 1 + floor(9 * u)
               : values == GM_VALUES_TIES   ? floor(9 * u) - 1
                                            : floor(17 * u) - 8;
    switch (values) {
    case GM_VALUES_CANCEL:
        return cancelling(seed, stream, i);
    case GM_VALUES_POSITIVE:
        return 4 * u + 1e-3;
    case GM_VALUES_WIDE:
        return i % 7 == 3 ? wide[i / 7 % GM_COUNT(wide)] : 200 * u - 100;
    case GM_VALUES_SPECIAL:
        return special[(size_t)(u * GM_COUNT(special))];
    case GM_VALUES_INFINITE:
        return special[(size_t)(u * (GM_COUNT(special) - 1))];
    case GM_VALUES_TIES:
        return floor(4 * u);
    case GM_VALUES_NORMAL:
    case GM_VALUES_COUNT:
        break;
    }
    return gm_philox_normal(seed, stream, 2, 0, i);
}

double gm_check_half_value(uint64_t seed, const gm_tensor *input, size_t i) {
    double value = gm_check_value(seed, input, i);
    return gm_tensor_type(input) == GM_FLOAT32 ? 2 * gm_round_to_half(value) : value;
}

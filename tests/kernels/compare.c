// Plan against plan, and plan against reference.
#include "kernels/compare.h"

#include "graph/graph.h"
#include "plan/plan.h"
#include "reference/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHARED = 0, SEPARATE, PLANS };

typedef struct side {
    gm_state *state;
    gm_plan *plan;
} side;

#define FLOAT_LARGEST 0x1.fffffep127
#define HALF_LARGEST  65504.0
#define HALF_EPS      0x1p-11 // of a rounding, relative
#define HALF_SMALLEST 0x1p-25 // absolute

struct gm_comparison {
    gm_compare options;
    gm_graph *graph;
    bool *rounded; // by node id: computed from values that were rounded to half
    side side[PLANS];
    gm_reference *reference;
    gm_tuning *tuning;
};

static size_t first_side(const gm_compare *options) {
    return options->unfilled ? SEPARATE : SHARED;
}

static size_t count_of(const gm_tensor *node) {
    return gm_shape_count(&node->shape);
}

static double default_value(uint64_t seed, const gm_tensor *input, size_t i) {
    uint32_t stream = gm_stream(input->name);
    double u = gm_philox_uniform(seed, stream, 1, 0, i);
    return input->type == GM_FLOAT32 ? gm_philox_normal(seed, stream, 2, 0, i)
           : input->type == GM_INT32 ? floor(4 * u)
                                     : floor(256 * u);
}

// ---- Inputs ----

// The same value for an input everywhere: raw bytes for the device and what they mean for the reference.
static void draw(const gm_compare *compare, const gm_tensor *input, void *raw, double *values) {
    for (size_t i = 0; i < count_of(input); i++) {
        double value = (compare->value ? compare->value : default_value)(compare->seed, input, i);
        if (input->type == GM_FLOAT32)
            values[i] = ((float *)raw)[i] = (float)value;
        else if (input->type == GM_INT32)
            values[i] = ((int32_t *)raw)[i] = (int32_t)value;
        else
            values[i] = ((uint8_t *)raw)[i] = (uint8_t)value;
    }
}

static gm_status set_input(gm_comparison *c, gm_tensor *input) {
    void *raw = NULL;
    double *values = NULL;
    gm_status status = GM_OK;
    size_t bytes = count_of(input) * gm_type_size(input->type);
    GM_TRY_DONE(gm_alloc(&raw, bytes, 1, "a test value"));
    GM_TRY_DONE(gm_alloc(&values, count_of(input), sizeof *values, "a test value"));
    draw(&c->options, input, raw, values);
    for (size_t i = first_side(&c->options); i < PLANS; i++)
        GM_TRY_DONE(gm_plan_write(c->side[i].plan, input, raw, bytes));
    status = gm_reference_set(c->reference, input, values);
done:
    free(raw);
    free(values);
    return status;
}

// Halved inputs are exact.
static bool rounds(const gm_comparison *c, const gm_tensor *node) {
    const gm_tensor *base = gm_plan_base(node);
    return gm_comparison_plan(c)->emitter.half[node->id] &&
           !(c->options.halved && strcmp(base->op->name, "scale") == 0 && base->input[0]->op == &gm_op_input);
}

// Which nodes are computed from values that were rounded to half (not just moved from one), and which variables are
// assigned such values.
static gm_status find_rounded(gm_comparison *c) {
    const gm_graph *graph = c->graph;
    bool changed = gm_comparison_plan(c)->emitter.half != NULL;
    GM_TRY(gm_alloc(&c->rounded, graph->node_count, sizeof *c->rounded, "a comparison"));
    while (changed) {
        changed = false;
        for (size_t id = 0; id < graph->node_count; id++) {
            const gm_tensor *node = graph->nodes[id];
            bool moves = node->op == &gm_op_pad || node->op->kind == GM_OP_VIEW, before = c->rounded[id];
            for (size_t i = 0; i < node->input_count; i++)
                c->rounded[id] =
                    c->rounded[id] || c->rounded[node->input[i]->id] || (!moves && rounds(c, node->input[i]));
            changed = changed || c->rounded[id] != before;
        }
        for (size_t p = 0; p < graph->phase_count; p++)
            for (size_t i = 0; i < graph->phases[p]->assignment_count; i++) {
                const gm_assignment *assignment = &graph->phases[p]->assignments[i];
                bool *variable = &c->rounded[gm_plan_alias(assignment->variable)->id];
                changed = changed || (c->rounded[assignment->value->id] && !*variable);
                *variable = *variable || c->rounded[assignment->value->id];
            }
    }
    return GM_OK;
}

gm_status gm_comparison_create(gm_comparison **out, const gm_compare *options, gm_graph *graph) {
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(out, 1, sizeof **out, "a comparison"));
    gm_comparison *c = *out;
    c->options = *options;
    c->graph = graph;
    GM_TRY_DONE(gm_tuning_create(&c->tuning, options->device, NULL));
    c->tuning->forced = options->variant ? options->variant : "direct"; // whatever the default is
    GM_TRY_DONE(gm_reference_create(&c->reference, graph, options->seed));
    for (size_t i = first_side(options); i < PLANS; i++) {
        gm_plan_options plan_options = {.separate = i == SEPARATE,
                                        .unfilled = options->unfilled,
                                        .tuning = c->tuning,
                                        .precision = options->precision};
        GM_TRY_DONE(gm_state_create(&c->side[i].state, options->device, options->seed));
        GM_TRY_DONE(gm_plan_create(&c->side[i].plan, graph, c->side[i].state, &plan_options));
    }
    GM_TRY_DONE(find_rounded(c));
    for (size_t id = 0; id < graph->node_count; id++)
        if (graph->nodes[id]->op == &gm_op_input)
            GM_TRY_DONE(set_input(c, graph->nodes[id]));
done:
    if (status != GM_OK)
        gm_comparison_destroy(out);
    return status;
}

void gm_comparison_destroy(gm_comparison **out) {
    gm_comparison *c = *out;
    if (!c)
        return;
    for (size_t i = 0; i < PLANS; i++) {
        gm_plan_destroy(&c->side[i].plan);
        gm_state_destroy(&c->side[i].state);
    }
    gm_reference_destroy(&c->reference);
    gm_tuning_destroy(&c->tuning);
    free(c->rounded);
    free(c);
    *out = NULL;
}

const gm_plan *gm_comparison_plan(const gm_comparison *c) {
    return c->side[first_side(&c->options)].plan;
}

gm_status gm_comparison_check_guards(gm_comparison *c) {
    return c->options.unfilled ? GM_OK : gm_plan_check_guards(c->side[SEPARATE].plan);
}

// ---- Results ----

static double element(const gm_tensor *node, const void *raw, size_t i) {
    return node->type == GM_FLOAT32 ? (double)((const float *)raw)[i]
           : node->type == GM_INT32 ? ((const int32_t *)raw)[i]
                                    : ((const uint8_t *)raw)[i];
}

// Not an error: NaN for NaN, infinity for what a float (or half: `largest`) cannot hold, and what vanishes below the
// normal floats.
static bool is_close(double got, double expected, double allowed, double largest) {
    const double smallest = 0x1p-126;
    if (isnan(expected) || isnan(got))
        return isnan(expected) && isnan(got);
    if (got == expected)
        return true;
    if (isinf(got) || isinf(expected))
        return got * expected > 0 && (isinf(got) ? fabs(expected) >= largest - allowed : fabs(got) >= largest);
    return fabs(got - expected) <= allowed + smallest;
}

// |error| allowed of a value in units of its magnitude. Each operand of a product is off by eps of the declared
// precision, a factor of 2; products of products twice that.
static double allowed_error(gm_precision precision, double ulps) {
    static const double eps[] = {[GM_PRECISION_TF32] = 0x1p-11, [GM_PRECISION_BF16] = 0x1p-8};
    bool products = precision == GM_PRECISION_TF32 || precision == GM_PRECISION_BF16;
    return ulps * 0x1p-24 + (products ? 4 * eps[precision] : 0);
}

double gm_round_to_half(double x) {
    int exponent;
    if (!isfinite(x))
        return x;
    frexp(x, &exponent);
    double unit = ldexp(1, exponent - 11 > -24 ? exponent - 11 : -24), rounded = nearbyint(x / unit) * unit;
    return fabs(rounded) > HALF_LARGEST ? copysign(INFINITY, x) : rounded;
}

// Was the value moved from one that lies in memory as half?
static bool is_from_half(const gm_comparison *c, const gm_tensor *node) {
    const bool *half = gm_comparison_plan(c)->emitter.half;
    return half && node->op == &gm_op_pad && half[node->input[0]->id];
}

// What half storage adds: a fetched value may be moved from one that was rounded, and be computed from others, whose
// roundings its magnitude scales as it does those of floats.
static double allowed_of_half(const gm_comparison *c, const gm_tensor *node, double value, double magnitude) {
    double allowed = 0;
    if (is_from_half(c, node))
        allowed += HALF_EPS * fabs(value) + HALF_SMALLEST;
    if (c->rounded[node->id])
        allowed += 2 * HALF_EPS * (magnitude + fabs(value)) + 1024 * HALF_SMALLEST;
    return allowed;
}

static gm_status compare_values(gm_comparison *c, const gm_tensor *node, const char *phase, const void *raw,
                                double ulps) {
    const double *expected = gm_reference_value(c->reference, node);
    const double *magnitude = gm_reference_magnitude(c->reference, node);
    if (!expected || !magnitude)
        return gm_fail(GM_ERROR_STATE, "%s: the reference has no value of node %u (%s)", phase, node->id,
                       node->op->name);
    double largest = is_from_half(c, node) ? HALF_LARGEST : FLOAT_LARGEST;
    for (size_t i = 0; i < count_of(node); i++) {
        double got = element(node, raw, i);
        double allowed = allowed_error(c->options.precision, ulps) *
                             (magnitude[i] + (node->type == GM_FLOAT32 ? fabs(expected[i]) : 0)) +
                         allowed_of_half(c, node, expected[i], magnitude[i]);
        if (!is_close(got, expected[i], isnan(allowed) ? 0 : allowed, largest))
            return gm_fail(GM_ERROR_STATE,
                           "%s: node %u (%s %s) element %zu is %.9g, expected %.9g (error %.3g, allowed %.3g)", phase,
                           node->id, node->op->name, gm_shape_text(&node->shape), i, got, expected[i],
                           fabs(got - expected[i]), allowed);
    }
    return GM_OK;
}

static gm_status read_value(side *s, gm_tensor *node, void *raw) {
    size_t bytes = count_of(node) * gm_type_size(node->type);
    return node->op == &gm_op_variable ? gm_state_read(s->state, node->name, raw, bytes)
                                       : gm_plan_read(s->plan, node, raw, bytes);
}

static gm_status check_node(gm_comparison *c, gm_tensor *node, const char *phase, double ulps) {
    size_t size = gm_type_size(node->type);
    char *raw[PLANS] = {NULL};
    gm_status status = GM_OK;
    for (size_t i = first_side(&c->options); i < PLANS; i++) {
        GM_TRY_DONE(gm_alloc(&raw[i], count_of(node), size, "a test value"));
        GM_TRY_DONE(read_value(&c->side[i], node, raw[i]));
    }
    GM_TRY_DONE(compare_values(c, node, phase, raw[SEPARATE], ulps));
    for (size_t i = 0; raw[SHARED] && i < count_of(node) && status == GM_OK; i++)
        if (memcmp(raw[SHARED] + i * size, raw[SEPARATE] + i * size, size) != 0)
            status = gm_fail(GM_ERROR_STATE,
                             "%s: node %u (%s %s) element %zu is %.9g in shared memory but %.9g in a buffer of its own",
                             phase, node->id, node->op->name, gm_shape_text(&node->shape), i,
                             element(node, raw[SHARED], i), element(node, raw[SEPARATE], i));
done:
    for (size_t i = 0; i < PLANS; i++)
        free(raw[i]);
    return status;
}

static gm_status run_side(gm_comparison *c, size_t index, gm_phase *phase) {
    if (c->options.before && phase != c->options.before)
        GM_TRY(gm_plan_run(c->side[index].plan, c->options.before));
    return gm_plan_run(c->side[index].plan, phase);
}

gm_status gm_comparison_run(gm_comparison *c, gm_phase *phase, double ulps) {
    GM_TRY(gm_reference_run(c->reference, phase));
    for (size_t i = first_side(&c->options); i < PLANS; i++)
        GM_TRY(run_side(c, i, phase));
    if (phase->assignment_count == 0 && !c->options.unfilled)
        GM_TRY(run_side(c, SHARED, phase));
    ulps = ulps > 0 ? ulps : 64;
    for (size_t i = 0; i < phase->fetch_count; i++)
        if (phase->fetches[i]->op != &gm_op_variable)
            GM_TRY(check_node(c, phase->fetches[i], phase->name, ulps));
    for (size_t i = 0; i < phase->assignment_count; i++)
        GM_TRY(check_node(c, phase->assignments[i].variable, phase->name, ulps));
    return GM_OK;
}

gm_status gm_compare_run(const gm_compare *options, gm_graph *graph) {
    gm_comparison *c;
    gm_status status = GM_OK;
    GM_TRY(gm_comparison_create(&c, options, graph));
    for (size_t i = 0; i < GM_MAX(options->runs, (size_t)1); i++)
        for (size_t p = 0; p < graph->phase_count; p++)
            GM_TRY_DONE(gm_comparison_run(c, graph->phases[p], options->ulps));
    status = gm_comparison_check_guards(c);
done:
    gm_comparison_destroy(&c);
    return status;
}

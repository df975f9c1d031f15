// Plan against reference.
#include "kernels/compare.h"

#include "graph/graph.h"
#include "reference/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct side {
    gm_state *state;
    gm_plan *plan;
} side;

static size_t count_of(const gm_tensor *node) {
    return gm_shape_count(&node->shape);
}

// The same value for a leaf on both sides, as raw bytes for the device and doubles for the reference.
static void draw(const gm_compare *compare, const gm_tensor *leaf, void *raw, double *values) {
    uint32_t stream = gm_stream(leaf->name);
    for (size_t i = 0; i < count_of(leaf); i++) {
        double u = gm_philox_uniform(compare->seed, stream, 1, 0, i);
        double n = gm_philox_normal(compare->seed, stream, 2, 0, i);
        if (leaf->type == GM_FLOAT32) {
            if (compare->wild && i % 5 == 3)
                n *= i % 2 ? 1e4 : 1e-4;
            ((float *)raw)[i] = (float)n;
            values[i] = ((float *)raw)[i];
        } else if (leaf->type == GM_INT32) {
            values[i] = ((int32_t *)raw)[i] = (int32_t)(4 * u);
        } else {
            values[i] = ((uint8_t *)raw)[i] = (uint8_t)(256 * u);
        }
    }
}

static gm_status set_leaves(const gm_compare *compare, gm_graph *graph, side *s, gm_reference *reference) {
    for (size_t id = 0; id < graph->node_count; id++) {
        gm_tensor *leaf = graph->nodes[id];
        if (leaf->op != &gm_op_input)
            continue;
        void *raw;
        double *values;
        size_t bytes = count_of(leaf) * gm_type_size(leaf->type);
        GM_TRY(gm_alloc(&raw, bytes, 1, "a test value"));
        GM_TRY(gm_alloc(&values, count_of(leaf), sizeof *values, "a test value"));
        draw(compare, leaf, raw, values);
        gm_status status = gm_plan_write(s->plan, leaf, raw, bytes);
        if (status == GM_OK && reference)
            status = gm_reference_set(reference, leaf, values);
        free(raw);
        free(values);
        GM_TRY(status);
    }
    return GM_OK;
}

static double element(const gm_tensor *node, const void *raw, size_t i) {
    return node->type == GM_FLOAT32 ? (double)((const float *)raw)[i]
           : node->type == GM_INT32 ? ((const int32_t *)raw)[i]
                                    : ((const uint8_t *)raw)[i];
}

static gm_status compare_values(const gm_compare *compare, const gm_tensor *node, const char *where, const void *raw,
                                const gm_reference *reference) {
    const double *expected = gm_reference_value(reference, node);
    const double *magnitude = gm_reference_magnitude(reference, node);
    double ulps = compare->ulps > 0 ? compare->ulps : 64;
    if (!expected)
        return gm_fail(GM_ERROR_STATE, "the reference has no value of %s", node->op->name);
    for (size_t i = 0; i < count_of(node); i++) {
        double got = element(node, raw, i), error = fabs(got - expected[i]);
        double allowed = ulps * 0x1p-24 * ((magnitude ? magnitude[i] : 0) + fabs(expected[i])) + 1e-37;
        bool same = isnan(expected[i]) ? isnan(got) : got == expected[i] || error <= allowed;
        if (isinf(expected[i]) || fabs(expected[i]) > 3.4e38)
            same = isinf(got) || fabs(got) > 3e38;
        if (!same)
            return gm_fail(GM_ERROR_STATE, "%s: node %u (%s %s) element %zu is %.9g, expected %.9g (error %.3g, allowed %.3g)",
                           where, node->id, node->op->name, gm_shape_text(&node->shape), i, got, expected[i], error,
                           allowed);
    }
    return GM_OK;
}

static gm_status read_value(side *s, gm_tensor *node, void **raw) {
    size_t bytes = count_of(node) * gm_type_size(node->type);
    GM_TRY(gm_alloc(raw, bytes, 1, "a test value"));
    return node->op == &gm_op_variable ? gm_state_read(s->state, node->name, *raw, bytes)
                                       : gm_plan_read(s->plan, node, *raw, bytes);
}

static gm_status check_node(const gm_compare *compare, gm_tensor *node, const char *where, side *s,
                            const gm_reference *reference) {
    void *first = NULL, *second = NULL;
    gm_status status = read_value(&s[0], node, &first);
    if (status == GM_OK)
        status = read_value(&s[1], node, &second);
    if (status == GM_OK && memcmp(first, second, count_of(node) * gm_type_size(node->type)) != 0)
        status = gm_fail(GM_ERROR_STATE, "%s: node %u (%s) differs between two equal runs", where, node->id,
                         node->op->name);
    if (status == GM_OK)
        status = compare_values(compare, node, where, first, reference);
    free(first);
    free(second);
    return status;
}

gm_status gm_compare_run(const gm_compare *compare, gm_graph *graph) {
    side s[2] = {0};
    gm_reference *reference = NULL;
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_reference_create(&reference, graph, compare->seed));
    for (size_t i = 0; i < 2; i++) {
        GM_TRY_DONE(gm_state_create(&s[i].state, compare->device, compare->seed));
        GM_TRY_DONE(gm_plan_create(&s[i].plan, graph, s[i].state, &(gm_plan_options){.separate = compare->separate}));
        GM_TRY_DONE(set_leaves(compare, graph, &s[i], i == 0 ? reference : NULL));
    }
    for (size_t run = 0; run < GM_MAX(compare->runs, (size_t)1); run++)
        for (size_t p = 0; p < graph->phase_count; p++) {
            gm_phase *phase = graph->phases[p];
            GM_TRY_DONE(gm_reference_run(reference, phase));
            GM_TRY_DONE(gm_plan_run(s[0].plan, phase));
            GM_TRY_DONE(gm_plan_run(s[1].plan, phase));
            for (size_t i = 0; i < phase->fetch_count; i++)
                if (phase->fetches[i]->op != &gm_op_variable)
                    GM_TRY_DONE(check_node(compare, phase->fetches[i], phase->name, s, reference));
            for (size_t i = 0; i < phase->assignment_count; i++)
                GM_TRY_DONE(check_node(compare, phase->assignments[i].variable, phase->name, s, reference));
        }
done:
    for (size_t i = 0; i < 2; i++) {
        gm_plan_destroy(&s[i].plan);
        gm_state_destroy(&s[i].state);
    }
    gm_reference_destroy(&reference);
    return status;
}

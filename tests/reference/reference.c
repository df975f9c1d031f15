// The interpreter: orders the nodes that are asked for, calls each one's function, keeps variables and inputs.
#include "reference.h"

#include "operations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
    double *value, *magnitude; // one allocation, at value; NULL: not known
    size_t users;              // inputs of the present run that still wait for it
    bool needed, kept;
} slot;

struct gm_reference {
    gm_graph *graph;
    uint64_t seed;
    slot *slots; // by node id
    size_t slot_count;
};

static const gm_reference_row *const families[] = {
    gm_reference_views,        gm_reference_moves,   gm_reference_reductions, gm_reference_gemms,
    gm_reference_convolutions, gm_reference_pools,   gm_reference_gathers,    gm_reference_randoms,
    gm_reference_neighbors,    gm_reference_unfolds, gm_reference_softmaxes,
};

static gm_reference_function *find_function(const gm_op *op) {
    for (size_t f = 0; f < GM_COUNT(families); f++)
        for (const gm_reference_row *row = families[f]; row->op != NULL; row++)
            if (row->op == op)
                return row->function;
    return gm_reference_elementwise(op);
}

static bool is_state(const gm_tensor *x) {
    return x->op == &gm_op_variable || x->op == &gm_op_input;
}

static void drop(slot *s) {
    free(s->value);
    s->value = s->magnitude = NULL;
}

static gm_status hold(slot *s, const gm_tensor *x) {
    size_t count = gm_shape_count(&x->shape);
    drop(s);
    GM_TRY(gm_alloc(&s->value, 2 * count + 1, sizeof(double), "a reference value"));
    s->magnitude = s->value + count;
    return GM_OK;
}

gm_status gm_reference_create(gm_reference **reference, gm_graph *graph, uint64_t seed) {
    *reference = NULL;
    gm_reference *r;
    GM_TRY(gm_alloc(&r, 1, sizeof *r, "the reference interpreter"));
    r->graph = graph;
    r->seed = seed;
    *reference = r;
    return GM_OK;
}

void gm_reference_destroy(gm_reference **reference) {
    gm_reference *r = *reference;
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->slot_count; i++)
        drop(&r->slots[i]);
    free(r->slots);
    free(r);
    *reference = NULL;
}

// Room for the nodes that the graph got since the last call.
static gm_status follow_graph(gm_reference *r) {
    size_t count = r->graph->node_count;
    if (count <= r->slot_count)
        return GM_OK;
    slot *slots = realloc(r->slots, count * sizeof *slots);
    if (slots == NULL)
        return gm_fail_memory(count * sizeof *slots, "the reference interpreter");
    memset(slots + r->slot_count, 0, (count - r->slot_count) * sizeof *slots);
    r->slots = slots;
    r->slot_count = count;
    return GM_OK;
}

gm_status gm_reference_set(gm_reference *r, gm_tensor *leaf, const double *values) {
    if (gm_is_poison(leaf))
        return gm_graph_status(r->graph);
    if (!is_state(leaf))
        return gm_fail(GM_ERROR_ARGUMENT, "only variables and inputs can be set, not the result of %s", leaf->op->name);
    GM_TRY(follow_graph(r));
    slot *s = &r->slots[leaf->id];
    if (s->value == NULL)
        GM_TRY(hold(s, leaf));
    size_t count = gm_shape_count(&leaf->shape);
    memcpy(s->value, values, count * sizeof *values);
    memset(s->magnitude, 0, count * sizeof *s->magnitude);
    return GM_OK;
}

static double initial_value(const gm_initializer *initializer, uint64_t seed, uint32_t stream, size_t i) {
    double a = initializer->a, b = initializer->b;
    switch (initializer->kind) {
    case GM_INITIALIZER_UNIFORM:
        return (double)(float)(a + (b - a) * gm_philox_uniform(seed, stream, 0, 0, i));
    case GM_INITIALIZER_NORMAL:
        return (double)(float)(a + b * gm_philox_normal(seed, stream, 0, 0, i));
    case GM_INITIALIZER_CONSTANT:
        break;
    }
    return (double)(float)a;
}

static void fill_leaf(const gm_reference *r, const gm_tensor *x, slot *s) {
    size_t count = gm_shape_count(&x->shape);
    if (x->op == &gm_op_variable) {
        const gm_variable_attributes *attributes = x->attributes;
        uint32_t stream = gm_stream(x->name);
        for (size_t i = 0; i < count; i++)
            s->value[i] = initial_value(&attributes->initializer, r->seed, stream, i);
    } else if (x->op == &gm_op_constant) {
        double value = ((const gm_constant_attributes *)x->attributes)->value;
        for (size_t i = 0; i < count; i++)
            s->value[i] = x->type == GM_FLOAT32 ? (double)(float)value : value;
    } else if (x->op == &gm_op_constant_array) {
        for (size_t i = 0; i < count; i++)
            s->value[i] = x->type == GM_FLOAT32 ? (double)((const float *)x->attributes)[i]
                          : x->type == GM_INT32 ? (double)((const int32_t *)x->attributes)[i]
                                                : (double)((const uint8_t *)x->attributes)[i];
    } // an input is zeros until set
}

static gm_status compute(gm_reference *r, const gm_tensor *x) {
    slot *s = &r->slots[x->id];
    if (x->op->kind == GM_OP_LEAF) {
        if (is_state(x) && s->value != NULL)
            return GM_OK;
        GM_TRY(hold(s, x));
        fill_leaf(r, x, s);
        return GM_OK;
    }
    gm_reference_function *function = find_function(x->op);
    if (function == NULL)
        return gm_fail(GM_ERROR_ARGUMENT, "the reference interpreter lacks the operation %s; add it to its tables",
                       x->op->name);
    GM_TRY(hold(s, x));
    gm_operand *in;
    GM_TRY(gm_alloc(&in, x->input_count + 1, sizeof *in, "operands"));
    for (size_t k = 0; k < x->input_count; k++) {
        const slot *source = &r->slots[x->input[k]->id];
        in[k] = (gm_operand){x->input[k], source->value, source->magnitude};
    }
    function(x, in, s->value, s->magnitude, r->seed);
    free(in);
    return GM_OK;
}

// Forget the last run's values and marks; variables and inputs stay.
static void begin(gm_reference *r) {
    for (size_t i = 0; i < r->slot_count; i++) {
        slot *s = &r->slots[i];
        s->needed = s->kept = false;
        s->users = 0;
        if (!is_state(r->graph->nodes[i]))
            drop(s);
    }
}

static void keep(gm_reference *r, const gm_tensor *x) {
    r->slots[x->id].needed = r->slots[x->id].kept = true;
}

// Computes every kept node and what it needs; a value is dropped after its last use, so that the memory is that of
// the values alive at once.
static gm_status compute_kept(gm_reference *r) {
    gm_tensor **nodes = r->graph->nodes;
    for (size_t i = r->slot_count; i-- > 0;) // inputs have smaller ids than their users
        if (r->slots[i].needed)
            for (size_t k = 0; k < nodes[i]->input_count; k++) {
                slot *input = &r->slots[nodes[i]->input[k]->id];
                input->needed = true;
                input->users++;
            }
    for (size_t i = 0; i < r->slot_count; i++) {
        if (!r->slots[i].needed)
            continue;
        GM_TRY(compute(r, nodes[i]));
        for (size_t k = 0; k < nodes[i]->input_count; k++) {
            slot *input = &r->slots[nodes[i]->input[k]->id];
            if (--input->users == 0 && !input->kept && !is_state(nodes[i]->input[k]))
                drop(input);
        }
    }
    return GM_OK;
}

// The values of all assignments first, then the copies: one variable's new value may read another's old one. Error
// scales go with the values, so that those of later phases count what the device's variables may be off by.
static gm_status assign(gm_reference *r, const gm_phase *phase) {
    size_t total = 0;
    for (size_t i = 0; i < phase->assignment_count; i++)
        total += 2 * gm_shape_count(&phase->assignments[i].value->shape);
    double *staged, *next;
    GM_TRY(gm_alloc(&staged, total + 1, sizeof *staged, "assigned values"));
    next = staged;
    for (size_t i = 0; i < phase->assignment_count; i++) {
        const gm_tensor *value = phase->assignments[i].value;
        size_t count = 2 * gm_shape_count(&value->shape);
        memcpy(next, r->slots[value->id].value, count * sizeof *next); // and the magnitudes behind them
        next += count;
    }
    next = staged;
    gm_status status = GM_OK;
    for (size_t i = 0; i < phase->assignment_count && status == GM_OK; i++) {
        const gm_tensor *variable = phase->assignments[i].variable;
        slot *s = &r->slots[variable->id];
        size_t count = 2 * gm_shape_count(&variable->shape);
        if (s->value == NULL)
            status = hold(s, variable);
        if (status == GM_OK)
            memcpy(s->value, next, count * sizeof *next);
        next += count;
    }
    free(staged);
    return status;
}

gm_status gm_reference_run(gm_reference *r, gm_phase *phase) {
    GM_TRY(gm_graph_status(r->graph));
    GM_TRY(follow_graph(r));
    begin(r);
    for (size_t i = 0; i < phase->fetch_count; i++)
        keep(r, phase->fetches[i]);
    for (size_t i = 0; i < phase->assignment_count; i++)
        keep(r, phase->assignments[i].value);
    GM_TRY(compute_kept(r));
    return assign(r, phase);
}

gm_status gm_reference_evaluate(gm_reference *r, gm_tensor *const *tensors, size_t count) {
    GM_TRY(gm_graph_status(r->graph));
    GM_TRY(follow_graph(r));
    begin(r);
    for (size_t i = 0; i < count; i++)
        keep(r, tensors[i]);
    return compute_kept(r);
}

static const slot *known(const gm_reference *r, const gm_tensor *x) {
    const slot *s = x->id < r->slot_count ? &r->slots[x->id] : NULL;
    return s != NULL && s->value != NULL && (s->kept || is_state(x)) ? s : NULL;
}

const double *gm_reference_value(const gm_reference *r, const gm_tensor *tensor) {
    const slot *s = known(r, tensor);
    return s != NULL ? s->value : NULL;
}

const double *gm_reference_magnitude(const gm_reference *r, const gm_tensor *tensor) {
    const slot *s = known(r, tensor);
    return s != NULL ? s->magnitude : NULL;
}

// Builds a case, its gradients and theirs, and moves every element both ways.
#include "gradient_check.h"

#include "base/base.h"
#include "reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = GM_GRADIENT_VARIABLES + 1 }; // the variables and R

typedef struct check {
    const gm_gradient_case *c;
    int order;
    gm_graph *graph;
    gm_reference *reference;
    gm_tensor *x[MOST + 1]; // variables, indices if any, R
    gm_tensor *by[MOST];    // what is differentiated by
    double *value[MOST];
    size_t by_count;
    gm_tensor *result, *gradient[MOST];
} check;

// A shuffle of 0 ... count - 1, the same on every machine.
static gm_status shuffle(size_t count, size_t **out) {
    size_t *order;
    GM_TRY(gm_alloc(&order, count + 1, sizeof *order, "a shuffle"));
    for (size_t i = 0; i < count; i++) {
        size_t j = (size_t)(gm_philox_uniform(1, gm_stream("shuffle"), 0, 0, i) * (double)(i + 1));
        order[i] = order[j];
        order[j] = i;
    }
    *out = order;
    return GM_OK;
}

static gm_status set_random(check *k, gm_tensor *x, double **keep) {
    size_t count = gm_shape_count(gm_tensor_shape(x));
    double *values;
    GM_TRY(gm_alloc(&values, count + 1, sizeof *values, "random weights"));
    for (size_t i = 0; i < count; i++)
        values[i] = 2 * gm_philox_uniform(2, gm_stream(gm_tensor_name(x)), 0, 0, i) - 1;
    gm_status status = gm_reference_set(k->reference, x, values);
    if (keep != NULL)
        *keep = values;
    else
        free(values);
    return status;
}

static gm_status set_variables(check *k) {
    const gm_gradient_case *c = k->c;
    size_t total = 0, next = 0, *order;
    for (size_t v = 0; v < c->count; v++)
        total += gm_shape_count(&c->variable[v].shape);
    GM_TRY(shuffle(total, &order));
    gm_status status = GM_OK;
    for (size_t v = 0; v < c->count && status == GM_OK; v++) {
        double low = c->variable[v].low, high = c->variable[v].high;
        if (low == high)
            low = -1, high = 1;
        size_t count = gm_shape_count(&c->variable[v].shape);
        status = gm_alloc(&k->value[v], count + 1, sizeof(double), "a variable");
        for (size_t i = 0; i < count && status == GM_OK; i++) // .4: no middle of the range, also for an odd total
            k->value[v][i] = low + (high - low) * ((double)order[next++] + .4) / (double)total;
        if (status == GM_OK)
            status = gm_reference_set(k->reference, k->x[v], k->value[v]);
    }
    free(order);
    return status;
}

static gm_tensor *weighted_sum(gm_graph *graph, gm_tensor *x, const char *name, gm_tensor **weights) {
    *weights = gm_input(graph, name, GM_FLOAT32, *gm_tensor_shape(x));
    return gm_sum_all(gm_multiply(x, *weights));
}

// Builds the case's function, its gradients and, for order 2, theirs.
static gm_status build(check *k) {
    static const char *const names[] = {"x0", "x1", "x2", "x3", "x4"}, *const seconds[] = {"s0", "s1", "s2", "s3",
                                                                                           "s4"};
    const gm_gradient_case *c = k->c;
    for (size_t v = 0; v < c->count; v++) {
        const char *name = c->variable[v].name != NULL ? c->variable[v].name : names[v];
        k->x[v] = gm_variable(k->graph, name, GM_FLOAT32, c->variable[v].shape, (gm_initializer){0});
        k->by[v] = k->x[v];
    }
    k->by_count = c->count;
    GM_TRY(set_variables(k));
    if (c->index_count > 0) {
        k->x[c->count] = gm_input(k->graph, "indices", GM_INT32, GM_SHAPE(c->index_count));
        GM_TRY(gm_reference_set(k->reference, k->x[c->count], c->index));
    }
    gm_tensor *R, *y = weighted_sum(k->graph, c->build(k->graph, k->x), "R", &R);
    GM_TRY(gm_graph_status(k->graph));
    GM_TRY(set_random(k, R, &k->value[c->count]));
    k->result = y;
    if (k->order == 2) {
        gm_tensor *dx[MOST], *S;
        gm_grad(y, k->by, c->count, dx);
        k->result = NULL;
        for (size_t v = 0; v < c->count; v++) {
            gm_tensor *term = weighted_sum(k->graph, dx[v], seconds[v], &S);
            k->result = k->result == NULL ? term : gm_add(k->result, term);
            GM_TRY(gm_graph_status(k->graph));
            GM_TRY(set_random(k, S, NULL));
        }
        k->by[k->by_count++] = R;
    }
    gm_grad(k->result, k->by, k->by_count, k->gradient);
    return gm_graph_status(k->graph);
}

static gm_status result_at(check *k, size_t v, size_t i, double moved, double *out) {
    double saved = k->value[v][i];
    k->value[v][i] = moved;
    gm_status status = gm_reference_set(k->reference, k->by[v], k->value[v]);
    if (status == GM_OK)
        status = gm_reference_evaluate(k->reference, &k->result, 1);
    if (status == GM_OK)
        *out = *gm_reference_value(k->reference, k->result);
    k->value[v][i] = saved;
    return status;
}

static gm_status compare(check *k, bool *same) {
    double *gradient[MOST] = {NULL};
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_reference_evaluate(k->reference, k->gradient, k->by_count));
    for (size_t v = 0; v < k->by_count; v++) {
        size_t count = gm_shape_count(gm_tensor_shape(k->by[v]));
        if (!gm_shape_equal(gm_tensor_shape(k->gradient[v]), gm_tensor_shape(k->by[v]))) {
            fprintf(stderr, "%s, order %d: the gradient by %s has another shape\n", k->c->name, k->order,
                    gm_tensor_name(k->by[v]));
            *same = false;
            goto done;
        }
        GM_TRY_DONE(gm_alloc(&gradient[v], count + 1, sizeof(double), "a gradient"));
        for (size_t i = 0; i < count; i++)
            gradient[v][i] = gm_reference_value(k->reference, k->gradient[v])[i];
    }
    for (size_t v = 0; v < k->by_count; v++) {
        size_t count = gm_shape_count(gm_tensor_shape(k->by[v]));
        for (size_t i = 0; i < count; i++) {
            double x = k->value[v][i], step = 1e-5, below, above, exact = gradient[v][i];
            GM_TRY_DONE(result_at(k, v, i, x - step, &below));
            GM_TRY_DONE(result_at(k, v, i, x + step, &above));
            double difference = (above - below) / (2 * step);
            if (!(fabs(difference - exact) <= 1e-6 * (1 + fabs(difference)))) {
                fprintf(stderr, "%s, order %d: by %s[%zu] = %.6g: gradient %.9g, central difference %.9g\n", k->c->name,
                        k->order, gm_tensor_name(k->by[v]), i, x, exact, difference);
                *same = false;
            }
        }
        GM_TRY_DONE(gm_reference_set(k->reference, k->by[v], k->value[v]));
    }
done:
    for (size_t v = 0; v < MOST; v++)
        free(gradient[v]);
    return status;
}

bool gm_gradient_check(const gm_gradient_case *c, int order) {
    check k = {.c = c, .order = order};
    bool same = true;
    gm_status status = gm_graph_create(&k.graph);
    if (status == GM_OK)
        status = gm_reference_create(&k.reference, k.graph, 0);
    if (status == GM_OK)
        status = build(&k);
    if (status == GM_OK)
        status = compare(&k, &same);
    if (status != GM_OK)
        fprintf(stderr, "%s, order %d: %s\n", c->name, order, gm_error_message());
    for (size_t v = 0; v < MOST; v++)
        free(k.value[v]);
    gm_reference_destroy(&k.reference);
    gm_graph_destroy(&k.graph);
    return status == GM_OK && same;
}

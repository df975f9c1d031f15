// Update rules, as PyTorch writes them. Each is purely element-wise in its parameter's shape: a plan can make one
// launch of it. What depends on the step alone is a scalar, shared by all parameters.
#include "ganymede/optim.h"

#include "graph/graph.h"

#include <math.h>

// One parameter's update in the making.
typedef struct update {
    gm_phase *phase;
    const gm_optimizer *optimizer;
    const char *prefix;
    gm_tensor *rate;               // scalar: the optimizer's times the parameter's factor
    gm_tensor *step_size;          // Adam: rate / (1 - beta1^t)
    gm_tensor *inverse_correction; // Adam: 1 / sqrt(1 - beta2^t)
    gm_tensor *gradient_scale;     // scalar; NULL: 1
    gm_tensor *parameter, *gradient;
} update;

// PREFIX.NAME.PART, shaped like the parameter, zero before the first update.
static gm_tensor *moment(const update *u, const char *part) {
    gm_graph *graph = u->phase->graph;
    const char *name = gm_tensor_name(u->parameter);
    char *full = gm_arena_printf(&graph->arena, "%s.%s.%s", u->prefix, name, part);
    if (full == NULL)
        return gm_fault(graph, "out of memory for the name of an optimizer's variable");
    return gm_variable(graph, full, GM_FLOAT32, *gm_tensor_shape(u->parameter), (gm_initializer){0});
}

// At the end of the phase, unless the parameter is frozen: its variables are there all the same, so that it may be
// trained when a run goes on.
static void store(const update *u, gm_tensor *variable, gm_tensor *value) {
    if (gm_variable_rate(u->parameter) > 0)
        gm_phase_assign(u->phase, variable, value);
}

// Moves the moving average of x one step and stores it. This form, and not keep old + (1 - keep) x: there the rounded
// keep and 1 - keep do not add up to 1, which for keep = .999 biases the average by up to 3e-5.
static gm_tensor *average(const update *u, const char *part, double keep, gm_tensor *x) {
    gm_tensor *old = moment(u, part);
    gm_tensor *value = gm_add(old, gm_scale(gm_subtract(x, old), 1 - keep));
    store(u, old, value);
    return value;
}

// Stores and returns velocity = momentum velocity + x.
static gm_tensor *velocity(const update *u, gm_tensor *x) {
    gm_tensor *old = moment(u, "momentum");
    gm_tensor *value = gm_add(gm_scale(old, u->optimizer->momentum), x);
    store(u, old, value);
    return value;
}

static gm_tensor *sgd(const update *u, gm_tensor *p, gm_tensor *g) {
    if (u->optimizer->momentum > 0) {
        gm_tensor *v = velocity(u, g);
        g = u->optimizer->nesterov ? gm_add(g, gm_scale(v, u->optimizer->momentum)) : v;
    }
    return gm_subtract(p, gm_multiply(u->rate, g));
}

static gm_tensor *rmsprop(const update *u, gm_tensor *p, gm_tensor *g) {
    gm_tensor *square = average(u, "square", u->optimizer->alpha, gm_square(g));
    if (u->optimizer->centered) {
        gm_tensor *mean = average(u, "gradient", u->optimizer->alpha, g);
        square = gm_relu(gm_subtract(square, gm_square(mean))); // rounding may take it below zero
    }
    gm_tensor *d = gm_divide(g, gm_offset(gm_sqrt(square), u->optimizer->epsilon));
    if (u->optimizer->momentum > 0)
        d = velocity(u, d);
    return gm_subtract(p, gm_multiply(u->rate, d));
}

static gm_tensor *adam(const update *u, gm_tensor *p, gm_tensor *g) {
    gm_tensor *m = average(u, "m", u->optimizer->beta1, g);
    gm_tensor *v = average(u, "v", u->optimizer->beta2, gm_square(g));
    gm_tensor *root = gm_multiply(gm_sqrt(v), u->inverse_correction);
    return gm_subtract(p, gm_multiply(u->step_size, gm_divide(m, gm_offset(root, u->optimizer->epsilon))));
}

typedef gm_tensor *rule(const update *u, gm_tensor *p, gm_tensor *g);

static rule *const rules[] = {
    [GM_OPTIMIZER_SGD] = sgd,
    [GM_OPTIMIZER_RMSPROP] = rmsprop,
    [GM_OPTIMIZER_ADAM] = adam,
    [GM_OPTIMIZER_ADAMW] = adam,
};

// 1 - beta^t at the t-th update. In float32 the plain form cancels: with beta = .999 and t = 1, three of seven digits
// are gone. It is 1 - e^-w with w = -t ln(beta): near 0 the Taylor series (its next term is below 4e-9 of the sum),
// further away that form, whose digits are all there. Closed forms of the step, unlike running products, gather no
// rounding errors.
static gm_tensor *correction(gm_tensor *step, double beta) {
    enum { TERMS = 8 };
    gm_graph *graph = gm_tensor_graph(step);
    if (!(beta > 0))
        return gm_constant(graph, 1);
    gm_tensor *threshold = gm_constant(graph, 0.35);
    gm_tensor *w = gm_scale(gm_offset(gm_cast(step, GM_FLOAT32), 1), -log(beta));
    // w - w^2/2! + w^3/3! ..., by Horner's rule; kept from overflowing where it is not used
    gm_tensor *small = gm_minimum(w, threshold);
    double coefficient[TERMS + 1] = {[1] = 1};
    for (int i = 2; i <= TERMS; i++)
        coefficient[i] = -coefficient[i - 1] / i;
    gm_tensor *series = gm_offset(gm_scale(small, coefficient[TERMS]), coefficient[TERMS - 1]);
    for (int i = TERMS - 2; i > 0; i--)
        series = gm_offset(gm_multiply(small, series), coefficient[i]);
    gm_tensor *near = gm_multiply(small, series);
    gm_tensor *far = gm_offset(gm_negate(gm_exp(gm_negate(w))), 1);
    return gm_select(gm_less(w, threshold), near, far);
}

// PREFIX.step: the value before this update.
static gm_tensor *own_step(gm_phase *phase, const char *prefix) {
    gm_graph *graph = phase->graph;
    char *full = gm_arena_printf(&graph->arena, "%s.step", prefix);
    if (full == NULL)
        return gm_fault(graph, "out of memory for the name of an optimizer's variable");
    gm_tensor *step = gm_variable(graph, full, GM_INT32, (gm_shape){.rank = 0}, (gm_initializer){0});
    gm_phase_assign(phase, step, gm_add(step, gm_constant_int(graph, 1)));
    return step;
}

// Within `limit` of 0; NaN passes.
static gm_tensor *clipped(gm_tensor *x, double limit) {
    gm_graph *graph = gm_tensor_graph(x);
    if (!(limit > 0) || gm_is_poison(x))
        return x;
    return gm_maximum(gm_minimum(x, gm_constant(graph, limit)), gm_constant(graph, -limit));
}

// As PyTorch's clip_grad_norm_: gradients without a number in them spread to all parameters.
static gm_tensor *norm_scale(const gm_optimizer *o, gm_graph *graph, gm_tensor *const *parameters,
                             gm_tensor *const *gradients, size_t count) {
    gm_tensor *sum = gm_constant(graph, 0);
    for (size_t i = 0; i < count; i++)
        if (gm_variable_rate(parameters[i]) > 0)
            sum = gm_add(sum, gm_sum_all(gm_square(clipped(gradients[i], o->clip_value))));
    gm_tensor *room = gm_divide(gm_constant(graph, o->clip_norm), gm_offset(gm_sqrt(sum), 1e-6));
    return gm_minimum(room, gm_constant(graph, 1));
}

static gm_tensor *updated(const update *u) {
    const gm_optimizer *o = u->optimizer;
    gm_tensor *p = u->parameter, *g = clipped(u->gradient, o->clip_value);
    if (u->gradient_scale != NULL)
        g = gm_multiply(g, u->gradient_scale);
    if (o->weight_decay > 0) {
        if (o->kind == GM_OPTIMIZER_ADAMW) // p - rate decay p, off the gradient's path (Loshchilov & Hutter 2019)
            p = gm_subtract(p, gm_multiply(gm_scale(u->rate, o->weight_decay), p));
        else
            g = gm_add(g, gm_scale(p, o->weight_decay));
    }
    return clipped(rules[o->kind](u, p, g), o->weight_clip);
}

static gm_tensor *scheduled_rate(const gm_optimizer *o, gm_tensor *step) {
    if (o->moving_rate == NULL)
        return gm_schedule_rate(&o->schedule, o->rate, step);
    return gm_multiply(gm_schedule_rate(&o->schedule, 1, step), o->moving_rate);
}

void gm_optimizer_apply(gm_phase *phase, const gm_optimizer *optimizer, const char *prefix, gm_tensor *step,
                        gm_tensor *const *parameters, gm_tensor *const *gradients, size_t count) {
    gm_graph *graph = phase->graph;
    if (gm_optimizer_check(optimizer) != GM_OK) {
        gm_fault(graph, "%s: %s", prefix, gm_error_message());
        return;
    }
    if (step == NULL)
        step = own_step(phase, prefix);
    update u = {.phase = phase, .optimizer = optimizer, .prefix = prefix};
    gm_tensor *rate = scheduled_rate(optimizer, step), *step_size = NULL;
    if (optimizer->kind == GM_OPTIMIZER_ADAM || optimizer->kind == GM_OPTIMIZER_ADAMW) {
        step_size = gm_divide(rate, correction(step, optimizer->beta1));
        u.inverse_correction = gm_rsqrt(correction(step, optimizer->beta2));
    }
    if (optimizer->clip_norm > 0)
        u.gradient_scale = norm_scale(optimizer, graph, parameters, gradients, count);
    for (size_t i = 0; i < count; i++) {
        u.parameter = parameters[i];
        u.gradient = gradients[i];
        if (gm_is_poison(u.parameter) || gm_is_poison(u.gradient))
            continue;
        const gm_shape *shape = gm_tensor_shape(u.parameter), *other = gm_tensor_shape(u.gradient);
        if (!gm_shape_equal(shape, other)) {
            gm_fault(graph, "%s: the gradient of '%s' has shape %s instead of %s", prefix, gm_tensor_name(u.parameter),
                     gm_shape_text(other), gm_shape_text(shape));
            return;
        }
        const double factor = gm_variable_rate(u.parameter);
        u.rate = gm_scale(rate, factor);
        u.step_size = step_size != NULL ? gm_scale(step_size, factor) : NULL;
        store(&u, u.parameter, updated(&u));
    }
}

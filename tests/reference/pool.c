// Pooling over windows of an image (N, C, H, W), one result per position of a map (N, C, OH, OW).
#include "operations.h"

#include <math.h>

// Calls with the map's position and each position of the image in its window, in row-major order.
typedef void visit_function(void *state, size_t map, size_t image, size_t local);

// `local` is the image position within its plane, h*W + w.
static void visit(const gm_pool_attributes *g, size_t planes, visit_function *function, void *state) {
    size_t H = g->image[0], W = g->image[1], OH = g->map[0], OW = g->map[1];
    for (size_t map = 0; map < planes * OH * OW; map++) {
        size_t plane = map / (OH * OW), oh = map / OW % OH, ow = map % OW;
        for (size_t window = 0; window < g->kernel[0] * g->kernel[1]; window++) {
            size_t h = oh * g->stride[0] + window / g->kernel[1], w = ow * g->stride[1] + window % g->kernel[1];
            if (h < g->padding[0] || h >= H + g->padding[0] || w < g->padding[1] || w >= W + g->padding[1])
                continue;
            size_t local = (h - g->padding[0]) * W + w - g->padding[1];
            function(state, map, plane * H * W + local, local);
        }
    }
}

typedef struct pool {
    const gm_operand *in;
    double *value, *magnitude;
    double area; // padding included, as in PyTorch
} pool;

static void clear(const gm_tensor *y, double *value, double *magnitude) {
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++)
        value[i] = magnitude[i] = 0;
}

static void add(pool *p, size_t target, size_t source) {
    double term = p->in[0].value[source] / p->area;
    p->value[target] += term;
    p->magnitude[target] += fabs(term) + p->in[0].magnitude[source] / p->area;
}

static void average_visit(void *state, size_t map, size_t image, size_t local) {
    (void)local;
    add(state, map, image);
}

static void average_input_visit(void *state, size_t map, size_t image, size_t local) {
    (void)local;
    add(state, image, map);
}

// average_pool (image) -> map
static void average(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_pool_attributes *g = y->attributes;
    clear(y, value, magnitude);
    visit(g, y->shape.dim[0] * y->shape.dim[1], average_visit,
          &(pool){in, value, magnitude, (double)(g->kernel[0] * g->kernel[1])});
}

// average_pool_input (map) -> image: its adjoint
static void average_input(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_pool_attributes *g = y->attributes;
    clear(y, value, magnitude);
    visit(g, y->shape.dim[0] * y->shape.dim[1], average_input_visit,
          &(pool){in, value, magnitude, (double)(g->kernel[0] * g->kernel[1])});
}

// value holds the index, magnitude the maximum so far (replaced at the end).
static void index_visit(void *state, size_t map, size_t image, size_t local) {
    pool *p = state;
    double x = p->in[0].value[image];
    if (p->value[map] < 0 || x > p->magnitude[map] || (isnan(x) && !isnan(p->magnitude[map]))) {
        p->value[map] = (double)local;
        p->magnitude[map] = x;
    }
}

// max_pool_index (image) -> int32 map: h*W + w of the first maximum; NaN counts as the largest
static void max_index(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++)
        value[i] = -1;
    visit(y->attributes, y->shape.dim[0] * y->shape.dim[1], index_visit, &(pool){in, value, magnitude, 0});
    for (size_t i = 0; i < count; i++)
        magnitude[i] = 0;
}

// max_pool (image, index) -> map: picks
static void max_pick(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_pool_attributes *g = y->attributes;
    size_t count = gm_shape_count(&y->shape), image = g->image[0] * g->image[1], map = g->map[0] * g->map[1];
    for (size_t i = 0; i < count; i++) {
        size_t source = i / map * image + (size_t)in[1].value[i];
        value[i] = in[0].value[source];
        magnitude[i] = in[0].magnitude[source];
    }
}

// max_pool_input (map, index) -> image: each value of the map added where it was picked
static void max_input(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_pool_attributes *g = y->attributes;
    size_t count = gm_shape_count(&in[0].tensor->shape), image = g->image[0] * g->image[1], map = g->map[0] * g->map[1];
    clear(y, value, magnitude);
    for (size_t i = 0; i < count; i++) {
        size_t target = i / map * image + (size_t)in[1].value[i];
        value[target] += in[0].value[i];
        magnitude[target] += fabs(in[0].value[i]) + in[0].magnitude[i];
    }
}

const gm_reference_row gm_reference_pools[] = {
    {&gm_op_average_pool, average}, {&gm_op_average_pool_input, average_input}, {&gm_op_max_pool_index, max_index},
    {&gm_op_max_pool, max_pick},    {&gm_op_max_pool_input, max_input},         {NULL, NULL},
};

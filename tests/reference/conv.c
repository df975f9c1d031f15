// Convolution (correlation) in its three forms. All three sum the same products over the same pairs of positions:
//   image (N, C, H, W) at (oh*stride - padding + r*dilation, ow*stride - padding + s*dilation)
//   map (N, K, OH, OW) at (oh, ow)
//   weight (K, C, R, S) at (r, s)
// and differ in which of the three is summed into. Positions outside the image count as zeros.
#include "operations.h"

#include <math.h>

// One operand of the product: values and error scale, or where they are summed.
typedef struct array {
    const double *value, *magnitude;
} array;

typedef struct product {
    size_t N, C, K;
    const gm_conv_attributes *g;
    array image, map, weight; // the two inputs; the result's is empty
} product;

// Adds the term that the three positions share to the result at `target`.
static void add_term(double *value, double *magnitude, size_t target, array a, size_t i, array b, size_t j) {
    double x = a.value[i], y = b.value[j];
    value[target] += x * y;
    magnitude[target] += fabs(x * y) + fabs(x) * b.magnitude[j] + a.magnitude[i] * fabs(y);
}

// Every term of one (n, k, c), into whichever operand is empty.
static void add_plane(const product *p, size_t n, size_t k, size_t c, double *value, double *magnitude) {
    const gm_conv_attributes *g = p->g;
    size_t H = g->image[0], W = g->image[1], OH = g->map[0], OW = g->map[1], R = g->kernel[0], S = g->kernel[1];
    for (size_t oh = 0; oh < OH; oh++)
        for (size_t r = 0; r < R; r++) {
            size_t h = oh * g->stride[0] + r * g->dilation[0]; // in the padded image
            if (h < g->padding[0] || h >= H + g->padding[0])
                continue;
            for (size_t ow = 0; ow < OW; ow++)
                for (size_t s = 0; s < S; s++) {
                    size_t w = ow * g->stride[1] + s * g->dilation[1];
                    if (w < g->padding[1] || w >= W + g->padding[1])
                        continue;
                    size_t image = ((n * p->C + c) * H + h - g->padding[0]) * W + w - g->padding[1];
                    size_t map = ((n * p->K + k) * OH + oh) * OW + ow;
                    size_t weight = ((k * p->C + c) * R + r) * S + s;
                    if (p->map.value == NULL)
                        add_term(value, magnitude, map, p->image, image, p->weight, weight);
                    else if (p->image.value == NULL)
                        add_term(value, magnitude, image, p->map, map, p->weight, weight);
                    else
                        add_term(value, magnitude, weight, p->image, image, p->map, map);
                }
        }
}

static void add_product(const product *p, const gm_tensor *y, double *value, double *magnitude) {
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++)
        value[i] = magnitude[i] = 0;
    for (size_t n = 0; n < p->N; n++)
        for (size_t k = 0; k < p->K; k++)
            for (size_t c = 0; c < p->C; c++)
                add_plane(p, n, k, c, value, magnitude);
}

static array operand(const gm_operand *in) {
    return (array){in->value, in->magnitude};
}

// conv (image, weight) -> map
static void conv(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_shape *x = &in[0].tensor->shape;
    product p = {.N = x->dim[0], .C = x->dim[1], .K = y->shape.dim[1], .g = y->attributes};
    p.image = operand(&in[0]);
    p.weight = operand(&in[1]);
    add_product(&p, y, value, magnitude);
}

// conv_input (map, weight) -> image: the transposed convolution
static void conv_input(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_shape *map = &in[0].tensor->shape;
    product p = {.N = map->dim[0], .C = y->shape.dim[1], .K = map->dim[1], .g = y->attributes};
    p.map = operand(&in[0]);
    p.weight = operand(&in[1]);
    add_product(&p, y, value, magnitude);
}

// conv_weight (image, map) -> weight
static void conv_weight(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_shape *x = &in[0].tensor->shape;
    product p = {.N = x->dim[0], .C = x->dim[1], .K = y->shape.dim[0], .g = y->attributes};
    p.image = operand(&in[0]);
    p.map = operand(&in[1]);
    add_product(&p, y, value, magnitude);
}

const gm_reference_row gm_reference_convolutions[] = {
    {&gm_op_conv, conv}, {&gm_op_conv_input, conv_input}, {&gm_op_conv_weight, conv_weight}, {NULL, NULL}};

// Rows by index.
#include "operations.h"

#include <math.h>

static size_t row_size(const gm_shape *shape) {
    return shape->dim[0] == 0 ? 0 : gm_shape_count(shape) / shape->dim[0];
}

// y[i] = table[indices[i]]; zeros for an index outside the table
static void gather(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    size_t rows = in[0].tensor->shape.dim[0], row = row_size(&y->shape);
    for (size_t i = 0; i < y->shape.dim[0]; i++) {
        double index = in[1].value[i];
        bool inside = index >= 0 && index < (double)rows;
        for (size_t k = 0; k < row; k++) {
            value[i * row + k] = inside ? in[0].value[(size_t)index * row + k] : 0;
            magnitude[i * row + k] = inside ? in[0].magnitude[(size_t)index * row + k] : 0;
        }
    }
}

// y[indices[i]] += rows[i], in order of i; rows with an index outside y are dropped
static void scatter_add(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    size_t count = gm_shape_count(&y->shape), row = row_size(&y->shape);
    for (size_t i = 0; i < count; i++)
        value[i] = magnitude[i] = 0;
    for (size_t i = 0; i < in[0].tensor->shape.dim[0]; i++) {
        double index = in[1].value[i];
        if (!(index >= 0 && index < (double)y->shape.dim[0]))
            continue;
        for (size_t k = 0; k < row; k++) {
            size_t target = (size_t)index * row + k;
            value[target] += in[0].value[i * row + k];
            magnitude[target] += fabs(in[0].value[i * row + k]) + in[0].magnitude[i * row + k];
        }
    }
}

const gm_reference_row gm_reference_gathers[] = {
    {&gm_op_gather, gather}, {&gm_op_scatter_add, scatter_add}, {NULL, NULL}};

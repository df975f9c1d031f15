// The matrix product: op(a) (..., M, K) times op(b) (..., K, N) -> (..., M, N), op being the transpose of the last two
// axes or nothing.
#include "graph/build.h"
#include "graph/gradient.h"

static gm_tensor *gemm(gm_tensor *a, bool transpose_a, gm_tensor *b, bool transpose_b) {
    return gm_gemm(a, b, &(gm_gemm_params){.transpose_a = transpose_a, .transpose_b = transpose_b});
}

enum { MOST_LEADING = 2 }; // axes that kernels count along: more are merged

// Y = A B: dA = dY B^T, dB = A^T dY. Where a is A^T the transposed product gives it: da = B dY^T; b alike.
static void gemm_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    const gm_gemm_attributes *attributes = y->attributes;
    bool ta = attributes->transpose_a != 0, tb = attributes->transpose_b != 0;
    gm_tensor *a = y->input[0], *b = y->input[1];
    if (wanted[0])
        dx[0] = ta ? gemm(b, tb, dy, true) : gemm(dy, false, b, !tb);
    if (wanted[1])
        dx[1] = tb ? gemm(dy, true, a, ta) : gemm(a, !ta, dy, false);
}

const gm_op gm_op_gemm = {.name = "gemm", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_gemm[] = {
    {&gm_op_gemm, gemm_gradient},
    {0},
};

// A matrix's rows and columns are its last two axes.
static size_t rows_of(const gm_tensor *x, bool transposed) {
    return x->shape.dim[x->shape.rank - (transposed ? 1 : 2)];
}

static size_t columns_of(const gm_tensor *x, bool transposed) {
    return rows_of(x, !transposed);
}

// A hidden transposed matrix is the matrix with the other flag (a transpose node is never the identity).
static gm_tensor *untransposed(gm_tensor *x, int *transpose) {
    if (!gm_hidden_is(x, &gm_op_transpose))
        return x;
    const gm_axes_attributes *axes = x->attributes;
    for (size_t i = 0; i + 2 < x->shape.rank; i++)
        if (axes->value[i] != i)
            return x;
    *transpose = !*transpose;
    return x->input[0];
}

static size_t matrix_count(const gm_shape *shape) {
    size_t count = 1;
    for (size_t i = 0; i + 2 < shape->rank; i++)
        count *= shape->dim[i];
    return count;
}

// The matrix, or the matrices along one axis.
static gm_tensor *merged(gm_tensor *x, size_t count) {
    size_t rows = rows_of(x, false), columns = columns_of(x, false);
    return gm_reshape(x, count == 1 ? (gm_shape){2, {rows, columns}} : (gm_shape){3, {count, rows, columns}});
}

static bool leading_axes_equal(const gm_shape *a, const gm_shape *b) {
    bool equal = a->rank == b->rank;
    for (size_t i = 0; equal && i + 2 < a->rank; i++)
        equal = a->dim[i] == b->dim[i];
    return equal;
}

gm_tensor *gm_gemm(gm_tensor *a, gm_tensor *b, const gm_gemm_params *params) {
    gm_tensor *inputs[] = {a, b}, *poison;
    if (!gm_usable("gemm", inputs, 2, &poison))
        return poison;
    gm_gemm_params chosen = params ? *params : (gm_gemm_params){0};
    if (a->type != GM_FLOAT32 || b->type != GM_FLOAT32)
        return gm_fault(a->graph, "gemm: a %s is %s and b %s is %s but both must be float32", gm_describe(a),
                        gm_type_text(a->type), gm_describe(b), gm_type_text(b->type));
    if (a->shape.rank < 2 || b->shape.rank < 2)
        return gm_fault(a->graph, "gemm: a %s and b %s must both be matrices (rank 2), or batches of them",
                        gm_describe(a), gm_describe(b));
    if (!leading_axes_equal(&a->shape, &b->shape))
        return gm_fault(a->graph, "gemm: a %s and b %s must have the same axes before the last two", gm_describe(a),
                        gm_describe(b));
    size_t inner_a = columns_of(a, chosen.transpose_a), inner_b = rows_of(b, chosen.transpose_b);
    if (inner_a != inner_b)
        return gm_fault(a->graph, "gemm: a %s%s has %zu columns but b %s%s has %zu rows", gm_describe(a),
                        chosen.transpose_a ? " transposed" : "", inner_a, gm_describe(b),
                        chosen.transpose_b ? " transposed" : "", inner_b);
    gm_shape shape = a->shape;
    shape.dim[shape.rank - 2] = rows_of(a, chosen.transpose_a);
    shape.dim[shape.rank - 1] = columns_of(b, chosen.transpose_b);
    if (!gm_shape_usable(a->graph, "gemm", &shape))
        return poison;
    if (gm_known_equal(a, 0) || gm_known_equal(b, 0))
        return gm_filled(a->graph, GM_FLOAT32, &shape, 0);
    gm_gemm_attributes attributes = {.transpose_a = chosen.transpose_a, .transpose_b = chosen.transpose_b};
    inputs[0] = untransposed(a, &attributes.transpose_a);
    inputs[1] = untransposed(b, &attributes.transpose_b);
    size_t count = matrix_count(&shape);
    if (shape.rank > MOST_LEADING + 2 || (shape.rank > 2 && count == 1))
        return gm_reshape(gemm(merged(inputs[0], count), attributes.transpose_a != 0, merged(inputs[1], count),
                               attributes.transpose_b != 0),
                          shape);
    return gm_node(a->graph, &gm_op_gemm, GM_FLOAT32, &shape, inputs, 2, &attributes, sizeof attributes, NULL);
}

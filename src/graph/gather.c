// Rows by index: gather reads them, scatter_add sums them; each is the other's gradient.
#include "graph/build.h"
#include "graph/gradient.h"

static void gather_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (wanted[0])
        dx[0] = gm_scatter_add(dy, y->input[1], y->input[0]->shape.dim[0]);
}

static void scatter_add_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (wanted[0])
        dx[0] = gm_gather(dy, y->input[1]);
}

const gm_op gm_op_gather = {.name = "gather", .kind = GM_OP_KERNEL};
const gm_op gm_op_scatter_add = {.name = "scatter_add", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_gather[] = {
    {&gm_op_gather, gather_gradient},
    {&gm_op_scatter_add, scatter_add_gradient},
    {0},
};

static bool rows_usable(const char *what, const char *name, gm_tensor *rows, gm_tensor *indices, gm_tensor **poison) {
    if (!gm_usable(what, (gm_tensor *[]){rows, indices}, 2, poison))
        return false;
    if (rows->shape.rank == 0) {
        gm_fault(rows->graph, "%s: %s is a scalar but must have rows", what, name);
        return false;
    }
    if (indices->type != GM_INT32 || indices->shape.rank != 1) {
        gm_fault(rows->graph, "%s: indices %s is %s of rank %zu but must be int32 of rank 1", what,
                 gm_describe(indices), gm_type_text(indices->type), indices->shape.rank);
        return false;
    }
    return true;
}

// The table's type may be any, so that a data set of bytes can stay one.
gm_tensor *gm_gather(gm_tensor *table, gm_tensor *indices) {
    gm_tensor *poison;
    if (!rows_usable("gather", "table", table, indices, &poison))
        return poison;
    gm_shape shape = table->shape;
    shape.dim[0] = indices->shape.dim[0];
    if (!gm_shape_usable(table->graph, "gather", &shape))
        return poison;
    if (gm_known_equal(table, 0))
        return gm_filled(table->graph, table->type, &shape, 0);
    return gm_node(table->graph, &gm_op_gather, table->type, &shape, (gm_tensor *[]){table, indices}, 2, NULL, 0, NULL);
}

gm_tensor *gm_scatter_add(gm_tensor *rows, gm_tensor *indices, size_t count) {
    gm_tensor *poison;
    if (!rows_usable("scatter_add", "rows", rows, indices, &poison))
        return poison;
    if (rows->type != GM_FLOAT32)
        return gm_fault(rows->graph, "scatter_add: rows %s is %s but must be float32; cast it", gm_describe(rows),
                        gm_type_text(rows->type));
    if (rows->shape.dim[0] != indices->shape.dim[0])
        return gm_fault(rows->graph, "scatter_add: rows %s has %zu rows but there are %zu indices", gm_describe(rows),
                        rows->shape.dim[0], indices->shape.dim[0]);
    gm_shape shape = rows->shape;
    shape.dim[0] = count;
    if (!gm_shape_usable(rows->graph, "scatter_add", &shape))
        return poison;
    if (gm_known_equal(rows, 0))
        return gm_filled(rows->graph, GM_FLOAT32, &shape, 0);
    return gm_node(rows->graph, &gm_op_scatter_add, GM_FLOAT32, &shape, (gm_tensor *[]){rows, indices}, 2, NULL, 0,
                   NULL);
}

gm_tensor *gm_one_hot(gm_tensor *indices, size_t count) {
    gm_tensor *poison;
    if (!gm_usable("one_hot", &indices, 1, &poison))
        return poison;
    gm_graph *graph = indices->graph;
    if (indices->type != GM_INT32 || indices->shape.rank != 1)
        return gm_fault(graph, "one_hot: indices %s is %s of rank %zu but must be int32 of rank 1",
                        gm_describe(indices), gm_type_text(indices->type), indices->shape.rank);
    if (count == 0 || count > INT32_MAX)
        return gm_fault(graph, "one_hot: %zu columns are none or too many", count);
    gm_shape column = {2, {indices->shape.dim[0], 1}};
    return gm_equal(gm_reshape(indices, column), gm_indices_along(graph, 2, 1, count));
}

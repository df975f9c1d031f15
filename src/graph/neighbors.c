// Neighbours: the nearest rows of one set of points to each row of another, and how many lie within a radius.
//
// Distances are steps of the radius or of the rows, so neither operation has a gradient.
#include "graph/build.h"

const gm_op gm_op_nearest = {.name = "nearest", .kind = GM_OP_KERNEL};
const gm_op gm_op_count_within = {.name = "count_within", .kind = GM_OP_KERNEL};

static bool is_matrix(const char *what, const char *name, const gm_tensor *rows) {
    if (rows->type == GM_FLOAT32 && rows->shape.rank == 2)
        return true;
    gm_fault(rows->graph, "%s: %s %s is %s of rank %zu but must be float32 of rank 2", what, name, gm_describe(rows),
             gm_type_text(rows->type), rows->shape.rank);
    return false;
}

// Checks what both operations take; params cannot be NULL by then.
static bool points_usable(const char *what, gm_tensor *x, gm_tensor *y, const gm_neighbors_attributes *a) {
    if (!is_matrix(what, "x", x) || !is_matrix(what, "y", y))
        return false;
    if (x->shape.dim[1] != y->shape.dim[1])
        gm_fault(x->graph, "%s: the rows of x %s and y %s have %zu and %zu values but must have equally many", what,
                 gm_describe(x), gm_describe(y), x->shape.dim[1], y->shape.dim[1]);
    else if (a->norm != GM_NORM_EUCLIDEAN && a->norm != GM_NORM_MAXIMUM)
        gm_fault(x->graph, "%s: norm %d is unknown; give GM_NORM_EUCLIDEAN or GM_NORM_MAXIMUM", what, a->norm);
    else if (a->exclude_same && x->shape.dim[0] != y->shape.dim[0])
        gm_fault(x->graph, "%s: exclude_same needs as many rows in x %s as in y %s", what, gm_describe(x),
                 gm_describe(y));
    else
        return true;
    return false;
}

gm_tensor *gm_nearest(gm_tensor *x, gm_tensor *y, const gm_nearest_params *params) {
    gm_tensor *poison;
    if (!gm_usable("nearest", (gm_tensor *[]){x, y}, 2, &poison))
        return poison;
    if (!params)
        return gm_fault(x->graph, "nearest: params is NULL but must give k and the norm");
    gm_neighbors_attributes attributes = {
        .k = params->k, .norm = (int)params->norm, .exclude_same = params->exclude_same};
    if (!points_usable("nearest", x, y, &attributes))
        return poison;
    size_t candidates = y->shape.dim[0] - (params->exclude_same ? 1 : 0);
    if (params->k == 0 || params->k > candidates)
        return gm_fault(x->graph, "nearest: k is %zu but must be from 1 to the %zu neighbours that a row has in y %s",
                        params->k, candidates, gm_describe(y));
    gm_shape shape = {.rank = 2, .dim = {x->shape.dim[0], params->k}};
    return gm_node(x->graph, &gm_op_nearest, GM_FLOAT32, &shape, (gm_tensor *[]){x, y}, 2, &attributes,
                   sizeof attributes, NULL);
}

gm_tensor *gm_count_within(gm_tensor *x, gm_tensor *y, gm_tensor *radius, const gm_within_params *params) {
    gm_tensor *poison;
    if (!gm_usable("count_within", (gm_tensor *[]){x, y, radius}, 3, &poison))
        return poison;
    if (!params)
        return gm_fault(x->graph, "count_within: params is NULL but must give the norm");
    gm_neighbors_attributes attributes = {.norm = (int)params->norm,
                                          .exclude_same = params->exclude_same,
                                          .strict = params->strict,
                                          .radius_of_y = params->radius_of_y};
    if (!points_usable("count_within", x, y, &attributes))
        return poison;
    const gm_tensor *owner = params->radius_of_y ? y : x;
    if (radius->type != GM_FLOAT32 || radius->shape.rank != 1 || radius->shape.dim[0] != owner->shape.dim[0])
        return gm_fault(x->graph, "count_within: radius %s is %s but must be float32 (%zu), one for each row of %s",
                        gm_describe(radius), gm_type_text(radius->type), owner->shape.dim[0],
                        params->radius_of_y ? "y" : "x");
    gm_shape shape = {.rank = 1, .dim = {x->shape.dim[0]}};
    return gm_node(x->graph, &gm_op_count_within, GM_INT32, &shape, (gm_tensor *[]){x, y, radius}, 3, &attributes,
                   sizeof attributes, NULL);
}

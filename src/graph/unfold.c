// Windows of a volume's depth as channels of images, and their sums.
//
// Two neighbouring results of 2 or 3 taps take 3 or 4 multiplications instead of 4 or 6: results = R (W w * V v), where
// w are the taps, v the values that they meet (Winograd 1980; Lavin, Gray 2016, whose numbers these are).
#include "graph/build.h"
#include "graph/gradient.h"

enum { LEAST_POINTS = 3, MOST_POINTS = GM_UNFOLD_MOST_POINTS };

// Of 3 and of 4 points: V and W have a row for each, R a column.
static const struct {
    double value[MOST_POINTS][MOST_POINTS], tap[MOST_POINTS][MOST_POINTS - 1], result[2][MOST_POINTS];
} algorithm[] = {
    {.value = {{1, -1, 0}, {0, 1, 0}, {0, 1, -1}}, .tap = {{1, 0}, {1, 1}, {0, 1}}, .result = {{1, 1, 0}, {0, 1, -1}}},
    {.value = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
     .tap = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}},
     .result = {{1, 1, 1, 0}, {0, 1, -1, -1}}},
};

double gm_unfold_factor(const gm_unfold_attributes *windows, size_t point, size_t j) {
    if (windows->form == GM_UNFOLD_SLICES)
        return point == j;
    const size_t which = windows->points - LEAST_POINTS;
    return windows->form == GM_UNFOLD_VALUES ? algorithm[which].value[point][j] : algorithm[which].result[j][point];
}

double gm_unfold_tap(size_t points, size_t point, size_t tap) {
    return algorithm[points - LEAST_POINTS].tap[point][tap];
}

static gm_tensor *node(const gm_op *op, gm_tensor *x, const gm_shape *shape, const gm_unfold_attributes *windows) {
    if (gm_is_poison(x) || !gm_shape_usable(x->graph, op->name, shape))
        return x->graph->nodes[0];
    if (gm_known_equal(x, 0))
        return gm_filled(x->graph, GM_FLOAT32, shape, 0);
    return gm_node(x->graph, op, GM_FLOAT32, shape, &x, 1, windows, sizeof *windows, NULL);
}

gm_tensor *gm_unfold(gm_tensor *x, const gm_unfold_attributes *windows) {
    const size_t *d = x->shape.dim;
    gm_shape shape = {.rank = 4, .dim = {d[0] * windows->count, gm_unfold_blocks(windows) * d[1], d[3], d[4]}};
    return node(&gm_op_unfold, x, &shape, windows);
}

gm_tensor *gm_fold(gm_tensor *y, const gm_unfold_attributes *windows) {
    const size_t *d = y->shape.dim;
    if (gm_is_poison(y))
        return y;
    gm_shape shape = {.rank = 5,
                      .dim = {d[0] / windows->count, d[1] / gm_unfold_blocks(windows), windows->depth, d[2], d[3]}};
    return node(&gm_op_fold, y, &shape, windows);
}

static void unfold_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_fold(dy, y->attributes);
}

static void fold_gradient(gm_tensor *x, gm_tensor *dx, const bool *wanted, gm_tensor **dy) {
    (void)wanted;
    dy[0] = gm_unfold(dx, x->attributes);
}

const gm_op gm_op_unfold = {.name = "unfold", .kind = GM_OP_KERNEL};
const gm_op gm_op_fold = {.name = "fold", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_unfold[] = {
    {&gm_op_unfold, unfold_gradient},
    {&gm_op_fold, fold_gradient},
    {0},
};

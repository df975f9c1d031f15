// The graph's inner interface: what an operation is, and how its file makes nodes.
//
// An operation is a `const gm_op` in its family's file; nodes point to it, so there is no central list. Attributes are
// a family's own plain struct (zeroed before filling, so that equal nodes have equal bytes).
#ifndef GM_GRAPH_GRAPH_H
#define GM_GRAPH_GRAPH_H

#include "base/base.h"
#include "ganymede/graph.h"

// What the planner may do with a node.
typedef enum gm_op_kind {
    GM_OP_LEAF = 1,    // variable, input, constant
    GM_OP_VIEW,        // the same elements under other strides: reshape, transpose, broadcast, slice, flip, identities
    GM_OP_ELEMENTWISE, // element i of the result from element i of each input (all of the result's shape)
    GM_OP_KERNEL,      // anything else: a family of src/kernels runs it
} gm_op_kind;

typedef struct gm_op {
    const char *name; // unique, as messages and profiles show it
    gm_op_kind kind;
    // Elementwise: OpenCL C of the result in terms of $0 $1 $2 (inputs), $a $b (float literals from the attributes),
    // $T (the result's type), $F and $I (float and int of the same width; $T is one of them). It must hold for scalars
    // and for vectors: select(no, yes, $0 < $1) does both, `?:` and `!` do not. Parenthesised.
    const char *expression;
    unsigned cost; // elementwise: rough operations per element (transcendentals about 20)
} gm_op;

struct gm_tensor {
    gm_graph *graph;
    const gm_op *op;
    uint32_t id; // position in the graph: inputs come before their users
    gm_type type;
    gm_shape shape;
    size_t input_count;
    gm_tensor **input;
    const void *attributes; // the family's struct, or NULL
    size_t attributes_size;
    const char *name; // leaves and random nodes; else NULL
    double rate;      // of a variable: factor of the optimiser's learning rate
    bool hidden;      // made by gm_grad and never returned: no caller can differentiate by it, so constructors may
                      // look through it (reshape of reshape, scale of scale); through others they must not
};

typedef struct gm_assignment {
    gm_tensor *variable, *value;
} gm_assignment;

struct gm_phase {
    gm_graph *graph;
    const char *name;
    size_t index;  // order in the graph
    bool isolated; // shares no values with other phases
    gm_tensor **fetches;
    size_t fetch_count, fetch_capacity;
    gm_assignment *assignments;
    size_t assignment_count, assignment_capacity;
};

struct gm_graph {
    gm_arena arena;
    gm_tensor **nodes; // by id; nodes[0] is the poison tensor
    size_t node_count, node_capacity;
    gm_phase **phases;
    size_t phase_count, phase_capacity;
    uint32_t *table; // open addressing over node ids, for equal nodes
    size_t table_size;
    gm_status fault;
    char *fault_message;
    bool hiding;     // inside gm_grad: new nodes are hidden
    bool few_passes; // variances are computed in one pass over memory, which may cost a digit
};

// Appends a node or returns the equal one. `attributes` is copied. Poison inputs give poison.
gm_tensor *gm_node(gm_graph *graph, const gm_op *op, gm_type type, const gm_shape *shape, gm_tensor *const *inputs,
                   size_t input_count, const void *attributes, size_t attributes_size, const char *name);
// Records the graph's first fault and returns its poison tensor.
gm_tensor *gm_fault(gm_graph *graph, const char *format, ...) GM_PRINTF(2, 3);
bool gm_is_poison(const gm_tensor *x);
// "(64, 3, 32, 32)" for messages; one of a few static per-thread buffers.
const char *gm_shape_text(const gm_shape *shape);
const char *gm_type_text(gm_type type);

// ---- Attributes, by family ----

typedef struct gm_variable_attributes {
    gm_initializer initializer;
} gm_variable_attributes;

typedef struct gm_constant_attributes {
    double value;
} gm_constant_attributes;

// Elementwise operations with numbers in them: $a and $b of the expression.
typedef struct gm_element_attributes {
    double a, b;
} gm_element_attributes;

typedef struct gm_axes_attributes { // transpose: axes of x; slice: begin; pad: before (sizes follow from the shapes);
                                    // flip: 1 for those turned round
    size_t value[GM_MAX_RANK];
} gm_axes_attributes;

typedef struct gm_concat_attributes {
    size_t axis;
} gm_concat_attributes;

typedef gm_concat_attributes gm_axis_attributes; // softmax, log_softmax, argmax

typedef struct gm_reduce_attributes {
    uint32_t axes;
} gm_reduce_attributes;

typedef struct gm_gemm_attributes {
    int transpose_a, transpose_b;
} gm_gemm_attributes;

// One geometry for the three forms, in conv2d's terms: image (H, W) --kernel (R, S)--> map (OH, OW).
typedef struct gm_conv_attributes {
    size_t image[2], map[2], kernel[2], stride[2], padding[2];
    size_t dilation[2]; // convolutions alone
} gm_conv_attributes;

// What the channels of a window hold.
typedef enum gm_unfold_form {
    GM_UNFOLD_SLICES = 0, // its slices, one by one
    GM_UNFOLD_VALUES,     // the values at the points of a Toom-Cook algorithm of two results, and
    GM_UNFOLD_RESULTS,    // what belongs to its points, whose sums are the results
} gm_unfold_form;

enum { GM_UNFOLD_MOST_POINTS = 4 }; // of an algorithm

// Windows of a depth: the first slice of window i of so many is i step - padding. Its images have a block of channels
// for each point and phase: the sum over j < length of gm_unfold_factor(point, j) times slice `phase + j spread`.
typedef struct gm_unfold_attributes {
    size_t depth, count, step, padding;
    size_t points, phases, length, spread;
    gm_unfold_form form;
} gm_unfold_attributes;
static inline size_t gm_unfold_blocks(const gm_unfold_attributes *windows) {
    return windows->points * windows->phases;
}

typedef gm_conv_attributes gm_pool_attributes;

typedef struct gm_border_attributes {
    size_t before[2], after[2]; // along H and W
    int mode;                   // a gm_padding_mode other than zeros
} gm_border_attributes;

typedef struct gm_neighbors_attributes {
    size_t k;         // of nearest
    int norm;         // a gm_norm
    int exclude_same; // these three as in the params
    int strict, radius_of_y;
} gm_neighbors_attributes;

typedef struct gm_random_attributes {
    uint32_t stream;
    double probability; // bernoulli
} gm_random_attributes;

// ---- Operations that other parts name ----

extern const gm_op gm_op_poison;                                                // graph.c
extern const gm_op gm_op_variable, gm_op_input, gm_op_constant;                 // leaf.c
extern const gm_op gm_op_constant_array;                                        // its attributes are the values
extern const gm_op gm_op_reshape, gm_op_transpose, gm_op_broadcast, gm_op_flip; // view.c
extern const gm_op gm_op_stop_gradient;                                         // an identity without a gradient
bool gm_is_given(const gm_tensor *x);                                           // whether it is gm_given's
extern const gm_op gm_op_slice, gm_op_pad, gm_op_concat;                        // move.c
extern const gm_op gm_op_sum, gm_op_max;                                        // reduce.c
extern const gm_op gm_op_variance; // an identity: the result is input 0, the gradient its own
//   variance (value, x): value = sum((x - mean)^2) / n is built from nodes; the gradient goes to x by the closed form
//   dx = dy 2/n (x - mean(x)) and not through value, which saves the reductions that are zero by construction
extern const gm_op gm_op_gemm;                                      // gemm.c
extern const gm_op gm_op_conv, gm_op_conv_input, gm_op_conv_weight; // conv.c
//   conv (x, w) -> y; conv_input (y, w) -> x (the transposed convolution); conv_weight (x, y) -> w
extern const gm_op gm_op_unfold, gm_op_fold; // unfold.c: volumes (N, C, depth, H, W) -> (N count, size C, H, W); back
extern const gm_op gm_op_average_pool, gm_op_average_pool_input; // pool.c
extern const gm_op gm_op_max_pool_index, gm_op_max_pool, gm_op_max_pool_input;
//   max_pool_index (x) -> int32 map: h*W + w of the first maximum; max_pool (x, index) -> map; _input (dy, index) ->
//   image
extern const gm_op gm_op_gather, gm_op_scatter_add;                // gather.c
extern const gm_op gm_op_border, gm_op_border_adjoint;             // border.c
extern const gm_op gm_op_shift;                                    // shift.c
extern const gm_op gm_op_warp, gm_op_warp_adjoint;                 // warp.c
extern const gm_op gm_op_softmax, gm_op_log_softmax, gm_op_argmax; // softmax.c
extern const gm_op gm_op_nearest, gm_op_count_within;              // neighbors.c
extern const gm_op gm_op_uniform, gm_op_normal, gm_op_bernoulli;   // random.c: inputs (counter) or none
// elementwise.c holds a table; the planner needs only gm_op.kind and gm_op.expression.

// unfold.c. x (N, C, depth, H, W) -> (N count, points phases C, H, W): row n count + i, channel (point phases + phase)
// C
// + c is that sum for x[n, c], whose slices are zeros where there are none. Fold, its adjoint, sums them.
gm_tensor *gm_unfold(gm_tensor *x, const gm_unfold_attributes *windows);
gm_tensor *gm_fold(gm_tensor *y, const gm_unfold_attributes *windows);
double gm_unfold_factor(const gm_unfold_attributes *windows, size_t point, size_t j);
// That of a kernel's tap in the weights that belong to a point, of so many: sum over taps of factor times weight.
double gm_unfold_tap(size_t points, size_t point, size_t tap);

// A text that lives as long as the graph, for names; NULL, and a fault, without memory.
const char *gm_graph_printf(gm_graph *graph, const char *format, ...) GM_PRINTF(2, 3);

#endif

// The rows of the table of element-wise operations, and how a constructor makes nodes of them.
#ifndef GM_GRAPH_ELEMENTWISE_H
#define GM_GRAPH_ELEMENTWISE_H

#include "graph/build.h"

typedef enum gm_element {
    GM_ELEMENT_ADD,
    GM_ELEMENT_SUBTRACT,
    GM_ELEMENT_MULTIPLY,
    GM_ELEMENT_DIVIDE,
    GM_ELEMENT_MINIMUM,
    GM_ELEMENT_MAXIMUM,
    GM_ELEMENT_LESS,
    GM_ELEMENT_LESS_EQUAL,
    GM_ELEMENT_GREATER,
    GM_ELEMENT_GREATER_EQUAL,
    GM_ELEMENT_EQUAL,
    GM_ELEMENT_NOT_EQUAL,
    GM_ELEMENT_SELECT,
    GM_ELEMENT_NEGATE,
    GM_ELEMENT_ABS,
    GM_ELEMENT_SIGN,
    GM_ELEMENT_FLOOR,
    GM_ELEMENT_EXP,
    GM_ELEMENT_LOG,
    GM_ELEMENT_SQRT,
    GM_ELEMENT_RSQRT,
    GM_ELEMENT_SQUARE,
    GM_ELEMENT_SIN,
    GM_ELEMENT_COS,
    GM_ELEMENT_TANH,
    GM_ELEMENT_SIGMOID,
    GM_ELEMENT_SOFTPLUS,
    GM_ELEMENT_RELU,
    GM_ELEMENT_LEAKY_RELU,
    GM_ELEMENT_SCALE,
    GM_ELEMENT_OFFSET,
    GM_ELEMENT_CAST,
    GM_ELEMENT_COUNT
} gm_element;

typedef struct gm_element_row {
    gm_op op;
    bool integers; // holds for int32, too
    bool compares; // the result is float32 whatever the inputs are
    bool commutes; // operands are put in one order, so that equal nodes are found
    double (*unary)(double x);
    double (*binary)(double a, double b);
} gm_element_row;

extern const gm_element_row gm_elements[GM_ELEMENT_COUNT];

// $a of a node of an operation that has a number.
double gm_element_number(const gm_tensor *x);
// The shape that both are broadcast to, without a fault if there is none.
bool gm_element_shape(const gm_shape *a, const gm_shape *b, gm_shape *shape);
// Whether x and the number can be what the operation is made of; records a fault if not.
bool gm_element_usable(gm_element which, gm_tensor *x, double number, gm_tensor **poison);
// The constant's tensor when the value can be one (finite as a float, in range as an int), else NULL.
gm_tensor *gm_element_folded(gm_graph *graph, gm_type type, const gm_shape *shape, double value);

// What is plain to see about a and b, whose common shape is `shape`: the simpler result, or NULL.
typedef gm_tensor *gm_simplify(const gm_shape *shape, gm_tensor *a, gm_tensor *b);
// Nodes of one tensor, of one tensor and a usable number, of two tensors (simplify: NULL for none). Constants fold.
gm_tensor *gm_element_unary(gm_element which, gm_tensor *x);
gm_tensor *gm_element_numbered(gm_element which, gm_tensor *x, double number);
gm_tensor *gm_element_binary(gm_element which, gm_tensor *a, gm_tensor *b, gm_simplify *simplify);

#endif

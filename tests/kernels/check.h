// Building the cases of checkkernels: a family is a table of rows, one per operation; a row's function makes its cases,
// each a phase of one graph, so that a plan compiles many cases at once.
#ifndef GM_TESTS_CHECK_H
#define GM_TESTS_CHECK_H

#include "base/base.h"
#include "ganymede/graph.h"

// Which run a case belongs to: the small ones to every check, the large ones only to --bench, which compares nothing.
typedef enum gm_case_size { GM_CASE_SMALL = 1, GM_CASE_FULL, GM_CASE_BENCH } gm_case_size;

// What an input holds; its name begins with the word.
typedef enum gm_values {
    GM_VALUES_NORMAL = 0, // int32: -8 to 8; uint8: 0 to 255
    GM_VALUES_CANCEL,     // neighbours of opposite sign, one in five up to 1e4 times as large or as small
    GM_VALUES_POSITIVE,   // (0, 4); int32: 1 to 9
    GM_VALUES_WIDE,       // ±100, with 0 and tiny numbers
    GM_VALUES_SPECIAL,    // NaN, infinities, ±0, ±1, tiny and huge
    GM_VALUES_INFINITE,   // as special, without NaN
    GM_VALUES_TIES,       // 0 to 3; int32: -1 to 7, indices in and out of a table
    GM_VALUES_COUNT,
} gm_values;

typedef struct gm_check_row gm_check_row;

typedef struct gm_cases {
    gm_graph *graph;
    gm_phase *phase; // of the present case
    const gm_check_row *row;
    bool small, bench;  // what is asked for
    gm_phase *operands; // half storage: makes what the cases read, in memory as half; NULL: they read inputs
    uint64_t seed;
    uint64_t drawn;
    size_t inputs;
    const bool *chosen;        // by case of the row: the others are left out; NULL: all
    size_t count, *first_node; // of the row's cases, the node that each begins with; NULL: not asked
} gm_cases;

enum { GM_MOST_CASES = 256 }; // of a row

struct gm_check_row {
    const char *op;
    void (*build)(gm_cases *check);
    double ulps; // allowed error in units of eps·magnitude
    gm_tensor *(*unary)(gm_tensor *);
    gm_tensor *(*binary)(gm_tensor *, gm_tensor *);
    gm_values values; // that the operation is defined for
    bool integers;    // int32 as well
    bool bounded;     // not for special numbers
    bool maximum;     // of reductions and pools, instead of the sum or the average
};

// Begins a case and says whether it is wanted; the rest of the row's function adds inputs and fetches to it.
bool gm_check_case(gm_cases *check, gm_case_size size, const char *format, ...) GM_PRINTF(3, 4);
gm_tensor *gm_check_input(gm_cases *check, gm_values values, gm_type type, gm_shape shape);
gm_tensor *gm_check_float(gm_cases *check, gm_shape shape); // of normal numbers
void gm_check_fetch(gm_cases *check, gm_tensor *x);
size_t gm_check_draw(gm_cases *check, size_t least, size_t most); // a whole number, from the seed

// Element i of an input made by gm_check_input, for gm_compare.
double gm_check_value(uint64_t seed, const gm_tensor *input, size_t i);
// With half storage: twice a number that half holds, as operands are made by halving inputs.
double gm_check_half_value(uint64_t seed, const gm_tensor *input, size_t i);

// The families, each ended by a row without an operation.
extern const gm_check_row gm_check_elementwise[], gm_check_reduce[], gm_check_contract[], gm_check_convolution[],
    gm_check_pool[], gm_check_gather[], gm_check_random[], gm_check_move[], gm_check_neighbors[], gm_check_softmax[];

#endif

// A plan's parts, in the order in which planning goes through them:
//   analyse  what a phase needs, which element-wise nodes become values of their own, in which layout
//   parts    which values lie in a part of another
//   units    what becomes one launch (or a few of one family), and in which order
//   stores   which assignments are made in place
//   values   where the values lie that launches read and write
//   variant  which of its variants runs an operation
//   lower    units become launches
//   merge    which launches run as one, and the kernels that do so
//   plan     these for every phase: what a plan is, without what the device runs
//   memory   which values share which bytes
//   bind     programs, kernel objects with their arguments
//   run      running, writing, reading
//   tune     times the variants, as plans of their own
//   create   what a caller asked for: precision, tuning
#ifndef GM_PLAN_PLAN_H
#define GM_PLAN_PLAN_H

#include "device/tuning.h"
#include "kernels/kernels.h"
#include "plan/state.h"

enum { GM_LAYOUTS = 2, GM_IN_FLIGHT = 2 };

// Where a node's value lies, if it has one; by node id. A value outlives its phase until a leaf it depends on changes.
typedef struct gm_value {
    bool present[GM_LAYOUTS];
    gm_view view[GM_LAYOUTS];
    size_t phase; // that computed it
} gm_value;

// A leaf that lies in memory: a variable or an input, which can change between phases, or an array of constants.
typedef struct gm_leaf {
    const gm_tensor *node;
    gm_state_variable *variable; // NULL: it is no variable
    gm_buffer *buffer;           // its own, of any other leaf
    uint64_t input_version;
    uint32_t storage;
} gm_leaf;

typedef enum gm_unit_kind {
    GM_UNIT_ELEMENTWISE = 1,
    GM_UNIT_REDUCE,
    GM_UNIT_FAMILY, // one node of a kernel family, perhaps with an epilogue
    GM_UNIT_MOVE,   // pad or concat: copies into parts of the result
    GM_UNIT_COPY,   // a fetched view, variable or constant, copied out
} gm_unit_kind;

// What is launched together. A list of nodes by id, without duplicates.
typedef struct gm_nodes {
    const gm_tensor **node;
    size_t count, capacity;
} gm_nodes;

#define GM_NO_UNIT UINT32_MAX

typedef struct gm_unit {
    gm_unit_kind kind;
    const gm_tensor *node;     // all but element-wise and reductions
    const gm_tensor *epilogue; // family: the element-wise node that is stored instead of `node`
    gm_nodes results;          // element-wise nodes stored, or reductions
    gm_nodes inner;            // element-wise nodes computed on the way
    gm_nodes operands;         // what is read from memory, views included
    uint32_t after, host;      // GPUs: a reduction's element-wise unit, computed by its last launch, and the way back
    uint32_t *before;          // units that must run earlier
    size_t before_count, before_capacity;
    uint64_t *all_before; // bit set: these, what runs before them, and so on
    size_t words, word_capacity;
    bool emitted;
} gm_unit;

// An assignment of the phase being planned.
typedef struct gm_store {
    size_t leaf;
    const gm_tensor *value; // through identities
    bool in_place;
    bool early; // its value is another variable of the phase: copied aside first
    gm_view aside;
} gm_store;

// A reused value's leaf must not have changed since the phase that computed the value.
typedef struct gm_check {
    size_t leaf, source;
    uint64_t snapshot;
} gm_check;

// How a phase reads values of an earlier one. Shared memory is overwritten by other phases, kept memory is not.
typedef enum gm_reuse { GM_REUSE_NONE = 0, GM_REUSE_KEPT, GM_REUSE_SHARED } gm_reuse;

typedef struct gm_phase_plan {
    const gm_phase *phase;
    size_t first_launch, launch_count;
    gm_reuse *reuses;  // by phase: what is read of its values
    uint64_t last_run; // 0: never
    gm_check *checks;  // of values this phase reuses
    size_t check_count, check_capacity;
    size_t *assigned_leaves;
    size_t assigned_count;
    gm_marker marker[GM_IN_FLIGHT];
    uint64_t runs;
    double flop;
} gm_phase_plan;

typedef struct gm_bound_launch {
    gm_kernel *kernel;
    gm_launch *launch;
    gm_recording *recording; // of this launch and those that follow it up to a product; NULL: not recorded
} gm_bound_launch;

// Where gm_plan_read finds a fetched node.
typedef struct gm_fetched {
    const gm_tensor *node; // through identities
    size_t phase;
    gm_view view;
} gm_fetched;

struct gm_plan {
    gm_graph *graph;
    gm_state *state;
    gm_device *device;
    bool separate, unfilled;
    size_t picture[2]; // as in gm_plan_options
    bool trial;        // of candidates: their nodes' names are their variants, and results last until the next phase
    gm_tuning *tuning; // NULL: default variants
    const gm_tensor **asked; // what the tuning wants timed
    size_t asked_count, asked_capacity;
    gm_arena arena; // lives as long as the plan
    gm_emitter emitter;
    gm_leaf *leaves;
    size_t leaf_count;
    size_t *leaf_of;   // by node id; SIZE_MAX: none
    uint64_t *depends; // by node id: a bit set of leaves, `words` each
    size_t words;
    gm_value *values;         // by node id
    const gm_family **family; // by node id
    gm_phase_plan *phases;
    size_t phase_count;
    gm_buffer **arenas;
    size_t arena_count;
    gm_buffer **buffers; // by storage: views of the arenas, or fixed
    const char *program_options;
    gm_program *program;   // of a trial, which has no other; NULL: programs are the device's
    gm_program *compiling; // the plan's own, where its kernels are compiled ahead or at their first launches; or NULL
    gm_bound_launch *launches;
    bool unrecorded; // recording failed: each launch is a command
    gm_fetched *fetched;
    size_t fetched_count, fetched_capacity;
    uint64_t sequence;
    gm_plan_statistics statistics;
};

// Where a value lies that a concatenation alone reads: in that input's part; and of a concatenation, its value while it
// is put together.
typedef struct gm_home {
    const gm_tensor *concat; // NULL: it has memory of its own
    size_t input;
    bool begun;
    gm_view whole;
} gm_home;

// What analysis says of the nodes of one phase; arrays by node id, in `arena`.
typedef struct gm_analysis {
    gm_plan *plan;
    gm_arena arena;
    size_t phase_index;
    const gm_phase *phase;
    bool *needed; // computed or viewed in this phase
    bool *stored; // has a value in memory
    bool *root;   // fetched or assigned
    bool *assigned;
    gm_layout *layout;
    gm_home *home;
    uint32_t **consumers; // needed nodes that read it, through identities
    size_t *consumer_count;
    uint32_t *unit_of; // that computes it; GM_NO_UNIT: none
    uint32_t *stamp;   // of the latest walk that saw the node
    gm_unit *units;
    size_t unit_count, unit_capacity;
    uint32_t walk;
    gm_store *stores;
    size_t store_count;
} gm_analysis;

// How a plan differs from the default: what the caller asked for, and what that is on the device.
typedef struct gm_plan_request {
    const gm_plan_options *options; // NULL: defaults
    const char *matrix;             // what the program is built with; NULL: float32
    bool half_storage, exact;
    bool trial;       // see gm_plan
    const bool *half; // of a trial, by node id, as long as the plan lives: what lies in memory as half; NULL: nothing
} gm_plan_request;

// ---- analyse.c, units.c, stores.c ----

const gm_tensor *gm_plan_alias(const gm_tensor *node);       // through identities
bool gm_plan_constant(const gm_tensor *node, double *value); // a constant under any views
const gm_tensor *gm_plan_base(const gm_tensor *node);        // below all views: what holds the memory
bool gm_plan_is_reduction(const gm_tensor *node);
bool gm_plan_is_half(const gm_plan *plan, const gm_tensor *node); // its value lies in memory as half
size_t gm_plan_leaf(const gm_plan *plan, const gm_tensor *node);
bool gm_plan_is_plain(const gm_plan *plan); // of launches of their own, with which others are compared
bool gm_plan_has_value(const gm_plan *plan, const gm_tensor *node); // in any layout
gm_view gm_plan_leaf_view(const gm_plan *plan, size_t leaf);        // where it lies

gm_status gm_analysis_alloc(gm_analysis *analysis, void *out, size_t count, size_t size); // zeroed, from its arena
gm_status gm_analyse(gm_analysis *analysis, gm_plan *plan, size_t phase_index);
// Which values of the plan lie in memory as half: large ones that inputs or random numbers go into (never what is made
// of weights alone), but for what is fetched, and for what is assigned with all that it is made of element by element.
// GANYMEDE_HALF_LEAST: how many elements are large, for tests.
gm_status gm_plan_choose_half(gm_plan *plan);
gm_layout gm_analysis_walk(const gm_analysis *analysis, const gm_tensor *node); // in which order to walk over it
gm_status gm_units_create(gm_analysis *analysis);
// Lists what computing the unit's results takes: the expressions on the way and what they read from memory.
gm_status gm_unit_collect(gm_analysis *analysis, gm_unit *unit);
bool gm_unit_depends_on(const gm_analysis *analysis, uint32_t unit, uint32_t earlier); // or is it
gm_status gm_unit_run_after(gm_analysis *analysis, uint32_t unit, uint32_t earlier);
gm_status gm_stores_list(gm_analysis *analysis);
gm_status gm_stores_place(gm_analysis *analysis); // once all units are there
void gm_nodes_finish(gm_nodes *list);
void gm_analysis_finish(gm_analysis *analysis);

// ---- parts.c ----

gm_status gm_parts_find(gm_analysis *analysis);
// Does the part of that input lie there once its units have run?
bool gm_parts_holds(const gm_analysis *analysis, const gm_tensor *concat, size_t input);
// Whether the node's value lies without gaps, in its own order.
bool gm_parts_flat(const gm_analysis *analysis, const gm_tensor *node);
gm_status gm_parts_whole(gm_analysis *analysis, const gm_tensor *concat, gm_view *view);
// Memory for the node's value, in its part or else of its own in that layout.
gm_status gm_parts_create(gm_analysis *analysis, const gm_tensor *node, gm_layout layout, gm_view *view);

// ---- values.c ----

// Memory for the node's value in that layout; the launch that fills it and gm_value_set come next.
gm_status gm_value_create(gm_analysis *analysis, const gm_tensor *node, gm_layout layout, gm_view *view);
void gm_value_set(gm_analysis *analysis, const gm_tensor *node, gm_layout layout, const gm_view *view);
// The node's value as it lies, or in that layout; what is not there yet is copied.
gm_status gm_value_view(gm_analysis *analysis, const gm_tensor *node, gm_view *view);
gm_status gm_value_in(gm_analysis *analysis, const gm_tensor *node, gm_layout layout, gm_view *view);
// Launches that copy between views of one shape (into another layout, into a part of a result), and that fill one.
gm_status gm_value_copy(gm_analysis *analysis, const gm_view *from, const gm_view *to, gm_layout layout);
gm_status gm_value_fill(gm_analysis *analysis, double value, const gm_view *to, gm_layout layout);
void gm_values_forget(gm_plan *plan);               // all: what is planned next computes everything anew
void gm_values_forget_stale(gm_analysis *analysis); // those that the phase's end makes wrong

// ---- variant.c, lower.c, merge.c ----

// What the tuning calls the operation; owned by the caller (free).
gm_status gm_variant_key(const gm_plan *plan, const gm_tensor *node, char **key);
// The tuning's choice of variant for the node, asked for if it wants one made; NULL: the default.
gm_status gm_variant_choose(gm_plan *plan, const gm_tensor *node, const char **variant);
gm_status gm_lower(gm_analysis *analysis);
// Joins launches of the present phase, those from number `first` on, which do not depend on one another.
gm_status gm_merge_launches(gm_plan *plan, size_t first);

// ---- plan.c, memory.c, bind.c, run.c ----

// A plan as far as its launches: gm_plan_bind makes it one that runs. Fails with the graph's fault if it has one.
gm_status gm_plan_lower(gm_plan **plan, gm_graph *graph, gm_state *state, const gm_plan_request *request);
gm_status gm_memory_plan(gm_plan *plan);
gm_status gm_plan_bind(gm_plan *plan);
// For tests: separate plans that are filled have a poisoned guard behind every value. Waits; fails naming what was
// overrun and the kernel that writes there.
gm_status gm_plan_check_guards(gm_plan *plan);
// gm_plan_run without its limit on what is in flight: for measuring, where something waits in the end.
gm_status gm_plan_enqueue(gm_plan *plan, const gm_phase *phase);
// gm_plan_finish behind work that ended with `status`, whose failure stays the one that is told: memory that
// gm_plan_read_later was given may go when this returns.
gm_status gm_plan_finish_after(gm_plan *plan, gm_status status);
// What one run of the phase takes: the floating-point operations of its GEMMs and convolutions, its launches, and how
// many commands enqueue them where nothing is profiled.
typedef struct gm_phase_work {
    double flop;
    size_t launches, commands;
} gm_phase_work;
gm_phase_work gm_plan_phase_work(const gm_plan *plan, const gm_phase *phase);

// ---- tune.c ----

// Times the variants of what was asked for, and notes the choices in the plan's tuning. Should that fail, a warning
// says so, and what has no choice keeps its default.
void gm_tune_measure(gm_plan *plan);
// The magnitude of a leaf, made by the phase in the order that it would have inside a step: for measuring.
gm_tensor *gm_tune_inside(gm_phase *before, gm_tensor *leaf);

#endif

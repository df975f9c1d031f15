// How nodes run: views, fused expressions, and the emitter that kernel families append launches to.
//
// A family never touches OpenCL: it describes launches (kernel text, arguments, work sizes) and the plan turns the
// list into one program, memory and bound kernel objects.
#ifndef GM_KERNELS_KERNELS_H
#define GM_KERNELS_KERNELS_H

#include "base/base.h"
#include "device/device.h"
#include "graph/graph.h"

// ---- Views: where a value's elements lie ----

// The order of a materialised value's dimensions in memory, outermost first. Values of fewer than three dimensions are
// row-major, whatever is asked for.
typedef enum gm_layout {
    GM_LAYOUT_ROW = 0, // row-major
    GM_LAYOUT_HWNC,    // channels (axis 1) innermost, the batch (axis 0) next to them, then the positions' axes
} gm_layout;

// Element (i0, i1, …) lies at offset + Σ i·stride, counted in elements of the storage. A stride of 0 repeats, a
// negative one runs backwards.
typedef struct gm_view {
    uint32_t storage; // the plan's number for the memory
    gm_type type;     // of the values that kernels compute with
    bool half;        // they are float32, but lie in memory as 16-bit floats, rounded to nearest (GPU family alone)
    bool part;        // of a value that several launches write, each a part of its own
    gm_shape shape;
    int64_t stride[GM_MAX_RANK];
    int64_t offset;
} gm_view;

gm_view gm_view_create(uint32_t storage, gm_type type, const gm_shape *shape, gm_layout layout);
gm_view gm_view_transpose(const gm_view *x, const size_t *axes);
gm_view gm_view_slice(const gm_view *x, const size_t *begin, const gm_shape *shape);
gm_view gm_view_flip(const gm_view *x, const size_t *flipped); // an entry per axis: whether it runs backwards
gm_view gm_view_broadcast(const gm_view *x, const gm_shape *shape);
// False when the elements in row-major order cannot be addressed by strides in the new shape.
bool gm_view_reshape(const gm_view *x, const gm_shape *shape, gm_view *result);
// The view of a node of kind GM_OP_VIEW from its input's view; false as above.
bool gm_view_apply(const gm_tensor *node, const gm_view *x, gm_view *result);
size_t gm_view_element_bytes(const gm_view *x);         // of one element in memory
double gm_view_bytes(const gm_view *x);                 // of all elements that a launch reads or writes
const char *gm_view_element_type(const gm_view *x);     // what kernels call it: "half", or the type of its values
uint64_t gm_view_hash(uint64_t hash, const gm_view *x); // goes on from `hash`: where its elements lie
// Dense, in row-major order, so that element i lies at offset + i.
bool gm_view_is_row_major(const gm_view *x);
// The elements in row-major order from memory that begins where the storage does, and the other way round.
void gm_view_unpack(const gm_view *x, const void *memory, void *values);
void gm_view_pack(const gm_view *x, const void *values, void *memory);
void gm_layout_order(gm_layout layout, size_t rank, size_t order[GM_MAX_RANK]); // axes, outermost first
gm_layout gm_layout_for(const gm_shape *shape, gm_layout wanted);               // what a value of that shape has

// ---- The emitter: what families append launches to ----

typedef enum gm_argument_kind {
    GM_ARGUMENT_STORAGE = 1, // the memory of `storage`
    GM_ARGUMENT_INT,
    GM_ARGUMENT_FLOAT,
    GM_ARGUMENT_KEY, // the state's seed, a ulong
} gm_argument_kind;

typedef struct gm_argument {
    gm_argument_kind kind;
    bool written; // storage: the launch writes it
    bool part;    // and nothing in it that another launch writes whose argument is a part, too
    union {
        uint32_t storage;
        int32_t integer;
        float real;
    };
} gm_argument;

enum { GM_MAX_ARGUMENTS = 160, GM_GPU_LOCAL = 64 }; // one local size for all functions, so that they can be merged

// Kernels count in int, and work-items a little beyond their last element: to the end of a group, a tile or a chunk.
#define GM_MOST_ELEMENTS ((size_t)INT32_MAX - (1 << 20))

// A row-major matrix in a storage, offset and leading dimension in floats.
typedef struct gm_product_operand {
    uint32_t storage;
    bool transposed;
    size_t offset, leading;
} gm_product_operand;

// c = op(a) op(b) on CLBlast, c (m, n).
typedef struct gm_product {
    size_t m, n, k;
    gm_product_operand a, b, c;
} gm_product;

// One kernel launch. `kernel` is the emitter's number of the kernel's text.
typedef struct gm_launch {
    uint32_t kernel;
    gm_argument *argument;
    size_t argument_count;
    size_t dims, global[3], local[3];
    gm_cost cost;
    const gm_product *product; // instead of a kernel; its matrices are the arguments. NULL: a kernel
} gm_launch;

// What memory a value needs: the plan places it after all launches are known.
typedef struct gm_storage {
    size_t bytes;
    gm_buffer *fixed;     // the state's or an input's buffer; NULL: planned
    bool keep;            // readable after the phase: never shared
    size_t first, last;   // launches between which it is alive (first > last: never touched)
    size_t arena, offset; // the plan's answer
} gm_storage;

// Most texts are functions of a work-group's place, `static void NAME(GM_PLACE, …)`: what is launched is a generated
// kernel that calls one of them, or several of them in one launch (src/plan/merge.c). One that needs local memory is
// `static void NAME(GM_PLACE, local float *l, …)` and says in a constant NAME_local how many floats of it, aligned to
// 16 bytes; if it is no instance of a template, then with a 1 as its place's fourth number it does nothing but meet its
// barriers, so that it can be one of several that a kernel calls. The name is made of the content, so that equal
// kernels of several plans have one name.
typedef struct gm_kernel_text {
    const char *text; // with `@` where the name stands; "" when the helper file holds the function itself
    bool function, local;
    const char *attribute; // of kernels that call the function with local memory; NULL: none
    uint64_t hash;
    const char *helper;    // a .cl file that comes once before all kernels that name it; NULL: none
    const char *body;      // a .cl file that follows this text, a template instantiated by it; NULL: none
    const uint32_t *calls; // the functions that it calls
    size_t call_count;
    char name[48];
} gm_kernel_text;

typedef struct gm_shared_value {
    uint64_t key;
    uint32_t storage;
} gm_shared_value;

typedef struct gm_emitter {
    const gm_device_info *info;
    bool gpu;           // which kernel family
    const char *matrix; // gpu: contractions on matrix units, with these build options; NULL: in float32
    const bool *half;   // gpu: which nodes' values lie in memory as half, by node id; NULL: none
    bool exact;         // no variant that rounds more than the default
    gm_arena arena;
    gm_launch *launches;
    size_t launch_count, launch_capacity;
    gm_storage *storages;
    size_t storage_count, storage_capacity;
    gm_kernel_text *kernels;
    size_t kernel_count, kernel_capacity;
    gm_shared_value *shared; // of the present phase
    size_t shared_count, shared_capacity;
} gm_emitter;

// Whether the device runs the kernels for GPUs, by its type or GANYMEDE_KERNELS.
bool gm_emitter_wants_gpu(const gm_device_info *info);
gm_status gm_emit_storage(gm_emitter *emitter, size_t bytes, uint32_t *storage);
// A value that several nodes of a phase derive from the same source (packed weights): *fresh tells the first asker to
// emit the launch that fills it.
gm_status gm_emit_shared(gm_emitter *emitter, uint64_t key, size_t bytes, uint32_t *storage, bool *fresh);
// The number of a generated text or template instance, by its helper, body and text as above (NULL: none); equal ones
// are one. `prefix` begins its name.
gm_status gm_emit_kernel(gm_emitter *emitter, const char *prefix, const gm_kernel_text *source, uint32_t *kernel);
// The same of a text that was written, which takes the place of the source's and is released.
gm_status gm_emit_text(gm_emitter *emitter, const char *prefix, gm_text *text, gm_kernel_text source, uint32_t *kernel);
// The number of the function `name` that stands in `file` as it is.
gm_status gm_emit_fixed_function(gm_emitter *emitter, const char *file, const char *name, uint32_t *kernel);

// Building one launch: start, arguments in order, end.
typedef struct gm_launch_builder {
    gm_emitter *emitter;
    gm_argument argument[GM_MAX_ARGUMENTS];
    size_t count;
    double executed;           // operations, where they are fewer than the direct algorithm's; 0: those
    bool uncountable, crowded; // a size or position goes beyond int; there are too many arguments
    const char *label;         // in the profile; NULL: the text's name
} gm_launch_builder;
gm_status gm_check_countable(size_t elements); // fails where they are more than GM_MOST_ELEMENTS
void gm_argument_read(gm_launch_builder *builder, uint32_t storage);
void gm_argument_write(gm_launch_builder *builder, uint32_t storage);
void gm_argument_write_view(gm_launch_builder *builder, const gm_view *view); // or a part of its storage
void gm_argument_int(gm_launch_builder *builder, int64_t value);
void gm_argument_ints(gm_launch_builder *builder, const int64_t *values, size_t count);
#define GM_ARGUMENT_INTS(builder, ...)                                                                                 \
    gm_argument_ints(builder, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
void gm_argument_float(gm_launch_builder *builder, double value);
void gm_argument_key(gm_launch_builder *builder);
gm_status gm_emit_launch(gm_launch_builder *builder, uint32_t kernel, size_t dims, const size_t *global,
                         const size_t *local, double flop, double bytes);

gm_status gm_emit_product(gm_emitter *emitter, const gm_product *product, double flop);

// ---- Fused element-wise expressions ----

enum { GM_MAX_OPERANDS = 24, GM_MAX_STEPS = 256, GM_MAX_RESULTS = 16 };

typedef enum gm_operand_kind { GM_OPERAND_VIEW = 0, GM_OPERAND_STEP, GM_OPERAND_LITERAL } gm_operand_kind;

typedef struct gm_step_input {
    gm_operand_kind kind;
    gm_type type;
    size_t index; // of the operand or step
    double literal;
} gm_step_input;

typedef struct gm_step {
    const gm_tensor *node;
    gm_step_input input[3];
} gm_step;

// Element-wise operations over one index space. Operand views have the space's shape (broadcast by strides of 0).
typedef struct gm_fused {
    gm_shape shape;
    gm_layout layout; // the order in which the space is walked
    gm_view operand[GM_MAX_OPERANDS];
    size_t operand_count;
    gm_step step[GM_MAX_STEPS];
    size_t step_count;
    gm_step_input result[GM_MAX_RESULTS]; // what each result is
    gm_view target[GM_MAX_RESULTS]; // where each result goes (the space's shape, or that of a reduction's results)
    size_t result_count;
    // Reductions on GPUs: what becomes of their results, which are its first operands, instead of going to `target`.
    const struct gm_fused *after;
} gm_fused;

// Appends `indent` + one line per step ("float8 s3 = …;") in terms of x<i> (operands), e_<i> names from the caller.
void gm_fused_steps(gm_text *text, const gm_fused *fused, const char *indent, size_t width);
// The C expression of an input of the fused program at that width, as used by the steps.
void gm_fused_input(gm_text *text, const gm_step_input *input, size_t width);
const char *gm_type_name(gm_type type, size_t width); // width 1 or 8: "float8"
// Appends "static float @_map(const TYPE x0)": a fused expression of one operand.
void gm_fused_map(gm_text *text, const gm_fused *fused, gm_type operand);
size_t gm_fused_cost(const gm_fused *fused);

gm_status gm_emit_elementwise(gm_emitter *emitter, const gm_fused *fused);
// Each result is reduced over `axes` into target[i] (shape with those axes 1); `maximum` picks max instead of sum.
gm_status gm_emit_reduce(gm_emitter *emitter, const gm_fused *fused, uint32_t axes, bool maximum);

// ---- Families of other operations ----

typedef struct gm_emit_call {
    gm_emitter *emitter;
    const gm_tensor *node;
    const gm_view *input; // one per input
    const gm_view *output;
    const gm_fused *epilogue; // operand 0 is the result, the rest are views; NULL: none
    const char *variant;      // one of the family's; NULL: the default
} gm_emit_call;

enum { GM_MAX_VARIANTS = 16 };

// The ways to run a node, the default first.
typedef struct gm_variants {
    const char *name[GM_MAX_VARIANTS];
    double error[GM_MAX_VARIANTS]; // so many times the direct kernels' bound on rounding errors holds
    size_t count;
} gm_variants;

typedef struct gm_family {
    const gm_op *op;
    gm_status (*emit)(const gm_emit_call *call);
    // Can input `index` be read through this view? NULL: any view. What is refused is copied to `wants` first.
    bool (*accepts)(const gm_tensor *node, size_t index, const gm_view *view);
    gm_layout input_layout, output_layout;
    bool epilogue; // can apply a fused expression to its result
    bool maps;     // gpu: can apply one that reads nothing else, if what it gives lies without gaps in row-major order
    bool half;     // gpu: reads and writes views that are half
    double (*flop)(const gm_tensor *node);
    // Lists the variants; NULL: there is one way. What they compute may differ in rounding alone.
    void (*variants)(const gm_emitter *emitter, const gm_tensor *node, gm_variants *variants);
    // Appends what else than its name and shapes tells apart nodes that may want different variants.
    void (*describe)(const gm_tensor *node, gm_text *key);
    bool for_variables; // gradients to weights, which on GPUs lie as these do
    bool follows;       // the result lies in its input's order, whichever that is, instead of output_layout
} gm_family;

const gm_family *gm_family_find(const gm_op *op);
gm_layout gm_family_output(const gm_family *family, bool gpu);

#endif

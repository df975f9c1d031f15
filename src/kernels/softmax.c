// Softmax, its logarithm and the place of the maximum, along one axis: a launch each, through any strides.
//
// The other axes are merged as far as input and result allow, then the form of the kernel follows from what is
// contiguous and how long the axis is (see softmax.cl).
#include "kernels/families.h"
#include "kernels/space.h"

enum {
    COLUMNS = 16,        // side by side on CPUs
    FEW = 8,             // values of an axis that waste most of a row of those
    LEAST_VALUES = 4096, // of a CPU's work-item
    SHORT_AXIS = 32,     // values that are not worth a GPU's work-group
    MANY_ROWS = 1024,    // that keep a GPU busy by themselves
};

typedef enum row_form { ROWS = 0, ASIDE, SHARED, SINGLE } row_form;

// The index space with its dimensions in the result's order: the axis, the innermost of the others, the rest.
typedef struct rows {
    gm_space space; // of the input and the result
    gm_fused fused;
    size_t n, count, kept[GM_MAX_RANK], kept_count;
    int64_t stride[2]; // along the axis
} rows;

enum { INPUT = 0, RESULT = 1 }; // views of the space

static void describe(rows *r, const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    const gm_axis_attributes *attributes = node->attributes;
    const gm_shape *shape = &node->input[0]->shape;
    *r = (rows){.n = 1, .count = 1};
    r->fused = (gm_fused){.shape = *shape, .operand_count = 1, .result_count = 1};
    r->fused.layout = shape->rank > 1 && call->output->stride[1] == 1 ? GM_LAYOUT_HWNC : GM_LAYOUT_ROW;
    r->fused.operand[0] = call->input[0];
    r->fused.target[0] = *call->output;
    gm_space_create(&r->space, &r->fused, GM_AXIS(attributes->axis));
    for (size_t d = 0; d < r->space.rank; d++) {
        if (r->space.reduced[d]) {
            r->n = r->space.dim[d];
            for (size_t v = 0; v < GM_COUNT(r->stride); v++)
                r->stride[v] = r->space.stride[v][d];
        } else {
            r->count *= r->space.dim[d];
            r->kept[r->kept_count++] = d;
        }
    }
}

// Of the innermost of the other axes; 0 where there is none.
static int64_t inner_stride(const rows *r, size_t view) {
    return r->kept_count ? r->space.stride[view][r->kept[r->kept_count - 1]] : 0;
}

static row_form choose(const gm_emit_call *call, const rows *r) {
    bool contiguous = r->stride[INPUT] == 1 && (r->stride[RESULT] == 1 || call->node->op == &gm_op_argmax);
    if (!call->emitter->gpu)
        return contiguous && (r->n > FEW || r->count < COLUMNS) ? ROWS : ASIDE;
    bool coalesced = !contiguous && inner_stride(r, INPUT) == 1 && r->count >= MANY_ROWS;
    return r->n <= SHORT_AXIS || coalesced ? SINGLE : SHARED;
}

// Parameters of that many of the other axes, and the code that splits a row's number into them.
static void append_kept(gm_text *text, size_t count) {
    gm_text_append(text, "#define GM_KEPT");
    for (size_t k = 0; k < count; k++)
        gm_text_printf(text, ", const int n%zu, const int x%zu, const int y%zu", k, k, k);
    gm_text_append(text, "\n#define GM_SOFTMAX_FIND(i)");
    if (count > 0)
        gm_text_append(text, " { int left = i;");
    for (size_t k = count; k-- > 0;)
        if (k > 0)
            gm_text_printf(text, " x += left %% n%zu * x%zu; y += left %% n%zu * y%zu; left /= n%zu;", k, k, k, k, k);
        else
            gm_text_append(text, " x += left * x0; y += left * y0; }");
    gm_text_append(text, "\n");
}

static gm_status instance(const gm_emit_call *call, row_form form, size_t kept, uint32_t *kernel) {
    static const char *const names[] = {[ROWS] = "ROWS", [ASIDE] = "ASIDE", [SHARED] = "SHARED", [SINGLE] = "SINGLE"};
    gm_text text = {0};
    gm_text_printf(&text, "#define GM_SOFTMAX_%s\n#define GM_SOFTMAX_%s\n#define GM_NAME @\n", call->node->op->name,
                   names[form]);
    if (form == SHARED)
        gm_text_printf(&text, "enum { @_local = %d };\n", 2 * GM_GPU_LOCAL);
    if (form == ASIDE)
        gm_text_append(&text, "#define GM_SOFTMAX_UNIT @_unit\n");
    append_kept(&text, kept);
    gm_kernel_text source = {.function = true, .local = form == SHARED, .body = "softmax.cl"};
    return gm_emit_text(call->emitter, call->node->op->name, &text, source, kernel);
}

static gm_status emit_along_axis(const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    rows r;
    describe(&r, call);
    row_form form = choose(call, &r);
    size_t kept = r.kept_count, columns = 1;
    if (form == ASIDE && kept > 0)
        columns = r.space.dim[r.kept[--kept]];
    uint32_t kernel;
    GM_TRY(instance(call, form, kept, &kernel));
    size_t outer = r.count / columns, units = outer * ((columns + COLUMNS - 1) / COLUMNS);
    size_t values = r.n * GM_MIN(columns, (size_t)COLUMNS), per = (LEAST_VALUES + values - 1) / values;
    if (call->emitter->gpu)
        per = 1;
    gm_launch_builder builder = {.emitter = call->emitter, .label = node->op->name};
    gm_argument_read(&builder, call->input[0].storage);
    gm_argument_write_view(&builder, call->output);
    GM_ARGUMENT_INTS(&builder, call->input[0].offset, call->output->offset, r.stride[INPUT], r.stride[RESULT],
                     (int64_t)r.n, (int64_t)outer, (int64_t)per);
    for (size_t k = 0; k < kept; k++)
        GM_ARGUMENT_INTS(&builder, (int64_t)r.space.dim[r.kept[k]], r.space.stride[INPUT][r.kept[k]],
                         r.space.stride[RESULT][r.kept[k]]);
    if (form == ASIDE)
        GM_ARGUMENT_INTS(&builder, (int64_t)columns, inner_stride(&r, INPUT), inner_stride(&r, RESULT));
    size_t local = call->emitter->gpu ? GM_GPU_LOCAL : 1;
    size_t global = form == SHARED   ? local * r.count
                    : form == SINGLE ? gm_round_up(r.count, local)
                                     : (units + per - 1) / per;
    double count = (double)gm_shape_count(&node->input[0]->shape), each = node->op == &gm_op_argmax ? 2 : 25;
    return gm_emit_launch(&builder, kernel, 1, &global, &local, each * count,
                          gm_view_bytes(&call->input[0]) + gm_view_bytes(call->output));
}

// Float32 alone: what half loses of a logit, the exponential multiplies.
const gm_family gm_families_softmax[] = {
    {.op = &gm_op_softmax, .emit = emit_along_axis, .follows = true},
    {.op = &gm_op_log_softmax, .emit = emit_along_axis, .follows = true},
    {.op = &gm_op_argmax, .emit = emit_along_axis, .follows = true},
    {0},
};

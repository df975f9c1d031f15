// Rows by index: gathering, and its adjoint, which looks for the rows of each index instead of scattering.
#include "kernels/families.h"
#include "kernels/kernels.h"

static gm_status mapped(const gm_emit_call *call, uint32_t *kernel) {
    gm_text text = {0};
    gm_type type = call->node->type;
    gm_fused_map(&text, call->epilogue, type);
    gm_text_printf(&text, "GM_GATHER(@, %s, %s, @_map)\n", gm_type_name(type, 1), gm_view_element_type(call->output));
    return gm_emit_text(call->emitter, "gather", &text, (gm_kernel_text){.function = true, .helper = "gather.cl"},
                        kernel);
}

static gm_status emit_rows(const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    gm_emitter *emitter = call->emitter;
    bool gather = node->op == &gm_op_gather;
    gm_type type = node->type;
    uint32_t kernel;
    const char *name = !gather              ? "scatter_add"
                       : type == GM_FLOAT32 ? "gather_float"
                       : type == GM_INT32   ? "gather_int"
                                            : "gather_uchar";
    GM_TRY(call->epilogue ? mapped(call, &kernel) : gm_emit_fixed_function(emitter, "gather.cl", name, &kernel));
    size_t rows = node->shape.dim[0], length = gm_shape_count(&node->shape) / rows;
    size_t from_rows = node->input[0]->shape.dim[0];
    gm_launch_builder builder = {.emitter = emitter};
    gm_argument_read(&builder, call->input[0].storage);
    gm_argument_read(&builder, call->input[1].storage);
    gm_argument_write(&builder, call->output->storage);
    gm_argument_int(&builder, call->input[0].offset);
    gm_argument_int(&builder, call->input[1].offset);
    gm_argument_int(&builder, call->input[1].stride[0]);
    gm_argument_int(&builder, call->output->offset);
    gm_argument_int(&builder, (int64_t)from_rows);
    gm_argument_int(&builder, (int64_t)length);
    size_t per = emitter->gpu ? 1 : GM_MIN(length, (size_t)4096);
    gm_argument_int(&builder, (int64_t)per);
    size_t local[2] = {emitter->gpu ? GM_GPU_LOCAL : 1, 1};
    size_t global[2] = {gm_round_up((length + per - 1) / per, local[0]), rows};
    double bytes = (double)(gm_shape_count(&node->shape) * gm_type_size(type)) + gm_view_bytes(call->output);
    return gm_emit_launch(&builder, kernel, 2, global, local, 0, bytes);
}

static bool accepts_rows(const gm_tensor *node, size_t index, const gm_view *view) {
    (void)node;
    return index == 1 || gm_view_is_row_major(view);
}

const gm_family gm_families_gather[] = {
    {.op = &gm_op_gather, .emit = emit_rows, .accepts = accepts_rows, .maps = true},
    {.op = &gm_op_scatter_add, .emit = emit_rows, .accepts = accepts_rows},
    {0},
};

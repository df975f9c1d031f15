// Borders: each position of the result fetches its values from inside, or sums those that were fetched from it.
#include "kernels/families.h"
#include "kernels/kernels.h"

static void view_arguments(gm_launch_builder *builder, const gm_view *view) {
    gm_argument_int(builder, view->offset);
    for (size_t i = 0; i < view->shape.rank; i++)
        gm_argument_int(builder, view->stride[i]);
}

static gm_status emit_border(const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    const gm_border_attributes *border = node->attributes;
    const gm_shape *inside = node->op == &gm_op_border ? &node->input[0]->shape : &node->shape;
    gm_emitter *emitter = call->emitter;
    uint32_t kernel;
    GM_TRY(gm_emit_fixed_function(emitter, "border.cl", node->op->name, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = node->op->name};
    gm_argument_read(&builder, call->input[0].storage);
    gm_argument_write(&builder, call->output->storage);
    view_arguments(&builder, &call->input[0]);
    view_arguments(&builder, call->output);
    // A work-item takes the (sample, channel) pairs of a position on a CPU, one of them on a GPU.
    const size_t pairs = inside->dim[0] * inside->dim[1], per = emitter->gpu ? 1 : pairs;
    GM_ARGUMENT_INTS(&builder, (int64_t)pairs, (int64_t)inside->dim[1], (int64_t)inside->dim[2],
                     (int64_t)inside->dim[3], (int64_t)border->before[0], (int64_t)border->after[0],
                     (int64_t)border->before[1], (int64_t)border->after[1], border->mode == GM_PADDING_REFLECT,
                     (int64_t)per);
    const size_t local[2] = {emitter->gpu ? GM_GPU_LOCAL : 1, 1};
    const size_t global[2] = {gm_round_up(pairs / per, local[0]), node->shape.dim[2] * node->shape.dim[3]};
    return gm_emit_launch(&builder, kernel, 2, global, local, 0,
                          gm_view_bytes(&call->input[0]) + gm_view_bytes(call->output));
}

#define BORDER(operation)                                                                                              \
    { .op = &operation, .emit = emit_border, .input_layout = GM_LAYOUT_HWNC, .output_layout = GM_LAYOUT_HWNC }

const gm_family gm_families_border[] = {BORDER(gm_op_border), BORDER(gm_op_border_adjoint), {0}};

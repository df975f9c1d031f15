// Shifts: each position of the result fetches its pixel from where the sample's offsets say.
#include "kernels/families.h"
#include "kernels/kernels.h"

static void view_arguments(gm_launch_builder *builder, const gm_view *view) {
    gm_argument_int(builder, view->offset);
    for (size_t i = 0; i < view->shape.rank; i++)
        gm_argument_int(builder, view->stride[i]);
}

static gm_status emit_shift(const gm_emit_call *call) {
    const gm_shape *shape = &call->node->shape;
    gm_emitter *emitter = call->emitter;
    uint32_t kernel;
    GM_TRY(gm_emit_fixed_function(emitter, "shift.cl", "shift", &kernel));
    gm_launch_builder builder = {.emitter = emitter};
    gm_argument_read(&builder, call->input[0].storage);
    gm_argument_read(&builder, call->input[1].storage);
    gm_argument_write(&builder, call->output->storage);
    view_arguments(&builder, &call->input[0]);
    view_arguments(&builder, call->output);
    view_arguments(&builder, &call->input[1]);
    for (size_t i = 0; i < 4; i++)
        gm_argument_int(&builder, (int64_t)shape->dim[i]);
    // With channels innermost the pairs of a position lie in a row: a work-item takes the row on a CPU, one on a GPU.
    size_t pairs = shape->dim[0] * shape->dim[1], per = emitter->gpu ? 1 : pairs;
    gm_argument_int(&builder, (int64_t)per);
    size_t local[2] = {emitter->gpu ? GM_GPU_LOCAL : 1, 1};
    size_t global[2] = {gm_round_up(pairs / per, local[0]), shape->dim[2] * shape->dim[3]};
    return gm_emit_launch(&builder, kernel, 2, global, local, 0, 8.0 * (double)gm_shape_count(shape));
}

const gm_family gm_families_shift[] = {
    {.op = &gm_op_shift, .emit = emit_shift, .input_layout = GM_LAYOUT_HWNC, .output_layout = GM_LAYOUT_HWNC},
    {0},
};

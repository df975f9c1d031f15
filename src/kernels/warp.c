// Warps: each place of the result reads the four pixels around it. The adjoint looks in each row of the image for the
// places that read there, instead of scattering.
#include "kernels/families.h"
#include "kernels/kernels.h"

static void view_arguments(gm_launch_builder *builder, const gm_view *view) {
    gm_argument_int(builder, view->offset);
    for (size_t i = 0; i < view->shape.rank; i++)
        gm_argument_int(builder, view->stride[i]);
}

static gm_status emit_warp(const gm_emit_call *call) {
    gm_emitter *emitter = call->emitter;
    const bool adjoint = call->node->op == &gm_op_warp_adjoint;
    const size_t *image = (adjoint ? call->node : call->node->input[0])->shape.dim;
    const size_t *places = call->node->input[1]->shape.dim;
    uint32_t kernel;
    GM_TRY(gm_emit_fixed_function(emitter, "warp.cl", adjoint ? "warp_adjoint" : "warp", &kernel));
    gm_launch_builder builder = {.emitter = emitter};
    gm_argument_read(&builder, call->input[0].storage);
    gm_argument_read(&builder, call->input[1].storage);
    gm_argument_write(&builder, call->output->storage);
    view_arguments(&builder, &call->input[0]);
    view_arguments(&builder, call->output);
    view_arguments(&builder, &call->input[1]);
    GM_ARGUMENT_INTS(&builder, (int64_t)image[1], (int64_t)image[2], (int64_t)image[3], (int64_t)places[2],
                     (int64_t)places[3]);
    // Places for all channels of an image; of the adjoint rows of one of its channels.
    size_t parts = adjoint ? image[2] : places[2] * places[3], per = emitter->gpu ? 1 : parts;
    gm_argument_int(&builder, (int64_t)per);
    size_t local[2] = {emitter->gpu ? GM_GPU_LOCAL : 1, 1};
    size_t global[2] = {gm_round_up((parts + per - 1) / per, local[0]), adjoint ? image[0] * image[1] : image[0]};
    double terms = 4.0 * (double)(image[0] * image[1] * places[2] * places[3]);
    double bytes = gm_view_bytes(&call->input[0]) + gm_view_bytes(&call->input[1]) + gm_view_bytes(call->output);
    return gm_emit_launch(&builder, kernel, 2, global, local, 2 * terms, bytes);
}

const gm_family gm_families_warp[] = {
    {.op = &gm_op_warp, .emit = emit_warp},
    {.op = &gm_op_warp_adjoint, .emit = emit_warp},
    {0},
};

// Random numbers: Philox4x32-10 blocks straight into row-major memory.
#include "kernels/families.h"
#include "kernels/kernels.h"

static gm_status mapped(const gm_emit_call *call, uint32_t *kernel) {
    const gm_op *op = call->node->op;
    const char *values = op == &gm_op_uniform ? "GM_UNIFORM" : op == &gm_op_normal ? "GM_NORMAL" : "GM_BERNOULLI";
    gm_text text = {0};
    gm_fused_map(&text, call->epilogue, GM_FLOAT32);
    gm_text_printf(&text, "GM_RANDOM(@, %s, %s, @_map)\n", gm_view_element_type(call->output), values);
    return gm_emit_text(call->emitter, "random", &text, (gm_kernel_text){.function = true, .helper = "philox.cl"},
                        kernel);
}

static gm_status emit_random(const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    const gm_random_attributes *random = node->attributes;
    gm_emitter *emitter = call->emitter;
    uint32_t kernel;
    const char *name = node->op == &gm_op_uniform  ? "random_uniform"
                       : node->op == &gm_op_normal ? "random_normal"
                       : call->output->half        ? "random_bernoulli_half"
                                                   : "random_bernoulli";
    GM_TRY(call->epilogue ? mapped(call, &kernel) : gm_emit_fixed_function(emitter, "philox.cl", name, &kernel));
    bool counted = node->input_count > 0;
    gm_launch_builder builder = {.emitter = emitter};
    gm_argument_write(&builder, call->output->storage);
    gm_argument_read(&builder, counted ? call->input[0].storage : call->output->storage); // unread without a counter
    gm_argument_int(&builder, call->output->offset);
    gm_argument_int(&builder, counted ? call->input[0].offset : 0);
    gm_argument_int(&builder, counted ? call->input[0].stride[0] : -1);
    gm_argument_key(&builder);
    gm_argument_int(&builder, (int32_t)random->stream);
    gm_argument_float(&builder, random->probability);
    size_t count = gm_shape_count(&node->shape), groups = (count + 31) / 32; // of eight blocks
    size_t per = emitter->gpu ? 1 : 16;
    gm_argument_int(&builder, (int64_t)count);
    gm_argument_int(&builder, (int64_t)per);
    size_t local[1] = {emitter->gpu ? GM_GPU_LOCAL : 1};
    size_t global[1] = {gm_round_up((groups + per - 1) / per, local[0])};
    return gm_emit_launch(&builder, kernel, 1, global, local, 40.0 * (double)count,
                          (double)(gm_view_element_bytes(call->output) * count));
}

const gm_family gm_families_random[] = {
    {.op = &gm_op_uniform, .emit = emit_random, .maps = true},
    {.op = &gm_op_normal, .emit = emit_random, .maps = true},
    {.op = &gm_op_bernoulli, .emit = emit_random, .maps = true, .half = true}, // zeros and ones
    {0},
};

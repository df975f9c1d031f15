// Pooling: each result gathers from its window (or each image element from the windows that cover it), so nothing is
// scattered and no atomics are needed.
#include "kernels/families.h"
#include "kernels/kernels.h"

enum { LEAST_VALUES = 2048 }; // of a CPU's work-item

static void view_arguments(gm_launch_builder *builder, const gm_view *view) {
    gm_argument_int(builder, view->offset);
    for (size_t i = 0; i < 4; i++)
        gm_argument_int(builder, view->stride[i]);
}

// The template's instance for an operation and how its operands lie in memory.
static gm_status instance(const gm_emit_call *call, uint32_t *kernel) {
    gm_text text = {0};
    gm_text_printf(&text, "#define GM_POOL_%s\n#define GM_NAME @\n#define GM_X %s\n#define GM_Y %s\n",
                   call->node->op->name, gm_view_element_type(&call->input[0]), gm_view_element_type(call->output));
    return gm_emit_text(call->emitter, call->node->op->name, &text,
                        (gm_kernel_text){.function = true, .body = "pool.cl"}, kernel);
}

static gm_status emit_pool(const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    const gm_pool_attributes *g = node->attributes;
    gm_emitter *emitter = call->emitter;
    uint32_t kernel;
    GM_TRY(instance(call, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = node->op->name};
    for (size_t i = 0; i < node->input_count; i++)
        gm_argument_read(&builder, call->input[i].storage);
    gm_argument_write(&builder, call->output->storage);
    for (size_t i = 0; i < node->input_count; i++)
        view_arguments(&builder, &call->input[i]);
    view_arguments(&builder, call->output);
    for (size_t i = 0; i < 2; i++) {
        gm_argument_int(&builder, (int64_t)g->image[i]);
        gm_argument_int(&builder, (int64_t)g->map[i]);
        gm_argument_int(&builder, (int64_t)g->kernel[i]);
        gm_argument_int(&builder, (int64_t)g->stride[i]);
        gm_argument_int(&builder, (int64_t)g->padding[i]);
    }
    // A work-item takes all channels of a position on a CPU, in enough rows to be worth its start; one value on a GPU.
    size_t batch = node->shape.dim[0], channels = node->shape.dim[1], per = emitter->gpu ? 1 : channels;
    size_t rows = emitter->gpu ? 1 : GM_MIN(batch, (LEAST_VALUES + channels - 1) / channels);
    GM_ARGUMENT_INTS(&builder, (int64_t)channels, (int64_t)per, (int64_t)batch, (int64_t)rows);
    size_t local[3] = {emitter->gpu ? GM_GPU_LOCAL : 1, 1, 1};
    size_t global[3] = {gm_round_up(channels / per, local[0]), (batch + rows - 1) / rows,
                        node->shape.dim[2] * node->shape.dim[3]};
    double count = (double)gm_shape_count(&node->shape), window = (double)(g->kernel[0] * g->kernel[1]);
    return gm_emit_launch(&builder, kernel, 3, global, local, count * window,
                          gm_view_bytes(&call->input[0]) + gm_view_bytes(call->output));
}

#define POOL(operation)                                                                                                \
    {                                                                                                                  \
        .op = &operation, .emit = emit_pool, .input_layout = GM_LAYOUT_HWNC, .output_layout = GM_LAYOUT_HWNC,          \
        .half = true                                                                                                   \
    }

const gm_family gm_families_pool[] = {
    POOL(gm_op_average_pool), POOL(gm_op_average_pool_input), POOL(gm_op_max_pool_index),
    POOL(gm_op_max_pool),     POOL(gm_op_max_pool_input),     {0},
};

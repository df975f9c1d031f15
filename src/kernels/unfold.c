// Windows of a volume's depth as channels, and their sums: each result gathers, so nothing is scattered.
#include "kernels/families.h"
#include "kernels/kernels.h"

enum { LEAST_VALUES = 2048 }; // of a CPU's work-item

static size_t slots_of(const gm_unfold_attributes *windows) {
    return windows->phases + (windows->length - 1) * windows->spread;
}

// The factor of a window's slice in a block.
static double factor_of(const gm_unfold_attributes *windows, size_t block, size_t slot) {
    const size_t phase = block % windows->phases;
    if (slot < phase || (slot - phase) % windows->spread != 0 || (slot - phase) / windows->spread >= windows->length)
        return 0;
    return gm_unfold_factor(windows, block / windows->phases, (slot - phase) / windows->spread);
}

// Terms of the blocks, which are slices, or of the slices, which are blocks: those of row i begin at FIRST[i].
static void append_terms(gm_text *text, const gm_unfold_attributes *windows, bool fold, bool vectors) {
    const size_t rows = fold ? slots_of(windows) : gm_unfold_blocks(windows);
    const size_t others = fold ? gm_unfold_blocks(windows) : slots_of(windows);
    gm_text first = {0}, from = {0}, factors = {0};
    size_t count = 0, most = 0;
    for (size_t row = 0; row < rows; row++) {
        const size_t begin = count;
        gm_text_printf(&first, "%zu, ", count);
        for (size_t other = 0; other < others; other++) {
            const double factor = fold ? factor_of(windows, other, row) : factor_of(windows, row, other);
            if (factor == 0)
                continue;
            gm_text_printf(&from, "%zu, ", other);
            gm_text_printf(&factors, "%.1ff, ", factor);
            count++;
        }
        most = GM_MAX(most, count - begin);
    }
    if (vectors) // a slice is in some windows
        gm_text_printf(text, "#define GM_UNFOLD_TERMS %zu\n",
                       most * (fold ? gm_divide_up(slots_of(windows), windows->step) : 1));
    gm_text_printf(text, "__constant int @_first[] = {%s%zu}, @_from[] = {%s0};\n", first.data, count, from.data);
    gm_text_printf(text, "__constant float @_factor[] = {%s0.0f};\n", factors.data);
    text->failed = text->failed || first.failed || from.failed || factors.failed;
    gm_text_finish(&first);
    gm_text_finish(&from);
    gm_text_finish(&factors);
}

static gm_status instance(const gm_emit_call *call, uint32_t *kernel) {
    const gm_unfold_attributes *windows = call->node->attributes;
    gm_text text = {0};
    append_terms(&text, windows, call->node->op == &gm_op_fold, !call->emitter->gpu);
    gm_text_printf(&text, "#define GM_UNFOLD_%s\n#define GM_NAME @\n#define GM_X %s\n#define GM_Y %s\n",
                   call->node->op->name, gm_view_element_type(&call->input[0]), gm_view_element_type(call->output));
    gm_text_printf(&text, "#define GM_UNFOLD_BLOCKS %zu\n#define GM_UNFOLD_SLOTS %zu\n", gm_unfold_blocks(windows),
                   slots_of(windows));
    gm_text_append(&text, "#define GM_UNFOLD_FIRST @_first\n#define GM_UNFOLD_FROM @_from\n"
                          "#define GM_UNFOLD_FACTOR @_factor\n");
    return gm_emit_text(call->emitter, call->node->op->name, &text,
                        (gm_kernel_text){.function = true, .body = "unfold.cl"}, kernel);
}

// Of a volume (N, C, D, H, W) or of images (N, C, H, W), whose depth's stride is 0.
static void view_arguments(gm_launch_builder *builder, const gm_view *view) {
    const bool volume = view->shape.rank == 5;
    const int64_t *stride = view->stride;
    GM_ARGUMENT_INTS(builder, view->offset, stride[0], stride[1], volume ? stride[2] : 0, stride[volume ? 3 : 2],
                     stride[volume ? 4 : 3]);
}

static gm_status emit_unfold(const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    const gm_unfold_attributes *windows = node->attributes;
    const gm_shape *volume = node->op == &gm_op_unfold ? &node->input[0]->shape : &node->shape;
    gm_emitter *emitter = call->emitter;
    uint32_t kernel;
    GM_TRY(instance(call, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = node->op->name};
    gm_argument_read(&builder, call->input[0].storage);
    gm_argument_write(&builder, call->output->storage);
    view_arguments(&builder, &call->input[0]);
    view_arguments(&builder, call->output);
    // A work-item takes all channels of a position on a CPU, in enough rows to be worth its start; one value on a GPU.
    // Rows are images of the result: (sample, window), or (sample, slice).
    const size_t images = volume->dim[0] * (node->op == &gm_op_unfold ? windows->count : windows->depth);
    const size_t channels = node->shape.dim[1], per = emitter->gpu ? 1 : channels;
    const size_t rows = emitter->gpu ? 1 : GM_MIN(images, gm_divide_up(LEAST_VALUES, channels));
    GM_ARGUMENT_INTS(&builder, (int64_t)windows->depth, (int64_t)windows->count, (int64_t)windows->step,
                     (int64_t)windows->padding, (int64_t)volume->dim[1], (int64_t)volume->dim[4], (int64_t)per,
                     (int64_t)images, (int64_t)rows);
    const size_t local[3] = {emitter->gpu ? GM_GPU_LOCAL : 1, 1, 1};
    const size_t global[3] = {gm_round_up(channels / per, local[0]), gm_divide_up(images, rows),
                              volume->dim[3] * volume->dim[4]};
    return gm_emit_launch(&builder, kernel, 3, global, local, (double)gm_shape_count(&node->shape),
                          gm_view_bytes(&call->input[0]) + gm_view_bytes(call->output));
}

// Channels must lie next to each other.
static bool accepts(const gm_tensor *node, size_t index, const gm_view *view) {
    (void)node, (void)index;
    return view->stride[1] == 1 || view->shape.dim[1] == 1;
}

#define UNFOLD(operation)                                                                                              \
    {                                                                                                                  \
        .op = &operation, .emit = emit_unfold, .accepts = accepts, .input_layout = GM_LAYOUT_HWNC,                     \
        .output_layout = GM_LAYOUT_HWNC, .half = true                                                                  \
    }

const gm_family gm_families_unfold[] = {UNFOLD(gm_op_unfold), UNFOLD(gm_op_fold), {0}};

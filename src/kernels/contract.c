// The operations that are contractions: the three forms of convolution and the matrix product, their variants, and
// products on CLBlast.
#include "kernels/contraction.h"
#include "kernels/families.h"

#include <string.h>

static const double LEAST_FAST_FLOP = 1e8; // half a millisecond: fast kernels take half a second to compile

// ---- Variants ----

static const gm_contract_variant variants[] = {
    {.name = "direct", .rows = true, .outer = true, .groups = 1, .parts = 1},
    {.name = "tile6", .rows = true, .tile = 6, .groups = 1, .parts = 1},
    {.name = "tile8", .rows = true, .tile = 8, .groups = 1, .parts = 1},
    {.name = "tile12", .rows = true, .tile = 12, .groups = 1, .parts = 1},
    {.name = "groups2", .rows = true, .groups = 2, .parts = 1},
    {.name = "fast2", .rows = true, .outer = true, .fast = 2, .error = 4, .groups = 1, .parts = 1},
    {.name = "fast3", .rows = true, .outer = true, .fast = 3, .error = 8, .groups = 1, .parts = 1},
    {.name = "fast4", .rows = true, .outer = true, .fast = 4, .error = 8, .groups = 1, .parts = 1},
    {.name = "parts1/2", .outer = true, .groups = 1, .parts = 0.5},
    {.name = "parts2", .outer = true, .groups = 1, .parts = 2},
    {.name = "direct", .gpu = true, .rows = true, .outer = true, .groups = 1, .parts = 1},
    {.name = "tile128", .gpu = true, .rows = true, .outer = true, .tile = 128, .columns = 128, .groups = 1, .parts = 1},
    {.name = "tile128x64",
     .gpu = true,
     .rows = true,
     .outer = true,
     .tile = 128,
     .columns = 64,
     .groups = 1,
     .parts = 1},
    {.name = "tile64", .gpu = true, .rows = true, .outer = true, .tile = 64, .columns = 64, .groups = 1, .parts = 1},
    {.name = "tile64x32", .gpu = true, .rows = true, .outer = true, .tile = 64, .columns = 32, .groups = 1, .parts = 1},
    {.name = "tile32", .gpu = true, .rows = true, .outer = true, .tile = 32, .columns = 32, .groups = 1, .parts = 1},
    {.name = "fast2", .gpu = true, .rows = true, .outer = true, .fast = 2, .error = 4, .groups = 1, .parts = 1},
    {.name = "fast3", .gpu = true, .rows = true, .outer = true, .fast = 3, .error = 8, .groups = 1, .parts = 1},
    {.name = "fast4", .gpu = true, .rows = true, .outer = true, .fast = 4, .error = 8, .groups = 1, .parts = 1},
    {.name = "parts1/2", .gpu = true, .outer = true, .groups = 1, .parts = 0.5},
    {.name = "parts2", .gpu = true, .outer = true, .groups = 1, .parts = 2},
    {.name = "clblast", .gpu = true, .rows = true, .outer = true, .clblast = true, .groups = 1, .parts = 1},
};

// Of matrix products: they are rows, whatever is transposed.
static bool is_batch(const gm_tensor *node) {
    return node->op == &gm_op_gemm && node->shape.rank > 2;
}

// Outer sums over batch rows and pixels: weight gradients, and products of a transposed matrix with another.
static bool is_outer(const gm_tensor *node) {
    const gm_gemm_attributes *g = node->attributes;
    return node->op == &gm_op_conv_weight ||
           (node->op == &gm_op_gemm && !is_batch(node) && g->transpose_a && !g->transpose_b);
}

static bool has_half(const gm_emitter *emitter, const gm_tensor *node) {
    bool has = emitter->half && emitter->half[node->id];
    for (size_t i = 0; emitter->half && i < node->input_count; i++)
        has = has || emitter->half[node->input[i]->id];
    return has;
}

static gm_axis_map axis_map(const gm_conv_attributes *g, size_t axis, bool transposed) {
    int64_t stride = (int64_t)g->stride[axis], padding = (int64_t)g->padding[axis];
    int64_t dilation = (int64_t)g->dilation[axis];
    return transposed ? (gm_axis_map){1, padding, -dilation, stride} : (gm_axis_map){stride, -padding, dilation, 1};
}

// A convolution's sizes, as fast.c asks for them.
static gm_contraction sizes_of(const gm_contract_variant *v, const gm_tensor *node) {
    const gm_conv_attributes *g = node->attributes;
    const gm_shape *w = node->op == &gm_op_conv_weight ? &node->shape : &node->input[1]->shape;
    bool transposed = node->op == &gm_op_conv_input;
    gm_contraction c = {.N = node->input[0]->shape.dim[0],
                        .R = g->kernel[0],
                        .S = g->kernel[1],
                        .C = w->dim[transposed ? 0 : 1],
                        .K = w->dim[transposed ? 1 : 0],
                        .variant = v};
    for (size_t i = 0; i < 2; i++)
        c.map[i] = axis_map(g, i, transposed);
    const size_t *in = transposed ? g->map : g->image, *out = transposed ? g->image : g->map;
    c.IH = in[0], c.IW = in[1], c.OH = out[0], c.OW = out[1];
    return c;
}

// Channels in whole vectors, and a square kernel of so many taps a phase (fast.c).
static bool fits(const gm_contract_variant *v, const gm_emitter *emitter, const gm_tensor *node) {
    gm_contraction c;
    return node->op != &gm_op_gemm && (c = sizes_of(v, node), gm_fast_accepts(&c, emitter->info));
}

static double fast_cost(const gm_contract_variant *v, const gm_tensor *node) {
    gm_contraction c = sizes_of(v, node);
    return gm_fast_cost(&c, node->op == &gm_op_conv_weight);
}

static bool applies(const gm_contract_variant *v, const gm_emitter *emitter, const gm_tensor *node) {
    return v->gpu == emitter->gpu && (is_outer(node) ? v->outer : v->rows) &&
           !(v->fast > 0 && (emitter->exact || emitter->matrix || !fits(v, emitter, node))) &&
           !(v->clblast && (node->op != &gm_op_gemm || is_batch(node) || has_half(emitter, node))) &&
           !(v->columns > 0 && !gm_gpu_tile_runs(emitter, v->tile, v->columns)) && !(emitter->matrix && v->clblast);
}

static double conv_flop(const gm_tensor *node) {
    const gm_conv_attributes *g = node->attributes;
    const gm_shape *w = node->op == &gm_op_conv_weight ? &node->shape : &node->input[1]->shape;
    const gm_shape *x = &node->input[0]->shape;
    return 2.0 * (double)x->dim[0] * (double)gm_shape_count(w) * (double)(g->map[0] * g->map[1]);
}

static void add_variant(gm_variants *list, const gm_contract_variant *v) {
    list->error[list->count] = v->error > 0 ? v->error : 1;
    list->name[list->count++] = v->name;
}

// The default: the direct kernels, which come first, or the fast ones that are estimated to take least.
static const gm_contract_variant *default_variant(const gm_emitter *emitter, const gm_tensor *node) {
    const gm_contract_variant *best = NULL;
    double least = 1;
    for (size_t i = 0; i < GM_COUNT(variants); i++) {
        const gm_contract_variant *v = &variants[i];
        if (!applies(v, emitter, node) || (best && (v->fast == 0 || conv_flop(node) < LEAST_FAST_FLOP)))
            continue;
        double cost = v->fast > 0 ? fast_cost(v, node) : 1;
        if (!best || cost < least) {
            best = v;
            least = cost;
        }
    }
    return best;
}

static void list_variants(const gm_emitter *emitter, const gm_tensor *node, gm_variants *list) {
    const gm_contract_variant *first = default_variant(emitter, node);
    list->count = 0;
    add_variant(list, first);
    for (size_t i = 0; i < GM_COUNT(variants); i++)
        if (&variants[i] != first && applies(&variants[i], emitter, node))
            add_variant(list, &variants[i]);
}

static const gm_contract_variant *find_variant(const gm_emit_call *call) {
    for (size_t i = 0; i < GM_COUNT(variants); i++)
        if (call->variant && strcmp(variants[i].name, call->variant) == 0 &&
            applies(&variants[i], call->emitter, call->node))
            return &variants[i];
    return default_variant(call->emitter, call->node);
}

// ---- Nodes as contractions ----

// A matrix (rows, columns) as an image (rows, columns, 1, 1); a batch's axes are its positions.
static gm_view as_image(const gm_view *matrix) {
    gm_view image = *matrix;
    size_t leading = matrix->shape.rank - 2;
    image.shape = (gm_shape){.rank = 4, .dim = {1, 1, 1, 1}};
    memset(image.stride, 0, sizeof image.stride);
    for (size_t i = 0; i < matrix->shape.rank; i++) {
        size_t axis = i < leading ? 4 - leading + i : i - leading;
        image.shape.dim[axis] = matrix->shape.dim[i];
        image.stride[axis] = matrix->stride[i];
    }
    return image;
}

static double gemm_flop(const gm_tensor *node) {
    const gm_gemm_attributes *g = node->attributes;
    const gm_shape *a = &node->input[0]->shape;
    return 2.0 * (double)gm_shape_count(&node->shape) * (double)a->dim[a->rank - (g->transpose_a ? 2 : 1)];
}

static gm_status emit_conv(const gm_emit_call *call) {
    const gm_conv_attributes *g = call->node->attributes;
    gm_contraction c = {.emitter = call->emitter,
                        .x = call->input[0],
                        .w = call->input[1],
                        .y = *call->output,
                        .flop = conv_flop(call->node),
                        .name = call->node->op->name,
                        .variant = find_variant(call),
                        .R = g->kernel[0],
                        .S = g->kernel[1]};
    c.N = c.x.shape.dim[0];
    gm_fused epilogue;
    if (call->epilogue) {
        epilogue = *call->epilogue;
        c.epilogue = &epilogue;
    }
    bool transposed = call->node->op == &gm_op_conv_input;
    for (size_t i = 0; i < 2; i++)
        c.map[i] = axis_map(g, i, transposed);
    const size_t *in = transposed ? g->map : g->image, *out = transposed ? g->image : g->map;
    c.IH = in[0], c.IW = in[1], c.OH = out[0], c.OW = out[1];
    c.C = c.x.shape.dim[1];
    if (call->node->op == &gm_op_conv_weight) {
        c.K = c.w.shape.dim[1];
        for (size_t i = 1; c.epilogue && i < c.epilogue->operand_count; i++)
            c.epilogue->operand[i] = gm_swap_axes(&c.epilogue->operand[i]); // outer: n is the node's second axis
        if (c.variant->fast > 0 && c.x.stride[1] == 1 && c.w.stride[1] == 1)
            return c.emitter->gpu ? gm_emit_fast_outer_gpu(&c) : gm_emit_fast_outer(&c);
        return gm_emit_outer(&c);
    }
    if (transposed)
        c.w = gm_swap_axes(&c.w); // the outputs are now w's second axis
    c.K = c.w.shape.dim[0];
    if (c.variant->fast > 0 && c.x.stride[1] == 1 && c.y.stride[1] == 1)
        return c.emitter->gpu ? gm_emit_fast_rows_gpu(&c) : gm_emit_fast_rows(&c);
    return gm_emit_rows(&c);
}

// One of a matrix's strides must be 1, the other its leading dimension, its elements floats. False: CLBlast cannot read
// it.
static bool as_operand(const gm_view *matrix, gm_product_operand *operand) {
    const int64_t *stride = matrix->stride;
    size_t rows = matrix->shape.dim[0], columns = matrix->shape.dim[1];
    bool flat = stride[1] == 1 && stride[0] >= (int64_t)columns;
    operand->storage = matrix->storage;
    operand->offset = (size_t)matrix->offset;
    operand->transposed = !flat;
    operand->leading = (size_t)(flat ? stride[0] : stride[1]);
    return !matrix->half && (flat || (stride[0] == 1 && stride[1] >= (int64_t)rows));
}

// The product alone; the epilogue follows as a launch of its own. *done is false where CLBlast cannot be used.
static gm_status emit_clblast(const gm_emit_call *call, bool *done) {
    const gm_gemm_attributes *g = call->node->attributes;
    const gm_shape *shape = &call->node->shape;
    gm_product product = {.m = shape->dim[0], .n = shape->dim[1]};
    gm_view result = *call->output;
    *done = as_operand(&call->input[0], &product.a) && as_operand(&call->input[1], &product.b);
    if (!*done)
        return GM_OK;
    product.k = call->node->input[0]->shape.dim[g->transpose_a ? 0 : 1];
    product.a.transposed = product.a.transposed != g->transpose_a;
    product.b.transposed = product.b.transposed != g->transpose_b;
    if (call->epilogue) {
        uint32_t storage;
        GM_TRY(gm_emit_storage(call->emitter, gm_shape_count(shape) * sizeof(float), &storage));
        result = gm_view_create(storage, GM_FLOAT32, shape, GM_LAYOUT_ROW);
    }
    *done = as_operand(&result, &product.c) && !product.c.transposed;
    if (!*done)
        return GM_OK;
    GM_TRY(gm_emit_product(call->emitter, &product, gemm_flop(call->node)));
    if (!call->epilogue)
        return GM_OK;
    gm_fused after = *call->epilogue;
    after.shape = *shape;
    after.layout = GM_LAYOUT_ROW;
    after.operand[0] = result;
    after.target[0] = *call->output;
    return gm_emit_elementwise(call->emitter, &after);
}

static gm_status emit_gemm(const gm_emit_call *call) {
    const gm_gemm_attributes *g = call->node->attributes;
    if (find_variant(call)->clblast) {
        bool done;
        GM_TRY(emit_clblast(call, &done));
        if (done)
            return GM_OK;
    }
    gm_view a = as_image(&call->input[0]), b = as_image(&call->input[1]);
    gm_contraction c = {.emitter = call->emitter,
                        .y = as_image(call->output),
                        .flop = gemm_flop(call->node),
                        .name = "gemm",
                        .variant = find_variant(call),
                        .batch = is_batch(call->node)};
    c.R = c.IH = c.OH = c.y.shape.dim[2];
    c.S = c.IW = c.OW = c.y.shape.dim[3];
    c.map[0] = (gm_axis_map){1, 0, (int64_t)c.R - 1, (int64_t)c.R};
    c.map[1] = (gm_axis_map){1, 0, (int64_t)c.S - 1, (int64_t)c.S};
    gm_fused epilogue;
    if (call->epilogue) {
        epilogue = *call->epilogue;
        for (size_t i = 1; i < epilogue.operand_count; i++)
            epilogue.operand[i] = as_image(&epilogue.operand[i]);
        c.epilogue = &epilogue;
    }
    // Both operands with their contraction axis first: x (K, M), w (K, N).
    gm_view x = g->transpose_a ? a : gm_swap_axes(&a), w = g->transpose_b ? gm_swap_axes(&b) : b;
    size_t m = x.shape.dim[1], k = x.shape.dim[0], n = w.shape.dim[1];
    if (!c.batch && x.stride[1] == 1 && w.stride[1] == 1 && x.stride[0] != 1) {
        c.x = x, c.w = w;
        c.N = k, c.C = m, c.K = n;
        c.y = gm_swap_axes(&c.y); // outer writes y (k = columns, c = rows)
        return gm_emit_outer(&c);
    }
    c.x = gm_swap_axes(&x), c.w = gm_swap_axes(&w);
    c.N = m, c.C = k, c.K = n;
    return gm_emit_rows(&c);
}

// Channels must lie next to each other.
static bool accepts_image(const gm_tensor *node, size_t index, const gm_view *view) {
    if (index == 1 && node->op != &gm_op_conv_weight)
        return true; // weights are packed or read through strides
    return view->stride[1] == 1 || view->shape.dim[1] == 1;
}

static void describe(const gm_tensor *node, gm_text *key) {
    if (node->op == &gm_op_gemm) {
        const gm_gemm_attributes *g = node->attributes;
        gm_text_printf(key, " %c%c", g->transpose_a ? 't' : 'n', g->transpose_b ? 't' : 'n');
        return;
    }
    const gm_conv_attributes *g = node->attributes;
    gm_text_printf(key, " stride %zu,%zu padding %zu,%zu", g->stride[0], g->stride[1], g->padding[0], g->padding[1]);
    if (g->dilation[0] > 1 || g->dilation[1] > 1)
        gm_text_printf(key, " dilation %zu,%zu", g->dilation[0], g->dilation[1]);
}

#define GM_CONTRACTION(operation, how, layout, result, count)                                                          \
    .op = &operation, .emit = how, .input_layout = layout, .output_layout = result, .epilogue = true, .half = true,    \
    .flop = count, .variants = list_variants, .describe = describe

const gm_family gm_families_contract[] = {
    {GM_CONTRACTION(gm_op_conv, emit_conv, GM_LAYOUT_HWNC, GM_LAYOUT_HWNC, conv_flop), .accepts = accepts_image},
    {GM_CONTRACTION(gm_op_conv_input, emit_conv, GM_LAYOUT_HWNC, GM_LAYOUT_HWNC, conv_flop), .accepts = accepts_image},
    {GM_CONTRACTION(gm_op_conv_weight, emit_conv, GM_LAYOUT_HWNC, GM_LAYOUT_ROW, conv_flop), .accepts = accepts_image,
     .for_variables = true},
    {GM_CONTRACTION(gm_op_gemm, emit_gemm, GM_LAYOUT_ROW, GM_LAYOUT_ROW, gemm_flop)},
    {0},
};

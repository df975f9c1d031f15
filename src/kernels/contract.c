// Contractions: the three forms of convolution and the matrix product, all through cl/contract.cl, whose first comment
// is the interface that this file fills in. Names as there: rows (a result per pixel and batch row) and outer (the
// weight gradient, a sum over pixels and batch rows).
#include "kernels/families.h"
#include "kernels/kernels.h"

#include <stdio.h>
#include <string.h>

// Factors of the default's work sizes, another tile, or CLBlast.
typedef struct variant {
    const char *name;
    bool gpu, rows, outer; // of which family, for which of the two forms
    bool clblast;          // products alone
    size_t tile;           // results that a tile has below one another; 0: the default
    double groups, parts;  // rows: groups of rows; outer: parts of the sum
} variant;

static const variant variants[] = {
    {.name = "default", .rows = true, .outer = true, .groups = 1, .parts = 1},
    {.name = "tile6", .rows = true, .tile = 6, .groups = 1, .parts = 1},
    {.name = "tile8", .rows = true, .tile = 8, .groups = 1, .parts = 1},
    {.name = "tile12", .rows = true, .tile = 12, .groups = 1, .parts = 1},
    {.name = "groups2", .rows = true, .groups = 2, .parts = 1},
    {.name = "parts1/2", .outer = true, .groups = 1, .parts = 0.5},
    {.name = "parts2", .outer = true, .groups = 1, .parts = 2},
    {.name = "default", .gpu = true, .rows = true, .outer = true, .groups = 1, .parts = 1},
    {.name = "tile128", .gpu = true, .rows = true, .outer = true, .tile = 128, .groups = 1, .parts = 1},
    {.name = "parts1/2", .gpu = true, .outer = true, .groups = 1, .parts = 0.5},
    {.name = "parts2", .gpu = true, .outer = true, .groups = 1, .parts = 2},
    {.name = "clblast", .gpu = true, .rows = true, .outer = true, .clblast = true, .groups = 1, .parts = 1},
};

// How an output position maps to an input position along one axis: see contract.cl.
typedef struct axis_map {
    int64_t a, b, d, q;
} axis_map;

typedef struct contraction {
    gm_emitter *emitter;
    gm_fused *epilogue; // a copy of the call's, its operands in the same axes as y
    const char *name;
    gm_view x, w, y; // x, y (rows, channels, height, width); w (outputs K, contraction C, R, S)
    size_t N, C, K, R, S, IH, IW, OH, OW;
    axis_map map[2];
    double flop;
    const variant *variant;
} contraction;

static size_t up(size_t count, size_t step) {
    return (count + step - 1) / step;
}

static gm_view swap_axes(const gm_view *view) {
    size_t axes[GM_MAX_RANK] = {1, 0, 2, 3};
    return gm_view_transpose(view, axes);
}

// ---- Epilogues ----

static void append_epilogue_function(gm_text *text, const gm_fused *epilogue, size_t width) {
    gm_text_printf(text, "static %s @_epilogue%zu(const %s x0, const int h, const int w, const int n, const int k",
                   gm_type_name(GM_FLOAT32, width), width, gm_type_name(GM_FLOAT32, width));
    for (size_t i = 1; i < epilogue->operand_count; i++)
        gm_text_printf(text,
                       ", __global const %s *e%zu, const int f%zu, const int h%zu, const int w%zu, "
                       "const int n%zu, const int k%zu",
                       gm_view_element_type(&epilogue->operand[i]), i, i, i, i, i, i);
    gm_text_append(text, ") {\n");
    for (size_t i = 1; i < epilogue->operand_count; i++) {
        const gm_view *view = &epilogue->operand[i];
        const char *type = gm_type_name(view->type, 1), *wide = gm_type_name(view->type, width);
        int64_t stride = view->stride[1];
        gm_text_printf(text, "    __global const %s *p%zu = e%zu + f%zu + h * h%zu + w * w%zu + n * n%zu + k * k%zu;\n",
                       gm_view_element_type(view), i, i, i, i, i, i, i);
        gm_text_printf(text, "    const %s x%zu = ", wide, i);
        if (view->half)
            gm_text_printf(text, "vload_half(0, p%zu);\n", i);
        else if (width == 1 || stride == 0)
            gm_text_printf(text, "(%s)(p%zu[0]);\n", wide, i);
        else if (stride == 1)
            gm_text_printf(text, "vload%zu(0, p%zu);\n", width, i);
        else
            gm_text_printf(text, "gm_gather_%s(p%zu, k%zu, %zu);\n", type, i, i, width);
    }
    gm_fused_steps(text, epilogue, "    ", width);
    gm_text_append(text, "    return ");
    gm_fused_input(text, &epilogue->result[0], width);
    gm_text_append(text, ";\n}\n");
}

// For both widths that CPUs' kernels store, or for the GPUs' one.
static void append_epilogue(gm_text *text, const gm_fused *epilogue, bool gpu) {
    if (!epilogue)
        return;
    if (!gpu)
        append_epilogue_function(text, epilogue, 8);
    append_epilogue_function(text, epilogue, 1);
    gm_text_append(text, "#define GM_EPILOGUE_PARAMS ");
    for (size_t i = 1; i < epilogue->operand_count; i++)
        gm_text_printf(text,
                       ", __global const %s *e%zu, const int f%zu, const int eh%zu, const int ew%zu, "
                       "const int en%zu, const int ek%zu",
                       gm_view_element_type(&epilogue->operand[i]), i, i, i, i, i, i);
    for (size_t width = 1; width <= (gpu ? 1 : 8); width += 7) {
        gm_text_printf(text, "\n#define GM_EPILOGUE%zu(v, h, w, n, k) @_epilogue%zu(v, h, w, n, k", width, width);
        for (size_t i = 1; i < epilogue->operand_count; i++)
            gm_text_printf(text, ", e%zu, f%zu, eh%zu, ew%zu, en%zu, ek%zu", i, i, i, i, i, i);
        gm_text_append(text, ")");
    }
    gm_text_append(text, "\n");
}

static void epilogue_arguments(gm_launch_builder *builder, const gm_fused *epilogue) {
    for (size_t i = 1; epilogue && i < epilogue->operand_count; i++) {
        const gm_view *view = &epilogue->operand[i]; // brought to rank 4 by as_image
        gm_argument_read(builder, view->storage);
        gm_argument_int(builder, view->offset);
        gm_argument_int(builder, view->stride[2]);
        gm_argument_int(builder, view->stride[3]);
        gm_argument_int(builder, view->stride[0]);
        gm_argument_int(builder, view->stride[1]);
    }
}

// Outer sums over batch rows and pixels: weight gradients, and products of a transposed matrix with another.
static bool is_outer(const gm_tensor *node) {
    const gm_gemm_attributes *g = node->attributes;
    return node->op == &gm_op_conv_weight || (node->op == &gm_op_gemm && g->transpose_a && !g->transpose_b);
}

static bool has_half(const gm_emitter *emitter, const gm_tensor *node) {
    bool has = emitter->half && emitter->half[node->id];
    for (size_t i = 0; emitter->half && i < node->input_count; i++)
        has = has || emitter->half[node->input[i]->id];
    return has;
}

static bool applies(const variant *v, const gm_emitter *emitter, const gm_tensor *node) {
    return v->gpu == emitter->gpu && (is_outer(node) ? v->outer : v->rows) &&
           !(v->clblast && (node->op != &gm_op_gemm || has_half(emitter, node))) &&
           !(emitter->matrix && (v->clblast || v->tile > 0));
}

static void list_variants(const gm_emitter *emitter, const gm_tensor *node, gm_variants *list) {
    list->count = 0;
    for (size_t i = 0; i < GM_COUNT(variants); i++)
        if (applies(&variants[i], emitter, node))
            list->name[list->count++] = variants[i].name;
}

static const variant *find_variant(const gm_emit_call *call) {
    const variant *found = NULL;
    for (size_t i = 0; i < GM_COUNT(variants); i++)
        if (applies(&variants[i], call->emitter, call->node) &&
            (!found || (call->variant && strcmp(variants[i].name, call->variant) == 0)))
            found = &variants[i];
    return found;
}

// Results that a GPU tile has below and beside one another.
static size_t gpu_tile(const contraction *c) {
    return c->variant->tile > 0 ? c->variant->tile : 64;
}

// The sections of contract_cpu.cl and contract_gpu.cl.
typedef enum section {
    PACK = 0,
    PACK_THIN,
    ROWS_CPU,
    THIN_CPU,
    OUTER_CPU,
    OUTER_THIN_CPU,
    SUM_CPU,
    ROWS_GPU,
    OUTER_GPU,
    SUM_GPU
} section;

static const struct {
    const char *name, *prefix;
    bool function, epilogue;
    bool reads; // x and w, not the parts of a sum
} sections[] = {
    [PACK] = {"PACK", "pack", .function = true},
    [PACK_THIN] = {"PACK_THIN", "pack_thin", .function = true},
    [ROWS_CPU] = {"ROWS_CPU", "rows", .epilogue = true},
    [THIN_CPU] = {"THIN_CPU", "thin", .epilogue = true},
    [OUTER_CPU] = {"OUTER_CPU", "outer", .epilogue = true},
    [OUTER_THIN_CPU] = {"OUTER_THIN_CPU", "outer_thin", .epilogue = true},
    [SUM_CPU] = {"SUM_CPU", "outer_sum", .function = true, .epilogue = true},
    [ROWS_GPU] = {"ROWS_GPU", "rows", .epilogue = true, .reads = true},
    [OUTER_GPU] = {"OUTER_GPU", "outer", .epilogue = true, .reads = true},
    [SUM_GPU] = {"SUM_GPU", "outer_sum", .epilogue = true},
};

static void append_half(gm_text *text, const char *macro, bool half) {
    if (half)
        gm_text_printf(text, "#define %s half\n", macro);
}

// `last`: no sum of partial results follows, which would apply the epilogue.
static gm_status instance(const contraction *c, section which, bool last, uint32_t *kernel) {
    gm_kernel_text source = {.helper = "contract.cl",
                             .body = c->emitter->gpu ? "contract_gpu.cl" : "contract_cpu.cl",
                             .function = sections[which].function};
    gm_text text = {0};
    if (last && sections[which].epilogue)
        append_epilogue(&text, c->epilogue, c->emitter->gpu);
    append_half(&text, "GM_X", sections[which].reads && c->x.half);
    append_half(&text, "GM_W", sections[which].reads && c->w.half);
    append_half(&text, "GM_Y", last && c->y.half);
    if (c->variant->tile > 0 && which == ROWS_CPU)
        gm_text_printf(&text, "#define GM_ROWS_TILE %zu\n#define GM_ROWS_EACH GM_EACH_%zu\n", c->variant->tile,
                       c->variant->tile);
    if (c->variant->tile > 0 && (which == ROWS_GPU || which == OUTER_GPU))
        gm_text_printf(&text, "#define GM_GPU_BLOCK %zu\n", c->variant->tile / 16);
    gm_text_printf(&text, "#define GM_CONTRACT_%s\n#define GM_NAME @\n", sections[which].name);
    source.text = text.data;
    gm_status status = text.failed ? gm_fail_memory(text.capacity, "a kernel's text")
                                   : gm_emit_kernel(c->emitter, sections[which].prefix, &source, kernel);
    gm_text_finish(&text);
    return status;
}

// ---- Arguments in contract.cl's order ----

static void integers(gm_launch_builder *builder, const int64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        gm_argument_int(builder, values[i]);
}

#define INTEGERS(builder, ...)                                                                                         \
    integers(builder, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void view_arguments(gm_launch_builder *builder, const gm_view *v, bool channel) {
    INTEGERS(builder, v->offset, v->stride[2], v->stride[3], v->stride[0]);
    if (channel)
        gm_argument_int(builder, v->stride[1]);
}

static void map_arguments(gm_launch_builder *builder, const axis_map map[2]) {
    for (size_t i = 0; i < 2; i++)
        INTEGERS(builder, map[i].a, map[i].b, map[i].d, map[i].q);
}

static double view_bytes(const gm_view *view) {
    return (double)(gm_view_element_bytes(view) * gm_shape_count(&view->shape));
}

// ---- Rows: y[oh,ow,n,k] = Σ x[ih,iw,n,c] w[r,s,c,k] ----

// Packed weights, made once a phase for all that use the same weights in the same direction.
static gm_status packed_weights(const contraction *c, bool thin, uint32_t *storage) {
    size_t count = thin ? c->K * c->R * c->S * up(c->C, 8) * 8 : up(c->K, 16) * 16 * c->R * c->S * c->C;
    const gm_view *w = &c->w;
    uint64_t key = gm_hash(GM_HASH_START, &thin, sizeof thin);
    key = gm_hash(key, &w->storage, sizeof w->storage);
    key = gm_hash(key, &w->offset, sizeof w->offset);
    key = gm_hash(key, w->stride, sizeof w->stride);
    key = gm_hash(key, w->shape.dim, sizeof w->shape.dim);
    bool fresh;
    GM_TRY(gm_emit_shared(c->emitter, key, count * sizeof(float), storage, &fresh));
    if (!fresh)
        return GM_OK;
    uint32_t kernel;
    GM_TRY(instance(c, thin ? PACK_THIN : PACK, true, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, w->storage);
    gm_argument_write(&builder, *storage);
    INTEGERS(&builder, w->offset, w->stride[0], w->stride[1], w->stride[2], w->stride[3], (int64_t)c->C, (int64_t)c->K,
             (int64_t)c->R, (int64_t)c->S);
    size_t global[3] = {thin ? c->K : up(c->K, 16), thin ? 1 : up(c->C, 64), 1}, local[3] = {1, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, global, local, 0, 2.0 * view_bytes(w));
}

static gm_status emit_rows(const contraction *c) {
    gm_emitter *emitter = c->emitter;
    bool thin = !emitter->gpu && c->K < 8 && c->C >= 8 && (c->x.stride[1] == 1);
    uint32_t kernel, weights = c->w.storage;
    if (!emitter->gpu)
        GM_TRY(packed_weights(c, thin, &weights));
    GM_TRY(instance(c, emitter->gpu ? ROWS_GPU : thin ? THIN_CPU : ROWS_CPU, true, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = c->name};
    gm_argument_read(&builder, c->x.storage);
    gm_argument_read(&builder, weights);
    gm_argument_write(&builder, c->y.storage);
    view_arguments(&builder, &c->x, true);
    INTEGERS(&builder, (int64_t)c->IH, (int64_t)c->IW);
    if (emitter->gpu)
        INTEGERS(&builder, c->w.offset, c->w.stride[0], c->w.stride[1], c->w.stride[2], c->w.stride[3]);
    view_arguments(&builder, &c->y, true);
    INTEGERS(&builder, (int64_t)c->OH, (int64_t)c->OW, (int64_t)c->N, (int64_t)c->C, (int64_t)c->K, (int64_t)c->R,
             (int64_t)c->S);
    map_arguments(&builder, c->map);
    epilogue_arguments(&builder, c->epilogue);
    double bytes = view_bytes(&c->x) + view_bytes(&c->w) + view_bytes(&c->y);
    size_t pixels = c->OH * c->OW;
    if (emitter->gpu) {
        size_t tile = gpu_tile(c), global[2] = {16 * up(c->K, tile), 16 * up(pixels * c->N, tile)}, local[2] = {16, 16};
        return gm_emit_launch(&builder, kernel, 2, global, local, c->flop, bytes);
    }
    // Groups of rows: large enough to reuse the weights, more of them only where there is little other parallelism.
    size_t others = pixels * (thin ? 1 : up(c->K, 16)), tile = thin ? 4 : 6;
    size_t groups = (size_t)(c->variant->groups * (double)GM_MAX(up(c->N, 96), up(16, others)));
    groups = GM_MIN(groups, up(c->N, tile));
    size_t rows[3] = {up(c->K, 16), groups, pixels}, thin_rows[3] = {groups, pixels, 1}, local[3] = {1, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, thin ? thin_rows : rows, local, c->flop, bytes);
}

// ---- Outer: y[r,s,c,k] = Σ x[ih,iw,n,c] g[oh,ow,n,k]; here w names g ----

static gm_status emit_sum(const contraction *c, uint32_t partial, size_t parts) {
    uint32_t kernel;
    GM_TRY(instance(c, c->emitter->gpu ? SUM_GPU : SUM_CPU, true, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, partial);
    gm_argument_write(&builder, c->y.storage);
    INTEGERS(&builder, (int64_t)parts, (int64_t)c->C, (int64_t)c->K, (int64_t)c->R, (int64_t)c->S, c->y.offset,
             c->y.stride[2], c->y.stride[3], c->y.stride[1], c->y.stride[0]);
    epilogue_arguments(&builder, c->epilogue);
    size_t count = c->R * c->S * c->C * c->K;
    size_t cpu[3] = {c->C, up(c->K, 16), 1}, gpu[3] = {up(count, 64) * 64, 1, 1}, one[3] = {1, 1, 1},
           local[3] = {64, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, c->emitter->gpu ? gpu : cpu, c->emitter->gpu ? local : one,
                          (double)(parts * count), 4.0 * (double)((parts + 1) * count));
}

// The thin side of the tile goes to c: swapping x and g inverts the map between their positions.
static void swap_operands(contraction *c) {
    gm_view x = c->x;
    c->x = c->w;
    c->w = x;
    size_t K = c->K, IH = c->IH, IW = c->IW;
    c->K = c->C, c->C = K;
    c->IH = c->OH, c->IW = c->OW;
    c->OH = IH, c->OW = IW;
    c->y = swap_axes(&c->y);
    for (size_t i = 1; c->epilogue && i < c->epilogue->operand_count; i++)
        c->epilogue->operand[i] = swap_axes(&c->epilogue->operand[i]);
    for (size_t i = 0; i < 2; i++)
        c->map[i] = (axis_map){.a = 1, .b = -c->map[i].b, .d = -1, .q = c->map[i].a};
}

static gm_status emit_outer(contraction *c) {
    gm_emitter *emitter = c->emitter;
    bool transposed = c->y.stride[1] == 1 && c->y.stride[0] != 1; // the result's rows run along c
    if (transposed || (c->K < 8 && c->C >= 8 && c->OH * c->OW > 1))
        swap_operands(c);
    bool thin = !emitter->gpu && c->K < 8 && c->C >= 8 && c->OH * c->OW == 1 && c->x.stride[1] == 1;
    size_t tile = emitter->gpu ? gpu_tile(c) : 64, columns = thin ? c->K : up(c->K, tile);
    size_t tiles = c->C >= 8 ? c->R * c->S * up(c->C, thin ? 64 : tile) : up(c->R * c->S * c->C, tile);
    size_t unit = GM_MAX(emitter->info->compute_units, (size_t)1),
           wanted = emitter->gpu ? 2 * unit : GM_MAX(8 * unit, (size_t)16);
    size_t rows = c->OH * c->OW * c->N;
    size_t parts = (size_t)(c->variant->parts * (double)up(wanted, columns * tiles));
    parts = GM_MAX(GM_MIN(GM_MIN(parts, rows / 256), (size_t)64), (size_t)1);
    if (thin)
        parts = 1;
    bool scratch = parts > 1 || (!emitter->gpu && !thin && c->y.stride[0] != 1 && c->K > 1);
    uint32_t kernel, target = c->y.storage;
    size_t count = c->R * c->S * c->C * c->K;
    if (scratch)
        GM_TRY(gm_emit_storage(emitter, parts * count * sizeof(float), &target));
    GM_TRY(instance(c, emitter->gpu ? OUTER_GPU : thin ? OUTER_THIN_CPU : OUTER_CPU, !scratch, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = c->name};
    gm_argument_read(&builder, c->x.storage);
    gm_argument_read(&builder, c->w.storage);
    gm_argument_write(&builder, target);
    view_arguments(&builder, &c->x, true);
    INTEGERS(&builder, (int64_t)c->IH, (int64_t)c->IW);
    view_arguments(&builder, &c->w, true);
    INTEGERS(&builder, (int64_t)c->OH, (int64_t)c->OW, (int64_t)c->N, (int64_t)c->C, (int64_t)c->K, (int64_t)c->R,
             (int64_t)c->S);
    map_arguments(&builder, c->map);
    if (scratch)
        INTEGERS(&builder, 0, (int64_t)count, (int64_t)(c->S * c->C * c->K), (int64_t)(c->C * c->K), (int64_t)c->K, 1);
    else
        INTEGERS(&builder, c->y.offset, 0, c->y.stride[2], c->y.stride[3], c->y.stride[1], c->y.stride[0]);
    if (!scratch)
        epilogue_arguments(&builder, c->epilogue);
    size_t cpu[3] = {columns, tiles, parts}, gpu[3] = {16 * columns, 16 * tiles, parts}, one[3] = {1, 1, 1},
           local[3] = {16, 16, 1};
    GM_TRY(gm_emit_launch(&builder, kernel, 3, emitter->gpu ? gpu : cpu, emitter->gpu ? local : one, c->flop,
                          view_bytes(&c->x) + view_bytes(&c->w) + 4.0 * (double)count));
    return scratch ? emit_sum(c, target, parts) : GM_OK;
}

// ---- The nodes ----

// A matrix (rows, columns) as an image (rows, columns, 1, 1).
static gm_view as_image(const gm_view *matrix) {
    gm_view image = *matrix;
    if (matrix->shape.rank == 2) {
        image.shape = (gm_shape){.rank = 4, .dim = {matrix->shape.dim[0], matrix->shape.dim[1], 1, 1}};
        image.stride[2] = image.stride[3] = 0;
    }
    return image;
}

static double conv_flop(const gm_tensor *node) {
    const gm_conv_attributes *g = node->attributes;
    const gm_shape *w = node->op == &gm_op_conv_weight ? &node->shape : &node->input[1]->shape;
    const gm_shape *x = &node->input[0]->shape;
    return 2.0 * (double)x->dim[0] * (double)gm_shape_count(w) * (double)(g->map[0] * g->map[1]);
}

static double gemm_flop(const gm_tensor *node) {
    const gm_gemm_attributes *g = node->attributes;
    return 2.0 * (double)gm_shape_count(&node->shape) * (double)node->input[0]->shape.dim[g->transpose_a ? 0 : 1];
}

static gm_status emit_conv(const gm_emit_call *call) {
    const gm_conv_attributes *g = call->node->attributes;
    contraction c = {.emitter = call->emitter,
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
    for (size_t i = 0; i < 2; i++) {
        int64_t stride = (int64_t)g->stride[i], padding = (int64_t)g->padding[i];
        c.map[i] = transposed ? (axis_map){1, padding, -1, stride} : (axis_map){stride, -padding, 1, 1};
    }
    const size_t *in = transposed ? g->map : g->image, *out = transposed ? g->image : g->map;
    c.IH = in[0], c.IW = in[1], c.OH = out[0], c.OW = out[1];
    c.C = c.x.shape.dim[1];
    if (call->node->op == &gm_op_conv_weight) {
        c.K = c.w.shape.dim[1];
        for (size_t i = 1; c.epilogue && i < c.epilogue->operand_count; i++)
            c.epilogue->operand[i] = swap_axes(&c.epilogue->operand[i]); // outer: n is the node's second axis
        return emit_outer(&c);
    }
    if (transposed)
        c.w = swap_axes(&c.w); // the outputs are now w's second axis
    c.K = c.w.shape.dim[0];
    return emit_rows(&c);
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
    contraction c = {.emitter = call->emitter,
                     .y = as_image(call->output),
                     .flop = gemm_flop(call->node),
                     .name = "gemm",
                     .variant = find_variant(call),
                     .R = 1,
                     .S = 1,
                     .IH = 1,
                     .IW = 1,
                     .OH = 1,
                     .OW = 1};
    c.map[0] = c.map[1] = (axis_map){1, 0, 0, 1};
    gm_fused epilogue;
    if (call->epilogue) {
        epilogue = *call->epilogue;
        for (size_t i = 1; i < epilogue.operand_count; i++)
            epilogue.operand[i] = as_image(&epilogue.operand[i]);
        c.epilogue = &epilogue;
    }
    // Both operands with their contraction axis first: x (K, M), w (K, N).
    gm_view x = g->transpose_a ? a : swap_axes(&a), w = g->transpose_b ? swap_axes(&b) : b;
    size_t m = x.shape.dim[1], k = x.shape.dim[0], n = w.shape.dim[1];
    if (x.stride[1] == 1 && w.stride[1] == 1 && x.stride[0] != 1) {
        c.x = x, c.w = w;
        c.N = k, c.C = m, c.K = n;
        c.y = swap_axes(&c.y); // outer writes y (k = columns, c = rows)
        return emit_outer(&c);
    }
    c.x = swap_axes(&x), c.w = swap_axes(&w);
    c.N = m, c.C = k, c.K = n;
    return emit_rows(&c);
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
}

const gm_family gm_families_contract[] = {
    {&gm_op_conv, emit_conv, accepts_image, GM_LAYOUT_HWNC, GM_LAYOUT_HWNC, true, true, conv_flop, list_variants,
     describe},
    {&gm_op_conv_input, emit_conv, accepts_image, GM_LAYOUT_HWNC, GM_LAYOUT_HWNC, true, true, conv_flop, list_variants,
     describe},
    {&gm_op_conv_weight, emit_conv, accepts_image, GM_LAYOUT_HWNC, GM_LAYOUT_ROW, true, true, conv_flop, list_variants,
     describe},
    {&gm_op_gemm, emit_gemm, NULL, GM_LAYOUT_ROW, GM_LAYOUT_ROW, true, true, gemm_flop, list_variants, describe},
    {0},
};

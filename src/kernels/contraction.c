// The launches of a contraction, through cl/contract.cl, whose first comment is the interface that this file fills in.
// Names as there: rows (a result per pixel and batch row) and outer (the weight gradient, a sum over pixels and batch
// rows).
#include "kernels/contraction.h"

static size_t up(size_t count, size_t step) {
    return (count + step - 1) / step;
}

gm_view gm_swap_axes(const gm_view *view) {
    size_t axes[GM_MAX_RANK] = {1, 0, 2, 3};
    return gm_view_transpose(view, axes);
}

// Results that a GPU tile has below and beside one another.
static size_t gpu_tile(const gm_contraction *c) {
    return c->variant->tile > 0 ? c->variant->tile : 64;
}

// The sections that contract.cl lists.
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
    const char *name, *prefix, *file;
    bool function, epilogue;
    bool reads; // x and w, not the parts of a sum
} sections[] = {
    [PACK] = {"PACK", "pack", "weights_cpu.cl", .function = true},
    [PACK_THIN] = {"PACK_THIN", "pack_thin", "thin_cpu.cl", .function = true},
    [ROWS_CPU] = {"ROWS_CPU", "rows", "contract_cpu.cl", .epilogue = true},
    [THIN_CPU] = {"THIN_CPU", "thin", "thin_cpu.cl", .epilogue = true},
    [OUTER_CPU] = {"OUTER_CPU", "outer", "contract_cpu.cl", .epilogue = true},
    [OUTER_THIN_CPU] = {"OUTER_THIN_CPU", "outer_thin", "thin_cpu.cl", .epilogue = true},
    [SUM_CPU] = {"SUM_CPU", "outer_sum", "weights_cpu.cl", .function = true, .epilogue = true},
    [ROWS_GPU] = {"ROWS_GPU", "rows", "contract_gpu.cl", .epilogue = true, .reads = true},
    [OUTER_GPU] = {"OUTER_GPU", "outer", "contract_gpu.cl", .epilogue = true, .reads = true},
    [SUM_GPU] = {"SUM_GPU", "outer_sum", "contract_gpu.cl", .epilogue = true},
};

static void append_half(gm_text *text, const char *macro, bool half) {
    if (half)
        gm_text_printf(text, "#define %s half\n", macro);
}

// `last`: no sum of partial results follows, which would apply the epilogue.
static gm_status instance(const gm_contraction *c, section which, bool last, uint32_t *kernel) {
    gm_kernel_text source = {
        .helper = "contract.cl", .body = sections[which].file, .function = sections[which].function};
    gm_text text = {0};
    if (last && sections[which].epilogue)
        gm_epilogue_append(&text, c->epilogue, c->emitter->gpu);
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

static void view_arguments(gm_launch_builder *builder, const gm_view *v, bool channel) {
    GM_ARGUMENT_INTS(builder, v->offset, v->stride[2], v->stride[3], v->stride[0]);
    if (channel)
        gm_argument_int(builder, v->stride[1]);
}

static void map_arguments(gm_launch_builder *builder, const gm_axis_map map[2]) {
    for (size_t i = 0; i < 2; i++)
        GM_ARGUMENT_INTS(builder, map[i].a, map[i].b, map[i].d, map[i].q);
}

static double view_bytes(const gm_view *view) {
    return (double)(gm_view_element_bytes(view) * gm_shape_count(&view->shape));
}

// ---- Rows ----

// Packed weights, made once a phase for all that use the same weights in the same direction.
static gm_status packed_weights(const gm_contraction *c, bool thin, uint32_t *storage) {
    size_t count = thin ? c->K * c->R * c->S * up(c->C, 8) * 8 : up(c->K, 16) * 16 * c->R * c->S * c->C;
    const gm_view *w = &c->w;
    uint64_t key = gm_hash(GM_HASH_START, &thin, sizeof thin);
    key = gm_view_hash(key, w);
    bool fresh;
    GM_TRY(gm_emit_shared(c->emitter, key, count * sizeof(float), storage, &fresh));
    if (!fresh)
        return GM_OK;
    uint32_t kernel;
    GM_TRY(instance(c, thin ? PACK_THIN : PACK, true, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, w->storage);
    gm_argument_write(&builder, *storage);
    GM_ARGUMENT_INTS(&builder, w->offset, w->stride[0], w->stride[1], w->stride[2], w->stride[3], (int64_t)c->C,
                     (int64_t)c->K, (int64_t)c->R, (int64_t)c->S);
    size_t global[3] = {thin ? c->K : up(c->K, 16), thin ? 1 : up(c->C, 64), 1}, local[3] = {1, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, global, local, 0, 2.0 * view_bytes(w));
}

gm_status gm_emit_rows(const gm_contraction *c) {
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
    GM_ARGUMENT_INTS(&builder, (int64_t)c->IH, (int64_t)c->IW);
    if (emitter->gpu)
        GM_ARGUMENT_INTS(&builder, c->w.offset, c->w.stride[0], c->w.stride[1], c->w.stride[2], c->w.stride[3]);
    view_arguments(&builder, &c->y, true);
    GM_ARGUMENT_INTS(&builder, (int64_t)c->OH, (int64_t)c->OW, (int64_t)c->N, (int64_t)c->C, (int64_t)c->K,
                     (int64_t)c->R, (int64_t)c->S);
    map_arguments(&builder, c->map);
    gm_epilogue_arguments(&builder, c->epilogue);
    double bytes = view_bytes(&c->x) + view_bytes(&c->w) + view_bytes(&c->y);
    size_t pixels = c->OH * c->OW;
    if (emitter->gpu) {
        size_t tile = gpu_tile(c), global[2] = {16 * up(c->K, tile), 16 * up(pixels * c->N, tile)}, local[2] = {16, 16};
        return gm_emit_launch(&builder, kernel, 2, global, local, c->flop, bytes);
    }
    // Groups of rows: large enough to reuse the weights, more of them only where there is little other parallelism.
    size_t others = pixels * (thin ? 1 : up(c->K, 32)), tile = thin ? 4 : 6;
    size_t groups = (size_t)(c->variant->groups * (double)GM_MAX(up(c->N, 96), up(16, others)));
    groups = GM_MIN(groups, up(c->N, tile));
    size_t rows[3] = {up(c->K, 32), groups, pixels}, thin_rows[3] = {groups, pixels, 1}, local[3] = {1, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, thin ? thin_rows : rows, local, c->flop, bytes);
}

// ---- Outer; here w is the gradient g ----

gm_status gm_emit_outer_sum(const gm_contraction *c, uint32_t partial, size_t parts) {
    uint32_t kernel;
    GM_TRY(instance(c, c->emitter->gpu ? SUM_GPU : SUM_CPU, true, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, partial);
    gm_argument_write(&builder, c->y.storage);
    GM_ARGUMENT_INTS(&builder, (int64_t)parts, (int64_t)c->C, (int64_t)c->K, (int64_t)c->R, (int64_t)c->S, c->y.offset,
                     c->y.stride[2], c->y.stride[3], c->y.stride[1], c->y.stride[0]);
    gm_epilogue_arguments(&builder, c->epilogue);
    size_t count = c->R * c->S * c->C * c->K;
    size_t cpu[3] = {up(c->K, 16), c->C, 1}, gpu[3] = {up(count, 64) * 64, 1, 1}, one[3] = {1, 1, 1},
           local[3] = {64, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, c->emitter->gpu ? gpu : cpu, c->emitter->gpu ? local : one,
                          (double)(parts * count), 4.0 * (double)((parts + 1) * count));
}

// The thin side of the tile goes to c: swapping x and g inverts the map between their positions.
static void swap_operands(gm_contraction *c) {
    gm_view x = c->x;
    c->x = c->w;
    c->w = x;
    size_t K = c->K, IH = c->IH, IW = c->IW;
    c->K = c->C, c->C = K;
    c->IH = c->OH, c->IW = c->OW;
    c->OH = IH, c->OW = IW;
    c->y = gm_swap_axes(&c->y);
    for (size_t i = 1; c->epilogue && i < c->epilogue->operand_count; i++)
        c->epilogue->operand[i] = gm_swap_axes(&c->epilogue->operand[i]);
    for (size_t i = 0; i < 2; i++)
        c->map[i] = (gm_axis_map){.a = 1, .b = -c->map[i].b, .d = -1, .q = c->map[i].a};
}

gm_status gm_emit_outer(gm_contraction *c) {
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
    GM_ARGUMENT_INTS(&builder, (int64_t)c->IH, (int64_t)c->IW);
    view_arguments(&builder, &c->w, true);
    GM_ARGUMENT_INTS(&builder, (int64_t)c->OH, (int64_t)c->OW, (int64_t)c->N, (int64_t)c->C, (int64_t)c->K,
                     (int64_t)c->R, (int64_t)c->S);
    map_arguments(&builder, c->map);
    if (scratch)
        GM_ARGUMENT_INTS(&builder, 0, (int64_t)count, (int64_t)(c->S * c->C * c->K), (int64_t)(c->C * c->K),
                         (int64_t)c->K, 1);
    else
        GM_ARGUMENT_INTS(&builder, c->y.offset, 0, c->y.stride[2], c->y.stride[3], c->y.stride[1], c->y.stride[0]);
    if (!scratch)
        gm_epilogue_arguments(&builder, c->epilogue);
    size_t cpu[3] = {columns, tiles, parts}, gpu[3] = {16 * columns, 16 * tiles, parts}, one[3] = {1, 1, 1},
           local[3] = {16, 16, 1};
    GM_TRY(gm_emit_launch(&builder, kernel, 3, emitter->gpu ? gpu : cpu, emitter->gpu ? local : one, c->flop,
                          view_bytes(&c->x) + view_bytes(&c->w) + 4.0 * (double)count));
    return scratch ? gm_emit_outer_sum(c, target, parts) : GM_OK;
}

// The launches of a contraction, through cl/contract.cl, whose first comment is the interface that this file fills in.
// Names as there: rows (a result per pixel and batch row) and outer (the weight gradient, a sum over pixels and batch
// rows).
#include "kernels/contraction.h"

#include "graph/elementwise.h"

gm_view gm_swap_axes(const gm_view *view) {
    size_t axes[GM_MAX_RANK] = {1, 0, 2, 3};
    return gm_view_transpose(view, axes);
}

enum {
    THIN_ROWS = 64,          // of a work-group with few outputs
    GPU_STEP = 16,           // of values along a contraction: every kernel's divides it, but for deep ones, whose are
    GPU_DEEP_STEP = 32,      // so long
    CACHED_VALUES = 1 << 19, // that a few cores hold in their caches beside all else
    OWN_DEPTH = 512,         // of weights that a work-group packs itself
};

// Vectors of four elements can be loaded along an axis of the view.
static bool has_vectors(const gm_view *v, size_t axis) {
    bool aligned = v->stride[axis] == 1 && v->offset % 4 == 0;
    for (size_t i = 0; i < v->shape.rank; i++)
        aligned = aligned && (i == axis ? v->shape.dim[i] % 4 == 0 : v->shape.dim[i] == 1 || v->stride[i] % 4 == 0);
    return aligned;
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
    ROWS_SPANS_GPU,
    THIN_GPU,
    OUTER_GPU,
    SPANS_GPU,
    SUM_GPU
} section;

static const struct {
    const char *name, *prefix, *file;
    bool function, epilogue;
    bool reads; // x and w, not the parts of a sum
    bool local;
} sections[] = {
    [PACK] = {"PACK", "pack", "weights_cpu.cl", .function = true},
    [PACK_THIN] = {"PACK_THIN", "pack_thin", "thin_cpu.cl", .function = true},
    [ROWS_CPU] = {"ROWS_CPU", "rows", "contract_cpu.cl", .epilogue = true},
    [THIN_CPU] = {"THIN_CPU", "thin", "thin_cpu.cl", .epilogue = true},
    [OUTER_CPU] = {"OUTER_CPU", "outer", "outer_cpu.cl", .epilogue = true},
    [OUTER_THIN_CPU] = {"OUTER_THIN_CPU", "outer_thin", "thin_cpu.cl", .epilogue = true},
    [SUM_CPU] = {"SUM_CPU", "outer_sum", "weights_cpu.cl", .function = true, .epilogue = true},
    [ROWS_GPU] = {"ROWS_GPU", "rows", "contract_gpu.cl", .function = true, .epilogue = true, .reads = true,
                  .local = true},
    [ROWS_SPANS_GPU] = {"ROWS_GPU", "spans", "contract_gpu.cl", .function = true, .epilogue = true, .reads = true,
                        .local = true},
    [THIN_GPU] = {"THIN_GPU", "thin", "thin_gpu.cl", .function = true, .epilogue = true, .reads = true, .local = true},
    [OUTER_GPU] = {"OUTER_GPU", "outer", "contract_gpu.cl", .function = true, .epilogue = true, .reads = true,
                   .local = true},
    [SPANS_GPU] = {"OUTER_GPU", "spans", "contract_gpu.cl", .function = true, .epilogue = true, .reads = true,
                   .local = true},
    [SUM_GPU] = {"SUM_GPU", "outer_sum", "contract_gpu.cl", .function = true, .epilogue = true},
};

static void append_type(gm_text *text, const char *macro, bool half) {
    gm_text_printf(text, "#define %s %s\n", macro, half ? "half" : "float");
}

// Each phase of the outputs has one pixel, which one tap meets.
static bool is_product(const gm_contraction *c) {
    const gm_axis_map *h = &c->map[0], *w = &c->map[1];
    return (int64_t)c->OH == h->q && (int64_t)c->OW == w->q && (int64_t)c->R == h->q && (int64_t)c->S == w->q &&
           h->b == 0 && w->b == 0 && (c->R == 1 || h->d == h->q - 1) && (c->S == 1 || w->d == w->q - 1);
}

// A tile and how its operands are read.
static void append_tile(gm_text *text, const gm_contraction *c, section which, const gm_gpu_tile *tile) {
    bool outer = which == OUTER_GPU || which == SPANS_GPU, product = is_product(c);
    bool a_lines = outer || (which == ROWS_GPU && product && c->x.stride[1] != 1 && c->x.stride[0] == 1);
    bool b_lines = outer || (which == ROWS_GPU && c->w.stride[1] != 1 && c->w.stride[0] <= c->w.stride[1]);
    bool few = gm_gpu_has_few_registers(c->emitter->info);
    gm_text_printf(text, "#define GM_GPU_ROWS %zu\n#define GM_GPU_COLUMNS %zu\n#define GM_GPU_SLICES %zu\n", tile->rows,
                   tile->columns, few ? 1 : tile->slices);
    gm_text_printf(text, "#define GM_GPU_HIGH %d\n#define GM_GPU_WIDE %d\n", few && tile->slices == 4 ? 4 : 8,
                   few && tile->slices > 1 ? 4 : 8);
    gm_text_printf(text, "#define GM_GPU_A_LINES %d\n#define GM_GPU_B_LINES %d\n", a_lines, b_lines);
    gm_text_printf(text, "#define GM_GPU_A_VECTORS %d\n#define GM_GPU_B_VECTORS %d\n",
                   has_vectors(&c->x, !outer && a_lines ? 0 : 1), has_vectors(&c->w, !outer && b_lines ? 0 : 1));
    // OUTER has no use for EVEN: 1, so that products of any sizes are one kernel.
    size_t length = outer ? c->OH * c->OW * c->N : c->C;
    bool deep = length % GPU_DEEP_STEP == 0 || length >= 4 * GPU_DEEP_STEP;
    gm_text_printf(text, "#define GM_GPU_PADDED %d\n#define GM_GPU_DEEP %d\n#define GM_GPU_EVEN %d\n", !product, deep,
                   outer || c->C % (deep && tile->slices == 4 ? GPU_DEEP_STEP : GPU_STEP) == 0);
    if (which == SPANS_GPU || which == ROWS_SPANS_GPU)
        gm_text_append(text, "#define GM_GPU_SPANS\n");
}

// How a batch's ROWS_CPU reads weights, which no others than a few work-groups share; NULL: packed by a launch.
// Whole panels side by side are read in place while a first cache holds them: half of it, and of its sets, 4 KB and 8
// lines each, those that rows so far apart meet. Else a work-group packs its own, up to OWN_DEPTH rows.
static const char *panels_of(const gm_contraction *c) {
    const size_t most_rows = 128, set_floats = 8 * 1024;
    size_t apart = (size_t)(c->w.stride[1] < 0 ? -c->w.stride[1] : c->w.stride[1]), power = apart & (~apart + 1);
    if (!c->batch || c->emitter->gpu || c->C > OWN_DEPTH)
        return NULL;
    bool fits = c->C <= most_rows && c->C * power <= set_floats;
    return fits && c->w.stride[0] == 1 && c->K % 16 == 0 ? "IN_PLACE" : "OWN_PANELS";
}

// `last`: no sum of partial results follows, which would apply the epilogue. tile: of ROWS_GPU, OUTER_GPU and
// SPANS_GPU.
static gm_status instance(const gm_contraction *c, section which, bool last, const gm_gpu_tile *tile,
                          uint32_t *kernel) {
    gm_kernel_text source = {.helper = "contract.cl",
                             .body = sections[which].file,
                             .function = sections[which].function,
                             .local = sections[which].local,
                             .attribute = sections[which].local ? "GM_GPU_ATTRIBUTE" : NULL};
    gm_text text = {0};
    if (sections[which].epilogue)
        gm_epilogue_append(&text, last ? c->epilogue : NULL, c->emitter->gpu);
    if (sections[which].reads) {
        append_type(&text, "GM_X", c->x.half);
        append_type(&text, "GM_W", c->w.half);
    }
    if (c->emitter->gpu)
        append_type(&text, "GM_Y", last && c->y.half);
    if (c->variant->tile > 0 && which == ROWS_CPU)
        gm_text_printf(&text, "#define GM_ROWS_TILE %zu\n#define GM_ROWS_EACH GM_EACH_%zu\n", c->variant->tile,
                       c->variant->tile);
    if (tile)
        append_tile(&text, c, which, tile);
    if (which == THIN_GPU)
        gm_text_printf(&text, "#define GM_THIN_K %zu\n#define GM_GPU_A_VECTORS %d\n#define GM_GPU_B_VECTORS %d\n", c->K,
                       has_vectors(&c->x, 1), has_vectors(&c->w, 1));
    if (c->batch)
        gm_text_append(&text, "#define GM_CONTRACT_BATCH\n");
    if (which == ROWS_CPU && panels_of(c))
        gm_text_printf(&text, "#define GM_CONTRACT_%s %d\n", panels_of(c), OWN_DEPTH);
    gm_text_printf(&text, "#define GM_CONTRACT_%s\n#define GM_NAME @\n", sections[which].name);
    return gm_emit_text(c->emitter, sections[which].prefix, &text, source, kernel);
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

// ---- Rows ----

// Packed weights, made once a phase for all that use the same weights in the same direction.
static gm_status packed_weights(const gm_contraction *c, bool thin, uint32_t *storage) {
    size_t count =
        thin ? c->K * c->R * c->S * gm_divide_up(c->C, 8) * 8 : gm_divide_up(c->K, 16) * 16 * c->R * c->S * c->C;
    const gm_view *w = &c->w;
    uint64_t key = gm_hash(GM_HASH_START, &thin, sizeof thin);
    key = gm_view_hash(gm_hash(key, &c->batch, sizeof c->batch), w);
    bool fresh;
    GM_TRY(gm_emit_shared(c->emitter, key, count * sizeof(float), storage, &fresh));
    if (!fresh)
        return GM_OK;
    uint32_t kernel;
    GM_TRY(instance(c, thin ? PACK_THIN : PACK, true, NULL, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, w->storage);
    gm_argument_write(&builder, *storage);
    GM_ARGUMENT_INTS(&builder, w->offset, w->stride[0], w->stride[1], w->stride[2], w->stride[3], (int64_t)c->C,
                     (int64_t)c->K, (int64_t)c->R, (int64_t)c->S);
    size_t global[3] = {thin ? c->K : gm_divide_up(c->K, 16), thin ? 1 : gm_divide_up(c->C, 64),
                        c->batch ? c->R * c->S : 1},
           local[3] = {1, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, global, local, 0, 2.0 * gm_view_bytes(w));
}

// Of a phase of the outputs, the most.
static size_t phase_rows(const gm_contraction *c) {
    return gm_divide_up(c->OH, (size_t)c->map[0].q) * gm_divide_up(c->OW, (size_t)c->map[1].q) * c->N;
}

gm_status gm_emit_rows(const gm_contraction *c) {
    gm_emitter *emitter = c->emitter;
    size_t phases = (size_t)(c->map[0].q * c->map[1].q);
    bool thin = !c->batch && c->K < 8 && c->C >= 8 && c->x.stride[1] == 1;
    bool spans = !c->batch && c->C < 8 && c->R * c->S > 1, own = panels_of(c) != NULL;
    // Pairs of taps and channels, steps that are not whole, and weights across them where registers are few.
    bool across = c->w.stride[1] != 1 && gm_gpu_has_few_registers(emitter->info);
    bool crowded = spans || across || c->C % GPU_STEP != 0;
    const gm_gpu_tile *tile = emitter->gpu ? gm_gpu_tile_choose(c, phase_rows(c), c->K, phases, crowded) : NULL;
    uint32_t kernel, weights = c->w.storage;
    section which =
        emitter->gpu
            ? (thin && c->variant->columns == 0 && emitter->info->max_work_group_size >= GM_GPU_FULL_ITEMS ? THIN_GPU
               : spans ? ROWS_SPANS_GPU
                       : ROWS_GPU)
            : (thin ? THIN_CPU : ROWS_CPU);
    if (!emitter->gpu && !own)
        GM_TRY(packed_weights(c, thin, &weights));
    GM_TRY(instance(c, which, true, which == THIN_GPU ? NULL : tile, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = c->name, .executed = c->executed};
    gm_argument_read(&builder, c->x.storage);
    gm_argument_read(&builder, weights);
    gm_argument_write_view(&builder, &c->y);
    view_arguments(&builder, &c->x, true);
    GM_ARGUMENT_INTS(&builder, (int64_t)c->IH, (int64_t)c->IW);
    if (emitter->gpu || own)
        GM_ARGUMENT_INTS(&builder, c->w.offset, c->w.stride[0], c->w.stride[1], c->w.stride[2], c->w.stride[3]);
    view_arguments(&builder, &c->y, true);
    GM_ARGUMENT_INTS(&builder, (int64_t)c->OH, (int64_t)c->OW, (int64_t)c->N, (int64_t)c->C, (int64_t)c->K,
                     (int64_t)c->R, (int64_t)c->S);
    map_arguments(&builder, c->map);
    gm_epilogue_arguments(&builder, c->epilogue);
    double bytes = gm_view_bytes(&c->x) + gm_view_bytes(&c->w) + gm_view_bytes(&c->y);
    size_t pixels = c->OH * c->OW;
    if (which == THIN_GPU) {
        size_t global[3] = {GM_GPU_FULL_ITEMS, gm_divide_up(phase_rows(c), THIN_ROWS), phases},
               local[3] = {GM_GPU_FULL_ITEMS, 1, 1};
        return gm_emit_launch(&builder, kernel, 3, global, local, c->flop, bytes);
    }
    if (emitter->gpu) {
        size_t items = gm_gpu_tile_items(tile), local[3] = {items, 1, 1};
        size_t global[3] = {items * gm_divide_up(c->K, tile->columns), gm_divide_up(phase_rows(c), tile->rows), phases};
        return gm_emit_launch(&builder, kernel, 3, global, local, c->flop, bytes);
    }
    // Groups of rows: large enough to reuse the weights, more of them only where there is little other parallelism.
    size_t others = pixels * (thin ? 1 : gm_divide_up(c->K, 32)), least = thin ? 4 : 6;
    size_t groups = (size_t)(c->variant->groups * (double)GM_MAX(gm_divide_up(c->N, 96), gm_divide_up(16, others)));
    groups = GM_MIN(groups, gm_divide_up(c->N, least));
    size_t rows[3] = {gm_divide_up(c->K, 32), groups, pixels}, thin_rows[3] = {groups, pixels, 1}, local[3] = {1, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, thin ? thin_rows : rows, local, c->flop, bytes);
}

// ---- Outer; here w is the gradient g ----

gm_status gm_emit_outer_sum(const gm_contraction *c, uint32_t partial, size_t parts) {
    uint32_t kernel;
    GM_TRY(instance(c, c->emitter->gpu ? SUM_GPU : SUM_CPU, true, NULL, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, partial);
    gm_argument_write_view(&builder, &c->y);
    GM_ARGUMENT_INTS(&builder, (int64_t)parts, (int64_t)c->C, (int64_t)c->K, (int64_t)c->R, (int64_t)c->S, c->y.offset,
                     c->y.stride[2], c->y.stride[3], c->y.stride[1], c->y.stride[0]);
    gm_epilogue_arguments(&builder, c->epilogue);
    size_t count = c->R * c->S * c->C * c->K;
    size_t cpu[3] = {gm_divide_up(c->K, 16), c->C, 1}, gpu[3] = {gm_divide_up(c->K, 64) * 64, c->C, c->R * c->S},
           one[3] = {1, 1, 1}, local[3] = {64, 1, 1};
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
        c->map[i] = (gm_axis_map){.a = 1, .b = -c->map[i].b, .d = -c->map[i].d, .q = c->map[i].a};
}

// Whether each weight takes one value of x and the gradient of a single channel from every sample.
static bool sums_rows(const gm_contraction *c) {
    const size_t taps[2] = {c->R, c->S};
    bool whole = c->K == 1 && c->OH * c->OW == 1 && c->R == c->IH && c->S == c->IW;
    for (size_t i = 0; i < 2; i++)
        whole = whole && c->map[i].b == 0 && c->map[i].q == 1 && (c->map[i].d == 1 || taps[i] == 1);
    return whole;
}

// A tile would hold one column: a sum of weighted rows, which runs beside other reductions.
static gm_status emit_sum_of_rows(const gm_contraction *c) {
    static const gm_tensor product = {.op = &gm_elements[GM_ELEMENT_MULTIPLY].op, .type = GM_FLOAT32};
    const gm_shape shape = GM_SHAPE(c->N, c->C, c->R, c->S);
    gm_fused fused = {.shape = shape,
                      .layout = c->x.stride[1] == 1 ? GM_LAYOUT_HWNC : GM_LAYOUT_ROW,
                      .operand = {c->x, c->w},
                      .operand_count = 2,
                      .step[0] = {.node = &product,
                                  .input = {{.kind = GM_OPERAND_VIEW, .type = GM_FLOAT32},
                                            {.kind = GM_OPERAND_VIEW, .type = GM_FLOAT32, .index = 1}}},
                      .step_count = 1,
                      .result[0] = {.kind = GM_OPERAND_STEP, .type = GM_FLOAT32},
                      .result_count = 1};
    gm_view *gradient = &fused.operand[1], result = c->y;
    gradient->shape = shape;
    gradient->stride[1] = gradient->stride[2] = gradient->stride[3] = 0;
    result.shape = GM_SHAPE(1, c->C, c->R, c->S);
    result.stride[0] = 0;
    fused.target[0] = result;
    gm_fused after;
    if (c->epilogue) {
        after = *c->epilogue;
        after.shape = result.shape;
        after.target[0] = result;
        for (size_t i = 1; i < after.operand_count; i++)
            after.operand[i] = gm_swap_axes(&after.operand[i]); // there the first axis is c
        fused.after = &after;
    }
    return gm_emit_reduce(c->emitter, &fused, GM_AXIS(0), false);
}

gm_status gm_emit_outer(gm_contraction *c) {
    gm_emitter *emitter = c->emitter;
    if (emitter->gpu && !emitter->matrix && sums_rows(c))
        return emit_sum_of_rows(c);
    bool transposed = c->y.stride[1] == 1 && c->y.stride[0] != 1; // the result's rows run along c
    if (transposed || (c->K < 8 && c->C >= 8 && c->OH * c->OW > 1))
        swap_operands(c);
    bool thin = !emitter->gpu && c->K < 8 && c->C >= 8 && c->OH * c->OW == 1 && c->x.stride[1] == 1;
    bool spans = c->C < 8; // m counts (tap, channel) pairs
    size_t taps = c->R * c->S, m = spans ? taps * c->C : c->C, copies = spans ? 1 : taps;
    size_t unit = GM_MAX(emitter->info->compute_units, (size_t)1), wanted = GM_MAX(8 * unit, (size_t)16);
    size_t rows = c->OH * c->OW * c->N, most_parts = GM_MAX(GM_MIN(rows / 256, (size_t)64), (size_t)1);
    // Parts of the sum, where there are any, fill the device whatever the tile: the one with the least padding.
    if (emitter->gpu)
        unit = gm_gpu_full_units(emitter->info);
    const gm_gpu_tile *tile =
        emitter->gpu ? gm_gpu_tile_choose(c, m, c->K, most_parts > 1 ? copies * 64 * unit : copies, false) : NULL;
    size_t columns = thin ? c->K : gm_divide_up(c->K, tile ? tile->columns : 64),
           tiles = copies * gm_divide_up(m, tile ? tile->rows : 64);
    if (tile)
        wanted = 2 * unit * GM_MAX(GM_GPU_FULL_ITEMS / gm_gpu_tile_items(tile), (size_t)1);
    size_t parts = (size_t)(c->variant->parts * (double)gm_divide_up(wanted, columns * tiles));
    // Every tap reads all operands: where these are many, parts that stay in the cache, as far as their sum costs less.
    const size_t operands = rows * (c->C + c->K);
    if (!emitter->gpu && copies > 1 && operands > 4 * CACHED_VALUES)
        parts = GM_MAX(parts, GM_MIN(operands / CACHED_VALUES, operands / (taps * c->C * c->K)));
    parts = GM_MAX(GM_MIN(parts, most_parts), (size_t)1);
    if (thin)
        parts = 1;
    bool scratch = parts > 1 || (!emitter->gpu && !thin && c->y.stride[0] != 1 && c->K > 1);
    uint32_t kernel, target = c->y.storage;
    size_t count = c->R * c->S * c->C * c->K;
    if (scratch)
        GM_TRY(gm_emit_storage(emitter, parts * count * sizeof(float), &target));
    GM_TRY(instance(c,
                    tile && spans ? SPANS_GPU
                    : tile        ? OUTER_GPU
                    : thin        ? OUTER_THIN_CPU
                                  : OUTER_CPU,
                    !scratch, tile, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = c->name};
    gm_argument_read(&builder, c->x.storage);
    gm_argument_read(&builder, c->w.storage);
    if (scratch)
        gm_argument_write(&builder, target);
    else
        gm_argument_write_view(&builder, &c->y);
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
    size_t items = tile ? gm_gpu_tile_items(tile) : 1, global[3] = {items * columns, tiles, parts},
           local[3] = {items, 1, 1};
    GM_TRY(gm_emit_launch(&builder, kernel, 3, global, local, c->flop,
                          gm_view_bytes(&c->x) + gm_view_bytes(&c->w) + 4.0 * (double)count));
    return scratch ? gm_emit_outer_sum(c, target, parts) : GM_OK;
}

// Launches of cl/fast_cpu.cl, whose first comment is the interface that this file fills in.
#include "kernels/fast.h"

enum {
    DEPTH = 64,       // channels of a chunk of values
    WIDTH = 256,      // channels of results that are transformed at a time
    DOWN = 48,        // channels, and
    ACROSS = 64,      // outputs of a rectangle of an outer sum
    ROW_STEP = 12,    // rows come in multiples of every tile
    BLOCK_ROWS = 24,  // of a block: values that stay in the cache
    ROW_DEPTH = 16,   // has a row for as many channels at least, whatever the cache: each block reads all weights
    OUTER_ROWS = 128, // of an outer sum's block
    OUTER_LEAST = 48, // rows that are worth a part of an outer sum
};

typedef enum section { PACK = 0, ROWS, OUTER } section;

// `last`: no sum of partial results follows, which would apply the epilogue.
static gm_status instance(const gm_contraction *c, const gm_fast *f, section which, bool last, uint32_t *kernel) {
    static const char *const macro[] = {"PACK", "ROWS_CPU", "OUTER_CPU"};
    static const char *const prefix[] = {"fast_pack", "fast_rows", "fast_outer"};
    gm_kernel_text source = {.helper = "contract.cl", .body = "fast_cpu.cl", .function = which == PACK};
    const gm_toom *toom = &f->toom;
    gm_text text = {0};
    if (which != PACK)
        gm_epilogue_append(&text, last ? c->epilogue : NULL, false);
    if (which == PACK)
        gm_fast_transform(&text, "float16", "TAPS", toom->tap, toom->points, toom->taps, false);
    else
        gm_fast_transform(&text, "float16", "DATA", toom->data, toom->points, toom->points, false);
    if (which == OUTER) {
        gm_fast_transform(&text, "float16", "SPREAD", toom->result, toom->points, toom->results, true);
        gm_fast_transform(&text, "float16", "GATHER", toom->tap, toom->taps, toom->points, true);
    }
    if (which == ROWS)
        gm_fast_transform(&text, "float16", "RESULT", toom->result, toom->results, toom->points, false);
    if (which == PACK)
        gm_text_printf(&text, "#define GM_FAST_R %zu\n", c->R);
    gm_text_printf(&text,
                   "#define GM_FAST_M %zu\n#define GM_FAST_J %zu\n#define GM_FAST_N %zu\n#define GM_FAST_%s\n"
                   "#define GM_NAME @\n",
                   toom->results, toom->taps, toom->points, macro[which]);
    return gm_emit_text(c->emitter, prefix[which], &text, source, kernel);
}

// ---- Launches ----

static gm_status packed_weights(const gm_contraction *c, const gm_fast *f, uint32_t *storage) {
    const gm_view *w = &c->w;
    size_t phases = (size_t)(f->out * f->out), panels = c->K / 16;
    size_t count = phases * f->points * panels * (16 * f->depth + 16);
    uint64_t key = gm_hash(GM_HASH_START, &f->toom, sizeof f->toom);
    key = gm_hash(key, c->map, sizeof c->map);
    key = gm_view_hash(key, w);
    bool fresh;
    GM_TRY(gm_emit_shared(c->emitter, key, count * sizeof(float), storage, &fresh));
    if (!fresh)
        return GM_OK;
    uint32_t kernel;
    GM_TRY(instance(c, f, PACK, false, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, w->storage);
    gm_argument_write(&builder, *storage);
    GM_ARGUMENT_INTS(&builder, w->offset, w->stride[0], w->stride[1], w->stride[2], w->stride[3], (int64_t)c->C,
                     (int64_t)c->K, f->in, f->out, f->shift[0], f->shift[1], f->tap_base, f->tap_step);
    size_t global[3] = {panels, gm_divide_up(c->C, 64), 1}, local[3] = {1, 1, 1};
    double bytes = 4.0 * (double)(gm_shape_count(&w->shape) + count);
    return gm_emit_launch(&builder, kernel, 3, global, local, 0, bytes);
}

gm_status gm_emit_fast_rows(const gm_contraction *c) {
    gm_emitter *emitter = c->emitter;
    gm_fast f = gm_fast_describe(c);
    uint32_t kernel, weights, scratch;
    GM_TRY(packed_weights(c, &f, &weights));
    GM_TRY(instance(c, &f, ROWS, true, &kernel));
    // Work for all units: parts of the panels, each of which transforms all values, where weights are more than values;
    // else parts of the rows, each of which reads all weights, in blocks whose values fit a cache.
    size_t phases = (size_t)(f.out * f.out), rows = f.tiles[0] * f.tiles[1] * c->N,
           tiles = gm_divide_up(rows, ROW_STEP);
    size_t units = GM_MAX(emitter->info->compute_units, (size_t)1);
    size_t parts = c->K >= 2 * rows ? GM_MIN(gm_divide_up(units, phases), gm_divide_up(c->K, 32)) : 1;
    size_t groups = GM_MIN(gm_divide_up(parts > 1 ? units : 2 * units, phases * parts), tiles);
    // Blocks of equal length, about as long as wanted: a short last one would read all weights, too.
    size_t wanted = GM_MAX((size_t)BLOCK_ROWS, f.depth / ROW_DEPTH) / ROW_STEP;
    size_t blocks = GM_MAX((gm_divide_up(tiles, groups) + wanted / 2) / wanted, (size_t)1);
    size_t block = gm_divide_up(gm_divide_up(tiles, groups), blocks) * ROW_STEP;
    size_t line = (DEPTH + 16) * gm_divide_up(f.depth, DEPTH) + 16 * gm_divide_up(c->K / 16, parts) + 16;
    size_t floats = f.points * block * line + WIDTH * f.toom.results * f.toom.results;
    GM_TRY(gm_emit_storage(emitter, phases * groups * parts * floats * sizeof(float), &scratch));
    gm_launch_builder builder = {.emitter = emitter, .label = c->name};
    gm_argument_read(&builder, c->x.storage);
    gm_argument_read(&builder, weights);
    gm_argument_write(&builder, scratch);
    gm_argument_write(&builder, c->y.storage);
    GM_ARGUMENT_INTS(&builder, c->x.offset, c->x.stride[2], c->x.stride[3], c->x.stride[0], (int64_t)c->IH,
                     (int64_t)c->IW, c->y.offset, c->y.stride[2], c->y.stride[3], c->y.stride[0], (int64_t)c->OH,
                     (int64_t)c->OW, (int64_t)c->N, (int64_t)c->C, (int64_t)c->K, (int64_t)f.tiles[0],
                     (int64_t)f.tiles[1], f.in, f.out, f.shift[0], f.shift[1], f.base[0], f.base[1], (int64_t)block);
    gm_epilogue_arguments(&builder, c->epilogue);
    double bytes =
        4.0 * (double)(gm_shape_count(&c->x.shape) + gm_shape_count(&c->w.shape) + gm_shape_count(&c->y.shape));
    size_t global[3] = {parts, groups, phases}, local[3] = {1, 1, 1};
    return gm_emit_launch(&builder, kernel, 3, global, local, c->flop, bytes);
}

// Here w is the gradient g.
gm_status gm_emit_fast_outer(const gm_contraction *c) {
    gm_emitter *emitter = c->emitter;
    gm_fast f = gm_fast_describe(c);
    uint32_t kernel, scratch, target = c->y.storage;
    // Work for all units: as in rows, where all values meet many outputs, or many values.
    size_t rows = f.tiles[0] * f.tiles[1] * c->N, phases = (size_t)(f.in * f.in), across = gm_divide_up(c->K, ACROSS);
    size_t units = GM_MAX(emitter->info->compute_units, (size_t)1), most = GM_MAX(rows / OUTER_LEAST, (size_t)1);
    bool split_outputs = c->K >= 2 * rows;
    size_t columns = split_outputs ? GM_MIN(units, across) : 1, parts = GM_MIN(gm_divide_up(units, columns), most);
    if (!split_outputs)
        columns = GM_MIN(gm_divide_up(units, parts), across);
    size_t part_rows = gm_divide_up(rows, parts), block = gm_divide_up(part_rows, gm_divide_up(part_rows, OUTER_ROWS));
    // Rows of a block alone need no more than one phase's values at a time; gradients, which all phases meet, and sums
    // between blocks are kept.
    bool kept = part_rows > block;
    size_t together = kept ? phases : 1, down = gm_divide_up(together * c->C, DOWN);
    size_t sums = kept ? down * gm_divide_up(across, columns) : 1, count = c->R * c->S * c->C * c->K;
    size_t floats =
        f.points * (block * (DOWN * down + ACROSS * gm_divide_up(across, columns)) + sums * (DOWN * ACROSS + 16)) +
        WIDTH * f.toom.taps * f.toom.taps;
    bool partial = parts > 1 || c->y.stride[0] != 1;
    if (partial)
        GM_TRY(gm_emit_storage(emitter, parts * count * sizeof(float), &target));
    GM_TRY(gm_emit_storage(emitter, parts * columns * floats * sizeof(float), &scratch));
    GM_TRY(instance(c, &f, OUTER, !partial, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = c->name};
    gm_argument_read(&builder, c->x.storage);
    gm_argument_read(&builder, c->w.storage);
    gm_argument_write(&builder, scratch);
    gm_argument_write(&builder, target);
    GM_ARGUMENT_INTS(&builder, c->x.offset, c->x.stride[2], c->x.stride[3], c->x.stride[0], (int64_t)c->IH,
                     (int64_t)c->IW, c->w.offset, c->w.stride[2], c->w.stride[3], c->w.stride[0], (int64_t)c->OH,
                     (int64_t)c->OW, (int64_t)c->N, (int64_t)c->C, (int64_t)c->K, (int64_t)f.tiles[0],
                     (int64_t)f.tiles[1], (int64_t)c->R, f.in, f.base[0], f.base[1], (int64_t)block, (int64_t)together);
    if (partial)
        GM_ARGUMENT_INTS(&builder, 0, (int64_t)count, (int64_t)(c->S * c->C * c->K), (int64_t)(c->C * c->K),
                         (int64_t)c->K);
    else
        GM_ARGUMENT_INTS(&builder, c->y.offset, 0, c->y.stride[2], c->y.stride[3], c->y.stride[1]);
    if (!partial)
        gm_epilogue_arguments(&builder, c->epilogue);
    double bytes = 4.0 * (double)(gm_shape_count(&c->x.shape) + gm_shape_count(&c->w.shape) + count);
    size_t global[3] = {columns, parts, 1}, local[3] = {1, 1, 1};
    GM_TRY(gm_emit_launch(&builder, kernel, 3, global, local, c->flop, bytes));
    return partial ? gm_emit_outer_sum(c, target, parts) : GM_OK;
}

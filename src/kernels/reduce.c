// Reductions, generated: sums or maxima of fused float expressions over a set of axes, several of them in one pass.
//
// Two shapes of kernel, by what the innermost dimension is:
//   row     it is reduced: a work-item (GPU: a work-group) walks along it and folds its lanes at the end (GPU: as
//           cl/subgroup.cl does)
//   column  it is kept: neighbouring results are accumulated side by side while walking over the reduced rows
// A long reduction is split into parts that write partial results, which a second launch folds in order, so results
// repeat bit for bit. Sums run in blocks (a partial sum per block, then their sum), so that the rounding error grows
// with the block and the number of blocks, not with their product.
#include "kernels/reduce.h"

enum { LEAST_SPLIT = 32 * GPU_LOCAL }; // values of a GPU's work-group: fewer take less than another launch

static gm_status emit_pass(gm_reduction *r, int64_t part_stride) {
    gm_text text = {0};
    gm_reduction_text(&text, r);
    uint32_t kernel;
    GM_TRY(gm_emit_text(
        r->emitter, r->column ? "reduce_column" : "reduce_row", &text,
        (gm_kernel_text){.function = true, .local = r->gpu, .helper = r->gpu && !r->column ? "subgroup.cl" : NULL},
        &kernel));
    gm_launch_builder builder = {.emitter = r->emitter};
    gm_space_arguments(&builder, &r->space, r->fused);
    size_t inner_parts = (r->inner + r->inner_per_part - 1) / r->inner_per_part;
    gm_argument_int(&builder, (int64_t)r->rows);
    gm_argument_int(&builder, (int64_t)r->rows_per_part);
    gm_argument_int(&builder, (int64_t)r->inner_per_part);
    gm_argument_int(&builder, (int64_t)inner_parts);
    gm_argument_int(&builder, part_stride);
    size_t global[3] = {r->kept_total, r->parts, 1}, local[3] = {1, 1, 1}, dims = 2;
    if (r->column) {
        dims = 3;
        global[0] = inner_parts;
        global[1] = r->kept_total;
        global[2] = r->parts;
    }
    if (r->gpu) {
        local[0] = GPU_LOCAL;
        global[0] = GPU_LOCAL * (r->column ? (r->inner + GPU_COLUMNS - 1) / GPU_COLUMNS : global[0]);
    }
    double bytes = 0, total = (double)gm_shape_count(&r->fused->shape);
    for (size_t i = 0; i < r->fused->operand_count; i++)
        bytes += (double)gm_view_element_bytes(&r->fused->operand[i]) * total;
    return gm_emit_launch(&builder, kernel, dims, global, local, total * (double)gm_fused_cost(r->fused), bytes);
}

// How many parts: enough work-items for every compute unit, none with too little to do.
static void choose_parts(gm_reduction *r, bool may_split) {
    size_t unit = GM_MAX(r->emitter->info->compute_units, (size_t)1);
    size_t items = r->kept_total * (r->column ? (r->inner + COLUMNS - 1) / COLUMNS : 1);
    size_t work = r->rows * (r->column ? GM_MIN(r->inner, (size_t)COLUMNS) : r->inner);
    size_t wanted = (r->gpu ? 4 : 2) * unit, least = r->gpu ? 4096 : 32768;
    size_t parts = may_split && items < wanted ? GM_MIN((wanted + items - 1) / items, work / least) : 1;
    if (r->gpu && r->rows * (r->column ? (size_t)GPU_COLUMNS : r->inner) <= (size_t)LEAST_SPLIT)
        parts = 1;
    parts = GM_MIN(GM_MAX(parts, (size_t)1), (size_t)256);
    r->rows_per_part = r->rows;
    r->inner_per_part = r->column ? GM_MIN(r->inner, (size_t)COLUMNS) : r->inner;
    r->parts = 1;
    if (parts > 1 && r->rows >= parts) {
        r->rows_per_part = (r->rows + parts - 1) / parts;
        r->parts = (r->rows + r->rows_per_part - 1) / r->rows_per_part;
    } else if (parts > 1 && !r->column && r->rows == 1) {
        r->inner_per_part = ((r->inner + parts - 1) / parts + VECTOR - 1) / VECTOR * VECTOR;
        r->parts = (r->inner + r->inner_per_part - 1) / r->inner_per_part;
    }
}

static void describe(gm_reduction *r, const gm_fused *fused, uint32_t axes) {
    r->fused = fused;
    gm_space_create(&r->space, fused, axes);
    size_t inner = r->space.rank - 1;
    r->column = !r->space.reduced[inner];
    r->kept_count = r->walked_count = 0;
    r->kept_total = r->rows = 1;
    r->inner = r->space.dim[inner];
    for (size_t d = 0; d < inner; d++) {
        if (r->space.reduced[d]) {
            r->walked[r->walked_count++] = d;
            r->rows *= r->space.dim[d];
        } else {
            r->kept[r->kept_count++] = d;
            r->kept_total *= r->space.dim[d];
        }
    }
}

// Without the dimensions of size 1, behind one along which the parts lie.
static gm_view behind_parts(const gm_view *x) {
    gm_view y = *x;
    y.shape = (gm_shape){.rank = 1, .dim = {1}};
    y.stride[0] = 0;
    for (size_t i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] != 1) {
            y.shape.dim[y.shape.rank] = x->shape.dim[i];
            y.stride[y.shape.rank++] = x->stride[i];
        }
    return y;
}

// Folds the parts of `count` results from number `begin` on, which the first pass wrote.
static gm_status emit_last(gm_emitter *emitter, const gm_fused *first, const gm_fused *fused, size_t begin,
                           size_t count, size_t parts, bool maximum) {
    gm_fused last = {.operand_count = count, .result_count = count}, after;
    for (size_t k = 0; k < count; k++) {
        last.target[k] = behind_parts(&fused->target[begin + k]);
        last.shape = last.target[k].shape;
        last.shape.dim[0] = parts;
        last.operand[k] = gm_view_create(first->target[begin + k].storage, GM_FLOAT32, &last.shape, GM_LAYOUT_ROW);
        last.result[k] = (gm_step_input){.kind = GM_OPERAND_VIEW, .type = GM_FLOAT32, .index = k};
    }
    if (fused->after) {
        after = *fused->after;
        for (size_t k = 0; k < after.operand_count; k++)
            after.operand[k] = behind_parts(&after.operand[k]);
        for (size_t k = 0; k < after.result_count; k++)
            after.target[k] = behind_parts(&after.target[k]);
        last.after = &after;
    }
    gm_reduction r = {.emitter = emitter, .maximum = maximum, .gpu = emitter->gpu};
    describe(&r, &last, GM_AXIS(0));
    choose_parts(&r, false);
    return emit_pass(&r, 0);
}

gm_status gm_emit_reduce(gm_emitter *emitter, const gm_fused *fused, uint32_t axes, bool maximum) {
    gm_reduction r = {.emitter = emitter, .maximum = maximum, .gpu = emitter->gpu};
    describe(&r, fused, axes);
    size_t kept = gm_shape_count(&fused->target[0].shape);
    bool may_split = true;
    for (size_t k = 0; k < fused->result_count; k++) {
        gm_view flat; // the target as a row of results
        may_split = may_split && gm_view_reshape(&fused->target[k], &(gm_shape){.rank = 2, .dim = {1, kept}}, &flat);
    }
    choose_parts(&r, may_split);
    if (r.parts == 1)
        return emit_pass(&r, 0);

    gm_fused first = *fused;
    first.after = NULL;
    for (size_t k = 0; k < fused->result_count; k++) {
        uint32_t storage;
        GM_TRY(gm_emit_storage(emitter, r.parts * kept * gm_type_size(fused->result[k].type), &storage));
        first.target[k] = gm_view_create(storage, fused->result[k].type, &fused->target[k].shape, GM_LAYOUT_ROW);
    }
    describe(&r, &first, axes); // the partials' strides may merge dimensions in another way
    choose_parts(&r, true);
    GM_TRY(emit_pass(&r, (int64_t)kept));
    if (fused->after)
        return emit_last(emitter, &first, fused, 0, fused->result_count, r.parts, maximum);
    for (size_t k = 0; k < fused->result_count; k++)
        GM_TRY(emit_last(emitter, &first, fused, k, 1, r.parts, maximum));
    return GM_OK;
}

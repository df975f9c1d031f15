// Reductions, generated: sums or maxima of fused float expressions over a set of axes, several of them in one pass.
//
// Two shapes of kernel, by what the innermost dimension is:
//   row     it is reduced: a work-item (GPU: a work-group) walks along it and folds its lanes at the end (GPU: as
//           cl/subgroup.cl does)
//   column  it is kept: neighbouring results are accumulated side by side while walking over the reduced rows
// A long reduction is split into parts that write partial results, which a second launch folds in order, so results
// repeat bit for bit. Sums run in blocks (a partial sum per block, then their sum), so that the rounding error grows
// with the block and the number of blocks, not with their product.
#include "kernels/space.h"

#include <stdio.h>

enum {
    BLOCK = 1024,
    BLOCK_ROWS = 64,
    ROWS_AT_ONCE = 4,
    COLUMNS = 256,
    GPU_LOCAL = 256, // GM_FOLD_ITEMS of subgroup.cl, GPU_COLUMNS times GPU_LANES
    GPU_COLUMNS = 32,
    GPU_LANES = 8,
    VECTOR = 8
};

typedef struct reduction {
    gm_emitter *emitter;
    const gm_fused *fused;
    gm_space space;
    bool maximum, column, gpu;
    size_t kept[GM_MAX_RANK], kept_count;        // outer kept dimensions
    size_t walked[GM_MAX_RANK], walked_count;    // outer reduced dimensions
    size_t kept_total, rows, inner;              // products of those, and the innermost dimension
    size_t parts, rows_per_part, inner_per_part; // row kernels split rows or, where there is one, the inner dimension
} reduction;

static const char *start_value(const reduction *r) {
    return r->maximum ? "-INFINITY" : "0.0f";
}

// "into = into combined with value"; a NaN wins a maximum.
static void append_combine(gm_text *text, const reduction *r, const char *into, const char *value) {
    if (r->maximum)
        gm_text_printf(text, "%s = select(%s, %s, (%s > %s) | (%s != %s));\n", into, into, value, value, into, value,
                       value);
    else
        gm_text_printf(text, "%s += %s;\n", into, value);
}

static void append_pointers(gm_text *text, const reduction *r, size_t from, size_t to, const char *indent) {
    for (size_t v = from; v < to; v++) {
        bool operand = v < r->fused->operand_count;
        const gm_view *view = operand ? &r->fused->operand[v] : &r->fused->target[v - r->fused->operand_count];
        gm_text_printf(text, "%s__global %s%s *p%zu = ", indent, operand ? "const " : "", gm_view_element_type(view),
                       v);
        gm_text_printf(text, "a%zu + o%zu", v, v);
        for (size_t d = 0; d + 1 < r->space.rank; d++)
            if (r->space.stride[v][d] != 0) // what does not move is loaded once
                gm_text_printf(text, " + i%zu * a%zu_%zu", d, v, d);
        gm_text_append(text, operand ? ";\n" : " + part * part_stride;\n");
    }
}

// Loads, steps and one fold per result into the accumulators named `into`0, `into`1, … Lanes past a row's end are
// neutral; those past the last column never leave their register.
static void append_body(gm_text *text, const reduction *r, size_t width, const char *into, const char *indent) {
    const char *m = width > 1 && r->inner % VECTOR ? "end - i" : NULL;
    gm_space_loads(text, &r->space, r->fused, width, m, indent);
    gm_fused_steps(text, r->fused, indent, width);
    for (size_t k = 0; k < r->fused->result_count; k++) {
        char name[32];
        snprintf(name, sizeof name, "%s%zu", into, k);
        bool keep = m && !r->column;
        gm_text_printf(text, "%s{ const %s v = ", indent, gm_type_name(GM_FLOAT32, width));
        if (keep)
            gm_text_append(text, "gm_keep_float(");
        gm_fused_input(text, &r->fused->result[k], width);
        if (keep)
            gm_text_printf(text, ", %s, %s)", m, start_value(r));
        gm_text_append(text, "; ");
        append_combine(text, r, name, "v");
        gm_text_printf(text, "%s}\n", indent);
    }
}

static void append_head(gm_text *text, const reduction *r) {
    if (r->gpu)
        gm_text_printf(text, "enum { @_local = %zu };\n", r->fused->result_count * GPU_LOCAL);
    gm_text_append(text, r->gpu ? "GM_FUNCTION void @(GM_PLACE, __local float *l, " : "GM_FUNCTION void @(GM_PLACE, ");
    gm_space_parameters(text, &r->space, r->fused);
    gm_text_append(text, ", const int rows, const int rows_per, const int inner_per, "
                         "const int inner_parts, const int part_stride) {\n");
}

static void append_accumulators(gm_text *text, const reduction *r, const char *name, size_t width, const char *indent) {
    for (size_t k = 0; k < r->fused->result_count; k++) {
        const char *type = gm_type_name(GM_FLOAT32, width);
        gm_text_printf(text, "%s%s %s%zu = (%s)(%s);\n", indent, type, name, k, type, start_value(r));
    }
}

// Adds the block's accumulators to the totals.
static void append_fold(gm_text *text, const reduction *r, const char *indent) {
    for (size_t k = 0; k < r->fused->result_count; k++) {
        char total[32], block[32];
        snprintf(total, sizeof total, "t%zu", k);
        snprintf(block, sizeof block, "b%zu", k);
        gm_text_append(text, indent);
        append_combine(text, r, total, block);
    }
}

static void append_row_cpu(gm_text *text, const reduction *r) {
    append_head(text, r);
    gm_text_printf(text,
                   "    const int part = group.y, inner = part %% inner_parts;\n"
                   "    const int first = part / inner_parts * rows_per, last = min(first + rows_per, rows);\n"
                   "    const int begin = inner * inner_per, end = min(begin + inner_per, n%zu);\n    {\n",
                   r->space.rank - 1);
    gm_space_split(text, "group.x", r->kept, r->kept_count, "        ");
    append_accumulators(text, r, "t", VECTOR, "        ");
    gm_text_append(text, "        for (int row = first; row < last; row++) {\n");
    gm_space_split(text, "row", r->walked, r->walked_count, "            ");
    append_pointers(text, r, 0, r->fused->operand_count, "            ");
    gm_text_printf(text, "            for (int block = begin; block < end; block += %d) {\n", BLOCK);
    gm_text_printf(text, "                const int stop = min(block + %d, end);\n", BLOCK);
    append_accumulators(text, r, "b", VECTOR, "                ");
    gm_text_append(text, "                for (int i = block; i < stop; i += 8) {\n");
    append_body(text, r, VECTOR, "b", "                    ");
    gm_text_append(text, "                }\n");
    append_fold(text, r, "                ");
    gm_text_append(text, "            }\n        }\n");
    append_pointers(text, r, r->fused->operand_count, r->space.view_count, "        ");
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "        p%zu[0] = gm_%s_%s(t%zu);\n", r->fused->operand_count + k,
                       r->maximum ? "max" : "sum", gm_type_name(GM_FLOAT32, 1), k);
    gm_text_append(text, "    }\n}\n");
}

// One row's vector of columns at `i`, combined into the accumulators named b0, b1, …
static void append_row_of_columns(gm_text *text, const reduction *r, size_t offset) {
    gm_text_printf(text, "                { const int row = at_row + %zu;\n", offset);
    gm_space_split(text, "row", r->walked, r->walked_count, "                ");
    append_pointers(text, r, 0, r->fused->operand_count, "                ");
    append_body(text, r, VECTOR, "b", "                ");
    gm_text_append(text, "                }\n");
}

// `step` rows at a time, along all columns: memory is read in order, and the block's sums stay in the cache.
static void append_rows_of_columns(gm_text *text, const reduction *r, size_t step) {
    gm_text_printf(text, "        for (; at_row + %zu <= stop; at_row += %zu)\n", step, step);
    gm_text_append(text, "            for (int i = begin; i < end; i += 8) {\n"
                         "                const int at = (i - begin) / 8;\n");
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "                %s b%zu = block%zu[at];\n", gm_type_name(GM_FLOAT32, VECTOR), k, k);
    for (size_t row = 0; row < step; row++)
        append_row_of_columns(text, r, row);
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "                block%zu[at] = b%zu;\n", k, k);
    gm_text_append(text, "            }\n");
}

static void append_column_cpu(gm_text *text, const reduction *r) {
    const char *type = gm_type_name(GM_FLOAT32, VECTOR);
    size_t inner = r->space.rank - 1;
    bool is_short = r->fused->step_count * r->fused->result_count <= 12;
    append_head(text, r);
    gm_text_printf(text,
                   "    const int part = group.z;\n"
                   "    const int first = part * rows_per, last = min(first + rows_per, rows);\n"
                   "    const int begin = group.x * inner_per, end = min(begin + inner_per, n%zu);\n",
                   inner);
    gm_space_split(text, "group.y", r->kept, r->kept_count, "    ");
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "    %s t%zu[%d], block%zu[%d];\n", type, k, COLUMNS / VECTOR, k, COLUMNS / VECTOR);
    gm_text_printf(text, "    for (int at = 0; at < %d; at++) {\n", COLUMNS / VECTOR);
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "        t%zu[at] = block%zu[at] = (%s)(%s);\n", k, k, type, start_value(r));
    gm_text_append(text, "    }\n    int at_row = first;\n    while (at_row < last) {\n");
    gm_text_printf(text, "        const int stop = min(at_row + %d, last);\n", BLOCK_ROWS);
    if (is_short)
        append_rows_of_columns(text, r, ROWS_AT_ONCE);
    append_rows_of_columns(text, r, 1);
    gm_text_append(text, "        for (int at = 0; at * 8 < end - begin; at++) {\n");
    for (size_t k = 0; k < r->fused->result_count; k++) {
        char total[32], block[32];
        snprintf(total, sizeof total, "t%zu[at]", k);
        snprintf(block, sizeof block, "block%zu[at]", k);
        gm_text_append(text, "            ");
        append_combine(text, r, total, block);
        gm_text_printf(text, "            %s = (%s)(%s);\n", block, type, start_value(r));
    }
    gm_text_append(text, "        }\n    }\n");
    append_pointers(text, r, r->fused->operand_count, r->space.view_count, "    ");
    gm_text_append(text, "    for (int i = begin; i < end; i += 8) {\n        const int m = end - i;\n");
    for (size_t k = 0; k < r->fused->result_count; k++) {
        size_t v = r->fused->operand_count + k;
        if (r->space.stride[v][inner] == 1)
            gm_text_printf(text, "        gm_store_%s(p%zu + i, m, t%zu[(i - begin) / 8]);\n",
                           gm_type_name(GM_FLOAT32, 1), v, k);
        else
            gm_text_printf(text, "        gm_scatter_%s(p%zu + i * a%zu_%zu, a%zu_%zu, m, t%zu[(i - begin) / 8]);\n",
                           gm_type_name(GM_FLOAT32, 1), v, v, inner, v, inner, k);
    }
    gm_text_append(text, "    }\n}\n");
}

// Folds a column's values in local memory, one to each of GPU_LANES lanes.
static void append_tree(gm_text *text, const reduction *r) {
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "    l%zu[slot] = t%zu;\n", k, k);
    gm_text_append(text, "    barrier(CLK_LOCAL_MEM_FENCE);\n");
    for (int half = GPU_LANES / 2; half > 0; half /= 2) {
        gm_text_printf(text, "    if (lane < %d) {\n", half);
        for (size_t k = 0; k < r->fused->result_count; k++) {
            gm_text_printf(text, "        { const float v = l%zu[slot + %d]; float w = l%zu[slot]; ", k,
                           half * GPU_COLUMNS, k);
            append_combine(text, r, "w", "v");
            gm_text_printf(text, "        l%zu[slot] = w; }\n", k);
        }
        gm_text_append(text, "    }\n    barrier(CLK_LOCAL_MEM_FENCE);\n");
    }
}

static void append_row_gpu(gm_text *text, const reduction *r) {
    size_t results = r->fused->result_count;
    append_head(text, r);
    gm_text_printf(text,
                   "    const int lane = get_local_id(0), part = group.y, inner = part %% inner_parts;\n"
                   "    const int first = part / inner_parts * rows_per, last = min(first + rows_per, rows);\n"
                   "    const int begin = inner * inner_per, length = min(inner_per, n%zu - begin);\n",
                   r->space.rank - 1);
    gm_space_split(text, "group.x", r->kept, r->kept_count, "    ");
    append_accumulators(text, r, "t", 1, "    ");
    if (r->walked_count == 0) // no row is divided out
        gm_text_printf(text, "    for (int i = begin + lane; i < begin + length; i += %d) {\n", GPU_LOCAL);
    else
        gm_text_printf(text,
                       "    for (int e = lane; e < (last - first) * length; e += %d) {\n"
                       "        const int row = first + e / length, i = begin + e %% length;\n",
                       GPU_LOCAL);
    gm_space_split(text, "row", r->walked, r->walked_count, "        ");
    append_pointers(text, r, 0, r->fused->operand_count, "        ");
    append_body(text, r, 1, "t", "        ");
    gm_text_append(text, "    }\n");
    gm_text_printf(text, "    float t[%zu];\n", results);
    for (size_t k = 0; k < results; k++)
        gm_text_printf(text, "    t[%zu] = t%zu;\n", k, k);
    gm_text_printf(text, "    gm_fold_%s(t, %zu, lane, l);\n", r->maximum ? "max" : "sum", results);
    append_pointers(text, r, r->fused->operand_count, r->space.view_count, "    ");
    for (size_t k = 0; k < results; k++)
        gm_text_printf(text, "    if (lane == 0)\n        p%zu[0] = t[%zu];\n", r->fused->operand_count + k, k);
    gm_text_append(text, "}\n");
}

static void append_column_gpu(gm_text *text, const reduction *r) {
    size_t inner = r->space.rank - 1;
    append_head(text, r);
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "    __local float *l%zu = l + %zu;\n", k, k * GPU_LOCAL);
    gm_text_printf(text,
                   "    const int lane = get_local_id(0) / %d, slot = get_local_id(0), part = group.z;\n"
                   "    const int first = part * rows_per, last = min(first + rows_per, rows);\n"
                   "    const int i = group.x * %d + slot %% %d;\n",
                   GPU_COLUMNS, GPU_COLUMNS, GPU_COLUMNS);
    gm_space_split(text, "group.y", r->kept, r->kept_count, "    ");
    append_accumulators(text, r, "t", 1, "    ");
    gm_text_printf(text, "    for (int row = first + lane; i < n%zu && row < last; row += %d) {\n", inner, GPU_LANES);
    gm_space_split(text, "row", r->walked, r->walked_count, "        ");
    append_pointers(text, r, 0, r->fused->operand_count, "        ");
    append_body(text, r, 1, "t", "        ");
    gm_text_append(text, "    }\n");
    append_tree(text, r);
    append_pointers(text, r, r->fused->operand_count, r->space.view_count, "    ");
    for (size_t k = 0; k < r->fused->result_count; k++) {
        size_t v = r->fused->operand_count + k;
        gm_text_printf(text, "    if (lane == 0 && i < n%zu)\n        p%zu[i * a%zu_%zu] = l%zu[slot];\n", inner, v, v,
                       inner, k);
    }
    gm_text_append(text, "}\n");
}

static gm_status emit_pass(reduction *r, int64_t part_stride) {
    gm_text text = {0};
    if (r->column)
        (r->gpu ? append_column_gpu : append_column_cpu)(&text, r);
    else
        (r->gpu ? append_row_gpu : append_row_cpu)(&text, r);
    uint32_t kernel;
    gm_status status = text.failed
                           ? gm_fail_memory(text.capacity, "a kernel's text")
                           : gm_emit_kernel(r->emitter, r->column ? "reduce_column" : "reduce_row",
                                            &(gm_kernel_text){.text = text.data,
                                                              .function = true,
                                                              .local = r->gpu,
                                                              .helper = r->gpu && !r->column ? "subgroup.cl" : NULL},
                                            &kernel);
    gm_text_finish(&text);
    GM_TRY(status);
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
static void choose_parts(reduction *r, bool may_split) {
    size_t unit = GM_MAX(r->emitter->info->compute_units, (size_t)1);
    size_t items = r->kept_total * (r->column ? (r->inner + COLUMNS - 1) / COLUMNS : 1);
    size_t work = r->rows * (r->column ? GM_MIN(r->inner, (size_t)COLUMNS) : r->inner);
    size_t wanted = (r->gpu ? 4 : 2) * unit, least = r->gpu ? 4096 : 32768;
    size_t parts = may_split && items < wanted ? GM_MIN((wanted + items - 1) / items, work / least) : 1;
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

static void describe(reduction *r, const gm_fused *fused, uint32_t axes) {
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

gm_status gm_emit_reduce(gm_emitter *emitter, const gm_fused *fused, uint32_t axes, bool maximum) {
    reduction r = {.emitter = emitter, .maximum = maximum, .gpu = emitter->gpu};
    describe(&r, fused, axes);
    size_t kept = gm_shape_count(&fused->target[0].shape);
    gm_fused second = {.shape = {.rank = 2, .dim = {0, kept}}, .result_count = 1};
    bool may_split = true;
    for (size_t k = 0; k < fused->result_count; k++) {
        gm_view flat; // the target as a row of results
        may_split = may_split && gm_view_reshape(&fused->target[k], &(gm_shape){.rank = 2, .dim = {1, kept}}, &flat);
    }
    choose_parts(&r, may_split);
    if (r.parts == 1)
        return emit_pass(&r, 0);

    gm_fused first = *fused;
    for (size_t k = 0; k < fused->result_count; k++) {
        uint32_t storage;
        GM_TRY(gm_emit_storage(emitter, r.parts * kept * gm_type_size(fused->result[k].type), &storage));
        first.target[k] = gm_view_create(storage, fused->result[k].type, &fused->target[k].shape, GM_LAYOUT_ROW);
    }
    describe(&r, &first, axes); // the partials' strides may merge dimensions in another way
    choose_parts(&r, true);
    GM_TRY(emit_pass(&r, (int64_t)kept));
    second.shape.dim[0] = r.parts;
    for (size_t k = 0; k < fused->result_count; k++) {
        second.operand[0] =
            gm_view_create(first.target[k].storage, fused->result[k].type, &second.shape, GM_LAYOUT_ROW);
        second.operand_count = 1;
        second.result[0] = (gm_step_input){.kind = GM_OPERAND_VIEW, .type = fused->result[k].type};
        gm_view_reshape(&fused->target[k], &(gm_shape){.rank = 2, .dim = {1, kept}}, &second.target[0]);
        reduction last = {.emitter = emitter, .maximum = maximum, .gpu = emitter->gpu};
        describe(&last, &second, GM_AXIS(0));
        choose_parts(&last, false);
        GM_TRY(emit_pass(&last, 0));
    }
    return GM_OK;
}

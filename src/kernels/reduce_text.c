// What a pass of a reduction is as OpenCL C: for CPUs and GPUs, along rows and columns. On GPUs group.w says that the
// group is idle (kernels.h).
#include "kernels/reduce.h"

#include <stdio.h>

enum { BLOCK = 1024, BLOCK_ROWS = 64, ROWS_AT_ONCE = 4 };

static const char *start_value(const gm_reduction *r) {
    return r->maximum ? "-INFINITY" : "0.0f";
}

// "into = into combined with value"; a NaN wins a maximum.
static void append_combine(gm_text *text, const gm_reduction *r, const char *into, const char *value) {
    if (r->maximum)
        gm_text_printf(text, "%s = select(%s, %s, (%s > %s) | (%s != %s));\n", into, into, value, value, into, value,
                       value);
    else
        gm_text_printf(text, "%s += %s;\n", into, value);
}

static void append_pointers(gm_text *text, const gm_reduction *r, size_t from, size_t to, const char *indent) {
    for (size_t v = from; v < to; v++) {
        bool operand = v < gm_space_reads(r->fused);
        gm_text_printf(text, "%s__global %s%s *p%zu = ", indent, operand ? "const " : "",
                       gm_view_element_type(gm_space_view(r->fused, v)), v);
        gm_text_printf(text, "a%zu + o%zu", v, v);
        for (size_t d = 0; d + 1 < r->space.rank; d++)
            if (r->space.stride[v][d] != 0) // what does not move is loaded once
                gm_text_printf(text, " + i%zu * a%zu_%zu", d, v, d);
        gm_text_append(text, operand ? ";\n" : " + part * part_stride;\n");
    }
}

// Loads, steps and one fold per result into the accumulators named `into`0, `into`1, … Lanes past a row's end are
// neutral; those past the last column never leave their register.
static void append_body(gm_text *text, const gm_reduction *r, size_t width, const char *into, const char *indent) {
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

static void append_head(gm_text *text, const gm_reduction *r) {
    if (r->gpu)
        gm_text_printf(text, "enum { @_local = %zu };\n", r->fused->result_count * GPU_LOCAL);
    gm_text_append(text, r->gpu ? "GM_FUNCTION void @(GM_PLACE, __local float *l, " : "GM_FUNCTION void @(GM_PLACE, ");
    gm_space_parameters(text, &r->space, r->fused);
    gm_text_append(text, ", const int rows, const int rows_per, const int inner_per, "
                         "const int inner_parts, const int part_stride) {\n");
}

static void append_accumulators(gm_text *text, const gm_reduction *r, const char *name, size_t width,
                                const char *indent) {
    for (size_t k = 0; k < r->fused->result_count; k++) {
        const char *type = gm_type_name(GM_FLOAT32, width);
        gm_text_printf(text, "%s%s %s%zu = (%s)(%s);\n", indent, type, name, k, type, start_value(r));
    }
}

// Adds the block's accumulators to the totals.
static void append_fold(gm_text *text, const gm_reduction *r, const char *indent) {
    for (size_t k = 0; k < r->fused->result_count; k++) {
        char total[32], block[32];
        snprintf(total, sizeof total, "t%zu", k);
        snprintf(block, sizeof block, "b%zu", k);
        gm_text_append(text, indent);
        append_combine(text, r, total, block);
    }
}

static void append_row_cpu(gm_text *text, const gm_reduction *r) {
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
static void append_row_of_columns(gm_text *text, const gm_reduction *r, size_t offset) {
    gm_text_printf(text, "                { const int row = at_row + %zu;\n", offset);
    gm_space_split(text, "row", r->walked, r->walked_count, "                ");
    append_pointers(text, r, 0, r->fused->operand_count, "                ");
    append_body(text, r, VECTOR, "b", "                ");
    gm_text_append(text, "                }\n");
}

// `step` rows at a time, along all columns: memory is read in order, and the block's sums stay in the cache.
static void append_rows_of_columns(gm_text *text, const gm_reduction *r, size_t step) {
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

static void append_column_cpu(gm_text *text, const gm_reduction *r) {
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

// Stores the results, called `total` of their number (and `slot`), or what `after` makes of them, from one lane.
static void append_results_gpu(gm_text *text, const gm_reduction *r, const char *lane, const char *total) {
    const gm_fused *fused = r->fused, *after = fused->after;
    size_t reads = gm_space_reads(fused);
    char name[32];
    append_pointers(text, r, fused->operand_count, r->space.view_count, "    ");
    gm_text_printf(text, "    if (%s) {\n", lane);
    for (size_t k = 0; k < fused->result_count; k++) {
        snprintf(name, sizeof name, total, k);
        gm_text_printf(text, "        const float x%zu = %s;\n", k, name);
    }
    for (size_t k = fused->result_count; after && k < after->operand_count; k++) {
        gm_text_printf(text, "        const %s x%zu = ", gm_type_name(after->operand[k].type, 1), k);
        gm_space_load(text, &r->space, fused, fused->operand_count + k - fused->result_count);
    }
    if (after)
        gm_fused_steps(text, after, "        ", 1);
    for (size_t k = 0; k < (after ? after : fused)->result_count; k++) {
        const gm_step_input own = {.kind = GM_OPERAND_VIEW, .type = GM_FLOAT32, .index = k};
        gm_space_store(text, &r->space, fused, reads + k, after ? &after->result[k] : &own, "        ");
    }
    gm_text_append(text, "    }\n");
}

// Folds a column's values in local memory, one to each of GPU_LANES lanes.
static void append_tree(gm_text *text, const gm_reduction *r) {
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

static void append_row_gpu(gm_text *text, const gm_reduction *r) {
    size_t results = r->fused->result_count;
    append_head(text, r);
    gm_text_printf(text,
                   "    const int lane = get_local_id(0), part = group.y, inner = part %% inner_parts;\n"
                   "    const int first = part / inner_parts * rows_per, last = min(first + rows_per, rows);\n"
                   "    const int begin = inner * inner_per, length = group.w ? 0 : min(inner_per, n%zu - begin);\n",
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
    append_results_gpu(text, r, "lane == 0 && !group.w", "t[%zu]");
    gm_text_append(text, "}\n");
}

static void append_column_gpu(gm_text *text, const gm_reduction *r) {
    size_t inner = r->space.rank - 1;
    append_head(text, r);
    for (size_t k = 0; k < r->fused->result_count; k++)
        gm_text_printf(text, "    __local float *l%zu = l + %zu;\n", k, k * GPU_LOCAL);
    gm_text_printf(text,
                   "    const int lane = get_local_id(0) / %d, slot = get_local_id(0), part = group.z;\n"
                   "    const int first = part * rows_per, last = group.w ? first : min(first + rows_per, rows);\n"
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
    char lane[48];
    snprintf(lane, sizeof lane, "lane == 0 && i < n%zu && !group.w", inner);
    append_results_gpu(text, r, lane, "l%zu[slot]");
    gm_text_append(text, "}\n");
}

void gm_reduction_text(gm_text *text, const gm_reduction *r) {
    if (r->column)
        (r->gpu ? append_column_gpu : append_column_cpu)(text, r);
    else
        (r->gpu ? append_row_gpu : append_row_cpu)(text, r);
}

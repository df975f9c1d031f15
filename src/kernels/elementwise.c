// Element-wise kernels, generated: one launch computes all results of a fused expression in one pass over memory.
//
// CPU: a work-item walks a chunk of the innermost dimension over a few rows, eight elements at a time.
// GPU: a work-item per element, neighbours in memory next to each other; or per eight, where all views have them
// aligned.
#include "kernels/space.h"

#include <stdlib.h>

enum {
    VECTOR = 8,              // floats of a vector
    LINE = 16,               // of a line of the cache
    VECTORS_LEAST = 1 << 15, // elements: fewer keep a GPU busier one by one
};

static void append_stores(gm_text *text, const gm_space *space, const gm_fused *fused, size_t width, const char *m,
                          const char *indent) {
    size_t inner = space->rank - 1;
    for (size_t r = 0; r < fused->result_count; r++) {
        size_t v = fused->operand_count + r;
        const char *type = gm_type_name(fused->target[r].type, 1);
        int64_t stride = space->stride[v][inner];
        if (width == 1) {
            gm_space_store(text, space, fused, v, &fused->result[r], indent);
        } else {
            if (stride == 1 && !m) {
                bool half = fused->target[r].half;
                if (space->aligned && !half)
                    gm_text_printf(text, "%s*(__global %s *)(p%zu + i) = ", indent,
                                   gm_type_name(fused->target[r].type, width), v);
                else
                    gm_text_printf(text, "%s%s(", indent, half ? "vstore_half8_rte" : "vstore8");
                gm_fused_input(text, &fused->result[r], width);
                if (space->aligned && !half)
                    gm_text_append(text, ";\n");
                else
                    gm_text_printf(text, ", 0, p%zu + i);\n", v);
                continue;
            }
            gm_text_printf(text, "%s%s%s", indent, stride == 1 ? "gm_store_" : "gm_scatter_", type);
            if (stride == 1)
                gm_text_printf(text, "(p%zu + i, %s, ", v, m);
            else
                gm_text_printf(text, "(p%zu + i * a%zu_%zu, a%zu_%zu, %s, ", v, v, inner, v, inner, m ? m : "8");
            gm_fused_input(text, &fused->result[r], width);
            gm_text_append(text, ");\n");
        }
    }
}

// One vector of all results, or the `m` lanes of it that are left (NULL: all).
static void append_body(gm_text *text, const gm_space *space, const gm_fused *fused, size_t width, const char *m) {
    gm_space_loads(text, space, fused, width, m, "            ");
    gm_fused_steps(text, fused, "            ", width);
    append_stores(text, space, fused, width, m, "            ");
}

// Text that depends on types, access patterns, the number of dimensions and whether vectors come out even, but on no
// sizes: few kernels serve many.
static void append_kernel(gm_text *text, const gm_space *space, const gm_fused *fused, bool gpu) {
    size_t outer[GM_MAX_RANK];
    for (size_t d = 0; d < space->rank; d++)
        outer[d] = d;
    gm_text_append(text, "GM_FUNCTION void @(GM_PLACE, ");
    gm_space_parameters(text, space, fused);
    gm_text_append(text, ", const int rows, const int chunk, const int per) {\n");
    if (gpu) {
        int width = space->aligned ? VECTOR : 1;
        gm_text_printf(text,
                       "    const int g = GM_ITEM, inner = n%zu / %d, row = g / inner, i = (g - row * inner) * %d;\n",
                       space->rank - 1, width, width);
        gm_text_append(text, "    if (row >= rows)\n        return;\n    {\n");
    } else {
        gm_text_printf(text, "    const int begin = GM_ITEM * chunk, end = min(begin + chunk, n%zu);\n",
                       space->rank - 1);
        gm_text_append(text, "    const int first = group.y * per, last = min(first + per, rows);\n"
                             "    for (int row = first; row < last; row++) {\n");
    }
    gm_space_split(text, "row", outer, space->rank - 1, "        ");
    for (size_t v = 0; v < space->view_count; v++) {
        const gm_view *view = gm_space_view(fused, v);
        gm_text_printf(text, "        __global %s%s *p%zu = ", v < fused->operand_count ? "const " : "",
                       gm_view_element_type(view), v);
        gm_space_row_pointer(text, space, v);
        gm_text_append(text, ";\n");
    }
    if (gpu) {
        append_body(text, space, fused, space->aligned ? VECTOR : 1, NULL);
        gm_text_append(text, "    }\n}\n");
        return;
    }
    gm_text_append(text, "        int i = begin;\n        for (; i + 8 <= end; i += 8) {\n");
    append_body(text, space, fused, VECTOR, NULL);
    gm_text_append(text, "        }\n");
    if (space->dim[space->rank - 1] % VECTOR) {
        gm_text_append(text, "        if (i < end) {\n");
        append_body(text, space, fused, VECTOR, "end - i");
        gm_text_append(text, "        }\n");
    }
    gm_text_append(text, "    }\n}\n");
}

// Whether neighbours along the inner dimension lie in lines of their own in one of the views, as where one is another's
// transpose.
static bool is_scattered(const gm_space *space) {
    bool scattered = false;
    for (size_t v = 0; v < space->view_count; v++)
        scattered = scattered || llabs(space->stride[v][space->rank - 1]) >= LINE;
    return scattered;
}

// Whether a GPU's items can take eight elements each, and there are enough of them all the same.
static bool has_vectors(const gm_space *space, const gm_fused *fused) {
    size_t inner = space->rank - 1;
    bool aligned = space->dim[inner] % VECTOR == 0 && gm_space_count(space, 0, space->rank) >= VECTORS_LEAST;
    for (size_t v = 0; v < space->view_count; v++) {
        const gm_view *view = gm_space_view(fused, v);
        aligned =
            aligned && (space->stride[v][inner] == 0 || (space->stride[v][inner] == 1 && view->offset % VECTOR == 0));
        for (size_t d = 0; d < inner; d++)
            aligned = aligned && (space->stride[v][inner] == 0 || space->stride[v][d] % VECTOR == 0);
    }
    return aligned;
}

gm_status gm_emit_elementwise(gm_emitter *emitter, const gm_fused *fused) {
    gm_space space;
    gm_space_create(&space, fused, 0);
    space.aligned = emitter->gpu && has_vectors(&space, fused);
    // A target that is written with stride 0 along the inner dimension does not exist: targets are never broadcast.
    gm_text text = {0};
    append_kernel(&text, &space, fused, emitter->gpu);
    uint32_t kernel;
    GM_TRY(gm_emit_text(emitter, "element", &text, (gm_kernel_text){.function = true}, &kernel));

    size_t inner = space.dim[space.rank - 1], rows = gm_space_count(&space, 0, space.rank - 1);
    size_t total = inner * rows, cost = gm_fused_cost(fused);
    // Enough work per item to hide its start, enough items to keep every unit busy.
    size_t unit = emitter->info->compute_units ? emitter->info->compute_units : 1;
    size_t grain = GM_MAX((size_t)(cost > 60 ? 256 : 1024), GM_MIN((size_t)16384, total / (4 * unit)));
    size_t chunk = GM_MIN(inner, (grain + VECTOR - 1) / VECTOR * VECTOR);
    size_t per = chunk < inner ? 1 : GM_MAX((size_t)1, grain / inner);
    if (space.rank > 1 && is_scattered(&space)) { // narrow and long: such lines are used up by the rows that follow
        chunk = GM_MIN(chunk, (size_t)LINE);
        per = GM_MIN(rows, GM_MAX(grain / chunk, (size_t)LINE));
    }
    gm_launch_builder builder = {.emitter = emitter};
    gm_space_arguments(&builder, &space, fused);
    gm_argument_int(&builder, (int64_t)rows);
    gm_argument_int(&builder, (int64_t)chunk);
    gm_argument_int(&builder, (int64_t)per);
    size_t global[2] = {(inner + chunk - 1) / chunk, (rows + per - 1) / per}, local[2] = {1, 1};
    if (emitter->gpu) {
        global[0] = gm_round_up(space.aligned ? total / VECTOR : total, GM_GPU_LOCAL);
        local[0] = GM_GPU_LOCAL;
    }
    double bytes = 0;
    for (size_t i = 0; i < fused->operand_count; i++)
        bytes += (double)(gm_view_element_bytes(&fused->operand[i]) * gm_shape_count(&fused->operand[i].shape));
    for (size_t i = 0; i < fused->result_count; i++)
        bytes += (double)(gm_view_element_bytes(&fused->target[i]) * total);
    return gm_emit_launch(&builder, kernel, emitter->gpu ? 1 : 2, global, local, (double)total * (double)cost, bytes);
}

// Index spaces: the common ground of element-wise kernels and reductions.
#include "kernels/space.h"

size_t gm_space_reads(const gm_fused *fused) {
    return fused->operand_count + (fused->after ? fused->after->operand_count - fused->result_count : 0);
}

const gm_view *gm_space_view(const gm_fused *fused, size_t v) {
    size_t reads = gm_space_reads(fused);
    if (v < fused->operand_count)
        return &fused->operand[v];
    if (v < reads)
        return &fused->after->operand[v - fused->operand_count + fused->result_count];
    return fused->after ? &fused->after->target[v - reads] : &fused->target[v - reads];
}

void gm_space_create(gm_space *space, const gm_fused *fused, uint32_t reduced) {
    size_t order[GM_MAX_RANK];
    gm_layout_order(fused->layout, fused->shape.rank, order);
    *space = (gm_space){.view_count = gm_space_reads(fused) + (fused->after ? fused->after : fused)->result_count};
    for (size_t i = 0; i < fused->shape.rank; i++) {
        size_t axis = order[i], dim = fused->shape.dim[axis];
        bool is_reduced = (reduced >> axis & 1) != 0;
        if (dim == 1)
            continue;
        int64_t stride[GM_MAX_VIEWS];
        bool merge = space->rank > 0 && space->reduced[space->rank - 1] == is_reduced;
        for (size_t v = 0; v < space->view_count; v++) {
            const gm_view *view = gm_space_view(fused, v);
            stride[v] = view->shape.dim[axis] == 1 ? 0 : view->stride[axis]; // a reduction's target has size 1 there
            if (space->rank > 0)
                merge = merge && space->stride[v][space->rank - 1] == stride[v] * (int64_t)dim;
        }
        size_t at = merge ? space->rank - 1 : space->rank++;
        space->dim[at] = merge ? space->dim[at] * dim : dim;
        space->reduced[at] = is_reduced;
        for (size_t v = 0; v < space->view_count; v++)
            space->stride[v][at] = stride[v];
    }
    if (space->rank == 0) {
        space->rank = 1;
        space->dim[0] = 1;
        space->reduced[0] = reduced != 0;
    }
}

size_t gm_space_count(const gm_space *space, size_t from, size_t to) {
    size_t count = 1;
    for (size_t i = from; i < to; i++)
        count *= space->dim[i];
    return count;
}

void gm_space_parameters(gm_text *text, const gm_space *space, const gm_fused *fused) {
    for (size_t v = 0; v < space->view_count; v++)
        gm_text_printf(text, "%s__global %s%s *a%zu", v ? ", " : "", v < gm_space_reads(fused) ? "const " : "",
                       gm_view_element_type(gm_space_view(fused, v)), v);
    for (size_t d = 0; d < space->rank; d++)
        gm_text_printf(text, ", const int n%zu", d);
    for (size_t v = 0; v < space->view_count; v++) {
        gm_text_printf(text, ", const int o%zu", v);
        for (size_t d = 0; d < space->rank; d++)
            gm_text_printf(text, ", const int a%zu_%zu", v, d);
    }
}

void gm_space_arguments(gm_launch_builder *builder, const gm_space *space, const gm_fused *fused) {
    for (size_t v = 0; v < space->view_count; v++) {
        if (v < gm_space_reads(fused))
            gm_argument_read(builder, gm_space_view(fused, v)->storage);
        else
            gm_argument_write_view(builder, gm_space_view(fused, v));
    }
    if (gm_space_count(space, 0, space->rank) > GM_MOST_ELEMENTS)
        builder->uncountable = true;
    for (size_t d = 0; d < space->rank; d++)
        gm_argument_int(builder, (int64_t)space->dim[d]);
    for (size_t v = 0; v < space->view_count; v++) {
        gm_argument_int(builder, gm_space_view(fused, v)->offset);
        for (size_t d = 0; d < space->rank; d++)
            gm_argument_int(builder, space->stride[v][d]);
    }
}

void gm_space_row_pointer(gm_text *text, const gm_space *space, size_t view) {
    gm_text_printf(text, "a%zu + o%zu", view, view);
    for (size_t d = 0; d + 1 < space->rank; d++)
        gm_text_printf(text, " + i%zu * a%zu_%zu", d, view, d);
}

void gm_space_split(gm_text *text, const char *index, const size_t *dims, size_t count, const char *indent) {
    if (count == 0)
        return;
    gm_text_printf(text, "%sint rest = %s;\n", indent, index);
    for (size_t k = count; k-- > 0;) {
        if (k == 0) {
            gm_text_printf(text, "%sconst int i%zu = rest;\n", indent, dims[0]);
        } else {
            gm_text_printf(text, "%sconst int i%zu = rest %% n%zu;\n", indent, dims[k], dims[k]);
            gm_text_printf(text, "%srest /= n%zu;\n", indent, dims[k]);
        }
    }
}

// The offset of the element at inner position `i` in its row.
static void append_index(gm_text *text, const gm_space *space, size_t view) {
    size_t inner = space->rank - 1;
    if (space->stride[view][inner] == 0)
        gm_text_append(text, "0");
    else if (space->stride[view][inner] == 1)
        gm_text_append(text, "i");
    else
        gm_text_printf(text, "i * a%zu_%zu", view, inner);
}

void gm_space_load(gm_text *text, const gm_space *space, const gm_fused *fused, size_t v) {
    bool half = gm_space_view(fused, v)->half;
    if (half)
        gm_text_append(text, "vload_half(");
    else
        gm_text_printf(text, "p%zu[", v);
    append_index(text, space, v);
    if (half)
        gm_text_printf(text, ", p%zu);\n", v);
    else
        gm_text_append(text, "];\n");
}

void gm_space_store(gm_text *text, const gm_space *space, const gm_fused *fused, size_t v, const gm_step_input *result,
                    const char *indent) {
    if (gm_space_view(fused, v)->half) {
        gm_text_printf(text, "%svstore_half_rte(", indent);
        gm_fused_input(text, result, 1);
        gm_text_append(text, ", ");
        append_index(text, space, v);
        gm_text_printf(text, ", p%zu);\n", v);
        return;
    }
    gm_text_printf(text, "%sp%zu[", indent, v);
    append_index(text, space, v);
    gm_text_append(text, "] = ");
    gm_fused_input(text, result, 1);
    gm_text_append(text, ";\n");
}

// The inner stride decides how a vector is loaded: 1 at once, 0 the same element, otherwise one by one.
void gm_space_loads(gm_text *text, const gm_space *space, const gm_fused *fused, size_t width, const char *m,
                    const char *indent) {
    size_t inner = space->rank - 1;
    for (size_t v = 0; v < fused->operand_count; v++) {
        const char *type = gm_type_name(fused->operand[v].type, 1), *wide = gm_type_name(fused->operand[v].type, width);
        int64_t stride = space->stride[v][inner];
        gm_text_printf(text, "%sconst %s x%zu = ", indent, wide, v);
        if (width == 1)
            gm_space_load(text, space, fused, v);
        else if (fused->operand[v].half && stride == 0)
            gm_text_printf(text, "(%s)(vload_half(0, p%zu));\n", wide, v);
        else if (fused->operand[v].half)
            gm_text_printf(text, "vload_half%zu(0, p%zu + i);\n", width, v);
        else if (stride == 0)
            gm_text_printf(text, "(%s)(p%zu[0]);\n", wide, v);
        else if (space->aligned)
            gm_text_printf(text, "*(__global const %s *)(p%zu + i);\n", wide, v);
        else if (stride == 1 && m)
            gm_text_printf(text, "%s >= %zu ? vload%zu(0, p%zu + i) : gm_load_%s(p%zu + i, %s);\n", m, width, width, v,
                           type, v, m);
        else if (stride == 1)
            gm_text_printf(text, "vload%zu(0, p%zu + i);\n", width, v);
        else
            gm_text_printf(text, "gm_gather_%s(p%zu + i * a%zu_%zu, a%zu_%zu, %s);\n", type, v, v, inner, v, inner,
                           m ? m : "8");
    }
}

// Views: transposing, slicing, flipping, broadcasting and reshaping are arithmetic on strides; nothing moves.
#include "kernels/kernels.h"

#include <string.h>

enum { LEAST_RANK = 3 }; // that has positions: (N, C, L)

void gm_layout_order(gm_layout layout, size_t rank, size_t order[GM_MAX_RANK]) {
    size_t inner = layout == GM_LAYOUT_HWNC && rank >= LEAST_RANK ? 2 : 0; // the first axes are the last in memory
    for (size_t i = 0; i < rank; i++)
        order[i] = (i + inner) % rank;
}

gm_layout gm_layout_for(const gm_shape *shape, gm_layout wanted) {
    return shape->rank >= LEAST_RANK ? wanted : GM_LAYOUT_ROW;
}

gm_view gm_view_create(uint32_t storage, gm_type type, const gm_shape *shape, gm_layout layout) {
    gm_view view = {.storage = storage, .type = type, .shape = *shape};
    size_t order[GM_MAX_RANK];
    gm_layout_order(layout, shape->rank, order);
    int64_t stride = 1;
    for (size_t i = shape->rank; i-- > 0;) {
        view.stride[order[i]] = stride;
        stride *= (int64_t)shape->dim[order[i]];
    }
    return view;
}

gm_view gm_view_transpose(const gm_view *x, const size_t *axes) {
    gm_view y = *x;
    for (size_t i = 0; i < x->shape.rank; i++) {
        y.shape.dim[i] = x->shape.dim[axes[i]];
        y.stride[i] = x->stride[axes[i]];
    }
    return y;
}

gm_view gm_view_slice(const gm_view *x, const size_t *begin, const gm_shape *shape) {
    gm_view y = *x;
    y.shape = *shape;
    for (size_t i = 0; i < shape->rank; i++)
        y.offset += (int64_t)begin[i] * x->stride[i];
    return y;
}

gm_view gm_view_flip(const gm_view *x, const size_t *flipped) {
    gm_view y = *x;
    for (size_t i = 0; i < x->shape.rank; i++)
        if (flipped[i]) {
            y.offset += (int64_t)(x->shape.dim[i] - 1) * x->stride[i];
            y.stride[i] = -x->stride[i];
        }
    return y;
}

gm_view gm_view_broadcast(const gm_view *x, const gm_shape *shape) {
    gm_view y = {.storage = x->storage, .type = x->type, .half = x->half, .shape = *shape, .offset = x->offset};
    size_t shift = shape->rank - x->shape.rank;
    for (size_t i = 0; i < x->shape.rank; i++)
        y.stride[i + shift] = x->shape.dim[i] == 1 ? 0 : x->stride[i];
    return y;
}

// Walks both shapes in row-major order: a run of new dimensions must cover a run of old ones that lie densely.
bool gm_view_reshape(const gm_view *x, const gm_shape *shape, gm_view *result) {
    gm_view y = {.storage = x->storage, .type = x->type, .half = x->half, .shape = *shape, .offset = x->offset};
    size_t old_dim[GM_MAX_RANK], old_rank = 0;
    int64_t old_stride[GM_MAX_RANK];
    for (size_t i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] != 1) {
            old_dim[old_rank] = x->shape.dim[i];
            old_stride[old_rank++] = x->stride[i];
        }
    size_t from = 0, to = 0;
    while (from < old_rank && to < shape->rank) {
        size_t from_end = from + 1, to_end = to + 1;
        size_t from_count = old_dim[from], to_count = shape->dim[to];
        while (from_count != to_count) {
            if (to_count < from_count)
                to_count *= shape->dim[to_end++];
            else
                from_count *= old_dim[from_end++];
        }
        for (size_t i = from; i + 1 < from_end; i++)
            if (old_stride[i] != (int64_t)old_dim[i + 1] * old_stride[i + 1])
                return false;
        int64_t stride = old_stride[from_end - 1];
        for (size_t i = to_end; i-- > to;) {
            y.stride[i] = stride;
            stride *= (int64_t)shape->dim[i];
        }
        from = from_end;
        to = to_end;
    }
    *result = y; // what remains of either side is of size 1
    return true;
}

bool gm_view_apply(const gm_tensor *node, const gm_view *x, gm_view *result) {
    const gm_axes_attributes *axes = node->attributes;
    if (node->op == &gm_op_reshape)
        return gm_view_reshape(x, &node->shape, result);
    if (node->op == &gm_op_transpose)
        *result = gm_view_transpose(x, axes->value);
    else if (node->op == &gm_op_slice)
        *result = gm_view_slice(x, axes->value, &node->shape);
    else if (node->op == &gm_op_flip)
        *result = gm_view_flip(x, axes->value);
    else if (node->op == &gm_op_broadcast)
        *result = gm_view_broadcast(x, &node->shape);
    else
        *result = *x; // the identities
    return true;
}

size_t gm_view_element_bytes(const gm_view *x) {
    return x->half ? sizeof(uint16_t) : gm_type_size(x->type);
}

double gm_view_bytes(const gm_view *x) {
    return (double)(gm_view_element_bytes(x) * gm_shape_count(&x->shape));
}

const char *gm_view_element_type(const gm_view *x) {
    return x->half ? "half" : gm_type_name(x->type, 1);
}

bool gm_view_is_row_major(const gm_view *x) {
    int64_t stride = 1;
    for (size_t i = x->shape.rank; i-- > 0;) {
        if (x->shape.dim[i] != 1 && x->stride[i] != stride)
            return false;
        stride *= (int64_t)x->shape.dim[i];
    }
    return true;
}

uint64_t gm_view_hash(uint64_t hash, const gm_view *x) {
    hash = gm_hash(hash, &x->storage, sizeof x->storage);
    hash = gm_hash(hash, &x->offset, sizeof x->offset);
    hash = gm_hash(hash, x->stride, sizeof x->stride);
    return gm_hash(hash, x->shape.dim, sizeof x->shape.dim);
}

// Both are walked in row-major order; the places in memory follow by adding strides.
static void move_elements(const gm_view *x, char *memory, char *values, bool pack) {
    size_t size = gm_type_size(x->type), count = gm_shape_count(&x->shape), index[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < count; i++) {
        int64_t at = x->offset;
        for (size_t d = 0; d < x->shape.rank; d++)
            at += (int64_t)index[d] * x->stride[d];
        char *there = memory + (size_t)at * size, *here = values + i * size;
        memcpy(pack ? there : here, pack ? here : there, size);
        for (size_t d = x->shape.rank; d-- > 0 && ++index[d] == x->shape.dim[d];)
            index[d] = 0;
    }
}

void gm_view_unpack(const gm_view *x, const void *memory, void *values) {
    move_elements(x, (char *)(uintptr_t)memory, values, false);
}

void gm_view_pack(const gm_view *x, const void *values, void *memory) {
    move_elements(x, memory, (char *)(uintptr_t)values, true);
}

// Gradients of one example that are products: a dense layer's, of its inputs at P positions (P, K) and the gradients of
// its outputs (P, C) there; a convolution's, its inputs being the image's patches.
//
// The squared norm needs neither the product nor room for it: |A'D|^2 = sum over p, q of (A A')[p, q] (D D')[p, q]
// (Goodfellow 2015 for P = 1; Li et al. 2022 and Bu et al. 2022 for any), which takes fewer operations where the
// positions are few. Otherwise the products are made, for as many examples at once as little memory holds.
#include "graph/build.h"
#include "graph/example.h"

static const size_t most_at_once = (size_t)1 << 24; // floats of operands and products: 64 MiB

// The gradient of one example is left' right: left (n, P, first axis of the value), right (n, P, all others).
typedef struct pair {
    gm_tensor *left, *right;
} pair;

// ---- Tensors (N, ...) ----

static gm_tensor *matrices(gm_tensor *x, size_t count, size_t rows, size_t columns) {
    return gm_reshape(x, GM_SHAPE(count, rows, columns));
}

gm_tensor *gm_examples_first(gm_tensor *x, gm_example_mark mark, size_t examples) {
    size_t before = 1, after = 1;
    for (size_t i = 0; i < x->shape.rank; i++)
        if (i != mark.axis)
            *(i < mark.axis ? &before : &after) *= x->shape.dim[i];
    const size_t outer = before * (x->shape.dim[mark.axis] / (examples * mark.run));
    gm_tensor *y = gm_reshape(x, GM_SHAPE(outer, examples, mark.run, after));
    return matrices(gm_transpose(y, (size_t[]){1, 0, 2, 3}), examples, outer * mark.run, after);
}

// (N, ...) -> (N): the sums of each example.
gm_tensor *gm_examples_sum(gm_tensor *x) {
    gm_tensor *sum = gm_sum(x, gm_all_axes(x->shape.rank) & ~GM_AXIS(0));
    return gm_reshape(sum, GM_SHAPE(x->shape.dim[0]));
}

static gm_tensor *part_of(gm_tensor *x, size_t begin, size_t count) {
    size_t first[GM_MAX_RANK] = {begin};
    gm_shape shape = x->shape;
    shape.dim[0] = count;
    return gm_slice(x, first, shape.dim);
}

// a (N, P, K), b (N, P, C) -> (N, K, C)
static gm_tensor *product_over_positions(gm_tensor *a, gm_tensor *b) {
    return gm_gemm(a, b, &(gm_gemm_params){.transpose_a = true});
}

gm_tensor *gm_examples_gram(gm_tensor *x) {
    return gm_gemm(x, x, &(gm_gemm_params){.transpose_b = true});
}

// ---- Operands ----

static bool is_conv(const gm_tensor *x) {
    return x->op == &gm_op_conv || x->op == &gm_op_conv_input;
}

bool gm_example_is_product(const gm_example_use *use) {
    return use->node->op == &gm_op_gemm || is_conv(use->node);
}

// (n, C, H, W) -> (n OH OW, R S C): what the kernel sees at each position, gathered from rows (n H W, C).
static gm_tensor *patches(gm_tensor *images, const gm_conv_attributes *geometry) {
    gm_graph *graph = images->graph;
    const size_t *map = geometry->map, *kernel = geometry->kernel, *image = geometry->image;
    const size_t count = images->shape.dim[0], C = images->shape.dim[1];
    const size_t area = image[0] * image[1], seen = map[0] * map[1] * kernel[0] * kernel[1];
    if (count * area > INT32_MAX / 2 || count * seen > INT32_MAX / 2)
        return gm_fault(graph, "gradients per example: images %s are too many", gm_describe(images));
    int32_t *place = gm_arena_alloc(&graph->arena, (seen + count) * sizeof *place), *start = place + seen;
    if (!place)
        return gm_fault_memory(graph);
    size_t k = 0;
    for (size_t i = 0; i < seen; i++) {
        const size_t s = i % kernel[1], r = i / kernel[1] % kernel[0], at = i / (kernel[0] * kernel[1]);
        const size_t h = at / map[1] * geometry->stride[0] + r * geometry->dilation[0];
        const size_t w = at % map[1] * geometry->stride[1] + s * geometry->dilation[1];
        const bool inside = h >= geometry->padding[0] && h < image[0] + geometry->padding[0] &&
                            w >= geometry->padding[1] && w < image[1] + geometry->padding[1];
        const size_t index = (h - geometry->padding[0]) * image[1] + w - geometry->padding[1];
        place[k++] = inside ? (int32_t)index : -(int32_t)(count * area); // negative in every image: zeros
    }
    for (size_t n = 0; n < count; n++)
        start[n] = (int32_t)(n * area);
    gm_tensor *indices = gm_add(gm_constant_array(graph, GM_INT32, GM_SHAPE(count, 1), start),
                                gm_constant_array(graph, GM_INT32, GM_SHAPE(1, seen), place));
    gm_tensor *rows = gm_reshape(gm_transpose(images, (size_t[]){0, 2, 3, 1}), GM_SHAPE(count * area, C));
    return gm_reshape(gm_gather(rows, gm_reshape(indices, GM_SHAPE(count * seen))),
                      GM_SHAPE(count * map[0] * map[1], kernel[0] * kernel[1] * C));
}

// Images or maps (n, C, H, W) of some examples -> (their number, C, H, W).
static gm_tensor *images_of(const gm_examples *e, gm_tensor *x, gm_example_mark mark, size_t begin, size_t count) {
    gm_tensor *y = part_of(gm_examples_first(x, mark, e->examples), begin, count);
    gm_shape shape = x->shape;
    shape.dim[0] = x->shape.dim[0] / e->examples * count;
    return gm_reshape(y, shape);
}

// conv's y = sum of patches of the image x with w; conv_input's image is the result and its map the input.
static pair conv_pair(const gm_examples *e, const gm_example_use *u, size_t begin, size_t count) {
    gm_tensor *image = u->node->input[0], *map = gm_example_gradient(e, u);
    gm_example_mark of_image = gm_example_mark_of(e, u, 0), of_map = e->mark[u->node->id];
    if (u->node->op == &gm_op_conv_input) {
        gm_tensor *result = map;
        map = image;
        image = result;
    }
    image = images_of(e, image, of_image, begin, count);
    map = images_of(e, map, of_map, begin, count);
    gm_tensor *seen = patches(image, u->node->attributes), *left = gm_transpose(map, (size_t[]){0, 2, 3, 1});
    if (gm_is_poison(seen))
        return (pair){seen, seen};
    const size_t positions = seen->shape.dim[0] / count;
    return (pair){matrices(left, count, positions, map->shape.dim[1]),
                  matrices(seen, count, positions, seen->shape.dim[1])};
}

// The rows (n, P, columns) of a matrix that has the examples along either axis.
static gm_tensor *rows_of(const gm_examples *e, gm_tensor *x, gm_example_mark mark, size_t begin, size_t count) {
    gm_tensor *rows = mark.axis == 0 ? x : gm_transpose(x, (size_t[]){1, 0});
    mark.axis = 0;
    return part_of(gm_examples_first(rows, mark, e->examples), begin, count);
}

static pair gemm_pair(const gm_examples *e, const gm_example_use *u, size_t begin, size_t count) {
    const gm_gemm_attributes *attributes = u->node->attributes;
    gm_tensor *other = u->node->input[1 - u->input];
    gm_tensor *a = rows_of(e, other, gm_example_mark_of(e, u, 1 - u->input), begin, count);
    gm_tensor *d = rows_of(e, gm_example_gradient(e, u), e->mark[u->node->id], begin, count);
    const bool inner_first = u->input == 1 ? !attributes->transpose_b : attributes->transpose_a != 0;
    return inner_first ? (pair){a, d} : (pair){d, a};
}

static pair pair_of(const gm_examples *e, const gm_example_use *u, size_t begin, size_t count) {
    return is_conv(u->node) ? conv_pair(e, u, begin, count) : gemm_pair(e, u, begin, count);
}

// Positions of one example.
static size_t positions_of(const gm_examples *e, const gm_example_use *u) {
    const gm_tensor *y = u->node;
    if (!is_conv(y))
        return y->shape.dim[e->mark[y->id].axis] / e->examples;
    const gm_conv_attributes *geometry = y->attributes;
    return y->shape.dim[0] / e->examples * geometry->map[0] * geometry->map[1];
}

// ---- Gradients and norms ----

gm_tensor *gm_example_products(const gm_examples *e, const gm_example_use *u) {
    const size_t N = e->examples;
    const gm_tensor *value = u->node->input[u->input];
    pair p = pair_of(e, u, 0, N);
    if (gm_is_poison(p.left) || gm_is_poison(p.right))
        return p.left;
    gm_tensor *product = product_over_positions(p.left, p.right);
    if (!is_conv(u->node))
        return product;
    const size_t *w = value->shape.dim; // the patches lie as (R, S, C)
    return gm_transpose(gm_reshape(product, GM_SHAPE(N, w[0], w[2], w[3], w[1])), (size_t[]){0, 1, 4, 2, 3});
}

// The squares of the norms of left' right.
static gm_tensor *norms_of_product(gm_tensor *left, gm_tensor *right) {
    if (gm_is_poison(left) || gm_is_poison(right))
        return left;
    const size_t P = left->shape.dim[1], L = left->shape.dim[2], R = right->shape.dim[2];
    if (P == 1)
        return gm_multiply(gm_examples_sum(gm_square(left)), gm_examples_sum(gm_square(right)));
    if (P * (L + R) <= L * R)
        return gm_examples_sum(gm_multiply(gm_examples_gram(left), gm_examples_gram(right)));
    return gm_examples_sum(gm_square(product_over_positions(left, right)));
}

// The uses' positions one after the other, for some examples at a time.
gm_tensor *gm_example_product_norms(const gm_examples *e, const gm_example_use *uses, size_t count) {
    const gm_tensor *value = uses[0].node->input[uses[0].input];
    const size_t N = e->examples, L = value->shape.dim[0], R = gm_shape_count(&value->shape) / L;
    size_t P = 0;
    for (size_t i = 0; i < count; i++)
        P += positions_of(e, &uses[i]);
    const size_t floats = P * (L + R) + GM_MIN(2 * P * P, L * R);
    const size_t parts = GM_MIN(N, gm_divide_up(N * floats, most_at_once)), step = gm_divide_up(N, parts);
    gm_tensor **norms = gm_arena_alloc(&e->losses->graph->arena, (parts + 2 * count) * sizeof(gm_tensor *));
    if (!norms)
        return gm_fault_memory(e->losses->graph);
    gm_tensor **left = norms + parts, **right = left + count;
    size_t k = 0;
    for (size_t begin = 0; begin < N; begin += step) {
        for (size_t i = 0; i < count; i++) {
            pair p = pair_of(e, &uses[i], begin, GM_MIN(step, N - begin));
            left[i] = gm_scale(p.left, uses[i].factor);
            right[i] = p.right;
        }
        norms[k++] = norms_of_product(gm_concat(left, count, 1), gm_concat(right, count, 1));
    }
    return gm_concat(norms, k, 0);
}

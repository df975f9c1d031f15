// Launches of cl/fast_gpu.cl, whose first comment is the interface that this file fills in, and of the products between
// them: one launch of a contraction whose every point is a phase of its own, with one position and one tap.
#include "kernels/fast.h"

// A matrix (lines, channels) for each point, of which there are so many along an axis.
static gm_view planes_of(uint32_t storage, size_t lines, size_t channels, size_t points, bool lines_inside) {
    return (gm_view){
        .storage = storage,
        .type = GM_FLOAT32,
        .shape = {.rank = 4, .dim = {lines, channels, points, points}},
        .stride = {lines_inside ? 1 : (int64_t)channels, lines_inside ? (int64_t)lines : 1,
                   (int64_t)(points * lines * channels), (int64_t)(lines * channels)},
    };
}

static gm_status emit_planes(const gm_contraction *c, size_t lines, size_t channels, size_t points, bool lines_inside,
                             gm_view *planes) {
    uint32_t storage;
    GM_TRY(gm_emit_storage(c->emitter, points * points * lines * channels * sizeof(float), &storage));
    *planes = planes_of(storage, lines, channels, points, lines_inside);
    return GM_OK;
}

// What a transform goes over; the names are those of the interface.
typedef struct transform {
    const char *name;
    const double (*matrix)[GM_TOOM_MOST];
    size_t from, to;
    bool transposed; // the matrix
    size_t across;   // TW
    int64_t in, out, tile_step, step, first[2][2];
} transform;

static gm_status instance(const gm_contraction *c, const transform *t, const char *section, const gm_view *image,
                          bool results, bool lines_inside, uint32_t *kernel) {
    gm_kernel_text source = {.helper = "contract.cl", .body = "fast_gpu.cl", .function = true};
    gm_text text = {0};
    gm_epilogue_append(&text, results ? c->epilogue : NULL, true);
    gm_fast_transform(&text, "float", "AXIS", t->matrix, t->to, t->from, t->transposed);
    gm_text_printf(&text, "#define GM_FAST_FROM %zu\n#define GM_FAST_TO %zu\n#define GM_FAST_LINES %d\n", t->from,
                   t->to, lines_inside);
    gm_text_printf(&text, "#define %s %s\n#define GM_FAST_%s_GPU\n#define GM_NAME @\n", results ? "GM_Y" : "GM_X",
                   gm_view_element_type(image), section);
    return gm_emit_text(c->emitter, t->name, &text, source, kernel);
}

static gm_status emit_transform(gm_launch_builder *builder, uint32_t kernel, size_t items, int64_t out, double flop,
                                double bytes) {
    size_t global[3] = {gm_divide_up(items, GM_GPU_LOCAL) * GM_GPU_LOCAL, (size_t)(out * out), 1},
           local[3] = {GM_GPU_LOCAL, 1, 1};
    return gm_emit_launch(builder, kernel, 3, global, local, flop, bytes);
}

// Of each item, both axes.
static double transform_flop(const transform *t, size_t items) {
    return 2.0 * (double)(items * t->from * t->to * (t->from + t->to) * (size_t)(t->out * t->out));
}

// From an image, or weights: axes (n, c, h, w).
static gm_status emit_points(const gm_contraction *c, const transform *t, const gm_view *x, const gm_view *v) {
    bool lines_inside = v->stride[0] == 1;
    uint32_t kernel;
    GM_TRY(instance(c, t, "POINTS", x, false, lines_inside, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, x->storage);
    gm_argument_write(&builder, v->storage);
    GM_ARGUMENT_INTS(&builder, x->offset, x->stride[2], x->stride[3], x->stride[0], x->stride[1],
                     (int64_t)x->shape.dim[2], (int64_t)x->shape.dim[3], (int64_t)x->shape.dim[0],
                     (int64_t)x->shape.dim[1], (int64_t)t->across, (int64_t)v->shape.dim[0], t->in, t->out,
                     t->tile_step, t->step, t->first[0][0], t->first[0][1], t->first[1][0], t->first[1][1],
                     v->stride[0], v->stride[1], v->stride[3]);
    size_t items = v->shape.dim[0] * v->shape.dim[1];
    return emit_transform(&builder, kernel, items, t->out, transform_flop(t, items),
                          gm_view_bytes(x) + gm_view_bytes(v));
}

// To an image, or gradients of weights, with the epilogue.
static gm_status emit_results(const gm_contraction *c, const transform *t, const gm_view *v, const gm_view *y) {
    bool lines_inside = v->stride[0] == 1;
    uint32_t kernel;
    GM_TRY(instance(c, t, "RESULTS", y, true, lines_inside, &kernel));
    gm_launch_builder builder = {.emitter = c->emitter};
    gm_argument_read(&builder, v->storage);
    gm_argument_write_view(&builder, y);
    GM_ARGUMENT_INTS(&builder, y->offset, y->stride[2], y->stride[3], y->stride[0], y->stride[1],
                     (int64_t)y->shape.dim[2], (int64_t)y->shape.dim[3], (int64_t)y->shape.dim[0],
                     (int64_t)y->shape.dim[1], (int64_t)t->across, (int64_t)v->shape.dim[0], t->out, t->tile_step,
                     t->step, v->stride[0], v->stride[1], v->stride[3]);
    gm_epilogue_arguments(&builder, c->epilogue);
    size_t items = v->shape.dim[0] * v->shape.dim[1];
    return emit_transform(&builder, kernel, items, t->out, transform_flop(t, items),
                          gm_view_bytes(v) + gm_view_bytes(y));
}

// y (n, k) = Σ over c of x (n, c) w (k, c), for each point.
static gm_status emit_products(const gm_contraction *c, const gm_view *x, const gm_view *w, const gm_view *y) {
    static const gm_contract_variant direct = {.gpu = true, .groups = 1, .parts = 1};
    size_t points = y->shape.dim[2];
    gm_contraction p = {.emitter = c->emitter,
                        .name = c->name,
                        .x = *x,
                        .w = *w,
                        .y = *y,
                        .N = y->shape.dim[0],
                        .C = x->shape.dim[1],
                        .K = y->shape.dim[1],
                        .R = points,
                        .S = points,
                        .IH = points,
                        .IW = points,
                        .OH = points,
                        .OW = points,
                        .flop = c->flop,
                        .variant = &direct};
    // Position p meets tap r where p + r (points - 1) is a multiple of the points: where r = p, at position p.
    p.map[0] = p.map[1] = (gm_axis_map){.a = 1, .b = 0, .d = (int64_t)points - 1, .q = (int64_t)points};
    p.executed = 2.0 * (double)(points * points * p.N * p.C * p.K);
    return gm_emit_rows(&p);
}

static transform of_values(const gm_fast *f) {
    transform t = {.name = "fast_values",
                   .matrix = f->toom.data,
                   .from = f->toom.points,
                   .to = f->toom.points,
                   .across = f->tiles[1],
                   .in = f->in,
                   .out = f->out,
                   .tile_step = f->in * (int64_t)f->toom.results,
                   .step = f->in};
    for (size_t axis = 0; axis < 2; axis++)
        for (int64_t po = 0; po < 2; po++)
            t.first[axis][po] = (po + f->shift[axis]) / f->out + f->base[axis];
    return t;
}

static transform of_taps(const gm_fast *f) {
    transform t = {.name = "fast_taps",
                   .matrix = f->toom.tap,
                   .from = f->toom.taps,
                   .to = f->toom.points,
                   .across = 1,
                   .in = f->in,
                   .out = f->out,
                   .step = f->tap_step};
    for (size_t axis = 0; axis < 2; axis++)
        for (int64_t po = 0; po < 2; po++)
            t.first[axis][po] = (po + f->shift[axis]) % f->out + f->tap_base;
    return t;
}

// Transformed weights, made once a phase for all that use the same weights in the same direction.
static gm_status transformed_weights(const gm_contraction *c, const gm_fast *f, size_t points, gm_view *u) {
    size_t lines = c->K, channels = f->depth;
    bool lines_inside = c->w.stride[1] != 1 && c->w.stride[0] <= c->w.stride[1];
    uint64_t key = gm_hash(GM_HASH_START, &f->toom, sizeof f->toom);
    key = gm_hash(key, c->map, sizeof c->map);
    key = gm_view_hash(key, &c->w);
    bool fresh;
    uint32_t storage;
    GM_TRY(gm_emit_shared(c->emitter, key, points * points * lines * channels * sizeof(float), &storage, &fresh));
    *u = planes_of(storage, lines, channels, points, lines_inside);
    transform t = of_taps(f);
    return fresh ? emit_points(c, &t, &c->w, u) : GM_OK;
}

gm_status gm_emit_fast_rows_gpu(const gm_contraction *c) {
    const gm_fast f = gm_fast_describe(c);
    size_t lines = f.tiles[0] * f.tiles[1] * c->N, points = f.toom.points * (size_t)f.out;
    gm_view u, values, products;
    GM_TRY(transformed_weights(c, &f, points, &u));
    GM_TRY(emit_planes(c, lines, f.depth, points, false, &values));
    GM_TRY(emit_planes(c, lines, c->K, points, false, &products));
    transform before = of_values(&f);
    GM_TRY(emit_points(c, &before, &c->x, &values));
    GM_TRY(emit_products(c, &values, &u, &products));
    transform after = {.name = "fast_results",
                       .matrix = f.toom.result,
                       .from = f.toom.points,
                       .to = f.toom.results,
                       .across = f.tiles[1],
                       .out = f.out,
                       .tile_step = f.out * (int64_t)f.toom.results,
                       .step = f.out};
    return emit_results(c, &after, &products, &c->y);
}

// Here w is the gradient g. Products of transformed x and transformed g, summed over the lines, are the transformed
// gradient.
gm_status gm_emit_fast_outer_gpu(const gm_contraction *c) {
    const gm_fast f = gm_fast_describe(c);
    size_t lines = f.tiles[0] * f.tiles[1] * c->N, points = f.toom.points;
    gm_view values, gradients, products, y = gm_swap_axes(&c->y);
    GM_TRY(emit_planes(c, lines, f.depth, points, false, &values));
    GM_TRY(emit_planes(c, lines, c->K, points, false, &gradients));
    // (channels, outputs): the side that lies side by side in the result is the products' columns.
    bool channels_inside = c->y.stride[1] == 1;
    GM_TRY(emit_planes(c, f.depth, c->K, points, channels_inside, &products));
    transform before = of_values(&f), spread = {.name = "fast_gradients",
                                                .matrix = f.toom.result,
                                                .from = f.toom.results,
                                                .to = f.toom.points,
                                                .transposed = true,
                                                .across = f.tiles[1],
                                                .in = 1,
                                                .out = 1,
                                                .tile_step = (int64_t)f.toom.results,
                                                .step = 1};
    GM_TRY(emit_points(c, &before, &c->x, &values));
    GM_TRY(emit_points(c, &spread, &c->w, &gradients));
    gm_view left = gm_swap_axes(&values), above = gm_swap_axes(&gradients), turned = gm_swap_axes(&products);
    GM_TRY(channels_inside ? emit_products(c, &above, &left, &turned) : emit_products(c, &left, &above, &products));
    transform after = {.name = "fast_sums",
                       .matrix = f.toom.tap,
                       .from = f.toom.points,
                       .to = f.toom.taps,
                       .transposed = true,
                       .across = (size_t)f.in,
                       .out = 1,
                       .tile_step = 1,
                       .step = f.in};
    return emit_results(c, &after, &products, &y);
}

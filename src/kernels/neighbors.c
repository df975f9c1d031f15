// Neighbours: all pairs of rows are compared, in blocks of x's rows that share what they read of y.
#include "kernels/families.h"
#include "kernels/kernels.h"

enum { PANEL = 16, MOST_ROWS = 64, GPU_ITEMS = 64 }; // as in neighbors.cl, neighbors_cpu.cl and neighbors_gpu.cl

typedef struct search {
    gm_emitter *emitter;
    const gm_neighbors_attributes *attributes;
    const gm_view *x, *y, *radius, *result; // radius NULL: the nearest
    size_t N, M, D;
    const char *name;
    double flop;
} search;

static bool is_euclidean(const search *s) {
    return s->attributes->norm == GM_NORM_EUCLIDEAN;
}

static void matrix_arguments(gm_launch_builder *builder, const gm_view *matrix) {
    gm_argument_int(builder, matrix->offset);
    gm_argument_int(builder, matrix->stride[0]);
    gm_argument_int(builder, matrix->stride[1]);
}

static void vector_arguments(gm_launch_builder *builder, const gm_view *vector) {
    gm_argument_int(builder, vector->offset);
    gm_argument_int(builder, vector->stride[0]);
}

static gm_status instance(const search *s, uint32_t *kernel) {
    gm_text text = {0};
    gm_text_append(&text, s->radius ? "#define GM_NEIGHBORS_COUNT\n" : "");
    gm_text_append(&text, is_euclidean(s) ? "" : "#define GM_NEIGHBORS_MAXIMUM\n");
    gm_text_append(&text, "#define GM_NAME @\n");
    gm_kernel_text source = {.helper = "neighbors.cl",
                             .body = s->emitter->gpu ? "neighbors_gpu.cl" : "neighbors_cpu.cl",
                             .function = !s->emitter->gpu};
    return gm_emit_text(s->emitter, s->name, &text, source, kernel);
}

static uint64_t hash_view(uint64_t key, const gm_view *view) {
    key = gm_hash(key, &view->storage, sizeof view->storage);
    key = gm_hash(key, &view->offset, sizeof view->offset);
    key = gm_hash(key, view->stride, view->shape.rank * sizeof *view->stride);
    return gm_hash(key, view->shape.dim, view->shape.rank * sizeof *view->shape.dim);
}

// The radii of y, which lie beside its points; NULL: there are none.
static const gm_view *radii_of_y(const search *s) {
    return s->attributes->radius_of_y ? s->radius : NULL;
}

// Panels of y's rows, made once a phase for all searches among the same rows with the same radii.
static gm_status packed_points(const search *s, uint32_t *storage) {
    const gm_view *radius = radii_of_y(s);
    uint64_t key = hash_view(gm_hash_string(GM_HASH_START, "neighbors_pack"), s->y);
    if (radius) {
        int rule[] = {s->attributes->norm, s->attributes->strict};
        key = hash_view(gm_hash(key, rule, sizeof rule), radius);
    }
    bool fresh;
    size_t panels = gm_round_up(s->M, PANEL) / PANEL, count = panels * PANEL * (s->D + (radius ? 1 : 0));
    GM_TRY(gm_emit_shared(s->emitter, key, count * sizeof(float), storage, &fresh));
    if (!fresh)
        return GM_OK;
    uint32_t kernel;
    GM_TRY(gm_emit_fixed_function(s->emitter, "neighbors.cl", "neighbors_pack", &kernel));
    gm_launch_builder builder = {.emitter = s->emitter};
    gm_argument_read(&builder, s->y->storage);
    gm_argument_read(&builder, radius ? radius->storage : s->y->storage);
    gm_argument_write(&builder, *storage);
    matrix_arguments(&builder, s->y);
    vector_arguments(&builder, radius ? radius : s->y);
    gm_argument_int(&builder, (int64_t)s->M);
    gm_argument_int(&builder, (int64_t)s->D);
    gm_argument_int(&builder, radius != NULL);
    gm_argument_int(&builder, s->attributes->strict);
    gm_argument_int(&builder, is_euclidean(s));
    return gm_emit_launch(&builder, kernel, 1, &panels, (size_t[]){1}, 0, 8.0 * (double)count);
}

// Enough work-groups to keep the cores busy, else as large as they may be: each reads all of y.
static size_t rows_per_group(const search *s) {
    size_t wanted = 8 * GM_MAX(s->emitter->info->compute_units, (size_t)1);
    return GM_MIN(gm_round_up((s->N + wanted - 1) / wanted, 4), (size_t)MOST_ROWS);
}

static gm_status emit_search(const search *s) {
    gm_emitter *emitter = s->emitter;
    uint32_t kernel, points = s->y->storage;
    if (!emitter->gpu)
        GM_TRY(packed_points(s, &points));
    GM_TRY(instance(s, &kernel));
    gm_launch_builder builder = {.emitter = emitter, .label = s->name};
    gm_argument_read(&builder, s->x->storage);
    gm_argument_read(&builder, points);
    if (s->radius)
        gm_argument_read(&builder, s->radius->storage);
    gm_argument_write(&builder, s->result->storage);
    matrix_arguments(&builder, s->x);
    if (emitter->gpu)
        matrix_arguments(&builder, s->y);
    if (s->radius)
        vector_arguments(&builder, s->radius);
    gm_argument_int(&builder, s->result->offset);
    gm_argument_int(&builder, (int64_t)s->N);
    gm_argument_int(&builder, (int64_t)s->M);
    gm_argument_int(&builder, (int64_t)s->D);
    if (s->radius) {
        gm_argument_int(&builder, s->attributes->radius_of_y);
        gm_argument_int(&builder, s->attributes->strict);
    } else {
        gm_argument_int(&builder, (int64_t)s->attributes->k);
    }
    gm_argument_int(&builder, s->attributes->exclude_same);
    size_t rows = rows_per_group(s), local = emitter->gpu ? GPU_ITEMS : 1;
    if (!emitter->gpu)
        gm_argument_int(&builder, (int64_t)rows);
    size_t global = emitter->gpu ? gm_round_up(s->N, local) : gm_round_up(s->N, rows) / rows;
    double bytes = 4.0 * (double)((s->N + s->M) * s->D + gm_shape_count(&s->result->shape));
    return gm_emit_launch(&builder, kernel, 1, &global, &local, s->flop, bytes);
}

// A difference, what it becomes in the norm, and the sum.
static double neighbors_flop(const gm_tensor *node) {
    const gm_shape *x = &node->input[0]->shape, *y = &node->input[1]->shape;
    return 3.0 * (double)x->dim[0] * (double)y->dim[0] * (double)x->dim[1];
}

static gm_status emit_neighbors(const gm_emit_call *call) {
    const gm_tensor *node = call->node;
    search s = {.emitter = call->emitter,
                .attributes = node->attributes,
                .x = &call->input[0],
                .y = &call->input[1],
                .radius = node->op == &gm_op_count_within ? &call->input[2] : NULL,
                .result = call->output,
                .N = node->input[0]->shape.dim[0],
                .M = node->input[1]->shape.dim[0],
                .D = node->input[0]->shape.dim[1],
                .name = node->op->name,
                .flop = neighbors_flop(node)};
    return emit_search(&s);
}

const gm_family gm_families_neighbors[] = {
    {.op = &gm_op_nearest, .emit = emit_neighbors, .flop = neighbors_flop},
    {.op = &gm_op_count_within, .emit = emit_neighbors, .flop = neighbors_flop},
    {0},
};

// Layers that take numbers of classes or symbols: embeddings, and the projection for conditional discriminators.
#include "nn/layers.h"

#include "graph/graph.h"

// x (N, M), at least, and labels (N); the poison tensor after a fault.
static gm_tensor *check(gm_tensor *x, gm_tensor *labels, size_t most_rank) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x) || (labels != NULL && gm_is_poison(labels)))
        return graph->nodes[0];
    if (shape->rank < 2 || shape->rank > most_rank)
        return gm_fault(graph, "it takes vectors (N, M), not %s: put `flatten` before it", gm_shape_text(shape));
    if (labels == NULL)
        return gm_fault(graph, "it needs the samples' labels, but none are given: use it where data and training are "
                               "by class, or remove it");
    const gm_shape *by = gm_tensor_shape(labels);
    bool shares = gm_tensor_type(labels) == GM_FLOAT32;
    if ((!shares && gm_tensor_type(labels) != GM_INT32) || by->rank != (shares ? 2 : 1) || by->dim[0] != shape->dim[0])
        return gm_fault(graph,
                        "labels must be int32 (%zu), one per sample, or float32 (%zu, classes), shares of each, not %s "
                        "%s",
                        shape->dim[0], shape->dim[0], gm_type_text(gm_tensor_type(labels)), gm_shape_text(by));
    return x;
}

// Each sample's row of a table (classes, M): its label's, or the classes' in their shares. Shares may leave out the
// last classes.
static gm_tensor *rows_of(gm_tensor *table, gm_tensor *labels) {
    if (gm_tensor_type(labels) == GM_INT32)
        return gm_gather(table, labels);
    const size_t known = gm_tensor_shape(labels)->dim[1];
    const gm_shape *shape = gm_tensor_shape(table);
    if (known > shape->dim[0])
        return gm_fault(gm_tensor_graph(table), "labels are shares of %zu classes, of which it knows %zu", known,
                        shape->dim[0]);
    return gm_gemm(labels, gm_slice(table, (const size_t[]){0, 0}, (const size_t[]){known, shape->dim[1]}), NULL);
}

gm_tensor *gm_embed_layer(gm_tensor *x, gm_tensor *labels, const char *name, const gm_embed_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(check(x, labels, GM_MAX_RANK)))
        return graph->nodes[0];
    if (params->classes == 0 || params->size == 0)
        return gm_fault(graph, "classes and size must be at least 1");
    gm_tensor *table = gm_layer_variable(graph, name, "weight", (gm_shape){2, {params->classes, params->size}},
                                         (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    gm_shape shape = *gm_tensor_shape(x), narrow = {.rank = shape.rank, .dim = {shape.dim[0], params->size}};
    shape.dim[1] = params->size;
    for (size_t i = 2; i < narrow.rank; i++)
        narrow.dim[i] = 1;
    gm_tensor *rows = rows_of(table, labels);
    if (shape.rank > 2)
        rows = gm_broadcast(gm_reshape(rows, narrow), shape);
    return gm_concat((gm_tensor *[]){x, rows}, 2, 1);
}

gm_tensor *gm_projection_layer(gm_tensor *x, gm_tensor *labels, const char *name, const gm_projection_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(check(x, labels, 2)))
        return graph->nodes[0];
    if (params->classes == 0)
        return gm_fault(graph, "classes must be at least 1");
    const size_t features = gm_tensor_shape(x)->dim[1];
    const gm_dense_params unconditional = {
        .units = 1, .initializer = params->initializer, .gain = params->gain, .spectral_norm = params->spectral_norm};
    gm_tensor *y = gm_dense_layer(x, name, &unconditional);
    const char *embedding = gm_graph_printf(graph, "%s.embedding", name);
    if (embedding == NULL)
        return graph->nodes[0];
    gm_tensor *table = gm_layer_variable(graph, embedding, "weight", (gm_shape){2, {params->classes, features}},
                                         gm_weight_start(GM_WEIGHTS_XAVIER_UNIFORM, params->classes, features, 0));
    if (params->spectral_norm.on)
        table = gm_spectral_norm_layer(table, embedding, 0, &params->spectral_norm);
    return gm_add(y, gm_sum(gm_multiply(rows_of(table, labels), x), GM_AXIS(1)));
}

gm_tensor *gm_embed(gm_tensor *x, gm_tensor *labels, const char *name, const gm_embed_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_embed_layer(x, labels, name, params), "%s (embed)", name);
}

gm_tensor *gm_projection(gm_tensor *x, gm_tensor *labels, const char *name, const gm_projection_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_projection_layer(x, labels, name, params), "%s (projection)", name);
}

// Gather takes one row of indices: all samples' symbols, one sample after the other.
static gm_tensor *look_up(gm_tensor *indices, const char *name, const gm_embedding_params *params) {
    gm_graph *graph = gm_tensor_graph(indices);
    const gm_shape *shape = gm_tensor_shape(indices);
    if (gm_is_poison(indices))
        return indices;
    if (gm_tensor_type(indices) != GM_INT32 || shape->rank < 1 || shape->rank > 2)
        return gm_fault(graph, "indices must be int32 (N, L) or (N), not %s %s", gm_type_text(gm_tensor_type(indices)),
                        gm_shape_text(shape));
    if (params->symbols == 0 || params->size == 0)
        return gm_fault(graph, "symbols and size must be at least 1");
    gm_tensor *table = gm_layer_variable(graph, name, "weight", (gm_shape){2, {params->symbols, params->size}},
                                         (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    if (shape->rank == 1)
        return gm_gather(table, indices);
    const size_t samples = shape->dim[0], positions = shape->dim[1];
    gm_tensor *rows = gm_gather(table, gm_reshape(indices, (gm_shape){1, {samples * positions}}));
    rows = gm_reshape(rows, (gm_shape){3, {samples, positions, params->size}});
    return gm_transpose(rows, (const size_t[]){0, 2, 1});
}

// Shares (N, symbols, L) -> the sums of the rows.
static gm_tensor *weigh(gm_tensor *x, const char *name, const gm_embedding_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape shape = *gm_tensor_shape(x);
    const size_t samples = shape.dim[0], symbols = shape.dim[1], positions = shape.dim[2];
    if (params->symbols != 0 && params->symbols != symbols)
        return gm_fault(graph, "shares must be of its %zu symbols (N, %zu, L), not %s", params->symbols,
                        params->symbols, gm_shape_text(&shape));
    gm_tensor *table = gm_layer_variable(graph, name, "weight", (gm_shape){2, {symbols, params->size}},
                                         (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    gm_tensor *rows =
        gm_reshape(gm_transpose(x, (const size_t[]){0, 2, 1}), (gm_shape){2, {samples * positions, symbols}});
    rows = gm_reshape(gm_gemm(rows, table, NULL), (gm_shape){3, {samples, positions, params->size}});
    return gm_transpose(rows, (const size_t[]){0, 2, 1});
}

gm_tensor *gm_embedding_layer(gm_tensor *x, const char *name, const gm_embedding_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    const gm_shape *shape = gm_tensor_shape(x);
    if (shape->rank == 3)
        return weigh(x, name, params);
    if (shape->rank != 2)
        return gm_fault(graph, "it takes symbols (N, L), or shares of them (N, symbols, L), not %s",
                        gm_shape_text(shape));
    if (params->symbols == 0)
        return gm_fault(graph, "of numbers (N, L) it must be told how many symbols there are: symbols");
    return look_up(gm_cast(x, GM_INT32), name, params);
}

gm_tensor *gm_embedding(gm_tensor *indices, const char *name, const gm_embedding_params *params) {
    gm_graph *graph = gm_tensor_graph(indices);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, look_up(indices, name, params), "%s (embedding)", name);
}

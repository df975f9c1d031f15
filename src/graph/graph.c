// Graphs: nodes made once each, the first fault and its poison, and what every tensor answers about itself.
#include "graph/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const gm_op gm_op_poison = {.name = "poison", .kind = GM_OP_LEAF};

enum { TEXT_BUFFERS = 8, TEXT_BYTES = 192, TABLE_START = 1024 };

// ---- Types and shapes ----

size_t gm_type_size(gm_type type) {
    switch (type) {
    case GM_FLOAT32:
    case GM_INT32:
        return 4;
    case GM_UINT8:
        return 1;
    case GM_TYPE_INVALID:
        break;
    }
    return 0;
}

const char *gm_type_text(gm_type type) {
    switch (type) {
    case GM_FLOAT32:
        return "float32";
    case GM_INT32:
        return "int32";
    case GM_UINT8:
        return "uint8";
    case GM_TYPE_INVALID:
        break;
    }
    return "an invalid type";
}

size_t gm_shape_count(const gm_shape *shape) {
    size_t count = 1;
    for (size_t i = 0; i < shape->rank; i++)
        count *= shape->dim[i];
    return count;
}

bool gm_shape_equal(const gm_shape *a, const gm_shape *b) {
    if (a->rank != b->rank)
        return false;
    for (size_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

// A message may hold several texts at once, so each call takes the next of a few buffers.
static char *next_text(void) {
    static _Thread_local char buffers[TEXT_BUFFERS][TEXT_BYTES];
    static _Thread_local unsigned next;
    char *text = buffers[next++ % TEXT_BUFFERS];
    text[0] = '\0';
    return text;
}

static void print_shape(char *text, size_t bytes, const gm_shape *shape) {
    size_t used = (size_t)snprintf(text, bytes, "(");
    for (size_t i = 0; i < shape->rank && i < GM_MAX_RANK && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, i ? ", %zu" : "%zu", shape->dim[i]);
    if (used < bytes)
        snprintf(text + used, bytes - used, ")");
}

const char *gm_shape_text(const gm_shape *shape) {
    char *text = next_text();
    print_shape(text, TEXT_BYTES, shape);
    return text;
}

const char *gm_describe(const gm_tensor *x) {
    char *text = next_text();
    int used = x->name ? snprintf(text, TEXT_BYTES, "'%.60s' ", x->name) : 0;
    print_shape(text + used, TEXT_BYTES - (size_t)used, &x->shape);
    return text;
}

bool gm_shape_usable(gm_graph *graph, const char *what, const gm_shape *shape) {
    if (shape->rank > GM_MAX_RANK) {
        gm_fault(graph, "%s: rank %zu is above the largest, %d", what, shape->rank, GM_MAX_RANK);
        return false;
    }
    size_t count = 1;
    for (size_t i = 0; i < shape->rank; i++) {
        if (shape->dim[i] == 0) {
            gm_fault(graph, "%s: axis %zu of shape %s is empty; every dimension must be at least 1", what, i,
                     gm_shape_text(shape));
            return false;
        }
        if (count > SIZE_MAX / 8 / shape->dim[i]) {
            gm_fault(graph, "%s: shape %s has too many elements to count", what, gm_shape_text(shape));
            return false;
        }
        count *= shape->dim[i];
    }
    return true;
}

// ---- Graphs ----

gm_status gm_graph_create(gm_graph **out) {
    *out = NULL;
    gm_status status = GM_OK;
    gm_graph *graph = NULL;
    GM_TRY(gm_alloc(&graph, 1, sizeof *graph, "a graph"));
    GM_TRY_DONE(gm_alloc(&graph->table, TABLE_START, sizeof *graph->table, "a graph's table of nodes"));
    graph->table_size = TABLE_START;
    GM_TRY_DONE(gm_grow(&graph->nodes, 0, &graph->node_capacity, sizeof(gm_tensor *), "a graph's nodes"));
    gm_tensor *poison = gm_arena_alloc(&graph->arena, sizeof *poison);
    if (!poison)
        GM_TRY_DONE(gm_fail_memory(sizeof *poison, "a graph"));
    poison->graph = graph;
    poison->op = &gm_op_poison;
    graph->nodes[graph->node_count++] = poison;
    *out = graph;
    return GM_OK;
done:
    gm_graph_destroy(&graph);
    return status;
}

void gm_graph_destroy(gm_graph **pointer) {
    gm_graph *graph = pointer ? *pointer : NULL;
    if (!graph)
        return;
    *pointer = NULL;
    for (size_t i = 0; i < graph->phase_count; i++) {
        free(graph->phases[i]->fetches);
        free(graph->phases[i]->assignments);
    }
    free(graph->phases);
    free(graph->nodes);
    free(graph->table);
    gm_arena_finish(&graph->arena);
    free(graph);
}

gm_status gm_graph_status(const gm_graph *graph) {
    if (!graph)
        return gm_fail(GM_ERROR_ARGUMENT, "there is no graph (NULL)");
    if (graph->fault == GM_OK)
        return GM_OK;
    return gm_fail(graph->fault, "%s", graph->fault_message ? graph->fault_message : "out of memory building a graph");
}

static gm_tensor *poison_of(gm_graph *graph) {
    return graph ? graph->nodes[0] : NULL;
}

gm_tensor *gm_fault(gm_graph *graph, const char *format, ...) {
    if (graph && graph->fault == GM_OK) {
        char message[1024];
        va_list arguments;
        va_start(arguments, format);
        gm_vsnprintf(message, sizeof message, format, arguments);
        va_end(arguments);
        graph->fault = GM_ERROR_ARGUMENT;
        graph->fault_message = gm_arena_string(&graph->arena, message);
    }
    return poison_of(graph);
}

// No memory for the node means none for a message either: gm_graph_status words this one.
gm_tensor *gm_fault_memory(gm_graph *graph) {
    if (graph->fault == GM_OK)
        graph->fault = GM_ERROR_MEMORY;
    return poison_of(graph);
}

bool gm_is_poison(const gm_tensor *x) {
    return !x || x->op == &gm_op_poison;
}

bool gm_usable(const char *what, gm_tensor *const *xs, size_t count, gm_tensor **poison) {
    gm_graph *graph = NULL;
    for (size_t i = 0; i < count && !graph; i++)
        graph = xs[i] ? xs[i]->graph : NULL;
    *poison = poison_of(graph);
    for (size_t i = 0; i < count; i++) {
        if (!xs[i]) {
            gm_fault(graph, "%s: input %zu is NULL", what, i);
            return false;
        }
        if (xs[i]->graph != graph) {
            gm_fault(graph, "%s: its inputs belong to different graphs", what);
            return false;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (gm_is_poison(xs[i]))
            return false;
    return count > 0;
}

// ---- Nodes: equal ones are made once ----

static uint64_t node_hash(const gm_tensor *x) {
    uint64_t hash = gm_hash(GM_HASH_START, &x->op, sizeof x->op);
    hash = gm_hash(hash, &x->type, sizeof x->type);
    hash = gm_hash(hash, x->shape.dim, x->shape.rank * sizeof x->shape.dim[0]);
    for (size_t i = 0; i < x->input_count; i++)
        hash = gm_hash(hash, &x->input[i]->id, sizeof x->input[i]->id);
    hash = gm_hash(hash, x->attributes, x->attributes_size);
    return x->name ? gm_hash_string(hash, x->name) : hash;
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool node_equal(const gm_tensor *a, const gm_tensor *b) {
    if (a->op != b->op || a->type != b->type || a->input_count != b->input_count ||
        a->attributes_size != b->attributes_size || !gm_shape_equal(&a->shape, &b->shape) ||
        !same_text(a->name, b->name))
        return false;
    for (size_t i = 0; i < a->input_count; i++)
        if (a->input[i] != b->input[i])
            return false;
    return a->attributes_size == 0 || memcmp(a->attributes, b->attributes, a->attributes_size) == 0;
}

// The slot that holds x's equal, or the free one where x belongs.
static uint32_t *find_slot(const gm_graph *graph, uint32_t *table, size_t size, const gm_tensor *x) {
    size_t slot = (size_t)node_hash(x) & (size - 1);
    while (table[slot] != 0 && !node_equal(graph->nodes[table[slot]], x))
        slot = (slot + 1) & (size - 1);
    return &table[slot];
}

static gm_status grow_table(gm_graph *graph) {
    if (graph->node_count * 2 < graph->table_size)
        return GM_OK;
    size_t size = graph->table_size * 2;
    uint32_t *table = NULL;
    GM_TRY(gm_alloc(&table, size, sizeof *table, "a graph's table of nodes"));
    for (size_t id = 1; id < graph->node_count; id++)
        *find_slot(graph, table, size, graph->nodes[id]) = (uint32_t)id;
    free(graph->table);
    graph->table = table;
    graph->table_size = size;
    return GM_OK;
}

gm_tensor *gm_node(gm_graph *graph, const gm_op *op, gm_type type, const gm_shape *shape, gm_tensor *const *inputs,
                   size_t input_count, const void *attributes, size_t attributes_size, const char *name) {
    if (!graph)
        return NULL;
    gm_tensor *poison = NULL;
    if (input_count > 0 && !gm_usable(op->name, inputs, input_count, &poison))
        return poison_of(graph);
    if (grow_table(graph) != GM_OK ||
        gm_grow(&graph->nodes, graph->node_count, &graph->node_capacity, sizeof(gm_tensor *), "nodes") != GM_OK)
        return gm_fault_memory(graph);

    gm_tensor wanted = {.graph = graph, .op = op, .id = (uint32_t)graph->node_count, .type = type};
    wanted.shape.rank = shape->rank;
    for (size_t i = 0; i < shape->rank; i++)
        wanted.shape.dim[i] = shape->dim[i];
    wanted.input_count = input_count;
    wanted.input = (gm_tensor **)inputs;
    wanted.attributes = attributes;
    wanted.attributes_size = attributes_size;
    wanted.name = name;
    wanted.rate = 1;
    wanted.hidden = graph->hiding;
    uint32_t *slot = find_slot(graph, graph->table, graph->table_size, &wanted);
    if (*slot != 0) {
        gm_tensor *found = graph->nodes[*slot];
        found->hidden = found->hidden && graph->hiding;
        return found;
    }

    gm_tensor *node = gm_arena_copy(&graph->arena, &wanted, sizeof wanted);
    if (!node)
        return gm_fault_memory(graph);
    node->input = input_count ? gm_arena_copy(&graph->arena, inputs, input_count * sizeof *inputs) : NULL;
    node->attributes = attributes_size ? gm_arena_copy(&graph->arena, attributes, attributes_size) : NULL;
    node->name = name ? gm_arena_string(&graph->arena, name) : NULL;
    if ((input_count && !node->input) || (attributes_size && !node->attributes) || (name && !node->name))
        return gm_fault_memory(graph);
    *slot = node->id;
    graph->nodes[graph->node_count++] = node;
    return node;
}

gm_tensor *gm_find_named(const gm_graph *graph, const gm_op *op, const char *name) {
    for (size_t id = 1; graph && id < graph->node_count; id++)
        if (graph->nodes[id]->op == op && same_text(graph->nodes[id]->name, name))
            return graph->nodes[id];
    return NULL;
}

// ---- Accessors ----

gm_type gm_tensor_type(const gm_tensor *x) {
    return x ? x->type : GM_TYPE_INVALID;
}

const gm_shape *gm_tensor_shape(const gm_tensor *x) {
    static const gm_shape none;
    return x ? &x->shape : &none;
}

gm_graph *gm_tensor_graph(const gm_tensor *x) {
    return x ? x->graph : NULL;
}

const char *gm_tensor_name(const gm_tensor *x) {
    if (!x)
        return "";
    return x->name ? x->name : x->op->name;
}

const char *gm_graph_printf(gm_graph *graph, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = gm_vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : gm_arena_alloc(&graph->arena, (size_t)length + 1);
    if (text != NULL)
        gm_vsnprintf(text, (size_t)length + 1, format, again);
    else
        gm_fault(graph, "out of memory for a name");
    va_end(again);
    return text;
}

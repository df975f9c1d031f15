// A pool of earlier results, as a variable of the state: it is in checkpoints, and what it does follows from the step.
//   P = size, N = batch, n = N * step images have come before; slots of a batch are N places in a row, modulo P, so
//   that no two of its images take the same.
#include "model/cycle.h"

#include "graph/graph.h"
#include "model/model.h"

// a modulo P of whole numbers, which division need not round exactly.
static gm_tensor *modulo(gm_tensor *a, double P) {
    gm_graph *graph = gm_tensor_graph(a);
    gm_tensor *times = gm_floor(gm_divide(gm_offset(a, .5), gm_constant(graph, P)));
    return gm_subtract(a, gm_scale(times, P));
}

// Per image, with as many axes.
static gm_tensor *spread(gm_tensor *x, size_t count, size_t rank) {
    gm_shape shape = {.rank = rank, .dim = {count, 1, 1, 1}};
    return gm_reshape(x, shape);
}

gm_tensor *gm_pool_draw(gm_pool *pool, const char *name, size_t size, gm_tensor *made, gm_tensor *counter) {
    gm_graph *graph = gm_tensor_graph(made);
    const gm_shape *shape = gm_tensor_shape(made);
    const size_t N = shape->dim[0], rank = shape->rank;
    const double P = (double)size;
    gm_shape all = *shape, one = {.rank = rank, .dim = {N, 1, 1, 1}};
    all.dim[0] = size;
    pool->images = gm_variable(graph, name, GM_FLOAT32, all, (gm_initializer){0});
    gm_tensor *uniform = gm_random_uniform(graph, gm_graph_printf(graph, "%s.slot", name), GM_SHAPE(1), counter);
    gm_tensor *coin = gm_random_uniform(graph, gm_graph_printf(graph, "%s.coin", name), GM_SHAPE(N), counter);
    gm_tensor *before = gm_reshape(gm_scale(gm_cast(gm_model_element(counter, 0), GM_FLOAT32), (double)N), GM_SHAPE(1));
    gm_tensor *filling = gm_minimum(gm_maximum(gm_offset(gm_negate(before), P), gm_constant(graph, 0)),
                                    gm_constant(graph, 1)); // 1 while n < P, else 0
    gm_tensor *random = gm_floor(gm_scale(uniform, P));
    gm_tensor *first = gm_select(filling, modulo(gm_minimum(before, gm_constant(graph, P)), P), modulo(random, P));
    float places[GM_POOL_MOST];
    for (size_t i = 0; i < N; i++)
        places[i] = (float)i;
    gm_tensor *slots =
        gm_cast(modulo(gm_add(gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(N), places), first), P), GM_INT32);
    gm_tensor *swaps = gm_floor(gm_scale(coin, 2)), *keeps = gm_maximum(swaps, filling);
    gm_tensor *gives = gm_multiply(swaps, gm_offset(gm_negate(filling), 1));
    gm_tensor *old = gm_gather(pool->images, slots), *kept = spread(keeps, N, rank);
    gm_tensor *taken = gm_scatter_add(gm_broadcast(kept, one), slots, size);
    pool->next = gm_select(taken, gm_scatter_add(gm_multiply(made, kept), slots, size), pool->images);
    return gm_select(spread(gives, N, rank), old, made);
}

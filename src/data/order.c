// The order of training: for each epoch a permutation of the data set that is computed, not stored.
//
// A Feistel network permutes the smallest set of 4^h numbers that holds all indices, with Philox as the round
// function; walking along its cycles until an index is inside the data set (Black and Rogaway, "Ciphers with arbitrary
// finite domains", 2002) makes it a permutation of the data set. 4^h < 4 count, so the walk takes few steps.
//
// Where classes come equally often, draw c is of class p(c mod K), p being such a permutation of the K classes for the
// run c / K of draws, which makes it the draw c / K of that class's own order: all follows from the cursor.
#include "data/order.h"

#include "base/base.h"
#include "data/row_weights.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 6

static uint32_t feistel(uint64_t seed, uint32_t stream, uint64_t epoch, uint32_t half_bits, uint32_t index) {
    uint32_t mask = (UINT32_C(1) << half_bits) - 1, left = index >> half_bits, right = index & mask;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t word[4], next;
        gm_philox(word, (uint32_t[4]){right, stream, (uint32_t)epoch, (uint32_t)(epoch >> 32) << 8 | round}, seed);
        next = left ^ (word[0] & mask);
        left = right;
        right = next;
    }
    return left << half_bits | right;
}

static uint32_t bits_for(size_t count) {
    uint32_t half_bits = 1;
    while (((uint64_t)1 << (2 * half_bits)) < count)
        half_bits++;
    return half_bits;
}

// Where `position` of 0 to count - 1 goes.
static uint32_t permute(uint64_t seed, uint32_t stream, uint64_t epoch, size_t count, uint32_t half_bits,
                        uint32_t position) {
    do
        position = feistel(seed, stream, epoch, half_bits, position);
    while (position >= count);
    return position;
}

static gm_status check_count(size_t count) {
    return count > 0 && count <= INT32_MAX
               ? GM_OK
               : gm_fail(GM_ERROR_ARGUMENT, "a data set of %zu items cannot be shuffled: 1 to %d", count, INT32_MAX);
}

gm_status gm_loader_indices(uint64_t seed, uint64_t cursor, size_t count, size_t dataset_count, int32_t *indices) {
    GM_TRY(check_count(dataset_count));
    uint32_t half_bits = bits_for(dataset_count), stream = gm_stream("data.order");
    uint64_t epoch = cursor / dataset_count;
    uint32_t position = (uint32_t)(cursor % dataset_count);
    for (size_t i = 0; i < count; i++) {
        indices[i] = (int32_t)permute(seed, stream, epoch, dataset_count, half_bits, position);
        if (++position == dataset_count) {
            position = 0;
            epoch++;
        }
    }
    return GM_OK;
}

// ---- Every class equally often ----

// The items class by class, each class's in their order; classes without any are left out.
static gm_status sort(gm_order *order, const int32_t *labels, size_t classes) {
    size_t *counts = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&counts, classes + 1, sizeof *counts, "the order of the data"));
    GM_TRY_DONE(gm_alloc(&order->first, classes + 1, sizeof *order->first, "the order of the data"));
    GM_TRY_DONE(gm_alloc(&order->members, order->count, sizeof *order->members, "the order of the data"));
    for (size_t i = 0; i < order->count; i++)
        counts[labels[i] + 1]++;
    for (size_t k = 0; k < classes; k++) {
        if (counts[k + 1] > 0)
            order->first[++order->class_count] = counts[k] + counts[k + 1];
        counts[k + 1] += counts[k];
    }
    for (size_t i = 0; i < order->count; i++)
        order->members[counts[labels[i]]++] = (int32_t)i;
done:
    free(counts);
    return status;
}

gm_status gm_order_init(gm_order *order, uint64_t seed, const gm_dataset *dataset, bool balanced) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    *order = (gm_order){.seed = seed, .count = info->count};
    GM_TRY(check_count(info->count));
    if (!balanced)
        return GM_OK;
    if (info->class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no labels, so that its classes cannot be drawn equally often",
                       info->name);
    gm_status status = sort(order, gm_dataset_labels(dataset), info->class_count);
    if (status != GM_OK)
        gm_order_finish(order);
    return status;
}

gm_status gm_order_init_rows(gm_order *order, uint64_t seed, const gm_dataset *dataset) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    *order = (gm_order){.seed = seed, .count = info->count};
    GM_TRY(check_count(info->count));
    return gm_row_weights_sum(dataset, &order->sums);
}

void gm_order_finish(gm_order *order) {
    free(order->first);
    free(order->members);
    free(order->sums);
    *order = (gm_order){0};
}

// The first row up to which the weights are more than a random share of their total.
static int32_t draw_row(const gm_order *order, uint64_t cursor) {
    double u =
        gm_philox_uniform(order->seed, gm_stream("data.order.rows"), (uint32_t)cursor, (uint32_t)(cursor >> 32), 0);
    double wanted = u * order->sums[order->count - 1];
    size_t low = 0, high = order->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order->sums[middle] > wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return (int32_t)low;
}

gm_status gm_order_indices(const gm_order *order, uint64_t cursor, size_t count, int32_t *indices) {
    size_t K = order->class_count;
    for (size_t i = 0; order->sums && i < count; i++)
        indices[i] = draw_row(order, cursor + i);
    if (order->sums)
        return GM_OK;
    if (K == 0)
        return gm_loader_indices(order->seed, cursor, count, order->count, indices);
    uint32_t classes = gm_stream("data.order.classes"), items = gm_stream("data.order.items"), bits = bits_for(K);
    for (size_t i = 0; i < count; i++) {
        uint64_t run = (cursor + i) / K;
        uint32_t k = permute(order->seed, classes, run, K, bits, (uint32_t)((cursor + i) % K));
        size_t first = order->first[k], members = order->first[k + 1] - first;
        uint32_t place =
            permute(order->seed, items + k, run / members, members, bits_for(members), (uint32_t)(run % members));
        indices[i] = order->members[first + place];
    }
    return GM_OK;
}

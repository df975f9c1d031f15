// Memory: values that are never alive at the same launch share bytes. Large values are placed first, of equal ones
// those that live longest, each at the lowest offset that no value alive at the same time covers (greedy by size), in
// arenas no larger than the device's largest allocation.
//
// In separate mode every value has an arena of its own, filled with a NaN, with a guard behind it: what reads too early
// or writes too far shows. Tools that watch for both themselves want these arenas unfilled and without guards.
#include "plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t poison = UINT32_C(0x7fc0fead); // a NaN as float32, and as two halves

static _Thread_local const gm_storage *sorted_storages; // qsort has no context

static int larger_first(const void *x, const void *y) {
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    const gm_storage *p = &sorted_storages[a], *q = &sorted_storages[b];
    if (p->bytes != q->bytes)
        return (p->bytes < q->bytes) - (p->bytes > q->bytes);
    size_t p_life = p->last - p->first, q_life = q->last - q->first;
    return p_life != q_life ? (p_life < q_life) - (p_life > q_life) : (a > b) - (a < b);
}

static size_t alignment(const gm_plan *plan) {
    return GM_MAX(plan->emitter.info->base_alignment, (size_t)64);
}

static size_t aligned(const gm_plan *plan, size_t bytes) {
    size_t align = alignment(plan);
    return (bytes + align - 1) / align * align;
}

static bool alive_together(const gm_storage *a, const gm_storage *b) {
    return a->keep || b->keep || (a->first <= b->last && b->first <= a->last);
}

// The lowest free offset for `storage` in the arena; SIZE_MAX when it does not fit. `order` is by offset.
static size_t lowest_offset(const gm_plan *plan, const gm_storage *storage, const uint32_t *order, size_t count,
                            size_t arena, size_t limit) {
    const gm_storage *storages = plan->emitter.storages;
    size_t offset = 0, bytes = aligned(plan, storage->bytes);
    for (size_t i = 0; i < count; i++) {
        const gm_storage *other = &storages[order[i]];
        size_t end = other->offset + aligned(plan, other->bytes);
        if (other->arena != arena || !alive_together(storage, other) || end <= offset)
            continue;
        if (other->offset >= offset + bytes)
            break;
        offset = end;
    }
    return offset + bytes <= limit ? offset : SIZE_MAX;
}

// Values grow with the batch, so their share that fits is the batch's, or the area's of a picture.
static gm_status out_of_memory(const gm_plan *plan, size_t needed, uint64_t available) {
    const gm_device_info *info = plan->emitter.info;
    double share = GM_MIN((double)available / (double)needed, 0.9), side = sqrt(share);
    if (plan->picture[0] > 0)
        return gm_fail(
            GM_ERROR_MEMORY,
            "a picture of %zu x %zu takes %.1f MiB of values, but %s has %.1f MiB (at most %.1f MiB at once): "
            "about %.0f x %.0f would fit; make it smaller, or cut it into parts that overlap",
            plan->picture[0], plan->picture[1], (double)needed / 1048576, info->name,
            (double)info->global_bytes / 1048576, (double)info->max_allocation_bytes / 1048576,
            floor(side * (double)plan->picture[0]), floor(side * (double)plan->picture[1]));
    return gm_fail(GM_ERROR_MEMORY,
                   "the plan needs %.1f MiB for its values, but %s has %.1f MiB (at most %.1f MiB at once); use a "
                   "smaller batch (about %.3g of this one would fit) or narrower layers",
                   (double)needed / 1048576, info->name, (double)info->global_bytes / 1048576,
                   (double)info->max_allocation_bytes / 1048576, share);
}

static gm_status create_arenas(gm_plan *plan, const size_t *size, size_t count) {
    GM_TRY(gm_alloc(&plan->arenas, count, sizeof *plan->arenas, "a plan's memory"));
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += size[i];
    if (total > plan->emitter.info->global_bytes)
        return out_of_memory(plan, total, plan->emitter.info->global_bytes);
    for (size_t i = 0; i < count; i++) {
        gm_status status = gm_buffer_create(&plan->arenas[i], plan->device, size[i]);
        if (status != GM_OK)
            return status == GM_ERROR_MEMORY ? out_of_memory(plan, total, total / 2)
                                             : status; // what is free is unknown
        plan->arena_count = i + 1;
        // Values are written before they are read; NaN shows where that is not so.
        if (plan->separate && !plan->unfilled)
            GM_TRY(gm_buffer_fill(plan->arenas[i], 0, size[i], poison));
    }
    plan->statistics.device_bytes = total;
    return GM_OK;
}

// Between which launches each storage is alive.
static void find_lifetimes(gm_emitter *emitter) {
    for (size_t i = 0; i < emitter->launch_count; i++)
        for (size_t k = 0; k < emitter->launches[i].argument_count; k++) {
            const gm_argument *argument = &emitter->launches[i].argument[k];
            if (argument->kind != GM_ARGUMENT_STORAGE)
                continue;
            gm_storage *storage = &emitter->storages[argument->storage];
            storage->first = GM_MIN(storage->first, i);
            storage->last = GM_MAX(storage->last, i);
        }
}

gm_status gm_memory_plan(gm_plan *plan) {
    find_lifetimes(&plan->emitter);
    gm_storage *storages = plan->emitter.storages;
    size_t storage_count = plan->emitter.storage_count, guard = plan->separate && !plan->unfilled ? alignment(plan) : 0;
    size_t limit = GM_MAX((size_t)plan->emitter.info->max_allocation_bytes, (size_t)1), arenas = 0, placed_count = 0;
    gm_status status = GM_OK;
    uint32_t *order = NULL, *placed_order = NULL;
    size_t *size = NULL;
    GM_TRY_DONE(gm_alloc(&order, storage_count, sizeof *order, "planning memory"));
    GM_TRY_DONE(gm_alloc(&placed_order, storage_count, sizeof *placed_order, "planning memory"));
    GM_TRY_DONE(gm_alloc(&size, storage_count + 1, sizeof *size, "planning memory"));
    size_t count = 0;
    for (uint32_t i = 0; i < storage_count; i++)
        if (!storages[i].fixed && storages[i].first <= storages[i].last) {
            plan->statistics.unplanned_bytes += aligned(plan, storages[i].bytes);
            order[count++] = i;
        }
    sorted_storages = storages;
    qsort(order, count, sizeof *order, larger_first);
    for (size_t i = 0; i < count; i++) {
        gm_storage *storage = &storages[order[i]];
        size_t bytes = aligned(plan, storage->bytes) + guard;
        if (bytes > limit) {
            status = out_of_memory(plan, bytes, limit);
            goto done;
        }
        size_t offset = SIZE_MAX, arena = 0;
        for (; !plan->separate && arena < arenas && offset == SIZE_MAX; arena++)
            offset = lowest_offset(plan, storage, placed_order, placed_count, arena, limit);
        if (offset == SIZE_MAX) {
            arena = ++arenas;
            offset = 0;
        }
        storage->arena = arena - 1;
        storage->offset = offset;
        size[arena - 1] = GM_MAX(size[arena - 1], offset + bytes);
        size_t at = placed_count++;
        for (; at > 0 && storages[placed_order[at - 1]].offset > offset; at--)
            placed_order[at] = placed_order[at - 1];
        placed_order[at] = order[i];
    }
    status = create_arenas(plan, size, arenas);
done:
    free(order);
    free(placed_order);
    free(size);
    return status;
}

// The first launch that writes the storage.
static const char *writer(const gm_plan *plan, uint32_t storage) {
    const gm_emitter *emitter = &plan->emitter;
    for (size_t i = 0; i < emitter->launch_count; i++)
        for (size_t k = 0; k < emitter->launches[i].argument_count; k++) {
            const gm_argument *argument = &emitter->launches[i].argument[k];
            if (argument->kind == GM_ARGUMENT_STORAGE && argument->written && argument->storage == storage)
                return emitter->launches[i].cost.label;
        }
    return "no kernel";
}

static gm_status check_guard(const gm_plan *plan, uint32_t index, unsigned char *guard) {
    const gm_storage *storage = &plan->emitter.storages[index];
    gm_buffer *arena = plan->arenas[storage->arena];
    unsigned char pattern[sizeof poison];
    memcpy(pattern, &poison, sizeof poison);
    size_t bytes = gm_buffer_bytes(arena) - storage->bytes;
    GM_TRY(gm_buffer_read(arena, storage->bytes, guard, bytes));
    for (size_t i = 0; i < bytes; i++)
        if (guard[i] != pattern[(storage->bytes + i) % sizeof poison])
            return gm_fail(GM_ERROR_STATE,
                           "storage %u of %zu bytes, written by %s, was overrun: byte %zu behind it changed", index,
                           storage->bytes, writer(plan, index), i);
    return GM_OK;
}

gm_status gm_plan_check_guards(gm_plan *plan) {
    if (!plan->separate || plan->unfilled)
        return gm_fail(GM_ERROR_STATE, "only plans with separate, filled buffers have guards");
    unsigned char *guard;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&guard, 2 * alignment(plan), 1, "the guards of a plan"));
    for (uint32_t i = 0; i < plan->emitter.storage_count && status == GM_OK; i++) {
        const gm_storage *storage = &plan->emitter.storages[i];
        if (!storage->fixed && storage->first <= storage->last)
            status = check_guard(plan, i, guard);
    }
    free(guard);
    return status;
}

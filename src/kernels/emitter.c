// The emitter: collects storages, kernel texts and launches.
#include "kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gm_status gm_check_countable(size_t elements) {
    if (elements <= GM_MOST_ELEMENTS)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%zu elements are more than %zu, which is as far as kernels count; use a smaller batch, or "
                   "smaller pictures",
                   elements, GM_MOST_ELEMENTS);
}

gm_status gm_emit_storage(gm_emitter *emitter, size_t bytes, uint32_t *storage) {
    GM_TRY(gm_check_countable(bytes / sizeof(float))); // also of what is packed or partial
    GM_TRY(gm_grow(&emitter->storages, emitter->storage_count, &emitter->storage_capacity, sizeof(gm_storage),
                   "a plan's values"));
    *storage = (uint32_t)emitter->storage_count;
    emitter->storages[emitter->storage_count++] =
        (gm_storage){.bytes = GM_MAX(bytes, (size_t)4), .first = SIZE_MAX, .last = 0};
    return GM_OK;
}

gm_status gm_emit_shared(gm_emitter *emitter, uint64_t key, size_t bytes, uint32_t *storage, bool *fresh) {
    for (size_t i = 0; i < emitter->shared_count; i++)
        if (emitter->shared[i].key == key) {
            *storage = emitter->shared[i].storage;
            *fresh = false;
            return GM_OK;
        }
    GM_TRY(gm_emit_storage(emitter, bytes, storage));
    GM_TRY(gm_grow(&emitter->shared, emitter->shared_count, &emitter->shared_capacity, sizeof(gm_shared_value),
                   "a plan's shared values"));
    emitter->shared[emitter->shared_count++] = (gm_shared_value){key, *storage};
    *fresh = true;
    return GM_OK;
}

static gm_status add_kernel(gm_emitter *emitter, gm_kernel_text kernel, uint32_t *index) {
    for (size_t i = 0; i < emitter->kernel_count; i++)
        if (emitter->kernels[i].hash == kernel.hash && strcmp(emitter->kernels[i].text, kernel.text) == 0) {
            *index = (uint32_t)i;
            return GM_OK;
        }
    GM_TRY(gm_grow(&emitter->kernels, emitter->kernel_count, &emitter->kernel_capacity, sizeof(gm_kernel_text),
                   "a plan's kernels"));
    kernel.text = gm_arena_string(&emitter->arena, kernel.text); // the caller's go away
    kernel.calls = gm_arena_copy(&emitter->arena, kernel.calls, kernel.call_count * sizeof *kernel.calls);
    if (!kernel.text || !kernel.calls)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for a kernel's text");
    *index = (uint32_t)emitter->kernel_count;
    emitter->kernels[emitter->kernel_count++] = kernel;
    return GM_OK;
}

gm_status gm_emit_kernel(gm_emitter *emitter, const char *prefix, const gm_kernel_text *source, uint32_t *kernel) {
    gm_kernel_text added = *source;
    added.hash = gm_hash_string(gm_hash_string(GM_HASH_START, prefix), source->text);
    snprintf(added.name, sizeof added.name, "%s_%016llx", prefix, (unsigned long long)added.hash);
    return add_kernel(emitter, added, kernel);
}

gm_status gm_emit_text(gm_emitter *emitter, const char *prefix, gm_text *text, gm_kernel_text source,
                       uint32_t *kernel) {
    source.text = text->data;
    gm_status status = text->failed ? gm_fail_memory(text->capacity, "a kernel's text")
                                    : gm_emit_kernel(emitter, prefix, &source, kernel);
    gm_text_finish(text);
    return status;
}

gm_status gm_emit_fixed_function(gm_emitter *emitter, const char *file, const char *name, uint32_t *kernel) {
    gm_kernel_text added = {.helper = file, .text = "", .function = true};
    added.hash = gm_hash_string(GM_HASH_START, name);
    snprintf(added.name, sizeof added.name, "%s", name);
    return add_kernel(emitter, added, kernel);
}

static void argument(gm_launch_builder *builder, gm_argument value) {
    if (builder->count == GM_MAX_ARGUMENTS)
        builder->crowded = true;
    else
        builder->argument[builder->count++] = value;
}

void gm_argument_read(gm_launch_builder *builder, uint32_t storage) {
    argument(builder, (gm_argument){.kind = GM_ARGUMENT_STORAGE, .storage = storage});
}

void gm_argument_write(gm_launch_builder *builder, uint32_t storage) {
    argument(builder, (gm_argument){.kind = GM_ARGUMENT_STORAGE, .written = true, .storage = storage});
}

void gm_argument_write_view(gm_launch_builder *builder, const gm_view *view) {
    argument(builder,
             (gm_argument){.kind = GM_ARGUMENT_STORAGE, .written = true, .part = view->part, .storage = view->storage});
}

void gm_argument_int(gm_launch_builder *builder, int64_t value) {
    if (value > INT32_MAX || value < INT32_MIN)
        builder->uncountable = true;
    argument(builder, (gm_argument){.kind = GM_ARGUMENT_INT, .integer = (int32_t)value});
}

void gm_argument_ints(gm_launch_builder *builder, const int64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        gm_argument_int(builder, values[i]);
}

void gm_argument_float(gm_launch_builder *builder, double value) {
    argument(builder, (gm_argument){.kind = GM_ARGUMENT_FLOAT, .real = (float)value});
}

void gm_argument_key(gm_launch_builder *builder) {
    argument(builder, (gm_argument){.kind = GM_ARGUMENT_KEY});
}

gm_status gm_emit_launch(gm_launch_builder *builder, uint32_t kernel, size_t dims, const size_t *global,
                         const size_t *local, double flop, double bytes) {
    gm_emitter *emitter = builder->emitter;
    for (size_t i = 0; i < dims; i++)
        builder->uncountable = builder->uncountable || global[i] / local[i] > GM_MOST_ELEMENTS;
    if (builder->uncountable)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "its kernel goes over more than %zu elements, which is as far as kernels count; use a smaller batch, or "
            "smaller pictures",
            GM_MOST_ELEMENTS);
    if (builder->crowded)
        return gm_fail(GM_ERROR_ARGUMENT, "kernel %s has more than %d arguments", emitter->kernels[kernel].name,
                       GM_MAX_ARGUMENTS);
    GM_TRY(gm_grow(&emitter->launches, emitter->launch_count, &emitter->launch_capacity, sizeof(gm_launch),
                   "a plan's launches"));
    gm_launch *launch = &emitter->launches[emitter->launch_count];
    *launch = (gm_launch){.kernel = kernel, .argument_count = builder->count, .dims = dims};
    launch->argument = gm_arena_copy(&emitter->arena, builder->argument, builder->count * sizeof *builder->argument);
    if (!launch->argument)
        return gm_fail_memory(builder->count * sizeof *builder->argument, "a launch's arguments");
    for (size_t i = 0; i < 3; i++) {
        launch->global[i] = i < dims ? global[i] : 1;
        launch->local[i] = i < dims ? local[i] : 1;
    }
    launch->cost = (gm_cost){.label = builder->label, .flop = flop, .bytes = bytes};
    launch->cost.executed = builder->executed > 0 ? builder->executed : flop;
    emitter->launch_count++;
    return GM_OK;
}

gm_status gm_emit_product(gm_emitter *emitter, const gm_product *product, double flop) {
    gm_launch_builder builder = {.emitter = emitter, .label = "clblast"};
    gm_argument_read(&builder, product->a.storage);
    gm_argument_read(&builder, product->b.storage);
    gm_argument_write(&builder, product->c.storage);
    double bytes = 4.0 * (double)(product->m * product->k + product->k * product->n + product->m * product->n);
    GM_TRY(gm_emit_launch(&builder, 0, 1, (size_t[]){1}, (size_t[]){1}, flop, bytes));
    gm_launch *launch = &emitter->launches[emitter->launch_count - 1];
    launch->product = gm_arena_copy(&emitter->arena, product, sizeof *product);
    return launch->product ? GM_OK : gm_fail_memory(sizeof *product, "a launch");
}

// GANYMEDE_KERNELS=gpu or cpu picks a kernel family against the device's type: the tests run both on a CPU.
bool gm_emitter_wants_gpu(const gm_device_info *info) {
    const char *forced = getenv("GANYMEDE_KERNELS");
    if (forced && (strcmp(forced, "gpu") == 0 || strcmp(forced, "cpu") == 0))
        return strcmp(forced, "gpu") == 0;
    return info->type != GM_DEVICE_CPU;
}

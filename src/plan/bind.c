// From launches to what the device runs: one program, kernel objects with their arguments bound, and memory.
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A kernel's text with its name in the place of every `@`.
static const char *named_text(gm_plan *plan, const gm_kernel_text *kernel) {
    gm_text text = {0};
    for (const char *c = kernel->text, *at; *c; c = at + 1) {
        at = strchr(c, '@');
        if (!at) {
            gm_text_append(&text, c);
            break;
        }
        gm_text_printf(&text, "%.*s%s", (int)(at - c), c, kernel->name);
    }
    char *copy = text.failed || !text.data ? NULL : gm_arena_string(&plan->arena, text.data);
    gm_text_finish(&text);
    return copy;
}

static gm_status add_source(gm_plan *plan, gm_source *sources, size_t *count, const char *file, bool once) {
    for (size_t i = 0; once && i < *count; i++)
        if (strcmp(sources[i].name, file) == 0)
            return GM_OK;
    sources[*count].name = file;
    return gm_device_source(plan->device, file, &sources[(*count)++].text);
}

static gm_status choose_options(gm_plan *plan) {
    const gm_emitter *emitter = &plan->emitter;
    plan->program_options = emitter->matrix ? emitter->matrix
                            : emitter->gpu  ? "-cl-std=CL1.2"
                                            : gm_device_width_options(plan->device);
    bool folds = false;
    for (size_t i = 0; i < emitter->kernel_count; i++)
        folds = folds || (emitter->kernels[i].helper && strcmp(emitter->kernels[i].helper, "subgroup.cl") == 0);
    return folds && !emitter->matrix ? gm_device_subgroups(plan->device, &plan->program_options) : GM_OK;
}

// A name is made of its kernel's content.
static uint64_t kernel_key(const gm_plan *plan, uint32_t kernel) {
    return gm_hash_string(gm_hash_string(GM_HASH_START, plan->program_options), plan->emitter.kernels[kernel].name);
}

// The program that has the kernel; NULL: none yet. A trial has one of its own, which goes with it; it shares none,
// since a plan must build the same program whether it was tuned just now or earlier, so that the next start finds it on
// disk.
static gm_program *find_program(const gm_plan *plan, uint32_t kernel) {
    return plan->trial ? plan->program : gm_device_find_program(plan->device, kernel_key(plan, kernel));
}

// The kernels that are launched and that no earlier plan of the device has built, with the functions that they call.
static size_t list_missing(const gm_plan *plan, bool *missing, uint64_t *keys) {
    const gm_emitter *emitter = &plan->emitter;
    size_t count = 0;
    for (size_t i = 0; i < emitter->launch_count; i++) {
        uint32_t kernel = emitter->launches[i].kernel;
        if (emitter->launches[i].product || missing[kernel] || find_program(plan, kernel))
            continue;
        keys[count++] = kernel_key(plan, kernel);
        missing[kernel] = true;
        for (size_t k = 0; k < emitter->kernels[kernel].call_count; k++)
            missing[emitter->kernels[kernel].calls[k]] = true;
    }
    return count;
}

// common.cl, other helpers once, then every generated kernel and template instance that is missing.
static gm_status gather_sources(gm_plan *plan, const bool *missing, gm_source *sources, size_t *count) {
    const gm_emitter *emitter = &plan->emitter;
    GM_TRY(add_source(plan, sources, count, "common.cl", true));
    if (emitter->matrix)
        GM_TRY(add_source(plan, sources, count, "matrix.cl", true));
    for (size_t i = 0; i < emitter->kernel_count; i++)
        if (missing[i] && emitter->kernels[i].helper)
            GM_TRY(add_source(plan, sources, count, emitter->kernels[i].helper, true));
    for (size_t i = 0; i < emitter->kernel_count; i++) {
        const gm_kernel_text *kernel = &emitter->kernels[i];
        if (!missing[i] || !kernel->text[0])
            continue;
        const char *text = named_text(plan, kernel);
        if (!text)
            return gm_fail(GM_ERROR_MEMORY, "out of memory for a kernel's text");
        sources[(*count)++] = (gm_source){.name = "generated", .text = text};
        if (kernel->body)
            GM_TRY(add_source(plan, sources, count, kernel->body, false));
    }
    return GM_OK;
}

static gm_ahead_argument ahead_argument(const gm_plan *plan, const gm_argument *argument) {
    gm_ahead_argument copy = {0};
    const void *value = argument->kind == GM_ARGUMENT_INT     ? (const void *)&argument->integer
                        : argument->kind == GM_ARGUMENT_FLOAT ? (const void *)&argument->real
                                                              : &plan->state->seed;
    if (argument->kind == GM_ARGUMENT_STORAGE)
        return copy;
    copy.bytes = argument->kind == GM_ARGUMENT_KEY ? sizeof plan->state->seed : 4;
    memcpy(copy.value, value, copy.bytes);
    return copy;
}

// The program's kernels, in the order of their first launches, to who compiles ahead.
static gm_status compile_ahead(gm_plan *plan, gm_program *program, const bool *missing) {
    const gm_emitter *emitter = &plan->emitter;
    gm_ahead_argument arguments[GM_MAX_ARGUMENTS];
    gm_ahead ahead = {0};
    bool *listed;
    gm_status status = GM_OK;
    if (!gm_program_ahead_wanted(program))
        return GM_OK;
    GM_TRY(gm_alloc(&listed, emitter->kernel_count + 1, sizeof *listed, "kernels to compile ahead"));
    for (size_t i = 0; i < emitter->storage_count; i++)
        ahead.memory_bytes = GM_MAX(ahead.memory_bytes, emitter->storages[i].bytes);
    for (size_t i = 0; i < emitter->launch_count; i++) {
        const gm_launch *launch = &emitter->launches[i];
        if (launch->product || !missing[launch->kernel] || listed[launch->kernel])
            continue;
        listed[launch->kernel] = true;
        gm_ahead_kernel kernel = {.dims = launch->dims, .argument_count = launch->argument_count};
        snprintf(kernel.name, sizeof kernel.name, "%s", emitter->kernels[launch->kernel].name);
        memcpy(kernel.local, launch->local, sizeof kernel.local);
        for (size_t k = 0; k < launch->argument_count; k++)
            arguments[k] = ahead_argument(plan, &launch->argument[k]);
        GM_TRY_DONE(gm_ahead_add(&ahead, &kernel, launch->global, arguments));
    }
    gm_program_compile_ahead(program, &ahead);
    plan->compiling = program;
done:
    gm_ahead_finish(&ahead);
    free(listed);
    return status;
}

// One program for all that the plan adds to what the device has built.
static gm_status build_program(gm_plan *plan) {
    const gm_emitter *emitter = &plan->emitter;
    gm_source *sources = NULL;
    gm_program *program = NULL;
    uint64_t *keys = NULL;
    bool *missing = NULL;
    size_t count = 0, key_count;
    gm_status status = GM_OK;
    GM_TRY_DONE(choose_options(plan));
    GM_TRY_DONE(gm_alloc(&missing, emitter->kernel_count + 1, sizeof *missing, "a plan's kernels"));
    GM_TRY_DONE(gm_alloc(&keys, emitter->kernel_count + 1, sizeof *keys, "a plan's kernels"));
    key_count = list_missing(plan, missing, keys);
    if (key_count == 0)
        goto done;
    GM_TRY_DONE(gm_alloc(&sources, 3 * emitter->kernel_count + 2, sizeof *sources, "a plan's kernels"));
    GM_TRY_DONE(gather_sources(plan, missing, sources, &count));
    double start = gm_seconds();
    GM_TRY_DONE(gm_program_create(&program, plan->device, sources, count, plan->program_options));
    plan->statistics.build_ms = 1e3 * (gm_seconds() - start);
    GM_TRY_DONE(compile_ahead(plan, program, missing));
    if (plan->trial) {
        plan->program = program;
        program = NULL;
    } else {
        status = gm_device_keep_program(plan->device, &program, keys, key_count);
    }
done:
    gm_program_destroy(&program);
    free(sources);
    free(missing);
    free(keys);
    return status;
}

static gm_status bind(gm_plan *plan, gm_kernel *kernel, unsigned index, const gm_argument *argument) {
    switch (argument->kind) {
    case GM_ARGUMENT_STORAGE:
        return gm_kernel_bind_buffer(kernel, index, plan->buffers[argument->storage]);
    case GM_ARGUMENT_FLOAT:
        return gm_kernel_bind_value(kernel, index, &argument->real, sizeof argument->real);
    case GM_ARGUMENT_KEY:
        return gm_kernel_bind_value(kernel, index, &plan->state->seed, sizeof plan->state->seed);
    case GM_ARGUMENT_INT:
        break;
    }
    return gm_kernel_bind_value(kernel, index, &argument->integer, sizeof argument->integer);
}

static gm_status bind_launches(gm_plan *plan) {
    gm_emitter *emitter = &plan->emitter;
    GM_TRY(gm_alloc(&plan->buffers, emitter->storage_count, sizeof *plan->buffers, "a plan's buffers"));
    GM_TRY(gm_alloc(&plan->launches, emitter->launch_count, sizeof *plan->launches, "a plan's launches"));
    for (size_t i = 0; i < emitter->storage_count; i++) {
        const gm_storage *storage = &emitter->storages[i];
        if (storage->fixed)
            plan->buffers[i] = storage->fixed;
        else if (storage->first <= storage->last)
            GM_TRY(gm_buffer_view(&plan->buffers[i], plan->arenas[storage->arena], storage->offset, storage->bytes));
    }
    for (size_t i = 0; i < emitter->launch_count; i++) {
        gm_launch *launch = &emitter->launches[i];
        plan->launches[i].launch = launch;
        if (launch->product)
            continue;
        const char *name = emitter->kernels[launch->kernel].name;
        gm_debug("launch %zu: %s (%s) over %zu x %zu x %zu", i, name, launch->cost.label, launch->global[0],
                 launch->global[1], launch->global[2]);
        GM_TRY(gm_kernel_create(&plan->launches[i].kernel, find_program(plan, launch->kernel), name));
        for (size_t k = 0; k < launch->argument_count; k++)
            GM_TRY(bind(plan, plan->launches[i].kernel, (unsigned)k, &launch->argument[k]));
    }
    return GM_OK;
}

static void count_statistics(gm_plan *plan) {
    const gm_emitter *emitter = &plan->emitter;
    gm_plan_statistics *s = &plan->statistics;
    s->launches = emitter->launch_count;
    for (size_t i = 0; i < emitter->launch_count; i++) {
        bool seen = emitter->launches[i].product != NULL;
        for (size_t j = 0; j < i && !seen; j++)
            seen =
                emitter->launches[i].kernel == emitter->launches[j].kernel &&
                memcmp(emitter->launches[i].local, emitter->launches[j].local, sizeof emitter->launches[i].local) == 0;
        s->kernels += !seen;
    }
    for (size_t i = 0; i < plan->phase_count; i++)
        s->flop += plan->phases[i].flop;
    for (size_t i = 0; i < plan->leaf_count; i++)
        if (plan->leaves[i].variable)
            s->state_bytes += gm_buffer_bytes(plan->leaves[i].variable->buffer);
        else
            s->input_bytes += gm_buffer_bytes(plan->leaves[i].buffer);
}

// Inputs begin as zeros.
static gm_status fill_leaves(gm_plan *plan) {
    for (size_t i = 0; i < plan->leaf_count; i++) {
        const gm_leaf *leaf = &plan->leaves[i];
        if (leaf->node->op == &gm_op_input)
            GM_TRY(gm_buffer_clear(leaf->buffer));
        else if (!leaf->variable)
            GM_TRY(gm_buffer_write(leaf->buffer, 0, leaf->node->attributes, gm_buffer_bytes(leaf->buffer)));
    }
    return GM_OK;
}

gm_status gm_plan_bind(gm_plan *plan) {
    GM_TRY(fill_leaves(plan));
    GM_TRY(gm_memory_plan(plan));
    GM_TRY(build_program(plan));
    GM_TRY(bind_launches(plan));
    count_statistics(plan);
    return GM_OK;
}

void gm_plan_get_statistics(const gm_plan *plan, gm_plan_statistics *statistics) {
    *statistics = plan->statistics;
}

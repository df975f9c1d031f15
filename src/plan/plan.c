// Plans: from phases to launches, and running them.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT = 2 };

// ---- Creating ----

static void *plan_memory(gm_plan *plan, size_t count, size_t size) {
    return gm_arena_alloc(&plan->arena, GM_MAX(count, (size_t)1) * size);
}

static gm_status list_leaves(gm_plan *plan) {
    gm_graph *graph = plan->graph;
    plan->leaf_of = plan_memory(plan, graph->node_count, sizeof *plan->leaf_of);
    plan->leaves = plan_memory(plan, graph->node_count, sizeof *plan->leaves);
    if (!plan->leaf_of || !plan->leaves)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for a plan of %zu nodes", graph->node_count);
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        plan->leaf_of[id] = SIZE_MAX;
        bool variable = node->op == &gm_op_variable;
        if (!variable && node->op != &gm_op_input && node->op != &gm_op_constant_array)
            continue;
        plan->leaf_of[id] = plan->leaf_count;
        gm_status countable = gm_check_countable(gm_shape_count(&node->shape));
        if (countable != GM_OK)
            return gm_fail_prefix(countable, "%s %s", node->name ? node->name : node->op->name,
                                  gm_shape_text(&node->shape));
        gm_leaf *leaf = &plan->leaves[plan->leaf_count++];
        leaf->node = node;
        size_t bytes = gm_type_size(node->type) * gm_shape_count(&node->shape);
        if (variable) {
            GM_TRY(gm_state_declare(plan->state, node, &leaf->variable));
        } else {
            GM_TRY(gm_buffer_create(&leaf->buffer, plan->device, bytes));
        }
        GM_TRY(gm_emit_storage(&plan->emitter, bytes, &leaf->storage));
        plan->emitter.storages[leaf->storage].fixed = variable ? leaf->variable->buffer : leaf->buffer;
    }
    return GM_OK;
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

static gm_status list_nodes(gm_plan *plan) {
    gm_graph *graph = plan->graph;
    plan->words = (plan->leaf_count + 63) / 64;
    plan->depends = plan_memory(plan, graph->node_count * GM_MAX(plan->words, (size_t)1), sizeof *plan->depends);
    plan->values = plan_memory(plan, graph->node_count, sizeof *plan->values);
    plan->family = plan_memory(plan, graph->node_count, sizeof *plan->family);
    plan->phases = plan_memory(plan, graph->phase_count, sizeof *plan->phases);
    if (!plan->depends || !plan->values || !plan->family || !plan->phases)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for a plan of %zu nodes", graph->node_count);
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        uint64_t *depends = plan->depends + id * plan->words;
        plan->family[id] = gm_family_find(node->op);
        if (plan->leaf_of[id] != SIZE_MAX)
            depends[plan->leaf_of[id] / 64] |= UINT64_C(1) << plan->leaf_of[id] % 64;
        for (size_t i = 0; i < node->input_count; i++)
            for (size_t w = 0; w < plan->words; w++)
                depends[w] |= plan->depends[node->input[i]->id * plan->words + w];
    }
    return GM_OK;
}

// What is planned next computes everything anew.
static void forget_values(gm_plan *plan) {
    for (size_t id = 0; id < plan->graph->node_count; id++)
        for (size_t l = 0; l < GM_LAYOUTS; l++)
            plan->values[id].present[l] = false;
}

static gm_status plan_phase(gm_plan *plan, size_t index) {
    gm_phase_plan *phase = &plan->phases[index];
    phase->phase = plan->graph->phases[index];
    phase->reuses = plan_memory(plan, plan->graph->phase_count, sizeof *phase->reuses);
    phase->assigned_leaves = plan_memory(plan, phase->phase->assignment_count, sizeof *phase->assigned_leaves);
    if (!phase->reuses || !phase->assigned_leaves)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for phase %s", phase->phase->name);
    for (size_t i = 0; i < phase->phase->assignment_count; i++)
        phase->assigned_leaves[phase->assigned_count++] =
            plan->leaf_of[gm_plan_alias(phase->phase->assignments[i].variable)->id];
    gm_analysis analysis = {0};
    if (phase->phase->isolated)
        forget_values(plan);
    gm_status status = gm_analyse(&analysis, plan, index);
    if (status == GM_OK)
        status = gm_units_create(&analysis);
    if (status == GM_OK)
        status = gm_lower(&analysis);
    if (phase->phase->isolated)
        forget_values(plan);
    gm_analysis_finish(&analysis);
    plan->phase_count = index + 1;
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "phase %s", phase->phase->name);
}

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
    plan->program_options = emitter->matrix ? emitter->matrix : "-cl-std=CL1.2";
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

// GANYMEDE_KERNELS=gpu or cpu picks a kernel family against the device's type: the tests run both on a CPU.
static bool wants_gpu_kernels(const gm_device_info *info) {
    const char *forced = getenv("GANYMEDE_KERNELS");
    if (forced && (strcmp(forced, "gpu") == 0 || strcmp(forced, "cpu") == 0))
        return strcmp(forced, "gpu") == 0;
    return info->type != GM_DEVICE_CPU;
}

// How a plan differs from the default: what the caller asked for, and what that is on the device.
typedef struct plan_request {
    const gm_plan_options *options; // NULL: defaults
    const char *matrix;             // what the program is built with; NULL: float32
    bool half_storage;
    const bool *half; // of a trial
    bool trial;
} plan_request;

static gm_status choose_precision(gm_device *device, gm_precision precision, plan_request *request) {
    if (precision == GM_PRECISION_FLOAT32)
        return GM_OK;
    if ((unsigned)precision > GM_PRECISION_HALF_STORAGE)
        return gm_fail(GM_ERROR_ARGUMENT, "precision %u is unknown", (unsigned)precision);
    bool gpu = wants_gpu_kernels(gm_device_get_info(device));
    request->half_storage = gpu && precision == GM_PRECISION_HALF_STORAGE;
    if (request->half_storage)
        return GM_OK;
    if (gpu)
        GM_TRY(gm_device_matrix(device, precision, &request->matrix));
    if (request->matrix)
        gm_debug("precision %s: contractions with %s", gm_precision_names[precision], request->matrix);
    else
        gm_warn("precision %s is not used, results are float32's: %s", gm_precision_names[precision],
                gpu ? "the device shows no matrix units for it" : "the kernels for CPUs know no other");
    return GM_OK;
}

static gm_status create_lowered(gm_plan **out, gm_graph *graph, gm_state *state, const plan_request *request) {
    const gm_plan_options *options = request->options;
    gm_plan *plan;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&plan, 1, sizeof *plan, "a plan"));
    plan->graph = graph;
    plan->state = state;
    plan->device = state->device;
    const char *mode = getenv("GANYMEDE_PLAN");
    plan->trial = request->trial;
    plan->tuning = options ? options->tuning : NULL;
    plan->unfilled = options && options->unfilled;
    plan->separate = plan->unfilled || (options && options->separate) || (mode && strcmp(mode, "separate") == 0);
    plan->emitter.info = gm_device_get_info(state->device);
    plan->emitter.gpu = wants_gpu_kernels(plan->emitter.info);
    plan->emitter.matrix = request->matrix;
    plan->emitter.half = request->half;
    GM_TRY_DONE(list_leaves(plan));
    GM_TRY_DONE(list_nodes(plan));
    if (request->half_storage)
        GM_TRY_DONE(gm_plan_choose_half(plan));
    for (size_t i = 0; i < graph->phase_count; i++)
        GM_TRY_DONE(plan_phase(plan, i));
    *out = plan;
    plan = NULL;
done:
    gm_plan_destroy(&plan);
    return status;
}

static gm_status create(gm_plan **out, gm_graph *graph, gm_state *state, const plan_request *request) {
    *out = NULL;
    gm_plan *plan = NULL;
    gm_status status = GM_OK;
    GM_TRY(gm_graph_status(graph));
    GM_TRY_DONE(create_lowered(&plan, graph, state, request));
    if (plan->asked_count > 0 && plan->tuning->mode != GM_TUNING_STORED) {
        gm_tune_measure(plan);
        gm_plan_destroy(&plan);
        GM_TRY_DONE(create_lowered(&plan, graph, state, request));
    }
    GM_TRY_DONE(fill_leaves(plan));
    GM_TRY_DONE(gm_memory_plan(plan));
    GM_TRY_DONE(build_program(plan));
    GM_TRY_DONE(bind_launches(plan));
    count_statistics(plan);
    *out = plan;
    plan = NULL;
done:
    gm_plan_destroy(&plan);
    return status;
}

gm_status gm_plan_create(gm_plan **plan, gm_graph *graph, gm_state *state, const gm_plan_options *options) {
    plan_request request = {.options = options};
    *plan = NULL;
    GM_TRY(choose_precision(state->device, options ? options->precision : GM_PRECISION_FLOAT32, &request));
    return create(plan, graph, state, &request);
}

gm_status gm_plan_create_trial(gm_plan **plan, gm_graph *graph, gm_state *state, const char *matrix, const bool *half) {
    return create(plan, graph, state, &(plan_request){.matrix = matrix, .half = half, .trial = true});
}

void gm_plan_destroy(gm_plan **out) {
    gm_plan *plan = out ? *out : NULL;
    if (!plan)
        return;
    gm_device_finish(plan->device); // nothing may run on what is released below
    for (size_t i = 0; plan->launches && i < plan->emitter.launch_count; i++)
        gm_kernel_destroy(&plan->launches[i].kernel);
    for (size_t i = 0; plan->buffers && i < plan->emitter.storage_count; i++)
        if (!plan->emitter.storages[i].fixed)
            gm_buffer_destroy(&plan->buffers[i]);
    for (size_t i = 0; i < plan->arena_count; i++)
        gm_buffer_destroy(&plan->arenas[i]);
    for (size_t i = 0; i < plan->leaf_count; i++)
        gm_buffer_destroy(&plan->leaves[i].buffer);
    for (size_t i = 0; i < plan->phase_count; i++) {
        free(plan->phases[i].checks);
        for (size_t k = 0; k < IN_FLIGHT; k++)
            gm_marker_finish(&plan->phases[i].marker[k]);
    }
    gm_program_destroy(&plan->program);
    free(plan->launches);
    free(plan->buffers);
    free(plan->arenas);
    free(plan->fetched);
    free(plan->asked);
    free(plan->emitter.launches);
    free(plan->emitter.storages);
    free(plan->emitter.kernels);
    free(plan->emitter.shared);
    gm_arena_finish(&plan->emitter.arena);
    gm_arena_finish(&plan->arena);
    free(plan);
    *out = NULL;
}

// ---- Running ----

static uint64_t version(const gm_leaf *leaf) {
    return leaf->variable ? leaf->variable->version : leaf->input_version;
}

// Reused values are right only while nothing they depend on has changed, and those in shared memory only while the
// phase that made them ran last, but for phases in between in the graph's order, which leave its memory alone.
static gm_status check_reuse(const gm_plan *plan, size_t index) {
    const gm_phase_plan *phase = &plan->phases[index];
    for (size_t source = 0; source < index; source++) {
        if (phase->reuses[source] == GM_REUSE_NONE)
            continue;
        const gm_phase_plan *maker = &plan->phases[source];
        bool fresh = maker->last_run > 0;
        for (size_t i = 0; i < plan->phase_count; i++)
            if (phase->reuses[source] == GM_REUSE_SHARED && (i < source || i >= index))
                fresh = fresh && plan->phases[i].last_run < maker->last_run;
        if (!fresh)
            return gm_fail(GM_ERROR_STATE, "phase %s uses values of phase %s: run %s again before it",
                           phase->phase->name, maker->phase->name, maker->phase->name);
    }
    for (size_t i = 0; i < phase->check_count; i++) {
        const gm_leaf *leaf = &plan->leaves[phase->checks[i].leaf];
        const char *maker = plan->phases[phase->checks[i].source].phase->name;
        if (version(leaf) != phase->checks[i].snapshot)
            return gm_fail(GM_ERROR_STATE, "phase %s uses values of phase %s, but %s has changed since: run %s again",
                           phase->phase->name, maker, leaf->node->name, maker);
    }
    return GM_OK;
}

static void take_snapshots(gm_plan *plan, size_t source) {
    for (size_t i = source + 1; i < plan->phase_count; i++)
        for (size_t k = 0; k < plan->phases[i].check_count; k++)
            if (plan->phases[i].checks[k].source == source)
                plan->phases[i].checks[k].snapshot = version(&plan->leaves[plan->phases[i].checks[k].leaf]);
}

static gm_status run_product(const gm_plan *plan, const gm_product *p) {
    return gm_clblast_gemm(plan->device, p->a.transposed, p->b.transposed, p->m, p->n, p->k,
                           plan->buffers[p->a.storage], p->a.offset, p->a.leading, plan->buffers[p->b.storage],
                           p->b.offset, p->b.leading, plan->buffers[p->c.storage], p->c.offset, p->c.leading);
}

gm_status gm_plan_enqueue(gm_plan *plan, const gm_phase *which) {
    gm_phase_plan *phase = &plan->phases[which->index];
    GM_TRY(check_reuse(plan, which->index));
    for (size_t i = phase->first_launch; i < phase->first_launch + phase->launch_count; i++) {
        const gm_launch *launch = plan->launches[i].launch;
        if (launch->product) {
            GM_TRY(run_product(plan, launch->product));
            continue;
        }
        GM_TRY(gm_kernel_launch(plan->launches[i].kernel, launch->dims, launch->global, launch->local, &launch->cost));
    }
    phase->runs++;
    phase->last_run = ++plan->sequence;
    take_snapshots(plan, which->index);
    for (size_t i = 0; i < phase->assigned_count; i++)
        plan->leaves[phase->assigned_leaves[i]].variable->version++;
    return GM_OK;
}

gm_status gm_plan_run(gm_plan *plan, gm_phase *which) {
    if (!which || which->graph != plan->graph || which->index >= plan->phase_count)
        return gm_fail(GM_ERROR_ARGUMENT, "the phase to run does not belong to the plan's graph");
    gm_phase_plan *phase = &plan->phases[which->index];
    gm_marker *marker = &phase->marker[phase->runs % IN_FLIGHT];
    GM_TRY(gm_marker_wait(marker));
    GM_TRY(gm_plan_enqueue(plan, which));
    GM_TRY(gm_marker_record(marker, plan->device));
    return gm_device_flush(plan->device);
}

static gm_status check_bytes(const gm_tensor *node, size_t bytes) {
    size_t needed = gm_type_size(node->type) * gm_shape_count(&node->shape);
    return needed == bytes
               ? GM_OK
               : gm_fail(GM_ERROR_ARGUMENT, "%s %s has %zu bytes, not %zu", node->name ? node->name : node->op->name,
                         gm_shape_text(&node->shape), needed, bytes);
}

gm_status gm_plan_write(gm_plan *plan, gm_tensor *input, const void *values, size_t bytes) {
    size_t leaf = input && input->graph == plan->graph ? plan->leaf_of[input->id] : SIZE_MAX;
    if (leaf == SIZE_MAX || input->op != &gm_op_input)
        return gm_fail(GM_ERROR_ARGUMENT, "only inputs of the plan's graph can be written");
    GM_TRY(check_bytes(input, bytes));
    plan->leaves[leaf].input_version++;
    return gm_buffer_write(plan->leaves[leaf].buffer, 0, values, bytes);
}

// The host's row-major copy of a view whose memory was read from its storage's start.
static void unpack(const gm_view *view, const char *memory, char *values) {
    size_t size = gm_type_size(view->type), count = gm_shape_count(&view->shape), index[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < count; i++) {
        int64_t at = view->offset;
        for (size_t d = 0; d < view->shape.rank; d++)
            at += (int64_t)index[d] * view->stride[d];
        memcpy(values + i * size, memory + (size_t)at * size, size);
        for (size_t d = view->shape.rank; d-- > 0 && ++index[d] == view->shape.dim[d];)
            index[d] = 0;
    }
}

gm_status gm_plan_read(gm_plan *plan, gm_tensor *fetched, void *values, size_t bytes) {
    const gm_fetched *found = NULL;
    const gm_tensor *node = fetched && fetched->graph == plan->graph ? gm_plan_alias(fetched) : NULL;
    for (size_t i = 0; i < plan->fetched_count; i++)
        if (plan->fetched[i].node == node && plan->phases[plan->fetched[i].phase].last_run > 0 &&
            (!found || plan->phases[plan->fetched[i].phase].last_run > plan->phases[found->phase].last_run))
            found = &plan->fetched[i];
    if (!found)
        return gm_fail(GM_ERROR_STATE, "only values that a phase fetches, and that has run, can be read");
    GM_TRY(check_bytes(node, bytes));
    gm_buffer *buffer = plan->buffers[found->view.storage];
    if (gm_view_is_row_major(&found->view))
        return gm_buffer_read(buffer, (size_t)found->view.offset * gm_type_size(node->type), values, bytes);
    char *memory;
    GM_TRY(gm_alloc(&memory, gm_buffer_bytes(buffer), 1, "reading a value"));
    gm_status status = gm_buffer_read(buffer, 0, memory, gm_buffer_bytes(buffer));
    if (status == GM_OK)
        unpack(&found->view, memory, values);
    free(memory);
    return status;
}

gm_status gm_plan_finish(gm_plan *plan) {
    return gm_device_finish(plan->device);
}

void gm_plan_phase_work(const gm_plan *plan, const gm_phase *phase, double *flop, size_t *launches) {
    *flop = plan->phases[phase->index].flop;
    *launches = plan->phases[phase->index].launch_count;
}

void gm_plan_get_statistics(const gm_plan *plan, gm_plan_statistics *statistics) {
    *statistics = plan->statistics;
}

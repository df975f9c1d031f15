// Running: a phase's launches put into the device's queue, values written to inputs and read from what was fetched.
//
// Where the device takes recordings, a phase's first run records what lies between its products of CLBlast's, and each
// run enqueues that at once. What fails to be recorded is launched one by one, to the same results.
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

// Where the launches end that can be recorded together from `first` on.
static size_t find_end(const gm_plan *plan, const gm_phase_plan *phase, size_t first) {
    size_t end = first;
    while (end < phase->first_launch + phase->launch_count && !plan->launches[end].launch->product)
        end++;
    return end;
}

static gm_status record(gm_plan *plan, size_t first, size_t end) {
    gm_recording *recording;
    gm_status status = GM_OK;
    GM_TRY(gm_recording_create(&recording, plan->device));
    for (size_t i = first; i < end; i++) {
        const gm_launch *launch = plan->launches[i].launch;
        GM_TRY_DONE(
            gm_recording_launch(recording, plan->launches[i].kernel, launch->dims, launch->global, launch->local));
    }
    GM_TRY_DONE(gm_recording_finish(recording));
    plan->launches[first].recording = recording;
    recording = NULL;
done:
    gm_recording_destroy(&recording);
    return status;
}

// *done = false: nothing is enqueued. Fails where an earlier run did.
static gm_status enqueue_recorded(gm_plan *plan, size_t first, size_t end, bool *done) {
    *done = false;
    if (plan->unrecorded || end - first < 2 || !gm_device_records(plan->device))
        return GM_OK;
    gm_status status = plan->launches[first].recording ? GM_OK : record(plan, first, end);
    if (status == GM_OK) {
        GM_TRY(gm_recording_wait(plan->launches[first].recording));
        status = gm_recording_enqueue(plan->launches[first].recording);
    }
    if (status != GM_OK)
        gm_debug("launches are enqueued one by one: %s", gm_error_message());
    plan->unrecorded = status != GM_OK;
    *done = !plan->unrecorded;
    return GM_OK;
}

static gm_status enqueue_launches(gm_plan *plan, size_t first, size_t end) {
    bool done;
    GM_TRY(enqueue_recorded(plan, first, end, &done));
    if (done)
        return GM_OK;
    for (size_t i = first; i < end; i++) {
        const gm_launch *launch = plan->launches[i].launch;
        GM_TRY(gm_kernel_launch(plan->launches[i].kernel, launch->dims, launch->global, launch->local, &launch->cost));
    }
    return GM_OK;
}

gm_status gm_plan_enqueue(gm_plan *plan, const gm_phase *which) {
    gm_phase_plan *phase = &plan->phases[which->index];
    GM_TRY(check_reuse(plan, which->index));
    for (size_t i = phase->first_launch, end; i < phase->first_launch + phase->launch_count; i = end) {
        const gm_product *product = plan->launches[i].launch->product;
        end = product ? i + 1 : find_end(plan, phase, i);
        GM_TRY(product ? run_product(plan, product) : enqueue_launches(plan, i, end));
    }
    phase->runs++;
    phase->last_run = ++plan->sequence;
    take_snapshots(plan, which->index);
    for (size_t i = 0; i < phase->assigned_count; i++)
        plan->leaves[phase->assigned_leaves[i]].variable->version++;
    return GM_OK;
}

gm_phase_work gm_plan_phase_work(const gm_plan *plan, const gm_phase *which) {
    const gm_phase_plan *phase = &plan->phases[which->index];
    gm_phase_work work = {.flop = phase->flop, .launches = phase->launch_count, .commands = phase->launch_count};
    for (size_t i = phase->first_launch; i < phase->first_launch + phase->launch_count && !plan->unrecorded; i++)
        if (plan->launches && plan->launches[i].recording)
            work.commands -= find_end(plan, phase, i) - i - 1;
    return work;
}

gm_status gm_plan_run(gm_plan *plan, gm_phase *which) {
    if (!which || which->graph != plan->graph || which->index >= plan->phase_count)
        return gm_fail(GM_ERROR_ARGUMENT, "the phase to run does not belong to the plan's graph");
    gm_phase_plan *phase = &plan->phases[which->index];
    gm_marker *marker = &phase->marker[phase->runs % GM_IN_FLIGHT];
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

// Where the latest run of a phase left the value that is asked for.
static gm_status find_fetched(const gm_plan *plan, const gm_tensor *fetched, size_t bytes, const gm_fetched **found) {
    const gm_tensor *node = fetched && fetched->graph == plan->graph ? gm_plan_alias(fetched) : NULL;
    *found = NULL;
    for (size_t i = 0; i < plan->fetched_count; i++)
        if (plan->fetched[i].node == node && plan->phases[plan->fetched[i].phase].last_run > 0 &&
            (!*found || plan->phases[plan->fetched[i].phase].last_run > plan->phases[(*found)->phase].last_run))
            *found = &plan->fetched[i];
    if (!*found)
        return gm_fail(GM_ERROR_STATE, "only values that a phase fetches, and that has run, can be read");
    return check_bytes(node, bytes);
}

static gm_status read_unpacked(const gm_view *view, gm_buffer *buffer, void *values) {
    char *memory;
    GM_TRY(gm_alloc(&memory, gm_buffer_bytes(buffer), 1, "reading a value"));
    gm_status status = gm_buffer_read(buffer, 0, memory, gm_buffer_bytes(buffer));
    if (status == GM_OK)
        gm_view_unpack(view, memory, values);
    free(memory);
    return status;
}

static gm_status read_fetched(gm_plan *plan, gm_tensor *fetched, void *values, size_t bytes, bool later) {
    const gm_fetched *found;
    GM_TRY(find_fetched(plan, fetched, bytes, &found));
    gm_buffer *buffer = plan->buffers[found->view.storage];
    if (!gm_view_is_row_major(&found->view))
        return read_unpacked(&found->view, buffer, values);
    size_t offset = (size_t)found->view.offset * gm_type_size(found->view.type);
    return later ? gm_buffer_read_later(buffer, offset, values, bytes) : gm_buffer_read(buffer, offset, values, bytes);
}

gm_status gm_plan_read(gm_plan *plan, gm_tensor *fetched, void *values, size_t bytes) {
    return read_fetched(plan, fetched, values, bytes, false);
}

gm_status gm_plan_read_later(gm_plan *plan, gm_tensor *fetched, void *values, size_t bytes) {
    return read_fetched(plan, fetched, values, bytes, true);
}

gm_status gm_plan_finish(gm_plan *plan) {
    return gm_device_finish(plan->device);
}

gm_status gm_plan_finish_after(gm_plan *plan, gm_status status) {
    char message[GM_MESSAGE_BYTES];
    if (status == GM_OK)
        return gm_plan_finish(plan);
    snprintf(message, sizeof message, "%s", gm_error_message());
    return gm_plan_finish(plan) == GM_OK ? status : gm_fail(status, "%s", message);
}

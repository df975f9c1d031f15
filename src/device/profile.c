// Profiling: each launch's event, resolved into times, then gathered into a table or written as a Chrome trace.
// It runs on a queue of its own, since some drivers launch slower from a queue that can time.
#include "device/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Recording ----

gm_status gm_profile_reserve(gm_device *device, cl_event **event) {
    *event = NULL;
    if (!device->profiling)
        return GM_OK;
    GM_TRY(gm_grow(&device->launches, device->launch_count, &device->launch_capacity, sizeof *device->launches,
                   "the profile"));
    *event = &device->launches[device->launch_count].event;
    **event = NULL;
    return GM_OK;
}

void gm_profile_commit(gm_device *device, const char *label, double flop, double bytes) {
    gm_profile_launch *launch = &device->launches[device->launch_count];
    if (!launch->event) // a launch that had nothing to do
        return;
    snprintf(launch->label, sizeof launch->label, "%s", label);
    launch->flop = flop;
    launch->bytes = bytes;
    launch->begin = launch->end = 0;
    device->launch_count++;
}

void gm_profile_discard(gm_device *device) {
    for (size_t i = 0; i < device->launch_count; i++)
        if (device->launches[i].event)
            clReleaseEvent(device->launches[i].event);
    device->launch_count = 0;
    device->profiling = false;
    device->queue = device->plain_queue;
}

gm_status gm_profile_start(gm_device *device) {
    if (device->profiling)
        return gm_fail(GM_ERROR_STATE, "profiling has been started already; stop it first");
    if (device->description)
        return gm_fail_described(device, "nothing runs on it");
    if (!device->timed_queue) {
        cl_int code = gm_fault_due(GM_FAULT_DEVICE);
        if (code == CL_SUCCESS)
            device->timed_queue = clCreateCommandQueue(device->context, device->id, CL_QUEUE_PROFILING_ENABLE, &code);
        if (code != CL_SUCCESS)
            device->timed_queue = NULL;
        GM_TRY(gm_cl_check(code, "creating a profiling queue on device \"%s\"", device->info.name));
    }
    GM_TRY(gm_device_finish(device)); // what is enqueued stays in front of what will be
    device->queue = device->timed_queue;
    device->launch_count = 0;
    device->profiling = true;
    return GM_OK;
}

static gm_status event_time(cl_event event, cl_profiling_info what, cl_ulong *time) {
    cl_int code = gm_fault_due(GM_FAULT_WAIT);
    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(event, what, sizeof *time, time, NULL);
    return gm_cl_check(code, "asking how long a kernel took");
}

// Waits, and turns events into times.
static gm_status resolve(gm_device *device) {
    if (!device->profiling)
        return gm_fail(GM_ERROR_STATE, "profiling has not been started");
    GM_TRY(gm_device_finish(device));
    for (size_t i = 0; i < device->launch_count; i++) {
        gm_profile_launch *launch = &device->launches[i];
        if (!launch->event)
            continue;
        GM_TRY(event_time(launch->event, CL_PROFILING_COMMAND_START, &launch->begin));
        GM_TRY(event_time(launch->event, CL_PROFILING_COMMAND_END, &launch->end));
        launch->end = GM_MAX(launch->end, launch->begin);
        clReleaseEvent(launch->event);
        launch->event = NULL;
    }
    return GM_OK;
}

// ---- The table ----

static int by_label(const void *a, const void *b) {
    return strcmp(((const gm_profile_launch *)a)->label, ((const gm_profile_launch *)b)->label);
}

static int by_begin(const void *a, const void *b) {
    cl_ulong x = ((const gm_profile_launch *)a)->begin, y = ((const gm_profile_launch *)b)->begin;
    return (x > y) - (x < y);
}

static int by_seconds(const void *a, const void *b) {
    double x = ((const gm_profile_row *)a)->seconds, y = ((const gm_profile_row *)b)->seconds;
    int order = (x < y) - (x > y);
    return order ? order : strcmp(((const gm_profile_row *)a)->kernel, ((const gm_profile_row *)b)->kernel);
}

static void measure_cover(gm_profile_launch *launches, size_t count, double *span, double *busy) {
    *span = *busy = 0;
    if (count == 0)
        return;
    qsort(launches, count, sizeof *launches, by_begin);
    cl_ulong covered = 0, reached = launches[0].begin;
    for (size_t i = 0; i < count; i++) {
        cl_ulong begin = GM_MAX(launches[i].begin, reached);
        if (launches[i].end > begin) {
            covered += launches[i].end - begin;
            reached = launches[i].end;
        }
    }
    *span = 1e-9 * (double)(reached - launches[0].begin);
    *busy = 1e-9 * (double)covered;
}

static gm_status gather(gm_profile_launch *launches, size_t count, gm_profile_row **rows, size_t *row_count) {
    if (count > 0)
        qsort(launches, count, sizeof *launches, by_label);
    GM_TRY(gm_alloc(rows, count, sizeof **rows, "the profile"));
    gm_profile_row *row = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!row || strcmp(row->kernel, launches[i].label) != 0) {
            row = &(*rows)[(*row_count)++];
            memcpy(row->kernel, launches[i].label, sizeof row->kernel);
        }
        row->calls++;
        row->seconds += 1e-9 * (double)(launches[i].end - launches[i].begin);
        row->flop += launches[i].flop;
        row->bytes += launches[i].bytes;
    }
    if (*row_count > 0)
        qsort(*rows, *row_count, sizeof **rows, by_seconds);
    return GM_OK;
}

gm_status gm_profile_stop(gm_device *device, gm_profile_row **rows, size_t *count, double *span, double *busy) {
    *rows = NULL;
    *count = 0;
    *span = *busy = 0;
    gm_status status = resolve(device);
    if (status == GM_OK) {
        measure_cover(device->launches, device->launch_count, span, busy);
        status = gather(device->launches, device->launch_count, rows, count);
    }
    if (device->profiling && status != GM_OK)
        clFinish(device->queue); // the plain queue must not run beside what is left here
    gm_profile_discard(device);
    return status;
}

// ---- The trace ----

gm_status gm_profile_trace(gm_device *device, const char *path) {
    GM_TRY(resolve(device));
    cl_ulong zero = device->launch_count ? device->launches[0].begin : 0;
    for (size_t i = 0; i < device->launch_count; i++)
        zero = GM_MIN(zero, device->launches[i].begin);
    gm_text text = {0};
    gm_text_append(&text, "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n"
                          "{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": 0, \"tid\": 0, \"args\": {\"name\": ");
    gm_text_append_json(&text, device->info.name);
    gm_text_append(&text, "}}");
    for (size_t i = 0; i < device->launch_count; i++) {
        const gm_profile_launch *launch = &device->launches[i];
        unsigned long long begin = launch->begin - zero, length = launch->end - launch->begin;
        gm_text_append(&text, ",\n{\"name\": ");
        gm_text_append_json(&text, launch->label);
        // Microseconds, put together from integers, so that they are exact.
        gm_text_printf(&text,
                       ", \"cat\": \"kernel\", \"ph\": \"X\", \"pid\": 0, \"tid\": 0, \"ts\": %llu.%03llu, \"dur\": "
                       "%llu.%03llu, \"args\": {\"flop\": %.0f, \"bytes\": %.0f}}",
                       begin / 1000, begin % 1000, length / 1000, length % 1000, launch->flop, launch->bytes);
    }
    gm_text_append(&text, "\n]}\n");
    gm_status status =
        text.failed ? gm_fail_memory(text.length, "a trace") : gm_file_write_atomic(path, text.data, text.length);
    gm_text_finish(&text);
    return status;
}

// Opening and closing a device: its context, its queue, what it counts.
#include "device/internal.h"

#include <stdlib.h>

static gm_status connect(gm_device *device) {
    cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)device->platform, 0};
    cl_int code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS)
        device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    GM_TRY(gm_cl_check(code, "opening device \"%s\"", device->info.name));
    code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS) // in order, without profiling, which slows every launch on some drivers
        device->plain_queue = clCreateCommandQueue(device->context, device->id, 0, &code);
    GM_TRY(gm_cl_check(code, "creating a queue on device \"%s\"", device->info.name));
    device->queue = device->plain_queue;
    return gm_cache_open(device);
}

// The kernels for CPUs are of any width on any device: tests run them all.
static gm_status force_width(gm_device *device) {
    const char *wanted = getenv("GANYMEDE_WIDTH");
    if (!wanted || !wanted[0])
        return GM_OK;
    char *end;
    long width = strtol(wanted, &end, 10);
    if (*end || (width != 4 && width != 8 && width != 16))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "GANYMEDE_WIDTH=%s is unknown: leave it out to use the width of the device's registers, or set "
                       "it to 4, 8 or 16 floats",
                       wanted);
    device->info.vector_width = (size_t)width;
    return GM_OK;
}

gm_status gm_device_open(gm_device **out, const char *selector) {
    *out = NULL;
    gm_device *device = NULL;
    gm_found *found = NULL;
    size_t count = 0, index;
    gm_status status;
    const char *name = selector && *selector ? selector : getenv("GANYMEDE_DEVICE");
    const gm_description *description = gm_description_find(name);
    if (description) {
        GM_TRY_DONE(gm_alloc(&device, 1, sizeof *device, "a device"));
        device->description = description;
        GM_TRY_DONE(gm_description_get_info(description, &device->info));
        *out = device;
        device = NULL;
        goto done;
    }
    GM_TRY(gm_found_list(&found, &count));
    GM_TRY_DONE(gm_found_choose(found, count, selector, &index));
    GM_TRY_DONE(gm_alloc(&device, 1, sizeof *device, "a device"));
    device->info = found[index].info;
    device->platform = found[index].platform;
    device->id = found[index].device;
    device->platform_version = found[index].platform_version;
    found[index].info = (gm_device_info){0}; // the strings moved
    found[index].platform_version = NULL;
    GM_TRY_DONE(force_width(device));
    GM_TRY_DONE(gm_recorder_init(device));
    GM_TRY_DONE(connect(device));
    *out = device;
    device = NULL;
done:
    gm_device_close(&device);
    gm_found_free(&found, count);
    return status;
}

void gm_device_close(gm_device **pointer) {
    gm_device *device = pointer ? *pointer : NULL;
    if (!device)
        return;
    *pointer = NULL;
    if (device->queue)
        clFinish(device->queue); // commands in flight still read the stages
    gm_stages_finish(device);
    gm_profile_discard(device);
    gm_clblast_finish(device);
    for (size_t i = 0; i < device->program_count; i++)
        gm_program_destroy(&device->programs[i]);
    if (device->timed_queue)
        clReleaseCommandQueue(device->timed_queue);
    if (device->plain_queue)
        clReleaseCommandQueue(device->plain_queue);
    if (device->context)
        clReleaseContext(device->context);
    gm_arena_finish(&device->arena);
    free(device->sources);
    free(device->launches);
    free(device->programs);
    free(device->kernels);
    free(device->cache_folder);
    free((void *)device->platform_version);
    gm_device_info_finish(&device->info);
    free(device);
}

const gm_device_info *gm_device_get_info(const gm_device *device) {
    return &device->info;
}

void gm_device_get_counters(const gm_device *device, gm_device_counters *counters) {
    *counters = device->counters;
}

// Kernel objects, their arguments, and launches. A kernel object belongs to one launch of a plan and is bound once.
#include "device/internal.h"

#include <stdio.h>
#include <stdlib.h>

gm_status gm_kernel_create(gm_kernel **out, gm_program *program, const char *name) {
    *out = NULL;
    gm_device *device = program->device;
    gm_kernel *kernel;
    GM_TRY(gm_alloc(&kernel, 1, sizeof *kernel, "a kernel"));
    kernel->device = device;
    snprintf(kernel->name, sizeof kernel->name, "%s", name);
    cl_int code = gm_fault_due(GM_FAULT_KERNEL);
    if (code == CL_SUCCESS && !device->description)
        kernel->kernel = clCreateKernel(program->program, name, &code);
    if (code != CL_SUCCESS) {
        free(kernel);
        return gm_cl_check(code, "creating kernel %s", name);
    }
    device->counters.kernels_created++;
    *out = kernel;
    return GM_OK;
}

void gm_kernel_destroy(gm_kernel **kernel) {
    if (!kernel || !*kernel)
        return;
    if ((*kernel)->kernel)
        clReleaseKernel((*kernel)->kernel);
    free(*kernel);
    *kernel = NULL;
}

const char *gm_kernel_name(const gm_kernel *kernel) {
    return kernel->name;
}

static gm_status bind(gm_kernel *kernel, unsigned index, const void *value, size_t bytes) {
    cl_int code = gm_fault_due(GM_FAULT_KERNEL);
    if (code == CL_SUCCESS && !kernel->device->description)
        code = clSetKernelArg(kernel->kernel, index, bytes, value);
    return gm_cl_check(code, "binding argument %u of kernel %s (%zu bytes)", index, kernel->name, bytes);
}

gm_status gm_kernel_bind_buffer(gm_kernel *kernel, unsigned index, gm_buffer *buffer) {
    return bind(kernel, index, &buffer->memory, sizeof buffer->memory);
}

gm_status gm_kernel_bind_value(gm_kernel *kernel, unsigned index, const void *value, size_t bytes) {
    return bind(kernel, index, value, bytes);
}

gm_status gm_kernel_bind_local(gm_kernel *kernel, unsigned index, size_t bytes) {
    if (bytes > kernel->device->info.local_bytes)
        return gm_fail(GM_ERROR_ARGUMENT, "kernel %s asks for %zu bytes of local memory; device \"%s\" has %llu",
                       kernel->name, bytes, kernel->device->info.name,
                       (unsigned long long)kernel->device->info.local_bytes);
    return bind(kernel, index, NULL, bytes);
}

// "64x8" into text of at least 72 bytes; "any" for NULL.
static const char *format_sizes(char *text, size_t capacity, size_t dims, const size_t *sizes) {
    size_t length = 0;
    for (size_t i = 0; sizes && i < dims; i++)
        length += (size_t)snprintf(text + length, capacity - length, "%s%zu", i ? "x" : "", sizes[i]);
    return sizes ? text : "any";
}

gm_status gm_kernel_check_sizes(const gm_kernel *kernel, size_t dims, const size_t *global, const size_t *local) {
    const gm_device_info *info = &kernel->device->info;
    if (dims < 1 || dims > 3)
        return gm_fail(GM_ERROR_ARGUMENT, "kernel %s cannot run over %zu dimensions, only 1 to 3", kernel->name, dims);
    bool valid = true;
    size_t items = 1;
    for (size_t i = 0; valid && i < dims; i++) {
        valid = global[i] > 0;
        if (valid && local) {
            items *= local[i];
            valid = local[i] > 0 && global[i] % local[i] == 0 && local[i] <= info->max_work_item_size[i];
        }
    }
    if (valid && items <= info->max_work_group_size)
        return GM_OK;
    char a[72], b[72];
    return gm_fail(
        GM_ERROR_ARGUMENT,
        "kernel %s cannot run over %s items in groups of %s: device \"%s\" wants sizes that divide and groups "
        "of at most %zu items",
        kernel->name, format_sizes(a, sizeof a, dims, global), format_sizes(b, sizeof b, dims, local), info->name,
        info->max_work_group_size);
}

gm_status gm_kernel_launch(gm_kernel *kernel, size_t dims, const size_t *global, const size_t *local,
                           const gm_cost *cost) {
    gm_device *device = kernel->device;
    GM_TRY(gm_kernel_check_sizes(kernel, dims, global, local));
    if (device->description)
        return gm_fail_described(device, "nothing runs on it");
    cl_event *event;
    GM_TRY(gm_profile_reserve(device, &event));
    cl_int code = gm_fault_due(GM_FAULT_LAUNCH);
    if (code == CL_SUCCESS)
        code =
            clEnqueueNDRangeKernel(device->queue, kernel->kernel, (cl_uint)dims, NULL, global, local, 0, NULL, event);
    if (code != CL_SUCCESS) {
        char a[72], b[72];
        return gm_cl_check(code, "launching kernel %s over %s items in groups of %s on device \"%s\"", kernel->name,
                           format_sizes(a, sizeof a, dims, global), format_sizes(b, sizeof b, dims, local),
                           device->info.name);
    }
    device->counters.launches++;
    device->counters.commands++;
    if (event)
        gm_profile_commit(device, cost && cost->label ? cost->label : kernel->name, cost ? cost->flop : 0,
                          cost ? cost->bytes : 0);
    return GM_OK;
}

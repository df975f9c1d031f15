// Device memory and views into it.
#include "device/internal.h"

#include <stdlib.h>

enum { LEAST_BYTES = 16 }; // OpenCL has no empty buffers; an empty gm_buffer holds this much and offers none of it

gm_status gm_buffer_create(gm_buffer **out, gm_device *device, size_t bytes) {
    *out = NULL;
    if (bytes > device->info.max_allocation_bytes)
        return gm_fail(GM_ERROR_MEMORY, "a buffer of %zu bytes: device \"%s\" allows at most %llu; use a smaller batch",
                       bytes, device->info.name, (unsigned long long)device->info.max_allocation_bytes);
    gm_buffer *buffer;
    GM_TRY(gm_alloc(&buffer, 1, sizeof *buffer, "a buffer"));
    buffer->device = device;
    buffer->bytes = bytes;
    cl_int code = gm_fault_due(GM_FAULT_ALLOC);
    if (code == CL_SUCCESS && !device->description)
        buffer->memory =
            clCreateBuffer(device->context, CL_MEM_READ_WRITE, GM_MAX(bytes, (size_t)LEAST_BYTES), NULL, &code);
    if (code != CL_SUCCESS) {
        free(buffer);
        return gm_cl_check(code, "a buffer of %zu bytes on device \"%s\"", bytes, device->info.name);
    }
    buffer->root = buffer->memory;
    if (buffer->memory)
        gm_buffer_advise(buffer);
    device->counters.buffers_created++;
    *out = buffer;
    return GM_OK;
}

gm_status gm_buffer_view(gm_buffer **out, gm_buffer *parent, size_t offset, size_t bytes) {
    *out = NULL;
    gm_device *device = parent->device;
    if (offset > parent->bytes || bytes > parent->bytes - offset)
        return gm_fail(GM_ERROR_ARGUMENT, "a view of %zu bytes at offset %zu exceeds the buffer's %zu bytes", bytes,
                       offset, parent->bytes);
    if (offset % device->info.base_alignment != 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "a view's offset of %zu bytes is not a multiple of the device's alignment, %zu", offset,
                       device->info.base_alignment);
    gm_buffer *view;
    GM_TRY(gm_alloc(&view, 1, sizeof *view, "a buffer"));
    // OpenCL has no views of views, so that they all hang on the root.
    *view = (gm_buffer){.device = device, .root = parent->root, .origin = parent->origin + offset, .bytes = bytes};
    cl_int code = gm_fault_due(GM_FAULT_ALLOC);
    if (code == CL_SUCCESS && bytes == 0 && !device->description) {
        code = clRetainMemObject(parent->root);
        view->memory = parent->root;
    } else if (code == CL_SUCCESS && !device->description) {
        cl_buffer_region region = {.origin = view->origin, .size = bytes};
        view->memory = clCreateSubBuffer(parent->root, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    }
    if (code != CL_SUCCESS) {
        free(view);
        return gm_cl_check(code, "a view of %zu bytes at offset %zu", bytes, offset);
    }
    device->counters.buffers_created++;
    *out = view;
    return GM_OK;
}

void gm_buffer_destroy(gm_buffer **buffer) {
    if (!buffer || !*buffer)
        return;
    if ((*buffer)->memory)
        clReleaseMemObject((*buffer)->memory);
    free(*buffer);
    *buffer = NULL;
}

size_t gm_buffer_bytes(const gm_buffer *buffer) {
    return buffer->bytes;
}

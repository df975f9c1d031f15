// Copies between host and device. A write copies what it is given to a stage, host memory that the device reads when
// its turn comes, so that feeding the next step does not wait for the present one.
#include "device/internal.h"

#include <stdlib.h>
#include <string.h>

enum { STAGE_BYTES = 16 << 20 }; // larger writes wait instead: data sets, not batches

static gm_status check_range(const gm_buffer *buffer, size_t offset, size_t bytes, const char *verb) {
    if (offset <= buffer->bytes && bytes <= buffer->bytes - offset)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s %zu bytes at offset %zu exceeds the buffer's %zu bytes", verb, bytes, offset,
                   buffer->bytes);
}

// Frees a stage whose write is over. A write that failed on the device is reported here, its first chance.
static gm_status reclaim(gm_stage *stage, bool *available) {
    *available = true;
    if (!stage->event)
        return GM_OK;
    cl_int state = CL_COMPLETE;
    cl_int code = gm_fault_due(GM_FAULT_WAIT);
    if (code == CL_SUCCESS)
        code = clGetEventInfo(stage->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    GM_TRY(gm_cl_check(code, "asking whether an earlier write is over"));
    *available = state <= CL_COMPLETE;
    if (*available) {
        clReleaseEvent(stage->event);
        stage->event = NULL;
    }
    return gm_cl_check(GM_MIN(state, CL_COMPLETE), "an earlier write to the device");
}

// A free stage of at least `bytes`, preferably one that is large enough already; NULL where none is free.
static gm_status find_stage(gm_device *device, size_t bytes, gm_stage **found) {
    *found = NULL;
    for (size_t i = 0; i < GM_STAGE_COUNT; i++) {
        gm_stage *stage = &device->stages[i];
        bool available;
        GM_TRY(reclaim(stage, &available));
        if (!available)
            continue;
        if (stage->capacity >= bytes && (!*found || (*found)->capacity < bytes || stage->capacity < (*found)->capacity))
            *found = stage;
        else if (!*found)
            *found = stage;
    }
    if (!*found || (*found)->capacity >= bytes)
        return GM_OK;
    void *memory;
    GM_TRY(gm_alloc(&memory, bytes, 1, "a write to the device"));
    free((*found)->memory);
    (*found)->memory = memory;
    (*found)->capacity = bytes;
    return GM_OK;
}

gm_status gm_buffer_write(gm_buffer *buffer, size_t offset, const void *data, size_t bytes) {
    GM_TRY(check_range(buffer, offset, bytes, "writing"));
    if (bytes == 0 || buffer->device->description)
        return GM_OK;
    gm_device *device = buffer->device;
    gm_stage *stage = NULL;
    if (bytes <= STAGE_BYTES)
        GM_TRY(find_stage(device, bytes, &stage));
    cl_int code = gm_fault_due(GM_FAULT_WRITE);
    if (code == CL_SUCCESS && stage) {
        memcpy(stage->memory, data, bytes);
        code = clEnqueueWriteBuffer(device->queue, buffer->memory, CL_FALSE, offset, bytes, stage->memory, 0, NULL,
                                    &stage->event);
    } else if (code == CL_SUCCESS) {
        device->counters.waits++;
        code = clEnqueueWriteBuffer(device->queue, buffer->memory, CL_TRUE, offset, bytes, data, 0, NULL, NULL);
    }
    if (code != CL_SUCCESS && stage)
        stage->event = NULL;
    return gm_cl_check(code, "writing %zu bytes to device \"%s\"", bytes, device->info.name);
}

static gm_status read_buffer(gm_buffer *buffer, size_t offset, void *data, size_t bytes, cl_bool wait) {
    GM_TRY(check_range(buffer, offset, bytes, "reading"));
    if (bytes == 0)
        return GM_OK;
    gm_device *device = buffer->device;
    if (device->description)
        return gm_fail_described(device, "nothing can be read from it");
    device->counters.waits += wait;
    cl_int code = gm_fault_due(GM_FAULT_READ);
    if (code == CL_SUCCESS)
        code = clEnqueueReadBuffer(device->queue, buffer->memory, wait, offset, bytes, data, 0, NULL, NULL);
    return gm_cl_check(code, "reading %zu bytes from device \"%s\"", bytes, device->info.name);
}

gm_status gm_buffer_read(gm_buffer *buffer, size_t offset, void *data, size_t bytes) {
    return read_buffer(buffer, offset, data, bytes, CL_TRUE);
}

gm_status gm_buffer_read_later(gm_buffer *buffer, size_t offset, void *data, size_t bytes) {
    return read_buffer(buffer, offset, data, bytes, CL_FALSE);
}

gm_status gm_buffer_fill(gm_buffer *buffer, size_t offset, size_t bytes, uint32_t pattern) {
    GM_TRY(check_range(buffer, offset, bytes, "filling"));
    if (offset % sizeof pattern != 0 || bytes % sizeof pattern != 0)
        return gm_fail(GM_ERROR_ARGUMENT, "filling %zu bytes at offset %zu: both must be multiples of %zu", bytes,
                       offset, sizeof pattern);
    if (bytes == 0 || buffer->device->description)
        return GM_OK;
    gm_device *device = buffer->device;
    cl_int code = gm_fault_due(GM_FAULT_WRITE);
    if (code == CL_SUCCESS)
        code =
            clEnqueueFillBuffer(device->queue, buffer->memory, &pattern, sizeof pattern, offset, bytes, 0, NULL, NULL);
    return gm_cl_check(code, "filling %zu bytes on device \"%s\"", bytes, device->info.name);
}

gm_status gm_buffer_clear(gm_buffer *buffer) {
    const uint32_t zeros = 0;
    size_t tail = buffer->bytes % sizeof zeros, words = buffer->bytes - tail;
    GM_TRY(gm_buffer_fill(buffer, 0, words, zeros));
    return gm_buffer_write(buffer, words, &zeros, tail);
}

void gm_stages_finish(gm_device *device) {
    for (size_t i = 0; i < GM_STAGE_COUNT; i++) {
        if (device->stages[i].event)
            clReleaseEvent(device->stages[i].event);
        free(device->stages[i].memory);
        device->stages[i] = (gm_stage){0};
    }
}

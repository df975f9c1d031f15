// The queue as a whole: flushing, finishing, and markers in it.
#include "device/internal.h"

#include <stdlib.h>

gm_status gm_device_flush(gm_device *device) {
    cl_int code = gm_fault_due(GM_FAULT_WAIT);
    if (code == CL_SUCCESS)
        code = clFlush(device->queue);
    return gm_cl_check(code, "handing commands to device \"%s\"", device->info.name);
}

gm_status gm_device_finish(gm_device *device) {
    device->counters.waits++;
    cl_int code = gm_fault_due(GM_FAULT_WAIT);
    if (code == CL_SUCCESS)
        code = clFinish(device->queue);
    return gm_cl_check(code, "waiting for device \"%s\"", device->info.name);
}

// What gm_marker.event points to.
typedef struct point {
    gm_device *device;
    cl_event event;
} point;

gm_status gm_marker_record(gm_marker *marker, gm_device *device) {
    gm_marker_finish(marker);
    point *recorded;
    GM_TRY(gm_alloc(&recorded, 1, sizeof *recorded, "a marker"));
    recorded->device = device;
    cl_int code = gm_fault_due(GM_FAULT_LAUNCH);
    if (code == CL_SUCCESS)
        code = clEnqueueMarkerWithWaitList(device->queue, 0, NULL, &recorded->event);
    if (code != CL_SUCCESS) {
        free(recorded);
        return gm_cl_check(code, "marking a point in the queue of device \"%s\"", device->info.name);
    }
    marker->event = recorded;
    return GM_OK;
}

gm_status gm_marker_wait(gm_marker *marker) {
    point *recorded = marker->event;
    if (!recorded)
        return GM_OK;
    gm_device *device = recorded->device;
    device->counters.waits++;
    cl_int code = gm_fault_due(GM_FAULT_WAIT);
    if (code == CL_SUCCESS)
        code = clWaitForEvents(1, &recorded->event);
    gm_marker_finish(marker);
    return gm_cl_check(code, "waiting for a point in the queue of device \"%s\"", device->info.name);
}

void gm_marker_finish(gm_marker *marker) {
    point *recorded = marker->event;
    if (recorded) {
        clReleaseEvent(recorded->event);
        free(recorded);
    }
    marker->event = NULL;
}

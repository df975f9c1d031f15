// The queue as a whole: flushing, finishing, and markers in it.
#include "device/internal.h"

gm_status gm_device_flush(gm_device *device) {
    cl_int code = gm_fault_due(GM_FAULT_WAIT);
    if (code == CL_SUCCESS)
        code = clFlush(device->queue);
    return gm_cl_check(code, "handing commands to device \"%s\"", device->info.name);
}

gm_status gm_device_finish(gm_device *device) {
    if (device->description)
        return GM_OK;
    device->counters.waits++;
    // An injected failure comes behind the wait: like a lost device, it leaves nothing in flight that still writes into
    // memory which the caller is about to free.
    cl_int code = clFinish(device->queue), fault = gm_fault_due(GM_FAULT_WAIT);
    return gm_cl_check(code == CL_SUCCESS ? fault : code, "waiting for device \"%s\"", device->info.name);
}

gm_status gm_marker_record(gm_marker *marker, gm_device *device) {
    gm_marker_finish(marker);
    cl_event event = NULL;
    cl_int code = gm_fault_due(GM_FAULT_LAUNCH);
    if (code == CL_SUCCESS)
        code = clEnqueueMarkerWithWaitList(device->queue, 0, NULL, &event);
    GM_TRY(gm_cl_check(code, "marking a point in the queue of device \"%s\"", device->info.name));
    *marker = (gm_marker){device, event};
    return GM_OK;
}

gm_status gm_marker_wait(gm_marker *marker) {
    cl_event event = marker->event;
    if (!event)
        return GM_OK;
    marker->device->counters.waits++;
    cl_int code = gm_fault_due(GM_FAULT_WAIT);
    if (code == CL_SUCCESS)
        code = clWaitForEvents(1, &event);
    gm_marker_finish(marker);
    return gm_cl_check(code, "waiting for a point in the queue of device \"%s\"", marker->device->info.name);
}

void gm_marker_finish(gm_marker *marker) {
    if (marker->event)
        clReleaseEvent(marker->event);
    marker->event = NULL;
}

// The one place that every OpenCL call that can fail passes: injected faults, and codes turned into sentences.
#include "device/fault.h"

#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A class and the code that a driver would plausibly give.
static const struct {
    const char *name;
    int code;
} classes[GM_FAULT_CLASSES] = {
    [GM_FAULT_NONE] = {"none", CL_SUCCESS},
    [GM_FAULT_DEVICE] = {"device", CL_DEVICE_NOT_AVAILABLE},
    [GM_FAULT_ALLOC] = {"alloc", CL_MEM_OBJECT_ALLOCATION_FAILURE},
    [GM_FAULT_BUILD] = {"build", CL_BUILD_PROGRAM_FAILURE},
    [GM_FAULT_KERNEL] = {"kernel", CL_OUT_OF_HOST_MEMORY},
    [GM_FAULT_LAUNCH] = {"launch", CL_OUT_OF_RESOURCES},
    [GM_FAULT_READ] = {"read", CL_OUT_OF_RESOURCES},
    [GM_FAULT_WRITE] = {"write", CL_OUT_OF_RESOURCES},
    [GM_FAULT_WAIT] = {"wait", CL_OUT_OF_RESOURCES},
};

static atomic_size_t calls[GM_FAULT_CLASSES];
static atomic_int armed_class;
static atomic_size_t armed_call;

static gm_status parse(const char *spec, int *class, size_t *call) {
    const char *colon = strchr(spec, ':');
    size_t length = colon ? (size_t)(colon - spec) : 0;
    for (int i = GM_FAULT_NONE + 1; colon && i < GM_FAULT_CLASSES; i++) {
        if (strlen(classes[i].name) != length || memcmp(classes[i].name, spec, length) != 0)
            continue;
        char *end;
        unsigned long long number = strtoull(colon + 1, &end, 10);
        if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || number == 0)
            break;
        *class = i;
        *call = (size_t)number;
        return GM_OK;
    }
    return gm_fail(GM_ERROR_ARGUMENT,
                   "GANYMEDE_FAULT: \"%s\" is not CLASS:N with N >= 1 and CLASS one of device, alloc, build, kernel, "
                   "launch, read, write, wait",
                   spec);
}

gm_status gm_fault_arm(const char *spec) {
    int class = GM_FAULT_NONE;
    size_t call = 0;
    if (spec && *spec)
        GM_TRY(parse(spec, &class, &call));
    for (int i = 0; i < GM_FAULT_CLASSES; i++)
        atomic_store(&calls[i], 0);
    atomic_store(&armed_call, call);
    atomic_store(&armed_class, class);
    return GM_OK;
}

gm_status gm_fault_arm_environment(void) {
    const char *spec = getenv("GANYMEDE_FAULT");
    return spec && *spec ? gm_fault_arm(spec) : GM_OK;
}

size_t gm_fault_calls(gm_fault_class class) {
    return class < GM_FAULT_CLASSES ? atomic_load(&calls[class]) : 0;
}

const char *gm_fault_class_name(gm_fault_class class) {
    return class < GM_FAULT_CLASSES ? classes[class].name : "none";
}

int gm_fault_due(gm_fault_class class) {
    size_t call = atomic_fetch_add(&calls[class], 1) + 1;
    if (atomic_load(&armed_class) != (int)class || atomic_load(&armed_call) != call)
        return CL_SUCCESS;
    return classes[class].code;
}

// What the codes that users meet mean for them. The others are bugs of ours or the driver's: their name says enough.
static const struct {
    int code;
    const char *name;
    gm_status status; // 0: GM_ERROR_DEVICE
    const char *advice;
} errors[] = {
    {CL_DEVICE_NOT_FOUND, "CL_DEVICE_NOT_FOUND", 0, "see `ganymede devices` for what there is"},
    {CL_DEVICE_NOT_AVAILABLE, "CL_DEVICE_NOT_AVAILABLE", 0,
     "the device is in use or switched off; see `ganymede devices`"},
    {CL_COMPILER_NOT_AVAILABLE, "CL_COMPILER_NOT_AVAILABLE", 0, "the driver has no compiler; choose another device"},
    {CL_MEM_OBJECT_ALLOCATION_FAILURE, "CL_MEM_OBJECT_ALLOCATION_FAILURE", GM_ERROR_MEMORY,
     "the device is out of memory; use a smaller batch or another device"},
    {CL_OUT_OF_RESOURCES, "CL_OUT_OF_RESOURCES", 0,
     "the device ran out of registers, local memory or memory, or was reset; use a smaller batch or another device"},
    {CL_OUT_OF_HOST_MEMORY, "CL_OUT_OF_HOST_MEMORY", GM_ERROR_MEMORY,
     "the driver is out of host memory; close other programs or use a smaller batch"},
    {CL_PROFILING_INFO_NOT_AVAILABLE, "CL_PROFILING_INFO_NOT_AVAILABLE", 0, "the driver cannot time its commands"},
    {CL_MEM_COPY_OVERLAP, "CL_MEM_COPY_OVERLAP", 0, NULL},
    {CL_BUILD_PROGRAM_FAILURE, "CL_BUILD_PROGRAM_FAILURE", 0, NULL},
    {CL_MAP_FAILURE, "CL_MAP_FAILURE", 0, NULL},
    {CL_MISALIGNED_SUB_BUFFER_OFFSET, "CL_MISALIGNED_SUB_BUFFER_OFFSET", 0, NULL},
    {CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST", 0,
     "an earlier command failed on the device"},
    {CL_INVALID_VALUE, "CL_INVALID_VALUE", 0, NULL},
    {CL_INVALID_DEVICE, "CL_INVALID_DEVICE", 0, NULL},
    {CL_INVALID_CONTEXT, "CL_INVALID_CONTEXT", 0, NULL},
    {CL_INVALID_QUEUE_PROPERTIES, "CL_INVALID_QUEUE_PROPERTIES", 0, NULL},
    {CL_INVALID_COMMAND_QUEUE, "CL_INVALID_COMMAND_QUEUE", 0, "the device was lost; start again"},
    {CL_INVALID_MEM_OBJECT, "CL_INVALID_MEM_OBJECT", 0, NULL},
    {CL_INVALID_BINARY, "CL_INVALID_BINARY", 0, NULL},
    {CL_INVALID_BUILD_OPTIONS, "CL_INVALID_BUILD_OPTIONS", 0, NULL},
    {CL_INVALID_PROGRAM, "CL_INVALID_PROGRAM", 0, NULL},
    {CL_INVALID_PROGRAM_EXECUTABLE, "CL_INVALID_PROGRAM_EXECUTABLE", 0, NULL},
    {CL_INVALID_KERNEL_NAME, "CL_INVALID_KERNEL_NAME", 0, "the program has no kernel of that name"},
    {CL_INVALID_KERNEL_DEFINITION, "CL_INVALID_KERNEL_DEFINITION", 0, NULL},
    {CL_INVALID_KERNEL, "CL_INVALID_KERNEL", 0, NULL},
    {CL_INVALID_ARG_INDEX, "CL_INVALID_ARG_INDEX", 0, "the kernel has fewer arguments"},
    {CL_INVALID_ARG_VALUE, "CL_INVALID_ARG_VALUE", 0, NULL},
    {CL_INVALID_ARG_SIZE, "CL_INVALID_ARG_SIZE", 0, "the argument's type has another size"},
    {CL_INVALID_KERNEL_ARGS, "CL_INVALID_KERNEL_ARGS", 0, "an argument was not bound"},
    {CL_INVALID_WORK_DIMENSION, "CL_INVALID_WORK_DIMENSION", 0, NULL},
    {CL_INVALID_WORK_GROUP_SIZE, "CL_INVALID_WORK_GROUP_SIZE", 0,
     "the local size is too large for this kernel on this device, or not the one the kernel requires"},
    {CL_INVALID_WORK_ITEM_SIZE, "CL_INVALID_WORK_ITEM_SIZE", 0, "the local size is too large for this device"},
    {CL_INVALID_GLOBAL_OFFSET, "CL_INVALID_GLOBAL_OFFSET", 0, NULL},
    {CL_INVALID_EVENT_WAIT_LIST, "CL_INVALID_EVENT_WAIT_LIST", 0, NULL},
    {CL_INVALID_EVENT, "CL_INVALID_EVENT", 0, NULL},
    {CL_INVALID_OPERATION, "CL_INVALID_OPERATION", 0, NULL},
    {CL_INVALID_BUFFER_SIZE, "CL_INVALID_BUFFER_SIZE", GM_ERROR_MEMORY,
     "the device allows no buffer of that size; use a smaller batch or another device"},
    {CL_INVALID_GLOBAL_WORK_SIZE, "CL_INVALID_GLOBAL_WORK_SIZE", 0, NULL},
    {CL_INVALID_PROPERTY, "CL_INVALID_PROPERTY", 0, NULL},
    {CL_PLATFORM_NOT_FOUND_KHR, "CL_PLATFORM_NOT_FOUND_KHR", 0, "install an OpenCL driver"},
};

const char *gm_cl_error_name(int code) {
    for (size_t i = 0; i < GM_COUNT(errors); i++)
        if (errors[i].code == code)
            return errors[i].name;
    return "an unknown OpenCL error";
}

gm_status gm_cl_check(int code, const char *format, ...) {
    if (code == CL_SUCCESS)
        return GM_OK;
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    gm_vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    gm_status status = GM_ERROR_DEVICE;
    const char *advice = NULL;
    for (size_t i = 0; i < GM_COUNT(errors); i++) {
        if (errors[i].code != code)
            continue;
        status = errors[i].status ? errors[i].status : GM_ERROR_DEVICE;
        advice = errors[i].advice;
    }
    return gm_fail(status, "%s: %s (%d)%s%s", what, gm_cl_error_name(code), code, advice ? "; " : "",
                   advice ? advice : "");
}

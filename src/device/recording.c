// Recordings: launches that the driver takes once, as a command buffer of cl_khr_command_buffer, and runs by one
// command each time. The extension is provisional: it is used where the driver's version is one of those with these
// functions.
#include "device/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

// What its headers would declare; some lack it, others hide it or have other names for its types.
enum {
    EXTENSIONS_WITH_VERSION = 0x1060, // of OpenCL 3.0 and cl_khr_extended_versioning
    CAPABILITIES = 0x12A9,
    REQUIRED_QUEUE_PROPERTIES = 0x12AA,
    CAPABLE_OF_SIMULTANEOUS_USE = 1 << 2,
    FLAGS = 0x1293,
    SIMULTANEOUS_USE = 1 << 0,
};
typedef struct named_version {
    cl_uint version; // 10 bits, 10 bits, 12 bits
    char name[64];
} named_version;

#define VERSION(major, minor, patch) ((cl_uint)(major) << 22 | (minor) << 12 | (patch))
// Between these, what is called here takes the same arguments and means the same.
static const cl_uint first_version = VERSION(0, 9, 0), last_version = VERSION(0, 9, 8);

// While one runs, another can be enqueued: a command buffer must be over before it is enqueued again, unless the driver
// allows it to run twice at once.
enum { TURNS = 2 };

enum { MOST_TRIES = 2000 }; // of 100 microseconds

struct gm_recording {
    gm_device *device;
    gm_command_buffer *buffers[TURNS]; // of the same launches
    gm_marker last[TURNS];             // their last runs, where these must be over
    size_t turns, turn, launches;
};

// ---- What the driver offers ----

// 0: it does not say that it has the extension, or not in which version.
static cl_uint offered_version(cl_device_id device) {
    cl_uint version = 0;
    size_t bytes = 0;
    if (clGetDeviceInfo(device, EXTENSIONS_WITH_VERSION, 0, NULL, &bytes) != CL_SUCCESS || bytes == 0)
        return 0;
    named_version *extensions = malloc(bytes);
    if (extensions && clGetDeviceInfo(device, EXTENSIONS_WITH_VERSION, bytes, extensions, NULL) == CL_SUCCESS)
        for (size_t i = 0; i < bytes / sizeof *extensions; i++)
            if (strncmp(extensions[i].name, "cl_khr_command_buffer", sizeof extensions[i].name) == 0)
                version = extensions[i].version;
    free(extensions);
    return version;
}

// How it may be used; false: not with a queue in order.
static bool query_use(cl_device_id device, bool *simultaneous) {
    cl_bitfield capabilities = 0, required = 0;
    if (clGetDeviceInfo(device, CAPABILITIES, sizeof capabilities, &capabilities, NULL) != CL_SUCCESS ||
        clGetDeviceInfo(device, REQUIRED_QUEUE_PROPERTIES, sizeof required, &required, NULL) != CL_SUCCESS)
        return false;
    *simultaneous = capabilities & CAPABLE_OF_SIMULTANEOUS_USE;
    return required == 0;
}

static bool fetch_functions(cl_platform_id platform, gm_recorder *recorder) {
    const struct {
        const char *name;
        void *function; // points to the pointer
    } functions[] = {{"clCreateCommandBufferKHR", &recorder->create},
                     {"clCommandNDRangeKernelKHR", &recorder->launch},
                     {"clFinalizeCommandBufferKHR", &recorder->finalize},
                     {"clEnqueueCommandBufferKHR", &recorder->enqueue},
                     {"clReleaseCommandBufferKHR", &recorder->release}};
    for (size_t i = 0; i < GM_COUNT(functions); i++) {
        void *address = clGetExtensionFunctionAddressForPlatform(platform, functions[i].name);
        if (!address)
            return false;
        memcpy(functions[i].function, &address, sizeof address);
    }
    return true;
}

gm_status gm_recorder_init(gm_device *device) {
    const char *wanted = getenv("GANYMEDE_COMMAND_BUFFER");
    bool off = wanted && strcmp(wanted, "0") == 0, on = wanted && strcmp(wanted, "1") == 0;
    if (wanted && wanted[0] && !off && !on)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "GANYMEDE_COMMAND_BUFFER=%s is unknown: leave it out to record launches on GPUs whose driver "
                       "offers it, or set it to 1 for CPUs, too, or to 0",
                       wanted);
    bool gains = device->info.type == GM_DEVICE_GPU || device->info.type == GM_DEVICE_ACCELERATOR;
    if (off || (!on && !gains))
        return GM_OK;
    gm_recorder recorder = {0};
    cl_uint version = offered_version(device->id);
    if (version >= first_version && version <= last_version && query_use(device->id, &recorder.simultaneous) &&
        fetch_functions(device->platform, &recorder))
        device->recorder = recorder;
    gm_debug("command buffers: version %u.%u.%u%s", version >> 22, version >> 12 & 1023, version & 4095,
             device->recorder.create ? "" : ", not used");
    return GM_OK;
}

static bool can_record(const gm_device *device) {
    return device->recorder.create && !device->profiling;
}

// ---- Recordings ----

gm_status gm_recording_create(gm_recording **out, gm_device *device) {
    static const cl_ulong simultaneous[] = {FLAGS, SIMULTANEOUS_USE, 0};
    const gm_recorder *recorder = &device->recorder;
    gm_recording *recording;
    gm_status status = GM_OK;
    *out = NULL;
    if (!can_record(device))
        return gm_fail(GM_ERROR_STATE, "device \"%s\" records no launches%s", device->info.name,
                       device->profiling ? " while they are timed" : "");
    GM_TRY(gm_alloc(&recording, 1, sizeof *recording, "a recording"));
    recording->device = device;
    recording->turns = recorder->simultaneous ? 1 : TURNS;
    for (size_t i = 0; i < recording->turns; i++) {
        cl_int code = gm_fault_due(GM_FAULT_LAUNCH);
        if (code == CL_SUCCESS)
            recording->buffers[i] =
                recorder->create(1, &device->queue, recorder->simultaneous ? simultaneous : NULL, &code);
        if (code != CL_SUCCESS)
            recording->buffers[i] = NULL;
        GM_TRY_DONE(gm_cl_check(code, "beginning a recording on device \"%s\"", device->info.name));
    }
    *out = recording;
    recording = NULL;
done:
    gm_recording_destroy(&recording);
    return status;
}

void gm_recording_destroy(gm_recording **pointer) {
    gm_recording *recording = pointer ? *pointer : NULL;
    if (!recording)
        return;
    for (size_t i = 0; i < recording->turns; i++) {
        gm_marker_finish(&recording->last[i]);
        if (recording->buffers[i])
            recording->device->recorder.release(recording->buffers[i]);
    }
    free(recording);
    *pointer = NULL;
}

gm_status gm_recording_launch(gm_recording *recording, gm_kernel *kernel, size_t dims, const size_t *global,
                              const size_t *local) {
    gm_device *device = recording->device;
    GM_TRY(gm_kernel_check_sizes(kernel, dims, global, local));
    for (size_t i = 0; i < recording->turns; i++) {
        cl_int code = gm_fault_due(GM_FAULT_LAUNCH);
        if (code == CL_SUCCESS)
            code = device->recorder.launch(recording->buffers[i], NULL, NULL, kernel->kernel, (cl_uint)dims, NULL,
                                           global, local, 0, NULL, NULL, NULL);
        GM_TRY(gm_cl_check(code, "recording kernel %s on device \"%s\"", kernel->name, device->info.name));
    }
    recording->launches++;
    return GM_OK;
}

gm_status gm_recording_finish(gm_recording *recording) {
    gm_device *device = recording->device;
    for (size_t i = 0; i < recording->turns; i++) {
        cl_int code = gm_fault_due(GM_FAULT_LAUNCH);
        if (code == CL_SUCCESS)
            code = device->recorder.finalize(recording->buffers[i]);
        GM_TRY(gm_cl_check(code, "ending a recording on device \"%s\"", device->info.name));
    }
    return GM_OK;
}

gm_status gm_recording_wait(gm_recording *recording) {
    return gm_marker_wait(&recording->last[recording->turn]);
}

// A driver may end the run's event before it notes that its command buffer is free again (pocl's do).
static cl_int enqueue_when_free(const gm_recording *recording, cl_event *event) {
    static const struct timespec pause = {.tv_nsec = 100000};
    const gm_recorder *recorder = &recording->device->recorder;
    cl_int code;
    for (size_t tries = 0; tries < MOST_TRIES; tries++) {
        code = recorder->enqueue(0, NULL, recording->buffers[recording->turn], 0, NULL, event);
        if (code != CL_INVALID_OPERATION || recorder->simultaneous)
            break;
        nanosleep(&pause, NULL);
    }
    return code;
}

gm_status gm_recording_enqueue(gm_recording *recording) {
    gm_device *device = recording->device;
    gm_marker *last = &recording->last[recording->turn];
    cl_event event = NULL; // asked for even where nothing waits for it: sources of pocl's use it unasked
    cl_int code = gm_fault_due(GM_FAULT_LAUNCH);
    if (code == CL_SUCCESS)
        code = enqueue_when_free(recording, &event);
    GM_TRY(gm_cl_check(code, "running %zu recorded launches on device \"%s\"", recording->launches, device->info.name));
    *last = (gm_marker){device, event};
    if (device->recorder.simultaneous)
        gm_marker_finish(last);
    recording->turn = (recording->turn + 1) % recording->turns;
    device->counters.launches += recording->launches;
    device->counters.commands++;
    return GM_OK;
}

// ---- Whether they compute what the launches do ----

enum { PROBE_ITEMS = 64, PROBE_LAUNCHES = 3, PROBE_RUNS = 2 };

static const gm_source probe_source = {"generated", "kernel void recording_probe(global uint *x, uint factor) {\n"
                                                    "    const size_t i = get_global_id(0);\n"
                                                    "    x[i] = x[i] * factor + i;\n}\n"};

// Launches that change the same numbers, so that their order and each run shows.
static gm_status run_probe(gm_device *device, gm_program *program, bool *right) {
    static const size_t global = PROBE_ITEMS, local = 1;
    gm_kernel *kernels[PROBE_LAUNCHES] = {NULL};
    gm_buffer *buffer = NULL;
    gm_recording *recording = NULL;
    uint32_t x[PROBE_ITEMS] = {0}, expected[PROBE_ITEMS] = {0};
    gm_status status;
    GM_TRY_DONE(gm_buffer_create(&buffer, device, sizeof x));
    GM_TRY_DONE(gm_buffer_write(buffer, 0, x, sizeof x));
    GM_TRY_DONE(gm_recording_create(&recording, device));
    for (uint32_t k = 0; k < PROBE_LAUNCHES; k++) {
        const uint32_t factor = 3 + 2 * k;
        GM_TRY_DONE(gm_kernel_create(&kernels[k], program, "recording_probe"));
        GM_TRY_DONE(gm_kernel_bind_buffer(kernels[k], 0, buffer));
        GM_TRY_DONE(gm_kernel_bind_value(kernels[k], 1, &factor, sizeof factor));
        GM_TRY_DONE(gm_recording_launch(recording, kernels[k], 1, &global, &local));
    }
    GM_TRY_DONE(gm_recording_finish(recording));
    for (size_t run = 0; run < PROBE_RUNS; run++) {
        GM_TRY_DONE(gm_recording_wait(recording));
        GM_TRY_DONE(gm_recording_enqueue(recording));
    }
    GM_TRY_DONE(gm_buffer_read(buffer, 0, x, sizeof x));
    for (uint32_t e = 0; e < PROBE_ITEMS * PROBE_RUNS * PROBE_LAUNCHES; e++) {
        uint32_t i = e % PROBE_ITEMS;
        expected[i] = expected[i] * (3 + 2 * (e / PROBE_ITEMS % PROBE_LAUNCHES)) + i;
    }
    *right = memcmp(x, expected, sizeof x) == 0;
done:
    if (status != GM_OK)
        clFinish(device->queue);
    gm_recording_destroy(&recording);
    for (size_t k = 0; k < PROBE_LAUNCHES; k++)
        gm_kernel_destroy(&kernels[k]);
    gm_buffer_destroy(&buffer);
    return status;
}

bool gm_device_records(gm_device *device) {
    if (!can_record(device) || device->recorder.tried)
        return can_record(device);
    gm_device_counters counters = device->counters;
    gm_program *program = NULL;
    bool right = false;
    gm_status status = gm_program_create(&program, device, &probe_source, 1, "-cl-std=CL1.2");
    if (status == GM_OK)
        status = run_probe(device, program, &right);
    gm_program_destroy(&program);
    device->counters = counters;
    if (!right) {
        gm_debug("command buffers: not used: %s",
                 status == GM_OK ? "what they run computes something else" : gm_error_message());
        device->recorder = (gm_recorder){0};
    }
    device->recorder.tried = true;
    return right;
}

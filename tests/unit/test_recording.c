// Recordings: launches run in order by one command, again and again, and what a driver must offer for it. What the
// driver says of itself is changed on the way, as others would say it.
#define _GNU_SOURCE // RTLD_NEXT

#include "device_support.h"

#include <dlfcn.h>

// What clGetDeviceInfo gives; 0: as it is.
static struct {
    cl_uint version; // of the extension; UINT32_MAX: the driver lacks it
    cl_ulong required;
    cl_device_type type;
    bool sequential; // a command buffer must be over before it is enqueued again
    bool silent;     // knows nothing of command buffers' properties
    bool idle;       // takes command buffers and runs nothing
} pretended;

enum { EXTENSIONS_WITH_VERSION = 0x1060, CAPABILITIES = 0x12A9, REQUIRED_QUEUE_PROPERTIES = 0x12AA };

static void pretend_version(void *value, size_t bytes) {
    struct {
        cl_uint version;
        char name[64];
    } *extensions = value;
    for (size_t i = 0; i < bytes / sizeof *extensions; i++)
        if (strcmp(extensions[i].name, "cl_khr_command_buffer") == 0 && pretended.version == UINT32_MAX)
            extensions[i].name[0] = '\0';
        else if (strcmp(extensions[i].name, "cl_khr_command_buffer") == 0 && pretended.version)
            extensions[i].version = pretended.version;
}

cl_int CL_API_CALL clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t bytes, void *value, size_t *size) {
    static cl_int(CL_API_CALL * real)(cl_device_id, cl_device_info, size_t, void *, size_t *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clGetDeviceInfo");
    if (pretended.silent && (what == CAPABILITIES || what == REQUIRED_QUEUE_PROPERTIES))
        return CL_INVALID_VALUE;
    cl_int code = real(device, what, bytes, value, size);
    if (code != CL_SUCCESS || !value)
        return code;
    if (what == EXTENSIONS_WITH_VERSION)
        pretend_version(value, bytes);
    if (what == CAPABILITIES && pretended.sequential)
        *(cl_ulong *)value &= ~(cl_ulong)(1 << 2);
    if (what == REQUIRED_QUEUE_PROPERTIES && pretended.required)
        *(cl_ulong *)value = pretended.required;
    if (what == CL_DEVICE_TYPE && pretended.type)
        *(cl_device_type *)value = pretended.type;
    return code;
}

static cl_int CL_API_CALL run_nothing(cl_uint queue_count, cl_command_queue *queues, gm_command_buffer *buffer,
                                      cl_uint event_count, const cl_event *events, cl_event *event) {
    (void)queue_count, (void)queues, (void)buffer, (void)event_count, (void)events;
    *event = NULL;
    return CL_SUCCESS;
}

void *CL_API_CALL clGetExtensionFunctionAddressForPlatform(cl_platform_id platform, const char *name) {
    static void *(CL_API_CALL * real)(cl_platform_id, const char *);
    cl_int(CL_API_CALL * idle)(cl_uint, cl_command_queue *, gm_command_buffer *, cl_uint, const cl_event *,
                               cl_event *) = run_nothing;
    void *address;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clGetExtensionFunctionAddressForPlatform");
    address = real(platform, name);
    if (address && pretended.idle && strcmp(name, "clEnqueueCommandBufferKHR") == 0)
        memcpy(&address, &idle, sizeof address);
    return address;
}

// `wanted` is GANYMEDE_COMMAND_BUFFER; NULL: not set.
static gm_device *open_with(const char *wanted) {
    gm_device *device;
    if (wanted)
        setenv("GANYMEDE_COMMAND_BUFFER", wanted, 1);
    else
        unsetenv("GANYMEDE_COMMAND_BUFFER");
    OK(gm_device_open(&device, NULL));
    unsetenv("GANYMEDE_COMMAND_BUFFER");
    return device;
}

static bool records(const char *wanted) {
    gm_device *device = open_with(wanted);
    bool answer = gm_device_records(device);
    gm_device_close(&device);
    return answer;
}

static gm_device *open_or_skip(void) {
    gm_device *device = open_with("1");
    if (!gm_device_records(device)) {
        gm_device_close(&device);
        print_message("the driver has no command buffers that fit\n");
        skip();
    }
    return device;
}

// ---- Running ----

enum { COUNT = 300, LAUNCHES = 5 };

static const gm_source source = {"chain.cl", "kernel void chain(global uint *x, uint factor) {\n"
                                             "    size_t i = get_global_id(0);\n"
                                             "    x[i] = (x[i] ^ factor) * factor + x[i];\n}\n"};

typedef struct fixture {
    gm_device *device;
    gm_program *program;
    gm_buffer *buffer;
    gm_kernel *kernels[LAUNCHES];
    gm_recording *recording;
    uint32_t expected[COUNT];
} fixture;

static const cl_uint factors[LAUNCHES] = {3, 50021, 7, 2654435761u, 11};

static fixture record_chain(gm_device *device) {
    fixture f = {.device = device};
    OK(gm_program_create(&f.program, device, &source, 1, NULL));
    OK(gm_buffer_create(&f.buffer, device, sizeof f.expected));
    for (size_t i = 0; i < COUNT; i++)
        f.expected[i] = (uint32_t)i;
    OK(gm_buffer_write(f.buffer, 0, f.expected, sizeof f.expected));
    OK(gm_recording_create(&f.recording, device));
    for (size_t k = 0; k < LAUNCHES; k++) {
        OK(gm_kernel_create(&f.kernels[k], f.program, "chain"));
        OK(gm_kernel_bind_buffer(f.kernels[k], 0, f.buffer));
        OK(gm_kernel_bind_value(f.kernels[k], 1, &factors[k], sizeof factors[k]));
        OK(gm_recording_launch(f.recording, f.kernels[k], 1, &(size_t){COUNT}, &(size_t){1}));
    }
    OK(gm_recording_finish(f.recording));
    return f;
}

static void expect_runs(fixture *f, size_t runs) {
    uint32_t values[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < runs * LAUNCHES; k++) {
            uint32_t factor = factors[k % LAUNCHES], x = f->expected[i];
            f->expected[i] = (x ^ factor) * factor + x;
        }
    OK(gm_buffer_read(f->buffer, 0, values, sizeof values));
    for (size_t i = 0; i < COUNT; i++)
        if (values[i] != f->expected[i])
            fail_msg("element %zu is %u, not %u, after %zu more runs", i, values[i], f->expected[i], runs);
}

static void destroy_fixture(fixture *f) {
    OK(gm_device_finish(f->device));
    gm_recording_destroy(&f->recording);
    assert_null(f->recording);
    gm_recording_destroy(&f->recording);
    for (size_t k = 0; k < LAUNCHES; k++)
        gm_kernel_destroy(&f->kernels[k]);
    gm_buffer_destroy(&f->buffer);
    gm_program_destroy(&f->program);
    gm_device_close(&f->device);
}

static void enqueue(fixture *f) {
    OK(gm_recording_wait(f->recording));
    OK(gm_recording_enqueue(f->recording));
}

// Several runs, nothing waited for in between, then one more, and another behind a single launch.
static void run_chain(fixture *f) {
    gm_device_counters before = count(f->device);
    for (size_t run = 0; run < 40; run++)
        enqueue(f);
    expect_runs(f, 40);
    enqueue(f);
    expect_runs(f, 1);
    for (size_t k = 0; k < LAUNCHES; k++)
        OK(gm_kernel_launch(f->kernels[k], 1, &(size_t){COUNT}, &(size_t){1}, NULL));
    enqueue(f);
    expect_runs(f, 2);
    gm_device_counters after = count(f->device);
    assert_int_equal(after.launches - before.launches, 43 * LAUNCHES);
    assert_int_equal(after.commands - before.commands, 42 + LAUNCHES);
}

static void recorded_launches_run_in_order_each_time(void **unused) {
    (void)unused;
    fixture f = record_chain(open_or_skip());
    run_chain(&f);
    destroy_fixture(&f);
}

// pocl refuses a command buffer that runs.
static void a_sequential_driver_gets_no_buffer_that_runs(void **unused) {
    (void)unused;
    pretended.sequential = true;
    gm_device *device = open_or_skip();
    pretended.sequential = false;
    assert_false(device->recorder.simultaneous);
    fixture f = record_chain(device);
    run_chain(&f);
    destroy_fixture(&f);
}

static void wrong_sizes_are_refused_and_profiles_have_single_launches(void **unused) {
    (void)unused;
    fixture f = record_chain(open_or_skip());
    gm_recording *recording;
    gm_profile_row *rows;
    size_t row_count;
    double span, busy;
    OK(gm_recording_create(&recording, f.device));
    FAILS(gm_recording_launch(recording, f.kernels[0], 1, &(size_t){COUNT}, &(size_t){7}), GM_ERROR_ARGUMENT, "chain");
    gm_recording_destroy(&recording); // never finished
    OK(gm_profile_start(f.device));
    assert_false(gm_device_records(f.device));
    FAILS(gm_recording_create(&recording, f.device), GM_ERROR_STATE, "while they are timed");
    assert_null(recording);
    OK(gm_profile_stop(f.device, &rows, &row_count, &span, &busy));
    free(rows);
    run_chain(&f);
    destroy_fixture(&f);
}

// ---- What is used ----

static void gpus_record_by_default_and_cpus_when_told(void **unused) {
    (void)unused;
    static const char *const wrong[] = {"2", "yes", "1 ", "on", "-1"};
    gm_device *device = open_or_skip();
    gm_device_close(&device);
    assert_false(records("0"));
    pretended.type = CL_DEVICE_TYPE_CPU;
    assert_false(records(NULL));
    assert_false(records(""));
    assert_true(records("1"));
    pretended.type = CL_DEVICE_TYPE_GPU;
    assert_true(records(NULL));
    assert_true(records(""));
    assert_false(records("0"));
    pretended.type = CL_DEVICE_TYPE_ACCELERATOR;
    assert_true(records(NULL));
    pretended.type = 0;
    for (size_t i = 0; i < GM_COUNT(wrong); i++) {
        setenv("GANYMEDE_COMMAND_BUFFER", wrong[i], 1);
        FAILS(gm_device_open(&device, NULL), GM_ERROR_ARGUMENT, "GANYMEDE_COMMAND_BUFFER=");
        assert_null(device);
        assert_non_null(strstr(gm_error_message(), wrong[i]));
    }
    unsetenv("GANYMEDE_COMMAND_BUFFER");
}

static cl_uint version(cl_uint major, cl_uint minor, cl_uint patch) {
    return major << 22 | minor << 12 | patch;
}

static void what_does_not_fit_is_not_used(void **unused) {
    (void)unused;
    const cl_uint unknown[] = {version(0, 8, 9), version(0, 9, 9), version(0, 10, 0),
                               version(1, 0, 0), version(2, 1, 3), UINT32_MAX};
    gm_device *device = open_or_skip();
    gm_device_close(&device);
    for (cl_uint patch = 0; patch <= 8; patch++) {
        pretended.version = version(0, 9, patch);
        assert_true(records("1"));
    }
    for (size_t i = 0; i < GM_COUNT(unknown); i++) {
        pretended.version = unknown[i];
        if (records("1"))
            fail_msg("version 0x%x is used", (unsigned)unknown[i]);
    }
    pretended.version = 0;
    pretended.required = CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
    assert_false(records("1"));
    pretended.required = 0;
    pretended.silent = true;
    assert_false(records("1"));
    pretended.silent = false;
    assert_true(records("1"));
}

static void a_driver_that_runs_nothing_is_not_used(void **unused) {
    (void)unused;
    gm_device *device = open_or_skip();
    gm_device_counters counters = count(device);
    assert_int_equal(counters.launches + counters.buffers_created + counters.kernels_created, 0); // trying counts not
    gm_device_close(&device);
    pretended.idle = true;
    assert_false(records("1"));
    pretended.idle = false;
    assert_true(records("1"));
}

static void devices_without_it_fail_to_record(void **unused) {
    (void)unused;
    gm_recording *recording;
    gm_device *device = open_with("0"), *described;
    FAILS(gm_recording_create(&recording, device), GM_ERROR_STATE, "records no launches");
    assert_null(recording);
    gm_device_close(&device);
    setenv("GANYMEDE_COMMAND_BUFFER", "1", 1);
    OK(gm_device_open(&described, "nvidia-sm_80"));
    unsetenv("GANYMEDE_COMMAND_BUFFER");
    assert_false(gm_device_records(described));
    gm_device_close(&described);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_launches_run_in_order_each_time),
        cmocka_unit_test(a_sequential_driver_gets_no_buffer_that_runs),
        cmocka_unit_test(wrong_sizes_are_refused_and_profiles_have_single_launches),
        cmocka_unit_test(gpus_record_by_default_and_cpus_when_told),
        cmocka_unit_test(what_does_not_fit_is_not_used),
        cmocka_unit_test(a_driver_that_runs_nothing_is_not_used),
        cmocka_unit_test(devices_without_it_fail_to_record),
    };
    return cmocka_run_group_tests_name("recording", tests, open_shared, close_shared);
}

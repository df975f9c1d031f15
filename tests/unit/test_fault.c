// Every OpenCL call of the device layer made to fail, one at a time: a clean error, nothing of ours left behind, and a
// device that works on.
#include "device/internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const gm_source source = {"add.cl", "kernel void add(global float *x, float term, local float *scratch) {\n"
                                           "    size_t i = get_global_id(0);\n"
                                           "    scratch[get_local_id(0)] = x[i] + term;\n"
                                           "    x[i] = scratch[get_local_id(0)];\n}\n"};
enum { COUNT = 256 };

static char folder[] = "/tmp/ganymede-test-fault-XXXXXX";

static void check(gm_status status, int line) {
    if (status != GM_OK)
        fail_msg("line %d: status %d: %s", line, status, gm_error_message());
}
#define OK(expression) check(expression, __LINE__)

// How many references there are to the device's context (by buffers, programs, queues) and queue (by events).
// More after a run than before it means that the run forgot to release something.
static cl_uint references(gm_device *device) {
    clFinish(device->queue);
    gm_stages_finish(device);
    gm_clblast_finish(device);
    if (device->timed_queue) { // kept for the next profile
        clReleaseCommandQueue(device->timed_queue);
        device->timed_queue = NULL;
    }
    cl_uint context = 0, queue = 0;
    assert_int_equal(clGetContextInfo(device->context, CL_CONTEXT_REFERENCE_COUNT, sizeof context, &context, NULL), 0);
    assert_int_equal(clGetCommandQueueInfo(device->queue, CL_QUEUE_REFERENCE_COUNT, sizeof queue, &queue, NULL), 0);
    return context + queue;
}

// A driver's threads may drop their own references a moment after clFinish returned.
static void check_references(gm_device *device, cl_uint expected, const char *after) {
    cl_uint found = references(device);
    for (double begin = gm_seconds(); found != expected && gm_seconds() < begin + 2;) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        found = references(device);
    }
    if (found != expected)
        fail_msg("after %s: %u references to context and queue, %u before", after, (unsigned)found, (unsigned)expected);
}

static bool recorded, records; // in the last call of launch_twice; without a fault

// Two launches, as one command where the device takes that.
static gm_status launch_twice(gm_device *device, gm_kernel *kernel, gm_recording **recording) {
    recorded = gm_device_records(device);
    if (recorded)
        GM_TRY(gm_recording_create(recording, device));
    for (size_t i = 0; i < 2; i++)
        GM_TRY(recorded ? gm_recording_launch(*recording, kernel, 1, &(size_t){COUNT}, &(size_t){1})
                        : gm_kernel_launch(kernel, 1, &(size_t){COUNT}, &(size_t){1}, NULL));
    if (!recorded)
        return GM_OK;
    GM_TRY(gm_recording_finish(*recording));
    GM_TRY(gm_recording_wait(*recording));
    return gm_recording_enqueue(*recording);
}

// Everything that the layer does, with every object in these variables, so that one label unwinds it all.
static gm_status work(gm_device *device, const char *trace) {
    size_t step = gm_device_get_info(device)->base_alignment;
    float in[COUNT], out[COUNT], term = 3;
    for (size_t i = 0; i < COUNT; i++)
        in[i] = (float)i;
    gm_buffer *parent = NULL, *view = NULL;
    gm_program *program = NULL;
    gm_kernel *kernel = NULL;
    gm_recording *recording = NULL;
    gm_marker marker = {0};
    gm_profile_row *rows = NULL;
    size_t row_count;
    double span, busy;
    bool profiling = false;
    gm_status status, stopped;
    GM_TRY_DONE(gm_buffer_create(&parent, device, sizeof in + step));
    GM_TRY_DONE(gm_buffer_fill(parent, 0, gm_buffer_bytes(parent), 0));
    GM_TRY_DONE(gm_buffer_view(&view, parent, step, sizeof in));
    GM_TRY_DONE(gm_buffer_write(view, 0, in, sizeof in));
    GM_TRY_DONE(gm_program_create(&program, device, &source, 1, NULL));
    GM_TRY_DONE(gm_kernel_create(&kernel, program, "add"));
    GM_TRY_DONE(gm_kernel_bind_buffer(kernel, 0, view));
    GM_TRY_DONE(gm_kernel_bind_value(kernel, 1, &term, sizeof term));
    GM_TRY_DONE(gm_kernel_bind_local(kernel, 2, sizeof(float)));
    GM_TRY_DONE(gm_kernel_launch(kernel, 1, &(size_t){COUNT}, &(size_t){1}, NULL));
    GM_TRY_DONE(launch_twice(device, kernel, &recording));
    GM_TRY_DONE(gm_marker_record(&marker, device));
    GM_TRY_DONE(gm_device_flush(device));
    GM_TRY_DONE(gm_marker_wait(&marker));
    GM_TRY_DONE(gm_profile_start(device));
    profiling = true;
    GM_TRY_DONE(gm_kernel_launch(kernel, 1, &(size_t){COUNT}, &(size_t){1},
                                 &(gm_cost){.label = "again", .flop = 1, .bytes = 1}));
    GM_TRY_DONE(gm_profile_trace(device, trace));
    GM_TRY_DONE(gm_clblast_gemm(device, false, false, 4, 4, 4, view, 0, 4, view, 16, 4, view, 32, 4));
    GM_TRY_DONE(gm_buffer_write(view, 0, in, 4));
    GM_TRY_DONE(gm_device_finish(device));
    GM_TRY_DONE(gm_buffer_read(view, 0, out, sizeof out));
    for (size_t i = 48; i < COUNT; i++)
        if (out[i] != (float)i + 12)
            GM_TRY_DONE(gm_fail(GM_ERROR_STATE, "element %zu is %g", i, (double)out[i]));
done:
    stopped = profiling ? gm_profile_stop(device, &rows, &row_count, &span, &busy) : GM_OK;
    status = status == GM_OK ? stopped : status;
    free(rows);
    gm_marker_finish(&marker);
    clFinish(device->queue);
    gm_recording_destroy(&recording);
    gm_kernel_destroy(&kernel);
    gm_program_destroy(&program);
    gm_buffer_destroy(&view);
    gm_buffer_destroy(&parent);
    return status;
}

static gm_status open_and_work(const char *trace, const char *fault) {
    gm_device *device;
    GM_TRY(gm_device_open(&device, NULL));
    cl_uint before = references(device);
    gm_status status = work(device, trace);
    check_references(device, before, fault);
    gm_device_close(&device);
    return status;
}

static int prepare(void **state) {
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    unsetenv("GANYMEDE_FAULT");
    setenv("GANYMEDE_COMMAND_BUFFER", "1", 1);
    return setenv("GANYMEDE_CACHE", folder, 1);
}

static int clean_up(void **state) {
    (void)state;
    gm_text command = {0};
    gm_text_printf(&command, "rm -rf '%s'", folder);
    int result = command.failed ? -1 : system(command.data);
    gm_text_finish(&command);
    return result;
}

// Fails call 1, 2, ... of a class until the work is over before the N-th; how many calls failed. Where one fails with
// which recordings are tried, there are none, and nothing else is lost.
static size_t sweep(gm_fault_class class, const char *trace) {
    for (size_t n = 1;; n++) {
        char spec[48];
        snprintf(spec, sizeof spec, "%s:%zu", gm_fault_class_name(class), n);
        OK(gm_fault_arm(spec));
        gm_status status = open_and_work(trace, spec);
        if (gm_fault_calls(class) < n) {
            check(status, __LINE__);
            OK(gm_fault_arm(NULL));
            return n - 1;
        }
        if (status == GM_OK && records && !recorded)
            continue;
        if (status != GM_ERROR_DEVICE && status != GM_ERROR_MEMORY)
            fail_msg("%s gave status %d: %s", spec, status, gm_error_message());
        if (!strstr(gm_error_message(), ": CL_"))
            fail_msg("%s gave a message without the code: %s", spec, gm_error_message());
    }
}

static void every_call_fails_cleanly(void **state) {
    (void)state;
    char trace[64];
    snprintf(trace, sizeof trace, "%s/trace.json", folder);
    OK(gm_fault_arm(NULL));
    OK(open_and_work(trace, "no fault")); // fills the program caches
    records = recorded;
    for (int class = GM_FAULT_NONE + 1; class < GM_FAULT_CLASSES; class ++) {
        size_t failed = sweep((gm_fault_class) class, trace);
        print_message("%s: %zu calls\n", gm_fault_class_name((gm_fault_class) class), failed);
        assert_true(failed >= 1);
    }
}

static void builds_without_a_cache_fail_cleanly(void **state) {
    (void)state;
    char trace[64];
    snprintf(trace, sizeof trace, "%s/trace.json", folder);
    setenv("GANYMEDE_CACHE", "", 1);
    assert_int_equal(sweep(GM_FAULT_BUILD, trace), records ? 4 : 2); // and the program that tries recordings
    setenv("GANYMEDE_CACHE", folder, 1);
}

static void device_works_on_after_each_fault(void **state) {
    (void)state;
    gm_device *device;
    char trace[64];
    snprintf(trace, sizeof trace, "%s/trace.json", folder);
    OK(gm_device_open(&device, NULL));
    cl_uint before = references(device);
    for (int class = GM_FAULT_NONE + 1; class < GM_FAULT_CLASSES; class ++) {
        char spec[48];
        snprintf(spec, sizeof spec, "%s:1", gm_fault_class_name((gm_fault_class) class));
        OK(gm_fault_arm(spec));
        gm_status status = work(device, trace);
        if (status == GM_OK)
            fail_msg("%s did not fail", spec);
        check(work(device, trace), __LINE__); // still armed, but the first call is over
        check_references(device, before, spec);
    }
    OK(gm_fault_arm(NULL));
    gm_device_close(&device);
}

static void message_names_the_code_and_what_to_do(void **state) {
    (void)state;
    gm_device *device;
    gm_buffer *buffer;
    OK(gm_fault_arm(NULL));
    OK(gm_device_open(&device, NULL));
    OK(gm_fault_arm("alloc:1"));
    assert_int_equal(gm_buffer_create(&buffer, device, 12345), GM_ERROR_MEMORY);
    assert_null(buffer);
    assert_non_null(strstr(gm_error_message(), "12345 bytes"));
    assert_non_null(strstr(gm_error_message(), "CL_MEM_OBJECT_ALLOCATION_FAILURE (-4)"));
    assert_non_null(strstr(gm_error_message(), "smaller batch"));
    assert_int_equal(gm_cl_check(-4242, "x"), GM_ERROR_DEVICE);
    assert_string_equal(gm_error_message(), "x: an unknown OpenCL error (-4242)");
    OK(gm_cl_check(0, "x"));
    OK(gm_fault_arm(NULL));
    gm_device_close(&device);
}

static void environment_arms_when_a_device_is_opened(void **state) {
    (void)state;
    gm_device *device;
    gm_buffer *buffer;
    gm_device_info *list;
    size_t count;
    setenv("GANYMEDE_FAULT", "alloc:2", 1);
    OK(gm_device_open(&device, NULL));
    OK(gm_buffer_create(&buffer, device, 16));
    gm_buffer_destroy(&buffer);
    assert_int_equal(gm_buffer_create(&buffer, device, 16), GM_ERROR_MEMORY);
    OK(gm_buffer_create(&buffer, device, 16)); // once
    gm_buffer_destroy(&buffer);
    gm_device_close(&device);
    setenv("GANYMEDE_FAULT", "device:1", 1);
    assert_int_equal(gm_device_list(&list, &count), GM_ERROR_DEVICE);
    assert_null(list);
    static const char *const wrong[] = {"banana",    "launch", "launch:", "launch:0", "launch:x",
                                        "launch:3x", ":3",     "laun:1",  "launch:-1"};
    for (size_t i = 0; i < GM_COUNT(wrong); i++) {
        setenv("GANYMEDE_FAULT", wrong[i], 1);
        assert_int_equal(gm_device_open(&device, NULL), GM_ERROR_ARGUMENT);
        assert_null(device);
        assert_non_null(strstr(gm_error_message(), wrong[i]));
        assert_non_null(strstr(gm_error_message(), "device, alloc, build, kernel, launch, read, write, wait"));
    }
    unsetenv("GANYMEDE_FAULT");
    OK(gm_fault_arm(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails_cleanly),
        cmocka_unit_test(builds_without_a_cache_fail_cleanly),
        cmocka_unit_test(device_works_on_after_each_fault),
        cmocka_unit_test(message_names_the_code_and_what_to_do),
        cmocka_unit_test(environment_arms_when_a_device_is_opened),
    };
    return cmocka_run_group_tests_name("fault", tests, prepare, clean_up);
}

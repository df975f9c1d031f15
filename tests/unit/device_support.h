// For tests of src/device: a device and a working folder for the group, checks that tell the line, a program to build,
// and the test program itself as another process.
#ifndef GM_TEST_DEVICE_SUPPORT_H
#define GM_TEST_DEVICE_SUPPORT_H

#include "device/internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static const char *program_path; // this program, which some tests start again
static char folder[] = "/tmp/ganymede-test-device-XXXXXX";
static gm_device *shared; // with the cache off

static inline char *in_folder(const char *name) { // the caller's
    gm_text path = {0};
    gm_text_printf(&path, "%s/%s", folder, name);
    assert_false(path.failed);
    return path.data;
}

static inline void check(gm_status status, int line) {
    if (status != GM_OK)
        fail_msg("line %d: status %d: %s", line, status, gm_error_message());
}
#define OK(expression) check(expression, __LINE__)

// The status is as expected and the message contains `part`.
static inline void check_failure(gm_status status, gm_status expected, const char *part, int line) {
    if (status != expected || !strstr(gm_error_message(), part))
        fail_msg("line %d: status %d, not %d with \"%s\": %s", line, status, expected, part, gm_error_message());
}
#define FAILS(expression, expected, part) check_failure(expression, expected, part, __LINE__)

static inline gm_device_counters count(const gm_device *device) {
    gm_device_counters counters;
    gm_device_get_counters(device, &counters);
    return counters;
}

static inline int open_shared(void **state) {
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    setenv("GANYMEDE_CACHE", "", 1);
    unsetenv("GANYMEDE_CL_PATH");
    unsetenv("GANYMEDE_FAULT");
    gm_status status = gm_device_open(&shared, NULL);
    if (status != GM_OK)
        fprintf(stderr, "%s\n", gm_error_message());
    return status == GM_OK ? 0 : -1;
}

static inline int close_shared(void **state) {
    (void)state;
    gm_device_close(&shared);
    gm_text command = {0};
    gm_text_printf(&command, "rm -rf '%s'", folder);
    int result = command.failed ? -1 : system(command.data);
    gm_text_finish(&command);
    return result;
}

// Runs this program with one argument; its output (standard error too) into `output`; returns its exit status.
static inline int run_self(const char *environment, const char *argument, char *output, size_t capacity) {
    gm_text command = {0};
    gm_text_printf(&command, "%s '%s' %s 2>&1", environment, program_path, argument);
    assert_false(command.failed);
    FILE *pipe = popen(command.data, "r");
    gm_text_finish(&command);
    assert_non_null(pipe);
    size_t length = fread(output, 1, capacity - 1, pipe);
    output[length] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const gm_source good[] = {
    {"first.cl", "#ifndef FACTOR\n#define FACTOR 2\n#endif\nint scaled(int x) { return FACTOR * x; }"},
    {"second.cl", "kernel void scale(global int *x, int term) {\n"
                  "    size_t i = get_global_id(0);\n    x[i] = scaled(x[i]) + term;\n}\n"},
};

// Runs `scale` on 0..7 and compares with factor * i + 5.
static inline void check_scale(gm_device *device, gm_program *program, int factor, int line) {
    int values[8] = {0, 1, 2, 3, 4, 5, 6, 7}, term = 5;
    gm_buffer *buffer;
    gm_kernel *kernel;
    check(gm_buffer_create(&buffer, device, sizeof values), line);
    check(gm_buffer_write(buffer, 0, values, sizeof values), line);
    check(gm_kernel_create(&kernel, program, "scale"), line);
    check(gm_kernel_bind_buffer(kernel, 0, buffer), line);
    check(gm_kernel_bind_value(kernel, 1, &term, sizeof term), line);
    check(gm_kernel_launch(kernel, 1, &(size_t){8}, &(size_t){1}, NULL), line);
    check(gm_buffer_read(buffer, 0, values, sizeof values), line);
    for (int i = 0; i < 8; i++)
        if (values[i] != factor * i + 5)
            fail_msg("line %d: element %d is %d, not %d", line, i, values[i], factor * i + 5);
    gm_kernel_destroy(&kernel);
    gm_buffer_destroy(&buffer);
}

static inline void build_and_check(gm_device *device, const char *options, int factor, int line) {
    gm_program *program;
    check(gm_program_create(&program, device, good, 2, options), line);
    check_scale(device, program, factor, line);
    gm_program_destroy(&program);
}

#endif

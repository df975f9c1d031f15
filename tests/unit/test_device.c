// src/device on the machine's default device: choosing, buffers, programs and their cache, launches, profiles.
#include "device/internal.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char *program_path; // this program, which some tests start again
static char folder[] = "/tmp/ganymede-test-device-XXXXXX";
static gm_device *shared; // with the cache off

static char *in_folder(const char *name) { // the caller's
    gm_text path = {0};
    gm_text_printf(&path, "%s/%s", folder, name);
    assert_false(path.failed);
    return path.data;
}

static void check(gm_status status, int line) {
    if (status != GM_OK)
        fail_msg("line %d: status %d: %s", line, status, gm_error_message());
}
#define OK(expression) check(expression, __LINE__)

// The status is as expected and the message contains `part`.
static void check_failure(gm_status status, gm_status expected, const char *part, int line) {
    if (status != expected || !strstr(gm_error_message(), part))
        fail_msg("line %d: status %d, not %d with \"%s\": %s", line, status, expected, part, gm_error_message());
}
#define FAILS(expression, expected, part) check_failure(expression, expected, part, __LINE__)

static gm_device_counters count(const gm_device *device) {
    gm_device_counters counters;
    gm_device_get_counters(device, &counters);
    return counters;
}

static int open_shared(void **state) {
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

static int close_shared(void **state) {
    (void)state;
    gm_device_close(&shared);
    gm_text command = {0};
    gm_text_printf(&command, "rm -rf '%s'", folder);
    int result = command.failed ? -1 : system(command.data);
    gm_text_finish(&command);
    return result;
}

// ---- Choosing ----

static void list_describes_each_device(void **state) {
    (void)state;
    gm_device_info *list;
    size_t devices;
    OK(gm_device_list(&list, &devices));
    assert_true(devices >= 1);
    for (size_t i = 0; i < devices; i++) {
        const gm_device_info *d = &list[i];
        assert_true(*d->platform && *d->name && *d->driver_version && *d->opencl_c_version);
        assert_true(d->compute_units >= 1 && d->max_work_group_size >= 1 && d->max_work_item_size[0] >= 1);
        assert_true(d->global_bytes >= d->local_bytes && d->max_allocation_bytes >= 1 << 20);
        assert_true(d->base_alignment >= 4 && (d->base_alignment & (d->base_alignment - 1)) == 0);
        assert_true(d->simulator ? d->score < 0 : true);
        for (size_t j = 0; j < i; j++)
            assert_true(d->platform_index != list[j].platform_index || d->device_index != list[j].device_index);
    }
    gm_device_list_free(&list, devices);
    assert_null(list);
    gm_device_list_free(&list, 0);
}

static void opens_to(const char *selector, const gm_device_info *expected, int line) {
    gm_device *device;
    check(gm_device_open(&device, selector), line);
    const gm_device_info *info = gm_device_get_info(device);
    if (info->platform_index != expected->platform_index || info->device_index != expected->device_index)
        fail_msg("line %d: \"%s\" opened %s, not %s", line, selector ? selector : "NULL", info->name, expected->name);
    gm_device_close(&device);
    assert_null(device);
}

static void selector_forms_open_the_device(void **state) {
    (void)state;
    const gm_device_info *info = gm_device_get_info(shared);
    char pair[32], part[6] = {0};
    snprintf(pair, sizeof pair, "%d:%d", info->platform_index, info->device_index);
    memcpy(part, info->platform, GM_MIN(strlen(info->platform), sizeof part - 1)); // "Porta" of pocl
    for (char *c = part; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    opens_to(pair, info, __LINE__);
    opens_to(info->name, info, __LINE__);
    opens_to(part, info, __LINE__);
    opens_to("", info, __LINE__);
    if (strstr(info->opencl_c_version, "PoCL") || strstr(info->opencl_c_version, "pocl"))
        opens_to("pocl", info, __LINE__);
    if (!info->simulator && info->type != GM_DEVICE_OTHER) {
        const char *type = info->type == GM_DEVICE_CPU ? "CPU" : info->type == GM_DEVICE_GPU ? "gpu" : "accelerator";
        opens_to(type, info, __LINE__);
    }
    const char *before = getenv("GANYMEDE_DEVICE");
    char *saved = before ? strdup(before) : NULL;
    setenv("GANYMEDE_DEVICE", pair, 1);
    opens_to(NULL, info, __LINE__);
    setenv("GANYMEDE_DEVICE", "nonsense", 1);
    opens_to(pair, info, __LINE__); // what was asked for goes first
    gm_device *device;
    FAILS(gm_device_open(&device, NULL), GM_ERROR_ARGUMENT, "GANYMEDE_DEVICE");
    assert_null(device);
    setenv("GANYMEDE_DEVICE", saved ? saved : "", 1);
    free(saved);
}

static void unknown_selector_prints_the_list(void **state) {
    (void)state;
    static const char *const unknown[] = {"nonsense", "99:0", "0:99", "gpu:99", "cpu:99", "cpu:", "cpu:x",
                                          "0",        "7",    ":",    "0:0:0",  "gpux",   " "};
    for (size_t i = 0; i < GM_COUNT(unknown); i++) {
        gm_device *device;
        FAILS(gm_device_open(&device, unknown[i]), GM_ERROR_ARGUMENT, unknown[i]);
        assert_null(device);
        assert_non_null(strstr(gm_error_message(), gm_device_get_info(shared)->name));
    }
}

static const gm_found machine[] = {
    {.info = {0, 0, .platform = "Oclgrind", .name = "Oclgrind Simulator", .type = GM_DEVICE_GPU, .simulator = true,
              .score = -1}},
    {.info = {1, 0, .platform = "Portable", .name = "pthread-cpu", .type = GM_DEVICE_CPU, .score = 10},
     .platform_vendor = "The pocl project"},
    {.info = {1, 1, .platform = "Portable", .name = "pthread-cpu-minor", .type = GM_DEVICE_CPU, .score = 9}},
    {.info = {2, 0, .platform = "Mesa", .vendor = "AMD", .name = "Radeon small", .type = GM_DEVICE_GPU, .score = 30}},
    {.info = {2, 1, .platform = "Mesa", .name = "Radeon large", .type = GM_DEVICE_GPU, .score = 31}},
    {.info = {3, 0, .platform = "FPGA", .name = "Board", .type = GM_DEVICE_ACCELERATOR, .score = 20}},
};

static void selectors_on_a_machine_with_six_devices(void **state) {
    (void)state;
    static const struct {
        const char *selector;
        size_t index;
    } cases[] = {
        {NULL, 4},     {"gpu", 4},         {"gpu:0", 3},         {"GPU:1", 4},   {"cpu", 1},
        {"cpu:1", 2},  {"accelerator", 5}, {"accelerator:0", 5}, {"0:0", 0},     {"2:1", 4},
        {"radeon", 4}, {"SMALL", 3},       {"mesa", 4},          {"pthread", 1}, {"oclgrind", 0},
        {"fpga", 5},   {"cpu-min", 2},     {"amd", 3},           {"pocl", 1},
    };
    const char *before = getenv("GANYMEDE_DEVICE");
    char *saved = before ? strdup(before) : NULL;
    unsetenv("GANYMEDE_DEVICE");
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        size_t index = 99;
        OK(gm_found_choose(machine, GM_COUNT(machine), cases[i].selector, &index));
        if (index != cases[i].index)
            fail_msg("\"%s\" chose %zu, not %zu", cases[i].selector ? cases[i].selector : "NULL", index,
                     cases[i].index);
    }
    size_t index;
    FAILS(gm_found_choose(machine, GM_COUNT(machine), "gpu:2", &index), GM_ERROR_ARGUMENT, "2:1  gpu");
    FAILS(gm_found_choose(machine, 1, NULL, &index), GM_ERROR_ARGUMENT, "simulator"); // never by itself
    FAILS(gm_found_choose(machine, 1, "gpu", &index), GM_ERROR_ARGUMENT, "Oclgrind");
    if (saved)
        setenv("GANYMEDE_DEVICE", saved, 1);
    free(saved);
}

// Runs this program with one argument; its output (standard error too) into `output`; returns its exit status.
static int run_self(const char *environment, const char *argument, char *output, size_t capacity) {
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

static void no_platform_says_how_to_install_one(void **state) {
    (void)state;
    if (gm_device_get_info(shared)->simulator)
        skip(); // Oclgrind replaces the loader
    char *empty = in_folder("no-vendors"), output[4096];
    OK(gm_folder_create(empty));
    gm_text environment = {0};
    gm_text_printf(&environment, "OCL_ICD_VENDORS='%s/' OPENCL_VENDOR_PATH='%s/'", empty, empty);
    assert_int_equal(run_self(environment.data, "--list", output, sizeof output), GM_ERROR_DEVICE);
    assert_non_null(strstr(output, "apt-get install pocl-opencl-icd"));
    gm_text_finish(&environment);
    free(empty);
}

// A driver that does not load is another fault than none: the loader passes both over in silence.
static void driver_that_does_not_load_is_named_with_the_reason(void **state) {
    (void)state;
    if (gm_device_get_info(shared)->simulator)
        skip();
    char *vendors = in_folder("vendors"), *file = in_folder("vendors/broken.icd"), output[4096];
    OK(gm_folder_create(vendors));
    OK(gm_file_write_atomic(file, "libganymede-absent.so\n", 22));
    const char *const places[] = {vendors, file};
    for (size_t i = 0; i < GM_COUNT(places); i++) {
        gm_text environment = {0};
        gm_text_printf(&environment, "OCL_ICD_VENDORS='%s' OPENCL_VENDOR_PATH='%s'", places[i], places[i]);
        assert_int_equal(run_self(environment.data, "--list", output, sizeof output), GM_ERROR_DEVICE);
        if (!strstr(output, "vendors/broken.icd: libganymede-absent.so cannot be loaded") ||
            strstr(output, "apt-get") || strstr(output, "ulimit"))
            fail_msg("the message does not say that the driver cannot be loaded: %s", output);
        assert_int_equal(run_self(environment.data, "--list-limited", output, sizeof output), GM_ERROR_DEVICE);
        if (!strstr(output, "libganymede-absent.so cannot be loaded") || !strstr(output, "67108864 MiB") ||
            !strstr(output, "ulimit -v"))
            fail_msg("the message does not tell the limit of memory: %s", output);
        gm_text_finish(&environment);
    }
    free(file);
    free(vendors);
}

// ---- Buffers ----

static void buffer_comes_back_as_written(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    uint32_t out[COUNT], back[COUNT];
    for (uint32_t i = 0; i < COUNT; i++)
        out[i] = i * 2654435761u;
    gm_buffer *buffer;
    OK(gm_buffer_create(&buffer, shared, sizeof out));
    assert_int_equal(gm_buffer_bytes(buffer), sizeof out);
    OK(gm_buffer_write(buffer, 0, out, sizeof out));
    OK(gm_buffer_read(buffer, 0, back, sizeof back));
    assert_memory_equal(out, back, sizeof out);
    OK(gm_buffer_write(buffer, 400, out, 40));
    OK(gm_buffer_read(buffer, 404, back, 36));
    assert_memory_equal(out + 1, back, 36);
    FAILS(gm_buffer_write(buffer, sizeof out - 3, out, 4), GM_ERROR_ARGUMENT, "20000 bytes");
    FAILS(gm_buffer_read(buffer, SIZE_MAX, back, 4), GM_ERROR_ARGUMENT, "exceeds");
    gm_buffer_destroy(&buffer);
    assert_null(buffer);
    gm_buffer_destroy(&buffer);
}

static void written_memory_may_be_reused_at_once(void **state) {
    (void)state;
    enum { WRITES = 100, BYTES = 40000 };
    static unsigned char data[BYTES], back[BYTES];
    gm_buffer *buffers[WRITES];
    for (int i = 0; i < WRITES; i++)
        OK(gm_buffer_create(&buffers[i], shared, BYTES));
    for (int i = 0; i < WRITES; i++) {
        memset(data, i + 1, sizeof data);
        OK(gm_buffer_write(buffers[i], 0, data, sizeof data));
    }
    memset(data, 0, sizeof data);
    for (int i = 0; i < WRITES; i++) {
        OK(gm_buffer_read(buffers[i], 0, back, sizeof back));
        assert_int_equal(back[0], i + 1);
        assert_int_equal(back[BYTES - 1], i + 1);
        gm_buffer_destroy(&buffers[i]);
    }
    // One write at a time never waits for the device; a large one does and is whole all the same.
    gm_buffer *large;
    size_t bytes = (17u << 20) + 1;
    unsigned char *many = malloc(bytes);
    assert_non_null(many);
    memset(many, 7, bytes);
    many[bytes - 1] = 9;
    OK(gm_buffer_create(&large, shared, bytes));
    size_t waits = count(shared).waits;
    OK(gm_buffer_write(large, 0, data, 4));
    assert_int_equal(count(shared).waits, waits);
    OK(gm_buffer_write(large, 0, many, bytes));
    memset(many, 0, bytes);
    OK(gm_buffer_read(large, 0, many, bytes));
    assert_int_equal(many[0], 7);
    assert_int_equal(many[bytes - 1], 9);
    gm_buffer_destroy(&large);
    free(many);
}

static void views_are_parts_of_their_buffer(void **state) {
    (void)state;
    size_t step = gm_device_get_info(shared)->base_alignment;
    unsigned char *data = malloc(8 * step), *back = malloc(8 * step);
    assert_true(data && back);
    for (size_t i = 0; i < 8 * step; i++)
        data[i] = (unsigned char)(i / step * 16 + i % 13);
    gm_buffer *parent, *view, *inner, *empty;
    OK(gm_buffer_create(&parent, shared, 8 * step));
    OK(gm_buffer_write(parent, 0, data, 8 * step));
    OK(gm_buffer_view(&view, parent, 2 * step, 4 * step));
    OK(gm_buffer_view(&inner, view, step, step));
    OK(gm_buffer_view(&empty, parent, step, 0));
    OK(gm_buffer_read(view, 0, back, 4 * step));
    assert_memory_equal(back, data + 2 * step, 4 * step);
    OK(gm_buffer_read(inner, 1, back, step - 1));
    assert_memory_equal(back, data + 3 * step + 1, step - 1);
    OK(gm_buffer_fill(inner, 0, 4, 0xa1b2c3d4));
    OK(gm_buffer_read(parent, 3 * step, back, 5));
    assert_memory_equal(back, &(uint32_t){0xa1b2c3d4}, 4);
    assert_int_equal(back[4], data[3 * step + 4]);
    assert_int_equal(gm_buffer_bytes(empty), 0);
    gm_buffer *bad;
    FAILS(gm_buffer_view(&bad, parent, 1, 4), GM_ERROR_ARGUMENT, "alignment");
    assert_null(bad);
    FAILS(gm_buffer_view(&bad, parent, 6 * step, 2 * step + 1), GM_ERROR_ARGUMENT, "exceeds");
    gm_buffer_destroy(&empty);
    gm_buffer_destroy(&inner);
    gm_buffer_destroy(&view);
    gm_buffer_destroy(&parent);
    free(data);
    free(back);
}

static void fill_repeats_its_pattern_in_range(void **state) {
    (void)state;
    uint32_t back[64];
    gm_buffer *buffer;
    OK(gm_buffer_create(&buffer, shared, sizeof back));
    OK(gm_buffer_fill(buffer, 0, sizeof back, 0));
    OK(gm_buffer_fill(buffer, 12, 40, 0x7fc00001));
    OK(gm_buffer_read(buffer, 0, back, sizeof back));
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(back[i], i >= 3 && i < 13 ? 0x7fc00001 : 0);
    FAILS(gm_buffer_fill(buffer, 2, 4, 0), GM_ERROR_ARGUMENT, "multiples of 4");
    FAILS(gm_buffer_fill(buffer, 0, 6, 0), GM_ERROR_ARGUMENT, "multiples of 4");
    FAILS(gm_buffer_fill(buffer, 252, 8, 0), GM_ERROR_ARGUMENT, "exceeds");
    gm_buffer_destroy(&buffer);
}

static void empty_buffers_are_fine_and_too_large_ones_are_not(void **state) {
    (void)state;
    gm_buffer *buffer;
    OK(gm_buffer_create(&buffer, shared, 0));
    assert_int_equal(gm_buffer_bytes(buffer), 0);
    OK(gm_buffer_write(buffer, 0, "", 0));
    OK(gm_buffer_read(buffer, 0, NULL, 0));
    OK(gm_buffer_fill(buffer, 0, 0, 1));
    FAILS(gm_buffer_fill(buffer, 0, 4, 1), GM_ERROR_ARGUMENT, "exceeds");
    gm_buffer_destroy(&buffer);
    FAILS(gm_buffer_create(&buffer, shared, SIZE_MAX / 2), GM_ERROR_MEMORY, "smaller batch");
    assert_null(buffer);
}

// ---- Programs ----

static const gm_source good[] = {
    {"first.cl", "#ifndef FACTOR\n#define FACTOR 2\n#endif\nint scaled(int x) { return FACTOR * x; }"},
    {"second.cl", "kernel void scale(global int *x, int term) {\n"
                  "    size_t i = get_global_id(0);\n    x[i] = scaled(x[i]) + term;\n}\n"},
};

// Runs `scale` on 0..7 and compares with factor * i + 5.
static void check_scale(gm_device *device, gm_program *program, int factor, int line) {
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

static void build_and_check(gm_device *device, const char *options, int factor, int line) {
    gm_program *program;
    check(gm_program_create(&program, device, good, 2, options), line);
    check_scale(device, program, factor, line);
    gm_program_destroy(&program);
}

static void compile_error_cites_file_and_line(void **state) {
    (void)state;
    gm_source sources[] = {good[0], good[1], {"third.cl", "int fine;\n\n\nint f(void) {\n    return absent;\n}\n"}};
    gm_source swapped[] = {good[0], sources[2], good[1]};
    gm_program *program;
    sources[2].text += strlen("int fine;\n"); // no global variables in OpenCL C; "absent" is now in line 4
    swapped[1].text = sources[2].text;
    FAILS(gm_program_create(&program, shared, sources, 3, NULL), GM_ERROR_DEVICE, "third.cl:4: ");
    assert_null(program);
    assert_non_null(strstr(gm_error_message(), "absent"));
    assert_int_equal(strncmp(gm_error_message(), "third.cl:4: ", 12), 0);
    FAILS(gm_program_create(&program, shared, swapped, 3, "-DFACTOR=3"), GM_ERROR_DEVICE, "third.cl:4: ");
    assert_non_null(strstr(gm_error_message(), "-DFACTOR=3"));
    FAILS(gm_program_create(&program, shared, NULL, 0, NULL), GM_ERROR_ARGUMENT, "without source");
    build_and_check(shared, NULL, 2, __LINE__);
}

static void log_places_are_found_and_mapped(void **state) {
    (void)state;
    gm_source sources[] = {{"a.cl", "1\n2\n3"}, {"b.cl", "1\n2\n"}};
    static const struct {
        const char *log, *begin;
    } cases[] = {
        {"warning: x\na.cl:2:5: error: bad\n", "a.cl:2: "}, {"error: b.cl:1:9: bad\n", "b.cl:1: "},
        {"input.cl:2:16: error: bad", "a.cl:1: "}, // a driver that counts lines of the joined text
        {"input.cl:4:16: error: bad", "a.cl:3: "},          {"input.cl:6:16: error: bad", "b.cl:1: "},
        {"something failed", "b.cl: building it"},          {"", "b.cl: building it"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        assert_int_equal(gm_fail_build(sources, 2, "-w", "X", cases[i].log), GM_ERROR_DEVICE);
        if (strncmp(gm_error_message(), cases[i].begin, strlen(cases[i].begin)) != 0)
            fail_msg("\"%s\" gave \"%s\"", cases[i].log, gm_error_message());
    }
    gm_text long_log = {0};
    for (int i = 1; i < 500; i++)
        gm_text_printf(&long_log, "a.cl:%d:1: error: number %d\n", i, i);
    gm_fail_build(sources, 2, "", "X", long_log.data);
    assert_non_null(strstr(gm_error_message(), "a.cl:20:1: error: number 20\n"));
    assert_non_null(strstr(gm_error_message(), "GANYMEDE_LOG=debug"));
    gm_text_finish(&long_log);
}

// Builds careless kernels in a process of its own, which has the log level; whether they compile is up to `argument`.
static void build_carelessly(const char *level, const char *argument, int expected, char *output, size_t capacity) {
    static int runs;
    gm_text environment = {0};
    gm_text_printf(&environment, "POCL_CACHE_DIR='%s/pocl-%d' GANYMEDE_LOG=%s", folder, runs++,
                   level); // pocl's is empty
    assert_int_equal(run_self(environment.data, argument, output, capacity), expected);
    gm_text_finish(&environment);
}

static void warnings_are_shown_only_to_who_asks_for_details(void **state) {
    (void)state;
    char output[1 << 14];
    build_carelessly("''", "--build-careless", 0, output, sizeof output);
    assert_string_equal(output, "");
    build_carelessly("debug", "--build-careless", 0, output, sizeof output);
    if (!strstr(output, "compiler: ") || !strstr(output, "careless"))
        fail_msg("the debug log lacks the compiler's warning: %s", output);
    build_carelessly("''", "--build-broken", GM_ERROR_DEVICE, output, sizeof output);
    if (!strstr(output, "absent") || strstr(output, "careless"))
        fail_msg("not the error alone: %s", output);
    build_carelessly("debug", "--build-broken", GM_ERROR_DEVICE, output, sizeof output);
    if (!strstr(output, "compiler: ") || !strstr(output, "absent") || !strstr(output, "careless"))
        fail_msg("the debug log lacks the compiler's error or warning: %s", output);
}

static void kernel_source_is_embedded_or_read_from_a_folder(void **state) {
    (void)state;
    const char *embedded, *text;
    OK(gm_device_source(shared, "common.cl", &embedded));
    assert_true(strlen(embedded) > 0);
    FAILS(gm_device_source(shared, "absent.cl", &text), GM_ERROR_ARGUMENT, "common.cl");
    assert_null(text);

    char *path = in_folder("kernels"), *file = in_folder("kernels/common.cl");
    OK(gm_folder_create(path));
    OK(gm_file_write_atomic(file, "// mine\n", 8));
    setenv("GANYMEDE_CL_PATH", path, 1);
    gm_device *device;
    OK(gm_device_open(&device, NULL));
    OK(gm_device_source(device, "common.cl", &text));
    assert_string_equal(text, "// mine\n");
    OK(gm_file_write_atomic(file, "// edited\n", 10)); // an open device keeps to what it has read
    OK(gm_device_source(device, "common.cl", &text));
    assert_string_equal(text, "// mine\n");
    FAILS(gm_device_source(device, "philox.cl", &text), GM_ERROR_IO, "kernels/philox.cl");
    gm_device_close(&device);
    unsetenv("GANYMEDE_CL_PATH");
    free(path);
    free(file);
}

// ---- The disk cache ----

// A device with a cache folder of its own below the test's. *path is the caller's.
static gm_device *open_cached(const char *name, char **path) {
    gm_device *device;
    *path = in_folder(name);
    setenv("GANYMEDE_CACHE", *path, 1);
    OK(gm_device_open(&device, NULL));
    setenv("GANYMEDE_CACHE", "", 1);
    return device;
}

static char *find_entry(const char *path) { // the only program of a cache folder; the caller's
    gm_text command = {0};
    gm_text_printf(&command, "echo '%s'/*.program", path);
    FILE *pipe = popen(command.data, "r");
    assert_non_null(pipe);
    char name[512];
    assert_non_null(fgets(name, sizeof name, pipe));
    assert_int_equal(pclose(pipe), 0);
    name[strcspn(name, "\n")] = '\0';
    gm_text_finish(&command);
    return strdup(name);
}

static void second_build_is_loaded_from_disk(void **state) {
    (void)state;
    char *path;
    gm_device *device = open_cached("cache-hit", &path);
    build_and_check(device, "-DFACTOR=3", 3, __LINE__);
    assert_int_equal(count(device).programs_built, 1);
    assert_int_equal(count(device).programs_loaded, 0);
    build_and_check(device, "-DFACTOR=3", 3, __LINE__);
    gm_device_close(&device);
    free(path);

    device = open_cached("cache-hit", &path);
    build_and_check(device, "-DFACTOR=3", 3, __LINE__);
    assert_int_equal(count(device).programs_built, 0);
    assert_int_equal(count(device).programs_loaded, 1);
    build_and_check(device, "-DFACTOR=4", 4, __LINE__); // other options, another program
    assert_int_equal(count(device).programs_built, 1);
    gm_source other[] = {good[0],
                         {"second.cl", "kernel void scale(global int *x, int t) {\n"
                                       "    size_t i = get_global_id(0); x[i] = 9 * x[i] + t; }\n"}};
    gm_program *program;
    OK(gm_program_create(&program, device, other, 2, "-DFACTOR=3"));
    check_scale(device, program, 9, __LINE__);
    gm_program_destroy(&program);
    assert_int_equal(count(device).programs_loaded, 1);
    gm_device_close(&device);
    free(path);
}

static void damaged_entry_is_rebuilt(void **state) {
    (void)state;
    char *path;
    gm_device *device = open_cached("cache-damage", &path);
    build_and_check(device, NULL, 2, __LINE__);
    char *entry = find_entry(path), *intact;
    size_t bytes;
    OK(gm_file_read(entry, 1 << 24, &intact, &bytes));
    assert_true(bytes > 64);
    for (int damage = 0; damage < 6; damage++) {
        char *copy = malloc(bytes + 1);
        assert_non_null(copy);
        memcpy(copy, intact, bytes);
        copy[bytes] = 0;
        size_t length = bytes;
        if (damage == 0)
            copy[bytes / 2] ^= 1;
        else if (damage == 1)
            copy[9] ^= 1; // the key's second hash
        else if (damage == 2)
            length = bytes - 1;
        else if (damage == 3)
            length = bytes + 1;
        else
            length = damage == 4 ? 0 : 11;
        OK(gm_file_write_atomic(entry, copy, length));
        free(copy);
        gm_device_counters before = count(device);
        build_and_check(device, NULL, 2, __LINE__);
        assert_int_equal(count(device).programs_loaded, before.programs_loaded);
        assert_int_equal(count(device).programs_built, before.programs_built + 1);
        build_and_check(device, NULL, 2, __LINE__); // and whole again
        assert_int_equal(count(device).programs_loaded, before.programs_loaded + 1);
    }
    free(intact);
    free(entry);
    gm_device_close(&device);
    free(path);
}

static void binary_that_the_driver_refuses_is_rebuilt(void **state) {
    (void)state;
    char *path;
    gm_device *device = open_cached("cache-refused", &path);
    gm_text text = {0};
    for (size_t i = 0; i < 2; i++)
        gm_text_printf(&text, "#line 1 \"%s\"\n%s\n", good[i].name, good[i].text);
    gm_cache_key key = gm_cache_get_key(device, text.data, "");
    gm_cache_store(device, key, "not a binary of any driver", 26); // intact, of this very program
    char *binary;
    size_t bytes;
    assert_true(gm_cache_load(device, key, &binary, &bytes));
    assert_int_equal(bytes, 26);
    free(binary);
    build_and_check(device, NULL, 2, __LINE__);
    assert_int_equal(count(device).programs_built, 1);
    assert_int_equal(count(device).programs_loaded, 0);
    gm_text_finish(&text);
    gm_device_close(&device);
    free(path);
}

static void unwritable_or_disabled_cache_stops_nobody(void **state) {
    (void)state;
    char *file = in_folder("in-the-way"), *path;
    OK(gm_file_write_atomic(file, "x", 1));
    free(file);
    gm_device *device = open_cached("in-the-way/cache", &path);
    build_and_check(device, NULL, 2, __LINE__);
    build_and_check(device, NULL, 2, __LINE__);
    assert_int_equal(count(device).programs_built, 2);
    gm_device_close(&device);
    free(path);
    size_t built = count(shared).programs_built;
    build_and_check(shared, NULL, 2, __LINE__); // opened with GANYMEDE_CACHE=""
    build_and_check(shared, NULL, 2, __LINE__);
    assert_int_equal(count(shared).programs_built, built + 2);
    assert_int_equal(count(shared).programs_loaded, 0);
}

// Makes a file of the cache folder one that was last used so many days ago.
static void set_used(const char *path, const char *name, int days) {
    gm_text file = {0};
    gm_text_printf(&file, "%s/%s", path, name);
    struct timespec times[2] = {{.tv_sec = time(NULL) - (time_t)days * 24 * 3600}};
    times[1] = times[0];
    if (utimensat(AT_FDCWD, file.data, times, 0) != 0)
        fail_msg("%s cannot be made older", file.data);
    gm_text_finish(&file);
}

static void put_sparse(const char *path, const char *name, off_t bytes) { // takes no room
    gm_text file = {0};
    gm_text_printf(&file, "%s/%s", path, name);
    if (creat(file.data, 0666) < 0 || truncate(file.data, bytes) != 0)
        fail_msg("%s cannot be made", file.data);
    gm_text_finish(&file);
}

static bool is_there(const char *path, const char *name) {
    gm_text file = {0};
    gm_text_printf(&file, "%s/%s", path, name);
    bool there = access(file.data, F_OK) == 0;
    gm_text_finish(&file);
    return there;
}

static void cache_forgets_what_was_used_longest_ago(void **state) {
    (void)state;
    static const struct {
        const char *name;
        off_t bytes;
        int days;
        bool stays;
    } files[] = {
        {"0000000000000001.program", 1000, 91, false},                  // too old
        {"0000000000000002.program.77.0.tmp", 1000, 91, false},         // left by who was killed while writing
        {"0000000000000003.program", (off_t)200 << 20, 89, false},      // too large beside the others
        {"0000000000000004.program", (off_t)200 << 20, 50, true},       //
        {"0000000000000005.program", (off_t)50 << 20, 0, true},         //
        {"tuning-0000000000000006-2.txt", (off_t)300 << 20, 400, true}, // no program
        {"000000000000007.program", (off_t)300 << 20, 400, true},       //
        {"fashion-mnist.safetensors", (off_t)300 << 20, 400, true},     //
    };
    char *path;
    gm_device *device = open_cached("cache-full", &path);
    OK(gm_folder_create(path));
    for (size_t i = 0; i < GM_COUNT(files); i++)
        put_sparse(path, files[i].name, files[i].bytes), set_used(path, files[i].name, files[i].days);
    gm_cache_store(device, (gm_cache_key){8, 8}, "a program", 9);
    for (size_t i = 0; i < GM_COUNT(files); i++)
        if (is_there(path, files[i].name) != files[i].stays)
            fail_msg("%s is %s", files[i].name, files[i].stays ? "gone" : "still there");
    assert_true(is_there(path, "0000000000000008.program"));

    // A use makes an entry new.
    gm_cache_store(device, (gm_cache_key){9, 9}, "another", 7);
    set_used(path, "0000000000000008.program", 80);
    set_used(path, "0000000000000009.program", 40);
    char *binary;
    size_t bytes;
    assert_true(gm_cache_load(device, (gm_cache_key){8, 8}, &binary, &bytes));
    free(binary);
    gm_cache_prune(path, UINT64_MAX, 30.0 * 24 * 3600);
    assert_true(is_there(path, "0000000000000008.program"));
    assert_false(is_there(path, "0000000000000009.program"));
    gm_cache_prune("/nonexistent/folder", 0, 0);
    gm_device_close(&device);
    free(path);
}

// Every write beyond a few bytes fails, as on a full disk.
static void full_disk_stops_nobody(void **state) {
    (void)state;
    enum { BYTES = 100000 };
    char *path, *binary, *program = calloc(1, BYTES);
    size_t bytes;
    struct rlimit before;
    gm_device *device = open_cached("cache-no-room", &path);
    assert_non_null(program);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){5000, before.rlim_max}), 0);
    gm_cache_store(device, (gm_cache_key){1, 1}, program, BYTES);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_false(gm_cache_load(device, (gm_cache_key){1, 1}, &binary, &bytes));
    assert_int_equal(rmdir(path), 0); // nothing half-written is left
    gm_cache_store(device, (gm_cache_key){1, 1}, program, BYTES);
    assert_true(gm_cache_load(device, (gm_cache_key){1, 1}, &binary, &bytes));
    assert_int_equal(bytes, BYTES);
    free(binary);
    free(program);
    gm_device_close(&device);
    free(path);
}

static void processes_share_one_cache(void **state) {
    (void)state;
    enum { PROCESSES = 3 };
    char *path = in_folder("cache-shared"), output[4096];
    gm_text environment = {0};
    gm_text_printf(&environment,
                   "GANYMEDE_CACHE='%s'; export GANYMEDE_CACHE; P='%s'; "
                   "$P --build & a=$!; $P --build & b=$!; $P --build && wait $a && wait $b &&",
                   path, program_path);
    assert_int_equal(run_self(environment.data, "--build-cached", output, sizeof output), 0);
    gm_text_finish(&environment);
    free(path);
}

// ---- Launches ----

static void launch_covers_every_item(void **state) {
    (void)state;
    gm_source source = {"grid.cl", "kernel void mark(global int *out, local int *scratch, int width) {\n"
                                   "    size_t x = get_global_id(0), y = get_global_id(1);\n"
                                   "    scratch[get_local_id(0)] = (int)(100 * y + x);\n"
                                   "    out[y * width + x] = scratch[get_local_id(0)];\n}\n"};
    enum { WIDTH = 8, HEIGHT = 6 };
    int out[HEIGHT][WIDTH], width = WIDTH;
    gm_program *program;
    gm_kernel *kernel;
    gm_buffer *buffer;
    OK(gm_program_create(&program, shared, &source, 1, NULL));
    FAILS(gm_kernel_create(&kernel, program, "absent"), GM_ERROR_DEVICE, "absent");
    assert_null(kernel);
    OK(gm_kernel_create(&kernel, program, "mark"));
    gm_program_destroy(&program); // the kernel keeps what it needs
    assert_string_equal(gm_kernel_name(kernel), "mark");
    OK(gm_buffer_create(&buffer, shared, sizeof out));
    OK(gm_buffer_fill(buffer, 0, sizeof out, 0xffffffff));

    size_t global[] = {WIDTH, HEIGHT}, local[] = {4, 1};
    FAILS(gm_kernel_launch(kernel, 2, global, local, NULL), GM_ERROR_DEVICE, "mark"); // nothing bound yet
    OK(gm_kernel_bind_buffer(kernel, 0, buffer));
    OK(gm_kernel_bind_local(kernel, 1, 4 * sizeof(int)));
    FAILS(gm_kernel_bind_local(kernel, 1, SIZE_MAX / 2), GM_ERROR_ARGUMENT, "local memory");
    OK(gm_kernel_bind_value(kernel, 2, &width, sizeof width));
    FAILS(gm_kernel_bind_value(kernel, 7, &width, sizeof width), GM_ERROR_DEVICE, "argument 7 of kernel mark");
    OK(gm_kernel_launch(kernel, 2, global, local, NULL));
    OK(gm_buffer_read(buffer, 0, out, sizeof out));
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            assert_int_equal(out[y][x], 100 * y + x);

    FAILS(gm_kernel_launch(kernel, 2, global, (size_t[]){3, 1}, NULL), GM_ERROR_ARGUMENT, "8x6 items in groups of 3x1");
    FAILS(gm_kernel_launch(kernel, 2, (size_t[]){0, 1}, NULL, NULL), GM_ERROR_ARGUMENT, "mark");
    FAILS(gm_kernel_launch(kernel, 4, global, NULL, NULL), GM_ERROR_ARGUMENT, "mark");
    FAILS(gm_kernel_launch(kernel, 0, global, NULL, NULL), GM_ERROR_ARGUMENT, "mark");
    size_t huge = (size_t)1 << 30;
    FAILS(gm_kernel_launch(kernel, 1, &huge, &huge, NULL), GM_ERROR_ARGUMENT, "mark");
    gm_kernel_destroy(&kernel);
    gm_kernel_destroy(&kernel);
    gm_buffer_destroy(&buffer);
}

static void counters_count(void **state) {
    (void)state;
    gm_device_counters before = count(shared);
    build_and_check(shared, NULL, 2, __LINE__);
    gm_device_counters after = count(shared);
    assert_int_equal(after.buffers_created, before.buffers_created + 1);
    assert_int_equal(after.kernels_created, before.kernels_created + 1);
    assert_int_equal(after.programs_built, before.programs_built + 1);
    assert_int_equal(after.launches, before.launches + 1);
    assert_int_equal(after.waits, before.waits + 1); // the read
    OK(gm_device_flush(shared));
    assert_int_equal(count(shared).waits, after.waits);
    OK(gm_device_finish(shared));
    assert_int_equal(count(shared).waits, after.waits + 1);
}

static void markers_are_waited_for_once(void **state) {
    (void)state;
    gm_marker marker = {0};
    OK(gm_marker_wait(&marker)); // zeroed: passed
    OK(gm_marker_record(&marker, shared));
    OK(gm_marker_record(&marker, shared)); // reuse
    size_t waits = count(shared).waits;
    OK(gm_marker_wait(&marker));
    assert_null(marker.event);
    assert_int_equal(count(shared).waits, waits + 1);
    OK(gm_marker_wait(&marker));
    assert_int_equal(count(shared).waits, waits + 1);
    OK(gm_marker_record(&marker, shared));
    gm_marker_finish(&marker);
    gm_marker_finish(&marker);
}

// ---- Profiles ----

static void run_labelled(gm_kernel *kernel, const char *label, double flop, int times) {
    for (int i = 0; i < times; i++)
        OK(gm_kernel_launch(kernel, 1, &(size_t){1024}, &(size_t){1}, &(gm_cost){label, flop, 8192}));
}

static void check_trace(const char *path, size_t launches) {
    json_error_t error;
    json_t *trace = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!trace)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    json_t *events = json_object_get(trace, "traceEvents");
    assert_int_equal(json_array_size(events), launches + 1);
    size_t quoted = 0;
    for (size_t i = 1; i <= launches; i++) {
        json_t *event = json_array_get(events, i);
        assert_string_equal(json_string_value(json_object_get(event, "ph")), "X");
        assert_true(json_number_value(json_object_get(event, "ts")) >= 0);
        assert_true(json_number_value(json_object_get(event, "dur")) >= 0);
        quoted += strcmp(json_string_value(json_object_get(event, "name")), "odd \"name\"\\") == 0;
    }
    assert_int_equal(quoted, 2);
    json_decref(trace);
}

static void profile_tells_calls_time_and_cost(void **state) {
    (void)state;
    gm_program *program;
    gm_kernel *kernel;
    gm_buffer *buffer;
    int term = 1;
    OK(gm_program_create(&program, shared, good, 2, NULL));
    OK(gm_kernel_create(&kernel, program, "scale"));
    OK(gm_buffer_create(&buffer, shared, 4096));
    OK(gm_buffer_fill(buffer, 0, 4096, 0));
    OK(gm_kernel_bind_buffer(kernel, 0, buffer));
    OK(gm_kernel_bind_value(kernel, 1, &term, sizeof term));

    gm_profile_row *rows;
    size_t row_count;
    double span, busy;
    char *path = in_folder("trace.json");
    FAILS(gm_profile_stop(shared, &rows, &row_count, &span, &busy), GM_ERROR_STATE, "not been started");
    FAILS(gm_profile_trace(shared, path), GM_ERROR_STATE, "not been started");
    for (int round = 0; round < 2; round++) { // it starts anew each time
        run_labelled(kernel, "before", 1, 2);
        OK(gm_profile_start(shared));
        FAILS(gm_profile_start(shared), GM_ERROR_STATE, "already");
        run_labelled(kernel, "many", 100, 30);
        run_labelled(kernel, "odd \"name\"\\", 7, 2);
        OK(gm_kernel_launch(kernel, 1, &(size_t){1024}, NULL, NULL)); // by the kernel's own name
        OK(gm_profile_trace(shared, path));
        check_trace(path, 33);
        OK(gm_profile_stop(shared, &rows, &row_count, &span, &busy));
        assert_int_equal(row_count, 3);
        double seconds = 0;
        size_t seen = 0;
        for (size_t i = 0; i < row_count; i++) {
            assert_true(i == 0 || rows[i].seconds <= rows[i - 1].seconds);
            seconds += rows[i].seconds;
            if (strcmp(rows[i].kernel, "many") == 0) {
                seen++;
                assert_int_equal(rows[i].calls, 30);
                assert_true(rows[i].seconds > 0 && rows[i].flop == 3000 && rows[i].bytes == 30 * 8192.0);
            } else if (strcmp(rows[i].kernel, "scale") == 0) {
                seen++;
                assert_true(rows[i].calls == 1 && rows[i].flop == 0);
            }
        }
        assert_int_equal(seen, 2);
        assert_true(busy > 0 && busy <= span * (1 + 1e-9) && busy <= seconds * (1 + 1e-9));
        free(rows);
    }
    OK(gm_profile_start(shared)); // nothing ran
    OK(gm_profile_trace(shared, path));
    OK(gm_profile_stop(shared, &rows, &row_count, &span, &busy));
    assert_true(row_count == 0 && span == 0 && busy == 0);
    free(rows);
    free(path);
    gm_kernel_destroy(&kernel);
    gm_program_destroy(&program);
    gm_buffer_destroy(&buffer);
}

static void closing_while_profiling_releases_all(void **state) {
    (void)state;
    gm_device *device;
    OK(gm_device_open(&device, NULL));
    OK(gm_profile_start(device));
    build_and_check(device, NULL, 2, __LINE__);
    gm_device_close(&device);
}

// ---- CLBlast ----

static void clblast_multiplies_matrices(void **state) {
    (void)state;
    enum { M = 5, N = 7, K = 3, AT = 2, BT = 4, CT = 1 }; // AT..: elements in front of each matrix
    for (int flags = 0; flags < 4; flags++) {
        bool ta = flags & 1, tb = flags & 2;
        size_t lda = (ta ? M : K) + 2, ldb = tb ? K : N, ldc = N + 1;
        float a[64] = {0}, b[64] = {0}, c[64];
        for (size_t i = 0; i < 64; i++)
            a[i] = (float)(i % 5) - 2, b[i] = (float)(i % 7) - 3;
        gm_buffer *buffers[3];
        for (int i = 0; i < 3; i++)
            OK(gm_buffer_create(&buffers[i], shared, sizeof a));
        OK(gm_buffer_write(buffers[0], 0, a, sizeof a));
        OK(gm_buffer_write(buffers[1], 0, b, sizeof b));
        OK(gm_buffer_fill(buffers[2], 0, sizeof c, 0x42280000)); // 42
        OK(gm_profile_start(shared));
        OK(gm_clblast_gemm(shared, ta, tb, M, N, K, buffers[0], AT, lda, buffers[1], BT, ldb, buffers[2], CT, ldc));
        gm_profile_row *rows;
        size_t row_count;
        double span, busy;
        OK(gm_profile_stop(shared, &rows, &row_count, &span, &busy));
        assert_int_equal(row_count, 1);
        assert_true(rows[0].flop == 2.0 * M * N * K);
        free(rows);
        OK(gm_buffer_read(buffers[2], 0, c, sizeof c));
        for (size_t i = 0; i < 64; i++) {
            size_t row = (i - CT) / ldc, column = (i - CT) % ldc;
            float expected = 42;
            if (i >= CT && row < M && column < N) {
                expected = 0;
                for (size_t k = 0; k < K; k++)
                    expected += a[AT + (ta ? k * lda + row : row * lda + k)] *
                                b[BT + (tb ? column * ldb + k : k * ldb + column)];
            }
            if (c[i] != expected)
                fail_msg("transposes %d: element %zu is %g, not %g", flags, i, (double)c[i], (double)expected);
        }
        FAILS(gm_clblast_gemm(shared, ta, tb, M, N, K, buffers[0], 0, 1, buffers[1], 0, ldb, buffers[2], 0, ldc),
              GM_ERROR_STATE, "CLBlast refuses");
        size_t created = count(shared).buffers_created;
        OK(gm_clblast_gemm(shared, ta, tb, M, N, K, buffers[0], AT, lda, buffers[1], BT, ldb, buffers[2], CT, ldc));
        assert_int_equal(count(shared).buffers_created, created); // its scratch memory is there by now
        for (int i = 0; i < 3; i++)
            gm_buffer_destroy(&buffers[i]);
    }
}

// ---- What a test runs in another process ----

static const gm_source warned_of = {"warned.cl", "#warning careless\n"
                                                 "#ifdef BROKEN\nint f(void) { return absent; }\n#endif\n"
                                                 "kernel void nothing(global int *x) { x[0] = 0; }\n"};

static int run_child(const char *argument) {
    gm_device_info *list;
    size_t devices;
    gm_device *device;
    gm_program *program = NULL;
    gm_status status;
    if (strncmp(argument, "--list", 6) == 0) {
        if (strcmp(argument, "--list-limited") == 0) // after the program's own start, which may need more
            setrlimit(RLIMIT_AS, &(struct rlimit){(rlim_t)1 << 46, (rlim_t)1 << 46});
        status = gm_device_list(&list, &devices);
        if (status == GM_OK)
            gm_device_list_free(&list, devices);
    } else {
        status = gm_device_open(&device, NULL);
        bool careless = strcmp(argument, "--build-careless") == 0, broken = strcmp(argument, "--build-broken") == 0;
        if (status == GM_OK && (careless || broken))
            status = gm_program_create(&program, device, &warned_of, 1, broken ? "-DBROKEN" : NULL);
        else if (status == GM_OK)
            status = gm_program_create(&program, device, good, 2, "-DFACTOR=6");
        if (status == GM_OK && strcmp(argument, "--build-cached") == 0 && count(device).programs_loaded != 1)
            status = gm_fail(GM_ERROR_STATE, "the cache had no program");
        gm_program_destroy(&program);
        gm_device_close(&device);
    }
    if (status != GM_OK)
        fprintf(stderr, "%s\n", gm_error_message());
    return (int)status;
}

int main(int argc, char **argv) {
    program_path = argv[0];
    if (argc == 2 && strncmp(argv[1], "--", 2) == 0)
        return run_child(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_describes_each_device),
        cmocka_unit_test(selector_forms_open_the_device),
        cmocka_unit_test(unknown_selector_prints_the_list),
        cmocka_unit_test(selectors_on_a_machine_with_six_devices),
        cmocka_unit_test(no_platform_says_how_to_install_one),
        cmocka_unit_test(driver_that_does_not_load_is_named_with_the_reason),
        cmocka_unit_test(buffer_comes_back_as_written),
        cmocka_unit_test(written_memory_may_be_reused_at_once),
        cmocka_unit_test(views_are_parts_of_their_buffer),
        cmocka_unit_test(fill_repeats_its_pattern_in_range),
        cmocka_unit_test(empty_buffers_are_fine_and_too_large_ones_are_not),
        cmocka_unit_test(compile_error_cites_file_and_line),
        cmocka_unit_test(log_places_are_found_and_mapped),
        cmocka_unit_test(warnings_are_shown_only_to_who_asks_for_details),
        cmocka_unit_test(kernel_source_is_embedded_or_read_from_a_folder),
        cmocka_unit_test(second_build_is_loaded_from_disk),
        cmocka_unit_test(damaged_entry_is_rebuilt),
        cmocka_unit_test(binary_that_the_driver_refuses_is_rebuilt),
        cmocka_unit_test(unwritable_or_disabled_cache_stops_nobody),
        cmocka_unit_test(cache_forgets_what_was_used_longest_ago),
        cmocka_unit_test(full_disk_stops_nobody),
        cmocka_unit_test(processes_share_one_cache),
        cmocka_unit_test(launch_covers_every_item),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(markers_are_waited_for_once),
        cmocka_unit_test(profile_tells_calls_time_and_cost),
        cmocka_unit_test(closing_while_profiling_releases_all),
        cmocka_unit_test(clblast_multiplies_matrices),
    };
    return cmocka_run_group_tests_name("device", tests, open_shared, close_shared);
}

// src/device on the machine's default device: choosing, buffers, launches, profiles, CLBlast.
#include "device_support.h"

#include <jansson.h>
#include <sys/resource.h>

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

static void width_of_registers_is_the_devices_or_forced(void **unused) {
    (void)unused;
    static const char *const wrong[] = {"7", "32", "8 ", "eight", "-4"};
    gm_device *device;
    size_t own = gm_device_get_info(shared)->vector_width;
    assert_true(own == 4 || own == 8 || own == 16);
    for (size_t width = 4; width <= 16; width *= 2) {
        char text[8];
        snprintf(text, sizeof text, "%zu", width);
        setenv("GANYMEDE_WIDTH", text, 1);
        OK(gm_device_open(&device, NULL));
        assert_int_equal(gm_device_get_info(device)->vector_width, width);
        assert_non_null(strstr(gm_device_width_options(device), text));
        gm_device_close(&device);
    }
    for (size_t i = 0; i < GM_COUNT(wrong); i++) {
        setenv("GANYMEDE_WIDTH", wrong[i], 1);
        assert_int_equal(gm_device_open(&device, NULL), GM_ERROR_ARGUMENT);
        assert_null(device);
        assert_non_null(strstr(gm_error_message(), "set it to 4, 8 or 16 floats"));
    }
    setenv("GANYMEDE_WIDTH", "", 1);
    OK(gm_device_open(&device, NULL));
    assert_int_equal(gm_device_get_info(device)->vector_width, own);
    gm_device_close(&device);
    unsetenv("GANYMEDE_WIDTH");
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
        OK(gm_kernel_launch(kernel, 1, &(size_t){1024}, &(size_t){1},
                            &(gm_cost){.label = label, .flop = flop, .bytes = 8192}));
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

static int run_child(const char *argument) {
    gm_device_info *list;
    size_t devices;
    if (strcmp(argument, "--list-limited") == 0) // after the program's own start, which may need more
        setrlimit(RLIMIT_AS, &(struct rlimit){(rlim_t)1 << 46, (rlim_t)1 << 46});
    gm_status status = gm_device_list(&list, &devices);
    if (status == GM_OK)
        gm_device_list_free(&list, devices);
    else
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
        cmocka_unit_test(width_of_registers_is_the_devices_or_forced),
        cmocka_unit_test(unknown_selector_prints_the_list),
        cmocka_unit_test(selectors_on_a_machine_with_six_devices),
        cmocka_unit_test(no_platform_says_how_to_install_one),
        cmocka_unit_test(driver_that_does_not_load_is_named_with_the_reason),
        cmocka_unit_test(buffer_comes_back_as_written),
        cmocka_unit_test(written_memory_may_be_reused_at_once),
        cmocka_unit_test(views_are_parts_of_their_buffer),
        cmocka_unit_test(fill_repeats_its_pattern_in_range),
        cmocka_unit_test(empty_buffers_are_fine_and_too_large_ones_are_not),
        cmocka_unit_test(launch_covers_every_item),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(markers_are_waited_for_once),
        cmocka_unit_test(profile_tells_calls_time_and_cost),
        cmocka_unit_test(closing_while_profiling_releases_all),
        cmocka_unit_test(clblast_multiplies_matrices),
    };
    return cmocka_run_group_tests_name("device", tests, open_shared, close_shared);
}

// src/device on the machine's default device: programs, what their compiler says, their cache on disk.
#include "device_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// ---- Programs ----

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

// ---- What a test runs in another process ----

static const gm_source warned_of = {"warned.cl", "#warning careless\n"
                                                 "#ifdef BROKEN\nint f(void) { return absent; }\n#endif\n"
                                                 "kernel void nothing(global int *x) { x[0] = 0; }\n"};

static int run_child(const char *argument) {
    gm_device *device;
    gm_program *program = NULL;
    gm_status status = gm_device_open(&device, NULL);
    bool careless = strcmp(argument, "--build-careless") == 0, broken = strcmp(argument, "--build-broken") == 0;
    if (status == GM_OK && (careless || broken))
        status = gm_program_create(&program, device, &warned_of, 1, broken ? "-DBROKEN" : NULL);
    else if (status == GM_OK)
        status = gm_program_create(&program, device, good, 2, "-DFACTOR=6");
    if (status == GM_OK && strcmp(argument, "--build-cached") == 0 && count(device).programs_loaded != 1)
        status = gm_fail(GM_ERROR_STATE, "the cache had no program");
    gm_program_destroy(&program);
    gm_device_close(&device);
    if (status != GM_OK)
        fprintf(stderr, "%s\n", gm_error_message());
    return (int)status;
}

int main(int argc, char **argv) {
    program_path = argv[0];
    if (argc == 2 && strncmp(argv[1], "--", 2) == 0)
        return run_child(argv[1]);
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("device_program", tests, open_shared, close_shared);
}

// Kernels compiled ahead: by other processes, as their first launches would, and no others.
#define _XOPEN_SOURCE 700 // mkdtemp, nftw
#include "check_ok.h"
#include "device/internal.h"
#include "folder_test.h"

#include <ftw.h>
#include <unistd.h>

#define OK check_ok

// A kernel of a large grid is another one for pocl, and one that cannot be made is passed over.
static const char source[] = "kernel void twice(global float *x, int n) { if (n == 7) x[get_global_id(0)] *= 2; }\n"
                             "kernel void spread(global float *x) { x[get_global_id(0)] = 1; }\n"
                             "kernel void unused(global float *x) { x[0] = 1; }\n";

static gm_device *device;
static gm_program *program;

static size_t compiled; // files that the walk has met
static char names[1024];

static int meet(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info;
    size_t length = strlen(path);
    if (type == FTW_F && length > 3 && strcmp(path + length - 3, ".so") == 0) {
        compiled++;
        strncat(names, path + at->base, sizeof names - strlen(names) - 1);
    }
    return 0;
}

// What pocl keeps.
static void look(void) {
    compiled = 0;
    names[0] = '\0';
    nftw(folder, meet, 8, FTW_PHYS);
}

static int set_up(void **unused) {
    if (make_folder(unused) != 0)
        return -1;
    setenv("POCL_CACHE_DIR", folder, 1);
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("POCL_MAX_PTHREAD_COUNT", "3", 1);
    unsetenv("GANYMEDE_CACHE");
    unsetenv("GANYMEDE_COMPILERS");
    OK(gm_compilers_start());
    OK(gm_device_open(&device, NULL));
    return 0;
}

static int tear_down(void **unused) {
    gm_program_destroy(&program);
    gm_device_close(&device);
    return remove_folder(unused);
}

static void create(const char *name) {
    const gm_source part = {name, source};
    gm_program_destroy(&program);
    OK(gm_program_create(&program, device, &part, 1, "-cl-std=CL1.2"));
}

static gm_ahead_kernel kernel(const char *name, size_t arguments) {
    gm_ahead_kernel made = {.dims = 1, .local = {1}, .argument_count = arguments};
    snprintf(made.name, sizeof made.name, "%s", name);
    return made;
}

static void test_compiled_without_a_launch(void **unused) {
    (void)unused;
    if (!gm_ahead_ready(device))
        skip(); // another driver than pocl
    create("first");
    assert_true(gm_program_ahead_wanted(program));
    const gm_ahead_argument arguments[] = {{0}, {sizeof(int), {7}}};
    const gm_ahead_kernel twice = kernel("twice", 2), spread = kernel("spread", 1), missing = kernel("missing", 0);
    gm_ahead ahead = {.memory_bytes = 64};
    OK(gm_ahead_add(&ahead, &twice, (size_t[]){16}, arguments));
    OK(gm_ahead_add(&ahead, &missing, (size_t[]){1}, NULL));
    OK(gm_ahead_add(&ahead, &missing, (size_t[]){1}, NULL));
    OK(gm_ahead_add(&ahead, &spread, (size_t[]){1 << 20}, arguments));
    assert_int_equal(ahead.kernel_count, 3);
    look();
    assert_int_equal(compiled, 0);
    gm_program_compile_ahead(program, &ahead);
    assert_false(gm_program_ahead_wanted(program));
    gm_ahead_wait();
    look();
    assert_string_equal(names, "twice.so");
    gm_ahead_finish(&ahead);
}

// Known from then on: the entry was written by the worker that had the last kernel.
static void test_a_program_is_compiled_ahead_once(void **unused) {
    (void)unused;
    if (!gm_ahead_ready(device))
        skip();
    const gm_ahead_argument memory = {0};
    const gm_ahead_kernel spread = kernel("spread", 1);
    gm_ahead ahead = {.memory_bytes = 64};
    OK(gm_ahead_add(&ahead, &spread, (size_t[]){16}, &memory));
    create("second");
    assert_true(gm_program_ahead_wanted(program));
    gm_program_compile_ahead(program, &ahead);
    gm_ahead_wait();
    create("second");
    assert_false(gm_program_ahead_wanted(program));
    gm_ahead_finish(&ahead);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiled_without_a_launch),
        cmocka_unit_test(test_a_program_is_compiled_ahead_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

// OpenCL calls of a small training run made to fail, one a run: a clean error each time, nothing crashes, nothing leaks
// (run it under AddressSanitizer).
#include "ganymede/train.h"

#include "device/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char recipe[] =
    "name: faults\n"
    "data: { source: ring8, count: 64, batch: 8 }\n"
    "latent: { size: 2 }\n"
    "generator: [ { dense: 4 }, batch_norm, relu, { dense: 2 } ]\n"
    "discriminator: [ { dense: 4 }, { leaky_relu: 0.2 }, { dense: 1 } ]\n"
    "loss: non_saturating\n"
    "optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { sgd: { rate: 1e-2 } } }\n"
    "steps: 3\n"
    "log: { every: 2, samples: 2, checkpoint: 2 }\n";

static char folder[64];
static size_t stride = 3; // of the calls that fail; --all: 1

static void path_in(char path[128], const char *name) {
    snprintf(path, 128, "%s/%s", folder, name);
}

// Trains in a new run folder; whatever happens, the folder is gone afterwards.
static gm_status train(void) {
    char recipe_path[128], run_path[128], command[300];
    path_in(recipe_path, "faults.yaml");
    path_in(run_path, "run");
    gm_trainer *trainer = NULL;
    gm_status status =
        gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path, .out = run_path, .device = "cpu"});
    if (status == GM_OK)
        status = gm_trainer_run(trainer, NULL, NULL);
    gm_trainer_destroy(&trainer);
    assert_null(trainer);
    snprintf(command, sizeof command, "rm -rf '%s'", run_path);
    assert_int_equal(system(command), 0);
    return status;
}

static int make_folder(void **unused) {
    (void)unused;
    char path[128];
    snprintf(folder, sizeof folder, "/tmp/ganymede-faults-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    path_in(path, "faults.yaml");
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    fputs(recipe, file);
    fclose(file);
    return gm_fault_arm(NULL) == GM_OK && train() == GM_OK ? 0 : -1; // fills the program cache, too
}

static int remove_folder(void **unused) {
    (void)unused;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    gm_fault_arm(NULL);
    return system(command);
}

static void sweep(gm_fault_class class) {
    size_t failures = 0, tried = 0;
    for (size_t n = 1;; n += stride) {
        char spec[40];
        snprintf(spec, sizeof spec, "%s:%zu", gm_fault_class_name(class), n);
        assert_int_equal(gm_fault_arm(spec), GM_OK);
        gm_status status = train();
        if (gm_fault_calls(class) < n) { // the run ended before its n-th call
            assert_int_equal(status, GM_OK);
            break;
        }
        if (status != GM_OK) {
            failures++;
            if (strlen(gm_error_message()) < 10)
                fail_msg("%s failed without a sentence: '%s'", spec, gm_error_message());
        }
        tried++;
    }
    print_message("%s: %zu calls, %zu failures\n", gm_fault_class_name(class), tried, failures);
    // Waits while destroying are heard by nobody; how many polls of earlier writes precede them differs between runs.
    size_t unheard = class == GM_FAULT_WAIT ? tried / 20 : 0;
    assert_true(failures > 0 && failures + unheard >= tried);
    assert_int_equal(gm_fault_arm(NULL), GM_OK);
    assert_int_equal(train(), GM_OK);
}

#define SWEEP(name, class)                                                                                             \
    static void failing_##name##_calls_are_clean_errors(void **unused) {                                               \
        (void)unused;                                                                                                  \
        sweep(class);                                                                                                  \
    }
SWEEP(device, GM_FAULT_DEVICE)
SWEEP(alloc, GM_FAULT_ALLOC)
SWEEP(build, GM_FAULT_BUILD)
SWEEP(kernel, GM_FAULT_KERNEL)
SWEEP(launch, GM_FAULT_LAUNCH)
SWEEP(read, GM_FAULT_READ)
SWEEP(write, GM_FAULT_WRITE)
SWEEP(wait, GM_FAULT_WAIT)

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--all") == 0)
        stride = 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_device_calls_are_clean_errors),
        cmocka_unit_test(failing_alloc_calls_are_clean_errors),
        cmocka_unit_test(failing_build_calls_are_clean_errors),
        cmocka_unit_test(failing_kernel_calls_are_clean_errors),
        cmocka_unit_test(failing_launch_calls_are_clean_errors),
        cmocka_unit_test(failing_read_calls_are_clean_errors),
        cmocka_unit_test(failing_write_calls_are_clean_errors),
        cmocka_unit_test(failing_wait_calls_are_clean_errors),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

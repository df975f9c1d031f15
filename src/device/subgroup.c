// Sub-groups: whether a device's own fold a work-group's values as cl/subgroup.cl wants it, found by compiling a kernel
// that folds known values and running it. A driver may report sub-groups that its compiler does not know, or drop a
// NaN.
#include "device/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef CL_DEVICE_MAX_NUM_SUB_GROUPS
#define CL_DEVICE_MAX_NUM_SUB_GROUPS 0x105C // OpenCL 2.1
#endif

// Rows of values, by their number: whole numbers; negative ones; those with a NaN among them; normal numbers, the same
// each time.
enum { WHOLE, NEGATIVE, NOT_A_NUMBER, NORMAL, KINDS, ROWS = 4 * KINDS, ITEMS = 256, RESULTS = 4 };

static const char local_memory[] = "-cl-std=CL1.2";
// In the order in which they are tried: the languages that have sub-groups as an extension of Intel's, as Khronos'
// extension of OpenCL 2, and as a feature of OpenCL 3.
static const char *const candidates[] = {"-cl-std=CL1.2 -DGM_SUBGROUPS", "-cl-std=CL2.0 -DGM_SUBGROUPS",
                                         "-cl-std=CL3.0 -DGM_SUBGROUPS"};

static void fill(float *x) {
    for (size_t e = 0; e < ROWS * ITEMS; e++) {
        size_t row = e / ITEMS, item = e % ITEMS;
        const uint32_t counter[4] = {(uint32_t)e, 0, 0, 0};
        uint32_t random[4];
        gm_philox(random, counter, 1);
        x[e] = (float)(random[0] % 2001) - 1000;
        if (row % KINDS == NEGATIVE)
            x[e] -= 2000;
        if (row % KINDS == NOT_A_NUMBER && item == 73 * row % ITEMS)
            x[e] = NAN;
        if (row % KINDS == NORMAL)
            x[e] = (float)gm_philox_normal(1, 2, 0, 0, item);
    }
}

// x (ROWS, ITEMS): does y (ROWS, RESULTS) hold each row's sum, that of its negatives, and the greatest of both?
static bool is_fold(const float *x, const float *y) {
    for (size_t row = 0; row < ROWS; row++) {
        double expected[RESULTS] = {0, 0, -INFINITY, -INFINITY}, terms = 0;
        bool number = row % KINDS != NOT_A_NUMBER;
        const float *got = y + row * RESULTS;
        for (size_t i = 0; i < ITEMS; i++) {
            double value = (double)x[row * ITEMS + i];
            terms += fabs(value);
            expected[0] += value;
            expected[1] -= value;
            expected[2] = fmax(expected[2], value);
            expected[3] = fmax(expected[3], -value);
        }
        for (size_t r = 0; r < RESULTS; r++) {
            double allowed = r < 2 && row % KINDS == NORMAL ? 1e-5 * terms : 0; // sums of whole numbers are exact
            bool right = number ? fabs((double)got[r] - expected[r]) <= allowed : isnan(got[r]);
            if (row % KINDS == NORMAL)
                right = right && memcmp(&got[r], &y[NORMAL * RESULTS + r], sizeof got[r]) == 0;
            if (!right) {
                gm_debug("sub-groups: result %zu of row %zu is %.9g, not %.9g", r, row, (double)got[r],
                         number ? expected[r] : (double)NAN);
                return false;
            }
        }
    }
    return true;
}

static gm_status run_probe(gm_device *device, gm_program *program, bool *right) {
    static const size_t global = ROWS * ITEMS, local = ITEMS;
    const size_t bytes[2] = {ROWS * ITEMS * sizeof(float), ROWS * RESULTS * sizeof(float)};
    float x[ROWS * ITEMS], y[ROWS * RESULTS];
    gm_buffer *buffers[2] = {NULL};
    gm_kernel *kernel = NULL;
    gm_status status;
    fill(x);
    GM_TRY_DONE(gm_kernel_create(&kernel, program, "subgroup_probe"));
    for (unsigned i = 0; i < 2; i++) {
        GM_TRY_DONE(gm_buffer_create(&buffers[i], device, bytes[i]));
        GM_TRY_DONE(gm_kernel_bind_buffer(kernel, i, buffers[i]));
    }
    GM_TRY_DONE(gm_buffer_write(buffers[0], 0, x, bytes[0]));
    GM_TRY_DONE(gm_kernel_launch(kernel, 1, &global, &local, NULL));
    GM_TRY_DONE(gm_buffer_read(buffers[1], 0, y, bytes[1]));
    *right = is_fold(x, y);
done:
    gm_kernel_destroy(&kernel);
    for (size_t i = 0; i < 2; i++)
        gm_buffer_destroy(&buffers[i]);
    return status;
}

static gm_status probe(gm_device *device, const char *options, bool *right) {
    gm_source sources[] = {{.name = "generated", .text = "#define GM_SUBGROUP_PROBE"}, {.name = "subgroup.cl"}};
    gm_program *program;
    *right = false;
    GM_TRY(gm_device_source(device, sources[1].name, &sources[1].text));
    GM_TRY(gm_program_try(&program, device, sources, GM_COUNT(sources), options));
    gm_status status = program ? run_probe(device, program, right) : GM_OK;
    gm_program_destroy(&program);
    return status;
}

static bool reports_sub_groups(const gm_device *device) {
    cl_uint most = 0;
    return device->info.sub_groups ||
           (clGetDeviceInfo(device->id, CL_DEVICE_MAX_NUM_SUB_GROUPS, sizeof most, &most, NULL) == CL_SUCCESS &&
            most > 0);
}

gm_status gm_device_subgroups(gm_device *device, const char **options) {
    const char *wanted = getenv("GANYMEDE_SUBGROUPS");
    bool off = wanted && strcmp(wanted, "off") == 0, forced = wanted && strcmp(wanted, "try") == 0;
    *options = local_memory;
    if (wanted && wanted[0] && !off && !forced)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "GANYMEDE_SUBGROUPS=%s is unknown: leave it out to use a device's sub-groups where it reports "
                       "them, or set it to off or to try",
                       wanted);
    if (device->description) {
        gm_subgroups kind = off ? GM_SUBGROUPS_NONE : device->description->sub_groups;
        *options = kind == GM_SUBGROUPS_NONE ? local_memory : candidates[kind == GM_SUBGROUPS_INTEL ? 0 : 1];
        return GM_OK;
    }
    if (off || (!forced && !reports_sub_groups(device)) || device->info.max_work_group_size < ITEMS)
        return GM_OK;
    for (size_t i = 0; i < GM_COUNT(candidates) && !device->subgroup_options; i++) {
        bool right;
        GM_TRY(probe(device, candidates[i], &right));
        if (right)
            device->subgroup_options = candidates[i];
    }
    if (!device->subgroup_options)
        device->subgroup_options = local_memory;
    *options = device->subgroup_options;
    gm_debug("sub-groups: folds with %s", *options);
    return GM_OK;
}

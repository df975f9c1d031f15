// Matrix units: which instructions of cl/matrix.cl a device can run, found by compiling a small product and running it.
// A driver may accept instructions that it then miscompiles, or spread a matrix over the items in another way; only
// numbers tell.
#include "device/internal.h"

#include <CL/cl_ext.h>
#include <stdlib.h>
#include <string.h>

const char *const gm_precision_names[] = {"float32", "tf32", "bf16", "half_storage", NULL};

// The probe's shape: matrix.cl's fragments, several along the contraction, one product for each of 8 sub-groups.
enum { GROUPS = 8, SUB_GROUP = 32, ROWS = 16, COLUMNS = 8, DEPTH = 64 };

// In the order in which they are tried. Emulation stands only where GANYMEDE_MATRIX=emulated asks for it: it is slower
// than float32's kernels.
#define GM_MATRIX_OPTIONS(operands, unit) "-cl-std=CL1.2 -DGM_MATRIX_" operands " -DGM_MATRIX_" unit
static const struct {
    gm_precision precision;
    bool emulated;
    cl_device_info width; // the property that reports how many items run in step, 32 for these instructions; 0: any
    const char *options;
} units[] = {
    {GM_PRECISION_TF32, false, CL_DEVICE_WARP_SIZE_NV, GM_MATRIX_OPTIONS("TF32", "NVIDIA")},
    {GM_PRECISION_BF16, false, CL_DEVICE_WARP_SIZE_NV, GM_MATRIX_OPTIONS("BF16", "NVIDIA")},
    {GM_PRECISION_TF32, true, 0, GM_MATRIX_OPTIONS("TF32", "EMULATED")},
    {GM_PRECISION_BF16, true, 0, GM_MATRIX_OPTIONS("BF16", "EMULATED")},
};
_Static_assert(GM_COUNT(units) <= GM_MATRIX_UNITS, "a device keeps an answer for each");

// A whole number from -100 to 100, which bf16 holds; sums of 64 products fill more bits than 16-bit sums have.
static float operand(uint32_t stream, size_t i) {
    const uint32_t counter[4] = {(uint32_t)i, stream, 0, 0};
    uint32_t random[4];
    gm_philox(random, counter, 1);
    return (float)(random[0] % 201) - 100;
}

// a (GROUPS, ROWS, DEPTH), b (GROUPS, DEPTH, COLUMNS): is y (GROUPS, ROWS, COLUMNS) their product?
static bool is_product(const float *a, const float *b, const float *y) {
    for (size_t g = 0; g < GROUPS; g++)
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = 0; j < COLUMNS; j++) {
                double sum = 0, got = (double)y[(g * ROWS + i) * COLUMNS + j];
                for (size_t k = 0; k < DEPTH; k++)
                    sum += (double)a[(g * ROWS + i) * DEPTH + k] * (double)b[(g * DEPTH + k) * COLUMNS + j];
                if (!(got == sum)) {
                    gm_debug("matrix units: element (%zu, %zu) of sub-group %zu is %g, not %g", i, j, g, got, sum);
                    return false;
                }
            }
    return true;
}

static gm_status run_probe(gm_device *device, gm_program *program, bool *right) {
    enum { A = GROUPS * ROWS * DEPTH, B = GROUPS * DEPTH * COLUMNS, Y = GROUPS * ROWS * COLUMNS };
    static const size_t global[2] = {16, 16};
    const size_t bytes[3] = {A * sizeof(float), B * sizeof(float), Y * sizeof(float)};
    gm_buffer *buffers[3] = {NULL};
    gm_kernel *kernel = NULL;
    float *values;
    int32_t depth = DEPTH;
    gm_status status;
    GM_TRY(gm_alloc(&values, A + B + Y, sizeof *values, "a test of matrix units"));
    for (size_t i = 0; i < A + B; i++)
        values[i] = operand(i < A, i);
    GM_TRY_DONE(gm_kernel_create(&kernel, program, "matrix_probe"));
    for (unsigned i = 0; i < 3; i++) {
        GM_TRY_DONE(gm_buffer_create(&buffers[i], device, bytes[i]));
        GM_TRY_DONE(gm_kernel_bind_buffer(kernel, i, buffers[i]));
    }
    GM_TRY_DONE(gm_kernel_bind_value(kernel, 3, &depth, sizeof depth));
    GM_TRY_DONE(gm_buffer_write(buffers[0], 0, values, bytes[0]));
    GM_TRY_DONE(gm_buffer_write(buffers[1], 0, values + A, bytes[1]));
    GM_TRY_DONE(gm_buffer_fill(buffers[2], 0, bytes[2], UINT32_C(0x7fc00000)));
    GM_TRY_DONE(gm_kernel_launch(kernel, 2, global, global, NULL));
    GM_TRY_DONE(gm_buffer_read(buffers[2], 0, values + A + B, bytes[2]));
    *right = is_product(values, values + A, values + A + B);
done:
    gm_kernel_destroy(&kernel);
    for (size_t i = 0; i < 3; i++)
        gm_buffer_destroy(&buffers[i]);
    free(values);
    return status;
}

static bool has_width(const gm_device *device, cl_device_info property) {
    cl_uint width = 0;
    if (property == 0)
        return true;
    return clGetDeviceInfo(device->id, property, sizeof width, &width, NULL) == CL_SUCCESS && width == SUB_GROUP;
}

// A compiler that refuses the program says no; any other failure is one.
static gm_status probe(gm_device *device, size_t unit, bool *right) {
    gm_source sources[] = {{.name = "generated", .text = "#define GM_MATRIX_PROBE"}, {.name = "matrix.cl"}};
    gm_program *program = NULL;
    *right = false;
    if (!has_width(device, units[unit].width) || device->info.max_work_group_size < GROUPS * SUB_GROUP)
        return GM_OK;
    GM_TRY(gm_device_source(device, sources[1].name, &sources[1].text));
    gm_status status = gm_program_create(&program, device, sources, GM_COUNT(sources), units[unit].options);
    if (status == GM_ERROR_DEVICE) {
        gm_debug("matrix units: %s", gm_error_message());
        return GM_OK;
    }
    if (status == GM_OK)
        status = run_probe(device, program, right);
    gm_program_destroy(&program);
    return status;
}

gm_status gm_device_matrix(gm_device *device, gm_precision precision, const char **options) {
    const char *wanted = getenv("GANYMEDE_MATRIX");
    bool emulated = wanted && strcmp(wanted, "emulated") == 0;
    *options = NULL;
    for (size_t i = 0; i < GM_COUNT(units) && !*options; i++) {
        if (units[i].precision != precision || units[i].emulated != emulated)
            continue;
        if (device->matrix_answers[i] == GM_MATRIX_UNKNOWN) {
            bool right;
            GM_TRY(probe(device, i, &right));
            device->matrix_answers[i] = right ? GM_MATRIX_RUNS : GM_MATRIX_FAILS;
        }
        if (device->matrix_answers[i] == GM_MATRIX_RUNS)
            *options = units[i].options;
    }
    return GM_OK;
}

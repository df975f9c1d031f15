// Matrix units: which instructions of cl/matrix.cl a device can run, found by compiling a small product and running it.
// A driver may accept instructions that it then miscompiles, or spread a matrix over the items in another way; only
// numbers tell.
#include "device/internal.h"

#include <CL/cl_ext.h>
#include <stdlib.h>
#include <string.h>

const char *const gm_precision_names[] = {"float32", "tf32", "bf16", "half_storage", "exact", NULL};

// The probe's shape: matrix.cl's tile, several fragments along the contraction, one work-group.
enum { TILE = 64, DEPTH = 32, ITEMS = 64 };

// In the order in which they are tried. Emulation stands only where GANYMEDE_MATRIX=emulated[:instruction] asks for it:
// it is slower than float32's kernels.
#define GM_MATRIX_OPTIONS(operands, instruction)                                                                       \
    "-cl-std=CL1.2 -DGM_MATRIX_" operands " -DGM_MATRIX_" instruction,                                                 \
        "-cl-std=CL1.2 -DGM_MATRIX_" operands " -DGM_MATRIX_" instruction " -DGM_MATRIX_EMULATED"
static const struct {
    const char *instruction; // the first is the default
    gm_precision precision;
    cl_device_info property; // that reports how many items run in step, or how many may
    size_t width;            // what it, or the least of them, must be
    const char *options, *emulation;
} units[] = {
    {"mma", GM_PRECISION_TF32, CL_DEVICE_WARP_SIZE_NV, 32, GM_MATRIX_OPTIONS("TF32", "MMA")},
    {"mma", GM_PRECISION_BF16, CL_DEVICE_WARP_SIZE_NV, 32, GM_MATRIX_OPTIONS("BF16", "MMA")},
    {"mfma", GM_PRECISION_TF32, CL_DEVICE_WAVEFRONT_WIDTH_AMD, 64, GM_MATRIX_OPTIONS("TF32", "MFMA")},
    {"mfma", GM_PRECISION_BF16, CL_DEVICE_WAVEFRONT_WIDTH_AMD, 64, GM_MATRIX_OPTIONS("BF16", "MFMA")},
    {"wmma", GM_PRECISION_BF16, CL_DEVICE_WAVEFRONT_WIDTH_AMD, 32, GM_MATRIX_OPTIONS("BF16", "WMMA")},
    {"dpas16", GM_PRECISION_TF32, CL_DEVICE_SUB_GROUP_SIZES_INTEL, 16, GM_MATRIX_OPTIONS("TF32", "DPAS16")},
    {"dpas16", GM_PRECISION_BF16, CL_DEVICE_SUB_GROUP_SIZES_INTEL, 16, GM_MATRIX_OPTIONS("BF16", "DPAS16")},
    {"dpas8", GM_PRECISION_BF16, CL_DEVICE_SUB_GROUP_SIZES_INTEL, 8, GM_MATRIX_OPTIONS("BF16", "DPAS8")},
};
_Static_assert(2 * GM_COUNT(units) <= GM_MATRIX_UNITS, "a device keeps two answers for each");

// A whole number from -100 to 100, which bf16 holds; sums of 32 products fill more bits than 16-bit sums have.
static float operand(uint32_t stream, size_t i) {
    const uint32_t counter[4] = {(uint32_t)i, stream, 0, 0};
    uint32_t random[4];
    gm_philox(random, counter, 1);
    return (float)(random[0] % 201) - 100;
}

// a (TILE, DEPTH), b (DEPTH, TILE): is y (TILE, TILE) their product?
static bool is_product(const float *a, const float *b, const float *y) {
    for (size_t i = 0; i < TILE; i++)
        for (size_t j = 0; j < TILE; j++) {
            double sum = 0, got = (double)y[i * TILE + j];
            for (size_t k = 0; k < DEPTH; k++)
                sum += (double)a[i * DEPTH + k] * (double)b[k * TILE + j];
            if (!(got == sum)) {
                gm_debug("matrix units: element (%zu, %zu) is %g, not %g", i, j, got, sum);
                return false;
            }
        }
    return true;
}

static gm_status run_probe(gm_device *device, gm_program *program, bool *right) {
    enum { A = TILE * DEPTH, B = DEPTH * TILE, Y = TILE * TILE };
    static const size_t items = ITEMS;
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
    GM_TRY_DONE(gm_kernel_launch(kernel, 1, &items, &items, NULL));
    GM_TRY_DONE(gm_buffer_read(buffers[2], 0, values + A + B, bytes[2]));
    *right = is_product(values, values + A, values + A + B);
done:
    gm_kernel_destroy(&kernel);
    for (size_t i = 0; i < 3; i++)
        gm_buffer_destroy(&buffers[i]);
    free(values);
    return status;
}

// How many items run in step, or the fewest that may. 0: it is unknown here.
static size_t reported_width(const gm_device *device, cl_device_info property) {
    cl_uint width = 0;
    if (property == CL_DEVICE_SUB_GROUP_SIZES_INTEL)
        return device->info.least_sub_group;
    return clGetDeviceInfo(device->id, property, sizeof width, &width, NULL) == CL_SUCCESS ? width : 0;
}

static gm_status probe(gm_device *device, const char *options, bool *right) {
    gm_source sources[] = {{.name = "generated", .text = "#define GM_MATRIX_PROBE"}, {.name = "matrix.cl"}};
    gm_program *program;
    *right = false;
    GM_TRY(gm_device_source(device, sources[1].name, &sources[1].text));
    GM_TRY(gm_program_try(&program, device, sources, GM_COUNT(sources), options));
    gm_status status = program ? run_probe(device, program, right) : GM_OK;
    gm_program_destroy(&program);
    return status;
}

// The instruction that GANYMEDE_MATRIX wants emulated; NULL: none, the device's own are wanted.
static gm_status emulated_instruction(const char **instruction) {
    static const char emulated[] = "emulated";
    const char *wanted = getenv("GANYMEDE_MATRIX");
    *instruction = NULL;
    if (!wanted || !wanted[0])
        return GM_OK;
    if (strcmp(wanted, emulated) == 0)
        *instruction = units[0].instruction;
    for (size_t i = 0; i < GM_COUNT(units) && !*instruction; i++)
        if (strncmp(wanted, emulated, sizeof emulated - 1) == 0 && wanted[sizeof emulated - 1] == ':' &&
            strcmp(wanted + sizeof emulated, units[i].instruction) == 0)
            *instruction = units[i].instruction;
    if (!*instruction)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "GANYMEDE_MATRIX=%s is unknown: leave it out for the device's own matrix units, or set it to "
                       "emulated, emulated:mma, :mfma, :wmma, :dpas16 or :dpas8",
                       wanted);
    return GM_OK;
}

gm_status gm_device_matrix(gm_device *device, gm_precision precision, const char **options) {
    const char *emulated;
    *options = NULL;
    GM_TRY(emulated_instruction(&emulated));
    for (size_t i = 0; i < GM_COUNT(units) && !*options; i++) {
        const char *tried = emulated ? units[i].emulation : units[i].options;
        gm_matrix_answer *answer = &device->matrix_answers[2 * i + (emulated != NULL)];
        const char *has = emulated ? emulated : device->description ? device->description->matrix : NULL;
        bool known = emulated || device->description; // which instruction it is; else its width tells
        // Of AMD's, gfx940 to gfx942 have tf32, which no description is of.
        if (units[i].precision != precision || device->info.max_work_group_size < ITEMS ||
            (device->description && precision == GM_PRECISION_TF32 && strcmp(units[i].instruction, "mfma") == 0) ||
            (known ? !has || strcmp(has, units[i].instruction) != 0
                   : reported_width(device, units[i].property) != units[i].width))
            continue;
        if (device->description)
            *answer = GM_MATRIX_RUNS;
        if (*answer == GM_MATRIX_UNKNOWN) {
            bool right;
            GM_TRY(probe(device, tried, &right));
            *answer = right ? GM_MATRIX_RUNS : GM_MATRIX_FAILS;
        }
        if (*answer == GM_MATRIX_RUNS)
            *options = tried;
    }
    return GM_OK;
}

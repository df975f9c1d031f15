// Choosing and opening an OpenCL device.
#ifndef GANYMEDE_DEVICE_H
#define GANYMEDE_DEVICE_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_device gm_device;

typedef enum gm_device_type { GM_DEVICE_OTHER = 0, GM_DEVICE_CPU, GM_DEVICE_GPU, GM_DEVICE_ACCELERATOR } gm_device_type;

// float32, tf32, bf16: what products of matrices and convolutions multiply: operands rounded to 24, 11 or 8 significant
// bits, to nearest (halfway: tf32 away from zero, bf16 to even). Sums and all that lies in memory are float32.
// half_storage: everything is computed in float32, but large values between operations lie in memory as IEEE 754's
// 16-bit floats (11 significant bits, up to 65504). Weights, their gradients, moments and what is read back do not.
// exact: float32 without the variants of convolutions that multiply less and round more.
typedef enum gm_precision {
    GM_PRECISION_FLOAT32 = 0,
    GM_PRECISION_TF32,
    GM_PRECISION_BF16,
    GM_PRECISION_HALF_STORAGE,
    GM_PRECISION_EXACT,
} gm_precision;

// What a device reports of itself; strings belong to the list or the device.
typedef struct gm_device_info {
    int platform_index, device_index; // the selector "P:D"
    const char *platform, *name, *vendor, *driver_version, *opencl_c_version;
    gm_device_type type;
    bool simulator; // Oclgrind: never chosen by itself
    bool described; // not here: plans and programs can be made for it, nothing runs on it
    size_t compute_units, max_work_group_size, max_work_item_size[3];
    uint64_t global_bytes, max_allocation_bytes, local_bytes;
    size_t base_alignment;       // bytes, for sub-buffers
    size_t vector_width;         // floats of a register: 4, 8 or 16; GANYMEDE_WIDTH overrides it where one is opened
    bool local_memory_dedicated; // false: emulated in global memory, as CPUs do
    bool sub_groups, half, double_precision;
    size_t least_sub_group; // items that run in step, the fewest that a kernel may ask for; 0: it may not ask
    bool more_registers;    // a kernel that asks for so few may also ask for twice the registers
    double score;           // what the automatic choice ranks by
} gm_device_info;

// Every device of every platform, by platform and device index. Free the list with gm_device_list_free.
// No platform at all is GM_ERROR_DEVICE with how to install one.
GM_API gm_status gm_device_list(gm_device_info **list, size_t *count);
// The descriptions; driver_version is the name that opens one. Free the list likewise.
GM_API gm_status gm_device_list_described(gm_device_info **list, size_t *count);
GM_API void gm_device_list_free(gm_device_info **list, size_t count);

// Starts a process that has kernels compiled beside this one, where a device's driver (pocl) compiles each kernel at
// its first launch, one at a time, and keeps it on disk: first starts take two thirds of the time on two cores, less on
// more. Before the process's first other call of OpenCL and its first thread; optional, and once is enough. It ends
// with this process. GANYMEDE_COMPILERS=0: it does nothing; set to anything else it fails. Where a process cannot be
// started kernels are compiled as without.
GM_API gm_status gm_compilers_start(void);

// selector: "gpu", "cpu", "accelerator", each with ":N"; "P:D"; part of a device's or platform's name (any case);
// NULL: GANYMEDE_DEVICE if set, else the best score (any GPU beats any CPU). An unknown one fails with the list.
// Or the name of a description ("nvidia-sm_80", "amd-gfx1030", "intel-dg2", …): a device that is not here. What would
// run on it, or read from it, fails.
GM_API gm_status gm_device_open(gm_device **device, const char *selector);
GM_API void gm_device_close(gm_device **device);
GM_API const gm_device_info *gm_device_get_info(const gm_device *device);

#ifdef __cplusplus
}
#endif
#endif

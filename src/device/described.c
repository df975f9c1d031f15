// Descriptions of GPUs that need not be here: what one of each kind reports of itself. A device that is opened by such
// a name plans as the real one would, and keeps the programs that it would build; nothing runs on it.
#include "device/internal.h"

#include <stdlib.h>
#include <string.h>

#define GM_GIB *(UINT64_C(1) << 30)
#define GM_KIB *(UINT64_C(1) << 10)

// After the vendors' documents and public reports of their drivers: NVIDIA's allows a quarter of the memory at once and
// no half; ROCm has work-groups of 256 and, from gfx10 on, counts pairs of compute units; Intel counts vector engines.
static const gm_description descriptions[] = {
    {"nvidia-sm_80", "NVIDIA A100 (described)", "NVIDIA Corporation", 108, 40 GM_GIB, 10 GM_GIB, 48 GM_KIB, 1024, 512,
     "mma", GM_SUBGROUPS_NONE, .double_precision = true},
    {"nvidia-sm_86", "NVIDIA RTX 3090 (described)", "NVIDIA Corporation", 82, 24 GM_GIB, 6 GM_GIB, 48 GM_KIB, 1024, 512,
     "mma", GM_SUBGROUPS_NONE, .double_precision = true},
    {"nvidia-sm_89", "NVIDIA RTX 4090 (described)", "NVIDIA Corporation", 128, 24 GM_GIB, 6 GM_GIB, 48 GM_KIB, 1024,
     512, "mma", GM_SUBGROUPS_NONE, .double_precision = true},
    {"nvidia-sm_90", "NVIDIA H100 (described)", "NVIDIA Corporation", 132, 80 GM_GIB, 20 GM_GIB, 48 GM_KIB, 1024, 512,
     "mma", GM_SUBGROUPS_NONE, .double_precision = true},
    {"amd-gfx906", "AMD Instinct MI50 (described)", "Advanced Micro Devices, Inc.", 60, 16 GM_GIB, 13 GM_GIB, 64 GM_KIB,
     256, 128, NULL, GM_SUBGROUPS_KHR, .half = true, .double_precision = true},
    {"amd-gfx90a", "AMD Instinct MI210 (described)", "Advanced Micro Devices, Inc.", 104, 64 GM_GIB, 54 GM_GIB,
     64 GM_KIB, 256, 128, "mfma", GM_SUBGROUPS_KHR, .half = true, .double_precision = true},
    {"amd-gfx1030", "AMD Radeon RX 6800 (described)", "Advanced Micro Devices, Inc.", 30, 16 GM_GIB, 13 GM_GIB,
     64 GM_KIB, 256, 128, NULL, GM_SUBGROUPS_KHR, .half = true, .double_precision = true},
    {"amd-gfx1100", "AMD Radeon RX 7900 XTX (described)", "Advanced Micro Devices, Inc.", 48, 24 GM_GIB, 20 GM_GIB,
     64 GM_KIB, 256, 128, "wmma", GM_SUBGROUPS_KHR, .half = true, .double_precision = true},
    {"intel-tgllp", "Intel Iris Xe (described)", "Intel(R) Corporation", 96, 12 GM_GIB, 4 GM_GIB, 64 GM_KIB, 512, 128,
     NULL, GM_SUBGROUPS_INTEL, 8, .half = true},
    {"intel-dg2", "Intel Arc A770 (described)", "Intel(R) Corporation", 512, 16 GM_GIB, 4 GM_GIB, 64 GM_KIB, 1024, 128,
     "dpas8", GM_SUBGROUPS_INTEL, 8, .half = true},
    {"intel-pvc", "Intel Data Center GPU Max 1100 (described)", "Intel(R) Corporation", 448, 48 GM_GIB, 48 GM_GIB,
     128 GM_KIB, 1024, 128, "dpas16", GM_SUBGROUPS_INTEL, 16, .half = true, .double_precision = true},
};

const gm_description *gm_description_find(const char *name) {
    for (size_t i = 0; name && i < GM_COUNT(descriptions); i++)
        if (strcmp(descriptions[i].name, name) == 0)
            return &descriptions[i];
    return NULL;
}

static gm_status copy_text(const char *text, const char **copy) {
    char *memory;
    GM_TRY(gm_alloc(&memory, strlen(text) + 1, 1, "a device's description"));
    *copy = strcpy(memory, text);
    return GM_OK;
}

gm_status gm_description_get_info(const gm_description *d, gm_device_info *info) {
    *info = (gm_device_info){.type = GM_DEVICE_GPU,
                             .described = true,
                             .platform_index = -1,
                             .device_index = -1,
                             .compute_units = d->compute_units,
                             .max_work_group_size = d->max_work_group_size,
                             .max_work_item_size = {1024, 1024, 64},
                             .global_bytes = d->global_bytes,
                             .max_allocation_bytes = d->max_allocation_bytes,
                             .local_bytes = d->local_bytes,
                             .base_alignment = d->base_alignment,
                             .vector_width = 4,
                             .local_memory_dedicated = true,
                             .sub_groups = d->sub_groups != GM_SUBGROUPS_NONE,
                             .least_sub_group = d->least_sub_group,
                             .more_registers = d->least_sub_group > 0 && d->matrix,
                             .half = d->half,
                             .double_precision = d->double_precision};
    GM_TRY(copy_text(d->card, &info->name));
    GM_TRY(copy_text(d->vendor, &info->vendor));
    GM_TRY(copy_text("descriptions", &info->platform));
    GM_TRY(copy_text(d->name, &info->driver_version));
    return copy_text("OpenCL C 1.2", &info->opencl_c_version);
}

gm_status gm_fail_described(const gm_device *device, const char *what) {
    return gm_fail(GM_ERROR_DEVICE,
                   "%s is only a description of a device, for `bench programs` and `train --dry-run`: %s",
                   device->description->name, what);
}

gm_status gm_device_list_described(gm_device_info **list, size_t *count) {
    *count = 0;
    GM_TRY(gm_alloc(list, GM_COUNT(descriptions), sizeof **list, "the descriptions"));
    gm_status status = GM_OK;
    for (size_t i = 0; status == GM_OK && i < GM_COUNT(descriptions); i++)
        status = gm_description_get_info(&descriptions[i], &(*list)[(*count)++]);
    if (status != GM_OK) {
        gm_device_list_free(list, *count);
        *count = 0;
    }
    return status;
}

size_t gm_device_program_count(const gm_device *device) {
    return device->program_count;
}

void gm_device_get_program(const gm_device *device, size_t index, const char **text, const char **options) {
    *text = device->programs[index]->text;
    *options = device->programs[index]->options;
}

// Which devices there are, what they report, and which one a selector names. Everything is decided by what a device
// reports, never by its vendor id: pocl gives Intel's for every CPU.
#include "device/internal.h"

#include <CL/cl_ext.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// ---- What a device reports ----

static gm_status query(cl_device_id device, cl_device_info what, void *value, size_t bytes) {
    cl_int code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS)
        code = clGetDeviceInfo(device, what, bytes, value, NULL);
    return gm_cl_check(code, "asking an OpenCL device for its property 0x%x", (unsigned)what);
}

// Drivers pad names with blanks and line ends.
static void trim(char *text) {
    size_t length = strlen(text), start = 0;
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    while (isspace((unsigned char)text[start]))
        start++;
    memmove(text, text + start, length - start + 1);
}

static gm_status query_string(cl_device_id device, cl_device_info what, const char **text) {
    size_t bytes = 0;
    cl_int code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS)
        code = clGetDeviceInfo(device, what, 0, NULL, &bytes);
    GM_TRY(gm_cl_check(code, "asking an OpenCL device for its property 0x%x", (unsigned)what));
    char *copy;
    GM_TRY(gm_alloc(&copy, bytes + 1, 1, "a device's name"));
    *text = copy; // owned by the info, which the caller finishes
    GM_TRY(query(device, what, copy, bytes));
    trim(copy);
    return GM_OK;
}

static gm_status query_platform_string(cl_platform_id platform, cl_platform_info what, const char **text) {
    size_t bytes = 0;
    cl_int code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS)
        code = clGetPlatformInfo(platform, what, 0, NULL, &bytes);
    GM_TRY(gm_cl_check(code, "asking an OpenCL platform for its property 0x%x", (unsigned)what));
    char *copy;
    GM_TRY(gm_alloc(&copy, bytes + 1, 1, "a platform's name"));
    *text = copy;
    code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS)
        code = clGetPlatformInfo(platform, what, bytes, copy, NULL);
    GM_TRY(gm_cl_check(code, "asking an OpenCL platform for its property 0x%x", (unsigned)what));
    trim(copy);
    return GM_OK;
}

static size_t least_sub_group(cl_device_id device) {
    size_t sizes[16], bytes = 0, least = 0;
    if (clGetDeviceInfo(device, CL_DEVICE_SUB_GROUP_SIZES_INTEL, sizeof sizes, sizes, &bytes) != CL_SUCCESS)
        return 0;
    for (size_t i = 0; i < bytes / sizeof *sizes; i++)
        least = i == 0 ? sizes[i] : GM_MIN(least, sizes[i]);
    return least;
}

static gm_status read_extensions(const gm_found *found, gm_device_info *info) {
    const char *extensions = NULL;
    gm_status status = query_string(found->device, CL_DEVICE_EXTENSIONS, &extensions);
    if (status == GM_OK) {
        info->sub_groups = gm_contains_any_case(extensions, "cl_khr_subgroups") ||
                           gm_contains_any_case(extensions, "cl_intel_subgroups");
        info->half = gm_contains_any_case(extensions, "cl_khr_fp16");
        info->double_precision = gm_contains_any_case(extensions, "cl_khr_fp64");
        if (info->type == GM_DEVICE_GPU && gm_contains_any_case(extensions, "cl_intel_required_subgroup_size"))
            info->least_sub_group = least_sub_group(found->device);
        // A larger register file came with the matrix units.
        info->more_registers = gm_contains_any_case(extensions, "cl_intel_subgroup_matrix_multiply_accumulate");
    }
    free((void *)extensions);
    return status;
}

// Any GPU beats any accelerator beats any CPU. Within a type: units x clock, times the vector width on CPUs (pocl
// compiles to the whole width, Mesa's llvmpipe reports 1), times 4 for GPUs with memory of their own.
static gm_status score(const gm_found *found, gm_device_info *info, cl_uint native_width) {
    static const double base[] = {
        [GM_DEVICE_OTHER] = 0, [GM_DEVICE_CPU] = 1e8, [GM_DEVICE_GPU] = 3e8, [GM_DEVICE_ACCELERATOR] = 2e8};
    cl_uint clock = 0;
    cl_bool unified = CL_FALSE, available = CL_TRUE, compiler = CL_TRUE;
    GM_TRY(query(found->device, CL_DEVICE_MAX_CLOCK_FREQUENCY, &clock, sizeof clock));
    GM_TRY(query(found->device, CL_DEVICE_HOST_UNIFIED_MEMORY, &unified, sizeof unified));
    GM_TRY(query(found->device, CL_DEVICE_AVAILABLE, &available, sizeof available));
    GM_TRY(query(found->device, CL_DEVICE_COMPILER_AVAILABLE, &compiler, sizeof compiler));
    double speed = (double)info->compute_units * (clock > 0 ? clock : 1000);
    if (info->type == GM_DEVICE_GPU && !unified)
        speed *= 4;
    if (info->type == GM_DEVICE_CPU)
        speed *= (double)GM_MAX(native_width, (cl_uint)1);
    info->score = base[info->type] + GM_MIN(speed, 0.9e8);
    if (info->simulator || !available || !compiler)
        info->score = -1; // only when named
    return GM_OK;
}

static gm_status describe(gm_found *found) {
    gm_device_info *info = &found->info;
    cl_device_id device = found->device;
    GM_TRY(query_platform_string(found->platform, CL_PLATFORM_NAME, &info->platform));
    GM_TRY(query_platform_string(found->platform, CL_PLATFORM_VENDOR, &found->platform_vendor));
    GM_TRY(query_platform_string(found->platform, CL_PLATFORM_VERSION, &found->platform_version));
    GM_TRY(query_string(device, CL_DEVICE_NAME, &info->name));
    GM_TRY(query_string(device, CL_DEVICE_VENDOR, &info->vendor));
    GM_TRY(query_string(device, CL_DRIVER_VERSION, &info->driver_version));
    GM_TRY(query_string(device, CL_DEVICE_OPENCL_C_VERSION, &info->opencl_c_version));

    cl_device_type type = 0;
    GM_TRY(query(device, CL_DEVICE_TYPE, &type, sizeof type));
    info->type = type & CL_DEVICE_TYPE_GPU           ? GM_DEVICE_GPU
                 : type & CL_DEVICE_TYPE_ACCELERATOR ? GM_DEVICE_ACCELERATOR
                 : type & CL_DEVICE_TYPE_CPU         ? GM_DEVICE_CPU
                                                     : GM_DEVICE_OTHER;
    info->simulator = gm_contains_any_case(info->platform, "oclgrind") || gm_contains_any_case(info->name, "oclgrind");

    cl_uint units = 0, width = 0, align_bits = 0;
    cl_device_local_mem_type local_type = 0;
    GM_TRY(query(device, CL_DEVICE_MAX_COMPUTE_UNITS, &units, sizeof units));
    GM_TRY(query(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, &width, sizeof width));
    GM_TRY(query(device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, &align_bits, sizeof align_bits));
    GM_TRY(query(device, CL_DEVICE_LOCAL_MEM_TYPE, &local_type, sizeof local_type));
    GM_TRY(query(device, CL_DEVICE_MAX_WORK_GROUP_SIZE, &info->max_work_group_size, sizeof(size_t)));
    size_t items[16] = {0};
    GM_TRY(query(device, CL_DEVICE_MAX_WORK_ITEM_SIZES, items, sizeof items)); // three, more on odd devices
    memcpy(info->max_work_item_size, items, sizeof info->max_work_item_size);
    cl_ulong global = 0, largest = 0, local = 0;
    GM_TRY(query(device, CL_DEVICE_GLOBAL_MEM_SIZE, &global, sizeof global));
    GM_TRY(query(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, &largest, sizeof largest));
    GM_TRY(query(device, CL_DEVICE_LOCAL_MEM_SIZE, &local, sizeof local));
    info->compute_units = units;
    info->vector_width = width >= 16 ? 16 : width >= 8 ? 8 : 4;
    info->base_alignment = GM_MAX((size_t)align_bits / 8, (size_t)4);
    info->local_memory_dedicated = local_type == CL_LOCAL;
    info->global_bytes = global;
    info->max_allocation_bytes = largest;
    info->local_bytes = local;
    GM_TRY(read_extensions(found, info));
    return score(found, info, width);
}

// ---- The list ----

void gm_device_info_finish(gm_device_info *info) {
    free((void *)info->platform);
    free((void *)info->name);
    free((void *)info->vendor);
    free((void *)info->driver_version);
    free((void *)info->opencl_c_version);
    *info = (gm_device_info){0};
}

static void found_finish(gm_found *found) {
    free((void *)found->platform_vendor);
    free((void *)found->platform_version);
    gm_device_info_finish(&found->info);
}

void gm_found_free(gm_found **found, size_t count) {
    if (!found)
        return;
    for (size_t i = 0; *found && i < count; i++)
        found_finish(&(*found)[i]);
    free(*found);
    *found = NULL;
}

static gm_status list_platforms(cl_platform_id **platforms, cl_uint *count) {
    *platforms = NULL;
    *count = 0;
    cl_int code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS)
        code = clGetPlatformIDs(0, NULL, count);
    if (code == CL_PLATFORM_NOT_FOUND_KHR || (code == CL_SUCCESS && *count == 0))
        return gm_fail_no_platform();
    GM_TRY(gm_cl_check(code, "listing the OpenCL platforms"));
    GM_TRY(gm_alloc(platforms, *count, sizeof **platforms, "the platforms"));
    code = gm_fault_due(GM_FAULT_DEVICE);
    if (code == CL_SUCCESS)
        code = clGetPlatformIDs(*count, *platforms, NULL);
    return gm_cl_check(code, "listing the OpenCL platforms");
}

// Appends the platform's devices, described. One broken driver must not hide the others: of a device that cannot be
// described, `*broken` has the status, and the error message tells.
static gm_status list_devices(cl_platform_id platform, int platform_index, gm_found **found, size_t *count,
                              size_t *capacity, gm_status *broken) {
    cl_device_id *ids = NULL;
    cl_uint id_count = 0;
    cl_int code = gm_fault_due(GM_FAULT_DEVICE);
    GM_TRY(gm_cl_check(code, "listing the devices of OpenCL platform %d", platform_index));
    code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &id_count);
    if (code != CL_SUCCESS || id_count == 0) {
        gm_debug("OpenCL platform %d has no device: %s (%d)", platform_index, gm_cl_error_name(code), code);
        return GM_OK;
    }
    gm_status status = gm_alloc(&ids, id_count, sizeof *ids, "the devices");
    if (status == GM_OK) {
        code = gm_fault_due(GM_FAULT_DEVICE);
        if (code == CL_SUCCESS)
            code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, id_count, ids, NULL);
        status = gm_cl_check(code, "listing the devices of OpenCL platform %d", platform_index);
    }
    for (cl_uint i = 0; i < id_count && status == GM_OK; i++) {
        status = gm_grow(found, *count, capacity, sizeof **found, "the devices");
        if (status != GM_OK)
            break;
        gm_found *device = &(*found)[*count];
        *device = (gm_found){.platform = platform, .device = ids[i]};
        device->info.platform_index = platform_index;
        device->info.device_index = (int)i;
        gm_status described = describe(device);
        if (described == GM_OK) {
            ++*count;
            continue;
        }
        found_finish(device);
        gm_debug("device %d of OpenCL platform %d is left out: %s", (int)i, platform_index, gm_error_message());
        *broken = described;
    }
    free(ids);
    return status;
}

gm_status gm_found_list(gm_found **found, size_t *count) {
    *found = NULL;
    *count = 0;
    GM_TRY(gm_fault_arm_environment());
    size_t capacity = 0;
    cl_platform_id *platforms;
    cl_uint platform_count;
    gm_status status, broken = GM_OK;
    GM_TRY_DONE(list_platforms(&platforms, &platform_count));
    for (cl_uint i = 0; i < platform_count; i++)
        GM_TRY_DONE(list_devices(platforms[i], (int)i, found, count, &capacity, &broken));
    if (*count == 0 && broken != GM_OK)
        status = broken;
    else if (*count == 0)
        status = gm_fail(GM_ERROR_DEVICE,
                         "no OpenCL device: %u platforms are installed but offer none (Mesa's rusticl needs "
                         "RUSTICL_ENABLE; a CPU driver comes with `apt-get install pocl-opencl-icd`)",
                         (unsigned)platform_count);
done:
    free(platforms);
    if (status != GM_OK) {
        gm_found_free(found, *count);
        *count = 0;
    }
    return status;
}

gm_status gm_device_list(gm_device_info **list, size_t *count) {
    *list = NULL;
    *count = 0;
    gm_found *found;
    size_t found_count;
    GM_TRY(gm_found_list(&found, &found_count));
    gm_status status = gm_alloc(list, found_count, sizeof **list, "the devices");
    if (status == GM_OK) {
        for (size_t i = 0; i < found_count; i++) {
            (*list)[i] = found[i].info;
            found[i].info = (gm_device_info){0}; // the strings moved
        }
        *count = found_count;
    }
    gm_found_free(&found, found_count);
    return status;
}

void gm_device_list_free(gm_device_info **list, size_t count) {
    if (!list)
        return;
    for (size_t i = 0; *list && i < count; i++)
        gm_device_info_finish(&(*list)[i]);
    free(*list);
    *list = NULL;
}

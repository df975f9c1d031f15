// Programs: their parts joined into one text, then built from it, or from the binary that an earlier run left on disk.
#include "device/internal.h"

#include <stdlib.h>
#include <string.h>

// #line makes compiler messages cite the part's file and its own line numbers.
static gm_status join(const gm_source *sources, size_t count, gm_text *text) {
    for (size_t i = 0; i < count; i++) {
        gm_text_printf(text, "#line 1 \"%s\"\n", sources[i].name);
        gm_text_append(text, sources[i].text);
        gm_text_append(text, "\n");
    }
    if (count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "a program without source");
    return text->failed ? gm_fail_memory(text->length, "a program's text") : GM_OK;
}

// Warnings are for who writes kernels: pocl's compiler prints them, and how many they were, to standard error.
static cl_int compile(const gm_device *device, cl_program program, const char *options) {
    gm_text text = {0};
    gm_text_printf(&text, "%s%s", gm_debugging() ? "" : "-w ", options);
    cl_int code = text.failed ? CL_OUT_OF_HOST_MEMORY : clBuildProgram(program, 1, &device->id, text.data, NULL, NULL);
    gm_text_finish(&text);
    return code;
}

// What the compiler says; the caller's. NULL: nothing.
static char *fetch_log(const gm_device *device, cl_program program) {
    size_t bytes = 0;
    char *log = NULL;
    if (clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes) == CL_SUCCESS)
        log = calloc(bytes + 1, 1);
    if (log && clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, bytes, log, NULL) != CL_SUCCESS)
        log[0] = '\0';
    return log;
}

static gm_status build_from_source(gm_program *program, const gm_source *sources, size_t count, const char *text,
                                   const char *options) {
    gm_device *device = program->device;
    const char *name = sources[count - 1].name;
    cl_int code = gm_fault_due(GM_FAULT_BUILD);
    if (code == CL_SUCCESS)
        program->program = clCreateProgramWithSource(device->context, 1, &text, NULL, &code);
    GM_TRY(gm_cl_check(code, "creating a program from %s", name));
    code = gm_fault_due(GM_FAULT_BUILD);
    if (code != CL_SUCCESS)
        return gm_cl_check(code, "building %s on device \"%s\"", name, device->info.name);
    code = compile(device, program->program, options);
    bool refused = code == CL_BUILD_PROGRAM_FAILURE;
    char *log = refused || gm_debugging() ? fetch_log(device, program->program) : NULL;
    gm_debug_build(log ? log : "");
    gm_status status =
        refused ? gm_fail_build(sources, count, options, device->info.name, log ? log : "")
                : gm_cl_check(code, "building %s on device \"%s\" with \"%s\"", name, device->info.name, options);
    free(log);
    return status;
}

// Builds from a cached binary. A refusal by the driver is no error: *loaded tells. An injected fault is one, so that a
// sweep sees the same outcome whatever the cache holds.
static gm_status build_from_binary(gm_program *program, const char *binary, size_t bytes, const char *options,
                                   bool *loaded) {
    gm_device *device = program->device;
    *loaded = false;
    GM_TRY(gm_cl_check(gm_fault_due(GM_FAULT_BUILD), "creating a program from a cached binary"));
    const unsigned char *data = (const unsigned char *)binary;
    cl_int state = CL_SUCCESS, code = CL_SUCCESS;
    cl_program made = clCreateProgramWithBinary(device->context, 1, &device->id, &bytes, &data, &state, &code);
    if (code == CL_SUCCESS && state == CL_SUCCESS) {
        int fault = gm_fault_due(GM_FAULT_BUILD);
        if (fault != CL_SUCCESS) {
            clReleaseProgram(made);
            return gm_cl_check(fault, "building a cached program on device \"%s\"", device->info.name);
        }
        code = compile(device, made, options);
    }
    if (code != CL_SUCCESS || state != CL_SUCCESS) {
        gm_debug("program cache: the driver refuses a binary (%s); building from source",
                 gm_cl_error_name(code != CL_SUCCESS ? code : state));
        if (made)
            clReleaseProgram(made);
        return GM_OK;
    }
    program->program = made;
    *loaded = true;
    return GM_OK;
}

// Puts the program's binary into the cache. What the driver will not hand out is not stored: no error.
static gm_status store(gm_program *program, gm_cache_key key) {
    gm_device *device = program->device;
    if (!device->cache_folder || device->driver_caches)
        return GM_OK;
    size_t bytes = 0;
    GM_TRY(gm_cl_check(gm_fault_due(GM_FAULT_BUILD), "fetching a program's binary"));
    cl_int code = clGetProgramInfo(program->program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL);
    unsigned char *binary = code == CL_SUCCESS && bytes > 0 ? malloc(bytes) : NULL;
    if (!binary)
        return GM_OK;
    gm_status status = gm_cl_check(gm_fault_due(GM_FAULT_BUILD), "fetching a program's binary");
    if (status == GM_OK) {
        code = clGetProgramInfo(program->program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL);
        if (code == CL_SUCCESS)
            gm_cache_store(device, key, binary, bytes);
    }
    free(binary);
    return status;
}

static gm_status keep_text(gm_program *program, const char *text, const char *options) {
    GM_TRY(gm_alloc(&program->text, strlen(text) + 1, 1, "a program's text"));
    GM_TRY(gm_alloc(&program->options, strlen(options) + 1, 1, "a program's options"));
    strcpy(program->text, text);
    strcpy(program->options, options);
    return GM_OK;
}

static gm_status build(gm_program *program, const gm_source *sources, size_t count, const char *text,
                       const char *options) {
    gm_device *device = program->device;
    gm_cache_key key = program->key = gm_cache_get_key(device, text, options);
    char *binary = NULL;
    size_t bytes;
    bool known = (!device->driver_caches || gm_ahead_ready(device)) && gm_cache_load(device, key, &binary, &bytes);
    if (device->driver_caches) {
        free(binary);
        if (!known && gm_ahead_ready(device))
            GM_TRY(keep_text(program, text, options));
    } else if (known) {
        bool loaded;
        gm_status status = build_from_binary(program, binary, bytes, options, &loaded);
        free(binary);
        GM_TRY(status);
        if (loaded) {
            device->counters.programs_loaded++;
            return GM_OK;
        }
        gm_cache_drop(device, key);
    }
    GM_TRY(build_from_source(program, sources, count, text, options));
    device->counters.programs_built++;
    return store(program, key);
}

const char *gm_device_width_options(const gm_device *device) {
    size_t width = device->info.vector_width;
    return width == 16  ? "-cl-std=CL1.2 -DGM_WIDTH=16"
           : width == 8 ? "-cl-std=CL1.2 -DGM_WIDTH=8"
                        : "-cl-std=CL1.2 -DGM_WIDTH=4";
}

// Intel's compiler is free to have so many items run in step that 64 sums of each do not fit the registers, and would
// put them into memory: the fewest, and the larger of two register files where there are two. Where there are not,
// kernels hold less at a time.
static gm_status append_choices(gm_text *options, const gm_device *device) {
    if (device->info.least_sub_group > 0)
        gm_text_printf(options, " -DGM_GPU_SUBGROUP=%zu %s", device->info.least_sub_group,
                       device->info.more_registers ? "-cl-intel-256-GRF-per-thread" : "-DGM_GPU_FEW_REGISTERS=1");
    return options->failed ? gm_fail_memory(options->capacity, "a program's options") : GM_OK;
}

gm_status gm_program_build(gm_program **out, gm_device *device, const char *text, const char *options) {
    const gm_source whole = {"a program compiled ahead", text};
    gm_program *program;
    *out = NULL;
    GM_TRY(gm_alloc(&program, 1, sizeof *program, "a program"));
    program->device = device;
    gm_status status = build_from_source(program, &whole, 1, text, options);
    if (status == GM_OK)
        *out = program;
    else
        gm_program_destroy(&program);
    return status;
}

gm_status gm_program_create(gm_program **out, gm_device *device, const gm_source *sources, size_t count,
                            const char *options) {
    *out = NULL;
    gm_text text = {0}, all = {0}; // options
    gm_program *program = NULL;
    gm_status status;
    gm_text_append(&all, options ? options : "");
    GM_TRY_DONE(append_choices(&all, device));
    GM_TRY_DONE(join(sources, count, &text));
    GM_TRY_DONE(gm_alloc(&program, 1, sizeof *program, "a program"));
    program->device = device;
    if (device->description)
        GM_TRY_DONE(keep_text(program, text.data, all.data));
    else
        GM_TRY_DONE(build(program, sources, count, text.data, all.data));
    *out = program;
    program = NULL;
done:
    gm_program_destroy(&program);
    gm_text_finish(&text);
    gm_text_finish(&all);
    return status;
}

gm_status gm_program_try(gm_program **program, gm_device *device, const gm_source *sources, size_t count,
                         const char *options) {
    gm_status status = gm_program_create(program, device, sources, count, options);
    if (status != GM_ERROR_DEVICE)
        return status;
    gm_debug("%s", gm_error_message());
    return GM_OK;
}

void gm_program_destroy(gm_program **program) {
    if (!program || !*program)
        return;
    if ((*program)->program) {
        clReleaseProgram((*program)->program);
        (*program)->device->counters.programs_released++;
    }
    free((*program)->text);
    free((*program)->options);
    free(*program);
    *program = NULL;
}

// The first kept kernel whose key is not below `key`.
static size_t place_of(const gm_device *device, uint64_t key) {
    size_t low = 0, high = device->kernel_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (device->kernels[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

gm_program *gm_device_find_program(const gm_device *device, uint64_t key) {
    size_t at = place_of(device, key);
    return at < device->kernel_count && device->kernels[at].key == key ? device->kernels[at].program : NULL;
}

gm_status gm_device_keep_program(gm_device *device, gm_program **program, const uint64_t *keys, size_t count) {
    GM_TRY(gm_grow(&device->programs, device->program_count, &device->program_capacity, sizeof *device->programs,
                   "a device's programs"));
    gm_program *kept = device->programs[device->program_count++] = *program;
    *program = NULL;
    for (size_t i = 0; i < count; i++) {
        GM_TRY(gm_grow(&device->kernels, device->kernel_count, &device->kernel_capacity, sizeof *device->kernels,
                       "a device's kernels"));
        size_t at = place_of(device, keys[i]);
        memmove(device->kernels + at + 1, device->kernels + at, (device->kernel_count - at) * sizeof *device->kernels);
        device->kernels[at] = (gm_kept_kernel){keys[i], kept};
        device->kernel_count++;
    }
    return GM_OK;
}

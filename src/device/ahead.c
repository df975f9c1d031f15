// Jobs for the processes that compile kernels ahead (compilers.c): which programs want it, and a program's kernels,
// made into a file and sent to the foreman.
#include "device/internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MOST_WORKERS = 4,          // of .2 GB each
    MOST_GROUPS = 0xffff,      // of a launch along an axis: pocl compiles a kernel anew for more
    MOST_MILLISECONDS = 60000, // that a job is waited for
};

// The socket to the foreman, and the jobs that it has not answered; process-wide, as the foreman is. 0: there is none.
static int foreman;
static size_t jobs_open;

void gm_ahead_connect(int socket) {
    foreman = socket;
}

bool gm_ahead_ready(const gm_device *device) {
    return foreman && device->driver_caches && device->cache_folder && device->info.compute_units > 1;
}

bool gm_program_ahead_wanted(const gm_program *program) {
    return program->text && gm_ahead_ready(program->device);
}

void gm_program_compiled(const gm_program *program) {
    gm_cache_store(program->device, program->key, "", 0);
}

static void dismiss(void) {
    close(foreman);
    foreman = 0;
    jobs_open = 0;
}

void gm_ahead_wait(void) {
    while (jobs_open > 0) {
        struct pollfd answer = {.fd = foreman, .events = POLLIN};
        char byte;
        int ready = poll(&answer, 1, MOST_MILLISECONDS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 1 && recv(foreman, &byte, 1, 0) == 1)
            jobs_open--;
        else
            dismiss();
    }
}

gm_status gm_ahead_add(gm_ahead *ahead, const gm_ahead_kernel *kernel, const size_t *global,
                       const gm_ahead_argument *arguments) {
    for (size_t i = 0; i < kernel->dims; i++)
        if (global[i] / kernel->local[i] > MOST_GROUPS)
            return GM_OK;
    GM_TRY(gm_grow(&ahead->kernels, ahead->kernel_count, &ahead->kernel_capacity, sizeof *ahead->kernels,
                   "kernels to compile ahead"));
    for (size_t i = 0; i < kernel->argument_count; i++) {
        GM_TRY(gm_grow(&ahead->arguments, ahead->argument_count + i, &ahead->argument_capacity,
                       sizeof *ahead->arguments, "arguments of kernels to compile ahead"));
        ahead->arguments[ahead->argument_count + i] = arguments[i];
    }
    gm_ahead_kernel *added = &ahead->kernels[ahead->kernel_count++];
    *added = *kernel;
    added->first_argument = ahead->argument_count;
    ahead->argument_count += kernel->argument_count;
    return GM_OK;
}

void gm_ahead_finish(gm_ahead *ahead) {
    free(ahead->kernels);
    free(ahead->arguments);
    *ahead = (gm_ahead){0};
}

// The job's file; the caller's. NULL without memory.
static char *make_job(const gm_ahead *ahead, const gm_program *program, size_t *bytes) {
    const gm_device *device = program->device;
    gm_ahead_job head = {.workers = GM_MIN(device->info.compute_units - 1, (size_t)MOST_WORKERS),
                         .options_bytes = strlen(program->options) + 1,
                         .text_bytes = strlen(program->text) + 1,
                         .kernel_count = ahead->kernel_count,
                         .argument_count = ahead->argument_count,
                         .memory_bytes = ahead->memory_bytes,
                         .key = program->key};
    snprintf(head.selector, sizeof head.selector, "%d:%d", device->info.platform_index, device->info.device_index);
    const struct {
        const void *data;
        size_t bytes;
    } parts[] = {{&head, sizeof head},
                 {ahead->kernels, ahead->kernel_count * sizeof *ahead->kernels},
                 {ahead->arguments, ahead->argument_count * sizeof *ahead->arguments},
                 {program->options, head.options_bytes},
                 {program->text, head.text_bytes}};
    *bytes = 0;
    for (size_t i = 0; i < GM_COUNT(parts); i++)
        *bytes += parts[i].bytes;
    char *data = malloc(*bytes), *end = data;
    for (size_t i = 0; data && i < GM_COUNT(parts); end += parts[i++].bytes)
        memcpy(end, parts[i].data, parts[i].bytes);
    return data;
}

void gm_program_compile_ahead(gm_program *program, const gm_ahead *ahead) {
    static size_t jobs;
    size_t bytes;
    char path[PATH_MAX] = {0};
    int length = snprintf(path, sizeof path, "%s/%08lx%08zx.program.job", program->device->cache_folder,
                          (unsigned long)getpid(), jobs++);
    char *data = ahead->kernel_count > 0 && length < (int)sizeof path ? make_job(ahead, program, &bytes) : NULL;
    if (data && gm_folder_create(program->device->cache_folder) == GM_OK &&
        gm_file_write_atomic(path, data, bytes) == GM_OK) {
        if (send(foreman, path, sizeof path, MSG_NOSIGNAL) == sizeof path) {
            gm_debug("%zu kernels are compiled ahead", ahead->kernel_count);
            jobs_open++;
        } else {
            unlink(path);
            dismiss();
        }
    }
    free(data);
    free(program->text);
    free(program->options);
    program->text = program->options = NULL;
}

// Kernels compiled ahead by other processes, where a driver (pocl) compiles a kernel at its first launch, one at a time
// in a process, and keeps it on disk for all of them.
//
// A process that was forked before OpenCL began, the foreman, waits for jobs: a program and the kernels that will be
// launched, in order, in a file that ahead.c writes. For each it forks workers, which build the program and launch
// one group of each kernel on memory of their own, last kernel first: they and the process that launches all of them
// in order meet on the way. What a worker fails to do is compiled at its launch, as ever.
#include "device/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_BYTES (1 << 26) // of a job

// The file's parts, one behind the other.
typedef struct job {
    const gm_ahead_job *head;
    const char *options, *text;
    const gm_ahead_kernel *kernels;
    const gm_ahead_argument *arguments;
} job;

static bool is_orphan(int boss) {
    char byte;
    return recv(boss, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool launch_once(gm_device *device, gm_program *program, cl_mem memory, const job *j,
                        const gm_ahead_kernel *kernel) {
    cl_int code;
    cl_kernel made = clCreateKernel(program->program, kernel->name, &code);
    for (size_t i = 0; code == CL_SUCCESS && i < kernel->argument_count; i++) {
        const gm_ahead_argument *a = &j->arguments[kernel->first_argument + i];
        code = clSetKernelArg(made, (cl_uint)i, a->bytes ? a->bytes : sizeof memory,
                              a->bytes ? (const void *)a->value : &memory);
    }
    if (code == CL_SUCCESS)
        code = clEnqueueNDRangeKernel(device->queue, made, (cl_uint)kernel->dims, NULL, kernel->local, kernel->local, 0,
                                      NULL, NULL);
    if (code == CL_SUCCESS)
        code = clFinish(device->queue);
    if (made)
        clReleaseKernel(made);
    return code == CL_SUCCESS;
}

// Every `workers`-th kernel, from the `share`-th of the last on.
static int work(const job *j, size_t share, int boss) {
    gm_device *device;
    gm_program *program;
    cl_int code;
    if (gm_device_open(&device, j->head->selector) != GM_OK ||
        gm_program_build(&program, device, j->text, j->options) != GM_OK)
        return 1;
    void *zeros = calloc(j->head->memory_bytes, 1); // which take no memory until they are written
    if (!zeros)
        return 1;
    cl_mem memory = clCreateBuffer(device->context, CL_MEM_USE_HOST_PTR, j->head->memory_bytes, zeros, &code);
    bool complete = code == CL_SUCCESS;
    for (size_t i = share; code == CL_SUCCESS && i < j->head->kernel_count && !is_orphan(boss); i += j->head->workers)
        complete &= launch_once(device, program, memory, j, &j->kernels[j->head->kernel_count - 1 - i]);
    if (share == 0 && complete && !is_orphan(boss))
        gm_cache_store(device, j->head->key, "", 0);
    return !complete;
}

static bool parse(const char *data, size_t bytes, job *j) {
    const gm_ahead_job *head = (const gm_ahead_job *)data;
    if (bytes < sizeof *head)
        return false;
    *j = (job){.head = head, .kernels = (const gm_ahead_kernel *)(data + sizeof *head)};
    j->arguments = (const gm_ahead_argument *)(j->kernels + head->kernel_count);
    j->options = (const char *)(j->arguments + head->argument_count);
    j->text = j->options + head->options_bytes;
    return bytes == (size_t)(j->text - data) + head->text_bytes;
}

static void do_job(const char *path, int boss) {
    char *data = NULL;
    size_t bytes, started = 0;
    job j;
    bool read = gm_file_read(path, MOST_BYTES, &data, &bytes) == GM_OK;
    unlink(path);
    for (size_t share = 0; read && parse(data, bytes, &j) && share < j.head->workers; share++) {
        pid_t worker = fork();
        if (worker == 0)
            _exit(work(&j, share, boss));
        started += worker > 0;
    }
    while (started > 0) {
        pid_t ended = wait(NULL);
        if (ended < 0 && errno != EINTR)
            break;
        started -= ended > 0;
    }
    free(data);
}

static _Noreturn void lead(int boss) {
    char path[PATH_MAX];
    int nothing = open("/dev/null", O_RDWR);
    for (int stream = 0; nothing >= 0 && stream < (gm_debugging() ? 2 : 3); stream++)
        dup2(nothing, stream);
    while (recv(boss, path, sizeof path, MSG_WAITALL) == sizeof path) {
        do_job(path, boss);
        if (send(boss, "", 1, MSG_NOSIGNAL) != 1)
            break;
    }
    _exit(0);
}

gm_status gm_compilers_start(void) {
    const char *wanted = getenv("GANYMEDE_COMPILERS");
    if (wanted && strcmp(wanted, "0") != 0 && strcmp(wanted, "") != 0)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "GANYMEDE_COMPILERS=%s is unknown: leave it out to have other processes compile kernels, too, or "
            "set it to 0 to have none",
            wanted);
    int ends[2];
    static bool started;
    if (started || (wanted && wanted[0]) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return GM_OK;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        lead(ends[1]);
    }
    close(ends[1]);
    started = child > 0;
    if (started)
        gm_ahead_connect(ends[0]);
    else
        close(ends[0]);
    return GM_OK;
}

// The device layer's inner interface: buffers, programs, kernels, launches. The only folder that includes CL/cl.h.
//
// The queue is in order; nothing waits unless it says so. Every OpenCL call that can fail passes one checked place
// (fault.h), where GANYMEDE_FAULT=CLASS:N fails the N-th call of its class: device, alloc, build, kernel, launch,
// read, write, wait. Releases are exempt. One thread at a time per device.
#ifndef GM_DEVICE_DEVICE_H
#define GM_DEVICE_DEVICE_H

#include "base/base.h"
#include "ganymede/device.h"

typedef struct gm_buffer gm_buffer;
typedef struct gm_program gm_program;
typedef struct gm_kernel gm_kernel;
typedef struct gm_recording gm_recording;

// Device memory, uninitialised. gm_buffer_view: `bytes` of `parent` from `offset` (a multiple of the device's
// base_alignment); destroy views before their parent. NULL-safe destroy.
gm_status gm_buffer_create(gm_buffer **buffer, gm_device *device, size_t bytes);
gm_status gm_buffer_view(gm_buffer **view, gm_buffer *parent, size_t offset, size_t bytes);
void gm_buffer_destroy(gm_buffer **buffer);
size_t gm_buffer_bytes(const gm_buffer *buffer);
// Enqueued in order; write returns when `data` may be reused, read when `data` is complete.
gm_status gm_buffer_write(gm_buffer *buffer, size_t offset, const void *data, size_t bytes);
gm_status gm_buffer_read(gm_buffer *buffer, size_t offset, void *data, size_t bytes);
// Does not wait: `data` must live until gm_device_finish, and is complete then.
gm_status gm_buffer_read_later(gm_buffer *buffer, size_t offset, void *data, size_t bytes);
gm_status gm_buffer_clear(gm_buffer *buffer); // all zeros; does not wait
// Fills with a repeated 32-bit pattern; offset and bytes multiples of 4. Does not wait.
gm_status gm_buffer_fill(gm_buffer *buffer, size_t offset, size_t bytes, uint32_t pattern);

// One part of a program's text: `name` is the .cl file (or "generated") that compiler messages will cite.
typedef struct gm_source {
    const char *name, *text;
} gm_source;
// Build options of programs whose kernels take their vectors from the device's width.
const char *gm_device_width_options(const gm_device *device);
// The text of an embedded kernel file ("conv.cl"), or of GANYMEDE_CL_PATH/NAME when that is set. Owned by the device.
gm_status gm_device_source(gm_device *device, const char *name, const char **text);
// Concatenates the parts (with #line), builds them with `options`, through the disk cache (GANYMEDE_CACHE, else
// XDG_CACHE_HOME/ganymede, else ~/.cache/ganymede; keyed by text, options, device, driver; at most 256 MB and
// 90 days unused; "" disables it).
// A compile error's message cites the file and line.
gm_status gm_program_create(gm_program **program, gm_device *device, const gm_source *sources, size_t count,
                            const char *options);
void gm_program_destroy(gm_program **program);
// The folder of caches: GANYMEDE_CACHE, else where a user's caches are; the caller frees it. NULL: nowhere.
gm_status gm_cache_folder(char **folder);
// Programs that outlive their makers, so that plans share kernels: hands the program over to the device, where it stays
// until that is closed, as what holds the kernels with these keys. find: NULL where there is none.
gm_status gm_device_keep_program(gm_device *device, gm_program **program, const uint64_t *keys, size_t count);
gm_program *gm_device_find_program(const gm_device *device, uint64_t key);
// The programs that were handed over; text and options are NULL where the device is no description, which builds them.
size_t gm_device_program_count(const gm_device *device);
void gm_device_get_program(const gm_device *device, size_t index, const char **text, const char **options);

// Kernels compiled ahead by other processes (gm_compilers_start). wanted: the program has kernels that its driver,
// which keeps them on disk, would compile one by one at their first launches, and there is who does so sooner. Kernels
// are added in the order in which they will be launched first; add copies. compile_ahead does not wait, and what cannot
// be done is left to the launches; gm_ahead_wait returns when nothing is compiled ahead any more, or after a minute.
// compiled: of a program for which it was wanted, all kernels have been launched; later starts need no help.
typedef struct gm_ahead_argument {
    size_t bytes;           // 0: memory of at most the gm_ahead's memory_bytes
    unsigned char value[8]; // of so many bytes
} gm_ahead_argument;
typedef struct gm_ahead_kernel {
    char name[64];
    size_t dims, local[3], argument_count;
    size_t first_argument; // set by add
} gm_ahead_kernel;
typedef struct gm_ahead { // zeroed: none
    gm_ahead_kernel *kernels;
    gm_ahead_argument *arguments;
    size_t kernel_count, kernel_capacity, argument_count, argument_capacity;
    size_t memory_bytes; // set by the caller
} gm_ahead;
bool gm_program_ahead_wanted(const gm_program *program);
gm_status gm_ahead_add(gm_ahead *ahead, const gm_ahead_kernel *kernel, const size_t *global,
                       const gm_ahead_argument *arguments);
void gm_program_compile_ahead(gm_program *program, const gm_ahead *ahead);
void gm_ahead_finish(gm_ahead *ahead);
void gm_ahead_wait(void);
void gm_program_compiled(const gm_program *program);

// A kernel object with its own arguments: one per launch of a plan, bound once.
gm_status gm_kernel_create(gm_kernel **kernel, gm_program *program, const char *name);
void gm_kernel_destroy(gm_kernel **kernel);
gm_status gm_kernel_bind_buffer(gm_kernel *kernel, unsigned index, gm_buffer *buffer);
gm_status gm_kernel_bind_value(gm_kernel *kernel, unsigned index, const void *value, size_t bytes);
gm_status gm_kernel_bind_local(gm_kernel *kernel, unsigned index, size_t bytes);
const char *gm_kernel_name(const gm_kernel *kernel);

// What a launch is and costs, for the profile. `label` must stay valid while the device is open.
typedef struct gm_cost {
    const char *label;
    double flop, bytes; // operations as the direct algorithm's
    double executed;    // of these, what runs: fewer in GPUs' products of fast convolutions; else the same
} gm_cost;
// Enqueues over `dims` (1..3) dimensions; `local` may be NULL. Global sizes must be multiples of the local ones.
gm_status gm_kernel_launch(gm_kernel *kernel, size_t dims, const size_t *global, const size_t *local,
                           const gm_cost *cost);

// Launches that are handed to the driver once and then run, in their order, by one command as often as wanted. Whether
// the device takes them: by default if it is a GPU or an accelerator whose driver offers cl_khr_command_buffer in a
// known version, and never while profiling; the first question tries it, and where a recording computes something else
// than its launches the answer is no. GANYMEDE_COMMAND_BUFFER=1: also CPUs whose driver does; =0: none.
bool gm_device_records(gm_device *device);
// create, launch for each, finish, and from then on wait and enqueue. Where one of them but wait fails nothing has been
// enqueued: the same launches can be made one by one. The kernels must live, with the arguments that they have, as long
// as the recording. wait returns when the recording can be enqueued: at once, but where the driver wants it to be over
// before it runs again, for the last run but one, with whose failure it fails. Destroy it when nothing of it runs;
// NULL-safe.
gm_status gm_recording_create(gm_recording **recording, gm_device *device);
gm_status gm_recording_launch(gm_recording *recording, gm_kernel *kernel, size_t dims, const size_t *global,
                              const size_t *local);
gm_status gm_recording_finish(gm_recording *recording);
gm_status gm_recording_wait(gm_recording *recording);
gm_status gm_recording_enqueue(gm_recording *recording);
void gm_recording_destroy(gm_recording **recording);

extern const char *const gm_precision_names[]; // by gm_precision, ended by NULL
// The build options of a program that begins with matrix.cl and multiplies at that precision on this device's matrix
// units; NULL: it has none that compute what they should. They are tried by the first question, whose answer the device
// keeps. GANYMEDE_MATRIX=emulated (then mma) or emulated:INSTRUCTION, one of mma, mfma, wmma, dpas16 and dpas8:
// instead, options of that instruction's slow emulation, for tests. Fails when it is set to anything else.
gm_status gm_device_matrix(gm_device *device, gm_precision precision, const char **options);

// The build options of a program with subgroup.cl in it and without matrix.cl: with the device's sub-groups where it
// reports some that fold values as they should, tried by the first question, or without. GANYMEDE_SUBGROUPS=off: always
// without; =try: also tried where none are reported. Fails when it is set to anything else.
gm_status gm_device_subgroups(gm_device *device, const char **options);

gm_status gm_device_flush(gm_device *device);
gm_status gm_device_finish(gm_device *device);
// A point in the queue that can be waited for. Zeroed value = passed. Reuse waits for nothing.
typedef struct gm_marker {
    gm_device *device;
    void *event; // NULL: passed
} gm_marker;
gm_status gm_marker_record(gm_marker *marker, gm_device *device);
gm_status gm_marker_wait(gm_marker *marker); // waits and forgets; a zeroed marker returns at once
void gm_marker_finish(gm_marker *marker);

// Profiling: from `start` on, every launch records its event; `stop` waits and gathers.
typedef struct gm_profile_row {
    char kernel[64];
    size_t calls;
    double seconds, flop, bytes;
} gm_profile_row;
gm_status gm_profile_start(gm_device *device);
// Rows by label, largest time first (free with free()); span = first start to last end, busy = time covered by kernels.
gm_status gm_profile_stop(gm_device *device, gm_profile_row **rows, size_t *count, double *span, double *busy);
// The launches since start, as a Chrome trace (chrome://tracing, Perfetto). Before stop.
gm_status gm_profile_trace(gm_device *device, const char *path);

// c = a b on CLBlast (row-major, leading dimensions in elements); GM_ERROR_STATE where CLBlast refuses.
gm_status gm_clblast_gemm(gm_device *device, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                          gm_buffer *a, size_t offset_a, size_t lda, gm_buffer *b, size_t offset_b, size_t ldb,
                          gm_buffer *c, size_t offset_c, size_t ldc);

// Counters since the device was opened; a test shows that a running step creates and builds nothing. Commands are what
// the launches were enqueued by: one each, or one for all of a recording.
typedef struct gm_device_counters {
    size_t buffers_created, kernels_created, programs_built, programs_loaded, programs_released, launches, commands,
        waits;
} gm_device_counters;
void gm_device_get_counters(const gm_device *device, gm_device_counters *counters);

#endif

// What the files of src/device share: the objects behind device.h and the helpers that cross files.
#ifndef GM_DEVICE_INTERNAL_H
#define GM_DEVICE_INTERNAL_H

#include "device/device.h"
#include "device/fault.h"

#include <CL/cl.h>

// ---- choose.c, drivers.c, select.c ----

// A device as found, before it is opened. The strings are the found list's, until moved out.
typedef struct gm_found {
    gm_device_info info;
    cl_platform_id platform;
    cl_device_id device;
    const char *platform_vendor, *platform_version;
} gm_found;

// drivers.c: GM_ERROR_DEVICE, saying how to install a driver, or why those that are installed do not come up.
gm_status gm_fail_no_platform(void);
gm_status gm_found_list(gm_found **found, size_t *count);
void gm_found_free(gm_found **found, size_t count);
void gm_device_info_finish(gm_device_info *info); // frees the strings
// The index of the device that the selector names (NULL: GANYMEDE_DEVICE, else the best score).
gm_status gm_found_choose(const gm_found *found, size_t count, const char *selector, size_t *index);

bool gm_contains_any_case(const char *text, const char *part);

// ---- described.c ----

// The language in which a driver offers sub-groups that fold values as cl/subgroup.cl wants it.
typedef enum gm_subgroups { GM_SUBGROUPS_NONE = 0, GM_SUBGROUPS_INTEL, GM_SUBGROUPS_KHR } gm_subgroups;

typedef struct gm_description {
    const char *name, *card, *vendor;
    size_t compute_units;
    uint64_t global_bytes, max_allocation_bytes, local_bytes;
    size_t max_work_group_size, base_alignment;
    const char *matrix; // matrix.c's instruction; NULL: none
    gm_subgroups sub_groups;
    size_t least_sub_group;
    bool half, double_precision;
} gm_description;

const gm_description *gm_description_find(const char *name); // NULL: there is none of that name
gm_status gm_description_get_info(const gm_description *description, gm_device_info *info); // driver_version: its name
// GM_ERROR_DEVICE: `what` needs a device that is here.
gm_status gm_fail_described(const gm_device *device, const char *what);

// ---- the device ----

// Host memory that a write was copied to, busy until its event completes.
typedef struct gm_stage {
    void *memory;
    size_t capacity;
    cl_event event; // NULL: free
} gm_stage;

enum { GM_STAGE_COUNT = 16 };

typedef struct gm_profile_launch {
    char label[64];
    double flop, bytes;
    cl_event event;      // NULL once its times were read
    cl_ulong begin, end; // nanoseconds on the device's clock
} gm_profile_launch;

typedef struct gm_source_text {
    const char *name, *text;
} gm_source_text;

enum { GM_MATRIX_UNITS = 16 };
typedef enum gm_matrix_answer { GM_MATRIX_UNKNOWN = 0, GM_MATRIX_FAILS, GM_MATRIX_RUNS } gm_matrix_answer;

typedef struct gm_kept_kernel {
    uint64_t key;
    gm_program *program;
} gm_kept_kernel;

// What the driver records launches with, of cl_khr_command_buffer. All NULL: it does not, or is not asked to.
typedef struct gm_command_buffer gm_command_buffer;
typedef struct gm_recorder {
    gm_command_buffer *(CL_API_CALL *create)(cl_uint queue_count, const cl_command_queue *queues,
                                             const cl_ulong *properties, cl_int *code);
    cl_int(CL_API_CALL *launch)(gm_command_buffer *buffer, cl_command_queue queue, const cl_ulong *properties,
                                cl_kernel kernel, cl_uint dims, const size_t *offset, const size_t *global,
                                const size_t *local, cl_uint point_count, const cl_uint *points, cl_uint *point,
                                void **handle);
    cl_int(CL_API_CALL *finalize)(gm_command_buffer *buffer);
    cl_int(CL_API_CALL *enqueue)(cl_uint queue_count, cl_command_queue *queues, gm_command_buffer *buffer,
                                 cl_uint event_count, const cl_event *events, cl_event *event);
    cl_int(CL_API_CALL *release)(gm_command_buffer *buffer);
    bool simultaneous; // a command buffer can be enqueued while it runs
    bool tried;        // and found to compute what single launches do
} gm_recorder;

struct gm_device {
    gm_device_info info;
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;                    // the one in use
    cl_command_queue plain_queue, timed_queue; // timed: made by the first gm_profile_start
    const char *platform_version;
    const gm_description *description; // NULL: the device is here; else it has no context and no queue
    gm_device_counters counters;
    gm_arena arena; // source texts read from GANYMEDE_CL_PATH
    gm_source_text *sources;
    size_t source_count, source_capacity;
    gm_stage stages[GM_STAGE_COUNT];
    bool profiling;
    gm_profile_launch *launches;
    size_t launch_count, launch_capacity;
    char *cache_folder;      // NULL: no disk cache
    bool driver_caches;      // the driver has a disk cache of its own: an entry only says that kernels are in it
    uint64_t cache_identity; // hash of everything but text and options that a binary depends on
    gm_program **programs;   // kept
    size_t program_count, program_capacity;
    gm_kept_kernel *kernels; // theirs, by key
    size_t kernel_count, kernel_capacity;
    gm_buffer *gemm_scratch;
    bool clblast_used;
    gm_matrix_answer matrix_answers[GM_MATRIX_UNITS]; // what matrix.c found, by its table's rows
    const char *subgroup_options;                     // what subgroup.c found; NULL: nobody asked
    gm_recorder recorder;
};

struct gm_buffer {
    gm_device *device;
    cl_mem memory;
    cl_mem root; // the buffer that `memory` is part of, or itself
    size_t origin, bytes;
};
// Has a new buffer lie in large pages, where that is known to help. (pages.c)
void gm_buffer_advise(gm_buffer *buffer);

typedef struct gm_cache_key {
    uint64_t entry, check; // the file's name, and a second hash that the file must carry
} gm_cache_key;

struct gm_program {
    gm_device *device;
    cl_program program;
    char *text, *options; // of a described device, instead of the program, or to be compiled ahead; else NULL
    gm_cache_key key;
};

struct gm_kernel {
    gm_device *device;
    cl_kernel kernel;
    char name[64];
};

// ---- cache.c ----

// An entry's content, checked: where in `data` its program lies. False: damaged, or of another key's second hash.
bool gm_cache_parse(const char *data, size_t bytes, uint64_t check, const char **binary, size_t *length);
gm_status gm_cache_open(gm_device *device);
gm_cache_key gm_cache_get_key(const gm_device *device, const char *text, const char *options);
// The binary of an intact entry (free it); false where there is none, after dropping a damaged one.
bool gm_cache_load(const gm_device *device, gm_cache_key key, char **binary, size_t *bytes);
// Silent where the folder cannot be written.
void gm_cache_store(const gm_device *device, gm_cache_key key, const void *binary, size_t bytes);
// Removes what nobody used for so long, then what was used longest ago until the rest is no larger than that. Processes
// may do so at once; what cannot be removed stays.
void gm_cache_prune(const char *folder, uint64_t most_bytes, double most_seconds);
void gm_cache_drop(const gm_device *device, gm_cache_key key);

// ---- ahead.c, compilers.c ----

// How a job's file begins; behind it lie kernels, arguments, the options and the text.
typedef struct gm_ahead_job {
    char selector[32];
    gm_cache_key key;
    size_t workers, options_bytes, text_bytes, kernel_count, argument_count, memory_bytes;
} gm_ahead_job;
void gm_ahead_connect(int socket);            // to who does the jobs that are sent there as the paths of their files
bool gm_ahead_ready(const gm_device *device); // kernels of this device can be compiled ahead

// ---- log.c ----

void gm_debug_build(const char *log); // shows a compiler's log, line by line, where details are shown
// GM_ERROR_DEVICE with the file and line of the log's first error and as much of the log as a message holds.
gm_status gm_fail_build(const gm_source *sources, size_t count, const char *options, const char *device_name,
                        const char *log);

// ---- kernel.c, recording.c ----

gm_status gm_kernel_check_sizes(const gm_kernel *kernel, size_t dims, const size_t *global, const size_t *local);
gm_status gm_recorder_init(gm_device *device); // fails for an unknown GANYMEDE_COMMAND_BUFFER alone

// ---- transfer.c, profile.c, clblast.c ----

void gm_stages_finish(gm_device *device);
// Where an enqueue call puts its event while profiling: NULL otherwise. Then gm_profile_commit keeps the launch.
gm_status gm_profile_reserve(gm_device *device, cl_event **event);
void gm_profile_commit(gm_device *device, const char *label, double flop, double bytes);
void gm_profile_discard(gm_device *device);
void gm_clblast_finish(gm_device *device);

// As gm_program_create, for what a compiler may refuse: NULL then, which is no failure.
gm_status gm_program_try(gm_program **program, gm_device *device, const gm_source *sources, size_t count,
                         const char *options);

// The whole text, without the disk cache and in one part.
gm_status gm_program_build(gm_program **program, gm_device *device, const char *text, const char *options);

#endif

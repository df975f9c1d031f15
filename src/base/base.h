// What every part shares: failing with a message, logging, arenas, text, hashing, files.
#ifndef GM_BASE_BASE_H
#define GM_BASE_BASE_H

#include "ganymede/base.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define GM_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define GM_PRINTF(string, first)
#endif

#define GM_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GM_MIN(a, b)    ((a) < (b) ? (a) : (b))
#define GM_MAX(a, b)    ((a) > (b) ? (a) : (b))

static inline size_t gm_divide_up(size_t count, size_t step) {
    return (count + step - 1) / step;
}

static inline size_t gm_round_up(size_t count, size_t step) {
    return gm_divide_up(count, step) * step;
}

// Return early with a failing status; the message is already set.
#define GM_TRY(expression)                                                                                             \
    do {                                                                                                               \
        gm_status try_status = (expression);                                                                           \
        if (try_status != GM_OK)                                                                                       \
            return try_status;                                                                                         \
    } while (0)

// As GM_TRY, for functions that unwind: sets the local `status` and jumps to `done`.
#define GM_TRY_DONE(expression)                                                                                        \
    do {                                                                                                               \
        status = (expression);                                                                                         \
        if (status != GM_OK)                                                                                           \
            goto done;                                                                                                 \
    } while (0)

enum { GM_CLASS_NAME_BYTES = 1024 }; // of a class's name as a line (gm_escape): a file name always fits
enum { GM_MESSAGE_BYTES = 2048 };    // of a message, with its terminating zero; the rest is cut off

// Sets this thread's error message and returns `status`, so that `return gm_fail(...)` reads as one thought. Whatever
// the arguments hold, the message is one line that a terminal can show (gm_escape).
gm_status gm_fail(gm_status status, const char *format, ...) GM_PRINTF(2, 3);
// The same for the few messages that are several lines: lists, compilers' logs.
gm_status gm_fail_lines(gm_status status, const char *format, ...) GM_PRINTF(2, 3);
// Puts "prefix: " before the present message (a file's name, say) and returns `status` unchanged.
gm_status gm_fail_prefix(gm_status status, const char *format, ...) GM_PRINTF(2, 3);
// GM_ERROR_MEMORY with "out of memory (N bytes for WHAT)".
gm_status gm_fail_memory(size_t bytes, const char *what);

// Host allocations so far, by everything in this header: a test shows that a running step makes none.
size_t gm_allocations(void);
void gm_note_allocation(void);

// Zeroed host memory; *out is NULL on failure. `what` names it in the message. Free with free().
gm_status gm_alloc(void *out, size_t count, size_t size, const char *what);

// Notices of one line, to where gm_log_set says: warnings, and details.
void gm_warn(const char *format, ...) GM_PRINTF(1, 2);
void gm_debug(const char *format, ...) GM_PRINTF(1, 2);
bool gm_debugging(void); // whether details are shown

// As vsnprintf, snprintf and strtod, but with a point in numbers whatever the program's locale.
int gm_vsnprintf(char *text, size_t size, const char *format, va_list arguments) GM_PRINTF(3, 0);
int gm_snprintf(char *text, size_t size, const char *format, ...) GM_PRINTF(3, 4);
double gm_parse_double(const char *text, char **end);
// a * b, or false when it does not fit.
bool gm_multiply_sizes(size_t a, size_t b, size_t *product);

// A bump allocator: everything in it lives until gm_arena_finish. Zeroed value = empty arena.
typedef struct gm_arena {
    struct gm_arena_block *blocks;
} gm_arena;
// Zeroed memory aligned for any type; NULL when memory is exhausted.
void *gm_arena_alloc(gm_arena *arena, size_t bytes);
void *gm_arena_copy(gm_arena *arena, const void *source, size_t bytes);
char *gm_arena_string(gm_arena *arena, const char *text);
char *gm_arena_printf(gm_arena *arena, const char *format, ...) GM_PRINTF(2, 3);
void gm_arena_finish(gm_arena *arena);

// A growing string. Zeroed value = empty. After exhausted memory `failed` is set and appends do nothing.
typedef struct gm_text {
    char *data; // NUL-terminated once anything was appended; NULL before
    size_t length, capacity;
    bool failed;
} gm_text;
void gm_text_append(gm_text *text, const char *string);
void gm_text_printf(gm_text *text, const char *format, ...) GM_PRINTF(2, 3);
// Bytes of the UTF-8 character at `text`, 0 when it is not one (overlong, surrogate, beyond U+10FFFF, cut short).
size_t gm_utf8_length(const char *text);
// Writes a character in UTF-8, and returns its bytes; 0: there is no such (a surrogate, beyond U+10FFFF).
size_t gm_utf8_encode(uint32_t code, char bytes[4]);
// In quotes, as JSON has it; bytes that are no UTF-8 become U+FFFD.
void gm_text_append_json(gm_text *text, const char *value);
void gm_text_finish(gm_text *text);

// 1 to `longest` letters, digits, '_' and '-'.
bool gm_is_name(const char *text, size_t longest);

// A growing array: GM_PUSH(array, count, capacity, what) ensures room for one more element at array[count].
gm_status gm_grow(void *array, size_t count, size_t *capacity, size_t size, const char *what);

// 64-bit FNV-1a; start from GM_HASH_START and chain.
#define GM_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t gm_hash(uint64_t hash, const void *data, size_t bytes);
uint64_t gm_hash_string(uint64_t hash, const char *text);
// The 32-bit random stream of a name (SCIENCE: streams are hashes of names).
uint32_t gm_stream(const char *name);

// Philox4x32-10 (Salmon et al. 2011): out = the four words of block `counter` under `key`.
void gm_philox(uint32_t out[4], const uint32_t counter[4], uint64_t key);
// Element `index` of a stream as the device makes it: word index%4 of block (index/4, stream, step, substep).
// uniform in [0, 1) with 24 bits; normal by Box-Muller on the words (0,1) and (2,3).
double gm_philox_uniform(uint64_t key, uint32_t stream, uint32_t step, uint32_t substep, uint64_t index);
double gm_philox_normal(uint64_t key, uint32_t stream, uint32_t step, uint32_t substep, uint64_t index);
// Elements 4 block to 4 block + 3 of the same, in about half the time of four calls.
void gm_philox_normals(double out[4], uint64_t key, uint32_t stream, uint32_t step, uint32_t substep, uint64_t block);

// Mean and spread of values, one after the other (Welford). Zeroed value = none. A mean of infinite values is infinite.
typedef struct gm_running_mean {
    double value, squares; // the mean; the sum of squared distances from it
    size_t count;
} gm_running_mean;
void gm_running_mean_add(gm_running_mean *mean, double value);
double gm_running_mean_error(
    const gm_running_mean *mean); // standard error of the mean; NaN for fewer than two or infinite values

// ln of a mean of e^x, one exponent after the other, without overflow. Zeroed value = none. -infinity is e^x = 0.
typedef struct gm_log_sum {
    double most, rest; // the largest exponent; the sum of all e^(x - most)
    size_t count;
} gm_log_sum;
void gm_log_sum_add(gm_log_sum *sum, double exponent);
double gm_log_sum_mean(const gm_log_sum *sum);

// Cholesky's factor L of a symmetric positive definite matrix (n, n), whose rows are `stride` apart: reads the upper
// half, and writes L into the lower one and the diagonal.
void gm_cholesky(double *A, size_t n, size_t stride);
// By that factor, b (n, count) with rows b_stride apart becomes x: L L^T x = b, and of the second L^T x = b: of normal
// numbers, ones with the covariance A^-1.
void gm_cholesky_solve(const double *A, size_t n, size_t stride, double *b, size_t b_stride, size_t count);
void gm_cholesky_solve_upper(const double *A, size_t n, size_t stride, double *b, size_t b_stride, size_t count);

// A function on a thread of its own, with all signals blocked; zeroed: none. Stays where it is until it is waited for.
// `what` has the thread, in messages: "the loader". wait: returns when the function has, and where none was started.
// finish: also fails as the function did.
typedef struct gm_thread {
    pthread_t thread;
    bool started;
    gm_status (*run)(void *user);
    void *user;
    gm_status status;
    char message[GM_MESSAGE_BYTES];
} gm_thread;
gm_status gm_thread_start(gm_thread *thread, gm_status (*function)(void *user), void *user, const char *what);
void gm_thread_wait(gm_thread *thread);
gm_status gm_thread_finish(gm_thread *thread);

// Runs function(user, index) for the indices 0 to count - 1 on `threads` threads, the caller's among them. Fails as the
// smallest index that failed; those behind it may not have run.
gm_status gm_parallel(size_t threads, size_t count, gm_status (*function)(void *user, size_t index), void *user);
size_t gm_cpu_count(void);      // at least 1
size_t gm_reader_count(void);   // threads for small reads, which mostly wait for a disk
uint64_t gm_memory_bytes(void); // of the machine; a guess where that is not known

// A file's whole content, NUL-terminated behind `*bytes` bytes; owned by the caller (free). Names the file in errors:
// GM_ERROR_MEMORY; all else says nothing about its content and is GM_ERROR_IO: that it has more than `limit` bytes,
// which shows before any is read, or is no regular file but a pipe or device, included.
gm_status gm_file_read(const char *path, uint64_t limit, char **data, size_t *bytes);
// The first `most` bytes, or all of a shorter file, into the caller's `data`. Fails as gm_file_read does.
gm_status gm_file_read_start(const char *path, void *data, size_t most, size_t *bytes);
// For files that are read piece by piece: the open file, which the caller closes, and its size; then its next `most`
// bytes, fewer at its end alone. Fail as gm_file_read does.
gm_status gm_file_open(const char *path, int *descriptor, uint64_t *size);
gm_status gm_file_read_next(int descriptor, const char *path, void *data, size_t most, size_t *bytes);
// Writes a file whole or not at all: temporary name in the same folder, fsync, rename, fsync of the folder. What is no
// regular file (a pipe, a device) is written to; of a symbolic link the file behind it is replaced.
gm_status gm_file_write_atomic(const char *path, const void *data, size_t bytes);
// Creates a folder and its missing parents, for good as above; an existing one is fine.
gm_status gm_folder_create(const char *path);
// Fails where the folder holds anything; `advice`: what to do then. create_empty: creates it first.
gm_status gm_folder_check_empty(const char *path, const char *advice);
gm_status gm_folder_create_empty(const char *path, const char *advice);
// Names that were made, changed or removed in a folder so far survive a power cut from here on. File systems that
// cannot sync folders are no failure.
gm_status gm_folder_sync(const char *path);

double gm_seconds(void); // monotonic clock

#endif

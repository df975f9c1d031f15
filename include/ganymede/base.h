// What every part of the library speaks of: status codes, the error text, shapes.
#ifndef GANYMEDE_BASE_H
#define GANYMEDE_BASE_H

#if defined(__GNUC__) || defined(__clang__)
#define GM_API __attribute__((visibility("default")))
#else
#define GM_API
#endif

#include <stdbool.h>
#include <stddef.h>

// The version of these headers; gm_version() says that of the library that runs.
#define GM_VERSION_MAJOR 0
#define GM_VERSION_MINOR 1
#define GM_VERSION_PATCH 0
#define GM_VERSION       "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

// What a fallible function returns; anything but GM_OK leaves a sentence in gm_error_message().
typedef enum gm_status {
    GM_OK = 0,
    GM_ERROR_ARGUMENT, // a value, shape, name or recipe that cannot be: the caller's mistake
    GM_ERROR_MEMORY,   // host or device memory is exhausted
    GM_ERROR_DEVICE,   // the OpenCL driver or device refused or failed
    GM_ERROR_IO,       // a file or folder could not be read or written
    GM_ERROR_FORMAT,   // a file's content is not what its format says
    GM_ERROR_STATE,    // a call at a time when it cannot be served
    GM_INTERRUPTED,    // stopped on request (Ctrl-C), everything saved
} gm_status;

// The sentence that explains this thread's latest failure: what failed, with which values, what to do. One line, but
// for lists and compilers' logs, and fit for a terminal whatever it quotes. Never NULL; "" before any failure. Valid
// until this thread's next failing call.
GM_API const char *gm_error_message(void);

#define GM_MAX_RANK     6
#define GM_SPATIAL_AXES 3 // at most: behind N and C

// Dimensions in row-major meaning (images: N, C, H, W). Rank 0 is a scalar. Unused dimensions are 0.
typedef struct gm_shape {
    size_t rank;
    size_t dim[GM_MAX_RANK];
} gm_shape;

#ifndef __cplusplus
// GM_SHAPE(64, 3, 32, 32)
#define GM_SHAPE(...) ((gm_shape){.rank = sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), .dim = {__VA_ARGS__}})
#define GM_SCALAR     ((gm_shape){.rank = 0})
#endif

typedef enum gm_log_level {
    GM_LOG_WARNING = 1, // what the user should know: work goes on, but not quite as asked
    GM_LOG_DEBUG,       // details for developers
} gm_log_level;

// `message` is one line without its line feed, valid during the call.
typedef void (*gm_log_callback)(gm_log_level level, const char *message, void *user);

// Where the library's notices go, of all threads: to the callback; NULL (how it begins): standard error, warnings
// always and details when the environment says GANYMEDE_LOG=debug. A callback that does nothing silences the library,
// which writes nothing else to standard output or error. May be called from any thread at any time but from within the
// callback. Calls of the callback come from whichever thread has something to say, one at a time, and the callback that
// was set before is not running any more when this returns. A callback must not call the library.
GM_API void gm_log_set(gm_log_callback callback, void *user);

// How gm_escape writes what cannot be shown as it is.
typedef enum gm_escape_kind {
    GM_ESCAPE_LINE = 0, // as in C (\x1b, \n, \u202e): the result is one line
    GM_ESCAPE_LINES,    // the same, but line feeds stay
    GM_ESCAPE_JSON,     // as inside a JSON string; bytes that are no UTF-8 become U+FFFD
} gm_escape_kind;

// Makes foreign text (a file's name or content, a driver's words) fit to be shown on a terminal: control characters,
// those that override the direction of writing and bytes that are no UTF-8 become escapes, all else stays. Messages of
// this library are so already. Escaping twice is escaping once, but in JSON.
// As snprintf: `out` takes at most `size` bytes with the terminating zero (NULL when size is 0), cut between
// characters; returns how many bytes the whole has without it.
GM_API size_t gm_escape(gm_escape_kind kind, char *out, size_t size, const char *text);

// Whether a file, or else a folder, could be written at that path, before the work for it is done: fails where a folder
// stands in the file's place, the folder holds something, what leads there is no folder, or nothing may be written
// there. Makes nothing. The folder of a file must be there; those above a folder are made with it.
GM_API gm_status gm_output_check(const char *path, bool is_folder);

// "MAJOR.MINOR.PATCH" of the library.
GM_API const char *gm_version(void);

#ifdef __cplusplus
}
#endif
#endif

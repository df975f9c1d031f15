// What every part of the library speaks of: status codes, the error text, shapes.
#ifndef GANYMEDE_BASE_H
#define GANYMEDE_BASE_H

#if defined(__GNUC__) || defined(__clang__)
#define GM_API __attribute__((visibility("default")))
#else
#define GM_API
#endif

#include <stddef.h>

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

// The sentence that explains this thread's latest failure: what failed, with which values, what to do.
// Never NULL; "" before any failure. Valid until this thread's next failing call.
GM_API const char *gm_error_message(void);

#define GM_MAX_RANK 6

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

// "MAJOR.MINOR.PATCH" of the library.
GM_API const char *gm_version(void);

#ifdef __cplusplus
}
#endif
#endif

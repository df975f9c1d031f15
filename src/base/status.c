// Error messages per thread, host memory, the clock.
#include "base/base.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Thread_local char message[GM_MESSAGE_BYTES];

const char *gm_error_message(void) {
    return message;
}

const char *gm_version(void) {
    return GM_VERSION;
}

static void set_message(gm_escape_kind kind, const char *format, va_list arguments) {
    char text[sizeof message]; // the arguments may point into the present message
    gm_vsnprintf(text, sizeof text, format, arguments);
    gm_escape(kind, message, sizeof message, text);
}

gm_status gm_fail(gm_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set_message(GM_ESCAPE_LINE, format, arguments);
    va_end(arguments);
    return status;
}

gm_status gm_fail_lines(gm_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set_message(GM_ESCAPE_LINES, format, arguments);
    va_end(arguments);
    return status;
}

gm_status gm_fail_prefix(gm_status status, const char *format, ...) {
    char text[sizeof message], prefix[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    gm_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gm_escape(GM_ESCAPE_LINE, prefix, sizeof prefix, text);
    return gm_fail_lines(status, "%s: %s", prefix, message);
}

gm_status gm_fail_memory(size_t bytes, const char *what) {
    return gm_fail(GM_ERROR_MEMORY, "out of memory: %zu bytes for %s", bytes, what);
}

static atomic_size_t allocations;

size_t gm_allocations(void) {
    return atomic_load(&allocations);
}

void gm_note_allocation(void) {
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

// a * b, or the largest size, which no allocation can have.
static size_t multiply(size_t a, size_t b) {
    return b > 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

gm_status gm_alloc(void *out, size_t count, size_t size, const char *what) {
    size_t bytes = multiply(count, size);
    gm_note_allocation();
    void *memory = bytes < SIZE_MAX ? calloc(GM_MAX(bytes, (size_t)1), 1) : NULL;
    memcpy(out, &memory, sizeof memory);
    return memory ? GM_OK : gm_fail_memory(bytes, what);
}

gm_status gm_grow(void *array, size_t count, size_t *capacity, size_t size, const char *what) {
    if (count < *capacity)
        return GM_OK;
    size_t grown = *capacity ? multiply(*capacity, 2) : 16, bytes = multiply(grown, size);
    gm_note_allocation();
    void *old;
    memcpy(&old, array, sizeof old);
    void *memory = bytes < SIZE_MAX ? realloc(old, bytes) : NULL;
    if (!memory)
        return gm_fail_memory(bytes, what);
    memcpy(array, &memory, sizeof memory);
    *capacity = grown;
    return GM_OK;
}

double gm_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

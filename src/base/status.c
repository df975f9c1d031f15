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

gm_status gm_alloc(void *out, size_t count, size_t size, const char *what) {
    gm_note_allocation();
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    memcpy(out, &memory, sizeof memory);
    return memory ? GM_OK : gm_fail_memory(count * size, what);
}

gm_status gm_grow(void *array, size_t count, size_t *capacity, size_t size, const char *what) {
    if (count < *capacity)
        return GM_OK;
    gm_note_allocation();
    size_t grown = *capacity ? *capacity * 2 : 16;
    void *old;
    memcpy(&old, array, sizeof old);
    void *memory = realloc(old, grown * size);
    if (!memory)
        return gm_fail_memory(grown * size, what);
    memcpy(array, &memory, sizeof memory);
    *capacity = grown;
    return GM_OK;
}

double gm_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

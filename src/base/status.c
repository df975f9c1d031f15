// Error messages per thread, notices on standard error, the clock.
#include "base/base.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Thread_local char message[2048];

const char *gm_error_message(void) {
    return message;
}

const char *gm_version(void) {
    return GM_VERSION;
}

gm_status gm_fail(gm_status status, const char *format, ...) {
    char text[sizeof message]; // the arguments may point into the present message
    va_list arguments;
    va_start(arguments, format);
    gm_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(message, text, sizeof message);
    return status;
}

gm_status gm_fail_prefix(gm_status status, const char *format, ...) {
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    gm_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return gm_fail(status, "%s: %s", text, message);
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

void gm_warn(const char *format, ...) {
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    gm_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "ganymede: warning: %s\n", text);
}

bool gm_debugging(void) {
    const char *level = getenv("GANYMEDE_LOG");
    return level && strcmp(level, "debug") == 0;
}

void gm_debug(const char *format, ...) {
    if (!gm_debugging())
        return;
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    gm_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "ganymede: %s\n", text);
}

double gm_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

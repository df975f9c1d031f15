// One function over many indices on several threads, and what the machine has for it.
//
// Indices are handed out in rising order, so that when one fails all smaller ones have run: the failure that is
// reported is that of the smallest, whatever the number of threads.
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

typedef struct task {
    gm_status (*function)(void *user, size_t index);
    void *user;
    pthread_mutex_t mutex;
    // Under the mutex:
    size_t next, failed; // failed: the smallest index that did; before: how many there are
    gm_status status;
    char message[GM_MESSAGE_BYTES];
} task;

static bool take(task *t, size_t *index) {
    pthread_mutex_lock(&t->mutex);
    bool taken = t->next < t->failed;
    if (taken)
        *index = t->next++;
    pthread_mutex_unlock(&t->mutex);
    return taken;
}

static void note_failure(task *t, size_t index, gm_status status) {
    pthread_mutex_lock(&t->mutex);
    if (index < t->failed) {
        t->failed = index;
        t->status = status;
        strncpy(t->message, gm_error_message(), sizeof t->message - 1);
    }
    pthread_mutex_unlock(&t->mutex);
}

static gm_status run(void *user) {
    task *t = user;
    size_t index;
    while (take(t, &index)) {
        gm_status status = t->function(t->user, index);
        if (status != GM_OK)
            note_failure(t, index, status);
    }
    return GM_OK;
}

gm_status gm_parallel(size_t threads, size_t count, gm_status (*function)(void *user, size_t index), void *user) {
    task t = {.function = function, .user = user, .failed = count};
    size_t helpers = GM_MIN(GM_MIN(GM_MAX(threads, (size_t)1), (size_t)MOST_THREADS), GM_MAX(count, (size_t)1)) - 1;
    gm_thread *helper = NULL;
    if (helpers > 0)
        GM_TRY(gm_alloc(&helper, helpers, sizeof *helper, "threads"));
    if (pthread_mutex_init(&t.mutex, NULL) != 0) {
        free(helper);
        return gm_fail(GM_ERROR_MEMORY, "a lock could not be made");
    }
    for (size_t i = 0; i < helpers; i++)
        if (gm_thread_start(&helper[i], run, &t, "a reader") != GM_OK)
            break; // those that there are do it
    run(&t);
    for (size_t i = 0; i < helpers; i++)
        gm_thread_wait(&helper[i]);
    pthread_mutex_destroy(&t.mutex);
    free(helper);
    return t.status == GM_OK ? GM_OK : gm_fail_lines(t.status, "%s", t.message);
}

size_t gm_cpu_count(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (size_t)count;
}

// A disk that keeps 32 reads in flight does some ten times as many as one that waits for two.
size_t gm_reader_count(void) {
    return GM_MAX(gm_cpu_count(), (size_t)32);
}

uint64_t gm_memory_bytes(void) {
#ifdef _SC_PHYS_PAGES
    long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    if (pages > 0 && bytes > 0)
        return (uint64_t)pages * (uint64_t)bytes;
#endif
    return UINT64_C(4) << 30;
}

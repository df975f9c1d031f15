// A function on a thread of its own, whose failure is handed over with its message.
#include "base/base.h"

#include <signal.h>
#include <string.h>

static void *run(void *user) {
    gm_thread *thread = user;
    thread->status = thread->run(thread->user);
    if (thread->status != GM_OK) // the text belongs to this thread
        strncpy(thread->message, gm_error_message(), sizeof thread->message - 1);
    return NULL;
}

gm_status gm_thread_start(gm_thread *thread, gm_status (*function)(void *user), void *user, const char *what) {
    sigset_t all, before; // signals (Ctrl-C) are for the program's threads
    *thread = (gm_thread){.run = function, .user = user};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->thread, NULL, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return gm_fail(GM_ERROR_MEMORY, "the thread of %s could not be started: %s", what, strerror(failed));
    thread->started = true;
    return GM_OK;
}

void gm_thread_wait(gm_thread *thread) {
    if (thread->started)
        pthread_join(thread->thread, NULL);
    thread->started = false;
}

gm_status gm_thread_finish(gm_thread *thread) {
    gm_thread_wait(thread);
    return thread->status == GM_OK ? GM_OK : gm_fail_lines(thread->status, "%s", thread->message);
}

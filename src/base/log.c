// Notices: to the callback that the embedding program has set, else to standard error.
#include "base/base.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // held during a call, so that calls come one at a time
static gm_log_callback callback;                         // NULL: standard error
static void *callback_user;

void gm_log_set(gm_log_callback function, void *user) {
    pthread_mutex_lock(&lock);
    callback = function;
    callback_user = user;
    pthread_mutex_unlock(&lock);
}

static bool debug_is_asked_for(void) {
    const char *level = getenv("GANYMEDE_LOG");
    return level && strcmp(level, "debug") == 0;
}

bool gm_debugging(void) {
    pthread_mutex_lock(&lock);
    bool routed = callback != NULL;
    pthread_mutex_unlock(&lock);
    return routed || debug_is_asked_for();
}

// Without a callback, details are for who asks.
static void print(gm_log_level level, const char *message) {
    if (level == GM_LOG_WARNING)
        fprintf(stderr, "ganymede: warning: %s\n", message);
    else if (debug_is_asked_for())
        fprintf(stderr, "ganymede: %s\n", message);
}

static void notify(gm_log_level level, const char *format, va_list arguments) {
    char text[GM_MESSAGE_BYTES], message[GM_MESSAGE_BYTES];
    gm_vsnprintf(text, sizeof text, format, arguments);
    gm_escape(GM_ESCAPE_LINE, message, sizeof message, text);
    pthread_mutex_lock(&lock);
    if (callback)
        callback(level, message, callback_user);
    else
        print(level, message);
    pthread_mutex_unlock(&lock);
}

void gm_warn(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    notify(GM_LOG_WARNING, format, arguments);
    va_end(arguments);
}

void gm_debug(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    notify(GM_LOG_DEBUG, format, arguments);
    va_end(arguments);
}

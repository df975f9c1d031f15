// Preloaded into the command (LD_PRELOAD), makes trouble with files whose path contains SHIM_FOLDER:
//   SHIM_KILL=N     the process dies by SIGKILL at its Nth change of a file; a write gets half of its bytes out first
//   SHIM_EIO=NAME   reading files whose path ends with NAME fails with EIO
//   SHIM_SLOW=MS    every reading takes so many milliseconds more
//   SHIM_FULL=1     the disk is full: a write gets half of its bytes out, the next fails with ENOSPC
//   SHIM_TRACE=FILE every change is appended as a line: "rename run/checkpoints/00000010.safetensors"
//   SHIM_LOOKS=FILE likewise every name that is looked up in an open folder: "look pictures/1.png"
// A change is an opening that creates, a write, a rename, a removal, a new folder, a cut, a sync.
#undef _FILE_OFFSET_BITS // open and open64 are two functions here
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

// The function that ours stands before.
#define REAL(name)                                                                                                     \
    static __typeof__(name) *real;                                                                                     \
    if (!real)                                                                                                         \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

static bool concerns(const char *path) {
    const char *folder = getenv("SHIM_FOLDER");
    return folder && strstr(path, folder) != NULL;
}

static void path_of(int descriptor, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
}

static void trace(const char *file, const char *what, const char *path) {
    FILE *out = file ? fopen(file, "a") : NULL;
    if (!out)
        return;
    fprintf(out, "%s %s\n", what, strstr(path, getenv("SHIM_FOLDER")));
    fclose(out);
}

// True: this is the change at which to die.
static bool change(const char *what, const char *path) {
    static atomic_long changes;
    if (!concerns(path))
        return false;
    trace(getenv("SHIM_TRACE"), what, path);
    const char *fatal = getenv("SHIM_KILL");
    return fatal && atomic_fetch_add(&changes, 1) + 1 == atol(fatal);
}

static void die_at(const char *what, const char *path) {
    if (change(what, path))
        kill(getpid(), SIGKILL);
}

static void die_with(const char *what, int descriptor) {
    char path[PATH_MAX];
    path_of(descriptor, path);
    die_at(what, path);
}

// ---- Changes ----

#define OPEN(name)                                                                                                     \
    EXPORT int name(const char *path, int flags, ...) {                                                                \
        REAL(name);                                                                                                    \
        mode_t mode = 0;                                                                                               \
        if (flags & O_CREAT) {                                                                                         \
            va_list arguments;                                                                                         \
            va_start(arguments, flags);                                                                                \
            mode = va_arg(arguments, mode_t);                                                                          \
            va_end(arguments);                                                                                         \
            die_at("open", path);                                                                                      \
        }                                                                                                              \
        return real(path, flags, mode);                                                                                \
    }
OPEN(open)
OPEN(open64)

EXPORT int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    die_at("mkdir", path);
    return real(path, mode);
}

EXPORT int rename(const char *from, const char *to) {
    REAL(rename);
    die_at("rename", to);
    return real(from, to);
}

EXPORT int unlink(const char *path) {
    REAL(unlink);
    die_at("unlink", path);
    return real(path);
}

EXPORT ssize_t write(int descriptor, const void *data, size_t bytes) {
    REAL(write);
    char path[PATH_MAX];
    path_of(descriptor, path);
    bool fatal = change("write", path);
    if (!fatal && getenv("SHIM_FULL") && concerns(path)) {
        static atomic_bool full;
        bool was_full = atomic_exchange(&full, true);
        errno = ENOSPC;
        return was_full ? -1 : real(descriptor, data, bytes / 2);
    }
    if (!fatal)
        return real(descriptor, data, bytes);
    ssize_t half = real(descriptor, data, bytes / 2);
    kill(getpid(), SIGKILL);
    return half;
}

#define TRUNCATE(name, type)                                                                                           \
    EXPORT int name(int descriptor, type length) {                                                                     \
        REAL(name);                                                                                                    \
        die_with("cut", descriptor);                                                                                   \
        return real(descriptor, length);                                                                               \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

EXPORT int fsync(int descriptor) {
    REAL(fsync);
    die_with("sync", descriptor);
    return real(descriptor);
}

// ---- Reading ----

#define LOOK_UP(name, information)                                                                                     \
    EXPORT int name(int descriptor, const char *entry, information *info, int flags) {                                 \
        REAL(name);                                                                                                    \
        char folder[PATH_MAX], path[2 * PATH_MAX];                                                                     \
        path_of(descriptor, folder);                                                                                   \
        snprintf(path, sizeof path, "%s/%s", folder, entry);                                                           \
        if (concerns(path))                                                                                            \
            trace(getenv("SHIM_LOOKS"), "look", path);                                                                 \
        return real(descriptor, entry, info, flags);                                                                   \
    }
LOOK_UP(fstatat, struct stat)
LOOK_UP(fstatat64, struct stat64)

static bool unreadable(int descriptor) {
    const char *name = getenv("SHIM_EIO");
    char path[PATH_MAX];
    if (!name)
        return false;
    path_of(descriptor, path);
    size_t length = strlen(path), end = strlen(name);
    return concerns(path) && length >= end && strcmp(path + length - end, name) == 0;
}

static void slow_down(int descriptor) {
    const char *milliseconds = getenv("SHIM_SLOW");
    char path[PATH_MAX];
    if (!milliseconds)
        return;
    path_of(descriptor, path);
    if (concerns(path))
        nanosleep(&(struct timespec){.tv_nsec = atol(milliseconds) * 1000000}, NULL);
}

EXPORT ssize_t read(int descriptor, void *data, size_t bytes) {
    REAL(read);
    slow_down(descriptor);
    if (!unreadable(descriptor))
        return real(descriptor, data, bytes);
    errno = EIO;
    return -1;
}

EXPORT size_t fread(void *data, size_t size, size_t count, FILE *file) {
    REAL(fread);
    slow_down(fileno(file));
    if (!unreadable(fileno(file)))
        return real(data, size, count, file);
    int useless = open("/dev/null", O_WRONLY); // reading it fails, and sets the stream's mark of failure
    dup2(useless, fileno(file));
    close(useless);
    size_t got = real(data, size, count, file);
    errno = EIO;
    return got;
}

// Files and folders (src/base/file.c): what is read, what is refused, and what a crash may leave.
//
// file.c is compiled into this program with some system calls replaced, so that they can fail when a test wants it.
#define _XOPEN_SOURCE 700 // realpath
#include "base/base.h"

#include <errno.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ganymede-test-file-XXXXXX";

// ---- System calls that fail on demand ----

static struct {
    size_t reads;  // so far
    size_t most;   // bytes that one read gives; 0: as many as there are
    int interrupt; // every second read fails with EINTR
    int error;     // that reads fail with
    int end;       // reads find the end at once
    int endless;   // reads never find the end
    int out_of_memory;
    int sync_error;  // that fsync of a folder fails with
    char calls[500]; // fsync, rename, unlink and mkdir so far: "sync file, rename, sync b, "
} shim;

static void note(const char *call, const char *name) {
    size_t used = strlen(shim.calls);
    snprintf(shim.calls + used, sizeof shim.calls - used, "%s%s, ", call, name);
}

// The last part of a path.
static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int shim_fsync(int descriptor) {
    struct stat info;
    assert_int_equal(fstat(descriptor, &info), 0);
    if (!S_ISDIR(info.st_mode)) {
        note("sync ", "file");
        return fsync(descriptor);
    }
    // A folder has no name of its own: those of this test are told apart by what they are looked up as.
    static const char *const folders[] = {"", "/a", "/a/b", "/a/b/c"};
    const char *name = "?";
    for (size_t i = 0; i < GM_COUNT(folders); i++) {
        char path[100];
        struct stat other;
        snprintf(path, sizeof path, "%s%s", folder, folders[i]);
        if (stat(path, &other) == 0 && other.st_ino == info.st_ino && other.st_dev == info.st_dev)
            name = i == 0 ? "." : base_name(folders[i]);
    }
    note("sync ", name);
    errno = shim.sync_error;
    return errno ? -1 : fsync(descriptor);
}

static int shim_rename(const char *from, const char *to) {
    note("rename to ", base_name(to));
    return rename(from, to);
}

static int shim_unlink(const char *path) {
    note("unlink", "");
    return unlink(path);
}

static int shim_mkdir(const char *path, mode_t mode) {
    int result = mkdir(path, mode);
    if (result == 0)
        note("mkdir ", base_name(path));
    return result;
}

static ssize_t shim_read(int descriptor, void *to, size_t bytes) {
    shim.reads++;
    if (shim.error || (shim.interrupt && shim.reads % 2)) {
        errno = shim.error ? shim.error : EINTR;
        return -1;
    }
    if (shim.end)
        return 0;
    if (shim.endless)
        return (ssize_t)(memset(to, 'x', bytes) ? bytes : 0);
    return read(descriptor, to, shim.most ? GM_MIN(bytes, shim.most) : bytes);
}

static void *shim_realloc(void *memory, size_t bytes) {
    return shim.out_of_memory ? NULL : realloc(memory, bytes);
}

#define read    shim_read
#define realloc shim_realloc
#define fsync   shim_fsync
#define rename  shim_rename
#define unlink  shim_unlink
#define mkdir   shim_mkdir
#include "../../src/base/file.c"
#undef read
#undef realloc
#undef fsync
#undef rename
#undef unlink
#undef mkdir

// ---- Common to the tests ----

static char *in_folder(const char *name) { // the caller's
    gm_text path = {0};
    gm_text_printf(&path, "%s/%s", folder, name);
    assert_false(path.failed);
    return path.data;
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int reset_shim(void **state) {
    (void)state;
    memset(&shim, 0, sizeof shim);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    gm_text command = {0};
    gm_text_printf(&command, "rm -rf '%s'", folder);
    int result = command.failed ? -1 : system(command.data);
    gm_text_finish(&command);
    return result;
}

enum { SOME = 1 << 20 }; // more than any file here has

static void write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

// Fails so, with nothing handed out, and the message names the file and says `part`.
static void check_refused(const char *path, uint64_t limit, gm_status expected, const char *part) {
    char *back = (char *)(uintptr_t)path;
    size_t length = 1;
    gm_status status = gm_file_read(path, limit, &back, &length);
    if (status != expected)
        fail_msg("%s: status %d, not %d: %s", path, status, expected, gm_error_message());
    assert_null(back);
    assert_int_equal(length, 0);
    if (strncmp(gm_error_message(), path, strlen(path)) != 0 || !strstr(gm_error_message(), part))
        fail_msg("\n  said:     %s\n  expected: %s: ...%s", gm_error_message(), path, part);
}

// ---- Reading ----

static void file_comes_back_as_written(void **state) {
    (void)state;
    char *path = in_folder("data.bin");
    size_t bytes = 200001;
    unsigned char *data = malloc(bytes);
    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (unsigned char)(i * 31);
    assert_int_equal(gm_file_write_atomic(path, "old", 3), GM_OK);
    assert_int_equal(gm_file_write_atomic(path, data, bytes), GM_OK); // replaces
    char *back;
    size_t length;
    assert_int_equal(gm_file_read(path, SOME, &back, &length), GM_OK);
    assert_int_equal(length, bytes);
    assert_memory_equal(back, data, bytes);
    assert_int_equal(back[bytes], 0);
    free(back);
    assert_int_equal(gm_file_write_atomic(path, "", 0), GM_OK);
    assert_int_equal(gm_file_read(path, SOME, &back, &length), GM_OK);
    assert_int_equal(length, 0);
    free(back);
    free(data);
    free(path);
}

static void file_beyond_the_limit_is_refused_unread(void **state) {
    (void)state;
    char *path = in_folder("large"), *back;
    size_t length;
    write_file(path, "12345", 5);
    assert_int_equal(gm_file_read(path, 5, &back, &length), GM_OK);
    assert_string_equal(back, "12345");
    free(back);
    shim.reads = 0;
    check_refused(path, 4, GM_ERROR_IO, "more than 4 bytes");
    check_refused(path, 0, GM_ERROR_IO, "more than 0 bytes");
    assert_int_equal(truncate(path, (off_t)1 << 33), 0); // a hole
    check_refused(path, SOME, GM_ERROR_IO, "more than 1048576 bytes");
    assert_int_equal(shim.reads, 0);
    free(path);
}

static void file_without_end_is_read_to_the_limit_alone(void **state) {
    (void)state;
    char *path = in_folder("endless");
    write_file(path, "", 0); // as those of /proc are: their size says nothing
    shim.endless = 1;
    check_refused(path, 10, GM_ERROR_IO, "more than 10 bytes");
    check_refused(path, SOME, GM_ERROR_IO, "more than 1048576 bytes");
    free(path);
}

static void folders_pipes_sockets_and_devices_are_no_files(void **state) {
    (void)state;
    char *pipe = in_folder("fifo"), *socket_path = in_folder("socket"), start[4];
    size_t bytes;
    check_refused(folder, SOME, GM_ERROR_IO, "is a folder");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    check_refused(pipe, SOME, GM_ERROR_IO, "is a pipe");
    assert_int_equal(gm_file_read_start(pipe, start, sizeof start, &bytes), GM_ERROR_IO);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    check_refused(socket_path, SOME, GM_ERROR_IO, "is a socket");
    close(listener);
    check_refused("/dev/zero", SOME, GM_ERROR_IO, "is a device");
    free(pipe);
    free(socket_path);
}

static void interrupted_and_short_reads_go_on(void **state) {
    (void)state;
    char *path = in_folder("slow"), text[10001], *back;
    size_t length;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    write_file(path, text, sizeof text - 1);
    shim.interrupt = 1;
    shim.most = 7;
    assert_int_equal(gm_file_read(path, SOME, &back, &length), GM_OK);
    assert_string_equal(back, text);
    free(back);
    char start[20];
    assert_int_equal(gm_file_read_start(path, start, sizeof start, &length), GM_OK);
    assert_int_equal(length, sizeof start);
    assert_memory_equal(start, text, sizeof start);
    free(path);
}

static void file_that_cannot_be_read_never_looks_damaged(void **state) {
    (void)state;
    char *path = in_folder("sick");
    write_file(path, "12345", 5);
    shim.error = EIO;
    check_refused(path, SOME, GM_ERROR_IO, "cannot be read: ");
    shim.error = 0;
    shim.end = 1; // what is cut while it is read, or what a network's file system loses
    check_refused(path, SOME, GM_ERROR_IO, "ended after 0 of 5 bytes");
    shim.end = 0;
    shim.out_of_memory = 1;
    char *back;
    size_t length;
    assert_int_equal(gm_file_read(path, SOME, &back, &length), GM_ERROR_MEMORY);
    assert_null(back);
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    gm_status status = gm_file_read(path, SOME, &back, &length);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(status, GM_ERROR_IO);
    assert_non_null(strstr(gm_error_message(), strerror(EMFILE)));
    free(path);
}

// ---- Writing ----

static void check_content(const char *path, const char *expected) {
    char *back;
    size_t length;
    assert_int_equal(gm_file_read(path, SOME, &back, &length), GM_OK);
    assert_string_equal(back, expected);
    free(back);
}

static void failed_write_leaves_the_old_file_and_no_other(void **state) {
    (void)state;
    static const char much[5000];
    char *parent = in_folder("small"), *path = in_folder("small/file");
    assert_int_equal(gm_folder_create(parent), GM_OK);
    assert_int_equal(gm_file_write_atomic(path, "keep", 4), GM_OK);
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    gm_status status = gm_file_write_atomic(path, much, sizeof much);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, GM_ERROR_IO);
    assert_non_null(strstr(gm_error_message(), path));
    check_content(path, "keep");
    gm_text command = {0}; // nothing but "file" is there
    gm_text_printf(&command, "test \"$(ls -A '%s')\" = file", parent);
    assert_int_equal(system(command.data), 0);
    gm_text_finish(&command);
    assert_int_equal(gm_file_write_atomic(parent, "new", 3), GM_ERROR_IO); // a folder
    assert_non_null(strstr(gm_error_message(), parent));
    free(parent);
    free(path);
}

static void link_stays_and_its_file_is_replaced(void **state) {
    (void)state;
    char *path = in_folder("behind"), *link = in_folder("link");
    assert_int_equal(gm_file_write_atomic(path, "old", 3), GM_OK);
    assert_int_equal(symlink("behind", link), 0);
    assert_int_equal(gm_file_write_atomic(link, "new", 3), GM_OK);
    struct stat info;
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    check_content(path, "new");
    free(path);
    free(link);
}

static void pipe_is_written_to(void **state) {
    (void)state;
    char *path = in_folder("pipe"), back[4] = "";
    assert_int_equal(mkfifo(path, 0600), 0);
    int descriptor = open(path, O_RDWR); // does not wait for the other end
    assert_true(descriptor >= 0);
    assert_int_equal(gm_file_write_atomic(path, "new", 3), GM_OK);
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_int_equal(read(descriptor, back, 3), 3);
    assert_string_equal(back, "new");
    close(descriptor);
    free(path);
}

static void name_that_a_killed_process_left_is_passed_over(void **state) {
    (void)state;
    char *path = in_folder("again");
    gm_text left = {0};
    gm_text_printf(&left, "%s.%ld.0.tmp", path, (long)getpid());
    FILE *file = fopen(left.data, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(gm_file_write_atomic(path, "new", 3), GM_OK);
    check_content(path, "new");
    assert_int_equal(access(left.data, F_OK), 0); // it may be another's
    gm_text_finish(&left);
    free(path);
}

static void missing_file_is_named(void **state) {
    (void)state;
    char *path = in_folder("absent");
    check_refused(path, SOME, GM_ERROR_IO, strerror(ENOENT));
    free(path);
    path = in_folder("absent/file");
    assert_int_equal(gm_file_write_atomic(path, "x", 1), GM_ERROR_IO);
    assert_non_null(strstr(gm_error_message(), path));
    free(path);
}

static void folders_are_created_with_their_parents(void **state) {
    (void)state;
    char *path = in_folder("a/b//c/");
    assert_int_equal(gm_folder_create(path), GM_OK);
    assert_int_equal(gm_folder_create(path), GM_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    free(path);

    char *file = in_folder("plain"), *below = in_folder("plain/below");
    assert_int_equal(gm_file_write_atomic(file, "x", 1), GM_OK);
    assert_int_equal(gm_folder_create(file), GM_ERROR_IO);
    assert_int_equal(gm_folder_create(below), GM_ERROR_IO);
    assert_non_null(strstr(gm_error_message(), "plain"));
    free(file);
    free(below);
}

// ---- What a power cut leaves ----

static void check_calls(const char *expected) {
    if (strcmp(shim.calls, expected) != 0)
        fail_msg("\n  calls:    %s\n  expected: %s", shim.calls, expected);
    shim.calls[0] = '\0';
}

static void name_is_on_the_disk_before_a_write_returns(void **state) {
    (void)state;
    char *path = in_folder("a/new"), *parent = in_folder("a"), *link = in_folder("elsewhere");
    assert_int_equal(gm_folder_create(parent), GM_OK);
    shim.calls[0] = '\0';
    assert_int_equal(gm_file_write_atomic(path, "1", 1), GM_OK);
    check_calls("sync file, rename to new, sync a, ");
    assert_int_equal(gm_file_write_atomic(path, "2", 1), GM_OK);
    check_calls("sync file, rename to new, sync a, ");
    assert_int_equal(symlink("a/new", link), 0);
    assert_int_equal(gm_file_write_atomic(link, "3", 1), GM_OK);
    check_calls("sync file, rename to new, sync a, "); // not the link's folder
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(gm_file_write_atomic("bare", "4", 1), GM_OK);
    check_calls("sync file, rename to bare, sync ., ");
    assert_int_equal(chdir("/"), 0);
    free(path);
    free(parent);
    free(link);
}

static void new_folders_are_on_the_disk_one_after_the_other(void **state) {
    (void)state;
    char *top = in_folder("a"), *path = in_folder("a/b//c/");
    gm_text command = {0};
    gm_text_printf(&command, "rm -rf '%s'", top);
    assert_int_equal(system(command.data), 0);
    assert_int_equal(gm_folder_create(path), GM_OK);
    check_calls("mkdir a, sync ., mkdir b, sync a, mkdir c, sync b, ");
    assert_int_equal(gm_folder_create(path), GM_OK);
    check_calls("");
    assert_int_equal(gm_folder_sync(path), GM_OK);
    check_calls("sync c, ");
    gm_text_finish(&command);
    free(top);
    free(path);
}

static void folder_that_cannot_be_synced_fails_only_where_syncing_exists(void **state) {
    (void)state;
    static const struct {
        int error;
        gm_status status;
    } cases[] = {{EINVAL, GM_OK}, {EROFS, GM_OK}, {ENOTSUP, GM_OK}, {EIO, GM_ERROR_IO}, {ENOSPC, GM_ERROR_IO}};
    char *path = in_folder("unsynced"), *absent = in_folder("no-folder");
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        shim.sync_error = cases[i].error;
        gm_status status = gm_file_write_atomic(path, "x", 1);
        if (status != cases[i].status)
            fail_msg("%s: status %d, not %d", strerror(cases[i].error), status, cases[i].status);
        assert_int_equal(gm_folder_sync(folder), cases[i].status);
        if (status != GM_OK)
            assert_non_null(strstr(gm_error_message(), folder));
    }
    shim.sync_error = 0;
    assert_int_equal(gm_folder_sync(absent), GM_ERROR_IO);
    free(path);
    free(absent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(file_comes_back_as_written, reset_shim),
        cmocka_unit_test_setup(file_beyond_the_limit_is_refused_unread, reset_shim),
        cmocka_unit_test_setup(file_without_end_is_read_to_the_limit_alone, reset_shim),
        cmocka_unit_test_setup(folders_pipes_sockets_and_devices_are_no_files, reset_shim),
        cmocka_unit_test_setup(interrupted_and_short_reads_go_on, reset_shim),
        cmocka_unit_test_setup(file_that_cannot_be_read_never_looks_damaged, reset_shim),
        cmocka_unit_test_setup(failed_write_leaves_the_old_file_and_no_other, reset_shim),
        cmocka_unit_test_setup(link_stays_and_its_file_is_replaced, reset_shim),
        cmocka_unit_test_setup(pipe_is_written_to, reset_shim),
        cmocka_unit_test_setup(name_that_a_killed_process_left_is_passed_over, reset_shim),
        cmocka_unit_test_setup(missing_file_is_named, reset_shim),
        cmocka_unit_test_setup(folders_are_created_with_their_parents, reset_shim),
        cmocka_unit_test_setup(name_is_on_the_disk_before_a_write_returns, reset_shim),
        cmocka_unit_test_setup(new_folders_are_on_the_disk_one_after_the_other, reset_shim),
        cmocka_unit_test_setup(folder_that_cannot_be_synced_fails_only_where_syncing_exists, reset_shim),
    };
    return cmocka_run_group_tests_name("file", tests, make_folder, remove_folder);
}

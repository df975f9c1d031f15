// What the tests of data share: a folder that goes away again, files with given bytes, expected failures.
#ifndef GM_TESTS_DATA_SUPPORT_H
#define GM_TESTS_DATA_SUPPORT_H

#include "data/cifar.h"
#include "data/csv.h"
#include "data/idx.h"
#include "data/loader.h"
#include "data/npy.h"
#include "data/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char temporary[64];
static char path_text[4][256];

// TEMPORARY/name; four results stay valid at a time.
static inline const char *path_of(const char *name) {
    static size_t next;
    char *path = path_text[next++ % 4];
    snprintf(path, sizeof path_text[0], "%s/%s", temporary, name);
    return path;
}

static inline int temporary_create(void **state) {
    (void)state;
    strcpy(temporary, "/tmp/gm-data-XXXXXX");
    return mkdtemp(temporary) ? 0 : -1;
}

static inline void remove_tree(const char *path) {
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        gm_text inner = {0};
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        gm_text_printf(&inner, "%s/%s", path, entry->d_name);
        if (!inner.failed && unlink(inner.data) != 0)
            remove_tree(inner.data);
        gm_text_finish(&inner);
    }
    if (directory)
        closedir(directory);
    rmdir(path);
}

static inline int temporary_remove(void **state) {
    (void)state;
    remove_tree(temporary);
    return 0;
}

static inline void assert_ok(gm_status status) {
    if (status != GM_OK)
        fail_msg("status %d: %s", (int)status, gm_error_message());
}

// The call failed, and its one sentence contains `text`.
static inline void assert_fails(gm_status status, gm_status expected, const char *text) {
    assert_int_equal(status, expected);
    if (!strstr(gm_error_message(), text) || strchr(gm_error_message(), '\n'))
        fail_msg("the message \"%s\" should contain \"%s\" in one line", gm_error_message(), text);
}

static inline void write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

// A copy with nothing readable behind it for AddressSanitizer.
static inline uint8_t *exact_copy(const void *data, size_t bytes) {
    uint8_t *copy = malloc(GM_MAX(bytes, (size_t)1));
    assert_non_null(copy);
    memcpy(copy, data, bytes);
    return copy;
}

#endif

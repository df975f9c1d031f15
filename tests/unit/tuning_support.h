// What the tests of tuning share: a folder of its own for each test with the cache folder in it, and the store there,
// the file that the device's choices go to.
#ifndef GM_TESTS_TUNING_SUPPORT_H
#define GM_TESTS_TUNING_SUPPORT_H

#include "device/device.h"
#include "device_test.h"
#include "folder_test.h"
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char cache[96];
static char store[256];

static inline void check(gm_status status, int line) {
    if (status != GM_OK)
        fail_msg("line %d: status %d: %s", line, status, gm_error_message());
}
#define OK(expression) check(expression, __LINE__)

// ---- Folders and files ----

static inline gm_tuning *create(const gm_tuning_options *options) {
    gm_tuning *tuning;
    OK(gm_tuning_create(&tuning, device, options));
    return tuning;
}

static inline char *text_of(const gm_tuning *tuning, bool used) { // the caller's
    char *text;
    OK(gm_tuning_write(tuning, used, &text));
    return text;
}

static inline int make_cache(void **unused) {
    if (make_folder(unused) != 0)
        return -1;
    snprintf(cache, sizeof cache, "%s/cache", folder);
    setenv("GANYMEDE_CACHE", cache, 1);
    setenv("GANYMEDE_KERNELS", "cpu", 1);
    gm_tuning *tuning = create(NULL);
    char *text = text_of(tuning, false);
    snprintf(store, sizeof store, "%s/tuning5-%.16s-%zu.txt", cache, text + strcspn(text, "\n") + 1,
             gm_device_get_info(device)->compute_units);
    free(text);
    gm_tuning_destroy(&tuning);
    return 0;
}

static inline char *read_store(void) { // the caller's
    char *text;
    size_t bytes;
    OK(gm_file_read(store, 1 << 24, &text, &bytes));
    assert_int_equal(strlen(text), bytes);
    return text;
}

static inline void put_store(const char *text, size_t bytes) {
    OK(gm_folder_create(cache));
    OK(gm_file_write_atomic(store, text, bytes));
}

// The device's two first lines and `lines`.
static inline char *whole_text(const char *lines) { // the caller's
    gm_tuning *tuning = create(&(gm_tuning_options){.choices = ""});
    while (tuning->count > 0) {
        gm_choice *last = &tuning->choices[--tuning->count];
        free(last->key);
        free(last->variant);
    }
    char *head = text_of(tuning, false);
    gm_text text = {0};
    gm_text_printf(&text, "%s%s", head, lines);
    assert_false(text.failed);
    free(head);
    gm_tuning_destroy(&tuning);
    return text.data;
}

static inline void put_lines(const char *lines) {
    char *text = whole_text(lines);
    put_store(text, strlen(text));
    free(text);
}

static inline void expect_text(const char *got, const char *expected, int line) {
    if (strcmp(got, expected) != 0)
        fail_msg("line %d: the text is\n%snot\n%s", line, got, expected);
}

static inline void expect_store(const char *lines, int line) {
    char *got = read_store(), *expected = whole_text(lines);
    expect_text(got, expected, line);
    free(expected);
    free(got);
}

static inline void expect_choice(const gm_tuning *tuning, const char *key, const char *variant, double milliseconds,
                                 int line) {
    const gm_choice *choice = gm_tuning_find(tuning, key);
    if (!choice)
        fail_msg("line %d: no choice for %s", line, key);
    if (strcmp(choice->variant, variant) != 0 || !(fabs(choice->milliseconds - milliseconds) <= 1e-6))
        fail_msg("line %d: %s has %s, %.9g ms, not %s, %.9g ms", line, key, choice->variant, choice->milliseconds,
                 variant, milliseconds);
}

// Programs are cached by whoever opens the device: not here, so that the folders hold the store alone.
static inline int open_uncached(void **unused) {
    setenv("GANYMEDE_CACHE", "", 1);
    unsetenv("GANYMEDE_FAULT");
    return open_device(unused);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_cache, remove_folder)

#endif

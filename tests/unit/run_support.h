// For tests of run folders: a working folder of each test's own, runs in it, and what they hold.
#ifndef GM_TEST_RUN_SUPPORT_H
#define GM_TEST_RUN_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/run.h"
#include "train_support.h"

// Each test has an empty working folder of its own, below which runs/ appears.
static char home[4096];
static char folder[64];

static inline int enter_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/ganymede-run-XXXXXX");
    return getcwd(home, sizeof home) && mkdtemp(folder) ? chdir(folder) : -1;
}

static inline int leave_folder(void **state) {
    (void)state;
    char command[192];
    snprintf(command, sizeof command, "chmod -R u+w '%s'; rm -rf '%s'", folder, folder);
    return chdir(home) == 0 ? system(command) : -1;
}

static float weight[2] = {1, 2};
static const variable model[] = {{"w", GM_FLOAT32, {.rank = 1, .dim = {2}}, weight}};

static inline void save(gm_run *run, uint64_t step) {
    gm_state state = {model, 1, NULL};
    gm_checkpoint_info info = {.step = step};
    assert_int_equal(gm_checkpoint_write(gm_run_checkpoint_path(run, step), &state, &info), GM_OK);
}

static inline void put_file(const char *path, const char *text) {
    assert_int_equal(gm_file_write_atomic(path, text, strlen(text)), GM_OK);
}

static inline void expect_file(const char *path, const char *text) {
    char *content;
    size_t count;
    assert_int_equal(gm_file_read(path, 1 << 24, &content, &count), GM_OK);
    assert_string_equal(content, text);
    free(content);
}

static inline void expect_message(const char *part) {
    if (!strstr(gm_error_message(), part))
        fail_msg("\n  said:     %s\n  expected: %s", gm_error_message(), part);
}

static inline gm_run *create(void) {
    gm_run *run;
    if (gm_run_create(&run, "out", "x") != GM_OK)
        fail_msg("%s", gm_error_message());
    return run;
}

static inline gm_status log_step(gm_run *run, int64_t step) {
    gm_log_line line = {0};
    gm_log_begin(&line);
    gm_log_integer(&line, "step", step);
    gm_status status = gm_run_log(run, &line);
    gm_log_finish(&line);
    return status;
}

static inline void expect_steps(gm_run *run, const uint64_t *expected, size_t count) {
    uint64_t *steps;
    size_t found;
    assert_int_equal(gm_run_list_checkpoints(run, &steps, &found), GM_OK);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(steps[i], expected[i]);
    free(steps);
}

#endif

// Run folders and log lines: what stays after a crash, a full disk, a resumption.
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "run_support.h"

// ---- Folders ----

static void runs_are_numbered_upwards(void **state) {
    (void)state;
    static const char *const expected[] = {"runs/00000-a", "runs/00001-b", "runs/00042-c"};
    for (size_t i = 0; i < 3; i++) {
        gm_run *run;
        if (i == 2)
            assert_int_equal(gm_folder_create("runs/00041-older"), GM_OK);
        assert_int_equal(gm_run_create(&run, NULL, (const char *[]){"a", "b", "c"}[i]), GM_OK);
        assert_string_equal(gm_run_path(run), expected[i]);
        gm_run_close(&run);
        assert_null(run);
    }
    gm_run *run;
    assert_int_equal(gm_run_create(&run, NULL, "a/b"), GM_ERROR_ARGUMENT);
    assert_null(run);
}

static void given_folder_is_taken_exactly_and_never_overwritten(void **state) {
    (void)state;
    gm_run *run;
    assert_int_equal(gm_run_create(&run, "deep/er/out/", "x"), GM_OK);
    assert_string_equal(gm_run_path(run), "deep/er/out");
    assert_string_equal(gm_run_recipe_path(run), "deep/er/out/recipe.yaml");
    assert_string_equal(gm_run_log_path(run), "deep/er/out/log.jsonl");
    assert_string_equal(gm_run_sample_path(run, 12800), "deep/er/out/samples/00012800.png");
    assert_string_equal(gm_run_real_path(run), "deep/er/out/samples/real.png");
    assert_string_equal(gm_run_checkpoint_path(run, 123456789012), "deep/er/out/checkpoints/123456789012.safetensors");
    assert_int_equal(gm_run_write_recipe(run, "name: x\n"), GM_OK);
    expect_file("deep/er/out/recipe.yaml", "name: x\n");
    gm_run_close(&run);
    assert_int_equal(gm_run_create(&run, "deep/er/out", "x"), GM_ERROR_IO);
    expect_message("deep/er/out: is not empty");
    put_file("file", "x");
    assert_int_equal(gm_run_create(&run, "file", "x"), GM_ERROR_IO);
    expect_message("file: is not a folder");
    assert_int_equal(gm_run_create(&run, "file/below", "x"), GM_ERROR_IO);
    assert_int_equal(gm_run_create(&run, "", "x"), GM_ERROR_ARGUMENT);
    char lengthy[5000];
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_int_equal(gm_run_create(&run, lengthy, "x"), GM_ERROR_ARGUMENT);
    expect_file("deep/er/out/recipe.yaml", "name: x\n");
}

static void only_run_folders_open(void **state) {
    (void)state;
    gm_run *run;
    assert_int_equal(gm_run_open(&run, "absent", false), GM_ERROR_IO);
    expect_message("absent: cannot be opened");
    assert_int_equal(gm_folder_create("other"), GM_OK);
    assert_int_equal(gm_run_open(&run, "other", true), GM_ERROR_ARGUMENT);
    expect_message("other: is not a run folder");
    assert_int_equal(access("other/log.jsonl", F_OK), -1);
    run = create();
    gm_run_close(&run);
    assert_int_equal(gm_run_open(&run, "out/", false), GM_OK);
    assert_int_equal(log_step(run, 1), GM_ERROR_STATE);
    expect_message("out: was opened for reading alone");
    gm_run_close(&run);
}

static void second_trainer_of_the_process_is_kept_out(void **state) {
    (void)state;
    gm_run *run = create(), *second;
    for (int deleted = 0; deleted < 2; deleted++) {
        if (deleted)
            assert_int_equal(unlink("out/log.jsonl"), 0);
        assert_int_equal(gm_run_open(&second, "out", true), GM_ERROR_STATE);
        expect_message("out: another trainer is at work in this folder");
        assert_null(second);
        assert_int_equal(gm_run_open(&second, "out", false), GM_OK); // reading is free, and drops no lock
        gm_run_close(&second);
        close(open("out/log.jsonl", O_RDONLY));
    }
    gm_run_close(&run);
    assert_int_equal(gm_run_open(&second, "out", true), GM_OK);
    gm_run_close(&second);
}

// A lock on the log keeps programs out that know of no other, and works where folders cannot be locked.
static void trainer_that_locks_the_log_alone_is_kept_out(void **state) {
    (void)state;
    gm_run *run = create();
    gm_run_close(&run);
    int log = open("out/log.jsonl", O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    pid_t child = fork();
    if (child == 0) {
        bool locked = fcntl(log, F_SETLK, &lock) == 0; // a child's, as a process has no quarrel with itself
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(gm_run_open(&run, "out", true) != GM_ERROR_STATE);
        int result = 1;
        waitpid(grandchild, &result, 0);
        _exit(!locked || result != 0);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(gm_run_open(&run, "out", true), GM_OK);
    child = fork();
    if (child == 0)
        _exit(fcntl(log, F_SETLK, &lock) == 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    gm_run_close(&run);
    close(log);
}

static void second_process_is_kept_out(void **state) {
    (void)state;
    gm_run *run = create();
    for (int held = 1; held >= 0; held--) {
        pid_t child = fork();
        if (child == 0) {
            gm_run *second;
            gm_status status = gm_run_open(&second, "out", true);
            bool said = strstr(gm_error_message(), "out: another trainer is at work in this folder") != NULL;
            _exit(held ? !(status == GM_ERROR_STATE && said) : status != GM_OK);
        }
        int result;
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_int_equal(result, 0);
        gm_run_close(&run);
    }
}

static void resuming_sweeps_half_written_files(void **state) {
    (void)state;
    gm_run *run = create();
    save(run, 0);
    gm_run_close(&run);
    put_file("out/checkpoints/00000100.safetensors.77.0.tmp", "half");
    put_file("out/samples/00000100.png.77.0.tmp", "half");
    put_file("out/recipe.yaml.77.0.tmp", "half");
    put_file("out/notes.tmp", "mine");
    put_file("out/7.0.tmp", "mine");
    assert_int_equal(gm_run_open(&run, "out", false), GM_OK);
    gm_run_close(&run);
    assert_int_equal(access("out/recipe.yaml.77.0.tmp", F_OK), 0);
    assert_int_equal(gm_run_open(&run, "out", true), GM_OK);
    assert_int_equal(access("out/recipe.yaml.77.0.tmp", F_OK), -1);
    expect_file("out/notes.tmp", "mine");
    expect_file("out/7.0.tmp", "mine");
    assert_int_equal(access("out/samples/00000100.png.77.0.tmp", F_OK), -1);
    assert_int_equal(access("out/checkpoints/00000100.safetensors.77.0.tmp", F_OK), -1);
    expect_steps(run, (const uint64_t[]){0}, 1);
    gm_run_close(&run);
}

// ---- The log ----

static void log_lines_keep_order_and_digits(void **state) {
    (void)state;
    gm_log_line line = {0};
    for (int turn = 0; turn < 2; turn++) {
        const char *text;
        gm_log_begin(&line);
        gm_log_integer(&line, "step", INT64_MIN);
        gm_log_number(&line, "loss_d", (double)0.1f);
        gm_log_number(&line, "loss_g", NAN);
        gm_log_number(&line, "up", -INFINITY);
        gm_log_number(&line, "large", 1e300);
        gm_log_string(&line, "text", "\"\\\n\x01\xc3\xa9\xff\xed\xa0\x80");
        gm_log_string(&line, "null", NULL);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(gm_log_end(&line, &text), GM_OK);
            assert_string_equal(text, "{\"step\": -9223372036854775808, \"loss_d\": 0.100000001, \"loss_g\": null, "
                                      "\"up\": null, \"large\": 1e+300, "
                                      "\"text\": \"\\\"\\\\\\u000a\\u0001\xc3\xa9\\ufffd\\ufffd\\ufffd\\ufffd\", "
                                      "\"null\": null}");
        }
    }
    gm_log_finish(&line);
}

static void log_numbers_hold_every_float(void **state) {
    (void)state;
    uint32_t bits = 12345;
    for (int i = 0; i < 10000; i++) {
        bits = bits * 1664525u + 1013904223u;
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        gm_log_line line = {0};
        const char *text;
        gm_log_begin(&line);
        gm_log_number(&line, "x", (double)value);
        assert_int_equal(gm_log_end(&line, &text), GM_OK);
        float back = strtof(text + strlen("{\"x\": "), NULL);
        assert_memory_equal(&value, &back, sizeof value);
        gm_log_finish(&line);
    }
}

static void log_is_cut_back_to_the_checkpoint(void **state) {
    (void)state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"", ""},
        {"{\"step\": 50}\n{\"step\": 100}\n", "{\"step\": 50}\n{\"step\": 100}\n"},
        {"{\"step\": 100}\n{\"step\": 150}\n{\"step\": 200}\n", "{\"step\": 100}\n"},
        {"{\"step\": 50}\n{\"step\": 6", "{\"step\": 50}\n"},
        {"{\"step\": 50}\n{\"step\": 60}", "{\"step\": 50}\n"}, // whole, but without its line feed: torn
        {"{\"event\": \"start\"}\n{\"step\": 101}\n", "{\"event\": \"start\"}\n"},
        {"{\"step\": 50}\ngarbage\n{\"step\": 60}\nmore", "{\"step\": 50}\ngarbage\n{\"step\": 60}\n"},
        {"{\"step\": 50}\ngarbage\n{\"step\": 101}\n", "{\"step\": 50}\ngarbage\n"},
        {"{\"step\": 50}\n\n", "{\"step\": 50}\n\n"},
        {"{\"step\": 50}\n# a note\n{\"st", "{\"step\": 50}\n# a note\n"},
        {"[1]\n", "[1]\n"},
    };
    gm_run *run = create();
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        int file = open("out/log.jsonl", O_WRONLY | O_TRUNC);
        assert_int_equal(write(file, cases[i].before, strlen(cases[i].before)), strlen(cases[i].before));
        close(file);
        assert_int_equal(gm_run_log_cut(run, 100), GM_OK);
        expect_file("out/log.jsonl", cases[i].after);
        char whole[256];
        snprintf(whole, sizeof whole, "%s{\"step\": 101}\n", cases[i].after);
        assert_int_equal(log_step(run, 101), GM_OK);
        expect_file("out/log.jsonl", whole);
    }
    gm_run_close(&run);
}

// The descriptor outlives the name.
static void log_that_was_removed_or_replaced_comes_back_whole(void **state) {
    (void)state;
    static const char lines[] = "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}\n{\"step\": 4}\n{\"step\": 5}\n";
    gm_run *run = create();
    assert_int_equal(log_step(run, 1), GM_OK);
    assert_int_equal(unlink("out/log.jsonl"), 0);
    assert_int_equal(log_step(run, 2), GM_OK);
    assert_int_equal(unlink("out/log.jsonl"), 0);
    assert_int_equal(gm_run_sync_log(run), GM_OK); // a checkpoint looks, too
    expect_file("out/log.jsonl", "{\"step\": 1}\n{\"step\": 2}\n");
    put_file("out/log.jsonl", "mine\n"); // another file of that name
    assert_int_equal(log_step(run, 3), GM_OK);
    put_file("out/log.jsonl", "mine, too\n");
    assert_int_equal(log_step(run, 4), GM_OK);
    assert_int_equal(rename("out/log.jsonl", "out/log.1"), 0);
    assert_int_equal(log_step(run, 5), GM_OK);
    expect_file("out/log.jsonl", lines);
    expect_file("out/log.jsonl.replaced", "mine\n");
    expect_file("out/log.jsonl.replaced.2", "mine, too\n");
    gm_run *second;
    assert_int_equal(gm_run_open(&second, "out", true), GM_ERROR_STATE);
    gm_run_close(&run);
}

static void folder_that_was_replaced_is_left_alone(void **state) {
    (void)state;
    gm_run *run = create(), *second;
    assert_int_equal(log_step(run, 1), GM_OK);
    assert_int_equal(rename("out", "moved"), 0);
    assert_int_equal(log_step(run, 2), GM_ERROR_STATE);
    expect_message("out: is no longer the one that training began in, which was moved or removed");
    second = create();
    assert_int_equal(log_step(run, 2), GM_ERROR_STATE);
    expect_message("out: is another folder than the one that training began in");
    assert_int_equal(gm_run_sync_log(run), GM_ERROR_STATE);
    expect_file("out/log.jsonl", "");
    expect_file("moved/log.jsonl", "{\"step\": 1}\n");
    gm_run_close(&second);
    gm_run_close(&run);
}

static void full_disk_leaves_whole_lines(void **state) {
    (void)state;
    gm_run *run = create();
    assert_int_equal(log_step(run, 1), GM_OK);
    // A file-size limit stands in for a full disk: it lets half of the next line through.
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 18;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    gm_status torn = log_step(run, 2);
    gm_status recipe = gm_run_write_recipe(run, "name: a-rather-long-name\n");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(torn, GM_ERROR_IO);
    assert_int_equal(recipe, GM_ERROR_IO);
    expect_message("out/recipe.yaml: cannot be written");
    expect_file("out/log.jsonl", "{\"step\": 1}\n");
    assert_int_equal(access("out/recipe.yaml", F_OK), -1);
    assert_int_equal(log_step(run, 2), GM_OK);
    expect_file("out/log.jsonl", "{\"step\": 1}\n{\"step\": 2}\n");
    gm_run_close(&run);
    // A log that is no file.
    assert_int_equal(gm_folder_create("full/checkpoints"), GM_OK);
    assert_int_equal(symlink("/dev/full", "full/log.jsonl"), 0);
    assert_int_equal(gm_run_open(&run, "full", true), GM_ERROR_IO);
    expect_message("full/log.jsonl: is no file but a pipe or a device");
    assert_null(run);
}

static void unwritable_folder_is_named(void **state) {
    (void)state;
    gm_run *run; // /proc takes no folder from anybody, root included
    assert_int_equal(gm_run_create(&run, "/proc/ganymede/out", "x"), GM_ERROR_IO);
    expect_message("/proc/ganymede: cannot be created: ");
    assert_null(run);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        TEST(runs_are_numbered_upwards),
        TEST(given_folder_is_taken_exactly_and_never_overwritten),
        TEST(only_run_folders_open),
        TEST(second_process_is_kept_out),
        TEST(second_trainer_of_the_process_is_kept_out),
        TEST(trainer_that_locks_the_log_alone_is_kept_out),
        TEST(resuming_sweeps_half_written_files),
        TEST(log_lines_keep_order_and_digits),
        TEST(log_numbers_hold_every_float),
        TEST(log_is_cut_back_to_the_checkpoint),
        TEST(log_that_was_removed_or_replaced_comes_back_whole),
        TEST(folder_that_was_replaced_is_left_alone),
        TEST(full_disk_leaves_whole_lines),
        TEST(unwritable_folder_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Checkpoints of a run: which one it goes on from, which stay, and what becomes of the rest when it goes back.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "run_support.h"

// ---- Choosing and keeping ----

static void newest_whole_checkpoint_is_found(void **state) {
    (void)state;
    gm_run *run = create();
    gm_checkpoint *checkpoint;
    assert_int_equal(gm_run_newest_checkpoint(run, &checkpoint), GM_ERROR_STATE);
    expect_message("out: holds no checkpoint");
    static const uint64_t steps[] = {0, 100, 200, 300, 123456789};
    for (size_t i = GM_COUNT(steps); i-- > 0;)
        save(run, steps[i]);
    put_file("out/checkpoints/00000400.safetensors.1.tmp", "x");
    put_file("out/checkpoints/notes.txt", "x");
    put_file("out/checkpoints/400.safetensors", "x");
    expect_steps(run, steps, GM_COUNT(steps));
    assert_int_equal(truncate("out/checkpoints/123456789.safetensors", 100), 0);
    put_file("out/checkpoints/00000300.safetensors", "");
    assert_int_equal(gm_run_newest_checkpoint(run, &checkpoint), GM_OK);
    assert_int_equal(gm_checkpoint_get_info(checkpoint)->step, 200);
    gm_checkpoint_close(&checkpoint);
    for (size_t i = 0; i < GM_COUNT(steps); i++)
        put_file(gm_run_checkpoint_path(run, steps[i]), "damaged");
    assert_int_equal(gm_run_newest_checkpoint(run, &checkpoint), GM_ERROR_STATE);
    expect_message("none of its 5 checkpoints is whole");
    assert_null(checkpoint);
    gm_run_close(&run);
}

static void expect_refused(gm_run *run, gm_status expected, const char *part) {
    gm_checkpoint *checkpoint;
    gm_status status = gm_run_newest_checkpoint(run, &checkpoint);
    if (status != expected)
        fail_msg("status %d, not %d: %s", status, expected, gm_error_message());
    assert_null(checkpoint);
    expect_message("out/checkpoints/00000200.safetensors");
    expect_message(part);
    expect_message("nothing is changed");
    assert_int_equal(gm_run_find_checkpoint(&checkpoint, "out"), expected);
    expect_steps(run, (const uint64_t[]){100, 200}, 2);
}

static void checkpoint_that_cannot_be_read_is_not_passed_over(void **state) {
    (void)state;
    static const char *const newer[][2] = {{"format", "ganymede-checkpoint"}, {"version", "9"}, {"program", "9.1"}};
    gm_safetensors_text metadata[GM_COUNT(newer)];
    for (size_t i = 0; i < GM_COUNT(newer); i++)
        metadata[i] = (gm_safetensors_text){newer[i][0], newer[i][1]};
    gm_run *run = create();
    save(run, 100);
    // Written by a later program.
    const gm_safetensor tensor = {"w", GM_FLOAT32, {.rank = 1, .dim = {2}}, weight};
    assert_int_equal(gm_safetensors_write(gm_run_checkpoint_path(run, 200), &tensor, 1, metadata, GM_COUNT(metadata)),
                     GM_OK);
    expect_refused(run, GM_ERROR_STATE, "is a checkpoint of version 9");
    // Another step than its name says.
    gm_state values = {model, 1, NULL};
    assert_int_equal(gm_checkpoint_write(gm_run_checkpoint_path(run, 200), &values, &(gm_checkpoint_info){.step = 150}),
                     GM_OK);
    gm_checkpoint *checkpoint;
    assert_int_equal(gm_run_newest_checkpoint(run, &checkpoint), GM_ERROR_STATE);
    expect_message("holds step 150");
    // A folder in its place: reading fails, whoever reads.
    assert_int_equal(unlink(gm_run_checkpoint_path(run, 200)), 0);
    assert_int_equal(gm_folder_create(gm_run_checkpoint_path(run, 200)), GM_OK);
    expect_refused(run, GM_ERROR_IO, "out/checkpoints/00000200.safetensors");
    assert_int_equal(rmdir(gm_run_checkpoint_path(run, 200)), 0);
    // Too many open files.
    save(run, 200);
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    small = limit;
    int last = open("/dev/null", O_RDONLY);
    small.rlim_cur = (rlim_t)last + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    gm_status status = gm_run_newest_checkpoint(run, &checkpoint);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close(last);
    assert_int_equal(status, GM_ERROR_IO);
    expect_message("Too many open files");
    gm_run_close(&run);
}

static void checkpoint_of_a_step_is_opened_or_the_message_lists_them(void **state) {
    (void)state;
    gm_run *run = create();
    gm_checkpoint *checkpoint;
    assert_int_equal(gm_run_checkpoint_at(run, 0, &checkpoint), GM_ERROR_ARGUMENT);
    expect_message("out: holds no checkpoint of step 0; there are those of none");
    for (uint64_t step = 0; step <= 300; step += 100)
        save(run, step);
    assert_int_equal(gm_run_checkpoint_at(run, 0, &checkpoint), GM_OK);
    assert_int_equal(gm_checkpoint_get_info(checkpoint)->step, 0);
    gm_checkpoint_close(&checkpoint);
    assert_int_equal(gm_run_checkpoint_at(run, 150, &checkpoint), GM_ERROR_ARGUMENT);
    expect_message("out: holds no checkpoint of step 150; there are those of 0, 100, 200, 300");
    assert_null(checkpoint);
    gm_run_close(&run);
}

// ---- Going back ----

// Checkpoints, pictures and lines of the steps 100 to 400.
static gm_run *trained(void) {
    gm_run *run = create();
    put_file("out/recipe.yaml", "name: x\n");
    put_file(gm_run_real_path(run), "real");
    for (uint64_t step = 100; step <= 400; step += 100) {
        save(run, step);
        put_file(gm_run_sample_path(run, step), "x");
        assert_int_equal(log_step(run, (int64_t)step), GM_OK);
    }
    return run;
}

static void expect_absent(const char *path) {
    if (access(path, F_OK) == 0)
        fail_msg("%s is there", path);
}

static void what_lies_behind_the_newest_checkpoint_is_removed(void **state) {
    (void)state;
    gm_run *run = trained();
    put_file(gm_run_sample_path(run, 450), "x");
    assert_int_equal(log_step(run, 450), GM_OK);
    assert_int_equal(gm_run_go_back(run, 400, 300, true), GM_OK);
    expect_absent("out/samples/00000450.png");
    expect_absent("out/set-aside");
    expect_file("out/samples/00000400.png", "x");
    expect_file("out/samples/real.png", "real");
    expect_file("out/log.jsonl", "{\"step\": 100}\n{\"step\": 200}\n{\"step\": 300}\n");
    expect_steps(run, (const uint64_t[]){100, 200, 300, 400}, 4);
    gm_run_close(&run);
}

static void what_lies_behind_an_older_checkpoint_is_set_aside(void **state) {
    (void)state;
    gm_run *run = trained();
    assert_int_equal(gm_run_go_back(run, 300, 300, false), GM_OK);
    assert_int_equal(log_step(run, 400), GM_OK);
    save(run, 400);
    assert_int_equal(gm_run_go_back(run, 200, 200, false), GM_OK);
    expect_steps(run, (const uint64_t[]){100, 200}, 2);
    expect_file("out/log.jsonl", "{\"step\": 100}\n{\"step\": 200}\n");
    expect_absent("out/samples/00000300.png");
    gm_run_close(&run);
    // What was set aside is a run folder.
    static const struct {
        const char *path;
        uint64_t steps[2];
        size_t count;
    } expected[] = {{"out/set-aside/1", {400}, 1}, {"out/set-aside/2", {300, 400}, 2}};
    for (size_t i = 0; i < GM_COUNT(expected); i++) {
        char path[64];
        assert_int_equal(gm_run_open(&run, expected[i].path, false), GM_OK);
        expect_steps(run, expected[i].steps, expected[i].count);
        gm_run_close(&run);
        snprintf(path, sizeof path, "%s/recipe.yaml", expected[i].path);
        expect_file(path, "name: x\n");
        snprintf(path, sizeof path, "%s/log.jsonl", expected[i].path);
        expect_file(path, "{\"step\": 100}\n{\"step\": 200}\n{\"step\": 300}\n{\"step\": 400}\n");
    }
    expect_file("out/set-aside/1/samples/00000400.png", "x");
    expect_file("out/set-aside/2/samples/00000300.png", "x");
    expect_file("out/samples/real.png", "real");
}

static void damaged_checkpoints_are_kept_under_another_name(void **state) {
    (void)state;
    gm_run *run = trained();
    put_file("out/checkpoints/00000400.safetensors", "first");
    assert_int_equal(gm_run_go_back(run, 300, 300, true), GM_OK);
    put_file("out/checkpoints/00000400.safetensors", "second");
    put_file("out/checkpoints/00000300.safetensors", "third");
    assert_int_equal(gm_run_go_back(run, 200, 200, true), GM_OK);
    expect_file("out/checkpoints/00000400.safetensors.damaged", "first");
    expect_file("out/checkpoints/00000400.safetensors.damaged.2", "second");
    expect_file("out/checkpoints/00000300.safetensors.damaged", "third");
    expect_file("out/set-aside/1/samples/00000400.png", "x");
    expect_file("out/set-aside/2/samples/00000300.png", "x");
    expect_steps(run, (const uint64_t[]){100, 200}, 2);
    assert_int_equal(gm_run_prune(run, 1, NULL, 0), GM_OK);
    expect_file("out/checkpoints/00000400.safetensors.damaged", "first");
    gm_run_close(&run);
}

static void run_without_a_checkpoint_begins_anew_and_keeps_what_it_has(void **state) {
    (void)state;
    gm_run *run = create();
    put_file(gm_run_sample_path(run, 0), "x");
    assert_int_equal(gm_run_go_back(run, 0, 0, true), GM_OK); // killed in its first instant
    expect_absent("out/set-aside");
    expect_file("out/samples/00000000.png", "x");
    assert_int_equal(log_step(run, 100), GM_OK);
    assert_int_equal(gm_run_go_back(run, 0, 0, true), GM_OK); // somebody took its checkpoints away
    expect_file("out/set-aside/1/log.jsonl", "{\"step\": 100}\n");
    expect_file("out/log.jsonl", "");
    gm_run_close(&run);
}

static void latest_and_best_checkpoints_stay(void **state) {
    (void)state;
    gm_run *run = create();
    for (uint64_t step = 0; step <= 500; step += 100)
        save(run, step);
    assert_int_equal(gm_run_prune(run, 3, &(uint64_t){100}, 1), GM_OK);
    expect_steps(run, (const uint64_t[]){100, 300, 400, 500}, 4);
    assert_int_equal(gm_run_prune(run, 3, &(uint64_t){400}, 1), GM_OK);
    expect_steps(run, (const uint64_t[]){300, 400, 500}, 3);
    assert_int_equal(gm_run_prune(run, 9, NULL, 0), GM_OK);
    expect_steps(run, (const uint64_t[]){300, 400, 500}, 3);
    assert_int_equal(gm_run_prune(run, 0, &(uint64_t){GM_RUN_NO_STEP}, 1), GM_OK);
    expect_steps(run, (const uint64_t[]){500}, 1);
    gm_run_close(&run);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        TEST(newest_whole_checkpoint_is_found),
        TEST(latest_and_best_checkpoints_stay),
        TEST(checkpoint_that_cannot_be_read_is_not_passed_over),
        TEST(checkpoint_of_a_step_is_opened_or_the_message_lists_them),
        TEST(what_lies_behind_the_newest_checkpoint_is_removed),
        TEST(what_lies_behind_an_older_checkpoint_is_set_aside),
        TEST(damaged_checkpoints_are_kept_under_another_name),
        TEST(run_without_a_checkpoint_begins_anew_and_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Two sources of data in training: which items meet, whether they lie on the device or are loaded, and what is refused.
//
// Item i of the first source is i, of the second 1000 + i. A kind of model of the tests' own shows both of a batch of
// one item.
#include "base/base.h"
#include "check_ok.h"
#include "folder_test.h"
#include "ganymede/train.h"
#include "model/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 7, MORE = 10, SHIFT = 1000, EPOCHS = 3, MOST_DRAWS = EPOCHS * ITEMS * MORE };

// ---- Kinds ----

typedef struct shown_settings {
    double unused;
} shown_settings;

static gm_status build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    (void)recipe;
    gm_tensor *x[2] = {gm_model_real_batch(model, source), gm_model_second_batch(model, source)};
    gm_tensor *counter = gm_model_counter(model),
              *next = gm_add(gm_model_element(counter, 0), gm_constant_int(model->graph, 1));
    gm_phase *update = gm_phase_create(model->graph, "update");
    gm_phase_assign(update, counter, gm_model_pair(next, gm_constant_int(model->graph, 0)));
    for (size_t i = 0; i < 2; i++)
        GM_TRY(gm_model_add_number(
            model, update, (gm_model_number){i ? "second" : "first", NULL, gm_reshape(x[i], GM_SCALAR), false}));
    return gm_model_add_action(model, (gm_model_action){.phase = update, .fresh = true, .every = 1});
}

static const gm_recipe_row paired_rows[] = {GM_ROW_NUMBER(shown_settings, "paired.unused", unused, 0, 1, 0, "nothing")};
static const gm_recipe_row unpaired_rows[] = {
    GM_ROW_NUMBER(shown_settings, "unpaired.unused", unused, 0, 1, 0, "nothing")};
static const gm_recipe_section paired_section = {.rows = paired_rows, .row_count = 1, .size = sizeof(shown_settings)};
static const gm_recipe_section unpaired_section = {
    .rows = unpaired_rows, .row_count = 1, .size = sizeof(shown_settings)};
static const char *const paired_marks[] = {"paired", NULL};
static const char *const unpaired_marks[] = {"unpaired", NULL};
static const gm_model_kind paired = {.name = "paired",
                                     .description = "a model of pairs",
                                     .marks = paired_marks,
                                     .section = &paired_section,
                                     .sources = GM_SOURCES_PAIRED,
                                     .build = build};
static const gm_model_kind unpaired = {.name = "unpaired",
                                       .description = "a model of two collections",
                                       .marks = unpaired_marks,
                                       .section = &unpaired_section,
                                       .sources = GM_SOURCES_UNPAIRED,
                                       .build = build};

// ---- Data ----

// folder/name; four results stay valid at a time.
static const char *path_of(const char *name) {
    static char paths[4][160];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_source(const char *name, size_t count, size_t first) {
    float values[MORE];
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(first + i);
    check_ok(gm_npy_write(path_of(name), values, 2, (const size_t[]){count, 1}));
}

static int set_up(void **state) {
    check_ok(gm_model_kind_add(&paired));
    check_ok(gm_model_kind_add(&unpaired));
    if (make_folder(state) != 0)
        return -1;
    write_source("first.npy", ITEMS, 0);
    write_source("second.npy", ITEMS, SHIFT);
    write_source("more.npy", MORE, SHIFT);
    return 0;
}

static gm_status create(gm_trainer **trainer, const char *kind, const char *data, const char *out) {
    char text[512];
    snprintf(text, sizeof text, "%s: {}\nseed: 5\nsteps: 100000\ndata: { batch: 1, %s }\n", kind, data);
    check_ok(gm_file_write_atomic(path_of("recipe.yaml"), text, strlen(text)));
    return gm_trainer_create(trainer, &(gm_train_options){.recipe = path_of("recipe.yaml"),
                                                          .out = out ? path_of(out) : NULL,
                                                          .no_folder = !out,
                                                          .tuning = GM_TRAIN_TUNE_NOT});
}

static gm_trainer *open_trainer(const char *kind, const char *second, const char *resident, const char *out) {
    char data[400];
    gm_trainer *trainer;
    snprintf(data, sizeof data, "source: %s, resident: %s, second: { source: %s }", path_of("first.npy"), resident,
             path_of(second));
    check_ok(create(&trainer, kind, data, out));
    return trainer;
}

static void draw(gm_trainer *trainer, size_t count, size_t (*items)[2]) {
    for (size_t i = 0; i < count; i++) {
        gm_train_progress progress;
        check_ok(gm_trainer_step(trainer));
        check_ok(gm_trainer_measure(trainer, &progress));
        items[i][0] = (size_t)gm_train_number_find(&progress, "first");
        items[i][1] = (size_t)gm_train_number_find(&progress, "second") - SHIFT;
    }
}

// Whether items first ... first + count - 1 of that side are each of `count` once.
static void expect_epoch(size_t (*items)[2], size_t side, size_t first, size_t count) {
    bool seen[MORE] = {false};
    for (size_t i = first; i < first + count; i++) {
        assert_in_range(items[i][side], 0, count - 1);
        assert_false(seen[items[i][side]]);
        seen[items[i][side]] = true;
    }
}

// ---- Tests ----

static void pairs_stay_together_over_epochs(void **state) {
    (void)state;
    for (size_t resident = 0; resident < 2; resident++) {
        size_t items[EPOCHS * ITEMS][2], moved = 0;
        gm_trainer *trainer = open_trainer("paired", "second.npy", resident ? "yes" : "no", NULL);
        draw(trainer, EPOCHS * ITEMS, items);
        gm_trainer_destroy(&trainer);
        for (size_t i = 0; i < EPOCHS * ITEMS; i++) {
            assert_int_equal(items[i][0], items[i][1]);
            moved += items[i][0] != items[i % ITEMS][0];
        }
        for (size_t epoch = 0; epoch < EPOCHS; epoch++)
            expect_epoch(items, 0, epoch * ITEMS, ITEMS);
        assert_true(moved > 0); // each epoch has its own order
    }
}

static void others_have_orders_and_epochs_of_their_own(void **state) {
    (void)state;
    static size_t items[2][MOST_DRAWS][2];
    size_t met = 0;
    for (size_t resident = 0; resident < 2; resident++) {
        gm_trainer *trainer = open_trainer("unpaired", "more.npy", resident ? "yes" : "no", NULL);
        draw(trainer, MOST_DRAWS, items[resident]);
        gm_trainer_destroy(&trainer);
    }
    assert_memory_equal(items[0], items[1], sizeof items[0]);
    for (size_t i = 0; i < MOST_DRAWS; i += ITEMS)
        expect_epoch(items[0], 0, i, ITEMS);
    for (size_t i = 0; i < MOST_DRAWS; i += MORE)
        expect_epoch(items[0], 1, i, MORE);
    for (size_t i = 0; i < MOST_DRAWS; i++)
        met += items[0][i][0] == items[0][i][1];
    assert_in_range(met, 0, MOST_DRAWS / 4); // a tenth by chance
}

static void resumed_runs_go_on_in_both_orders(void **state) {
    (void)state;
    size_t whole[2 * MORE][2], rest[MORE][2];
    gm_trainer *trainer = open_trainer("unpaired", "more.npy", "no", "run");
    draw(trainer, MORE, whole);
    check_ok(gm_trainer_save(trainer));
    draw(trainer, MORE, whole + MORE);
    gm_trainer_destroy(&trainer);
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.resume = path_of("run"), .tuning = GM_TRAIN_TUNE_NOT}));
    draw(trainer, MORE, rest);
    gm_trainer_destroy(&trainer);
    assert_memory_equal(rest, whole + MORE, sizeof rest);
}

static void refused(const char *kind, const char *data, const char *part) {
    gm_trainer *trainer;
    assert_true(create(&trainer, kind, data, NULL) != GM_OK);
    if (!strstr(gm_error_message(), part))
        fail_msg("\n  said:     %s\n  expected: %s", gm_error_message(), part);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    char data[400];
    snprintf(data, sizeof data, "source: %s, second: { source: %s }", path_of("first.npy"), path_of("more.npy"));
    refused("paired", data, "first.npy has 7 items and");
    snprintf(data, sizeof data, "source: %s, pairs: names, second: { source: %s }", path_of("first.npy"),
             path_of("second.npy"));
    refused("paired", data, "recipe.yaml:4: data.pairs:");
    snprintf(data, sizeof data, "source: %s", path_of("first.npy"));
    refused("paired", data, "data.second is missing: a model of pairs learns from two sources");
    snprintf(data, sizeof data, "source: %s, second: { batch: 3 }", path_of("first.npy"));
    refused("paired", data, "recipe.yaml:4: data.second.batch: both sources have one batch");
    snprintf(data, sizeof data, "source: %s, second: { sorce: x }", path_of("first.npy"));
    refused("paired", data, "did you mean 'source'?");
    snprintf(data, sizeof data, "source: %s, second: 3", path_of("first.npy"));
    refused("paired", data, "data.second must be null, or a map");
    snprintf(data, sizeof data, "source: %s, second: { count: -1 }", path_of("first.npy"));
    refused("paired", data, "data.second.count must be");
    snprintf(data, sizeof data, "source: %s, damaged: skip, second: { source: %s }", path_of("first.npy"),
             path_of("second.npy"));
    refused("paired", data, "data.damaged: of pairs none can be left out");
}

// What the second source inherits is not written, so that a change of the first is one of both.
static void the_resolved_recipe_says_what_differs(void **state) {
    (void)state;
    gm_train_info info;
    char data[400];
    gm_trainer *trainer, *again;
    snprintf(data, sizeof data, "source: %s, count: 5, second: { source: %s, count: 5 }", path_of("first.npy"),
             path_of("second.npy"));
    check_ok(create(&trainer, "paired", data, NULL));
    gm_trainer_get_info(trainer, &info);
    char expected[300];
    snprintf(expected, sizeof expected, "  second: {source: %s}\n", path_of("second.npy"));
    if (!strstr(info.recipe, expected))
        fail_msg("\n  recipe:   %s\n  expected: %s", info.recipe, expected);
    check_ok(gm_file_write_atomic(path_of("again.yaml"), info.recipe, strlen(info.recipe)));
    check_ok(gm_trainer_create(
        &again, &(gm_train_options){.recipe = path_of("again.yaml"), .no_folder = true, .tuning = GM_TRAIN_TUNE_NOT}));
    gm_train_info same;
    gm_trainer_get_info(again, &same);
    assert_string_equal(same.recipe, info.recipe);
    gm_trainer_destroy(&trainer);
    gm_trainer_destroy(&again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_stay_together_over_epochs),
        cmocka_unit_test(others_have_orders_and_epochs_of_their_own),
        cmocka_unit_test(resumed_runs_go_on_in_both_orders),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(the_resolved_recipe_says_what_differs),
    };
    return cmocka_run_group_tests(tests, set_up, remove_folder);
}

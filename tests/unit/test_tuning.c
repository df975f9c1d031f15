// Tuning: the store of choices (src/device/tuning.c), whatever state its file is in.
#include "tuning_support.h"

static void saved_choices_read_back(void **unused) {
    (void)unused;
    enum { COUNT = 2000 };
    gm_tuning *tuning = create(NULL);
    assert_int_equal(tuning->count, 0);
    OK(gm_tuning_set(tuning, "cpu gemm 1x2 2x3 -> 1x3 nn", "tile6", 12.3456789));
    OK(gm_tuning_set(tuning, "not timed", "default", 0));
    char key[32];
    for (int i = 1; i <= COUNT; i++) {
        snprintf(key, sizeof key, "operation %d", i);
        OK(gm_tuning_set(tuning, key, i % 2 ? "parts1/2" : "default", 1e-6 * i * i));
    }
    assert_true(gm_tuning_find(tuning, "not timed")->fresh);
    OK(gm_tuning_save(tuning));
    gm_tuning_destroy(&tuning);
    assert_null(tuning);
    gm_tuning_destroy(&tuning);

    tuning = create(NULL);
    assert_int_equal(tuning->count, COUNT + 2);
    expect_choice(tuning, "cpu gemm 1x2 2x3 -> 1x3 nn", "tile6", 12.3456789, __LINE__);
    expect_choice(tuning, "not timed", "default", 0, __LINE__);
    for (int i = 1; i <= COUNT; i++) {
        snprintf(key, sizeof key, "operation %d", i);
        expect_choice(tuning, key, i % 2 ? "parts1/2" : "default", 1e-6 * i * i, __LINE__);
    }
    for (size_t i = 0; i < tuning->count; i++)
        assert_true(!tuning->choices[i].fresh && !tuning->choices[i].used);
    assert_null(gm_tuning_find(tuning, "operation 0"));
    gm_tuning_destroy(&tuning);
}

// Times must not wander: every start of a run reads them and writes them anew.
static void choices_that_are_read_are_written_byte_for_byte(void **unused) {
    (void)unused;
    gm_text lines = {0};
    for (unsigned i = 0; i < 3000; i++)
        gm_text_printf(&lines, "operation %u\t%s\t%u\n", i, i % 2 ? "default" : "tile12", i * i);
    assert_false(lines.failed);
    put_lines(lines.data);
    gm_tuning *tuning = create(NULL);
    char *stored = read_store(), *text = text_of(tuning, false), *difference = text;
    for (const char *s = stored; *s && *s == *difference; s++)
        difference++;
    if (strcmp(stored, text) != 0)
        fail_msg("at byte %td: \"%.40s\", where the store has \"%.40s\"", difference - text, difference,
                 stored + (difference - text));
    free(text);
    text = text_of(tuning, true); // no plan has asked for any
    char *none = whole_text("");
    expect_text(text, none, __LINE__);
    free(none);
    free(text);
    free(stored);
    gm_text_finish(&lines);
    gm_tuning_destroy(&tuning);
}

static void damaged_store_gives_what_stands_before_the_damage(void **unused) {
    (void)unused;
    const char *good = "a\ttile6\t1000\nb\tdefault\t0\n";
    static const char *const ends[] = {
        "c",                                       // torn
        "c\tdefault",                              //
        "c\tdefault\t12",                          //
        "\n",                                      //
        "c\n",                                     // fields missing
        "c\tdefault\n",                            //
        "c\tdefault\t\n",                          //
        "c\t\t12\n",                               //
        "\tdefault\t12\n",                         //
        "c\tdefault\tsoon\n",                      // no number
        "c\tdefault\t12x\n",                       //
        "c\tdefault\t1.5\n",                       //
        "c\tdefault\t12\t13\n",                    //
        "c\tdefault\t12\r\n",                      //
        "c\tdefault\t-12\n",                       //
        "c\tdefault\t 12\n",                       //
        "c\tdefault\t1234567890123456789012345\n", // of years
    };
    for (size_t i = 0; i < GM_COUNT(ends); i++) {
        for (int more = 0; more < 2; more++) { // is what follows the damage left out, too?
            char lines[256];
            snprintf(lines, sizeof lines, "%s%s%s", good, ends[i], more ? "\nd\ttile8\t5000\n" : "");
            if (more && !strchr(ends[i], '\n'))
                continue; // not torn any more
            put_lines(lines);
            gm_tuning *tuning = create(NULL);
            if (tuning->count != 2)
                fail_msg("%zu choices were read of\n%s", tuning->count, lines);
            expect_choice(tuning, "a", "tile6", 1e-3, __LINE__);
            expect_choice(tuning, "b", "default", 0, __LINE__);
            OK(gm_tuning_set(tuning, "e", "tile8", 2e-3));
            OK(gm_tuning_save(tuning));
            expect_store("a\ttile6\t1000\nb\tdefault\t0\ne\ttile8\t2000\n", __LINE__);
            gm_tuning_destroy(&tuning);
        }
    }
}

static void store_of_another_version_or_device_is_an_empty_one(void **unused) {
    (void)unused;
    char *whole = whole_text("a\ttile6\t1000\nb\tdefault\t0\n");
    size_t bytes = strlen(whole), first = (size_t)(strchr(whole, '\n') - whole);
    static const char noise[64] = {'\t', '\xff', '\n', '\0', '\x80', '\n', '\t', '\t', '1', '\n'};
    enum { VERSION, IDENTITY, EMPTY, HALF_A_HEAD, ONE_HEAD, NOISE, CASES };
    for (int i = 0; i < CASES; i++) {
        char *text = strdup(whole);
        if (i == VERSION)
            text[first - 1]++;
        if (i == IDENTITY)
            text[first + 16] = text[first + 16] == '0' ? '1' : '0';
        if (i == NOISE)
            put_store(noise, sizeof noise);
        else
            put_store(text, i == EMPTY ? 0 : i == HALF_A_HEAD ? first / 2 : i == ONE_HEAD ? first + 1 : bytes);
        gm_tuning *tuning = create(NULL);
        if (tuning->count != 0)
            fail_msg("case %d: %zu choices were read", i, tuning->count);
        OK(gm_tuning_set(tuning, "e", "tile8", 2e-3));
        OK(gm_tuning_save(tuning));
        expect_store("e\ttile8\t2000\n", __LINE__);
        gm_tuning_destroy(&tuning);
        free(text);
    }
    // A head that is cut within its second line has no choices behind it, and is no reason to fail.
    put_store(whole, first + 10);
    gm_tuning *tuning = create(NULL);
    assert_int_equal(tuning->count, 0);
    gm_tuning_destroy(&tuning);
    free(whole);
}

static void choices_saved_one_after_the_other_are_merged(void **unused) {
    (void)unused;
    put_lines("old\tdefault\t7000\n");
    gm_tuning *first = create(NULL), *second = create(NULL);
    OK(gm_tuning_set(first, "mine", "tile6", 1e-3));
    OK(gm_tuning_set(first, "both", "tile8", 2e-3));
    OK(gm_tuning_set(second, "yours", "tile12", 3e-3));
    OK(gm_tuning_set(second, "both", "groups2", 4e-3));
    OK(gm_tuning_save(first));
    assert_false(gm_tuning_find(first, "mine")->fresh);
    OK(gm_tuning_save(second));
    gm_tuning *stored = create(NULL);
    assert_int_equal(stored->count, 4);
    expect_choice(stored, "old", "default", 7e-3, __LINE__);
    expect_choice(stored, "mine", "tile6", 1e-3, __LINE__);
    expect_choice(stored, "yours", "tile12", 3e-3, __LINE__);
    expect_choice(stored, "both", "groups2", 4e-3, __LINE__);
    gm_tuning_destroy(&stored);
    // What was only read is not put back over what others have found since.
    OK(gm_tuning_set(second, "old", "tile6", 5e-3));
    OK(gm_tuning_save(second));
    OK(gm_tuning_set(first, "more", "default", 6e-3));
    OK(gm_tuning_save(first));
    expect_store("old\ttile6\t5000\nmine\ttile6\t1000\nboth\tgroups2\t4000\nyours\ttile12\t3000\nmore\tdefault\t6000\n",
                 __LINE__);
    gm_tuning_destroy(&first);
    gm_tuning_destroy(&second);
}

static void save_without_news_leaves_the_file_alone(void **unused) {
    (void)unused;
    gm_tuning *tuning = create(NULL);
    OK(gm_tuning_save(tuning));
    assert_int_equal(access(cache, F_OK), -1);
    gm_tuning_destroy(&tuning);
    put_lines("a\ttile6\t1000\nb\tdefault\t");
    tuning = create(NULL);
    OK(gm_tuning_save(tuning));
    expect_store("a\ttile6\t1000\nb\tdefault\t", __LINE__);
    gm_tuning_destroy(&tuning);
}

static void empty_cache_variable_stores_nothing_anywhere(void **unused) {
    (void)unused;
    char before[4096], command[128];
    const char *home = getenv("HOME"), *shared = getenv("XDG_CACHE_HOME");
    char *saved_home = home ? strdup(home) : NULL, *saved_shared = shared ? strdup(shared) : NULL;
    assert_non_null(getcwd(before, sizeof before));
    setenv("GANYMEDE_CACHE", "", 1);
    setenv("HOME", folder, 1); // wherever it might go
    setenv("XDG_CACHE_HOME", folder, 1);
    assert_int_equal(chdir(folder), 0);
    gm_tuning *tuning;
    gm_status made = gm_tuning_create(&tuning, device, NULL), saved = made;
    if (made == GM_OK) {
        OK(gm_tuning_set(tuning, "a", "tile6", 1));
        saved = gm_tuning_save(tuning);
    }
    assert_int_equal(chdir(before), 0);
    saved_home ? setenv("HOME", saved_home, 1) : unsetenv("HOME");
    saved_shared ? setenv("XDG_CACHE_HOME", saved_shared, 1) : unsetenv("XDG_CACHE_HOME");
    free(saved_home);
    free(saved_shared);
    OK(made);
    OK(saved);
    expect_choice(tuning, "a", "tile6", 1, __LINE__);
    gm_tuning_destroy(&tuning);
    snprintf(command, sizeof command, "test -z \"$(ls -A '%s')\"", folder);
    assert_int_equal(system(command), 0);
}

static void folder_below_a_file_fails_with_its_path(void **unused) {
    (void)unused;
    OK(gm_file_write_atomic(cache, "x", 1));
    setenv("GANYMEDE_CACHE", store, 1); // below the file
    gm_tuning *tuning = create(NULL);
    OK(gm_tuning_save(tuning)); // nothing to save
    OK(gm_tuning_set(tuning, "a", "tile6", 1));
    assert_int_equal(gm_tuning_save(tuning), GM_ERROR_IO);
    if (!strstr(gm_error_message(), cache))
        fail_msg("the message names no %s: %s", cache, gm_error_message());
    assert_true(gm_tuning_find(tuning, "a")->fresh); // not saved yet
    unlink(cache);
    setenv("GANYMEDE_CACHE", cache, 1);
    OK(gm_tuning_save(tuning));
    expect_store("a\ttile6\t1000000\n", __LINE__);
    gm_tuning_destroy(&tuning);
}

static void store_that_cannot_be_read_is_left_alone(void **unused) {
    (void)unused;
    put_lines("a\ttile6\t1000\n");
    gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
    assert_int_equal(tuning->mode, GM_TUNING_NEW);
    OK(gm_tuning_set(tuning, "b", "tile6", 1));
    gm_tuning *untimed, *all;
    // As large as it must not be: a store that cannot be read, also for those who may read everything.
    assert_int_equal(truncate(store, (off_t)1 << 25), 0);
    untimed = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
    assert_int_equal(untimed->mode, GM_TUNING_STORED); // nothing is timed that could not be kept
    assert_int_equal(untimed->count, 0);
    gm_tuning_destroy(&untimed);
    assert_int_equal(gm_tuning_create(&all, device, &(gm_tuning_options){.mode = GM_TUNING_ALL}), GM_ERROR_IO);
    assert_null(all);
    assert_int_equal(gm_tuning_save(tuning), GM_ERROR_IO);
    if (!strstr(gm_error_message(), store))
        fail_msg("the message names no %s: %s", store, gm_error_message());
    assert_true(gm_tuning_find(tuning, "b")->fresh);
    struct stat info;
    assert_int_equal(stat(store, &info), 0);
    assert_int_equal(info.st_size, (off_t)1 << 25);
    gm_tuning_destroy(&tuning);
}

static void given_choices_replace_the_store(void **unused) {
    (void)unused;
    put_lines("a\tdefault\t1000\nb\tdefault\t2000\n");
    char *given = whole_text("a\ttile6\t3000\nc\ttile8\t4000\n");
    gm_tuning *tuning = create(&(gm_tuning_options){.choices = given});
    assert_int_equal(tuning->count, 2);
    expect_choice(tuning, "a", "tile6", 3e-3, __LINE__);
    expect_choice(tuning, "c", "tile8", 4e-3, __LINE__);
    // They are the caller's: only what is new goes into the store.
    OK(gm_tuning_save(tuning));
    expect_store("a\tdefault\t1000\nb\tdefault\t2000\n", __LINE__);
    OK(gm_tuning_set(tuning, "d", "groups2", 5e-3));
    OK(gm_tuning_save(tuning));
    expect_store("a\tdefault\t1000\nb\tdefault\t2000\nd\tgroups2\t5000\n", __LINE__);
    gm_tuning_destroy(&tuning);
    free(given);
}

static void given_choices_of_another_device_give_way_to_the_store(void **unused) {
    (void)unused;
    put_lines("a\tdefault\t1000\n");
    char *given = whole_text("a\ttile6\t3000\n"), *identity = strchr(given, '\n') + 1;
    *identity = *identity == '0' ? '1' : '0';
    const char *const others[] = {given, "", "gemm=cpu", "ganymede tuning 1\n"};
    for (size_t i = 0; i < GM_COUNT(others); i++) {
        gm_tuning *tuning = create(&(gm_tuning_options){.choices = others[i]});
        assert_int_equal(tuning->count, 1);
        expect_choice(tuning, "a", "default", 1e-3, __LINE__);
        gm_tuning_destroy(&tuning);
    }
    free(given);
}

// A container with two units and a machine with 64 of the same kind may share a home.
static void choices_of_other_compute_units_are_not_used(void **unused) {
    (void)unused;
    size_t *units = &((gm_device_info *)gm_device_get_info(device))->compute_units, own = *units; // what it reports
    put_lines("a\ttile6\t1000\n");
    char *given = whole_text("b\ttile8\t2000\n"), *earlier = strdup(store);
    *units = own + 62;
    gm_tuning *tuning = create(NULL);
    assert_int_equal(tuning->count, 0);
    OK(gm_tuning_set(tuning, "a", "tile12", 3e-3));
    OK(gm_tuning_save(tuning));
    gm_tuning_destroy(&tuning);
    tuning = create(NULL);
    expect_choice(tuning, "a", "tile12", 3e-3, __LINE__);
    gm_tuning_destroy(&tuning);
    tuning = create(&(gm_tuning_options){.choices = given}); // a run's own go with it
    expect_choice(tuning, "b", "tile8", 2e-3, __LINE__);
    gm_tuning_destroy(&tuning);
    *units = own;
    tuning = create(NULL);
    expect_choice(tuning, "a", "tile6", 1e-3, __LINE__);
    gm_tuning_destroy(&tuning);
    expect_store("a\ttile6\t1000\n", __LINE__);
    // What was stored before the units counted is no choice, and no fault.
    *strrchr(earlier, '-') = '\0';
    char *without = malloc(strlen(earlier) + 5);
    assert_non_null(without);
    sprintf(without, "%s.txt", earlier);
    assert_int_equal(rename(store, without), 0);
    tuning = create(NULL);
    assert_int_equal(tuning->count, 0);
    gm_tuning_destroy(&tuning);
    free(without);
    free(earlier);
    free(given);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(saved_choices_read_back),
        TEST(choices_that_are_read_are_written_byte_for_byte),
        TEST(damaged_store_gives_what_stands_before_the_damage),
        TEST(store_of_another_version_or_device_is_an_empty_one),
        TEST(choices_saved_one_after_the_other_are_merged),
        TEST(save_without_news_leaves_the_file_alone),
        TEST(empty_cache_variable_stores_nothing_anywhere),
        TEST(folder_below_a_file_fails_with_its_path),
        TEST(choices_of_other_compute_units_are_not_used),
        TEST(store_that_cannot_be_read_is_left_alone),
        TEST(given_choices_replace_the_store),
        TEST(given_choices_of_another_device_give_way_to_the_store),
    };
    return cmocka_run_group_tests_name("the store of tuning", tests, open_uncached, close_device);
}

// The names of classes: as folders of samples, and found again in other data.
#include "data/classes.h"

#include "data_support.h"

static void expect_folders(const char *const *names, size_t count, size_t classes, const char *const *folders) {
    char folder[GM_CLASS_FOLDER_BYTES];
    for (size_t i = 0; i < classes; i++) {
        gm_class_folder(folder, names, count, classes, i);
        assert_string_equal(folder, folders[i]);
        gm_class_name(folder);
        if (i < count && *names[i] && strchr(folders[i], '%'))
            assert_string_equal(folder, names[i]);
    }
}

#define LIST(...) ((const char *const[]){__VA_ARGS__})

static void folders_are_called_as_their_classes(void **state) {
    (void)state;
    expect_folders(LIST("coat", "ankle boot", "\xc3\xa4"), 3, 3, LIST("coat", "ankle boot", "\xc3\xa4"));
    expect_folders(LIST("T-shirt/top", "a\\b", "50%"), 3, 3, LIST("T-shirt%2Ftop", "a%5Cb", "50%25"));
    expect_folders(LIST("..", ".", ".x", "__MACOSX", "train", "test", "trains"), 7, 7,
                   LIST("%2E.", "%2E", "%2Ex", "%5F_MACOSX", "%74rain", "%74est", "trains"));
    expect_folders(LIST("1", "10", "2"), 3, 3, LIST("1", "10", "2"));
}

static void other_folders_keep_their_names(void **state) {
    (void)state;
    static const char *const folders[] = {"50%", "a%20b", "a%2fb", "%41", "%1", "%00", "%", "x%2", "a%2Eb", "%2E"};
    for (size_t i = 0; i < GM_COUNT(folders); i++) {
        char name[16];
        strcpy(name, folders[i]);
        gm_class_name(name);
        assert_string_equal(name, i + 1 < GM_COUNT(folders) ? folders[i] : ".");
    }
}

static void classes_without_names_have_numbers(void **state) {
    (void)state;
    char longest[GM_CLASS_FOLDER_BYTES], longer[GM_CLASS_FOLDER_BYTES + 1], folder[GM_CLASS_FOLDER_BYTES];
    expect_folders(NULL, 0, 3, LIST("0", "1", "2"));
    expect_folders(LIST("0", "1"), 2, 11, LIST("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10"));
    expect_folders(LIST("a", ""), 2, 3, LIST("a", "%1", "%2"));
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    gm_class_folder(folder, LIST(longest, longer), 2, 2, 0);
    assert_string_equal(folder, longest);
    gm_class_folder(folder, LIST(longest, longer), 2, 2, 1);
    assert_string_equal(folder, "%1");
}

// places: where each of the data's classes is among the names.
static void expect_places(const char *const *data, size_t data_count, const char *const *names, size_t count,
                          const size_t *places) {
    const gm_dataset_info info = {.name = "data", .class_names = data, .class_count = data_count};
    size_t found[8];
    assert_ok(gm_classes_match(&info, names, count, found));
    for (size_t i = 0; i < data_count; i++)
        assert_int_equal(found[i], places[i]);
}

#define PLACES(...) ((const size_t[]){__VA_ARGS__})

static void classes_are_found_by_name_or_else_by_number(void **state) {
    (void)state;
    const gm_dataset_info strange = {.name = "data", .class_names = LIST("coat", "hat"), .class_count = 2};
    size_t places[2];
    expect_places(LIST("coat", "shirt"), 2, LIST("shirt", "bag", "coat"), 3, PLACES(2, 0));
    expect_places(LIST("T-shirt%2Ftop", "%2E."), 2, LIST("..", "T-shirt/top"), 2, PLACES(1, 0));
    expect_places(LIST("a\nb"), 1, LIST("x", "a\\nb"), 2, PLACES(1)); // as a checkpoint has it
    expect_places(LIST("2"), 1, LIST("0", "1", "2"), 3, PLACES(2));   // of samples of one class
    expect_places(LIST("0", "1"), 2, LIST("coat", "shirt"), 2, PLACES(0, 1));
    expect_places(LIST("coat", "shirt"), 2, LIST("0", "1"), 2, PLACES(0, 1));
    expect_places(LIST("coat", "shirt"), 2, NULL, 0, PLACES(0, 1));
    assert_fails(gm_classes_match(&strange, LIST("coat", "shirt"), 2, places), GM_ERROR_ARGUMENT,
                 "data: has a class hat, which is none of those trained on: coat, shirt");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_called_as_their_classes),
        cmocka_unit_test(other_folders_keep_their_names),
        cmocka_unit_test(classes_without_names_have_numbers),
        cmocka_unit_test(classes_are_found_by_name_or_else_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Labels in a file beside pictures that do not fit them: two of one file, none, files that are not there.
#include "data_support.h"

static gm_dataset *dataset;
static char notice[GM_MESSAGE_BYTES];
static size_t notices;

static void note(gm_log_level level, const char *message, void *user) {
    (void)user;
    if (level == GM_LOG_WARNING && notices++ == 0)
        strcpy(notice, message);
}

static int setup(void **state) {
    const uint8_t grey = 1;
    if (temporary_create(state) != 0)
        return -1;
    static const char *const folders[] = {"f", "f/a", "f/b"}, *const files[] = {"f/a/1.png", "f/a/2.png", "f/b/3.png"};
    for (size_t i = 0; i < GM_COUNT(folders); i++)
        assert_int_equal(mkdir(path_of(folders[i]), 0777), 0);
    for (size_t i = 0; i < GM_COUNT(files); i++)
        assert_ok(gm_png_write(path_of(files[i]), &grey, 1, 1, 1));
    return 0;
}

// The labels are those of a/1.png, a/2.png and b/3.png; `says`: the one warning, NULL: none.
static void expect(const char *file, const char *text, const int32_t labels[3], const char *says) {
    notices = 0;
    write_file(path_of(file), text, strlen(text));
    assert_ok(gm_dataset_open(&dataset, path_of("f"), NULL));
    assert_memory_equal(gm_dataset_labels(dataset), labels, 3 * sizeof *labels);
    assert_int_equal(notices, says ? 1 : 0);
    if (says && !strstr(notice, says))
        fail_msg("\"%s\" should contain \"%s\"", notice, says);
    gm_dataset_close(&dataset);
    unlink(path_of(file));
}

static void refused(const char *file, const char *text, const char *says) {
    write_file(path_of(file), text, strlen(text));
    assert_fails(gm_dataset_open(&dataset, path_of("f"), NULL), GM_ERROR_FORMAT, says);
    unlink(path_of(file));
}

#define LABELS(...) ((const int32_t[]){__VA_ARGS__})

static void a_file_has_one_label(void **state) {
    (void)state;
    expect("f/labels.csv", "a/1.png,0\na/2.png,1\na/1.png,0\nb/3.png,1\na/2.png,01\n", LABELS(0, 1, 1), NULL);
    expect("f/labels.csv", "a/1.png,x\na/2.png,y\nb/3.png,y\na/1.png,x\n", LABELS(0, 1, 1), NULL);
    refused("f/labels.csv", "a/1.png,0\na/2.png,1\n\na/1.png,2\nb/3.png,0\n",
            "labels.csv:4: gives a file the label 2 that has 0 in line 1: leave one");
    refused("f/labels.csv", "file,label\na/1.png,x\nb/3.png,x\na/2.png,y\nb/3.png,y\n",
            "labels.csv:5: gives a file the label y that has x in line 3: leave one");
    expect("f/dataset.json", "{\"labels\": [[\"a/1.png\", 1], [\"a/2.png\", 0], [\"b/3.png\", 0], [\"a/1.png\", 1]]}",
           LABELS(1, 0, 0), NULL);
    refused("f/dataset.json", "{\"labels\": [[\"b/3.png\", 0], [\"a/1.png\", 1], [\"a/2.png\", 0], [\"a/1.png\", 0]]}",
            "dataset.json: its labels 1 and 3 give a/1.png two classes: leave one");
}

static void files_that_are_not_there_are_told(void **state) {
    (void)state;
    expect("f/labels.csv", "file,label\na/1.png,0\nb/4.png,1\na/2.png,1\nb/3.png,1\nb/5.png,3\n", LABELS(0, 1, 1),
           "labels.csv: has labels of 2 files that are not there; the first is b/4.png");
    expect("f/dataset.json", "{\"labels\": [[\"a/1.png\", 1], [\"a/2.png\", 0], [\"b/3.png\", 0], [\"c\", 1]]}",
           LABELS(1, 0, 0), "dataset.json: has labels of 1 files that are not there; the first is c");
}

static void files_without_a_label_are_counted(void **state) {
    (void)state;
    refused("f/labels.csv", "a/1.png,0\na/2.png,1\n", "f/b/3.png");
    refused("f/labels.csv", "a/1.png,0\n", "f/a/2.png and 1 others");
}

// Each split has its own; those of the other are not missed.
static void labels_beside_splits_are_of_both(void **state) {
    (void)state;
    static const char text[] = "train/1.png,0\ntrain/2.png,1\ntest/3.png,1\ntrain/9.png,1\n";
    notices = 0;
    assert_int_equal(rename(path_of("f/a"), path_of("f/train")), 0);
    assert_int_equal(rename(path_of("f/b"), path_of("f/test")), 0);
    write_file(path_of("f/labels.csv"), text, strlen(text));
    assert_ok(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){.split = GM_SPLIT_TEST}));
    assert_int_equal(gm_dataset_labels(dataset)[0], 1);
    assert_int_equal(notices, 0);
    gm_dataset_close(&dataset);
    assert_ok(gm_dataset_open(&dataset, path_of("f"), NULL));
    assert_int_equal(notices, 1);
    assert_non_null(strstr(notice, "has labels of 1 files that are not there; the first is train/9.png"));
    gm_dataset_close(&dataset);
    unlink(path_of("f/labels.csv"));
    assert_int_equal(rename(path_of("f/train"), path_of("f/a")), 0);
    assert_int_equal(rename(path_of("f/test"), path_of("f/b")), 0);
}

static void quotes_are_doubled_in_quotes(void **state) {
    (void)state;
    static const char text[] = "\"f/a/1.png\",\"x, \"\"y\"\"\"\nf/a/2.png,a \"\"b\nf/b/3.png,\"\"\"\"\n";
    static const char *const names[] = {"\"", "a \"\"b", "x, \"y\""};
    write_file(path_of("list"), text, strlen(text));
    assert_ok(gm_dataset_open(&dataset, path_of("list"), NULL));
    for (size_t k = 0; k < GM_COUNT(names); k++)
        assert_string_equal(gm_dataset_get_info(dataset)->class_names[k], names[k]);
    gm_dataset_close(&dataset);
    expect("f/labels.csv", "a/1.png,\"x, \"\"y\"\"\"\na/2.png,a\n\"b/3.png\",\"x, \"\"y\"\"\"\n", LABELS(1, 0, 1),
           NULL);
    refused("f/labels.csv", "a/1.png,x\na/2.png,\"x\"\"\n", "labels.csv:2: is no line of a file and its label");
    refused("f/labels.csv", "a/1.png,x\na/2.png,\"x\"y\n", "labels.csv:2: is no line of a file and its label");
    refused("f/labels.csv", "a/1.png,x\na/2.png,\"\"\n", "labels.csv:2: is no line of a file and its label");
    unlink(path_of("list"));
}

static void names_may_begin_where_the_file_lies(void **state) {
    (void)state;
    expect("f/labels.csv", "./a/1.png,0\n.//a/2.png,1\n./b//./3.png,1\n", LABELS(0, 1, 1), NULL);
    expect("f/labels.csv", ".\\a\\1.png,0\n./a/2.png,1\nb/3.png,1\n", LABELS(0, 1, 1), NULL);
    expect("f/dataset.json", "{\"labels\": [[\"./a/1.png\", 1], [\"a/2.png\", 0], [\"./b/3.png\", 0]]}",
           LABELS(1, 0, 0), NULL);
}

static void names_may_be_as_windows_has_them(void **state) {
    (void)state;
    expect("f/labels.csv", "a\\1.png,0\na\\2.png,1\nb\\3.png,1\n", LABELS(0, 1, 1), NULL);
    expect("f/Labels.csv", "a/1.png,2\na/2.png,1\nb/3.png,1\n", LABELS(2, 1, 1), NULL);
    expect("f/LABELS.CSV", "a/1.png,2\na/2.png,1\nb/3.png,1\n", LABELS(2, 1, 1), NULL);
    static const char other[] = "a/1.png,5\n";
    write_file(path_of("f/LABELS.csv"), other, strlen(other));
    expect("f/labels.csv", "a/1.png,0\na/2.png,1\nb/3.png,1\n", LABELS(0, 1, 1), NULL); // before the other
    unlink(path_of("f/LABELS.csv"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_one_label),
        cmocka_unit_test(files_that_are_not_there_are_told),
        cmocka_unit_test(files_without_a_label_are_counted),
        cmocka_unit_test(labels_beside_splits_are_of_both),
        cmocka_unit_test(quotes_are_doubled_in_quotes),
        cmocka_unit_test(names_may_begin_where_the_file_lies),
        cmocka_unit_test(names_may_be_as_windows_has_them),
    };
    gm_log_set(note, NULL);
    return cmocka_run_group_tests(tests, setup, temporary_remove);
}

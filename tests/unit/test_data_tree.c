// Pictures wherever they lie: folders of any depth, zip archives, lists; their labels; damaged ones; sets that are not
// held in memory.
#include "zip_support.h"

#include "data/items.h"
#include "data/labels.h"
#include "data/list.h"
#include "data/paths.h"
#include "data/zip.h"

static gm_dataset *dataset;
static char notices[8][GM_MESSAGE_BYTES];
static size_t notice_count;

static void note(gm_log_level level, const char *message, void *user) {
    (void)user;
    if (level == GM_LOG_WARNING && notice_count < GM_COUNT(notices))
        strcpy(notices[notice_count++], message);
}

static void put_text(const char *name, const char *text) {
    write_file(path_of(name), text, strlen(text));
}

static void make_folder(const char *name) {
    assert_int_equal(mkdir(path_of(name), 0777), 0);
}

// A picture of one pixel.
static void put_png(const char *name, uint8_t grey) {
    assert_ok(gm_png_write(path_of(name), &grey, 1, 1, 1));
}

// The bytes of such a picture; from malloc.
static char *make_png(uint8_t grey, size_t *bytes) {
    char *data;
    put_png("made.png", grey);
    assert_ok(gm_file_read(path_of("made.png"), 1 << 20, &data, bytes));
    unlink(path_of("made.png"));
    return data;
}

// Pixels 1, 2, 3, ... under the names, packed or not in turns.
static void put_zip(const char *name, const char *const *names, size_t count) {
    zip_entry entries[16] = {{0}};
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        entries[i] = (zip_entry){.name = names[i], .data = "", .packed = i % 2};
        if (names[i][length - 1] != '/')
            entries[i].data = make_png((uint8_t)(i + 1), &entries[i].bytes);
    }
    write_zip(path_of(name), entries, count);
    for (size_t i = 0; i < count; i++)
        if (entries[i].bytes > 0)
            free((void *)(uintptr_t)entries[i].data);
}

#define PUT_ZIP(name, ...)                                                                                             \
    put_zip(name, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void refused(const char *name, const gm_dataset_options *options, gm_status expected, const char *text) {
    assert_fails(gm_dataset_open(&dataset, path_of(name), options), expected, text);
    assert_null(dataset);
}

// The pixels and labels of the data set; labels NULL: none. Held in memory or not, they are the same.
static void expect_options(const char *name, gm_dataset_options options, size_t count, const uint8_t *pixels,
                           const int32_t *labels) {
    for (gm_hold hold = GM_HOLD_AUTO; hold <= GM_HOLD_NO; hold++) {
        uint8_t got[16];
        int32_t indices[16], got_labels[16];
        options.hold = hold;
        assert_ok(gm_dataset_open(&dataset, path_of(name), &options));
        const gm_dataset_info *info = gm_dataset_get_info(dataset);
        assert_int_equal(info->count, count);
        assert_int_equal(info->item_bytes, 1);
        assert_true((gm_dataset_items(dataset) == NULL) == (hold == GM_HOLD_NO));
        for (size_t i = 0; i < count; i++)
            indices[i] = (int32_t)i;
        assert_ok(gm_dataset_gather(dataset, indices, count, got, got_labels));
        assert_memory_equal(got, pixels, count);
        assert_true((gm_dataset_labels(dataset) == NULL) == (labels == NULL));
        if (labels) {
            assert_memory_equal(got_labels, labels, count * sizeof *labels);
            assert_memory_equal(gm_dataset_labels(dataset), labels, count * sizeof *labels);
        }
        gm_dataset_close(&dataset);
    }
}

static void expect(const char *name, size_t count, const uint8_t *pixels, const int32_t *labels) {
    expect_options(name, (gm_dataset_options){0}, count, pixels, labels);
}

#define PIXELS(...) ((const uint8_t[]){__VA_ARGS__})
#define LABELS(...) ((const int32_t[]){__VA_ARGS__})

static void expect_classes(const char *name, size_t count, const char *const *names) {
    assert_ok(gm_dataset_open(&dataset, path_of(name), NULL));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->class_count, count);
    for (size_t k = 0; k < count; k++)
        assert_string_equal(info->class_names[k], names[k]);
    gm_dataset_close(&dataset);
}

#define CLASSES(...) ((const char *const[]){__VA_ARGS__})

// ---- Folders ----

static void deeper_folders_belong_to_their_class(void **state) {
    (void)state;
    static const char *const folders[] = {"f",     "f/b",   "f/b/deep",   "f/b/deep/er", "f/a",
                                          "f/a-1", "f/.no", "f/__MACOSX", "f/b/.hidden", "f/none"};
    for (size_t i = 0; i < GM_COUNT(folders); i++)
        make_folder(folders[i]);
    put_png("f/b/deep/er/1.png", 1);
    put_png("f/b/deep/2.png", 2);
    put_png("f/b/z.png", 3);
    put_png("f/a/1.png", 4);
    put_png("f/a-1/1.png", 5);
    put_png("f/.no/1.png", 99);
    put_png("f/__MACOSX/1.png", 99);
    put_png("f/b/.hidden/1.png", 99);
    put_png("f/b/._z.png", 99);
    put_text("f/none/readme.txt", "nothing");
    expect("f", 5, PIXELS(4, 5, 2, 1, 3), LABELS(0, 1, 2, 2, 2));
    expect_classes("f", 3, CLASSES("a", "a-1", "b"));
    put_png("f/stray.png", 6);
    refused("f", NULL, GM_ERROR_ARGUMENT, "/f/stray.png) beside folders of pictures (a): leave either");
    put_text("f/labels.csv", "a/1.png,0\na-1/1.png,1\nb/deep/2.png,0\nb/deep/er/1.png,3\nb/z.png,0\nstray.png,2\n");
    expect("f", 6, PIXELS(4, 5, 2, 1, 3, 6), LABELS(0, 1, 0, 3, 0, 2));
    remove_tree(path_of("f"));
}

static void links_lead_to_each_folder_once(void **state) {
    (void)state;
    make_folder("f");
    make_folder("f/a");
    make_folder("elsewhere");
    put_png("f/a/1.png", 1);
    put_png("elsewhere/1.png", 2);
    assert_int_equal(symlink("..", path_of("f/a/loop")), 0);
    assert_int_equal(symlink("../elsewhere", path_of("f/b")), 0);
    assert_int_equal(symlink("../elsewhere", path_of("f/c")), 0);
    notice_count = 0;
    expect_classes("f", 2, CLASSES("a", "b"));
    assert_int_equal(notice_count, 2);
    assert_non_null(strstr(notices[0], "/f/a/loop: leads to a folder that is read already"));
    assert_non_null(strstr(notices[1], "/f/c: leads to"));
    unlink(path_of("f/a/loop"));
    expect("f", 2, PIXELS(1, 2), LABELS(0, 1));
    char deep[256] = "f/a";
    for (size_t i = 0; i < 64; i++) {
        strcat(deep, "/d");
        make_folder(deep);
    }
    refused("f", NULL, GM_ERROR_ARGUMENT, "has more than 64 folders in each other");
    remove_tree(path_of("f"));
    remove_tree(path_of("elsewhere"));
}

// ---- Archives ----

static void archives_are_read_as_the_folders_in_them(void **state) {
    (void)state;
    PUT_ZIP("a.zip", "b/2.png", "b/1.png", "a/9.png", "a/.hidden.png", "__MACOSX/a/9.png", "a/");
    expect("a.zip", 3, PIXELS(3, 2, 1), LABELS(0, 1, 1));
    expect_classes("a.zip", 2, CLASSES("a", "b"));
    PUT_ZIP("a.zip", "top/b/1.png", "top/a/1.png"); // a folder that all have in common says nothing
    expect_classes("a.zip", 2, CLASSES("a", "b"));
    PUT_ZIP("a.zip", "top/1.png", "top/2.png");
    expect("a.zip", 2, PIXELS(1, 2), NULL);
    PUT_ZIP("a.zip", "./", "./a/", "./a/x.png", ".//b/./y.png", ".\\b\\z.png");
    expect("a.zip", 3, PIXELS(3, 4, 5), LABELS(0, 1, 1));
    expect_classes("a.zip", 2, CLASSES("a", "b"));
    PUT_ZIP("a.zip", "./a.png", "a.png");
    refused("a.zip", NULL, GM_ERROR_FORMAT, "a.zip: is refused: it holds two files of the name a.png");
    PUT_ZIP("a.zip", "train/a/1.png", "train/b/1.png", "test/b/1.png", "test/a/1.png");
    expect("a.zip", 2, PIXELS(1, 2), LABELS(0, 1));
    expect_options("a.zip", (gm_dataset_options){.split = GM_SPLIT_TEST}, 2, PIXELS(4, 3), LABELS(0, 1));
    PUT_ZIP("a.zip", "readme/");
    refused("a.zip", NULL, GM_ERROR_IO, "a.zip: holds no pictures");
    write_zip(path_of("a.zip"), NULL, 0);
    refused("a.zip", NULL, GM_ERROR_IO, "a.zip: holds no pictures");
    unlink(path_of("a.zip"));
}

static void bad_archives_are_refused(void **state) {
    (void)state;
    static const char *const outside[] = {"../1.png",     "a/../../1.png", "/1.png",  "C:\\1.png",
                                          "a\\..\\1.png", "a/..",          "\\1.png", "./../1.png"};
    size_t bytes, png_bytes;
    char *png = make_png(7, &png_bytes);
    static uint8_t zeros[1 << 20]; // behind a picture
    memcpy(zeros, png, png_bytes);
    for (size_t i = 0; i < GM_COUNT(outside); i++) {
        zip_entry entry = {.name = outside[i], .data = png, .bytes = png_bytes};
        write_zip(path_of("a.zip"), &entry, 1);
        refused("a.zip", NULL, GM_ERROR_FORMAT, "leads out of the archive");
    }
    const struct {
        zip_entry entry;
        const char *text;
    } cases[] = {
        {{"1.png", png, png_bytes, false, 1, 0, false}, "a.zip/1.png: is damaged: its checksum"},
        {{"1.png", png, png_bytes, true, 1, 0, false}, "a.zip/1.png: is damaged: its checksum"},
        {{"1.png", png, png_bytes, false, 0, 0, true}, "a.zip/1.png: is encrypted"},
        {{"1.png", zeros, sizeof zeros, true, 0, 100, false}, "a.zip/1.png: is damaged"},     // more than it says
        {{"1.png", png, png_bytes, true, 0, 16000000, false}, "a.zip/1.png: is damaged"},     // less
        {{"1.png", png, png_bytes, true, 0, 2000000000, false}, "a.zip/1.png: is too large"}, // unread
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        write_zip(path_of("a.zip"), &cases[i].entry, 1);
        gm_status status = gm_dataset_open(&dataset, path_of("a.zip"), NULL);
        if (status == GM_OK || !strstr(gm_error_message(), cases[i].text))
            fail_msg("case %zu: status %d, \"%s\" should contain \"%s\"", i, (int)status, gm_error_message(),
                     cases[i].text);
    }
    zip_entry entries[2] = {{.name = "1.png", .data = png, .bytes = png_bytes, .packed = true},
                            {.name = "2.png", .data = png, .bytes = png_bytes}};
    uint8_t *file = make_zip(entries, 2, &bytes);
    for (size_t cut = 4; cut < bytes; cut++) { // in memory as on disk
        gm_zip *zip;
        uint8_t *copy = exact_copy(file, cut);
        assert_fails(gm_zip_open_memory(&zip, "a.zip", copy, cut), GM_ERROR_FORMAT, "a.zip: is no whole zip archive");
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(path_of("a.zip"), file, bytes);
        gm_dataset_open(&dataset, path_of("a.zip"), NULL);
        gm_dataset_close(&dataset);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(file);
    free(png);
    unlink(path_of("a.zip"));
}

// ---- Lists ----

static void lists_name_pictures_line_by_line(void **state) {
    (void)state;
    char text[512];
    make_folder("f");
    make_folder("f/a");
    make_folder("f/b");
    put_png("f/a/1 one.png", 1);
    put_png("f/b/2.png", 2);
    put_png("f/b/3.png", 3);
    put_text("f/list.txt", "\xef\xbb\xbf# mine\r\n\r\n  b/3.png  \r\n./a//1 one.png\n.//./b/2.png");
    expect("f/list.txt", 3, PIXELS(3, 1, 2), LABELS(1, 0, 1));
    expect_classes("f/list.txt", 2, CLASSES("a", "b"));
    put_text("list", "f/b/2.png\nf/b/3.png\n"); // one folder is no class
    expect("list", 2, PIXELS(2, 3), NULL);
    snprintf(text, sizeof text, "%s\n%s\n", path_of("f/b/2.png"), path_of("f/a/1 one.png"));
    put_text("list", text);
    expect("list", 2, PIXELS(2, 1), LABELS(1, 0));
    put_text("list", "f/b/2.png\nf/b/4.png\n");
    refused("list", NULL, GM_ERROR_IO, "/f/b/4.png: cannot be opened");
    put_text("list", "f/b/2.png\nf/b/\n");
    refused("list", NULL, GM_ERROR_FORMAT, "list:2: is a folder, f/b/");
    put_text("list", "f/b/2.png\n./\n");
    refused("list", NULL, GM_ERROR_FORMAT, "list:2: is a folder, ./:");
    gm_paths paths = {0};
    assert_fails(gm_list_parse(&paths, "list", "f/b/2.png\n\nf/b/\0.png\n", 21, GM_LIST_PATHS), GM_ERROR_FORMAT,
                 "list:3: is no path: it has a byte of zero");
    gm_paths_finish(&paths);
    put_text("list", "f/b\n");
    refused("list", NULL, GM_ERROR_FORMAT, "is no data set");
    FILE *file = fopen(path_of("list"), "w");
    fprintf(file, "f/b/2.png\n%05000d.png\n", 0);
    fclose(file);
    refused("list", NULL, GM_ERROR_FORMAT, "list:2: is no path: it has more than 4095 bytes");
    unlink(path_of("list"));
    remove_tree(path_of("f"));
}

static void lists_may_have_labels(void **state) {
    (void)state;
    gm_table_schema *schema;
    make_folder("f");
    make_folder("f/train");
    make_folder("f/test");
    put_png("f/train/1", 1); // pictures are told by content
    put_png("f/train/2, old.png", 2);
    put_png("f/test/3.png", 3);
    put_text("f/list", "train/1,dog\n\"train/2, old.png\",\"a cat\"\ntest/3.png,dog\n");
    expect("f/list", 2, PIXELS(1, 2), LABELS(1, 0)); // of the split
    expect_classes("f/list", 2, CLASSES("a cat", "dog"));
    put_text("f/list", "\xef\xbb\xbf# mine\r\n\r\npath;label\r\n # more\r\n test/3.png;7\r\n./test/3.png;2 \r\n");
    expect("f/list", 2, PIXELS(3, 3), LABELS(7, 2)); // one folder alone is no split
    expect_classes("f/list", 8, CLASSES("0", "1", "2", "3", "4", "5", "6", "7"));
    put_text("list", "f/train/1\tx\nf/test/3.png\ty\n");
    expect("list", 1, PIXELS(1), LABELS(0)); // whose number the test split's labels have, too
    expect_classes("list", 2, CLASSES("x", "y"));
    put_text("f/list", "test/3.png,dog\ntest/4.png,dog\n");
    refused("f/list", NULL, GM_ERROR_IO, "f/test/4.png: cannot be opened");
    put_text("f/list", "test/3.png,dog\n\ntest/3.png\n");
    refused("f/list", NULL, GM_ERROR_FORMAT, "f/list:3: is no line of a file and its label: expected FILE,LABEL");
    put_text("f/list", "a/3.png,dog\ntest/3.png,dog\n"); // by its ending, though the file is not there
    refused("f/list", NULL, GM_ERROR_IO, "f/a/3.png: cannot be opened");
    put_text("f/list", "name,size\n\"4.JPEG\",1\ntest/3.png,1\n");
    refused("f/list", NULL, GM_ERROR_IO, "f/4.JPEG: cannot be opened");
    put_text("f/list", "test/3.png,\ntest/3.png,dog\n");
    refused("f/list", NULL, GM_ERROR_FORMAT, "f/list:1: is no line of a file and its label: expected FILE,LABEL");
    put_text("f/list", "name,size\ntest/3.png,\n");
    refused("f/list", NULL, GM_ERROR_FORMAT, "f/list:2: is no line of a file and its label: expected FILE,LABEL");
    static const char *const tables[] = {"a/3,dog\na/4,dog\n", "test,1\ntest,2\n", ",1\n,2\n",
                                         "test/3.png,1,2\ntest/3.png,2,4\n", "name,size\nfour,1\ntest/3.png,1\n"};
    for (size_t i = 0; i < GM_COUNT(tables); i++) { // of names, not of pictures
        put_text("f/list", tables[i]);
        assert_ok(gm_table_find(&schema, path_of("f/list"), NULL));
        gm_table_schema_destroy(&schema);
        gm_dataset_open(&dataset, path_of("f/list"), NULL);
        assert_true(!dataset || gm_dataset_get_info(dataset)->table);
        gm_dataset_close(&dataset);
    }
    unlink(path_of("list"));
    remove_tree(path_of("f"));
}

// ---- Labels ----

static void labels_stand_in_labels_csv(void **state) {
    (void)state;
    make_folder("f");
    make_folder("f/x");
    put_png("f/1.png", 1);
    put_png("f/2,.png", 2);
    put_png("f/x/3.png", 3);
    static const char *const numbers[] = {"1.png,2\n\"2,.png\",0\nx/3.png,2\n",
                                          "file,label\r\n1.png,2\r\n\"2,.png\",\"0\"\r\nx/3.png,2\r\nmissing.png,1\r\n",
                                          "\xef\xbb\xbfname;class\n1.png;2\n2,.png;0\n\nx/3.png;2",
                                          "1.png\t2\n2,.png\t0\nx/3.png\t2\n"};
    for (size_t i = 0; i < GM_COUNT(numbers); i++) {
        put_text("f/labels.csv", numbers[i]);
        expect("f", 3, PIXELS(1, 2, 3), LABELS(2, 0, 2));
        expect_classes("f", 3, CLASSES("0", "1", "2"));
    }
    put_text("f/labels.csv", "1.png;red fox\n2,.png;10\nx/3.png;owl\n");
    expect("f", 3, PIXELS(1, 2, 3), LABELS(2, 0, 1));
    expect_classes("f", 3, CLASSES("10", "owl", "red fox"));
    expect_options("f", (gm_dataset_options){.count = 2}, 2, PIXELS(2, 3), LABELS(0, 1)); // one of each class
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"1.png,0\n\"2,.png\",1\n", "labels.csv: has no label for /"},
        {"1.png\n2.png\n", "labels.csv:1: is no line of a file and its label: expected FILE,LABEL"},
        {"1.png,0\nx/3.png,1,2\n", "labels.csv:2: is no line"},
        {"1.png,0\n\"x/3.png,1\n", "labels.csv:2: is no line"},
        {"1.png,0\nx/3.png,\n", "labels.csv:2: is no line"},
        {"", "labels.csv: has no labels"},
        {"file,label\n", "labels.csv: has no labels"},
        {"1.png,1048576\n", "labels.csv: has a label 1048576"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        put_text("f/labels.csv", cases[i].text);
        gm_status status = gm_dataset_open(&dataset, path_of("f"), NULL);
        if (status != GM_ERROR_FORMAT || !strstr(gm_error_message(), cases[i].says))
            fail_msg("case %zu: status %d, \"%s\" should contain \"%s\"", i, (int)status, gm_error_message(),
                     cases[i].says);
    }
    write_file(path_of("f/labels.csv"), "1.png,\0\n", 8);
    refused("f", NULL, GM_ERROR_FORMAT, "has a byte of zero");
    remove_tree(path_of("f"));
}

static void labels_stand_in_dataset_json(void **state) {
    (void)state;
    make_folder("f");
    make_folder("f/00000");
    make_folder("f/00001");
    put_png("f/00000/a.png", 1);
    put_png("f/00001/b.png", 2);
    put_text("f/dataset.json", "{\"labels\": [[\"00001/b.png\", 3], [\"00000/a.png\", 0], [\"missing.png\", 4]]}");
    expect("f", 2, PIXELS(1, 2), LABELS(0, 3));
    expect_classes("f", 5, CLASSES("0", "1", "2", "3", "4"));
    static const char *const none[] = {"{\"labels\": null}", "{}", "{\"labels\": []}"};
    for (size_t i = 0; i < GM_COUNT(none); i++) { // its folders are no classes
        put_text("f/dataset.json", none[i]);
        expect("f", 2, PIXELS(1, 2), NULL);
    }
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{\"labels\": [[\"00001/b.png\", 3]]}", "dataset.json: has no label for /"},
        {"{\"labels\": [", "dataset.json:1: is no JSON"},
        {"", "dataset.json:1: is no JSON"},
        {"[1]", "dataset.json: is no StyleGAN dataset.json"},
        {"{\"labels\": 3}", "dataset.json: is no StyleGAN dataset.json"},
        {"{\"labels\": [[\"00001/b.png\", 3.5]]}", "its label 0 is no pair"},
        {"{\"labels\": [[\"00001/b.png\", [0, 1]]]}", "its label 0 is no pair"},
        {"{\"labels\": [[\"00001/b.png\"]]}", "its label 0 is no pair"},
        {"{\"labels\": [{}]}", "its label 0 is no pair"},
        {"{\"labels\": [[\"00001/b.png\", -1]]}", "its label 0 is -1"},
        {"{\"labels\": [[\"00001/b.png\", 1048576]]}", "its label 0 is 1048576"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        put_text("f/dataset.json", cases[i].text);
        gm_status status = gm_dataset_open(&dataset, path_of("f"), NULL);
        if (status != GM_ERROR_FORMAT || !strstr(gm_error_message(), cases[i].says))
            fail_msg("case %zu: status %d, \"%s\" should contain \"%s\"", i, (int)status, gm_error_message(),
                     cases[i].says);
    }
    remove_tree(path_of("f"));
}

// A class beside one would be lost, or it is a class itself.
static void splits_stand_alone(void **state) {
    (void)state;
    static const char *const folders[] = {"f", "f/train", "f/car", "f/val"};
    for (size_t i = 0; i < GM_COUNT(folders); i++)
        make_folder(folders[i]);
    put_png("f/train/1.png", 1);
    put_png("f/val/2.png", 2);
    put_text("f/car/notes.txt", "no picture");
    expect("f", 1, PIXELS(1), NULL);
    put_png("f/car/3.png", 3);
    refused("f", NULL, GM_ERROR_ARGUMENT,
            "f: has pictures in the folder car beside train, which is a split: move car elsewhere, or rename train if "
            "it is a class");
    assert_int_equal(rename(path_of("f/train"), path_of("f/test")), 0);
    refused("f", NULL, GM_ERROR_ARGUMENT, "f: has pictures in the folder car beside test, which is a split");
    put_text("f/labels.csv", "test/1.png,0\ncar/3.png,1\nval/2.png,1\n"); // nothing is lost
    expect("f", 3, PIXELS(3, 1, 2), LABELS(1, 0, 1));
    remove_tree(path_of("f"));
}

static void labels_of_splits_stand_in_them_or_beside_them(void **state) {
    (void)state;
    make_folder("f");
    make_folder("f/train");
    make_folder("f/test");
    put_png("f/train/1.png", 1);
    put_png("f/train/2.png", 2);
    put_png("f/test/1.png", 3);
    put_text("f/labels.csv", "train/1.png,1\ntrain/2.png,0\ntest/1.png,2\n");
    expect("f", 2, PIXELS(1, 2), LABELS(1, 0));
    put_text("f/test/labels.csv", "1.png,1\n");
    expect_options("f", (gm_dataset_options){.split = GM_SPLIT_TEST}, 1, PIXELS(3), LABELS(1));
    remove_tree(path_of("f"));
}

// ---- Damage ----

static void collect(const char *message, void *user) {
    gm_text_printf(user, "%s\n", message);
}

static void damaged_pictures_stop_or_are_left_out(void **state) {
    (void)state;
    enum { COUNT = 200 };
    char name[64], labels[COUNT * 16] = "", *at = labels;
    gm_dataset_options options = {.damaged = GM_DAMAGED_SKIP};
    make_folder("f");
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "f/%03zu.png", i);
        put_png(name, (uint8_t)i);
        at += sprintf(at, "%03zu.png,%zu\n", i, i % 3);
    }
    put_text("f/labels.csv", labels);
    put_text("f/007.png", "broken"); // its header
    write_file(path_of("f/100.png"), "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\0\0\0\0\x3a\x7e\x9b\x55", 33);
    refused("f", NULL, GM_ERROR_FORMAT, "f/007.png: is no picture");
    notice_count = 0;
    assert_ok(gm_dataset_open(&dataset, path_of("f"), &options));
    assert_int_equal(gm_dataset_get_info(dataset)->count, COUNT - 2);
    for (size_t i = 0; i < COUNT - 2; i++) {
        size_t original = i + (i >= 7) + (i >= 99);
        assert_int_equal(gm_dataset_images(dataset)[i], original);
        assert_int_equal(gm_dataset_labels(dataset)[i], original % 3);
    }
    gm_dataset_close(&dataset);
    assert_int_equal(notice_count, 1);
    assert_non_null(strstr(notices[0], "f: 2 of 200 pictures are damaged and left out; "));
    assert_non_null(strstr(notices[0], "f/007.png: is no picture"));
    options.hold = GM_HOLD_NO; // the next one stands in
    uint8_t got[4];
    int32_t got_labels[4];
    notice_count = 0;
    assert_ok(gm_dataset_open(&dataset, path_of("f"), &options));
    for (int again = 0; again < 2; again++) {
        assert_ok(gm_dataset_gather(dataset, LABELS(100, 6, 7, 199), 4, got, got_labels));
        assert_memory_equal(got, PIXELS(101, 6, 8, 199), 4);
        assert_memory_equal(got_labels, LABELS(101 % 3, 0, 2, 199 % 3), sizeof got_labels);
    }
    gm_dataset_close(&dataset);
    assert_int_equal(notice_count, 1);
    gm_text found = {0};
    size_t count;
    put_text("f/199.png", "");
    assert_ok(gm_dataset_check(path_of("f"), NULL, collect, &found, &count));
    assert_int_equal(count, 3);
    assert_non_null(strstr(found.data, "f/007.png: is no picture"));
    assert_true(strstr(found.data, "f/007.png") < strstr(found.data, "f/100.png"));
    assert_true(strstr(found.data, "f/100.png") < strstr(found.data, "f/199.png: is empty"));
    gm_text_finish(&found);
    assert_ok(gm_dataset_open(&dataset, path_of("f"), &options)); // two by their headers
    assert_ok(gm_dataset_gather(dataset, LABELS(199), 1, got, NULL));
    assert_fails(gm_dataset_gather(dataset, LABELS(100), 1, got, NULL), GM_ERROR_FORMAT,
                 "f: 3 of 200 pictures are damaged, more than 1 %; ");
    gm_dataset_close(&dataset);
    options.hold = GM_HOLD_YES;
    refused("f", &options, GM_ERROR_FORMAT, "f: 3 of 200 pictures are damaged, more than 1 %; ");
    remove_tree(path_of("f"));
    put_text("a.npy", "broken");
    assert_ok(gm_dataset_check(path_of("a.npy"), NULL, collect, &found, &count));
    assert_int_equal(count, 1);
    gm_text_finish(&found);
    assert_fails(gm_dataset_check(path_of("nowhere"), NULL, collect, &found, &count), GM_ERROR_IO, "nowhere");
    unlink(path_of("a.npy"));
}

// ---- Headers ----

// Threads read several in a row: each counts, and of those that are refused the first is named.
static void every_header_counts(void **state) {
    (void)state;
    const uint8_t pixels[6] = {1, 2, 3, 4, 5, 6};
    const gm_dataset_options options = {.hold = GM_HOLD_NO};
    char name[16];
    make_folder("f");
    for (int i = 0; i < 75; i++) {
        snprintf(name, sizeof name, "f/%02d.png", i);
        assert_ok(gm_png_write(path_of(name), pixels, 1, 1, i == 40 ? 3 : 1));
    }
    assert_ok(gm_dataset_open(&dataset, path_of("f"), &options));
    assert_int_equal(gm_dataset_get_info(dataset)->channels, 3);
    gm_dataset_close(&dataset);
    assert_ok(gm_png_write(path_of("f/74.png"), pixels, 2, 1, 1));
    refused("f", &options, GM_ERROR_ARGUMENT, "f/74.png: is 2 x 1 pixels");
    assert_ok(gm_png_write(path_of("f/21.png"), pixels, 1, 2, 1));
    refused("f", &options, GM_ERROR_ARGUMENT, "f/21.png: is 1 x 2 pixels");
    remove_tree(path_of("f"));
}

// ---- Memory ----

static void loaders_read_what_is_not_held(void **state) {
    (void)state;
    const char *names[12] = {"a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png", "h.png", "i.png", "j.png"};
    gm_loader *loader;
    const void *items;
    put_zip("a.zip", names, 10);
    assert_ok(gm_dataset_open(&dataset, path_of("a.zip"),
                              &(gm_dataset_options){.hold = GM_HOLD_NO, .size = {1, 1}, .channels = 1}));
    assert_null(gm_dataset_images(dataset));
    assert_ok(gm_loader_create(&loader, dataset, 7, 3, 5));
    for (uint64_t cursor = 5; cursor < 705; cursor += 7) {
        int32_t indices[7];
        assert_ok(gm_loader_next(loader, &items, NULL));
        assert_ok(gm_loader_indices(3, cursor, 7, 10, indices));
        for (size_t i = 0; i < 7; i++)
            assert_int_equal(((const uint8_t *)items)[i], indices[i] + 1);
    }
    assert_int_equal(gm_loader_cursor(loader), 705);
    gm_loader_destroy(&loader);
    gm_dataset_close(&dataset);
    unlink(path_of("a.zip"));
}

// Files behind the first are not opened before they are wanted.
static void the_first_header_is_enough_for_sets_that_are_not_held(void **state) {
    (void)state;
    gm_dataset_options options = {.hold = GM_HOLD_NO, .size = {1, 1}, .channels = 1};
    uint8_t got[2];
    make_folder("f");
    put_png("f/1.png", 1);
    put_text("f/2.png", "broken");
    assert_ok(gm_dataset_open(&dataset, path_of("f"), &options));
    assert_ok(gm_dataset_gather(dataset, LABELS(0), 1, got, NULL));
    assert_fails(gm_dataset_gather(dataset, LABELS(0, 1), 2, got, NULL), GM_ERROR_FORMAT, "f/2.png: is no picture");
    gm_dataset_close(&dataset);
    options.channels = 0;
    refused("f", &options, GM_ERROR_FORMAT, "f/2.png: is no picture");
    options.channels = 1;
    options.hold = GM_HOLD_AUTO;
    refused("f", &options, GM_ERROR_FORMAT, "f/2.png: is no picture");
    remove_tree(path_of("f"));
}

static void a_file_takes_less_than_a_hundred_bytes(void **state) {
    (void)state;
    enum { COUNT = 100000, CLASSES_ = 1000 };
    gm_paths paths = {0};
    char folder[32], name[64];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(folder, sizeof folder, "n%08zu", i * CLASSES_ / COUNT);
        snprintf(name, sizeof name, "ILSVRC2012_val_%08zu.JPEG", i);
        assert_ok(gm_paths_add(&paths, folder, name, 0));
    }
    gm_paths_trim(&paths);
    size_t bytes = paths.capacity * sizeof *paths.files + paths.text_capacity +
                   paths.folder_capacity * sizeof *paths.folders + COUNT * (sizeof(int32_t) + 1); // label, damage
    assert_true(bytes < 60 * (size_t)COUNT);
    assert_string_equal(gm_paths_folder(&paths, COUNT - 1), "n00000999");
    gm_paths_finish(&paths);
}

// Of very many files some headers are read; the others show when they are decoded.
static void of_very_many_some_headers_tell(void **state) {
    (void)state;
    enum { MANY = 300000, LOOKED_AT = 5, OTHER = 20 };
    static const struct {
        const char *name, *says;
        size_t width, channels;
    } odd[] = {{"wide.png", "wide.png: is 2 x 1 pixels, but others are 1 x 1: give data.size", 2, 1},
               {"colour.png", "colour.png: has other channels or another depth", 1, 3}};
    assert_ok(gm_png_write(path_of("plain.png"), PIXELS(7), 1, 1, 1));
    char *list = malloc(MANY * 12);
    assert_non_null(list);
    for (size_t i = 0; i < 2; i++)
        for (size_t where = LOOKED_AT; where <= OTHER; where += OTHER - LOOKED_AT) {
            size_t length = 0;
            int32_t indices[2] = {0, (int32_t)where};
            uint8_t got[2];
            assert_ok(gm_png_write(path_of(odd[i].name), PIXELS(1, 2, 3), odd[i].width, 1, odd[i].channels));
            for (size_t k = 0; k < MANY; k++)
                length += (size_t)sprintf(list + length, "%s\n", k == where ? odd[i].name : "plain.png");
            write_file(path_of("many.txt"), list, length);
            const gm_dataset_options options = {.channels = 0};
            if (where == LOOKED_AT && odd[i].width > 1) {
                refused("many.txt", &options, GM_ERROR_ARGUMENT, "give data.size");
                continue;
            }
            assert_ok(gm_dataset_open(&dataset, path_of("many.txt"), &options));
            assert_int_equal(gm_dataset_get_info(dataset)->channels, where == LOOKED_AT ? 3 : 1);
            assert_int_equal(gm_dataset_get_info(dataset)->count, MANY);
            assert_null(gm_dataset_items(dataset)); // of so many none is decoded before
            if (where == OTHER) {
                assert_ok(gm_dataset_gather(dataset, indices, 1, got, NULL));
                assert_int_equal(got[0], 7);
                assert_fails(gm_dataset_gather(dataset, indices, 2, got, NULL), GM_ERROR_ARGUMENT, odd[i].says);
            }
            gm_dataset_close(&dataset);
        }
    free(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deeper_folders_belong_to_their_class),
        cmocka_unit_test(links_lead_to_each_folder_once),
        cmocka_unit_test(archives_are_read_as_the_folders_in_them),
        cmocka_unit_test(bad_archives_are_refused),
        cmocka_unit_test(lists_name_pictures_line_by_line),
        cmocka_unit_test(lists_may_have_labels),
        cmocka_unit_test(labels_stand_in_labels_csv),
        cmocka_unit_test(labels_stand_in_dataset_json),
        cmocka_unit_test(splits_stand_alone),
        cmocka_unit_test(labels_of_splits_stand_in_them_or_beside_them),
        cmocka_unit_test(damaged_pictures_stop_or_are_left_out),
        cmocka_unit_test(every_header_counts),
        cmocka_unit_test(loaders_read_what_is_not_held),
        cmocka_unit_test(the_first_header_is_enough_for_sets_that_are_not_held),
        cmocka_unit_test(a_file_takes_less_than_a_hundred_bytes),
        cmocka_unit_test(of_very_many_some_headers_tell),
    };
    gm_log_set(note, NULL);
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

// Which reader takes a file or folder: told by content, never by a name; what no reader takes is called what it is. And
// how many items of which classes are taken.
#include "data_support.h"

#include "data/picture.h"

static void put_text(const char *name, const char *text) {
    write_file(path_of(name), text, strlen(text));
}

static void put_idx(const char *name, size_t count, size_t side) {
    uint8_t file[256] = {0, 0, 8, 3, 0, 0, 0, (uint8_t)count, 0, 0, 0, (uint8_t)side, 0, 0, 0, (uint8_t)side};
    for (size_t i = 0; i < count * side * side; i++)
        file[16 + i] = (uint8_t)(i + 1);
    write_file(path_of(name), file, 16 + count * side * side);
}

static void put_labels(const char *name, const uint8_t *labels, size_t count) {
    uint8_t file[256] = {0, 0, 8, 1, 0, 0, 0, (uint8_t)count};
    memcpy(file + 8, labels, count);
    write_file(path_of(name), file, 8 + count);
}

// A picture of one pixel.
static void put_png(const char *name, uint8_t grey) {
    assert_ok(gm_png_write(path_of(name), &grey, 1, 1, 1));
}

static gm_dataset *open_whole(const char *name) {
    gm_dataset *dataset;
    assert_ok(gm_dataset_open(&dataset, path_of(name), NULL));
    return dataset;
}

static void expect_refusal(const char *name, gm_status expected, const char *text) {
    gm_dataset *dataset;
    assert_fails(gm_dataset_open(&dataset, path_of(name), NULL), expected, text);
    assert_null(dataset);
}

// ---- Files ----

static void files_are_told_by_content_whatever_their_names(void **state) {
    (void)state;
    static const char *const names[] = {"data", "data.csv", "data.npy", "data.png", "data.idx3-ubyte", "data.yaml"};
    const float values[6] = {1, 2, 3, 4, 5, 6};
    for (size_t i = 0; i < GM_COUNT(names); i++) {
        assert_ok(gm_npy_write(path_of(names[i]), values, 2, (size_t[]){3, 2}));
        gm_dataset *dataset = open_whole(names[i]);
        assert_int_equal(gm_dataset_get_info(dataset)->kind, GM_DATASET_FLOATS);
        assert_memory_equal(gm_dataset_floats(dataset), values, sizeof values);
        gm_dataset_close(&dataset);
        put_idx(names[i], 4, 2);
        dataset = open_whole(names[i]);
        assert_int_equal(gm_dataset_get_info(dataset)->kind, GM_DATASET_IMAGES);
        assert_int_equal(gm_dataset_get_info(dataset)->count, 4);
        gm_dataset_close(&dataset);
        put_text(names[i], "x;y\n1;2\n3;4\n5;6\n");
        dataset = open_whole(names[i]);
        assert_int_equal(gm_dataset_get_info(dataset)->kind, GM_DATASET_FLOATS);
        assert_memory_equal(gm_dataset_floats(dataset), values, sizeof values);
        gm_dataset_close(&dataset);
        unlink(path_of(names[i]));
    }
}

static void whole_pictures_belong_into_a_folder(void **state) {
    (void)state;
    gm_dataset *dataset;
    const uint8_t grey = 7;
    assert_ok(gm_png_write(path_of("1.png"), &grey, 1, 1, 1));
    assert_fails(gm_dataset_open(&dataset, path_of("1.png"), NULL), GM_ERROR_FORMAT,
                 "1.png: is a PNG file: give the folder that it lies in");
    write_file(path_of("1.png"), "P5 2 1 255\n\0\1", 13);
    assert_fails(gm_dataset_open(&dataset, path_of("1.png"), NULL), GM_ERROR_FORMAT,
                 "1.png: is a PNM file: give the folder that it lies in");
    write_file(path_of("1.png"), "", 0);
    assert_fails(gm_dataset_open(&dataset, path_of("1.png"), NULL), GM_ERROR_FORMAT, "1.png: is empty");
    write_file(path_of("1.png"), "\xff\xd8", 2);
    assert_fails(gm_dataset_open(&dataset, path_of("1.png"), NULL), GM_ERROR_FORMAT,
                 "1.png: is no picture, or a truncated one: it has 2 bytes");
    write_file(path_of("1.png"), "BM and BMW", 10);
    assert_fails(gm_dataset_open(&dataset, path_of("1.png"), NULL), GM_ERROR_FORMAT,
                 "1.png: is no picture, or a truncated one: it has 10 bytes");
    unlink(path_of("1.png"));
}

static void files_that_are_no_data_are_called_what_they_are(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        const char *text;
    } cases[] = {
        {"\xff\xd8\xff\xe0\0\20JFIF", 10, "JPEG"},
        {"\xff\xd8\xff", 3, "JPEG"},
        {"GIF89a\1\0\1\0", 10, "is truncated: a GIF file of 10 bytes ends too early"},
        {"GIF88a\1\0\1\0", 10, "is a GIF file of a kind that is not read"},
        {"RIFF\4\0\0\0WEBPVP8 ", 16, "WebP"},
        {"RIFF\4\0\0\0WEBP", 12, "WebP"},
        {"RIFF\4\0\0\0WAVEfmt ", 16, " WAV"},
        {"II*\0\10\0\0\0", 8, "TIFF"},
        {"MM\0*\0\0\0\10", 8, "TIFF"},
        {"II+\0\10\0\0\0", 8, "TIFF"},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "is truncated: a PNG file of 16 bytes"},
        {"\x89PNG\r\n\x1a\n", 8, "is truncated: a PNG file of 8 bytes"},
        {"\x89PNG", 4, "is truncated: a PNG file of 4 bytes"},
        {"BM\x3a\0\0\0\0\0\0\0\x36\0", 12, "is truncated: a BMP file of 12 bytes ends too early"},
        {"BM\x3a\0\0\0\0\0\0\0", 10, "is truncated: a BMP file of 10 bytes ends too early"},
        {"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x10\0\0\0", 18, "is a BMP file of a kind that is not read"},
        {"P6 1", 4, "is truncated: a PNM file that ends too early"},
        {"PK\3\4\24\0\0\0", 8, "is no whole zip archive"},
        {"\x1f\x8b\10\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0", 20, "is a gzip file: unpack it"}, // of nothing
        {"\xfd"
         "7zXZ\0\0\4",
         8, "is an xz file: unpack it"},
        {"\x89HDF\r\n\x1a\n\0", 9, "is an HDF5 file"},
        {"\x10\0\0\0\0\0\0\0{\"a\":1}", 15, "is truncated: its header has 16 bytes"}, // of .safetensors
        {"\xff\xfe"
         "1\0,\0"
         "2\0",
         8, "is text in UTF-16"},
        {"", 0,
         "is no data set: it is empty: expected a folder of texts, IDX files, CIFAR-10 batches, sounds or pictures, or "
         "a file of text, NPZ, sound, ZIP of sounds, "
         "ZIP, paths of sounds, "
         "paths of pictures, paths of pictures with labels, NPY, safetensors, IDX or CSV"},
        {"\1\2\3\4\5\6\7\10", 8, "is no data set: expected"},
        {"hello world\nand more\n", 21, "is no data set: expected"},
        {"\0\0", 2, "is truncated"},                 // the beginning of IDX
        {"\0\0\10\1\0\0\0\1\3", 9, "00 00 08 01"},   // labels
        {"\0\0\15\3\0\0\0\1\3", 9, "00 00 0d 03"},   // floats
        {"\0\0\1\0\1\0\20\20", 8, "is no data set"}, // an icon
        {"\x93NUM", 4, "is truncated"},              // the beginning of NPY
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_dataset *dataset;
        write_file(path_of("thing.npy"), cases[i].bytes, cases[i].count);
        gm_status status = gm_dataset_open(&dataset, path_of("thing.npy"), NULL);
        if (status != GM_ERROR_FORMAT || !strstr(gm_error_message(), cases[i].text) ||
            !strstr(gm_error_message(), "thing.npy: "))
            fail_msg("case %zu: status %d, \"%s\" should contain \"%s\"", i, (int)status, gm_error_message(),
                     cases[i].text);
    }
    unlink(path_of("thing.npy"));
}

static void tables_are_data_sets_of_numbers(void **state) {
    (void)state;
    gm_dataset *dataset;
    put_text("t.csv", "a,b,c\n1,2,3\n4,5,6\n");
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"), &(gm_dataset_options){.count = 1}));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->kind, GM_DATASET_FLOATS);
    assert_int_equal(info->count, 1);
    assert_int_equal(info->channels, 3);
    assert_int_equal(info->height, 1);
    assert_int_equal(info->width, 1);
    assert_int_equal(info->item_bytes, 3 * sizeof(float));
    assert_int_equal(info->class_count, 0);
    assert_memory_equal(gm_dataset_floats(dataset), ((float[]){1, 2, 3}), 3 * sizeof(float));
    gm_dataset_close(&dataset);
    static const char *const columns[] = {"1\n2\n3\n", "x\n1\n2\n3\n", "\xef\xbb\xbfx\r\n1\r\n2\r\n3",
                                          "\"x\"\n1\n2\n3\n"};
    for (size_t i = 0; i < GM_COUNT(columns); i++) { // a single column
        put_text("t.csv", columns[i]);
        dataset = open_whole("t.csv");
        assert_int_equal(gm_dataset_get_info(dataset)->count, 3);
        assert_memory_equal(gm_dataset_floats(dataset), ((float[]){1, 2, 3}), 3 * sizeof(float));
        gm_dataset_close(&dataset);
    }
    put_text("t.csv", "1,2\n3,four\n");
    expect_refusal("t.csv", GM_ERROR_FORMAT, "t.csv:2: column 2: \"four\" is no finite number");
    write_file(path_of("t.csv"), "1,2\n3,\0\n", 8);
    expect_refusal("t.csv", GM_ERROR_FORMAT, "t.csv:2: is no text in UTF-8: it has a byte of zero");
    put_text("t.csv", "1,2\n3,4\n");
    assert_fails(gm_dataset_open(&dataset, path_of("t.csv"), &(gm_dataset_options){.size = {8}}), GM_ERROR_ARGUMENT,
                 "t.csv: is a file of CSV, and data.size is for images: leave it out");
    unlink(path_of("t.csv"));
}

// ---- Folders ----

static void pictures_are_told_by_content_and_strangers_named(void **state) {
    (void)state;
    static const char wav[] = "RIFF\4\0\0\0WAVE";
    mkdir(path_of("f"), 0777);
    put_png("f/2", 20);
    put_png("f/1.dat", 10);
    put_text("f/notes.txt", "notes");
    write_file(path_of("f/sound"), wav, 12);
    gm_dataset *dataset = open_whole("f");
    assert_int_equal(gm_dataset_get_info(dataset)->count, 2);
    assert_memory_equal(gm_dataset_images(dataset), ((uint8_t[]){10, 20}), 2);
    gm_dataset_close(&dataset);
    write_file(path_of("f/3.png"), wav, 12);
    expect_refusal("f", GM_ERROR_FORMAT, "f/3.png: is a WAV file");
    put_text("f/3.png", "not a picture at all");
    expect_refusal("f", GM_ERROR_FORMAT, "f/3.png: is no picture");
    put_text("f/3.png", "");
    expect_refusal("f", GM_ERROR_FORMAT, "f/3.png: is empty");
    remove_tree(path_of("f"));
    mkdir(path_of("f"), 0777);
    mkdir(path_of("f/cats"), 0777);
    put_text("f/cats/1.pdf", "%PDF-1.4");
    expect_refusal("f", GM_ERROR_IO, "f: holds no pictures: ");
    assert_non_null(strstr(gm_error_message(), "f/cats/1.pdf is a PDF file"));
    remove_tree(path_of("f"));
}

// None of these may wait for a pipe's other end.
static void special_files_are_refused_and_never_waited_for(void **state) {
    (void)state;
    gm_csv csv;
    gm_npy array;
    mkdir(path_of("f"), 0777);
    put_png("f/1.png", 10);
    assert_int_equal(mkfifo(path_of("f/pipe"), 0600), 0); // claims nothing
    assert_int_equal(symlink("nowhere", path_of("f/link")), 0);
    gm_dataset *dataset = open_whole("f");
    assert_int_equal(gm_dataset_get_info(dataset)->count, 1);
    gm_dataset_close(&dataset);
    assert_int_equal(symlink("nowhere", path_of("f/0.png")), 0);
    expect_refusal("f", GM_ERROR_IO, "f/0.png: cannot be opened");
    unlink(path_of("f/0.png"));
    assert_int_equal(mkfifo(path_of("f/0.png"), 0600), 0);
    expect_refusal("f", GM_ERROR_IO, "f/0.png: is a pipe where a file is expected");
    unlink(path_of("f/0.png"));
    unlink(path_of("f/1.png"));
    mkdir(path_of("f/x.png"), 0777); // a folder is a class, whatever its name
    put_png("f/x.png/1", 10);
    dataset = open_whole("f");
    assert_string_equal(gm_dataset_get_info(dataset)->class_names[0], "x.png");
    gm_dataset_close(&dataset);
    remove_tree(path_of("f"));
    mkdir(path_of("f"), 0777);
    assert_int_equal(mkfifo(path_of("f/train-images-idx3-ubyte"), 0600), 0);
    expect_refusal("f", GM_ERROR_IO, "holds no pictures, IDX files or CIFAR-10 batches");
    expect_refusal("f/train-images-idx3-ubyte", GM_ERROR_IO, "is a pipe where a file is expected");
    assert_fails(gm_csv_read(path_of("f/train-images-idx3-ubyte"), NULL, &csv), GM_ERROR_IO,
                 "is a pipe where a file is expected");
    assert_fails(gm_npy_read(path_of("f/train-images-idx3-ubyte"), &array), GM_ERROR_IO,
                 "is a pipe where a file is expected");
    assert_fails(gm_npy_read(path_of("f"), &array), GM_ERROR_IO, "f: is a folder where a file is expected");
    remove_tree(path_of("f"));
}

static void files_beyond_the_limit_are_refused_unread(void **state) {
    (void)state;
    mkdir(path_of("f"), 0777);
    put_png("f/1.png", 10);
    assert_int_equal(truncate(path_of("f/1.png"), (off_t)GM_PICTURE_LIMIT + 1), 0); // a hole, not a gigabyte
    expect_refusal("f", GM_ERROR_IO, "f/1.png: is too large: more than 1073741824 bytes are not read");
    remove_tree(path_of("f"));
}

static void a_named_data_set_keeps_the_names_of_class_folders(void **state) {
    (void)state;
    gm_dataset *dataset;
    mkdir(path_of("f"), 0777);
    mkdir(path_of("f/mnist"), 0777); // no IDX files here: a class like any other
    mkdir(path_of("f/other"), 0777);
    put_png("f/mnist/1.png", 10);
    put_png("f/other/1.png", 10);
    assert_ok(gm_dataset_open(&dataset, "mnist", &(gm_dataset_options){.folder = path_of("f")}));
    assert_int_equal(gm_dataset_get_info(dataset)->class_count, 2);
    assert_string_equal(gm_dataset_get_info(dataset)->class_names[0], "mnist");
    gm_dataset_close(&dataset);
    remove_tree(path_of("f"));
}

// ---- How many ----

static void classes_are_those_of_all_labels_whatever_the_count(void **state) {
    (void)state;
    gm_dataset *dataset;
    mkdir(path_of("f"), 0777);
    put_idx("f/train-images-idx3-ubyte", 4, 2);
    put_labels("f/train-labels-idx1-ubyte", (uint8_t[]){1, 0, 0, 5}, 4);
    for (size_t count = 0; count <= 5; count++) {
        assert_ok(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){.count = count}));
        assert_int_equal(gm_dataset_get_info(dataset)->count, count == 0 || count > 4 ? 4 : count);
        assert_int_equal(gm_dataset_get_info(dataset)->class_count, 6);
        gm_dataset_close(&dataset);
        assert_ok(gm_dataset_open(&dataset, "grid25", &(gm_dataset_options){.count = count}));
        assert_int_equal(gm_dataset_get_info(dataset)->class_count, 25);
        gm_dataset_close(&dataset);
    }
    put_labels("f/train-labels-idx1-ubyte", (uint8_t[]){1, 0, 0, 12}, 4);
    const gm_dataset_options one = {.folder = path_of("f"), .count = 1};
    assert_fails(gm_dataset_open(&dataset, "mnist", &one), GM_ERROR_FORMAT,
                 "has a label 12, but there are only 10 classes");
    remove_tree(path_of("f"));
}

static void put_classes(const char *folder) {
    static const char *const names[] = {"a/1", "a/2", "a/3", "a/4", "b/1", "c/1", "c/2"};
    char path[64];
    mkdir(path_of(folder), 0777);
    for (const char *class = "abc"; *class; class ++) {
        snprintf(path, sizeof path, "%s/%c", folder, *class);
        mkdir(path_of(path), 0777);
    }
    for (size_t i = 0; i < GM_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s.png", folder, names[i]);
        put_png(path, (uint8_t)(i + 1));
    }
}

static void the_first_pictures_go_round_the_classes(void **state) {
    (void)state;
    static const uint8_t all[] = {1, 2, 3, 4, 5, 6, 7}, turns[] = {1, 5, 6, 2, 7, 3};
    static const int32_t labels[] = {0, 1, 2, 0, 2, 0};
    gm_dataset *dataset;
    put_classes("f");
    for (size_t count = 0; count <= 8; count++) {
        bool whole = count == 0 || count >= sizeof all;
        assert_ok(gm_dataset_open(&dataset, path_of("f"), &(gm_dataset_options){.count = count}));
        assert_int_equal(gm_dataset_get_info(dataset)->count, whole ? sizeof all : count);
        assert_int_equal(gm_dataset_get_info(dataset)->class_count, 3);
        assert_memory_equal(gm_dataset_images(dataset), whole ? all : turns, whole ? sizeof all : count);
        if (!whole)
            assert_memory_equal(gm_dataset_labels(dataset), labels, count * sizeof *labels);
        gm_dataset_close(&dataset);
    }
    remove_tree(path_of("f"));
}

static void the_same_pictures_are_known_in_any_number(void **state) {
    (void)state;
    gm_dataset *train, *test;
    mkdir(path_of("f"), 0777);
    put_classes("f/train");
    put_classes("f/test");
    for (int other = 0; other < 2; other++) {
        if (other)
            put_png("f/test/c/1.png", 99);
        for (size_t count = 0; count <= 6; count += 3) {
            assert_ok(gm_dataset_open(&train, path_of("f"), &(gm_dataset_options){.count = count}));
            assert_ok(gm_dataset_open(&test, path_of("f"), &(gm_dataset_options){.split = GM_SPLIT_TEST}));
            gm_status status = gm_dataset_check_held_out(test, train);
            if (other)
                assert_ok(status);
            else
                assert_fails(status, GM_ERROR_ARGUMENT, "training and test split are the same");
            gm_dataset_close(&train);
            gm_dataset_close(&test);
        }
    }
    remove_tree(path_of("f"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_told_by_content_whatever_their_names),
        cmocka_unit_test(files_that_are_no_data_are_called_what_they_are),
        cmocka_unit_test(whole_pictures_belong_into_a_folder),
        cmocka_unit_test(tables_are_data_sets_of_numbers),
        cmocka_unit_test(pictures_are_told_by_content_and_strangers_named),
        cmocka_unit_test(special_files_are_refused_and_never_waited_for),
        cmocka_unit_test(files_beyond_the_limit_are_refused_unread),
        cmocka_unit_test(a_named_data_set_keeps_the_names_of_class_folders),
        cmocka_unit_test(classes_are_those_of_all_labels_whatever_the_count),
        cmocka_unit_test(the_first_pictures_go_round_the_classes),
        cmocka_unit_test(the_same_pictures_are_known_in_any_number),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

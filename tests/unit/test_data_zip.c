// Zip archives: names as they stand in them, zip64, entries that would fill the memory.
#include "zip_support.h"

#include "data/tree.h"
#include "data/zip_directory.h"
#include "sample/zip_write.h"

static gm_dataset *dataset;

static void refused(const char *name, gm_status expected, const char *text) {
    assert_fails(gm_dataset_open(&dataset, path_of(name), NULL), expected, text);
    assert_null(dataset);
}

// ---- Names ----

static void expect_names(const char *const *given, const char *const *names, size_t count) {
    zip_entry entries[4] = {{0}};
    gm_zip *zip;
    size_t bytes;
    for (size_t i = 0; i < count; i++)
        entries[i] = (zip_entry){.name = given[i], .data = ""};
    uint8_t *file = make_zip(entries, count, &bytes);
    assert_ok(gm_zip_open_memory(&zip, "a.zip", file, bytes));
    assert_int_equal(gm_zip_count(zip), count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(gm_zip_name(zip, i), names[i]);
    gm_zip_close(&zip);
    free(file);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__})

static void names_are_utf8_with_slashes(void **state) {
    (void)state;
    expect_names(LIST("a\\1.png", "b\\c\\", "d/e\\2.png"), LIST("a/1.png", "b/c/", "d/e/2.png"), 3);
    expect_names(LIST("\xc3\xa4.png", "K\x84se.png", "\xe3\xff"),
                 LIST("\xc3\xa4.png", "K\xc3\xa4se.png", "\xcf\x80\xc2\xa0"), 3);
}

static void two_files_of_a_name_are_refused(void **state) {
    (void)state;
    zip_entry entries[] = {
        {.name = "a/1.png", .data = ""}, {.name = "b/1.png", .data = ""}, {.name = "a\\1.png", .data = ""}};
    write_zip(path_of("a.zip"), entries, GM_COUNT(entries));
    refused("a.zip", GM_ERROR_FORMAT, "a.zip: is refused: it holds two files of the name a/1.png");
    entries[0].name = entries[2].name = "x.npy";
    entries[1].name = "y.npy";
    write_zip(path_of("a.npz"), entries, GM_COUNT(entries));
    refused("a.npz", GM_ERROR_FORMAT, "a.npz: is refused: it holds two arrays of the name x");
    entries[0].name = "other/y.npy";
    write_zip(path_of("a.npz"), entries, GM_COUNT(entries));
    refused("a.npz", GM_ERROR_FORMAT, "a.npz: is refused: it holds two arrays of the name y");
    unlink(path_of("a.zip"));
    unlink(path_of("a.npz"));
}

// ---- zip64 ----

enum { MANY = 65536 + 3 };

static void expect_many(const uint8_t *file, size_t bytes) {
    gm_zip *zip;
    char *content;
    size_t length;
    assert_ok(gm_zip_open_memory(&zip, "a.zip", file, bytes));
    assert_int_equal(gm_zip_count(zip), MANY);
    assert_string_equal(gm_zip_name(zip, MANY - 1), "x");
    assert_ok(gm_zip_read(zip, MANY - 1, "a.zip/x", 100, 0, &content, &length));
    assert_int_equal(length, 3);
    assert_memory_equal(content, "abc", 4);
    free(content);
    gm_zip_close(&zip);
}

static void more_entries_than_16_bits_count_are_read(void **state) {
    (void)state;
    gm_zip_writer writer = {.path = "a.zip"};
    zip_entry *entries = calloc(MANY, sizeof *entries);
    size_t bytes;
    gm_zip *zip;
    assert_non_null(entries);
    for (size_t i = 0; i < MANY; i++) {
        entries[i] = (zip_entry){.name = "x", .data = "abc", .bytes = 3};
        assert_ok(gm_zip_writer_add(&writer, "x", "abc", 3));
    }
    assert_ok(gm_zip_writer_end(&writer));
    expect_many(writer.file.data, writer.file.length);
    writer.file.data[writer.file.length - 22 - 20 - 56 + 32]++; // how many zip64's end says
    assert_fails(gm_zip_open_memory(&zip, "a.zip", writer.file.data, writer.file.length), GM_ERROR_FORMAT,
                 "a.zip: is damaged: its directory has 65539 entries and says 65540");
    gm_zip_writer_finish(&writer);
    uint8_t *file = make_zip(entries, MANY, &bytes); // without zip64, as some programs write them
    expect_many(file, bytes);
    file[bytes - 22 + 8]++; // how many its end says
    file[bytes - 22 + 10]++;
    assert_fails(gm_zip_open_memory(&zip, "a.zip", file, bytes), GM_ERROR_FORMAT, "says 4");
    free(file);
    free(entries);
}

static void numbers_of_64_bits_stand_in_their_field(void **state) {
    (void)state;
    uint8_t line[200] = {0}, *at = line;
    gm_zip_line parsed;
    zip_put(&at, 0x02014b50, 4);
    at = line + 20;
    zip_put(&at, UINT32_MAX, 4); // packed
    zip_put(&at, 7, 4);          // its size
    zip_put(&at, 1, 2);          // name
    zip_put(&at, 6 + 4 + 16, 2); // fields
    at = line + 42;
    zip_put(&at, UINT32_MAX, 4); // place
    zip_put(&at, 'x', 1);
    zip_put(&at, 99, 2); // another field before it
    zip_put(&at, 2, 2);
    zip_put(&at, 0, 2);
    zip_put(&at, 1, 2);
    zip_put(&at, 16, 2);
    zip_put(&at, 5, 4);
    zip_put(&at, 1, 4);
    zip_put(&at, 6, 4);
    zip_put(&at, 2, 4);
    size_t length = (size_t)(at - line);
    assert_true(gm_zip_line_parse(&parsed, line, length));
    assert_int_equal(parsed.length, length);
    assert_int_equal(parsed.packed, (1LL << 32) + 5);
    assert_int_equal(parsed.bytes, 7);
    assert_int_equal(parsed.place, (2LL << 32) + 6);
    assert_false(gm_zip_line_parse(&parsed, line, length - 1));
    line[GM_ZIP_LINE_BYTES + 1 + 6 + 2] = 8; // too short for two numbers
    assert_false(gm_zip_line_parse(&parsed, line, length));
}

// ---- Sizes ----

// The file of an array of that many rows of zeros, with `bytes` bytes; from malloc.
static char *make_array(size_t rows, size_t bytes) {
    char *file = calloc(bytes, 1), text[200];
    assert_non_null(file);
    memcpy(file, "\x93NUMPY\1\0v\0", 10);
    int length = snprintf(text, sizeof text, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, 1024), }", rows);
    memset(file + 10, ' ', 118);
    memcpy(file + 10, text, (size_t)length);
    file[127] = '\n';
    return file;
}

static void arrays_take_what_their_headers_say(void **state) {
    (void)state;
    size_t rows = (size_t)GM_ZIP_PLAIN / 1024 + 1, bytes = 128 + rows * 1024;
    zip_entry entry = {.name = "x.npy", .data = make_array(rows, bytes), .bytes = bytes, .packed = true};
    write_zip(path_of("a.npz"), &entry, 1);
    assert_ok(gm_dataset_open(&dataset, path_of("a.npz"), NULL));
    assert_int_equal(gm_dataset_get_info(dataset)->count, rows);
    gm_dataset_close(&dataset);
    free((void *)(uintptr_t)entry.data);
    entry.data = make_array(9, bytes);
    write_zip(path_of("a.npz"), &entry, 1);
    refused("a.npz", GM_ERROR_FORMAT, "a.npz/x.npy: is refused: its ");
    entry.bytes = 128 + 9 * 1024;
    entry.declared = 900000000;
    write_zip(path_of("a.npz"), &entry, 1);
    refused("a.npz", GM_ERROR_FORMAT, "become 900000000, which nothing in it calls for");
    free((void *)(uintptr_t)entry.data);
    unlink(path_of("a.npz"));
}

static void put_picture(size_t side, size_t bytes) {
    uint8_t *file = calloc(bytes, 1);
    char head[32];
    assert_non_null(file);
    int length = snprintf(head, sizeof head, "P5 %zu %zu 255\n", side, side);
    memcpy(file, head, (size_t)length);
    zip_entry entry = {.name = "1.pgm", .data = file, .bytes = bytes, .packed = true};
    write_zip(path_of("a.zip"), &entry, 1);
    free(file);
}

static void pictures_take_what_their_headers_say(void **state) {
    (void)state;
    size_t side = 8192, plain = (size_t)GM_ZIP_PLAIN;
    put_picture(side, side * side + 17);
    assert_ok(gm_dataset_open(&dataset, path_of("a.zip"), &(gm_dataset_options){.size = {1, 1}}));
    gm_dataset_close(&dataset);
    put_picture(1, plain); // nothing is said of so little
    assert_ok(gm_dataset_open(&dataset, path_of("a.zip"), NULL));
    gm_dataset_close(&dataset);
    put_picture(1, plain + 100);
    refused("a.zip", GM_ERROR_FORMAT, "a.zip/1.pgm: is refused: its ");
    put_picture(0, plain + 100);
    refused("a.zip", GM_ERROR_FORMAT, "a.zip/1.pgm: ");
    unlink(path_of("a.zip"));
}

static void labels_do_not_swell(void **state) {
    (void)state;
    size_t bytes = (size_t)GM_ZIP_PLAIN + 1000; // of those that two files allow
    char *text = malloc(bytes);
    assert_non_null(text);
    memset(text, '\n', bytes);
    const uint8_t grey = 1;
    char *png;
    zip_entry entries[] = {{.name = "1.png"}, {.name = "labels.csv", .data = text, .bytes = bytes, .packed = true}};
    assert_ok(gm_png_write(path_of("1.png"), &grey, 1, 1, 1));
    assert_ok(gm_file_read(path_of("1.png"), 1 << 20, &png, &entries[0].bytes));
    entries[0].data = png;
    write_zip(path_of("a.zip"), entries, 2);
    refused("a.zip", GM_ERROR_FORMAT, "a.zip/labels.csv: is refused: its ");
    for (size_t i = 0; i < bytes; i++) // hardly to be packed
        text[i] = (char)(gm_hash(GM_HASH_START, &i, sizeof i) >> 56);
    bytes = (1 << 20) + 2 * 1000; // beside two files
    entries[1] = (zip_entry){.name = "dataset.json", .data = text, .bytes = bytes};
    write_zip(path_of("a.zip"), entries, 2);
    refused("a.zip", GM_ERROR_FORMAT, "a.zip/dataset.json:1: is no JSON");
    entries[1].bytes++;
    write_zip(path_of("a.zip"), entries, 2);
    refused("a.zip", GM_ERROR_IO, "a.zip/dataset.json: is too large");
    free(text);
    free(png);
    unlink(path_of("1.png"));
    unlink(path_of("a.zip"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_utf8_with_slashes),
        cmocka_unit_test(two_files_of_a_name_are_refused),
        cmocka_unit_test(more_entries_than_16_bits_count_are_read),
        cmocka_unit_test(numbers_of_64_bits_stand_in_their_field),
        cmocka_unit_test(arrays_take_what_their_headers_say),
        cmocka_unit_test(pictures_take_what_their_headers_say),
        cmocka_unit_test(labels_do_not_swell),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

// Texts as data sets: their symbols, windows, lines and splits, and what is refused.
#include "data/texts.h"

#include "data/windows.h"
#include "data_support.h"
#include "sample/scan.h"

#define OPTIONS(...) (&(gm_dataset_options){.whole = true, .text = &(gm_text_schema){__VA_ARGS__}})

static gm_dataset *open_bytes(const void *data, size_t bytes, const gm_dataset_options *options) {
    gm_dataset *dataset;
    write_file(path_of("t.txt"), data, bytes);
    assert_ok(gm_dataset_open(&dataset, path_of("t.txt"), options));
    return dataset;
}

static gm_dataset *open_string(const char *text, const gm_dataset_options *options) {
    return open_bytes(text, strlen(text), options);
}

// The whole row of symbols, as a text.
static void expect_row(const gm_dataset *dataset, const char *expected) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const gm_windows *w = dataset->windows;
    gm_text row = {0};
    gm_text_append(&row, "");
    assert_int_equal(w->symbol_bytes, 1);
    for (size_t i = 0; i < w->symbol_count; i++) {
        const char *symbol = gm_text_schema_symbol(info->text, ((const uint8_t *)w->symbols)[i]);
        gm_text_append(&row, *symbol ? symbol : "_");
        gm_text_append(&row, info->text->unit == GM_TEXT_WORDS ? "/" : "");
    }
    assert_string_equal(row.data, expected);
    gm_text_finish(&row);
}

static void expect_symbols(const gm_dataset *dataset, const char *expected) {
    const gm_text_schema *text = gm_dataset_get_info(dataset)->text;
    gm_text all = {0};
    gm_text_append(&all, "");
    for (size_t i = 0; i < text->count; i++)
        gm_text_printf(&all, "%s%s", i > 0 && text->unit == GM_TEXT_WORDS ? "/" : "", text->symbols[i]);
    assert_string_equal(all.data, expected);
    gm_text_finish(&all);
}

static void windows_begin_at_every_place(void **state) {
    (void)state;
    gm_dataset *dataset = open_string("ba\nab", OPTIONS(.window = 3));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const int32_t indices[] = {2, 0};
    uint8_t items[6];
    assert_int_equal(info->count, 3);
    assert_int_equal(info->kind, GM_DATASET_IMAGES);
    assert_int_equal(info->channels, 3);
    expect_symbols(dataset, "\nab");
    assert_ok(gm_dataset_gather(dataset, indices, 2, items, NULL));
    assert_memory_equal(items, ((uint8_t[]){0, 1, 2, 2, 1, 0}), 6);
    assert_null(gm_dataset_items(dataset));
    gm_dataset_close(&dataset);
}

static void every_tenth_line_is_held_out(void **state) {
    (void)state;
    gm_text text = {0};
    gm_dataset *dataset;
    for (size_t i = 0; i < 20; i++)
        gm_text_printf(&text, "%c\n", (int)('a' + i));
    gm_dataset_options options = {.text = &(gm_text_schema){.window = 2}};
    dataset = open_string(text.data, &options);
    expect_row(dataset, "a\nb\nc\nd\ne\nf\ng\nh\ni\nk\nl\nm\nn\no\np\nq\nr\ns\n");
    expect_symbols(dataset, "\nabcdefghijklmnopqrst"); // of both splits
    assert_true(gm_dataset_get_info(dataset)->splits);
    gm_dataset_close(&dataset);
    options.split = GM_SPLIT_TEST;
    dataset = open_string(text.data, &options);
    expect_row(dataset, "j\nt\n");
    gm_dataset_close(&dataset);
    dataset = open_string("abcdefghijabcdefghij", &options); // of few lines the last tenth
    expect_row(dataset, "ij");
    gm_dataset_close(&dataset);
    gm_text_finish(&text);
}

// A character may lie across two pieces that are read.
static void bytes_are_utf8_or_latin1(void **state) {
    (void)state;
    gm_dataset *dataset = open_string("\xef\xbb\xbf"
                                      "caf\xc3\xa9 caf\xe9 \xe2\x82\xac\xe2\x82",
                                      OPTIONS(.window = 2));
    expect_row(dataset, "caf\xc3\xa9 caf\xc3\xa9 \xe2\x82\xac\xc3\xa2\xc2\x82");
    gm_dataset_close(&dataset);
    size_t bytes = 65536 + 2;
    char *long_text = malloc(bytes);
    assert_non_null(long_text);
    memset(long_text, 'a', bytes);
    memcpy(long_text + 65535, "\xe2\x82\xac", 3);
    dataset = open_bytes(long_text, bytes, OPTIONS(.window = 2));
    expect_symbols(dataset, "a\xe2\x82\xac");
    assert_int_equal(dataset->windows->symbol_count, 65536);
    gm_dataset_close(&dataset);
    free(long_text);
}

static void letters_and_spaces_are_brought_together(void **state) {
    (void)state;
    gm_dataset *dataset = open_string(" \xc3\x84"
                                      "b\r\n C\td  \n",
                                      OPTIONS(.window = 2, .lower = true, .join = true));
    expect_row(dataset, "\xc3\xa4"
                        "b c d");
    gm_dataset_close(&dataset);
    dataset = open_string("a\rb\r\nc", OPTIONS(.window = 2));
    expect_row(dataset, "a\nb\nc");
    gm_dataset_close(&dataset);
}

static void lines_are_cut_and_filled(void **state) {
    (void)state;
    gm_dataset *dataset = open_string("abc\n\na\nabcde", OPTIONS(.window = 4, .items = GM_TEXT_LINES));
    expect_row(dataset, "abc_a___abcd");
    assert_int_equal(gm_dataset_get_info(dataset)->count, 3);
    assert_int_equal(gm_text_schema_codes(gm_dataset_get_info(dataset)->text), 6);
    gm_dataset_close(&dataset);
}

static void words_are_symbols(void **state) {
    (void)state;
    static const char text[] = "The cat, the dog's hat. The cat!";
    gm_dataset *dataset = open_string(text, OPTIONS(.window = 2, .unit = GM_TEXT_WORDS, .lower = true, .join = true));
    expect_row(dataset, "the/cat/,/the/dog's/hat/./the/cat/!/");
    expect_symbols(dataset, "the/cat/!/,/./dog's/hat");
    gm_dataset_close(&dataset);
    dataset = open_string(text, OPTIONS(.window = 2, .unit = GM_TEXT_WORDS, .lower = true, .join = true, .most = 3));
    expect_row(dataset, "the/cat/\xef\xbf\xbd/the/\xef\xbf\xbd/\xef\xbf\xbd/\xef\xbf\xbd/the/cat/\xef\xbf\xbd/");
    gm_dataset_close(&dataset);
}

static void a_column_of_a_table_is_a_text(void **state) {
    (void)state;
    gm_dataset *dataset;
    static const char table[] = "id,words\n1,\"ab, \"\"c\"\"\"\n2,dd\n";
    write_file(path_of("t.csv"), table, sizeof table - 1);
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"), OPTIONS(.window = 3, .column = "words")));
    expect_row(dataset, "ab, \"c\"\ndd\n");
    gm_dataset_close(&dataset);
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"), OPTIONS(.window = 3, .column = "2", .join = true)));
    expect_row(dataset, "ab, \"c\" dd");
    gm_dataset_close(&dataset);
    assert_fails(gm_dataset_open(&dataset, path_of("t.csv"), OPTIONS(.column = "word")), GM_ERROR_ARGUMENT,
                 "has no column 'word' (data.text.column)");
}

// Rows of one class that follow each other are one piece, into which no other's windows lead.
static void a_column_of_classes_parts_the_text(void **state) {
    (void)state;
    gm_dataset *dataset;
    const char table[] = "of,words\nb,abc\na,\"ca\"\na,bcb\nb,ac\nb,\n";
    char window[4] = "";
    static const struct {
        const char *window;
        int32_t label;
    } expected[] = {{"abc", 0}, {" ca", 1}, {"ca ", 1}, {"a b", 1}, {" bc", 1}, {"bcb", 1}, {" ac", 0}};
    write_file(path_of("t.csv"), table, strlen(table));
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"),
                              OPTIONS(.window = 3, .column = "words", .label = "of", .join = true)));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->class_count, 2);
    assert_string_equal(info->class_names[0], "b");
    assert_int_equal(info->count, GM_COUNT(expected));
    for (size_t i = 0; i < GM_COUNT(expected); i++) {
        uint8_t codes[3];
        assert_int_equal(gm_windows_read(dataset->windows, i, codes), expected[i].label);
        assert_int_equal(dataset->labels[i], expected[i].label);
        for (size_t k = 0; k < 3; k++)
            window[k] = *gm_text_schema_symbol(info->text, codes[k]);
        assert_string_equal(window, expected[i].window);
    }
    gm_dataset_close(&dataset);
    assert_fails(gm_dataset_open(&dataset, path_of("t.csv"), OPTIONS(.column = "words", .label = "off")),
                 GM_ERROR_ARGUMENT, "has no column 'off' (data.text.label)");
    assert_fails(gm_dataset_open(&dataset, path_of("t.csv"), OPTIONS(.window = 3, .label = "of")), GM_ERROR_ARGUMENT,
                 "name their column, too (data.text.column)");
}

static void folders_have_classes_and_splits(void **state) {
    (void)state;
    static const char *const folders[] = {"s", "s/train", "s/test", "s/train/a", "s/train/b", "s/test/a", "s/test/b"};
    gm_dataset *dataset;
    for (size_t i = 0; i < GM_COUNT(folders); i++)
        assert_int_equal(mkdir(path_of(folders[i]), 0700), 0);
    write_file(path_of("s/train/a/1.txt"), "xyx", 3);
    write_file(path_of("s/train/a/2.txt"), "xxx", 3);
    write_file(path_of("s/train/b/1.txt"), "yyyy", 4);
    write_file(path_of("s/test/a/1.txt"), "xy", 2);
    write_file(path_of("s/test/b/1.txt"), "yy", 2);
    assert_ok(gm_dataset_open(&dataset, path_of("s"), &(gm_dataset_options){.text = &(gm_text_schema){.window = 2}}));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->count, 2 + 2 + 3); // no window leads from one text into another
    assert_int_equal(info->class_count, 2);
    assert_string_equal(info->class_names[1], "b");
    assert_memory_equal(gm_dataset_labels(dataset), ((int32_t[]){0, 0, 0, 0, 1, 1, 1}), 7 * sizeof(int32_t));
    uint8_t item[2];
    assert_ok(gm_dataset_gather(dataset, (int32_t[]){4}, 1, item, NULL));
    assert_memory_equal(item, ((uint8_t[]){1, 1}), 2);
    gm_dataset_close(&dataset);
    assert_ok(gm_dataset_open(&dataset, path_of("s"),
                              &(gm_dataset_options){.split = GM_SPLIT_TEST, .text = &(gm_text_schema){.window = 2}}));
    assert_int_equal(gm_dataset_get_info(dataset)->count, 2);
    gm_dataset_close(&dataset);
}

static void expect_refused(const void *data, size_t bytes, const gm_dataset_options *options, const char *what) {
    gm_dataset *dataset;
    write_file(path_of("t.txt"), data, bytes);
    gm_status status = gm_dataset_open(&dataset, path_of("t.txt"), options);
    assert_true(status == GM_ERROR_FORMAT || status == GM_ERROR_ARGUMENT);
    assert_fails(status, status, what);
    assert_null(dataset);
}

static void what_cannot_be_learnt_is_refused(void **state) {
    (void)state;
    expect_refused("ab\nc\0d", 6, NULL, "t.txt:2: holds a byte of zero");
    expect_refused("", 0, NULL, "t.txt: is no data set: it is empty");
    expect_refused("", 0, OPTIONS(.window = 2), "t.txt: is no text: it is empty");
    expect_refused("a", 1, NULL, "t.txt: holds nothing but 'a': there is nothing to learn");
    expect_refused("aaaa", 4, OPTIONS(.window = 2), "t.txt: holds nothing but 'a'");
    expect_refused("abc", 3, OPTIONS(.window = 4), "t.txt: has 3 symbols, fewer than the window of 4");
    expect_refused("\xff\xfe"
                   "a\0b\0",
                   6, OPTIONS(.window = 2), "t.txt: is text in UTF-16");
    static const char *const few[] = {"a", "b"}, *const twice[] = {"a", "a"}, *const other[] = {"a", GM_TEXT_OTHER};
    expect_refused("ab\nac", 5, OPTIONS(.window = 2, .join = true, .symbols = few, .count = 2), "t.txt:2: ' '");
    expect_refused("ab", 2, OPTIONS(.window = 2, .symbols = twice, .count = 2), "names one of its 2 symbols twice");
    gm_dataset *dataset = open_string("abca", OPTIONS(.window = 2, .symbols = other, .count = 2));
    expect_row(dataset, "a\xef\xbf\xbd\xef\xbf\xbd"
                        "a");
    gm_dataset_close(&dataset);
}

static void tables_and_lists_stay_what_they_are(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_text;
    } cases[] = {{"1,2\n3,4\n", false},
                 {"a b c\n1 2 3, 4\n5 6 7, 8\n", false},
                 {"x\n1\n2\n", false},
                 {"pictures/1.png\n", false},
                 {"In the beginning, God created.\nAnd the earth, being\n", true},
                 {"one line", true}};
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        write_file(path_of("t.txt"), cases[i].text, strlen(cases[i].text));
        assert_int_equal(gm_dataset_is_text(path_of("t.txt")), cases[i].is_text);
    }
}

static void codes_are_written_and_read(void **state) {
    (void)state;
    static const char *const words[] = {"the", "cat", ".", "(", ")", GM_TEXT_OTHER};
    const gm_text_schema text = {.unit = GM_TEXT_WORDS, .lower = true, .symbols = words, .count = 6};
    int32_t *codes;
    size_t count;
    char *string;
    assert_ok(gm_text_schema_read(&text, "it", "The (cat) dog.", &codes, &count));
    assert_int_equal(count, 6);
    assert_memory_equal(codes, ((int32_t[]){0, 3, 1, 4, 5, 2}), 6 * sizeof *codes);
    assert_ok(gm_text_schema_write(&text, codes, count, &string));
    assert_string_equal(string, "the (cat) \xef\xbf\xbd.");
    free(string);
    free(codes);
    static const char *const letters[] = {"a", " "};
    const gm_text_schema characters = {.join = true, .items = GM_TEXT_LINES, .symbols = letters, .count = 2};
    assert_ok(gm_text_schema_read(&characters, "it", "a  a ", &codes, &count)); // goes on behind its last space
    assert_int_equal(count, 4);
    assert_memory_equal(codes, ((int32_t[]){1, 2, 1, 2}), 4 * sizeof *codes);
    free(codes);
    assert_fails(gm_text_schema_read(&characters, "the beginning", "ab", &codes, &count), GM_ERROR_ARGUMENT,
                 "the beginning: 'b' is none of the 2 symbols that are known");
    assert_ok(gm_text_schema_write(&characters, (int32_t[]){1, 0, 1}, 3, &string)); // up to the first end
    assert_string_equal(string, "a");
    free(string);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_begin_at_every_place),
        cmocka_unit_test(every_tenth_line_is_held_out),
        cmocka_unit_test(bytes_are_utf8_or_latin1),
        cmocka_unit_test(letters_and_spaces_are_brought_together),
        cmocka_unit_test(lines_are_cut_and_filled),
        cmocka_unit_test(words_are_symbols),
        cmocka_unit_test(a_column_of_a_table_is_a_text),
        cmocka_unit_test(a_column_of_classes_parts_the_text),
        cmocka_unit_test(folders_have_classes_and_splits),
        cmocka_unit_test(what_cannot_be_learnt_is_refused),
        cmocka_unit_test(tables_and_lists_stay_what_they_are),
        cmocka_unit_test(codes_are_written_and_read),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

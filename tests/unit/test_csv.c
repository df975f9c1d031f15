// Tables of numbers: what is read, how missing values and headers are told apart, and what is refused, with its place.
#include "data_support.h"

#include <math.h>

static gm_status parse(const char *text, bool missing, gm_csv *csv) {
    size_t bytes = strlen(text);
    uint8_t *copy = exact_copy(text, bytes);
    gm_status status = gm_csv_parse("t.csv", copy, bytes, &(gm_csv_options){.missing = missing}, csv);
    free(copy);
    return status;
}

static void tables_of_every_style_are_the_same(void **state) {
    (void)state;
    static const char *const texts[] = {
        "1,2.5,-3\n4e1,.5,+6.\n",
        "1;2.5;-3\n4e1;.5;+6.\n",
        "1\t2.5\t-3\n4e1\t.5\t+6.\n",
        "1,2.5,-3\r\n4e1,.5,+6.\r\n",
        "1,2.5,-3\r4e1,.5,+6.\r",
        "1,2.5,-3\n4e1,.5,+6.",
        "\357\273\2771,2.5,-3\n4e1,.5,+6.\n\n \r\n",
        "\"1\",\"2.5\",\"-3\"\n\"4e1\" , \".5\",\"+6.\"\n",
        " 1 , 2.5,-3 \n4E+1,0.5e-0,6\n",
    };
    static const float expected[] = {1, 2.5f, -3, 40, .5f, 6};
    for (size_t i = 0; i < GM_COUNT(texts); i++) {
        gm_csv csv;
        assert_ok(parse(texts[i], false, &csv));
        assert_int_equal(csv.rows, 2);
        assert_int_equal(csv.columns, 3);
        assert_int_equal(csv.missing, 0);
        assert_null(csv.names);
        if (memcmp(csv.values, expected, sizeof expected) != 0)
            fail_msg("table %zu: %g %g %g %g %g %g", i, csv.values[0], csv.values[1], csv.values[2], csv.values[3],
                     csv.values[4], csv.values[5]);
        gm_csv_finish(&csv);
        assert_null(csv.values);
    }
}

static void headers_are_lines_without_numbers(void **state) {
    (void)state;
    gm_csv csv;
    assert_ok(parse("x, \"a \"\"b\"\", c\" ,\n1,2,3\n", false, &csv));
    assert_int_equal(csv.rows, 1);
    assert_int_equal(csv.columns, 3);
    assert_string_equal(csv.names[0], "x");
    assert_string_equal(csv.names[1], "a \"b\", c");
    assert_string_equal(csv.names[2], "");
    gm_csv_finish(&csv);
    assert_ok(parse("\"one\nname\"\n1\n2\n", false, &csv)); // a header of two lines
    assert_int_equal(csv.rows, 2);
    assert_string_equal(csv.names[0], "one\nname");
    gm_csv_finish(&csv);
    assert_ok(parse("a;b,c\n1;2\n", false, &csv)); // the comma is part of a name
    assert_int_equal(csv.columns, 2);
    assert_string_equal(csv.names[1], "b,c");
    gm_csv_finish(&csv);
    assert_fails(parse("x,2019\n1,2\n", false, &csv), GM_ERROR_FORMAT, "t.csv:1: column 1: \"x\" is no finite number");
    assert_ok(parse("NA,\n1,2\n", true, &csv)); // missing values alone make no header
    assert_int_equal(csv.rows, 2);
    assert_int_equal(csv.missing, 2);
    gm_csv_finish(&csv);
}

// "x|y: 1.5 2 / 3 4": the names and the rows.
static void expect(const char *text, const char *expected) {
    gm_csv csv;
    gm_text found = {0};
    if (parse(text, true, &csv) != GM_OK)
        fail_msg("%s\n  refused: %s", text, gm_error_message());
    for (size_t i = 0; i < csv.columns && csv.names; i++)
        gm_text_printf(&found, "%s%s", csv.names[i], i + 1 < csv.columns ? "|" : ": ");
    for (size_t i = 0; i < csv.rows * csv.columns; i++)
        gm_text_printf(&found, "%s%g", i == 0 ? "" : i % csv.columns > 0 ? " " : " / ", (double)csv.values[i]);
    if (strcmp(found.data, expected) != 0)
        fail_msg("\n%s\n  found:    %s\n  expected: %s", text, found.data, expected);
    gm_text_finish(&found);
    gm_csv_finish(&csv);
}

static void commas_in_quotes_are_decimal_signs(void **state) {
    (void)state;
    gm_csv csv;
    expect("\"1,5\",\"2,25\"\n\"3\",4\n", "1.5 2.25 / 3 4");
    expect("x,y\n\"1,234\",1\n\"1,5\",2\n", "x|y: 1.234 1 / 1.5 2"); // one that is no thousand tells of all
    assert_fails(parse("\"1,5\",2.5\n", false, &csv), GM_ERROR_FORMAT, "column 1: \"1,5\" is no finite number");
    assert_fails(parse("1\n\"1,234\"\n", false, &csv), GM_ERROR_FORMAT, "\"1,234\" is no finite number");
}

static void lines_above_the_table_are_no_rows(void **state) {
    (void)state;
    gm_csv csv;
    expect("sep=;\nx;y\n1,5;2\n", "x|y: 1.5 2");
    expect("sep=,\r\n1,2\r\n", "1 2");
    expect("sep=\t\n1\t2\n", "1 2");
    expect("sep=x\n1\n", "sep=x: 1"); // the name of a column
    expect("# a\n\n#b\n1\n", "1");
    expect("# x, y\n1,2\n", "x|y: 1 2");
    expect("# x, y\np,q\n1,2\n", "p|q: 1 2");
    expect("# x, y\n# of three, fields, in all\n1,2\n", "1 2");
    expect("#,y\n1,2\n", "#|y: 1 2");
    expect("1,2\n\n \n3,4\n\n", "1 2 / 3 4");
    assert_fails(parse("sep=;\n# a\n\n1;2\n\n3;x\n", false, &csv), GM_ERROR_FORMAT, "t.csv:6: column 2: \"x\"");
    assert_fails(parse("# a\n", false, &csv), GM_ERROR_FORMAT, "t.csv: is empty");
    assert_fails(parse("1,2\n# 3,4\n", false, &csv), GM_ERROR_FORMAT, "t.csv:2: column 1: \"# 3\"");
}

static bool told(const char *text) {
    return gm_csv_tell(
        &(gm_source){.path = "t", .head = (uint8_t *)text, .head_bytes = GM_MIN(strlen(text), (size_t)GM_HEAD_BYTES)});
}

static void tables_are_told_below_their_comments(void **state) {
    (void)state;
    char comments[GM_HEAD_BYTES + 20];
    assert_true(told("# a\r\n\r\n# b\r\nx,y\r\n1,2\r\n"));
    assert_true(told("# a\n7\n"));
    assert_false(told("# a\nb\nc\n"));
    assert_false(told("# a\n"));
    memset(comments, '#', sizeof comments - 1);
    comments[sizeof comments - 1] = '\0';
    assert_true(told(comments)); // whose end is not known
}

static void missing_values_are_nan_when_they_may_be(void **state) {
    (void)state;
    gm_csv csv;
    static const char *const text = "a,b\n1,\nNA,2\nnan,N/A\n\"\",4\nNULL,5\n";
    assert_ok(parse(text, true, &csv));
    assert_int_equal(csv.rows, 5);
    assert_int_equal(csv.missing, 6);
    static const bool missing[] = {false, true, true, false, true, true, true, false, true, false};
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(isnan(csv.values[i]), missing[i]);
    gm_csv_finish(&csv);
    assert_fails(parse(text, false, &csv), GM_ERROR_FORMAT, "t.csv:2: column 2: is empty");
    assert_fails(parse("1,2\nNaN,3\n", false, &csv), GM_ERROR_FORMAT, "t.csv:2: column 1: the value is missing");
    assert_fails(parse("1,2\n1,abc\n", true, &csv), GM_ERROR_FORMAT, "t.csv:2: column 2: \"abc\"");
}

static void columns_are_counted(void **state) {
    (void)state;
    enum { MOST = 1 << 16 };
    char *text = malloc(2 * (MOST + 2));
    gm_csv csv;
    for (size_t columns = MOST; columns <= MOST + 1; columns++) {
        for (size_t i = 0; i < columns; i++)
            memcpy(text + 2 * i, i + 1 < columns ? "1," : "1\n", 3);
        if (columns == MOST) {
            assert_ok(parse(text, false, &csv));
            assert_int_equal(csv.columns, MOST);
            gm_csv_finish(&csv);
        } else {
            assert_fails(parse(text, false, &csv), GM_ERROR_FORMAT,
                         "t.csv:1: has more than 65536 fields: are rows and columns swapped?");
        }
    }
    free(text);
}

static void bad_tables_are_refused_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "t.csv: is empty"},
        {"\n\n", "t.csv: is empty"},
        {"\xef\xbb\xbf", "t.csv: is empty"},
        {"a,b\n", "t.csv: has a header but no rows"},
        {"1,2\n3\n", "t.csv:2: has 1 fields, the first line 2"},
        {"a,b\r\n1,2\r\n3,4,5\r\n", "t.csv:3: has more than the 2 fields"},
        {"1,2\n3,\n", "t.csv:2: column 2: is empty"},
        {"1,2\n3,x\n", "t.csv:2: column 2: \"x\" is no finite number"},
        {"1.5;2\n1,5;2\n", "t.csv:2: column 1: \"1,5\" is no finite number: write digits with a decimal point"},
        {"1,5;2\n1.5;2\n", "t.csv:2: column 1: \"1.5\" is no finite number: write digits with a decimal comma"},
        {"1;2\n1.234,5;2\n", "t.csv:2: column 1: \"1.234,5\" is no finite number"},
        {"1\n1e400\n", "t.csv:2: column 1: \"1e400\""},
        {"1\n1e39\n", "t.csv:2: column 1: \"1e39\" is too large: numbers are kept as float32, which ends at 3.4e38"},
        {"1\ninf\n", "t.csv:2: column 1: \"inf\""},
        {"1\n0x10\n", "t.csv:2: column 1: \"0x10\""},
        {"1\n1e\n", "t.csv:2: column 1: \"1e\""},
        {"1\n.\n", "t.csv:2: column 1: \".\""},
        {"1\n--1\n", "t.csv:2: column 1: \"--1\""},
        {"1\n1 2\n", "t.csv:2: column 1: \"1 2\""},
        {"1,2\n3,\"4\n5,6\n", "t.csv:2: a quoted field has no closing quote"},
        {"1,2\n\"3\"4,5\n", "t.csv:2: column 1: text follows the closing quote"},
        {"a\n\"1\n2\"\n", "t.csv:2: column 1: \"1\" is no finite number"},
        {"1\n\" 2\"\n", "t.csv:2: column 1: \" 2\" is no finite number"},
    };
    gm_csv csv;
    for (size_t i = 0; i < GM_COUNT(rows); i++) {
        assert_fails(parse(rows[i].text, false, &csv), GM_ERROR_FORMAT, rows[i].message);
        assert_null(csv.values);
        assert_null(csv.names);
        assert_int_equal(csv.rows, 0);
    }
    assert_fails(gm_csv_parse("t.csv", "1\0002", 3, NULL, &csv), GM_ERROR_FORMAT, "is no text in UTF-8");
    assert_fails(gm_csv_read(path_of("missing.csv"), NULL, &csv), GM_ERROR_IO, "missing.csv");
}

// Cut anywhere, and with any bit turned, a table is read or refused, without a byte behind its end being touched.
static void damaged_tables_do_no_harm(void **state) {
    (void)state;
    static const char text[] = "a,\"b \"\"c\"\"\",d\r\n1,\"2.5\",-3e4\r\n\"4\",NA,\r\n";
    gm_csv csv;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        uint8_t *copy = exact_copy(text, cut);
        if (gm_csv_parse("t.csv", copy, cut, &(gm_csv_options){.missing = true}, &csv) == GM_OK)
            gm_csv_finish(&csv);
        else
            assert_non_null(strstr(gm_error_message(), "t.csv"));
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * (sizeof text - 1); bit++) {
        uint8_t *copy = exact_copy(text, sizeof text - 1);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (gm_csv_parse("t.csv", copy, sizeof text - 1, &(gm_csv_options){.missing = true}, &csv) == GM_OK)
            gm_csv_finish(&csv);
        free(copy);
    }
}

static void large_tables_keep_their_values(void **state) {
    (void)state;
    enum { ROWS = 3000, COLUMNS = 17 };
    gm_text text = {0};
    gm_csv csv;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            gm_text_printf(&text, "%.9g%s", (double)((float)i + (float)j / 17), j + 1 < COLUMNS ? "," : "\n");
    assert_false(text.failed);
    write_file(path_of("large.csv"), text.data, text.length);
    assert_ok(gm_csv_read(path_of("large.csv"), NULL, &csv));
    assert_int_equal(csv.rows, ROWS);
    assert_int_equal(csv.columns, COLUMNS);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            assert_true(csv.values[i * COLUMNS + j] == (float)i + (float)j / 17);
    gm_csv_finish(&csv);
    gm_text_finish(&text);
    unlink(path_of("large.csv"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_every_style_are_the_same),
        cmocka_unit_test(headers_are_lines_without_numbers),
        cmocka_unit_test(commas_in_quotes_are_decimal_signs),
        cmocka_unit_test(lines_above_the_table_are_no_rows),
        cmocka_unit_test(tables_are_told_below_their_comments),
        cmocka_unit_test(missing_values_are_nan_when_they_may_be),
        cmocka_unit_test(columns_are_counted),
        cmocka_unit_test(bad_tables_are_refused_with_their_place),
        cmocka_unit_test(damaged_tables_do_no_harm),
        cmocka_unit_test(large_tables_keep_their_values),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

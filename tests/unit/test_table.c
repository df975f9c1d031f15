// Tables with columns of several types: what is found in them, what is refused and where, and that they come back.
#include "data_support.h"

#include "data/decode.h"
#include "ganymede/table.h"
#include "sample/schema.h"

#include <math.h>

// ---- Finding ----

static void put(const char *text) {
    write_file(path_of("t.csv"), text, strlen(text));
}

static gm_table_schema *parse_schema(const char *text) {
    gm_table_schema *schema;
    assert_ok(gm_table_schema_parse(&schema, "given", text, strlen(text)));
    return schema;
}

// "number 2 [0, 1.25] missing 1; category x:2 y:1": the columns in short.
static void describe(const gm_table_schema *schema, gm_text *text) {
    for (size_t i = 0; i < schema->column_count; i++) {
        const gm_column *c = &schema->columns[i];
        gm_text_printf(text, "%s%s", i > 0 ? "; " : "", gm_column_type_name(c->type));
        if (c->type == GM_COLUMN_NUMBER)
            gm_text_printf(text, " %zu%s", c->decimals, c->fixed ? " fixed" : "");
        if (c->digits > 0)
            gm_text_printf(text, " %zu digits", c->digits);
        if (c->date)
            gm_text_printf(text, " %s", c->date);
        if (gm_column_is_number(c) && c->bounded)
            gm_text_printf(text, " [%.9g, %.9g]", c->minimum, c->maximum);
        if (c->type == GM_COLUMN_INDEX)
            gm_text_printf(text, " %.9g", c->minimum);
        for (size_t k = 0; k < c->category_count; k++)
            gm_text_printf(text, " %s:%zu", c->categories[k], c->counts[k]);
        if (c->missing > 0)
            gm_text_printf(text, " missing %zu", c->missing);
    }
    assert_false(text->failed);
}

static void expect_given(const char *table, const char *given, const char *expected) {
    gm_table_schema *schema, *known = given ? parse_schema(given) : NULL;
    gm_text text = {0};
    put(table);
    if (gm_table_find(&schema, path_of("t.csv"), known) != GM_OK)
        fail_msg("%s\n  refused: %s", table, gm_error_message());
    describe(schema, &text);
    if (strcmp(text.data, expected) != 0)
        fail_msg("\n%s\n  found:    %s\n  expected: %s", table, text.data, expected);
    gm_text_finish(&text);
    gm_table_schema_destroy(&schema);
    gm_table_schema_destroy(&known);
    assert_null(schema);
}

static void expect(const char *table, const char *expected) {
    expect_given(table, NULL, expected);
}

static void columns_have_the_types_of_their_cells(void **state) {
    (void)state;
    expect("a,b\nx,1\ny,2.50\nx,-3\n", "category x:2 y:1; number 2 [-3, 2.5]");
    expect("b,c\n1.50,?\n2.25,\n", "number 2 fixed [1.5, 2.25]; category missing 2");
    expect("b\n1\nN/A\n12\nnull\n", "integer [1, 12] missing 2");
    expect("b\n007\n012\n120\n", "integer 3 digits [7, 120]");
    expect("b\n07\n120\n", "integer [7, 120]"); // of several widths
    expect("b\n1e-3\n2\n", "number 99 [0.001, 2]");
    expect("a,b\nyes,5\nno,5\nyes,5\n", "category no:1 yes:2; integer [5, 5]");
    expect("d\n2024-02-29\n1969-12-31\n", "date YYYY-MM-DD [-86400, 1.7091648e+09]");
    expect("d\n2024-02-29 12:00\n\"\"\n2024-02-28 00:30\n",
           "date YYYY-MM-DD hh:mm [1.7090802e+09, 1.709208e+09] missing 1");
    expect("d;n\n31.12.1970;1,5\n01.01.1970;2\n", "date DD.MM.YYYY [0, 31449600]; number 1 [1.5, 2]");
}

static void indices_are_set_aside(void **state) {
    (void)state;
    expect(",b\n0,x\n1,y\n2,x\n", "index 0; category x:2 y:1");
    expect("n,b\n1,x\n2,y\n3,x\n", "index 1; category x:2 y:1");         // the first
    expect("b,Id\nx,1\ny,2\nx,3\n", "category x:2 y:1; index 1");        // by its name
    expect("b,n\nx,1\ny,2\nx,3\n", "category x:2 y:1; integer [1, 3]");  // neither
    expect("x,y\n1,5\n2,6\n3,8\n", "integer [1, 3]; integer [5, 8]");    // a matrix
    expect("1,a\n2,b\n3,a\n", "integer [1, 3]; category a:2 b:1");       // without a header
    expect("b,customer_id\nx,17\ny,3\nx,9\n", "category x:2 y:1; skip"); // an identifier
    expect("b,customer_id\nx,17\ny,3\nx,3\n", "category x:2 y:1; integer [3, 17]");
    expect("uuid,b\na-1,4\na-2,5\na-3,4\n", "skip; integer [4, 5]");
}

static void what_is_given_holds(void **state) {
    (void)state;
    expect_given("a,b\n1,x\n2,y\n1,x\n", "columns: {a: category}", "category 1:2 2:1; category x:2 y:1");
    expect_given("a,b\n1,x\n2,y\n", "columns: {a: {type: number, minimum: 0, maximum: 10, decimals: 1}}",
                 "number 1 [0, 10]; category x:1 y:1");
    expect_given("a,b\n1,x\n2,y\n", "columns: {b: {type: category, categories: [z, y, x]}}",
                 "integer [1, 2]; category z:0 y:1 x:1");
    expect_given("a,b\n1,x\n2,y\n", "columns: {b: skip, a: {type: integer}}", "skip; integer [1, 2]"); // in this order
    expect_given("d\n02/29/2024\n12/31/1969\n", "columns: {d: {type: date, format: MM/DD/YYYY}}",
                 "date MM/DD/YYYY [-86400, 1.7091648e+09]");
    expect_given("a,b\nNA,x\n2,y\n", "columns: {a: {type: category, categories: [NA, '2']}}",
                 "category NA:1 2:1; category x:1 y:1");
    expect_given("x,2\ny,3\n", "dialect: {header: true}\ncolumns: {x: category}", "category y:1; integer [3, 3]");
}

static void text_is_read_in_all_its_forms(void **state) {
    (void)state;
    static const char *const tables[] = {
        "a,b\nx,1.5\ny,2\n",
        "a;b\r\nx;1,5\r\ny;2\r\n",
        "a\tb\nx\t1,5\ny\t2",
        "a|b\rx|1.5\ry|2\r",
        "a,b\nx,\"1,5\"\ny,\"2\"\n",
        "a,b\n\nx,1.5\n\n \ny,2\n\n",
        "sep=;\r\na;b\r\nx;1.5\r\ny;2\r\n",
        ("\xef\xbb\xbf"
         "SEP=|\na|b\nx|1,5\ny|2\n"),
        "# made by hand\n#\n\n# a line; with others, and more\na,b\nx,1.5\ny,2\n",
        "# this is no header, though like it\na,b\nx,1.5\ny,2\n",
        "# a,b\nx,1.5\ny,2\n", // as NumPy writes headers
        "## of a table\n#a\tb\nx\t1.5\ny\t2\n",
        "\xef\xbb\xbf\"a\",\"b\"\n\"x\",\"1.5\"\n y , 2 \n\n \n",
    };
    for (size_t i = 0; i < GM_COUNT(tables); i++)
        expect(tables[i], "category x:1 y:1; number 1 [1.5, 2]");
    expect("b,uuid\nx,1e300\ny,2e300\nx,3e300\n", "category x:2 y:1; skip"); // words, as identifiers are
    expect("a,b\n\xe9t\xe9,1\n\xc3\xa9t\xc3\xa9,2\n", "category \xc3\xa9t\xc3\xa9:2; integer [1, 2]"); // Latin-1
    expect("p,x\np,y\np,x\n", "category p:3; category x:2 y:1"); // words alone, of which one stands below itself
    expect("k,b (kg; dry)\nx,2\n", "category x:1; integer [2, 2]");
}

// ---- Refusing ----

static void bad_tables_are_refused_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"a,b\nx,1\ny,two\nz,3\n", "t.csv:3: column 'b': \"two\" is no finite number"},
        {"a,b\nx,1\ny,inf\nz,3\n", "t.csv:3: column 'b': \"inf\" is no finite number"},
        {"a,b\nx,one\ny,two\nz,3\n", "t.csv:4: column 'b': \"3\" is a number among words"},
        {"a,b\nx,\"1,234\"\ny,5\n", "t.csv:2: column 'b': \"1,234\" is no finite number: leave out the separator"},
        {"a,b\nx,=A1+1\ny,=A2+1\n", "t.csv:2: column 'b': \"=A1+1\" is a formula"},
        {"a,b\nx,2024-01-01\ny,soon\n", "t.csv:3: column 'b': \"soon\" is no date of the form YYYY-MM-DD"},
        {"a,b\nx,2024-01-01\ny,2024-02-30\n", "t.csv:3: column 'b': \"2024-02-30\" is no date"},
        {"a,a\nx,1\n", "t.csv: columns 1 and 2 are both named 'a'"},
        {"a,,\nx,1,2\n", "t.csv: columns 2 and 3 have no name"},
        {"a,b\nx,1\ny\n", "t.csv:3: has 1 fields, the first line 2"},
        {"a,b\nx,1\n\"y,2\nz,3\n", "t.csv:3: a quoted field has no closing quote"},
        {"a,b\nx,1\ny,1e300\n", "t.csv:3: column 'b': \"1e300\" is too large: numbers are kept as float32"},
        {"a,b\nx,1e300\ny,2e300\n", "t.csv:2: column 'b': \"1e300\" is too large"}, // not categories
        {"\xff\xfe"
         "a,b",
         "t.csv: is text in UTF-16"},
        {"a,b\nx,y\n", NULL},
        {"a,b\n", "t.csv: has a header but no rows"},
        {"", "t.csv: is empty"},
        {"a,b\n1,1000000000000000001\n2,1000000000000000002\n",
         "column 'b' holds whole numbers of more than 15 digits"},
    };
    gm_table_schema *schema;
    for (size_t i = 0; i < GM_COUNT(rows); i++) {
        put(rows[i].text);
        gm_status status = gm_table_find(&schema, path_of("t.csv"), NULL);
        if (rows[i].message)
            assert_fails(status, GM_ERROR_FORMAT, rows[i].message);
        else
            assert_ok(status);
        gm_table_schema_destroy(&schema);
    }
    write_file(path_of("t.csv"), "a,b\nx,\0\n", 8);
    assert_fails(gm_table_find(&schema, path_of("t.csv"), NULL), GM_ERROR_FORMAT, "t.csv:2: is no text in UTF-8");
    assert_fails(gm_table_find(&schema, path_of("none.csv"), NULL), GM_ERROR_IO, "none.csv");
}

static void text_is_refused_by_its_column(void **state) {
    (void)state;
    gm_table_schema *schema, *given;
    gm_text text = {0};
    gm_text_append(&text, "price,notes\n");
    for (size_t i = 0; i < 300; i++)
        gm_text_printf(&text, "%zu,word %zu\n", i % 7, i);
    put(text.data);
    assert_fails(gm_table_find(&schema, path_of("t.csv"), NULL), GM_ERROR_FORMAT,
                 "column 'notes' holds text (more than 256 different words): leave it out by data.columns: {\"notes\": "
                 "skip}");
    assert_null(schema);
    given = parse_schema("columns: {notes: skip}");
    assert_ok(gm_table_find(&schema, path_of("t.csv"), given));
    assert_int_equal(schema->columns[1].type, GM_COLUMN_SKIP);
    gm_table_schema_destroy(&schema);
    gm_table_schema_destroy(&given);
    given = parse_schema("columns: {notes: category}");
    assert_ok(gm_table_find(&schema, path_of("t.csv"), given));
    assert_int_equal(schema->columns[1].category_count, 300);
    gm_table_schema_destroy(&schema);
    gm_table_schema_destroy(&given);
    gm_text_finish(&text);
}

static void what_is_given_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *given, *message;
    } rows[] = {
        {"columns: {c: category}", "t.csv: has no column 'c', which data.columns names"},
        {"columns: {b: number}", "t.csv:2: column 'b': \"x\" is no finite number"},
        {"columns: {a: integer}", "t.csv:2: column 'a': \"1.5\" is no whole number"},
        {"columns: {a: date}", "t.csv:2: column 'a': \"1.5\" is no date"},
        {"columns: {b: {type: category, categories: [x]}}", "t.csv:3: column 'b': \"y\" is none of its categories"},
    };
    gm_table_schema *schema;
    put("a,b\n1.5,x\n2,y\n");
    for (size_t i = 0; i < GM_COUNT(rows); i++) {
        gm_table_schema *given = parse_schema(rows[i].given);
        assert_fails(gm_table_find(&schema, path_of("t.csv"), given), GM_ERROR_FORMAT, rows[i].message);
        gm_table_schema_destroy(&given);
    }
}

static void bad_schemas_are_refused_with_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"columns: 3", "s:1: columns must be a map of columns"},
        {"colums: {}", "s:1: unknown key of a table's schema 'colums': did you mean 'columns'"},
        {"columns:\n  a: catgory", "s:2: unknown type of a column 'catgory': did you mean 'category'"},
        {"columns:\n  a: {type: number, minimun: 0}", "s:2: unknown key of a column 'minimun'"},
        {"columns:\n  a: {type: number, minimum: 0}", "s:2: minimum and maximum are given together"},
        {"columns:\n  a: {type: number, minimum: 2, maximum: 1}", "s:2: the maximum is below the minimum"},
        {"columns:\n  a: {type: number, minimum: 0, maximum: 1, mean: 2}", "s:2: the mean is not between"},
        {"columns:\n  a: {type: number, minimum: 0, maximum: nan}", "s:2: maximum must be a number"},
        {"columns:\n  a: {categories: [x, x]}", "s:2: the category 'x' stands twice"},
        {"columns:\n  a: {categories: ['']}", "s:2: a category must be a word"},
        {"columns:\n  a: {type: category, missing: 2}", "s:2: missing is for columns of which all else is known"},
        {"columns:\n  a: {type: category, categories: [x], missing: 0, counts: [1, 2]}", "s:2: counts must be a list"},
        {"columns:\n  a: {type: date, format: YY-MM-DD}", "s:2: format must be made of YYYY"},
        {"columns:\n  a: {type: date, minimum: soon, maximum: late}", "s:2: minimum must be a date"},
        {"columns:\n  a: {decimals: 16}", "s:2: decimals must be a whole number from 0 to 15"},
        {"columns:\n  a: [x]", "s:2: a must be a type"},
        {"dialect: {separator: ':'}", "s:1: separator must be"},
        {"dialect: {header: perhaps}", "s:1: header must be true or false"},
    };
    gm_table_schema *schema;
    for (size_t i = 0; i < GM_COUNT(rows); i++) {
        assert_fails(gm_table_schema_parse(&schema, "s", rows[i].text, strlen(rows[i].text)), GM_ERROR_FORMAT,
                     rows[i].message);
        assert_null(schema);
    }
}

// ---- There and back ----

static const char *const regular[] = {
    "a,b\nx,1\ny,2.5\nx,-3\n",
    "n,price,when\n\"a, \"\"b\"\"\",1.50,2024-02-29\nc,0.25,1999-01-01\n",
    ",b\n0,x\n1,y\n2,x\n",
    "b,c\nx,007\ny,012\n,120\n",
    "a;b\r\nx;1,5\r\ny;-2,25\r\n",
    "a,b\nx,\"1,5\"\ny,\"-2,25\"\n",
    "a\tb\nx\t2024-05-31T23:59:58\ny\t1969-05-31T00:00:01\n",
    "1,a\n2,b\n9,a\n",
    "a,b\nx,\n,4\ny,5\n",
    "a\n1.5\n\"\"\n2\n",
    "a,b,c\nx,,5\ny,,5\n", // a column without a value, one that is constant
    "\"two\nlines\",b\nx,1\ny,2\n",
};

static void expect_same(const char *name, const char *text) {
    char *written;
    size_t bytes;
    assert_ok(gm_file_read(path_of(name), 1 << 20, &written, &bytes));
    if (strcmp(written, text) != 0)
        fail_msg("\n  was:\n%s\n  is:\n%s", text, written);
    free(written);
}

static void rows_come_back_as_they_were(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(regular); i++) {
        gm_table_schema *schema;
        gm_table table;
        put(regular[i]);
        assert_ok(gm_table_find(&schema, path_of("t.csv"), NULL));
        assert_ok(gm_table_read(path_of("t.csv"), schema, &table));
        for (size_t row = 0; row < table.rows; row++) // what is set aside has no cells
            for (size_t k = 0; k < schema->column_count; k++)
                if (schema->columns[k].type == GM_COLUMN_INDEX)
                    table.cells[row * schema->column_count + k] = schema->columns[k].minimum + (double)row;
        assert_ok(gm_table_write(path_of("back.csv"), schema, &table));
        expect_same("back.csv", regular[i]);
        gm_table_finish(&table);
        gm_table_schema_destroy(&schema);
    }
}

static gm_dataset *open_table(const char *text, const gm_table_schema *given) {
    gm_dataset *dataset;
    gm_column none = {0};
    put(text);
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"),
                              &(gm_dataset_options){.columns = given ? given : &(gm_table_schema){.columns = &none}}));
    return dataset;
}

static float *decode_all(const gm_dataset *dataset, const gm_sample *format) {
    size_t count = gm_dataset_get_info(dataset)->count;
    int32_t indices[16];
    float *values = calloc(count * gm_sample_values(format), sizeof *values);
    assert_non_null(values);
    assert_true(count <= GM_COUNT(indices));
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)i;
    assert_ok(gm_dataset_decode(dataset, format, indices, count, values, NULL));
    return values;
}

static void put_samples(const gm_sample *format, const char *name, const float *values, size_t count) {
    const gm_writing writing = {.path = path_of(name)};
    assert_ok(gm_sample_write(format, &writing, values, count));
}

static void codes_come_back_as_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(regular); i++) {
        gm_dataset *dataset = open_table(regular[i], NULL);
        const gm_dataset_info *info = gm_dataset_get_info(dataset);
        gm_sample format = gm_dataset_format(info, i % 2 ? 0 : -1, 1);
        float *values = decode_all(dataset, &format);
        assert_string_equal(format.kind->noun, "rows");
        const char *name = strchr(regular[i], '\t') ? "back.tsv" : "back.csv";
        put_samples(&format, name, values, info->count);
        expect_same(name, regular[i]);
        free(values);
        gm_dataset_close(&dataset);
    }
}

static void codes_are_places_and_marks(void **state) {
    (void)state;
    gm_dataset *dataset = open_table("a,b,c,d\nx,10,,1\ny,20,p,1\n,30,q,1\nx,,p,1\n", NULL);
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    gm_sample format = gm_dataset_format(info, -1, 1);
    float *values = decode_all(dataset, &format);
    static const float expected[4][8] = {
        // x, y, missing, place, missing, p, q, missing; d is constant
        {1, -1, -1, -1, -1, -1, -1, 1},
        {-1, 1, -1, 0, -1, 1, -1, -1},
        {-1, -1, 1, 1, -1, -1, 1, -1},
        {1, -1, -1, 0, 1, 1, -1, -1}, // the mean's place
    };
    assert_int_equal(info->channels, 4); // a, b and whether it is missing, c
    assert_int_equal(gm_table_codes(info->table), 8);
    assert_memory_equal(values, expected, sizeof expected);
    assert_int_equal(info->table->columns[1].counts[0], 1);
    assert_int_equal(info->table->columns[1].counts[10], 1);
    assert_int_equal(info->table->columns[1].counts[19], 1);
    free(values);
    gm_dataset_close(&dataset);
}

static void wild_codes_are_rows(void **state) {
    (void)state;
    gm_dataset *dataset = open_table("a,b,c\nx,10,\ny,20,1.25\nx,30,2\n", NULL);
    gm_sample format = gm_dataset_format(gm_dataset_get_info(dataset), -1, 1);
    const float values[2][5] = {{-7, -6, 5, -9, -3}, {NAN, NAN, NAN, NAN, NAN}};
    put_samples(&format, "back.csv", &values[0][0], 2);
    expect_same("back.csv", "a,b,c\ny,30,1.25\nx,10,1.25\n");
    put_samples(&format, "back.png", &values[0][0], 2);
    put_samples(&format, "back.npy", &values[0][0], 2);
    const gm_writing deep = {.path = path_of("back.png"), .options = {.depth = 16}};
    assert_fails(gm_sample_write(&format, &deep, &values[0][0], 2), GM_ERROR_ARGUMENT, "tables have 8 bits, not 16");
    const gm_writing pages = {.path = path_of("back.tiff")};
    if (GM_WRITES_TIFF)
        assert_fails(gm_sample_write(&format, &pages, &values[0][0], 2), GM_ERROR_ARGUMENT, "rows are no pictures");
    gm_dataset_close(&dataset);
}

static void schemas_come_back_as_they_were(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(regular); i++) {
        gm_dataset *dataset = open_table(regular[i], NULL), *again;
        gm_table_schema *parsed, *copy;
        char *texts[3];
        assert_ok(gm_table_schema_write(gm_dataset_get_info(dataset)->table, &texts[0]));
        parsed = parse_schema(texts[0]);
        assert_ok(gm_table_schema_write(parsed, &texts[1]));
        assert_string_equal(texts[0], texts[1]);
        again = open_table(regular[i], parsed); // a schema that is whole stays as it is
        assert_ok(gm_table_schema_copy(&copy, gm_dataset_get_info(again)->table));
        assert_memory_equal(gm_dataset_floats(again), gm_dataset_floats(dataset),
                            gm_dataset_get_info(dataset)->item_bytes * gm_dataset_get_info(dataset)->count);
        gm_dataset_close(&again);
        assert_ok(gm_table_schema_write(copy, &texts[2]));
        assert_string_equal(texts[0], texts[2]);
        gm_table_schema_destroy(&copy);
        gm_table_schema_destroy(&parsed);
        gm_dataset_close(&dataset);
        for (size_t k = 0; k < 3; k++)
            free(texts[k]);
    }
}

static void numbers_alone_stay_as_they_are(void **state) {
    (void)state;
    gm_dataset *dataset;
    put("x,y\n1,2\n3,4.5\n");
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"), NULL));
    assert_null(gm_dataset_get_info(dataset)->table);
    assert_memory_equal(gm_dataset_floats(dataset), ((float[]){1, 2, 3, 4.5f}), 4 * sizeof(float));
    gm_dataset_close(&dataset);
    put("x,y\n1,2\n3,\n5,6\n");
    assert_ok(gm_dataset_open(&dataset, path_of("t.csv"), NULL));
    assert_non_null(gm_dataset_get_info(dataset)->table);
    gm_dataset_close(&dataset);
    put("x,y\n1,2\n1,2\n");
    assert_fails(gm_dataset_open(&dataset, path_of("t.csv"),
                                 &(gm_dataset_options){.columns = &(gm_table_schema){.columns = &(gm_column){0}}}),
                 GM_ERROR_FORMAT, "t.csv: has no column whose values differ");
}

static void a_table_is_read_by_the_schema_of_another(void **state) {
    (void)state;
    gm_table_schema *schema;
    gm_table table;
    put("a,b\nx,1.5\ny,2\n");
    assert_ok(gm_table_find(&schema, path_of("t.csv"), NULL));
    put("b;a;c\n2,5;y;7\n");
    assert_ok(gm_table_read(path_of("t.csv"), schema, &table));
    assert_int_equal(table.rows, 1);
    assert_true(table.cells[0] == 1 && table.cells[1] == 2.5);
    gm_table_finish(&table);
    put("a,b\nz,1\n");
    assert_fails(gm_table_read(path_of("t.csv"), schema, &table), GM_ERROR_FORMAT,
                 "t.csv:2: column 'a': \"z\" is none of its categories");
    put("a,b\n,1\n");
    assert_fails(gm_table_read(path_of("t.csv"), schema, &table), GM_ERROR_FORMAT,
                 "t.csv:2: column 'a': \"\" is a missing");
    put("a,c\nx,1\n");
    assert_fails(gm_table_read(path_of("t.csv"), schema, &table), GM_ERROR_FORMAT, "t.csv: has no column 'b'");
    gm_table_schema_destroy(&schema);
}

// ---- Sizes ----

static void wide_and_long_tables_are_read(void **state) {
    (void)state;
    enum { COLUMNS = 10000, ROWS = 100000 };
    gm_table_schema *schema;
    gm_table table;
    gm_text text = {0};
    for (size_t row = 0; row < 4; row++)
        for (size_t i = 0; i < COLUMNS; i++)
            gm_text_printf(&text, i % 2 ? "%s%zu%c" : "%sw%zu%c", row ? "" : "c", row ? (row * i) % 3 : i,
                           i + 1 < COLUMNS ? ',' : '\n');
    write_file(path_of("t.csv"), text.data, text.length);
    assert_ok(gm_table_find(&schema, path_of("t.csv"), NULL));
    assert_int_equal(schema->column_count, COLUMNS);
    assert_int_equal(schema->columns[COLUMNS - 1].type, GM_COLUMN_INTEGER);
    gm_table_schema_destroy(&schema);
    text.length = 0;
    for (size_t row = 0; row < ROWS; row++) // fields that lie across the borders of what is read at a time
        gm_text_printf(&text, "\"a, %zu\",%zu.5\n", row % 3, row);
    write_file(path_of("t.csv"), text.data, text.length);
    assert_ok(gm_table_find(&schema, path_of("t.csv"), NULL));
    assert_ok(gm_table_read(path_of("t.csv"), schema, &table));
    assert_int_equal(table.rows, ROWS);
    for (size_t row = 0; row < ROWS; row++)
        assert_true(table.cells[2 * row] == (double)(row % 3) && table.cells[2 * row + 1] == (double)row + .5);
    gm_table_finish(&table);
    gm_table_schema_destroy(&schema);
    gm_text_finish(&text);
}

// Cut anywhere, and with any bit turned, a table is read or refused.
static void damaged_tables_do_no_harm(void **state) {
    (void)state;
    static const char text[] =
        "\xef\xbb\xbfid,\"b \"\"c\"\"\",d,e\r\n1,\"2.5\",2020-01-01,x\r\n\"2\",NA,,y\r\n3,1e3,,\xc3\xa9\r\n";
    for (size_t bit = 0; bit <= 8 * (sizeof text - 1); bit++)
        for (size_t cut = 0; cut < 2; cut++) {
            char copy[sizeof text];
            gm_table_schema *schema;
            gm_table table;
            memcpy(copy, text, sizeof text);
            if (!cut && bit / 8 < sizeof text - 1)
                copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
            write_file(path_of("t.csv"), copy, cut ? bit / 8 : sizeof text - 1);
            if (gm_table_find(&schema, path_of("t.csv"), NULL) != GM_OK) {
                assert_non_null(strstr(gm_error_message(), "t.csv"));
                continue;
            }
            assert_ok(gm_table_read(path_of("t.csv"), schema, &table));
            gm_table_finish(&table);
            gm_table_schema_destroy(&schema);
        }
}

static void say_nothing(gm_log_level level, const char *message, void *user) {
    (void)level;
    (void)message;
    (void)user;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_the_types_of_their_cells),
        cmocka_unit_test(indices_are_set_aside),
        cmocka_unit_test(what_is_given_holds),
        cmocka_unit_test(text_is_read_in_all_its_forms),
        cmocka_unit_test(bad_tables_are_refused_with_their_place),
        cmocka_unit_test(text_is_refused_by_its_column),
        cmocka_unit_test(what_is_given_is_checked),
        cmocka_unit_test(bad_schemas_are_refused_with_their_line),
        cmocka_unit_test(rows_come_back_as_they_were),
        cmocka_unit_test(codes_come_back_as_rows),
        cmocka_unit_test(codes_are_places_and_marks),
        cmocka_unit_test(wild_codes_are_rows),
        cmocka_unit_test(schemas_come_back_as_they_were),
        cmocka_unit_test(numbers_alone_stay_as_they_are),
        cmocka_unit_test(a_table_is_read_by_the_schema_of_another),
        cmocka_unit_test(wide_and_long_tables_are_read),
        cmocka_unit_test(damaged_tables_do_no_harm),
    };
    gm_log_set(say_nothing, NULL);
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

// Any bytes as a matrix of numbers, with and without missing values, and as a table of columns.
#include "data/csv.h"
#include "data/table.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

// What has a schema has rows, each of which fits it.
static void read_rows(const gm_csv_source *source, const gm_table_schema *schema, size_t rows) {
    gm_table_rows reader;
    size_t read = 0;
    bool end = false;
    gm_status status = gm_table_rows_open(&reader, source, schema, NULL);
    fuzz_expect(status == GM_OK, "a table cannot be opened again");
    for (status = gm_table_rows_next(&reader, &end); status == GM_OK && !end; read++)
        status = gm_table_rows_next(&reader, &end);
    gm_table_rows_finish(&reader);
    fuzz_expect(status == GM_OK && read == rows, "a table's rows do not fit the schema that was found in them");
}

static bool find_columns(const uint8_t *data, size_t bytes) {
    const gm_csv_source source = {
        .name = "fuzz", .data = data ? (const void *)data : "", .bytes = bytes, .quiet = true};
    gm_table_schema *schema;
    size_t rows;
    if (gm_table_find_all(&schema, &source, 1, NULL, &rows) != GM_OK) {
        fuzz_expect(!strchr(gm_error_message(), '\n'), "a message has several lines");
        return false;
    }
    read_rows(&source, schema, rows);
    gm_table_schema_destroy(&schema);
    return true;
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_csv csv;
    bool accepted = false;
    for (int missing = 0; missing < 2; missing++)
        if (gm_csv_parse("fuzz", data, bytes, &(gm_csv_options){.missing = missing}, &csv) == GM_OK) {
            accepted = true;
            gm_csv_finish(&csv);
        }
    return find_columns(data, bytes) || accepted;
}

// Any bytes as a table's schema; what is accepted must survive being written and read again, to the byte.
#include "fuzz.h"
#include "ganymede/table.h"

#include <stdlib.h>
#include <string.h>

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_table_schema *schema, *again = NULL;
    char *first, *second = NULL;
    if (gm_table_schema_parse(&schema, "fuzz", (const char *)data, bytes) != GM_OK) {
        fuzz_expect(!strchr(gm_error_message(), '\n'), "a message has several lines");
        return false;
    }
    fuzz_expect(gm_table_schema_write(schema, &first) == GM_OK &&
                    gm_table_schema_parse(&again, "fuzz", first, strlen(first)) == GM_OK &&
                    gm_table_schema_write(again, &second) == GM_OK && strcmp(first, second) == 0,
                "a written schema is another one when read again");
    gm_table_schema_destroy(&schema);
    gm_table_schema_destroy(&again);
    free(first);
    free(second);
    return true;
}

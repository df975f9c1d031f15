// Numbers in the rows of CSV: the first with a decimal sign shows that of its table.
#include "data/csv_number.h"

#include <string.h>

bool gm_read_number(gm_csv_rows *rows, char *text, double *value, gm_number_form *form) {
    if (rows->dialect.decimal)
        return gm_cell_number(text, rows->dialect.decimal, value, form);
    bool comma = strchr(text, ',') != NULL;
    if (!gm_cell_number(text, comma ? ',' : '.', value, form))
        return false;
    rows->dialect.decimal = comma ? ',' : strchr(text, '.') ? '.' : '\0';
    return true;
}

const char *gm_number_fault(const gm_csv_rows *rows, const char *text) {
    char decimal = rows->dialect.decimal == ',' ? ',' : '.', copy[64];
    gm_snprintf(copy, sizeof copy, "%s", text);
    if (gm_cell_is_too_large(copy, decimal))
        return "is too large: numbers are kept as float32, which ends at 3.4e38";
    return decimal == ',' ? "is no finite number: write digits with a decimal comma"
                          : "is no finite number: write digits with a decimal point";
}

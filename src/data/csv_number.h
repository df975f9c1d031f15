// Numbers in the rows of CSV.
#ifndef GM_DATA_CSV_NUMBER_H
#define GM_DATA_CSV_NUMBER_H

#include "data/csv_rows.h"
#include "sample/cell.h"

// A number, by the decimal sign of the table, which the first number with one shows.
bool gm_read_number(gm_csv_rows *rows, char *text, double *value, gm_number_form *form);
// What is wrong with a text that gm_read_number does not take: "is no finite number".
const char *gm_number_fault(const gm_csv_rows *rows, const char *text);

#endif

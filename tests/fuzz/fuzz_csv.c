// libFuzzer: any bytes as a table of numbers, with and without missing values.
#include "data/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    gm_csv csv;
    for (int missing = 0; missing < 2; missing++)
        if (gm_csv_parse("fuzz", data, bytes, &(gm_csv_options){.missing = missing}, &csv) == GM_OK)
            gm_csv_finish(&csv);
    return 0;
}

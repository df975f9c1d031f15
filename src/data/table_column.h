// One column of a table while its schema is found: what its cells have been so far, and what type that makes it.
#ifndef GM_DATA_TABLE_COLUMN_H
#define GM_DATA_TABLE_COLUMN_H

#include "data/csv_number.h"
#include "data/table.h"
#include "data/table_words.h"

// A kind of cell: how many, and where the first one stands.
typedef struct gm_cells_seen {
    size_t count, line;
    char text[48]; // its beginning
} gm_cells_seen;

typedef struct gm_column_finder {
    const char *name;
    const gm_column *given; // NULL: nothing is
    bool first;             // of its table
    bool lacking;           // in a further table
    bool lenient;           // text is set aside, not refused
    size_t missing, outside;
    gm_cells_seen numbers, dates, words, formulas, large; // formulas and numbers that are too large: also words
    double minimum, maximum;
    gm_running_mean mean;
    gm_number_form most; // of the numbers: the most of each, and whether any has it
    size_t least_decimals, least_digits;
    bool fractions;
    const char *date; // the pattern of the first date
    gm_words known;
    bool text; // too many words, or too long ones
    bool counting;
    double start;     // the first row's number
    uint64_t *hashes; // of all cells, of a column that may be an identifier
    size_t hash_count, hash_capacity;
} gm_column_finder;

void gm_column_finder_init(gm_column_finder *finder, const char *name, const gm_column *given, bool first);
void gm_column_finder_finish(gm_column_finder *finder);
// A cell of the reader's present row, which is number `row` of its table. `single`: of the first table.
gm_status gm_column_finder_add(gm_column_finder *finder, gm_csv_rows *rows, gm_arena *arena, char *text, size_t row,
                               bool single);
// The column that `count` rows have made; strings lie in the arena. matrix: the table has numbers alone.
gm_status gm_column_finder_end(gm_column_finder *finder, const gm_csv_rows *rows, gm_arena *arena, size_t count,
                               bool matrix, gm_column *column);

#endif

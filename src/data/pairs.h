// Lines of a file's name and its label: "1.png,cat", "cats/1.png";"a cat".
#ifndef GM_DATA_PAIRS_H
#define GM_DATA_PAIRS_H

#include "base/base.h"

typedef struct gm_field {
    const char *text; // without its quotes
    size_t length;
    bool quoted; // each quote in it is doubled
} gm_field;

// The sign between the two: a tab, else a semicolon, else a comma.
char gm_pair_separator(const char *line, const char *end);
// False where these are not two fields; either may be empty.
bool gm_pair_split(const char *text, const char *end, char separator, gm_field fields[2]);
// The same of two with something in them, failing with FILE:LINE; the arena keeps those whose quotes are no longer
// doubled.
gm_status gm_pair_parse(const char *name, size_t line, const char *text, const char *end, char separator,
                        gm_arena *arena, gm_field fields[2]);

#endif

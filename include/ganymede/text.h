// Texts as sequences of symbols: what a symbol is, and which there are.
//
//     const gm_text_schema *text = gm_dataset_get_info(dataset)->text;
//     GM_TRY(gm_text_schema_write(text, codes, count, &string));
#ifndef GANYMEDE_TEXT_H
#define GANYMEDE_TEXT_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gm_text_unit {
    GM_TEXT_CHARACTERS = 0,
    GM_TEXT_WORDS, // runs of letters, digits, '-' and '\''; any other sign is a word of its own, spaces are none
} gm_text_unit;

typedef enum gm_text_items {
    GM_TEXT_WINDOWS = 0, // as many symbols from every place of a text on
    GM_TEXT_LINES,       // a line each (of a table: a cell), cut at the window's length or filled up with code 0
} gm_text_items;

typedef enum gm_text_form {
    GM_TEXT_ONE_HOT = 0, // networks see (symbols, window): 1 in the place of each position's symbol, else 0
    GM_TEXT_NUMBERS,     // (window): the symbols' codes, for embeddings
} gm_text_form;

enum { GM_TEXT_WINDOW = 64, GM_TEXT_MOST_WINDOW = 65536, GM_TEXT_MOST_SYMBOLS = 65536 };
#define GM_TEXT_OTHER "\xef\xbf\xbd" // U+FFFD as a symbol stands for all that are none

// What is known of a text. Of options, whatever is zero is the default or to be found.
typedef struct gm_text_schema {
    int unit, items, form; // gm_text_unit, gm_text_items, gm_text_form
    size_t window;         // symbols of an item; 0: GM_TEXT_WINDOW
    bool lower;            // capital letters become small ones
    bool join;             // line breaks and runs of spaces become one space
    size_t most;           // keep so many symbols, the most frequent; all others are GM_TEXT_OTHER; 0: all
    const char *column;    // of a table: the column in which the texts stand; NULL: none
    const char *label;     // and that of their classes; NULL: none
    // Each in UTF-8, in the order of their codes. Given ones must be all that there are, or have GM_TEXT_OTHER.
    const char *const *symbols;
    size_t count;
} gm_text_schema;

// How many codes there are: the symbols, and of lines one before them for what lies behind their ends.
GM_API size_t gm_text_schema_codes(const gm_text_schema *text);
// The symbol of a code; "" of the end's.
GM_API const char *gm_text_schema_symbol(const gm_text_schema *text, size_t code);

// Codes as a text, up to the first end: free(*string). Words have spaces between them, but before signs that close and
// behind those that open.
GM_API gm_status gm_text_schema_write(const gm_text_schema *text, const int32_t *codes, size_t count, char **string);
// A text as codes, from malloc, by the schema's unit, `lower` and `join`. Fails for a symbol that there is not, unless
// GM_TEXT_OTHER is one. `name` for messages.
GM_API gm_status gm_text_schema_read(const gm_text_schema *text, const char *name, const char *string, int32_t **codes,
                                     size_t *count);

#ifdef __cplusplus
}
#endif
#endif

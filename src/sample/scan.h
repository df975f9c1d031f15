// Bytes of a text -> its symbols, one after the other: what the unit, `lower` and `join` of a schema say.
#ifndef GM_SAMPLE_SCAN_H
#define GM_SAMPLE_SCAN_H

#include "base/base.h"
#include "ganymede/text.h"

enum { GM_SYMBOL_BYTES = 256 }; // of a symbol, with its NUL; longer words are several

typedef struct gm_scan {
    const gm_text_schema *text;
    const char *name; // for messages
    // Every symbol, with its NUL; and the end of every line, behind its symbols. Those that are joined by a space have
    // it before the next one's.
    gm_status (*take)(void *user, const char *symbol, size_t bytes);
    gm_status (*end_line)(void *user);
    void *user;
    size_t line;   // from 1
    size_t latin1; // bytes that were no UTF-8, and have been read as Latin-1
    // Private.
    char held[4]; // the beginning of a character
    size_t held_bytes;
    char word[GM_SYMBOL_BYTES];
    size_t word_bytes;
    bool started, carriage, space, in_line;
} gm_scan;

// `user`, the functions, text and name are set; else zeroed. A mark of UTF-8 in front is passed over, CR and CR LF are
// line ends. Fails with NAME:LINE for a byte of zero.
gm_status gm_scan_push(gm_scan *scan, const char *data, size_t bytes);
// At the end of the text: a last line without its end is one, too.
gm_status gm_scan_finish(gm_scan *scan);

// Symbols and their codes. Zeroed value = none.
typedef struct gm_symbols {
    char **names;
    size_t *counts; // how often each was added
    size_t count, capacity;
    uint32_t *slots; // a hash table of numbers + 1
    size_t slot_count;
    uint32_t ascii[128]; // number + 1 of those of one byte
} gm_symbols;
#define GM_NO_SYMBOL SIZE_MAX
void gm_symbols_finish(gm_symbols *symbols);
size_t gm_symbols_find(const gm_symbols *symbols, const char *symbol, size_t bytes);
// Adds it unless it is there, and counts it.
gm_status gm_symbols_add(gm_symbols *symbols, const char *symbol, size_t bytes);
gm_status gm_symbols_of(gm_symbols *symbols, const gm_text_schema *text);

// A copy whose strings are its own, and of lines or windows as they are; gm_text_schema_destroy.
gm_status gm_text_schema_copy(gm_text_schema **copy, const gm_text_schema *text);
void gm_text_schema_destroy(gm_text_schema **text);

#endif

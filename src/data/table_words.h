// The different words of a column, counted.
#ifndef GM_DATA_TABLE_WORDS_H
#define GM_DATA_TABLE_WORDS_H

#include "base/base.h"

typedef struct gm_words {
    struct gm_word {
        const char *text; // in the arena; NULL: free
        size_t count;
    } * slots;
    size_t count, capacity; // words; slots, a power of two
} gm_words;

// Counts a word, unless it is new and `most` are there already: then *full.
gm_status gm_words_add(gm_words *words, gm_arena *arena, const char *text, size_t most, bool *full);
// Puts the words in order of their bytes to the front of the slots. Nothing can be added any more.
void gm_words_sort(gm_words *words);
void gm_words_finish(gm_words *words);

#endif

// A hash table of words: open addressing, at most half full.
#include "data/table_words.h"

#include <stdlib.h>
#include <string.h>

static struct gm_word *find(const gm_words *words, const char *text) {
    size_t mask = words->capacity - 1, i = (size_t)gm_hash_string(GM_HASH_START, text) & mask;
    while (words->slots[i].text && strcmp(words->slots[i].text, text) != 0)
        i = (i + 1) & mask;
    return &words->slots[i];
}

static gm_status grow(gm_words *words) {
    gm_words grown = {.count = words->count, .capacity = words->capacity ? 2 * words->capacity : 16};
    GM_TRY(gm_alloc(&grown.slots, grown.capacity, sizeof *grown.slots, "the words of a column"));
    for (size_t i = 0; i < words->capacity; i++)
        if (words->slots[i].text)
            *find(&grown, words->slots[i].text) = words->slots[i];
    free(words->slots);
    *words = grown;
    return GM_OK;
}

gm_status gm_words_add(gm_words *words, gm_arena *arena, const char *text, size_t most, bool *full) {
    *full = false;
    if (2 * words->count >= words->capacity)
        GM_TRY(grow(words));
    struct gm_word *slot = find(words, text);
    if (!slot->text && words->count == most) {
        *full = true;
        return GM_OK;
    }
    if (!slot->text) {
        if (!(slot->text = gm_arena_string(arena, text)))
            return gm_fail_memory(strlen(text), "the words of a column");
        words->count++;
    }
    slot->count++;
    return GM_OK;
}

static int compare(const void *a, const void *b) {
    const char *left = ((const struct gm_word *)a)->text, *right = ((const struct gm_word *)b)->text;
    return !left ? right != NULL : !right ? -1 : strcmp(left, right);
}

void gm_words_sort(gm_words *words) {
    if (words->capacity > 0)
        qsort(words->slots, words->capacity, sizeof *words->slots, compare);
}

void gm_words_finish(gm_words *words) {
    free(words->slots);
    *words = (gm_words){0};
}

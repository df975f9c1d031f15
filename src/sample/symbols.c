// Symbols of texts: their codes, texts as codes and back.
#include "sample/scan.h"

#include <stdlib.h>
#include <string.h>

// ---- A table of symbols ----

void gm_symbols_finish(gm_symbols *symbols) {
    for (size_t i = 0; i < symbols->count; i++)
        free(symbols->names[i]);
    free(symbols->names);
    free(symbols->counts);
    free(symbols->slots);
    *symbols = (gm_symbols){0};
}

// The slot that has the symbol, or the empty one where it belongs.
static size_t find_slot(const gm_symbols *s, const char *symbol, size_t bytes) {
    size_t at = (size_t)gm_hash(GM_HASH_START, symbol, bytes) & (s->slot_count - 1);
    while (s->slots[at] > 0 && strcmp(s->names[s->slots[at] - 1], symbol) != 0)
        at = (at + 1) & (s->slot_count - 1);
    return at;
}

size_t gm_symbols_find(const gm_symbols *s, const char *symbol, size_t bytes) {
    if (bytes == 1 && (unsigned char)symbol[0] < 128)
        return s->ascii[(unsigned char)symbol[0]] > 0 ? s->ascii[(unsigned char)symbol[0]] - 1 : GM_NO_SYMBOL;
    uint32_t number = s->slot_count > 0 ? s->slots[find_slot(s, symbol, bytes)] : 0;
    return number > 0 ? number - 1 : GM_NO_SYMBOL;
}

static gm_status widen(gm_symbols *s) {
    uint32_t *old = s->slots;
    size_t count = GM_MAX(2 * s->slot_count, (size_t)256);
    GM_TRY(gm_alloc(&s->slots, count, sizeof *s->slots, "symbols"));
    free(old);
    s->slot_count = count;
    for (size_t i = 0; i < s->count; i++)
        s->slots[find_slot(s, s->names[i], strlen(s->names[i]))] = (uint32_t)i + 1;
    return GM_OK;
}

gm_status gm_symbols_add(gm_symbols *s, const char *symbol, size_t bytes) {
    size_t capacity = s->capacity, number = gm_symbols_find(s, symbol, bytes);
    if (number != GM_NO_SYMBOL) {
        s->counts[number]++;
        return GM_OK;
    }
    if (s->count == UINT32_MAX - 1)
        return gm_fail(GM_ERROR_FORMAT, "a text has more than %u different symbols", UINT32_MAX - 1);
    GM_TRY(gm_grow(&s->names, s->count, &capacity, sizeof *s->names, "symbols"));
    GM_TRY(gm_grow(&s->counts, s->count, &s->capacity, sizeof *s->counts, "symbols"));
    if (2 * (s->count + 1) > s->slot_count)
        GM_TRY(widen(s));
    char *name = malloc(bytes + 1);
    if (!name)
        return gm_fail_memory(bytes + 1, "symbols");
    memcpy(name, symbol, bytes + 1);
    size_t slot = find_slot(s, name, bytes);
    s->names[s->count] = name;
    s->counts[s->count++] = 1;
    s->slots[slot] = (uint32_t)s->count;
    if (bytes == 1 && (unsigned char)name[0] < 128)
        s->ascii[(unsigned char)name[0]] = (uint32_t)s->count;
    return GM_OK;
}

gm_status gm_symbols_of(gm_symbols *symbols, const gm_text_schema *text) {
    gm_status status = GM_OK;
    *symbols = (gm_symbols){0};
    for (size_t i = 0; i < text->count && status == GM_OK; i++)
        status = gm_symbols_add(symbols, text->symbols[i], strlen(text->symbols[i]));
    if (status != GM_OK)
        gm_symbols_finish(symbols);
    return status;
}

// ---- Schemas ----

size_t gm_text_schema_codes(const gm_text_schema *text) {
    return text->count + (text->items == GM_TEXT_LINES);
}

const char *gm_text_schema_symbol(const gm_text_schema *text, size_t code) {
    const size_t ends = text->items == GM_TEXT_LINES;
    return code < ends ? "" : text->symbols[code - ends];
}

// The copy and all its strings are of one arena, which lies behind it.
typedef struct holder {
    gm_text_schema text;
    gm_arena arena;
} holder;

gm_status gm_text_schema_copy(gm_text_schema **copy, const gm_text_schema *text) {
    holder *made;
    *copy = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a text's schema"));
    made->text = *text;
    const char **symbols = gm_arena_alloc(&made->arena, GM_MAX(text->count, (size_t)1) * sizeof *symbols);
    bool whole = symbols != NULL;
    for (size_t i = 0; whole && i < text->count; i++)
        whole = (symbols[i] = gm_arena_string(&made->arena, text->symbols[i])) != NULL;
    if (text->column && whole)
        whole = (made->text.column = gm_arena_string(&made->arena, text->column)) != NULL;
    if (text->label && whole)
        whole = (made->text.label = gm_arena_string(&made->arena, text->label)) != NULL;
    made->text.symbols = symbols;
    *copy = &made->text;
    if (whole)
        return GM_OK;
    gm_text_schema_destroy(copy);
    return gm_fail_memory(text->count * sizeof *symbols, "a text's schema");
}

void gm_text_schema_destroy(gm_text_schema **text) {
    holder *old = text ? (holder *)(void *)*text : NULL;
    if (!old)
        return;
    *text = NULL;
    gm_arena_finish(&old->arena);
    free(old);
}

// ---- Codes to text ----

static bool closes(const char *symbol) {
    return symbol[1] == '\0' && strchr(".,;:!?)]}\n", symbol[0]);
}

static bool opens(const char *symbol) {
    return symbol[1] == '\0' && strchr("([{\n", symbol[0]);
}

gm_status gm_text_schema_write(const gm_text_schema *text, const int32_t *codes, size_t count, char **string) {
    const char *before = NULL;
    gm_text made = {0};
    gm_text_append(&made, "");
    *string = NULL;
    for (size_t i = 0; i < count; i++) {
        if (codes[i] < 0 || (size_t)codes[i] >= gm_text_schema_codes(text)) {
            gm_text_finish(&made);
            return gm_fail(GM_ERROR_ARGUMENT, "a text of %zu symbols has none of code %d", text->count, (int)codes[i]);
        }
        const char *symbol = gm_text_schema_symbol(text, (size_t)codes[i]);
        if (*symbol == '\0')
            break;
        if (text->unit == GM_TEXT_WORDS && before && !closes(symbol) && !opens(before))
            gm_text_append(&made, " ");
        gm_text_append(&made, symbol);
        before = symbol;
    }
    if (made.failed) {
        gm_text_finish(&made);
        return gm_fail_memory(count, "a text");
    }
    *string = made.data;
    return GM_OK;
}

// ---- Text to codes ----

typedef struct coding {
    const gm_text_schema *text;
    const char *name;
    gm_symbols symbols;
    int32_t *codes;
    size_t count, capacity;
} coding;

static gm_status take(void *user, const char *symbol, size_t bytes) {
    coding *c = user;
    size_t number = gm_symbols_find(&c->symbols, symbol, bytes);
    if (number == GM_NO_SYMBOL)
        number = gm_symbols_find(&c->symbols, GM_TEXT_OTHER, strlen(GM_TEXT_OTHER));
    if (number == GM_NO_SYMBOL)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: '%s' is none of the %zu symbols that are known", c->name, symbol,
                       c->text->count);
    GM_TRY(gm_grow(&c->codes, c->count, &c->capacity, sizeof *c->codes, c->name));
    c->codes[c->count++] = (int32_t)(number + (c->text->items == GM_TEXT_LINES));
    return GM_OK;
}

gm_status gm_text_schema_read(const gm_text_schema *text, const char *name, const char *string, int32_t **codes,
                              size_t *count) {
    coding c = {.text = text, .name = name};
    gm_scan scan = {.text = text, .name = name, .take = take, .user = &c};
    *codes = NULL;
    *count = 0;
    GM_TRY(gm_symbols_of(&c.symbols, text));
    gm_status status = gm_scan_push(&scan, string, strlen(string));
    bool space = scan.space && text->join && text->unit == GM_TEXT_CHARACTERS && scan.started;
    if (status == GM_OK)
        status = gm_scan_finish(&scan);
    if (status == GM_OK && space) // of a beginning that goes on, the space at its end counts
        status = take(&c, " ", 1);
    gm_symbols_finish(&c.symbols);
    if (status != GM_OK) {
        free(c.codes);
        return status;
    }
    *codes = c.codes;
    *count = c.count;
    return GM_OK;
}

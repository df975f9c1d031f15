// Texts compared, each collection with the real one and with the text that was learned from.
#include "use/texts.h"

#include "data/items.h"
#include "data/ngrams.h"
#include "data/windows.h"
#include "sample/scan.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct comparison {
    const gm_side *real, *fake;
    const gm_text_schema *text;
    gm_dataset *trained;
    gm_codes codes;     // of all of it
    gm_symbols words;   // of all of it
    gm_passages of[3];  // real, fake, and what pretraining left
    int32_t *values[3]; // theirs
    int32_t *drawn;     // windows of the training text, or of a chain
} comparison;

// ---- Words ----

static bool is_of_word(const char *symbol) {
    unsigned char first = (unsigned char)*symbol;
    return first >= 0x80 || isalnum(first) || first == '-' || first == '\'';
}

static gm_status take_trained(void *user, const char *symbol, size_t bytes) {
    return is_of_word(symbol) ? gm_symbols_add(user, symbol, bytes) : GM_OK;
}

// The words of the training text, out of its symbols.
static gm_status gather_words(comparison *c) {
    const gm_text_schema words = {.unit = GM_TEXT_WORDS};
    gm_scan scan = {.text = &words, .name = "a text", .take = take_trained, .user = &c->words};
    for (size_t i = 0; i < c->codes.count; i++) {
        const char *symbol = gm_text_schema_symbol(c->text, gm_code_at(&c->codes, i));
        symbol = *symbol ? symbol : "\n"; // a line's end
        GM_TRY(gm_scan_push(&scan, symbol, strlen(symbol)));
    }
    return gm_scan_finish(&scan);
}

typedef struct tally {
    const gm_symbols *known;
    size_t words, of_known; // of the present text
    bool first, latest;     // whether its first and its latest word are known
} tally;

static gm_status take_sample(void *user, const char *symbol, size_t bytes) {
    tally *t = user;
    if (!is_of_word(symbol))
        return GM_OK;
    t->latest = gm_symbols_find(t->known, symbol, bytes) != GM_NO_SYMBOL;
    t->first = t->words == 0 ? t->latest : t->first;
    t->words++;
    t->of_known += t->latest;
    return GM_OK;
}

// Words that a text's ends may have cut are not counted.
static gm_status count_words(const comparison *c, const char *string, size_t *all, size_t *known) {
    const gm_text_schema words = {.unit = GM_TEXT_WORDS};
    tally t = {.known = &c->words};
    gm_scan scan = {.text = &words, .name = "a text", .take = take_sample, .user = &t};
    size_t length = strlen(string);
    GM_TRY(gm_scan_push(&scan, string, length));
    GM_TRY(gm_scan_finish(&scan));
    const bool cut[2] = {length > 0 && is_of_word(string), length > 0 && is_of_word(string + length - 1)};
    if (t.words > 0 && cut[0]) {
        t.words--;
        t.of_known -= t.first;
    }
    if (t.words > 0 && cut[1]) {
        t.words--;
        t.of_known -= t.latest;
    }
    *all += t.words;
    *known += t.of_known;
    return GM_OK;
}

static gm_status find_known(const comparison *c, const gm_passages *p, double *share) {
    size_t all = 0, known = 0;
    *share = NAN;
    if (c->text->unit == GM_TEXT_WORDS) // which are the symbols
        return GM_OK;
    for (size_t i = 0; i < p->count; i++) {
        char *string;
        GM_TRY(gm_text_schema_write(c->text, p->codes + i * p->length, p->length, &string));
        gm_status status = count_words(c, string, &all, &known);
        free(string);
        GM_TRY(status);
    }
    *share = all > 0 ? (double)known / (double)all : NAN;
    return GM_OK;
}

// ---- Rows ----

static gm_status fill_grams(const comparison *c, const gm_passages *p, gm_text_figure *row) {
    for (size_t n = 1; n <= GM_TEXT_GRAMS; n++)
        GM_TRY(gm_ngram_divergence(&c->of[0], p, n, &row->ngrams[n - 1]));
    return GM_OK;
}

static gm_status fill_rest(const comparison *c, const gm_passages *p, gm_text_figure *row) {
    GM_TRY(find_known(c, p, &row->known_words));
    GM_TRY(gm_passage_copies(p, &c->codes, GM_TEXT_PASSAGE, &row->copies));
    GM_TRY(gm_ngram_distinct(p, 4, &row->distinct_4));
    return gm_ngram_distinct(p, 6, &row->distinct_6);
}

// As many windows of the training text as there are fake texts, evenly spread.
static gm_status draw_trained(comparison *c, gm_passages *p) {
    const gm_dataset_info *info = gm_dataset_get_info(c->trained);
    void *window;
    *p = c->of[1];
    p->codes = c->drawn;
    GM_TRY(gm_alloc(&window, 1, info->item_bytes, "a text"));
    for (size_t i = 0; i < p->count; i++) {
        gm_windows_read(c->trained->windows, i * (info->count / p->count ? info->count / p->count : 1) % info->count,
                        window);
        const gm_codes codes = {.values = window, .count = p->length, .bytes = c->codes.bytes};
        for (size_t k = 0; k < p->length; k++)
            c->drawn[i * p->length + k] = (int32_t)gm_code_at(&codes, k);
    }
    free(window);
    return GM_OK;
}

static gm_status fill_chains(comparison *c, gm_text_figure *rows) {
    gm_chain *chain;
    gm_passages p = c->of[1];
    p.codes = c->drawn;
    GM_TRY(gm_chain_create(&chain, &c->codes, GM_TEXT_CHAINS));
    gm_status status = GM_OK;
    for (size_t k = 1; k <= GM_TEXT_CHAINS && status == GM_OK; k++) {
        gm_text_figure *row = &rows[k - 1];
        gm_snprintf(row->name, sizeof row->name, "chain of order %zu", k);
        gm_chain_draw(chain, k, 0, 0, p.count, p.length, c->drawn);
        status = fill_grams(c, &p, row);
        if (status == GM_OK)
            status = fill_rest(c, &p, row);
    }
    gm_chain_destroy(&chain);
    return status;
}

static gm_status take_codes(comparison *c, size_t which, const gm_side *side) {
    size_t count = side->count * side->channels;
    GM_TRY(gm_alloc(&c->values[which], count, sizeof *c->values[which], side->name));
    for (size_t i = 0; i < count; i++)
        c->values[which][i] = (int32_t)side->values[i];
    c->of[which] = (gm_passages){c->values[which], side->count, side->channels, c->text->items == GM_TEXT_LINES};
    return GM_OK;
}

static gm_status open_trained(comparison *c) {
    const gm_side *of = c->fake->kind == GM_SIDE_RUN ? c->fake : c->real;
    gm_dataset_options options = of->data_options;
    options.text = c->text;
    options.split = of->kind == GM_SIDE_RUN ? options.split : GM_SPLIT_TRAIN;
    options.whole = false;
    GM_TRY(gm_dataset_open(&c->trained, of->data, &options));
    const gm_windows *w = c->trained->windows;
    c->codes = (gm_codes){.values = w->symbols,
                          .count = w->symbol_count,
                          .codes = gm_text_schema_codes(c->text),
                          .bytes = w->symbol_bytes == 1};
    return gather_words(c);
}

static gm_status fill_start(comparison *c, const gm_side *start, gm_text_figure *row) {
    gm_snprintf(row->name, sizeof row->name, "pretrained");
    GM_TRY(take_codes(c, 2, start));
    GM_TRY(fill_grams(c, &c->of[2], row));
    return fill_rest(c, &c->of[2], row);
}

gm_status gm_texts_compare(const gm_side *real, const gm_side *fake, const gm_side *start,
                           gm_text_figure rows[GM_TEXT_ROWS], size_t *count) {
    comparison c = {.real = real, .fake = fake, .text = real->text};
    gm_passages trained;
    gm_status status;
    memset(rows, 0, GM_TEXT_ROWS * sizeof *rows);
    gm_snprintf(rows[0].name, sizeof rows[0].name, "samples");
    gm_snprintf(rows[1].name, sizeof rows[1].name, "control");
    GM_TRY_DONE(take_codes(&c, 0, real));
    GM_TRY_DONE(take_codes(&c, 1, fake));
    GM_TRY_DONE(open_trained(&c));
    GM_TRY_DONE(gm_alloc(&c.drawn, fake->count * fake->channels, sizeof *c.drawn, "texts"));
    GM_TRY_DONE(fill_grams(&c, &c.of[1], &rows[0]));
    GM_TRY_DONE(fill_rest(&c, &c.of[1], &rows[0]));
    GM_TRY_DONE(draw_trained(&c, &trained));
    GM_TRY_DONE(fill_grams(&c, &trained, &rows[1]));
    GM_TRY_DONE(fill_rest(&c, &c.of[0], &rows[1]));
    *count = 2;
    if (start)
        GM_TRY_DONE(fill_start(&c, start, &rows[(*count)++]));
    GM_TRY_DONE(fill_chains(&c, rows + *count));
    *count += GM_TEXT_CHAINS;
done:
    gm_symbols_finish(&c.words);
    gm_dataset_close(&c.trained);
    free(c.values[0]);
    free(c.values[1]);
    free(c.values[2]);
    free(c.drawn);
    return status;
}

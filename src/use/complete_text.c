// Texts with gaps, filled in by a language model: known bytes stay as they are.
#include "base/base.h"
#include "data/classes.h"
#include "ganymede/complete.h"
#include "model/common.h"
#include "model/language_fill.h"
#include "sample/scan.h"
#include "use/trained.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 1 << 28, GAP = -1, END = 0 };

static const char usual_gap[] = "_";

typedef struct completion {
    const gm_text_schema *text;
    const char *gap; // the character that stands for one that is missing
    gm_symbols symbols;
    int32_t *codes; // of the file; GAP: missing; of lines with END behind each
    size_t count, capacity, gaps, missing, unknown;
    int32_t label;
    gm_language_filler filler;
} completion;

// ---- Reading ----

static gm_status put(completion *c, int32_t code) {
    GM_TRY(gm_grow(&c->codes, c->count, &c->capacity, sizeof *c->codes, "a text"));
    c->missing += code == GAP;
    c->gaps += code == GAP && (c->count == 0 || c->codes[c->count - 1] != GAP);
    c->codes[c->count++] = code;
    return GM_OK;
}

// What the run has no symbol for is passed over: what stands around a gap is known without it.
static gm_status take(void *user, const char *symbol, size_t bytes) {
    completion *c = user;
    if (strcmp(symbol, c->gap) == 0)
        return put(c, GAP);
    size_t number = gm_symbols_find(&c->symbols, symbol, bytes);
    if (number == GM_NO_SYMBOL)
        number = gm_symbols_find(&c->symbols, GM_TEXT_OTHER, strlen(GM_TEXT_OTHER));
    c->unknown += number == GM_NO_SYMBOL;
    return number == GM_NO_SYMBOL ? GM_OK : put(c, (int32_t)(number + (c->text->items == GM_TEXT_LINES)));
}

static gm_status end_line(void *user) {
    completion *c = user;
    return c->text->items == GM_TEXT_LINES ? put(c, END) : GM_OK;
}

static gm_status read_codes(completion *c, const char *file, const char *content, size_t bytes) {
    gm_scan scan = {.text = c->text, .name = file, .take = take, .end_line = end_line, .user = c};
    GM_TRY(gm_scan_push(&scan, content, bytes));
    GM_TRY(gm_scan_finish(&scan));
    if (scan.latin1 > 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: %zu of its bytes are no UTF-8, which it has to be: convert it", file,
                       scan.latin1);
    if (c->missing == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: holds no '%s', which stands for a character that is missing", file,
                       c->gap);
    return GM_OK;
}

// A sign that means nothing else.
static gm_status check_gap(const completion *c) {
    const bool one = *c->gap != '\0' && gm_utf8_length(c->gap) == strlen(c->gap);
    if (!one || strchr(" \t\r\n", *c->gap) || (c->text->lower && *c->gap >= 'A' && *c->gap <= 'Z'))
        return gm_fail(GM_ERROR_ARGUMENT, "'%s' cannot stand for what is missing: take one character such as _",
                       c->gap);
    if (gm_symbols_find(&c->symbols, c->gap, strlen(c->gap)) != GM_NO_SYMBOL)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "'%s' is one of the run's %zu symbols, and cannot stand for what is missing: choose another",
                       c->gap, c->text->count);
    return GM_OK;
}

// ---- Filling ----

// The gap that begins at `at`: by as much as a window before it and GM_GAP_BEHIND symbols behind it, but nothing beyond
// its line or the next gap.
static gm_status fill_gap(completion *c, size_t at, size_t *end) {
    const bool lines = c->text->items == GM_TEXT_LINES;
    const size_t most = c->text->window > 0 ? c->text->window : GM_TEXT_WINDOW;
    gm_gap_shape shape = {0};
    *end = at;
    while (*end < c->count && c->codes[*end] == GAP)
        ++*end;
    shape.length = *end - at;
    while (shape.before < GM_MIN(at, most) && !(lines && c->codes[at - shape.before - 1] == END))
        shape.before++;
    while (shape.after < GM_GAP_BEHIND && *end + shape.after < c->count && c->codes[*end + shape.after] != GAP) {
        bool last = lines && c->codes[*end + shape.after] == END;
        shape.after++;
        if (last)
            break;
    }
    const gm_gap gap = {c->codes + at - shape.before, c->codes + *end, c->label};
    int32_t *filled;
    GM_TRY(gm_alloc(&filled, shape.length, sizeof *filled, "a gap"));
    gm_status status = gm_language_fill(&c->filler, &shape, &gap, 1, filled, NULL);
    if (status == GM_OK)
        memcpy(c->codes + at, filled, shape.length * sizeof *filled);
    free(filled);
    return status;
}

// The bytes with each sign of a gap replaced by its symbol, of which `filled` has the codes in their order.
static gm_status write_file(const completion *c, const char *out, const char *content, size_t bytes,
                            const int32_t *filled) {
    const size_t sign = strlen(c->gap);
    size_t room = bytes + 1, used = 0, next = 0;
    char *text;
    for (size_t i = 0; i < c->missing; i++)
        room += strlen(gm_text_schema_symbol(c->text, (size_t)filled[i]));
    GM_TRY(gm_alloc(&text, room, 1, out));
    for (size_t i = 0; i < bytes;) {
        const bool is_gap = next < c->missing && bytes - i >= sign && memcmp(content + i, c->gap, sign) == 0;
        const char *from = is_gap ? gm_text_schema_symbol(c->text, (size_t)filled[next++]) : content + i;
        const size_t length = is_gap ? strlen(from) : 1;
        memcpy(text + used, from, length);
        used += length;
        i += is_gap ? sign : 1;
    }
    gm_status status = gm_file_write_atomic(out, text, used);
    free(text);
    return status;
}

static gm_status fill_all(completion *c, int32_t *filled) {
    size_t next = 0;
    for (size_t at = 0; at < c->count;) {
        size_t end = at + 1;
        if (c->codes[at] == GAP) {
            GM_TRY(fill_gap(c, at, &end));
            for (size_t i = at; i < end; i++)
                filled[next++] = c->codes[i];
        }
        at = end;
    }
    return GM_OK;
}

// ---- The whole ----

static gm_status find_label(completion *c, const gm_trained *trained, const char *run, const char *class) {
    const gm_checkpoint_info *info = gm_checkpoint_get_info(trained->checkpoint);
    const size_t classes = c->filler.use.classes, named = GM_MIN(info->class_count, classes);
    if (classes == 0)
        return class ? gm_fail(GM_ERROR_ARGUMENT, "%s: was trained without classes: leave out %s", run, class) : GM_OK;
    if (!class)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is told the class of a text: name it (complete: --class)%s%s", run,
                       named > 0 ? ", such as " : "", named > 0 ? info->class_names[0] : "");
    const size_t label = gm_class_find(class, info->class_names, named, classes);
    c->label = (int32_t)label;
    return label < classes
               ? GM_OK
               : gm_fail(GM_ERROR_ARGUMENT, "%s: class %s is none of those that it was trained on", run, class);
}

static gm_status check_files(const char *file, const char *out) {
    struct stat in, to;
    if (stat(file, &in) == 0 && stat(out, &to) == 0 && in.st_dev == to.st_dev && in.st_ino == to.st_ino)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: would replace itself: choose another name", file);
    return GM_OK;
}

static gm_status complete(completion *c, const gm_trained *trained, const char *run, const char *file, const char *out,
                          const gm_text_completion_options *options) {
    char *content = NULL;
    int32_t *filled = NULL;
    size_t bytes;
    gm_status status;
    c->text = &gm_common_of(trained->recipe)->data.text;
    GM_TRY(gm_language_filler_init(&c->filler, trained->recipe, trained->state));
    if (c->text->unit == GM_TEXT_WORDS)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its symbols are words, and a gap is of characters", run);
    GM_TRY(find_label(c, trained, run, options->class_name));
    GM_TRY(gm_symbols_of(&c->symbols, c->text));
    GM_TRY(check_gap(c));
    GM_TRY_DONE(gm_file_read(file, MOST_BYTES, &content, &bytes));
    GM_TRY_DONE(read_codes(c, file, content, bytes));
    GM_TRY_DONE(gm_alloc(&filled, c->missing, sizeof *filled, file));
    if (c->unknown > 0)
        gm_warn("%s: %zu of its characters are none that the run knows: they stay, and say nothing of what is missing",
                file, c->unknown);
    GM_TRY_DONE(fill_all(c, filled));
    status = write_file(c, out, content, bytes, filled);
done:
    free(content);
    free(filled);
    return status;
}

gm_status gm_complete_text(const char *run, const char *file, const char *out,
                           const gm_text_completion_options *options, gm_text_completion *done) {
    static const gm_text_completion_options standard = {0};
    gm_trained trained = {0};
    completion c = {0};
    options = options ? options : &standard;
    *done = (gm_text_completion){0};
    c.gap = options->gap ? options->gap : usual_gap;
    GM_TRY(check_files(file, out));
    gm_status status = gm_trained_open(&trained, run, options->opened, options->device);
    if (status == GM_OK)
        status = complete(&c, &trained, run, file, out, options);
    *done = (gm_text_completion){.step = trained.step, .gaps = c.gaps, .symbols = c.missing};
    gm_language_filler_finish(&c.filler);
    gm_symbols_finish(&c.symbols);
    free(c.codes);
    gm_trained_close(&trained);
    return status;
}

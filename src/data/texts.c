// Texts as data sets.
//
// A source is read twice, piece by piece: first its symbols are found and its lines counted, then they are stored, a
// byte each where there are no more than 256. So memory holds the symbols once, and nothing else grows with the text.
// Long because files, folders and tables go through the same two readings.
#include "data/texts.h"

#include "data/csv_rows.h"
#include "data/tree.h"
#include "data/windows.h"
#include "sample/scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PIECE = 65536, MOST_BYTE_CODES = 256 };

// What the first reading finds of each text.
typedef struct document {
    size_t lines, symbols;
} document;

typedef struct reader {
    const char *path;
    const gm_dataset_options *options;
    gm_text_schema text;
    gm_symbols symbols;
    bool held_out, test;     // lines are parted here; which part is wanted
    const gm_source *source; // or
    const char *data;        // bytes in memory
    size_t bytes;
    gm_tree tree;     // of a folder: its texts
    int32_t *labels;  // of them; NULL: none
    int32_t label;    // of what is read at present
    gm_symbols words; // of a table: its classes
    const char **classes;
    size_t class_count;
    bool splits;
    document *documents;
    size_t document_count;
    size_t other; // the symbol that stands for all others, or GM_NO_SYMBOL
    // While it is read:
    bool storing;
    size_t at;           // which document
    size_t line, symbol; // of the document
    gm_windows *windows;
    size_t item;       // that the next window is
    size_t line_start; // of lines: where in the row of symbols the present one begins
    size_t from;       // where the present piece begins
    size_t tried;      // pieces, and
    size_t shorter;    // those that are shorter than a window
    size_t latin1;
} reader;

// ---- Symbols ----

static gm_status count_symbol(void *user, const char *symbol, size_t bytes) {
    reader *r = user;
    r->documents[r->at].symbols++;
    return r->text.count > 0 ? GM_OK : gm_symbols_add(&r->symbols, symbol, bytes);
}

static gm_status count_line(void *user) {
    reader *r = user;
    r->documents[r->at].lines++;
    return GM_OK;
}

// Whether what comes is of the wanted part: of every so many lines the last is held out, of a text of few lines its
// end.
static bool is_wanted(const reader *r) {
    const document *d = &r->documents[r->at];
    if (!r->held_out)
        return true;
    bool out = d->lines >= GM_HELD_OUT ? r->line % GM_HELD_OUT == GM_HELD_OUT - 1
                                       : r->symbol >= d->symbols - d->symbols / GM_HELD_OUT;
    return out == r->test;
}

static void put(gm_windows *w, size_t code) {
    if (w->symbol_bytes == 1)
        ((uint8_t *)w->symbols)[w->symbol_count++] = (uint8_t)code;
    else
        ((float *)w->symbols)[w->symbol_count++] = (float)code;
}

static gm_status store_symbol(void *user, const char *symbol, size_t bytes) {
    reader *r = user;
    gm_windows *w = r->windows;
    const bool lines = r->text.items == GM_TEXT_LINES;
    bool wanted = is_wanted(r);
    r->symbol++;
    if (!wanted || (lines && w->symbol_count == r->line_start + r->text.window))
        return GM_OK;
    size_t number = gm_symbols_find(&r->symbols, symbol, bytes);
    if (number == GM_NO_SYMBOL)
        number = r->other;
    if (number == GM_NO_SYMBOL)
        return gm_fail(GM_ERROR_FORMAT,
                       "'%s' is none of the %zu symbols that are given: add it, or U+FFFD for all others", symbol,
                       r->text.count);
    put(w, number + lines);
    return GM_OK;
}

static gm_status store_line(void *user) {
    reader *r = user;
    r->line++;
    if (r->text.items != GM_TEXT_LINES || r->windows->symbol_count == r->line_start)
        return GM_OK;
    while (r->windows->symbol_count < r->line_start + r->text.window)
        put(r->windows, 0);
    r->line_start = r->windows->symbol_count;
    return GM_OK;
}

// ---- Reading ----

static gm_scan scan_of(reader *r, const char *name) {
    return (gm_scan){.text = &r->text,
                     .name = name,
                     .take = r->storing ? store_symbol : count_symbol,
                     .end_line = r->storing ? store_line : count_line,
                     .user = r};
}

static gm_status at_line(const gm_scan *scan, gm_status status) {
    bool known = status == GM_OK || strncmp(gm_error_message(), scan->name, strlen(scan->name)) == 0;
    return known ? status : gm_fail_prefix(status, "%s:%zu", scan->name, scan->line);
}

static gm_status refuse_utf16(const char *name, const char *data, size_t bytes) {
    if (bytes >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: is text in UTF-16: save it as UTF-8", name);
    return GM_OK;
}

static gm_status finish_scan(reader *r, gm_scan *scan, gm_status status) {
    if (status == GM_OK)
        status = gm_scan_finish(scan);
    r->latin1 += scan->latin1;
    if (scan->latin1 > 0 && !r->storing)
        gm_warn("%s: %zu bytes are no UTF-8, and are read as Latin-1", scan->name, scan->latin1);
    return at_line(scan, status);
}

static gm_status scan_memory(reader *r, const char *name, const char *data, size_t bytes) {
    gm_scan scan = scan_of(r, name);
    GM_TRY(refuse_utf16(name, data, bytes));
    return finish_scan(r, &scan, gm_scan_push(&scan, data, bytes));
}

static gm_status scan_file(reader *r, const char *path) {
    gm_scan scan = scan_of(r, path);
    int descriptor;
    uint64_t size;
    char *piece = NULL;
    size_t got = PIECE;
    bool first = true;
    GM_TRY(gm_file_open(path, &descriptor, &size));
    gm_status status = gm_alloc(&piece, PIECE, 1, path);
    while (status == GM_OK && got == PIECE) {
        status = gm_file_read_next(descriptor, path, piece, PIECE, &got);
        if (status == GM_OK && first)
            status = refuse_utf16(path, piece, got);
        first = false;
        if (status == GM_OK)
            status = gm_scan_push(&scan, piece, got);
    }
    free(piece);
    close(descriptor);
    return finish_scan(r, &scan, status);
}

static gm_status find_column(const gm_csv_rows *rows, const char *key, const char *name, size_t *column) {
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    for (*column = 0; *column < rows->columns && rows->dialect.header; (*column)++)
        if (strcmp(gm_csv_field(rows, *column), name) == 0)
            return GM_OK;
    if (*end == '\0' && number >= 1 && number <= rows->columns) {
        *column = number - 1;
        return GM_OK;
    }
    return gm_fail(GM_ERROR_ARGUMENT, "%s: has no column '%s' (data.text.%s): it has %zu, by name or number",
                   rows->name, name, key, rows->columns);
}

static gm_status add_piece(reader *r);

// The class of the row that comes. Rows of one class that follow each other are one piece.
static gm_status take_label(reader *r, const char *name) {
    if (!r->storing)
        return gm_symbols_add(&r->words, name, strlen(name));
    int32_t label = (int32_t)gm_symbols_find(&r->words, name, strlen(name));
    gm_status status = label != r->label ? add_piece(r) : GM_OK;
    r->label = label;
    return status;
}

// Each field is a line.
static gm_status scan_rows(reader *r, gm_csv_rows *rows) {
    gm_scan scan = scan_of(r, rows->name);
    size_t column = 0, label = 0;
    bool end = false, found = false;
    gm_status status = gm_csv_rows_next(rows, &end);
    while (status == GM_OK && !end) {
        if (!found && (status = find_column(rows, "column", r->text.column, &column)) != GM_OK)
            return status;
        if (!found && r->text.label && (status = find_column(rows, "label", r->text.label, &label)) != GM_OK)
            return status;
        if (found || !rows->dialect.header) {
            char *field = gm_csv_field(rows, column);
            size_t bytes = strlen(field);
            for (size_t i = 0; i < bytes; i++)
                field[i] = field[i] == '\n' || field[i] == '\r' ? ' ' : field[i];
            scan.line = rows->row_line;
            status = r->text.label ? take_label(r, gm_csv_field(rows, label)) : GM_OK;
            if (status == GM_OK)
                status = gm_scan_push(&scan, field, bytes);
            if (status == GM_OK)
                status = gm_scan_push(&scan, "\n", 1);
        }
        found = true;
        if (status == GM_OK)
            status = gm_csv_rows_next(rows, &end);
        else
            status = at_line(&scan, status);
    }
    return status == GM_OK ? finish_scan(r, &scan, status) : status;
}

static gm_status scan_table(reader *r, const gm_csv_source *source) {
    gm_csv_rows rows;
    GM_TRY(gm_csv_rows_open(&rows, source, r->options->columns ? &r->options->columns->dialect : NULL));
    gm_status status = scan_rows(r, &rows);
    gm_csv_rows_finish(&rows);
    return status;
}

static gm_status scan_document(reader *r, size_t index) {
    char *path;
    const gm_csv_source table = {.name = r->path, .data = r->data, .bytes = r->bytes, .quiet = r->storing};
    if (r->text.column)
        return scan_table(r, &table);
    if (r->data)
        return scan_memory(r, r->path, r->data, r->bytes);
    if (!r->source->folder)
        return scan_file(r, r->path);
    GM_TRY(gm_tree_path(&r->tree, index, &path));
    gm_status status = scan_file(r, path);
    free(path);
    return status;
}

// ---- Folders ----

static bool ends_as_text(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".txt") == 0 || strcasecmp(dot, ".text") == 0);
}

// Leaves the texts of the split: of the folders or files train and test, where there are such.
static gm_status keep_texts(reader *r) {
    static const char *const names[] = {[GM_SPLIT_TRAIN] = "train", [GM_SPLIT_TEST] = "test"};
    gm_paths *paths = &r->tree.paths;
    const char *split = names[r->options->split];
    char file[16];
    uint8_t *keep;
    size_t left = 0;
    bool of_files = false;
    gm_snprintf(file, sizeof file, "%s.txt", split);
    if (gm_paths_have_folder(paths, "train") && gm_paths_have_folder(paths, "test")) {
        gm_paths_enter(paths, split);
        r->splits = true;
    } else if (gm_tree_find(&r->tree, "train.txt") < paths->count &&
               gm_tree_find(&r->tree, "test.txt") < paths->count) {
        r->splits = of_files = true;
    }
    GM_TRY(gm_alloc(&keep, paths->count + 1, 1, r->path));
    for (size_t i = 0; i < paths->count; i++) {
        keep[i] = ends_as_text(gm_paths_name(paths, i)) &&
                  (!of_files || (strcasecmp(gm_paths_name(paths, i), file) == 0 && !*gm_paths_folder(paths, i)));
        left += keep[i];
    }
    gm_paths_keep(paths, keep);
    free(keep);
    return left > 0 ? GM_OK : gm_fail(GM_ERROR_IO, "%s: holds no texts: expected files that end in .txt", r->path);
}

// The folders of the first level are the classes, if all texts lie in such.
static gm_status classify(reader *r, gm_arena *arena) {
    const gm_paths *paths = &r->tree.paths;
    for (size_t i = 0; i < paths->count; i++)
        if (!*gm_paths_folder(paths, i))
            return GM_OK;
    GM_TRY(gm_alloc(&r->labels, paths->count, sizeof *r->labels, r->path));
    r->classes = gm_arena_alloc(arena, paths->count * sizeof *r->classes);
    for (size_t i = 0; i < paths->count && r->classes; i++) {
        const char *folder = gm_paths_folder(paths, i);
        size_t length = strcspn(folder, "/"), k = 0;
        while (k < r->class_count && (strlen(r->classes[k]) != length || memcmp(r->classes[k], folder, length) != 0))
            k++;
        if (k == r->class_count &&
            !(r->classes[r->class_count++] = gm_arena_printf(arena, "%.*s", (int)length, folder)))
            r->classes = NULL;
        r->labels[i] = (int32_t)k;
    }
    return r->classes ? GM_OK : gm_fail_memory(paths->count * sizeof *r->classes, "class names");
}

// ---- What there is ----

typedef struct ranked {
    const char *name;
    size_t count;
} ranked;

static int compare_names(const void *a, const void *b) {
    return strcmp(((const ranked *)a)->name, ((const ranked *)b)->name); // in UTF-8 the order of characters
}

static int compare_counts(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : compare_names(a, b);
}

// The symbols found become the schema's: characters in their order, words with the most frequent first.
static gm_status choose_symbols(reader *r, gm_arena *arena) {
    gm_symbols *found = &r->symbols;
    size_t most = r->text.most, count = found->count;
    bool words = r->text.unit == GM_TEXT_WORDS, some = most > 0 && most < count;
    ranked *list;
    if (!some && count > GM_TEXT_MOST_SYMBOLS)
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu different %s: keep the most frequent with data.text.most", r->path,
                       count, words ? "words" : "characters");
    if (count == 1)
        return gm_fail(GM_ERROR_FORMAT, "%s: holds nothing but '%s': there is nothing to learn", r->path,
                       found->names[0]);
    GM_TRY(gm_alloc(&list, count + 1, sizeof *list, r->path));
    for (size_t i = 0; i < count; i++)
        list[i] = (ranked){found->names[i], found->counts[i]};
    qsort(list, count, sizeof *list, words || some ? compare_counts : compare_names);
    count = some ? most - 1 : count;
    if (!words)
        qsort(list, count, sizeof *list, compare_names);
    const char **symbols = gm_arena_alloc(arena, (count + 1) * sizeof *symbols);
    bool whole = symbols != NULL;
    for (size_t i = 0; i < count && whole; i++)
        whole = (symbols[i] = gm_arena_string(arena, list[i].name)) != NULL;
    if (whole && some)
        symbols[count++] = GM_TEXT_OTHER;
    free(list);
    r->text.symbols = symbols;
    r->text.count = count;
    return whole ? GM_OK : gm_fail_memory(count * sizeof *symbols, "symbols");
}

static gm_status settle(reader *r, gm_arena *arena) {
    size_t symbols = 0;
    for (size_t i = 0; i < r->document_count; i++)
        symbols += r->documents[i].symbols;
    if (symbols == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is no text: it is empty", r->path);
    if (r->text.count == 0)
        GM_TRY(choose_symbols(r, arena));
    gm_symbols_finish(&r->symbols);
    GM_TRY(gm_symbols_of(&r->symbols, &r->text));
    if (r->symbols.count < r->text.count)
        return gm_fail(GM_ERROR_ARGUMENT, "data.text.symbols names one of its %zu symbols twice", r->text.count);
    r->other = gm_symbols_find(&r->symbols, GM_TEXT_OTHER, strlen(GM_TEXT_OTHER));
    return GM_OK;
}

// ---- Windows ----

// What was stored since the last one.
static gm_status add_piece(reader *r) {
    gm_windows *w = r->windows;
    const bool lines = r->text.items == GM_TEXT_LINES;
    const size_t from = r->from, symbols = w->symbol_count - from;
    size_t items = lines ? symbols / w->length : symbols >= w->length ? symbols - w->length + 1 : 0;
    r->from = w->symbol_count;
    r->tried += symbols > 0 || !r->text.label;
    r->shorter += items == 0 && (symbols > 0 || !r->text.label);
    if (items == 0)
        return GM_OK;
    GM_TRY(gm_grow(&w->pieces, w->piece_count, &w->piece_capacity, sizeof *w->pieces, r->path));
    w->pieces[w->piece_count++] = (gm_window_piece){r->item, from, r->label};
    r->item += items;
    return GM_OK;
}

static gm_status allocate_windows(reader *r) {
    size_t symbols = 0, lines = 0, room;
    gm_windows *w;
    for (size_t i = 0; i < r->document_count; i++) {
        symbols += r->documents[i].symbols;
        lines += r->documents[i].lines;
    }
    if (!gm_multiply_sizes(lines + 1, r->text.window, &room))
        return gm_fail_memory(SIZE_MAX, r->path);
    room = r->text.items == GM_TEXT_LINES ? room : symbols;
    GM_TRY(gm_alloc(&r->windows, 1, sizeof *r->windows, r->path));
    w = r->windows;
    w->symbol_bytes = gm_text_schema_codes(&r->text) <= MOST_BYTE_CODES ? 1 : sizeof(float);
    w->length = r->text.window;
    w->stride = r->text.items == GM_TEXT_LINES ? r->text.window : 1;
    return gm_alloc(&w->symbols, room, w->symbol_bytes, r->path);
}

static gm_status store(reader *r) {
    r->storing = true;
    GM_TRY(allocate_windows(r));
    for (r->at = 0; r->at < r->document_count; r->at++) {
        r->from = r->line_start = r->windows->symbol_count;
        r->label = r->labels ? r->labels[r->at] : 0;
        r->line = r->symbol = 0;
        GM_TRY(scan_document(r, r->at));
        GM_TRY(add_piece(r));
    }
    if (r->item == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu symbols%s, fewer than the window of %zu: set data.text.window",
                       r->path, r->windows->symbol_count,
                       r->document_count > 1 ? " in all of its texts"
                       : r->held_out         ? r->test ? " in the lines that are held out" : " in its training lines"
                                             : "",
                       r->text.window);
    if (r->shorter > 0)
        gm_warn("%s: %zu of %zu texts are shorter than the window of %zu, and are left out", r->path, r->shorter,
                r->tried, r->text.window);
    return GM_OK;
}

// ---- The data set ----

static gm_status fill(gm_dataset *dataset, reader *r) {
    gm_dataset_info *info = &dataset->info;
    const size_t count = r->options->count ? GM_MIN(r->options->count, r->item) : r->item;
    const bool bytes = r->windows->symbol_bytes == 1;
    info->count = count;
    info->channels = r->text.window;
    info->height = info->width = 1;
    info->splits = r->splits || r->held_out;
    GM_TRY(gm_dataset_set_items(dataset, r->path, bytes ? GM_DATASET_IMAGES : GM_DATASET_FLOATS));
    info->black = info->white = 0; // numbers of symbols, not brightness
    GM_TRY(gm_text_schema_copy(&dataset->text, &r->text));
    info->text = dataset->text;
    dataset->windows = r->windows;
    r->windows = NULL;
    if (r->text.label) {
        r->classes = (const char **)r->words.names;
        r->class_count = r->words.count;
    }
    if (!r->labels && !r->text.label)
        return GM_OK;
    GM_TRY(gm_dataset_set_classes(dataset, r->path, r->classes, r->class_count));
    GM_TRY(gm_alloc(&dataset->labels, count, sizeof *dataset->labels, r->path));
    const gm_windows *w = dataset->windows;
    for (size_t p = 0; p < w->piece_count; p++)
        for (size_t i = w->pieces[p].item; i < GM_MIN(count, p + 1 < w->piece_count ? w->pieces[p + 1].item : r->item);
             i++)
            dataset->labels[i] = w->pieces[p].label;
    return GM_OK;
}

static gm_status read_all(gm_dataset *dataset, reader *r) {
    if (r->options->text)
        r->text = *r->options->text;
    r->text.window = r->text.window > 0 ? r->text.window : GM_TEXT_WINDOW;
    if (r->text.label && !r->text.column)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: data.text.label names the classes of a table's texts: name their column, "
                       "too (data.text.column)",
                       r->path);
    r->document_count = r->source && r->source->folder ? r->tree.paths.count : 1;
    r->held_out = !r->splits && !r->options->whole;
    r->test = r->options->split == GM_SPLIT_TEST;
    if (r->options->class_count > 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is a text, of which data.classes chooses none: leave it out", r->path);
    GM_TRY(gm_alloc(&r->documents, r->document_count, sizeof *r->documents, r->path));
    for (r->at = 0; r->at < r->document_count; r->at++)
        GM_TRY(scan_document(r, r->at));
    GM_TRY(settle(r, &dataset->arena));
    GM_TRY(store(r));
    return fill(dataset, r);
}

static void finish(reader *r) {
    gm_tree_finish(&r->tree);
    gm_symbols_finish(&r->symbols);
    gm_symbols_finish(&r->words);
    gm_windows_destroy(&r->windows);
    free(r->labels);
    free(r->documents);
}

gm_status gm_texts_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    reader r = {.path = source->path, .options = options, .source = source};
    gm_status status = GM_OK;
    if (source->folder)
        status = gm_tree_open(&r.tree, source);
    if (status == GM_OK && source->folder)
        status = keep_texts(&r);
    if (status == GM_OK && source->folder)
        status = classify(&r, &dataset->arena);
    if (status == GM_OK)
        status = read_all(dataset, &r);
    finish(&r);
    return status;
}

gm_status gm_texts_parse(gm_dataset *dataset, const char *name, const void *data, size_t bytes,
                         const gm_dataset_options *options) {
    reader r = {.path = name, .options = options, .data = data ? data : "", .bytes = bytes};
    gm_status status = read_all(dataset, &r);
    finish(&r);
    return status;
}

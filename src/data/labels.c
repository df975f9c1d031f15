// Labels that stand in a file beside the pictures, labels.csv or StyleGAN's dataset.json, or in the list of them.
#include "data/labels.h"

#include "data/list.h"
#include "data/names.h"
#include "data/pairs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT         ((uint64_t)4 << 30)  // bytes of such a file
#define ARCHIVED_CSV  ((uint64_t)16 << 20) // of one in an archive, beside a thousand for each file there: what
#define ARCHIVED_JSON ((uint64_t)1 << 20)  // unpacks to more is hardly of them

enum { MOST_CLASSES = 1 << 20, LONGEST_NAME = 4096 };

// ---- Files that are not there ----

typedef struct absence {
    const char *within; // a folder, of whose files alone is told; NULL: of all
    size_t count;
    gm_text first;
} absence;

static void note_absent(absence *absent, const char *name, size_t length) {
    size_t folder = absent->within ? strlen(absent->within) : 0;
    if (absent->within && (length <= folder || memcmp(name, absent->within, folder) != 0 || name[folder] != '/'))
        return;
    if (absent->count++ == 0)
        gm_text_printf(&absent->first, "%.*s", (int)GM_MIN(length, (size_t)LONGEST_NAME), name);
}

static void tell_absent(absence *absent, const char *path) {
    if (absent->count > 0)
        gm_warn("%s: has labels of %zu files that are not there; the first is %s", path, absent->count,
                absent->first.failed ? "unknown" : absent->first.data);
    gm_text_finish(&absent->first);
}

// ---- labels.csv ----

typedef struct labelled {
    uint32_t file;
    gm_field label;
    size_t line;
} labelled;

typedef struct reading {
    labelled *lines;
    size_t count, capacity;
    gm_arena arena; // of their texts
} reading;

// Which file a line is of: the one that it names, or of a list the one that was listed there.
typedef struct finding {
    gm_names names;
    uint32_t *of_line; // of a list: (lines) from 1 on, files or GM_NO_FILE
    size_t lines;
    bool headed; // a list with a header
} finding;

static gm_status finding_init(finding *f, const gm_tree *tree, bool list) {
    *f = (finding){.headed = tree->form == GM_LIST_HEADED};
    if (!list)
        return gm_names_init(&f->names, tree);
    for (size_t file = 0; file < tree->paths.count; file++)
        f->lines = GM_MAX(f->lines, (size_t)tree->paths.files[file].entry + 1);
    GM_TRY(gm_alloc(&f->of_line, f->lines + 1, sizeof *f->of_line, "lines of a list"));
    memset(f->of_line, 0xff, f->lines * sizeof *f->of_line);
    for (size_t file = 0; file < tree->paths.count; file++)
        f->of_line[tree->paths.files[file].entry] = (uint32_t)file;
    return GM_OK;
}

static void finding_finish(finding *f) {
    gm_names_finish(&f->names);
    free(f->of_line);
}

// *header: it names no file, as the first line may.
static uint32_t find_file(const finding *f, size_t number, const gm_field *name, bool *header) {
    if (!f->of_line) {
        uint32_t file = gm_names_find(&f->names, name->text, name->length);
        *header = file == GM_NO_FILE;
        return file;
    }
    *header = f->headed;
    return number < f->lines ? f->of_line[number] : GM_NO_FILE;
}

static gm_status read_lines(reading *all, const char *name, const char *data, size_t bytes, const finding *files,
                            absence *absent) {
    const char *end = data + bytes, *line = data + (bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    char separator = 0;
    for (size_t number = 1; line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line)), *next = stop ? stop + 1 : end;
        stop = stop ? stop : end;
        while (stop > line && (stop[-1] == '\r' || stop[-1] == ' '))
            stop--;
        size_t length = files->of_line ? gm_list_trim(&line, stop) : (size_t)(stop - line);
        if (length > 0) {
            gm_field fields[2];
            bool first = separator == 0, header;
            separator = first ? gm_pair_separator(line, line + length) : separator;
            GM_TRY(gm_pair_parse(name, number, line, line + length, separator, &all->arena, fields));
            uint32_t file = find_file(files, number, &fields[0], &header);
            GM_TRY(gm_grow(&all->lines, all->count, &all->capacity, sizeof *all->lines, "labels"));
            if (!first || !header)
                all->lines[all->count++] = (labelled){file, fields[1], number};
            if (!first && file == GM_NO_FILE && !files->of_line)
                note_absent(absent, fields[0].text, fields[0].length);
        }
        line = next;
    }
    return GM_OK;
}

// A whole number from 0 on; -1: none.
static int32_t parse_number(const gm_field *f) {
    int32_t value = 0;
    for (size_t i = 0; i < f->length; i++) {
        if (f->text[i] < '0' || f->text[i] > '9' || value > MOST_CLASSES)
            return -1;
        value = 10 * value + (f->text[i] - '0');
    }
    return value;
}

static int compare_fields(const void *a, const void *b) {
    const gm_field *x = a, *y = b;
    int order = memcmp(x->text, y->text, GM_MIN(x->length, y->length));
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

// Line i gives its file the label, unless one before it gave another.
static gm_status set_label(gm_labels *labels, const char *name, const reading *all, size_t i, int32_t label) {
    uint32_t file = all->lines[i].file;
    size_t before = 0;
    if (file == GM_NO_FILE)
        return GM_OK;
    if (labels->of_file[file] >= 0 && labels->of_file[file] != label) {
        while (all->lines[before].file != file)
            before++;
        const gm_field *x = &all->lines[before].label, *y = &all->lines[i].label;
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: gives a file the label %.*s that has %.*s in line %zu: leave one",
                       name, all->lines[i].line, (int)y->length, y->text, (int)x->length, x->text,
                       all->lines[before].line);
    }
    labels->of_file[file] = label;
    return GM_OK;
}

static gm_status number_classes(gm_labels *labels, const char *name, const reading *all, bool *numbered) {
    *numbered = true;
    for (size_t i = 0; i < all->count && *numbered; i++)
        *numbered = parse_number(&all->lines[i].label) >= 0;
    for (size_t i = 0; i < all->count && *numbered; i++) {
        int32_t label = parse_number(&all->lines[i].label);
        if (label >= MOST_CLASSES)
            return gm_fail(GM_ERROR_FORMAT, "%s: has a label %d: numbers of classes are below %d", name, (int)label,
                           MOST_CLASSES);
        labels->class_count = GM_MAX(labels->class_count, (size_t)label + 1);
        GM_TRY(set_label(labels, name, all, i, label));
    }
    return GM_OK;
}

static gm_status name_classes(gm_labels *labels, const char *name, const reading *all, gm_arena *arena) {
    gm_field *names;
    size_t count = 0;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&names, all->count + 1, sizeof *names, name));
    for (size_t i = 0; i < all->count; i++)
        names[i] = all->lines[i].label;
    qsort(names, all->count, sizeof *names, compare_fields);
    for (size_t i = 0; i < all->count; i++)
        if (count == 0 || compare_fields(&names[count - 1], &names[i]) != 0)
            names[count++] = names[i];
    labels->classes = gm_arena_alloc(arena, count * sizeof *labels->classes);
    labels->class_count = count;
    if (count > MOST_CLASSES)
        status =
            gm_fail(GM_ERROR_FORMAT, "%s: has %zu different labels: at most %d are read", name, count, MOST_CLASSES);
    for (size_t k = 0; status == GM_OK && labels->classes && k < count; k++)
        if (!(labels->classes[k] = gm_arena_printf(arena, "%.*s", (int)names[k].length, names[k].text)))
            labels->classes = NULL;
    if (status == GM_OK && !labels->classes)
        status = gm_fail_memory(count * sizeof *labels->classes, "class names");
    for (size_t i = 0; status == GM_OK && i < all->count; i++) {
        const gm_field *found = bsearch(&all->lines[i].label, names, count, sizeof *names, compare_fields);
        status = set_label(labels, name, all, i, (int32_t)(found - names));
    }
    free(names);
    return status;
}

static gm_status start(gm_labels *labels, const char *name, const gm_tree *tree) {
    GM_TRY(gm_alloc(&labels->of_file, tree->paths.count + 1, sizeof *labels->of_file, name));
    memset(labels->of_file, 0xff, tree->paths.count * sizeof *labels->of_file);
    return GM_OK;
}

static gm_status parse_csv(gm_labels *labels, const gm_label_file *file, const gm_tree *tree, gm_arena *arena) {
    const char *name = file->path;
    finding files = {0};
    reading all = {0};
    absence absent = {.within = file->within};
    bool numbered;
    gm_status status = start(labels, name, tree);
    if (status == GM_OK && memchr(file->data, '\0', file->bytes))
        status = gm_fail(GM_ERROR_FORMAT, "%s: is no text in UTF-8: it has a byte of zero", name);
    if (status == GM_OK)
        status = finding_init(&files, tree, file->list);
    if (status == GM_OK)
        status = read_lines(&all, name, file->data, file->bytes, &files, &absent);
    if (status == GM_OK && all.count == 0)
        status = gm_fail(GM_ERROR_FORMAT, "%s: has no labels: expected lines of FILE,LABEL", name);
    if (status == GM_OK)
        status = number_classes(labels, name, &all, &numbered);
    if (status == GM_OK && !numbered)
        status = name_classes(labels, name, &all, arena);
    tell_absent(&absent, name);
    free(all.lines);
    gm_arena_finish(&all.arena);
    finding_finish(&files);
    return status;
}

// ---- dataset.json ----

static uint32_t find_named(const json_t *pair, const gm_names *table) {
    const json_t *file = json_array_get(pair, 0);
    return gm_names_find(table, json_string_value(file), json_string_length(file));
}

static gm_status refuse_second(const char *name, const json_t *list, size_t index, const gm_names *table) {
    uint32_t file = find_named(json_array_get(list, index), table);
    size_t before = 0;
    while (find_named(json_array_get(list, before), table) != file)
        before++;
    return gm_fail(GM_ERROR_FORMAT, "%s: its labels %zu and %zu give %s two classes: leave one", name, before, index,
                   json_string_value(json_array_get(json_array_get(list, index), 0)));
}

static gm_status read_pair(gm_labels *labels, const char *name, size_t index, const json_t *list, const gm_names *table,
                           absence *absent) {
    const json_t *pair = json_array_get(list, index), *file = json_array_get(pair, 0), *label = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || !json_is_string(file) || !json_is_integer(label))
        return gm_fail(GM_ERROR_FORMAT, "%s: its label %zu is no pair of a file's name and a whole number", name,
                       index);
    json_int_t value = json_integer_value(label);
    if (value < 0 || value >= MOST_CLASSES)
        return gm_fail(GM_ERROR_FORMAT, "%s: its label %zu is %lld: numbers of classes are 0 to %d", name, index,
                       (long long)value, MOST_CLASSES - 1);
    uint32_t found = find_named(pair, table);
    labels->class_count = GM_MAX(labels->class_count, (size_t)value + 1);
    if (found == GM_NO_FILE) {
        note_absent(absent, json_string_value(file), json_string_length(file));
        return GM_OK;
    }
    if (labels->of_file[found] >= 0 && labels->of_file[found] != (int32_t)value)
        return refuse_second(name, list, index, table);
    labels->of_file[found] = (int32_t)value;
    return GM_OK;
}

static gm_status parse_json(gm_labels *labels, const gm_label_file *file, const gm_tree *tree) {
    const char *name = file->path;
    json_error_t error;
    gm_names table = {0};
    absence absent = {.within = file->within};
    json_t *root = json_loadb(file->data, file->bytes, 0, &error);
    if (!root)
        return gm_fail(GM_ERROR_FORMAT, "%s:%d: is no JSON: %s", name, error.line, error.text);
    const json_t *list = json_object_get(root, "labels");
    gm_status status = GM_OK;
    if (!json_is_object(root) || (list && !json_is_null(list) && !json_is_array(list)))
        GM_TRY_DONE(gm_fail(GM_ERROR_FORMAT,
                            "%s: is no StyleGAN dataset.json: expected {\"labels\": [[FILE, NUMBER], ...]}", name));
    if (!list || json_is_null(list) || json_array_size(list) == 0)
        goto done;
    GM_TRY_DONE(start(labels, name, tree));
    GM_TRY_DONE(gm_names_init(&table, tree));
    for (size_t i = 0; i < json_array_size(list); i++)
        GM_TRY_DONE(read_pair(labels, name, i, list, &table, &absent));
done:
    tell_absent(&absent, name);
    gm_names_finish(&table);
    json_decref(root);
    return status;
}

// ---- Either ----

static uint64_t limit_of(const gm_tree *tree, bool json) {
    uint64_t archived = (json ? ARCHIVED_JSON : ARCHIVED_CSV) + 1000 * (uint64_t)tree->paths.count;
    return tree->zip ? GM_MIN(archived, LIMIT) : LIMIT;
}

static gm_status read_label_file(gm_label_file *file, const gm_tree *tree, size_t found) {
    if (!file->list) {
        GM_TRY(gm_tree_path(tree, found, &file->path));
        return gm_tree_read(tree, found, limit_of(tree, file->json), 0, &file->data, &file->bytes);
    }
    size_t bytes = strlen(tree->path) + 1;
    GM_TRY(gm_alloc(&file->path, bytes, 1, "a file name"));
    memcpy(file->path, tree->path, bytes);
    return gm_file_read(file->path, LIMIT, &file->data, &file->bytes);
}

gm_status gm_label_file_read(gm_label_file *file, const gm_tree *tree) {
    size_t csv = gm_tree_find(tree, "labels.csv"), json = gm_tree_find(tree, "dataset.json");
    size_t found = csv < tree->paths.count ? csv : json;
    bool list = tree->form >= GM_LIST_LABELLED;
    *file = (gm_label_file){.json = !list && found == json, .list = list};
    if (!list && found == tree->paths.count)
        return GM_OK;
    gm_status status = read_label_file(file, tree, found);
    if (status != GM_OK)
        gm_label_file_finish(file);
    return status;
}

void gm_label_file_finish(gm_label_file *file) {
    free(file->path);
    free(file->data);
    *file = (gm_label_file){0};
}

gm_status gm_labels_parse(gm_labels *labels, const gm_label_file *file, const gm_tree *tree, gm_arena *arena) {
    *labels = (gm_labels){0};
    gm_status status = file->json ? parse_json(labels, file, tree) : parse_csv(labels, file, tree, arena);
    if (status != GM_OK)
        gm_labels_finish(labels);
    return status;
}

void gm_labels_finish(gm_labels *labels) {
    free(labels->of_file);
    *labels = (gm_labels){0};
}

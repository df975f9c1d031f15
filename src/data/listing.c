// Files of one kind in a folder, a zip archive or a list: which of them, their classes, labels and splits.
//
// A name that ends as one of the kind is taken for one, so that a file that is none is refused and not lost; of others
// the first bytes tell. Long because what is found depends on classes, labels and splits alike.
#include "data/listing.h"

#include "data/chosen.h"
#include "data/classes.h"
#include "data/clip_files.h"
#include "data/labels.h"
#include "data/magic.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 4096 }; // first bytes that tell a kind

static const char *const splits[] = {[GM_SPLIT_TRAIN] = "train", [GM_SPLIT_TEST] = "test"};

void gm_listing_finish(gm_listing *list) {
    gm_tree_finish(&list->tree);
    free(list->labels);
    *list = (gm_listing){0};
}

// ---- Which files are of the kind ----

typedef struct telling {
    const gm_tree *tree;
    const gm_file_kind *kind;
    uint8_t *items; // (files) whether it is of the kind
    bool skip;      // what cannot be read is damaged, which shows again when it is decoded
    pthread_mutex_t mutex;
    size_t other; // under the mutex: the first file that is known to be something else, and what
    const char *other_kind;
} telling;

static gm_status tell(void *user, size_t file) {
    telling *t = user;
    uint8_t head[HEAD];
    size_t bytes;
    t->items[file] = t->kind->is_called(gm_paths_name(&t->tree->paths, file));
    if (t->items[file])
        return GM_OK;
    gm_status status = gm_tree_read_start(t->tree, file, head, sizeof head, &bytes);
    if (status != GM_OK) {
        t->items[file] = 1;
        return t->skip && status != GM_ERROR_MEMORY ? GM_OK : status;
    }
    t->items[file] = t->kind->tell(head, bytes) != NULL;
    const char *kind = t->items[file] ? NULL : gm_magic_describe(head, bytes);
    pthread_mutex_lock(&t->mutex);
    if (kind && file < t->other) {
        t->other = file;
        t->other_kind = kind;
    }
    pthread_mutex_unlock(&t->mutex);
    return GM_OK;
}

static gm_status refuse_empty(const telling *t) {
    char *path;
    if (!t->other_kind)
        return gm_fail(GM_ERROR_IO, "%s: holds no %s%s", t->tree->path, t->kind->noun,
                       t->tree->zip || t->tree->form ? "" : t->kind->others);
    GM_TRY(gm_tree_path(t->tree, t->other, &path));
    gm_status status =
        gm_fail(GM_ERROR_IO, "%s: holds no %s: %s is %s", t->tree->path, t->kind->noun, path, t->other_kind);
    free(path);
    return status;
}

// Leaves the files of the kind, and their labels.
static gm_status keep_items(gm_listing *list, const gm_dataset_options *options) {
    size_t count = list->tree.paths.count, left = 0;
    telling t = {.tree = &list->tree,
                 .kind = list->kind,
                 .skip = options->damaged == GM_DAMAGED_SKIP,
                 .mutex = PTHREAD_MUTEX_INITIALIZER,
                 .other = count};
    gm_status status;
    GM_TRY(gm_alloc(&t.items, count + 1, 1, "a list of files"));
    GM_TRY_DONE(gm_parallel(gm_reader_count(), count, tell, &t));
    for (size_t i = 0; i < count; i++)
        left += t.items[i];
    if (left == 0)
        GM_TRY_DONE(refuse_empty(&t));
    for (size_t i = 0, at = 0; list->labels && i < count; i++)
        if (t.items[i])
            list->labels[at++] = list->labels[i];
    gm_paths_keep(&list->tree.paths, t.items);
done:
    free(t.items);
    return status;
}

// ---- Classes ----

static gm_status check_labels(const gm_listing *list, const char *label_file) {
    char *path;
    size_t count = list->labels ? list->tree.paths.count : 0, without = 0, first = 0;
    for (size_t i = count; i-- > 0;)
        if (list->labels[i] < 0) {
            first = i;
            without++;
        }
    if (without == 0)
        return GM_OK;
    GM_TRY(gm_tree_path(&list->tree, first, &path));
    gm_status status = without == 1 ? gm_fail(GM_ERROR_FORMAT, "%s: has no label for %s", label_file, path)
                                    : gm_fail(GM_ERROR_FORMAT, "%s: has no label for %s and %zu others", label_file,
                                              path, without - 1);
    free(path);
    return status;
}

// By the first part of each.
static int compare_classes(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t left = strcspn(x, "/"), right = strcspn(y, "/");
    int order = memcmp(x, y, GM_MIN(left, right));
    return order ? order : (left > right) - (left < right);
}

// The folders of the first level, once each, in order of name: from malloc, with what follows them in the paths.
static gm_status find_classes(const gm_paths *paths, const char ***classes, size_t *count) {
    size_t capacity = 0, left = 0;
    for (size_t i = 0; i < paths->count; i++) {
        const char *folder = gm_paths_folder(paths, i);
        if (*count > 0 && compare_classes(&folder, *classes + *count - 1) == 0)
            continue;
        GM_TRY(gm_grow(classes, *count, &capacity, sizeof **classes, "classes"));
        (*classes)[(*count)++] = folder;
    }
    qsort(*classes, *count, sizeof **classes, compare_classes);
    for (size_t i = 0; i < *count; i++)
        if (left == 0 || compare_classes(*classes + left - 1, *classes + i) != 0)
            (*classes)[left++] = (*classes)[i];
    *count = left;
    return GM_OK;
}

static gm_status set_classes(gm_listing *list, const char **classes, gm_arena *arena) {
    const gm_paths *paths = &list->tree.paths;
    list->classes = gm_arena_alloc(arena, list->class_count * sizeof *list->classes);
    for (size_t k = 0; list->classes && k < list->class_count; k++) {
        char *name = gm_arena_printf(arena, "%.*s", (int)strcspn(classes[k], "/"), classes[k]);
        if (name)
            gm_class_name(name);
        list->classes[k] = name;
        if (!name)
            list->classes = NULL;
    }
    if (!list->classes)
        return gm_fail_memory(list->class_count * sizeof *list->classes, "class names");
    GM_TRY(gm_alloc(&list->labels, paths->count, sizeof *list->labels, list->tree.path));
    for (size_t i = 0; i < paths->count; i++) {
        const char *folder = gm_paths_folder(paths, i);
        const char **found = bsearch(&folder, classes, list->class_count, sizeof *classes, compare_classes);
        list->labels[i] = (int32_t)(found - classes);
    }
    return GM_OK;
}

static gm_status refuse_strays(const gm_listing *list, size_t stray, size_t classed) {
    char *path;
    GM_TRY(gm_tree_path(&list->tree, stray, &path));
    const char *folder = gm_paths_folder(&list->tree.paths, classed);
    gm_status status =
        gm_fail(GM_ERROR_ARGUMENT,
                "%s: has %s (%s) beside folders of %s (%.*s): leave either the classes or the "
                "files, or say the classes in labels.csv",
                list->tree.path, list->kind->noun, path, list->kind->noun, (int)strcspn(folder, "/"), folder);
    free(path);
    return status;
}

gm_status gm_listing_classify(gm_listing *list, size_t stray, size_t classed, gm_arena *arena) {
    const size_t count = list->tree.paths.count;
    const char **classes = NULL;
    if (classed == count)
        return GM_OK;
    if (stray < count)
        return refuse_strays(list, stray, classed);
    gm_status status = find_classes(&list->tree.paths, &classes, &list->class_count);
    if (status == GM_OK)
        status = set_classes(list, classes, arena);
    free(classes);
    return status;
}

// Every file lies in a folder, whose name on the first level is its class, or none does.
static gm_status classify(gm_listing *list, gm_arena *arena) {
    const gm_paths *paths = &list->tree.paths;
    size_t count = paths->count, stray = count, classed = count;
    for (size_t i = count; i-- > 0;)
        *(*gm_paths_folder(paths, i) ? &classed : &stray) = i;
    return gm_listing_classify(list, stray, classed, arena);
}

// ---- How many ----

typedef struct ranked {
    gm_path file;
    size_t rank; // among those of its label
    int32_t label;
} ranked;

static int compare_ranks(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->label < y->label ? -1 : x->label > y->label;
}

// The first file of each class, then the second of each, and so on: however few, they are of all classes.
static gm_status take_first(gm_listing *list, size_t count) {
    gm_paths *paths = &list->tree.paths;
    ranked *files = NULL;
    size_t *next = NULL;
    gm_status status;
    if (count == 0 || count >= paths->count)
        return GM_OK;
    GM_TRY_DONE(gm_alloc(&files, paths->count, sizeof *files, "a list of files"));
    GM_TRY_DONE(gm_alloc(&next, list->class_count + 1, sizeof *next, "classes"));
    for (size_t i = 0; i < paths->count; i++) {
        int32_t label = list->labels ? list->labels[i] : 0;
        files[i] = (ranked){paths->files[i], next[label]++, label};
    }
    qsort(files, paths->count, sizeof *files, compare_ranks);
    for (size_t i = 0; i < count; i++) {
        paths->files[i] = files[i].file;
        if (list->labels)
            list->labels[i] = files[i].label;
    }
    paths->count = count;
done:
    free(files);
    free(next);
    return status;
}

// ---- The whole list ----

// Folders of items that are no splits would be lost beside one, or classes of their own with it as another.
static gm_status refuse_beside_splits(const gm_tree *tree, const gm_file_kind *kind, const char *split) {
    static const char *const known[] = {"train", "test", "val", "valid", "validation"};
    for (size_t i = 0; i < tree->paths.count; i++) {
        const char *folder = gm_paths_folder(&tree->paths, i);
        size_t length = strcspn(folder, "/");
        bool passed = length == 0 || !kind->is_called(gm_paths_name(&tree->paths, i));
        for (size_t k = 0; k < GM_COUNT(known) && !passed; k++)
            passed = strlen(known[k]) == length && memcmp(folder, known[k], length) == 0;
        if (!passed)
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: has %s in the folder %.*s beside %s, which is a split: move %.*s elsewhere, or "
                           "rename %s if it is a class",
                           tree->path, kind->noun, (int)length, folder, split, (int)length, folder, split);
    }
    return GM_OK;
}

// Enters the folder of the split, where there are such.
static gm_status enter_split(gm_listing *list, const gm_dataset_options *options, bool labelled) {
    gm_tree *tree = &list->tree;
    bool test = options->split == GM_SPLIT_TEST;
    bool has_train = gm_paths_have_folder(&tree->paths, splits[GM_SPLIT_TRAIN]);
    bool has_test = gm_paths_have_folder(&tree->paths, splits[GM_SPLIT_TEST]);
    bool split = has_train && (!test || has_test);
    if (has_train || (has_test && !labelled))
        GM_TRY(refuse_beside_splits(tree, list->kind, splits[has_train ? GM_SPLIT_TRAIN : GM_SPLIT_TEST]));
    if (!split && test && (has_train || !options->whole))
        return gm_fail(GM_ERROR_IO, "%s: has no test %s: expected the folders %s/train and %s/test", tree->path,
                       list->kind->noun, tree->path, tree->path);
    list->split = split;
    if (split)
        gm_paths_enter(&tree->paths, splits[options->split]);
    return GM_OK;
}

// The labels of a file in the split's folder, or of one beside the splits, which names files from there.
static gm_status find_labels(gm_listing *list, const gm_dataset_options *options, gm_arena *arena, char **label_file) {
    gm_label_file outer, inner = {0};
    gm_labels labels = {0};
    size_t root = list->tree.paths.root;
    GM_TRY(gm_label_file_read(&outer, &list->tree));
    gm_status status = enter_split(list, options, outer.path != NULL);
    size_t entered = list->tree.paths.root;
    if (status == GM_OK && entered != root)
        status = gm_label_file_read(&inner, &list->tree);
    gm_label_file *file = inner.path ? &inner : outer.path ? &outer : NULL;
    if (status == GM_OK && file) {
        list->tree.paths.root = file == &inner ? entered : root;
        file->within = file == &outer && entered != root ? splits[options->split] : NULL;
        status = gm_labels_parse(&labels, file, &list->tree, arena);
        list->tree.paths.root = entered;
        list->labels = labels.of_file;
        list->class_count = labels.class_count;
        list->classes = labels.classes;
        *label_file = file->path;
        file->path = NULL;
    }
    gm_label_file_finish(&outer);
    gm_label_file_finish(&inner);
    return status;
}

gm_status gm_listing_open(gm_listing *list, const gm_file_kind *kind, const gm_source *source,
                          const gm_dataset_options *options, gm_arena *arena) {
    char *label_file = NULL;
    gm_status status;
    *list = (gm_listing){.kind = kind};
    GM_TRY_DONE(gm_tree_open(&list->tree, source));
    GM_TRY_DONE(find_labels(list, options, arena, &label_file));
    GM_TRY_DONE(keep_items(list, options));
    if (label_file)
        GM_TRY_DONE(check_labels(list, label_file));
    if (kind->framed && gm_clips_are_wanted(options)) { // whose classes show when their frames have been counted
        status = gm_clip_files_sort(&list->tree, list->labels);
        goto done;
    }
    if (!label_file)
        GM_TRY_DONE(classify(list, arena));
    GM_TRY_DONE(
        gm_chosen_keep_files(&list->tree, list->kind->noun, list->labels, list->classes, list->class_count, options));
    status = take_first(list, options->count);
done:
    free(label_file);
    if (status != GM_OK)
        gm_listing_finish(list);
    return status;
}

gm_status gm_listing_open_all(gm_listing *list, const gm_file_kind *kind, const gm_source *source,
                              const gm_dataset_options *options, gm_arena *arena) {
    gm_dataset_options all = *options;
    all.damaged = GM_DAMAGED_SKIP;
    return gm_listing_open(list, kind, source, &all, arena);
}

// Pictures in a folder, a zip archive or a list as a data set; sub-folders are the classes, unless a file has the
// labels.
//
// A name that ends as a picture's is taken for one, so that a file that is none is refused and not lost; of others the
// first bytes tell. Pictures are decoded once and kept where they all fit into a quarter of the machine's memory; else
// the list of files stays, and each is decoded whenever it is wanted. Long because what is found depends on classes,
// labels and splits alike, and clips are made of the same files.
#include "data/folder.h"

#include "data/chosen.h"
#include "data/classes.h"
#include "data/clip_files.h"
#include "data/labels.h"
#include "data/magic.h"
#include "data/partners.h"
#include "data/picture.h"
#include "data/picture_files.h"
#include "data/pictures.h"

#include <stdlib.h>
#include <string.h>

static const char *const splits[] = {[GM_SPLIT_TRAIN] = "train", [GM_SPLIT_TEST] = "test"};

// The pictures of a source before any is decoded.
typedef struct listing {
    gm_tree tree;
    int32_t *labels;      // of the tree's files; NULL: none
    const char **classes; // in the arena; NULL: they have numbers
    size_t class_count;
    bool split; // it is one of two in the source
} listing;

static void listing_finish(listing *list) {
    gm_tree_finish(&list->tree);
    free(list->labels);
}

// ---- Which files are pictures ----

typedef struct telling {
    const gm_tree *tree;
    uint8_t *pictures; // (files) whether it is one
    bool skip;         // what cannot be read is damaged, which shows again when it is decoded
    pthread_mutex_t mutex;
    size_t other; // under the mutex: the first file that is known to be something else, and what
    const char *other_kind;
} telling;

static gm_status tell(void *user, size_t file) {
    telling *t = user;
    uint8_t head[GM_PICTURE_HEAD];
    size_t bytes;
    t->pictures[file] = gm_path_is_picture(gm_paths_name(&t->tree->paths, file));
    if (t->pictures[file])
        return GM_OK;
    gm_status status = gm_tree_read_start(t->tree, file, head, sizeof head, &bytes);
    if (status != GM_OK) {
        t->pictures[file] = 1;
        return t->skip && status != GM_ERROR_MEMORY ? GM_OK : status;
    }
    t->pictures[file] = gm_picture_tell(head, bytes) != NULL;
    const char *kind = t->pictures[file] ? NULL : gm_magic_describe(head, bytes);
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
        return gm_fail(GM_ERROR_IO, "%s: holds no pictures%s", t->tree->path,
                       t->tree->zip || t->tree->form ? "" : ", IDX files or CIFAR-10 batches");
    GM_TRY(gm_tree_path(t->tree, t->other, &path));
    gm_status status = gm_fail(GM_ERROR_IO, "%s: holds no pictures: %s is %s", t->tree->path, path, t->other_kind);
    free(path);
    return status;
}

// Leaves the pictures among the files, and their labels.
static gm_status keep_pictures(listing *list, const gm_dataset_options *options) {
    size_t count = list->tree.paths.count, left = 0;
    telling t = {.tree = &list->tree,
                 .skip = options->damaged == GM_DAMAGED_SKIP,
                 .mutex = PTHREAD_MUTEX_INITIALIZER,
                 .other = count};
    gm_status status;
    GM_TRY(gm_alloc(&t.pictures, count + 1, 1, "a list of files"));
    GM_TRY_DONE(gm_parallel(gm_reader_count(), count, tell, &t));
    for (size_t i = 0; i < count; i++)
        left += t.pictures[i];
    if (left == 0)
        GM_TRY_DONE(refuse_empty(&t));
    for (size_t i = 0, at = 0; list->labels && i < count; i++)
        if (t.pictures[i])
            list->labels[at++] = list->labels[i];
    gm_paths_keep(&list->tree.paths, t.pictures);
done:
    free(t.pictures);
    return status;
}

// ---- Classes ----

static gm_status check_labels(const listing *list, const char *label_file) {
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

static gm_status set_classes(listing *list, const char **classes, gm_arena *arena) {
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

static gm_status refuse_strays(const listing *list, size_t stray, size_t classed) {
    char *path;
    GM_TRY(gm_tree_path(&list->tree, stray, &path));
    const char *folder = gm_paths_folder(&list->tree.paths, classed);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT,
                               "%s: has pictures (%s) beside folders of pictures (%.*s): leave either the classes or "
                               "the files, or say the classes in labels.csv",
                               list->tree.path, path, (int)strcspn(folder, "/"), folder);
    free(path);
    return status;
}

static gm_status take_classes(listing *list, gm_arena *arena) {
    const char **classes = NULL;
    gm_status status = find_classes(&list->tree.paths, &classes, &list->class_count);
    if (status == GM_OK)
        status = set_classes(list, classes, arena);
    free(classes);
    return status;
}

// Every picture lies in a folder, whose name on the first level is its class, or none does.
static gm_status classify(listing *list, gm_arena *arena) {
    const gm_paths *paths = &list->tree.paths;
    size_t count = paths->count, stray = count, classed = count;
    for (size_t i = count; i-- > 0;)
        *(*gm_paths_folder(paths, i) ? &classed : &stray) = i;
    if (classed == count)
        return GM_OK;
    return stray < count ? refuse_strays(list, stray, classed) : take_classes(list, arena);
}

// Of clips: the folders in which all of them lie.
static gm_status classify_clips(listing *list, gm_clip_files *clips, gm_arena *arena) {
    size_t stray = clips->count, classed = clips->count;
    for (size_t i = clips->count; i-- > 0;)
        *(gm_clip_files_have_class(clips, i) ? &classed : &stray) = i;
    if (classed == clips->count)
        return GM_OK;
    if (stray < clips->count)
        return refuse_strays(list, clips->films[stray].first, clips->films[classed].first);
    GM_TRY(take_classes(list, arena));
    for (size_t i = 0; i < clips->count; i++)
        clips->films[i].label = list->labels[clips->films[i].first];
    return GM_OK;
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

// The first picture of each class, then the second of each, and so on: however few, they are of all classes.
static gm_status take_first(listing *list, size_t count) {
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

// Folders of pictures that are no splits would be lost beside one, or classes of their own with it as another.
static gm_status refuse_beside_splits(const gm_tree *tree, const char *split) {
    static const char *const known[] = {"train", "test", "val", "valid", "validation"};
    for (size_t i = 0; i < tree->paths.count; i++) {
        const char *folder = gm_paths_folder(&tree->paths, i);
        size_t length = strcspn(folder, "/");
        bool passed = length == 0 || !gm_path_is_picture(gm_paths_name(&tree->paths, i));
        for (size_t k = 0; k < GM_COUNT(known) && !passed; k++)
            passed = strlen(known[k]) == length && memcmp(folder, known[k], length) == 0;
        if (!passed)
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: has pictures in the folder %.*s beside %s, which is a split: move %.*s elsewhere, or "
                           "rename %s if it is a class",
                           tree->path, (int)length, folder, split, (int)length, folder, split);
    }
    return GM_OK;
}

// Enters the folder of the split, where there are such.
static gm_status enter_split(gm_tree *tree, const gm_dataset_options *options, bool labelled, bool *entered) {
    bool test = options->split == GM_SPLIT_TEST;
    bool has_train = gm_paths_have_folder(&tree->paths, splits[GM_SPLIT_TRAIN]);
    bool has_test = gm_paths_have_folder(&tree->paths, splits[GM_SPLIT_TEST]);
    bool split = has_train && (!test || has_test);
    if (has_train || (has_test && !labelled))
        GM_TRY(refuse_beside_splits(tree, splits[has_train ? GM_SPLIT_TRAIN : GM_SPLIT_TEST]));
    if (!split && test && (has_train || !options->whole))
        return gm_fail(GM_ERROR_IO, "%s: has no test pictures: expected the folders %s/train and %s/test", tree->path,
                       tree->path, tree->path);
    *entered = split;
    if (split)
        gm_paths_enter(&tree->paths, splits[options->split]);
    return GM_OK;
}

// The labels of a file in the split's folder, or of one beside the splits, which names files from there.
static gm_status find_labels(listing *list, const gm_dataset_options *options, gm_arena *arena, char **label_file) {
    gm_label_file outer, inner = {0};
    gm_labels labels = {0};
    size_t root = list->tree.paths.root;
    GM_TRY(gm_label_file_read(&outer, &list->tree));
    gm_status status = enter_split(&list->tree, options, outer.path != NULL, &list->split);
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

static gm_status list_pictures(listing *list, const gm_source *source, const gm_dataset_options *options,
                               gm_arena *arena) {
    char *label_file = NULL;
    gm_status status;
    *list = (listing){0};
    GM_TRY_DONE(gm_tree_open(&list->tree, source));
    GM_TRY_DONE(find_labels(list, options, arena, &label_file));
    GM_TRY_DONE(keep_pictures(list, options));
    if (label_file)
        GM_TRY_DONE(check_labels(list, label_file));
    if (gm_clips_are_wanted(options)) { // whose classes show when their frames have been counted
        status = gm_clip_files_sort(&list->tree, list->labels);
        goto done;
    }
    if (!label_file)
        GM_TRY_DONE(classify(list, arena));
    GM_TRY_DONE(gm_chosen_keep_files(&list->tree, list->labels, list->classes, list->class_count, options));
    status = take_first(list, options->count);
done:
    free(label_file);
    if (status != GM_OK)
        listing_finish(list);
    return status;
}

// ---- The interface ----

static gm_status fill(gm_dataset *dataset, gm_pictures *pictures, const gm_dataset_options *options) {
    const char *path = pictures->tree.path;
    gm_dataset_info *info = &dataset->info;
    GM_TRY(gm_pictures_measure(pictures, options, info, &dataset->labels));
    GM_TRY(gm_dataset_set_items(dataset, path, info->kind));
    pictures->info = *info;
    if (options->item_names && !pictures->pages && options->damaged == GM_DAMAGED_STOP)
        GM_TRY(gm_partners_name(dataset, &pictures->tree.paths));
    if (gm_pictures_shall_be_held(options, info->count, info->item_bytes)) {
        GM_TRY(gm_alloc(&dataset->items, info->count, info->item_bytes, path));
        GM_TRY(gm_pictures_decode(pictures, dataset->items));
        info->count = pictures->info.count;
        return GM_OK;
    }
    gm_debug("%s: its %zu pictures are decoded whenever they are wanted", path, info->count);
    pictures->tree.path = gm_arena_string(&dataset->arena, path);
    return pictures->tree.path ? GM_OK : gm_fail_memory(strlen(path), "a name");
}

bool gm_folder_tell_zip(const gm_source *source) {
    return gm_zip_tell(source->path, source->head, source->head_bytes);
}

// Clips of the frames in memory, and their classes.
static gm_status cut_clips(gm_dataset *dataset, listing *list, const gm_pictures *pictures,
                           const gm_dataset_options *options) {
    gm_clip_files clips;
    const bool listed = dataset->labels != NULL; // by a file
    gm_status status;
    list->labels = NULL;
    GM_TRY_DONE(gm_clip_files_group(&clips, &list->tree, pictures->pages, dataset->labels));
    if (!listed)
        GM_TRY_DONE(classify_clips(list, &clips, &dataset->arena));
    status = gm_clips_make(dataset, list->tree.path, clips.films, clips.count, list->class_count > 0,
                           gm_clip_files_name, &clips, options);
done:
    gm_clip_files_finish(&clips);
    return status;
}

static gm_status open_clips(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    listing list;
    gm_pictures *pictures = NULL;
    gm_dataset_options frames;
    gm_status status;
    GM_TRY(gm_clip_files_options(source->path, options, &frames));
    GM_TRY(list_pictures(&list, source, options, &dataset->arena));
    GM_TRY_DONE(gm_pictures_create(&pictures, &list.tree, list.labels, &frames));
    dataset->labels = list.labels;
    dataset->info.splits = list.split;
    list.labels = NULL;
    GM_TRY_DONE(fill(dataset, pictures, &frames));
    list.tree = pictures->tree; // with a file for each frame
    pictures->tree = (gm_tree){0};
    GM_TRY_DONE(cut_clips(dataset, &list, pictures, options));
    if (list.class_count > 0)
        status = gm_dataset_set_classes(dataset, source->path, list.classes, list.class_count);
done:
    listing_finish(&list);
    gm_pictures_destroy(&pictures);
    return status;
}

gm_status gm_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    listing list;
    gm_pictures *pictures = NULL;
    gm_status status;
    if (gm_clips_are_wanted(options))
        return open_clips(dataset, source, options);
    GM_TRY(gm_clips_check_unwanted(source->path, options));
    GM_TRY(list_pictures(&list, source, options, &dataset->arena));
    GM_TRY_DONE(gm_pictures_create(&pictures, &list.tree, list.labels, options));
    dataset->labels = list.labels;
    dataset->info.splits = list.split;
    list.labels = NULL;
    GM_TRY_DONE(fill(dataset, pictures, options));
    if (dataset->labels)
        GM_TRY_DONE(gm_dataset_set_classes(dataset, source->path, list.classes, list.class_count));
    if (!dataset->items) {
        dataset->pictures = pictures;
        pictures = NULL;
    }
done:
    listing_finish(&list);
    gm_pictures_destroy(&pictures);
    return status;
}

// All pictures, those that cannot be read among them.
static gm_status list_all(listing *list, const gm_source *source, const gm_dataset_options *options, gm_arena *arena) {
    gm_dataset_options all = *options;
    all.damaged = GM_DAMAGED_SKIP;
    return list_pictures(list, source, &all, arena);
}

gm_status gm_folder_check(const gm_source *source, const gm_dataset_options *options, gm_damage_callback damage,
                          void *user, size_t *count) {
    listing list;
    gm_arena arena = {0};
    gm_status status = list_all(&list, source, options, &arena);
    if (status == GM_OK) {
        status = gm_picture_files_check(&list.tree, damage, user, count);
        listing_finish(&list);
    }
    gm_arena_finish(&arena);
    return status;
}

gm_status gm_folder_survey(const gm_source *source, const gm_dataset_options *options, gm_counting *counting) {
    listing list;
    GM_TRY(list_all(&list, source, options, counting->arena));
    counting->survey.splits = list.split;
    gm_status status = list.labels ? gm_counting_set_classes(counting, list.classes, list.class_count) : GM_OK;
    if (status == GM_OK)
        status = gm_picture_files_survey(&list.tree, list.labels, options, counting);
    listing_finish(&list);
    return status;
}

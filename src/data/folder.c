// A folder of pictures as a data set; sub-folders are the classes.
//
// Every folder is listed once. Then two passes over the pictures: the headers first, since they decide on channels and
// size and show what does not fit together before hours of decoding; then every picture straight into its place.
#include "data/folder.h"

#include "data/items.h"
#include "data/magic.h"
#include "data/picture.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct picture_file {
    const char *path; // in the data set's arena
    int32_t label;
    size_t rank; // among those of its label
} picture_file;

// What the folder holds.
typedef struct listing {
    gm_arena *arena;
    picture_file *files; // class by class, each by name
    size_t count, capacity;
    const char **classes; // the names of folders that hold pictures
    size_t class_count, class_capacity;
    const char *other, *other_kind; // the first file that is known to be something else
} listing;

static const char *join(gm_arena *arena, const char *folder, const char *name) {
    return gm_arena_printf(arena, "%s/%s", folder, name);
}

// ---- Listing ----

// A picture by its first bytes. What calls itself .png is taken for one, so that it is refused if it is not.
static gm_status is_picture(bool *picture, listing *list, const char *path, gm_entry_kind kind) {
    uint8_t head[GM_PICTURE_HEAD];
    size_t bytes, length = strlen(path);
    *picture = kind != GM_ENTRY_FOLDER && length > 4 && strcasecmp(path + length - 4, ".png") == 0;
    if (*picture || kind != GM_ENTRY_FILE)
        return GM_OK;
    GM_TRY(gm_file_read_start(path, head, sizeof head, &bytes));
    *picture = gm_picture_tell(head, bytes);
    if (!*picture && !list->other && (list->other_kind = gm_magic_describe(head, bytes)))
        list->other = path;
    return GM_OK;
}

static gm_status list_files(listing *list, const gm_source *folder, int32_t label) {
    size_t rank = 0;
    for (size_t i = 0; i < folder->count; i++) {
        const char *path = join(list->arena, folder->path, folder->entries[i].name);
        if (!path)
            return gm_fail_memory(strlen(folder->path), "a file name");
        bool picture;
        GM_TRY(is_picture(&picture, list, path, folder->entries[i].kind));
        if (!picture)
            continue;
        GM_TRY(gm_grow(&list->files, list->count, &list->capacity, sizeof *list->files, "a list of files"));
        list->files[list->count++] = (picture_file){path, label, rank++};
    }
    return GM_OK;
}

static gm_status list_class(listing *list, const gm_source *folder, const char *name) {
    gm_source class;
    size_t before = list->count;
    const char *path = join(list->arena, folder->path, name), *kept = gm_arena_string(list->arena, name);
    if (!path || !kept)
        return gm_fail_memory(strlen(folder->path), "a folder name");
    GM_TRY(gm_source_open(&class, path));
    gm_status status = list_files(list, &class, (int32_t)list->class_count);
    gm_source_finish(&class);
    if (status != GM_OK || list->count == before)
        return status;
    GM_TRY(gm_grow(&list->classes, list->class_count, &list->class_capacity, sizeof *list->classes, "classes"));
    list->classes[list->class_count++] = kept;
    return GM_OK;
}

static gm_status list_pictures(listing *list, const gm_source *folder) {
    for (size_t i = 0; i < folder->count; i++)
        if (folder->entries[i].kind == GM_ENTRY_FOLDER)
            GM_TRY(list_class(list, folder, folder->entries[i].name));
    size_t in_classes = list->count;
    GM_TRY(list_files(list, folder, 0));
    if (in_classes > 0 && list->count > in_classes)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has pictures (%s) beside folders of pictures (%s): leave either the classes or the files",
                       folder->path, list->files[in_classes].path, list->classes[0]);
    if (list->count == 0 && list->other)
        return gm_fail(GM_ERROR_IO, "%s: holds no PNG files: %s is %s", folder->path, list->other, list->other_kind);
    if (list->count == 0)
        return gm_fail(GM_ERROR_IO, "%s: holds no PNG files, IDX files or CIFAR-10 batches", folder->path);
    if (list->count > INT32_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: holds too many pictures", folder->path);
    return GM_OK;
}

static int compare_ranks(const void *a, const void *b) {
    const picture_file *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->label < y->label ? -1 : x->label > y->label;
}

// The first picture of each class, then the second of each, and so on: however few, they are of all classes.
static void take_first(listing *list, size_t count) {
    if (count == 0 || count >= list->count)
        return;
    qsort(list->files, list->count, sizeof *list->files, compare_ranks);
    list->count = count;
}

// ---- Reading ----

static gm_status read_headers(const listing *list, const gm_dataset_options *options, gm_dataset_info *info) {
    gm_picture first = {0};
    info->channels = options->channels ? options->channels : 1;
    for (size_t i = 0; i < list->count; i++) {
        const char *path = list->files[i].path;
        uint8_t head[GM_PICTURE_HEAD];
        size_t bytes;
        gm_picture picture;
        GM_TRY(gm_file_read_start(path, head, sizeof head, &bytes));
        GM_TRY(gm_picture_parse_header(path, head, bytes, &picture));
        if (i == 0)
            first = picture;
        if (!options->size[0] && (picture.width != first.width || picture.height != first.height))
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: is %zu x %zu pixels, but %s is %zu x %zu: give `size` to make all pictures the same",
                           path, picture.width, picture.height, list->files[0].path, first.width, first.height);
        if (!options->channels)
            info->channels = GM_MAX(info->channels, picture.channels);
    }
    info->height = options->size[0] ? options->size[0] : first.height;
    info->width = options->size[1] ? options->size[1] : first.width;
    info->count = list->count;
    return GM_OK;
}

static gm_status read_picture(const char *path, const gm_dataset_info *info, gm_fit fit, uint8_t *pixels) {
    char *data;
    size_t bytes;
    gm_picture picture = {0};
    GM_TRY(gm_file_read(path, GM_PICTURE_LIMIT, &data, &bytes));
    gm_status status = gm_picture_parse(path, data, bytes, &picture);
    free(data);
    if (status == GM_OK) // grey palettes and the like never have more channels than the header said
        status = gm_fit_picture(&(gm_fit_source){.pixels = picture.pixels,
                                                 .width = picture.width,
                                                 .height = picture.height,
                                                 .channels = picture.channels,
                                                 .step = picture.channels,
                                                 .plane = 1},
                                fit, pixels, info->channels, info->height, info->width);
    free(picture.pixels);
    return status;
}

static gm_status set_labels(gm_dataset *dataset, const char *folder, const listing *list) {
    GM_TRY(gm_alloc(&dataset->labels, list->count, sizeof(int32_t), folder));
    for (size_t i = 0; i < list->count; i++)
        dataset->labels[i] = list->files[i].label;
    return gm_dataset_set_classes(dataset, folder, list->classes, list->class_count);
}

static gm_status read_folder(gm_dataset *dataset, const gm_source *folder, const gm_dataset_options *options) {
    listing list = {.arena = &dataset->arena};
    gm_dataset_info *info = &dataset->info;
    gm_status status;
    GM_TRY_DONE(list_pictures(&list, folder));
    take_first(&list, options->count);
    GM_TRY_DONE(read_headers(&list, options, info));
    GM_TRY_DONE(gm_dataset_set_items(dataset, folder->path, GM_DATASET_IMAGES));
    GM_TRY_DONE(gm_alloc(&dataset->items, info->count, info->item_bytes, folder->path));
    for (size_t i = 0; i < list.count; i++)
        GM_TRY_DONE(
            read_picture(list.files[i].path, info, options->fit, (uint8_t *)dataset->items + i * info->item_bytes));
    if (list.class_count > 0)
        status = set_labels(dataset, folder->path, &list);
done:
    free(list.files);
    free(list.classes);
    return status;
}

// ---- The interface ----

// FOLDER itself, or FOLDER/train or FOLDER/test when it is split so. Its pictures are trained on unless the options say
// that they may be taken for test pictures.
gm_status gm_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    static const char *const splits[] = {[GM_SPLIT_TRAIN] = "train", [GM_SPLIT_TEST] = "test"};
    bool test = options->split == GM_SPLIT_TEST;
    bool has_train = gm_source_find(source, "train", GM_ENTRY_FOLDER) != NULL;
    bool split = has_train && (!test || gm_source_find(source, "test", GM_ENTRY_FOLDER));
    if (!split && test && (has_train || !options->whole))
        return gm_fail(GM_ERROR_IO, "%s: has no test pictures: expected the folders %s/train and %s/test", source->path,
                       source->path, source->path);
    if (!split)
        return read_folder(dataset, source, options);
    gm_source part;
    const char *path = join(&dataset->arena, source->path, splits[options->split]);
    if (!path)
        return gm_fail_memory(strlen(source->path), "a folder name");
    GM_TRY(gm_source_open(&part, path));
    gm_status status = read_folder(dataset, &part, options);
    gm_source_finish(&part);
    return status;
}

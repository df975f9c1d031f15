// A folder of PNG files as a data set; sub-folders are the classes.
//
// Two passes: the headers first, since they decide on channels and size and show what does not fit together before
// hours of decoding; then every picture straight into its place.
#include "data/data.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

typedef struct names {
    char **name; // in the data set's arena
    size_t count, capacity;
} names;

typedef struct picture_file {
    const char *path;
    int32_t label;
} picture_file;

// What the folder holds.
typedef struct listing {
    gm_arena *arena;
    const char *folder;
    picture_file *files;
    size_t count, capacity;
    names classes; // class folders that hold pictures
    bool labelled;
} listing;

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static gm_status push_name(gm_arena *arena, names *list, const char *name) {
    GM_TRY(gm_grow(&list->name, list->count, &list->capacity, sizeof *list->name, "a list of files"));
    list->name[list->count] = gm_arena_string(arena, name);
    return list->name[list->count++] ? GM_OK : gm_fail_memory(strlen(name), "a file name");
}

// A folder's PNG files and, unless NULL, its sub-folders, both by name; hidden ones are left out.
static gm_status list_folder(gm_arena *arena, const char *folder, names *files, names *folders) {
    DIR *directory = opendir(folder);
    if (!directory)
        return gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", folder, strerror(errno));
    gm_status status = GM_OK;
    for (struct dirent *entry; status == GM_OK && (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        char *path = gm_arena_printf(arena, "%s/%s", folder, entry->d_name);
        if (!path)
            status = gm_fail_memory(length, "a file name");
        else if (length > 4 && strcasecmp(entry->d_name + length - 4, ".png") == 0)
            status = push_name(arena, files, path);
        else if (folders && is_folder(path))
            status = push_name(arena, folders, entry->d_name);
    }
    closedir(directory);
    if (files->count > 1)
        qsort(files->name, files->count, sizeof *files->name, compare_names);
    if (folders && folders->count > 1)
        qsort(folders->name, folders->count, sizeof *folders->name, compare_names);
    return status;
}

static gm_status push_files(listing *list, const names *files, int32_t label) {
    for (size_t i = 0; i < files->count; i++) {
        GM_TRY(gm_grow(&list->files, list->count, &list->capacity, sizeof *list->files, "a list of files"));
        list->files[list->count++] = (picture_file){files->name[i], label};
    }
    return GM_OK;
}

static gm_status list_classes(listing *list, const names *folders) {
    gm_status status = GM_OK;
    for (size_t i = 0; status == GM_OK && i < folders->count; i++) {
        names files = {0};
        char *path = gm_arena_printf(list->arena, "%s/%s", list->folder, folders->name[i]);
        status = path ? list_folder(list->arena, path, &files, NULL) : gm_fail_memory(64, "a file name");
        if (status == GM_OK && files.count > 0) {
            status = push_files(list, &files, (int32_t)list->classes.count);
            if (status == GM_OK)
                status = push_name(list->arena, &list->classes, folders->name[i]);
        }
        free(files.name);
    }
    list->labelled = true;
    return status;
}

static gm_status list_pictures(listing *list) {
    names files = {0}, folders = {0};
    gm_status status = list_folder(list->arena, list->folder, &files, &folders);
    if (status == GM_OK)
        status = list_classes(list, &folders);
    if (status == GM_OK && files.count > 0 && list->count > 0)
        status = gm_fail(GM_ERROR_ARGUMENT,
                         "%s: has pictures (%s) beside folders of pictures (%s): leave either the classes or the files",
                         list->folder, files.name[0], list->classes.name[0]);
    if (status == GM_OK && files.count > 0) {
        list->labelled = false;
        status = push_files(list, &files, 0);
    }
    if (status == GM_OK && list->count == 0)
        status = gm_fail(GM_ERROR_IO, "%s: holds no PNG files, IDX files or CIFAR-10 batches", list->folder);
    free(files.name);
    free(folders.name);
    return status;
}

// FOLDER itself, or FOLDER/train or FOLDER/test when it is split so.
static gm_status choose_split(listing *list, gm_split split) {
    char *train = gm_arena_printf(list->arena, "%s/train", list->folder);
    char *test = gm_arena_printf(list->arena, "%s/test", list->folder);
    if (!train || !test)
        return gm_fail_memory(strlen(list->folder), "a folder name");
    if (is_folder(train) && (split == GM_SPLIT_TRAIN || is_folder(test)))
        list->folder = split == GM_SPLIT_TRAIN ? train : test;
    else if (split == GM_SPLIT_TEST)
        return gm_fail(GM_ERROR_IO, "%s: has no test pictures: expected the folders %s and %s", list->folder, train,
                       test);
    return GM_OK;
}

static gm_status read_header(const char *path, gm_picture *picture) {
    uint8_t bytes[GM_PNG_HEADER_BYTES];
    size_t got;
    GM_TRY(gm_file_read_start(path, bytes, sizeof bytes, &got));
    return gm_png_parse_header(path, bytes, got, picture);
}

static gm_status read_headers(const listing *list, const gm_dataset_options *options, gm_dataset_info *info) {
    gm_picture first = {0};
    info->channels = options->channels ? options->channels : 1;
    for (size_t i = 0; i < list->count; i++) {
        gm_picture picture;
        GM_TRY(read_header(list->files[i].path, &picture));
        if (i == 0)
            first = picture;
        if (!options->size && (picture.width != first.width || picture.height != first.height))
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: is %zu x %zu pixels, but %s is %zu x %zu: give `size` to make all pictures the same",
                           list->files[i].path, picture.width, picture.height, list->files[0].path, first.width,
                           first.height);
        if (!options->channels)
            info->channels = GM_MAX(info->channels, picture.channels);
    }
    info->width = options->size ? options->size : first.width;
    info->height = options->size ? options->size : first.height;
    info->count = list->count;
    info->item_values = info->item_bytes = info->channels * info->height * info->width;
    return GM_OK;
}

static gm_status read_picture(const char *path, const gm_dataset_info *info, gm_fit fit, uint8_t *pixels) {
    char *data;
    size_t bytes;
    gm_picture picture = {0};
    GM_TRY(gm_file_read(path, GM_PNG_FILE_BYTES, &data, &bytes));
    gm_status status = gm_png_parse(path, data, bytes, &picture);
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

gm_status gm_png_folder_read(gm_dataset *dataset, const char *folder, const gm_dataset_options *options) {
    listing list = {.arena = &dataset->arena, .folder = folder};
    gm_dataset_info *info = &dataset->info;
    gm_status status = choose_split(&list, options->split);
    if (status == GM_OK)
        status = list_pictures(&list);
    if (status == GM_OK && options->count > 0)
        list.count = GM_MIN(list.count, options->count);
    if (status == GM_OK && list.count > INT32_MAX)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: holds too many pictures", folder);
    GM_TRY_DONE(status);
    GM_TRY_DONE(read_headers(&list, options, info));
    info->kind = GM_DATASET_IMAGES;
    GM_TRY_DONE(gm_alloc(&dataset->items, info->count, info->item_bytes, folder));
    for (size_t i = 0; i < list.count; i++)
        GM_TRY_DONE(
            read_picture(list.files[i].path, info, options->fit, (uint8_t *)dataset->items + i * info->item_bytes));
    if (list.labelled) {
        GM_TRY_DONE(gm_alloc(&dataset->labels, list.count, sizeof(int32_t), folder));
        for (size_t i = 0; i < list.count; i++)
            dataset->labels[i] = list.files[i].label;
        status = gm_dataset_set_classes(dataset, folder, (const char *const *)list.classes.name, list.classes.count);
    }
done:
    free(list.files);
    free(list.classes.name);
    return status;
}

// Opening a data set by name or path, fitting its images, and reading items out of it.
#include "data/data.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SIZE    4096
#define TRAIN_DRAWS 100000
#define TEST_DRAWS  2500
#define TEST_FIRST  (UINT64_C(1) << 40) // the test split's draws lie far behind any training draw

// ---- The data sets that have names ----

typedef struct named_dataset {
    const char *name;
    const char *folders[4]; // the usual places; relative ones are looked for in options.folder
    const char *classes[10];
    const char *help;
} named_dataset;

static const named_dataset named_datasets[] = {
    {"fashion-mnist",
     {"/usr/share/datasets/fashion-mnist", "fashion-mnist"},
     {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"},
     "install it with `apt-get install dataset-fashion-mnist`, or give the folder of its IDX files with --data DIR"},
    {"mnist",
     {"/usr/share/datasets/mnist", "mnist"},
     {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
     "download its four IDX files (train-images-idx3-ubyte.gz and so on) and give their folder with --data DIR"},
    {"cifar-10",
     {"/usr/share/datasets/cifar-10", "cifar-10", "cifar-10-batches-bin"},
     {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
     "download cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it and give the folder "
     "with data_batch_1.bin with --data DIR"},
};

static const named_dataset *find_named(const char *name) {
    for (size_t i = 0; i < GM_COUNT(named_datasets); i++)
        if (strcmp(named_datasets[i].name, name) == 0)
            return &named_datasets[i];
    return NULL;
}

// ---- Shared with the readers ----

bool gm_multiply_sizes(size_t a, size_t b, size_t *product) {
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *product = a * b;
    return true;
}

void gm_images_finish(gm_images *images) {
    free(images->pixels);
    free(images->labels);
    *images = (gm_images){0};
}

gm_status gm_dataset_set_classes(gm_dataset *dataset, const char *where, const char *const *names, size_t count) {
    int32_t largest = 0;
    for (size_t i = 0; i < dataset->info.count; i++)
        largest = GM_MAX(largest, dataset->labels[i]);
    if (names && (size_t)largest >= count)
        return gm_fail(GM_ERROR_FORMAT, "%s: has a label %d, but there are only %zu classes", where, (int)largest,
                       count);
    if (!names)
        count = (size_t)largest + 1;
    const char **table = gm_arena_alloc(&dataset->arena, count * sizeof *table);
    if (!table)
        return gm_fail_memory(count * sizeof *table, "class names");
    for (size_t i = 0; i < count; i++) {
        table[i] = names ? gm_arena_string(&dataset->arena, names[i]) : gm_arena_printf(&dataset->arena, "%d", (int)i);
        if (!table[i])
            return gm_fail_memory(16, "class names");
    }
    dataset->info.class_names = table;
    dataset->info.class_count = count;
    return GM_OK;
}

gm_status gm_dataset_set_items(gm_dataset *dataset, const char *where, gm_dataset_kind kind) {
    gm_dataset_info *info = &dataset->info;
    size_t total;
    info->kind = kind;
    if (info->count == 0 || info->count > INT32_MAX)
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu items: 1 to %d are read", where, info->count, INT32_MAX);
    bool fits =
        gm_multiply_sizes(info->channels, info->height, &info->item_values) &&
        gm_multiply_sizes(info->item_values, info->width, &info->item_values) &&
        gm_multiply_sizes(info->item_values, kind == GM_DATASET_FLOATS ? sizeof(float) : 1, &info->item_bytes) &&
        gm_multiply_sizes(info->item_bytes, info->count, &total);
    if (!fits || info->item_values == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: has items of %zu x %zu x %zu values", where, info->channels, info->height,
                       info->width);
    return GM_OK;
}

// ---- Images of one size ----

// Takes over the images, fitted to the options.
static gm_status take_images(gm_dataset *dataset, const char *where, gm_images *images,
                             const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    size_t count = options->count ? GM_MIN(options->count, images->count) : images->count;
    size_t channels = options->channels ? options->channels : images->channels;
    size_t height = options->size ? options->size : images->height;
    size_t width = options->size ? options->size : images->width;
    *info =
        (gm_dataset_info){.name = info->name, .count = count, .channels = channels, .height = height, .width = width};
    GM_TRY(gm_dataset_set_items(dataset, where, GM_DATASET_IMAGES));
    dataset->labels = images->labels;
    images->labels = NULL;
    if (channels == images->channels && height == images->height && width == images->width) {
        dataset->items = images->pixels;
        images->pixels = NULL;
        return GM_OK;
    }
    GM_TRY(gm_alloc(&dataset->items, count, info->item_bytes, where));
    size_t plane = images->height * images->width;
    for (size_t i = 0; i < count; i++) {
        gm_fit_source source = {.pixels = images->pixels + i * images->channels * plane,
                                .width = images->width,
                                .height = images->height,
                                .channels = images->channels,
                                .step = 1,
                                .plane = plane};
        uint8_t *out = (uint8_t *)dataset->items + i * info->item_bytes;
        gm_status status = gm_fit_picture(&source, options->fit, out, channels, height, width);
        if (status != GM_OK)
            return gm_fail_prefix(status, "%s", where);
    }
    return GM_OK;
}

// ---- Kinds of sources ----

static gm_status open_folder(gm_dataset *dataset, const char *folder, const gm_dataset_options *options,
                             const named_dataset *named) {
    gm_images images = {0};
    bool idx = gm_idx_folder_is(folder), cifar = !idx && gm_cifar_folder_is(folder);
    if (!idx && !cifar)
        return gm_png_folder_read(dataset, folder, options);
    if (cifar)
        named = find_named("cifar-10");
    gm_status status = idx ? gm_idx_folder_read(folder, options->split, &images)
                           : gm_cifar_folder_read(folder, options->split, &images);
    if (status == GM_OK)
        status = take_images(dataset, folder, &images, options);
    if (status == GM_OK && dataset->labels)
        status = gm_dataset_set_classes(dataset, folder, named ? named->classes : NULL, 10);
    gm_images_finish(&images);
    return status;
}

static bool exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

static gm_status open_named(gm_dataset *dataset, const named_dataset *named, const gm_dataset_options *options) {
    const char *base = options->folder;
    if (base && !exists(base))
        return gm_fail(GM_ERROR_IO, "%s: there is no such folder; for the data set %s, %s", base, named->name,
                       named->help);
    for (size_t i = 0; i < GM_COUNT(named->folders) && named->folders[i]; i++) {
        const char *folder = named->folders[i];
        bool absolute = folder[0] == '/';
        if (absolute == (base != NULL))
            continue;
        if (base)
            folder = gm_arena_printf(&dataset->arena, "%s/%s", base, folder);
        if (!folder)
            return gm_fail_memory(64, "a folder name");
        if (gm_idx_folder_is(folder) || gm_cifar_folder_is(folder))
            return open_folder(dataset, folder, options, named);
    }
    if (!base)
        return gm_fail(GM_ERROR_IO, "the data set %s is not on this machine: %s", named->name, named->help);
    return open_folder(dataset, base, options, named);
}

static gm_status open_mixture(gm_dataset *dataset, const gm_mixture *mixture, const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    bool test = options->split == GM_SPLIT_TEST;
    if (options->size || options->channels || options->folder)
        return gm_fail(GM_ERROR_ARGUMENT, "the data set %s is generated points: it has no size, channels or folder",
                       mixture->name);
    info->count = options->count ? options->count : test ? TEST_DRAWS : TRAIN_DRAWS;
    info->channels = 2;
    info->height = info->width = 1;
    GM_TRY(gm_dataset_set_items(dataset, mixture->name, GM_DATASET_FLOATS));
    GM_TRY(gm_alloc(&dataset->items, info->count, info->item_bytes, mixture->name));
    GM_TRY(gm_alloc(&dataset->labels, info->count, sizeof(int32_t), mixture->name));
    gm_mixture_sample(mixture, options->seed, test ? TEST_FIRST : 0, info->count, dataset->items, dataset->labels);
    GM_TRY(gm_dataset_set_classes(dataset, mixture->name, NULL, 0));
    return GM_OK;
}

// uint8 of rank 3 (N, H, W) or 4 (N, C, H, W) are images.
static gm_status open_npy_images(gm_dataset *dataset, const char *path, gm_npy *array,
                                 const gm_dataset_options *options) {
    gm_images images = {.pixels = array->bytes,
                        .count = array->dim[0],
                        .channels = array->rank == 4 ? array->dim[1] : 1,
                        .height = array->dim[array->rank - 2],
                        .width = array->dim[array->rank - 1]};
    if (array->count == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: holds no values", path);
    if (array->rank == 4 && images.channels > 4 && array->dim[3] <= 4)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: has channels last (%zu x %zu x %zu x %zu): save a.transpose(0, 3, 1, 2).copy()", path,
                       array->dim[0], array->dim[1], array->dim[2], array->dim[3]);
    array->bytes = NULL;
    gm_status status = take_images(dataset, path, &images, options);
    gm_images_finish(&images);
    return status;
}

static gm_status open_npy(gm_dataset *dataset, const char *path, const char *data, size_t bytes,
                          const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    gm_npy array;
    GM_TRY(gm_npy_parse(path, data, bytes, &array));
    gm_status status = GM_OK;
    if (array.rank == 0 || array.rank > 4) {
        status = gm_fail(GM_ERROR_FORMAT, "%s: has %zu dimensions: a data set has 1 to 4", path, array.rank);
        goto done;
    }
    if (array.bytes && array.rank >= 3) {
        status = open_npy_images(dataset, path, &array, options);
        goto done;
    }
    if (options->size || options->channels) {
        status = gm_fail(GM_ERROR_ARGUMENT,
                         "%s: is an array of numbers, which cannot be fitted: leave out size and channels", path);
        goto done;
    }
    info->count = options->count ? GM_MIN(options->count, array.dim[0]) : array.dim[0];
    info->channels = array.rank == 3 ? 1 : array.dim[1];
    info->height = array.rank >= 3 ? array.dim[array.rank - 2] : 1;
    info->width = array.rank >= 3 ? array.dim[array.rank - 1] : 1;
    GM_TRY_DONE(gm_dataset_set_items(dataset, path, GM_DATASET_FLOATS));
    if (array.bytes) {
        GM_TRY_DONE(gm_alloc(&array.floats, array.count, sizeof(float), path));
        for (size_t i = 0; i < array.count; i++)
            array.floats[i] = array.bytes[i];
    }
    dataset->items = array.floats;
    array.floats = NULL;
done:
    gm_npy_finish(&array);
    return status;
}

static gm_status open_file(gm_dataset *dataset, const char *path, const gm_dataset_options *options) {
    char *data;
    size_t bytes, length = strlen(path);
    GM_TRY(gm_file_read(path, &data, &bytes));
    gm_status status;
    if (length > 4 && strcmp(path + length - 4, ".npy") == 0) {
        status = open_npy(dataset, path, data, bytes, options);
    } else if (bytes >= 2 && (memcmp(data, "\x1f\x8b", 2) == 0 || memcmp(data, "\0\0", 2) == 0)) {
        gm_idx idx;
        status = gm_idx_parse(path, data, bytes, 3, &idx);
        gm_images images = {
            .pixels = idx.values, .count = idx.dim[0], .channels = 1, .height = idx.dim[1], .width = idx.dim[2]};
        if (status == GM_OK)
            status = take_images(dataset, path, &images, options);
        gm_images_finish(&images);
    } else {
        status = gm_fail(GM_ERROR_FORMAT,
                         "%s: is no data set: expected a folder of IDX, CIFAR-10 or PNG files, an .npy or an IDX file",
                         path);
    }
    free(data);
    return status;
}

// ---- The interface ----

static gm_status open_source(gm_dataset *dataset, const char *source, const gm_dataset_options *options) {
    struct stat info;
    const gm_mixture *mixture = gm_mixture_find(source);
    const named_dataset *named = find_named(source);
    const char *stacked = gm_stacked_find(source);
    if (options->size > MAX_SIZE)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: images of %zu x %zu pixels: size is at most %d", source, options->size,
                       options->size, MAX_SIZE);
    if (options->channels != 0 && options->channels != 1 && options->channels != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: images have 1 or 3 channels, not %zu", source, options->channels);
    if (mixture)
        return open_mixture(dataset, mixture, options);
    if (stacked)
        return gm_stacked_open(dataset, stacked, options);
    if (named)
        return open_named(dataset, named, options);
    if (options->folder)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: only data sets with a name are looked for in a folder (%s)", source,
                       options->folder);
    if (stat(source, &info) != 0)
        return gm_fail(GM_ERROR_IO,
                       "%s: is neither a file or folder nor a data set's name (fashion-mnist, mnist, cifar-10, "
                       "stacked-fashion, stacked-mnist, ring8, grid25)",
                       source);
    return S_ISDIR(info.st_mode) ? open_folder(dataset, source, options, NULL) : open_file(dataset, source, options);
}

gm_status gm_dataset_open(gm_dataset **dataset, const char *source, const gm_dataset_options *options) {
    static const gm_dataset_options defaults = {0};
    *dataset = NULL;
    gm_dataset *new;
    GM_TRY(gm_alloc(&new, 1, sizeof *new, "a data set"));
    new->info.name = gm_arena_string(&new->arena, source);
    gm_status status = new->info.name ? open_source(new, source, options ? options : &defaults)
                                      : gm_fail_memory(strlen(source), "a name");
    if (status != GM_OK)
        gm_dataset_close(&new);
    *dataset = new;
    return status;
}

void gm_dataset_close(gm_dataset **dataset) {
    gm_dataset *old = dataset ? *dataset : NULL;
    if (!old)
        return;
    *dataset = NULL;
    free(old->items);
    free(old->labels);
    gm_arena_finish(&old->arena);
    free(old);
}

const gm_dataset_info *gm_dataset_get_info(const gm_dataset *dataset) {
    return &dataset->info;
}

const uint8_t *gm_dataset_images(const gm_dataset *dataset) {
    return dataset->info.kind == GM_DATASET_IMAGES ? dataset->items : NULL;
}

gm_status gm_dataset_check_held_out(const gm_dataset *other, const gm_dataset *trained) {
    const gm_dataset_info *a = &other->info, *b = &trained->info;
    if (a->kind != b->kind || a->channels != b->channels || a->height != b->height || a->width != b->width)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its items are not like those of %s", a->name, b->name);
    bool same_classes = (a->class_count == 0) == (b->class_count == 0) && a->class_count <= b->class_count;
    for (size_t i = 0; i < a->class_count && same_classes; i++)
        same_classes = strcmp(a->class_names[i], b->class_names[i]) == 0;
    if (!same_classes)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its training and test split have different classes", a->name);
    if (memcmp(other->items, trained->items, GM_MIN(a->count, b->count) * a->item_bytes) == 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has no items held out of training: its training and test split are the same", a->name);
    return GM_OK;
}

const float *gm_dataset_floats(const gm_dataset *dataset) {
    return dataset->info.kind == GM_DATASET_FLOATS ? dataset->items : NULL;
}

const int32_t *gm_dataset_labels(const gm_dataset *dataset) {
    return dataset->labels;
}

gm_status gm_dataset_gather(const gm_dataset *dataset, const int32_t *indices, size_t count, void *items,
                            int32_t *labels) {
    size_t bytes = dataset->info.item_bytes;
    for (size_t i = 0; i < count; i++) {
        if (indices[i] < 0 || (size_t)indices[i] >= dataset->info.count)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: has no item %d: there are %zu", dataset->info.name, (int)indices[i],
                           dataset->info.count);
        memcpy((char *)items + i * bytes, (const char *)dataset->items + (size_t)indices[i] * bytes, bytes);
        if (labels)
            labels[i] = dataset->labels ? dataset->labels[indices[i]] : 0;
    }
    return GM_OK;
}

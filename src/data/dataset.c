// Opening a data set by name or path, and reading items out of it.
#include "data/chosen.h"
#include "data/clips.h"
#include "data/folder.h"
#include "data/format.h"
#include "data/items.h"
#include "data/mixture.h"
#include "data/moving.h"
#include "data/picture.h"
#include "data/pictures.h"
#include "data/scale.h"
#include "data/spectrograms.h"
#include "data/stacked.h"
#include "data/texts.h"
#include "data/view.h"
#include "data/windows.h"
#include "sample/scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SIZE 4096

// ---- The data sets that have names ----

typedef struct named_dataset {
    const char *name;
    const char *folders[4]; // the usual places; relative ones are looked for in options.folder
    const char *help;
    const char *classes[10]; // unless the format names them
} named_dataset;

static const named_dataset named_datasets[] = {
    {"fashion-mnist",
     {"/usr/share/datasets/fashion-mnist", "fashion-mnist"},
     "install it with `apt-get install dataset-fashion-mnist`, or give the folder of its IDX files with --data DIR",
     {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}},
    {"mnist",
     {"/usr/share/datasets/mnist", "mnist"},
     "download its four IDX files (train-images-idx3-ubyte.gz and so on) and give their folder with --data DIR",
     {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}},
    {"cifar-10",
     {"/usr/share/datasets/cifar-10", "cifar-10", "cifar-10-batches-bin"},
     "download cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it and give the folder "
     "with data_batch_1.bin with --data DIR",
     {NULL}},
};

static const named_dataset *find_named(const char *name) {
    for (size_t i = 0; i < GM_COUNT(named_datasets); i++)
        if (strcmp(named_datasets[i].name, name) == 0)
            return &named_datasets[i];
    return NULL;
}

// ---- Kinds of sources ----

static bool exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

// Reads what the path leads to; where `sure` is given, only if its format shows, and *sure says whether.
static gm_status open_path(gm_dataset *dataset, const char *path, const gm_dataset_options *options, bool *sure) {
    gm_source source;
    const gm_format *format;
    GM_TRY(gm_source_open(&source, path));
    const bool alone = options->single || gm_clips_are_wanted(options); // an animation is a data set of clips
    if (alone && !source.folder && gm_picture_tell(source.head, source.head_bytes)) {
        gm_status opened = gm_folder_open(dataset, &source, options);
        gm_source_finish(&source);
        return opened;
    }
    source.text = gm_texts_are_wanted(options);
    gm_status status = gm_format_find(&source, &format);
    if (sure)
        *sure = status == GM_OK && format->tell;
    if (status == GM_OK && (!sure || *sure))
        status = gm_format_check_settings(format, &source, find_named(dataset->info.name), options);
    if (status == GM_OK && (!sure || *sure))
        status = format->open(dataset, &source, options);
    gm_source_finish(&source);
    return status;
}

static gm_status find_place(gm_dataset *dataset, const named_dataset *named, const gm_dataset_options *options) {
    const char *base = options->folder;
    if (base && !exists(base))
        return gm_fail(GM_ERROR_IO, "%s: there is no such folder; for the data set %s, %s", base, named->name,
                       named->help);
    for (size_t i = 0; i < GM_COUNT(named->folders) && named->folders[i]; i++) {
        const char *folder = named->folders[i];
        bool absolute = folder[0] == '/', sure = false;
        if (absolute == (base != NULL))
            continue;
        if (base)
            folder = gm_arena_printf(&dataset->arena, "%s/%s", base, folder);
        if (!folder)
            return gm_fail_memory(64, "a folder name");
        if (exists(folder))
            GM_TRY(open_path(dataset, folder, options, &sure));
        if (sure)
            return GM_OK;
    }
    if (!base)
        return gm_fail(GM_ERROR_IO, "the data set %s is not on this machine: %s", named->name, named->help);
    return open_path(dataset, base, options, NULL);
}

static gm_status open_named(gm_dataset *dataset, const named_dataset *named, const gm_dataset_options *options) {
    GM_TRY(find_place(dataset, named, options));
    if (!dataset->numbered || !named->classes[0])
        return GM_OK;
    return gm_dataset_set_classes(dataset, named->name, named->classes, GM_COUNT(named->classes));
}

// Data sets that are made of the images of a named one, in grey.
static gm_status open_made(gm_dataset *dataset, const char *of, size_t channels, const gm_dataset_options *inner,
                           gm_status (*fill)(gm_dataset *made, const gm_dataset *base,
                                             const gm_dataset_options *options),
                           const gm_dataset_options *options) {
    gm_dataset *base;
    gm_dataset_options grey = *inner;
    if (options->channels != 0 && options->channels != channels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its images have %zu channel%s, not %zu: leave out channels",
                       dataset->info.name, channels, channels == 1 ? "" : "s", options->channels);
    grey.channels = 1;
    grey.count = 0;
    grey.usual_hold = GM_HOLD_YES;
    grey.view = GM_VIEW_PLAIN; // of what is made, as are the classes
    grey.class_count = 0;
    GM_TRY(gm_dataset_open(&base, of, &grey));
    gm_status status = fill(dataset, base, options);
    gm_dataset_close(&base);
    return status;
}

static gm_status open_moving(gm_dataset *dataset, const char *of, const gm_dataset_options *options) {
    gm_dataset_options inner = *options;
    inner.size[0] = inner.size[1] = inner.frames = 0; // of the clips
    GM_TRY(gm_settings_check(dataset->info.name, "is drawn clips",
                             GM_SETTINGS_OF_IMAGES | GM_SETTING_FRAMES | GM_SETTING_FOLDER, options));
    if (!options->adapted)
        GM_TRY(gm_clips_check_unwanted(dataset->info.name, options));
    inner.frame_stride = inner.frame_hop = 0;
    inner.short_films = GM_SHORT_REFUSE;
    return open_made(dataset, of, 1, &inner, gm_moving_fill, options);
}

// ---- The interface ----

static bool is_name(const char *source) {
    return gm_mixture_find(source) || gm_stacked_find(source) || gm_moving_find(source) || find_named(source);
}

bool gm_dataset_is_path(const char *source) {
    return !is_name(source) && exists(source);
}

bool gm_dataset_is_array(const char *name) {
    gm_source source;
    const gm_format *format;
    if (is_name(name) || gm_source_open(&source, name) != GM_OK)
        return false;
    bool array = gm_format_find(&source, &format) == GM_OK && format->array;
    gm_source_finish(&source);
    return array;
}

bool gm_dataset_is_table(const char *source) {
    gm_source opened;
    const gm_format *format;
    if (!gm_dataset_is_path(source) || gm_source_open(&opened, source) != GM_OK)
        return false;
    bool table = gm_format_find(&opened, &format) == GM_OK && format->table;
    gm_source_finish(&opened);
    return table;
}

static bool is_read_by(const char *source, unsigned takes) {
    gm_source opened;
    const gm_format *format;
    if (!gm_dataset_is_path(source) || gm_source_open(&opened, source) != GM_OK)
        return false;
    bool is = gm_format_find(&opened, &format) == GM_OK && format->takes == takes;
    gm_source_finish(&opened);
    return is;
}

bool gm_dataset_is_text(const char *source) {
    return is_read_by(source, GM_SETTINGS_OF_TEXTS);
}

bool gm_dataset_is_sound(const char *source) {
    return is_read_by(source, GM_SETTINGS_OF_SOUNDS);
}

static gm_status open_any(gm_dataset *dataset, const char *source, const gm_dataset_options *options) {
    const gm_mixture *mixture = gm_mixture_find(source);
    const named_dataset *named = find_named(source);
    const char *stacked = gm_stacked_find(source);
    const gm_moving *moving = gm_moving_find(source);
    if (options->size[0] > MAX_SIZE || options->size[1] > MAX_SIZE || (options->size[0] == 0 && options->size[1] > 0))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: images of height %zu and width %zu: size is 1 to %d each", source,
                       options->size[0], options->size[1], MAX_SIZE);
    if (mixture)
        GM_TRY(gm_settings_check(source, "is a mixture of Gaussians", 0, options));
    if (mixture)
        return gm_mixture_open(dataset, mixture, options);
    if (stacked)
        return open_made(dataset, stacked, GM_STACK_CHANNELS, options, gm_stacked_fill, options);
    if (moving)
        return open_moving(dataset, moving->of, options);
    if (named)
        return open_named(dataset, named, options);
    if (!exists(source))
        return gm_fail(GM_ERROR_IO,
                       "%s: is neither a file or folder nor a data set's name (fashion-mnist, mnist, cifar-10, "
                       "stacked-fashion, stacked-mnist, moving-fashion, moving-mnist, ring8, grid25)",
                       source);
    return open_path(dataset, source, options, NULL);
}

static gm_status open_source(gm_dataset *dataset, const char *source, const gm_dataset_options *options) {
    GM_TRY(open_any(dataset, source, options));
    return gm_settings_check_split(source, dataset->info.splits, options);
}

// By the figures of the data trained on, which may be the other split.
static gm_status scale(gm_dataset *dataset, const gm_dataset_options *options) {
    gm_dataset *trained;
    gm_dataset_options other = *options;
    if (options->scale_figures || options->split == GM_SPLIT_TRAIN || options->whole)
        return gm_scale_dataset(dataset, options);
    other.split = GM_SPLIT_TRAIN;
    other.view = GM_VIEW_PLAIN;
    GM_TRY(gm_dataset_open(&trained, dataset->info.name, &other));
    other.scale_figures = trained->info.scale_figures;
    other.scale_channels = trained->info.channels;
    gm_status status = gm_scale_dataset(dataset, &other);
    gm_dataset_close(&trained);
    return status;
}

gm_status gm_dataset_open(gm_dataset **dataset, const char *source, const gm_dataset_options *options) {
    gm_dataset_options chosen = options ? *options : (gm_dataset_options){0};
    if (chosen.size[1] == 0)
        chosen.size[1] = chosen.size[0];
    *dataset = NULL;
    gm_dataset *new;
    GM_TRY(gm_alloc(&new, 1, sizeof *new, "a data set"));
    new->info.name = gm_arena_string(&new->arena, source);
    gm_status status = new->info.name ? open_source(new, source, &chosen) : gm_fail_memory(strlen(source), "a name");
    if (status == GM_OK && chosen.scale != GM_SCALE_TYPE)
        status = scale(new, &chosen);
    if (status == GM_OK)
        status = gm_chosen_keep(new, &chosen);
    if (status == GM_OK)
        status = gm_image_view_make(new, &chosen);
    if (status == GM_OK)
        status = gm_spectrograms_make(new);
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
    gm_pictures_destroy(&old->pictures);
    free(old->items);
    free(old->labels);
    gm_windows_destroy(&old->windows);
    gm_table_schema_destroy(&old->table);
    gm_text_schema_destroy(&old->text);
    gm_arena_finish(&old->arena);
    free(old);
}

const gm_dataset_info *gm_dataset_get_info(const gm_dataset *dataset) {
    return &dataset->info;
}

const uint8_t *gm_dataset_images(const gm_dataset *dataset) {
    return dataset->info.kind == GM_DATASET_IMAGES ? dataset->items : NULL;
}

const float *gm_dataset_floats(const gm_dataset *dataset) {
    return dataset->info.kind == GM_DATASET_FLOATS ? dataset->items : NULL;
}

const void *gm_dataset_items(const gm_dataset *dataset) {
    return dataset->items;
}

const int32_t *gm_dataset_labels(const gm_dataset *dataset) {
    return dataset->labels;
}

// ---- Checking ----

// Whether the source is a path whose format looks at each of its files.
static gm_status check_files(const char *path, const gm_dataset_options *options, gm_damage_callback damage, void *user,
                             size_t *count, bool *checked) {
    gm_source source;
    const gm_format *format;
    GM_TRY(gm_source_open(&source, path));
    *checked = gm_format_find(&source, &format) == GM_OK && format->check;
    gm_status status = *checked ? format->check(&source, options, damage, user, count) : GM_OK;
    gm_source_finish(&source);
    return status;
}

gm_status gm_dataset_check(const char *source, const gm_dataset_options *options, gm_damage_callback damage, void *user,
                           size_t *count) {
    const gm_dataset_options chosen = options ? *options : (gm_dataset_options){0};
    gm_dataset *dataset;
    bool checked = false;
    *count = 0;
    if (gm_dataset_is_path(source))
        GM_TRY(check_files(source, &chosen, damage, user, count, &checked));
    if (checked)
        return GM_OK;
    gm_status status = gm_dataset_open(&dataset, source, &chosen);
    gm_dataset_close(&dataset);
    if (status != GM_ERROR_FORMAT)
        return status;
    damage(gm_error_message(), user);
    *count = 1;
    return GM_OK;
}

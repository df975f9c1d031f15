// Translating images by a trained run: those of a source, each at its own size, into files of the same names.
#include "ganymede/translate.h"

#include "data/decode.h"
#include "use/sized.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gm_translator {
    gm_trained trained;
    gm_sized sized;
    const gm_common *source; // the side of the recipe that images come from
    gm_text from, to;
};

// ---- Opening ----

static const gm_use_row *find_use(const gm_recipe *recipe, bool reverse) {
    return gm_use_find(recipe, reverse ? "translate_back" : "translate");
}

static gm_status open_translator(gm_translator *t, const char *run, const gm_translator_options *options) {
    GM_TRY(gm_trained_open(&t->trained, run, options->opened, options->device));
    const gm_recipe *recipe = t->trained.recipe;
    const gm_common *first = gm_common_of(recipe), *second = gm_common_second(first);
    if (!find_use(recipe, false) || !second)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, which translates no images", run,
                       gm_model_kind_of(recipe)->description);
    gm_common_describe(options->reverse ? second : first, &t->from);
    gm_common_describe(options->reverse ? first : second, &t->to);
    if (t->from.failed || t->to.failed)
        return gm_fail_memory(64, "a description");
    if (options->reverse && !find_use(recipe, true))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run learned one way alone, from %s to %s: leave out reverse", run,
                       t->to.data, t->from.data);
    t->source = options->reverse ? second : first;
    gm_sized_init(&t->sized, &t->trained, run, find_use(recipe, options->reverse));
    if (t->sized.channels == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: does not say of what images it learned", run);
    return GM_OK;
}

gm_status gm_translator_open(gm_translator **translator, const char *run, const gm_translator_options *options) {
    static const gm_translator_options standard = {0};
    gm_translator *made;
    *translator = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a translator"));
    gm_status status = open_translator(made, run, options ? options : &standard);
    if (status != GM_OK)
        gm_translator_close(&made);
    *translator = made;
    return status;
}

void gm_translator_close(gm_translator **translator) {
    if (!translator || !*translator)
        return;
    gm_translator *old = *translator;
    gm_sized_finish(&old->sized);
    gm_trained_close(&old->trained);
    gm_text_finish(&old->from);
    gm_text_finish(&old->to);
    free(old);
    *translator = NULL;
}

void gm_translator_get_info(const gm_translator *t, gm_translator_info *info) {
    const gm_common *common = gm_common_of(t->trained.recipe);
    *info = (gm_translator_info){.name = common->name,
                                 .step = t->trained.step,
                                 .from = t->from.data,
                                 .to = t->to.data,
                                 .view = gm_common_view_name(t->source->data.view),
                                 .channels = t->sized.channels,
                                 .low = common->data.range.low,
                                 .high = common->data.range.high};
}

// ---- Images in memory ----

gm_status gm_translator_size(gm_translator *t, size_t height, size_t width, size_t size[3]) {
    gm_extent result;
    GM_TRY(gm_sized_plan(&t->sized, height, width, &result));
    size[0] = result.channels;
    size[1] = result.height;
    size[2] = result.width;
    return GM_OK;
}

gm_status gm_translator_apply(gm_translator *t, const float *images, size_t count, size_t height, size_t width,
                              float *results) {
    return gm_sized_run(&t->sized, height, width, images, count, results);
}

// ---- Files ----

// Images of one size that go through the network together.
typedef struct group {
    gm_translator *translator;
    const gm_translate_files *options;
    const char *folder;
    gm_text names[GM_USE_BATCH]; // without folder and ending
    bool deep[GM_USE_BATCH];     // of 16 bits
    float *images, *results;
    size_t count, height, width, values, made;
    gm_text last; // the name of the file before
} group;

static void finish_group(group *g) {
    for (size_t i = 0; i < GM_USE_BATCH; i++)
        gm_text_finish(&g->names[i]);
    gm_text_finish(&g->last);
    free(g->images);
    free(g->results);
}

static gm_status write_file(const group *g, size_t index, const gm_sample *format, const float *values) {
    const gm_sample_format *file;
    gm_text path = {0};
    GM_TRY(gm_sample_single_format(format, g->folder, g->options->format, &file));
    gm_text_printf(&path, "%s/%s", g->folder, g->names[index].data);
    char *slash = path.failed ? NULL : strrchr(path.data, '/');
    gm_status status = path.failed ? gm_fail_memory(64, "a file name") : GM_OK;
    if (status == GM_OK && slash) {
        *slash = '\0';
        status = gm_folder_create(path.data);
        *slash = '/';
    }
    gm_text_append(&path, file->ending);
    if (status == GM_OK && path.failed)
        status = gm_fail_memory(64, "a file name");
    size_t depth = g->deep[index] && (strcmp(file->name, "PNG") == 0 || strcmp(file->name, "TIFF") == 0) ? 16 : 8;
    bool pixels = strcmp(file->name, "PNG") == 0 || strcmp(file->name, "TIFF") == 0;
    const gm_writing writing = {.path = path.data,
                                .options = {.depth = pixels ? depth : 0},
                                .recipe = gm_common_of(g->translator->trained.recipe)->name,
                                .step = g->translator->trained.step};
    if (status == GM_OK)
        status = gm_sample_write_single(format, &writing, values);
    gm_text_finish(&path);
    return status;
}

static gm_status flush(group *g) {
    gm_extent result;
    const gm_common *common = gm_common_of(g->translator->trained.recipe);
    if (g->count == 0)
        return GM_OK;
    GM_TRY(gm_sized_plan(&g->translator->sized, g->height, g->width, &result));
    const gm_shape item = GM_SHAPE(result.channels, result.height, result.width);
    size_t values = gm_shape_count(&item);
    gm_sample format = gm_sample_of(&item);
    format.low = common->data.range.low;
    format.high = common->data.range.high;
    free(g->results);
    g->results = NULL;
    GM_TRY(gm_alloc(&g->results, g->count * values, sizeof *g->results, "results"));
    GM_TRY(gm_sized_run(&g->translator->sized, g->height, g->width, g->images, g->count, g->results));
    for (size_t i = 0; i < g->count; i++)
        GM_TRY(write_file(g, i, &format, g->results + i * values));
    g->made += g->count;
    g->count = 0;
    return GM_OK;
}

// Names are below the folder, whatever the source says, and no two that follow each other are the same.
static void name_file(group *g, const char *name, size_t index) {
    gm_text *text = &g->names[g->count];
    text->length = 0;
    bool inside = name && *name != '/' && strncmp(name, "../", 3) != 0 && !strstr(name, "/../");
    if (name && !inside)
        name = strrchr(name, '/') + 1;
    if (name && *name && strcmp(name, "..") != 0)
        gm_text_append(text, name);
    else
        gm_text_printf(text, "%08zu", index);
    bool again = g->last.length > 0 && strcmp(g->last.data, text->data) == 0;
    g->last.length = 0;
    gm_text_append(&g->last, text->data);
    if (again)
        gm_text_printf(text, "-%zu", index);
}

// Takes in an item as it is stored.
static gm_status add(group *g, const gm_dataset_info *info, const void *stored, const char *name, size_t index) {
    const gm_common *common = gm_common_of(g->translator->trained.recipe);
    const gm_sample format = gm_dataset_format(info, common->data.range.low, common->data.range.high);
    bool small = info->item_values <= ((size_t)1 << 14);
    if (format.item.rank != 3 || info->channels != g->translator->sized.channels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has items of %zu channels, but this run translates images of %zu",
                       info->name, info->channels, g->translator->sized.channels);
    if (g->count > 0 && (!small || g->count == GM_USE_BATCH || info->height != g->height || info->width != g->width))
        GM_TRY(flush(g));
    if (g->count == 0) {
        free(g->images);
        g->images = NULL;
        g->height = info->height;
        g->width = info->width;
        g->values = info->item_values;
        GM_TRY(gm_alloc(&g->images, (small ? GM_USE_BATCH : 1) * g->values, sizeof *g->images, "images"));
    }
    name_file(g, name, index);
    if (g->names[g->count].failed || g->last.failed)
        return gm_fail_memory(64, "a file name");
    g->deep[g->count] = info->kind == GM_DATASET_FLOATS && gm_sample_is_scaled(&format);
    format.kind->decode_values(&format, stored, 1, g->images + g->count++ * g->values);
    return GM_OK;
}

static gm_dataset_options reading_options(const gm_translator *t, int view) {
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(t->trained.checkpoint);
    gm_dataset_options options = gm_common_data_options(t->source);
    options.split = options.split == GM_SPLIT_TEST ? GM_SPLIT_TRAIN : GM_SPLIT_TEST;
    options.whole = options.adapted = options.item_names = options.own_sizes = true;
    options.size[0] = options.size[1] = options.count = 0;
    options.channels = t->sized.channels;
    options.view = (gm_image_view)view;
    options.scale_figures = checkpoint->scale_figures;
    options.scale_channels = checkpoint->scale_channels;
    options.damaged = GM_DAMAGED_STOP;
    return options;
}

static gm_status translate_all(group *g, const gm_dataset *data) {
    size_t count = gm_dataset_get_info(data)->count;
    count = g->options->count ? GM_MIN(count, g->options->count) : count;
    for (size_t i = 0; i < count; i++) {
        gm_dataset_info info;
        void *stored;
        GM_TRY(gm_dataset_read(data, i, &info, &stored));
        gm_status status = info.kind == GM_DATASET_FLOATS ? gm_check_finite(&info, stored, i, 1) : GM_OK;
        if (status == GM_OK)
            status = add(g, &info, stored, gm_dataset_item_name(data, i), i);
        free(stored);
        GM_TRY(status);
    }
    return flush(g);
}

gm_status gm_translator_files(gm_translator *t, const char *source, const char *folder,
                              const gm_translate_files *options, size_t *count) {
    static const gm_translate_files standard = {0};
    group g = {.translator = t, .options = options ? options : &standard, .folder = folder};
    int view = t->source->data.view;
    gm_dataset *data = NULL;
    gm_status status;
    *count = 0;
    if (g.options->view && !gm_common_find_view(g.options->view, &view))
        return gm_fail(GM_ERROR_ARGUMENT, "there is no view %s: expected plain, negative or edges", g.options->view);
    gm_dataset_options reading = reading_options(t, view);
    if (strcmp(source, t->source->data.source) != 0) { // what says which part of the run's own data it is
        reading.folder = NULL;
        reading.class_count = 0;
        reading.part = GM_PART_WHOLE;
    }
    GM_TRY_DONE(gm_dataset_open(&data, source, &reading));
    GM_TRY_DONE(gm_folder_create_empty(folder, "name another folder"));
    status = translate_all(&g, data);
    *count = g.made;
done:
    gm_dataset_close(&data);
    finish_group(&g);
    return status;
}

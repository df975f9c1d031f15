// What a source holds before anything is fitted: of pictures every file is looked at, of all else the items as they are
// when it is opened.
#include "data/clips.h"
#include "data/counting.h"
#include "data/format.h"
#include "data/items.h"
#include "data/picture.h"

#include <stdlib.h>

enum { PIECE = 256, MOST_WINDOWS = 1 << 20 };

typedef struct holder {
    gm_survey survey; // what the callers have
    gm_arena arena;
} holder;

void gm_survey_destroy(gm_survey **survey) {
    holder *old = survey ? (holder *)*survey : NULL;
    if (!old)
        return;
    *survey = NULL;
    gm_arena_finish(&old->arena);
    free(old);
}

// ---- Items ----

// Of a text the windows overlap: of those that do not at most so many are looked at.
static size_t step_of(const gm_dataset_info *info) {
    bool windows = info->text && info->text->items == GM_TEXT_WINDOWS;
    return windows ? GM_MAX(info->text->window, gm_divide_up(info->count, MOST_WINDOWS)) : 1;
}

// Every `step`-th item from `first` on.
static gm_status count_piece(const gm_dataset *dataset, size_t first, size_t step, size_t count, char *items,
                             gm_counting *counting) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    int32_t indices[PIECE], labels[PIECE];
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)(first + i * step);
    GM_TRY(gm_dataset_gather(dataset, indices, count, items, labels));
    const size_t frames = GM_MAX(info->frames, (size_t)1); // clips are counted frame by frame
    for (size_t i = 0; i < count * frames; i++) {
        const gm_fit_source item = {.pixels = items + i * (info->item_bytes / frames),
                                    .width = info->width,
                                    .height = info->height,
                                    .channels = info->channels,
                                    .step = 1,
                                    .plane = info->height * info->width,
                                    .type = info->kind == GM_DATASET_IMAGES ? GM_PICTURE_U8 : GM_PICTURE_F32};
        GM_TRY(gm_counting_add(counting, &item, false, NULL, info->class_count > 0 ? labels[i / frames] : -1));
    }
    return GM_OK;
}

static gm_status count_items(const gm_dataset *dataset, gm_counting *counting) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    char *items;
    gm_status status = GM_OK;
    counting->survey.splits = info->splits;
    if (info->class_count > 0)
        GM_TRY(gm_counting_set_classes(counting, info->class_names, info->class_count));
    GM_TRY(gm_alloc(&items, PIECE, info->item_bytes, "items of a data set"));
    const size_t step = step_of(info);
    for (size_t first = 0; first < info->count && status == GM_OK; first += PIECE * step)
        status = count_piece(dataset, first, step, GM_MIN(gm_divide_up(info->count - first, step), (size_t)PIECE),
                             items, counting);
    counting->all = info->text ? info->count : 0;
    free(items);
    return status;
}

// ---- Sources ----

static gm_status survey_opened(const char *source, const gm_dataset_options *options, gm_counting *counting) {
    gm_dataset *dataset;
    GM_TRY(gm_dataset_open(&dataset, source, options));
    gm_status status = count_items(dataset, counting);
    counting->survey.layout = gm_dataset_get_info(dataset)->layout;
    gm_dataset_close(&dataset);
    return status;
}

static gm_status survey_path(const char *path, const gm_dataset_options *options, gm_counting *counting) {
    gm_source source;
    const gm_format *format;
    GM_TRY(gm_source_open(&source, path));
    gm_status status = gm_format_find(&source, &format);
    if (status == GM_OK)
        status = gm_format_check_settings(format, &source, false, options);
    if (status == GM_OK) {
        counting->survey.format = format->name;
        counting->survey.folder = format->folder;
        counting->survey.table = format->table;
        status = format->survey ? format->survey(&source, options, counting) : survey_opened(path, options, counting);
    }
    gm_source_finish(&source);
    return status;
}

// Whether the source is one file of which clips are made.
static bool is_film(const char *path, const gm_dataset_options *options) {
    gm_source source;
    if (!gm_clips_are_wanted(options) || gm_source_open(&source, path) != GM_OK)
        return false;
    bool film = !source.folder && gm_picture_tell(source.head, source.head_bytes);
    gm_source_finish(&source);
    return film;
}

static gm_status survey_any(holder *h, const char *source, const gm_dataset_options *options) {
    gm_counting counting;
    GM_TRY(gm_counting_init(&counting, &h->arena));
    const bool looked_at = gm_dataset_is_path(source) && !is_film(source, options);
    gm_status status = looked_at ? survey_path(source, options, &counting) : survey_opened(source, options, &counting);
    if (status == GM_OK)
        status = gm_counting_survey(&counting, &h->survey);
    gm_counting_finish(&counting);
    return status;
}

gm_status gm_dataset_survey(gm_survey **survey, const char *source, const gm_dataset_options *options) {
    gm_dataset_options own = {0};
    holder *new;
    *survey = NULL;
    if (options) {
        own.split = options->split;
        own.count = options->count;
        own.whole = options->whole;
        own.pages = options->pages == GM_PAGES_CHANNELS ? GM_PAGES_CHANNELS : GM_PAGES_FIRST;
        own.layout = options->layout;
        own.folder = options->folder;
        own.prefix = options->prefix;
        own.frames = options->frames;
        own.frame_stride = options->frame_stride;
        own.frame_hop = options->frame_hop;
        own.short_films = options->short_films;
        own.seed = options->seed;
    }
    GM_TRY(gm_alloc(&new, 1, sizeof *new, "a survey"));
    *survey = &new->survey;
    gm_status status = survey_any(new, source, &own);
    if (status != GM_OK)
        gm_survey_destroy(survey);
    return status;
}

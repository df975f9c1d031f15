// Pictures in a folder, a zip archive or a list as a data set.
//
// Pictures are decoded once and kept where they all fit into a quarter of the machine's memory; else the list of files
// stays, and each is decoded whenever it is wanted. Clips are cut of them in memory.
#include "data/folder.h"

#include "data/clip_files.h"
#include "data/listing.h"
#include "data/partners.h"
#include "data/picture.h"
#include "data/picture_files.h"
#include "data/pictures.h"

#include <stdlib.h>
#include <string.h>

static const gm_file_kind pictures_kind = {.noun = "pictures",
                                           .others = ", IDX files or CIFAR-10 batches",
                                           .is_called = gm_path_is_picture,
                                           .tell = gm_picture_tell,
                                           .framed = true};

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

// The classes of clips: the folders in which all of them lie.
static gm_status classify_clips(gm_listing *list, gm_clip_files *clips, gm_arena *arena) {
    size_t stray = list->tree.paths.count, classed = stray;
    for (size_t i = clips->count; i-- > 0;)
        *(gm_clip_files_have_class(clips, i) ? &classed : &stray) = clips->films[i].first;
    GM_TRY(gm_listing_classify(list, stray, classed, arena));
    for (size_t i = 0; list->labels && i < clips->count; i++)
        clips->films[i].label = list->labels[clips->films[i].first];
    return GM_OK;
}

// Clips of the frames in memory, and their classes.
static gm_status cut_clips(gm_dataset *dataset, gm_listing *list, const gm_pictures *pictures,
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
    gm_listing list;
    gm_pictures *pictures = NULL;
    gm_dataset_options frames;
    gm_status status;
    GM_TRY(gm_clip_files_options(source->path, options, &frames));
    GM_TRY(gm_listing_open(&list, &pictures_kind, source, options, &dataset->arena));
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
    gm_listing_finish(&list);
    gm_pictures_destroy(&pictures);
    return status;
}

gm_status gm_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    gm_listing list;
    gm_pictures *pictures = NULL;
    gm_status status;
    if (gm_clips_are_wanted(options))
        return open_clips(dataset, source, options);
    GM_TRY(gm_clips_check_unwanted(source->path, options));
    GM_TRY(gm_listing_open(&list, &pictures_kind, source, options, &dataset->arena));
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
    gm_listing_finish(&list);
    gm_pictures_destroy(&pictures);
    return status;
}

gm_status gm_folder_check(const gm_source *source, const gm_dataset_options *options, gm_damage_callback damage,
                          void *user, size_t *count) {
    gm_listing list;
    gm_arena arena = {0};
    gm_status status = gm_listing_open_all(&list, &pictures_kind, source, options, &arena);
    if (status == GM_OK) {
        status = gm_picture_files_check(&list.tree, damage, user, count);
        gm_listing_finish(&list);
    }
    gm_arena_finish(&arena);
    return status;
}

gm_status gm_folder_survey(const gm_source *source, const gm_dataset_options *options, gm_counting *counting) {
    gm_listing list;
    GM_TRY(gm_listing_open_all(&list, &pictures_kind, source, options, counting->arena));
    counting->survey.splits = list.split;
    gm_status status = list.labels ? gm_counting_set_classes(counting, list.classes, list.class_count) : GM_OK;
    if (status == GM_OK)
        status = gm_picture_files_survey(&list.tree, list.labels, options, counting);
    gm_listing_finish(&list);
    return status;
}

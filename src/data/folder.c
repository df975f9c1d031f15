// Pictures in a folder, a zip archive or a list as a data set.
//
// Pictures are decoded once and kept where they all fit into a quarter of the machine's memory; else the list of files
// stays, and each is decoded whenever it is wanted.
#include "data/folder.h"

#include "data/listing.h"
#include "data/partners.h"
#include "data/picture.h"
#include "data/picture_files.h"
#include "data/pictures.h"

#include <stdlib.h>
#include <string.h>

static const gm_file_kind pictures_kind = {"pictures", ", IDX files or CIFAR-10 batches", gm_path_is_picture,
                                           gm_picture_tell};

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

gm_status gm_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    gm_listing list;
    gm_pictures *pictures = NULL;
    gm_status status;
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

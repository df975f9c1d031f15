// Items of chosen classes alone.
#include "data/chosen.h"

#include "data/classes.h"

#include <stdlib.h>
#include <string.h>

static gm_status refuse(const char *where, const char *word, const char *const *names, size_t class_count) {
    enum { MOST_LISTED = 1000 }; // bytes
    gm_text list = {0};
    for (size_t k = 0; names && k < class_count && list.length < MOST_LISTED; k++)
        gm_text_printf(&list, "%s%s", k > 0 ? ", " : "", names[k]);
    gm_status status =
        gm_fail(GM_ERROR_ARGUMENT, "%s: has no class %s: there are %s%s0 to %zu", where, word,
                list.data && !list.failed ? list.data : "", list.data && !list.failed ? ", or " : "", class_count - 1);
    gm_text_finish(&list);
    return status;
}

static gm_status find_chosen(const char *where, const gm_dataset_options *options, const char *const *names,
                             size_t class_count, uint8_t *chosen) {
    if (class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no labels, and data.classes chooses by them: leave it out", where);
    for (size_t i = 0; i < options->class_count; i++) {
        size_t k = gm_class_find(options->classes[i], names, names ? class_count : 0, class_count);
        if (k == class_count)
            return refuse(where, options->classes[i], names, class_count);
        chosen[k] = 1;
    }
    return GM_OK;
}

static void keep(gm_dataset *dataset, const uint8_t *chosen, size_t most) {
    gm_dataset_info *info = &dataset->info;
    size_t left = 0, bytes = info->item_bytes;
    for (size_t i = 0; i < info->count && (most == 0 || left < most); i++) {
        if (!chosen[dataset->labels[i]])
            continue;
        memmove((char *)dataset->items + left * bytes, (const char *)dataset->items + i * bytes, bytes);
        dataset->labels[left] = dataset->labels[i];
        if (dataset->names)
            dataset->names[left] = dataset->names[i];
        left++;
    }
    info->count = left;
}

gm_status gm_chosen_keep(gm_dataset *dataset, const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    uint8_t *chosen;
    if (options->class_count == 0 || !dataset->items)
        return GM_OK;
    GM_TRY(gm_alloc(&chosen, info->class_count + 1, 1, "classes"));
    gm_status status = find_chosen(info->name, options, info->class_names, info->class_count, chosen);
    if (status == GM_OK)
        keep(dataset, chosen, options->count);
    free(chosen);
    if (status == GM_OK && info->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no items of the classes that data.classes chooses", info->name);
    return status;
}

gm_status gm_chosen_keep_files(gm_tree *tree, const char *noun, int32_t *labels, const char *const *names,
                               size_t class_count, const gm_dataset_options *options) {
    size_t count = tree->paths.count, left = 0;
    uint8_t *chosen = NULL, *kept = NULL;
    gm_status status;
    if (options->class_count == 0)
        return GM_OK;
    GM_TRY_DONE(gm_alloc(&chosen, class_count + 1, 1, "classes"));
    GM_TRY_DONE(gm_alloc(&kept, count, 1, "a list of files"));
    GM_TRY_DONE(find_chosen(tree->path, options, names, class_count, chosen));
    for (size_t i = 0; i < count; i++)
        if ((kept[i] = chosen[labels[i]]) != 0)
            labels[left++] = labels[i];
    gm_paths_keep(&tree->paths, kept);
    if (left == 0)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: has no %s of the classes that data.classes chooses", tree->path, noun);
done:
    free(chosen);
    free(kept);
    return status;
}

// Copies of some items of a data set.
#include "data/subset.h"

#include "base/base.h"
#include "data/items.h"
#include "sample/scan.h"

static gm_status copy(gm_dataset *subset, const gm_dataset *whole, const int32_t *indices, size_t count) {
    const gm_dataset_info *info = gm_dataset_get_info(whole);
    subset->info = *info;
    subset->info.count = count;
    subset->info.labels_file = NULL; // of all items
    subset->info.name = gm_arena_string(&subset->arena, info->name);
    const char **names = gm_arena_alloc(&subset->arena, info->class_count * sizeof *names);
    bool named = subset->info.name && names;
    for (size_t i = 0; named && i < info->class_count; i++)
        named = (names[i] = gm_arena_string(&subset->arena, info->class_names[i])) != NULL;
    if (!named)
        return gm_fail_memory(64, "a data set");
    subset->info.class_names = names;
    if (info->scale_figures) {
        size_t bytes = info->channels * sizeof *info->scale_figures;
        void *figures = gm_arena_copy(&subset->arena, info->scale_figures, bytes);
        if (!figures)
            return gm_fail_memory(bytes, "a data set");
        subset->info.scale_figures = (const double(*)[2])figures;
    }
    if (info->table)
        GM_TRY(gm_table_schema_copy(&subset->table, info->table));
    subset->info.table = subset->table;
    if (info->text)
        GM_TRY(gm_text_schema_copy(&subset->text, info->text));
    subset->info.text = subset->text;
    if (info->sound) {
        subset->sound = *info->sound;
        subset->info.sound = &subset->sound;
    }
    GM_TRY(gm_alloc(&subset->items, count, info->item_bytes, info->name));
    if (gm_dataset_labels(whole))
        GM_TRY(gm_alloc(&subset->labels, count, sizeof *subset->labels, info->name));
    return gm_dataset_gather(whole, indices, count, subset->items, subset->labels);
}

gm_status gm_dataset_subset(gm_dataset **subset, const gm_dataset *whole, const int32_t *indices, size_t count) {
    *subset = NULL;
    gm_dataset *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a data set"));
    gm_status status = copy(made, whole, indices, count);
    if (status != GM_OK)
        gm_dataset_close(&made);
    *subset = made;
    return status;
}

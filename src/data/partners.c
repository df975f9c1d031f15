// Whether the items of two data sets are pairs, in their order.
#include "data/partners.h"

#include <string.h>

gm_status gm_partners_name(gm_dataset *dataset, const gm_paths *paths) {
    gm_text name = {0};
    dataset->names = gm_arena_alloc(&dataset->arena, paths->count * sizeof *dataset->names);
    bool named = dataset->names != NULL;
    for (size_t i = 0; i < paths->count && named; i++) {
        name.length = 0;
        gm_paths_append(paths, i, &name);
        char *dot = name.failed ? NULL : strrchr(name.data, '.'), *slash = name.failed ? NULL : strrchr(name.data, '/');
        if (dot && (!slash || dot > slash + 1))
            *dot = '\0';
        named = !name.failed && (dataset->names[i] = gm_arena_string(&dataset->arena, name.data)) != NULL;
    }
    gm_text_finish(&name);
    return named ? GM_OK : gm_fail_memory(paths->count * sizeof *dataset->names, "names of files");
}

const char *gm_dataset_item_name(const gm_dataset *dataset, size_t item) {
    return dataset->names && item < dataset->info.count ? dataset->names[item] : NULL;
}

static bool has_name(const gm_dataset *dataset, const char *name) {
    for (size_t i = 0; i < dataset->info.count; i++)
        if (strcmp(dataset->names[i], name) == 0)
            return true;
    return false;
}

static gm_status refuse(const gm_dataset *has, const gm_dataset *lacks, size_t item) {
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: has no counterpart of %s in %s: pairs need files of the same names in both (or data.pairs: "
                   "order)",
                   lacks->info.name, has->names[item], has->info.name);
}

// The first name that differs is missing on one side.
gm_status gm_dataset_check_pairs(const gm_dataset *first, const gm_dataset *second) {
    size_t count = GM_MIN(first->info.count, second->info.count);
    for (size_t i = 0; first->names && second->names && i < count; i++) {
        if (strcmp(first->names[i], second->names[i]) == 0)
            continue;
        return has_name(second, first->names[i]) ? refuse(second, first, i) : refuse(first, second, i);
    }
    if (first->names && second->names && first->info.count != second->info.count)
        return first->info.count > count ? refuse(first, second, count) : refuse(second, first, count);
    if (first->info.count != second->info.count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s has %zu items and %s has %zu: pairs need as many in both",
                       first->info.name, first->info.count, second->info.name, second->info.count);
    return GM_OK;
}

// Whether one data set may judge what was trained on another.
#include "data/items.h"

#include <stdlib.h>
#include <string.h>

static gm_status check_kinds(const gm_dataset_info *a, const gm_dataset_info *b) {
    if (a->kind != b->kind || a->channels != b->channels || a->height != b->height || a->width != b->width)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its items are not like those of %s", a->name, b->name);
    bool same_classes = (a->class_count == 0) == (b->class_count == 0) && a->class_count <= b->class_count;
    for (size_t i = 0; i < a->class_count && same_classes; i++)
        same_classes = strcmp(a->class_names[i], b->class_names[i]) == 0;
    if (!same_classes)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its training and test split have different classes", a->name);
    return GM_OK;
}

static size_t class_of(const gm_dataset *dataset, size_t item) {
    return dataset->labels ? (size_t)dataset->labels[item] : 0;
}

// The items of each class k in their order: order[begin[k]] to order[begin[k + 1] - 1].
static void sort_by_class(const gm_dataset *dataset, size_t classes, size_t *begin, size_t *order) {
    for (size_t i = 0; i < dataset->info.count; i++)
        begin[class_of(dataset, i) + 1]++;
    for (size_t k = 0; k < classes; k++)
        begin[k + 1] += begin[k];
    for (size_t i = 0; i < dataset->info.count; i++)
        order[begin[class_of(dataset, i)]++] = i;
    memmove(begin + 1, begin, classes * sizeof *begin); // each has become the next one's
    begin[0] = 0;
}

static gm_status same_item(const gm_dataset *a, size_t i, const gm_dataset *b, size_t j, void *buffer, bool *same) {
    size_t bytes = b->info.item_bytes;
    char *left = buffer, *right = left + bytes;
    GM_TRY(gm_dataset_gather_on(a, 1, (int32_t[]){(int32_t)i}, 1, left, NULL));
    GM_TRY(gm_dataset_gather_on(b, 1, (int32_t[]){(int32_t)j}, 1, right, NULL));
    *same = memcmp(left, right, bytes) == 0;
    return GM_OK;
}

// Whether the items that both have places for are the same. Places are counted within the classes, whose order differs
// between a folder and the first `count` pictures of it.
static gm_status begin_alike(const gm_dataset *a, const gm_dataset *b, bool *alike) {
    size_t classes = GM_MAX(b->info.class_count, (size_t)1), compared = 0;
    void *buffer = NULL;
    size_t *begin = NULL, *order = NULL, *next = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&begin, classes + 1, sizeof *begin, "classes"));
    GM_TRY_DONE(gm_alloc(&next, classes, sizeof *next, "classes"));
    GM_TRY_DONE(gm_alloc(&order, b->info.count, sizeof *order, "an order"));
    GM_TRY_DONE(gm_alloc(&buffer, 2, b->info.item_bytes, "two items"));
    sort_by_class(b, classes, begin, order);
    *alike = true;
    for (size_t i = 0; i < a->info.count && *alike; i++) {
        size_t k = class_of(a, i), place = begin[k] + next[k]++;
        if (place >= begin[k + 1])
            continue;
        GM_TRY_DONE(same_item(a, i, b, order[place], buffer, alike));
        compared++;
    }
    *alike = *alike && compared > 0;
done:
    free(buffer);
    free(begin);
    free(next);
    free(order);
    return status;
}

gm_status gm_dataset_check_held_out(const gm_dataset *other, const gm_dataset *trained) {
    bool alike;
    GM_TRY(check_kinds(&other->info, &trained->info));
    GM_TRY(begin_alike(other, trained, &alike));
    if (alike)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has no items held out of training: its training and test split are the same",
                       other->info.name);
    return GM_OK;
}

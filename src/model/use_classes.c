// The classes that a use may be asked for: all of the data, or those that were trained on.
#include "model/use.h"

#include "base/base.h"
#include "data/classes.h"
#include "model/common.h"

#include <stdlib.h>

gm_status gm_use_choose_classes(gm_use *use, const char *const *names, size_t count) {
    const gm_recipe_words *words = &gm_common_of(use->recipe)->data.classes;
    uint8_t *marked;
    if (words->count == 0 || use->classes == 0)
        return GM_OK;
    GM_TRY(gm_alloc(&marked, use->classes + 1, 1, "classes"));
    gm_status status = gm_alloc(&use->chosen, words->count, sizeof *use->chosen, "classes");
    for (size_t i = 0; i < words->count; i++)
        marked[gm_class_find(words->words[i], names, GM_MIN(count, use->classes), use->classes)] = 1;
    for (size_t k = 0; k < use->classes && status == GM_OK; k++)
        if (marked[k])
            use->chosen[use->chosen_count++] = (int32_t)k;
    free(marked);
    return status;
}

static bool is_trained(const gm_use *use, int32_t label) {
    size_t i = 0;
    while (i < use->chosen_count && use->chosen[i] != label)
        i++;
    return use->chosen_count == 0 || i < use->chosen_count;
}

static gm_status refuse_untrained(const gm_use *use, int32_t label) {
    const gm_recipe_words *words = &gm_common_of(use->recipe)->data.classes;
    gm_text list = {0};
    for (size_t i = 0; i < words->count; i++)
        gm_text_printf(&list, "%s%s", i > 0 ? ", " : "", words->words[i]);
    gm_status status =
        gm_fail(GM_ERROR_ARGUMENT, "class %d is none of those that this generator was trained on (data.classes): %s",
                (int)label, list.failed ? "others" : list.data);
    gm_text_finish(&list);
    return status;
}

gm_status gm_use_check_labels(const gm_use *use, const int32_t *labels, size_t count) {
    if (use->classes == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "this generator was trained without labels: it draws no class on request");
    for (size_t i = 0; i < count; i++)
        if (labels[i] < 0 || (size_t)labels[i] >= use->classes)
            return gm_fail(GM_ERROR_ARGUMENT, "class %d is not one of this generator's, 0 to %zu", (int)labels[i],
                           use->classes - 1);
        else if (!is_trained(use, labels[i]))
            return refuse_untrained(use, labels[i]);
    return GM_OK;
}

int32_t gm_use_label(const gm_use *use, uint64_t seed) {
    if (use->chosen_count > 0)
        return use->chosen[seed % use->chosen_count];
    return use->classes > 0 ? (int32_t)(seed % use->classes) : 0;
}

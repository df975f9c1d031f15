#include "data/classes.h"

#include "base/base.h"

#include <stdio.h>
#include <string.h>

static bool are_numbers(const char *const *names, size_t count) {
    char number[24];
    for (size_t i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%zu", i);
        if (strcmp(names[i], number) != 0)
            return false;
    }
    return true;
}

static bool is_written(const char *name, const char *written) {
    char line[GM_CLASS_NAME_BYTES];
    gm_escape(GM_ESCAPE_LINE, line, sizeof line, name);
    return strcmp(line, written) == 0;
}

static gm_status fail_unknown(const gm_dataset_info *data, size_t class, const char *const *names, size_t count) {
    gm_text list = {0};
    for (size_t i = 0; i < count; i++)
        gm_text_printf(&list, "%s%s", i ? ", " : "", names[i]);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "%s: has a class %s, which is none of those trained on: %s",
                               data->name, data->class_names[class], list.failed ? "other names" : list.data);
    gm_text_finish(&list);
    return status;
}

gm_status gm_classes_match(const gm_dataset_info *data, const char *const *names, size_t count, size_t *places) {
    bool by_name = !are_numbers(names, count) && !are_numbers(data->class_names, data->class_count);
    for (size_t k = 0; k < data->class_count; k++) {
        places[k] = by_name ? 0 : k;
        while (by_name && places[k] < count && !is_written(data->class_names[k], names[places[k]]))
            places[k]++;
        if (by_name && places[k] == count)
            return fail_unknown(data, k, names, count);
    }
    return GM_OK;
}

// Writes a data set's items as an array of floats and prints what it is, for tests that compare them with what other
// programs read: dump_dataset SOURCE OUT.npy [channels=N] [size=N] [fit=N] [alpha=N] [pages=N] [scale=N] [count=N]
// [split=N] [background=R,G,B], where the N of words are their enumerations' numbers.
#include "ganymede/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool takes(const char *argument, const char *key, unsigned *value) {
    size_t length = strlen(key);
    bool found = strncmp(argument, key, length) == 0 && argument[length] == '=';
    if (found)
        *value = (unsigned)strtoul(argument + length + 1, NULL, 10);
    return found;
}

static bool set(gm_dataset_options *options, const char *argument) {
    unsigned value;
    if (takes(argument, "channels", &value))
        options->channels = value;
    else if (takes(argument, "size", &value))
        options->size[0] = value;
    else if (takes(argument, "fit", &value))
        options->fit = (gm_fit)value;
    else if (takes(argument, "alpha", &value))
        options->alpha = (gm_alpha)value;
    else if (takes(argument, "pages", &value))
        options->pages = (gm_pages)value;
    else if (takes(argument, "scale", &value))
        options->scale = (gm_scaling)value;
    else if (takes(argument, "hold", &value))
        options->hold = (gm_hold)value;
    else if (takes(argument, "count", &value))
        options->count = value;
    else if (takes(argument, "split", &value))
        options->split = (gm_split)value;
    else if (sscanf(argument, "background=%hhu,%hhu,%hhu", &options->background[0], &options->background[1],
                    &options->background[2]) == 3)
        options->has_background = true;
    else
        return false;
    return true;
}

int main(int count, char **arguments) {
    gm_dataset_options options = {0};
    gm_dataset *dataset;
    for (int i = 3; i < count; i++)
        if (!set(&options, arguments[i]))
            return fprintf(stderr, "unknown option %s\n", arguments[i]), 2;
    if (count < 3 || gm_dataset_open(&dataset, arguments[1], &options) != GM_OK)
        return fprintf(stderr, "%s\n", gm_error_message()), 1;
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    size_t values = info->count * info->item_values;
    float *floats = malloc(values * sizeof *floats);
    uint8_t *item = malloc(info->item_bytes);
    bool bytes = info->kind == GM_DATASET_IMAGES;
    for (size_t i = 0; floats && item && i < info->count; i++) { // one by one: they may not be held in memory
        if (gm_dataset_gather(dataset, &(int32_t){(int32_t)i}, 1, item, NULL) != GM_OK)
            return fprintf(stderr, "%s\n", gm_error_message()), 1;
        for (size_t k = 0; k < info->item_values; k++)
            floats[i * info->item_values + k] = bytes ? (float)item[k] : ((const float *)(const void *)item)[k];
    }
    free(item);
    const size_t dim[] = {info->count, info->channels, info->height, info->width};
    gm_status status = floats ? gm_npy_write(arguments[2], floats, 4, dim) : GM_ERROR_MEMORY;
    printf("{\"bytes\": %s, \"black\": %g, \"white\": %g, \"labels\": ", bytes ? "true" : "false", info->black,
           info->white);
    const int32_t *labels = gm_dataset_labels(dataset);
    for (size_t i = 0; labels && i < info->count; i++)
        printf("%s%d", i == 0 ? "[" : ", ", (int)labels[i]);
    puts(labels ? "]}" : "null}");
    free(floats);
    gm_dataset_close(&dataset);
    return status == GM_OK ? 0 : 1;
}

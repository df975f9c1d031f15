// Latents: out of files, along directions.
#include "latents.h"

#include "command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void latents_finish(latents *l) {
    free(l->values);
    free(l->labels);
    *l = (latents){0};
}

static bool fail_memory(size_t count) {
    fail_with("out of memory for %zu latents; ask for fewer", count);
    return false;
}

// ---- Files ----

static bool check_labels(const char *path, const int32_t *labels, size_t count, size_t classes) {
    for (size_t i = 0; labels && i < count; i++)
        if (labels[i] < 0 || (size_t)labels[i] >= classes) {
            fail_with("%s: its label %zu is %d, but this generator has %zu classes", path, i, (int)labels[i], classes);
            return false;
        }
    return true;
}

static bool copy_rows(latents *l, const gm_dataset *data, bool labelled) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    const int32_t *labels = labelled ? gm_dataset_labels(data) : NULL;
    size_t values = info->count * info->item_values;
    l->count = info->count;
    l->values = malloc(values * sizeof *l->values);
    if (l->values)
        memcpy(l->values, gm_dataset_floats(data), values * sizeof *l->values);
    l->labels = labels ? malloc(l->count * sizeof *labels) : NULL;
    if (l->labels)
        memcpy(l->labels, labels, l->count * sizeof *labels);
    return (l->values && (!labels || l->labels)) || fail_memory(l->count);
}

static bool read_rows(latents *l, const char *path, size_t columns, size_t classes) {
    gm_dataset *data = NULL;
    *l = (latents){0};
    if (gm_dataset_open(&data, path, &(gm_dataset_options){.adapted = true}) != GM_OK) {
        fail_with_message();
        return false;
    }
    const gm_dataset_info *info = gm_dataset_get_info(data);
    bool rows = gm_dataset_floats(data) && info->count > 0, done = false;
    if (!rows || info->item_values != columns)
        fail_with("%s: holds %zu rows of %zu values: expected rows of %zu, a latent each", path, info->count,
                  info->item_values, columns);
    else
        done = check_labels(path, classes > 0 ? gm_dataset_labels(data) : NULL, info->count, classes) &&
               copy_rows(l, data, classes > 0);
    for (size_t i = 0; done && i < l->count * columns; i++)
        if (!isfinite(l->values[i])) {
            done = false;
            fail_with("%s: its row %zu is not finite", path, i / columns);
        }
    gm_dataset_close(&data);
    if (!done)
        latents_finish(l);
    return done;
}

bool latents_read(latents *l, const char *path, const gm_sampler_info *info) {
    return read_rows(l, path, info->latent, info->classes);
}

bool latents_repeat(latents *l, const latents *once, const gm_sampler_info *info, size_t columns) {
    *l = (latents){.count = once->count * columns};
    l->values = malloc(l->count * info->latent * sizeof *l->values);
    l->labels = once->labels ? malloc(l->count * sizeof *l->labels) : NULL;
    if (!l->values || (once->labels && !l->labels)) {
        latents_finish(l);
        return fail_memory(once->count * columns);
    }
    for (size_t i = 0; i < l->count; i++) {
        memcpy(l->values + i * info->latent, once->values + i / columns * info->latent,
               info->latent * sizeof *l->values);
        if (l->labels)
            l->labels[i] = once->labels[i / columns];
    }
    return true;
}

bool latents_of_seeds(latents *l, const gm_sampler *sampler, const uint64_t *seeds, const float *codes, size_t count) {
    gm_sampler_info info;
    gm_sampler_get_info(sampler, &info);
    *l = (latents){.count = count, .values = malloc(count * info.latent * sizeof *l->values)};
    if (!l->values)
        return fail_memory(count);
    if (gm_sampler_fill_latents(sampler, seeds, codes, count, l->values) == GM_OK)
        return true;
    fail_with_message();
    latents_finish(l);
    return false;
}

// ---- Directions ----

bool number_parse(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

bool direction_parse(const char *text, direction_range *direction, bool *sweep) {
    char *end, first[40];
    const char *dots;
    if (*text < '0' || *text > '9')
        return false;
    direction->index = strtoul(text, &end, 10);
    if (*end != '=')
        return false;
    text = end + 1;
    dots = strstr(text, "..");
    *sweep = dots != NULL;
    if (!dots) {
        bool number = number_parse(text, &direction->first);
        direction->last = direction->first;
        return number;
    }
    if ((size_t)(dots - text) >= sizeof first)
        return false;
    memcpy(first, text, (size_t)(dots - text));
    first[dots - text] = '\0';
    return number_parse(first, &direction->first) && number_parse(dots + 2, &direction->last);
}

// The directions up to the one that is asked for.
static bool find_directions(latents *found, gm_sampler *sampler, const gm_sampler_info *info, size_t index,
                            const char *path) {
    if (path && !read_rows(found, path, info->latent, 0))
        return false;
    if (path && index >= found->count) {
        fail_with("%s: holds %zu directions, 0 to %zu: there is no %zu", path, found->count, found->count - 1, index);
        return false;
    }
    if (path)
        return true;
    if (index >= info->noise) {
        fail_with("direction %zu: z has %zu values of noise, so there are directions 0 to %zu", index, info->noise,
                  info->noise - 1);
        return false;
    }
    found->count = index + 1;
    found->values = malloc(found->count * info->latent * sizeof *found->values);
    if (!found->values)
        return fail_memory(found->count);
    if (gm_sampler_directions(sampler, GM_DIRECTIONS_CLOSED, found->count, found->values, NULL) == GM_OK)
        return true;
    fail_with_message();
    return false;
}

bool latents_shift(latents *l, gm_sampler *sampler, const direction_range *direction, const char *path,
                   size_t columns) {
    gm_sampler_info info;
    latents found = {0};
    gm_sampler_get_info(sampler, &info);
    bool done = find_directions(&found, sampler, &info, direction->index, path);
    const float *axis = done ? found.values + direction->index * info.latent : NULL;
    for (size_t i = 0; axis && i < l->count; i++) {
        double share = columns > 1 ? (double)(i % columns) / (double)(columns - 1) : 0;
        double step = direction->first + share * (direction->last - direction->first);
        for (size_t k = 0; k < info.latent; k++)
            l->values[i * info.latent + k] = (float)((double)l->values[i * info.latent + k] + step * (double)axis[k]);
    }
    latents_finish(&found);
    return done;
}

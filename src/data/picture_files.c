// Every picture of a tree, read at its own size once, on threads: what is damaged, and what the others are.
#include "data/picture_files.h"

#include "data/picture.h"
#include "data/picture_read.h"

#include <stdlib.h>
#include <string.h>

// What a file turned out to be.
typedef struct opened {
    const char *format;
    gm_picture picture; // its pixels are the caller's
    bool several;       // it holds more pictures than are read
} opened;

static bool holds_several(const char *path, const char *data, size_t bytes) {
    const gm_picture_wish items = {.pages = GM_PAGES_ITEMS};
    gm_picture header;
    return gm_picture_parse_header(path, data, bytes, true, &items, &header) == GM_OK && header.pages > 1;
}

static gm_status parse(const char *path, const char *data, size_t bytes, const gm_picture_wish *wish, opened *file) {
    GM_TRY(gm_picture_parse(path, data, bytes, wish, &file->picture));
    file->format = gm_picture_tell((const uint8_t *)data, bytes);
    file->several = wish->pages == GM_PAGES_FIRST && holds_several(path, data, bytes);
    return GM_OK;
}

static gm_status open_picture(const gm_tree *tree, size_t index, const gm_picture_wish *wish, opened *file) {
    char *path, *data = NULL;
    size_t bytes;
    *file = (opened){0};
    GM_TRY(gm_tree_path(tree, index, &path));
    gm_status status = gm_picture_read(tree, index, path, &data, &bytes);
    if (status == GM_OK)
        status = parse(path, data, bytes, wish, file);
    free(data);
    free(path);
    return status;
}

// ---- Checking ----

typedef struct checking {
    const gm_tree *tree;
    char **messages; // of the files that cannot be read
} checking;

static gm_status check(void *user, size_t index) {
    const checking *c = user;
    opened file;
    const gm_picture_wish first = {0};
    gm_status status = open_picture(c->tree, index, &first, &file);
    free(file.picture.pixels);
    if (status == GM_OK || status == GM_ERROR_MEMORY)
        return status;
    size_t bytes = strlen(gm_error_message()) + 1;
    c->messages[index] = malloc(bytes);
    if (!c->messages[index])
        return gm_fail_memory(bytes, "a message");
    memcpy(c->messages[index], gm_error_message(), bytes);
    return GM_OK;
}

gm_status gm_picture_files_check(const gm_tree *tree, gm_damage_callback damage, void *user, size_t *count) {
    checking c = {.tree = tree};
    size_t total = tree->paths.count;
    *count = 0;
    GM_TRY(gm_alloc(&c.messages, total, sizeof *c.messages, "messages"));
    gm_status status = gm_parallel(gm_cpu_count(), total, check, &c);
    for (size_t i = 0; i < total; i++)
        if (c.messages[i]) {
            if (status == GM_OK)
                damage(c.messages[i], user);
            free(c.messages[i]);
            ++*count;
        }
    free(c.messages);
    return status;
}

// ---- Counting ----

typedef struct surveying {
    const gm_tree *tree;
    const int32_t *labels;
    gm_picture_wish wish;
    gm_counting *counting;
} surveying;

static gm_status note(gm_counting *counting, size_t damaged, size_t several) {
    pthread_mutex_lock(&counting->mutex);
    counting->survey.damaged += damaged;
    counting->survey.several += several;
    pthread_mutex_unlock(&counting->mutex);
    return GM_OK;
}

static gm_status survey(void *user, size_t index) {
    const surveying *s = user;
    opened file;
    gm_status status = open_picture(s->tree, index, &s->wish, &file);
    if (status != GM_OK)
        return status == GM_ERROR_MEMORY ? status : note(s->counting, 1, 0);
    const gm_picture *picture = &file.picture;
    const gm_fit_source item = {.pixels = picture->pixels,
                                .width = picture->width,
                                .height = picture->height,
                                .channels = picture->channels,
                                .step = picture->channels,
                                .plane = 1,
                                .type = picture->type};
    status = gm_counting_add(s->counting, &item, picture->alpha, file.format, s->labels ? s->labels[index] : -1);
    free(file.picture.pixels);
    return status == GM_OK && file.several ? note(s->counting, 0, 1) : status;
}

gm_status gm_picture_files_survey(const gm_tree *tree, const int32_t *labels, const gm_dataset_options *options,
                                  gm_counting *counting) {
    surveying s = {.tree = tree, .labels = labels, .counting = counting};
    s.wish = gm_picture_wish_of(options, 0, 0, 0);
    return gm_parallel(gm_cpu_count(), tree->paths.count, survey, &s);
}

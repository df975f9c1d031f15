// Clips as the items of a data set.
//
// All frames are images first, fitted as those are. Each film then gives every so-manyth of its frames, of which clips
// are cut one behind the other, or at a hop of their own. Clips that overlap are stored each by itself, so that items
// are in memory as those of any other data set.
#include "data/clips.h"

#include "data/settings.h"

#include <stdlib.h>
#include <string.h>

bool gm_clips_are_wanted(const gm_dataset_options *options) {
    return options->frames > 0;
}

gm_status gm_clips_check_unwanted(const char *where, const gm_dataset_options *options) {
    const char *key = options->frame_stride > 1 ? "stride"
                      : options->frame_hop      ? "hop"
                      : options->short_films    ? "short"
                                                : NULL;
    if (!key || options->adapted)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: holds images, and %s%s is for clips: say of how many frames with %sframes",
                   where, gm_settings_prefix(options), key, gm_settings_prefix(options));
}

gm_dataset_options gm_clips_frame_options(const gm_dataset_options *options) {
    gm_dataset_options frames = *options;
    frames.count = 0;
    frames.class_count = 0;
    return frames;
}

// ---- Where clips begin ----

typedef struct cut {
    size_t film, first; // of the frames that the film gives
    size_t rank;        // among those of its label
} cut;

typedef struct cuts {
    const gm_film *films;
    size_t film_count;
    size_t frames, stride, hop; // of a clip, in frames that films give
    cut *list;
    size_t count, capacity;
} cuts;

// How many frames a film gives.
static size_t given(const cuts *c, const gm_film *film) {
    return gm_divide_up(film->count, c->stride);
}

static gm_status refuse_short(const cuts *c, const char *where, const char *name, size_t film,
                              const gm_dataset_options *options) {
    const size_t count = c->films[film].count;
    const char *prefix = gm_settings_prefix(options);
    gm_text needed = {0};
    if (c->stride > 1)
        gm_text_printf(&needed, "%zu at a stride of %zu", c->frames, c->stride);
    else
        gm_text_printf(&needed, "%zu", c->frames);
    gm_status status = gm_fail(
        GM_ERROR_FORMAT,
        "%s: clip %zu%s%s has %zu frames, of which %s are wanted: ask for fewer with %sframes, or "
        "have its last one repeated with %sshort",
        where, film, name ? ", " : "", name ? name : "", count, needed.failed ? "more" : needed.data, prefix, prefix);
    gm_text_finish(&needed);
    return status;
}

static gm_status cut_films(cuts *c, const char *where, gm_film_name name, void *user,
                           const gm_dataset_options *options) {
    for (size_t i = 0; i < c->film_count; i++) {
        const size_t count = given(c, &c->films[i]);
        if (count < c->frames && !options->short_films)
            return refuse_short(c, where, name ? name(user, i) : NULL, i, options);
        for (size_t first = 0; first == 0 || first + c->frames <= count; first += c->hop) {
            GM_TRY(gm_grow(&c->list, c->count, &c->capacity, sizeof *c->list, where));
            c->list[c->count++] = (cut){.film = i, .first = first};
        }
    }
    return GM_OK;
}

// The first clip of each class comes before the second of any, as with files.
static int compare_ranks(const void *a, const void *b) {
    const cut *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->film != y->film)
        return x->film < y->film ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static gm_status take_first(cuts *c, const char *where, bool labelled, size_t count) {
    size_t labels = 1, *next;
    if (count == 0 || count >= c->count)
        return GM_OK;
    for (size_t i = 0; labelled && i < c->film_count; i++)
        labels = GM_MAX(labels, (size_t)c->films[i].label + 1);
    GM_TRY(gm_alloc(&next, labels, sizeof *next, where));
    for (size_t i = 0; i < c->count; i++)
        c->list[i].rank = next[labelled ? c->films[c->list[i].film].label : 0]++;
    free(next);
    qsort(c->list, c->count, sizeof *c->list, compare_ranks);
    c->count = count;
    return GM_OK;
}

// ---- The items ----

// Whether the clips are the frames as they lie there.
static bool is_in_place(const cuts *c) {
    for (size_t i = 0; i < c->count; i++)
        if (c->films[c->list[i].film].first + c->list[i].first != i * c->frames)
            return false;
    return c->stride == 1 && c->films[c->list[c->count - 1].film].count >= c->list[c->count - 1].first + c->frames;
}

static void copy_clip(const cuts *c, const cut *from, const char *frames, size_t bytes, char *to) {
    const gm_film *film = &c->films[from->film];
    for (size_t t = 0; t < c->frames; t++) {
        const size_t frame = GM_MIN((from->first + t) * c->stride, film->count - 1); // a short film stands still
        memcpy(to + t * bytes, frames + (film->first + frame) * bytes, bytes);
    }
}

static gm_status set_items(gm_dataset *dataset, const char *where, const cuts *c) {
    gm_dataset_info *info = &dataset->info;
    const size_t frame_bytes = info->item_bytes;
    const double black = info->black, white = info->white;
    const bool in_place = is_in_place(c);
    char *items;
    info->count = c->count;
    info->frames = c->frames;
    GM_TRY(gm_dataset_set_items(dataset, where, info->kind));
    info->black = black;
    info->white = white;
    if (in_place)
        return GM_OK;
    GM_TRY(gm_alloc(&items, c->count, info->item_bytes, where));
    for (size_t i = 0; i < c->count; i++)
        copy_clip(c, &c->list[i], dataset->items, frame_bytes, items + i * info->item_bytes);
    free(dataset->items);
    dataset->items = items;
    return GM_OK;
}

static gm_status set_labels(gm_dataset *dataset, const char *where, const cuts *c, bool labelled) {
    free(dataset->labels);
    dataset->labels = NULL;
    if (!labelled)
        return GM_OK;
    GM_TRY(gm_alloc(&dataset->labels, c->count, sizeof *dataset->labels, where));
    for (size_t i = 0; i < c->count; i++)
        dataset->labels[i] = c->films[c->list[i].film].label;
    return GM_OK;
}

// Of a set that says no number of frames all films have as many.
static gm_status find_frames(cuts *c, const char *where, const gm_dataset_options *options) {
    c->frames = options->frames;
    for (size_t i = 0; c->frames == 0 && i < c->film_count; i++)
        if (given(c, &c->films[i]) != given(c, c->films))
            return gm_fail(GM_ERROR_FORMAT, "%s: has clips of %zu and %zu frames: say how many with %sframes", where,
                           given(c, c->films), given(c, &c->films[i]), gm_settings_prefix(options));
    if (c->frames == 0)
        c->frames = given(c, c->films);
    c->hop = options->frame_hop > 0 ? options->frame_hop : c->frames;
    return GM_OK;
}

gm_status gm_clips_make(gm_dataset *dataset, const char *where, const gm_film *films, size_t count, bool labelled,
                        gm_film_name name, void *user, const gm_dataset_options *options) {
    cuts c = {.films = films, .film_count = count, .stride = GM_MAX(options->frame_stride, (size_t)1)};
    gm_status status;
    GM_TRY_DONE(find_frames(&c, where, options));
    GM_TRY_DONE(cut_films(&c, where, name, user, options));
    if (options->class_count == 0)
        GM_TRY_DONE(take_first(&c, where, labelled, options->count));
    GM_TRY_DONE(set_items(dataset, where, &c));
    status = set_labels(dataset, where, &c, labelled);
done:
    free(c.list);
    return status;
}

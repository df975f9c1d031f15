// Every sound of a source, read at its own rate and length once, on threads: what is damaged, and what the others are.
#include "data/sounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// What a file turned out to be.
typedef struct found {
    char *message;       // what is wrong with it, from malloc; NULL: nothing
    gm_sound sound;      // without its values
    bool silent, beyond; // all values are 0; some lie beyond -1 and 1
} found;

typedef struct looking {
    const gm_listing *list;
    found *files;
    gm_counting *counting; // NULL: they are only checked
} looking;

static gm_status look_at(void *user, size_t file) {
    const looking *l = user;
    found *f = &l->files[file];
    gm_sound sound;
    gm_status status = gm_sounds_read(&l->list->tree, file, &(gm_sound_wish){0}, &sound);
    if (status == GM_ERROR_MEMORY)
        return status;
    if (status != GM_OK) {
        const size_t bytes = strlen(gm_error_message()) + 1;
        f->message = malloc(bytes);
        if (!f->message)
            return gm_fail_memory(bytes, "a message");
        memcpy(f->message, gm_error_message(), bytes);
        return GM_OK;
    }
    f->silent = !(sound.largest > 0) && !(sound.least < 0);
    f->beyond = sound.largest > 1 || sound.least < -1;
    const gm_fit_source item = {.pixels = sound.values,
                                .width = 1,
                                .height = sound.frames,
                                .channels = sound.channels,
                                .step = sound.channels,
                                .plane = 1,
                                .type = GM_PICTURE_F32};
    if (l->counting)
        status = gm_counting_add(l->counting, &item, false, NULL, l->list->labels ? l->list->labels[file] : -1);
    f->sound = sound;
    f->sound.values = NULL;
    gm_sound_finish(&sound);
    return status;
}

static gm_status look_at_all(looking *l, const gm_listing *list, gm_counting *counting) {
    *l = (looking){.list = list, .counting = counting};
    GM_TRY(gm_alloc(&l->files, list->tree.paths.count, sizeof *l->files, "a list of sounds"));
    return gm_parallel(gm_cpu_count(), list->tree.paths.count, look_at, l);
}

static void finish(looking *l) {
    for (size_t i = 0; l->files && i < l->list->tree.paths.count; i++)
        free(l->files[i].message);
    free(l->files);
}

// ---- Checking ----

gm_status gm_sounds_check(const gm_source *source, const gm_dataset_options *options, gm_damage_callback damage,
                          void *user, size_t *count) {
    gm_listing list;
    gm_arena arena = {0};
    looking l = {0};
    *count = 0;
    gm_status status = gm_listing_open_all(&list, &gm_sounds_kind, source, options, &arena);
    if (status == GM_OK) {
        status = look_at_all(&l, &list, NULL);
        for (size_t i = 0; i < list.tree.paths.count && status == GM_OK; i++)
            if (l.files[i].message) {
                damage(l.files[i].message, user);
                ++*count;
            }
        finish(&l);
        gm_listing_finish(&list);
    }
    gm_arena_finish(&arena);
    return status;
}

// ---- Counting ----

typedef struct names {
    gm_survey_count *list; // free()
    size_t count, capacity;
} names;

static gm_status count_name(names *n, gm_arena *arena, const char *name) {
    size_t at = 0;
    while (at < n->count && strcmp(n->list[at].name, name) != 0)
        at++;
    if (at == n->count) {
        GM_TRY(gm_grow(&n->list, at, &n->capacity, sizeof *n->list, "names"));
        n->list[at] = (gm_survey_count){.name = gm_arena_string(arena, name)};
        if (!n->list[at].name)
            return gm_fail_memory(strlen(name), "names");
        n->count++;
    }
    n->list[at].count++;
    return GM_OK;
}

static int compare_counts(const void *a, const void *b) {
    const gm_survey_count *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->name, y->name);
}

// The list in the arena, the most frequent first.
static gm_status keep_names(names *n, gm_arena *arena, const gm_survey_count **list, size_t *count) {
    if (n->count > 0)
        qsort(n->list, n->count, sizeof *n->list, compare_counts);
    *list = gm_arena_copy(arena, n->list, n->count * sizeof *n->list);
    *count = n->count;
    return *list || n->count == 0 ? GM_OK : gm_fail_memory(n->count * sizeof **list, "names");
}

static void count_length(gm_survey_sounds *all, const gm_sound *sound) {
    const double seconds = (double)sound->own_frames / (double)sound->own_rate;
    const double power = floor(log2(1000 * seconds));
    all->lengths[(size_t)fmin(fmax(power, 0), GM_SURVEY_LENGTHS - 1)]++;
    all->shortest = all->total > 0 ? fmin(all->shortest, seconds) : seconds;
    all->longest = fmax(all->longest, seconds);
    all->total += seconds;
}

// "WAV of 16 bits", "Ogg".
static void describe(const gm_sound *sound, char *text, size_t room) {
    if (sound->bits > 0)
        gm_snprintf(text, room, "%s of %zu bits%s", sound->format, sound->bits, sound->floats ? " (floats)" : "");
    else
        gm_snprintf(text, room, "%s", sound->format);
}

static gm_status summarise(const looking *l, gm_counting *counting) {
    gm_survey_sounds *all = gm_arena_alloc(counting->arena, sizeof *all);
    names rates = {0}, formats = {0};
    gm_status status;
    GM_TRY_DONE(all ? GM_OK : gm_fail_memory(sizeof *all, "a survey"));
    for (size_t i = 0; i < l->list->tree.paths.count; i++) {
        const found *f = &l->files[i];
        char text[64];
        if (f->message) {
            counting->survey.damaged++;
            continue;
        }
        count_length(all, &f->sound);
        all->silent += f->silent;
        all->beyond += f->beyond;
        describe(&f->sound, text, sizeof text);
        GM_TRY_DONE(count_name(&formats, counting->arena, text));
        gm_snprintf(text, sizeof text, "%zu", f->sound.own_rate);
        GM_TRY_DONE(count_name(&rates, counting->arena, text));
    }
    GM_TRY_DONE(keep_names(&rates, counting->arena, &all->rates, &all->rate_count));
    status = keep_names(&formats, counting->arena, &counting->survey.formats, &counting->survey.format_count);
    counting->survey.sounds = all;
done:
    free(rates.list);
    free(formats.list);
    return status;
}

gm_status gm_sounds_survey(const gm_source *source, const gm_dataset_options *options, gm_counting *counting) {
    gm_listing list;
    looking l;
    GM_TRY(gm_listing_open_all(&list, &gm_sounds_kind, source, options, counting->arena));
    counting->survey.splits = list.split;
    gm_status status = list.labels ? gm_counting_set_classes(counting, list.classes, list.class_count) : GM_OK;
    if (status == GM_OK) {
        status = look_at_all(&l, &list, counting);
        if (status == GM_OK)
            status = summarise(&l, counting);
        finish(&l);
    }
    gm_listing_finish(&list);
    return status;
}

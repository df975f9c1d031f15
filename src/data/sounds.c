// Sounds as the items of a data set: every file is decoded once, on threads, to one rate, and its windows are kept.
//
// The first file that can be read says what the options leave open: rate, channels, length. What is read, and which
// failure is reported, is the same whatever the number of threads.
#include "data/sounds.h"

#include "data/items.h"
#include "data/partners.h"
#include "data/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SILENCE = 200 };      // what is so many times less than the peak
enum { MOST_DAMAGED = 100 }; // one in so many, as of pictures
enum { MEMORY_SHARE = 2 };   // sounds take at most one part in so many of the machine's memory

// What became of a file.
typedef struct piece {
    float *windows; // (count, channels, window); free()
    size_t count;
    bool damaged, clipped; // clipped: values beyond -1 and 1 were cut off
} piece;

typedef struct sounds {
    const gm_dataset_options *options;
    gm_listing list;
    gm_sound_schema schema;
    size_t channels;
    piece *pieces; // of the list's files
    size_t first;  // the file that settled the schema
    size_t most;   // bytes that all windows may take
    pthread_mutex_t mutex;
    size_t taken; // under the mutex: of them
    // Under the mutex, too, of files that may be left out: how many are damaged, the first of them, and its message.
    size_t damaged, first_damaged;
    char message[GM_MESSAGE_BYTES];
} sounds;

// What stands in front of the keys of a sound's schema in messages.
static const char *sound_prefix(const gm_dataset_options *options) {
    return options->prefix ? options->prefix : "data.sound.";
}

// ---- Windows ----

gm_status gm_sounds_read(const gm_tree *tree, size_t file, const gm_sound_wish *wish, gm_sound *sound) {
    char *path, *data = NULL;
    size_t bytes;
    uint64_t size;
    bool swells;
    *sound = (gm_sound){0};
    GM_TRY(gm_tree_path(tree, file, &path));
    gm_status status = gm_tree_measure(tree, file, &size, &swells);
    if (status == GM_OK) // sound that deflates to a hundredth is silence, or made to fill the memory
        status = gm_tree_read(tree, file, GM_SOUND_LIMIT, swells ? 100 * size + GM_ZIP_PLAIN : 0, &data, &bytes);
    if (status == GM_OK)
        status = gm_sound_parse(path, data, bytes, wish, sound);
    free(data);
    free(path);
    return status;
}

static double find_peak(const gm_sound *sound) {
    double peak = 0;
    for (size_t i = 0; i < sound->frames * sound->channels; i++)
        peak = fmax(peak, fabs((double)sound->values[i]));
    return peak;
}

static bool is_silent(const gm_sound *sound, size_t frame, double level) {
    bool silent = true;
    for (size_t c = 0; c < sound->channels; c++)
        silent = silent && fabs((double)sound->values[frame * sound->channels + c]) < level;
    return silent;
}

// Leaves at least one frame.
static void trim(gm_sound *sound) {
    const double level = find_peak(sound) / SILENCE;
    size_t first = 0, last = sound->frames - 1;
    while (first < last && is_silent(sound, first, level))
        first++;
    while (last > first && is_silent(sound, last, level))
        last--;
    sound->frames = last - first + 1;
    memmove(sound->values, sound->values + first * sound->channels,
            sound->frames * sound->channels * sizeof *sound->values);
}

// A file as the options have it.
static gm_status read_sound(const sounds *s, size_t file, gm_sound *sound) {
    const gm_sound_schema *asked = s->options->sound;
    const gm_sound_wish wish = {.rate = asked ? asked->rate : 0, .channels = s->options->channels};
    GM_TRY(gm_sounds_read(&s->list.tree, file, &wish, sound));
    if (s->schema.trim)
        trim(sound);
    return GM_OK;
}

static size_t count_windows(const gm_sound_schema *schema, size_t frames) {
    if (schema->longer == GM_SOUND_CUT || frames <= schema->window)
        return 1;
    const size_t rest = frames % schema->window;
    return frames / schema->window + (2 * rest >= schema->window && rest > 0);
}

// Frames `from` ... of the sound into one window (channels, window), silence where it has none.
static void fill_window(const sounds *s, const gm_sound *sound, ptrdiff_t from, double gain, float *window) {
    const size_t W = s->schema.window;
    for (size_t c = 0; c < s->channels; c++)
        for (size_t t = 0; t < W; t++) {
            const ptrdiff_t at = from + (ptrdiff_t)t;
            double value = 0;
            if (at >= 0 && (size_t)at < sound->frames)
                value = (double)sound->values[(size_t)at * sound->channels + (sound->channels == 1 ? 0 : c)];
            window[c * W + t] = (float)fmin(fmax(gain * value, -1), 1);
        }
}

static gm_status reserve(sounds *s, size_t bytes) {
    pthread_mutex_lock(&s->mutex);
    s->taken += bytes;
    const bool fits = s->taken <= s->most;
    pthread_mutex_unlock(&s->mutex);
    if (fits)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: its sounds take more than %zu MB, half of this machine's memory: give %scount, or a smaller "
                   "window or rate",
                   s->list.tree.path, s->most >> 20, gm_settings_prefix(s->options));
}

static gm_status cut_windows(sounds *s, const gm_sound *sound, piece *made) {
    const size_t W = s->schema.window, values = s->channels * W;
    const double peak = find_peak(sound);
    const bool loudest = s->schema.loudness == GM_SOUND_PEAK && peak > 0;
    made->count = count_windows(&s->schema, sound->frames);
    made->clipped = !loudest && (sound->largest > 1 || sound->least < -1);
    GM_TRY(reserve(s, made->count * values * sizeof(float)));
    GM_TRY(gm_alloc(&made->windows, made->count * values, sizeof *made->windows, "sounds"));
    const ptrdiff_t middle = ((ptrdiff_t)sound->frames - (ptrdiff_t)W) / 2; // negative: silence in front
    for (size_t i = 0; i < made->count; i++)
        fill_window(s, sound, made->count == 1 ? middle : (ptrdiff_t)(i * W), loudest ? 1 / peak : 1,
                    made->windows + i * values);
    return GM_OK;
}

// ---- What all files must have ----

static gm_status check_alike(const sounds *s, const char *path, const char *first, const gm_sound *sound) {
    const char *prefix = gm_settings_prefix(s->options);
    if (sound->rate != s->schema.rate)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has %zu values a second, but %s has %zu: give %srate to make all the same", path,
                       sound->rate, first, s->schema.rate, sound_prefix(s->options));
    if (sound->channels != s->channels && sound->channels != 1)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu channels, not %zu: give %schannels 1 to mix them", path,
                       sound->channels, s->channels, prefix);
    if (sound->channels != s->channels && s->options->channels == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has 1 channel, but %s has %zu: give %schannels 1 to mix them", path,
                       first, s->channels, prefix);
    if (s->options->sound && s->options->sound->window > 0)
        return GM_OK;
    if (sound->frames != s->schema.window)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has %zu values, but %s has %zu: give %swindow to make all sounds the same", path,
                       sound->frames, first, s->schema.window, sound_prefix(s->options));
    return GM_OK;
}

// Of a file that is damaged and may be left out: GM_OK.
static gm_status note_damage(sounds *s, size_t file, gm_status status) {
    if (s->options->damaged != GM_DAMAGED_SKIP || status == GM_ERROR_MEMORY)
        return status;
    pthread_mutex_lock(&s->mutex);
    if (s->damaged == 0 || file < s->first_damaged) {
        s->first_damaged = file;
        gm_snprintf(s->message, sizeof s->message, "%s", gm_error_message());
    }
    s->damaged++;
    s->pieces[file].damaged = true;
    pthread_mutex_unlock(&s->mutex);
    return GM_OK;
}

static gm_status check_damage(const sounds *s) {
    const size_t total = s->list.tree.paths.count;
    if (s->damaged <= total / MOST_DAMAGED)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT, "%s: %zu of %zu sounds are damaged, more than 1 %%; %s", s->list.tree.path,
                   s->damaged, total, s->message);
}

// The first file that can be read settles what is not said.
static gm_status settle(sounds *s) {
    gm_sound sound;
    for (s->first = 0; s->first < s->list.tree.paths.count; s->first++) {
        gm_status status = read_sound(s, s->first, &sound);
        if (status == GM_OK) {
            s->schema.rate = sound.rate;
            s->channels = s->channels > 0 ? s->channels : sound.channels;
            s->schema.window = s->schema.window > 0 ? s->schema.window : sound.frames;
            gm_sound_finish(&sound);
            break;
        }
        GM_TRY(note_damage(s, s->first, status));
        GM_TRY(check_damage(s));
    }
    if (s->schema.window > GM_SOUND_MOST_WINDOW)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has %zu values in each sound, and windows have at most %d: give %swindow",
                       s->list.tree.path, s->schema.window, GM_SOUND_MOST_WINDOW, sound_prefix(s->options));
    return GM_OK;
}

static gm_status read_file(void *user, size_t file) {
    sounds *s = user;
    gm_sound sound;
    char *path = NULL, *first = NULL;
    if (s->pieces[file].damaged)
        return GM_OK;
    gm_status status = read_sound(s, file, &sound);
    if (status != GM_OK)
        return note_damage(s, file, status);
    GM_TRY_DONE(gm_tree_path(&s->list.tree, file, &path));
    GM_TRY_DONE(gm_tree_path(&s->list.tree, s->first, &first));
    GM_TRY_DONE(check_alike(s, path, first, &sound));
    status = cut_windows(s, &sound, &s->pieces[file]);
done:
    free(path);
    free(first);
    gm_sound_finish(&sound);
    return status;
}

// ---- The data set ----

static void warn(const sounds *s) {
    size_t clipped = 0;
    for (size_t i = 0; i < s->list.tree.paths.count; i++)
        clipped += s->pieces[i].clipped;
    if (s->damaged > 0)
        gm_warn("%s: %zu of %zu sounds are damaged and left out; %s", s->list.tree.path, s->damaged,
                s->list.tree.paths.count, s->message);
    if (clipped > 0)
        gm_warn("%s: %zu of %zu sounds have values beyond -1 and 1, which are cut off: %sloudness peak keeps their "
                "shape",
                s->list.tree.path, clipped, s->list.tree.paths.count, sound_prefix(s->options));
}

// Puts the windows one behind the other, and gives back the pieces.
static gm_status join(gm_dataset *dataset, sounds *s) {
    gm_dataset_info *info = &dataset->info;
    const size_t files = s->list.tree.paths.count, most = s->options->count;
    size_t count = 0;
    for (size_t i = 0; i < files; i++)
        count += s->pieces[i].count;
    info->count = most > 0 ? GM_MIN(count, most) : count;
    info->channels = s->channels;
    info->height = s->schema.window;
    info->width = 1;
    GM_TRY(gm_dataset_set_items(dataset, s->list.tree.path, GM_DATASET_FLOATS));
    info->black = info->white = 0; // values are what they are: -1 to 1
    dataset->sound = s->schema;
    info->sound = &dataset->sound;
    GM_TRY(gm_alloc(&dataset->items, info->count, info->item_bytes, s->list.tree.path));
    if (s->list.labels)
        GM_TRY(gm_alloc(&dataset->labels, info->count, sizeof *dataset->labels, s->list.tree.path));
    size_t at = 0;
    for (size_t i = 0; i < files; i++) {
        const size_t here = GM_MIN(s->pieces[i].count, info->count - at);
        if (here > 0)
            memcpy((char *)dataset->items + at * info->item_bytes, s->pieces[i].windows, here * info->item_bytes);
        for (size_t k = 0; s->list.labels && k < here; k++)
            dataset->labels[at + k] = s->list.labels[i];
        at += here;
        free(s->pieces[i].windows);
        s->pieces[i].windows = NULL;
    }
    if (s->list.labels)
        GM_TRY(gm_dataset_set_classes(dataset, s->list.tree.path, s->list.classes, s->list.class_count));
    if (s->options->item_names && info->count == files)
        GM_TRY(gm_partners_name(dataset, &s->list.tree.paths));
    return GM_OK;
}

static gm_status read_all(gm_dataset *dataset, sounds *s) {
    const size_t files = s->list.tree.paths.count;
    if (s->options->sound)
        s->schema = *s->options->sound;
    s->channels = s->options->channels;
    GM_TRY(gm_alloc(&s->pieces, files, sizeof *s->pieces, s->list.tree.path));
    GM_TRY(settle(s));
    GM_TRY(gm_parallel(gm_cpu_count(), files, read_file, s));
    GM_TRY(check_damage(s));
    warn(s);
    dataset->info.splits = s->list.split;
    return join(dataset, s);
}

gm_status gm_sounds_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    sounds s = {.options = options,
                .mutex = PTHREAD_MUTEX_INITIALIZER,
                .most = (size_t)GM_MIN(gm_memory_bytes() / MEMORY_SHARE, (uint64_t)(SIZE_MAX / 4))};
    GM_TRY(gm_listing_open(&s.list, &gm_sounds_kind, source, options, &dataset->arena));
    gm_status status = read_all(dataset, &s);
    for (size_t i = 0; s.pieces && i < s.list.tree.paths.count; i++)
        free(s.pieces[i].windows);
    free(s.pieces);
    gm_listing_finish(&s.list);
    return status;
}

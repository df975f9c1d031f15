// The tuning store: a text file per device, driver and number of compute units in the cache folder, since what is fast
// on two of them need not be on 64.
//
//     ganymede tuning 1
//     0123456789abcdef NAME, driver VERSION
//     KEY <tab> VARIANT <tab> NANOSECONDS
//
// The second line's number is the hash of everything that identifies device and driver; it leaves out the units, so
// that a run keeps its choices where it gets more or fewer of them. Files appear whole; a line that cannot be read ends
// what is read, and the operations behind it are timed again.
#include "device/tuning.h"

#include "device/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_MILLISECONDS 1e9       // more is damage
#define MAX_BYTES         (1 << 24) // of the store

#define FIRST_LINE "ganymede tuning 1\n" // also of the choices in checkpoints, which hold for ever
#define STORE      "tuning5"             // raised when variants or kernels change so that old times mislead

gm_choice *gm_tuning_find(const gm_tuning *tuning, const char *key) {
    for (size_t i = 0; i < tuning->count; i++)
        if (strcmp(tuning->choices[i].key, key) == 0)
            return &tuning->choices[i];
    return NULL;
}

static gm_status copy_string(char **copy, const char *string) {
    GM_TRY(gm_alloc(copy, strlen(string) + 1, 1, "a tuning choice"));
    strcpy(*copy, string);
    return GM_OK;
}

gm_status gm_tuning_set(gm_tuning *tuning, const char *key, const char *variant, double milliseconds) {
    gm_choice *choice = gm_tuning_find(tuning, key);
    char *name;
    GM_TRY(copy_string(&name, variant));
    gm_status status = GM_OK;
    if (!choice) {
        GM_TRY_DONE(
            gm_grow(&tuning->choices, tuning->count, &tuning->capacity, sizeof *tuning->choices, "tuning choices"));
        choice = &tuning->choices[tuning->count];
        *choice = (gm_choice){0};
        GM_TRY_DONE(copy_string(&choice->key, key));
        tuning->count++;
    }
    free(choice->variant);
    choice->variant = name;
    choice->milliseconds = milliseconds;
    choice->fresh = choice->made = true;
    name = NULL;
done:
    free(name);
    return status;
}

gm_status gm_tuning_add(gm_tuning *tuning, const char *key, const char *variant, double milliseconds) {
    GM_TRY(gm_tuning_set(tuning, key, variant, milliseconds));
    gm_choice *choice = gm_tuning_find(tuning, key);
    choice->fresh = choice->made = false;
    return GM_OK;
}

// ---- Text ----

static void append_head(gm_text *text, const gm_device *device) {
    gm_text_printf(text, FIRST_LINE "%016llx %s, driver %s\n", (unsigned long long)device->cache_identity,
                   device->info.name, device->info.driver_version);
}

static void append_choice(gm_text *text, const gm_choice *choice) {
    gm_text_printf(text, "%s\t%s\t%llu\n", choice->key, choice->variant,
                   (unsigned long long)(1e6 * choice->milliseconds + 0.5));
}

gm_status gm_tuning_write(const gm_tuning *tuning, bool used, char **text) {
    gm_text lines = {0};
    append_head(&lines, tuning->device);
    for (size_t i = 0; i < tuning->count; i++)
        if (tuning->choices[i].used || !used)
            append_choice(&lines, &tuning->choices[i]);
    *text = lines.failed ? NULL : lines.data;
    if (!lines.failed)
        return GM_OK;
    gm_text_finish(&lines);
    return gm_fail_memory(lines.length, "the tuning choices");
}

// Cuts the text's next line out of it; NULL at its end. A last line without a line feed is a torn one.
static char *next_line(char **text) {
    char *line = *text, *feed = strchr(line, '\n');
    if (!feed)
        return NULL;
    *feed = '\0';
    *text = feed + 1;
    return line;
}

// Cuts the line into key, variant and time.
static bool split_line(char *line, char **variant, double *milliseconds) {
    char *first = strchr(line, '\t'), *second = first ? strchr(first + 1, '\t') : NULL, *end;
    if (!second || first == line || second == first + 1 || second[1] < '0' || second[1] > '9')
        return false;
    *first = *second = '\0';
    *variant = first + 1;
    *milliseconds = 1e-6 * (double)strtoull(second + 1, &end, 10);
    return *end == '\0' && *milliseconds < MOST_MILLISECONDS;
}

// Adds the lines' choices to those without one. The text is cut up.
static gm_status read_lines(gm_tuning *tuning, char *text) {
    char *line;
    while ((line = next_line(&text))) {
        char *variant;
        double milliseconds;
        if (!split_line(line, &variant, &milliseconds)) {
            gm_debug("tuning: a damaged line; the operations from there on are timed again");
            break;
        }
        if (gm_tuning_find(tuning, line))
            continue;
        GM_TRY(gm_tuning_add(tuning, line, variant, milliseconds));
    }
    return GM_OK;
}

gm_status gm_tuning_parse(gm_tuning *tuning, uint64_t identity, const char *text, size_t bytes, bool *known) {
    char head[sizeof FIRST_LINE + 32], *copy, *lines;
    snprintf(head, sizeof head, FIRST_LINE "%016llx ", (unsigned long long)identity);
    *known = bytes > strlen(head) && memcmp(text, head, strlen(head)) == 0;
    if (!*known)
        return GM_OK;
    GM_TRY(gm_alloc(&copy, bytes + 1, 1, "tuning choices"));
    memcpy(copy, text, bytes);
    lines = copy;
    next_line(&lines);
    next_line(&lines);
    gm_status status = read_lines(tuning, lines);
    free(copy);
    return status;
}

// ---- The file ----

// "" without a cache folder.
static gm_status store_path(const gm_device *device, gm_text *path) {
    char *folder;
    GM_TRY(gm_cache_folder(&folder));
    if (folder)
        gm_text_printf(path, "%s/" STORE "-%016llx-%zu.txt", folder, (unsigned long long)device->cache_identity,
                       device->info.compute_units);
    free(folder);
    return path->failed ? gm_fail_memory(64, "the tuning store's name") : GM_OK;
}

// A store that is there but cannot be read must not be overwritten with less: it is left alone, and nothing is timed.
static gm_status read_store(gm_tuning *tuning) {
    gm_text path = {0};
    char *text = NULL;
    size_t bytes;
    bool known = true;
    gm_status status = GM_OK;
    GM_TRY_DONE(store_path(tuning->device, &path));
    if (path.length == 0 || access(path.data, F_OK) != 0)
        goto done;
    status = gm_file_read(path.data, MAX_BYTES, &text, &bytes);
    if (status == GM_ERROR_IO && tuning->mode != GM_TUNING_ALL) {
        gm_warn("%s: kernels run in their default variants", gm_error_message());
        tuning->mode = GM_TUNING_STORED;
        status = GM_OK;
        goto done;
    }
    GM_TRY_DONE(status);
    GM_TRY_DONE(gm_tuning_parse(tuning, tuning->device->cache_identity, text, bytes, &known));
    if (!known)
        gm_debug("tuning: %s is damaged or outdated; operations are timed again", path.data);
done:
    free(text);
    gm_text_finish(&path);
    return status;
}

// What could not be kept would be chosen anew, perhaps differently, at the next start.
static gm_status check_kept(gm_tuning *tuning) {
    char *folder;
    GM_TRY(gm_cache_folder(&folder));
    if (folder && (gm_folder_create(folder) != GM_OK || access(folder, W_OK) != 0)) {
        gm_warn("%s: cannot be written: kernels run in their default variants", folder);
        tuning->mode = GM_TUNING_STORED;
    }
    if (!folder)
        tuning->mode = GM_TUNING_STORED;
    free(folder);
    return GM_OK;
}

gm_status gm_tuning_create(gm_tuning **out, gm_device *device, const gm_tuning_options *options) {
    *out = NULL;
    gm_tuning *tuning;
    GM_TRY(gm_alloc(&tuning, 1, sizeof *tuning, "the tuning"));
    tuning->device = device;
    tuning->mode = options ? options->mode : GM_TUNING_STORED;
    tuning->seconds = options && options->seconds > 0 ? options->seconds : INFINITY;
    gm_status status = GM_OK;
    bool given = false;
    if (options && options->choices)
        status = gm_tuning_parse(tuning, device->cache_identity, options->choices, strlen(options->choices), &given);
    if (status == GM_OK && !given)
        status = read_store(tuning);
    if (status == GM_OK && tuning->mode == GM_TUNING_NEW)
        status = check_kept(tuning);
    if (status != GM_OK)
        gm_tuning_destroy(&tuning);
    *out = tuning;
    return status;
}

void gm_tuning_destroy(gm_tuning **tuning) {
    if (!tuning || !*tuning)
        return;
    for (size_t i = 0; i < (*tuning)->count; i++) {
        free((*tuning)->choices[i].key);
        free((*tuning)->choices[i].variant);
    }
    free((*tuning)->choices);
    free(*tuning);
    *tuning = NULL;
}

gm_status gm_tuning_save(gm_tuning *tuning) {
    bool fresh = false;
    for (size_t i = 0; i < tuning->count; i++)
        fresh = fresh || tuning->choices[i].fresh;
    if (!fresh)
        return GM_OK;
    // What others have stored since, beside what is new here. If it cannot be read, it is not written over.
    gm_tuning *stored = NULL;
    gm_text path = {0};
    char *folder = NULL, *text = NULL;
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_tuning_create(&stored, tuning->device, &(gm_tuning_options){.mode = GM_TUNING_ALL}));
    for (size_t i = 0; i < tuning->count; i++) {
        const gm_choice *choice = &tuning->choices[i];
        if (choice->fresh)
            GM_TRY_DONE(gm_tuning_set(stored, choice->key, choice->variant, choice->milliseconds));
    }
    GM_TRY_DONE(gm_tuning_write(stored, false, &text));
    GM_TRY_DONE(gm_cache_folder(&folder));
    if (!folder)
        goto done;
    GM_TRY_DONE(store_path(tuning->device, &path));
    GM_TRY_DONE(gm_folder_create(folder));
    GM_TRY_DONE(gm_file_write_atomic(path.data, text, strlen(text)));
    for (size_t i = 0; i < tuning->count; i++)
        tuning->choices[i].fresh = false;
done:
    free(folder);
    free(text);
    gm_text_finish(&path);
    gm_tuning_destroy(&stored);
    return status;
}

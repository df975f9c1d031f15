// Files of pictures as films.
#include "data/clip_files.h"

#include "data/settings.h"

#include <stdlib.h>
#include <string.h>

// ---- The order of frames ----

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Numbers of any length by their value, all else by its bytes.
static int compare_naturally(const char *a, const char *b) {
    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            a += strspn(a, "0");
            b += strspn(b, "0");
            const size_t x = strspn(a, "0123456789"), y = strspn(b, "0123456789");
            const int order = x != y ? (x > y) - (x < y) : memcmp(a, b, x);
            if (order)
                return order;
            a += x;
            b += y;
        } else if (*a != *b) {
            return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

typedef struct sorted {
    const char *folder, *name;
    gm_path file;
    int32_t label;
} sorted;

static int compare_files(const void *a, const void *b) {
    const sorted *x = a, *y = b;
    int order = compare_naturally(x->folder, y->folder);
    order = order ? order : strcmp(x->folder, y->folder); // a2 and a02 are two folders
    order = order ? order : compare_naturally(x->name, y->name);
    return order ? order : strcmp(x->name, y->name);
}

gm_status gm_clip_files_sort(gm_tree *tree, int32_t *labels) {
    gm_paths *paths = &tree->paths;
    sorted *files;
    GM_TRY(gm_alloc(&files, paths->count + 1, sizeof *files, "a list of files"));
    for (size_t i = 0; i < paths->count; i++)
        files[i] =
            (sorted){gm_paths_folder(paths, i), gm_paths_name(paths, i), paths->files[i], labels ? labels[i] : 0};
    qsort(files, paths->count, sizeof *files, compare_files);
    for (size_t i = 0; i < paths->count; i++) {
        paths->files[i] = files[i].file;
        if (labels)
            labels[i] = files[i].label;
    }
    free(files);
    return GM_OK;
}

gm_status gm_clip_files_options(const char *where, const gm_dataset_options *options, gm_dataset_options *frames) {
    const char *prefix = gm_settings_prefix(options);
    *frames = gm_clips_frame_options(options);
    frames->pages = GM_PAGES_ITEMS;
    frames->hold = GM_HOLD_YES;
    frames->own_sizes = frames->item_names = false;
    frames->adapted = true; // the pages are not the user's
    if (options->damaged == GM_DAMAGED_SKIP)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %sdamaged is stop for clips, from which no frame can be left out", where,
                       prefix);
    if (options->pages == GM_PAGES_CHANNELS)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the pages of clips are frames, not channels: leave out %spages", where,
                       prefix);
    if (options->hold == GM_HOLD_NO)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: clips are held in memory: leave out %shold", where, prefix);
    return GM_OK;
}

// ---- Films ----

static uint32_t page_of(const gm_clip_files *f, size_t frame) {
    return f->pages ? f->pages[frame] & ~GM_PAGE_MOVING : 0;
}

// Whether the frame is one of several in its file.
static bool is_paged(const gm_clip_files *f, size_t frame) {
    return page_of(f, frame) > 0 || (frame + 1 < f->tree->paths.count && page_of(f, frame + 1) == 1);
}

static bool goes_on(const gm_clip_files *f, size_t frame) {
    const gm_paths *paths = &f->tree->paths;
    if (frame == 0)
        return false;
    if (is_paged(f, frame) || is_paged(f, frame - 1))
        return page_of(f, frame) > 0;
    return strcmp(gm_paths_folder(paths, frame), gm_paths_folder(paths, frame - 1)) == 0;
}

gm_status gm_clip_files_group(gm_clip_files *f, const gm_tree *tree, const uint32_t *pages, const int32_t *labels) {
    size_t capacity = 0;
    *f = (gm_clip_files){.tree = tree, .pages = pages};
    for (size_t i = 0; i < tree->paths.count; i++) {
        if (!goes_on(f, i)) {
            GM_TRY(gm_grow(&f->films, f->count, &capacity, sizeof *f->films, "clips"));
            f->films[f->count++] = (gm_film){.first = i, .label = labels ? labels[i] : 0};
        }
        f->films[f->count - 1].count++;
    }
    return GM_OK;
}

void gm_clip_files_finish(gm_clip_files *f) {
    free(f->films);
    gm_text_finish(&f->name);
    *f = (gm_clip_files){0};
}

bool gm_clip_files_have_class(const gm_clip_files *f, size_t film) {
    const size_t first = f->films[film].first;
    const char *folder = gm_paths_folder(&f->tree->paths, first);
    return is_paged(f, first) ? *folder : strchr(folder, '/') != NULL;
}

const char *gm_clip_files_name(void *user, size_t film) {
    gm_clip_files *f = user;
    const size_t first = f->films[film].first;
    f->name.length = 0;
    if (is_paged(f, first))
        gm_paths_append(&f->tree->paths, first, &f->name);
    else
        gm_text_printf(&f->name, "%s", gm_paths_folder(&f->tree->paths, first));
    return f->name.failed || f->name.length == 0 ? NULL : f->name.data;
}

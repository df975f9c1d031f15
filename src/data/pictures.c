// Pictures of a tree as the items of a data set: reading them on threads, and what becomes of those that cannot be
// read.
//
// What is read, and which failure is reported, is the same whatever the number of threads. Long because damage may show
// in a header as well as in an item.
#include "data/pictures.h"

#include "data/picture.h"
#include "data/picture_read.h"
#include "data/settings.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DAMAGED = 100 };                                      // one in so many
enum { BLOCK = 16, MOST_HEADERS = 1 << 17, MOST_HELD = 1 << 18 }; // headers that a thread reads in a row
enum { MEMORY_SHARE = 4 }; // decoded sets are held up to one part in so many of the machine's memory

bool gm_pictures_shall_be_held(const gm_dataset_options *options, size_t count, size_t item_bytes) {
    gm_hold hold = options->hold ? options->hold : options->usual_hold;
    return !options->own_sizes && (hold == GM_HOLD_YES || (hold == GM_HOLD_AUTO && count <= MOST_HELD &&
                                                           count <= gm_memory_bytes() / MEMORY_SHARE / item_bytes));
}

gm_status gm_pictures_create(gm_pictures **pictures, gm_tree *tree, int32_t *labels,
                             const gm_dataset_options *options) {
    gm_pictures *new;
    *pictures = NULL;
    GM_TRY(gm_alloc(&new, 1, sizeof *new, "a list of pictures"));
    gm_status status = gm_alloc(&new->damaged, tree->paths.count, 1, "a list of pictures");
    if (status == GM_OK && pthread_mutex_init(&new->mutex, NULL) != 0)
        status = gm_fail(GM_ERROR_MEMORY, "a lock could not be made");
    if (status != GM_OK) {
        free(new->damaged);
        free(new);
        return status;
    }
    gm_paths_trim(&tree->paths);
    new->tree = *tree;
    new->labels = labels;
    new->options = *options;
    new->skip = options->damaged == GM_DAMAGED_SKIP;
    new->total = new->first = tree->paths.count;
    *tree = (gm_tree){0};
    *pictures = new;
    return GM_OK;
}

void gm_pictures_destroy(gm_pictures **pictures) {
    gm_pictures *old = pictures ? *pictures : NULL;
    if (!old)
        return;
    *pictures = NULL;
    pthread_mutex_destroy(&old->mutex);
    gm_tree_finish(&old->tree);
    free(old->damaged);
    free(old->pages);
    free(old);
}

// ---- Damage ----

// Fails as reading the file did, or takes note of it where it may be left out.
static gm_status note_damage(gm_pictures *pictures, size_t file, gm_status status) {
    if (!pictures->skip || status == GM_ERROR_MEMORY)
        return status;
    pthread_mutex_lock(&pictures->mutex);
    pictures->damaged_count += !pictures->damaged[file];
    pictures->damaged[file] = 1;
    if (file <= pictures->first) {
        pictures->first = file;
        strncpy(pictures->message, gm_error_message(), sizeof pictures->message - 1);
    }
    pthread_mutex_unlock(&pictures->mutex);
    return GM_OK;
}

static bool is_damaged(gm_pictures *pictures, size_t file) {
    pthread_mutex_lock(&pictures->mutex);
    bool damaged = pictures->damaged[file];
    pthread_mutex_unlock(&pictures->mutex);
    return damaged;
}

static gm_status check_damage(const gm_pictures *pictures) {
    if (pictures->damaged_count <= pictures->total / MOST_DAMAGED)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT, "%s: %zu of %zu pictures are damaged, more than 1 %%; %s", pictures->tree.path,
                   pictures->damaged_count, pictures->total, pictures->message);
}

void gm_pictures_warn_of_damage(const gm_pictures *pictures) {
    if (pictures->damaged_count > 0)
        gm_warn("%s: %zu of %zu pictures are damaged and left out; %s", pictures->tree.path, pictures->damaged_count,
                pictures->total, pictures->message);
}

// Leaves out the damaged files, and says so.
static gm_status leave_out(gm_pictures *pictures, uint8_t *items) {
    size_t left = 0, bytes = pictures->info.item_bytes;
    GM_TRY(check_damage(pictures));
    gm_pictures_warn_of_damage(pictures);
    if (pictures->damaged_count == 0)
        return GM_OK;
    for (size_t i = 0; i < pictures->total; i++) {
        if (pictures->damaged[i])
            continue;
        if (pictures->labels)
            pictures->labels[left] = pictures->labels[i];
        if (left < i)
            memcpy(items + left * bytes, items + i * bytes, bytes);
        left++;
    }
    pictures->info.count = left;
    return GM_OK;
}

// ---- Headers ----

// A few formats have a picture's size far inside.
static gm_status read_whole_header(const gm_pictures *pictures, size_t file, const char *path,
                                   const gm_picture_wish *wish, gm_picture *header) {
    char *data;
    size_t bytes;
    GM_TRY(gm_picture_read(&pictures->tree, file, path, &data, &bytes));
    gm_status status = gm_picture_parse_header(path, data, bytes, true, wish, header);
    free(data);
    return status;
}

static gm_status read_header(const gm_pictures *pictures, size_t file, const char *path, gm_picture *header) {
    uint8_t head[GM_PICTURE_HEAD];
    size_t bytes;
    const gm_picture_wish wish = gm_picture_wish_of(&pictures->options, 0, 0, 0);
    GM_TRY(gm_tree_read_start(&pictures->tree, file, head, sizeof head, &bytes));
    GM_TRY(gm_picture_parse_header(path, head, bytes, bytes < sizeof head, &wish, header));
    if (header->width == 0)
        GM_TRY(read_whole_header(pictures, file, path, &wish, header));
    return gm_picture_part_header(path, pictures->options.part, header);
}

typedef struct headers {
    gm_pictures *pictures;
    bool any_size;
    size_t stride;    // of the blocks that are looked at
    size_t reference; // the file whose size all must have
    gm_picture first; // its header
    pthread_mutex_t mutex;
    gm_picture all;   // under the mutex: what a set of them has
    uint32_t *counts; // (files) pictures in each; NULL: one
} headers;

static gm_status refuse_size(const headers *h, const char *path, const gm_picture *header) {
    char *reference;
    gm_status status = gm_tree_path(&h->pictures->tree, h->reference, &reference);
    if (status == GM_OK)
        status = gm_fail(GM_ERROR_ARGUMENT,
                         "%s: is %zu x %zu pixels, but %s is %zu x %zu: give %ssize to make all pictures the same",
                         path, header->width, header->height, reference, h->first.width, h->first.height,
                         gm_settings_prefix(&h->pictures->options));
    free(reference);
    return status;
}

// Width 0: it is damaged, and may be.
static gm_status look_at(const headers *h, size_t file, gm_picture *header) {
    char *path;
    GM_TRY(gm_tree_path(&h->pictures->tree, file, &path));
    gm_status status = read_header(h->pictures, file, path, header);
    if (status != GM_OK) {
        header->width = 0;
        status = note_damage(h->pictures, file, status);
    } else if (!h->any_size && (header->width != h->first.width || header->height != h->first.height)) {
        status = refuse_size(h, path, header);
    } else {
        status = gm_picture_check(path, header, &h->first, &h->pictures->options);
        if (h->counts)
            h->counts[file] = (uint32_t)header->pages | (header->moving ? GM_PAGE_MOVING : 0);
    }
    free(path);
    return status;
}

static gm_status look_at_some(void *user, size_t block) {
    headers *h = user;
    gm_picture found[BLOCK];
    size_t first = block * h->stride * BLOCK, count = GM_MIN(h->pictures->total - first, (size_t)BLOCK);
    for (size_t i = 0; i < count; i++)
        GM_TRY(look_at(h, first + i, &found[i]));
    pthread_mutex_lock(&h->mutex);
    for (size_t i = 0; i < count; i++)
        if (found[i].width > 0)
            gm_picture_join(&h->all, &found[i]);
    pthread_mutex_unlock(&h->mutex);
    return GM_OK;
}

static gm_status read_first(const headers *h, gm_picture *header) {
    char *path;
    GM_TRY(gm_tree_path(&h->pictures->tree, h->reference, &path));
    gm_status status = read_header(h->pictures, h->reference, path, header);
    free(path);
    return status;
}

// The first picture whose header can be read.
static gm_status find_first(headers *h) {
    gm_pictures *pictures = h->pictures;
    for (h->reference = 0; h->reference < pictures->total; h->reference++) {
        gm_status status = read_first(h, &h->first);
        if (status == GM_OK)
            return GM_OK;
        GM_TRY(note_damage(pictures, h->reference, status));
        GM_TRY(check_damage(pictures));
    }
    return GM_OK;
}

static uint32_t pages_of(uint32_t count) {
    return GM_MAX(count & ~GM_PAGE_MOVING, 1u); // a damaged file has none
}

// Repeats each file for each of its pictures, up to `most` of them (0: all), and its label.
static gm_status expand(gm_pictures *pictures, const uint32_t *counts, size_t most, int32_t **labels) {
    gm_paths *paths = &pictures->tree.paths;
    size_t total = 0, at = 0;
    gm_path *files = NULL;
    uint8_t *damaged = NULL;
    int32_t *of_items = NULL;
    gm_status status;
    for (size_t i = 0; i < pictures->total; i++)
        total += pages_of(counts[i]);
    total = most ? GM_MIN(total, most) : total;
    GM_TRY_DONE(gm_alloc(&files, total, sizeof *files, "a list of pictures"));
    GM_TRY_DONE(gm_alloc(&damaged, total, 1, "a list of pictures"));
    GM_TRY_DONE(gm_alloc(&pictures->pages, total, sizeof *pictures->pages, "a list of pictures"));
    if (*labels)
        GM_TRY_DONE(gm_alloc(&of_items, total, sizeof *of_items, "labels"));
    for (size_t i = 0; i < pictures->total; i++)
        for (uint32_t page = 0; page < pages_of(counts[i]) && at < total; page++, at++) {
            files[at] = paths->files[i];
            damaged[at] = pictures->damaged[i];
            pictures->pages[at] = page | (counts[i] & GM_PAGE_MOVING);
            if (of_items)
                of_items[at] = (*labels)[i];
        }
    free(paths->files);
    free(pictures->damaged);
    free(*labels);
    paths->files = files;
    paths->count = paths->capacity = pictures->total = total;
    pictures->damaged = damaged;
    pictures->labels = *labels = of_items;
    return GM_OK;
done:
    free(files);
    free(damaged);
    free(of_items);
    return status;
}

static gm_status look_at_all(headers *h, const gm_dataset_options *options, int32_t **labels) {
    gm_pictures *pictures = h->pictures;
    bool pages = options->pages == GM_PAGES_ITEMS;
    if (pages)
        GM_TRY(gm_alloc(&h->counts, pictures->total, sizeof *h->counts, "a list of pictures"));
    const size_t blocks = gm_divide_up(pictures->total, BLOCK);
    h->stride = pages ? 1 : gm_divide_up(blocks, MOST_HEADERS / BLOCK); // opening a million files takes half a minute
    gm_status status = gm_parallel(gm_reader_count(), gm_divide_up(blocks, h->stride), look_at_some, h);
    if (status == GM_OK)
        status = check_damage(pictures);
    if (status == GM_OK && pages)
        status = expand(pictures, h->counts, options->count, labels);
    free(h->counts);
    return status;
}

// Opening a million files takes a minute: where the options say what the items are, and they are not decoded now, the
// first header must do. What does not fit with it shows when it is decoded.
static bool first_tells_all(const headers *h, const gm_dataset_options *options) {
    size_t bytes, area = options->size[0] * options->size[1];
    return area && options->channels && options->pages != GM_PAGES_ITEMS && (!options->pages || h->first.paged) &&
           gm_multiply_sizes(area, options->channels * gm_picture_value_bytes(h->first.type), &bytes) &&
           !gm_pictures_shall_be_held(options, h->pictures->total, bytes);
}

gm_status gm_pictures_measure(gm_pictures *pictures, const gm_dataset_options *options, gm_dataset_info *info,
                              int32_t **labels) {
    headers h = {.pictures = pictures,
                 .any_size = options->size[0] != 0 || options->own_sizes,
                 .mutex = PTHREAD_MUTEX_INITIALIZER};
    GM_TRY(find_first(&h));
    if (!first_tells_all(&h, options)) {
        GM_TRY(look_at_all(&h, options, labels));
    } else {
        gm_picture first;
        GM_TRY(look_at(&h, h.reference, &first));
        gm_picture_join(&h.all, &first);
    }
    if (!h.all.paged)
        GM_TRY(gm_settings_check(pictures->tree.path, "holds no TIFF file", ~(unsigned)GM_SETTING_PAGES, options));
    pictures->sampled = h.stride > 1;
    pictures->seen = h.all;
    info->count = pictures->total;
    info->kind = gm_picture_set_info(&h.all, options, info);
    info->height = options->size[0] ? options->size[0] : h.first.height;
    info->width = options->size[0] ? options->size[1] : h.first.width;
    return GM_OK;
}

// ---- Items ----

// Whether a picture whose header was not read before is as those were.
static gm_status check_seen(const gm_pictures *pictures, const char *path, const char *data, size_t bytes) {
    const gm_dataset_options *options = &pictures->options;
    const gm_picture_wish wish = gm_picture_wish_of(options, 0, 0, 0);
    gm_picture header = {0}, all = pictures->seen;
    gm_dataset_info joined = pictures->info;
    GM_TRY(gm_picture_parse_header(path, data, bytes, true, &wish, &header));
    GM_TRY(gm_picture_part_header(path, options->part, &header));
    if (!options->size[0] && (header.width != joined.width || header.height != joined.height))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: is %zu x %zu pixels, but others are %zu x %zu: give %ssize to make all "
                       "pictures the same",
                       path, header.width, header.height, joined.width, joined.height, gm_settings_prefix(options));
    gm_picture_join(&all, &header);
    if (gm_picture_set_info(&all, options, &joined) != pictures->info.kind ||
        joined.channels != pictures->info.channels || joined.white != pictures->info.white)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has other channels or another depth than the %d pictures that were looked "
                       "at first: give %schannels, or convert it",
                       path, MOST_HEADERS, gm_settings_prefix(options));
    return GM_OK;
}

static gm_status read_item(const gm_pictures *pictures, size_t file, const gm_dataset_info *info, void *item) {
    char *path, *data = NULL;
    size_t bytes;
    GM_TRY(gm_tree_path(&pictures->tree, file, &path));
    gm_status status = gm_picture_read(&pictures->tree, file, path, &data, &bytes);
    if (status == GM_OK && pictures->sampled)
        status = check_seen(pictures, path, data, bytes);
    if (status == GM_OK)
        status = gm_picture_place(path, data, bytes, pictures->pages ? pictures->pages[file] & ~GM_PAGE_MOVING : 0,
                                  &pictures->options, info, item);
    free(data);
    free(path);
    return status;
}

typedef struct decoding {
    gm_pictures *pictures;
    uint8_t *items;
    const int32_t *indices; // which items; NULL: all, in their order
    int32_t *labels;        // of the items that were taken, or NULL
} decoding;

// Item `first`, a frame of an animation, and those that follow in its file: each is made of the one before.
static gm_status decode_frames(const decoding *d, size_t first) {
    gm_pictures *pictures = d->pictures;
    size_t bytes, count = 1;
    char *path, *data = NULL;
    if (pictures->pages[first] != GM_PAGE_MOVING) // they come with the first
        return GM_OK;
    while (first + count < pictures->total && pictures->pages[first + count] == (GM_PAGE_MOVING | (uint32_t)count))
        count++;
    GM_TRY(gm_tree_path(&pictures->tree, first, &path));
    gm_status status = gm_picture_read(&pictures->tree, first, path, &data, &bytes);
    if (status == GM_OK)
        status = gm_picture_place_frames(path, data, bytes, count, &pictures->options, &pictures->info,
                                         d->items + first * pictures->info.item_bytes);
    free(data);
    free(path);
    for (size_t i = 0; i < count && status != GM_OK; i++)
        GM_TRY(note_damage(pictures, first + i, status));
    return GM_OK;
}

static gm_status decode(void *user, size_t file) {
    const decoding *d = user;
    if (d->pictures->damaged[file]) // by its header
        return GM_OK;
    if (d->pictures->pages && d->pictures->pages[file] & GM_PAGE_MOVING)
        return decode_frames(d, file);
    gm_status status = read_item(d->pictures, file, &d->pictures->info, d->items + file * d->pictures->info.item_bytes);
    return status == GM_OK ? GM_OK : note_damage(d->pictures, file, status);
}

gm_status gm_pictures_decode(gm_pictures *pictures, void *items) {
    decoding d = {.pictures = pictures, .items = items};
    GM_TRY(gm_parallel(gm_cpu_count(), pictures->total, decode, &d));
    return leave_out(pictures, items);
}

static gm_status pass_over(gm_pictures *pictures, size_t file, gm_status status) {
    GM_TRY(note_damage(pictures, file, status));
    pthread_mutex_lock(&pictures->mutex);
    status = check_damage(pictures);
    bool tell = status == GM_OK && !pictures->told;
    pictures->told = true;
    pthread_mutex_unlock(&pictures->mutex);
    if (tell)
        gm_warn("%s; it is left out, as others will be, up to 1 %% of all", gm_error_message());
    return status;
}

static gm_status fetch(void *user, size_t index) {
    const decoding *d = user;
    gm_pictures *pictures = d->pictures;
    size_t count = pictures->total, file = (size_t)d->indices[index];
    for (size_t tries = 0; tries < count; tries++, file = (file + 1) % count) {
        if (is_damaged(pictures, file))
            continue;
        gm_status status = read_item(pictures, file, &pictures->info, d->items + index * pictures->info.item_bytes);
        if (status == GM_OK)
            break;
        GM_TRY(pass_over(pictures, file, status));
    }
    if (d->labels)
        d->labels[index] = pictures->labels ? pictures->labels[file] : 0;
    return GM_OK;
}

gm_status gm_pictures_gather(gm_pictures *pictures, size_t threads, const int32_t *indices, size_t count, void *items,
                             int32_t *labels) {
    decoding d = {.pictures = pictures, .items = items, .indices = indices, .labels = labels};
    return gm_parallel(threads, count, fetch, &d);
}

gm_status gm_pictures_read(gm_pictures *pictures, size_t index, gm_dataset_info *info, void **values) {
    gm_picture header = {0}, all = {0};
    char *path;
    *values = NULL;
    GM_TRY(gm_tree_path(&pictures->tree, index, &path));
    gm_status status = read_header(pictures, index, path, &header);
    free(path);
    GM_TRY(status);
    gm_picture_join(&all, &header);
    *info = pictures->info;
    info->count = 1;
    info->kind = gm_picture_set_info(&all, &pictures->options, info);
    if (!pictures->options.size[0]) {
        info->height = header.height;
        info->width = header.width;
    }
    info->item_values = info->channels * info->height * info->width; // which picture formats keep in bounds
    info->item_bytes = info->item_values * (info->kind == GM_DATASET_FLOATS ? sizeof(float) : 1);
    GM_TRY(gm_alloc(values, info->item_values, info->kind == GM_DATASET_FLOATS ? sizeof(float) : 1, "a picture"));
    status = read_item(pictures, index, info, *values);
    if (status != GM_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}

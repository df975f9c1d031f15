// Batches in the order of training, made ready ahead of time by one thread.
//
// A ring of slots: the thread fills the slot behind the last ready one, the caller holds the first. `ready` counts
// filled slots, the held one included, so the thread never touches what the caller reads.
#include "data/loader.h"

#include "data/items.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 4

struct gm_loader {
    gm_fetch fetch;
    void *user;
    size_t count, batch;
    uint64_t seed;
    uint64_t cursor; // behind what the caller was given

    struct {
        void *items;
        int32_t *labels;
    } slot[SLOTS];
    int32_t *indices;     // the thread's
    uint64_t fill_cursor; // the thread's

    gm_thread thread; // started: mutex and conditions exist, too
    pthread_mutex_t mutex;
    pthread_cond_t filled, freed;
    // Under the mutex:
    size_t first, ready;
    bool held, stop;
    gm_status status;
    char message[GM_MESSAGE_BYTES];
};

static gm_status fill(gm_loader *loader, size_t slot) {
    GM_TRY(gm_loader_indices(loader->seed, loader->fill_cursor, loader->batch, loader->count, loader->indices));
    GM_TRY(loader->fetch(loader->user, loader->indices, loader->batch, loader->slot[slot].items,
                         loader->slot[slot].labels));
    loader->fill_cursor += loader->batch;
    return GM_OK;
}

static gm_status run(void *user) {
    gm_loader *loader = user;
    pthread_mutex_lock(&loader->mutex);
    while (loader->status == GM_OK) {
        while (loader->ready == SLOTS && !loader->stop)
            pthread_cond_wait(&loader->freed, &loader->mutex);
        if (loader->stop)
            break;
        size_t slot = (loader->first + loader->ready) % SLOTS; // the caller moves both, their sum stays
        pthread_mutex_unlock(&loader->mutex);
        gm_status status = fill(loader, slot);
        pthread_mutex_lock(&loader->mutex);
        if (status == GM_OK) {
            loader->ready++;
        } else { // the text belongs to this thread, and is wanted before its end
            loader->status = status;
            strncpy(loader->message, gm_error_message(), sizeof loader->message - 1);
        }
        pthread_cond_signal(&loader->filled);
    }
    pthread_mutex_unlock(&loader->mutex);
    return GM_OK;
}

static gm_status start_thread(gm_loader *loader) {
    if (pthread_mutex_init(&loader->mutex, NULL) != 0)
        return gm_fail(GM_ERROR_MEMORY, "the loader's lock could not be made");
    pthread_cond_init(&loader->filled, NULL);
    pthread_cond_init(&loader->freed, NULL);
    gm_status status = gm_thread_start(&loader->thread, run, loader, "the loader");
    if (status != GM_OK) {
        pthread_cond_destroy(&loader->filled);
        pthread_cond_destroy(&loader->freed);
        pthread_mutex_destroy(&loader->mutex);
    }
    return status;
}

gm_status gm_loader_create_fetch(gm_loader **loader, gm_fetch fetch, void *user, size_t count, size_t item_bytes,
                                 size_t batch, uint64_t seed, uint64_t cursor) {
    *loader = NULL;
    size_t bytes;
    if (batch == 0 || !gm_multiply_sizes(batch, item_bytes, &bytes))
        return gm_fail(GM_ERROR_ARGUMENT, "a batch of %zu items cannot be loaded", batch);
    if (count == 0 || count > INT32_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "a data set of %zu items cannot be loaded: 1 to %d", count, INT32_MAX);
    gm_loader *new;
    GM_TRY(gm_alloc(&new, 1, sizeof *new, "a loader"));
    new->fetch = fetch;
    new->user = user;
    new->count = count;
    new->batch = batch;
    new->seed = seed;
    new->cursor = new->fill_cursor = cursor;
    gm_status status = gm_alloc(&new->indices, batch, sizeof *new->indices, "a batch's indices");
    for (size_t i = 0; status == GM_OK && i < SLOTS; i++) {
        status = gm_alloc(&new->slot[i].items, batch, item_bytes, "a batch");
        if (status == GM_OK)
            status = gm_alloc(&new->slot[i].labels, batch, sizeof(int32_t), "a batch's labels");
    }
    if (status == GM_OK)
        status = start_thread(new);
    if (status != GM_OK)
        gm_loader_destroy(&new);
    *loader = new;
    return status;
}

static gm_status fetch_dataset(void *user, const int32_t *indices, size_t count, void *items, int32_t *labels) {
    return gm_dataset_gather(user, indices, count, items, labels);
}

gm_status gm_loader_create(gm_loader **loader, const gm_dataset *dataset, size_t batch, uint64_t seed,
                           uint64_t cursor) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    return gm_loader_create_fetch(loader, fetch_dataset, (void *)dataset, info->count, info->item_bytes, batch, seed,
                                  cursor);
}

void gm_loader_destroy(gm_loader **loader) {
    gm_loader *old = loader ? *loader : NULL;
    if (!old)
        return;
    *loader = NULL;
    if (old->thread.started) {
        pthread_mutex_lock(&old->mutex);
        old->stop = true;
        pthread_cond_signal(&old->freed);
        pthread_mutex_unlock(&old->mutex);
        gm_thread_wait(&old->thread);
        pthread_cond_destroy(&old->filled);
        pthread_cond_destroy(&old->freed);
        pthread_mutex_destroy(&old->mutex);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        free(old->slot[i].items);
        free(old->slot[i].labels);
    }
    free(old->indices);
    free(old);
}

gm_status gm_loader_next(gm_loader *loader, const void **items, const int32_t **labels) {
    *items = NULL;
    if (labels)
        *labels = NULL;
    pthread_mutex_lock(&loader->mutex);
    if (loader->held) {
        loader->held = false;
        loader->first = (loader->first + 1) % SLOTS;
        loader->ready--;
        pthread_cond_signal(&loader->freed);
    }
    while (loader->ready == 0 && loader->status == GM_OK)
        pthread_cond_wait(&loader->filled, &loader->mutex);
    gm_status status = GM_OK;
    if (loader->ready > 0) {
        loader->held = true;
        loader->cursor += loader->batch;
        *items = loader->slot[loader->first].items;
        if (labels)
            *labels = loader->slot[loader->first].labels;
    } else {
        status = gm_fail(loader->status, "%s", loader->message);
    }
    pthread_mutex_unlock(&loader->mutex);
    return status;
}

uint64_t gm_loader_cursor(const gm_loader *loader) {
    return loader->cursor;
}

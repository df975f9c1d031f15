// Batches in the order of training, made ready ahead of time by threads.
//
// A ring of slots: batch b lies in slot b modulo their number. Each thread takes the next batch that nobody has and
// fills its slot, unless the caller still reads there; the caller takes them in their order. Which thread fills which
// batch makes no difference.
#include "data/loader.h"

#include "data/items.h"

#include <stdlib.h>
#include <string.h>

enum { AHEAD = 3, MOST_THREADS = 32 }; // batches that are ready beside those being made and held

typedef struct slot {
    void *items;
    int32_t *labels, *indices;
    bool ready; // under the mutex
} slot;

struct gm_loader {
    gm_fetch fetch;
    void *user;
    gm_order order; // what it points to is the caller's
    size_t batch, item_bytes;
    uint64_t start; // the cursor of batch 0

    slot *slots;
    size_t slot_count;
    gm_thread *threads;
    size_t thread_count;
    bool synchronised; // mutex and conditions exist
    pthread_mutex_t mutex;
    pthread_cond_t filled, freed;
    // Under the mutex:
    uint64_t taken, given; // batches that threads took, and that the caller got
    bool stop;
    uint64_t failed; // the first batch that did, UINT64_MAX for none
    gm_status status;
    char message[GM_MESSAGE_BYTES];
    // The caller's:
    double waited;
};

// ---- The threads ----

static gm_status fill(const gm_loader *loader, const slot *s, uint64_t batch) {
    GM_TRY(gm_order_indices(&loader->order, loader->start + batch * loader->batch, loader->batch, s->indices));
    return loader->fetch(loader->user, s->indices, loader->batch, s->items, s->labels);
}

// The slot of the last batch given stays the caller's.
static bool has_room(const gm_loader *loader) {
    uint64_t held = loader->given > 0 ? loader->given - 1 : 0;
    return loader->taken - held < loader->slot_count;
}

static gm_status run(void *user) {
    gm_loader *loader = user;
    pthread_mutex_lock(&loader->mutex);
    while (loader->failed == UINT64_MAX) {
        while (!has_room(loader) && !loader->stop)
            pthread_cond_wait(&loader->freed, &loader->mutex);
        if (loader->stop)
            break;
        uint64_t batch = loader->taken++;
        slot *s = &loader->slots[batch % loader->slot_count];
        s->ready = false;
        pthread_mutex_unlock(&loader->mutex);
        gm_status status = fill(loader, s, batch);
        pthread_mutex_lock(&loader->mutex);
        s->ready = status == GM_OK;
        if (status != GM_OK &&
            batch < loader->failed) { // the text belongs to this thread, and is wanted before its end
            loader->failed = batch;
            loader->status = status;
            strncpy(loader->message, gm_error_message(), sizeof loader->message - 1);
        }
        pthread_cond_broadcast(&loader->filled);
    }
    pthread_cond_broadcast(&loader->freed); // a failure ends the others, too
    pthread_mutex_unlock(&loader->mutex);
    return GM_OK;
}

static gm_status start_threads(gm_loader *loader, size_t threads) {
    if (pthread_mutex_init(&loader->mutex, NULL) != 0)
        return gm_fail(GM_ERROR_MEMORY, "the loader's lock could not be made");
    pthread_cond_init(&loader->filled, NULL);
    pthread_cond_init(&loader->freed, NULL);
    loader->synchronised = true;
    for (; loader->thread_count < threads; loader->thread_count++) {
        gm_status status = gm_thread_start(&loader->threads[loader->thread_count], run, loader, "the loader");
        if (status != GM_OK)
            return loader->thread_count > 0 ? GM_OK : status; // those that there are do it
    }
    return GM_OK;
}

// ---- The interface ----

static gm_status allocate(gm_loader *loader, size_t threads) {
    loader->slot_count = threads + AHEAD;
    GM_TRY(gm_alloc(&loader->threads, threads, sizeof *loader->threads, "a loader"));
    GM_TRY(gm_alloc(&loader->slots, loader->slot_count, sizeof *loader->slots, "a loader"));
    for (size_t i = 0; i < loader->slot_count; i++) {
        GM_TRY(gm_alloc(&loader->slots[i].items, loader->batch, loader->item_bytes, "a batch"));
        GM_TRY(gm_alloc(&loader->slots[i].labels, loader->batch, sizeof(int32_t), "a batch's labels"));
        GM_TRY(gm_alloc(&loader->slots[i].indices, loader->batch, sizeof(int32_t), "a batch's indices"));
    }
    return GM_OK;
}

gm_status gm_loader_create_fetch(gm_loader **loader, gm_fetch fetch, void *user, const gm_order *order,
                                 size_t item_bytes, size_t batch, uint64_t cursor, size_t threads) {
    *loader = NULL;
    size_t bytes;
    if (batch == 0 || !gm_multiply_sizes(batch, item_bytes, &bytes))
        return gm_fail(GM_ERROR_ARGUMENT, "a batch of %zu items cannot be loaded", batch);
    if (order->count == 0 || order->count > INT32_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "a data set of %zu items cannot be loaded: 1 to %d", order->count, INT32_MAX);
    gm_loader *new;
    GM_TRY(gm_alloc(&new, 1, sizeof *new, "a loader"));
    *new = (gm_loader){.fetch = fetch,
                       .user = user,
                       .order = *order,
                       .batch = batch,
                       .item_bytes = item_bytes,
                       .start = cursor,
                       .failed = UINT64_MAX};
    threads = GM_MIN(GM_MAX(threads, (size_t)1), (size_t)MOST_THREADS);
    gm_status status = allocate(new, threads);
    if (status == GM_OK)
        status = start_threads(new, threads);
    if (status != GM_OK)
        gm_loader_destroy(&new);
    *loader = new;
    return status;
}

static gm_status fetch_dataset(void *user, const int32_t *indices, size_t count, void *items, int32_t *labels) {
    return gm_dataset_gather_on(user, 1, indices, count, items, labels);
}

gm_status gm_loader_create_ordered(gm_loader **loader, const gm_dataset *dataset, const gm_order *order, size_t batch,
                                   uint64_t cursor) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    size_t threads = dataset->pictures ? gm_cpu_count() : 1; // copying is quicker than any training
    return gm_loader_create_fetch(loader, fetch_dataset, (void *)dataset, order, info->item_bytes, batch, cursor,
                                  threads);
}

gm_status gm_loader_create(gm_loader **loader, const gm_dataset *dataset, size_t batch, uint64_t seed,
                           uint64_t cursor) {
    const gm_order order = {.seed = seed, .count = gm_dataset_get_info(dataset)->count};
    return gm_loader_create_ordered(loader, dataset, &order, batch, cursor);
}

void gm_loader_destroy(gm_loader **loader) {
    gm_loader *old = loader ? *loader : NULL;
    if (!old)
        return;
    *loader = NULL;
    if (old->synchronised) {
        pthread_mutex_lock(&old->mutex);
        old->stop = true;
        pthread_cond_broadcast(&old->freed);
        pthread_mutex_unlock(&old->mutex);
        for (size_t i = 0; i < old->thread_count; i++)
            gm_thread_wait(&old->threads[i]);
        pthread_cond_destroy(&old->filled);
        pthread_cond_destroy(&old->freed);
        pthread_mutex_destroy(&old->mutex);
    }
    for (size_t i = 0; old->slots && i < old->slot_count; i++) {
        free(old->slots[i].items);
        free(old->slots[i].labels);
        free(old->slots[i].indices);
    }
    free(old->slots);
    free(old->threads);
    free(old);
}

// Under the mutex: whether the batch that comes next is there, or none will be.
static bool next_is_known(const gm_loader *loader, const slot *s) {
    return loader->given >= loader->failed || (loader->given < loader->taken && s->ready);
}

gm_status gm_loader_next(gm_loader *loader, const void **items, const int32_t **labels) {
    gm_status status = GM_OK;
    *items = NULL;
    if (labels)
        *labels = NULL;
    pthread_mutex_lock(&loader->mutex);
    const slot *s = &loader->slots[loader->given % loader->slot_count];
    if (!next_is_known(loader, s)) {
        double start = gm_seconds();
        while (!next_is_known(loader, s))
            pthread_cond_wait(&loader->filled, &loader->mutex);
        loader->waited += gm_seconds() - start;
    }
    if (loader->given < loader->failed) {
        loader->given++;
        pthread_cond_signal(&loader->freed);
        *items = s->items;
        if (labels)
            *labels = s->labels;
    } else {
        status = gm_fail(loader->status, "%s", loader->message);
    }
    pthread_mutex_unlock(&loader->mutex);
    return status;
}

uint64_t gm_loader_cursor(const gm_loader *loader) {
    return loader->start + loader->given * loader->batch;
}

double gm_loader_waited(const gm_loader *loader) {
    return loader->waited;
}

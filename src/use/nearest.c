// The items of a run's data that samples come nearest to.
//   D = values of a row, pixels or features
#include "ganymede/explore.h"

#include "base/base.h"
#include "use/image_classifier.h"
#include "use/learned.h"
#include "use/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1024, LANES = 16 };

typedef struct hunt {
    gm_learned learned;
    gm_image_classifier *classifier; // NULL: pixels
    double low, high;
    size_t count, k, item, columns; // samples; neighbours; values of an item; D
    float *samples;                 // (count, D)
    float *items, *rows;            // (CHUNK, item), (CHUNK, D): of one piece of the data
    size_t first, here;             // which it is
    double *squares;                // (count, k), ascending
    int32_t *indices;               // (count, k)
} hunt;

static void hunt_finish(hunt *h) {
    gm_learned_close(&h->learned);
    gm_image_classifier_close(&h->classifier);
    free(h->samples);
    free(h->items);
    free(h->rows);
    free(h->squares);
    free(h->indices);
}

// Pixels are what they are.
static gm_status to_rows(hunt *h, const float *items, size_t count, float *rows) {
    if (!h->classifier) {
        memcpy(rows, items, count * h->item * sizeof *rows);
        return GM_OK;
    }
    const gm_samples images = {items, count, h->item};
    return gm_image_classifier_apply(h->classifier, &images, h->low, h->high, rows, NULL);
}

static gm_status hunt_init(hunt *h, gm_sampler *sampler, const float *samples, gm_neighbor_space space) {
    gm_sampler_info info;
    gm_sampler_get_info(sampler, &info);
    GM_TRY(gm_learned_open(&h->learned, &sampler->trained, &sampler->use.format));
    if (h->k == 0 || h->k > h->learned.count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu items, of which %zu neighbours are asked for", info.data,
                       h->learned.count, h->k);
    if (space == GM_NEIGHBORS_CLASSIFIER)
        GM_TRY(gm_image_classifier_open(&h->classifier, sampler->trained.device, info.data, &info.data_options));
    h->low = info.low;
    h->high = info.high;
    h->item = gm_sample_values(&sampler->use.format);
    h->columns = h->classifier ? GM_IMAGE_CLASSIFIER_FEATURES : h->item;
    GM_TRY(gm_alloc(&h->samples, h->count * h->columns, sizeof *h->samples, "samples"));
    GM_TRY(gm_alloc(&h->items, CHUNK * h->item, sizeof *h->items, "items"));
    GM_TRY(gm_alloc(&h->rows, CHUNK * h->columns, sizeof *h->rows, "items"));
    GM_TRY(gm_alloc(&h->squares, h->count * h->k, sizeof *h->squares, "distances"));
    GM_TRY(gm_alloc(&h->indices, h->count * h->k, sizeof *h->indices, "neighbours"));
    for (size_t i = 0; i < h->count * h->k; i++)
        h->squares[i] = INFINITY;
    return to_rows(h, samples, h->count, h->samples);
}

// In so many partial sums, which compilers turn into vectors.
static double square_distance(const float *a, const float *b, size_t count) {
    float partial[LANES] = {0};
    double sum = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            float d = a[i + j] - b[i + j];
            partial[j] += d * d;
        }
    for (size_t j = 0; j < LANES; j++)
        sum += (double)partial[j];
    for (; i < count; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

// Of sample i: the piece's items among its nearest so far; of equally near ones the first stays.
static gm_status look(void *user, size_t i) {
    hunt *h = user;
    double *squares = h->squares + i * h->k;
    int32_t *indices = h->indices + i * h->k;
    for (size_t r = 0; r < h->here; r++) {
        double square = square_distance(h->samples + i * h->columns, h->rows + r * h->columns, h->columns);
        if (!(square < squares[h->k - 1]))
            continue;
        size_t place = h->k - 1;
        for (; place > 0 && square < squares[place - 1]; place--) {
            squares[place] = squares[place - 1];
            indices[place] = indices[place - 1];
        }
        squares[place] = square;
        indices[place] = (int32_t)(h->first + r);
    }
    return GM_OK;
}

gm_status gm_sampler_nearest(gm_sampler *sampler, const float *samples, size_t count, size_t k, gm_neighbor_space space,
                             float *images, int32_t *indices, float *distances) {
    hunt h = {.count = count, .k = k};
    gm_status status;
    GM_TRY_DONE(hunt_init(&h, sampler, samples, space));
    for (h.first = 0; h.first < h.learned.count; h.first += CHUNK) {
        h.here = GM_MIN(h.learned.count - h.first, (size_t)CHUNK);
        GM_TRY_DONE(gm_learned_read(&h.learned, h.first, h.here, h.items));
        GM_TRY_DONE(to_rows(&h, h.items, h.here, h.rows));
        GM_TRY_DONE(gm_parallel(gm_cpu_count(), count, look, &h));
    }
    for (size_t i = 0; distances && i < count * k; i++)
        distances[i] = (float)sqrt(h.squares[i]);
    if (indices)
        memcpy(indices, h.indices, count * k * sizeof *indices);
    if (images)
        status = gm_dataset_decode(h.learned.data, &h.learned.format, h.indices, count * k, images, NULL);
done:
    hunt_finish(&h);
    return status;
}

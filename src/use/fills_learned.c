// Fills by a collection of whole images: the nearest ones, and regression.
//   M images of the collection, d known and q hidden values of an image
#include "use/fills.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16, CHUNK = 512 };

// Which values of an image are known, and which are hidden.
typedef struct places {
    size_t *known, *hidden, d, q;
} places;

static void places_finish(places *p) {
    free(p->known);
    free(p->hidden);
}

static gm_status places_init(places *p, const gm_picture_shape *shape, const uint8_t *mask) {
    size_t area = shape->height * shape->width, count = shape->channels * area;
    *p = (places){0};
    GM_TRY(gm_alloc(&p->known, count, sizeof *p->known, "pixels"));
    GM_TRY(gm_alloc(&p->hidden, count, sizeof *p->hidden, "pixels"));
    for (size_t i = 0; i < count; i++)
        if (mask[i % area])
            p->hidden[p->q++] = i;
        else
            p->known[p->d++] = i;
    return GM_OK;
}

static void take(const float *image, const size_t *which, size_t count, float *values) {
    for (size_t i = 0; i < count; i++)
        values[i] = image[which[i]];
}

// ---- The nearest ----

typedef struct nearest {
    const gm_collection *collection;
    places places;
    const float *images; // whose nearest are wanted
    float *known;        // of the collection
    int32_t *indices;    // (count, k)
    size_t k, width;     // d rounded up, zeros behind
} nearest;

static float distance(const float *a, const float *b, size_t width) {
    float sum[LANES] = {0}, total = 0;
    for (size_t i = 0; i < width; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            float off = a[i + lane] - b[i + lane];
            sum[lane] += off * off;
        }
    for (size_t lane = 0; lane < LANES; lane++)
        total += sum[lane];
    return total;
}

// The k nearest in order; `nearest_of` and `distances` have room for k.
static void find(const nearest *n, const float *values, int32_t *nearest_of, float *distances) {
    size_t found = 0;
    for (size_t m = 0; m < n->collection->count; m++) {
        float away = distance(values, n->known + m * n->width, n->width);
        if (found == n->k && !(away < distances[n->k - 1]))
            continue;
        size_t at = found < n->k ? found++ : n->k - 1;
        for (; at > 0 && away < distances[at - 1]; at--) {
            distances[at] = distances[at - 1];
            nearest_of[at] = nearest_of[at - 1];
        }
        distances[at] = away;
        nearest_of[at] = (int32_t)m;
    }
}

static gm_status find_for(void *user, size_t index) {
    const nearest *n = user;
    const gm_picture_shape *shape = &n->collection->shape;
    float *known = NULL, *distances = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&known, n->width, sizeof *known, "pixels"));
    GM_TRY_DONE(gm_alloc(&distances, n->k, sizeof *distances, "neighbours"));
    take(n->images + index * shape->channels * shape->height * shape->width, n->places.known, n->places.d, known);
    find(n, known, n->indices + index * n->k, distances);
done:
    free(known);
    free(distances);
    return status;
}

static gm_status find_all(nearest *n, size_t count) {
    const gm_collection *c = n->collection;
    size_t values = c->shape.channels * c->shape.height * c->shape.width;
    n->width = (n->places.d + LANES - 1) / LANES * LANES;
    GM_TRY(gm_alloc(&n->known, c->count * n->width + 1, sizeof *n->known, "known pixels"));
    for (size_t m = 0; m < c->count; m++)
        take(c->images + m * values, n->places.known, n->places.d, n->known + m * n->width);
    gm_status status = gm_parallel(gm_cpu_count(), count, find_for, n);
    free(n->known);
    return status;
}

gm_status gm_find_nearest(const gm_collection *c, const float *images, size_t count, int32_t *indices) {
    nearest n = {.collection = c, .images = images, .indices = indices, .k = 1};
    uint8_t *mask;
    GM_TRY(gm_alloc(&mask, c->shape.height * c->shape.width, sizeof *mask, "a mask"));
    gm_status status = places_init(&n.places, &c->shape, mask);
    if (status == GM_OK)
        status = find_all(&n, count);
    free(mask);
    places_finish(&n.places);
    return status;
}

gm_status gm_fill_nearest(const gm_collection *c, float *images, size_t count, const uint8_t *mask, size_t k) {
    nearest n = {.collection = c, .images = images, .k = GM_MIN(k, c->count)};
    size_t values = c->shape.channels * c->shape.height * c->shape.width;
    gm_status status;
    GM_TRY_DONE(places_init(&n.places, &c->shape, mask));
    GM_TRY_DONE(gm_alloc(&n.indices, count * n.k, sizeof *n.indices, "neighbours"));
    GM_TRY_DONE(find_all(&n, count));
    for (size_t j = 0; j < count * n.places.q; j++) {
        const int32_t *of = n.indices + j / n.places.q * n.k;
        size_t place = n.places.hidden[j % n.places.q];
        double sum = 0;
        for (size_t i = 0; i < n.k; i++)
            sum += (double)c->images[(size_t)of[i] * values + place];
        images[j / n.places.q * values + place] = (float)(sum / (double)n.k);
    }
done:
    free(n.indices);
    places_finish(&n.places);
    return status;
}

// ---- Regression ----

// Sums over the collection of products of its values less their means: of known with known, and with hidden ones.
typedef struct sums {
    const gm_collection *collection;
    places places;
    double *mean;       // of all values, known ones first
    double *of;         // (d, d + q): row i from column i on
    float *chunk;       // (d + q, CHUNK) values of some images, less their means
    size_t first, here; // of these images
} sums;

static size_t place_of(const places *p, size_t i) {
    return i < p->d ? p->known[i] : p->hidden[i - p->d];
}

static gm_status add_row(void *user, size_t i) {
    const sums *s = user;
    size_t columns = s->places.d + s->places.q;
    const float *a = s->chunk + i * CHUNK;
    for (size_t j = i; j < columns; j++) {
        const float *b = s->chunk + j * CHUNK;
        float sum[LANES] = {0};
        for (size_t m = 0; m < CHUNK; m += LANES)
            for (size_t lane = 0; lane < LANES; lane++)
                sum[lane] += a[m + lane] * b[m + lane];
        for (size_t lane = 0; lane < LANES; lane++)
            s->of[i * columns + j] += (double)sum[lane];
    }
    return GM_OK;
}

static gm_status add_all(sums *s) {
    const gm_collection *c = s->collection;
    size_t columns = s->places.d + s->places.q;
    for (size_t m = 0; m < c->count; m++)
        for (size_t i = 0; i < columns; i++)
            s->mean[i] += (double)c->images[m * columns + place_of(&s->places, i)] / (double)c->count;
    for (size_t first = 0; first < c->count; first += CHUNK) {
        for (size_t i = 0; i < columns; i++)
            for (size_t m = 0; m < CHUNK; m++)
                s->chunk[i * CHUNK + m] =
                    first + m < c->count
                        ? (float)((double)c->images[(first + m) * columns + place_of(&s->places, i)] - s->mean[i])
                        : 0;
        GM_TRY(gm_parallel(gm_cpu_count(), s->places.d, add_row, s));
    }
    return GM_OK;
}

static void regress(const sums *s, float *image) {
    const places *p = &s->places;
    size_t columns = p->d + p->q;
    for (size_t j = 0; j < p->q; j++) {
        double value = s->mean[p->d + j];
        for (size_t i = 0; i < p->d; i++)
            value += ((double)image[p->known[i]] - s->mean[i]) * s->of[i * columns + p->d + j];
        image[p->hidden[j]] = (float)value;
    }
}

gm_status gm_fill_ridge(const gm_collection *c, float *images, size_t count, const uint8_t *mask) {
    sums s = {.collection = c};
    size_t columns = c->shape.channels * c->shape.height * c->shape.width;
    double ridge = 0;
    gm_status status;
    GM_TRY_DONE(places_init(&s.places, &c->shape, mask));
    size_t d = s.places.d;
    GM_TRY_DONE(gm_alloc(&s.mean, columns, sizeof *s.mean, "a regression"));
    GM_TRY_DONE(gm_alloc(&s.of, d * columns + 1, sizeof *s.of, "a regression"));
    GM_TRY_DONE(gm_alloc(&s.chunk, columns * CHUNK, sizeof *s.chunk, "a regression"));
    GM_TRY_DONE(add_all(&s));
    for (size_t i = 0; i < d; i++)
        ridge += s.of[i * columns + i] / (double)d;
    for (size_t i = 0; i < d; i++)
        s.of[i * columns + i] += 1e-4 * ridge + 1e-9;
    gm_cholesky(s.of, d, columns);
    gm_cholesky_solve(s.of, d, columns, s.of + d, columns, s.places.q); // the hidden columns become coefficients
    for (size_t n = 0; n < count; n++)
        regress(&s, images + n * columns);
done:
    free(s.mean);
    free(s.of);
    free(s.chunk);
    places_finish(&s.places);
    return status;
}

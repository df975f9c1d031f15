// Fills of one image by itself: its mean, and Laplace's equation by conjugate gradients.
#include "use/fills.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double mean_of_known(const gm_picture_shape *shape, const float *plane, const uint8_t *mask) {
    double sum = 0;
    size_t known = 0;
    for (size_t i = 0; i < shape->height * shape->width; i++)
        if (!mask[i]) {
            sum += (double)plane[i];
            known++;
        }
    return known > 0 ? sum / (double)known : 0;
}

void gm_fill_mean(const gm_picture_shape *shape, float *image, const uint8_t *mask) {
    size_t area = shape->height * shape->width;
    for (size_t c = 0; c < shape->channels; c++) {
        double mean = mean_of_known(shape, image + c * area, mask);
        for (size_t i = 0; i < area; i++)
            if (mask[i])
                image[c * area + i] = (float)mean;
    }
}

// ---- Laplace's equation ----

// The hidden pixels in rows, and of each its neighbours in the image.
typedef struct hole {
    size_t count;
    size_t *pixels;          // (count)
    int32_t (*neighbors)[4]; // which hidden one it is; -1: none, or a known one
    uint8_t *degree;         // (count) neighbours in the image
} hole;

static size_t neighbors_of(const gm_picture_shape *shape, size_t pixel, size_t found[4]) {
    size_t y = pixel / shape->width, x = pixel % shape->width, count = 0;
    if (y > 0)
        found[count++] = pixel - shape->width;
    if (y + 1 < shape->height)
        found[count++] = pixel + shape->width;
    if (x > 0)
        found[count++] = pixel - 1;
    if (x + 1 < shape->width)
        found[count++] = pixel + 1;
    return count;
}

static void hole_finish(hole *h) {
    free(h->pixels);
    free(h->neighbors);
    free(h->degree);
}

static gm_status hole_init(hole *h, const gm_picture_shape *shape, const uint8_t *mask) {
    size_t area = shape->height * shape->width, found[4];
    int32_t *place = NULL;
    gm_status status;
    *h = (hole){0};
    for (size_t i = 0; i < area; i++)
        h->count += mask[i] != 0;
    GM_TRY_DONE(gm_alloc(&place, area, sizeof *place, "a hole"));
    GM_TRY_DONE(gm_alloc(&h->pixels, h->count + 1, sizeof *h->pixels, "a hole"));
    GM_TRY_DONE(gm_alloc(&h->neighbors, h->count + 1, sizeof *h->neighbors, "a hole"));
    GM_TRY_DONE(gm_alloc(&h->degree, h->count + 1, sizeof *h->degree, "a hole"));
    for (size_t i = 0, next = 0; i < area; i++) {
        place[i] = mask[i] ? (int32_t)next : -1;
        if (mask[i])
            h->pixels[next++] = i;
    }
    for (size_t i = 0; i < h->count; i++) {
        h->degree[i] = (uint8_t)neighbors_of(shape, h->pixels[i], found);
        for (size_t k = 0; k < 4; k++)
            h->neighbors[i][k] = k < h->degree[i] ? place[found[k]] : -1;
    }
done:
    free(place);
    return status;
}

// y = A x, the Laplacian of what is 0 outside of the hole.
static void multiply(const hole *h, const double *x, double *y) {
    for (size_t i = 0; i < h->count; i++) {
        double sum = h->degree[i] * x[i];
        for (size_t k = 0; k < 4; k++)
            if (h->neighbors[i][k] >= 0)
                sum -= x[h->neighbors[i][k]];
        y[i] = sum;
    }
}

static double dot(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

// Solves A x = b from x on; work: 3 count values.
static void solve(const hole *h, const double *b, double *x, double *work) {
    const double tolerance = 1e-9;
    size_t n = h->count;
    double *r = work, *p = work + n, *Ap = work + 2 * n;
    multiply(h, x, Ap);
    for (size_t i = 0; i < n; i++)
        p[i] = r[i] = b[i] - Ap[i];
    double rr = dot(r, r, n), least = tolerance * tolerance * fmax(dot(b, b, n), rr);
    for (size_t step = 0; step < 4 * n + 16 && rr > least; step++) {
        multiply(h, p, Ap);
        double alpha = rr / dot(p, Ap, n), before = rr;
        for (size_t i = 0; i < n; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * Ap[i];
        }
        rr = dot(r, r, n);
        for (size_t i = 0; i < n; i++)
            p[i] = r[i] + rr / before * p[i];
    }
}

// work: 5 count values.
static void fill_plane(const gm_picture_shape *shape, const hole *h, float *plane, const uint8_t *mask, double *work) {
    size_t found[4];
    double *b = work, *x = work + h->count, mean = mean_of_known(shape, plane, mask);
    for (size_t i = 0; i < h->count; i++) {
        size_t count = neighbors_of(shape, h->pixels[i], found);
        b[i] = 0;
        x[i] = mean;
        for (size_t k = 0; k < count; k++)
            if (!mask[found[k]])
                b[i] += (double)plane[found[k]];
    }
    solve(h, b, x, work + 2 * h->count);
    for (size_t i = 0; i < h->count; i++)
        plane[h->pixels[i]] = (float)x[i];
}

gm_status gm_fill_harmonic(const gm_picture_shape *shape, float *image, const uint8_t *mask) {
    hole h;
    double *work = NULL;
    gm_status status = hole_init(&h, shape, mask);
    if (status == GM_OK)
        status = gm_alloc(&work, 5 * h.count + 1, sizeof *work, "a hole");
    for (size_t c = 0; c < shape->channels && status == GM_OK; c++)
        fill_plane(shape, &h, image + c * shape->height * shape->width, mask, work);
    free(work);
    hole_finish(&h);
    return status;
}

// f with the Laplacian of g inside and x outside is g + h, h harmonic with x - g outside.
gm_status gm_fill_blend(const gm_picture_shape *shape, float *image, const uint8_t *mask, const float *made) {
    size_t area = shape->height * shape->width, count = shape->channels * area;
    float *rest;
    GM_TRY(gm_alloc(&rest, count, sizeof *rest, "an image"));
    for (size_t i = 0; i < count; i++)
        rest[i] = mask[i % area] ? 0 : image[i] - made[i];
    gm_status status = gm_fill_harmonic(shape, rest, mask);
    for (size_t i = 0; i < count && status == GM_OK; i++)
        if (mask[i % area])
            image[i] = made[i] + rest[i];
    free(rest);
    return status;
}

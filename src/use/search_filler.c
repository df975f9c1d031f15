// Completing images by searching a generator's latents: what it makes is blended into the image.
//   h x w: the samples' height and width
#include "use/filler.h"
#include "use/rescale.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 7, CHUNK = 64 };

void gm_search_weights(const uint8_t *mask, size_t height, size_t width, float *weights) {
    const size_t reach = WINDOW / 2;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            size_t top = y > reach ? y - reach : 0, left = x > reach ? x - reach : 0, all = 0, hidden = 0;
            for (size_t v = top; v < GM_MIN(y + reach + 1, height); v++)
                for (size_t u = left; u < GM_MIN(x + reach + 1, width); u++, all++)
                    hidden += mask[v * width + u] ? 1u : 0u;
            weights[y * width + x] = mask[y * width + x] ? 0 : (float)hidden / (float)(all - 1);
        }
}

// ---- Into the samples' size and back ----

static bool is_scaled(const gm_filler *f, const gm_picture_shape *shape) {
    return shape->height > f->planned.height || shape->width > f->planned.width;
}

// Into the middle of black, as data sets pad images.
static void pad(const gm_filler *f, const gm_picture_shape *shape, const float *image, float black, float *padded) {
    const gm_picture_shape *to = &f->planned;
    size_t top = (to->height - shape->height) / 2, left = (to->width - shape->width) / 2;
    for (size_t i = 0; i < shape->channels * to->height * to->width; i++)
        padded[i] = black;
    for (size_t c = 0; c < shape->channels; c++)
        for (size_t y = 0; y < shape->height; y++)
            memcpy(padded + (c * to->height + top + y) * to->width + left,
                   image + (c * shape->height + y) * shape->width, shape->width * sizeof *image);
}

static void cut(const gm_filler *f, const gm_picture_shape *shape, const float *padded, float *image) {
    const gm_picture_shape *from = &f->planned;
    size_t top = (from->height - shape->height) / 2, left = (from->width - shape->width) / 2;
    for (size_t c = 0; c < shape->channels; c++)
        for (size_t y = 0; y < shape->height; y++)
            memcpy(image + (c * shape->height + y) * shape->width,
                   padded + (c * from->height + top + y) * from->width + left, shape->width * sizeof *image);
}

// ---- Searching ----

// Room for one image of its own size, and for a chunk of them in the samples'.
typedef struct room {
    float *known, *made;                // (H, W), (C, H, W)
    float *mask, *weight;               // (h, w)
    uint8_t *hidden;                    // (h, w)
    float *targets, *weights, *samples; // (CHUNK, C, h, w)
    float *latents;
} room;

static void room_finish(room *r) {
    free(r->known);
    free(r->made);
    free(r->mask);
    free(r->weight);
    free(r->hidden);
    free(r->targets);
    free(r->weights);
    free(r->samples);
    free(r->latents);
}

static gm_status room_init(room *r, const gm_filler *f, const gm_picture_shape *shape) {
    size_t area = shape->height * shape->width, inner = f->planned.height * f->planned.width;
    size_t latent = gm_use_find_input(&f->by_search.sampler->use, "latent")->values;
    const struct {
        float **values;
        size_t count;
    } rooms[] = {{&r->known, area},
                 {&r->made, f->channels * area},
                 {&r->mask, inner},
                 {&r->weight, inner},
                 {&r->targets, CHUNK * f->channels * inner},
                 {&r->weights, CHUNK * f->channels * inner},
                 {&r->samples, CHUNK * f->channels * inner},
                 {&r->latents, CHUNK * latent}};
    *r = (room){0};
    for (size_t i = 0; i < GM_COUNT(rooms); i++)
        GM_TRY(gm_alloc(rooms[i].values, rooms[i].count, sizeof(float), "images"));
    return gm_alloc(&r->hidden, inner, 1, "a mask");
}

// Image number i of a chunk, and the weights of its pixels.
static gm_status enter(const gm_filler *f, const gm_picture_shape *shape, const float *image, const uint8_t *mask,
                       size_t i, room *r) {
    const gm_picture_shape plane = {1, shape->height, shape->width}, inner = {1, f->planned.height, f->planned.width};
    size_t area = shape->height * shape->width, size = inner.height * inner.width;
    float *target = r->targets + i * f->channels * size;
    for (size_t k = 0; k < area; k++)
        r->known[k] = mask[k] ? 1 : 0;
    if (is_scaled(f, shape)) {
        GM_TRY(gm_rescale(image, shape, &f->planned, target));
        GM_TRY(gm_rescale(r->known, &plane, &inner, r->mask));
    } else {
        pad(f, shape, image, (float)f->by_search.sampler->use.format.low, target);
        pad(f, &plane, r->known, 0, r->mask);
    }
    for (size_t k = 0; k < size; k++)
        r->hidden[k] = r->mask[k] > 0;
    gm_search_weights(r->hidden, inner.height, inner.width, r->weight);
    for (size_t c = 0; c < f->channels; c++)
        memcpy(r->weights + (i * f->channels + c) * size, r->weight, size * sizeof *r->weight);
    return GM_OK;
}

static gm_status leave(const gm_filler *f, const gm_picture_shape *shape, const uint8_t *mask, const float *sample,
                       float *image, room *r) {
    if (is_scaled(f, shape))
        GM_TRY(gm_rescale(sample, &f->planned, shape, r->made));
    else
        cut(f, shape, sample, r->made);
    return gm_fill_blend(shape, image, mask, r->made);
}

// Values beyond black and white, as blending may make them.
static void clamp(const gm_filler *f, const uint8_t *mask, size_t area, float *image) {
    float low = (float)f->by_search.sampler->use.format.low, high = (float)f->by_search.sampler->use.format.high;
    for (size_t i = 0; i < f->channels * area; i++)
        if (mask[i % area])
            image[i] = GM_MAX(low, GM_MIN(image[i], high));
}

gm_status gm_search_filler_run(gm_filler *f, const gm_picture_shape *shape, const uint8_t *masks, size_t count,
                               float *completed) {
    size_t area = shape->height * shape->width, values = f->channels * area;
    size_t inner = f->channels * f->planned.height * f->planned.width;
    room r;
    gm_status status = room_init(&r, f, shape);
    for (size_t first = 0; first < count && status == GM_OK; first += CHUNK) {
        size_t here = GM_MIN(count - first, (size_t)CHUNK);
        for (size_t i = 0; i < here; i++)
            GM_TRY_DONE(enter(f, shape, completed + (first + i) * values, masks + (first + i) * area, i, &r));
        GM_TRY_DONE(gm_latent_search_run(f->by_search.search,
                                         &(gm_latent_targets){.values = r.targets, .weights = r.weights, .count = here},
                                         &(gm_latents_found){.latents = r.latents, .samples = r.samples}));
        for (size_t i = 0; i < here; i++) {
            float *image = completed + (first + i) * values;
            const uint8_t *mask = masks + (first + i) * area;
            GM_TRY_DONE(leave(f, shape, mask, r.samples + i * inner, image, &r));
            clamp(f, mask, area, image);
        }
    }
done:
    room_finish(&r);
    return status;
}

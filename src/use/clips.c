// Clips compared. The control is one half of the real clips beside the other, in random order; what is made by trivial
// means is made of that other half.
//
// Frechet distances are those of scores along principal components of the real clips' frames, of the differences
// between a frame and the next, and of whole clips: still pictures have the right frames and no differences, frames in
// another order the right frames and wrong differences.
#include "use/clips.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES, DIFFERENCES, CLIPS };
enum { CHUNK_VALUES = 1 << 23, FITTED_VALUES = 1 << 25 }; // at a time; to which components are fitted

static const uint64_t order_seed = 1, shuffle_seed = 2;

static gm_clip_shape shape_of(const gm_side *side) {
    return (gm_clip_shape){
        .channels = side->channels,
        .frames = side->frames,
        .height = side->height,
        .width = side->width,
        .low = side->ranged ? side->low : 0,
        .high = side->ranged ? side->high : 1,
    };
}

const gm_moving *gm_clips_find_truth(const gm_side *sides) {
    for (size_t i = 0; i < 2; i++)
        if (sides[i].frames > 1 && sides[i].ranged && sides[i].data && gm_moving_find(sides[i].data))
            return gm_moving_find(sides[i].data);
    return NULL;
}

// ---- Views: rows made of a clip (C, T, H, W) ----

static size_t frame_values(const gm_clip_shape *s) {
    return s->channels * s->height * s->width;
}

static void take_frame(const float *clip, const gm_clip_shape *s, size_t t, float *frame) {
    const size_t area = s->height * s->width;
    for (size_t c = 0; c < s->channels; c++)
        memcpy(frame + c * area, clip + (c * s->frames + t) * area, area * sizeof *frame);
}

static void take_frames(const float *clip, const gm_clip_shape *s, float *rows) {
    for (size_t t = 0; t < s->frames; t++)
        take_frame(clip, s, t, rows + t * frame_values(s));
}

static void take_differences(const float *clip, const gm_clip_shape *s, float *rows) {
    const size_t area = s->height * s->width;
    for (size_t t = 0; t + 1 < s->frames; t++)
        for (size_t c = 0; c < s->channels; c++) {
            const float *now = clip + (c * s->frames + t) * area;
            for (size_t i = 0; i < area; i++)
                rows[(t * s->channels + c) * area + i] = now[area + i] - now[i];
        }
}

static void take_clip(const float *clip, const gm_clip_shape *s, float *rows) {
    memcpy(rows, clip, s->frames * frame_values(s) * sizeof *rows);
}

static const struct {
    size_t components;
    void (*take)(const float *clip, const gm_clip_shape *shape, float *rows);
} views[GM_CLIP_VIEWS] = {
    [FRAMES] = {32, take_frames}, [DIFFERENCES] = {32, take_differences}, [CLIPS] = {64, take_clip}};

// How many rows a clip gives.
static size_t view_rows(const gm_clip_shape *s, size_t view) {
    return view == FRAMES ? s->frames : view == DIFFERENCES ? s->frames - 1 : 1;
}

static size_t view_columns(const gm_clip_shape *s, size_t view) {
    return view == CLIPS ? s->frames * frame_values(s) : frame_values(s);
}

// ---- Clips that are compared: as they are, or made of others ----

typedef struct collection {
    gm_clip_shape shape;
    const float *clips;
    const int32_t *order; // of clips, count of them; NULL: as they are
    size_t count, values; // of a clip
    const float *mean;    // of clips
} collection;

static const float *clip_at(const collection *from, size_t i) {
    return from->clips + (from->order ? (size_t)from->order[i] : i) * from->values;
}

static void copy(const collection *from, size_t i, float *made) {
    memcpy(made, clip_at(from, i), from->values * sizeof *made);
}

static void copy_frame(const collection *from, size_t i, size_t frame, size_t to, float *made) {
    const gm_clip_shape *s = &from->shape;
    const size_t area = s->height * s->width;
    for (size_t c = 0; c < s->channels; c++)
        memcpy(made + (c * s->frames + to) * area, clip_at(from, i) + (c * s->frames + frame) * area,
               area * sizeof *made);
}

static void freeze(const collection *from, size_t i, float *made) {
    for (size_t t = 0; t < from->shape.frames; t++)
        copy_frame(from, i, 0, t, made);
}

// Chooses one of the first `count`.
static size_t choose(size_t clip, size_t which, size_t count) {
    const uint32_t stream = gm_stream("clips");
    return (size_t)(gm_philox_uniform(shuffle_seed, stream, (uint32_t)clip, (uint32_t)(clip >> 32), which) *
                    (double)count);
}

// Frame t changes places with one up to it.
static void shuffle(const collection *from, size_t i, float *made) {
    for (size_t t = 0; t < from->shape.frames; t++) {
        const size_t other = choose(i, t, t + 1), area = from->shape.height * from->shape.width;
        for (size_t c = 0; c < from->shape.channels && other < t; c++) // made so far
            memcpy(made + (c * from->shape.frames + t) * area, made + (c * from->shape.frames + other) * area,
                   area * sizeof *made);
        copy_frame(from, i, t, other, made);
    }
}

static void mix(const collection *from, size_t i, float *made) {
    for (size_t t = 0; t < from->shape.frames; t++)
        copy_frame(from, choose(i, t, from->count), t, t, made);
}

static void take_mean(const collection *from, size_t i, float *made) {
    (void)i;
    memcpy(made, from->mean, from->values * sizeof *made);
}

// A clip's values, each in a random place.
static void scatter(const collection *from, size_t i, float *made) {
    copy(from, i, made);
    for (size_t k = from->values; k-- > 1;) {
        const size_t other = choose(i, k, k + 1);
        const float swapped = made[k];
        made[k] = made[other];
        made[other] = swapped;
    }
}

static const struct {
    const char *name;
    void (*make)(const collection *from, size_t i, float *made);
} trivial[] = {
    {"frozen first frame", freeze}, {"frames shuffled", shuffle},          {"frames of different clips", mix},
    {"mean clip", take_mean},       {"values scattered (noise)", scatter},
};

// ---- Scores ----

// What distances are taken of, of one collection.
typedef struct scores {
    float *values[GM_CLIP_VIEWS];  // (count * rows, components)
    size_t count;                  // clips
    gm_running_mean energy, paths; // NaN are left out
} scores;

typedef struct comparer {
    gm_device *device;
    gm_pca *pca[GM_CLIP_VIEWS];
    const gm_motion *motion; // NULL: paths are not looked at
    float *clips, *rows;     // a chunk
    size_t chunk;            // clips
} comparer;

static void scores_finish(scores *s) {
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++)
        free(s->values[v]);
    *s = (scores){0};
}

static void add_measure(gm_running_mean *mean, const gm_measure *found) {
    for (size_t i = 0; i < found->count; i++)
        gm_running_mean_add(mean, found->value);
}

static gm_status score_chunk(comparer *c, const gm_clip_shape *shape, size_t first, size_t count, scores *s) {
    const size_t values = shape->frames * frame_values(shape);
    const gm_samples clips = {c->clips, count, values};
    gm_measure found;
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++) {
        const size_t rows = view_rows(shape, v), columns = view_columns(shape, v), components = c->pca[v]->components;
        for (size_t i = 0; i < count; i++)
            views[v].take(c->clips + i * values, shape, c->rows + i * rows * columns);
        GM_TRY(gm_pca_apply(c->pca[v], c->device, &(gm_samples){c->rows, count * rows, columns},
                            s->values[v] + first * rows * components));
    }
    GM_TRY(gm_measure_energy(&clips, shape, &found));
    add_measure(&s->energy, &found);
    if (!c->motion)
        return GM_OK;
    GM_TRY(gm_measure_paths(&clips, shape, c->motion, &found));
    add_measure(&s->paths, &found);
    return GM_OK;
}

static gm_status score(comparer *c, const collection *from, void (*make)(const collection *from, size_t i, float *made),
                       scores *s) {
    *s = (scores){.count = from->count};
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++)
        GM_TRY(gm_alloc(&s->values[v], from->count * view_rows(&from->shape, v) * c->pca[v]->components, sizeof(float),
                        "scores"));
    for (size_t first = 0; first < from->count; first += c->chunk) {
        const size_t count = GM_MIN(from->count - first, c->chunk);
        for (size_t i = 0; i < count; i++)
            make(from, first + i, c->clips + i * from->values);
        GM_TRY(score_chunk(c, &from->shape, first, count, s));
    }
    return GM_OK;
}

static gm_status measure_distance(const comparer *c, const gm_clip_shape *shape, size_t v, const scores *real,
                                  size_t real_count, const scores *fake, size_t fake_first, double *distance) {
    const size_t rows = view_rows(shape, v), components = c->pca[v]->components;
    const gm_samples a = {real->values[v], real_count * rows, components};
    const gm_samples b = {fake->values[v] + fake_first * rows * components, (fake->count - fake_first) * rows,
                          components};
    gm_measure found;
    GM_TRY(gm_measure_frechet(&a, &b, &found));
    *distance = found.flags & GM_MEASURE_MISSING ? NAN : found.value;
    return GM_OK;
}

// The first real_count real clips beside the fake ones from fake_first on.
static gm_status fill_row(const comparer *c, const gm_clip_shape *shape, const scores *real, size_t real_count,
                          const scores *fake, size_t fake_first, gm_clip_figure *row) {
    double *distances[GM_CLIP_VIEWS] = {&row->frames, &row->differences, &row->clips};
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++)
        GM_TRY(measure_distance(c, shape, v, real, real_count, fake, fake_first, distances[v]));
    row->energy = fake->energy.count > 0 ? fake->energy.value : NAN;
    row->paths = fake->paths.count > 0 ? fake->paths.value : NAN;
    return GM_OK;
}

// ---- The comparison ----

static gm_status fit(comparer *c, const collection *real) {
    const gm_clip_shape *s = &real->shape;
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++) {
        const size_t rows = view_rows(s, v), columns = view_columns(s, v);
        const size_t count = GM_MIN(real->count, GM_MAX((size_t)FITTED_VALUES / (rows * columns), (size_t)2));
        float *fitted;
        GM_TRY(gm_alloc(&fitted, count * rows * columns, sizeof *fitted, "principal components"));
        for (size_t i = 0; i < count; i++)
            views[v].take(clip_at(real, i), s, fitted + i * rows * columns);
        gm_status status =
            gm_pca_create(&c->pca[v], c->device, &(gm_samples){fitted, count * rows, columns}, views[v].components);
        free(fitted);
        GM_TRY(status);
    }
    return GM_OK;
}

static gm_status fill_mean(const collection *from, float *mean) {
    double *sums;
    GM_TRY(gm_alloc(&sums, from->values, sizeof *sums, "a mean clip"));
    for (size_t i = 0; i < from->count; i++)
        for (size_t k = 0; k < from->values; k++)
            sums[k] += (double)clip_at(from, i)[k];
    for (size_t k = 0; k < from->values; k++)
        mean[k] = (float)(sums[k] / (double)from->count);
    free(sums);
    return GM_OK;
}

static gm_status compare(comparer *c, const collection *real, const collection *fake, gm_clip_comparison *found) {
    const size_t half = real->count / 2;
    scores reals = {0}, others = {0};
    float *mean = NULL;
    collection rest = *real;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&c->clips, c->chunk * real->values, sizeof *c->clips, "clips"));
    GM_TRY_DONE(gm_alloc(&c->rows, c->chunk * real->values, sizeof *c->rows, "frames"));
    GM_TRY_DONE(gm_alloc(&mean, real->values, sizeof *mean, "a mean clip"));
    GM_TRY_DONE(fit(c, real));
    GM_TRY_DONE(score(c, real, copy, &reals));
    GM_TRY_DONE(score(c, fake, copy, &others));
    GM_TRY_DONE(fill_row(c, &real->shape, &reals, reals.count, &others, 0, &found->rows[0]));
    GM_TRY_DONE(fill_row(c, &real->shape, &reals, half, &reals, half, &found->rows[1]));
    rest.order += half;
    rest.count -= half;
    rest.mean = mean;
    GM_TRY_DONE(fill_mean(&rest, mean));
    for (size_t k = 0; k < GM_COUNT(trivial); k++) {
        gm_clip_figure *row = &found->rows[2 + k];
        gm_snprintf(row->name, sizeof row->name, "%s", trivial[k].name);
        scores_finish(&others);
        GM_TRY_DONE(score(c, &rest, trivial[k].make, &others));
        GM_TRY_DONE(fill_row(c, &real->shape, &reals, half, &others, 0, row));
    }
done:
    scores_finish(&reals);
    scores_finish(&others);
    free(mean);
    return status;
}

gm_status gm_clips_compare(gm_device *device, const gm_side *real, const gm_side *fake, const gm_moving *truth,
                           gm_clip_comparison *found) {
    _Static_assert(2 + GM_COUNT(trivial) == GM_CLIP_ROWS, "a row for each");
    const gm_motion motion = truth ? (gm_motion){truth->slowest, truth->fastest, truth->reach} : (gm_motion){0};
    const gm_clip_shape shape = shape_of(real);
    const size_t values = shape.frames * frame_values(&shape);
    comparer c = {
        .device = device, .motion = truth ? &motion : NULL, .chunk = GM_MAX((size_t)CHUNK_VALUES / values, (size_t)1)};
    int32_t *order;
    gm_status status;
    *found = (gm_clip_comparison){.counts = {fake->count, real->count / 2}};
    gm_snprintf(found->rows[0].name, sizeof found->rows[0].name, "samples");
    gm_snprintf(found->rows[1].name, sizeof found->rows[1].name, "control");
    GM_TRY(gm_alloc(&order, real->count, sizeof *order, "an order"));
    GM_TRY_DONE(gm_loader_indices(order_seed, 0, real->count, real->count, order));
    status = compare(&c, &(collection){shape, real->values, order, real->count, values, NULL},
                     &(collection){shape, fake->values, NULL, fake->count, values, NULL}, found);
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++)
        found->components[v] = c.pca[v] ? c.pca[v]->components : 0;
done:
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++)
        gm_pca_destroy(&c.pca[v]);
    free(c.clips);
    free(c.rows);
    free(order);
    return status;
}

// What moves in clips: whether it stays what it is, and whether its path is straight between the borders.
//
// A path is the centre of mass, frame by frame. On each axis a straight one goes at one speed and turns round where it
// meets a border, so it is lines of slopes +s and -s in turn: for every speed of a grid the split of the frames into
// such lines that fits best in least squares. The speeds of both axes are found apart, since a border turns one alone.
#include "ganymede/metrics.h"
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>

#define FLOOR                                                                                                          \
    .1 // of the clip's brightest pixel: what is darker is background, which generated frames are seldom rid of
#define LEAST     .25 // brightness of a frame, in white pixels, that is something
#define TOLERANCE .5  // pixels, root mean squared over frames and axes, of a path from the straight one
#define SLACK     .5  // pixels a frame by which a speed may miss its bounds: places are rounded
#define STEP      .05 // pixels a frame, of the grid of speeds
#define STILL     .1  // pixels a frame: slower ones do not turn

enum { AXES = 2 };

// ---- Energy ----

// From 0 (black) to 1 of pixel i of frame t, averaged over the channels.
static double level(const float *clip, const gm_clip_shape *shape, size_t t, size_t i) {
    const size_t area = shape->height * shape->width;
    double sum = 0;
    for (size_t c = 0; c < shape->channels; c++)
        sum += (double)clip[(c * shape->frames + t) * area + i];
    return (sum / (double)shape->channels - shape->low) / (shape->high - shape->low);
}

static bool is_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

// Standard deviation over mean of the frames' energy; NaN where all are black.
static double energy_varies(const float *clip, const gm_clip_shape *shape) {
    gm_running_mean mean = {0};
    for (size_t t = 0; t < shape->frames; t++) {
        double sum = 0;
        for (size_t i = 0; i < shape->height * shape->width; i++) {
            const double here = level(clip, shape, t, i);
            sum += here * here;
        }
        gm_running_mean_add(&mean, sum);
    }
    return mean.value > 0 ? sqrt(mean.squares / (double)mean.count) / mean.value : NAN;
}

// ---- Paths ----

// (frames, 2): y and x of the centre of mass; false: a frame is empty.
static bool find_path(const float *clip, const gm_clip_shape *shape, double *path) {
    const size_t W = shape->width;
    double brightest = 0;
    for (size_t i = 0; i < shape->frames * shape->height * W; i++)
        brightest = fmax(brightest, level(clip, shape, 0, i)); // of frames one behind the other
    for (size_t t = 0; t < shape->frames; t++) {
        double mass = 0, y = 0, x = 0;
        for (size_t i = 0; i < shape->height * W; i++) {
            const double weight = fmax(level(clip, shape, t, i) - FLOOR * brightest, 0);
            mass += weight;
            y += weight * (double)(i / W);
            x += weight * (double)(i % W);
        }
        if (mass < LEAST)
            return false;
        path[AXES * t] = y / mass;
        path[AXES * t + 1] = x / mass;
    }
    return true;
}

typedef struct axis {
    const double *at; // AXES apart
    size_t frames;
    double speed;     // of the lines
    double near, far; // it turns back up to the one, or from the other on
    double best;      // sum of squares of the best lines so far
} axis;

typedef struct line {
    double start; // where it would be at frame 0
    double sign;
    size_t last; // frame
} line;

// Whether the line could have become the next one between their frames, at a border.
static bool can_turn(const axis *a, const line *before, double start) {
    const double slack = TOLERANCE / a->speed;
    const double when = before->sign * (start - before->start) / (2 * a->speed);
    const double where = before->start + before->sign * a->speed * when;
    return when >= (double)before->last - slack && when <= (double)before->last + 1 + slack &&
           (before->sign > 0 ? where >= a->far : where <= a->near);
}

// Follows the path from behind the line `before` (NULL: from the first frame) in all ways that may be better than the
// best one. sum: of squares so far.
static void follow(axis *a, const line *before, double sign, double sum) {
    const size_t first = before ? before->last + 1 : 0;
    gm_running_mean offset = {0}; // of the line's start
    for (size_t last = first; last < a->frames; last++) {
        gm_running_mean_add(&offset, a->at[AXES * last] - sign * a->speed * (double)last);
        const double found = sum + offset.squares;
        if (!(found < a->best))
            return; // and more frames make it worse
        if (before && !can_turn(a, before, offset.value))
            continue;
        if (last + 1 == a->frames)
            a->best = found;
        else if (a->speed > STILL)
            follow(a, &(line){offset.value, sign, last}, -sign, found);
    }
}

static double fit_axis(const double *path, size_t frames, double near, double far, double fastest, double most,
                       double *speed) {
    double best = most;
    *speed = 0;
    for (size_t k = 0; (double)k * STEP <= fastest; k++) {
        axis a = {.at = path, .frames = frames, .speed = (double)k * STEP, .near = near, .far = far, .best = best};
        follow(&a, NULL, 1, 0);
        follow(&a, NULL, -1, 0);
        if (a.best < best) {
            best = a.best;
            *speed = (double)k * STEP;
        }
    }
    return best;
}

static bool is_straight(const double *path, const gm_clip_shape *shape, const gm_motion *motion) {
    const double size[AXES] = {(double)shape->height, (double)shape->width};
    const double most = TOLERANCE * TOLERANCE * AXES * (double)shape->frames;
    double speed[AXES], sum = 0;
    for (size_t k = 0; k < AXES; k++)
        sum += fit_axis(path + k, shape->frames, motion->reach, size[k] - 1 - motion->reach, motion->fastest + SLACK,
                        most, &speed[k]);
    const double both = hypot(speed[0], speed[1]);
    return sum < most && both >= motion->slowest - SLACK && both <= motion->fastest + SLACK;
}

// ---- The interface ----

static gm_status check(const gm_samples *clips, const gm_clip_shape *shape) {
    const size_t values = shape->channels * shape->frames * shape->height * shape->width;
    if (values == 0 || clips->columns != values || !(shape->high > shape->low))
        return gm_fail(GM_ERROR_ARGUMENT, "clips of %zu values are no %zu x %zu x %zu x %zu from %g to %g",
                       clips->columns, shape->channels, shape->frames, shape->height, shape->width, shape->low,
                       shape->high);
    return GM_OK;
}

gm_status gm_measure_energy(const gm_samples *clips, const gm_clip_shape *shape, gm_measure *measure) {
    gm_running_mean mean = {0};
    GM_TRY(check(clips, shape));
    *measure = (gm_measure){0};
    for (size_t i = 0; i < clips->count; i++) {
        const double varies = energy_varies(clips->values + i * clips->columns, shape);
        if (isfinite(varies))
            gm_running_mean_add(&mean, varies);
        else
            measure->flags |= GM_MEASURE_NOT_FINITE;
    }
    measure->count = mean.count;
    measure->value = mean.value;
    measure->flags |= mean.count == 0 ? GM_MEASURE_MISSING : 0u;
    return GM_OK;
}

typedef struct paths {
    const gm_samples *clips;
    const gm_clip_shape *shape;
    const gm_motion *motion;
    uint8_t *straight; // of each clip; UNKNOWN: it is not finite
} paths;

enum { UNKNOWN = 2, CHUNK = 64 };

static gm_status judge_chunk(void *user, size_t chunk) {
    const paths *p = user;
    const gm_samples *clips = p->clips;
    double *path;
    GM_TRY(gm_alloc(&path, AXES * p->shape->frames, sizeof *path, "a path"));
    for (size_t i = chunk * CHUNK; i < GM_MIN((chunk + 1) * CHUNK, clips->count); i++) {
        const float *clip = clips->values + i * clips->columns;
        p->straight[i] = !is_finite(clip, clips->columns)
                             ? UNKNOWN
                             : find_path(clip, p->shape, path) && is_straight(path, p->shape, p->motion);
    }
    free(path);
    return GM_OK;
}

gm_status gm_measure_paths(const gm_samples *clips, const gm_clip_shape *shape, const gm_motion *motion,
                           gm_measure *measure) {
    paths p = {clips, shape, motion, NULL};
    size_t straight = 0;
    GM_TRY(check(clips, shape));
    GM_TRY(gm_alloc(&p.straight, clips->count, 1, "paths"));
    gm_status status = gm_parallel(gm_cpu_count(), gm_divide_up(clips->count, CHUNK), judge_chunk, &p);
    *measure = (gm_measure){0};
    for (size_t i = 0; i < clips->count; i++) {
        measure->count += p.straight[i] != UNKNOWN;
        straight += p.straight[i] == 1;
    }
    measure->flags =
        (measure->count < clips->count ? GM_MEASURE_NOT_FINITE : 0u) | (measure->count == 0 ? GM_MEASURE_MISSING : 0u);
    measure->value = measure->count > 0 ? (double)straight / (double)measure->count : 0;
    free(p.straight);
    return status;
}

// Ways through the latent space: frames between latents.
#include "ganymede/explore.h"

#include "base/base.h"
#include "model/kinds.h"
#include "use/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// The frames of a way: between which keys each lies, and how far on.
typedef struct way {
    const gm_use *use;
    size_t count, frames, values, noise; // keys; frames; of a latent; of its noise
    size_t *from, *to;                   // (frames)
    double *share;                       // (frames), 0 at `from`
    float *latents;                      // (frames, values)
    int32_t *labels;                     // (frames)
} way;

static void way_finish(way *w) {
    free(w->from);
    free(w->to);
    free(w->share);
    free(w->latents);
    free(w->labels);
}

// Key k's frame. A loop has a piece more, whose end would be the first frame again.
static size_t frame_of(const way *w, bool loop, size_t k) {
    size_t pieces = loop ? w->count : w->count - 1, steps = loop ? w->frames : w->frames - 1;
    return (size_t)floor((double)k * (double)steps / (double)pieces + 0.5);
}

static gm_status way_init(way *w, bool loop) {
    GM_TRY(gm_alloc(&w->from, w->frames, sizeof *w->from, "frames"));
    GM_TRY(gm_alloc(&w->to, w->frames, sizeof *w->to, "frames"));
    GM_TRY(gm_alloc(&w->share, w->frames, sizeof *w->share, "frames"));
    GM_TRY(gm_alloc(&w->latents, w->frames * w->values, sizeof *w->latents, "latents"));
    GM_TRY(gm_alloc(&w->labels, w->frames, sizeof *w->labels, "labels"));
    for (size_t i = 0, k = 0; i < w->frames; i++) {
        while (k + 1 < w->count && i >= frame_of(w, loop, k + 1))
            k++;
        size_t begin = frame_of(w, loop, k), end = frame_of(w, loop, k + 1);
        w->from[i] = k;
        w->to[i] = i == begin ? k : (k + 1) % w->count;
        w->share[i] = i == begin ? 0 : (double)(i - begin) / (double)(end - begin);
    }
    return GM_OK;
}

// ---- Between two latents ----

// sin((1 - t) w) / sin w a + sin(t w) / sin w b, w the angle between them; nearly parallel ones, and opposite ones,
// between which no arc is shorter than others, go straight.
static void factors(const float *a, const float *b, size_t count, double t, bool linear, double factor[2]) {
    double aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < count; i++) {
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
        ab += (double)a[i] * (double)b[i];
    }
    double norms = sqrt(aa * bb), angle = norms > 0 ? acos(fmax(-1, fmin(1, ab / norms))) : 0, sine = sin(angle);
    bool straight = linear || sine < 1e-4;
    factor[0] = straight ? 1 - t : sin((1 - t) * angle) / sine;
    factor[1] = straight ? t : sin(t * angle) / sine;
}

static void fill_latents(way *w, const float *keys, bool linear) {
    for (size_t i = 0; i < w->frames; i++) {
        const float *a = keys + w->from[i] * w->values, *b = keys + w->to[i] * w->values;
        float *latent = w->latents + i * w->values;
        double factor[2], t = w->share[i];
        memcpy(latent, a, w->values * sizeof *latent);
        if (w->from[i] == w->to[i])
            continue;
        factors(a, b, w->noise, t, linear || w->use->noise.distribution == GM_LATENT_UNIFORM, factor);
        for (size_t k = 0; k < w->values; k++)
            latent[k] = (float)(k < w->noise ? factor[0] * (double)a[k] + factor[1] * (double)b[k]
                                             : (1 - t) * (double)a[k] + t * (double)b[k]);
    }
}

// ---- Between two classes ----

static bool is_mixed(const way *w, const int32_t *labels, size_t i) {
    return labels[w->from[i]] != labels[w->to[i]];
}

// Makes all frames anew from shares of classes, and takes those whose class lies between two.
static gm_status blend(const gm_sampler *sampler, const way *w, const int32_t *labels, const gm_use_row *row,
                       float *samples) {
    size_t item = gm_sample_values(&w->use->format), classes = w->use->classes;
    gm_use use = {0};
    gm_plan *plan = NULL;
    float *shares = NULL, *blended = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&shares, w->frames * classes, sizeof *shares, "shares of classes"));
    GM_TRY_DONE(gm_alloc(&blended, w->frames * item, sizeof *blended, "frames"));
    GM_TRY_DONE(gm_use_init(&use, row, w->use->recipe, NULL));
    GM_TRY_DONE(gm_plan_create(&plan, use.graph, sampler->trained.state, NULL));
    for (size_t i = 0; i < w->frames; i++) {
        shares[i * classes + (size_t)labels[w->from[i]]] += (float)(1 - w->share[i]);
        shares[i * classes + (size_t)labels[w->to[i]]] += (float)w->share[i];
    }
    const gm_use_origins origins = {.latents = w->latents, .classes = shares};
    GM_TRY_DONE(gm_use_generate_from(&use, plan, &origins, w->frames, blended));
    for (size_t i = 0; i < w->frames; i++)
        if (is_mixed(w, labels, i))
            memcpy(samples + i * item, blended + i * item, item * sizeof *samples);
done:
    gm_plan_destroy(&plan);
    gm_use_finish(&use);
    free(shares);
    free(blended);
    return status;
}

static gm_status make(gm_sampler *sampler, way *w, const int32_t *labels, float *samples, bool *crossed) {
    const gm_use_row *row = gm_use_find(w->use->recipe, "blend");
    bool mixed = false;
    for (size_t i = 0; i < w->frames; i++) {
        w->labels[i] = labels[w->share[i] < 0.5 ? w->from[i] : w->to[i]];
        mixed = mixed || is_mixed(w, labels, i);
    }
    if (crossed)
        *crossed = mixed && !row;
    const gm_use_origins origins = {.latents = w->latents, .labels = w->labels};
    GM_TRY(gm_use_generate_from(w->use, sampler->plan, &origins, w->frames, samples));
    return mixed && row ? blend(sampler, w, labels, row, samples) : GM_OK;
}

// ---- The interface ----

gm_status gm_sampler_interpolate(gm_sampler *sampler, const float *keys, const int32_t *labels, size_t count,
                                 size_t frames, const gm_path_options *options, float *samples, bool *crossed) {
    const gm_path_options chosen = options ? *options : (gm_path_options){0};
    const gm_use *use = &sampler->use;
    way w = {.use = use,
             .count = count,
             .frames = frames,
             .values = gm_use_latent_values(use),
             .noise = gm_use_noise_values(use)};
    int32_t *own = NULL;
    gm_status status = GM_OK;
    GM_TRY(gm_use_check_latents(use));
    if (count < 2)
        return gm_fail(GM_ERROR_ARGUMENT, "a way leads through two latents or more, not %zu", count);
    if (frames < count)
        return gm_fail(GM_ERROR_ARGUMENT, "a way through %zu latents takes as many frames or more, not %zu", count,
                       frames);
    if (labels)
        GM_TRY(gm_use_check_labels(use, labels, count));
    GM_TRY_DONE(gm_alloc(&own, count, sizeof *own, "labels"));
    for (size_t i = 0; i < count; i++)
        own[i] = labels ? labels[i] : gm_use_label(use, i);
    GM_TRY_DONE(way_init(&w, chosen.loop));
    fill_latents(&w, keys, chosen.linear);
    status = make(sampler, &w, own, samples, crossed);
done:
    way_finish(&w);
    free(own);
    return status;
}

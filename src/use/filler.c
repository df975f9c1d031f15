// Completing images of any size by a network.
//
// A network that halves the image so and so often takes sizes that are multiples of some power of two: the least of
// these that it takes is tried for. The margin repeats the image's edge and counts as known.
#include "use/filler.h"

#include "use/rescale.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_HALVED = 1024 };

// ---- Planning ----

static void forget(gm_filler *f) {
    gm_plan_destroy(&f->plan);
    gm_use_finish(&f->use);
    f->planned = (gm_picture_shape){0};
}

// Whether the weights that it would have are those that were trained.
static bool has_weights(const gm_filler *f) {
    size_t count[2];
    const void *values;
    const gm_network *network = f->use.networks[0];
    gm_tensor *const *of[2] = {gm_network_parameters(network, &count[0]), gm_network_statistics(network, &count[1])};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < count[k]; i++)
            if (gm_checkpoint_value(f->trained->checkpoint, gm_tensor_name(of[k][i]), gm_tensor_type(of[k][i]),
                                    gm_tensor_shape(of[k][i]), &values) != GM_OK)
                return false;
    return true;
}

// Fails where the network does not take images of that size.
static gm_status build(gm_filler *f, size_t height, size_t width) {
    const gm_common *common = gm_common_of(f->trained->recipe);
    const gm_shape item = GM_SHAPE(f->channels, height, width);
    bool usual = height == f->trained_size[0] && width == f->trained_size[1];
    gm_sample format = gm_sample_of(&item);
    format.low = common->data.range.low;
    format.high = common->data.range.high;
    GM_TRY(gm_use_init_batch(&f->use, gm_use_find(f->trained->recipe, "complete"), f->trained->recipe, &format,
                             usual ? GM_USE_BATCH : 1));
    if (!has_weights(f))
        return gm_fail_prefix(GM_ERROR_ARGUMENT, "%s", f->run);
    f->planned = (gm_picture_shape){f->channels, height, width};
    return GM_OK;
}

static size_t round_up(size_t size, size_t step) {
    return (size + step - 1) / step * step;
}

static bool fits(const gm_filler *f, const gm_picture_shape *shape, size_t step) {
    return f->planned.height == round_up(shape->height, step) && f->planned.width == round_up(shape->width, step);
}

// The least size that the network takes of those that hold the image; *scaled: there is none, and it is the trained
// one.
static gm_status plan(gm_filler *f, const gm_picture_shape *shape, bool *scaled) {
    gm_status status = GM_ERROR_ARGUMENT;
    *scaled = false;
    for (size_t step = 1; step <= MOST_HALVED && status != GM_OK; step *= 2) {
        if (f->plan && fits(f, shape, step))
            return GM_OK;
        gm_filler trial = *f;
        trial.plan = NULL;
        trial.use = (gm_use){0};
        status = build(&trial, round_up(shape->height, step), round_up(shape->width, step));
        if (status == GM_ERROR_MEMORY)
            return status;
        if (status != GM_OK) {
            gm_use_finish(&trial.use);
            continue;
        }
        forget(f);
        *f = trial;
    }
    if (status != GM_OK && f->trained_size[0] == 0)
        return gm_fail(status, "%s: does not take images of %zu x %zu, and does not say which it learned from", f->run,
                       shape->height, shape->width);
    *scaled = status != GM_OK;
    if (*scaled) {
        if (f->plan && f->planned.height == f->trained_size[0] && f->planned.width == f->trained_size[1])
            return GM_OK;
        forget(f);
        GM_TRY(build(f, f->trained_size[0], f->trained_size[1]));
    }
    const gm_plan_options alone = {.picture = {f->planned.height, f->planned.width}};
    return gm_plan_create(&f->plan, f->use.graph, f->trained->state, f->use.batch == 1 ? &alone : NULL);
}

gm_status gm_filler_init(gm_filler *f, const gm_trained *trained, const char *run) {
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(trained->checkpoint);
    *f = (gm_filler){.trained = trained, .run = run, .channels = checkpoint->item[0]};
    if (!gm_use_find(trained->recipe, "complete"))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, which completes no images", run,
                       gm_model_kind_of(trained->recipe)->description);
    for (size_t i = 0; i < 2; i++)
        f->trained_size[i] = checkpoint->item[1 + i];
    return f->channels > 0 ? GM_OK : gm_fail(GM_ERROR_FORMAT, "%s: does not say of what images it learned", run);
}

gm_status gm_filler_init_search(gm_filler *f, const gm_trained *trained, const char *run, size_t restarts,
                                size_t steps) {
    const double realism = .0015; // Yeh et al.'s .003, of images whose black to white is 2
    *f = (gm_filler){.trained = trained, .run = run};
    GM_TRY(gm_sampler_open_on(&f->by_search.sampler, run, trained->device));
    const gm_use *use = &f->by_search.sampler->use;
    if (use->format.item.rank != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: makes %s, no images that others could be completed by", run,
                       use->format.kind->noun);
    f->channels = use->format.item.dim[0];
    for (size_t i = 0; i < 2; i++)
        f->trained_size[i] = use->format.item.dim[1 + i];
    f->planned = (gm_picture_shape){f->channels, f->trained_size[0], f->trained_size[1]};
    return gm_latent_search_create(
        &f->by_search.search, f->by_search.sampler,
        &(gm_latent_search_options){.starts = restarts ? restarts : 1,
                                    .steps = steps,
                                    .absolute = true,
                                    .realism = gm_use_find(trained->recipe, "score") ? realism : 0});
}

void gm_filler_finish(gm_filler *f) {
    forget(f);
    gm_latent_search_destroy(&f->by_search.search);
    gm_sampler_close(&f->by_search.sampler);
    *f = (gm_filler){0};
}

// ---- Into the network's size and back ----

// (channels, H, W) into the top left corner of a larger plane, whose margin repeats the edge.
static void extend(const float *from, const gm_picture_shape *shape, const gm_picture_shape *to, float *values) {
    for (size_t c = 0; c < shape->channels; c++)
        for (size_t y = 0; y < to->height; y++)
            for (size_t x = 0; x < to->width; x++) {
                size_t row = GM_MIN(y, shape->height - 1), column = GM_MIN(x, shape->width - 1);
                values[(c * to->height + y) * to->width + x] = from[(c * shape->height + row) * shape->width + column];
            }
}

// Room for one image, its mask and what is made of both, in the network's size.
typedef struct room {
    float *image, *mask, *made, *known;
    gm_picture_shape plane, inner; // of the mask: of the image, of the network
} room;

// A pixel of a scaled image is hidden as soon as it covers a part of a hidden one.
static gm_status enter(const gm_filler *f, const gm_picture_shape *shape, bool scaled, const float *image,
                       const uint8_t *mask, room *r) {
    size_t area = shape->height * shape->width, inner = f->planned.height * f->planned.width;
    for (size_t i = 0; i < area; i++)
        r->known[i] = mask[i] ? 1 : 0;
    if (!scaled) {
        extend(image, shape, &f->planned, r->image);
        memset(r->mask, 0, inner * sizeof *r->mask);
        for (size_t y = 0; y < shape->height; y++)
            memcpy(r->mask + y * f->planned.width, r->known + y * shape->width, shape->width * sizeof *r->mask);
        return GM_OK;
    }
    GM_TRY(gm_rescale(image, shape, &f->planned, r->image));
    GM_TRY(gm_rescale(r->known, &r->plane, &r->inner, r->mask));
    for (size_t i = 0; i < inner; i++)
        r->mask[i] = r->mask[i] > 0 ? 1 : 0;
    return GM_OK;
}

static gm_status leave(const gm_filler *f, const gm_picture_shape *shape, bool scaled, const room *r,
                       const uint8_t *mask, float *completed) {
    size_t area = shape->height * shape->width;
    float *whole;
    GM_TRY(gm_alloc(&whole, shape->channels * area, sizeof *whole, "an image"));
    gm_status status = GM_OK;
    if (scaled)
        status = gm_rescale(r->made, &f->planned, shape, whole);
    else
        for (size_t c = 0; c < shape->channels; c++)
            for (size_t y = 0; y < shape->height; y++)
                memcpy(whole + (c * shape->height + y) * shape->width,
                       r->made + (c * f->planned.height + y) * f->planned.width, shape->width * sizeof *whole);
    for (size_t i = 0; i < shape->channels * area && status == GM_OK; i++)
        if (mask[i % area])
            completed[i] = whole[i];
    free(whole);
    return status;
}

static gm_status run_one(gm_filler *f, const gm_picture_shape *shape, bool scaled, const uint8_t *mask,
                         float *completed, room *r) {
    GM_TRY(enter(f, shape, scaled, completed, mask, r));
    const void *inputs[GM_USE_PORTS] = {r->image, r->mask};
    float *outputs[GM_USE_PORTS] = {r->made};
    GM_TRY(gm_use_run(&f->use, f->plan, inputs, 1, outputs));
    return leave(f, shape, scaled, r, mask, completed);
}

// ---- Images of the size that the network takes ----

static gm_status run_all(gm_filler *f, const gm_picture_shape *shape, const uint8_t *masks, size_t count,
                         float *completed) {
    size_t area = shape->height * shape->width, values = shape->channels * area;
    float *mask = NULL, *made = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&mask, count * area, sizeof *mask, "masks"));
    GM_TRY_DONE(gm_alloc(&made, count * values, sizeof *made, "images"));
    for (size_t i = 0; i < count * area; i++)
        mask[i] = masks[i] ? 1 : 0;
    const void *inputs[GM_USE_PORTS] = {completed, mask};
    float *outputs[GM_USE_PORTS] = {made};
    GM_TRY_DONE(gm_use_run(&f->use, f->plan, inputs, count, outputs));
    for (size_t i = 0; i < count * values; i++)
        if (masks[i / values * area + i % area])
            completed[i] = made[i];
done:
    free(mask);
    free(made);
    return status;
}

static gm_status run_each(gm_filler *f, const gm_picture_shape *shape, bool scaled, const uint8_t *masks, size_t count,
                          float *completed) {
    size_t area = shape->height * shape->width, inner = f->planned.height * f->planned.width;
    room r = {.plane = {1, shape->height, shape->width}, .inner = {1, f->planned.height, f->planned.width}};
    gm_status status;
    GM_TRY_DONE(gm_alloc(&r.image, f->channels * inner, sizeof(float), "an image"));
    GM_TRY_DONE(gm_alloc(&r.made, f->channels * inner, sizeof(float), "an image"));
    GM_TRY_DONE(gm_alloc(&r.mask, inner, sizeof(float), "a mask"));
    GM_TRY_DONE(gm_alloc(&r.known, area, sizeof(float), "a mask"));
    for (size_t i = 0; i < count; i++)
        GM_TRY_DONE(run_one(f, shape, scaled, masks + i * area, completed + i * shape->channels * area, &r));
done:
    free(r.image);
    free(r.made);
    free(r.mask);
    free(r.known);
    return status;
}

gm_status gm_filler_run(gm_filler *f, const gm_picture_shape *shape, const float *images, const uint8_t *masks,
                        size_t count, float *completed) {
    size_t area = shape->height * shape->width, values = shape->channels * area;
    bool scaled;
    if (shape->channels != f->channels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: completes images of %zu channels, not of %zu", f->run, f->channels,
                       shape->channels);
    if (f->by_search.search)
        scaled = shape->height > f->planned.height || shape->width > f->planned.width;
    else
        GM_TRY(plan(f, shape, &scaled));
    if (scaled && !f->told)
        gm_warn("%s: takes images of %zu x %zu alone: others are scaled to that, and what is filled in back", f->run,
                f->planned.height, f->planned.width);
    f->told = f->told || scaled;
    for (size_t i = 0; i < count * values; i++) // zeros, so that nothing shows of what was hidden
        completed[i] = masks[i / values * area + i % area] ? 0 : images[i];
    if (f->by_search.search)
        return gm_search_filler_run(f, shape, masks, count, completed);
    if (!scaled && f->planned.height == shape->height && f->planned.width == shape->width)
        return run_all(f, shape, masks, count, completed);
    return run_each(f, shape, scaled, masks, count, completed);
}

// A use of a trained model on images of whatever size they have.
#include "use/sized.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_STEP = 1024 };
#define SMALL_IMAGE ((size_t)1 << 14) // values: of such a whole batch is made at once

void gm_sized_init(gm_sized *s, const gm_trained *trained, const char *run, const gm_use_row *row) {
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(trained->checkpoint);
    *s = (gm_sized){.trained = trained, .run = run, .row = row, .channels = checkpoint->item[0]};
}

static void forget(gm_sized *s) {
    gm_plan_destroy(&s->plan);
    gm_use_finish(&s->use);
    s->input = s->output = (gm_extent){0};
}

void gm_sized_finish(gm_sized *s) {
    forget(s);
    *s = (gm_sized){0};
}

// ---- Planning ----

// Whether the weights that it would have are those that were trained.
static bool has_weights(const gm_sized *s) {
    size_t count[2];
    const void *values;
    const gm_network *network = s->use.networks[0];
    gm_tensor *const *of[2] = {gm_network_parameters(network, &count[0]), gm_network_statistics(network, &count[1])};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < count[k]; i++)
            if (gm_checkpoint_value(s->trained->checkpoint, gm_tensor_name(of[k][i]), gm_tensor_type(of[k][i]),
                                    gm_tensor_shape(of[k][i]), &values) != GM_OK)
                return false;
    return true;
}

// One side is a whole number of times the other.
static bool is_multiple(size_t a, size_t b) {
    return a % b == 0 || b % a == 0;
}

static size_t side_of(size_t side, size_t from, size_t to) {
    return to >= from ? side * (to / from) : (side + from / to - 1) / (from / to);
}

// Fails where the network does not take images of that size, or rounds it.
static gm_status build(gm_sized *s, size_t height, size_t width) {
    const gm_common *common = gm_common_of(s->trained->recipe);
    const gm_shape item = GM_SHAPE(s->channels, height, width);
    size_t batch = s->channels * height * width <= SMALL_IMAGE ? GM_USE_BATCH : 1;
    gm_sample format = gm_sample_of(&item);
    format.low = common->data.range.low;
    format.high = common->data.range.high;
    GM_TRY(gm_use_init_batch(&s->use, s->row, s->trained->recipe, &format, batch));
    const gm_shape *made = gm_tensor_shape(gm_use_find_output(&s->use, "samples")->x);
    bool fits = made->rank == 4 && is_multiple(made->dim[2], height) && is_multiple(made->dim[3], width) &&
                made->dim[2] * width == made->dim[3] * height;
    if (!fits || !has_weights(s))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: takes no images of %zu x %zu", s->run, height, width);
    s->input = (gm_extent){s->channels, height, width};
    s->output = (gm_extent){made->dim[1], made->dim[2], made->dim[3]};
    return GM_OK;
}

static size_t round_up(size_t size, size_t step) {
    return (size + step - 1) / step * step;
}

static gm_status plan(gm_sized *s, size_t height, size_t width) {
    for (size_t step = 1; step <= MOST_STEP; step *= 2) {
        size_t size[2] = {round_up(height, step), round_up(width, step)};
        if (s->plan && s->input.height == size[0] && s->input.width == size[1])
            return GM_OK;
        gm_sized trial = *s;
        trial.plan = NULL;
        trial.use = (gm_use){0};
        gm_status status = build(&trial, size[0], size[1]);
        if (status == GM_OK) {
            forget(s);
            *s = trial;
            const gm_plan_options alone = {.picture = {size[0], size[1]}};
            return gm_plan_create(&s->plan, s->use.graph, s->trained->state, s->use.batch == 1 ? &alone : NULL);
        }
        gm_use_finish(&trial.use);
        if (status == GM_ERROR_MEMORY)
            return status;
    }
    const size_t *trained = gm_checkpoint_get_info(s->trained->checkpoint)->item;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: takes no image of %zu x %zu, with or without a margin: bring the images to the %zu x %zu that "
                   "it learned from",
                   s->run, height, width, trained[1], trained[2]);
}

gm_status gm_sized_plan(gm_sized *s, size_t height, size_t width, gm_extent *result) {
    GM_TRY(plan(s, height, width));
    *result = (gm_extent){s->output.channels, side_of(height, s->input.height, s->output.height),
                          side_of(width, s->input.width, s->output.width)};
    return GM_OK;
}

// ---- Into the network's size and back ----

// Place i of a side of `size` that is mirrored again and again, the edge itself once.
static size_t mirror(size_t i, size_t size) {
    size_t period = size > 1 ? 2 * (size - 1) : 1;
    i %= period;
    return i < size ? i : period - i;
}

static void extend(const float *image, size_t height, size_t width, const gm_extent *to, float *plane) {
    for (size_t c = 0; c < to->channels; c++)
        for (size_t y = 0; y < to->height; y++)
            for (size_t x = 0; x < to->width; x++)
                plane[(c * to->height + y) * to->width + x] =
                    image[(c * height + mirror(y, height)) * width + mirror(x, width)];
}

static void cut(const float *plane, const gm_extent *from, const gm_extent *result, float *values) {
    for (size_t c = 0; c < result->channels; c++)
        for (size_t y = 0; y < result->height; y++)
            memcpy(values + (c * result->height + y) * result->width, plane + (c * from->height + y) * from->width,
                   result->width * sizeof *values);
}

gm_status gm_sized_run(gm_sized *s, size_t height, size_t width, const float *images, size_t count, float *results) {
    gm_extent result;
    float *planes = NULL, *made = NULL;
    gm_status status;
    GM_TRY(gm_sized_plan(s, height, width, &result));
    size_t image = s->channels * height * width, plane = s->channels * s->input.height * s->input.width;
    size_t values = result.channels * result.height * result.width;
    size_t whole = s->output.channels * s->output.height * s->output.width, batch = s->use.batch;
    GM_TRY_DONE(gm_alloc(&planes, batch * plane, sizeof *planes, "images"));
    GM_TRY_DONE(gm_alloc(&made, batch * whole, sizeof *made, "images"));
    for (size_t first = 0; first < count; first += batch) {
        size_t here = GM_MIN(count - first, batch);
        for (size_t i = 0; i < here; i++)
            extend(images + (first + i) * image, height, width, &s->input, planes + i * plane);
        GM_TRY_DONE(
            gm_use_run(&s->use, s->plan, (const void *[GM_USE_PORTS]){planes}, here, (float *[GM_USE_PORTS]){made}));
        for (size_t i = 0; i < here; i++)
            cut(made + i * whole, &s->output, &result, results + (first + i) * values);
    }
done:
    free(planes);
    free(made);
    return status;
}

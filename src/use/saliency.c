// What a critic looks at: the gradient of its score with respect to the image.
//   N = images at once, C, H, W = of one
#include "ganymede/explore.h"

#include "base/base.h"
#include "data/decode.h"
#include "use/trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct gm_saliency {
    gm_trained trained;
    const gm_use_row *row;
    // For images of one size, made when the first come:
    gm_graph *graph;
    gm_use use;
    gm_tensor *x, *labels, *score, *gradient; // labels: NULL unless they are taken
    gm_phase *phase;
    gm_plan *plan;
    size_t size[3];
};

static bool is_discriminator(const gm_saliency *s) {
    return strcmp(s->row->name, "score") == 0;
}

// ---- Opening ----

static gm_status open_saliency(gm_saliency *s, const char *run, const char *selector) {
    GM_TRY(gm_trained_open(&s->trained, run, NULL, selector));
    const gm_recipe *recipe = s->trained.recipe;
    s->row = gm_use_find(recipe, "score") ? gm_use_find(recipe, "score") : gm_use_find(recipe, "classify");
    if (s->row)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, without a part that judges single images", run,
                   gm_model_kind_of(recipe)->description);
}

gm_status gm_saliency_open(gm_saliency **saliency, const char *run, const char *device) {
    gm_saliency *made;
    *saliency = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a saliency"));
    gm_status status = open_saliency(made, run, device);
    if (status != GM_OK)
        gm_saliency_close(&made);
    *saliency = made;
    return status;
}

static void forget_graph(gm_saliency *s) {
    gm_plan_destroy(&s->plan);
    gm_use_finish(&s->use);
    gm_graph_destroy(&s->graph);
}

void gm_saliency_close(gm_saliency **saliency) {
    if (!saliency || !*saliency)
        return;
    forget_graph(*saliency);
    gm_trained_close(&(*saliency)->trained);
    free(*saliency);
    *saliency = NULL;
}

void gm_saliency_get_info(const gm_saliency *s, gm_saliency_info *info) {
    const gm_common *common = gm_common_of(s->trained.recipe);
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(s->trained.checkpoint);
    *info = (gm_saliency_info){.score = is_discriminator(s) ? "the discriminator's logit" : "the largest logit",
                               .data = common->data.source,
                               .data_options = gm_common_data_options(common),
                               .low = common->data.range.low,
                               .high = common->data.range.high};
    info->data_options.scale_figures = checkpoint->scale_figures;
    info->data_options.scale_channels = checkpoint->scale_channels;
}

// ---- The graph ----

// The use takes its labels as an input of its own where it has any.
static gm_status build(gm_saliency *s) {
    const gm_common *common = gm_common_of(s->trained.recipe);
    const gm_shape item = GM_SHAPE(s->size[0], s->size[1], s->size[2]);
    gm_sample format = gm_sample_of(&item);
    format.low = common->data.range.low;
    format.high = common->data.range.high;
    GM_TRY(gm_graph_create(&s->graph));
    s->x = gm_input(s->graph, "images", GM_FLOAT32, gm_sample_batch(&format, GM_USE_BATCH));
    const gm_use_given given = {"data", s->x};
    GM_TRY(gm_use_append(&s->use, s->row, s->trained.recipe, &format, &given, 1));
    const gm_use_port *labels = gm_use_find_input(&s->use, "labels");
    s->labels = labels ? labels->x : NULL;
    s->score = is_discriminator(s) ? gm_use_find_output(&s->use, "score")->x
                                   : gm_max(gm_use_find_output(&s->use, "logits")->x, GM_AXIS(1));
    gm_grad(gm_sum_all(s->score), &s->x, 1, &s->gradient); // images have nothing in common: the gradient is each one's
    s->phase = gm_phase_create(s->graph, "saliency");
    gm_phase_fetch(s->phase, s->score);
    gm_phase_fetch(s->phase, s->gradient);
    return gm_plan_create(&s->plan, s->graph, s->trained.state, NULL);
}

static gm_status prepare(gm_saliency *s, const size_t size[3], const int32_t *labels) {
    if (!s->plan || memcmp(s->size, size, sizeof s->size) != 0) {
        forget_graph(s);
        memcpy(s->size, size, sizeof s->size);
        gm_status status = build(s);
        if (status != GM_OK)
            forget_graph(s);
        GM_TRY(status);
    }
    if (s->labels && !labels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's discriminator judges by class: images with labels are wanted",
                       gm_common_of(s->trained.recipe)->name);
    return GM_OK;
}

// ---- Applying ----

// Images `first` to first + count - 1, with copy `copy`'s noise unless it is the only one.
static void fill_images(const gm_saliency *s, const float *images, size_t first, size_t count, size_t copy,
                        size_t copies, float *batch) {
    const gm_common *common = gm_common_of(s->trained.recipe);
    const double deviation = copies > 1 ? 0.1 * (common->data.range.high - common->data.range.low) : 0;
    const uint32_t stream = gm_stream("saliency");
    size_t item = s->size[0] * s->size[1] * s->size[2];
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < item; k++) {
            double noise =
                deviation > 0 ? deviation * gm_philox_normal(0, stream, (uint32_t)copy, (uint32_t)(first + i), k) : 0;
            batch[i * item + k] = (float)((double)images[(first + i) * item + k] + noise);
        }
}

static gm_status run_batch(gm_saliency *s, const float *batch, const int32_t *labels, float *gradients,
                           float scores[GM_USE_BATCH]) {
    size_t bytes = GM_USE_BATCH * s->size[0] * s->size[1] * s->size[2] * sizeof *batch;
    GM_TRY(gm_plan_write(s->plan, s->x, batch, bytes));
    if (s->labels)
        GM_TRY(gm_plan_write(s->plan, s->labels, labels, GM_USE_BATCH * sizeof *labels));
    GM_TRY(gm_plan_run(s->plan, s->phase));
    GM_TRY(gm_plan_read(s->plan, s->gradient, gradients, bytes));
    return gm_plan_read(s->plan, s->score, scores, GM_USE_BATCH * sizeof *scores);
}

gm_status gm_saliency_apply(gm_saliency *s, const float *images, const size_t size[3], const int32_t *labels,
                            size_t count, size_t copies, float *gradients, float *scores) {
    size_t item = size[0] * size[1] * size[2];
    float *batch = NULL, *found = NULL, one[GM_USE_BATCH];
    int32_t taken[GM_USE_BATCH] = {0};
    gm_status status;
    GM_TRY(prepare(s, size, labels));
    GM_TRY_DONE(gm_alloc(&batch, GM_USE_BATCH * item, sizeof *batch, "images"));
    GM_TRY_DONE(gm_alloc(&found, GM_USE_BATCH * item, sizeof *found, "gradients"));
    memset(gradients, 0, count * item * sizeof *gradients);
    copies = GM_MAX(copies, (size_t)1);
    for (size_t first = 0; first < count; first += GM_USE_BATCH) {
        size_t here = GM_MIN(count - first, (size_t)GM_USE_BATCH);
        if (labels)
            memcpy(taken, labels + first, here * sizeof *taken);
        for (size_t copy = 0; copy < copies; copy++) {
            fill_images(s, images, first, here, copy, copies, batch);
            GM_TRY_DONE(run_batch(s, batch, taken, found, one));
            for (size_t i = 0; i < here * item; i++)
                gradients[first * item + i] += found[i] / (float)copies;
        }
        if (scores && copies > 1) { // of the images themselves
            fill_images(s, images, first, here, 0, 1, batch);
            GM_TRY_DONE(run_batch(s, batch, taken, found, one));
        }
        if (scores)
            memcpy(scores + first, one, here * sizeof *scores);
    }
done:
    free(batch);
    free(found);
    return status;
}

// ---- Pictures: three planes of values from 0 to 1 ----

static void draw_image(const gm_saliency *s, const float *image, size_t channels, size_t area, float *planes) {
    const gm_common *common = gm_common_of(s->trained.recipe);
    double low = common->data.range.low, reach = common->data.range.high - low;
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < 3; c++) {
            double value = channels == 3 ? (double)image[c * area + i] : 0;
            for (size_t k = 0; channels != 3 && k < channels; k++)
                value += (double)image[k * area + i] / (double)channels;
            planes[c * area + i] = (float)((value - low) / reach);
        }
}

static int compare(const void *a, const void *b) {
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

// sorted: room for `area` values.
static void draw_gradient(const float *gradient, size_t channels, size_t area, float *sorted, float *planes) {
    float *sums = planes + 2 * area; // read before it is written
    for (size_t i = 0; i < area; i++) {
        sums[i] = 0;
        for (size_t c = 0; c < channels; c++)
            sums[i] += gradient[c * area + i];
        sorted[i] = fabsf(sums[i]);
    }
    qsort(sorted, area, sizeof *sorted, compare);
    float full = sorted[(area - 1) * 99 / 100];
    for (size_t i = 0; i < area; i++) {
        float value = full > 0 ? fmaxf(-1, fminf(1, sums[i] / full)) : 0;
        planes[i] = 1 + fminf(value, 0);
        planes[area + i] = 1 - fabsf(value);
        planes[2 * area + i] = 1 - fmaxf(value, 0);
    }
}

gm_status gm_saliency_write(const gm_saliency *s, const char *path, const float *images, const float *gradients,
                            const size_t size[3], size_t count, size_t columns) {
    size_t area = size[1] * size[2], item = size[0] * area;
    float *pairs = NULL, *sorted = NULL;
    gm_status status;
    if (columns == 0)
        columns = (size_t)ceil(sqrt((double)count / 2));
    GM_TRY_DONE(gm_alloc(&pairs, 2 * count, 3 * area * sizeof *pairs, path));
    GM_TRY_DONE(gm_alloc(&sorted, area, sizeof *sorted, path));
    for (size_t i = 0; i < count; i++) {
        draw_image(s, images + i * item, size[0], area, pairs + 6 * i * area);
        draw_gradient(gradients + i * item, size[0], area, sorted, pairs + (6 * i + 3) * area);
    }
    status = gm_image_grid(
        path, pairs,
        &(gm_image_grid_params){
            .count = 2 * count, .channels = 3, .height = size[1], .width = size[2], .columns = 2 * columns, .high = 1});
done:
    free(pairs);
    free(sorted);
    return status;
}

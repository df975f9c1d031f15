// What a trained model makes, in inference mode: samples that depend on their own seeds, and pictures of them.
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Encoder and decoder on data of the shape that the decoder makes, which `samples` has.
static gm_status build_reconstruction(gm_sampling *sampling, const gm_recipe *recipe) {
    gm_tensor *code, *log_variance;
    GM_TRY(gm_network_create(&sampling->encoder, recipe->average.decay > 0 ? "encoder_average" : "encoder",
                             recipe->encoder.layers, recipe->encoder.count,
                             (gm_weight_initializer)recipe->initializer));
    sampling->data = gm_input(sampling->graph, "data", GM_FLOAT32, *gm_tensor_shape(sampling->samples));
    gm_tensor *target = gm_autoencoder_target(recipe, sampling->data, NULL);
    gm_tensor *encoded =
        gm_network_apply(sampling->encoder, gm_autoencoder_input(recipe, target, NULL), GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(sampling->graph));
    GM_TRY(gm_autoencoder_code(recipe, encoded, &code, &log_variance));
    sampling->samples = gm_network_apply(sampling->generator, code, GM_MODE_INFERENCE, NULL);
    return GM_OK;
}

static gm_status build(gm_sampling *sampling, const gm_recipe *recipe) {
    static const char *const names[2][2] = {{"generator", "generator_average"}, {"decoder", "decoder_average"}};
    const gm_layer_list *output = gm_recipe_output(recipe);
    bool autoencoder = recipe->model == GM_RECIPE_AUTOENCODER;
    GM_TRY(gm_graph_create(&sampling->graph));
    GM_TRY(gm_network_create(&sampling->generator, names[autoencoder][recipe->average.decay > 0], output->layers,
                             output->count, (gm_weight_initializer)recipe->initializer));
    sampling->latent =
        gm_input(sampling->graph, "latent", GM_FLOAT32, GM_SHAPE(GM_SAMPLING_BATCH, gm_recipe_latent_values(recipe)));
    if (gm_network_needs_labels(sampling->generator)) {
        sampling->classes = gm_recipe_classes(recipe, NULL);
        sampling->labels = gm_input(sampling->graph, "labels", GM_INT32, GM_SHAPE(GM_SAMPLING_BATCH));
    }
    sampling->samples =
        gm_network_apply_labelled(sampling->generator, sampling->latent, sampling->labels, GM_MODE_INFERENCE, NULL);
    if (autoencoder && recipe->autoencoder.kind != GM_AUTOENCODER_VARIATIONAL)
        GM_TRY(build_reconstruction(sampling, recipe));
    if (autoencoder)
        sampling->samples = gm_autoencoder_mean(recipe, sampling->samples);
    sampling->phase = gm_phase_create(sampling->graph, "sample");
    gm_phase_fetch(sampling->phase, sampling->samples);
    return gm_graph_status(sampling->graph);
}

gm_status gm_sampling_init(gm_sampling *sampling, const gm_recipe *recipe) {
    *sampling = (gm_sampling){0};
    gm_status status = build(sampling, recipe);
    if (status != GM_OK)
        gm_sampling_finish(sampling);
    return status;
}

void gm_sampling_finish(gm_sampling *sampling) {
    gm_network_destroy(&sampling->generator);
    gm_network_destroy(&sampling->encoder);
    gm_graph_destroy(&sampling->graph);
    *sampling = (gm_sampling){0};
}

static void fill_latent(const gm_recipe *recipe, uint64_t seed, const float *codes, float *latent) {
    uint32_t stream = gm_stream("sample"), low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (size_t i = 0; i < recipe->latent.size; i++)
        latent[i] = recipe->latent.distribution == GM_LATENT_UNIFORM
                        ? (float)(2 * gm_philox_uniform(recipe->seed, stream, low, high, i) - 1)
                        : (float)gm_philox_normal(recipe->seed, stream, low, high, i);
    gm_codes_fill(recipe, seed, codes, latent + recipe->latent.size);
}

static gm_status check_labels(const gm_sampling *sampling, const int32_t *labels, size_t count) {
    if (!sampling->labels)
        return gm_fail(GM_ERROR_ARGUMENT, "this generator was trained without labels: it draws no class on request");
    for (size_t i = 0; i < count; i++)
        if (labels[i] < 0 || (size_t)labels[i] >= sampling->classes)
            return gm_fail(GM_ERROR_ARGUMENT, "class %d is not one of this generator's, 0 to %zu", (int)labels[i],
                           sampling->classes - 1);
    return GM_OK;
}

gm_status gm_sampling_run(const gm_sampling *sampling, const gm_recipe *recipe, gm_plan *plan, const uint64_t *seeds,
                          const int32_t *labels, const float *codes, size_t count, float *samples) {
    int32_t chosen[GM_SAMPLING_BATCH] = {0};
    const gm_shape *shape = gm_tensor_shape(sampling->samples);
    size_t item = gm_shape_count(shape) / GM_SAMPLING_BATCH, values = gm_recipe_latent_values(recipe);
    gm_status status = GM_OK;
    float *latent = NULL, *batch = NULL;
    if (labels)
        GM_TRY_DONE(check_labels(sampling, labels, count));
    if (codes)
        GM_TRY_DONE(gm_codes_check(recipe, codes, count));
    GM_TRY_DONE(gm_alloc(&latent, GM_SAMPLING_BATCH * values, sizeof *latent, "latents"));
    GM_TRY_DONE(gm_alloc(&batch, GM_SAMPLING_BATCH * item, sizeof *batch, "samples"));
    for (size_t done = 0; done < count; done += GM_SAMPLING_BATCH) {
        size_t here = GM_MIN(count - done, GM_SAMPLING_BATCH);
        for (size_t i = 0; i < here; i++)
            fill_latent(recipe, seeds[done + i], codes ? codes + (done + i) * gm_recipe_codes(recipe) : NULL,
                        latent + i * values);
        for (size_t i = 0; i < here && sampling->labels; i++)
            chosen[i] = labels ? labels[done + i] : (int32_t)(seeds[done + i] % sampling->classes);
        if (sampling->labels)
            GM_TRY_DONE(gm_plan_write(plan, sampling->labels, chosen, sizeof chosen));
        GM_TRY_DONE(gm_plan_write(plan, sampling->latent, latent, GM_SAMPLING_BATCH * values * sizeof *latent));
        GM_TRY_DONE(gm_plan_run(plan, sampling->phase));
        GM_TRY_DONE(gm_plan_read(plan, sampling->samples, batch, GM_SAMPLING_BATCH * item * sizeof *batch));
        memcpy(samples + done * item, batch, here * item * sizeof *batch);
    }
done:
    free(latent);
    free(batch);
    return status;
}

gm_status gm_sampling_reconstruct(const gm_sampling *sampling, gm_plan *plan, const float *data, size_t count,
                                  float *samples) {
    size_t values = gm_shape_count(gm_tensor_shape(sampling->samples)), item = values / GM_SAMPLING_BATCH;
    gm_status status = GM_OK;
    float *batch;
    GM_TRY(gm_alloc(&batch, values, sizeof *batch, "samples"));
    for (size_t done = 0; done < count; done += GM_SAMPLING_BATCH) {
        size_t here = GM_MIN(count - done, GM_SAMPLING_BATCH);
        memcpy(batch, data + done * item, here * item * sizeof *batch);
        GM_TRY_DONE(gm_plan_write(plan, sampling->data, batch, values * sizeof *batch));
        GM_TRY_DONE(gm_plan_run(plan, sampling->phase));
        GM_TRY_DONE(gm_plan_read(plan, sampling->samples, batch, values * sizeof *batch));
        memcpy(samples + done * item, batch, here * item * sizeof *batch);
    }
done:
    free(batch);
    return status;
}

gm_status gm_model_real_samples(const gm_recipe *recipe, const gm_dataset *data, const int32_t *indices, size_t count,
                                float *samples, int32_t *labels) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    double low = recipe->data.range[0], high = recipe->data.range[1];
    uint8_t *bytes;
    if (info->kind != GM_DATASET_IMAGES)
        return gm_dataset_gather(data, indices, count, samples, labels);
    GM_TRY(gm_alloc(&bytes, count * info->item_values, 1, "real images"));
    gm_status status = gm_dataset_gather(data, indices, count, bytes, labels);
    for (size_t i = 0; i < count * info->item_values && status == GM_OK; i++)
        samples[i] = (float)(low + (high - low) / 255 * bytes[i]);
    free(bytes);
    return status;
}

void gm_sampling_shape(const gm_sampling *sampling, size_t item[3]) {
    const gm_shape *shape = gm_tensor_shape(sampling->samples);
    for (size_t i = 0; i < 3; i++)
        item[i] = i + 1 < shape->rank ? shape->dim[i + 1] : 1;
}

gm_status gm_sampling_picture(const gm_recipe *recipe, const size_t item[3], const char *path, const float *samples,
                              size_t count, size_t rows, size_t columns) {
    if (item[0] == 2 && item[1] == 1 && item[2] == 1) {
        double reach = 1; // a square around the origin that holds the mixture, or whatever the points are
        const gm_mixture *mixture = gm_mixture_find(recipe->data.source);
        for (size_t i = 0; mixture && i < mixture->modes; i++)
            reach = fmax(reach, fmax(fabs(mixture->centre[i][0]), fabs(mixture->centre[i][1])));
        for (size_t i = 0; !mixture && i < 2 * count; i++)
            if (isfinite(samples[i]))
                reach = fmax(reach, fabs((double)samples[i]));
        return gm_image_scatter(path, samples, count, -1.25 * reach, 1.25 * reach, 512);
    }
    if (item[0] != 1 && item[0] != 3)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: samples of %zux%zux%zu make no picture (grey, RGB, or points of the plane do): use --npy",
                       path, item[0], item[1], item[2]);
    return gm_image_grid(path, samples,
                         &(gm_image_grid_params){.count = count,
                                                 .channels = item[0],
                                                 .height = item[1],
                                                 .width = item[2],
                                                 .rows = rows,
                                                 .columns = columns,
                                                 .low = recipe->data.range[0],
                                                 .high = recipe->data.range[1]});
}

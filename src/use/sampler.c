// Sampling from a run: its newest checkpoint's recipe gives the generator, its tensors the weights.
#include "ganymede/train.h"

#include "model/model.h"
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

struct gm_sampler {
    gm_recipe *recipe;
    uint64_t step;
    gm_device *device;
    gm_state *state;
    gm_sampling sampling;
    gm_plan *plan;
};

static gm_status create(gm_sampler *sampler, const char *path, const char *device) {
    gm_checkpoint *checkpoint = NULL;
    GM_TRY(gm_run_find_checkpoint(&checkpoint, path));
    const gm_checkpoint_info *info = gm_checkpoint_get_info(checkpoint);
    gm_status status = GM_OK;
    sampler->step = info->step;
    GM_TRY_DONE(gm_recipe_parse(&sampler->recipe, path, info->recipe, strlen(info->recipe), NULL, 0));
    GM_TRY_DONE(gm_sampling_init(&sampler->sampling, sampler->recipe));
    if (sampler->sampling.data) {
        status = gm_fail(GM_ERROR_ARGUMENT,
                         "%s: a plain or denoising autoencoder has no distribution to draw samples from; train one of "
                         "kind vae for that (the pictures of this run are reconstructions)",
                         path);
        goto done;
    }
    GM_TRY_DONE(gm_device_open(&sampler->device, device));
    GM_TRY_DONE(gm_state_create(&sampler->state, sampler->device, sampler->recipe->seed));
    GM_TRY_DONE(gm_plan_create(&sampler->plan, sampler->sampling.graph, sampler->state, NULL));
    status = gm_checkpoint_load(checkpoint, sampler->state, true);
done:
    gm_checkpoint_close(&checkpoint);
    return status;
}

gm_status gm_sampler_open(gm_sampler **sampler, const char *run, const char *device) {
    *sampler = NULL;
    gm_sampler *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a sampler"));
    gm_status status = create(made, run, device);
    if (status != GM_OK) {
        gm_sampler_close(&made);
        return status;
    }
    *sampler = made;
    return GM_OK;
}

void gm_sampler_close(gm_sampler **sampler) {
    if (!sampler || !*sampler)
        return;
    gm_sampler *old = *sampler;
    gm_plan_destroy(&old->plan);
    gm_sampling_finish(&old->sampling);
    gm_state_destroy(&old->state);
    gm_device_close(&old->device);
    gm_recipe_destroy(&old->recipe);
    free(old);
    *sampler = NULL;
}

void gm_sampler_get_info(const gm_sampler *sampler, gm_sampler_info *info) {
    size_t item[3];
    gm_sampling_shape(&sampler->sampling, item);
    *info = (gm_sampler_info){.name = sampler->recipe->name,
                              .step = sampler->step,
                              .channels = item[0],
                              .height = item[1],
                              .width = item[2],
                              .images = gm_tensor_shape(sampler->sampling.samples)->rank == 4,
                              .classes = sampler->sampling.classes,
                              .categorical_codes = sampler->recipe->codes.categorical.count,
                              .continuous_codes = sampler->recipe->codes.continuous,
                              .low = sampler->recipe->data.range[0],
                              .high = sampler->recipe->data.range[1],
                              .data = sampler->recipe->data.source,
                              .data_options = gm_recipe_data_options(sampler->recipe)};
}

gm_status gm_sampler_generate(gm_sampler *sampler, const uint64_t *seeds, const int32_t *labels, const float *codes,
                              size_t count, float *samples) {
    return gm_sampling_run(&sampler->sampling, sampler->recipe, sampler->plan, seeds, labels, codes, count, samples);
}

gm_status gm_sampler_picture(gm_sampler *sampler, const char *path, const float *samples, size_t count, size_t rows,
                             size_t columns) {
    size_t item[3];
    gm_sampling_shape(&sampler->sampling, item);
    return gm_sampling_picture(sampler->recipe, item, path, samples, count, rows, columns);
}

// Pictures of a run: of real data, and of what the model makes of the same latents, or of the same data, as it learns.
#include "train/trainer.h"

#include <stdlib.h>

// How many samples a picture shows; 0: there is none.
static size_t shown(const gm_trainer *trainer, const gm_sample *format) {
    const size_t *grid = trainer->settings->log.grid;
    return format->kind->shown(format, grid[0], grid[1]);
}

static gm_status draw(const gm_trainer *trainer, const gm_sample *format, const char *path, const float *values,
                      size_t count) {
    const size_t *grid = trainer->settings->log.grid;
    const gm_writing writing = {.path = path, .options = {.rows = grid[0], .columns = grid[1]}};
    return gm_sample_write(format, &writing, values, count);
}

gm_status gm_trainer_first_items(const gm_trainer *trainer, size_t *count, float **values) {
    const gm_dataset_info *data = gm_dataset_get_info(trainer->sources[0].data);
    int32_t *indices = NULL;
    gm_status status = GM_OK;
    *values = NULL;
    *count = GM_MIN(*count, data->count);
    GM_TRY_DONE(gm_alloc(&indices, *count, sizeof *indices, "indices"));
    GM_TRY_DONE(
        gm_alloc(values, *count * gm_sample_values(&trainer->sources[0].format), sizeof **values, "real items"));
    GM_TRY_DONE(gm_loader_indices(trainer->common->seed, 0, *count, data->count, indices));
    status = gm_dataset_decode(trainer->sources[0].data, &trainer->sources[0].format, indices, *count, *values, NULL);
done:
    free(indices);
    return status;
}

gm_status gm_trainer_real_picture(gm_trainer *trainer) {
    size_t count = shown(trainer, &trainer->sources[0].format);
    float *values;
    if (count == 0 || gm_trainer_is_private(trainer))
        return GM_OK;
    gm_status status = gm_trainer_first_items(trainer, &count, &values);
    if (status == GM_OK)
        status = draw(trainer, &trainer->sources[0].format, gm_run_real_path(trainer->run), values, count);
    free(values);
    return status;
}

// Samples of the seeds 0, 1, 2, ...
static gm_status generate(gm_trainer *trainer, size_t count, float *samples) {
    uint64_t *seeds;
    GM_TRY(gm_alloc(&seeds, count, sizeof *seeds, "seeds"));
    for (size_t i = 0; i < count; i++)
        seeds[i] = i;
    gm_status status = gm_use_generate(&trainer->pictured, trainer->picture_plan, seeds, NULL, NULL, count, samples);
    free(seeds);
    return status;
}

// Of the items in the picture of real data; *count becomes how many.
static gm_status reconstruct(gm_trainer *trainer, size_t *count, float *samples) {
    float *items;
    gm_status status = gm_trainer_first_items(trainer, count, &items);
    if (status == GM_OK)
        status = gm_use_run(&trainer->pictured, trainer->picture_plan, (const void *[GM_USE_PORTS]){items}, *count,
                            (float *[GM_USE_PORTS]){samples});
    free(items);
    return status;
}

bool gm_trainer_has_pictures(const gm_trainer *trainer) {
    return trainer->settings->log.samples > 0 && trainer->pictured.row && shown(trainer, &trainer->pictured.format) > 0;
}

gm_status gm_trainer_sample_picture(gm_trainer *trainer) {
    const gm_sample *format = &trainer->pictured.format;
    if (!gm_trainer_has_pictures(trainer))
        return GM_OK;
    size_t count = shown(trainer, format);
    gm_status status = GM_OK;
    float *samples = NULL;
    GM_TRY(gm_alloc(&samples, count * gm_sample_values(format), sizeof *samples, "samples"));
    if (gm_use_generates(&trainer->pictured))
        GM_TRY_DONE(generate(trainer, count, samples));
    else
        GM_TRY_DONE(reconstruct(trainer, &count, samples));
    status = draw(trainer, format, gm_run_sample_path(trainer->run, trainer->step), samples, count);
done:
    free(samples);
    return status;
}

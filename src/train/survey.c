// The pass over the data before the first step: every item once, in its order, a batch at a time.
#include "train/survey.h"

#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

typedef struct survey {
    gm_trainer *trainer;
    size_t batch;
    int32_t *indices, *labels;
    float *mask;
    void *items; // of a source that is not resident
} survey;

static gm_status init(survey *s, gm_trainer *trainer) {
    const gm_trainer_source *source = &trainer->sources[0];
    *s = (survey){.trainer = trainer, .batch = trainer->common->data.batch};
    GM_TRY(gm_alloc(&s->indices, s->batch, sizeof *s->indices, "a batch's indices"));
    GM_TRY(gm_alloc(&s->labels, s->batch, sizeof *s->labels, "a batch's labels"));
    GM_TRY(gm_alloc(&s->mask, s->batch, sizeof *s->mask, "a batch's mask"));
    return source->resident ? GM_OK
                            : gm_alloc(&s->items, s->batch, gm_dataset_get_info(source->data)->item_bytes, "a batch");
}

static void finish(survey *s) {
    free(s->indices);
    free(s->labels);
    free(s->mask);
    free(s->items);
}

// Items from `first` on, zeros behind the last.
static gm_status write_batch(survey *s, size_t first) {
    const gm_dataset *data = s->trainer->sources[0].data;
    const gm_dataset_info *info = gm_dataset_get_info(data);
    const gm_model_input *input = &s->trainer->model.inputs[0];
    const size_t count = GM_MIN(s->batch, info->count - first);
    gm_plan *plan = s->trainer->plan;
    for (size_t i = 0; i < s->batch; i++) {
        s->indices[i] = i < count ? (int32_t)(first + i) : -1; // for which there are zeros
        s->mask[i] = i < count ? 1 : 0;
    }
    GM_TRY(gm_plan_write(plan, s->trainer->model.survey.mask, s->mask, s->batch * sizeof *s->mask));
    if (!s->items)
        return gm_plan_write(plan, input->indices, s->indices, s->batch * sizeof *s->indices);
    memset(s->items, 0, s->batch * info->item_bytes);
    memset(s->labels, 0, s->batch * sizeof *s->labels);
    GM_TRY(gm_dataset_gather(data, s->indices, count, s->items, s->labels));
    GM_TRY(gm_plan_write(plan, input->batch, s->items, s->batch * info->item_bytes));
    return input->labels ? gm_plan_write(plan, input->labels, s->labels, s->batch * sizeof *s->labels) : GM_OK;
}

static gm_status run(survey *s) {
    const gm_model_survey *phases = &s->trainer->model.survey;
    const size_t count = gm_dataset_get_info(s->trainer->sources[0].data)->count;
    GM_TRY(gm_plan_run(s->trainer->plan, phases->begin));
    for (size_t first = 0; first < count; first += s->batch) {
        GM_TRY(write_batch(s, first));
        GM_TRY(gm_plan_run(s->trainer->plan, phases->gather));
    }
    return gm_plan_finish(s->trainer->plan);
}

gm_status gm_trainer_survey(gm_trainer *trainer) {
    survey s = {0};
    if (trainer->surveyed || gm_device_get_info(trainer->device)->described)
        return GM_OK;
    GM_TRY(gm_trainer_fit_components(trainer));
    if (!trainer->model.survey.gather) {
        trainer->surveyed = true;
        return GM_OK;
    }
    GM_TRY(gm_trainer_private_survey(trainer));
    gm_status status = init(&s, trainer);
    if (status == GM_OK)
        status = run(&s);
    finish(&s);
    trainer->surveyed = status == GM_OK;
    return status;
}

// A run's classifier, applied to images from elsewhere.
#include "use/judge.h"

#include "base/base.h"
#include "data/classes.h"
#include "use/trained.h"

#include <math.h>
#include <stdlib.h>

struct gm_judge {
    gm_trained trained;
    gm_use use; // `classify`
    gm_plan *plan;
    size_t *places; // of the data's classes among the classifier's
    size_t values, classes;
    float *scaled, *logits; // of a batch
};

static gm_status open_judge(gm_judge *j, const char *run, gm_device *device, const gm_dataset_info *data) {
    GM_TRY(gm_trained_open(&j->trained, run, device, NULL));
    const gm_recipe *recipe = j->trained.recipe;
    const gm_use_row *classify = gm_use_find(recipe, "classify");
    const gm_range *range = &gm_common_of(recipe)->data.range;
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(j->trained.checkpoint);
    if (!classify)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, which names no classes", run,
                       gm_model_kind_of(recipe)->description);
    gm_sample format = gm_dataset_format(data, range->low, range->high);
    gm_status status = gm_use_init(&j->use, classify, recipe, &format);
    if (status == GM_OK)
        status = gm_plan_create(&j->plan, j->use.graph, j->trained.state, NULL);
    if (status == GM_ERROR_ARGUMENT || status == GM_ERROR_FORMAT)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its classifier does not take images of %zux%zux%zu", run, data->channels,
                       data->height, data->width);
    GM_TRY(status);
    j->values = gm_sample_values(&format);
    j->classes = gm_use_find_output(&j->use, "logits")->values;
    GM_TRY(gm_alloc(&j->places, data->class_count, sizeof *j->places, "classes"));
    GM_TRY(gm_classes_match(data, checkpoint->class_names, GM_MIN(checkpoint->class_count, j->classes), j->places));
    for (size_t k = 0; k < data->class_count; k++)
        if (j->places[k] >= j->classes)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: its classifier knows %zu classes, not class %s of %s", run,
                           j->classes, data->class_names[k], data->name);
    GM_TRY(gm_alloc(&j->scaled, GM_USE_BATCH * j->values, sizeof *j->scaled, "images"));
    return gm_alloc(&j->logits, GM_USE_BATCH * j->classes, sizeof *j->logits, "logits");
}

gm_status gm_judge_open(gm_judge **judge, const char *run, gm_device *device, const gm_dataset_info *data) {
    gm_judge *made;
    *judge = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a classifier"));
    gm_status status = open_judge(made, run, device, data);
    if (status != GM_OK)
        gm_judge_close(&made);
    *judge = made;
    return status;
}

void gm_judge_close(gm_judge **judge) {
    gm_judge *old = judge ? *judge : NULL;
    if (!old)
        return;
    gm_plan_destroy(&old->plan);
    gm_use_finish(&old->use);
    gm_trained_close(&old->trained);
    free(old->places);
    free(old->scaled);
    free(old->logits);
    free(old);
    *judge = NULL;
}

static float probability_of(const float *logits, size_t count, size_t class) {
    double sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += exp((double)logits[k] - (double)logits[class]);
    return isnan(sum) ? 0 : (float)(1 / sum);
}

gm_status gm_judge_apply(gm_judge *judge, const float *images, size_t count, int32_t label, float *probability) {
    const gm_sample *format = &judge->use.format;
    double width = gm_sample_is_scaled(format) ? format->high - format->low : 1;
    double low = gm_sample_is_scaled(format) ? format->low : 0;
    for (size_t first = 0; first < count; first += GM_USE_BATCH) {
        size_t here = GM_MIN(count - first, (size_t)GM_USE_BATCH);
        for (size_t i = 0; i < here * judge->values; i++)
            judge->scaled[i] = (float)(low + width * (double)images[first * judge->values + i]);
        float *outputs[GM_USE_PORTS] = {judge->logits};
        GM_TRY(gm_use_run(&judge->use, judge->plan, (const void *[GM_USE_PORTS]){judge->scaled}, here, outputs));
        for (size_t i = 0; i < here; i++)
            probability[first + i] =
                probability_of(judge->logits + i * judge->classes, judge->classes, judge->places[label]);
    }
    return GM_OK;
}

// The latents of given images, and what they are held against.
#include "ganymede/explore.h"

#include "base/base.h"
#include "use/image_classifier.h"
#include "use/latent_search.h"
#include "use/learned.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1024 };

// Whichever classifier was asked for.
typedef struct features {
    gm_image_classifier *reference;
    gm_trained run;
    gm_feature_source source;
} features;

static void features_close(features *f) {
    gm_image_classifier_close(&f->reference);
    gm_trained_close(&f->run);
}

static gm_status features_open(features *f, const gm_sampler *sampler, const char *of) {
    gm_sampler_info info;
    *f = (features){0};
    gm_sampler_get_info(sampler, &info);
    if (!of) {
        GM_TRY(gm_image_classifier_open(&f->reference, sampler->trained.device, info.data, &info.data_options));
        gm_image_classifier_get_source(f->reference, &f->source);
        return GM_OK;
    }
    GM_TRY(gm_trained_open(&f->run, of, sampler->trained.device, NULL));
    const gm_common *common = gm_common_of(f->run.recipe);
    f->source = (gm_feature_source){.recipe = f->run.recipe,
                                    .value = gm_checkpoint_value,
                                    .user = f->run.checkpoint,
                                    .low = common->data.range.low,
                                    .high = common->data.range.high};
    return GM_OK;
}

gm_status gm_sampler_project(gm_sampler *sampler, const float *images, const int32_t *labels, size_t count,
                             const gm_project_options *options, float *latents, int32_t *found, float *samples) {
    const gm_project_options chosen = options ? *options : (gm_project_options){0};
    gm_latent_search *search = NULL;
    features f = {0};
    gm_status status = GM_OK;
    if (chosen.features > 0)
        GM_TRY_DONE(features_open(&f, sampler, chosen.features_of));
    GM_TRY_DONE(gm_latent_search_create(&search, sampler,
                                        &(gm_latent_search_options){.starts = chosen.starts,
                                                                    .steps = chosen.steps,
                                                                    .rate = chosen.rate,
                                                                    .features = chosen.features,
                                                                    .of = &f.source}));
    const gm_latent_targets targets = {.values = images, .labels = labels, .count = count};
    status = gm_latent_search_run(search, &targets,
                                  &(gm_latents_found){.latents = latents, .labels = found, .samples = samples});
done:
    gm_latent_search_destroy(&search);
    features_close(&f);
    return status;
}

gm_status gm_sampler_mean_item(const gm_sampler *sampler, float *mean) {
    size_t item = gm_sample_values(&sampler->use.format);
    gm_learned learned;
    float *values = NULL;
    double *sums = NULL;
    gm_status status;
    GM_TRY(gm_learned_open(&learned, &sampler->trained, &sampler->use.format));
    GM_TRY_DONE(gm_alloc(&values, CHUNK * item, sizeof *values, "items"));
    GM_TRY_DONE(gm_alloc(&sums, item, sizeof *sums, "a mean"));
    for (size_t first = 0; first < learned.count; first += CHUNK) {
        size_t here = GM_MIN(learned.count - first, (size_t)CHUNK);
        GM_TRY_DONE(gm_learned_read(&learned, first, here, values));
        for (size_t i = 0; i < here * item; i++)
            sums[i % item] += (double)values[i];
    }
    for (size_t k = 0; k < item; k++)
        mean[k] = (float)(sums[k] / (double)learned.count);
done:
    gm_learned_close(&learned);
    free(values);
    free(sums);
    return status;
}

// Fits the layers `pca` (nn/pca.c) to the data, before the first step: to their first items in the order of the run's
// seed, as networks see them.
#include "ganymede/metrics.h"
#include "model/privacy.h"
#include "train/trainer.h"

#include <stdlib.h>

enum { MOST_VALUES = 1 << 24 }; // that are looked at

static gm_status write_part(gm_trainer *trainer, const char *name, const float *values, size_t count, size_t wanted) {
    float *all;
    GM_TRY(gm_alloc(&all, wanted, sizeof *all, "principal components"));
    for (size_t i = 0; i < wanted; i++)
        all[i] = i < count ? values[i] : 0; // of fewer components the others have no variance
    gm_status status = gm_state_write(trainer->state, name, all, wanted * sizeof *all);
    free(all);
    return status;
}

static size_t values_of(const gm_trainer *trainer, const char *name) {
    return gm_shape_count(gm_tensor_shape(gm_variable_find(trainer->model.graph, name)));
}

static gm_status fit(gm_trainer *trainer, size_t components) {
    const size_t d = gm_sample_values(&trainer->sources[0].format);
    size_t count = GM_MAX((size_t)MOST_VALUES / d, (size_t)2);
    float *values, *variance = NULL;
    gm_pca *pca = NULL;
    GM_TRY(gm_trainer_first_items(trainer, &count, &values));
    gm_status status =
        gm_pca_create(&pca, trainer->device, &(gm_samples){.values = values, .count = count, .columns = d}, components);
    free(values);
    if (status != GM_OK)
        return gm_fail_prefix(status, "%s: the layer pca", gm_recipe_file(trainer->recipe));
    GM_TRY_DONE(write_part(trainer, "pca.mean", pca->mean, d, d));
    GM_TRY_DONE(write_part(trainer, "pca.axes", pca->axes, pca->components * d, components * d));
    GM_TRY_DONE(gm_alloc(&variance, pca->components, sizeof *variance, "principal components"));
    for (size_t i = 0; i < pca->components; i++)
        variance[i] = (float)pca->variance[i];
    GM_TRY_DONE(write_part(trainer, "pca.variance", variance, pca->components, components));
done:
    free(variance);
    gm_pca_destroy(&pca);
    return status;
}

gm_status gm_trainer_fit_components(gm_trainer *trainer) {
    if (!gm_variable_find(trainer->model.graph, "pca.axes"))
        return GM_OK;
    if (gm_privacy_of(trainer->recipe))
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: the layer pca is fitted to the data, which private training does not pay for: leave it out",
                       gm_recipe_file(trainer->recipe));
    if (values_of(trainer, "pca.mean") != gm_sample_values(&trainer->sources[0].format))
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: the layer pca is fitted to samples of %zu values, but gets %zu: put it first in a network "
                       "that gets the data",
                       gm_recipe_file(trainer->recipe), gm_sample_values(&trainer->sources[0].format),
                       values_of(trainer, "pca.mean"));
    return fit(trainer, values_of(trainer, "pca.variance"));
}

// Samples from a run: the use `generate` of what it has learned.
#include "ganymede/sampler.h"

#include "base/base.h"
#include "use/sampler.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static gm_status create(gm_sampler *sampler, const char *run, gm_device *device, const char *selector) {
    GM_TRY(gm_trained_open(&sampler->trained, run, device, selector));
    const gm_recipe *recipe = sampler->trained.recipe;
    const gm_use_row *generate = gm_use_find(recipe, "generate");
    if (!generate && gm_use_find(recipe, "reconstruct") && gm_use_find(recipe, "encode"))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: a plain or denoising autoencoder has no distribution to draw samples from; train one of "
                       "kind vae for that (the pictures of this run are reconstructions)",
                       run);
    if (!generate)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, which makes no samples (try ganymede evaluate)",
                       run, gm_model_kind_of(recipe)->description);
    GM_TRY(gm_use_init(&sampler->use, generate, recipe, NULL));
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(sampler->trained.checkpoint);
    sampler->class_names = checkpoint->class_names;
    sampler->class_count = GM_MIN(checkpoint->class_count, sampler->use.classes);
    GM_TRY(gm_use_choose_classes(&sampler->use, sampler->class_names, sampler->class_count));
    return gm_plan_create(&sampler->plan, sampler->use.graph, sampler->trained.state, NULL);
}

static gm_status open_sampler(gm_sampler **sampler, const char *run, gm_device *device, const char *selector) {
    *sampler = NULL;
    gm_sampler *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a sampler"));
    gm_status status = create(made, run, device, selector);
    if (status != GM_OK)
        gm_sampler_close(&made);
    *sampler = made;
    return status;
}

gm_status gm_sampler_open(gm_sampler **sampler, const char *run, const char *device) {
    return open_sampler(sampler, run, NULL, device);
}

gm_status gm_sampler_open_on(gm_sampler **sampler, const char *run, gm_device *device) {
    return open_sampler(sampler, run, device, NULL);
}

void gm_sampler_close(gm_sampler **sampler) {
    if (!sampler || !*sampler)
        return;
    gm_sampler *old = *sampler;
    gm_plan_destroy(&old->plan);
    gm_use_finish(&old->use);
    gm_trained_close(&old->trained);
    free(old);
    *sampler = NULL;
}

void gm_sampler_get_info(const gm_sampler *sampler, gm_sampler_info *info) {
    const gm_use *use = &sampler->use;
    const gm_common *common = gm_common_of(sampler->trained.recipe);
    size_t size[3];
    gm_sample_size(&use->format, size);
    *info = (gm_sampler_info){.name = common->name,
                              .step = sampler->trained.step,
                              .noun = use->format.kind->noun,
                              .channels = size[0],
                              .height = size[1],
                              .width = size[2],
                              .frames = gm_sample_frames(&use->format),
                              .values = gm_sample_values(&use->format),
                              .ranged = use->format.kind->ranged,
                              .table = use->format.table,
                              .text = use->format.text,
                              .sound = use->format.sound,
                              .written = use->positions > 0,
                              .pretrained = sampler->trained.step > 0 && gm_trained_is_pretrained(&sampler->trained),
                              .classes = use->classes,
                              .class_names = sampler->class_names,
                              .class_count = sampler->class_count,
                              .categorical_codes = use->categorical_codes,
                              .continuous_codes = use->continuous_codes,
                              .latent = gm_use_latent_values(use),
                              .noise = gm_use_noise_values(use),
                              .uniform = use->noise.distribution == GM_LATENT_UNIFORM,
                              .low = use->format.low,
                              .high = use->format.high,
                              .data = common->data.source,
                              .data_options = gm_common_data_options(common)};
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(sampler->trained.checkpoint);
    info->privacy = gm_trained_privacy(&sampler->trained);
    info->data_options.scale_figures = checkpoint->scale_figures;
    info->data_options.scale_channels = checkpoint->scale_channels;
}

static gm_status refuse_class(const gm_sampler *sampler, const char *name) {
    enum { MOST_LISTED = 1000 }; // bytes
    gm_text list = {0};
    if (sampler->class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "class %s is not one of this generator's, 0 to %zu", name,
                       sampler->use.classes - 1);
    for (size_t i = 0; i < sampler->class_count && list.length < MOST_LISTED; i++)
        gm_text_printf(&list, "%s%s", i > 0 ? ", " : "", sampler->class_names[i]);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "class %s is not one of this generator's: %s, or 0 to %zu", name,
                               list.failed ? "its names" : list.data, sampler->use.classes - 1);
    gm_text_finish(&list);
    return status;
}

gm_status gm_sampler_find_class(const gm_sampler *sampler, const char *name, int32_t *label) {
    size_t i = 0, digits = strspn(name, "0123456789");
    *label = 0;
    if (sampler->use.classes == 0) // which it says
        return gm_use_check_labels(&sampler->use, label, 1);
    while (i < sampler->class_count && strcmp(sampler->class_names[i], name) != 0)
        i++;
    if (i == sampler->class_count) {
        unsigned long long number = digits > 0 && name[digits] == '\0' ? strtoull(name, NULL, 10) : ULLONG_MAX;
        if (number >= sampler->use.classes)
            return refuse_class(sampler, name);
        i = (size_t)number;
    }
    *label = (int32_t)i;
    gm_status status = gm_use_check_labels(&sampler->use, label, 1);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", name);
}

int32_t gm_sampler_label(const gm_sampler *sampler, uint64_t seed) {
    return gm_use_label(&sampler->use, seed);
}

gm_status gm_sampler_generate(gm_sampler *sampler, const uint64_t *seeds, const int32_t *labels, const float *codes,
                              size_t count, float *samples) {
    return gm_use_generate(&sampler->use, sampler->plan, seeds, labels, codes, count, samples);
}

// ---- Latents ----

gm_status gm_sampler_fill_latents(const gm_sampler *sampler, const uint64_t *seeds, const float *codes, size_t count,
                                  float *latents) {
    return gm_use_fill_latents(&sampler->use, seeds, codes, count, latents);
}

void gm_sampler_truncate(gm_sampler *sampler, double psi, size_t count, float *latents) {
    const float settled = (float)psi;
    if (gm_use_find_input(&sampler->use, "truncation")) {
        gm_use_settle(&sampler->use, "truncation", &settled, 1);
        return;
    }
    size_t values = gm_use_latent_values(&sampler->use), noise = gm_use_noise_values(&sampler->use);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < noise; k++)
            latents[i * values + k] = (float)(psi * (double)latents[i * values + k]);
}

gm_status gm_sampler_generate_from(gm_sampler *sampler, const float *latents, const int32_t *labels,
                                   const uint64_t *seeds, size_t count, float *samples) {
    const gm_use *use = &sampler->use;
    uint64_t *numbers = NULL;
    int32_t *chosen = NULL;
    gm_status status = GM_OK;
    if (labels)
        GM_TRY(gm_use_check_labels(use, labels, count));
    if (!seeds) {
        GM_TRY_DONE(gm_alloc(&numbers, count, sizeof *numbers, "seeds"));
        for (size_t i = 0; i < count; i++)
            numbers[i] = i;
        seeds = numbers;
    }
    if (!labels) {
        GM_TRY_DONE(gm_alloc(&chosen, count, sizeof *chosen, "labels"));
        for (size_t i = 0; i < count; i++)
            chosen[i] = gm_use_label(use, seeds[i]);
        labels = chosen;
    }
    const gm_use_origins origins = {.latents = latents, .labels = labels, .seeds = seeds};
    status = gm_use_generate_from(use, sampler->plan, &origins, count, samples);
done:
    free(numbers);
    free(chosen);
    return status;
}

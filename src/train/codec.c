// A trained autoencoder around a model that learns its codes (latent_of): its layers become part of the recipe, its
// weights part of the state, so that the run needs the other no more.
#include "model/autoencoder.h"
#include "model/gan.h"
#include "run/checkpoint.h"
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

static gm_status check_autoencoder(const char *origin, const char *run, const gm_recipe *source) {
    const gm_autoencoder_settings *a = gm_autoencoder_of(source);
    if (!a)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: latent_of: %s is %s: give the run of an autoencoder", origin, run,
                       gm_model_kind_of(source)->description);
    if (gm_autoencoder_is_tabular(a))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: latent_of: %s is an autoencoder of rows of a table: give one of images",
                       origin, run);
    return GM_OK;
}

// The codes are means where they have a distribution; the decoder makes images, no logits.
static gm_status write_settings(const gm_recipe *recipe, const gm_recipe *source, gm_codec_texts *texts) {
    const gm_autoencoder_settings *a = gm_autoencoder_of(source);
    const gm_range *range = &gm_common_of(recipe)->data.range, *there = &gm_common_of(source)->data.range;
    if (range->origin &&
        (range->low < there->low || range->low > there->low || range->high < there->high || range->high > there->high))
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: data.range is [%g, %g], but the autoencoder of latent_of has learnt [%g, %g]: leave it out",
                       range->origin, range->low, range->high, there->low, there->high);
    gm_text_printf(&texts->part[0], "data.range=[%.17g, %.17g]", there->low, there->high);
    gm_text_printf(&texts->part[1], "frozen.size=%zu", a->latent.size);
    gm_text_append(&texts->part[2], "frozen.encoder=");
    gm_recipe_layers_type.write(&a->encoder, &texts->part[2]);
    gm_text_append(&texts->part[3], "frozen.decoder=");
    gm_recipe_layers_type.write(&a->decoder, &texts->part[3]);
    if (gm_autoencoder_is_bernoulli(a))
        gm_text_append(&texts->part[3], "\n  - sigmoid");
    for (size_t i = 0; i < GM_COUNT(texts->part); i++)
        if (texts->part[i].failed)
            return gm_fail_memory(texts->part[i].length, "an autoencoder's layers");
    return GM_OK;
}

gm_status gm_trainer_read_codec(const gm_recipe *recipe, gm_codec_texts *texts) {
    const gm_gan_settings *gan = gm_gan_of(recipe);
    gm_checkpoint *checkpoint;
    gm_recipe *source = NULL;
    *texts = (gm_codec_texts){0};
    if (!gan || !gan->latent_of || gan->frozen.encoder.count > 0)
        return GM_OK;
    const char *origin = gm_recipe_origin(recipe, "latent_of");
    gm_status status = gm_run_find_checkpoint(&checkpoint, gan->latent_of);
    if (status != GM_OK)
        return gm_fail_prefix(status, "%s: latent_of", origin);
    const char *text = gm_checkpoint_get_info(checkpoint)->recipe;
    GM_TRY_DONE(gm_train_recipe_parse(&source, gan->latent_of, text, strlen(text), NULL, 0));
    GM_TRY_DONE(check_autoencoder(origin, gan->latent_of, source));
    GM_TRY_DONE(write_settings(recipe, source, texts));
done:
    gm_recipe_destroy(&source);
    gm_checkpoint_close(&checkpoint);
    return status;
}

void gm_codec_texts_finish(gm_codec_texts *texts) {
    for (size_t i = 0; i < GM_COUNT(texts->part); i++)
        gm_text_finish(&texts->part[i]);
}

// ---- Weights ----

// "encoder.0.weight" <- "encoder_average.0.weight", or where there is none itself.
static gm_status take(gm_trainer *trainer, const gm_checkpoint *from, const char *run, size_t index) {
    const char *name, *dot;
    gm_type type;
    gm_shape shape;
    gm_checkpoint_entry entry;
    gm_text average = {0};
    gm_state_entry(trainer->state, index, &name, &type, &shape);
    if (strncmp(name, "encoder.", 8) != 0 && strncmp(name, "decoder.", 8) != 0)
        return GM_OK;
    dot = strchr(name, '.');
    gm_text_printf(&average, "%.*s_average%s", (int)(dot - name), name, dot);
    if (average.failed)
        return gm_fail_memory(strlen(name), "a name");
    bool found = gm_checkpoint_find(from, average.data, &entry) || gm_checkpoint_find(from, name, &entry);
    gm_text_finish(&average);
    if (!found || entry.type != type || !gm_shape_equal(&entry.shape, &shape) || !entry.finite)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: latent_of: %s has no finite %s of the shape that it has here",
                       gm_recipe_origin(trainer->recipe, "latent_of"), run, name);
    return gm_state_write(trainer->state, name, entry.values, gm_type_size(type) * gm_shape_count(&shape));
}

gm_status gm_trainer_take_codec(gm_trainer *trainer) {
    const gm_gan_settings *gan = gm_gan_of(trainer->recipe);
    gm_checkpoint *from;
    if (!gan || !gan->latent_of)
        return GM_OK;
    GM_TRY(gm_run_find_checkpoint(&from, gan->latent_of));
    gm_status status = GM_OK;
    for (size_t i = 0; i < gm_state_count(trainer->state) && status == GM_OK; i++)
        status = take(trainer, from, gan->latent_of, i);
    gm_checkpoint_close(&from);
    return status;
}

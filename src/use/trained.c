// Opening what a run has learned.
#include "use/trained.h"

#include "base/base.h"
#include "model/gan.h"
#include "model/privacy.h"
#include "plan/state.h"
#include "run/run.h"
#include "train/settings.h"

#include <string.h>

static gm_status open_trained(gm_trained *t, const char *run, gm_device *device, const char *selector) {
    GM_TRY(gm_run_find_checkpoint(&t->checkpoint, run));
    const gm_checkpoint_info *info = gm_checkpoint_get_info(t->checkpoint);
    t->step = info->step;
    GM_TRY(gm_train_recipe_parse(&t->recipe, run, info->recipe, strlen(info->recipe), NULL, 0));
    if (!device)
        GM_TRY(gm_device_open(&t->opened, selector));
    t->device = device ? device : t->opened;
    GM_TRY(gm_state_create(&t->state, t->device, gm_common_of(t->recipe)->seed));
    gm_state_set_source(t->state, gm_checkpoint_value, t->checkpoint);
    return GM_OK;
}

gm_status gm_trained_open(gm_trained *trained, const char *run, gm_device *device, const char *selector) {
    *trained = (gm_trained){0};
    gm_status status = open_trained(trained, run, device, selector);
    if (status != GM_OK)
        gm_trained_close(trained);
    return status;
}

const char *gm_trained_privacy(const gm_trained *trained) {
    return gm_privacy_of(trained->recipe) ? gm_checkpoint_get_info(trained->checkpoint)->note : NULL;
}

bool gm_trained_is_pretrained(const gm_trained *trained) {
    const gm_gan_settings *gan = gm_gan_of(trained->recipe);
    return gan && gan->pretrain.steps > 0;
}

void gm_trained_close(gm_trained *trained) {
    gm_state_destroy(&trained->state);
    gm_device_close(&trained->opened);
    gm_recipe_destroy(&trained->recipe);
    gm_checkpoint_close(&trained->checkpoint);
    *trained = (gm_trained){0};
}

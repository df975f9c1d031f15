// A run that completes images, opened.
#include "use/completer.h"

#include <stdlib.h>
#include <string.h>

static gm_status create(gm_completer *completer, const char *run, const gm_completer_options *options) {
    size_t bytes = strlen(run) + 1;
    GM_TRY(gm_alloc(&completer->run, bytes, 1, "a file name"));
    memcpy(completer->run, run, bytes);
    GM_TRY(gm_trained_open(&completer->trained, run, options->opened, options->device));
    if (options->search)
        return gm_filler_init_search(&completer->filler, &completer->trained, completer->run, options->restarts,
                                     options->steps);
    return gm_filler_init(&completer->filler, &completer->trained, completer->run);
}

gm_status gm_completer_open(gm_completer **completer, const char *run, const gm_completer_options *options) {
    static const gm_completer_options standard = {0};
    gm_completer *made;
    *completer = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a completer"));
    gm_status status = create(made, run, options ? options : &standard);
    if (status != GM_OK)
        gm_completer_close(&made);
    *completer = made;
    return status;
}

void gm_completer_close(gm_completer **completer) {
    if (!completer || !*completer)
        return;
    gm_filler_finish(&(*completer)->filler);
    gm_trained_close(&(*completer)->trained);
    free((*completer)->run);
    free(*completer);
    *completer = NULL;
}

void gm_completer_get_info(const gm_completer *completer, gm_completer_info *info) {
    const gm_common *common = gm_common_of(completer->trained.recipe);
    const gm_filler *filler = &completer->filler;
    *info = (gm_completer_info){.name = common->name,
                                .step = completer->trained.step,
                                .channels = filler->channels,
                                .height = filler->trained_size[0],
                                .width = filler->trained_size[1],
                                .low = common->data.range.low,
                                .high = common->data.range.high};
}

gm_status gm_completer_run(gm_completer *completer, const float *images, const uint8_t *masks, size_t count,
                           size_t height, size_t width, float *completed) {
    const gm_picture_shape shape = {completer->filler.channels, height, width};
    if (height == 0 || width == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "images of %zu x %zu have no pixels", height, width);
    return count > 0 ? gm_filler_run(&completer->filler, &shape, images, masks, count, completed) : GM_OK;
}

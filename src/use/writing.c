// How a language model's samples are written: their beginning, their temperature, their length.
#include "base/base.h"
#include "use/sampler.h"

#include <stdlib.h>

enum { MOST_LENGTH = 1 << 20 };

static gm_status settle_start(gm_use *use, const char *start) {
    int32_t *codes;
    float *given = NULL;
    size_t count;
    gm_status status;
    GM_TRY(gm_text_schema_read(use->format.text, "the beginning", start, &codes, &count));
    if (count > use->positions)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "the beginning has %zu symbols, and a text %zu: ask for a longer one",
                            count, use->positions));
    GM_TRY_DONE(gm_alloc(&given, count + 1, sizeof *given, "a beginning"));
    for (size_t i = 0; i < count; i++)
        given[i] = (float)(codes[i] + 1); // 0: none is given
    gm_use_settle(use, "given", given, count);
done:
    free(codes);
    free(given);
    return status;
}

gm_status gm_sampler_set_writing(gm_sampler *sampler, const gm_writing_options *options) {
    gm_use *use = &sampler->use;
    if (use->positions == 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: this run's model, %s, does not write symbol by symbol: it takes no "
                       "beginning, temperature or length",
                       gm_common_of(use->recipe)->name, gm_model_kind_of(use->recipe)->description);
    if (!(options->temperature >= 0) || options->temperature > 100)
        return gm_fail(GM_ERROR_ARGUMENT, "a temperature of %g: from 0 to 100", options->temperature);
    if (options->length > MOST_LENGTH)
        return gm_fail(GM_ERROR_ARGUMENT, "a text of %zu symbols: at most %d", options->length, (int)MOST_LENGTH);
    const float temperature = options->temperature > 0 ? (float)options->temperature : 1;
    gm_use_set_positions(use, options->length > 0 ? options->length : use->positions);
    gm_use_settle(use, "temperature", &temperature, 1);
    return options->start ? settle_start(use, options->start) : gm_graph_status(use->graph);
}

gm_status gm_sampler_string(const gm_sampler *sampler, const float *sample, char **string) {
    const gm_sample *format = &sampler->use.format;
    int32_t *codes;
    *string = NULL;
    if (!format->text)
        return gm_fail(GM_ERROR_ARGUMENT, "this run's samples are %s, not texts", format->kind->noun);
    GM_TRY(gm_alloc(&codes, gm_sample_text_length(format), sizeof *codes, "a text"));
    gm_sample_text_codes(format, sample, 1, codes);
    gm_status status = gm_text_schema_write(format->text, codes, gm_sample_text_length(format), string);
    free(codes);
    return status;
}

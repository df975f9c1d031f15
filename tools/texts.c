// Samples that are texts: --start, --temperature and --length, and their lines on standard output.
#include "texts.h"

#include "latents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool texts_check(const usage_text *usage, const texts_options *options) {
    double temperature;
    if (options->temperature && (!number_parse(options->temperature, &temperature) || !(temperature > 0)))
        usage_error(usage, "--temperature expects a number above 0 such as 0.8, not '%s'", options->temperature);
    else if (options->length.given && options->length.value < 1)
        usage_error(usage, "--length expects 1 or more symbols");
    else if (options->start && *options->start == '\0')
        usage_error(usage, "--start expects a text such as \"in the\"");
    else
        return true;
    return false;
}

bool texts_settle(gm_sampler *sampler, const texts_options *options) {
    gm_writing_options chosen = {.start = options->start, .length = (size_t)options->length.value};
    if (!options->start && !options->temperature && !options->length.given)
        return true;
    if (options->temperature)
        number_parse(options->temperature, &chosen.temperature);
    if (gm_sampler_set_writing(sampler, &chosen) == GM_OK)
        return true;
    fail_with_message();
    return false;
}

static void print_text(char *text, bool apart) {
    for (char *end; (end = strchr(text, '\n')); text = end + 1) {
        *end = '\0';
        print_line("%s", text);
    }
    if (*text != '\0' || !apart)
        print_line("%s", text);
    if (apart)
        printf("\n");
}

// A line each; where they have lines themselves, an empty one follows.
bool texts_print(gm_sampler *sampler, const float *samples, size_t count, size_t values) {
    char **strings = calloc(count, sizeof *strings);
    bool done = strings != NULL, lines = false;
    for (size_t i = 0; i < count && done; i++) {
        done = gm_sampler_string(sampler, samples + i * values, &strings[i]) == GM_OK;
        lines = lines || (done && strchr(strings[i], '\n'));
    }
    for (size_t i = 0; i < count && done; i++)
        print_text(strings[i], lines);
    for (size_t i = 0; i < count && strings; i++)
        free(strings[i]);
    free(strings);
    return done;
}

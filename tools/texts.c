// Samples that are texts: --start, --temperature and --length, and their lines on standard output.
#include "texts.h"

#include "latents.h"

#include <math.h>
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

// ---- Figures ----

enum { FIGURES = GM_TEXT_GRAMS + 4 };

static void list_values(const gm_text_figure *of, double values[FIGURES]) {
    memcpy(values, of->ngrams, sizeof of->ngrams);
    values[GM_TEXT_GRAMS] = of->known_words;
    values[GM_TEXT_GRAMS + 1] = of->copies;
    values[GM_TEXT_GRAMS + 2] = of->distinct_4;
    values[GM_TEXT_GRAMS + 3] = of->distinct_6;
}

void texts_print_figures(const gm_text_figure *figures, size_t count) {
    static const char *const heads[FIGURES] = {"n = 1", "2",     "3",      "4",       "5",
                                               "6",     "known", "copies", "dist. 4", "dist. 6"};
    printf("\nbeside Markov chains of the training text: divergences of n-grams in bits, known words, copies, different"
           " runs\n%-16s",
           "");
    for (size_t k = 0; k < FIGURES; k++)
        printf("  %7s", heads[k]);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        double values[FIGURES];
        list_values(&figures[i], values);
        printf("%-16s", figures[i].name);
        for (size_t k = 0; k < FIGURES; k++)
            if (isfinite(values[k]))
                printf("  %7.4f", values[k]);
            else
                printf("  %7s", "-");
        printf("\n");
    }
}

void texts_print_json(const gm_text_figure *figures, size_t count) {
    static const char *const keys[FIGURES] = {"ngrams_1", "ngrams_2",    "ngrams_3", "ngrams_4",   "ngrams_5",
                                              "ngrams_6", "known_words", "copies",   "distinct_4", "distinct_6"};
    printf(", \"texts\": {");
    for (size_t i = 0; i < count; i++) {
        double values[FIGURES];
        list_values(&figures[i], values);
        printf("%s", i > 0 ? ", " : "");
        print_json_string(figures[i].name);
        for (size_t k = 0; k < FIGURES; k++) {
            printf("%s\"%s\": ", k > 0 ? ", " : ": {", keys[k]);
            print_json_number(values[k]);
        }
        printf("}");
    }
    printf("}");
}

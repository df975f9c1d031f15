// ganymede evaluate: what a trained model's kind can tell about itself on held-out data.
#include "command.h"

#include "ganymede/evaluate.h"
#include "ganymede/sample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- JSON ----

static void print_key(const char *key, const char *suffix) {
    printf(", \"%s%s\": ", key, suffix);
}

// Figures of single classes are maps from the class to the figure, one after the other of the same key.
static void print_of_classes(const gm_evaluation_figure *figures, size_t count) {
    for (size_t error = 0; error < 2; error++) {
        print_key(figures[0].key, error ? "_error" : "");
        for (size_t i = 0; i < count; i++) {
            printf(i ? ", " : "{");
            print_json_string(figures[i].of);
            printf(": ");
            print_json_number(error ? figures[i].error : figures[i].value);
        }
        printf("}");
    }
}

static void print_matrix(const gm_confusion *confusion) {
    size_t K = confusion->classes;
    printf(", \"classes\": ");
    for (size_t k = 0; k < K; k++) {
        printf(k ? ", " : "[");
        print_json_string(confusion->names[k]);
    }
    printf("], \"confusion\": ");
    for (size_t i = 0; i < K * K; i++)
        printf("%s%zu%s", i == 0 ? "[[" : i % K == 0 ? ", [" : ", ", confusion->counts[i], (i + 1) % K ? "" : "]");
    printf("], \"other\": ");
    for (size_t k = 0; k < K; k++)
        printf(k ? ", %zu" : "[%zu", confusion->others[k]);
    printf("]");
}

static void print_json(const gm_evaluation *evaluation) {
    size_t count;
    gm_evaluation_info info;
    const gm_evaluation_figure *figures = gm_evaluation_figures(evaluation, &count);
    const gm_confusion *confusion = gm_evaluation_confusion(evaluation);
    gm_evaluation_get_info(evaluation, &info);
    printf("{\"step\": %llu, \"count\": %zu", (unsigned long long)info.step, info.count);
    if (info.samples > 0)
        printf(", \"samples\": %zu", info.samples);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        if (figures[i].of) {
            while (end < count && figures[end].of && strcmp(figures[end].key, figures[i].key) == 0)
                end++;
            print_of_classes(figures + i, end - i);
        } else {
            print_key(figures[i].key, "");
            print_json_number(figures[i].value);
            print_key(figures[i].key, "_error");
            print_json_number(figures[i].error);
        }
        i = end;
    }
    if (confusion)
        print_matrix(confusion);
    printf("}\n");
}

// ---- Text ----

static void print_confusion(const gm_confusion *confusion) {
    size_t K = confusion->classes;
    size_t others = 0;
    for (size_t k = 0; k < K; k++)
        others += confusion->others[k];
    printf("confusion: a row per class, a column per answer, in the order of the classes%s\n",
           others > 0 ? "; the last column: for classes that these data do not have" : "");
    for (size_t truth = 0; truth < K; truth++) {
        for (size_t answer = 0; answer < K; answer++)
            printf(" %5zu", confusion->counts[truth * K + answer]);
        if (others > 0)
            printf(" %5zu", confusion->others[truth]);
        print_line("  %s", confusion->names[truth]);
    }
}

// What could not be estimated, as the recall of a class without items, is a dash.
static void print_figure(const gm_evaluation_figure *f) {
    print_part("  %-14s ", f->label);
    if (isnan(f->value))
        print_part("-   ");
    else if (isnan(f->error))
        print_part("%.4f             ", f->value);
    else
        print_part("%.4f +- %.4f   ", f->value, f->error);
    print_line("%s%s%s", f->of ? f->of : "", f->of ? ", " : "", f->help);
}

static void print_lines(const gm_evaluation *evaluation, const char *data) {
    size_t count;
    gm_evaluation_info info;
    const gm_evaluation_figure *figures = gm_evaluation_figures(evaluation, &count);
    const gm_confusion *confusion = gm_evaluation_confusion(evaluation);
    gm_evaluation_get_info(evaluation, &info);
    print_part("step %llu, %zu ", (unsigned long long)info.step, info.count);
    if (info.what)
        print_part("%s", info.what);
    else
        print_part("items %s%s", data ? "of " : "held out of training", data ? data : "");
    print_line("; %s, +- one standard error", info.unit);
    for (size_t i = 0; i < count; i++)
        print_figure(&figures[i]);
    if (confusion)
        print_confusion(confusion);
}

// The figures first: a picture that cannot be written takes none of them along.
static int show(const gm_evaluation *evaluation, const char *data, const char *picture, bool json) {
    if (json)
        print_json(evaluation);
    else
        print_lines(evaluation, data);
    if (picture && gm_evaluation_picture(evaluation, picture) != GM_OK)
        return fail_with_message();
    if (picture && !json)
        print_line("%s", picture);
    return EXIT_OK;
}

int command_evaluate(int count, char **words) {
    gm_evaluation_options evaluate = {0};
    gm_evaluation *evaluation;
    option_number samples = {0}, items = {0}, restarts = {0};
    const char *run = NULL, *picture = NULL, *by = NULL;
    bool json = false;
    const option_row options[] = {
        {"--samples", "K", OPTION_NUMBER, &samples, "of a vae: importance samples of the IWAE bound (default 64)"},
        {"--count", "N", OPTION_NUMBER, &items, "only the first N items (default: all; of a completion 1,000)"},
        {"--by", "search", OPTION_TEXT, &by,
         "how near latent search in a run that makes images comes to a hidden middle (100 items)"},
        {"--restarts", "N", OPTION_NUMBER, &restarts, "of a search: starts per image (default 1)"},
        {"--data", "SRC", OPTION_TEXT, &evaluate.data, "a data set's name or path, instead of the recipe's"},
        {"-o", "FILE.png", OPTION_TEXT, &picture, "of a classifier: the confusion matrix as a picture"},
        {"--device", "SEL", OPTION_TEXT, &evaluate.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede evaluate",
        .arguments = "RUN",
        .summary = "Says how a trained model does on held-out data (the test split, or what --data names): of a vae\n"
                   "bounds on the log likelihood, the ELBO and the tighter IWAE; of a classifier the accuracy, the\n"
                   "recall of each class and the confusion matrix; of a completion or translation how near it comes,\n"
                   "beside plain ways; of a language model bits per symbol and how well it fills gaps, beside\n"
                   "Markov chains; of a conditional generator whether its samples are of the class asked for,\n"
                   "and how they spread. RUN is a run folder (its newest checkpoint) or a\n"
                   ".safetensors file in it.",
        .example = "ganymede evaluate runs/00000-vae-fashion --samples 200 --count 1000",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &run, &exit_code))
        return exit_code;
    if (samples.given && (samples.value < 1 || samples.value > 1000000))
        return usage_error(&usage, "--samples expects 1 to 1000000");
    if (items.given && (items.value < 1 || items.value > SIZE_MAX))
        return usage_error(&usage, "--count expects at least 1");
    if (by && strcmp(by, "search") != 0)
        return usage_error(&usage, "--by expects search, not '%s'", by);
    if (restarts.given && (!by || restarts.value < 1 || restarts.value > 1000))
        return usage_error(&usage, "--restarts expects 1 to 1000, and --by search");
    const gm_sample_format *format;
    if (picture && (gm_sample_format_find(picture, &format) != GM_OK || strcmp(format->ending, ".png") != 0))
        return usage_error(&usage, "-o expects a name that ends in .png, not '%s'", picture);
    evaluate.search = by != NULL;
    evaluate.restarts = (size_t)restarts.value;
    evaluate.samples = (size_t)samples.value;
    evaluate.count = (size_t)items.value;
    if (gm_evaluation_create(&evaluation, run, &evaluate) != GM_OK)
        return fail_with_message();
    exit_code = show(evaluation, evaluate.data, picture, json);
    gm_evaluation_destroy(&evaluation);
    return exit_code;
}

// ganymede evaluate: bounds on the likelihood of held-out data under a trained vae.
#include "command.h"

#include "ganymede/train.h"

#include <stdio.h>

static void print_estimate(const char *key, gm_estimate estimate) {
    printf(", \"%s\": ", key);
    print_json_number(estimate.value);
    printf(", \"%s_error\": ", key);
    print_json_number(estimate.error);
}

static void print_json(const gm_likelihood *result) {
    printf("{\"step\": %llu, \"count\": %zu, \"samples\": %zu", (unsigned long long)result->step, result->count,
           result->samples);
    print_estimate("elbo", result->elbo);
    print_estimate("iwae", result->bound);
    print_estimate("reconstruction", result->reconstruction);
    print_estimate("divergence", result->divergence);
    printf("}\n");
}

static void print_lines(const gm_likelihood *result, const char *data) {
    print_line("step %llu, %zu items %s%s; nats per item, +- one standard error", (unsigned long long)result->step,
               result->count, data ? "of " : "held out of training", data ? data : "");
    printf("  %-14s %.4f +- %.4f   = -(reconstruction + divergence) <= ln p(x)\n", "ELBO", result->elbo.value,
           result->elbo.error);
    printf("  IWAE-%-9zu %.4f +- %.4f   <= ln p(x)\n", result->samples, result->bound.value, result->bound.error);
    printf("  %-14s %.4f +- %.4f   E -ln p(x|z)\n", "reconstruction", result->reconstruction.value,
           result->reconstruction.error);
    printf("  %-14s %.4f +- %.4f   KL(q(z|x) || p(z))\n", "divergence", result->divergence.value,
           result->divergence.error);
}

int command_evaluate(int count, char **words) {
    gm_likelihood_options evaluation = {0};
    gm_likelihood result;
    option_number samples = {0}, items = {0};
    const char *run = NULL;
    bool json = false;
    const option_row options[] = {
        {"--samples", "K", OPTION_NUMBER, &samples, "importance samples of the IWAE bound (default 64)"},
        {"--count", "N", OPTION_NUMBER, &items, "only the first N items (default: all)"},
        {"--data", "SRC", OPTION_TEXT, &evaluation.data, "a data set's name or path, instead of the recipe's"},
        {"--device", "SEL", OPTION_TEXT, &evaluation.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede evaluate",
        .arguments = "RUN",
        .summary =
            "Bounds the log likelihood of held-out data (the test split, or what --data names) under a vae: the\n"
            "ELBO, and the tighter IWAE bound. RUN is a run folder (its newest checkpoint) or a .safetensors\n"
            "file in it.",
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
    evaluation.samples = (size_t)samples.value;
    evaluation.count = (size_t)items.value;
    if (gm_evaluate_likelihood(run, &evaluation, &result) != GM_OK)
        return fail_with_message();
    if (json)
        print_json(&result);
    else
        print_lines(&result, evaluation.data);
    return EXIT_OK;
}

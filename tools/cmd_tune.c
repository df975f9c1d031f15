// ganymede tune: times the kernel variants of recipes' operations, or lists the choices that there are.
#include "command.h"

#include "ganymede/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The lines of gm_tuning_write behind its two heads: operation, variant, nanoseconds.
static void print_choices(char *text, bool json) {
    size_t head = 2;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (head > 0) {
            head--;
            continue;
        }
        char *variant = strchr(line, '\t'), *time = variant ? strchr(variant + 1, '\t') : NULL;
        if (!time)
            continue;
        *variant++ = *time++ = '\0';
        double milliseconds = 1e-6 * strtod(time, NULL);
        if (json) {
            printf("{\"operation\": ");
            print_json_string(line);
            printf(", \"variant\": ");
            print_json_string(variant);
            printf(", \"ms\": ");
            print_json_number(milliseconds);
            printf("}\n");
        } else if (milliseconds > 0) {
            print_line("%-72s %-10s %9.4f ms", line, variant, milliseconds);
        } else {
            print_line("%-72s %-10s not timed", line, variant);
        }
    }
}

static int tune_recipe(const gm_train_options *options, bool json) {
    gm_trainer *trainer = NULL;
    gm_train_info info;
    if (gm_trainer_create(&trainer, options) != GM_OK)
        return fail_with_message();
    gm_trainer_get_info(trainer, &info);
    char *text = malloc(strlen(info.variants) + 1);
    if (text)
        print_choices(strcpy(text, info.variants), json);
    else
        fail_with("out of memory");
    int code = text ? EXIT_OK : EXIT_ERROR;
    free(text);
    gm_trainer_destroy(&trainer);
    return code;
}

static int list_store(const char *selector, bool json) {
    gm_device *device = NULL;
    gm_tuning *tuning = NULL;
    char *text = NULL;
    gm_status status = gm_device_open(&device, selector);
    if (status == GM_OK)
        status = gm_tuning_create(&tuning, device, NULL);
    if (status == GM_OK)
        status = gm_tuning_write(tuning, false, &text);
    if (status == GM_OK)
        print_choices(text, json);
    free(text);
    gm_tuning_destroy(&tuning);
    int code = status == GM_OK ? EXIT_OK : fail_with_message();
    gm_device_close(&device);
    return code;
}

int command_tune(int count, char **words) {
    gm_train_options train = {.no_folder = true, .tuning = GM_TRAIN_TUNE_THOROUGHLY};
    option_number batch = {0};
    bool json = false;
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &train.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--data", "SRC", OPTION_TEXT, &train.data, "a data set's name or path, instead of the recipe's"},
        {"--batch", "N", OPTION_NUMBER, &batch, "images per step"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object per operation on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede tune",
        .arguments = "[RECIPE]",
        .summary =
            "Times every variant of the kernels that a recipe's training step needs and keeps the fastest for\n"
            "this device and driver. Without a recipe, lists what has been found. Training does the same in its\n"
            "first seconds, for operations without a choice.",
        .example = "ganymede tune samples/dcgan-fashion.yaml --device gpu",
        .options = options,
        .option_count = COUNT(options),
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &train.recipe, &exit_code))
        return exit_code;
    if (!train.recipe && (train.data || batch.given))
        return usage_error(&usage, "--data and --batch need a RECIPE");
    char setting[64];
    const char *settings[1] = {setting};
    snprintf(setting, sizeof setting, "data.batch=%llu", (unsigned long long)batch.value);
    train.settings = settings;
    train.setting_count = batch.given ? 1 : 0;
    return train.recipe ? tune_recipe(&train, json) : list_store(train.device, json);
}

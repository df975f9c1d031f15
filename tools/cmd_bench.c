// ganymede bench: how fast a device runs a recipe's training step.
#include "command.h"

#include "ganymede/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare_numbers(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

// Median time of a step in milliseconds, each waited for, so that a step that disturbs the next one is seen.
static gm_status measure(gm_trainer *trainer, size_t warm_up, size_t repeats, double *times, double *median) {
    for (size_t i = 0; i < warm_up + repeats; i++) {
        double start = now();
        gm_status status = gm_trainer_step(trainer);
        if (status == GM_OK)
            status = gm_trainer_wait(trainer);
        if (status != GM_OK)
            return status;
        if (i >= warm_up)
            times[i - warm_up] = 1e3 * (now() - start);
    }
    qsort(times, repeats, sizeof *times, compare_numbers);
    *median = times[repeats / 2];
    return GM_OK;
}

static void print_result(const gm_train_info *info, double median, bool json) {
    const gm_plan_statistics *plan = &info->statistics;
    double images = (double)(info->batch * info->discriminator_steps) / (median * 1e-3);
    if (!json) {
        printf("%s on %s, batch %zu\n", info->name, info->device, info->batch);
        printf("median step        %.3f ms, %.1f images/s, %.1f GFLOP/s\n", median, images, plan->flop * 1e-6 / median);
        printf("work per step      %.3f GFLOP, %zu launches, %zu kernels\n", plan->flop * 1e-9, plan->launches,
               plan->kernels);
        printf("planned memory     %s", format_bytes(plan->device_bytes).text);
        printf(" (%s with a buffer per value)\n", format_bytes(plan->unplanned_bytes).text);
        printf("building programs  %.0f ms\n", plan->build_ms);
        return;
    }
    printf("{\"recipe\": ");
    print_json_string(info->name);
    printf(", \"device\": ");
    print_json_string(info->device);
    printf(", \"batch\": %zu, \"median_ms\": %.4f, \"images_per_s\": %.2f, \"gflop_per_step\": %.6f, "
           "\"launches\": %zu, \"kernels\": %zu, \"device_bytes\": %llu, \"unplanned_bytes\": %llu, "
           "\"build_ms\": %.1f}\n",
           info->batch, median, images, plan->flop * 1e-9, plan->launches, plan->kernels,
           (unsigned long long)plan->device_bytes, (unsigned long long)plan->unplanned_bytes, plan->build_ms);
}

int command_bench(int count, char **words) {
    gm_train_options train = {.no_folder = true};
    option_number steps = {.value = 10}, batch = {0};
    bool json = false;
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &train.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--data", "SRC", OPTION_TEXT, &train.data, "a data set's name or path, instead of the recipe's"},
        {"--steps", "N", OPTION_NUMBER, &steps, "steps to time, after 3 that are not (default 10)"},
        {"--batch", "N", OPTION_NUMBER, &batch, "images per step"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede bench",
        .arguments = "step RECIPE",
        .summary = "Times the training step of a recipe on its real data and says what it consists of.",
        .example = "ganymede bench step samples/dcgan-fashion.yaml --device gpu --json",
        .options = options,
        .option_count = COUNT(options),
        .least = 2,
        .most = 2,
    };
    int exit_code;
    const char *what[2];
    if (!options_parse(&usage, count, words, what, &exit_code))
        return exit_code;
    if (strcmp(what[0], "step") != 0)
        return usage_error(&usage, "'%s' cannot be measured; expected step", what[0]);
    if (steps.value < 1 || steps.value > 1000000)
        return usage_error(&usage, "--steps expects 1 to 1000000");
    char setting[64];
    const char *settings[1] = {setting};
    snprintf(setting, sizeof setting, "data.batch=%llu", (unsigned long long)batch.value);
    train.settings = settings;
    train.setting_count = batch.given ? 1 : 0;
    train.recipe = what[1];

    gm_trainer *trainer = NULL;
    gm_train_info info;
    double median = 0, *times = calloc((size_t)steps.value, sizeof *times);
    if (!times || gm_trainer_create(&trainer, &train) != GM_OK ||
        measure(trainer, 3, (size_t)steps.value, times, &median) != GM_OK) {
        exit_code = fail_with_message();
    } else {
        gm_trainer_get_info(trainer, &info);
        print_result(&info, median, json);
        exit_code = EXIT_OK;
    }
    gm_trainer_destroy(&trainer);
    free(times);
    return exit_code;
}

// ganymede bench: how fast a device runs a recipe's training step; bench_operation.c measures single operations.
#include "bench.h"
#include "command.h"

#include "ganymede/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_STEPS = 64 };

static const double LEAST_SECONDS = 0.02; // of a sample

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare_numbers(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

// Seconds that some steps take, run as training runs them and waited for at their end.
static gm_status time_steps(gm_trainer *trainer, size_t steps, double *seconds) {
    double start = now();
    gm_status status = GM_OK;
    for (size_t i = 0; i < steps && status == GM_OK; i++)
        status = gm_trainer_step(trainer);
    if (status == GM_OK)
        status = gm_trainer_wait(trainer);
    *seconds = now() - start;
    return status;
}

// Median time of a step in milliseconds. Short steps are timed some at once, since training does not wait after each.
static gm_status measure(gm_trainer *trainer, size_t repeats, double *times, double *median) {
    double seconds;
    gm_status status = time_steps(trainer, 2, &seconds);
    if (status == GM_OK)
        status = time_steps(trainer, 1, &seconds);
    size_t steps = seconds < LEAST_SECONDS / MOST_STEPS ? MOST_STEPS : 1 + (size_t)(LEAST_SECONDS / seconds);
    for (size_t i = 0; i < repeats && status == GM_OK; i++) {
        status = time_steps(trainer, steps, &seconds);
        times[i] = 1e3 * seconds / (double)steps;
    }
    if (status != GM_OK)
        return status;
    qsort(times, repeats, sizeof *times, compare_numbers);
    *median = times[repeats / 2];
    return GM_OK;
}

static void print_result(const gm_train_info *info, double median, bool json) {
    const gm_plan_statistics *plan = &info->statistics;
    double items = (double)(info->batch * info->batches) / (median * 1e-3);
    bool recorded = info->step_commands < info->step_launches;
    if (!json) {
        print_line("%s on %s, batch %zu", info->name, info->device, info->batch);
        printf("median step        %.3f ms, %.1f %s/s, %.1f GFLOP/s\n", median, items, info->noun,
               info->step_flop * 1e-6 / median);
        printf("work per step      %.3f GFLOP, %.6g launches of %zu kernels", info->step_flop * 1e-9,
               info->step_launches, plan->kernels);
        if (recorded)
            printf(", recorded: %.6g commands", info->step_commands);
        printf("\n");
        printf("planned memory     %s", format_bytes(plan->device_bytes).text);
        printf(" (%s with a buffer per value)\n", format_bytes(plan->unplanned_bytes).text);
        printf("building programs  %.0f ms\n", plan->build_ms);
        return;
    }
    printf("{\"recipe\": ");
    print_json_string(info->name);
    printf(", \"device\": ");
    print_json_string(info->device);
    printf(", \"batch\": %zu, \"median_ms\": %.4f, \"%s_per_s\": %.2f, \"gflop_per_step\": %.6f, "
           "\"launches\": %.6g, \"kernels\": %zu, \"device_bytes\": %llu, \"unplanned_bytes\": %llu, "
           "\"build_ms\": %.1f",
           info->batch, median, info->noun, items, info->step_flop * 1e-9, info->step_launches, plan->kernels,
           (unsigned long long)plan->device_bytes, (unsigned long long)plan->unplanned_bytes, plan->build_ms);
    if (recorded)
        printf(", \"commands\": %.6g", info->step_commands);
    printf("}\n");
}

static int bench_step(int count, char **words) {
    gm_train_options train = {.no_folder = true};
    option_number steps = {.value = 10}, batch = {0};
    bool json = false, no_tune = false;
    const char *profile = NULL;
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &train.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--data", "SRC", OPTION_TEXT, &train.data, "a data set's name or path, instead of the recipe's"},
        {"--steps", "N", OPTION_NUMBER, &steps,
         "steps to time (several at once if they are short), after 3 that are not (default 10)"},
        {"--batch", "N", OPTION_NUMBER, &batch, "images per step"},
        {"--variant", "NAME", OPTION_TEXT, &train.variant,
         "this kernel variant for all operations that have it: fast4, …"},
        {"--no-tune", NULL, OPTION_FLAG, &no_tune, "use default kernel variants: neither time nor look up others"},
        {"--profile", "DIR", OPTION_TEXT, &profile, "write kernel times and a Chrome trace of as many steps into DIR"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede bench step",
        .arguments = "RECIPE",
        .summary = "Times the training step of a recipe on its real data and says what it consists of.",
        .example = "ganymede bench step samples/dcgan-fashion.yaml --device gpu --json",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &train.recipe, &exit_code))
        return exit_code;
    if (steps.value < 1 || steps.value > 1000000)
        return usage_error(&usage, "--steps expects 1 to 1000000");
    if (train.variant && no_tune)
        return usage_error(&usage, "--variant names the kernels and --no-tune takes the defaults: give one of them");
    char setting[64];
    const char *settings[1] = {setting};
    snprintf(setting, sizeof setting, "data.batch=%llu", (unsigned long long)batch.value);
    train.settings = settings;
    train.setting_count = batch.given ? 1 : 0;
    train.tuning = no_tune ? GM_TRAIN_TUNE_NOT : GM_TRAIN_TUNE_BRIEFLY;

    gm_trainer *trainer = NULL;
    gm_train_info info;
    double median = 0, *times = calloc((size_t)steps.value, sizeof *times);
    if (!times)
        return fail_with("out of memory for the times of %llu steps", (unsigned long long)steps.value);
    if (gm_trainer_create(&trainer, &train) != GM_OK ||
        measure(trainer, (size_t)steps.value, times, &median) != GM_OK ||
        (profile && gm_trainer_profile(trainer, profile, (size_t)steps.value) != GM_OK)) {
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

static int bench_programs(int count, char **words) {
    gm_train_options train = {.no_folder = true, .tuning = GM_TRAIN_TUNE_NOT};
    const char *folder = NULL;
    const option_row options[] = {
        {"--device", "NAME", OPTION_TEXT, &train.device, "a description: nvidia-sm_80, amd-gfx1030, intel-dg2, …"},
        {"-o", "DIR", OPTION_TEXT, &folder, "the folder to write (default: programs-NAME)"},
        {"--variant", "NAME", OPTION_TEXT, &train.variant,
         "this variant for all operations that have it: tile64, fast4, …"},
        {"--data", "SRC", OPTION_TEXT, &train.data, "a data set's name or path, instead of the recipe's"},
    };
    const usage_text usage = {
        .command = "ganymede bench programs",
        .arguments = "RECIPE",
        .summary =
            "Writes the programs that a training step would build on a GPU that is not here, with their options,\n"
            "and its launches with their work sizes, operations and bytes: for the GPU vendors' compilers.",
        .example = "ganymede bench programs samples/dcgan-fashion.yaml --device nvidia-sm_80 -o programs",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &train.recipe, &exit_code))
        return exit_code;
    if (!train.device)
        return usage_error(&usage, "for which device? give --device");
    char name[128];
    snprintf(name, sizeof name, "programs-%s", train.device);
    if (!folder)
        folder = name;
    gm_trainer *trainer = NULL;
    gm_train_info info;
    exit_code = EXIT_OK;
    if (gm_trainer_create(&trainer, &train) != GM_OK || gm_trainer_write_programs(trainer, folder) != GM_OK) {
        exit_code = fail_with_message();
    } else {
        gm_trainer_get_info(trainer, &info);
        print_line("%s: the step of %s on %s, %.6g launches of %zu kernels, %.3f GFLOP", folder, info.name, info.device,
                   info.step_launches, info.statistics.kernels, info.step_flop * 1e-9);
    }
    gm_trainer_destroy(&trainer);
    return exit_code;
}

static const command_row subjects[] = {
    {"step", "a recipe's training step", bench_step},
    {"gemm", "a matrix product", bench_gemm},
    {"conv", "a convolution or its gradients", bench_conv},
    {"conv_transpose", "a transposed convolution or its gradients", bench_conv_transpose},
    {"layers", "layers of a recipe, forward and back", bench_layers},
    {"elementwise", "a fused element-wise kernel", bench_elementwise},
    {"reduce", "sums per channel", bench_reduce},
    {"peak", "the device's ceilings", bench_peak},
    {"programs", "what a step builds and launches on a GPU that is not here", bench_programs},
};

static void print_subjects(FILE *file) {
    fprintf(file, "usage: ganymede bench SUBJECT [ARGUMENTS]\n\n");
    for (size_t i = 0; i < COUNT(subjects); i++)
        fprintf(file, "  %-15s %s\n", subjects[i].name, subjects[i].summary);
    fprintf(file, "\nganymede bench SUBJECT --help explains one.\n"
                  "Example: ganymede bench step samples/dcgan-fashion.yaml --device gpu --json\n");
}

int command_bench(int count, char **words) {
    if (count > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
        print_subjects(stdout);
        return EXIT_OK;
    }
    for (size_t i = 0; count > 0 && i < COUNT(subjects); i++)
        if (strcmp(words[0], subjects[i].name) == 0)
            return subjects[i].run(count - 1, words + 1);
    const usage_text usage = {.command = "ganymede bench"};
    name_list names = list_names(subjects, COUNT(subjects));
    if (count > 0)
        return usage_error(&usage, "'%s' cannot be measured; expected one of %s", words[0], names.text);
    return usage_error(&usage, "what to measure? expected one of %s", names.text);
}

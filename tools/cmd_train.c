// ganymede train: a recipe into a run folder.
#include "command.h"
#include "progress.h"

#include "ganymede/train.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_requested;

// What asks the trainer to stop at the end of its step, and what a second time does. A closed terminal sends SIGHUP
// more than once, and whoever read the output goes with it (SIGPIPE): neither may cut the checkpoint short.
static struct {
    int number;
    void (*again)(int);
    bool ignored; // from the start, as by nohup or a script's `&`: stays so
} stops[] = {{SIGINT, SIG_DFL, false}, {SIGTERM, SIG_DFL, false}, {SIGHUP, SIG_IGN, false}, {SIGPIPE, SIG_IGN, false}};

static void request_stop(int number) {
    stop_requested = 1;
    for (size_t i = 0; i < COUNT(stops); i++)
        if (stops[i].number == number)
            signal(number, stops[i].again);
}

static void note_ignored_signals(void) {
    struct sigaction action;
    for (size_t i = 0; i < COUNT(stops); i++)
        stops[i].ignored = sigaction(stops[i].number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Again after every step: drivers' compilers put handlers of their own in place when they first run.
static void catch_stops(void) {
    for (size_t i = 0; i < COUNT(stops); i++) {
        struct sigaction action = {.sa_handler = stops[i].ignored ? SIG_IGN : request_stop, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(stops[i].number, &action, NULL);
    }
}

static bool after_step(const gm_train_progress *progress, void *user) {
    progress_show(user, progress);
    if (!stop_requested)
        catch_stops();
    return stop_requested != 0;
}

typedef struct train_arguments {
    gm_train_options options;
    option_number steps, batch, seed;
    const char *from; // a run, or with --resume a step
    uint64_t from_step;
    option_list settings;
    bool dry_run, quiet, json;
} train_arguments;

// --steps, --batch and --seed are settings with short names; they come behind the --set ones and so win.
static void add_setting(train_arguments *train, char text[64], const char *key, const option_number *number) {
    if (!number->given)
        return;
    snprintf(text, 64, "%s=%llu", key, (unsigned long long)number->value);
    train->settings.entries[train->settings.count++] = text;
}

static bool read_step(const char *text, uint64_t *step) {
    char *end;
    *step = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

static void print_plan(const gm_train_info *info) {
    const gm_plan_statistics *plan = &info->statistics;
    print_block(info->recipe);
    printf("\nplan: %zu launches, %zu kernels, %.3f GFLOP a step, %s planned (%s with a buffer per value), "
           "%s of variables, %s of inputs\n",
           plan->launches, plan->kernels, info->step_flop * 1e-9, format_bytes(plan->device_bytes).text,
           format_bytes(plan->unplanned_bytes).text, format_bytes(plan->state_bytes).text,
           format_bytes(plan->input_bytes).text);
}

static int train(const train_arguments *arguments) {
    gm_trainer *trainer = NULL;
    gm_train_info info;
    progress_printer printer = {.style = arguments->json              ? PROGRESS_JSON
                                         : arguments->quiet           ? PROGRESS_QUIET
                                         : isatty(STDOUT_FILENO) != 0 ? PROGRESS_TERMINAL
                                                                      : PROGRESS_LINES};
    note_ignored_signals();
    progress_prepare(&printer, true);
    gm_status created = gm_trainer_create(&trainer, &arguments->options);
    progress_prepare(&printer, false);
    if (created != GM_OK)
        return fail_with_message();
    gm_trainer_get_info(trainer, &info);
    progress_start(&printer, &info);
    if (arguments->dry_run) {
        if (!arguments->json && !arguments->quiet)
            print_plan(&info);
        gm_trainer_destroy(&trainer);
        return EXIT_OK;
    }
    catch_stops();
    gm_status status = gm_trainer_run(trainer, after_step, &printer);
    gm_trainer_get_info(trainer, &info);
    progress_end(&printer, &info, status);
    int code = status == GM_OK ? EXIT_OK : fail_with_message();
    gm_trainer_destroy(&trainer);
    return status == GM_INTERRUPTED ? EXIT_INTERRUPTED : code;
}

static int print_keys(void) {
    char *text;
    if (gm_train_keys(&text) != GM_OK)
        return fail_with_message();
    fputs(text, stdout);
    free(text);
    return EXIT_OK;
}

// What the options say together; EXIT_OK, or what is wrong has been printed.
static int check_arguments(const usage_text *usage, const train_arguments *arguments) {
    const gm_train_options *options = &arguments->options;
    if (!options->recipe && !options->resume)
        return usage_error(usage, "expected RECIPE (a .yaml file), or --resume RUN");
    if (options->resume && options->out)
        return usage_error(usage, "--out and --resume exclude each other: a resumed run stays in its folder");
    for (size_t i = 0; i < arguments->settings.count; i++) {
        const char *entry = arguments->settings.entries[i], *equals = strchr(entry, '=');
        if (!equals || equals == entry)
            return usage_error(usage, "--set expects KEY=VALUE, not '%s'", entry);
    }
    return EXIT_OK;
}

int command_train(int count, char **words) {
    train_arguments arguments = {0};
    gm_train_options *to = &arguments.options;
    bool keys = false, no_tune = false;
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &to->device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--data", "SRC", OPTION_TEXT, &to->data, "a data set's name or path, instead of the recipe's"},
        {"--out", "DIR", OPTION_TEXT, &to->out, "the run folder (default: the next runs/NNNNN-name)"},
        {"--steps", "N", OPTION_NUMBER, &arguments.steps, "train up to generator step N"},
        {"--batch", "N", OPTION_NUMBER, &arguments.batch, "images per step"},
        {"--seed", "N", OPTION_NUMBER, &arguments.seed, "the key of every random number"},
        {"--set", "KEY=VALUE", OPTION_LIST, &arguments.settings, "change one key of the recipe; may be repeated"},
        {"--resume", "RUN", OPTION_TEXT, &to->resume, "go on with a run, by its own recipe (RECIPE may be left out)"},
        {"--from", "RUN|STEP", OPTION_TEXT, &arguments.from,
         "begin with the weights and averages of another run that have the same names and shapes here (says which had"
         " not); with --resume: go back to that STEP's checkpoint; newer ones move"},
        {"--no-tune", NULL, OPTION_FLAG, &no_tune, "use default kernel variants: neither time nor look up others"},
        {"--profile", "DIR", OPTION_TEXT, &to->profile, "write kernel times and a Chrome trace into DIR"},
        {"--keys", NULL, OPTION_FLAG, &keys, "list every key, layer and optimiser of recipes, train nothing"},
        {"--dry-run", NULL, OPTION_FLAG, &arguments.dry_run, "check recipe, data and plan, print them, train nothing"},
        {"--quiet", NULL, OPTION_FLAG, &arguments.quiet, "print errors only"},
        {"--json", NULL, OPTION_FLAG, &arguments.json, "one JSON object per line on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede train",
        .arguments = "RECIPE",
        .summary = "Trains the networks of a recipe. Ctrl-C, SIGTERM or a closed terminal finishes the step, writes a "
                   "checkpoint and\n"
                   "exits with 130.",
        .example = "ganymede train samples/dcgan-fashion.yaml --device gpu --steps 20000 --set data.batch=128",
        .options = options,
        .option_count = COUNT(options),
        .most = 1,
    };
    int exit_code;
    char texts[3][64];
    arguments.settings.entries = calloc((size_t)count + COUNT(texts), sizeof *arguments.settings.entries);
    if (!arguments.settings.entries)
        return fail_with("out of memory");
    if (!options_parse(&usage, count, words, &to->recipe, &exit_code))
        goto done;
    exit_code = keys ? print_keys() : check_arguments(&usage, &arguments);
    if (keys || exit_code != EXIT_OK)
        goto done;
    if (arguments.from && to->resume && !read_step(arguments.from, &arguments.from_step)) {
        exit_code = usage_error(&usage, "--from expects a step beside --resume, not '%s'", arguments.from);
        goto done;
    }
    if (arguments.from && !to->resume && read_step(arguments.from, &arguments.from_step) &&
        access(arguments.from, F_OK) != 0) {
        exit_code = usage_error(&usage, "--from needs --resume RUN with a step, or else expects a run");
        goto done;
    }
    if (arguments.from && !to->resume)
        to->weights = arguments.from;
    add_setting(&arguments, texts[0], "steps", &arguments.steps);
    add_setting(&arguments, texts[1], "data.batch", &arguments.batch);
    add_setting(&arguments, texts[2], "seed", &arguments.seed);
    to->from = arguments.from && to->resume ? &arguments.from_step : NULL;
    to->tuning = no_tune || arguments.dry_run ? GM_TRAIN_TUNE_NOT : GM_TRAIN_TUNE_BRIEFLY;
    to->settings = arguments.settings.entries;
    to->setting_count = arguments.settings.count;
    to->no_folder = arguments.dry_run;
    exit_code = train(&arguments);
done:
    free(arguments.settings.entries);
    return exit_code;
}

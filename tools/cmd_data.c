// ganymede data: what is in a data set, which of its files are damaged, and the same data in another form.
#include "command.h"
#include "report.h"

#include "ganymede/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { GRID = 8 };

typedef struct data_arguments {
    const char *source, *out, *picture;
    gm_dataset_options options;
    gm_sound_schema sound;
    option_number seed, frames, stride, hop;
    const char *short_films;
    bool check, json, schema;
} data_arguments;

static const char *const splits[] = {[GM_SPLIT_TRAIN] = "train", [GM_SPLIT_TEST] = "test"};
static const char *const shorts[] = {[GM_SHORT_REFUSE] = "refuse", [GM_SHORT_REPEAT] = "repeat"};
static const char *const damages[] = {[GM_DAMAGED_STOP] = "stop", [GM_DAMAGED_SKIP] = "skip"};

// ---- The report ----

static char *copy_message(void) {
    const char *message = gm_error_message();
    char *copy = malloc(strlen(message) + 1);
    return copy ? strcpy(copy, message) : NULL;
}

static void be_silent(gm_log_level level, const char *message, void *user) {
    (void)level;
    (void)message;
    (void)user;
}

// What networks will see of the data set, or why nothing: where it is sound and wants an option, that is no failure.
static bool look(const data_arguments *arguments, const gm_survey *survey, const gm_table_schema *table) {
    const gm_dataset_options *options = &arguments->options;
    gm_dataset *dataset;
    char *refusal = NULL;
    data_report report = {
        .source = arguments->source, .split = splits[arguments->options.split], .survey = survey, .table = table};
    gm_status status = gm_dataset_open(&dataset, arguments->source, options);
    bool asked = options->size[0] > 0 || options->fit || options->channels > 0 || options->sound->rate > 0 ||
                 options->sound->window > 0;
    report.sound = status == GM_OK || (status == GM_ERROR_ARGUMENT && !asked && survey->damaged == 0);
    if (status == GM_OK) {
        report.seen = gm_dataset_get_info(dataset);
    } else {
        refusal = copy_message();
        report.refusal = refusal ? refusal : "out of memory";
    }
    (arguments->json ? report_print_json : report_print)(&report);
    if (!report.sound)
        fail_with("%s", report.refusal);
    gm_dataset_close(&dataset);
    free(refusal);
    return report.sound;
}

static bool report(const data_arguments *arguments) {
    gm_survey *survey;
    gm_table_schema *table = NULL;
    bool done = gm_dataset_survey(&survey, arguments->source, &arguments->options) == GM_OK;
    gm_log_set(be_silent, NULL); // what is read again would say again what it said
    done = done && (!survey->table || gm_table_find(&table, arguments->source, NULL) == GM_OK);
    if (done)
        done = look(arguments, survey, table);
    else
        fail_with_message();
    gm_table_schema_destroy(&table);
    gm_survey_destroy(&survey);
    return done;
}

static bool is_for_schema(const data_arguments *arguments) {
    gm_dataset *dataset;
    if (gm_dataset_is_table(arguments->source))
        return true;
    if (gm_dataset_open(&dataset, arguments->source, &arguments->options) == GM_OK)
        fail_with("%s: is no table: --schema is for tables", arguments->source);
    else
        fail_with_message();
    gm_dataset_close(&dataset);
    return false;
}

static bool print_schema(const char *source) {
    gm_table_schema *table = NULL;
    char *text = NULL;
    bool done = gm_table_find(&table, source, NULL) == GM_OK && gm_table_schema_write(table, &text) == GM_OK;
    if (done)
        print_block(text);
    else
        fail_with_message();
    free(text);
    gm_table_schema_destroy(&table);
    return done;
}

// ---- Checking ----

static void print_damage(const char *message, void *user) {
    (void)user;
    print_line("%s", message);
}

static bool check(const data_arguments *arguments) {
    size_t damaged;
    if (gm_dataset_check(arguments->source, &arguments->options, print_damage, NULL, &damaged) != GM_OK) {
        fail_with_message();
        return false;
    }
    if (damaged == 0)
        print_line("%s: nothing is damaged", arguments->source);
    return damaged == 0;
}

// ---- Files ----

static bool draw(const data_arguments *arguments) {
    gm_dataset *dataset;
    bool done = gm_dataset_open(&dataset, arguments->source, &arguments->options) == GM_OK &&
                gm_dataset_draw(dataset, arguments->seed.value, GRID, GRID, arguments->picture) == GM_OK;
    gm_dataset_close(&dataset);
    if (done)
        print_line("%s", arguments->picture);
    else
        fail_with_message();
    return done;
}

static bool convert(const data_arguments *arguments) {
    if (gm_dataset_convert(arguments->source, &arguments->options, arguments->out) != GM_OK) {
        fail_with_message();
        return false;
    }
    print_line("%s", arguments->out);
    return true;
}

static bool run(const data_arguments *arguments) {
    if (arguments->check)
        return check(arguments);
    if (arguments->schema)
        return is_for_schema(arguments) && print_schema(arguments->source);
    if (!arguments->picture && !arguments->out)
        return report(arguments);
    return (!arguments->picture || draw(arguments)) && (!arguments->out || convert(arguments));
}

// ---- Options ----

static bool parse_name(const char *text, const char *const *names, size_t count, int *value) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) {
            *value = (int)i;
            return true;
        }
    return false;
}

// How clips are cut. False: a message says what is wrong.
static bool check_clips(const usage_text *usage, data_arguments *arguments) {
    int short_value = GM_SHORT_REFUSE;
    const bool said = arguments->frames.given || arguments->stride.given || arguments->hop.given;
    if ((said || arguments->short_films) && (arguments->check || arguments->schema))
        usage_error(usage, "--frames, --stride, --hop and --short are for the report and for writing: leave them out of"
                           " --check and --schema");
    else if (arguments->frames.given && (arguments->frames.value < 1 || arguments->frames.value > 4096))
        usage_error(usage, "--frames expects 1 to 4096");
    else if (arguments->stride.given && (arguments->stride.value < 1 || arguments->stride.value > 4096))
        usage_error(usage, "--stride expects 1 to 4096");
    else if (arguments->hop.given && (arguments->hop.value < 1 || arguments->hop.value > 1048576))
        usage_error(usage, "--hop expects 1 to 1048576");
    else if (arguments->short_films && !parse_name(arguments->short_films, shorts, COUNT(shorts), &short_value))
        usage_error(usage, "--short expects refuse or repeat, not '%s'", arguments->short_films);
    else {
        arguments->options.frames = (size_t)arguments->frames.value;
        arguments->options.frame_stride = (size_t)arguments->stride.value;
        arguments->options.frame_hop = (size_t)arguments->hop.value;
        arguments->options.short_films = (gm_short_films)short_value;
        return true;
    }
    return false;
}

// How sounds are read, as texts of the options.
typedef struct sound_words {
    option_number rate, window;
    const char *longer, *loudness;
} sound_words;

static bool check_sound(const usage_text *usage, data_arguments *arguments, const sound_words *words) {
    static const char *const longers[] = {[GM_SOUND_CUT] = "cut", [GM_SOUND_SLICE] = "slice"};
    static const char *const loudnesses[] = {[GM_SOUND_KEEP] = "keep", [GM_SOUND_PEAK] = "peak"};
    gm_sound_schema *sound = &arguments->sound;
    if (words->rate.given && (words->rate.value < 1 || words->rate.value > GM_SOUND_MOST_RATE))
        usage_error(usage, "--rate expects 1 to %d values a second", GM_SOUND_MOST_RATE);
    else if (words->window.given && (words->window.value < 1 || words->window.value > GM_SOUND_MOST_WINDOW))
        usage_error(usage, "--window expects 1 to %d values", GM_SOUND_MOST_WINDOW);
    else if (words->longer && !parse_name(words->longer, longers, COUNT(longers), &sound->longer))
        usage_error(usage, "--longer expects cut or slice, not '%s'", words->longer);
    else if (words->loudness && !parse_name(words->loudness, loudnesses, COUNT(loudnesses), &sound->loudness))
        usage_error(usage, "--loudness expects keep or peak, not '%s'", words->loudness);
    else {
        sound->rate = (size_t)words->rate.value;
        sound->window = (size_t)words->window.value;
        arguments->options.sound = sound;
        return true;
    }
    return false;
}

// Whether the name is a folder's, or ends as what can be written does.
// False: a message says what is wrong.
static bool check_arguments(const usage_text *usage, data_arguments *arguments, const option_number *channels,
                            const char *size, const char *fit, const char *split, const char *damaged) {
    int damaged_value = GM_DAMAGED_STOP;
    bool writes = arguments->picture || arguments->out;
    if (!option_size(usage, size, arguments->options.size) || !option_fit(usage, fit, &arguments->options.fit) ||
        !option_split(usage, split, &arguments->options.split))
        return false;
    if (damaged && !parse_name(damaged, damages, COUNT(damages), &damaged_value))
        usage_error(usage, "--damaged expects stop or skip, not '%s'", damaged);
    else if ((size || fit || channels->given || damaged) && (arguments->check || arguments->schema))
        usage_error(usage, "--size, --fit, --channels and --damaged are for the report and for writing: leave them out"
                           " of --check and --schema");
    else if (split && arguments->schema)
        usage_error(usage, "--split is not for tables: leave it out of --schema");
    else if (channels->given && (channels->value < 1 || channels->value > 4096))
        usage_error(usage, "--channels expects 1 to 4096");
    else if (arguments->check + arguments->schema + writes > 1)
        usage_error(usage, "--check, --schema and writing (--picture, -o) exclude each other");
    else if (arguments->json && (arguments->check || arguments->schema || writes))
        usage_error(usage, "--json is of the report: leave out --check, --schema, --picture and -o");
    else if (arguments->seed.given && !arguments->picture)
        usage_error(usage, "--seed chooses the items of a picture: --picture names none");
    else {
        arguments->options.damaged = (gm_damaged)damaged_value;
        arguments->options.channels = (size_t)channels->value;
        return true;
    }
    return false;
}

int command_data(int count, char **words) {
    data_arguments arguments = {.options = {.usual_hold = GM_HOLD_NO, .prefix = "--", .named = true}};
    option_number channels = {0};
    sound_words sound = {0};
    const char *size = NULL, *fit = NULL, *split = NULL, *damaged = NULL;
    const option_row options[] = {
        {"--check", NULL, OPTION_FLAG, &arguments.check,
         "read everything and list every damaged file, a line each; exit code 1 if there are any"},
        {"--picture", "FILE", OPTION_TEXT, &arguments.picture, "draw random items: FILE.png, .jpg or .webp"},
        {"--seed", "N", OPTION_NUMBER, &arguments.seed, "which random items (default 0)"},
        {"-o", "FILE|DIR", OPTION_TEXT, &arguments.out,
         "write the data as .zip or DIR (pictures; of sounds WAV), .npz or .npy; a table as .csv or .tsv. A FILE that "
         "is there is"
         " replaced; a DIR must be new or empty"},
        {"--size", "HxW", OPTION_TEXT, &size, "height and width that pictures are brought to; 64: 64x64"},
        {"--fit", "pad", OPTION_TEXT, &fit, "how: pad, resize or crop"},
        {"--channels", "N", OPTION_NUMBER, &channels,
         "1 for grey, or of sounds one channel that is the mean of all; 3 for colours"},
        {"--rate", "HZ", OPTION_NUMBER, &sound.rate, "values in a second that sounds are brought to"},
        {"--window", "N", OPTION_NUMBER, &sound.window, "values in each item of sounds"},
        {"--longer", "cut", OPTION_TEXT, &sound.longer,
         "of sounds longer than the window: cut out the middle, or slice them into windows"},
        {"--trim", NULL, OPTION_FLAG, &arguments.sound.trim, "leave out the silence at both ends of sounds first"},
        {"--loudness", "keep", OPTION_TEXT, &sound.loudness, "keep it, or peak: each sound's largest value becomes 1"},
        {"--frames", "N", OPTION_NUMBER, &arguments.frames,
         "read clips of N frames: animations, folders of pictures, arrays T x C x H x W"},
        {"--stride", "K", OPTION_NUMBER, &arguments.stride, "of clips: take every K-th frame"},
        {"--hop", "N", OPTION_NUMBER, &arguments.hop,
         "of longer clips: frames from the beginning of one to that of the next (default: they do not overlap)"},
        {"--short", "refuse", OPTION_TEXT, &arguments.short_films,
         "refuse clips with fewer frames, or repeat their last one"},
        {"--split", "train", OPTION_TEXT, &split, "train or test"},
        {"--damaged", "stop", OPTION_TEXT, &damaged,
         "stop at pictures that cannot be read, or skip them, as long as they are no more than 1 % of all"},
        {"--schema", NULL, OPTION_FLAG, &arguments.schema,
         "print a table's columns as YAML, which can be edited and given as data.columns"},
        {"--json", NULL, OPTION_FLAG, &arguments.json, "the report as one JSON object"},
    };
    const usage_text usage = {
        .command = "ganymede data",
        .arguments = "SRC",
        .summary =
            "Says what is in a data set: format, sizes, channels, values, classes, duplicates, damaged files, and\n"
            "what networks will see of it. SRC is a folder, file or name, as --data of ganymede train takes it.\n"
            "Exit code 1 where they would see nothing of it: of damaged files, or by these options.",
        .example = "ganymede data photos --size 64 --fit crop -o photos64.zip",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &arguments.source, &exit_code))
        return exit_code;
    if (!check_arguments(&usage, &arguments, &channels, size, fit, split, damaged) ||
        !check_clips(&usage, &arguments) || !check_sound(&usage, &arguments, &sound))
        return EXIT_USAGE;
    if (arguments.picture &&
        !option_output(&usage, "--picture", arguments.picture, ".png, .jpg or .webp", false, &exit_code))
        return exit_code;
    if (arguments.out && !option_ending(&usage, "-o", arguments.out, ".zip, .npz, .npy, .csv or .tsv", &(bool){true}))
        return EXIT_USAGE;
    return run(&arguments) ? EXIT_OK : EXIT_ERROR;
}

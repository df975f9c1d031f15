// ganymede sample: samples of a trained run, in one file or in a folder with a file for each. Long because it has so
// many options.
#include "command.h"
#include "latents.h"
#include "nearest.h"
#include "ranges.h"
#include "texts.h"

#include "ganymede/data.h"
#include "ganymede/sampler.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEP_COLUMNS = 10 };

typedef struct sample_arguments {
    const char *run, *device, *out, *npy;
    bool folder; // `out` is one
    bool flat;
    bool standard; // `out` is none that was asked for: texts are printed
    texts_options texts;
    uint64_t *seeds;
    size_t count, rows, columns;
    option_number quality, depth, channel, frame_ms;
    const char *format, *class;
    code_range codes[MOST_CODES];
    size_t code_count;                // 0: all by the seeds
    size_t sweep;                     // columns along which codes change, each row for one seed; 0: none changes
    const char *latents, *directions; // files
    double truncation;
    option_number nearest;
    option_list conditions; // on rows of tables; their seeds are found
    bool shifted;           // along `direction`
    direction_range direction;
} sample_arguments;

// The seeds that the text names, each as often as a sweep has columns. False: a message says why not.
static bool list_seeds(const usage_text *usage, const char *text, sample_arguments *arguments, int *exit_code) {
    size_t named, columns = arguments->sweep > 0 ? arguments->sweep : 1;
    *exit_code = EXIT_USAGE;
    if (!seeds_count(text, &named)) {
        usage_error(
            usage, "--seeds expects numbers and ranges such as 0-63 or 1,5,9-12, of 10,000,000 seeds at most, not '%s'",
            text);
        return false;
    }
    if (named > MOST_SAMPLES / columns) {
        usage_error(usage, "a sweep makes %zu samples of each seed, which are too many", columns);
        return false;
    }
    arguments->count = named * columns;
    arguments->seeds = malloc(arguments->count * sizeof *arguments->seeds);
    if (!arguments->seeds) {
        *exit_code = fail_with("out of memory for %zu seeds; ask for fewer --seeds", arguments->count);
        return false;
    }
    seeds_list(text, arguments->seeds);
    for (size_t i = arguments->count; columns > 1 && i-- > 0;) // from the end: each is read before it is replaced
        arguments->seeds[i] = arguments->seeds[i / columns];
    if (arguments->sweep > 0 && arguments->rows == 0)
        arguments->rows = named;
    return true;
}

// The seeds whose rows meet the conditions, and their codes; false: a message says why not.
static bool find_rows(sample_arguments *arguments, gm_sampler *sampler, const gm_sampler_info *info, float **codes) {
    size_t width = info->categorical_codes + info->continuous_codes;
    *codes = malloc((arguments->count + 1) * (width + 1) * sizeof **codes);
    if (!*codes) {
        fail_with("out of memory for %zu rows; ask for a smaller --count", arguments->count);
        return false;
    }
    if (gm_sampler_find_rows(sampler, arguments->conditions.entries, arguments->conditions.count, arguments->count,
                             arguments->seeds, *codes) != GM_OK) {
        fail_with_message();
        return false;
    }
    for (size_t i = width; i < arguments->count * width; i++)
        (*codes)[i] = (*codes)[i - width];
    if (width == 0) {
        free(*codes);
        *codes = NULL;
    }
    return true;
}

// The codes of every sample; false: a message says why not.
static bool make_codes(sample_arguments *arguments, gm_sampler *sampler, const gm_sampler_info *info, float **codes) {
    size_t width = info->categorical_codes + info->continuous_codes;
    *codes = NULL;
    if (arguments->conditions.count > 0)
        return find_rows(arguments, sampler, info, codes);
    if (arguments->code_count == 0)
        return true;
    if (arguments->code_count != width) {
        fail_with("--codes sets %zu, but %s has %zu categorical and %zu continuous latent codes", arguments->code_count,
                  arguments->run, info->categorical_codes, info->continuous_codes);
        return false;
    }
    *codes = malloc(arguments->count * width * sizeof **codes);
    if (!*codes) {
        fail_with("out of memory for %zu codes; ask for fewer --seeds", arguments->count * width);
        return false;
    }
    for (size_t i = 0; i < arguments->count * width; i++) {
        const code_range *c = &arguments->codes[i % width];
        size_t column = arguments->sweep > 0 ? i / width % arguments->sweep : 0;
        double share = arguments->sweep > 1 ? (double)column / (double)(arguments->sweep - 1) : 0;
        double value = c->first + share * (c->last - c->first);
        bool whole = i % width < info->categorical_codes && (c->first < c->last || c->first > c->last);
        (*codes)[i] = (float)(whole ? round(value) : value);
    }
    return true;
}

// The latents of every sample, where they are not just those of the seeds; false: a message says why not.
static bool make_latents(const sample_arguments *arguments, gm_sampler *sampler, const float *codes, latents *made) {
    bool truncated = arguments->truncation < 1 || arguments->truncation > 1;
    if (!arguments->latents && !arguments->shifted && !truncated)
        return true;
    if (!arguments->latents && !latents_of_seeds(made, sampler, arguments->seeds, codes, arguments->count))
        return false;
    gm_sampler_truncate(sampler, arguments->truncation, made->count, made->values);
    return !arguments->shifted || latents_shift(made, sampler, &arguments->direction, arguments->directions,
                                                arguments->sweep > 0 ? arguments->sweep : 1);
}

// Of a file of latents each is a sample, or a row of a sweep.
static bool read_latents(sample_arguments *arguments, const gm_sampler_info *info, latents *made) {
    latents file = {0};
    size_t columns = arguments->sweep > 0 ? arguments->sweep : 1;
    if (!latents_read(&file, arguments->latents, info))
        return false;
    bool done = latents_repeat(made, &file, info, columns);
    arguments->count = made->count;
    arguments->seeds = done ? malloc(made->count * sizeof *arguments->seeds) : NULL;
    for (size_t i = 0; arguments->seeds && i < made->count; i++)
        arguments->seeds[i] = i / columns;
    if (done && arguments->sweep > 0 && arguments->rows == 0)
        arguments->rows = file.count;
    if (done && arguments->rows * arguments->columns > 0 && arguments->rows * arguments->columns < made->count) {
        done = false;
        fail_with("--grid %zux%zu has too few cells for %zu samples", arguments->columns, arguments->rows, made->count);
    } else if (done && !arguments->seeds)
        fail_with("out of memory for %zu samples", made->count);
    latents_finish(&file);
    return done && arguments->seeds;
}

// The labels of every sample; false: a message says why not.
static bool make_labels(const sample_arguments *arguments, const gm_sampler *sampler, int32_t **labels) {
    int32_t label;
    *labels = NULL;
    if (!arguments->class)
        return true;
    if (gm_sampler_find_class(sampler, arguments->class, &label) != GM_OK) {
        fail_with_message();
        return false;
    }
    *labels = malloc(arguments->count * sizeof **labels);
    if (!*labels) {
        fail_with("out of memory for %zu labels; ask for fewer --seeds", arguments->count);
        return false;
    }
    for (size_t i = 0; i < arguments->count; i++)
        (*labels)[i] = label;
    return true;
}

// The arrays of --npy beside a file or folder take none of its options.
static gm_write_options options_of(const sample_arguments *arguments, const gm_write_options *options, bool npy) {
    return npy && arguments->out ? (gm_write_options){.seeds = options->seeds, .labels = options->labels} : *options;
}

// Makes all samples and writes them to each of the files that are asked for.
static bool write_files(const sample_arguments *arguments, gm_sampler *sampler, const gm_sampler_info *info,
                        const gm_write_options *options, const float *codes, const float *from) {
    const bool print = info->text && arguments->standard;
    const char *const files[] = {arguments->npy, arguments->folder || print ? NULL : arguments->out};
    const gm_write_options of_files[] = {options_of(arguments, options, true), *options};
    float *samples = NULL;
    bool done = true;
    for (size_t i = 0; i < COUNT(files) && done; i++)
        done = !files[i] || gm_sampler_check_write(sampler, files[i], &of_files[i]) == GM_OK;
    if (done && (files[0] || files[1] || print)) {
        samples = calloc(arguments->count, info->values * sizeof *samples);
        if (!samples) {
            fail_with("out of memory for %zu samples; ask for fewer --seeds", arguments->count);
            return false;
        }
        done =
            (from ? gm_sampler_generate_from(sampler, from, options->labels, options->seeds, arguments->count, samples)
                  : gm_sampler_generate(sampler, options->seeds, options->labels, codes, arguments->count, samples)) ==
            GM_OK;
    }
    if (done && arguments->nearest.given) {
        if (info->privacy)
            fprintf(stderr, "ganymede: warning: --nearest shows real data, which the run's privacy says nothing of\n");
        done = nearest_write(sampler, arguments->out, samples, arguments->seeds, arguments->count,
                             (size_t)arguments->nearest.value);
        free(samples);
        return done;
    }
    for (size_t i = 0; i < COUNT(files) && done; i++) {
        if (!files[i])
            continue;
        done = gm_sampler_write(sampler, files[i], samples, arguments->count, &of_files[i]) == GM_OK;
        if (done)
            print_line("%s", files[i]);
    }
    if (done && print)
        done = texts_print(sampler, samples, arguments->count, info->values);
    if (!done)
        fail_with_message();
    free(samples);
    return done;
}

static bool write_folder(const sample_arguments *arguments, gm_sampler *sampler, const gm_write_options *options,
                         const float *codes, const float *from) {
    if (!arguments->folder)
        return true;
    if ((from ? gm_sampler_write_folder_from(sampler, arguments->out, from, arguments->count, options)
              : gm_sampler_write_folder(sampler, arguments->out, codes, arguments->count, options)) != GM_OK) {
        fail_with_message();
        return false;
    }
    print_line("%s", arguments->out);
    return true;
}

static int sample(sample_arguments *arguments) {
    bool done = false;
    gm_sampler *sampler = NULL;
    gm_sampler_info info;
    float *codes = NULL;
    int32_t *labels = NULL;
    latents made = {0};
    if (gm_sampler_open(&sampler, arguments->run, arguments->device) != GM_OK)
        return fail_with_message();
    if (!texts_settle(sampler, &arguments->texts)) {
        gm_sampler_close(&sampler);
        return EXIT_ERROR;
    }
    gm_sampler_get_info(sampler, &info);
    if ((!arguments->latents || read_latents(arguments, &info, &made)) && make_labels(arguments, sampler, &labels) &&
        make_codes(arguments, sampler, &info, &codes) && make_latents(arguments, sampler, codes, &made)) {
        const gm_write_options options = {.rows = arguments->rows,
                                          .columns = arguments->columns,
                                          .channel = arguments->channel.value,
                                          .depth = arguments->depth.value,
                                          .quality = arguments->quality.value,
                                          .frame_ms = arguments->frame_ms.value,
                                          .format = arguments->format,
                                          .flat = arguments->flat,
                                          .seeds = arguments->seeds,
                                          .labels = labels ? labels : made.labels};
        done = write_files(arguments, sampler, &info, &options, codes, made.values) &&
               write_folder(arguments, sampler, &options, codes, made.values);
    }
    if (done && info.privacy)
        print_line("privacy: %s", info.privacy);
    free(labels);
    free(codes);
    latents_finish(&made);
    gm_sampler_close(&sampler);
    return done ? EXIT_OK : EXIT_ERROR;
}

// ---- Options ----

static bool has_ending(const char *path, const char *ending) {
    const gm_sample_format *format;
    return gm_sample_format_find(path, &format) == GM_OK && strcmp(format->ending, ending) == 0;
}

static bool is_picture(const char *path) {
    return has_ending(path, ".png") || has_ending(path, ".jpg") || has_ending(path, ".webp");
}

// False: a message says what is wrong with the options that decide on files.
static bool check_files(const usage_text *usage, sample_arguments *arguments, const char *grid, int *exit_code) {
    *exit_code = EXIT_USAGE;
    arguments->standard = !arguments->out && !arguments->npy;
    if (arguments->standard)
        arguments->out = "samples.png";
    arguments->folder = arguments->out && names_folder(arguments->out);
    if (!option_format(usage, arguments->format, "png, jpeg, webp, tiff, npy, npz, csv, tsv, txt, wav or flac"))
        return false;
    if (arguments->format && !arguments->folder)
        usage_error(usage, "--format is of a folder's files: -o names none");
    else if (arguments->flat && !arguments->folder)
        usage_error(usage, "--flat is of a folder's files: -o names none");
    else if (arguments->quality.given && (arguments->quality.value < 1 || arguments->quality.value > 100))
        usage_error(usage, "--quality expects 1 to 100");
    else if (arguments->depth.given && arguments->depth.value != 8 && arguments->depth.value != 16 &&
             arguments->depth.value != 32)
        usage_error(usage, "--depth expects 8, 16 or 32 bits");
    else if (arguments->frame_ms.given && arguments->frame_ms.value == 0)
        usage_error(usage, "--frame-ms expects 1 or more milliseconds");
    else if (arguments->channel.given && arguments->channel.value == 0)
        usage_error(usage, "--channel counts from 1");
    else if (arguments->frame_ms.value > 0 &&
             (!arguments->out || arguments->folder || !has_ending(arguments->out, ".webp")))
        usage_error(usage, "--frame-ms is for animations: -o FILE.webp");
    else if (arguments->frame_ms.value > 0 && grid)
        usage_error(usage, "--frame-ms shows one sample at a time: leave --grid out");
    else
        return (!arguments->out ||
                option_output(usage, "-o", arguments->out,
                              ".png, .jpg, .webp, .tiff, .npy, .npz, .csv, .tsv, .txt, .wav or .flac", true,
                              exit_code)) &&
               (!arguments->npy || option_output(usage, "--npy", arguments->npy, ".npy", false, exit_code));
    return false;
}

static int sample_latents(sample_arguments *arguments) {
    int exit_code = sample(arguments);
    free(arguments->seeds);
    return exit_code;
}

static int run_sample(int count, char **words, const char **entries) {
    sample_arguments arguments = {.truncation = 1, .nearest.value = 5, .conditions.entries = entries};
    option_number number = {0};
    const char *seeds = NULL, *grid = NULL, *codes = NULL, *truncation = NULL, *direction = NULL;
    const option_row options[] = {
        {"--seeds", "0-63", OPTION_TEXT, &seeds,
         "which samples: numbers and ranges with commas (default 0 to the cells of the grid, 0-63 without one;"
         " of a sweep its rows, 0-7)"},
        {"--count", "N", OPTION_NUMBER, &number, "so many samples: those of the seeds from 0 on, in place of --seeds"},
        {"--where", "CUT=Fair", OPTION_LIST, &arguments.conditions,
         "of rows of tables: only those of which this is true, COLUMN, one of = != < <= > >=, and a value; may be "
         "given "
         "again: then all must be true; rows are drawn until there are --count (default 64), and a generator that "
         "takes "
         "conditions is asked for the first category"},
        {"--keep", "'x > 0'", OPTION_LIST, &arguments.conditions, "the same"},
        {"--class", "NAME", OPTION_TEXT, &arguments.class,
         "of a class-conditional generator: a class's name or number (default: each seed modulo the classes)"},
        {"--codes", "3,*,-1..1", OPTION_TEXT, &codes,
         "InfoGAN's codes: a value each, * for the seed's own, FIRST..LAST along the columns (a row per seed)"},
        {"--truncation", "PSI", OPTION_TEXT, &truncation,
         "nearer to the mean, which costs variety: z, or w at a layer `truncation`, less the mean times PSI (default "
         "1)"},
        {"--direction", "3=-3..3", OPTION_TEXT, &direction,
         "add so much of a latent direction to z, FIRST..LAST along the columns (a row per seed); 0 is the strongest"},
        {"--directions", "FILE.npy", OPTION_TEXT, &arguments.directions,
         "of ganymede directions (default: those of the generator's first weights)"},
        {"--latents", "FILE.npy", OPTION_TEXT, &arguments.latents,
         "in place of seeds: an array of latents, such as of ganymede project"},
        {"--nearest", "K", OPTION_COUNT, &arguments.nearest,
         "a row for each sample with the K (default 5) real images of the training data that are nearest by pixels, and"
         " where these have labels those nearest by a classifier's features"},
        {"--start", "TEXT", OPTION_TEXT, &arguments.texts.start, "of a language model: what every text begins with"},
        {"--temperature", "T", OPTION_TEXT, &arguments.texts.temperature,
         "of a language model: below 1 likelier texts, which differ less (default 1)"},
        {"--length", "N", OPTION_NUMBER, &arguments.texts.length,
         "of a language model: symbols of a text, the start's among them (default: the recipe's)"},
        {"--grid", "8x8", OPTION_TEXT, &grid, "columns x rows of the picture (default: near a square)"},
        {"-o", "FILE|DIR", OPTION_TEXT, &arguments.out,
         "FILE.png, .jpg or .webp: a picture; .tiff: a page each; .npy, .npz: an array; .csv, .tsv: points, or rows of "
         "a"
         " table as it has them; DIR: a file each, a sub-folder for each class; .txt: texts, a line each (default: "
         "samples.png, "
         "unless --npy is given; texts are printed). A FILE that is there is replaced; a DIR must be new or empty"},
        {"--format", "png", OPTION_TEXT, &arguments.format,
         "of a folder's files: png, jpeg, webp, tiff, npy, npz, csv, tsv, txt, wav or flac (default: png, of other "
         "than 1 or 3"
         " channels tiff, of a table csv, of texts txt, of sounds wav)"},
        {"--flat", NULL, OPTION_FLAG, &arguments.flat,
         "all files of a folder side by side, with their classes in labels.csv (default: a sub-folder for each class)"},
        {"--npy", "FILE", OPTION_TEXT, &arguments.npy, "float32 array: N,C,H,W in the recipe's range, or N,d"},
        {"--quality", "95", OPTION_NUMBER, &arguments.quality, "of JPEG"},
        {"--depth", "BITS", OPTION_NUMBER, &arguments.depth,
         "of PNG 8 or 16, of TIFF 8, 16 or 32: floats in the recipe's range (default: 8, of TIFF 16)"},
        {"--channel", "K", OPTION_NUMBER, &arguments.channel, "a picture of this channel alone, in grey; from 1"},
        {"--frame-ms", "MS", OPTION_NUMBER, &arguments.frame_ms,
         "an animated FILE.webp that shows each sample for so long"},
        {"--device", "SEL", OPTION_TEXT, &arguments.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
    };
    const usage_text usage = {
        .command = "ganymede sample",
        .arguments = "RUN",
        .summary = "Draws samples from the newest checkpoint of a run folder, or from one .safetensors file in it.\n"
                   "A sample depends on its own seed alone.",
        .example = "ganymede sample runs/00000-dcgan-fashion --seeds 0-63 --grid 8x8 -o grid.png",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    bool sweeps = false, along = false;
    if (!options_parse(&usage, count, words, &arguments.run, &exit_code))
        return exit_code;
    if (!check_files(&usage, &arguments, grid, &exit_code))
        return exit_code;
    if (!texts_check(&usage, &arguments.texts))
        return EXIT_USAGE;
    if (grid && !grid_parse(grid, &arguments.columns, &arguments.rows))
        return usage_error(&usage, "--grid expects COLUMNSxROWS such as 8x8, 1 to 4096 each, not '%s'", grid);
    if (codes && !codes_parse(codes, arguments.codes, &arguments.code_count, &sweeps))
        return usage_error(
            &usage, "--codes expects numbers, * and FIRST..LAST with commas, such as 3,*,-1..1, not '%s'", codes);
    if (truncation && !number_parse(truncation, &arguments.truncation))
        return usage_error(&usage, "--truncation expects a number such as 0.7, not '%s'", truncation);
    if (direction && !direction_parse(direction, &arguments.direction, &along))
        return usage_error(&usage, "--direction expects K=FIRST..LAST such as 3=-3..3, or K=VALUE, not '%s'",
                           direction);
    if (arguments.directions && !direction)
        return usage_error(&usage, "--directions is for --direction K=FIRST..LAST, which says the one to take");
    if (number.given && (number.value < 1 || number.value > MOST_SAMPLES))
        return usage_error(&usage, "--count expects 1 to %d", MOST_SAMPLES);
    if (number.given && (seeds || arguments.latents))
        return usage_error(&usage, "--count stands in place of --seeds and --latents");
    if (arguments.conditions.count > 0 && (seeds || codes || arguments.latents || direction || sweeps))
        return usage_error(&usage,
                           "--where and --keep find the seeds: leave out --seeds, --codes, --latents and sweeps");
    if (arguments.latents && (seeds || codes))
        return usage_error(&usage, "--latents stands in place of --seeds and --codes");
    if (arguments.nearest.given && (arguments.nearest.value < 1 || arguments.nearest.value > 100))
        return usage_error(&usage, "--nearest expects 1 to 100");
    if (arguments.nearest.given && (grid || arguments.npy || along || sweeps || !is_picture(arguments.out)))
        return usage_error(&usage, "--nearest draws a picture of its own, -o FILE.png, .jpg or .webp: leave out --grid,"
                                   " --npy and sweeps");
    arguments.shifted = direction != NULL;
    sweeps = sweeps || along;
    if (sweeps)
        arguments.sweep = arguments.columns = arguments.columns > 0 ? arguments.columns : SWEEP_COLUMNS;
    else if (grid && (!arguments.out || arguments.folder || !is_picture(arguments.out)))
        return usage_error(&usage, "--grid is of a picture: -o names none");
    char standard[40]; // as many as the grid has cells, of a sweep rows
    size_t cells = arguments.rows * (sweeps ? 1 : arguments.columns);
    snprintf(standard, sizeof standard, "0-%zu", (cells > 0 ? cells : sweeps || arguments.nearest.given ? 8 : 64) - 1);
    if (number.given)
        snprintf(standard, sizeof standard, "0-%llu", (unsigned long long)number.value - 1);
    if (arguments.latents)
        return sample_latents(&arguments);
    if (!list_seeds(&usage, seeds ? seeds : standard, &arguments, &exit_code))
        return exit_code;
    if (grid && arguments.columns * arguments.rows < arguments.count) {
        exit_code = usage_error(&usage, "--grid %s has %zu cells for %zu samples", grid,
                                arguments.columns * arguments.rows, arguments.count);
    } else {
        exit_code = sample(&arguments);
    }
    free(arguments.seeds);
    return exit_code;
}

int command_sample(int count, char **words) {
    const char **entries = malloc((size_t)(count > 0 ? count : 1) * sizeof *entries); // of --where and --keep
    if (!entries)
        return fail_with("out of memory for %d arguments", count);
    int exit_code = run_sample(count, words, entries);
    free(entries);
    return exit_code;
}

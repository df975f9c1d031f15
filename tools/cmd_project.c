// ganymede project: the latents whose samples come nearest to given images.
#include "command.h"
#include "images.h"
#include "latents.h"

#include "ganymede/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LISTED = 20, MOST_ROWS = 16 };

typedef struct project_arguments {
    const char *run, *device, *out, *class;
    gm_split split;
    const char **sources;
    size_t source_count;
    option_number count;
    gm_project_options search;
    bool json;
} project_arguments;

// What is searched for, and what is found.
typedef struct projection {
    images of;
    float *samples, *latents, *mean; // (count, item), (count, latent), (item)
    int32_t *labels, *found;         // (count)
    bool labelled;                   // the labels are those of the images
    size_t item;
} projection;

static void projection_finish(projection *p) {
    images_finish(&p->of);
    free(p->samples);
    free(p->latents);
    free(p->mean);
    free(p->labels);
    free(p->found);
}

// ---- Images ----

static bool read_images(projection *p, const project_arguments *arguments, const gm_sampler *sampler,
                        const gm_sampler_info *info) {
    image_wish wish = {.data = info->data,
                       .options = info->data_options,
                       .size = {info->channels, info->height, info->width},
                       .low = info->low,
                       .high = info->high};
    wish.options.count = (size_t)arguments->count.value;
    wish.options.split = arguments->split;
    if (!images_read(&p->of, arguments->sources, arguments->source_count, &wish))
        return false;
    p->item = info->values;
    p->samples = calloc(p->of.count, p->item * sizeof *p->samples);
    p->latents = calloc(p->of.count, info->latent * sizeof *p->latents);
    p->mean = calloc(p->item, sizeof *p->mean);
    p->found = calloc(p->of.count, sizeof *p->found);
    p->labels = calloc(p->of.count, sizeof *p->labels);
    if (!p->samples || !p->latents || !p->mean || !p->found || !p->labels)
        return fail_with("out of memory for %zu images", p->of.count) == EXIT_OK;
    p->labelled = arguments->class || (p->of.labels && p->of.classes <= info->classes);
    if (p->of.labels && !arguments->class)
        memcpy(p->labels, p->of.labels, p->of.count * sizeof *p->labels);
    if (!arguments->class)
        return true;
    if (gm_sampler_find_class(sampler, arguments->class, p->labels) != GM_OK)
        return fail_with_message() == EXIT_OK;
    for (size_t i = 1; i < p->of.count; i++)
        p->labels[i] = p->labels[0];
    return true;
}

// ---- Files ----

// The images, each with what was found below it.
static bool write_pairs(const projection *p, const gm_sampler_info *info, const char *path) {
    size_t count = p->of.count < MOST_ROWS ? p->of.count : MOST_ROWS;
    float *both = malloc(2 * count * p->item * sizeof *both);
    if (!both)
        return fail_with("out of memory for a picture") == EXIT_OK;
    memcpy(both, p->of.values, count * p->item * sizeof *both);
    memcpy(both + count * p->item, p->samples, count * p->item * sizeof *both);
    gm_status status = gm_image_grid(path, both,
                                     &(gm_image_grid_params){.count = 2 * count,
                                                             .channels = info->channels,
                                                             .height = info->height,
                                                             .width = info->width,
                                                             .rows = 2,
                                                             .columns = count,
                                                             .low = info->low,
                                                             .high = info->high});
    free(both);
    return status == GM_OK || fail_with_message() == EXIT_OK;
}

// latents.npy, latents_labels.npy of conditional models, pairs.png, and a file of each sample.
static bool write_results(const projection *p, const gm_sampler_info *info, gm_sampler *sampler, const char *out) {
    size_t length = strlen(out) + 32;
    char *path = malloc(length);
    float *labels = malloc(p->of.count * sizeof *labels);
    bool done = path && labels;
    if (!done)
        fail_with("out of memory");
    done = done && (gm_sampler_write_each(sampler, out, p->samples, p->of.count, NULL) == GM_OK ||
                    fail_with_message() == EXIT_OK);
    if (done) {
        snprintf(path, length, "%s/latents.npy", out);
        done = gm_npy_write(path, p->latents, 2, (const size_t[]){p->of.count, info->latent}) == GM_OK ||
               fail_with_message() == EXIT_OK;
    }
    if (done && info->classes > 0) {
        for (size_t i = 0; i < p->of.count; i++)
            labels[i] = (float)p->found[i];
        snprintf(path, length, "%s/latents_labels.npy", out);
        done = gm_npy_write(path, labels, 1, &p->of.count) == GM_OK || fail_with_message() == EXIT_OK;
    }
    if (done && info->ranged) {
        snprintf(path, length, "%s/pairs.png", out);
        done = write_pairs(p, info, path);
    }
    free(path);
    free(labels);
    return done;
}

// ---- Figures ----

// Of one image, in [0, 1] where values have a range.
static double squared_error(const projection *p, const gm_sampler_info *info, size_t i, const float *guess) {
    double reach = info->ranged ? info->high - info->low : 1, sum = 0;
    for (size_t k = 0; k < p->item; k++) {
        double d = ((double)guess[k] - (double)p->of.values[i * p->item + k]) / reach;
        sum += d * d;
    }
    return sum / (double)p->item;
}

static void print_figures(const projection *p, const gm_sampler_info *info, bool json) {
    double error = 0, mean = 0;
    for (size_t i = 0; i < p->of.count; i++) {
        double here = squared_error(p, info, i, p->samples + i * p->item);
        error += here / (double)p->of.count;
        mean += squared_error(p, info, i, p->mean) / (double)p->of.count;
        if (!json && i < MOST_LISTED)
            print_line("%08zu  mean squared error %.5f", i, here);
    }
    if (json) {
        printf("{\"count\": %zu, \"error\": ", p->of.count);
        print_json_number(error);
        printf(", \"error_of_mean\": ");
        print_json_number(mean);
        printf("}\n");
        return;
    }
    if (p->of.count > MOST_LISTED)
        print_line("... and %zu more", p->of.count - MOST_LISTED);
    print_line("mean squared error %.5f, of the mean image %.5f: %.3f of it%s", error, mean, error / mean,
               info->ranged ? " (values in [0, 1])" : "");
}

static int project(const project_arguments *arguments) {
    gm_sampler *sampler = NULL;
    gm_sampler_info info;
    projection p = {0};
    if (gm_sampler_open(&sampler, arguments->run, arguments->device) != GM_OK)
        return fail_with_message();
    gm_sampler_get_info(sampler, &info);
    bool done =
        info.frames == 0 || fail_with("%s: makes clips, and only images are projected", arguments->run) == EXIT_OK;
    done = done && read_images(&p, arguments, sampler, &info);
    if (done && (gm_sampler_project(sampler, p.of.values, p.labelled && info.classes > 0 ? p.labels : NULL, p.of.count,
                                    &arguments->search, p.latents, p.found, p.samples) != GM_OK ||
                 gm_sampler_mean_item(sampler, p.mean) != GM_OK))
        done = fail_with_message() == EXIT_OK;
    done = done && write_results(&p, &info, sampler, arguments->out);
    if (done)
        print_figures(&p, &info, arguments->json);
    projection_finish(&p);
    gm_sampler_close(&sampler);
    return done ? EXIT_OK : EXIT_ERROR;
}

// ---- Options ----

int command_project(int count, char **words) {
    project_arguments arguments = {0};
    option_number starts = {0}, steps = {0};
    const char *split = NULL, *rate = NULL, *features = NULL, *weight = NULL, **words_found;
    int exit_code;
    const option_row options[] = {
        {"-o", "DIR", OPTION_TEXT, &arguments.out,
         "a folder for latents.npy, which sample and interpolate take as --latents, the samples found, and pairs.png"},
        {"--starts", "N", OPTION_NUMBER, &starts, "searches for each image, of which the best counts (default 2)"},
        {"--steps", "N", OPTION_NUMBER, &steps, "steps of Adam of each search (default 250)"},
        {"--rate", "R", OPTION_TEXT, &rate, "Adam's learning rate, which falls by half a cosine (default 0.05)"},
        {"--features", "auto", OPTION_TEXT, &features,
         "also by the distance on a classifier's features: auto, one of the run's data, trained here; or a"
         " classifier's run"},
        {"--feature-weight", "W", OPTION_TEXT, &weight, "of that distance beside the mean squared error (default 0.1)"},
        {"--class", "NAME", OPTION_TEXT, &arguments.class,
         "of a class-conditional generator: of all images (default: their labels, else that of the nearest sample)"},
        {"--split", "test", OPTION_TEXT, &split, "of sources with splits: train or test (default train)"},
        {"--count", "N", OPTION_NUMBER, &arguments.count, "only the first N items of each source"},
        {"--device", "SEL", OPTION_TEXT, &arguments.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &arguments.json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede project",
        .arguments = "RUN FILE...",
        .summary =
            "Finds the latents of a trained run whose samples come nearest to given images (pictures, or whatever\n"
            "ganymede data reads), and says how near beside the mean image of the run's data.",
        .example = "ganymede project runs/00000-dcgan-fashion shoe.png coat.png -o found",
        .options = options,
        .option_count = COUNT(options),
        .least = 2,
        .most = (size_t)count,
    };
    words_found = calloc((size_t)count + 1, sizeof *words_found);
    if (!words_found)
        return fail_with("out of memory");
    if (!options_parse(&usage, count, words, words_found, &exit_code))
        goto done;
    arguments.run = words_found[0];
    arguments.sources = words_found + 1;
    while (arguments.sources[arguments.source_count])
        arguments.source_count++;
    arguments.search = (gm_project_options){.starts = (size_t)starts.value, .steps = (size_t)steps.value};
    arguments.search.features = features ? 0.1 : 0;
    arguments.search.features_of = features && strcmp(features, "auto") != 0 ? features : NULL;
    exit_code = EXIT_OK;
    if (!arguments.out)
        exit_code = usage_error(&usage, "-o DIR is wanted, a folder for what is found");
    else if ((starts.given && (starts.value < 1 || starts.value > 1024)) ||
             (steps.given && (steps.value < 1 || steps.value > 1000000)))
        exit_code = usage_error(&usage, "--starts expects 1 to 1024, --steps 1 to 1000000");
    else if (rate && (!number_parse(rate, &arguments.search.rate) || arguments.search.rate <= 0))
        exit_code = usage_error(&usage, "--rate expects a number above 0, not '%s'", rate);
    else if (weight &&
             (!features || !number_parse(weight, &arguments.search.features) || arguments.search.features <= 0))
        exit_code =
            usage_error(&usage, "--feature-weight expects a number above 0, beside --features, not '%s'", weight);
    else if (!option_split(&usage, split, &arguments.split))
        exit_code = EXIT_USAGE;
    else if (arguments.count.given && arguments.count.value == 0)
        exit_code = usage_error(&usage, "--count expects at least 1");
    if (exit_code == EXIT_OK && option_output(&usage, "-o", arguments.out, NULL, true, &exit_code))
        exit_code = project(&arguments);
done:
    free(words_found);
    return exit_code;
}

// ganymede directions: along which directions of z a generator's samples change most.
#include "command.h"
#include "latents.h"

#include "ganymede/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 10, STEPS = 7, MOST_PRINTED = 20 };

typedef struct directions_arguments {
    const char *run, *device, *out;
    gm_direction_method method;
    size_t count;
    uint64_t seed;
    double reach;
    bool json;
} directions_arguments;

// A row for each direction: the seed's sample with -reach to reach of it.
static bool write_sheet(const directions_arguments *arguments, gm_sampler *sampler, const gm_sampler_info *info,
                        const float *directions) {
    size_t count = arguments->count * STEPS, item = info->values;
    uint64_t *seeds = malloc(count * sizeof *seeds);
    float *z = malloc(count * info->latent * sizeof *z), *samples = malloc(count * item * sizeof *samples);
    bool done = seeds && z && samples;
    if (!done)
        fail_with("out of memory for %zu samples", count);
    for (size_t i = 0; done && i < count; i++)
        seeds[i] = arguments->seed;
    done = done && (gm_sampler_fill_latents(sampler, seeds, NULL, count, z) == GM_OK || fail_with_message() == EXIT_OK);
    for (size_t i = 0; done && i < count; i++) {
        double step = arguments->reach * (2 * (double)(i % STEPS) / (STEPS - 1) - 1);
        for (size_t k = 0; k < info->latent; k++)
            z[i * info->latent + k] += (float)(step * (double)directions[i / STEPS * info->latent + k]);
    }
    const gm_write_options options = {.rows = arguments->count, .columns = STEPS};
    done = done && ((gm_sampler_generate_from(sampler, z, NULL, seeds, count, samples) == GM_OK &&
                     gm_sampler_write(sampler, arguments->out, samples, count, &options) == GM_OK) ||
                    fail_with_message() == EXIT_OK);
    free(seeds);
    free(z);
    free(samples);
    return done;
}

static bool write_file(const directions_arguments *arguments, gm_sampler *sampler, const gm_sampler_info *info,
                       const float *directions) {
    const gm_sample_format *format;
    if (gm_sample_format_find(arguments->out, &format) != GM_OK)
        return fail_with_message() == EXIT_OK;
    if (strcmp(format->ending, ".npy") != 0)
        return write_sheet(arguments, sampler, info, directions);
    return gm_npy_write(arguments->out, directions, 2, (const size_t[]){arguments->count, info->latent}) == GM_OK ||
           fail_with_message() == EXIT_OK;
}

static void print_shares(const directions_arguments *arguments, const double *shares) {
    if (arguments->json) {
        printf("{\"shares\": [");
        for (size_t i = 0; i < arguments->count; i++) {
            printf(i > 0 ? ", " : "");
            print_json_number(shares[i]);
        }
        printf("]}\n");
        return;
    }
    for (size_t i = 0; i < arguments->count && i < MOST_PRINTED; i++)
        print_line("direction %2zu: %4.1f %% of what the first layer changes", i, 100 * shares[i]);
    if (arguments->out)
        print_line("%s", arguments->out);
}

static int find(directions_arguments *arguments) {
    gm_sampler *sampler = NULL;
    gm_sampler_info info;
    if (gm_sampler_open(&sampler, arguments->run, arguments->device) != GM_OK)
        return fail_with_message();
    gm_sampler_get_info(sampler, &info);
    if (arguments->count == 0)
        arguments->count = info.noise < DIRECTIONS ? info.noise : DIRECTIONS;
    float *directions = calloc(arguments->count, info.latent * sizeof *directions);
    double *shares = calloc(arguments->count, sizeof *shares);
    bool done = directions && shares;
    if (!done)
        fail_with("out of memory for %zu directions", arguments->count);
    else if (gm_sampler_directions(sampler, arguments->method, arguments->count, directions, shares) != GM_OK)
        done = fail_with_message() == EXIT_OK;
    done = done && (!arguments->out || write_file(arguments, sampler, &info, directions));
    if (done)
        print_shares(arguments, shares);
    free(directions);
    free(shares);
    gm_sampler_close(&sampler);
    return done ? EXIT_OK : EXIT_ERROR;
}

int command_directions(int count, char **words) {
    directions_arguments arguments = {.reach = 3};
    option_number number = {0}, seed = {0};
    const char *method = "closed", *reach = NULL;
    const option_row options[] = {
        {"--method", "closed", OPTION_TEXT, &method,
         "closed: eigenvectors of the first layer's weights; pca: principal components of its activations"},
        {"--count", "N", OPTION_NUMBER, &number, "how many, the strongest first (default 10, or all of fewer)"},
        {"-o", "FILE", OPTION_TEXT, &arguments.out,
         "FILE.npy: N unit vectors of z, which sample takes as --directions; FILE.png, .jpg or .webp: a row of samples"
         " along each"},
        {"--seed", "N", OPTION_NUMBER, &seed, "whose sample the picture begins with (default 0)"},
        {"--reach", "R", OPTION_TEXT, &reach, "the picture goes from -R to R of each direction (default 3)"},
        {"--device", "SEL", OPTION_TEXT, &arguments.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &arguments.json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede directions",
        .arguments = "RUN",
        .summary = "Finds the directions of a run's latent space along which its generator's first layer changes most.",
        .example = "ganymede directions runs/00000-dcgan-fashion -o sheet.png",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &arguments.run, &exit_code))
        return exit_code;
    if (strcmp(method, "closed") != 0 && strcmp(method, "pca") != 0)
        return usage_error(&usage, "--method expects closed or pca, not '%s'", method);
    if (number.given && (number.value < 1 || number.value > 65536))
        return usage_error(&usage, "--count expects 1 to 65536");
    if (reach && !number_parse(reach, &arguments.reach))
        return usage_error(&usage, "--reach expects a number such as 3, not '%s'", reach);
    arguments.method = strcmp(method, "pca") == 0 ? GM_DIRECTIONS_PCA : GM_DIRECTIONS_CLOSED;
    arguments.count = (size_t)number.value;
    arguments.seed = seed.value;
    if (arguments.out && !option_output(&usage, "-o", arguments.out, ".npy, .png, .jpg or .webp", false, &exit_code))
        return exit_code;
    return find(&arguments);
}

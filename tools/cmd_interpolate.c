// ganymede interpolate: a film of the way from one sample to the next.
#include "command.h"
#include "latents.h"
#include "ranges.h"

#include "ganymede/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 60, FRAME_MS = 50, MOST_FRAMES = 100000 };

typedef struct interpolate_arguments {
    const char *run, *device, *out, *seeds, *latents, *class;
    size_t frames, columns, rows;
    option_number frame_ms;
    double truncation;
    gm_path_options path;
} interpolate_arguments;

// ---- Keys ----

// --class A,B names the classes of the keys in turn.
static bool find_classes(latents *keys, const gm_sampler *sampler, const char *text) {
    char name[256];
    int32_t *labels = realloc(keys->labels, keys->count * sizeof *labels);
    if (!labels) {
        fail_with("out of memory for %zu labels", keys->count);
        return false;
    }
    keys->labels = labels;
    const char *at = text;
    for (size_t i = 0; i < keys->count; i++) {
        size_t length = strcspn(at, ",");
        if (length == 0 || length >= sizeof name) {
            fail_with("--class expects names or numbers of classes with commas, not '%s'", text);
            return false;
        }
        memcpy(name, at, length);
        name[length] = '\0';
        if (gm_sampler_find_class(sampler, name, &labels[i]) != GM_OK) {
            fail_with_message();
            return false;
        }
        at = at[length] ? at + length + 1 : text; // from the first again
    }
    return true;
}

static bool find_keys(latents *keys, const interpolate_arguments *arguments, gm_sampler *sampler,
                      const gm_sampler_info *info) {
    if (arguments->latents) {
        if (!latents_read(keys, arguments->latents, info))
            return false;
    } else {
        size_t count = 0;
        seeds_count(arguments->seeds, &count);
        uint64_t *seeds = malloc(count * sizeof *seeds);
        keys->labels = info->classes > 0 ? malloc(count * sizeof *keys->labels) : NULL;
        int32_t *labels = keys->labels;
        if (!seeds || (info->classes > 0 && !labels)) {
            free(seeds);
            fail_with("out of memory for %zu seeds", count);
            return false;
        }
        seeds_list(arguments->seeds, seeds);
        bool made = latents_of_seeds(keys, sampler, seeds, NULL, count);
        keys->labels = labels;
        for (size_t i = 0; labels && i < count; i++)
            labels[i] = gm_sampler_label(sampler, seeds[i]);
        free(seeds);
        if (!made)
            return false;
    }
    if (arguments->class && !find_classes(keys, sampler, arguments->class))
        return false;
    gm_sampler_truncate(sampler, arguments->truncation, keys->count, keys->values);
    return true;
}

// ---- Frames ----

static bool write_frames(const interpolate_arguments *arguments, gm_sampler *sampler, const float *frames) {
    const gm_sample_format *format;
    if (names_folder(arguments->out))
        return gm_sampler_write_each(sampler, arguments->out, frames, arguments->frames, NULL) == GM_OK;
    if (gm_sample_format_find(arguments->out, &format) != GM_OK)
        return false;
    bool film = strcmp(format->ending, ".webp") == 0 && arguments->columns == 0;
    const gm_write_options options = {.rows = arguments->rows,
                                      .columns = arguments->columns,
                                      .frame_ms = !film                           ? 0
                                                  : arguments->frame_ms.value > 0 ? arguments->frame_ms.value
                                                                                  : FRAME_MS};
    return gm_sampler_write(sampler, arguments->out, frames, arguments->frames, &options) == GM_OK;
}

static int interpolate(const interpolate_arguments *arguments) {
    gm_sampler *sampler = NULL;
    gm_sampler_info info;
    latents keys = {0};
    float *frames = NULL;
    bool crossed, done = false;
    if (gm_sampler_open(&sampler, arguments->run, arguments->device) != GM_OK)
        return fail_with_message();
    gm_sampler_get_info(sampler, &info);
    if (!find_keys(&keys, arguments, sampler, &info))
        goto done;
    frames = calloc(arguments->frames, info.values * sizeof *frames);
    if (!frames) {
        fail_with("out of memory for %zu frames; ask for fewer --frames", arguments->frames);
        goto done;
    }
    done = gm_sampler_interpolate(sampler, keys.values, keys.labels, keys.count, arguments->frames, &arguments->path,
                                  frames, &crossed) == GM_OK &&
           write_frames(arguments, sampler, frames);
    if (!done)
        fail_with_message();
    else if (crossed)
        fprintf(stderr, "ganymede: this model takes no shares of classes: they change half way\n");
    if (done)
        print_line("%s", arguments->out);
done:
    latents_finish(&keys);
    free(frames);
    gm_sampler_close(&sampler);
    return done ? EXIT_OK : EXIT_ERROR;
}

// ---- Options ----

int command_interpolate(int count, char **words) {
    interpolate_arguments arguments = {.frames = FRAMES, .truncation = 1};
    option_number frames = {0};
    const char *truncation = NULL, *grid = NULL;
    size_t keys = 0;
    const option_row options[] = {
        {"--seeds", "3,7,12", OPTION_TEXT, &arguments.seeds, "the samples to go through, as of ganymede sample"},
        {"--latents", "FILE.npy", OPTION_TEXT, &arguments.latents,
         "in place of seeds: an array of latents, such as of ganymede project"},
        {"--class", "A,B", OPTION_TEXT, &arguments.class,
         "of a class-conditional generator: the samples' classes in turn (default: each seed modulo the classes);"
         " between two, their vectors are mixed"},
        {"--frames", "N", OPTION_NUMBER, &frames, "of the whole way (default 60); each sample is one of them"},
        {"--loop", NULL, OPTION_FLAG, &arguments.path.loop, "back to the first sample at the end"},
        {"--linear", NULL, OPTION_FLAG, &arguments.path.linear,
         "straight through the latent space (default: along great circles; of uniform latents always straight)"},
        {"--truncation", "PSI", OPTION_TEXT, &truncation,
         "nearer to the mean, as sample has it (default 1: as they are)"},
        {"-o", "FILE|DIR", OPTION_TEXT, &arguments.out,
         "FILE.webp: a film; FILE.png or .jpg: all frames beside one another; FILE.npy: an array; DIR: a file each"
         " (default: film.webp)"},
        {"--frame-ms", "MS", OPTION_NUMBER, &arguments.frame_ms, "how long a film shows each frame (default 50)"},
        {"--grid", "10x6", OPTION_TEXT, &grid, "columns x rows of a picture of all frames, of WebP, too"},
        {"--device", "SEL", OPTION_TEXT, &arguments.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
    };
    const usage_text usage = {
        .command = "ganymede interpolate",
        .arguments = "RUN",
        .summary =
            "Makes a film of the way through a trained run's latent space from one sample to the next. The first\n"
            "frame and, without --loop, the last are those seeds' samples bit for bit.",
        .example = "ganymede interpolate runs/00000-dcgan-fashion --seeds 3,7,12 --loop --frames 90 -o film.webp",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &arguments.run, &exit_code))
        return exit_code;
    arguments.out = arguments.out ? arguments.out : "film.webp";
    arguments.frames = frames.given ? (size_t)frames.value : arguments.frames;
    if (!arguments.seeds == !arguments.latents)
        return usage_error(&usage, "expected either --seeds or --latents");
    if (!option_apart(&usage, arguments.latents, arguments.out))
        return EXIT_USAGE;
    if (arguments.seeds && (!seeds_count(arguments.seeds, &keys) || keys < 2))
        return usage_error(&usage, "--seeds expects two seeds or more, such as 3,7,12, not '%s'", arguments.seeds);
    if (arguments.frames < 2 || arguments.frames > MOST_FRAMES || arguments.frames < keys)
        return usage_error(&usage, "--frames expects %zu to %d", keys > 2 ? keys : 2, MOST_FRAMES);
    if (truncation && !number_parse(truncation, &arguments.truncation))
        return usage_error(&usage, "--truncation expects a number such as 0.7, not '%s'", truncation);
    if (grid && !grid_parse(grid, &arguments.columns, &arguments.rows))
        return usage_error(&usage, "--grid expects COLUMNSxROWS such as 10x6, 1 to 4096 each, not '%s'", grid);
    if (grid && arguments.columns * arguments.rows < arguments.frames)
        return usage_error(&usage, "--grid %s has %zu cells for %zu frames", grid, arguments.columns * arguments.rows,
                           arguments.frames);
    if (arguments.frame_ms.given && arguments.frame_ms.value == 0)
        return usage_error(&usage, "--frame-ms expects 1 or more milliseconds");
    if (!option_output(&usage, "-o", arguments.out, ".webp, .png, .jpg, .tiff, .npy or .npz", true, &exit_code))
        return exit_code;
    return interpolate(&arguments);
}

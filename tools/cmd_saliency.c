// ganymede saliency: which parts of images a discriminator or a classifier looks at.
#include "command.h"
#include "images.h"
#include "latents.h"

#include "ganymede/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PRINTED = 20, SHOWN = 16 };

typedef struct saliency_arguments {
    const char *run, *device, *out, **sources;
    gm_split split;
    size_t source_count, copies;
    option_number count, columns;
    bool json;
} saliency_arguments;

static bool write_file(const saliency_arguments *arguments, const gm_saliency *saliency, const images *all,
                       const float *gradients) {
    const gm_sample_format *format;
    if (gm_sample_format_find(arguments->out, &format) != GM_OK)
        return false;
    if (strcmp(format->ending, ".npy") == 0)
        return gm_npy_write(arguments->out, gradients, 4,
                            (const size_t[]){all->count, all->size[0], all->size[1], all->size[2]}) == GM_OK;
    return gm_saliency_write(saliency, arguments->out, all->values, gradients, all->size, all->count,
                             (size_t)arguments->columns.value) == GM_OK;
}

static void print_scores(const saliency_arguments *arguments, const gm_saliency_info *info, const float *scores,
                         size_t count) {
    if (arguments->json) {
        printf("{\"score\": ");
        print_json_string(info->score);
        printf(", \"scores\": [");
        for (size_t i = 0; i < count; i++) {
            printf(i > 0 ? ", " : "");
            print_json_number((double)scores[i]);
        }
        printf("]}\n");
        return;
    }
    print_line("%s of each image:", info->score);
    for (size_t i = 0; i < count && i < MOST_PRINTED; i++)
        print_line("%08zu  %.4f", i, (double)scores[i]);
    if (count > MOST_PRINTED)
        print_line("... and %zu more", count - MOST_PRINTED);
    print_line("%s", arguments->out);
}

static int look(const saliency_arguments *arguments) {
    gm_saliency *saliency = NULL;
    gm_saliency_info info;
    images all = {0};
    if (gm_saliency_open(&saliency, arguments->run, arguments->device) != GM_OK)
        return fail_with_message();
    gm_saliency_get_info(saliency, &info);
    image_wish wish = {.data = info.data, .options = info.data_options, .low = info.low, .high = info.high};
    wish.options.count = arguments->count.given ? (size_t)arguments->count.value : SHOWN;
    wish.options.split = arguments->split;
    bool done = images_read(&all, arguments->sources, arguments->source_count, &wish);
    size_t item = all.size[0] * all.size[1] * all.size[2];
    float *gradients = done ? malloc(all.count * item * sizeof *gradients) : NULL;
    float *scores = done ? malloc(all.count * sizeof *scores) : NULL;
    if (done && (!gradients || !scores)) {
        fail_with("out of memory for %zu images", all.count);
    } else if (done) {
        done = gm_saliency_apply(saliency, all.values, all.size, all.labels, all.count, arguments->copies, gradients,
                                 scores) == GM_OK &&
               write_file(arguments, saliency, &all, gradients);
        if (done)
            print_scores(arguments, &info, scores, all.count);
        else
            fail_with_message();
    }
    done = done && gradients && scores;
    free(gradients);
    free(scores);
    images_finish(&all);
    gm_saliency_close(&saliency);
    return done ? EXIT_OK : EXIT_ERROR;
}

int command_saliency(int count, char **words) {
    saliency_arguments arguments = {.copies = 1};
    option_number smooth = {0};
    const char **found, *split = NULL;
    int exit_code;
    const option_row options[] = {
        {"-o", "FILE", OPTION_TEXT, &arguments.out,
         "FILE.png, .jpg or .webp: each image with its gradient to the right, red where a larger value would raise the"
         " score, blue where it would lower it; FILE.npy: the gradients (default: saliency.png)"},
        {"--smooth", "N", OPTION_NUMBER, &smooth,
         "the mean over N copies with noise of a tenth of the range (SmoothGrad; default: the gradient itself)"},
        {"--split", "test", OPTION_TEXT, &split, "of sources with splits: train or test (default train)"},
        {"--count", "N", OPTION_NUMBER, &arguments.count, "the first N items of each source (default 16)"},
        {"--columns", "N", OPTION_NUMBER, &arguments.columns, "pairs in a row of the picture (default: near a square)"},
        {"--device", "SEL", OPTION_TEXT, &arguments.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &arguments.json, "the scores as one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede saliency",
        .arguments = "RUN SRC...",
        .summary =
            "Draws what a GAN's discriminator or a classifier looks at: the gradient of its logit (of a classifier\n"
            "the largest) with respect to each image of the sources: pictures, or whatever ganymede data reads.",
        .example = "ganymede saliency runs/00000-dcgan-fashion fashion-mnist --split test --count 16 -o looked-at.png",
        .options = options,
        .option_count = COUNT(options),
        .least = 2,
        .most = (size_t)count,
    };
    found = calloc((size_t)count + 1, sizeof *found);
    if (!found)
        return fail_with("out of memory");
    bool apart = true;
    if (options_parse(&usage, count, words, found, &exit_code)) {
        arguments.run = found[0];
        arguments.sources = found + 1;
        while (arguments.sources[arguments.source_count])
            arguments.source_count++;
        arguments.out = arguments.out ? arguments.out : "saliency.png";
        for (size_t i = 0; i < arguments.source_count && apart; i++)
            apart = option_apart(&usage, arguments.sources[i], arguments.out);
        arguments.copies = smooth.given ? (size_t)smooth.value : 1;
        if (!apart)
            exit_code = EXIT_USAGE;
        else if (smooth.given && (smooth.value < 2 || smooth.value > 10000))
            exit_code = usage_error(&usage, "--smooth expects 2 to 10000 copies");
        else if (!option_split(&usage, split, &arguments.split))
            exit_code = EXIT_USAGE;
        else if ((arguments.count.given && arguments.count.value == 0) || arguments.columns.value > 4096)
            exit_code = usage_error(&usage, "--count expects at least 1, --columns 1 to 4096");
        else if (option_output(&usage, "-o", arguments.out, ".png, .jpg, .webp or .npy", false, &exit_code))
            exit_code = look(&arguments);
    }
    free(found);
    return exit_code;
}

// ganymede complete: fills in the hidden pixels of pictures, and the gaps of a text.
#include "command.h"

#include "ganymede/complete.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct complete_arguments {
    const char *run, *out, *box, *by, *gap, *class;
    option_number restarts, steps;
    const char *const *files;
    size_t count;
    gm_hidden hidden;
    gm_completer_options open;
    gm_write_options write;
    bool json;
} complete_arguments;

// "7,7,14,14": a whole number each.
static bool parse_box(const char *text, gm_hidden *hidden) {
    size_t *const numbers[] = {&hidden->left, &hidden->top, &hidden->width, &hidden->height};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);
        if (!isdigit((unsigned char)*text) || *end != (i + 1 < COUNT(numbers) ? ',' : '\0') || value > 1000000)
            return false;
        *numbers[i] = value;
        text = end + 1;
    }
    return hidden->width > 0 && hidden->height > 0;
}

static int complete(const complete_arguments *arguments) {
    gm_completer *completer;
    gm_completer_info info;
    if (gm_completer_open(&completer, arguments->run, &arguments->open) != GM_OK)
        return fail_with_message();
    gm_completer_get_info(completer, &info);
    bool done = gm_completer_write_folder(completer, arguments->files, arguments->count, arguments->out,
                                          &arguments->hidden, &arguments->write) == GM_OK;
    if (!done)
        fail_with_message();
    else if (arguments->json) {
        printf("{\"step\": %llu, \"count\": %zu, \"folder\": ", (unsigned long long)info.step, arguments->count);
        print_json_string(arguments->out);
        printf("}\n");
    } else {
        print_line("%s", arguments->out);
    }
    gm_completer_close(&completer);
    return done ? EXIT_OK : EXIT_ERROR;
}

static int complete_text(const complete_arguments *arguments) {
    gm_text_completion done;
    const gm_text_completion_options options = {
        .device = arguments->open.device, .gap = arguments->gap, .class_name = arguments->class};
    if (gm_complete_text(arguments->run, arguments->files[0], arguments->out, &options, &done) != GM_OK)
        return fail_with_message();
    if (arguments->json) {
        printf("{\"step\": %llu, \"gaps\": %zu, \"characters\": %zu, \"file\": ", (unsigned long long)done.step,
               done.gaps, done.symbols);
        print_json_string(arguments->out);
        printf("}\n");
    } else {
        print_line("%s", arguments->out);
    }
    return EXIT_OK;
}

static bool is_text(const char *file) {
    const size_t length = strlen(file);
    return length >= 4 && strcmp(file + length - 4, ".txt") == 0;
}

static int check_text(const usage_text *usage, const complete_arguments *arguments) {
    int exit_code;
    if (arguments->count > 1)
        return usage_error(usage, "expects one text at a time");
    if (!arguments->out || !is_text(arguments->out))
        return usage_error(usage, "-o expects a name that ends in .txt for the completed text");
    if (arguments->box || arguments->hidden.mask || arguments->hidden.colour || arguments->by ||
        arguments->write.format || arguments->restarts.given || arguments->steps.given)
        return usage_error(usage,
                           "of a text, gaps alone say what is missing (--gap): the other options are of pictures");
    option_output(usage, "-o", arguments->out, ".txt", false, &exit_code);
    return exit_code;
}

static int check(const usage_text *usage, complete_arguments *arguments) {
    int exit_code;
    if (arguments->count > 0 && is_text(arguments->files[0]))
        return check_text(usage, arguments);
    if (arguments->gap || arguments->class)
        return usage_error(usage, "--gap and --class are of texts, files that end in .txt");
    if (!arguments->out || *arguments->out == '\0')
        return usage_error(usage, "-o expects the folder that the completed pictures go to");
    if (arguments->count == 0)
        return usage_error(usage, "expects pictures to complete behind the run");
    if ((arguments->box != NULL) + (arguments->hidden.mask != NULL) + (arguments->hidden.colour != NULL) > 1)
        return usage_error(usage, "--box, --mask and --missing exclude each other");
    if (arguments->box && !parse_box(arguments->box, &arguments->hidden))
        return usage_error(usage, "--box expects LEFT,TOP,WIDTH,HEIGHT in pixels, such as 7,7,14,14, not '%s'",
                           arguments->box);
    if (arguments->by && strcmp(arguments->by, "search") != 0)
        return usage_error(usage, "--by expects search, not '%s'", arguments->by);
    if (!arguments->by && (arguments->restarts.given || arguments->steps.given))
        return usage_error(usage, "--restarts and --steps are of a search: --by search");
    if (arguments->restarts.given && (arguments->restarts.value < 1 || arguments->restarts.value > 1000))
        return usage_error(usage, "--restarts expects 1 to 1000");
    if (arguments->steps.given && (arguments->steps.value < 1 || arguments->steps.value > 1000000))
        return usage_error(usage, "--steps expects 1 to 1000000");
    arguments->open.search = arguments->by != NULL;
    arguments->open.restarts = (size_t)arguments->restarts.value;
    arguments->open.steps = (size_t)arguments->steps.value;
    if (gm_hidden_check(&arguments->hidden) != GM_OK)
        return usage_error(usage, "--missing: %s", gm_error_message());
    if (!option_format(usage, arguments->write.format, "png, tiff or webp"))
        return EXIT_USAGE;
    option_output(usage, "-o", arguments->out, NULL, true, &exit_code);
    return exit_code;
}

int command_complete(int count, char **words) {
    complete_arguments arguments = {0};
    const option_row options[] = {
        {"-o", "DIR", OPTION_TEXT, &arguments.out,
         "the folder for the completed pictures, each under its own name; of a text the file, which ends in .txt"},
        {"--box", "X,Y,W,H", OPTION_TEXT, &arguments.box, "what is hidden: a box of W x H pixels at (X, Y)"},
        {"--mask", "FILE", OPTION_TEXT, &arguments.hidden.mask,
         "a picture of the same size, white where a pixel is hidden"},
        {"--missing", "COLOUR", OPTION_TEXT, &arguments.hidden.colour,
         "pixels of exactly this colour: white, #ff00ff, 255,0,255, or one value of the file's own depth"
         " (default: pixels that are clear, of opacity 0)"},
        {"--by", "search", OPTION_TEXT, &arguments.by,
         "search the latents of any run that makes images for the sample nearest to the known pixels, and blend it in"},
        {"--restarts", "N", OPTION_NUMBER, &arguments.restarts, "of a search: starts per picture (default 1)"},
        {"--steps", "N", OPTION_NUMBER, &arguments.steps, "of a search: steps of Adam (default 250)"},
        {"--gap", "CHAR", OPTION_TEXT, &arguments.gap,
         "of a text: the character that stands for each one that is missing (default _)"},
        {"--class", "NAME", OPTION_TEXT, &arguments.class, "of a text, where the run was told classes: which it is of"},
        {"--format", "png", OPTION_TEXT, &arguments.write.format,
         "of the files: png, tiff or webp (default: png, of floats and many channels tiff)"},
        {"--device", "SEL", OPTION_TEXT, &arguments.open.device,
         "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &arguments.json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede complete",
        .arguments = "RUN FILE...",
        .summary =
            "Fills in the hidden pixels of pictures with what a run has learned (recipes with `completion:`), and\n"
            "the gaps of a text, such as \"in the beg____ng\", with what a language model finds likeliest between\n"
            "what stands before and behind; to go on from a beginning is sample --start. What is known stays.\n"
            "Known pixels come out exactly as they went in, in 8 or 16 bits. Pictures may have any size where\n"
            "the run's network is convolutional. RUN is a run folder (its newest checkpoint) or a\n"
            ".safetensors file in it.",
        .example = "ganymede complete runs/00000-complete-fashion coat.png --box 7,7,14,14 -o completed",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = (size_t)count,
    };
    int exit_code;
    const char **names = calloc((size_t)count + 1, sizeof *names);
    if (!names)
        return fail_with("out of memory for %d arguments", count);
    if (options_parse(&usage, count, words, names, &exit_code)) {
        arguments.run = names[0];
        arguments.files = names + 1;
        while (arguments.files[arguments.count])
            arguments.count++;
        exit_code = check(&usage, &arguments);
        if (exit_code == EXIT_OK)
            exit_code = is_text(arguments.files[0]) ? complete_text(&arguments) : complete(&arguments);
    }
    free(names);
    return exit_code;
}

// ganymede translate: images through a run that learned to translate them.
#include "command.h"

#include "ganymede/translate.h"

#include <stdio.h>
#include <string.h>

static int translate(const char *run, const char *source, const char *folder, const gm_translator_options *options,
                     const gm_translate_files *files, bool json) {
    gm_translator *translator;
    gm_translator_info info;
    size_t count = 0;
    if (gm_translator_open(&translator, run, options) != GM_OK)
        return fail_with_message();
    gm_translator_get_info(translator, &info);
    if (!json) {
        print_part("from %s to %s, step %llu", info.from, info.to, (unsigned long long)info.step);
        print_line("; of each image: %s%s", files->view ? files->view : info.view,
                   files->view ? "" : " (as in training; --view says other)");
    }
    gm_status status = gm_translator_files(translator, source, folder, files, &count);
    if (status == GM_OK && json) {
        printf("{\"step\": %llu, \"count\": %zu, \"from\": ", (unsigned long long)info.step, count);
        print_json_string(info.from);
        printf(", \"to\": ");
        print_json_string(info.to);
        printf("}\n");
    } else if (status == GM_OK) {
        print_line("%s: %zu images", folder, count);
    }
    gm_translator_close(&translator);
    return status == GM_OK ? EXIT_OK : fail_with_message();
}

static bool is_view(const char *name) {
    static const char *const views[] = {"plain", "negative", "edges"};
    for (size_t i = 0; i < COUNT(views); i++)
        if (strcmp(name, views[i]) == 0)
            return true;
    return false;
}

int command_translate(int count, char **words) {
    gm_translator_options open = {0};
    gm_translate_files files = {0};
    option_number items = {0};
    const char *arguments[2] = {NULL, NULL}, *folder = NULL;
    bool json = false;
    const option_row options[] = {
        {"-o", "DIR", OPTION_TEXT, &folder, "the folder of the results, under the names of the images"},
        {"--reverse", NULL, OPTION_FLAG, &open.reverse, "from the second source to the first (of runs with cycle)"},
        {"--view", "VIEW", OPTION_TEXT, &files.view,
         "what is made of each image first: plain, negative or edges (default: as in training)"},
        {"--count", "N", OPTION_NUMBER, &items, "only the first N images (default: all)"},
        {"--format", "png", OPTION_TEXT, &files.format,
         "of the files: png, jpeg, webp, tiff or npy (default: png, of other than 1 or 3 channels tiff)"},
        {"--device", "SEL", OPTION_TEXT, &open.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede translate",
        .arguments = "RUN SRC",
        .summary =
            "Makes, of every image of SRC, its counterpart as a run has learned it (recipes with translation or\n"
            "cycle). SRC is a folder or archive of pictures, an array, or a data set's name; each image keeps its\n"
            "own size, where the run's network takes it.",
        .example = "ganymede translate runs/00000-edges-fashion drawings --view plain -o clothes",
        .options = options,
        .option_count = COUNT(options),
        .least = 2,
        .most = 2,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, arguments, &exit_code))
        return exit_code;
    if (!folder)
        return usage_error(&usage, "-o DIR is missing: the folder of the results");
    if (items.given && (items.value < 1 || items.value > SIZE_MAX))
        return usage_error(&usage, "--count expects at least 1");
    if (files.view && !is_view(files.view))
        return usage_error(&usage, "--view expects plain, negative or edges, not '%s'", files.view);
    if (!option_format(&usage, files.format, "png, jpeg, webp, tiff or npy"))
        return EXIT_USAGE;
    if (!option_output(&usage, "-o", folder, NULL, true, &exit_code))
        return exit_code;
    files.count = (size_t)items.value;
    return translate(arguments[0], arguments[1], folder, &open, &files, json);
}

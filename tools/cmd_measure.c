// ganymede measure: how far generated samples are from real ones.
#include "clips.h"
#include "command.h"
#include "sounds.h"
#include "texts.h"

#include "ganymede/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct measure_arguments {
    const char *sides[2], *metrics, *targets; // real, fake
    gm_comparison_options options;
    bool json;
} measure_arguments;

typedef struct figures_of {
    const gm_figure *figures;
    const gm_column_figure *columns;
    const gm_class_figure *classes;
    const gm_row_figure *rows;
    const gm_text_figure *texts;
    const gm_clip_figure *clips;
    const gm_sound_figure *sounds;
    size_t count, column_count, class_count, row_count, text_count, clip_count, sound_count;
} figures_of;

// ---- For programs ----

static void print_json_value(const char *key, const gm_measure *measure) {
    printf("\"%s\": ", key);
    if (measure->flags & GM_MEASURE_MISSING)
        printf("null");
    else
        print_json_number(measure->value);
}

static void print_json_flags(uint32_t flags) {
    const char *comma = "";
    printf("[");
    for (uint32_t flag = 1; flag && flag <= flags; flag <<= 1) {
        const char *name = flags & flag ? gm_measure_flag_name((gm_measure_flag)flag) : NULL;
        if (!name)
            continue;
        printf("%s\"%s\"", comma, name);
        comma = ", ";
    }
    printf("]");
}

static void print_json_columns(const gm_column_figure *columns, size_t count) {
    printf("%s\"columns\": {", ", ");
    for (size_t i = 0; i < count; i++) {
        const struct {
            const char *key;
            double value;
        } numbers[] = {{"total_variation", columns[i].variation},
                       {"control", columns[i].control},
                       {"ks", columns[i].distance},
                       {"ks_control", columns[i].distance_control},
                       {"real_missing", columns[i].real_missing},
                       {"fake_missing", columns[i].fake_missing}};
        printf("%s", i > 0 ? ", " : "");
        print_json_string(columns[i].name);
        printf(": {\"type\": \"%s\"", columns[i].type);
        for (size_t k = 0; k < COUNT(numbers); k++) {
            printf(", \"%s\": ", numbers[k].key);
            print_json_number(numbers[k].value);
        }
        printf("}");
    }
    printf("}");
}

static void print_json_rows(const gm_row_figure *rows, size_t count) {
    printf(", \"rows\": [");
    for (size_t i = 0; i < count; i++) {
        const struct {
            const char *key;
            double value;
        } numbers[] = {{"value", rows[i].value}, {"control", rows[i].control}, {"trivial", rows[i].trivial}};
        printf("%s{\"figure\": \"%s\"", i > 0 ? ", " : "", rows[i].key);
        if (rows[i].column) {
            printf(", \"column\": ");
            print_json_string(rows[i].column);
        }
        for (size_t k = 0; k < COUNT(numbers); k++) {
            printf(", \"%s\": ", numbers[k].key);
            print_json_number(numbers[k].value);
        }
        printf("}");
    }
    printf("]");
}

static void print_json_classes(const gm_class_figure *classes, size_t count) {
    printf(", \"classes\": {");
    for (size_t i = 0; i < count; i++) {
        const struct {
            const char *key;
            double value;
        } numbers[] = {{"fidelity", classes[i].fidelity},
                       {"real", classes[i].real_named},
                       {"chance", classes[i].chance},
                       {"spread", classes[i].spread},
                       {"real_spread", classes[i].real_spread}};
        printf("%s", i > 0 ? ", " : "");
        print_json_string(classes[i].name);
        printf(": {\"n\": %zu", classes[i].asked);
        for (size_t k = 0; k < COUNT(numbers); k++) {
            printf(", \"%s\": ", numbers[k].key);
            print_json_number(numbers[k].value);
        }
        printf("}");
    }
    printf("}");
}

static void print_json(const gm_comparison_info *info, const figures_of *all) {
    const gm_figure *figures = all->figures;
    size_t count = all->count;
    printf("{");
    for (size_t i = 0; i < count; i++) {
        const gm_figure *figure = &figures[i];
        printf("%s\"%s\": {", i > 0 ? ", " : "", figure->key);
        print_json_value("value", &figure->value);
        printf(", ");
        print_json_value("control", &figure->control);
        printf(", \"n\": %zu, \"duplicates\": %zu, \"features\": ", figure->value.count, figure->value.duplicates);
        print_json_string(figure->features);
        printf(", \"range\": ");
        if (info->ranged)
            printf("[%g, %g]", info->low, info->high);
        else
            printf("null");
        printf(", \"flags\": ");
        print_json_flags(figure->value.flags);
        printf("}");
    }
    if (all->column_count > 0)
        print_json_columns(all->columns, all->column_count);
    if (all->row_count > 0)
        print_json_rows(all->rows, all->row_count);
    if (all->class_count > 0)
        print_json_classes(all->classes, all->class_count);
    if (all->text_count > 0)
        texts_print_json(all->texts, all->text_count);
    if (all->clip_count > 0)
        clips_print_json(all->clips, all->clip_count);
    if (all->sound_count > 0)
        sounds_print_json(all->sounds, all->sound_count);
    printf("}\n");
}

// ---- For people ----

typedef struct cell {
    char text[96];
} cell;

static cell format_value(const gm_measure *measure) {
    cell result;
    if (measure->flags & GM_MEASURE_MISSING)
        snprintf(result.text, sizeof result.text, "-");
    else
        snprintf(result.text, sizeof result.text, "%.4g", measure->value);
    return result;
}

static cell format_flags(uint32_t flags) {
    cell result = {""};
    size_t used = 0;
    for (uint32_t flag = 1; flag && flag <= flags; flag <<= 1) {
        const char *name = flags & flag ? gm_measure_flag_name((gm_measure_flag)flag) : NULL;
        if (name && used < sizeof result.text)
            used += (size_t)snprintf(result.text + used, sizeof result.text - used, "%s%s", used > 0 ? "," : "", name);
    }
    return result;
}

static cell format_distance(double value) {
    cell result;
    snprintf(result.text, sizeof result.text, value >= 0 || value < 0 ? "%.4f" : "-", value); // NaN is not
    return result;
}

static void print_columns(const gm_column_figure *columns, size_t count) {
    double sum = 0, control = 0;
    printf(
        "\nof each column the total variation (of numbers over 20 bins) and of numbers the distance of Kolmogorov and\n"
        "Smirnov: 0 of equal distributions, 1 where nothing is common\n");
    printf("%-24s  %-8s  %9s  %9s  %9s  %9s  %s\n", "column", "type", "variation", "control", "distance", "control",
           "missing: real, fake");
    for (size_t i = 0; i < count; i++) {
        const gm_column_figure *column = &columns[i];
        print_part("%-24.60s", column->name);
        printf("  %-8s  %9.4f  %9.4f  %9s  %9s", column->type, column->variation, column->control,
               format_distance(column->distance).text, format_distance(column->distance_control).text);
        if (column->real_missing > 0 || column->fake_missing > 0)
            printf("  %.4f, %.4f", column->real_missing, column->fake_missing);
        printf("\n");
        sum += column->variation / (double)count;
        control += column->control / (double)count;
    }
    printf("%-24s  %-8s  %9.4f  %9.4f\n", "mean", "", sum, control);
}

static void print_rows(const gm_row_figure *rows, size_t count) {
    printf("\nrows, beside a half of the real ones; control: the other half; trivial: its columns, each on its own\n");
    printf("%-24s  %-24s  %9s  %9s  %9s\n", "figure", "column", "value", "control", "trivial");
    for (size_t i = 0; i < count; i++) {
        printf("%-24s  ", rows[i].key);
        print_part("%-24.60s", rows[i].column ? rows[i].column : "");
        printf("  %9s  %9s  %9s\n  %s\n", format_distance(rows[i].value).text, format_distance(rows[i].control).text,
               format_distance(rows[i].trivial).text, rows[i].help);
    }
}

static cell format_share(double value) {
    cell result;
    snprintf(result.text, sizeof result.text, value >= 0 ? "%.4f" : "-", value); // NaN is not
    return result;
}

static void print_classes(const gm_class_figure *classes, size_t count) {
    printf("\nlabel fidelity: the share that a classifier of real images names as asked; spread: root mean squared\n"
           "distance within the class among its features; each beside that of real images\n");
    printf("%-24s  %6s  %8s  %8s  %8s  %8s  %8s\n", "class", "n", "fidelity", "real", "chance", "spread", "real");
    for (size_t i = 0; i < count; i++) {
        const gm_class_figure *class = &classes[i];
        if (class->asked == 0)
            continue;
        print_part("%-24.60s", class->name);
        printf("  %6zu  %8s  %8s  %8s  %8s  %8s\n", class->asked, format_share(class->fidelity).text,
               format_share(class->real_named).text, format_share(class->chance).text, format_share(class->spread).text,
               format_share(class->real_spread).text);
    }
}

static void print_table(const gm_comparison_info *info, const figures_of *all) {
    const gm_figure *figures = all->figures;
    size_t count = all->count;
    int key = 6, features = 8;
    for (size_t i = 0; i < count; i++) {
        int wide = (int)strlen(figures[i].key), taken = (int)strlen(figures[i].features);
        key = wide > key ? wide : key;
        features = taken > features ? taken : features;
    }
    print_part("%s (%zu) and %s (%zu), samples of %zux", info->real, info->real_count, info->fake, info->fake_count,
               info->channels);
    if (info->frames > 0)
        printf("%zux", info->frames);
    printf("%zux%zu", info->height, info->width);
    if (info->ranged)
        printf(" in [%g, %g]", info->low, info->high);
    if (all->text_count > 0)
        printf("\ncontrol: n-grams of windows of the training text; words, copies and runs of the real texts\n\n");
    else
        printf(", k = %zu\ncontrol: the same figure of two halves of the real side\n\n", info->k);
    printf("%-*s  %10s  %10s  %6s  %-*s  %s\n", key, "metric", "value", "control", "n", features, "features", "flags");
    for (size_t i = 0; i < count; i++) {
        const gm_figure *figure = &figures[i];
        cell flags = format_flags(figure->value.flags);
        print_part("%-*s  %10s  %10s  %6zu  %-*s  %s", key, figure->key, format_value(&figure->value).text,
                   format_value(&figure->control).text, figure->value.count, features, figure->features, flags.text);
        if (figure->value.duplicates > 0)
            printf(" (%zu)", figure->value.duplicates);
        printf("\n  %s\n", figure->help);
    }
    if (all->column_count > 0)
        print_columns(all->columns, all->column_count);
    if (all->row_count > 0)
        print_rows(all->rows, all->row_count);
    if (all->class_count > 0)
        print_classes(all->classes, all->class_count);
    if (all->text_count > 0)
        texts_print_figures(all->texts, all->text_count);
    if (all->clip_count > 0)
        clips_print_figures(all->clips, all->clip_count);
    if (all->sound_count > 0)
        sounds_print_figures(all->sounds, all->sound_count);
}

// ---- The command ----

static int measure(const measure_arguments *arguments) {
    gm_comparison *comparison = NULL;
    gm_comparison_info info;
    figures_of all = {0};
    int exit_code = EXIT_OK;
    if (gm_comparison_open(&comparison, arguments->sides[0], arguments->sides[1], &arguments->options) != GM_OK ||
        gm_comparison_measure(comparison, arguments->metrics, &all.figures, &all.count) != GM_OK ||
        gm_comparison_classes(comparison, &all.classes, &all.class_count) != GM_OK ||
        gm_comparison_columns(comparison, &all.columns, &all.column_count) != GM_OK ||
        gm_comparison_texts(comparison, &all.texts, &all.text_count) != GM_OK ||
        gm_comparison_clips(comparison, &all.clips, &all.clip_count) != GM_OK ||
        gm_comparison_sounds(comparison, &all.sounds, &all.sound_count) != GM_OK ||
        ((!arguments->metrics || arguments->targets) &&
         gm_comparison_rows(comparison, arguments->targets, &all.rows, &all.row_count) != GM_OK)) {
        exit_code = fail_with_message();
    } else {
        gm_comparison_get_info(comparison, &info);
        (arguments->json ? print_json : print_table)(&info, &all);
    }
    gm_comparison_close(&comparison);
    return exit_code;
}

static int print_keys(void) {
    char *text = NULL;
    if (gm_comparison_keys(&text) != GM_OK)
        return fail_with_message();
    fputs(text, stdout);
    free(text);
    return EXIT_OK;
}

static bool parse_features(const char *text, gm_comparison_features *features) {
    static const char *const names[] = {[GM_COMPARISON_PCA] = "pca", [GM_COMPARISON_CLASSIFIER] = "classifier"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *features = (gm_comparison_features)i;
            return true;
        }
    return false;
}

int command_measure(int count, char **words) {
    measure_arguments arguments = {0};
    option_number k = {0}, samples = {0};
    const char *features = "pca";
    bool keys = false;
    const option_row options[] = {
        {"--metrics", "LIST", OPTION_TEXT, &arguments.metrics,
         "keys with commas between them (default: all that apply)"},
        {"--keys", NULL, OPTION_FLAG, &keys, "list every key and what it means, measure nothing"},
        {"-k", "K", OPTION_NUMBER, &k, "which nearest neighbour the estimates look at (default 5)"},
        {"--samples", "N", OPTION_NUMBER, &samples, "at most so many of each side (default 10000)"},
        {"--paired", NULL, OPTION_FLAG, &arguments.options.paired, "row i of one side belongs to row i of the other"},
        {"--features", "pca", OPTION_TEXT, &features,
         "pca (16 components of the real side), or classifier (trained on the data set, kept on disk)"},
        {"--target", "LIST", OPTION_TEXT, &arguments.targets,
         "of tables: columns, with commas between them, that a small network learns from the others on FAKE's rows and "
         "is "
         "tested with on REAL's (default: the last of categories and the last of numbers)"},
        {"--json", NULL, OPTION_FLAG, &arguments.json, "one JSON object on standard output"},
        {"--device", "SEL", OPTION_TEXT, &arguments.options.device,
         "gpu, cpu, P:D or part of a name (see ganymede devices)"},
    };
    const usage_text usage = {
        .command = "ganymede measure",
        .arguments = "REAL FAKE",
        .summary =
            "Says how far FAKE's samples are from REAL's: entropies, divergences, quality and variety, each beside\n"
            "its control, the same figure of two halves of REAL. A side is an .npy array (N x d or N x C x H x W),\n"
            "a .csv table (beside another with the same columns), a data set (name or path) or a run folder, which "
            "draws the samples of seeds 0, 1, 2, ...",
        .example = "ganymede measure fashion-mnist runs/00000-dcgan-fashion",
        .options = options,
        .option_count = COUNT(options),
        .most = 2,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, arguments.sides, &exit_code))
        return exit_code;
    if (keys)
        return print_keys();
    if (!arguments.sides[1])
        return usage_error(&usage, "expected REAL FAKE");
    if (k.given && (k.value < 1 || k.value > 1000))
        return usage_error(&usage, "-k expects 1 to 1000");
    if (samples.given && (samples.value < 2 || samples.value > 1000000))
        return usage_error(&usage, "--samples expects 2 to 1000000");
    if (!parse_features(features, &arguments.options.features))
        return usage_error(&usage, "--features expects pca or classifier, not '%s'", features);
    if (gm_comparison_check(arguments.metrics) != GM_OK)
        return usage_error(&usage, "--metrics: %s", gm_error_message());
    arguments.options.k = (size_t)k.value;
    arguments.options.samples = (size_t)samples.value;
    return measure(&arguments);
}

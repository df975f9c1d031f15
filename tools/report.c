// The report of `ganymede data`: a line for each property, and bars for what differs.
#include "report.h"

#include "command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SIZES = 8, MOST_CLASSES = 20, MOST_CHANNELS = 8, BAR = 40, LINE = 92, SIDES = 16 };

// Of a table more than what is stored.
static size_t seen_channels(const gm_dataset_info *info) {
    return info->table ? gm_table_codes(info->table) : info->channels;
}

// ---- For people ----

void report_print_bar(size_t count, size_t most) {
    size_t length = most > 0 ? (size_t)((double)BAR * (double)count / (double)most + .5) : 0;
    length = count > 0 && length == 0 ? 1 : length;
    printf("  ");
    for (size_t i = 0; i < length; i++)
        putchar('#');
    putchar('\n');
}

static void print_format(const gm_survey *survey, const gm_table_schema *table) {
    if (!survey->format)
        return;
    if (table) {
        print_line("format        table: %s between columns, decimal %s, %s header",
                   table->dialect.separator == '\t'  ? "tabs"
                   : table->dialect.separator == ';' ? "semicolons"
                   : table->dialect.separator == '|' ? "bars"
                                                     : "commas",
                   table->dialect.decimal == ',' ? "commas" : "points", table->dialect.header ? "a" : "no");
        return;
    }
    print_part("format        %s%s", survey->folder ? "folder of " : "", survey->format);
    for (size_t i = 0; i < survey->format_count; i++)
        printf("%s%zu %s", i == 0 ? ": " : ", ", survey->formats[i].count, survey->formats[i].name);
    if (survey->layout != GM_ARRAY_AUTO)
        printf(", channels %s (found by the shortest axis, or given as data.layout)",
               survey->layout == GM_ARRAY_NHWC ? "last" : "first");
    printf("\n");
}

static void print_count(const data_report *report) {
    const gm_survey *survey = report->survey;
    const bool clips = report->seen && report->seen->frames > 0; // which are counted frame by frame
    printf("%-14s%zu\n",
           survey->table         ? "rows"
           : !clips              ? "items"
           : survey->several > 0 ? "files"
                                 : "frames",
           survey->count);
    if (survey->damaged > 0)
        print_line("damaged       %zu %s, which 'ganymede data %s --check' lists", survey->damaged,
                   survey->damaged == 1 ? "file" : "files", report->source);
    else if (survey->format_count > 0)
        printf("damaged       none\n");
    if (survey->duplicates > 0)
        printf("duplicates    %zu (each equals an earlier one)\n", survey->duplicates);
    else if (survey->count > 0)
        printf("duplicates    none\n");
    if (survey->several > 0)
        printf("pages         %zu %s several pictures, %s\n", survey->several,
               survey->several == 1 ? "file has" : "files have",
               clips ? "which are frames; here the first of each is looked at"
                     : "of which the first counts (see data.pages, and data.frames for clips)");
}

static void print_split(const data_report *report) {
    if (report->survey->splits)
        printf("split         %s (see --split)\n", report->split);
}

// Labels that a file's name alone has brought.
static void print_labels_file(const data_report *report) {
    if (report->seen && report->seen->labels_file)
        print_line("labels        of %s, which lies beside it", report->seen->labels_file);
}

static size_t shorter_side(const gm_survey_size *size) {
    return size->height < size->width ? size->height : size->width;
}

// How many items lie between powers of two, by the side that a choice of --size depends on.
static void print_sides(const gm_survey *survey) {
    size_t counts[SIDES] = {0}, most = 0, first = SIDES, last = 0;
    const gm_survey_size *least = survey->sizes, *largest = survey->sizes;
    for (size_t i = 0; i < survey->size_count; i++) {
        const gm_survey_size *size = &survey->sizes[i];
        size_t bin = 0;
        while (bin + 1 < SIDES && shorter_side(size) >> (bin + 1) > 0)
            bin++;
        counts[bin] += size->count;
        most = counts[bin] > most ? counts[bin] : most;
        first = bin < first ? bin : first;
        last = bin > last ? bin : last;
        least = size->height * size->width < least->height * least->width ? size : least;
        largest = size->height * size->width > largest->height * largest->width ? size : largest;
    }
    printf("sizes         %zu different ones, %zu x %zu to %zu x %zu (height x width); their shorter sides:\n",
           survey->size_count, least->height, least->width, largest->height, largest->width);
    for (size_t bin = first; bin <= last; bin++) {
        char range[48];
        snprintf(range, sizeof range, "%zu to %zu", (size_t)1 << bin, ((size_t)2 << bin) - 1);
        printf("  %-16s%8zu", range, counts[bin]);
        report_print_bar(counts[bin], most);
    }
}

static void print_sizes(const gm_survey *survey) {
    const gm_survey_size *sizes = survey->sizes;
    if (survey->size_count == 1 && sizes[0].height * sizes[0].width > 1)
        printf("size          %zu x %zu (height x width)\n", sizes[0].height, sizes[0].width);
    if (survey->size_count > MOST_SIZES)
        print_sides(survey);
    if (survey->size_count < 2 || survey->size_count > MOST_SIZES)
        return;
    printf("sizes         %zu different ones (height x width):\n", survey->size_count);
    for (size_t i = 0; i < survey->size_count; i++) {
        char size[48];
        snprintf(size, sizeof size, "%zu x %zu", sizes[i].height, sizes[i].width);
        printf("  %-16s%8zu", size, sizes[i].count);
        report_print_bar(sizes[i].count, sizes[0].count);
    }
}

static void print_range(const double *range) {
    if (isnan(range[0]))
        printf("no finite values");
    else
        printf("%.6g to %.6g", range[0], range[1]);
}

// Of many channels the range of all.
static void print_ranges(const gm_survey_layout *layout) {
    double all[2] = {NAN, NAN};
    if (layout->channels <= MOST_CHANNELS) {
        for (size_t c = 0; c < layout->channels; c++) {
            printf("%s", c > 0 ? ", " : "");
            print_range(layout->range[c]);
        }
        return;
    }
    for (size_t c = 0; c < layout->channels; c++) {
        all[0] = fmin(all[0], layout->range[c][0]);
        all[1] = fmax(all[1], layout->range[c][1]);
    }
    print_range(all);
}

static void print_layouts(const gm_survey *survey) {
    bool vectors = survey->size_count == 1 && survey->sizes[0].height * survey->sizes[0].width == 1;
    for (size_t i = 0; i < survey->layout_count; i++) {
        const gm_survey_layout *layout = &survey->layouts[i];
        printf("%-14s", i == 0 ? "values" : "");
        if (survey->layout_count > 1)
            printf("%zu of ", layout->count);
        if (layout->bits > 16)
            printf("floats");
        else
            printf("%zu bits", layout->bits);
        printf(", %zu %s%s%s: ", layout->channels, vectors ? "column" : "channel", layout->channels == 1 ? "" : "s",
               layout->alpha ? " (the last is opacity)" : "");
        print_ranges(layout);
        if (layout->not_finite > 0)
            printf("; %zu not finite", layout->not_finite);
        printf("\n");
    }
}

static void print_names(const gm_survey_count *names, size_t count) {
    size_t column = 0;
    for (size_t k = 0; k < count; k++) {
        size_t length = strlen(names[k].name) + 2;
        bool breaks = k == 0 || column + length > LINE;
        printf("%s", k == 0 ? "  " : breaks ? ",\n  " : ", ");
        column = breaks ? length : column + length;
        print_part("%s", names[k].name);
    }
    printf("\n");
}

static void print_classes(const gm_survey *survey) {
    const gm_survey_count *classes = survey->classes;
    size_t most = 0, least = SIZE_MAX, shown = survey->class_count > MOST_CLASSES ? MOST_CLASSES : survey->class_count;
    int wide = 16;
    if (survey->class_count == 0 && survey->count > 0)
        printf("classes       none\n");
    if (survey->class_count == 0)
        return;
    for (size_t k = 0; k < survey->class_count; k++) {
        most = classes[k].count > most ? classes[k].count : most;
        least = classes[k].count < least ? classes[k].count : least;
        if (k < shown)
            wide = (int)strlen(classes[k].name) > wide ? (int)strlen(classes[k].name) : wide;
    }
    if (least == most) {
        printf("classes       %zu, of %zu items each:\n", survey->class_count, most);
        print_names(classes, shown);
    } else {
        printf("classes       %zu, of %zu to %zu items\n", survey->class_count, least, most);
    }
    for (size_t k = 0; k < shown && least < most; k++) {
        print_part("  %-*s%8zu", wide, classes[k].name, classes[k].count);
        report_print_bar(classes[k].count, most);
    }
    if (shown < survey->class_count)
        printf("  and %zu others\n", survey->class_count - shown);
}

// A character may be a control character, which print_line shows.
static void print_text(const gm_text_schema *text) {
    char list[240] = "";
    size_t used = 0;
    const bool words = text->unit == GM_TEXT_WORDS;
    for (size_t i = 0; i < text->count && used + strlen(text->symbols[i]) + 5 < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", words && i > 0 ? " " : "", text->symbols[i]);
    print_line("networks see  %zu of %zu different %s: %s", text->window, text->count, words ? "words" : "characters",
               list);
}

static void print_seen(const data_report *report) {
    const gm_dataset_info *info = report->seen;
    if (!info) {
        if (report->sound)
            print_line("networks see  nothing yet: %s", report->refusal);
        else
            print_line("networks see  nothing");
        return;
    }
    if (info->text) {
        print_text(info->text);
        return;
    }
    if (info->sound) {
        printf("networks see  %zu values of %zu %s, %zu a second, from -1 to 1; %zu items\n", info->sound->window,
               info->channels, info->channels == 1 ? "channel" : "channels", info->sound->rate, info->count);
        return;
    }
    if (info->height * info->width == 1 && info->frames == 0)
        printf("networks see  %zu values", seen_channels(info));
    else if (info->frames > 0)
        printf("networks see  %zu %s of %zu x %zu x %zu x %zu (channels x frames x height x width)", info->count,
               info->count == 1 ? "clip" : "clips", info->channels, info->frames, info->height, info->width);
    else
        printf("networks see  %zu x %zu x %zu (channels x height x width)", info->channels, info->height, info->width);
    if (info->white > info->black)
        printf(", of which %g is black and %g white", info->black, info->white);
    else if (!info->table)
        printf(", taken as they are");
    printf("\n");
}

void report_print(const data_report *report) {
    const gm_survey *survey = report->survey;
    print_line("source        %s", report->source);
    print_format(survey, report->table);
    print_split(report);
    print_labels_file(report);
    print_count(report);
    if (report->table) {
        report_print_columns(report->table, survey->count);
    } else {
        if (survey->sounds)
            report_print_sounds(survey);
        else
            print_sizes(survey);
        print_layouts(survey);
        print_classes(survey);
    }
    print_seen(report);
}

// ---- For programs ----

void report_print_json_counts(const gm_survey_count *counts, size_t count) {
    printf("[");
    for (size_t i = 0; i < count; i++) {
        printf("%s{\"name\": ", i > 0 ? ", " : "");
        print_json_string(counts[i].name);
        printf(", \"count\": %zu}", counts[i].count);
    }
    printf("]");
}

static void print_json_sizes(const gm_survey *survey, size_t count) {
    printf("[");
    for (size_t i = 0; i < count; i++)
        printf("%s{\"height\": %zu, \"width\": %zu, \"count\": %zu}", i > 0 ? ", " : "", survey->sizes[i].height,
               survey->sizes[i].width, survey->sizes[i].count);
    printf("]");
}

static void print_json_layouts(const gm_survey *survey, size_t count) {
    printf("[");
    for (size_t i = 0; i < count; i++) {
        const gm_survey_layout *layout = &survey->layouts[i];
        printf("%s{\"bits\": %zu, \"channels\": %zu, \"alpha\": %s, \"count\": %zu, \"not_finite\": %zu, \"range\": [",
               i > 0 ? ", " : "", layout->bits, layout->channels, layout->alpha ? "true" : "false", layout->count,
               layout->not_finite);
        for (size_t c = 0; c < layout->channels; c++) {
            printf("%s[", c > 0 ? ", " : "");
            print_json_number(layout->range[c][0]);
            printf(", ");
            print_json_number(layout->range[c][1]);
            printf("]");
        }
        printf("]}");
    }
    printf("]");
}

void report_print_json(const data_report *report) {
    const gm_survey *survey = report->survey;
    printf("{\"source\": ");
    print_json_string(report->source);
    printf(", \"format\": ");
    if (survey->format)
        print_json_string(survey->format);
    else
        printf("null");
    printf(", \"split\": ");
    if (survey->splits)
        print_json_string(report->split);
    else
        printf("null");
    printf(", \"folder\": %s, \"count\": %zu, \"damaged\": %zu, \"duplicates\": %zu, \"several_pages\": %zu, "
           "\"formats\": ",
           survey->folder ? "true" : "false", survey->count, survey->damaged, survey->duplicates, survey->several);
    report_print_json_counts(survey->formats, survey->format_count);
    // Of tables these are of what is stored for networks, of sounds lengths are told instead.
    printf(", \"sizes\": ");
    print_json_sizes(survey, survey->table || survey->sounds ? 0 : survey->size_count);
    printf(", \"values\": ");
    print_json_layouts(survey, survey->table ? 0 : survey->layout_count);
    printf(", \"classes\": ");
    report_print_json_counts(survey->classes, survey->class_count);
    printf(", \"columns\": ");
    if (report->table)
        report_print_columns_json(report->table);
    else
        printf("[]");
    printf(", \"sounds\": ");
    if (survey->sounds)
        report_print_sounds_json(survey->sounds);
    else
        printf("null");
    printf(", \"shape\": ");
    if (report->seen)
        printf("[%zu, %zu, %zu]", seen_channels(report->seen), report->seen->height, report->seen->width);
    else
        printf("null");
    printf(", \"frames\": %zu, \"clips\": %zu", report->seen ? report->seen->frames : 0,
           report->seen && report->seen->frames > 0 ? report->seen->count : 0);
    printf(", \"refusal\": ");
    if (report->refusal)
        print_json_string(report->refusal);
    else
        printf("null");
    printf("}\n");
}

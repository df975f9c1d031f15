// What `ganymede data` says of sounds: rates, lengths, silence.
#include "report.h"

#include "command.h"

#include <stdio.h>

// How many last between powers of two of milliseconds.
static void print_lengths(const gm_survey_sounds *sounds) {
    size_t most = 0, first = GM_SURVEY_LENGTHS, last = 0;
    for (size_t bin = 0; bin < GM_SURVEY_LENGTHS; bin++) {
        const size_t count = sounds->lengths[bin];
        most = count > most ? count : most;
        first = count > 0 && bin < first ? bin : first;
        last = count > 0 ? bin : last;
    }
    printf("lengths       %.4g to %.4g seconds, %.6g in all\n", sounds->shortest, sounds->longest, sounds->total);
    for (size_t bin = first; bin <= last && first < last; bin++) {
        char range[64];
        snprintf(range, sizeof range, "%g to %g s", (double)((size_t)1 << bin) / 1000,
                 (double)((size_t)2 << bin) / 1000);
        printf("  %-16s%8zu", range, sounds->lengths[bin]);
        report_print_bar(sounds->lengths[bin], most);
    }
}

void report_print_sounds(const gm_survey *survey) {
    const gm_survey_sounds *sounds = survey->sounds;
    if (survey->count == 0)
        return;
    if (sounds->rate_count == 1)
        print_line("rate          %s values a second", sounds->rates[0].name);
    else
        printf("rates         %zu different ones, in values a second:\n", sounds->rate_count);
    for (size_t i = 0; i < sounds->rate_count && sounds->rate_count > 1; i++) {
        print_part("  %-16s%8zu", sounds->rates[i].name, sounds->rates[i].count);
        report_print_bar(sounds->rates[i].count, sounds->rates[0].count);
    }
    print_lengths(sounds);
    if (sounds->silent > 0)
        printf("silent        %zu: their values are all 0\n", sounds->silent);
    if (sounds->beyond > 0)
        printf("too loud      %zu have values beyond -1 and 1, which are cut off unless --loudness is peak\n",
               sounds->beyond);
}

void report_print_sounds_json(const gm_survey_sounds *sounds) {
    printf("{\"rates\": ");
    report_print_json_counts(sounds->rates, sounds->rate_count);
    printf(", \"shortest\": ");
    print_json_number(sounds->shortest);
    printf(", \"longest\": ");
    print_json_number(sounds->longest);
    printf(", \"seconds\": ");
    print_json_number(sounds->total);
    printf(", \"silent\": %zu, \"too_loud\": %zu, \"lengths\": [", sounds->silent, sounds->beyond);
    for (size_t bin = 0, some = 0; bin < GM_SURVEY_LENGTHS; bin++)
        if (sounds->lengths[bin] > 0)
            printf("%s{\"seconds\": %g, \"count\": %zu}", some++ > 0 ? ", " : "", (double)((size_t)1 << bin) / 1000,
                   sounds->lengths[bin]);
    printf("]}");
}

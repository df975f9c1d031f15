// What `ganymede data` says of a data set, for people and for programs.
#ifndef GM_TOOLS_REPORT_H
#define GM_TOOLS_REPORT_H

#include "ganymede/data.h"

typedef struct data_report {
    const char *source, *split; // which is reported on
    const gm_survey *survey;
    const gm_dataset_info *seen;  // what networks will see; NULL: nothing
    const char *refusal;          // why not
    bool sound;                   // `seen`, or options are all that is missing
    const gm_table_schema *table; // of a table's columns; else NULL
} data_report;

void report_print(const data_report *report);
void report_print_json(const data_report *report);

// A table's columns, in lines for people and as the value of a JSON key. report_table.c
void report_print_columns(const gm_table_schema *table, size_t rows);
void report_print_columns_json(const gm_table_schema *table);

// Sounds, likewise. report_sounds.c
void report_print_sounds(const gm_survey *survey);
void report_print_sounds_json(const gm_survey_sounds *sounds);

// A bar as long as `count` of `most`; counts by name as a JSON list. report.c
void report_print_bar(size_t count, size_t most);
void report_print_json_counts(const gm_survey_count *counts, size_t count);

#endif

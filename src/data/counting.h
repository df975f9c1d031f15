// What items of a data set are, counted as they go by.
#ifndef GM_DATA_COUNTING_H
#define GM_DATA_COUNTING_H

#include "base/base.h"
#include "data/fit.h"

typedef struct gm_counted {
    uint64_t hash;
    uint32_t height, width;
} gm_counted;

typedef struct gm_counted_layout {
    gm_survey_layout layout;
    gm_picture_type type;
    double (*range)[2];
} gm_counted_layout;

typedef struct gm_counting {
    gm_survey survey; // its format, classes, damaged and several
    gm_arena *arena;  // of all that the survey refers to
    pthread_mutex_t mutex;
    // Under the mutex:
    gm_survey_count *classes; // the survey's
    gm_counted *items;
    gm_survey_count *formats;
    gm_counted_layout *layouts;
    size_t all; // items, where only some are added; else 0
    size_t count, capacity, format_count, format_capacity, layout_count, layout_capacity;
} gm_counting;

gm_status gm_counting_init(gm_counting *counting, gm_arena *arena);
void gm_counting_finish(gm_counting *counting);
// names: NULL = their numbers
gm_status gm_counting_set_classes(gm_counting *counting, const char *const *names, size_t count);
// Any number of threads may add. format: what the file is, for as long as the program runs, or NULL; label: of a class,
// -1 without any; the values of an item lie one behind the other.
gm_status gm_counting_add(gm_counting *counting, const gm_fit_source *item, bool alpha, const char *format,
                          int32_t label);
gm_status gm_counting_survey(gm_counting *counting, gm_survey *survey);

#endif

// The formats of data sets: who reads what a path leads to.
#ifndef GM_DATA_FORMAT_H
#define GM_DATA_FORMAT_H

#include "data/counting.h"
#include "data/settings.h"
#include "data/source.h"

typedef struct gm_format {
    const char *name; // for messages: "IDX"
    bool folder;      // of folders, or of files
    bool array;       // values alone, without splits or labels
    bool table;       // with columns that gm_table_find tells
    unsigned takes;   // bits of gm_setting
    // Whether it is one, by the first bytes or the entries; NULL: takes what no other row does.
    bool (*tell)(const gm_source *source);
    // Fills in the items, labels and classes, and the info but for its name.
    gm_status (*open)(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);
    // As gm_dataset_check; NULL: whether it opens is all there is to check.
    gm_status (*check)(const gm_source *source, const gm_dataset_options *options, gm_damage_callback damage,
                       void *user, size_t *count);
    // Adds all items and what their files are; NULL: as they are when it is opened.
    gm_status (*survey)(const gm_source *source, const gm_dataset_options *options, gm_counting *counting);
} gm_format;

// Fails with what the source is instead, where it is none of them.
gm_status gm_format_find(const gm_source *source, const gm_format **format);
// Fails for options that are set and not for sources of this format. named: of a data set that has a name.
gm_status gm_format_check_settings(const gm_format *format, const gm_source *source, bool named,
                                   const gm_dataset_options *options);

#endif

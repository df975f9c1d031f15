// Options that say something of some sources alone: what a source does not take is refused, not passed over.
#ifndef GM_DATA_SETTINGS_H
#define GM_DATA_SETTINGS_H

#include "ganymede/data.h"

// Bits of what a source takes. A new one is a row in settings.c.
typedef enum gm_setting {
    GM_SETTING_FOLDER = 1 << 0,
    GM_SETTING_LAYOUT = 1 << 1,
    GM_SETTING_COLUMNS = 1 << 2,
    GM_SETTING_DIALECT = 1 << 3,
    GM_SETTING_ALPHA = 1 << 4,
    GM_SETTING_PAGES = 1 << 5,
    GM_SETTING_SCALE = 1 << 6,
    GM_SETTING_SIZE = 1 << 7,
    GM_SETTING_FIT = 1 << 8,
    GM_SETTING_CHANNELS = 1 << 9,
    GM_SETTING_BACKGROUND = 1 << 10,
    GM_SETTING_HOLD = 1 << 11,
    GM_SETTING_VIEW = 1 << 12,
    GM_SETTING_PART = 1 << 13,
    GM_SETTING_TEXT = 1 << 14,
    GM_SETTING_FRAMES = 1 << 15,
    GM_SETTING_SOUND = 1 << 16,
    GM_SETTINGS_OF_IMAGES = GM_SETTING_SIZE | GM_SETTING_FIT | GM_SETTING_CHANNELS | GM_SETTING_VIEW,
    GM_SETTINGS_OF_PICTURES = GM_SETTINGS_OF_IMAGES | GM_SETTING_ALPHA | GM_SETTING_BACKGROUND | GM_SETTING_PAGES |
                              GM_SETTING_SCALE | GM_SETTING_HOLD | GM_SETTING_PART | GM_SETTING_FRAMES,
    GM_SETTINGS_OF_ARRAYS = GM_SETTINGS_OF_IMAGES | GM_SETTING_LAYOUT | GM_SETTING_SCALE | GM_SETTING_FRAMES,
    GM_SETTINGS_OF_TABLES = GM_SETTING_COLUMNS | GM_SETTING_DIALECT,
    GM_SETTINGS_OF_TEXTS = GM_SETTING_TEXT | GM_SETTING_DIALECT,
    GM_SETTINGS_OF_SOUNDS = GM_SETTING_SOUND | GM_SETTING_CHANNELS,
} gm_setting;

// What stands in front of an option's name in messages.
const char *gm_settings_prefix(const gm_dataset_options *options);

// Fails for the first of the options that is set and not among `takes`. `what` the source is, for the message: "is a
// file of CSV".
gm_status gm_settings_check(const char *source, const char *what, unsigned takes, const gm_dataset_options *options);

// Fails where the test split is asked for of a source without splits, unless it may be its own.
gm_status gm_settings_check_split(const char *source, bool splits, const gm_dataset_options *options);

#endif

// The table of options that say something of some sources alone. What a format takes stands in its row in format.c.
#include "data/settings.h"

#include "base/base.h"
#include "data/texts.h"

static bool says_dialect(const gm_dataset_options *options) {
    const gm_table_dialect *dialect = options->columns ? &options->columns->dialect : NULL;
    return dialect && (dialect->separator || dialect->decimal || dialect->header_known || dialect->crlf);
}

static bool says_text(const gm_dataset_options *options) {
    const gm_text_schema *text = options->text;
    return text &&
           (text->unit || text->items || text->lower || text->join || text->most || gm_texts_are_wanted(options));
}

static bool says_sound(const gm_dataset_options *options) {
    const gm_sound_schema *sound = options->sound;
    return sound && (sound->rate || sound->window || sound->longer || sound->loudness || sound->trim || sound->bands);
}

static bool says_background(const gm_dataset_options *options) {
    const uint8_t *colour = options->background;
    return options->has_background && (colour[0] < 255 || colour[1] < 255 || colour[2] < 255);
}

// The settings that differ from their defaults.
static unsigned find_set(const gm_dataset_options *options) {
    return (options->folder ? GM_SETTING_FOLDER : 0u) | (options->layout ? GM_SETTING_LAYOUT : 0u) |
           (options->columns && options->columns->columns ? GM_SETTING_COLUMNS : 0u) |
           (says_dialect(options) ? GM_SETTING_DIALECT : 0u) | (options->alpha ? GM_SETTING_ALPHA : 0u) |
           (options->pages ? GM_SETTING_PAGES : 0u) | (options->scale ? GM_SETTING_SCALE : 0u) |
           (options->size[0] ? GM_SETTING_SIZE : 0u) | (options->fit > GM_FIT_PAD ? GM_SETTING_FIT : 0u) |
           (options->channels ? GM_SETTING_CHANNELS : 0u) | (options->view ? GM_SETTING_VIEW : 0u) |
           (options->part ? GM_SETTING_PART : 0u) | (says_background(options) ? GM_SETTING_BACKGROUND : 0u) |
           (options->hold ? GM_SETTING_HOLD : 0u) | (says_text(options) ? GM_SETTING_TEXT : 0u) |
           (options->frames || options->frame_stride > 1 || options->frame_hop || options->short_films
                ? GM_SETTING_FRAMES
                : 0u) |
           (says_sound(options) ? GM_SETTING_SOUND : 0u);
}

static const struct {
    gm_setting setting;
    const char *key, *use;
} rows[] = {
    {GM_SETTING_FOLDER, "folder", "for where data sets with a name lie"},
    {GM_SETTING_LAYOUT, "layout", "for the axes of arrays of images with channels"},
    {GM_SETTING_COLUMNS, "columns", "for tables"},
    {GM_SETTING_DIALECT, "dialect", "for tables"},
    {GM_SETTING_ALPHA, "alpha", "for the transparency of picture files"},
    {GM_SETTING_PAGES, "pages", "for the pages of TIFF files"},
    {GM_SETTING_SCALE, "scale", "for pictures of 16 bits or floats"},
    {GM_SETTING_SIZE, "size", "for images"},
    {GM_SETTING_FIT, "fit", "for images"},
    {GM_SETTING_CHANNELS, "channels", "for images and sounds"},
    {GM_SETTING_VIEW, "view", "for images"},
    {GM_SETTING_PART, "part", "for files of pictures side by side"},
    {GM_SETTING_BACKGROUND, "background", "for the transparency of picture files"},
    {GM_SETTING_TEXT, "text", "for texts"},
    {GM_SETTING_FRAMES, "frames", "for clips: animations, folders of frames, arrays"},
    {GM_SETTING_SOUND, "sound", "for sounds"},
    {GM_SETTING_HOLD, "hold", "for picture files, which are decoded"},
};

const char *gm_settings_prefix(const gm_dataset_options *options) {
    return options->prefix ? options->prefix : "data.";
}

gm_status gm_settings_check(const char *source, const char *what, unsigned takes, const gm_dataset_options *options) {
    unsigned wrong = options->adapted ? 0 : find_set(options) & ~takes;
    for (size_t i = 0; i < GM_COUNT(rows); i++)
        if (wrong & rows[i].setting)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: %s, and %s%s is %s: leave it out", source, what,
                           gm_settings_prefix(options), rows[i].key, rows[i].use);
    return GM_OK;
}

gm_status gm_settings_check_split(const char *source, bool splits, const gm_dataset_options *options) {
    if (splits || options->split != GM_SPLIT_TEST || options->whole)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: has no test split: expected data in training and test parts", source);
}

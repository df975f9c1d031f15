// What recipes say of sounds: rate, window, length and loudness.
#include "model/sound_settings.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

static const char *const longers[] = {"cut", "slice", NULL};    // gm_sound_longer
static const char *const loudnesses[] = {"keep", "peak", NULL}; // gm_sound_loudness

#define ROW(name, of, ...)                                                                                             \
    { .key = #name, .kind = GM_PARAMETER_##of, .offset = offsetof(gm_sound_schema, name), __VA_ARGS__ }
static const gm_parameter rows[] = {
    ROW(rate, INTEGER, .maximum = GM_SOUND_MOST_RATE,
        .help = "values of a channel in a second, to which others are resampled; 0: the sounds' own, which is the same "
                "for all"),
    ROW(window, INTEGER, .maximum = GM_SOUND_MOST_WINDOW,
        .help = "values of a channel in a sample; shorter sounds lie in the middle of silence; 0: the sounds' own "
                "length, which is the same for all"),
    ROW(longer, CHOICE, .choices = longers,
        .help =
            "of sounds longer than a window: the middle is cut out, or they are sliced into windows, each a sample"),
    ROW(trim, BOOLEAN, .help = "leave out the silence at both ends first, below 1/200 of the sound's largest value"),
    ROW(loudness, CHOICE, .choices = loudnesses, .help = "as it is, or each file's largest value becomes 1 or -1"),
    ROW(bands, INTEGER, .maximum = 1024,
        .help = "networks see spectrograms (channels, bands, window / hop) of so many bands on Slaney's mel scale, as "
                "images in data.range; files are made of them by Griffin and Lim's method; 0: waveforms"),
    ROW(spectrum, INTEGER, .maximum = 65536,
        .help = "values of each spectrum, an even number from 16 on; 0: the power of two nearest to 30 milliseconds"),
    ROW(hop, INTEGER, .maximum = 32768,
        .help = "values from one spectrum to the next, at most half a spectrum; 0: a quarter of it"),
    ROW(floor, NUMBER, .maximum = 1,
        .help = "of a spectrogram: what is quieter is as if it were so loud, a sine of full scale being 1; 0: 0.001"),
};

enum { OF_WAVEFORMS = 5 }; // so many rows say something of them

static const char map[] = "null, or a map such as {rate: 8000, window: 4096}";

static gm_status read_sound(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    (void)arena;
    *(gm_sound_schema *)field = (gm_sound_schema){0};
    if (gm_yaml_is_null(node))
        return GM_OK;
    if (node->kind != GM_YAML_MAP)
        return gm_recipe_refuse(node, key, map);
    for (size_t i = 0; i < node->count; i++) {
        const gm_parameter *row = gm_parameter_find(rows, GM_COUNT(rows), node->keys[i]);
        const char *known[GM_COUNT(rows)];
        for (size_t k = 0; k < GM_COUNT(rows); k++)
            known[k] = rows[k].key;
        if (!row)
            return gm_recipe_unknown(node->key_origins[i], "key in data.sound", node->keys[i], known, GM_COUNT(known));
        GM_TRY(gm_recipe_read_parameter(row, field, node->items[i]));
    }
    return GM_OK;
}

static void write_sound(const void *field, gm_text *text) {
    const gm_sound_schema *of = field;
    char value[80];
    if (!of->rate && !of->window && !of->longer && !of->loudness && !of->trim && !of->bands) {
        gm_text_append(text, " null");
        return;
    }
    for (size_t i = 0; i < (of->bands > 0 ? GM_COUNT(rows) : (size_t)OF_WAVEFORMS); i++)
        gm_text_printf(text, "%s%s: %s", i > 0 ? ", " : " {", rows[i].key,
                       gm_parameter_format(&rows[i], of, value, sizeof value));
    gm_text_append(text, "}");
}

static void allow_sound(gm_text *text) {
    gm_text_append(text, map);
}

const gm_recipe_type gm_sound_type = {read_sound, write_sound, allow_sound};

void gm_sound_settings_document(gm_text *text) {
    gm_recipe_document_typed(text, "SOUND (data.sound)", "of WAV, FLAC, Ogg, AIFF, AU, CAF and MP3", rows,
                             GM_COUNT(rows));
}

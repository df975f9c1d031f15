// The section of keys that every recipe has, and what they mean together with a model's last layer. Long because it
// holds all of them.
#include "model/common.h"

#include "base/base.h"
#include "model/columns.h"
#include "model/data_values.h"
#include "recipe/value.h"

#include <stddef.h>
#include <string.h>

// ---- Keys ----

static const char *const splits[] = {"train", "test", NULL};
static const char *const fits[] = {"auto", "pad", "resize", "crop", NULL};   // gm_fit
static const char *const alphas[] = {"blend", "keep", NULL};                 // gm_alpha
static const char *const pages[] = {"first", "channels", "items", NULL};     // gm_pages
static const char *const scales[] = {"type", "range", "percentile", NULL};   // gm_scaling
static const char *const numbers[] = {"places", "modes", "quantiles", NULL}; // gm_table_numbers
static const char *const residents[] = {"auto", "yes", "no", NULL};
static const char *const balances[] = {"none", "resample", "weights", "columns", NULL}; // gm_balance
static const char *const layouts[] = {"auto", "nhwc", "nchw", NULL};                    // gm_array_layout
static const char *const damages[] = {"stop", "skip", NULL};                            // gm_damaged
static const char *const parts[] = {"whole", "left", "right", "top", "bottom", NULL};   // gm_part
static const char *const views[] = {"plain", "negative", "edges", NULL};                // gm_image_view
static const char *const pairings[] = {"auto", "order", "names", NULL};                 // gm_pairs
static const char *const shorts[] = {"refuse", "repeat", NULL};                         // gm_short_films
static const char *const holds[] = {"auto", "yes", "no", NULL};                         // gm_hold

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_TYPED(gm_common, "name", name, gm_recipe_name_type, NULL, false,
         "of the run folder; default: the recipe file's name without its ending"),
    GM_ROW_INTEGER(gm_common, "seed", seed, 0, 9999999999, 0, "key of every random number: weights, latents, order of the data"),
    GM_ROW_INTEGER(gm_common, "steps", steps, 1, 1000000000, 10000, "generator steps to train"),
    GM_ROW_TYPED(gm_common, "from", from, gm_recipe_optional_type, NULL, false,
         "a run folder, or a checkpoint in one, whose weights and averages of the same names and shapes training begins "
         "with (transfer); null: none"),
    GM_ROW_TYPED(gm_common, "data.source", data.source, gm_recipe_text_type, NULL, true,
         "a data set's name (fashion-mnist, mnist, cifar-10, stacked-fashion, stacked-mnist, moving-fashion, moving-mnist, ring8, grid25) or the path "
         "of a folder or file"),
    GM_ROW_TYPED(gm_common, "data.folder", data.folder, gm_recipe_optional_type, NULL, false,
         "where a named data set lies; null: in the usual places"),
    GM_ROW_CHOICE(gm_common, "data.split", data.split, splits, 0, "which part of the data to train on"),
    GM_ROW_TYPED(gm_common, "data.size", data.size, gm_data_size_type, "0", false,
                 "height and width that images are brought to; 0: their own"),
    GM_ROW_CHOICE(gm_common, "data.fit", data.fit, fits, 1,
           "how: pad (black borders), resize (stretch), crop (cut out the middle); auto is pad"),
    GM_ROW_INTEGER(gm_common, "data.channels", data.channels, 0, 4096, 0,
           "1 (grey) or 3 (colour), one more where alpha is kept, or any number that the data have; of sounds 1 mixes them down; 0: the data's own"),
    GM_ROW_CHOICE(gm_common, "data.alpha", data.alpha, alphas, 0,
           "transparency: blend (with data.background) or keep (as the last channel, opaque where a picture has none)"),
    GM_ROW_TYPED(gm_common, "data.background", data.background, gm_data_colour_type, "white", false,
           "what lies behind transparent pictures"),
    GM_ROW_CHOICE(gm_common, "data.pages", data.pages, pages, 0,
           "of a TIFF file: the first is the picture, all are its channels, or each is an item"),
    GM_ROW_CHOICE(gm_common, "data.scale", data.scale, scales, 0,
           "what becomes black and white of pictures of 16 bits or floats: type (0 and 65535; floats as they are), range "
           "(each channel's least and largest value in the data trained on) or percentile (its .5th and 99.5th)"),
    GM_ROW_INTEGER(gm_common, "data.count", data.count, 0, 2147483647, 0, "use only so many items, from the first on; of class folders the first of each class, then the second of "
                   "each; 0: all"),
    GM_ROW_TYPED(gm_common, "data.columns", data.columns, gm_columns_type, "null", false,
         "of a table that is not plain numbers: what its columns are, {NAME: TYPE or {type: TYPE, ...}, ...}, or the path of "
         "what ganymede data FILE --schema prints; TYPE is auto, number, integer, category, date, index or skip (left out); with minimum, maximum, decimals; "
         "categories: [...]; format: YYYY-MM-DD. What is not said is found, and stands in the run's recipe; {}: all is found, "
         "also of plain numbers"),
    GM_ROW_TYPED(gm_common, "data.dialect", data.dialect, gm_dialect_type, "null", false,
         "how a table is written, where it is not found rightly: {separator: ',', decimal: '.', header: true}"),
    GM_ROW_TYPED(gm_common, "data.text", data.text, gm_text_type, "null", false,
         "of a text, a folder of texts, or a column of a table: {unit: characters, window: 64, ...}, listed under TEXT; what "
         "is not said is found, and stands in the run's recipe"),
    GM_ROW_TYPED(gm_common, "data.sound", data.sound, gm_sound_type, "null", false,
         "of sounds: {rate: 8000, window: 4096, ...}, listed under SOUND; what is not said is found, and stands in the run's "
         "recipe"),
    GM_ROW_CHOICE(gm_common, "data.numbers", data.numbers, numbers, 0,
           "what networks see of a table's numbers: places (between minimum and maximum), modes (which one of a mixture of "
           "Gaussians, and the place in it, as CTGAN has it) or quantiles (the place among the table's values, as a normal "
           "deviate); what is found stands in the run's data.columns"),
    GM_ROW_TYPED(gm_common, "data.range", data.range, gm_data_range_type, NULL, false,
         "the values of black and white, which the generator's last activation must match: [0, 1] for sigmoid, "
         "[-1, 1] for tanh; default: just that, and [-1, 1] for any other; for images alone"),
    GM_ROW_INTEGER(gm_common, "data.batch", data.batch, 1, 65536, 64, "real images per discriminator step, and as many generated ones"),
    GM_ROW_CHOICE(gm_common, "data.resident", data.resident, residents, 0,
           "keep the whole data set in the device's memory; auto: if it is small"),
    GM_ROW_CHOICE(gm_common, "data.balance", data.balance, balances, GM_BALANCE_NONE,
           "classes of unlike size: none (as they come), resample (batches draw every class equally often) or weights (the "
           "losses count items of a class the more, the fewer it has); of tables columns (each column of categories draws equally "
           "many rows, its categories by the logarithm of how many have them: CTGAN's training by sampling)"),
    GM_ROW_TYPED(gm_common, "data.augment", data.augment, gm_augmentation_type, "null", false,
         "random changes to the images that are learnt from, drawn anew whenever one is read: {OPERATION: RANGE, ...}, "
         "listed under AUGMENTATION; null: none"),
    GM_ROW_CHOICE(gm_common, "data.hold", data.hold, holds, 0,
           "keep all decoded pictures of a folder, archive or list in memory; auto: up to 262,144 that take no more than a quarter of "
           "it; else each is decoded whenever it is wanted"),
    GM_ROW_CHOICE(gm_common, "data.damaged", data.damaged, damages, 0,
           "pictures that cannot be read: stop, or skip them as long as they are no more than 1 % of all"),
    GM_ROW_CHOICE(gm_common, "data.layout", data.layout, layouts, 0,
           "axes of an array of images: nhwc (channels last) or nchw; auto: nhwc where the last axis is shorter than the "
           "two before it"),
    GM_ROW_INTEGER(gm_common, "data.frames", data.frames, 0, 4096, 0,
           "read clips of so many frames: animations (WebP, GIF), folders of pictures, or arrays T x C x H x W and N x T x C "
           "x H x W; 0: images, and arrays of five axes as the clips that they hold"),
    GM_ROW_INTEGER(gm_common, "data.stride", data.stride, 1, 4096, 1, "of clips: take every so-manyth frame"),
    GM_ROW_INTEGER(gm_common, "data.hop", data.hop, 0, 1048576, 0,
           "of longer clips: frames (by the stride) from the beginning of one to that of the next, each of which is kept; 0: "
           "as many as a clip has, so that none overlap"),
    GM_ROW_CHOICE(gm_common, "data.short", data.short_films, shorts, 0,
           "clips with fewer frames: refuse them, or repeat their last frame"),
    GM_ROW_CHOICE(gm_common, "data.part", data.part, parts, 0,
           "of files that hold two pictures side by side: the half that is read"),
    GM_ROW_CHOICE(gm_common, "data.view", data.view, views, 0,
           "what is made of images: nothing, their negative, or their edges (white where Sobel's gradient is strong)"),
    GM_ROW_TYPED(gm_common, "data.classes", data.classes, gm_recipe_words_type, "[]", false,
         "use only items of these classes, by name or number; []: all"),
    GM_ROW_CHOICE(gm_common, "data.pairs", data.pairs, pairings, 0,
           "of models that learn from pairs: which items of the two sources belong together, those of the same place, or "
           "the files of the same name (which then must all be there); auto: by name where both have names"),
    GM_ROW_TYPED(gm_common, "data.second", data.second, gm_second_type, "null", false,
         "the other source of models that learn from two: the keys of data in which it differs, such as {source: DIR} or "
         "{part: right}; what is trained leads from the first to the second"),
};
// clang-format on

// The file's name without folder and ending, with '-' for what no folder's name should hold.
static gm_status default_name(gm_recipe *recipe, gm_common *common) {
    const char *file = gm_recipe_file(recipe), *slash = strrchr(file, '/');
    char *name = gm_arena_printf(gm_recipe_arena(recipe), "%.100s", slash ? slash + 1 : file);
    if (!name)
        return gm_fail_memory(100, "a recipe");
    char *dot = strrchr(name, '.');
    if (dot && dot > name)
        *dot = '\0';
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    for (char *c = name; *c; c++)
        if (!strchr(letters, *c))
            *c = '-';
    common->name = name[0] == '.' || name[0] == '-' || name[0] == '\0' ? "run" : name;
    return GM_OK;
}

static gm_status resolve(gm_recipe *recipe, void *settings) {
    gm_common *common = settings;
    if (!common->name)
        GM_TRY(default_name(recipe, common));
    gm_common_default_range(recipe, -1);
    GM_TRY(gm_columns_join(gm_recipe_arena(recipe), &common->data.columns, &common->data.dialect));
    return gm_second_resolve(gm_recipe_arena(recipe), &common->data.second, rows, GM_COUNT(rows), common,
                             sizeof *common);
}

static void document(gm_text *text) {
    gm_augmentation_document(text);
    gm_text_settings_document(text);
    gm_sound_settings_document(text);
}

const gm_recipe_section gm_common_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_common), .resolve = resolve, .document = document};

const gm_common *gm_common_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_common_section);
}

// ---- The data ----

const char *gm_common_view_name(int view) {
    return views[view];
}

bool gm_common_find_view(const char *name, int *view) {
    for (int i = 0; views[i]; i++)
        if (strcmp(views[i], name) == 0) {
            *view = i;
            return true;
        }
    return false;
}

// What a source is, for people: "fashion-mnist (edges; coat, dress)".
void gm_common_describe(const gm_common *common, gm_text *text) {
    const char *separator = " (";
    gm_text_append(text, common->data.source);
    if (common->data.view) {
        gm_text_printf(text, "%s%s", separator, views[common->data.view]);
        separator = "; ";
    }
    if (common->data.part) {
        gm_text_printf(text, "%s%s", separator, parts[common->data.part]);
        separator = "; ";
    }
    for (size_t i = 0; i < common->data.classes.count; i++, separator = ", ")
        gm_text_printf(text, "%s%s", separator, common->data.classes.words[i]);
    gm_text_append(text, *separator == ' ' ? "" : ")");
}

const gm_common *gm_common_second(const gm_common *common) {
    return common->data.second.settings;
}

gm_dataset_options gm_common_data_options(const gm_common *common) {
    uint32_t rgb = common->data.background;
    return (gm_dataset_options){.split = (gm_split)common->data.split,
                                .size = {common->data.size[0], common->data.size[1]},
                                .fit = (gm_fit)common->data.fit,
                                .channels = common->data.channels,
                                .alpha = (gm_alpha)common->data.alpha,
                                .pages = (gm_pages)common->data.pages,
                                .scale = (gm_scaling)common->data.scale,
                                .has_background = true,
                                .background = {(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb},
                                .folder = common->data.folder,
                                .columns = common->data.columns,
                                .text = &common->data.text,
                                .sound = &common->data.sound,
                                .numbers = (gm_table_numbers)common->data.numbers,
                                .count = common->data.count,
                                .seed = common->seed,
                                .layout = (gm_array_layout)common->data.layout,
                                .damaged = (gm_damaged)common->data.damaged,
                                .frames = common->data.frames,
                                .frame_stride = common->data.stride,
                                .frame_hop = common->data.hop,
                                .short_films = (gm_short_films)common->data.short_films,
                                .part = (gm_part)common->data.part,
                                .view = (gm_image_view)common->data.view,
                                .classes = common->data.classes.words,
                                .class_count = common->data.classes.count,
                                .hold = (gm_hold)common->data.hold,
                                .usual_hold = common->data.resident == GM_RESIDENT_YES ? GM_HOLD_YES : GM_HOLD_AUTO};
}

gm_dataset_options gm_common_other_split(const gm_common *common) {
    gm_dataset_options options = gm_common_data_options(common);
    options.split = options.split == GM_SPLIT_TEST ? GM_SPLIT_TRAIN : GM_SPLIT_TEST;
    options.count = 0;
    return options;
}

void gm_common_set_columns(gm_recipe *recipe, const gm_table_schema *columns) {
    gm_common *common = gm_recipe_edit(recipe, &gm_common_section);
    common->data.columns = columns;
    if (columns)
        common->data.dialect = columns->dialect;
}

void gm_common_set_text(gm_recipe *recipe, const gm_text_schema *text) {
    gm_common *common = gm_recipe_edit(recipe, &gm_common_section);
    common->data.text = *text;
}

void gm_common_set_sound(gm_recipe *recipe, const gm_sound_schema *sound) {
    gm_common *common = gm_recipe_edit(recipe, &gm_common_section);
    common->data.sound = *sound;
}

void gm_common_set_sound_found(gm_recipe *recipe, const gm_sound_schema *sound) {
    gm_sound_schema *said = &((gm_common *)gm_recipe_edit(recipe, &gm_common_section))->data.sound;
    said->rate = said->rate > 0 ? said->rate : sound->rate;
    said->window = said->window > 0 ? said->window : sound->window;
    said->spectrum = said->bands > 0 && said->spectrum == 0 ? sound->spectrum : said->spectrum;
    said->hop = said->bands > 0 && said->hop == 0 ? sound->hop : said->hop;
    said->floor = said->bands > 0 && !(said->floor > 0) ? sound->floor : said->floor;
}

void gm_common_set_symbols(gm_recipe *recipe, const gm_text_schema *text) {
    gm_common *common = gm_recipe_edit(recipe, &gm_common_section);
    common->data.text.symbols = text->symbols;
    common->data.text.count = text->count;
    common->data.text.window = common->data.text.window > 0 ? common->data.text.window : text->window;
}

bool gm_common_is_unranged(const gm_common *common) {
    return gm_mixture_find(common->data.source) != NULL;
}

// ---- Layers ----

bool gm_is_layer(const gm_layer *layer, const char *name) {
    return strcmp(layer->type->name, name) == 0;
}

const gm_layer *gm_last_layer(const gm_layer_list *network) {
    static const char *const movers[] = {"flatten", "reshape", "pixel_shuffle", "pixel_unshuffle",
                                         "dropout", "tap",     "head"};
    for (size_t i = network->count; i-- > 0;) {
        bool moves = false;
        for (size_t j = 0; j < GM_COUNT(movers); j++)
            moves = moves || gm_is_layer(&network->layers[i], movers[j]);
        if (!moves)
            return &network->layers[i];
    }
    return &network->layers[0];
}

void gm_find_classes(const gm_layer_list *list, size_t *fewest, const gm_layer **layer_of) {
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer *layer = &list->layers[i];
        const gm_parameter *row = gm_parameter_find(layer->type->parameters, layer->type->parameter_count, "classes");
        const size_t *classes = row ? (const size_t *)(const void *)((const char *)&layer->params + row->offset) : NULL;
        if (classes && *classes < *fewest) {
            *fewest = *classes;
            *layer_of = layer;
        }
        for (size_t k = 0; k < layer->type->parameter_count; k++)
            if (gm_layer_inner(layer, k))
                gm_find_classes(gm_layer_inner(layer, k), fewest, layer_of);
    }
}

// ---- The last activation and the range ----

bool gm_natural_low(const gm_layer_list *output, double *low) {
    const gm_layer *last = gm_last_layer(output);
    *low = gm_is_layer(last, "sigmoid") ? 0 : -1;
    return *low >= 0 || gm_is_layer(last, "tanh");
}

static bool differs(double a, double b) {
    return a < b || a > b;
}

void gm_common_default_range(gm_recipe *recipe, double low) {
    gm_common *common = gm_recipe_edit(recipe, &gm_common_section);
    if (!common->data.range.origin)
        common->data.range = (gm_range){low, 1, NULL};
}

const char *gm_common_range_origin(const gm_recipe *recipe) {
    const gm_range *range = &gm_common_of(recipe)->data.range;
    return range->origin ? range->origin : gm_recipe_file(recipe);
}

gm_status gm_common_check_range(const gm_recipe *recipe, const gm_layer_list *output, const char *network) {
    const gm_range *range = &gm_common_of(recipe)->data.range;
    const gm_layer *last = gm_last_layer(output);
    double low;
    if (!gm_natural_low(output, &low) || (!differs(range->low, low) && !differs(range->high, 1)))
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: data.range is [%g, %g], but the %s ends in %s (%s), which makes [%g, 1]: set data.range "
                   "to [%g, 1] or change the last activation (sigmoid makes [0, 1], tanh [-1, 1])",
                   gm_common_range_origin(recipe), range->low, range->high, network, last->type->name, last->origin,
                   low, low);
}

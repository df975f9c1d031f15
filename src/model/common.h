// What every recipe says, whatever its kind of model: name, seed, length, and the data.
#ifndef GM_MODEL_COMMON_H
#define GM_MODEL_COMMON_H

#include "data/decode.h"
#include "ganymede/nn.h"
#include "model/augmentation.h"
#include "model/data_values.h"
#include "model/second.h"
#include "model/sound_settings.h"
#include "model/text_settings.h"
#include "recipe/value.h"

// Which items of two sources belong together, where the kind of model wants pairs.
typedef enum gm_pairs {
    GM_PAIRS_AUTO = 0, // by their names where both have some, else by order
    GM_PAIRS_ORDER,
    GM_PAIRS_NAMES,
} gm_pairs;

typedef enum gm_resident { GM_RESIDENT_AUTO = 0, GM_RESIDENT_YES, GM_RESIDENT_NO } gm_resident;

typedef enum gm_balance { GM_BALANCE_NONE = 0, GM_BALANCE_RESAMPLE, GM_BALANCE_WEIGHTS, GM_BALANCE_COLUMNS } gm_balance;

typedef struct gm_common {
    const char *name; // fit for a folder; default: the file's name without ending
    size_t seed, steps;
    const char *from; // a run, or a checkpoint, whose weights it begins with; NULL: none
    struct {
        const char *source;              // for gm_dataset_open
        const char *folder;              // for gm_dataset_options; NULL for the usual places
        int split;                       // gm_split
        size_t size[2], channels, count; // height and width; 0 = the data's own, as in gm_dataset_options
        int fit;                         // gm_fit
        int alpha, pages, scale;         // gm_alpha, gm_pages, gm_scaling
        uint32_t background;             // 0xRRGGBB
        const gm_table_schema *columns; // of a table: what is known of them; NULL: nothing. In the recipe of a run: all
        gm_table_dialect dialect;       // how a table is written, as far as it is known
        gm_text_schema text;            // what is known of a text. In the recipe of a run: all
        gm_sound_schema sound;          // of sounds. In the recipe of a run: all
        int numbers;                    // gm_table_numbers
        gm_range range;
        size_t batch; // items per batch
        int resident; // gm_resident
        int balance;  // gm_balance
        gm_augmentation augment;
        int layout, damaged, hold;  // gm_array_layout, gm_damaged, gm_hold
        int part, view;             // gm_part, gm_image_view
        size_t frames, stride, hop; // of clips, as in gm_dataset_options
        int short_films;            // gm_short_films
        gm_recipe_words classes;    // none: all
        int pairs;                  // gm_pairs
        gm_second second;
    } data;
} gm_common;

extern const gm_recipe_section gm_common_section;
const gm_common *gm_common_of(const gm_recipe *recipe);

// Appends what a source is, for people: "fashion-mnist (edges; coat, dress)".
void gm_common_describe(const gm_common *common, gm_text *text);
// The word of a view (gm_image_view), and the view of a word; false: there is none of that name.
const char *gm_common_view_name(int view);
bool gm_common_find_view(const char *name, int *view);

// A common section with the second source as its data; NULL: there is none. Its range and batch are not settled: the
// first's are those of both.
const gm_common *gm_common_second(const gm_common *common);

// How gm_dataset_open shall read data.source. Strings belong to the recipe.
gm_dataset_options gm_common_data_options(const gm_common *common);
// The same for data beside those trained on: the other split, of the same fit; all of it.
gm_dataset_options gm_common_other_split(const gm_common *common);

// What has been found of a table's columns becomes part of the recipe; it must live as long.
void gm_common_set_columns(gm_recipe *recipe, const gm_table_schema *columns);
// The same of a text.
void gm_common_set_text(gm_recipe *recipe, const gm_text_schema *text);
// The same of sounds.
void gm_common_set_sound(gm_recipe *recipe, const gm_sound_schema *sound);
// Of them, only the rate and the window, where they are not said.
void gm_common_set_sound_found(gm_recipe *recipe, const gm_sound_schema *sound);
// Of it, only what is to be found where it is not said: the symbols and the window.
void gm_common_set_symbols(gm_recipe *recipe, const gm_text_schema *text);
// What the last activation of the network that makes samples makes: a sigmoid [0, 1], a tanh [-1, 1]; false: any other,
// anything. *low: the lower end, -1 where there is none.
bool gm_natural_low(const gm_layer_list *output, double *low);
// For a kind's `resolve`: the range is [low, 1] where the recipe does not say one; else it is [-1, 1].
void gm_common_default_range(gm_recipe *recipe, double low);
// Where data.range stands, or the file.
const char *gm_common_range_origin(const gm_recipe *recipe);
// Fails when data.range contradicts the network's last activation. network: "generator", for the message.
gm_status gm_common_check_range(const gm_recipe *recipe, const gm_layer_list *output, const char *network);
// Whether the source is known to have samples without a range, before it is opened.
bool gm_common_is_unranged(const gm_common *common);

// The last layer of a network that changes values.
const gm_layer *gm_last_layer(const gm_layer_list *network);
bool gm_is_layer(const gm_layer *layer, const char *name);
// How many classes the networks know: the fewest that any layer names, SIZE_MAX when none does; *layer_of gets that
// layer. Both go on from what they are.
void gm_find_classes(const gm_layer_list *list, size_t *fewest, const gm_layer **layer_of);

#endif

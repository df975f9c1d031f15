// Data sets in host memory, the keyed order in which training reads them, and the files that they come from.
//
// Images are bytes, N x C x H x W, or of more than 8 bits float32; the device converts them to the recipe's range.
// Everything else (the mixtures, arrays of floats) is float32. A data set does not change once it is open, so any
// number of threads may read it.
#ifndef GANYMEDE_DATA_H
#define GANYMEDE_DATA_H

#include "ganymede/base.h"
#include "ganymede/sample.h"
#include "ganymede/sound.h"
#include "ganymede/table.h"
#include "ganymede/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_dataset gm_dataset;
typedef struct gm_loader gm_loader;

// ---- Data sets ----

typedef enum gm_dataset_kind {
    GM_DATASET_INVALID = 0,
    GM_DATASET_IMAGES, // uint8, 0 to 255
    GM_DATASET_FLOATS, // float32, taken as they are
} gm_dataset_kind;

typedef enum gm_split { GM_SPLIT_TRAIN = 0, GM_SPLIT_TEST } gm_split;

// How an image becomes one of the height and width asked for. Scaling down averages over the area, up is bilinear.
typedef enum gm_fit {
    GM_FIT_AUTO = 0, // as GM_FIT_PAD
    GM_FIT_PAD,      // whole image in the middle of black; scaled down first, proportions kept, when it is too large
    GM_FIT_RESIZE,   // stretched
    GM_FIT_CROP,     // scaled until it just covers the whole, proportions kept, then the middle is cut out
} gm_fit;

// Where an array's channels stand.
typedef enum gm_array_layout {
    GM_ARRAY_AUTO = 0, // last where the last axis is shorter than the two before it, else first
    GM_ARRAY_NHWC,     // N x H x W x C
    GM_ARRAY_NCHW,     // N x C x H x W
} gm_array_layout;

// What becomes of pictures that cannot be read.
typedef enum gm_damaged {
    GM_DAMAGED_STOP = 0, // the first is a failure
    GM_DAMAGED_SKIP,     // they are left out, which a warning says once; more than 1 % of them are a failure
} gm_damaged;

// Whether the pictures of a folder, archive or list are decoded once and kept.
typedef enum gm_hold {
    GM_HOLD_AUTO = 0, // where they are at most 262,144 and take no more than a quarter of the machine's memory
    GM_HOLD_YES,
    GM_HOLD_NO, // each is decoded whenever it is asked for; only the list of files is kept
} gm_hold;

// What becomes of transparency.
typedef enum gm_alpha {
    GM_ALPHA_BLEND = 0, // the picture lies on the background
    GM_ALPHA_KEEP,      // it is the last channel, which of pictures without any is opaque
} gm_alpha;

// What the pages of a TIFF file are.
typedef enum gm_pages {
    GM_PAGES_FIRST = 0, // the first is the picture, the others are left out
    GM_PAGES_CHANNELS,  // they are channels of one picture, all of them of one size
    GM_PAGES_ITEMS,     // each is a picture
} gm_pages;

// Which values of pictures of 16 bits and of floats become black and white; bytes are taken as they are.
typedef enum gm_scaling {
    GM_SCALE_TYPE = 0,   // 0 and 65535; floats and whole numbers of more bits are taken as they are, without any
    GM_SCALE_RANGE,      // each channel's least and largest in all of the data
    GM_SCALE_PERCENTILE, // each channel's .5th and 99.5th percentile; what lies beyond is cut off
} gm_scaling;

// What becomes of sources of clips that have fewer frames than those.
typedef enum gm_short_films {
    GM_SHORT_REFUSE = 0, // they are a failure
    GM_SHORT_REPEAT,     // their last frame stays to the end
} gm_short_films;

// Which part of each picture is read: of files that hold two side by side.
typedef enum gm_part { GM_PART_WHOLE = 0, GM_PART_LEFT, GM_PART_RIGHT, GM_PART_TOP, GM_PART_BOTTOM } gm_part;

// What is made of images once they are fitted.
typedef enum gm_image_view {
    GM_VIEW_PLAIN = 0, // nothing
    GM_VIEW_NEGATIVE,  // black becomes white
    GM_VIEW_EDGES,     // white where Sobel's gradient, divided by 4, is above .3 of the range; else black
} gm_image_view;

typedef struct gm_dataset_options {
    gm_split split;
    size_t size[2]; // height and width of every image, at most 4096; both 0 = their own, which must then be the same
                    // for all; width 0 = as the height, so that {32} is 32 x 32
    gm_fit fit;
    size_t channels; // 0 = their own (3 as soon as one picture of a folder has colours); 1 and 3 become each other,
                     // and 2 and 4 where alpha is kept; any other number must be the pictures' own
    size_t frames;   // > 0: items are clips of so many frames; of arrays of rank 5, which always are, 0 = as many as
                     // they have
    size_t frame_stride; // of clips: every so-manyth frame of the source; 0 = 1
    size_t frame_hop;    // of longer sources: frames (by the stride) from the beginning of a clip to that of the next;
                         // 0 = as many as it has, so that clips do not overlap
    gm_short_films short_films;
    gm_alpha alpha;
    gm_pages pages;
    gm_scaling scale;
    // As gm_dataset_info has them of the data trained on, and of how many channels; NULL = of the training split
    // itself.
    const double (*scale_figures)[2];
    size_t scale_channels;
    bool has_background;   // else it is white
    uint8_t background[3]; // red, green and blue behind what is blended
    const char *folder;    // where a named data set lies (a recipe's data.folder), or NULL for the usual places
    size_t count;          // at most so many items: the first ones; of class folders the first of each class, then the
                           // second of each, and so on; mixtures, stacks, moving images: how many to draw; 0 = all
    uint64_t seed;         // mixtures, stacks and moving images alone: which draw
    const gm_table_schema *columns; // what is known of a table's columns (gm_table_find); NULL: nothing
    const gm_text_schema
        *text; // what is known of a text, or how it shall be read; a window, column or symbols: it is one
    const gm_sound_schema *sound; // how sounds shall be read; NULL: as they are
    gm_table_numbers numbers;     // what networks see of a table's numbers whose columns do not say it; other than
                                  // places: a table of numbers alone has a schema, too
    bool named;                   // a table of numbers alone that names more than two columns has a schema, too
    bool whole;                   // a source without splits may be its own test split
    gm_array_layout layout;       // of arrays of rank 4
    gm_damaged damaged;
    gm_hold hold;
    gm_hold usual_hold; // what GM_HOLD_AUTO is where the caller knows better than by the size
    const char *prefix; // in front of an option's name in messages, as "--"; NULL: "data.", as in recipes
    bool single;        // a file that is one picture is a data set of one; else it is refused
    gm_part part;
    gm_image_view view;
    const char *const *classes; // only items of these, by name or number; `count` is then of them
    size_t class_count;         // 0 = all
    bool item_names;            // gm_dataset_item_name is wanted
    bool own_sizes;             // pictures are not brought to one size, nor held: gm_dataset_read alone gives them
    bool adapted; // the options are those of other data: what does not apply to these is passed over, not refused
} gm_dataset_options;

typedef struct gm_dataset_info {
    const char *name; // "fashion-mnist", or the path as given
    gm_dataset_kind kind;
    size_t count;                   // items
    size_t channels, height, width; // of one item; vectors of d values are d x 1 x 1
    size_t frames;                  // of one item, which is a clip (T, C, H, W); 0: items are no clips
    size_t item_values;             // channels * height * width, of clips times frames
    size_t item_bytes;              // item_values * (1 or 4)
    double black, white;            // the values of an image's black and white: 0 and 255 of bytes, 0 and 1 of pictures
                                    // of 16 bits; both 0 of floats that are taken as they are
    const double (*scale_figures)[2]; // (channels): what of files became black and white, among floats as they are or
                                      // 16 bits as [0, 1]; NULL by GM_SCALE_TYPE
    bool alpha;                       // the last channel is opacity: pictures whose options.alpha keeps it
    bool narrowed;                    // the file has values of 64 bits, which are float32 here
    const char *labels_file;          // the file beside an array whose labels these are; NULL: none
    bool splits;                      // the items are the part of the source that options.split names
    size_t class_count;               // 0 = no labels; those of the whole source, whatever options.count
    const char *const *class_names;   // class_count of them
    const gm_table_schema *table;     // the columns of a table that is not plain numbers; else NULL
    const gm_text_schema *text;       // of texts: all that is known of them; items are their codes; else NULL
    const gm_sound_schema *sound; // of sounds: their rate and window; items are channels x window x 1, from -1 to 1;
                                  // else NULL
    gm_array_layout layout;       // of an array of rank 4: where its channels were found; else GM_ARRAY_AUTO
} gm_dataset_info;

// Opens a data set; all of it is in memory then, but for pictures that shall not be held there. `source` is a name
// (fashion-mnist, mnist, cifar-10, stacked-fashion, stacked-mnist, moving-fashion, moving-mnist, ring8, grid25) or a
// path:
//   a folder of IDX files (train-images-idx3-ubyte, t10k-labels.idx1-ubyte, with or without .gz; labels optional),
//   a folder of CIFAR-10 binary files (data_batch_1.bin to data_batch_5.bin, test_batch.bin),
//   a folder of pictures (PNG, JPEG, WebP, TIFF, PNM, BMP), a zip archive of one, or a text file that lists pictures, a
//     path a line, relative to it (empty lines and those that begin with # say nothing), each with its label behind it
//     or none (PATH,LABEL as in labels.csv; then the first path, or the one below a header, must lead to a picture).
//     The names of the folders on the first level are the classes, in their order; what lies deeper belongs to its
//     class. The folders that all files of an archive or a list have in common are left out; sub-folders `train` and
//     `test` are the splits. A file labels.csv (file,label) or StyleGAN's dataset.json has the labels instead: one of
//     each picture. Hidden files and __MACOSX are passed over, and so are links to folders that were read already. A
//     file whose name is a picture's must be one; others are passed over unless they are;
//   of options.frames clips (N, T, C, H, W) of the same: each animation (WebP, GIF) or TIFF file of several pages, and
//     each folder with other pictures, in the order of their names, in which numbers count as such; folders around them
//     are the classes;
//   one file of NPY (uint8 of rank 3 or 4: images; other numbers of rank 1 to 4: floats; rank 5: clips, N x T x C x H x
//   W
//     or with the channels last; with options.frames also rank 4: one long clip), with its labels in
//     NAME_labels.npy beside it, of NPZ or safetensors (the array data, images, x or arr_0, else of NPZ the largest;
//     labels in labels, y or arr_1; x_train, y_train, x_test, y_test are splits), of IDX images, or of CSV or TSV as
//     gm_csv_read takes it. A table of numbers alone, of which none is missing and no column is set aside, is floats as
//     they are (a row of d columns is an item of d x 1 x 1), unless options.columns is given or options.named says
//     other; any other is a table with a schema (gm_table_find), whose items are rows as they are stored for networks:
//     places and numbers of categories (gm_table_codes).
//   a text: a file that ends in .txt (and is no list of pictures nor rows of numbers), a folder of such files, whose
//     sub-folders are classes, or a column of a table (options.text->column). UTF-8; other bytes are read as Latin-1,
//     with a warning. Items are windows of it, uint8 or float32 codes (window x 1 x 1), read out of one copy of the
//     text. Files or folders `train` and `test` are its splits; where there are none, every tenth line is held out as
//     the test split (of a text of fewer lines its last tenth), unless it is to be `whole`.
//   sounds (WAV, FLAC, Ogg, AIFF, AU, CAF, MP3): a file, or a folder, archive or list of them, as of pictures. Decoded
//   to
//     one rate (options.sound), mixed down where options.channels is 1, cut or padded to one window: float32 from -1 to
//     1, of which no more is read than half of the machine's memory.
// Files are told by their first bytes, folders by what is in them. Pipes and devices are refused.
// A stacked set's item is three random images of the grey one as its colour channels, as many items as that has unless
// `count` says otherwise; the label of three of classes a, b, c is 100 a + 10 b + c.
// Fails with the file's name and what is wrong with it, or with how to get a data set that is not there; and for
// options that say something of other sources alone (size, fit, channels and view of images, alpha, background, pages,
// part, scale and hold of pictures, classes of labelled items, layout of arrays, columns of tables, folder of names),
// unless they are `adapted`; for the test split of a source without splits, unless it is to be `whole`. `options` may
// be NULL: the training split as it is.
GM_API gm_status gm_dataset_open(gm_dataset **dataset, const char *source, const gm_dataset_options *options);
// Whether it is a file that is read as a table.
GM_API bool gm_dataset_is_table(const char *source);
// Whether it is a path that is read as a text without being told so.
GM_API bool gm_dataset_is_text(const char *source);
// Whether it is a path that is read as sounds.
GM_API bool gm_dataset_is_sound(const char *source);
GM_API void gm_dataset_close(gm_dataset **dataset);

// The rest belongs to the data set and lives as long.
GM_API const gm_dataset_info *gm_dataset_get_info(const gm_dataset *dataset);
GM_API const uint8_t *gm_dataset_images(const gm_dataset *dataset); // (N, C, H, W); NULL unless GM_DATASET_IMAGES
GM_API const float *gm_dataset_floats(const gm_dataset *dataset);   // (N, C, H, W); NULL unless GM_DATASET_FLOATS
// Whichever of the two there is; NULL for pictures that are not held in memory, which gm_dataset_gather alone gives.
GM_API const void *gm_dataset_items(const gm_dataset *dataset);
GM_API const int32_t *gm_dataset_labels(const gm_dataset *dataset); // (N), 0 to class_count - 1; NULL without labels
// Of a picture's file: its path below the source (below the split's folder), without the ending; NULL: items have no
// names, or options.item_names did not ask for them.
GM_API const char *gm_dataset_item_name(const gm_dataset *dataset, size_t item);
// Fails unless item i of one belongs to item i of the other: as many, and where both have names, the same names; says
// which item lacks its counterpart.
GM_API gm_status gm_dataset_check_pairs(const gm_dataset *first, const gm_dataset *second);
// Copies the items at `indices` one behind the other into `items` (count * item_bytes), and their labels into `labels`
// unless that is NULL (zeros without labels). Pictures that are not held are decoded, on all processors; any number of
// threads may call it. Fails for an index outside the data set, or as reading a picture does.
GM_API gm_status gm_dataset_gather(const gm_dataset *dataset, const int32_t *indices, size_t count, void *items,
                                   int32_t *labels);

// One item, at its own size where the data set was opened with own_sizes: what it is -> *info, count 1; its values
// (item_bytes) -> *values, which the caller frees. Any number of threads may call it.
GM_API gm_status gm_dataset_read(const gm_dataset *dataset, size_t item, gm_dataset_info *info, void **values);

// Reads everything that gm_dataset_open would, and calls back with a message for each damaged file of a folder, archive
// or list of pictures, in their order, or for the one thing that is wrong with any other source. *count: how many.
// Fails where it could not find out: without memory, for a source that is not there.
typedef void (*gm_damage_callback)(const char *message, void *user);
GM_API gm_status gm_dataset_check(const char *source, const gm_dataset_options *options, gm_damage_callback damage,
                                  void *user, size_t *count);

// Writes what gm_dataset_open reads as another kind of source, by the path's ending: .zip, an archive of pictures or
// sounds (WAV of 16 bits);
// .npz, with its items as the array x (uint8 or uint16 of pictures, float32 of other numbers), labels y and
// class_names; .npy, with NAME_labels.npy; any other, a new or empty folder of
// pictures. Pictures are PNG files of 8 or 16 bits,
// or TIFF files of floats and where PNG does not have so many channels, with the names of their classes in labels.csv:
// a warning says where that gives them other numbers. A table is read again, and written as .csv or .tsv with a decimal
// point, without the columns that are skipped, which a warning names. Fails for numbers that no picture can hold, for a
// folder that is not empty, for the source itself or what lies in it, and as reading does; files are written whole or
// not at all. Damaged pictures that options->damaged lets pass are left out, which a warning counts.
GM_API gm_status gm_dataset_convert(const char *source, const gm_dataset_options *options, const char *path);

// ---- What a source holds ----

typedef struct gm_survey_count {
    const char *name;
    size_t count;
} gm_survey_count;

typedef struct gm_survey_size {
    size_t height, width, count; // `count` items are of that size
} gm_survey_size;

// Items with values of one type and so many channels.
typedef struct gm_survey_layout {
    size_t bits;     // of a value: 8 or 16; 32: floats, and whole numbers of more bits
    size_t channels; // with opacity, which is the last one where there is `alpha`
    bool alpha;
    size_t count;             // items
    size_t not_finite;        // values that are NaN or infinite
    const double (*range)[2]; // (channels): the least and largest value of each, of bytes 0 to 255, of 16 bits 0 to
                              // 65535, without those that are not finite; NaN where none is
} gm_survey_layout;

// What is in the files of a source before anything is fitted. Lists without an end are as long as their counts say.
// Sounds: rates in values a second, lengths in seconds. How many there are of each power of two of milliseconds: bin k
// counts those of 2^k up to 2^(k + 1), the first and last ones also those that are shorter and longer.
enum { GM_SURVEY_LENGTHS = 24 };
typedef struct gm_survey_sounds {
    const gm_survey_count *rates; // "8000"; the most frequent first
    size_t rate_count;
    size_t silent; // sounds whose values are all 0
    size_t beyond; // that have values beyond -1 and 1
    double shortest, longest, total;
    size_t lengths[GM_SURVEY_LENGTHS];
} gm_survey_sounds;

typedef struct gm_survey {
    const char *format;     // what reads it: "pictures", "NPZ"; NULL of a data set's name
    gm_array_layout layout; // of an array of rank 4: where its channels stand; else GM_ARRAY_AUTO
    bool folder;            // which is a folder
    bool table;             // whose columns gm_table_find tells
    bool splits;            // what is counted is the part of the source that options.split names
    size_t count;           // items that can be read
    size_t damaged;         // pictures that cannot
    size_t duplicates;      // items that equal an earlier one: same size, type and values (by hashes of 64 bits)
    size_t several;         // files with more than one picture, of which the first counts alone
    const gm_survey_sounds
        *sounds; // of sounds; NULL of anything else. Their sizes are values x 1, each at its own rate
    const gm_survey_count *formats; // of pictures: "PNG", with how many there are; the most frequent first
    size_t format_count;
    const gm_survey_size *sizes; // different ones, the most frequent first
    size_t size_count;
    const gm_survey_layout *layouts; // different ones, the most frequent first
    size_t layout_count;
    const gm_survey_count *classes; // in their order; 0 of them: no labels
    size_t class_count;
} gm_survey;

// Reads and decodes everything once, on all processors, in memory that holds 16 bytes for each item beside the list of
// files; but arrays, which are in memory whole. Of the options the split, count, pages (all but GM_PAGES_ITEMS),
// layout, folder, seed and whole count. Damaged pictures of folders, archives and lists are counted; of any other
// source damage is a failure. Release it with gm_survey_destroy.
GM_API gm_status gm_dataset_survey(gm_survey **survey, const char *source, const gm_dataset_options *options);
GM_API void gm_survey_destroy(gm_survey **survey);

// Draws items of the data set, as samples are drawn (images in a grid of rows x columns, points of the plane), into a
// picture in the format that the path's ending names. Which: the first ones in the order of training with that seed.
GM_API gm_status gm_dataset_draw(const gm_dataset *dataset, uint64_t seed, size_t rows, size_t columns,
                                 const char *path);

// ---- Comparing ----

// Whether a trained model may be judged by `other`: items of the same kind and size, of the same classes (of all of
// them or the first few), but not the same items again (class by class, each in its order), as of a file that has no
// splits. Fails with what is wrong.
GM_API gm_status gm_dataset_check_held_out(const gm_dataset *other, const gm_dataset *trained);

// The name of the grey data set whose images a stacked one is made of: of stacked-fashion, fashion-mnist. NULL for any
// other name.
GM_API const char *gm_stacked_find(const char *name);

// ---- Clips of known truth ----

// A grey image at half its size over black frames, in straight motion that the borders throw back: as it came, as fast,
// about the axis that it hits. Each clip has a speed of its own between `slowest` and `fastest`, in any direction.
// As data sets: 20,000 clips of 8 frames of 32 x 32 to train on, 4,000 other ones of the images held out to test with,
// unless options say other numbers (count, frames, size); labels are the images'. Places are rounded to pixels, so that
// no image changes.
typedef struct gm_moving {
    const char *name, *of;   // of: the named data set whose images move
    double slowest, fastest; // pixels a frame, of the centre of mass
    double reach;            // pixels between a border and the centre of mass where it turns, at most
} gm_moving;

// Of moving-fashion and moving-mnist; NULL for any other name.
GM_API const gm_moving *gm_moving_find(const char *name);

// ---- Two-dimensional mixtures of Gaussians with equal weights (PacGAN, Lin et al. 2018, section 4) ----

// As data sets: 100,000 draws to train on, 2,500 other ones to test with; labels are the modes.
typedef struct gm_mixture {
    const char *name;
    size_t modes;
    double sigma;              // standard deviation in both directions
    const double (*centre)[2]; // modes of them
} gm_mixture;

// ring8: means at angles 2 pi k / 8 on the unit circle, sigma .01; grid25: {-4, -2, 0, 2, 4}^2, sigma .05.
// NULL for any other name.
GM_API const gm_mixture *gm_mixture_find(const char *name);
// Draws `first` to `first + count - 1` of a seed into points (count, 2) and, unless NULL, modes (count).
// Draw i is the same whatever is asked together with it.
GM_API void gm_mixture_sample(const gm_mixture *mixture, uint64_t seed, uint64_t first, size_t count, float *points,
                              int32_t *modes);

// ---- The order of training: a keyed permutation of the data cursor ----

// The cursor counts items since the start of training; it is all that needs saving. Item `cursor` is taken from
// epoch cursor / dataset_count, and each epoch reads every item once, in an order keyed by seed and epoch. Batches
// run across the border of epochs, so all are full.

// Writes the data set's indices for cursor ... cursor + count - 1. dataset_count is 1 to 2^31 - 1.
// For data sets resident on a device: only these travel.
GM_API gm_status gm_loader_indices(uint64_t seed, uint64_t cursor, size_t count, size_t dataset_count,
                                   int32_t *indices);

// Starts a thread, or for pictures that are not held several, which keeps the next batches of `batch` items ready, from
// `cursor` on: the items of gm_loader_indices.
// The data set must outlive the loader.
GM_API gm_status gm_loader_create(gm_loader **loader, const gm_dataset *dataset, size_t batch, uint64_t seed,
                                  uint64_t cursor);
GM_API void gm_loader_destroy(gm_loader **loader);
// The next batch (batch * item_bytes bytes) and its labels (zeros without labels; `labels` may be NULL), both valid
// until the next call. Fails as the thread failed; then every later call does.
GM_API gm_status gm_loader_next(gm_loader *loader, const void **items, const int32_t **labels);
// The cursor behind the batches that gm_loader_next gave: where a resumed run goes on.
GM_API uint64_t gm_loader_cursor(const gm_loader *loader);
// How long gm_loader_next has waited for batches so far, in seconds: exactly 0 while each was ready when it was wanted.
GM_API double gm_loader_waited(const gm_loader *loader);

// ---- NPY (NumPy's array file) ----

typedef struct gm_npy {
    size_t rank, dim[GM_NPY_MAX_RANK]; // unused dimensions are 1
    size_t count;                      // values: the product of the dimensions
    float *floats;                     // uint8 arrays are left as `bytes`, every other type becomes float32:
    uint8_t *bytes;                    // one of the two is NULL
} gm_npy;

// Reads an array of floats (16, 32, 64 bits), integers or bools, in C or Fortran order, into C order. Release it with
// gm_npy_finish.
GM_API gm_status gm_npy_read(const char *path, gm_npy *array);
GM_API void gm_npy_finish(gm_npy *array);

// ---- CSV (tables of numbers) ----

typedef struct gm_csv_options {
    bool missing; // fields that are empty, "?", NA, N/A, NaN or null (any case) become NaN; else they are refused
} gm_csv_options;

typedef struct gm_csv {
    size_t rows, columns;
    size_t missing; // NaN among the values
    float *values;  // (rows, columns)
    char **names;   // columns of them; NULL without a header
} gm_csv;

// Reads a table of numbers: CSV (RFC 4180) with
//   text in UTF-8, with or without a mark in front; other bytes are read as Latin-1, with a warning; UTF-16 is refused;
//   lines that end in LF, CR LF or CR; blank ones are passed over, but in tables of one column;
//   above the table: "sep=;" (as of Excel) in the first line; comments, which begin with #, of which the last is the
//     header of a table without one, if it has as many fields;
//   fields in double quotes or not, divided by tabs, semicolons, commas or bars: the first of these that divides all
//     lines alike, or that the first line has;
//   numbers with a decimal point or a comma, whichever the first number with one has; where commas divide fields, with
//     a comma if numbers in quotes have one ("1,5") that cannot part thousands, and none has a point;
//     without separators of thousands; finite as float32, so that "inf" is a word;
//   a header if the first line has words and no numbers (of a table of words alone: unless a word stands below itself).
// Fails with FILE:LINE for anything but numbers, quotes that are not closed, bytes of zero, and for lines that have
// more or fewer fields than the first. options may be NULL. Release it with gm_csv_finish.
GM_API gm_status gm_csv_read(const char *path, const gm_csv_options *options, gm_csv *csv);
GM_API void gm_csv_finish(gm_csv *csv);

#ifdef __cplusplus
}
#endif
#endif

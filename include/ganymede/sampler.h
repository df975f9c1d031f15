// Samples from the runs that training leaves.
//
//     gm_sampler *sampler;
//     GM_TRY(gm_sampler_open(&sampler, "runs/00000-dcgan-fashion", NULL));
//     gm_sampler_get_info(sampler, &info);
//     status = gm_sampler_generate(sampler, seeds, NULL, NULL, count, samples);
//     gm_sampler_close(&sampler);
#ifndef GANYMEDE_SAMPLER_H
#define GANYMEDE_SAMPLER_H

#include "ganymede/data.h"
#include "ganymede/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_sampler gm_sampler;

// Loads what makes the samples of a run (its newest whole checkpoint) or of one checkpoint file of a run, onto the
// device that the selector names (as gm_device_open takes it; NULL: the default). Fails when the run's kind of model
// makes no samples, when there is no whole checkpoint, and as opening a device does; *sampler is NULL then.
GM_API gm_status gm_sampler_open(gm_sampler **sampler, const char *run, const char *device);
// The same on an open device, which must outlive the sampler.
GM_API gm_status gm_sampler_open_on(gm_sampler **sampler, const char *run, gm_device *device);
GM_API void gm_sampler_close(gm_sampler **sampler);

typedef struct gm_sampler_info {
    const char *name;               // the recipe's; belongs to the sampler
    uint64_t step;                  // of the checkpoint
    size_t channels, height, width; // of one sample; vectors of d values are d x 1 x 1
    size_t frames;                  // of one sample, a clip (C, T, H, W); 0: it is none
    size_t values;                  // in one sample
    const char *noun;               // what samples are, for people: "images", "points"
    bool ranged;                    // values lie between black, which is `low`, and white, `high`
    const gm_table_schema
        *table;                 // of rows of a table: its columns, which channels are codes of; belongs to the sampler
    const gm_text_schema *text; // of texts: their symbols; belongs to the sampler
    const gm_sound_schema *sound;   // of sounds: their rate; belongs to the sampler
    bool pretrained;                // it has gone on from pretraining, which left its run's checkpoint 0
    bool written;                   // symbol by symbol, as gm_sampler_set_writing says
    size_t classes;                 // that the generator takes labels of; 0: it takes none
    const char *const *class_names; // of the first class_count of them, as the data called them; belongs to the sampler
    size_t class_count;             // 0: the data had none, or an older program wrote the checkpoint
    size_t categorical_codes, continuous_codes; // how many latent codes it takes
    size_t latent, noise;                       // values of z: the first are noise, N(0, 1) or where it is
    bool uniform;                               // U(-1, 1); the others say the codes
    double low, high;                           //
    const char *privacy; // of private training, a sentence: what the checkpoint tells of its data at most; NULL: it was
                         // not private; belongs to the sampler
    const char *data;    // what it learned from, as gm_dataset_open takes it; belongs to the sampler
    gm_dataset_options data_options; //
} gm_sampler_info;
GM_API void gm_sampler_get_info(const gm_sampler *sampler, gm_sampler_info *info);
// The label of the class of that name, or where none has it of that number. Fails where there is neither, with the
// names that there are, and for a class that the run left out of training (data.classes).
GM_API gm_status gm_sampler_find_class(const gm_sampler *sampler, const char *name, int32_t *label);
// The label that a seed's sample has where none is given: the seed modulo the classes, of a run that trained on some of
// them alone modulo these; 0 of a generator that takes none.
GM_API int32_t gm_sampler_label(const gm_sampler *sampler, uint64_t seed);

// samples (count, C, H, W): the one of seeds[i] depends on nothing but the weights, seeds[i], labels[i] and codes[i].
// labels: 0 to classes - 1 each, of those trained on; NULL: gm_sampler_label of the seeds.
// codes (count, categorical_codes + continuous_codes): a category's number or a value each; NaN, or NULL for all: as
// the seed has it (categories: seed modulo the first code's, then the quotient modulo the second's, ...). Fails when
// labels or codes are given to a generator without, or are outside of what it has.
GM_API gm_status gm_sampler_generate(gm_sampler *sampler, const uint64_t *seeds, const int32_t *labels,
                                     const float *codes, size_t count, float *samples);

// Of rows of tables the first `count` seeds, from 0 on, whose rows meet all conditions: a column, one of = != < <= >
// >=, and a value as the table has it, nothing for a missing one: "cut=Fair", "x > 0". code (categorical_codes +
// continuous_codes): what gm_sampler_generate then takes for every one of them, so that a generator that takes
// conditions is asked for the first category that is wanted; NaN where it is not. Fails for what is no condition or
// column or category, and where too few rows meet them: after 20,480 seeds and 1000 more for each row asked for.
GM_API gm_status gm_sampler_find_rows(gm_sampler *sampler, const char *const *conditions, size_t condition_count,
                                      size_t count, uint64_t *seeds, float *code);

// ---- Texts ----

// How a language model writes. Zeroed fields mean the default.
typedef struct gm_writing_options {
    const char *start;  // what every text begins with; NULL: nothing
    double temperature; // divides the logits: below 1 likelier texts, which differ less; 0: 1
    size_t length;      // symbols of a text, the start's among them; 0: the recipe's
} gm_writing_options;
// How all samples are written from now on, which are then of that length: of one seed a longer text begins as a shorter
// one. Fails for models that do not write symbol by symbol, for a start with symbols that the model does not know, or
// that is longer than the text.
GM_API gm_status gm_sampler_set_writing(gm_sampler *sampler, const gm_writing_options *options);
// A sample of texts (C, H, W) as UTF-8: free(*string).
GM_API gm_status gm_sampler_string(const gm_sampler *sampler, const float *sample, char **string);

// ---- Samples of latents ----

// The latents of seeds: latents (count, latent). codes: as above.
GM_API gm_status gm_sampler_fill_latents(const gm_sampler *sampler, const uint64_t *seeds, const float *codes,
                                         size_t count, float *latents);
// Brings the noise of latents (count, latent) nearer to its mean, 0: z becomes psi z (the truncation of Brock et al.
// 2019 and Karras et al. 2019, taken of z). 1 leaves all as it is, 0 is the mean itself; codes stay as they are. A
// generator with a layer `truncation` is told psi for that instead, for all samples from now on, and z stays.
GM_API void gm_sampler_truncate(gm_sampler *sampler, double psi, size_t count, float *latents);
// As gm_sampler_generate, of latents (count, latent): those of seeds give what the seeds give, bit for bit. seeds:
// whose numbers layers draw and whose classes samples have without labels; NULL: 0, 1, 2, ...
GM_API gm_status gm_sampler_generate_from(gm_sampler *sampler, const float *latents, const int32_t *labels,
                                          const uint64_t *seeds, size_t count, float *samples);

// ---- Files ----

// Writes samples (count, C, H, W) in the format that the path's ending names, as gm_sample_format_find knows it: PNG,
// JPEG, WebP: a picture, of images a grid, of points of the plane dots (points of other dimensions fail), of rows of a
// table a panel of bars for each column; TIFF: a page each, with all channels; NPY: an array (N, C, H, W) in the
// recipe's range, or (N, d), with the labels that it knows in NAME_labels.npy beside it; NPZ: the same as `samples`,
// with `labels`, `class_names` and `seeds` where they are known; CSV: points, a line each, or the rows of a table, as
// the table was written that the run learned from (but with commas or semicolons where that has tabs); TSV: the same
// with tabs; TXT: texts, a line each. Pictures and NPZ say of what recipe, step and seeds they are. The file appears
// whole or not at all. options: NULL: the default of each.
GM_API gm_status gm_sampler_write(gm_sampler *sampler, const char *path, const float *samples, size_t count,
                                  const gm_write_options *options);
// Whether gm_sampler_write would take these options for the path: fails where its ending names no format, and for
// options that are not for its format (quality of a PNG, say) or not for samples of the kind.
GM_API gm_status gm_sampler_check_write(const gm_sampler *sampler, const char *path, const gm_write_options *options);
// Makes the samples of options->seeds (count) and writes each into a file of its own with all its channels,
// FOLDER/SEED.png, of conditional generators FOLDER/CLASS/SEED.png, so that the folder is a data set again; where a
// seed follows itself, SEED-0.png, SEED-1.png. CLASS is the class's name, with %2F, %5C and %25 for '/', '\' and '%',
// or its number where the data had no names; with options->flat all lie in FOLDER and labels.csv has the classes. A
// missing folder is made, one that is not empty refused. The
// samples are those of gm_sampler_generate with options->labels and codes; memory holds a few at a time.
GM_API gm_status gm_sampler_write_folder(gm_sampler *sampler, const char *folder, const float *codes, size_t count,
                                         const gm_write_options *options);

// Writes samples (count, C, H, W) into a file each, named by their places: FOLDER/00000000.png. Else as above.
GM_API gm_status gm_sampler_write_each(gm_sampler *sampler, const char *folder, const float *samples, size_t count,
                                       const gm_write_options *options);
// As gm_sampler_write_folder, of latents (count, latent) as gm_sampler_generate_from takes them, named by
// options->seeds.
GM_API gm_status gm_sampler_write_folder_from(gm_sampler *sampler, const char *folder, const float *latents,
                                              size_t count, const gm_write_options *options);

#ifdef __cplusplus
}
#endif
#endif

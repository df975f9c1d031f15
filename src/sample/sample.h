// What one sample is, whoever makes, shows or measures it: the kinds of sample.
//
// A kind is a row of functions. Whatever must know how samples look asks the row; nothing else tells images from
// points.
#ifndef GM_SAMPLE_SAMPLE_H
#define GM_SAMPLE_SAMPLE_H

#include "ganymede/graph.h"
#include "ganymede/sample.h"
#include "ganymede/sound.h"
#include "ganymede/table.h"
#include "ganymede/text.h"
#include "sample/raster.h"
#include "sound/spectrogram.h"

typedef struct gm_sample_kind gm_sample_kind;

// The format of the samples of a data set, or of those that a network makes.
typedef struct gm_sample {
    const gm_sample_kind *kind;
    gm_shape item;                // of one sample, without the batch: (C, H, W), (C, T, H, W) or (d)
    gm_shape stored;              // of one as data sets hold it; most kinds: the same
    bool bytes;                   // data sets store them as bytes, else as float32
    double black, white;          // what these are in data sets; both 0: values are taken as they are
    double low, high;             // what they are to networks; of kinds that have a range
    double reach;                 // of points: they are expected in [-reach, reach]; 0: wherever they are
    const gm_table_schema *table; // of rows of tables: their columns
    const gm_text_schema *text;   // of texts: their symbols
    const gm_sound_schema *sound; // of sounds: their rate
} gm_sample;

struct gm_sample_kind {
    const char *name, *noun;                  // "image", "images"
    bool (*claims)(const gm_shape *item);     // whether samples of this shape are of this kind
    gm_shape (*stored)(const gm_shape *item); // as data sets hold one of them; NULL: in the same shape
    bool ranged; // values lie between black and white, and may be brought into another range
    // Stored values (N, item) as networks see them, float32: on the device, and `count` of them on the host.
    gm_tensor *(*decode)(const gm_sample *sample, gm_tensor *stored);
    void (*decode_values)(const gm_sample *sample, const void *stored, size_t count, float *values);
    // The way back, for files: float32 values of the stored shape, in the networks' range. NULL: values as they are.
    void (*encode_values)(const gm_sample *sample, const float *values, size_t count, float *stored);
    // Writes samples as CSV, or with tabs between the fields. NULL: the kind has no such form.
    gm_status (*write_csv)(const gm_sample *sample, const char *path, bool tabs, const float *values, size_t count);
    // Writes samples as a text, each on a line, or parted by lines of '%' where they have lines themselves. NULL: as
    // above.
    gm_status (*write_text)(const gm_sample *sample, const char *path, const float *values, size_t count);
    // Writes sounds, one behind the other, into a file of that gm_sound_container. NULL: as above.
    gm_status (*write_sound)(const gm_sample *sample, const gm_writing *writing, int container, const float *values,
                             size_t count);
    const char *single; // the format of single ones in a folder, "csv"; NULL: the first that takes their channels
    // How many samples a picture of rows x columns cells shows; 0: samples of this format make none.
    size_t (*shown)(const gm_sample *sample, size_t rows, size_t columns);
    // Draws samples (count, item) as one picture of that depth (8 or 16). gm_raster_finish(picture)
    gm_status (*picture)(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *picture);
    // Of samples that move: how many frames they have, and that frame of all of them as a picture. NULL: they stand
    // still.
    size_t (*frames)(const gm_sample *sample);
    gm_status (*moving)(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                        size_t count, size_t frame, gm_raster *picture);
    // One sample as a picture with all its channels, of any depth; NULL: a sample is none. gm_raster_finish(raster)
    gm_status (*raster)(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                        gm_raster *raster);
};

extern const gm_sample_kind gm_sample_image, gm_sample_points, gm_sample_row, gm_sample_texts, gm_sample_clip,
    gm_sample_sounds, gm_sample_spectrograms;

// Stored values as networks see them, between `low` and `high` where there is a black and a white, on the device and
// `count` of them on the host; their order stays.
gm_tensor *gm_sample_scale(const gm_sample *sample, gm_tensor *stored);
void gm_sample_scale_values(const gm_sample *sample, const void *stored, size_t count, float *values);
// How many frames a sample has; 0: it does not move.
size_t gm_sample_frames(const gm_sample *sample);
// Whether data sets store them with a black and a white of their own, which become low and high.
bool gm_sample_is_scaled(const gm_sample *sample);
// The format of samples of that shape, of the first kind that claims them; range [-1, 1].
gm_sample gm_sample_of(const gm_shape *item);
// The format of rows of a table, which must outlive it.
gm_sample gm_sample_of_table(const gm_table_schema *table, double low, double high);
// The format of texts of so many symbols, 0: of the schema's window; the schema must outlive it.
gm_sample gm_sample_of_text(const gm_text_schema *text, size_t length);
// The format of sounds of so many values in each channel; the schema must outlive it.
gm_sample gm_sample_of_sound(const gm_sound_schema *sound, size_t channels, size_t length);
// The format of spectrograms of such sounds, all of whose schema is said.
gm_sample gm_sample_of_spectrogram(const gm_sound_schema *sound, size_t channels, double low, double high);
gm_spectrogram gm_sample_spectrogram(const gm_sound_schema *sound); // how they are made
// Spectrograms (count, item) -> the sounds that they stand for, (count, channels, window). Fails without memory.
gm_status gm_sample_hear(const gm_sample *sample, const float *values, size_t count, float *sounds);
// Texts as networks see them, or make them -> codes (count, length): of one-hot places the largest value's, numbers
// rounded; what is no code is the nearest.
void gm_sample_text_codes(const gm_sample *sample, const float *values, size_t count, int32_t *codes);
// How many symbols a text has.
size_t gm_sample_text_length(const gm_sample *sample);
// Rows as networks see them, (count, codes) -> cells as in gm_table: of categories the most likely one, numbers within
// their range; whole numbers are. cells: (count, columns of the schema).
void gm_sample_cells(const gm_sample *sample, const float *values, size_t count, double *cells);
// A kind of the program's own, which claims samples before the others do. Call it before any other use of the library;
// the row must live as long. Fails when there are too many.
gm_status gm_sample_kind_add(const gm_sample_kind *kind);

gm_shape gm_sample_batch(const gm_sample *sample, size_t count);  // (count, item)
gm_shape gm_sample_stored(const gm_sample *sample, size_t count); // (count, stored)
size_t gm_sample_values(const gm_sample *sample);                 // in one sample
// Channels, height and width of one sample, of a clip those of a frame; d x 1 x 1 for vectors.
void gm_sample_size(const gm_sample *sample, size_t size[3]);
// Writes samples (count, item) into writing->path, in the format that its ending names, whole or not at all.
gm_status gm_sample_write(const gm_sample *sample, const gm_writing *writing, const float *values, size_t count);
// Whether that file can be written by these options; fails as gm_sample_write would.
gm_status gm_sample_check_write(const gm_sample *sample, const gm_writing *writing);
// Writes one sample with all its channels, so that it can be an item of a data set again.
gm_status gm_sample_write_single(const gm_sample *sample, const gm_writing *writing, const float *values);
// The format of that name ("png"), or, for NULL, the one that suits single samples best. `path` for messages.
gm_status gm_sample_single_format(const gm_sample *sample, const char *path, const char *name,
                                  const gm_sample_format **format);

#endif

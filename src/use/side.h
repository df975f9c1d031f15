// One side of a comparison: samples out of a run, a data set, an array or a table, as float32 rows in host memory.
#ifndef GM_USE_SIDE_H
#define GM_USE_SIDE_H

#include "base/base.h"
#include "ganymede/data.h"
#include "ganymede/device.h"
#include "sample/sample.h"

typedef enum gm_side_kind { GM_SIDE_NUMBERS = 1, GM_SIDE_IMAGES, GM_SIDE_RUN } gm_side_kind;

typedef struct gm_side {
    const char *name; // as given
    gm_side_kind kind;
    float *values; // (count, channels, height, width)
    size_t count, channels, height, width;
    size_t frames; // of clips, (count, channels, frames, height, width); 0: they are none
    bool bounded;  // values lie between a black and a white (of kinds of sample that have a range)
    bool ranged;   // black and white of the images are `low` and `high`
    double low, high;
    const char *data; // the data set that it is, or that its run learned from; NULL: an array or a table
    gm_dataset_options data_options;
    size_t data_classes;            // labels of a data set; 0: none, and of runs
    int32_t *labels;                // (count): those of a data set, or that a run was told; NULL: none
    const char *const *class_names; // of the labels, name_count of them
    size_t name_count;
    size_t classes;         // that its run was told; 0: none
    bool pretrained;        // of a run: it has gone on from pretraining
    gm_sample format;       // of rows of a table, without the columns that are set aside; without a schema: of
                            // anything else
    double *cells;          // (count, columns of the schema)
    gm_text_schema *text;   // of texts: their symbols; values are codes, (count, channels)
    gm_sound_schema sound;  // of sounds; rate 0: it is none
    gm_table_schema *table; // private, as are those below
    gm_table_schema *shown; // its columns that are not set aside
    bool held_out;          // of a text without splits, what is held out is taken
    gm_arena arena;
} gm_side;

typedef struct gm_sides_options {
    gm_device *device;
    size_t samples; // at most, of each
    bool paired;
} gm_sides_options;

// Both sides, of one shape and in one range; `ranged` of the two is then the same. See gm_comparison_open.
gm_status gm_sides_open(gm_side *real, gm_side *fake, const char *real_source, const char *fake_source,
                        const gm_sides_options *options);
// What the run of `run` learned from, as the sides are, whose real one is `real`. *apart: false: it is not to be had,
// or is the real side's own file, and nothing is read.
gm_status gm_side_open_trained(gm_side *trained, const gm_side *run, const gm_side *real,
                               const gm_sides_options *options, bool *apart);
// What pretraining left of a run: its checkpoint 0. *there: false: the side is no folder of a run that was pretrained,
// or has not gone further, and nothing is read.
gm_status gm_side_open_start(gm_side *start, const gm_side *run, const gm_sides_options *options, bool *there);
void gm_side_finish(gm_side *side);
size_t gm_side_values(const gm_side *side); // in one sample

#endif

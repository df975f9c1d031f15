// The table of files that samples and pictures are written as, by the ending of the path.
#ifndef GM_SAMPLE_WRITERS_H
#define GM_SAMPLE_WRITERS_H

#include "sample/sample.h"

// Options that some formats alone take. A new one is a row in writers.c.
typedef enum gm_write_setting {
    GM_WRITE_CHANNEL = 1 << 0,
    GM_WRITE_DEPTH = 1 << 1,
    GM_WRITE_QUALITY = 1 << 2,
    GM_WRITE_FRAMES = 1 << 3,
    GM_WRITE_PICTURES = GM_WRITE_CHANNEL | GM_WRITE_DEPTH,
} gm_write_setting;

// A format. One of the two functions is there: pictures are drawn or made of samples first, values go in as they are.
typedef struct gm_writer {
    gm_sample_format format;
    gm_raster_encoder *encode_pictures;
    gm_status (*put_values)(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
    size_t most_channels; // of pictures: 1 and 3, or any number up to more than that
    size_t depths[3];     // of pictures: the first is what is written unless another is asked for
    bool pages;           // several samples are a picture each; else one picture shows all of them, or, where the
                          // options ask for an animation, one after the other
    int container;        // of sounds: gm_sound_container; else 0
    unsigned takes;       // bits of gm_write_setting
} gm_writer;

// Fails as gm_sample_format_find does, and where the library was missing when Ganymede was built.
gm_status gm_writer_find(const char *path, const gm_writer **writer);
// The one whose ending is "." and `name`. Fails in the same way.
gm_status gm_writer_find_named(const char *path, const char *name, const gm_writer **writer);
bool gm_writer_takes(const gm_writer *writer, size_t channels); // pictures of so many
// The first that takes pictures of so many channels or, where none does, values. 0: of samples that are no pictures.
const gm_writer *gm_writer_for(size_t channels);
// Fails for options that are set and not for the format, or not for samples of the kind.
gm_status gm_writer_check(const gm_writer *writer, const gm_writing *writing, const gm_sample *sample);
// The depth that the options ask for. Fails for one that the format does not have, and for other options that are none.
gm_status gm_writer_depth(const gm_writer *writer, const gm_writing *writing, size_t *depth);
// One picture, or several of the same size, into the file writing->path, whole or not at all.
gm_status gm_writer_put(const gm_writer *writer, const gm_writing *writing, const gm_raster *pictures, size_t count);

#endif

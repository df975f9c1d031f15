// The table of files that samples and pictures are written as, by the ending of the path.
#ifndef GM_SAMPLE_WRITERS_H
#define GM_SAMPLE_WRITERS_H

#include "sample/sample.h"

// A format. One of the two functions is there: pictures are drawn or made of samples first, values go in as they are.
typedef struct gm_writer {
    gm_sample_format format;
    gm_raster_encoder *encode_pictures;
    gm_status (*put_values)(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
    size_t most_channels; // of pictures: 1 and 3, or any number up to more than that
    size_t depths[3];     // of pictures: the first is what is written unless another is asked for
    bool pages;           // several samples are a picture each; else one picture shows all of them,
    bool frames;          // or, where the options ask for an animation, one after the other
} gm_writer;

// Fails as gm_sample_format_find does, and where the library was missing when Ganymede was built.
gm_status gm_writer_find(const char *path, const gm_writer **writer);
// The one whose ending is "." and `name`. Fails in the same way.
gm_status gm_writer_find_named(const char *path, const char *name, const gm_writer **writer);
bool gm_writer_takes(const gm_writer *writer, size_t channels); // pictures of so many
// The first that takes pictures of so many channels or, where none does, values. 0: of samples that are no pictures.
const gm_writer *gm_writer_for(size_t channels);
// The depth that the options ask for. Fails for one that the format does not have, and for other options that are none.
gm_status gm_writer_depth(const gm_writer *writer, const gm_writing *writing, size_t *depth);
// One picture, or several of the same size, into the file writing->path, whole or not at all.
gm_status gm_writer_put(const gm_writer *writer, const gm_writing *writing, const gm_raster *pictures, size_t count);

#endif

// Samples as files of numbers.
#ifndef GM_SAMPLE_VALUES_H
#define GM_SAMPLE_VALUES_H

#include "sample/raster.h"
#include "sample/sample.h"

// Samples (count, item), encoded: as NPY; as NPZ, with `labels`, `seeds`, `recipe` and `step` where they are known; as
// CSV, TSV, TXT, WAV or FLAC, which only some kinds of sample have.
gm_status gm_values_put_npy(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
gm_status gm_values_put_npz(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
gm_status gm_values_put_csv(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
gm_status gm_values_put_text(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
gm_status gm_values_put_wav(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
gm_status gm_values_put_flac(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);
gm_status gm_values_put_tsv(const gm_writing *writing, const gm_sample *sample, const float *values, size_t count);

#endif

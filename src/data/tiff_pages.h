// The directories of a TIFF file: one for each of its pictures.
#ifndef GM_DATA_TIFF_PAGES_H
#define GM_DATA_TIFF_PAGES_H

#include "base/base.h"

// Where the directories of a file's pictures begin, without those of smaller copies of others and of masks: a list of
// `count`, from malloc. Fails where the chain of directories leads out of the file, or in circles.
gm_status gm_tiff_list_pages(const char *name, const uint8_t *data, size_t bytes, uint64_t **offsets, size_t *count);

#endif

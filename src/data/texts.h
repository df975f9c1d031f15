// Texts as data sets: a file, a folder of them, a column of a table.
#ifndef GM_DATA_TEXTS_H
#define GM_DATA_TEXTS_H

#include "data/items.h"
#include "data/source.h"

enum { GM_HELD_OUT = 10 }; // one line of so many is held out for the test split, where a source has no splits

// Whether the options ask for a text (gm_texts_are_wanted), or the source shows one: a file that ends in .txt, holds no
// binary data and is neither a list of pictures nor rows of numbers; a folder with such files and no others.
bool gm_texts_tell(const gm_source *source);
bool gm_texts_tell_folder(const gm_source *source);
bool gm_texts_are_wanted(const gm_dataset_options *options);

gm_status gm_texts_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);
// The same of bytes in memory; `name` for messages.
gm_status gm_texts_parse(gm_dataset *dataset, const char *name, const void *data, size_t bytes,
                         const gm_dataset_options *options);

#endif

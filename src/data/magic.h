// Formats known by their first bytes, for messages about files that are not what they should be.
#ifndef GM_DATA_MAGIC_H
#define GM_DATA_MAGIC_H

#include "base/base.h"

// What a file with these first bytes is, and what to do ("a JPEG file, which is not read yet"); NULL when unknown.
const char *gm_magic_describe(const uint8_t *head, size_t bytes);

#endif

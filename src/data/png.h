// Reading PNG from memory; `name` is for messages.
#ifndef GM_DATA_PNG_H
#define GM_DATA_PNG_H

#include "data/fit.h"

// Whether these first bytes are a PNG file's, even where they end within its signature.
bool gm_png_tell(const uint8_t *head, size_t bytes);
gm_status gm_png_parse(const char *name, const void *data, size_t bytes, gm_picture *picture);
// Size and channels (as gm_png_parse would give them) from a file's first bytes.
gm_status gm_png_parse_header(const char *name, const uint8_t *data, size_t bytes, gm_picture *picture);

#endif

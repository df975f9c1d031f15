// Pictures of any format that is read, told by their first bytes; `name` is for messages.
#ifndef GM_DATA_PICTURE_H
#define GM_DATA_PICTURE_H

#include "data/fit.h"

enum { GM_PICTURE_HEAD = 64 };             // first bytes that tell a picture's format and size
#define GM_PICTURE_LIMIT ((size_t)1 << 30) // bytes of a file

bool gm_picture_tell(const uint8_t *head, size_t bytes);
// Fail with what the file is instead, where it is none of them.
gm_status gm_picture_parse(const char *name, const void *data, size_t bytes, gm_picture *picture);
// Size and channels, from GM_PICTURE_HEAD bytes or the whole file.
gm_status gm_picture_parse_header(const char *name, const uint8_t *head, size_t bytes, gm_picture *picture);

#endif

// Files of pictures, read whole.
#ifndef GM_DATA_PICTURE_READ_H
#define GM_DATA_PICTURE_READ_H

#include "data/tree.h"

// As gm_tree_read. What swells in an archive may have four times the bytes of the picture's values beside GM_ZIP_PLAIN,
// or four times those where its header does not stand in front. `path` is for messages.
gm_status gm_picture_read(const gm_tree *tree, size_t file, const char *path, char **data, size_t *bytes);

#endif

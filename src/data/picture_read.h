// Files of pictures, read whole.
#ifndef GM_DATA_PICTURE_READ_H
#define GM_DATA_PICTURE_READ_H

#include "data/tree.h"

// As gm_tree_read. What swells in an archive may have so many bytes as the picture's own header calls for, at most four
// times its values beside GM_ZIP_PLAIN. `path` is for messages.
gm_status gm_picture_read(const gm_tree *tree, size_t file, const char *path, char **data, size_t *bytes);

#endif

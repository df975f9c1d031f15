#include "data/picture_read.h"

#include "data/picture.h"

static gm_status find_expected(const gm_tree *tree, size_t file, const char *path, uint64_t *expected) {
    static const uint8_t sizes[] = {[GM_PICTURE_U8] = 1, [GM_PICTURE_U16] = 2, [GM_PICTURE_F32] = 4};
    uint8_t head[GM_PICTURE_HEAD];
    size_t bytes;
    gm_picture header;
    GM_TRY(gm_tree_read_start(tree, file, head, sizeof head, &bytes));
    GM_TRY(gm_picture_parse_header(path, head, bytes, false, NULL, &header));
    uint64_t values = (uint64_t)header.width * header.height * header.channels * sizes[header.type];
    *expected = header.width > 0 ? GM_ZIP_PLAIN + 4 * values : 4 * GM_ZIP_PLAIN;
    return GM_OK;
}

gm_status gm_picture_read(const gm_tree *tree, size_t file, const char *path, char **data, size_t *bytes) {
    uint64_t size, expected = 0;
    bool swells;
    *data = NULL;
    *bytes = 0;
    GM_TRY(gm_tree_measure(tree, file, &size, &swells));
    if (swells)
        GM_TRY(find_expected(tree, file, path, &expected));
    return gm_tree_read(tree, file, GM_PICTURE_LIMIT, expected, data, bytes);
}

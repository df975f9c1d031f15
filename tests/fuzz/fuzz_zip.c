// Any bytes as a zip archive: of arrays, and of pictures.
#include "data/items.h"
#include "data/npz.h"
#include "data/tree.h"
#include "fuzz.h"

#include <stdlib.h>

static bool read_arrays(const uint8_t *data, size_t bytes) {
    gm_dataset *dataset = calloc(1, sizeof *dataset);
    fuzz_expect(dataset != NULL, "no memory");
    dataset->info.name = "fuzz";
    bool read = gm_npz_parse(dataset, "fuzz", data, bytes, &(gm_dataset_options){.split = bytes % 2}) == GM_OK;
    gm_dataset_close(&dataset);
    return read;
}

static bool read_files(const uint8_t *data, size_t bytes) {
    gm_tree tree;
    bool read = false;
    if (gm_tree_open_zip(&tree, "fuzz", data, bytes) != GM_OK)
        return false;
    for (size_t i = 0; i < tree.paths.count; i++) {
        char *content, start[64];
        size_t length, begun;
        gm_status status = gm_tree_read(&tree, i, 1 << 20, 0, &content, &length);
        if (status == GM_OK)
            fuzz_expect(gm_tree_read_start(&tree, i, start, sizeof start, &begun) == GM_OK &&
                            begun == GM_MIN(length, sizeof start),
                        "a file's start is not that of the file");
        read = read || status == GM_OK;
        free(content);
    }
    gm_tree_finish(&tree);
    return read;
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    bool arrays = read_arrays(data, bytes);
    return read_files(data, bytes) || arrays;
}

// Any bytes as a list of pictures, with labels or not, as labels.csv and as dataset.json; the first byte says which.
// Labels are those of a few files whose names the dictionary has.
#include "data/labels.h"
#include "data/list.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static bool parse_list(const char *text, size_t bytes) {
    gm_paths paths = {0};
    gm_status status = gm_list_parse(&paths, "fuzz", text, bytes, GM_LIST_PATHS);
    size_t length = 0;
    for (size_t i = 0; i < paths.count; i++)
        length += strlen(gm_paths_folder(&paths, i)) + strlen(gm_paths_name(&paths, i));
    gm_paths_unwrap(&paths);
    for (size_t i = 0; i < paths.count; i++)
        fuzz_expect(strlen(gm_paths_folder(&paths, i)) <= length, "a folder grew");
    gm_paths_finish(&paths);
    return status == GM_OK;
}

// Whose lines all have their labels.
static bool parse_labelled_list(char *text, size_t bytes, gm_list_form form) {
    gm_tree tree = {.path = "fuzz", .form = form};
    gm_arena arena = {0};
    gm_labels labels = {0};
    gm_label_file file = {.path = (char[]){"fuzz"}, .data = text, .bytes = bytes, .list = true};
    gm_status status = gm_list_parse(&tree.paths, "fuzz", text, bytes, form);
    if (status == GM_OK)
        status = gm_labels_parse(&labels, &file, &tree, &arena);
    for (size_t i = 0; status == GM_OK && i < tree.paths.count; i++)
        fuzz_expect(labels.of_file[i] >= 0 && labels.of_file[i] < (int32_t)labels.class_count, "a file has no label");
    gm_labels_finish(&labels);
    gm_arena_finish(&arena);
    gm_paths_finish(&tree.paths);
    return status == GM_OK;
}

static bool parse_labels(char *text, size_t bytes, bool json) {
    static const char *const names[][2] = {{"", "1.png"}, {"a", "1.png"}, {"a", "2.png"}, {"a/b", "1.png"}};
    gm_tree tree = {.path = "fuzz"};
    gm_arena arena = {0};
    gm_labels labels;
    for (size_t i = 0; i < GM_COUNT(names); i++)
        fuzz_expect(gm_paths_add(&tree.paths, names[i][0], names[i][1], 0) == GM_OK, "a file was refused");
    gm_label_file file = {.path = (char[]){"fuzz"}, .data = text, .bytes = bytes, .json = json};
    gm_status status = gm_labels_parse(&labels, &file, &tree, &arena);
    for (size_t i = 0; status == GM_OK && labels.of_file && i < GM_COUNT(names); i++)
        fuzz_expect(labels.of_file[i] < (int32_t)labels.class_count, "a label has no class");
    for (size_t k = 0; status == GM_OK && labels.classes && k < labels.class_count; k++)
        fuzz_expect(strlen(labels.classes[k]) > 0, "a class has no name");
    gm_labels_finish(&labels);
    gm_arena_finish(&arena);
    gm_paths_finish(&tree.paths);
    return status == GM_OK;
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    if (bytes == 0)
        return false;
    char *text = malloc(bytes);
    fuzz_expect(text != NULL, "no memory");
    memcpy(text, data + 1, bytes - 1);
    text[bytes - 1] = '\0'; // as files have it that were read
    bool read = data[0] >= 0xf0 ? parse_labelled_list(text, bytes - 1, data[0] % 2 ? GM_LIST_HEADED : GM_LIST_LABELLED)
                : data[0] % 3 == 0 ? parse_list(text, bytes - 1)
                                   : parse_labels(text, bytes - 1, data[0] % 3 == 1);
    free(text);
    return read;
}

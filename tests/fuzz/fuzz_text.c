// Any bytes as a text, read in every way that the first byte says: characters or words, windows or lines, as they are
// or brought together, alone or as a column of a table.
#include "data/items.h"
#include "data/texts.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void read_items(const gm_dataset *dataset) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const size_t codes = gm_text_schema_codes(info->text), last = info->count - 1;
    const int32_t indices[] = {0, (int32_t)last};
    uint8_t *items = malloc(2 * info->item_bytes);
    fuzz_expect(items != NULL, "no memory");
    fuzz_expect(gm_dataset_gather(dataset, indices, 2, items, NULL) == GM_OK, "windows cannot be read");
    for (size_t i = 0; i < 2 * info->item_values && info->item_bytes == info->item_values; i++)
        fuzz_expect(items[i] < codes, "a code is none");
    free(items);
}

// What is read can be written, and is read as the same again.
static void write_symbols(const gm_text_schema *text) {
    int32_t all[64], *codes;
    size_t count = text->count < 64 ? text->count : 64, read;
    char *string;
    for (size_t i = 0; i < count; i++)
        all[i] = (int32_t)(i + (text->items == GM_TEXT_LINES));
    fuzz_expect(gm_text_schema_write(text, all, count, &string) == GM_OK, "symbols cannot be written");
    if (text->unit == GM_TEXT_CHARACTERS && !text->join && !text->lower && text->items == GM_TEXT_WINDOWS) {
        fuzz_expect(gm_text_schema_read(text, "fuzz", string, &codes, &read) == GM_OK, "symbols cannot be read");
        fuzz_expect(read >= count, "symbols are lost"); // a last line gets an end
        fuzz_expect(memcmp(codes, all, count * sizeof *all) == 0, "symbols are others");
        free(codes);
    }
    free(string);
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    if (bytes == 0)
        return false;
    const uint8_t way = data[0];
    const gm_text_schema text = {.unit = way & 1,
                                 .items = way >> 1 & 1,
                                 .lower = way >> 2 & 1,
                                 .join = way >> 3 & 1,
                                 .window = 1 + (way >> 4 & 3),
                                 .most = way >> 6 & 1 ? 3 : 0,
                                 .column = way >> 7 & 1 ? "1" : NULL};
    const gm_dataset_options options = {.text = &text, .whole = bytes % 2, .split = bytes % 3 == 0};
    gm_dataset *dataset = calloc(1, sizeof *dataset);
    fuzz_expect(dataset != NULL, "no memory");
    dataset->info.name = "fuzz";
    gm_status status = gm_texts_parse(dataset, "fuzz", data + 1, bytes - 1, &options);
    if (status == GM_OK) {
        read_items(dataset);
        write_symbols(gm_dataset_get_info(dataset)->text);
    } else {
        fuzz_expect(!strchr(gm_error_message(), '\n'), "a message has several lines");
    }
    gm_dataset_close(&dataset);
    return status == GM_OK;
}

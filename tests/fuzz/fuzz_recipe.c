// The recipe reader; what it accepts must survive being written and read again, to the byte.
#include "fuzz.h"
#include "train/settings.h"

#include <stdlib.h>
#include <string.h>

static void check(gm_recipe *recipe) {
    gm_text first = {0}, second = {0};
    gm_recipe *again;
    fuzz_expect(gm_recipe_write(recipe, &first) == GM_OK &&
                    gm_train_recipe_parse(&again, "fuzz.yaml", first.data, first.length, NULL, 0) == GM_OK &&
                    gm_recipe_write(again, &second) == GM_OK && strcmp(first.data, second.data) == 0,
                "a written recipe is another one when read again");
    gm_recipe_destroy(&again);
    gm_text_finish(&first);
    gm_text_finish(&second);
}

static bool parse(const char *text, size_t bytes, const char *const *settings, size_t count) {
    gm_recipe *recipe;
    bool accepted = gm_train_recipe_parse(&recipe, "fuzz.yaml", text, bytes, settings, count) == GM_OK;
    if (accepted)
        check(recipe);
    else
        fuzz_expect(!strchr(gm_error_message(), '\n'), "a message has several lines");
    gm_recipe_destroy(&recipe);
    return accepted;
}

// The bytes as a recipe, and as a setting over a small one.
bool fuzz_one(const uint8_t *data, size_t bytes) {
    static const char base[] = "data: {source: ring8}\ngenerator: [dense: 2, relu]\ndiscriminator: [dense: 1]\n";
    char *setting = malloc(bytes + 1);
    if (!setting)
        return false;
    memcpy(setting, data, bytes);
    setting[bytes] = '\0';
    bool accepted = parse(setting, bytes, NULL, 0);
    const char *const settings[] = {setting};
    accepted = parse(base, strlen(base), settings, 1) || accepted;
    free(setting);
    return accepted;
}

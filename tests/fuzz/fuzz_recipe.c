// The recipe reader; what it accepts must survive being written and read again, to the byte.
#include <stdlib.h>
#include <string.h>

#include "model/autoencoder.h"
#include "model/gan.h"
#include "train/settings.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes);

static void check(gm_recipe *recipe) {
    gm_text first = {0}, second = {0};
    gm_recipe *again;
    if (gm_recipe_write(recipe, &first) != GM_OK ||
        gm_train_recipe_parse(&again, "fuzz.yaml", first.data, first.length, NULL, 0) != GM_OK ||
        gm_recipe_write(again, &second) != GM_OK || strcmp(first.data, second.data) != 0)
        abort();
    gm_recipe_destroy(&again);
    gm_text_finish(&first);
    gm_text_finish(&second);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes) {
    gm_recipe *recipe;
    if (gm_train_recipe_parse(&recipe, "fuzz.yaml", (const char *)data, bytes, NULL, 0) == GM_OK)
        check(recipe);
    else if (strchr(gm_error_message(), '\n'))
        abort(); // a message is one line
    gm_recipe_destroy(&recipe);
    // The same bytes as a setting over a small recipe.
    static const char base[] = "data: {source: ring8}\ngenerator: [dense: 2, relu]\ndiscriminator: [dense: 1]\n";
    char *setting = malloc(bytes + 1);
    if (!setting)
        return 0;
    memcpy(setting, data, bytes);
    setting[bytes] = '\0';
    const char *const settings[] = {setting};
    if (gm_train_recipe_parse(&recipe, "fuzz.yaml", base, strlen(base), settings, 1) == GM_OK)
        check(recipe);
    gm_recipe_destroy(&recipe);
    free(setting);
    return 0;
}

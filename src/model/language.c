// Language models as a kind of model: a recurrent network that learns by maximum likelihood to say which symbol comes
// next (Mikolov et al. 2010, Graves 2013), and writes by drawing one after the other.
#include "model/language.h"

#include "base/base.h"
#include "model/common.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    (void)format;
    if (data->text)
        return GM_OK;
    return gm_fail(
        GM_ERROR_ARGUMENT,
        "%s: a language model learns from a text, and %s is none: give a file that ends in .txt, a folder of "
        "such, or the column of a table (data.text.column)",
        gm_recipe_file(recipe), data->name);
}

static const char *const marks[] = {"language", NULL};

const gm_model_kind gm_language_kind = {
    .name = "language",
    .description = "a language model",
    .marks = marks,
    .section = &gm_language_section,
    .check = check,
    .build = gm_language_build,
    .uses = gm_language_uses,
    .use_count = GM_LANGUAGE_USES,
    .evaluate = gm_language_evaluate,
};

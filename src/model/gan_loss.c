// The losses of GANs as values of a recipe.
#include "model/gan_loss.h"

#include "base/base.h"
#include "recipe/value.h"

static gm_status read_loss(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    (void)arena;
    const char *names[64];
    size_t count;
    const gm_gan_loss *losses = gm_gan_losses(&count);
    count = GM_MIN(count, GM_COUNT(names));
    for (size_t i = 0; i < count; i++)
        names[i] = losses[i].name;
    if (node->kind != GM_YAML_SCALAR || gm_yaml_is_null(node))
        return gm_recipe_refuse(node, key, "the name of a loss, such as non_saturating");
    const gm_gan_loss *loss = gm_gan_loss_find(node->text);
    if (!loss)
        return gm_recipe_unknown(node->origin, key, node->text, names, count);
    *(const gm_gan_loss **)field = loss;
    return GM_OK;
}

static void write_loss(const void *field, gm_text *text) {
    gm_text_printf(text, " %s", (*(const gm_gan_loss *const *)field)->name);
}

static void allow_loss(gm_text *text) {
    size_t count;
    const gm_gan_loss *losses = gm_gan_losses(&count);
    gm_text_append(text, "one of");
    for (size_t i = 0; i < count; i++)
        gm_text_printf(text, "%s %s", i > 0 ? "," : "", losses[i].name);
}

const gm_recipe_type gm_gan_loss_type = {read_loss, write_loss, allow_loss};

void gm_gan_loss_document(gm_text *text) {
    size_t count;
    gm_text_append(text, "\nLOSSES\n");
    const gm_gan_loss *losses = gm_gan_losses(&count);
    for (size_t i = 0; i < count; i++)
        gm_recipe_document_typed(text, losses[i].name, losses[i].help, NULL, 0);
}

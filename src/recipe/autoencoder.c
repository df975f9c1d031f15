// Autoencoders in recipes: what only the whole recipe can tell about them.
//
// Settings that would change nothing are refused, so that no recipe says what is not done.
#include "recipe/table.h"

// Where a key of a section stands; the recipe's file when it was left out.
static const char *origin_of(const gm_recipe *recipe, const gm_node *root, const char *section, const char *key) {
    const gm_node *map = gm_node_find(root, section);
    const gm_node *value = map && map->kind == GM_NODE_MAP ? gm_node_find(map, key) : NULL;
    return value ? value->origin : map ? map->origin : recipe->file;
}

static bool differs(double a, double b) {
    return a < b || a > b;
}

static gm_status check_idle_settings(const gm_recipe *recipe, const gm_node *root) {
    bool variational = recipe->autoencoder.kind == GM_AUTOENCODER_VARIATIONAL;
    bool bernoulli = recipe->autoencoder.likelihood == GM_LIKELIHOOD_BERNOULLI;
    bool denoising = recipe->autoencoder.kind == GM_AUTOENCODER_DENOISING;
    const struct {
        const char *key;
        bool idle;
        const char *use; // what it is for
    } settings[] = {
        {"beta", !variational && differs(recipe->autoencoder.beta, 1), "weighs the divergence, which only a vae has"},
        {"deviation", bernoulli && differs(recipe->autoencoder.deviation, 1), "is that of a gaussian likelihood"},
        {"binarize", !bernoulli && recipe->autoencoder.binarize, "is for a bernoulli likelihood"},
        {"noise", !denoising && recipe->autoencoder.noise > 0, "is for denoising autoencoders"},
    };
    for (size_t i = 0; i < GM_COUNT(settings); i++)
        if (settings[i].idle)
            return gm_fail(GM_ERROR_FORMAT, "%s: autoencoder.%s %s: remove it",
                           origin_of(recipe, root, "autoencoder", settings[i].key), settings[i].key, settings[i].use);
    if (denoising && !(recipe->autoencoder.noise > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: a denoising autoencoder needs autoencoder.noise, such as 0.3",
                       origin_of(recipe, root, "autoencoder", "kind"));
    return GM_OK;
}

gm_status gm_recipe_resolve_autoencoder(const gm_recipe *recipe, const gm_node *root) {
    GM_TRY(check_idle_settings(recipe, root));
    if (recipe->latent.distribution != GM_LATENT_NORMAL)
        return gm_fail(GM_ERROR_FORMAT, "%s: latent.distribution must be normal for an autoencoder",
                       origin_of(recipe, root, "latent", "distribution"));
    return GM_OK;
}

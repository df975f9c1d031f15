// Autoencoders, variational, plain and denoising: their settings, and the parts that their step, their uses and their
// bounds are built from.
#ifndef GM_MODEL_AUTOENCODER_H
#define GM_MODEL_AUTOENCODER_H

#include "ganymede/optim.h"
#include "model/kind.h"
#include "model/latent.h"
#include "model/row_codes.h"
#include "model/training.h"
#include "model/use.h"

// ---- Settings ----

typedef enum gm_autoencoder_kind_of {
    GM_AUTOENCODER_VARIATIONAL = 0,
    GM_AUTOENCODER_PLAIN,
    GM_AUTOENCODER_DENOISING, // plain, with noise on what the encoder sees
} gm_autoencoder_kind_of;
typedef enum gm_likelihood_of {
    GM_LIKELIHOOD_BERNOULLI = 0,
    GM_LIKELIHOOD_GAUSSIAN,
    GM_LIKELIHOOD_TABLE, // of rows: each number is Gaussian, with a deviation that is learned, each choice categorical
} gm_likelihood_of;

typedef struct gm_autoencoder_settings {
    gm_latent latent;
    gm_layer_list encoder, decoder;
    struct {
        int kind;         // gm_autoencoder_kind_of
        int likelihood;   // gm_likelihood_of
        double beta;      // weight of the divergence
        double deviation; // of the Gaussian likelihood
        bool binarize;    // pixels are drawn, black or white, anew each time
        double noise;     // deviation of the noise of a denoising autoencoder
    } autoencoder;
    int initializer; // gm_weight_initializer
    struct {
        gm_optimizer autoencoder;
    } optimizer;
    size_t accumulate; // batches whose mean gradient makes one update
    gm_averaging average;
} gm_autoencoder_settings;

extern const gm_recipe_section gm_autoencoder_section;
const gm_autoencoder_settings *gm_autoencoder_of(const gm_recipe *recipe); // NULL: the model is of another kind

bool gm_autoencoder_is_variational(const gm_autoencoder_settings *a);
bool gm_autoencoder_is_bernoulli(const gm_autoencoder_settings *a);
bool gm_autoencoder_is_tabular(const gm_autoencoder_settings *a);
// Fails when data.range contradicts the likelihood or the last activation.
gm_status gm_autoencoder_check_range(const gm_recipe *recipe);

// ---- Parts (autoencoder_parts.c) ----

// What an autoencoder makes of data of a format.
typedef struct gm_autoencoder_parts {
    const gm_autoencoder_settings *settings;
    gm_row_codes codes; // of a likelihood of tables
} gm_autoencoder_parts;

// format: must outlive the parts. Fails where the likelihood is one of tables, and the format is not.
gm_status gm_autoencoder_parts_init(gm_autoencoder_parts *parts, const gm_recipe *recipe, const gm_sample *format);
void gm_autoencoder_parts_finish(gm_autoencoder_parts *parts);

// x in the data's range -> what is to be reproduced: x; x drawn as zeros and ones; the normal codes of rows.
gm_tensor *gm_autoencoder_target(const gm_autoencoder_parts *p, gm_tensor *x, gm_tensor *counter);
// -> what the encoder sees: the target, or the target with noise.
gm_tensor *gm_autoencoder_input(const gm_autoencoder_settings *a, gm_tensor *target, gm_tensor *counter);
// The encoder's result as mean and log variance of z, (N, size) each; log_variance is NULL unless variational. Fails
// with the recipe's line when the number of values is another.
gm_status gm_autoencoder_code(const gm_autoencoder_settings *a, gm_tensor *encoded, gm_tensor **mean,
                              gm_tensor **log_variance);
// ln p(target|z) of the decoder's output -> (N)
gm_tensor *gm_autoencoder_log_likelihood(const gm_autoencoder_parts *p, gm_tensor *target, gm_tensor *output);
// The mean of that likelihood, in the data's range: what is shown.
gm_tensor *gm_autoencoder_mean(const gm_autoencoder_parts *p, gm_tensor *output);
// A sample of it: of rows of tables a draw, by numbers of the sample's seed; else the mean.
gm_tensor *gm_autoencoder_draw(const gm_autoencoder_parts *p, gm_tensor *output, gm_use *use);
// The variance of each number of a table given z, (1, places), which follows the mean squared errors; and what an
// update makes of it. NULL: the likelihood has none.
gm_tensor *gm_autoencoder_variance(const gm_autoencoder_parts *p, gm_graph *graph);
gm_tensor *gm_autoencoder_next_variance(const gm_autoencoder_parts *p, gm_tensor *target, gm_tensor *output);

// ---- The step (autoencoder_step.c), the bounds (autoencoder_bounds.c), the kind (autoencoder.c) ----

gm_status gm_autoencoder_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);
gm_status gm_autoencoder_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source);
extern const gm_model_kind gm_autoencoder_kind;

#endif

// Generative adversarial networks: their settings, and the parts that their step and their uses are built from.
#ifndef GM_MODEL_GAN_H
#define GM_MODEL_GAN_H

#include "ganymede/augment.h"
#include "ganymede/optim.h"
#include "model/gan_loss.h"
#include "model/kind.h"
#include "model/latent.h"
#include "model/training.h"
#include "recipe/value.h"

// ---- Settings ----

typedef enum gm_regularizer {
    GM_REGULARIZER_GRADIENT_PENALTY = 0,
    GM_REGULARIZER_DRAGAN,
    GM_REGULARIZER_R1,
    GM_REGULARIZER_R2,
    GM_REGULARIZER_SPECTRAL_NORM,
    GM_REGULARIZER_WEIGHT_CLIP,
    GM_REGULARIZER_WEIGHT_DECAY,
    GM_REGULARIZER_LABEL_SMOOTHING,
    GM_REGULARIZER_INSTANCE_NOISE,
    GM_REGULARIZER_PACKING,
    GM_REGULARIZER_AUGMENT,
    GM_REGULARIZER_GRADIENT_CLIP,
    GM_REGULARIZER_COUNT,
} gm_regularizer;

typedef struct gm_penalty_settings {
    double weight, centre;
    size_t every;
} gm_penalty_settings;
typedef struct gm_squared_penalty_settings {
    double gamma;
    size_t every;
} gm_squared_penalty_settings;
typedef struct gm_weight_clip_settings {
    double limit;
} gm_weight_clip_settings;
typedef struct gm_weight_decay_settings {
    double weight;
} gm_weight_decay_settings;
typedef struct gm_label_smoothing_settings {
    double real;
} gm_label_smoothing_settings;
typedef struct gm_instance_noise_settings {
    double deviation;
    size_t until;
} gm_instance_noise_settings;
typedef struct gm_packing_settings {
    size_t samples;
} gm_packing_settings;
typedef struct gm_augment_settings {
    gm_augment_params operations;
    double probability, target, images;
    bool adaptive;
} gm_augment_settings;
typedef struct gm_gradient_clip_settings {
    double norm, value;
} gm_gradient_clip_settings;

// The settings of one that is not in the list are not set.
typedef struct gm_regularizers {
    const char *origin[GM_REGULARIZER_COUNT]; // where each stands, to begin messages with; NULL: not in the list
    gm_penalty_settings gradient_penalty, dragan;
    gm_squared_penalty_settings r1, r2;
    gm_weight_clip_settings weight_clip;
    gm_weight_decay_settings weight_decay;
    gm_label_smoothing_settings label_smoothing;
    gm_instance_noise_settings instance_noise;
    gm_packing_settings packing;
    gm_augment_settings augment;
    gm_gradient_clip_settings gradient_clip;
} gm_regularizers;

typedef struct gm_gan_settings {
    gm_latent latent;
    gm_layer_list generator, discriminator;
    int initializer; // gm_weight_initializer
    const gm_gan_loss *loss;
    bool alternative; // f-GAN: G minimises -E[T]
    struct {
        int direction; // gm_kl_direction, less 1
        double weight; // 0: none
    } kl_term;
    struct {
        double weight; // 0: none
        int bound;     // gm_mutual_information_bound_kind, less 1
        gm_layer_list network;
    } entropy_term;
    struct {
        gm_recipe_list categorical; // the number of categories of each
        size_t continuous;          // how many, each U(-1, 1)
        const char *head;           // of the discriminator
        double weight;
    } codes;
    const char *latent_of; // the run of the autoencoder whose codes are learnt; NULL: none
    struct {
        gm_layer_list encoder, decoder; // around the GAN, not trained; of none: there is nothing around it
        size_t size;                    // of the encoder's values only the first so many; 0: all
    } frozen;
    gm_recipe_list class_weights; // by label; empty: all 1
    gm_regularizers regularizers;
    struct {
        gm_optimizer generator, discriminator;
    } optimizer;
    struct {
        size_t steps;  // 0: none
        double weight; // of the same loss in the generator's own steps
        gm_optimizer optimizer;
    } pretrain;                 // by maximum likelihood
    size_t discriminator_steps; // per generator step
    size_t accumulate;          // batches whose mean gradient makes one update
    gm_averaging average;
} gm_gan_settings;

extern const gm_recipe_section gm_gan_section;
const gm_gan_settings *gm_gan_of(const gm_recipe *recipe); // NULL: the recipe's model is of another kind

// How many classes the networks know, and the layer that knows the fewest; SIZE_MAX and NULL when none needs labels.
size_t gm_gan_classes(const gm_gan_settings *gan, const gm_layer **layer);

// ---- Around it (gan_frozen.c) ----

gm_status gm_gan_frozen_check(const gm_recipe *recipe, const gm_gan_settings *gan);
// The layers that make what samples are made of last.
const gm_layer_list *gm_gan_output(const gm_gan_settings *gan);
// x as data -> what the generator has to make.
gm_status gm_gan_code(const gm_gan_settings *gan, gm_network *encoder, gm_tensor *x, gm_tensor **code);

// ---- Regularisers (gan_regularizers.c) ----

extern const gm_recipe_type gm_regularizers_type; // gm_regularizers
// Settles what regularisers mean for the rest of the settings. Fails where they contradict it.
gm_status gm_regularizers_resolve(gm_gan_settings *gan, size_t batch);
void gm_regularizers_document(gm_text *text);
// An optimiser as the recipe has it, and what regularisers make of it.
gm_optimizer gm_gan_optimizer(const gm_gan_settings *gan, bool discriminator);
// The first layer, in layers of layers too, whose results depend on the rest of the batch; NULL: none. `penalised`:
// leaves out those that gradient penalties are used with nevertheless (gm_layer_type.penalised).
const gm_layer *gm_layer_across_samples(const gm_layer_list *list, bool penalised);

// ---- Latent codes (gan_codes.c) ----

// How many there are, and the values of z, the generator's input: noise and codes.
size_t gm_gan_code_count(const gm_gan_settings *gan);
size_t gm_gan_latent_values(const gm_gan_settings *gan);
// noise (N, latent.size) -> z (N, gm_gan_latent_values): codes are drawn and put behind it.
gm_tensor *gm_codes_append(const gm_gan_settings *gan, gm_tensor *noise, gm_tensor *counter);
// H(c) + E ln Q(c|G(z)) <= I(c; G(z)) in nats, c being z's codes and Q what the discriminator's head has `told` of
// G(z); of continuous codes Q is normal. Fails, beginning with `origin`, when `told` is NULL or has other values than
// the codes.
gm_status gm_codes_bound(const gm_gan_settings *gan, const char *origin, gm_tensor *z, gm_tensor *told,
                         gm_tensor **bound);
// Fails unless codes (count, gm_gan_code_count) are ones that gm_codes_fill takes.
gm_status gm_codes_check(const gm_gan_settings *gan, const float *codes, size_t count);
// Writes a sample's codes as z has them. codes: a category's number or a value each; NaN, or NULL for all: by the seed,
// whose digits are the categories (the first code's turn fastest), and which draws the continuous ones.
void gm_codes_fill(const gm_gan_settings *gan, uint64_t run_seed, uint64_t seed, const float *codes, float *z);

// ---- By maximum likelihood (gan_pretrain.c) ----

bool gm_gan_learns_likelihood(const gm_gan_settings *gan);
// For the section's `resolve`: fails where the generator gives no likelihood.
gm_status gm_gan_pretrain_check(const gm_recipe *recipe, const gm_gan_settings *gan);

// ---- In private (gan_private_check.c) ----

// For the section's `resolve`: fails where a private recipe asks for what D cannot keep private.
gm_status gm_gan_private_check(const gm_recipe *recipe, const gm_gan_settings *gan);

// ---- The step (gan_step.c) ----

gm_status gm_gan_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);

// ---- The kind (gan.c) ----

extern const gm_model_kind gm_gan_kind;

#endif

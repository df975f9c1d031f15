// Recipes: what to train, read from YAML into one struct whose every field is set and in its range.
//
// One table (recipe_table.c) holds every key with type, default, range and help; layers and optimisers come from the
// tables of nn.h and optim.h. Parser, messages, the resolved recipe and the documentation are made from these alone.
#ifndef GM_TRAIN_RECIPE_H
#define GM_TRAIN_RECIPE_H

#include "base/base.h"
#include "ganymede/augment.h"
#include "ganymede/data.h"
#include "ganymede/device.h"
#include "ganymede/loss.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"

typedef enum gm_resident { GM_RESIDENT_AUTO = 0, GM_RESIDENT_YES, GM_RESIDENT_NO } gm_resident;
typedef enum gm_latent { GM_LATENT_NORMAL = 0, GM_LATENT_UNIFORM } gm_latent; // N(0, 1), U(-1, 1)

// What is measured while a GAN trains; bits of monitor.metrics.
typedef enum gm_monitor_metric {
    GM_MONITOR_JSD = 0,
    GM_MONITOR_KL,
    GM_MONITOR_COVERAGE,
    GM_MONITOR_ENTROPY,
    GM_MONITOR_MODES,
    GM_MONITOR_METRICS,
} gm_monitor_metric;
typedef enum gm_monitor_alarm { GM_MONITOR_WARN = 0, GM_MONITOR_STOP, GM_MONITOR_OFF } gm_monitor_alarm;
// What the networks make up together; keys that only one kind of model has are refused for the others.
typedef enum gm_recipe_model {
    GM_RECIPE_GAN = 1,     // generator, discriminator
    GM_RECIPE_AUTOENCODER, // encoder, decoder
} gm_recipe_model;

typedef enum gm_autoencoder {
    GM_AUTOENCODER_VARIATIONAL = 0,
    GM_AUTOENCODER_PLAIN,
    GM_AUTOENCODER_DENOISING, // plain, with noise on what the encoder sees
} gm_autoencoder;
typedef enum gm_likelihood_kind { GM_LIKELIHOOD_BERNOULLI = 0, GM_LIKELIHOOD_GAUSSIAN } gm_likelihood_kind;

// A list of numbers.
typedef struct gm_recipe_list {
    const double *values; // in the recipe's arena
    size_t count;
    const char *origin; // where it stands, to begin messages with
} gm_recipe_list;

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

typedef struct gm_recipe {
    const char *file; // as given to gm_recipe_read
    const char *name; // letters, digits, '-', '_' and '.': fit for a folder; default: the file's name without ending
    size_t seed;
    size_t steps; // of the generator
    struct {
        const char *source;       // for gm_dataset_open
        const char *folder;       // for gm_dataset_options; NULL for the usual places
        int split;                // gm_split
        size_t size[2];           // height and width, 0 = the data's own: as in gm_dataset_options
        size_t channels, count;   // 0 = the data's own, all
        int fit;                  // gm_fit
        double range[2];          // the values of black and white; for image data alone
        bool range_given;         // by the recipe; else it follows the generator's last activation (sigmoid: [0, 1])
        const char *range_origin; // where it stands, to begin messages with; NULL unless given
        size_t batch;             // real images per discriminator step
        int resident;             // gm_resident
    } data;
    struct {
        size_t size;
        int distribution; // gm_latent
    } latent;
    gm_recipe_model model;
    // Empty unless the model has them. Of the layers each passed gm_layer_check, and `origin` tells where it stands.
    gm_layer_list generator, discriminator;
    gm_layer_list encoder, decoder;
    struct {
        int kind;         // gm_autoencoder
        int likelihood;   // gm_likelihood_kind
        double beta;      // weight of the divergence
        double deviation; // of the Gaussian likelihood
        bool binarize;    // pixels are drawn, black or white, anew each time
        double noise;     // deviation of the noise of a denoising autoencoder
    } autoencoder;
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
        const char *origin; // where the section stands; only with codes
    } codes;
    gm_recipe_list class_weights; // by label; empty: all 1
    gm_regularizers regularizers;
    struct {
        gm_optimizer generator, discriminator, autoencoder; // each passed gm_optimizer_check
    } optimizer;
    size_t discriminator_steps; // per generator step
    size_t accumulate;          // batches whose mean gradient makes one update
    struct {
        double decay; // of the average of the weights that samples are made with; 0: none
        bool warmup;
    } average;
    int precision; // gm_precision
    struct {
        size_t every, samples, checkpoint; // steps between log lines, pictures, checkpoints; 0 = none (every: >= 1)
        size_t grid[2];                    // rows and columns of the pictures
        size_t keep;                       // how many of the latest checkpoints stay
    } log;
    struct {
        size_t every; // steps between measurements; 0: as `share` allows
        double share; // of the run's time
        size_t samples;
        uint32_t metrics; // set of 1 << gm_monitor_metric
        int alarm;        // gm_monitor_alarm
        size_t warmup;    // steps before any alarm
    } monitor;
    gm_arena arena; // private
} gm_recipe;

// Reads a recipe file, then applies `settings` in order: "data.batch=32", "optimizer.generator.adam.rate=1e-4",
// "generator.0.dense.units=256"; a value is YAML ("data.range=[0, 1]"). settings may be NULL when count is 0.
// Fails with "FILE:LINE: what was wrong and what is allowed", or "--set KEY=VALUE: ..." for a setting.
gm_status gm_recipe_read(gm_recipe **recipe, const char *path, const char *const *settings, size_t count);
// The same from text in memory; `file` stands for the path in messages.
gm_status gm_recipe_parse(gm_recipe **recipe, const char *file, const char *text, size_t bytes,
                          const char *const *settings, size_t count);
void gm_recipe_destroy(gm_recipe **recipe);

// The network that makes samples: generator or decoder.
const gm_layer_list *gm_recipe_output(const gm_recipe *recipe);

// Fails when data.range contradicts the last activation of the network that makes samples: a sigmoid makes [0, 1], a
// tanh [-1, 1]; any other end may have any range, but a Bernoulli likelihood wants [0, 1]. gm_recipe_read does so
// itself unless data.source is a mixture; a trainer whose data prove to be floats ignores the range.
gm_status gm_recipe_check_range(const gm_recipe *recipe);

// How gm_dataset_open shall read data.source. Strings belong to the recipe.
gm_dataset_options gm_recipe_data_options(const gm_recipe *recipe);

// A GAN's optimiser as the recipe has it, and what regularisers make of it.
gm_optimizer gm_recipe_optimizer(const gm_recipe *recipe, bool discriminator);

// Whether it is an autoencoder whose likelihood of a value in [0, 1] is Bernoulli's.
bool gm_recipe_is_bernoulli(const gm_recipe *recipe);

// How many classes the networks know: the fewest that any layer names; SIZE_MAX when none does. layer: unless NULL,
// gets that layer, or NULL.
size_t gm_recipe_classes(const gm_recipe *recipe, const gm_layer **layer);

// How many latent codes there are, and the values of z, the generator's input: noise and codes.
size_t gm_recipe_codes(const gm_recipe *recipe);
size_t gm_recipe_latent_values(const gm_recipe *recipe);

// Appends the recipe as resolved, every key written out, as YAML. Reading it back gives the same recipe, and writing
// that the same text.
gm_status gm_recipe_write(const gm_recipe *recipe, gm_text *text);

// Appends the reference of every key, layer, loss, optimiser and initialiser, as plain text.
gm_status gm_recipe_documentation(gm_text *text);

#endif

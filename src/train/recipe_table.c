// The table of recipe keys: everything that a recipe may say outside of layers' and optimisers' own settings.
#include "train/recipe_table.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const char *const splits[] = {"train", "test", NULL};
static const char *const fits[] = {"auto", "pad", "resize", "crop", NULL}; // gm_fit
static const char *const residents[] = {"auto", "yes", "no", NULL};
static const char *const precisions[] = {"float32", "tf32", "bf16", "half_storage", NULL}; // gm_precision
static const char *const distributions[] = {"normal", "uniform", NULL};
static const char *const directions[] = {"reverse", "forward", NULL};
static const char *const alarms[] = {"warn", "stop", "off", NULL}; // gm_monitor_alarm
static const char *const bounds[] = {"jensen_shannon", "donsker_varadhan", NULL};
static const char *const autoencoders[] = {"vae", "plain", "denoising", NULL}; // gm_autoencoder
static const char *const likelihoods[] = {"bernoulli", "gaussian", NULL};      // gm_likelihood_kind

#define PLACE(field) .offset = offsetof(gm_recipe, field)
#define VALUE(path, field, type, standard, text, ...)                                                                  \
    {                                                                                                                  \
        .value = {                                                                                                     \
            .key = path,                                                                                               \
            .kind = GM_PARAMETER_##type,                                                                               \
            PLACE(field),                                                                                              \
            .initial = standard,                                                                                       \
            .help = text,                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define INTEGER(path, field, least, most, standard, text)                                                              \
    VALUE(path, field, INTEGER, standard, text, .minimum = least, .maximum = most)
#define NUMBER(path, field, least, most, standard, text)                                                               \
    VALUE(path, field, NUMBER, standard, text, .minimum = least, .maximum = most)
#define BOOLEAN(path, field, standard, text)       VALUE(path, field, BOOLEAN, standard, text, .choices = NULL)
#define CHOICE(path, field, words, standard, text) VALUE(path, field, CHOICE, standard, text, .choices = words)
#define OURS(path, field, of, standard, must, text)                                                                    \
    { .value = {.key = path, PLACE(field), .required = must, .help = text}, .kind = &of, .initial = standard }

// In the order in which the resolved recipe is written; the keys of a section stand together.
// clang-format off
const gm_recipe_row gm_recipe_rows[] = {
    OURS("name", name, gm_recipe_name_kind, NULL, false,
         "of the run folder; default: the recipe file's name without its ending"),
    INTEGER("seed", seed, 0, 9999999999, 0, "key of every random number: weights, latents, order of the data"),
    INTEGER("steps", steps, 1, 1000000000, 10000, "generator steps to train"),
    OURS("data.source", data.source, gm_recipe_string_kind, NULL, true,
         "a data set's name (fashion-mnist, mnist, cifar-10, stacked-fashion, stacked-mnist, ring8, grid25) or the path "
         "of a folder or file"),
    OURS("data.folder", data.folder, gm_recipe_string_kind, NULL, false,
         "where a named data set lies; null: in the usual places"),
    CHOICE("data.split", data.split, splits, 0, "which part of the data to train on"),
    OURS("data.size", data.size, gm_recipe_size_kind, "0", false,
         "height and width that images are brought to, one number when both are the same; 0: their own"),
    CHOICE("data.fit", data.fit, fits, 1,
           "how: pad (black borders), resize (stretch), crop (cut out the middle); auto is pad"),
    INTEGER("data.channels", data.channels, 0, 3, 0, "1 (grey) or 3 (colour); 0: the data's own"),
    INTEGER("data.count", data.count, 0, 2147483647, 0,
            "use only so many items, from the first on; of class folders the first of each class, then the second of "
            "each; 0: all"),
    OURS("data.range", data.range, gm_recipe_range_kind, NULL, false,
         "the values of black and white, which the generator's last activation must match: [0, 1] for sigmoid, "
         "[-1, 1] for tanh; default: just that, and [-1, 1] for any other; for images alone"),
    INTEGER("data.batch", data.batch, 1, 65536, 64, "real images per discriminator step, and as many generated ones"),
    CHOICE("data.resident", data.resident, residents, 0,
           "keep the whole data set in the device's memory; auto: if it is small"),
    INTEGER("latent.size", latent.size, 1, 65536, 100, "values of z, the generator's input"),
    CHOICE("latent.distribution", latent.distribution, distributions, 0, "of z: normal N(0, 1) or uniform U(-1, 1)"),
    OURS("generator", generator, gm_recipe_layers_kind, NULL, true,
         "a GAN's layers from z (N, size) to the data (an autoencoder has an encoder and a decoder instead)"),
    OURS("discriminator", discriminator, gm_recipe_layers_kind, NULL, true,
         "a GAN's layers from the data to one logit (N, 1)"),
    OURS("encoder", encoder, gm_recipe_layers_kind, NULL, true,
         "an autoencoder's layers from the data to z (N, size); of a vae to the mean and the logarithm of the variance "
         "of z, one behind the other (N, 2 size)"),
    OURS("decoder", decoder, gm_recipe_layers_kind, NULL, true,
         "an autoencoder's layers from z (N, size) back to the data: logits for a bernoulli likelihood, means for a "
         "gaussian one"),
    CHOICE("autoencoder.kind", autoencoder.kind, autoencoders, 0,
           "vae: z is drawn around its mean and held near N(0, 1), so that the decoder makes samples; plain: z is the "
           "encoder's result; denoising: the same, with noise on what the encoder sees"),
    CHOICE("autoencoder.likelihood", autoencoder.likelihood, likelihoods, 0,
           "of the data given z: bernoulli, of images in [0, 1], or gaussian"),
    NUMBER("autoencoder.beta", autoencoder.beta, 0, 1000000, 1, "vae: the weight of KL(q(z|x) || p(z)) in the loss"),
    NUMBER("autoencoder.deviation", autoencoder.deviation, 1e-6, 1000000, 1,
           "gaussian: the standard deviation of every value"),
    BOOLEAN("autoencoder.binarize", autoencoder.binarize, 0,
            "bernoulli: draw each value as 0 or 1 with its grey value as the probability, anew each time"),
    NUMBER("autoencoder.noise", autoencoder.noise, 0, 1000000, 0,
           "denoising: the standard deviation of the Gaussian noise that the encoder sees"),
    CHOICE("initializer", initializer, gm_weight_initializer_names, GM_WEIGHTS_DEFAULT,
           "how the weights of layers start that name none themselves"),
    OURS("loss", loss, gm_recipe_loss_kind, "non_saturating", false, "what both networks minimise"),
    BOOLEAN("alternative", alternative, 0,
            "f-GAN: the generator minimises -E[T], which does not saturate, in place of -E[f*(T)]"),
    CHOICE("kl_term.direction", kl_term.direction, directions, 0,
           "what the generator minimises on top: KL(generated || real), reverse, or KL(real || generated), forward"),
    NUMBER("kl_term.weight", kl_term.weight, 0, 1000000, 0, "factor of the term; 0: none"),
    NUMBER("entropy_term.weight", entropy_term.weight, 0, 1000000, 0,
           "factor of a bound on I(z; G(z)) that the generator maximises, against collapse; 0: none"),
    CHOICE("entropy_term.bound", entropy_term.bound, bounds, 0, "which bound the statistics network learns"),
    OURS("entropy_term.network", entropy_term.network, gm_recipe_layers_kind,
         "[dense: 128, leaky_relu: 0.2, dense: 128, leaky_relu: 0.2, dense: 1]", false,
         "the layers of the statistics network, from a sample's values and its z, side by side, to one number"),
    OURS("codes.categorical", codes.categorical, gm_recipe_categories_kind, "[]", false,
         "latent codes (InfoGAN), a part of the generator's input that a head of the discriminator learns to tell from "
         "the sample: the number of categories of each, drawn equally often; they follow z, one-hot"),
    INTEGER("codes.continuous", codes.continuous, 0, 1024, 0, "how many codes U(-1, 1) follow those"),
    OURS("codes.head", codes.head, gm_recipe_string_kind, "codes", false,
         "the discriminator's head (or tap) that tells them: a logit per category, then a mean per continuous code, "
         "then a number per continuous code that sets its log variance"),
    NUMBER("codes.weight", codes.weight, 0, 1000000, 1,
           "factor of the bound on I(codes; G(z)) that both networks maximise"),
    OURS("class_weights", class_weights, gm_recipe_weights_kind, "[]", false,
         "what the samples of each class count in the loss, by label: the real ones, and those of a conditional "
         "generator; []: the same"),
    OURS("regularizers", regularizers, gm_recipe_regularizers_kind, NULL, false,
         "what else keeps training in bounds, in any combination"),
    OURS("optimizer.generator", optimizer.generator, gm_recipe_optimizer_kind,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the generator's update rule"),
    OURS("optimizer.discriminator", optimizer.discriminator, gm_recipe_optimizer_kind,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the discriminator's update rule"),
    OURS("optimizer.autoencoder", optimizer.autoencoder, gm_recipe_optimizer_kind, "{adam: {rate: 1e-3}}", false,
         "the update rule of encoder and decoder"),
    INTEGER("discriminator_steps", discriminator_steps, 1, 1000, 1, "discriminator steps per generator step"),
    INTEGER("accumulate", accumulate, 1, 1024, 1,
            "batches whose mean gradient makes one update: a larger batch than the memory holds"),
    NUMBER("average.decay", average.decay, 0, 0.999999999, 0,
           "samples are made with a moving average of the weights that keeps this share a step; 0: with the weights "
           "themselves"),
    BOOLEAN("average.warmup", average.warmup, 1, "keep less at the start: at most (1 + step) / (10 + step)"),
    CHOICE("precision", precision, precisions, GM_PRECISION_FLOAT32,
           "of training, on a GPU. float32, tf32, bf16: convolutions and matrix products multiply 24, 11 or 8 "
           "significant bits where the GPU has units for it; sums and values stay float32. half_storage: large values "
           "between operations lie in memory as 16-bit floats, computed with in float32; weights, their gradients and "
           "moments stay float32"),
    INTEGER("log.every", log.every, 1, 1000000000, 50, "generator steps between lines of log.jsonl"),
    INTEGER("log.samples", log.samples, 0, 1000000000, 500, "generator steps between pictures of samples; 0: none"),
    INTEGER("log.checkpoint", log.checkpoint, 0, 1000000000, 1000,
            "generator steps between checkpoints; 0: only the first and the last"),
    {.value = {.key = "log.grid", .kind = GM_PARAMETER_PAIR, PLACE(log.grid), .minimum = 1, .maximum = 64,
               .initial = 8, .help = "rows and columns of the pictures"}},
    INTEGER("log.keep", log.keep, 1, 1000000, 3,
            "how many of the latest checkpoints stay, beside the best by coverage and the last before an alarm"),
    INTEGER("monitor.every", monitor.every, 0, 1000000000, 0,
            "generator steps between measurements, rounded up to log lines; 0: so many that they take monitor.share of "
            "the time"),
    NUMBER("monitor.share", monitor.share, 0, 1, .05,
           "of the time that measuring may take, by a model of the device's speed; 0: none, unless monitor.every says "
           "how often"),
    INTEGER("monitor.samples", monitor.samples, 64, 65536, 1024, "real and generated samples that are compared"),
    OURS("monitor.metrics", monitor.metrics, gm_recipe_metrics_kind, "[jsd, kl, coverage, entropy, modes]", false,
         "what is measured; modes: of the mixtures ring8 and grid25; []: nothing"),
    CHOICE("monitor.alarm", monitor.alarm, alarms, GM_MONITOR_WARN,
           "what happens when the generator has collapsed or stands still: warn on standard error and in the log, stop "
           "the run, or nothing"),
    INTEGER("monitor.warmup", monitor.warmup, 0, 1000000000, 1000, "generator steps before which there is no alarm"),
};
// clang-format on
const size_t gm_recipe_row_count = GM_COUNT(gm_recipe_rows);

gm_recipe_model gm_recipe_key_model(const char *key) {
    static const struct {
        const char *key; // or the section
        gm_recipe_model model;
    } owners[] = {
        {"generator", GM_RECIPE_GAN},
        {"discriminator", GM_RECIPE_GAN},
        {"loss", GM_RECIPE_GAN},
        {"alternative", GM_RECIPE_GAN},
        {"kl_term", GM_RECIPE_GAN},
        {"entropy_term", GM_RECIPE_GAN},
        {"codes", GM_RECIPE_GAN},
        {"class_weights", GM_RECIPE_GAN},
        {"regularizers", GM_RECIPE_GAN},
        {"optimizer.generator", GM_RECIPE_GAN},
        {"discriminator_steps", GM_RECIPE_GAN},
        {"monitor", GM_RECIPE_GAN},
        {"optimizer.discriminator", GM_RECIPE_GAN},
        {"encoder", GM_RECIPE_AUTOENCODER},
        {"decoder", GM_RECIPE_AUTOENCODER},
        {"autoencoder", GM_RECIPE_AUTOENCODER},
        {"optimizer.autoencoder", GM_RECIPE_AUTOENCODER},
    };
    for (size_t i = 0; i < GM_COUNT(owners); i++) {
        size_t length = strlen(owners[i].key);
        if (strncmp(key, owners[i].key, length) == 0 && (key[length] == '\0' || key[length] == '.'))
            return owners[i].model;
    }
    return (gm_recipe_model)0;
}

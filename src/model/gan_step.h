// The step of a GAN while it is built: what the files that build it share.
#ifndef GM_MODEL_GAN_STEP_H
#define GM_MODEL_GAN_STEP_H

#include "model/gan.h"

//   N = batch; x real, z latent, G(z) fake, l = D's logit.
typedef struct gm_gan_step {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_gan_settings *settings;
    const gm_model_source *source;
    gm_graph *graph;
    gm_network *generator, *discriminator, *statistics; // statistics: NULL without an entropy term
    gm_tensor *counter, *step, *substep;
    size_t most_steps;     // of D in a step
    gm_tensor *updates;    // of D, counted; NULL: their number follows from the step
    gm_tensor *z, *labels; // labels: of G(z), and but in private of the real batch; NULL when nothing needs them
    gm_tensor *real_labels;
    gm_tensor *weights; // of the labels' classes, (N); NULL: all 1
    gm_tensor *told;    // of G(z)'s codes by D's head, where D judged G(z) last; NULL: there is no such head
    gm_tensor *real, *fake;
    gm_tensor *probability; // of augmentations; NULL: always
    gm_tensor *likelihood;  // of the real batch, a loss; NULL: not asked for yet
    gm_tensor *log_average; // of e^T, moving, for the Donsker-Varadhan bound's gradient; NULL: the Jensen-Shannon bound
} gm_gan_step;

// Fails unless there is one logit for each of `expected` samples.
gm_status gm_gan_check_logit(const gm_tensor *logit, const gm_layer_list *layers, size_t expected, const char *network);
// What the logits of these samples say: the mean probability of being real where they are log ratios, else their mean.
gm_model_number gm_gan_score(const gm_gan_step *g, gm_tensor *logit, bool real);
bool gm_gan_has(const gm_gan_step *g, gm_regularizer which);
// Samples begin..begin + count - 1.
gm_tensor *gm_gan_part(gm_tensor *x, size_t begin, size_t count);
// How many samples D judges together: a pack's logit is theirs.
size_t gm_gan_packed(const gm_gan_step *g);
// x as D sees it: augmented, with noise, packed. `name` keeps the random streams of several uses apart.
gm_tensor *gm_gan_seen(const gm_gan_step *g, gm_tensor *x, const char *name);
gm_status gm_gan_judge(const gm_gan_step *g, gm_tensor *x, gm_tensor **logit);

// ---- In private (gan_private.c) ----

bool gm_gan_is_private(const gm_gan_step *g);
// The real batch, with room for the plan's capacity; and with `labelled` its labels and drawn ones for G(z).
gm_status gm_gan_private_batch(gm_gan_step *g, bool labelled);
// D's phase. updates: of D, made before.
gm_status gm_gan_private_discriminator(gm_gan_step *g, gm_tensor *updates, gm_phase **phase);

// The penalties that a recipe may ask for, in a fixed order (gan_penalty.c).
enum { GM_GAN_PENALTIES = 4 };
// Discriminator steps from penalty i to the next; 0: the recipe does not ask for it.
size_t gm_gan_penalty_every(const gm_gan_step *g, size_t i);
const char *gm_gan_penalty_phase(size_t i); // the phase's name, where it has one of its own
// D's gradients at samples that are drawn or made of real and generated ones; D judges them anew.
gm_status gm_gan_penalty(const gm_gan_step *g, size_t i, gm_tensor **penalty);

// ---- By maximum likelihood (gan_pretrain.c) ----

// The mean of -ln p of the real batch's symbols, each behind those before it.
gm_status gm_gan_likelihood(gm_gan_step *g, gm_tensor **loss);
// The steps before the first. Behind all other phases of the generator.
gm_status gm_gan_add_pretraining(gm_gan_step *g);

// The phases that the schedule knows (gan_schedule.c).
typedef struct gm_gan_phases {
    gm_phase *substep; // NULL: nothing draws twice in a step
    gm_phase *discriminator, *generator;
    gm_phase *gather[2]; // of D and of G; NULL: one batch makes an update
    gm_phase *lazy[GM_GAN_PENALTIES];
} gm_gan_phases;
// Settles how many steps of D there may be.
gm_status gm_gan_offer_steps(gm_gan_step *g);
// The actions of D's and G's steps.
gm_status gm_gan_add_players(gm_gan_step *g, const gm_gan_phases *phases);

#endif

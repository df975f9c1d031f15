// The step of kinds of model that make samples from samples: generators that follow an objective of their own, such as
// the distance to a sample that is known, and, on top of it, what discriminators say. A discriminator may give one
// logit per sample or a map of them, one for each patch that it judges (PatchGAN, Isola et al. 2017).
//
// Phases, in the order in which a step runs them:
//   start           once before the first step: the averages begin as the generators
//   substep         advances the sub-step, wherever the next phase shall draw anew
//   discriminator   one update of every discriminator on a real batch and on what the generators make of it
//   generator       one update of all generators on the same batch, judged by the discriminators just updated;
//                   step + 1, sub-step = 0
//   average         the averages follow
// With several batches to an update, gather phases add up the gradients of all but the last.
#ifndef GM_MODEL_ADVERSARIAL_H
#define GM_MODEL_ADVERSARIAL_H

#include "model/gan_loss.h"
#include "model/model.h"
#include "model/training.h"

typedef struct gm_critic {
    gm_network *network;
    const gm_layer_list *layers;
    gm_tensor *real, *fake; // what it judges in its own update, batches of one size
    gm_tensor *judged;      // what it judges in the generators' update; NULL: the fakes
} gm_critic;

// Feature matching (pix2pixHD, Wang et al. 2018): the generators also minimise, summed over the critics' taps, the mean
// distance |t(judged) - t(real)|, which asks for the edges and textures that the critics have learned to look for, and
// not for each pixel. Critics without a tap are none of it.
typedef struct gm_adversarial {
    gm_tensor *counter; // gm_objective_counter
    gm_network *const *generators;
    size_t generator_count;
    const gm_critic *critics;
    size_t critic_count; // 0: the generators follow the objective alone
    const gm_gan_loss *loss;
    double weight;                  // of the generators' loss, which is summed over the critics
    double features;                // of the distance between the taps' values of image i judged and of real i
    gm_tensor *objective;           // what the generators minimise beside it, a scalar
    const gm_model_number *numbers; // that the generators' phase shows
    size_t number_count;
    const gm_optimizer *generator, *discriminator;
    size_t accumulate; // batches whose mean gradient makes one update
    const gm_averaging *average;
} gm_adversarial;

// The phases of the players, for what a kind assigns in them; discriminator: NULL without critics.
typedef struct gm_adversarial_phases {
    gm_phase *discriminator, *generator;
} gm_adversarial_phases;

// Appends the phases to the model's graph and the actions to its step. phases may be NULL.
// Fails with the recipe's line when a critic does not give at least one logit per sample.
gm_status gm_adversarial_build(gm_model *model, const gm_model_source *source, const gm_adversarial *adversarial,
                               gm_adversarial_phases *phases);
// Fails with the recipe's line when the network, called `noun`, does not give what `wanted` is shaped like.
gm_status gm_adversarial_check_fit(const gm_tensor *made, const gm_tensor *wanted, const gm_layer_list *layers,
                                   const char *noun);

#endif

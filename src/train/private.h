// Private training: the batches and the noise of its updates, what they spend, and when that is all there is.
//
// Where the recipe is not private, everything here does nothing.
#ifndef GM_TRAIN_PRIVATE_H
#define GM_TRAIN_PRIVATE_H

#include "privacy/draws.h"
#include "run/ledger.h"

struct gm_trainer;

typedef struct gm_trainer_privacy {
    gm_draws draws;
    uint64_t spent, paid; // updates: made, and in the ledger
    uint64_t known;       // updates whose epsilon is known: fewer spend less, even where their own bound is larger
    double known_epsilon;
    float *mask, *noise;
    int32_t *indices, *labels;
    void *items; // of a batch that is not resident
    char text[480];
} gm_trainer_privacy;

bool gm_trainer_is_private(const struct gm_trainer *trainer);
// Finds the noise, and takes up what a resumed run has spent. Fails where its terms are others, or not known.
// Behind the model's plan and a resumed checkpoint's step.
gm_status gm_trainer_private_begin(struct gm_trainer *trainer);
void gm_trainer_private_finish(struct gm_trainer *trainer);
// The noise of a survey, of which the private training of some kinds consists, once it is in the ledger. Whether the
// budget reaches for it, gm_trainer_private_begin has told.
gm_status gm_trainer_private_survey(struct gm_trainer *trainer);
// The next batch, and its noise.
gm_status gm_trainer_private_batch(struct gm_trainer *trainer);
// Pays for the step that comes next, and those up to the next line of the log. *enough: false where the budget does not
// reach.
gm_status gm_trainer_private_pay(struct gm_trainer *trainer, bool *enough);
// Writes what has been spent and no more: where a run begins, and where it stops in order.
gm_status gm_trainer_private_settle(struct gm_trainer *trainer);
// Sets trainer->ended where the budget does not reach for another step.
gm_status gm_trainer_private_check(struct gm_trainer *trainer);
// What has been spent by now, a bound rounded up.
gm_status gm_trainer_private_spent(const struct gm_trainer *trainer, double *epsilon);
// "epsilon", or where the noise is no secret "void_epsilon".
const char *gm_trainer_private_name(const struct gm_trainer *trainer);
// What the run claims now, a sentence for people; what it will have spent at its end. NULL: training is not private.
const char *gm_trainer_private_claim(struct gm_trainer *trainer);
const char *gm_trainer_private_outlook(struct gm_trainer *trainer);

#endif

// Private training: batches, noise, and what they spend.
#include "train/private.h"

#include "model/privacy.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const gm_private_plan *plan_of(const gm_trainer *trainer) {
    return &trainer->model.privacy.plan;
}

bool gm_trainer_is_private(const gm_trainer *trainer) {
    return plan_of(trainer)->capacity > 0;
}

// Whether all is told in the survey, before the first step.
static bool is_of_survey(const gm_trainer *trainer) {
    return trainer->model.survey.gather != NULL;
}

// Up to the last step of the recipe.
static uint64_t planned(const gm_trainer *trainer) {
    const uint64_t steps = trainer->common->steps;
    if (is_of_survey(trainer))
        return trainer->privacy.spent + !trainer->surveyed;
    return trainer->privacy.spent + (steps > trainer->step ? steps - trainer->step : 0) * trainer->model.batches;
}

// ---- Words ----

const char *gm_trainer_private_name(const gm_trainer *trainer) {
    return plan_of(trainer)->reproducible ? "void_epsilon" : "epsilon";
}

// Of few updates the accountant's bound is a loose one, and that of more may be smaller.
static gm_status spent_by(const gm_trainer *trainer, uint64_t updates, double *epsilon) {
    const gm_trainer_privacy *p = &trainer->privacy;
    GM_TRY(gm_private_plan_spent(plan_of(trainer), updates, epsilon));
    if (updates <= p->known)
        *epsilon = fmin(*epsilon, p->known_epsilon);
    return GM_OK;
}

gm_status gm_trainer_private_spent(const gm_trainer *trainer, double *epsilon) {
    GM_TRY(spent_by(trainer, trainer->privacy.spent, epsilon));
    *epsilon = gm_private_rounded(*epsilon);
    return GM_OK;
}

static const char *words(gm_trainer *trainer, const char *what, uint64_t updates) {
    const gm_private_plan *plan = plan_of(trainer);
    double epsilon = NAN;
    if (!gm_trainer_is_private(trainer) || spent_by(trainer, updates, &epsilon) != GM_OK)
        return NULL;
    char sums[100];
    if (is_of_survey(trainer))
        snprintf(sums, sizeof sums, "%llu release%s of sums over all %zu items", (unsigned long long)updates,
                 updates == 1 ? "" : "s", plan->count);
    else
        snprintf(sums, sizeof sums, "%llu updates, each of %zu of %zu items on average", (unsigned long long)updates,
                 plan->batch, plan->count);
    snprintf(
        trainer->privacy.text, sizeof trainer->privacy.text,
        "%s%sepsilon %.3g at delta %g (%s, clipped to %g, noise %.4g times that; for data with one item more or less)",
        plan->reproducible ? "NOT PRIVATE, since privacy.reproducible lets anybody compute the noise; else " : "", what,
        gm_private_rounded(epsilon), plan->delta, sums, plan->clip, plan->noise);
    return trainer->privacy.text;
}

const char *gm_trainer_private_claim(gm_trainer *trainer) {
    return words(trainer, "", trainer->privacy.spent);
}

const char *gm_trainer_private_outlook(gm_trainer *trainer) {
    return words(trainer, "at its end ", planned(trainer));
}

// ---- The ledger ----

static gm_status write_ledger(gm_trainer *trainer, uint64_t updates) {
    const gm_private_plan *plan = plan_of(trainer);
    trainer->privacy.paid = updates;
    if (!trainer->run)
        return GM_OK;
    const char *claim = words(trainer, "", updates);
    return gm_run_write_ledger(trainer->run,
                               &(gm_ledger){.updates = updates,
                                            .items = plan->count,
                                            .batch = (double)plan->batch,
                                            .noise = plan->noise,
                                            .delta = plan->delta,
                                            .clip = plan->clip,
                                            .reproducible = plan->reproducible},
                               claim ? claim : "");
}

static bool differs(double a, double b) {
    return a < b || a > b;
}

// What the spent epsilon was computed with may not change in between.
static gm_status take_up(gm_trainer *trainer, const gm_ledger *ledger) {
    gm_private_plan *plan = &trainer->model.privacy.plan;
    const struct {
        const char *name;
        double was, is;
    } terms[] = {
        {"the number of items", (double)ledger->items, (double)plan->count},
        {is_of_survey(trainer) ? "the number of items" : "data.batch", ledger->batch, (double)plan->batch},
        {"privacy.delta", ledger->delta, plan->delta},
        {"privacy.clip", ledger->clip, plan->clip},
        {"privacy.noise", ledger->noise, plan->noise > 0 ? plan->noise : ledger->noise},
        {"privacy.reproducible", ledger->reproducible, plan->reproducible},
    };
    for (size_t i = 0; i < GM_COUNT(terms); i++)
        if (differs(terms[i].was, terms[i].is))
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: %s was %g and cannot become %g: what the run has spent was computed with it; start a "
                           "new run, whose budget adds to this one's",
                           gm_run_path(trainer->run), terms[i].name, terms[i].was, terms[i].is);
    plan->noise = ledger->noise;
    trainer->privacy.spent = trainer->privacy.paid = ledger->updates;
    return GM_OK;
}

static gm_status resume_ledger(gm_trainer *trainer) {
    gm_ledger ledger;
    bool found;
    GM_TRY(gm_run_read_ledger(trainer->run, &ledger, &found));
    if (found && !gm_trainer_is_private(trainer))
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "%s: its training is private and cannot go on without: leave privacy as it is, or start a new run",
            gm_run_path(trainer->run));
    if (found)
        return take_up(trainer, &ledger);
    if (gm_trainer_is_private(trainer) && trainer->resumed)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has no privacy.json, so that what it has told of the data is not known: start a new run",
                       gm_run_path(trainer->run));
    return GM_OK;
}

static gm_status afford(gm_trainer *trainer, uint64_t updates, bool *enough) {
    const double budget = plan_of(trainer)->epsilon;
    double epsilon;
    *enough = true;
    if (!(budget > 0) || (updates <= trainer->privacy.known && trainer->privacy.known_epsilon <= budget))
        return GM_OK;
    GM_TRY(spent_by(trainer, updates, &epsilon));
    *enough = epsilon <= budget;
    return GM_OK;
}

// A release that is not in the budget must not be made.
static gm_status check_survey(gm_trainer *trainer) {
    const gm_private_plan *plan = plan_of(trainer);
    bool enough;
    if (trainer->surveyed)
        return GM_OK;
    GM_TRY(afford(trainer, trainer->privacy.spent + 1, &enough));
    if (enough)
        return GM_OK;
    return gm_fail(GM_ERROR_STATE,
                   "%s: was stopped between its release and its first checkpoint, and its budget, epsilon %g at delta "
                   "%g, does not reach for another: start a new run",
                   trainer->run ? gm_run_path(trainer->run) : gm_recipe_file(trainer->recipe), plan->epsilon,
                   plan->delta);
}

gm_status gm_trainer_private_begin(gm_trainer *trainer) {
    gm_trainer_privacy *p = &trainer->privacy;
    const gm_dataset_info *data = gm_dataset_get_info(trainer->sources[0].data);
    gm_private_plan *plan = &trainer->model.privacy.plan;
    if (trainer->run)
        GM_TRY(resume_ledger(trainer));
    if (!gm_trainer_is_private(trainer))
        return GM_OK;
    gm_status status = gm_private_plan_find_noise(plan, planned(trainer));
    if (status != GM_OK)
        return gm_fail(status, "%s: %s", gm_recipe_origin(trainer->recipe, "privacy"), gm_error_message());
    p->known = planned(trainer);
    GM_TRY(gm_private_plan_spent(plan, p->known, &p->known_epsilon));
    p->draws = (gm_draws){.reproducible = plan->reproducible, .seed = trainer->common->seed};
    if (is_of_survey(trainer)) {
        GM_TRY(check_survey(trainer));
        return gm_alloc(&p->noise, trainer->model.privacy.values, sizeof *p->noise, "noise");
    }
    GM_TRY(gm_alloc(&p->mask, plan->capacity, sizeof *p->mask, "a batch's mask"));
    GM_TRY(gm_alloc(&p->noise, trainer->model.privacy.values, sizeof *p->noise, "noise"));
    GM_TRY(gm_alloc(&p->indices, plan->capacity, sizeof *p->indices, "a batch's indices"));
    GM_TRY(gm_alloc(&p->labels, plan->capacity, sizeof *p->labels, "a batch's labels"));
    return trainer->sources[0].resident ? GM_OK : gm_alloc(&p->items, plan->capacity, data->item_bytes, "a batch");
}

void gm_trainer_private_finish(gm_trainer *trainer) {
    gm_trainer_privacy *p = &trainer->privacy;
    free(p->mask);
    free(p->noise);
    free(p->indices);
    free(p->labels);
    free(p->items);
    *p = (gm_trainer_privacy){0};
}

// ---- The budget ----

// Fewer where the budget reaches for fewer.
gm_status gm_trainer_private_pay(gm_trainer *trainer, bool *enough) {
    const uint64_t every = trainer->settings->log.every, batches = trainer->model.batches, step = trainer->step;
    uint64_t ahead = every - step % every;
    *enough = true;
    if (!gm_trainer_is_private(trainer) || trainer->privacy.spent + batches <= trainer->privacy.paid)
        return GM_OK;
    if (trainer->common->steps > step)
        ahead = GM_MIN(ahead, trainer->common->steps - step);
    for (; ahead > 0; ahead /= 2) {
        const uint64_t updates = trainer->privacy.spent + ahead * batches;
        GM_TRY(afford(trainer, updates, enough));
        if (*enough)
            return write_ledger(trainer, updates);
    }
    return GM_OK;
}

gm_status gm_trainer_private_settle(gm_trainer *trainer) {
    return gm_trainer_is_private(trainer) ? write_ledger(trainer, trainer->privacy.spent) : GM_OK;
}

gm_status gm_trainer_private_check(gm_trainer *trainer) {
    bool enough;
    if (!gm_trainer_is_private(trainer) || trainer->step >= trainer->common->steps)
        return GM_OK;
    GM_TRY(gm_trainer_private_pay(trainer, &enough));
    if (!enough)
        snprintf(trainer->ended, sizeof trainer->ended,
                 "step %llu: the privacy budget, epsilon %g at delta %g, is spent", (unsigned long long)trainer->step,
                 plan_of(trainer)->epsilon, plan_of(trainer)->delta);
    return GM_OK;
}

// ---- The survey ----

gm_status gm_trainer_private_survey(gm_trainer *trainer) {
    const gm_model_privacy *model = &trainer->model.privacy;
    gm_trainer_privacy *p = &trainer->privacy;
    if (!gm_trainer_is_private(trainer))
        return GM_OK;
    GM_TRY(write_ledger(trainer, p->spent + 1));
    gm_draws_begin(&p->draws, p->spent);
    GM_TRY(gm_draws_normal(&p->draws, model->plan.noise * model->plan.clip, p->noise, model->values));
    GM_TRY(gm_plan_write(trainer->plan, model->noise, p->noise, model->values * sizeof *p->noise));
    memset(p->noise, 0, model->values * sizeof *p->noise);
    p->spent++;
    return GM_OK;
}

// ---- The batch ----

// Of those that are not resident each goes to its place.
static gm_status write_items(gm_trainer *trainer) {
    const gm_trainer_source *source = &trainer->sources[0];
    const gm_model_input *input = &trainer->model.inputs[0];
    const gm_trainer_privacy *p = &trainer->privacy;
    const size_t capacity = plan_of(trainer)->capacity, bytes = gm_dataset_get_info(source->data)->item_bytes;
    if (source->resident) // index -1 gives zeros
        return gm_plan_write(trainer->plan, input->indices, p->indices, capacity * sizeof *p->indices);
    memset(p->items, 0, capacity * bytes);
    memset(p->labels, 0, capacity * sizeof *p->labels);
    for (size_t i = 0; i < capacity; i++)
        if (p->indices[i] >= 0)
            GM_TRY(gm_dataset_gather(source->data, &p->indices[i], 1, (char *)p->items + i * bytes, &p->labels[i]));
    GM_TRY(gm_plan_write(trainer->plan, input->batch, p->items, capacity * bytes));
    return input->labels ? gm_plan_write(trainer->plan, input->labels, p->labels, capacity * sizeof *p->labels) : GM_OK;
}

// Places are drawn, too, in secret. What a step draws for a place (dropout, augmentation) everybody can compute from
// the seed: were items packed from the front, one item less would move all behind it, and change what these contribute.
static gm_status draw_batch(gm_trainer *trainer) {
    const gm_private_plan *plan = plan_of(trainer);
    gm_trainer_privacy *p = &trainer->privacy;
    size_t taken;
    GM_TRY(gm_draws_choose(&p->draws, plan->rate, plan->count, plan->capacity, p->indices, &taken));
    for (size_t i = taken; i < plan->capacity; i++)
        p->indices[i] = -1;
    GM_TRY(gm_draws_shuffle(&p->draws, p->indices, plan->capacity));
    for (size_t i = 0; i < plan->capacity; i++)
        p->mask[i] = p->indices[i] >= 0 ? 1 : 0;
    return GM_OK;
}

gm_status gm_trainer_private_batch(gm_trainer *trainer) {
    const gm_model_privacy *model = &trainer->model.privacy;
    const gm_private_plan *plan = &model->plan;
    gm_trainer_privacy *p = &trainer->privacy;
    gm_draws_begin(&p->draws, trainer->cursor / plan->batch);
    GM_TRY(draw_batch(trainer));
    GM_TRY(write_items(trainer));
    GM_TRY(gm_plan_write(trainer->plan, model->mask, p->mask, plan->capacity * sizeof *p->mask));
    GM_TRY(gm_draws_normal(&p->draws, plan->noise * plan->clip, p->noise, model->values));
    GM_TRY(gm_plan_write(trainer->plan, model->noise, p->noise, model->values * sizeof *p->noise));
    memset(p->noise, 0, model->values * sizeof *p->noise);
    p->spent++;
    trainer->cursor += plan->batch;
    return GM_OK;
}

// Label fidelity and the spread within a class, from a classifier's answers and features.
#include "use/fidelity.h"

#include "data/classes.h"
#include "model/classifier.h"

#include <math.h>
#include <stdlib.h>

enum { F = GM_IMAGE_CLASSIFIER_FEATURES };

typedef struct gm_class_tally {
    size_t asked;  // samples of the class, by their labels
    size_t named;  // of those, which the classifier names so
    double spread; // root mean squared distance of their features from their mean; NaN of fewer than 2
} gm_class_tally;

// features (n, F), probabilities (n, K), labels (n) of 0 to K - 1, or -1: left out -> tallies (K).
static gm_status count_classes(const float *features, const float *probabilities, const int32_t *labels, size_t n,
                               size_t K, gm_class_tally *tallies) {
    double *means;
    GM_TRY(gm_alloc(&means, K * F, sizeof *means, "the classes' means"));
    for (size_t k = 0; k < K; k++)
        tallies[k] = (gm_class_tally){0};
    for (size_t i = 0; i < n; i++) {
        if (labels[i] < 0)
            continue;
        gm_class_tally *tally = &tallies[labels[i]];
        tally->asked++;
        tally->named += gm_classifier_answer(probabilities + i * K, K) == (size_t)labels[i];
        for (size_t j = 0; j < F; j++)
            means[(size_t)labels[i] * F + j] += (double)features[i * F + j];
    }
    for (size_t i = 0; i < n; i++) {
        if (labels[i] < 0)
            continue;
        gm_class_tally *tally = &tallies[labels[i]];
        for (size_t j = 0; j < F; j++) {
            double from = (double)features[i * F + j] - means[(size_t)labels[i] * F + j] / (double)tally->asked;
            tally->spread += from * from;
        }
    }
    for (size_t k = 0; k < K; k++)
        tallies[k].spread = tallies[k].asked > 1 ? sqrt(tallies[k].spread / ((double)tallies[k].asked - 1)) : NAN;
    free(means);
    return GM_OK;
}

// What the figures then leave out, with the names of the classes.
static gm_status tell_strangers(const gm_side *side, const char *known, const size_t *places, size_t K, size_t count) {
    enum { MOST_LISTED = 400 }; // bytes
    gm_text list = {0};
    uint8_t *seen;
    GM_TRY(gm_alloc(&seen, GM_MAX(side->classes, side->data_classes), 1, "classes"));
    for (size_t i = 0; i < side->count && list.length < MOST_LISTED; i++) {
        size_t k = (size_t)side->labels[i];
        if (places[k] < K || seen[k]++)
            continue;
        gm_text_printf(&list, "%s", list.length > 0 ? ", " : "");
        if (k < side->name_count)
            gm_text_printf(&list, "%s", side->class_names[k]);
        else
            gm_text_printf(&list, "%zu", k);
    }
    if (!list.failed)
        gm_warn("%s: %zu of its %zu samples are of classes that %s has not (%s): figures by class leave them out",
                side->name, count, side->count, known, list.data);
    gm_status status = list.failed ? gm_fail_memory(side->count, "a list of classes") : GM_OK;
    gm_text_finish(&list);
    free(seen);
    return status;
}

// The side's labels as the classifier's, which learned the classes of `known`, and what became of them.
static gm_status tally(const gm_fidelity_sides *s, size_t which, size_t K, gm_class_tally *tallies) {
    const gm_side *side = &s->sides[which];
    size_t classes = GM_MAX(GM_MAX(side->classes, side->data_classes), side->name_count), *places = NULL, strangers = 0;
    int32_t *labels = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&labels, side->count, sizeof *labels, "labels"));
    GM_TRY_DONE(gm_alloc(&places, GM_MAX(classes, (size_t)1), sizeof *places, "classes"));
    const gm_dataset_info of = {.name = side->name, .class_count = side->name_count, .class_names = side->class_names};
    for (size_t k = 0; k < classes; k++)
        places[k] = k;
    if (side->name_count > 0)
        gm_classes_place(&of, s->known->class_names, s->known->name_count, places);
    for (size_t i = 0; i < side->count; i++) {
        size_t place = places[side->labels[i]];
        labels[i] = place < K ? (int32_t)place : -1;
        strangers += place >= K;
    }
    if (strangers > 0)
        GM_TRY_DONE(tell_strangers(side, s->known->name, places, K, strangers));
    status = count_classes(s->features[which], s->probabilities[which], labels, side->count, K, tallies);
done:
    free(labels);
    free(places);
    return status;
}

static double share(size_t part, size_t whole) {
    return whole > 0 ? (double)part / (double)whole : NAN;
}

gm_status gm_fidelity_compare(const gm_fidelity_sides *s, gm_class_figure **figures, size_t *count) {
    size_t K = gm_image_classifier_classes(s->classifier), asked = 0, chosen = s->known->data_options.class_count;
    gm_class_tally *tallies;
    GM_TRY(gm_alloc(&tallies, 2 * K, sizeof *tallies, "classes"));
    gm_status status = tally(s, 1, K, tallies + K);
    if (status == GM_OK && s->sides[0].labels)
        status = tally(s, 0, K, tallies);
    for (size_t k = 0; k < K; k++)
        asked += tallies[K + k].asked;
    if (status == GM_OK && asked > 0)
        status = gm_alloc(figures, K, sizeof **figures, "classes");
    for (size_t k = 0; k < K && status == GM_OK && asked > 0; k++) {
        const gm_class_tally *real = &tallies[k], *fake = &tallies[K + k];
        (*figures)[(*count)++] = (gm_class_figure){.name = k < s->known->name_count ? s->known->class_names[k] : "",
                                                   .asked = fake->asked,
                                                   .real = real->asked,
                                                   .fidelity = share(fake->named, fake->asked),
                                                   .real_named = share(real->named, real->asked),
                                                   .chance = 1 / (double)(chosen > 0 ? chosen : K),
                                                   .spread = fake->spread,
                                                   .real_spread = real->asked > 0 ? real->spread : NAN};
    }
    free(tallies);
    return status;
}

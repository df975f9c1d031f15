// The table of measures: which keys there are, when each applies, of which features it is taken and what estimates it.
#ifndef GM_USE_MEASURE_TABLE_H
#define GM_USE_MEASURE_TABLE_H

#include "base/base.h"
#include "ganymede/data.h"
#include "ganymede/metrics.h"
#include "use/clips.h"
#include "use/texts.h"

enum { GM_ESTIMATE_KEYS = 5 }; // of one estimate, at most

// What estimates are taken of.
typedef enum gm_space {
    GM_SPACE_NARROW = 0,    // few columns, for estimates from neighbours and density ratios
    GM_SPACE_WIDE,          // the classifier's whole layer, where there is one; else as NARROW
    GM_SPACE_PROBABILITIES, // the classifier's
    GM_SPACE_TRAINED,       // as WIDE: all that was trained on, and the fakes
    GM_SPACE_HELD_OUT,      // as WIDE: one half of what was not, and the other, which is the control's fakes
    GM_SPACE_FRAMES,        // of clips; these spaces have names alone
    GM_SPACE_DIFFERENCES,   //
    GM_SPACE_CLIPS,         //
    GM_SPACE_MOTION,        //
    GM_SPACE_STACKS,        // which mode each stacked image is of: one column
    GM_SPACES,
} gm_space;

// Real and fake, or two halves of real.
typedef struct gm_pair {
    gm_device *device;
    size_t k;
    const gm_mixture *mixture;
    size_t grey_classes; // of the images that are stacked
    gm_samples of[GM_SPACES][2];
    const gm_text_figure *text; // of texts: their figures; and of how many
    size_t texts;
    const gm_clip_figure *clip; // of clips: their figures; and of how many
    size_t clips;
} gm_pair;

typedef enum gm_applies {
    GM_APPLIES_ALWAYS = 0,
    GM_APPLIES_UNPAIRED,
    GM_APPLIES_PAIRED,
    GM_APPLIES_TO_MIXTURES,
    GM_APPLIES_TO_STACKS,
    GM_APPLIES_TO_SPLITS,
    GM_APPLIES_WITH_CLASSES,
    GM_APPLIES_TO_TEXTS,
    GM_APPLIES_TO_CLIPS,
    GM_APPLIES_TO_MOVING,
} gm_applies;

typedef struct gm_estimator {
    gm_applies when;
    gm_space space;
    gm_status (*measure)(const gm_pair *p, gm_measure *figures);
    struct {
        const char *name, *help;
    } keys[GM_ESTIMATE_KEYS]; // in the order of the figures
} gm_estimator;

extern const gm_estimator gm_estimators[];
extern const size_t gm_estimator_count;

size_t gm_estimator_key_count(const gm_estimator *row);
// metrics: keys with commas between them. Whether it holds the key; whether it holds any of the row's.
bool gm_metrics_have(const char *metrics, const char *key);
bool gm_metrics_ask_for(const char *metrics, const gm_estimator *row);
// Fails, saying of which data the key is known. sides: the names of two that are no such data.
gm_status gm_estimator_fail_unknown(const char *key, const char *const sides[2]);

#endif

// What a recipe says of training itself, whatever is trained: precision, log, monitor; and the schema of all recipes.
#ifndef GM_TRAIN_SETTINGS_H
#define GM_TRAIN_SETTINGS_H

#include "recipe/recipe.h"

typedef struct gm_train_settings {
    int precision; // gm_precision
    struct {
        size_t every, samples, checkpoint; // steps between log lines, pictures, checkpoints; 0 = none (every: >= 1)
        size_t grid[2];                    // rows and columns of the pictures
        size_t keep;                       // how many of the latest checkpoints stay
    } log;
} gm_train_settings;

extern const gm_recipe_section gm_train_section;
const gm_train_settings *gm_train_settings_of(const gm_recipe *recipe);

// What is measured; bits of `metrics`.
typedef enum gm_monitor_metric {
    GM_MONITOR_JSD = 0,
    GM_MONITOR_KL,
    GM_MONITOR_COVERAGE,
    GM_MONITOR_ENTROPY,
    GM_MONITOR_MODES,
    GM_MONITOR_FRECHET,
    GM_MONITOR_METRICS,
} gm_monitor_metric;
typedef enum gm_monitor_alarm { GM_MONITOR_WARN = 0, GM_MONITOR_STOP, GM_MONITOR_OFF } gm_monitor_alarm;

// A setting of the model that moves with a figure (steer.h).
typedef struct gm_steer_rule {
    const char *setting, *origin; // "entropy_term.weight"; where it stands, to begin messages with
    int figure;                   // of gm_judged_names
    double to;                    // the value that it moves to while the figure is worse than its control
    size_t steps;                 // in so many moves
    double band;                  // standard errors of the control
    double margin;                // that the figure may be worse by without a move
} gm_steer_rule;

enum { GM_STEER_RULES = 8 };
typedef struct gm_steer_rules {
    gm_steer_rule rules[GM_STEER_RULES];
    size_t count;
} gm_steer_rules;

typedef struct gm_monitor_settings {
    size_t every; // steps between measurements; 0: as `share` allows
    double share; // of the run's time
    size_t samples;
    uint32_t metrics; // set of 1 << gm_monitor_metric
    int alarm;        // gm_monitor_alarm
    size_t warmup;    // steps before any alarm and any move
    size_t repeats;   // draws of real samples that the controls are measured on, beside the one compared with
    int best;         // of gm_judged_names: what tells which checkpoint is best
    size_t patience;  // measurements without a better one until the run ends; 0: any
    gm_steer_rules steer;
} gm_monitor_settings;

extern const gm_recipe_section gm_monitor_section;
const gm_monitor_settings *gm_monitor_settings_of(const gm_recipe *recipe); // NULL: its model is not monitored

// The schema of every kind of model there is; gm_recipe_read and gm_recipe_parse with it.
const gm_recipe_schema *gm_train_schema(void);
gm_status gm_train_recipe_read(gm_recipe **recipe, const char *path, const char *const *settings, size_t count);
gm_status gm_train_recipe_parse(gm_recipe **recipe, const char *file, const char *text, size_t bytes,
                                const char *const *settings, size_t count);

#endif

// Measures of a GAN while it trains, and the alarm that they raise.
//
// What is compared: samples of the generator as `ganymede sample` would draw them now (the average's, where there is
// one; always the same latents), and real samples that the discriminator was not trained on: the data set's other
// split where it has one, else a random part of the data that it is trained on. Every figure that has one stands
// beside its control, the same figure of real against other real samples.
//
// Nothing here depends on the clock, and nothing here changes what training computes.
#ifndef GM_TRAIN_MONITOR_H
#define GM_TRAIN_MONITOR_H

#include "data/decode.h"
#include "model/use.h"
#include "run/run.h"
#include "train/settings.h"

// ---- The figures ----

typedef enum gm_monitor_figure {
    GM_FIGURE_JSD = 0,
    GM_FIGURE_JSD_CLIPPED, // 1 where the JSD came out below 0 and was set to it; else absent
    GM_FIGURE_JSD_CONTROL,
    GM_FIGURE_CONDITIONAL_ENTROPY, // H(Y|X) = ln 2 - JSD, Y = real or generated
    GM_FIGURE_KL,
    GM_FIGURE_KL_CLIPPED, // as jsd_clipped
    GM_FIGURE_REVERSE_KL,
    GM_FIGURE_REVERSE_KL_CLIPPED,
    GM_FIGURE_COVERAGE,
    GM_FIGURE_COVERAGE_CONTROL,
    GM_FIGURE_ENTROPY_FAKE,
    GM_FIGURE_ENTROPY_REAL,  // the control of entropy_fake
    GM_FIGURE_JOINT_ENTROPY, // H(X) + H(X~): batches drawn apart are independent
    GM_FIGURE_DUPLICATES,    // share of generated samples that equal an earlier one
    GM_FIGURE_MODES,
    GM_FIGURE_MODES_CONTROL,
    GM_FIGURE_QUALITY,
    GM_FIGURE_QUALITY_CONTROL,
    GM_FIGURE_FRECHET,
    GM_FIGURE_FRECHET_CONTROL,
    GM_FIGURE_JSD_ERROR, // the standard deviation of the control from draw to draw (monitor.repeats)
    GM_FIGURE_COVERAGE_ERROR,
    GM_FIGURE_ENTROPY_ERROR,
    GM_FIGURE_MODES_ERROR,
    GM_FIGURE_QUALITY_ERROR,
    GM_FIGURE_FRECHET_ERROR,
    GM_FIGURE_COUNT,
} gm_monitor_figure;

typedef struct gm_figures {
    bool present[GM_FIGURE_COUNT];
    float value[GM_FIGURE_COUNT]; // NaN: could not be estimated. Floats, which the log holds exactly
    size_t columns;               // of the features
} gm_figures;

const char *gm_figure_name(gm_monitor_figure figure);  // of the log
const char *gm_figure_label(gm_monitor_figure figure); // for the progress line; NULL: not there
void gm_figures_set(gm_figures *figures, gm_monitor_figure figure, double value);

// Figures that say better or worse, which a recipe may choose from: their names, ending with NULL, and which each is.
extern const char *const gm_judged_names[];
gm_monitor_figure gm_judged_figure(int choice);
// What it needs to be in monitor.metrics.
gm_monitor_metric gm_judged_metric(int choice);
// How much worse than its control (0 where it has none) the figure is; below 0: better. NaN: not measured.
double gm_judged_shortfall(const gm_figures *figures, int choice);
// The standard error of that, as the control has it; 0 where none is known.
double gm_judged_error(const gm_figures *figures, int choice);

// ---- Measuring ----

typedef struct gm_monitor gm_monitor;

// Steps between measurements, a multiple of log.every; 0: none. With monitor.every it is that, rounded up. Else the
// fewest steps that leave a measurement monitor.share of the time, on a nominal device of the type at hand, so that it
// is the same whenever a run is repeated. `step`: the plan of a training step.
size_t gm_monitor_interval(const gm_recipe *recipe, const gm_plan_statistics *step, bool cpu);

typedef struct gm_monitor_source {
    const gm_recipe *recipe;
    const gm_monitor_settings *settings;
    gm_device *device;
    gm_state *state;
    const gm_dataset *data; // that training reads
    gm_sample format;       // of its items
    const gm_use *generate;
    gm_plan *plan; // of that
} gm_monitor_source;

// Reads the real samples, fits the features, measures the controls. What the source points to must outlive it.
// GM_ERROR_ARGUMENT: these data cannot be measured (too few items, no variation).
gm_status gm_monitor_create(gm_monitor **monitor, const gm_monitor_source *source);
void gm_monitor_destroy(gm_monitor **monitor);
// Fails when a generated sample is not finite (GM_ERROR_STATE), and as the device does.
gm_status gm_monitor_measure(gm_monitor *monitor, gm_figures *figures);
// For the log: what the figures rest on.
const char *gm_monitor_features(const gm_monitor *monitor); // "identity", "pca-16"
size_t gm_monitor_columns(const gm_monitor *monitor);
const char *gm_monitor_judge(const gm_monitor *monitor); // "discriminator" or "probe": whose logits give the JSD
const char *gm_monitor_real(const gm_monitor *monitor);  // "held-out" or "training"

// ---- Watching (watch.c) ----

// What was measured so far, as far as an alarm and the choice of checkpoints depend on it.
typedef struct gm_watch_entry {
    uint64_t step;
    double score; // higher is better; NaN: not measured
    bool healthy; // no condition of an alarm held
} gm_watch_entry;

// How a recipe wants it watched.
typedef struct gm_watch_terms {
    size_t warmup; // steps before any alarm
    int best;      // the judged figure (gm_judged_names) that tells which checkpoint is best
} gm_watch_terms;

enum { GM_WATCH_RULES = 5 };

// Zeroed value = nothing yet.
typedef struct gm_watch {
    gm_watch_entry *entries;
    size_t count, capacity;
    size_t held[GM_WATCH_RULES];  // at how many measurements in a row each condition has held
    bool reached[GM_WATCH_RULES]; // it did not hold at some measurement
    double gap[GM_WATCH_RULES];   // how far the figure was on the wrong side at the last one
} gm_watch;

typedef struct gm_alarm {
    const char *name; // "coverage", "entropy", "duplicates", "modes", "jsd"; NULL: no alarm
    bool rises;       // there was none at the measurement before
    char text[240];   // what is wrong, with the figures
} gm_alarm;

// A rule's condition must hold at consecutive measurements behind step `warmup`; for coverage and modes that never were
// on the right side of their limits, behind ten times that.
gm_status gm_watch_add(gm_watch *watch, const gm_watch_terms *terms, uint64_t step, const gm_figures *figures,
                       gm_alarm *alarm);
void gm_watch_finish(gm_watch *watch);
// Replays the lines of a log (log.jsonl's text), so that a resumed run is watched as if it had never stopped.
gm_status gm_watch_replay(gm_watch *watch, const gm_watch_terms *terms, const char *text, size_t bytes);
// How many measurements behind step `warmup` were made since the best of them; *best gets its step.
size_t gm_watch_stale(const gm_watch *watch, size_t warmup, uint64_t *best);
// Which of the checkpoints' `steps` (ascending) was best: the newest of those with the highest score at the latest
// measurement up to them; and the newest before anything was wrong. GM_RUN_NO_STEP: there is none.
uint64_t gm_watch_best(const gm_watch *watch, const uint64_t *steps, size_t count);
uint64_t gm_watch_last_good(const gm_watch *watch, const uint64_t *steps, size_t count);

#endif

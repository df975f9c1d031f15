// Watching the figures of a training run: when to raise an alarm, and which checkpoints to keep. No device, no clock:
// the log holds all that this depends on.
#include "run/json.h"
#include "train/monitor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The figures ----

static const struct {
    const char *name, *label;
} table[GM_FIGURE_COUNT] = {
    [GM_FIGURE_JSD] = {"jsd", "JSD"},
    [GM_FIGURE_JSD_CLIPPED] = {"jsd_clipped", NULL},
    [GM_FIGURE_JSD_CONTROL] = {"jsd_control", NULL},
    [GM_FIGURE_CONDITIONAL_ENTROPY] = {"conditional_entropy", NULL},
    [GM_FIGURE_KL] = {"kl", NULL},
    [GM_FIGURE_KL_CLIPPED] = {"kl_clipped", NULL},
    [GM_FIGURE_REVERSE_KL] = {"reverse_kl", NULL},
    [GM_FIGURE_REVERSE_KL_CLIPPED] = {"reverse_kl_clipped", NULL},
    [GM_FIGURE_COVERAGE] = {"coverage", "coverage"},
    [GM_FIGURE_COVERAGE_CONTROL] = {"coverage_control", "of"},
    [GM_FIGURE_ENTROPY_FAKE] = {"entropy_fake", NULL},
    [GM_FIGURE_ENTROPY_REAL] = {"entropy_real", NULL},
    [GM_FIGURE_JOINT_ENTROPY] = {"joint_entropy", NULL},
    [GM_FIGURE_DUPLICATES] = {"duplicates", NULL},
    [GM_FIGURE_MODES] = {"modes", "modes"},
    [GM_FIGURE_MODES_CONTROL] = {"modes_control", NULL},
    [GM_FIGURE_QUALITY] = {"quality", "quality"},
    [GM_FIGURE_QUALITY_CONTROL] = {"quality_control", NULL},
    [GM_FIGURE_FRECHET] = {"frechet", "Frechet"},
    [GM_FIGURE_FRECHET_CONTROL] = {"frechet_control", NULL},
    [GM_FIGURE_JSD_ERROR] = {"jsd_error", NULL},
    [GM_FIGURE_COVERAGE_ERROR] = {"coverage_error", NULL},
    [GM_FIGURE_ENTROPY_ERROR] = {"entropy_error", NULL},
    [GM_FIGURE_MODES_ERROR] = {"modes_error", NULL},
    [GM_FIGURE_QUALITY_ERROR] = {"quality_error", NULL},
    [GM_FIGURE_FRECHET_ERROR] = {"frechet_error", NULL},
};

const char *gm_figure_name(gm_monitor_figure figure) {
    return table[figure].name;
}

const char *gm_figure_label(gm_monitor_figure figure) {
    return table[figure].label;
}

void gm_figures_set(gm_figures *figures, gm_monitor_figure figure, double value) {
    figures->present[figure] = true;
    figures->value[figure] = (float)value;
}

// ---- Better and worse ----

typedef enum side { HIGHER = 0, LOWER, NEARER } side; // where it is better; NEARER: its control, and below is worse

static const struct {
    gm_monitor_figure figure, control, error; // GM_FIGURE_COUNT: there is none
    side better;
    gm_monitor_metric metric;
} judged[] = {
    {GM_FIGURE_COVERAGE, GM_FIGURE_COVERAGE_CONTROL, GM_FIGURE_COVERAGE_ERROR, HIGHER, GM_MONITOR_COVERAGE},
    {GM_FIGURE_ENTROPY_FAKE, GM_FIGURE_ENTROPY_REAL, GM_FIGURE_ENTROPY_ERROR, NEARER, GM_MONITOR_ENTROPY},
    {GM_FIGURE_DUPLICATES, GM_FIGURE_COUNT, GM_FIGURE_COUNT, LOWER, GM_MONITOR_ENTROPY},
    {GM_FIGURE_MODES, GM_FIGURE_MODES_CONTROL, GM_FIGURE_MODES_ERROR, HIGHER, GM_MONITOR_MODES},
    {GM_FIGURE_QUALITY, GM_FIGURE_QUALITY_CONTROL, GM_FIGURE_QUALITY_ERROR, HIGHER, GM_MONITOR_MODES},
    {GM_FIGURE_JSD, GM_FIGURE_JSD_CONTROL, GM_FIGURE_JSD_ERROR, LOWER, GM_MONITOR_JSD},
    {GM_FIGURE_KL, GM_FIGURE_COUNT, GM_FIGURE_COUNT, LOWER, GM_MONITOR_KL},
    {GM_FIGURE_REVERSE_KL, GM_FIGURE_COUNT, GM_FIGURE_COUNT, LOWER, GM_MONITOR_KL},
    {GM_FIGURE_FRECHET, GM_FIGURE_FRECHET_CONTROL, GM_FIGURE_FRECHET_ERROR, LOWER, GM_MONITOR_FRECHET},
};
const char *const gm_judged_names[GM_COUNT(judged) + 1] = {
    "coverage", "entropy_fake", "duplicates", "modes", "quality", "jsd", "kl", "reverse_kl", "frechet"};

gm_monitor_figure gm_judged_figure(int choice) {
    return judged[choice].figure;
}

gm_monitor_metric gm_judged_metric(int choice) {
    return judged[choice].metric;
}

static double value_of(const gm_figures *figures, gm_monitor_figure figure, double otherwise) {
    return figure < GM_FIGURE_COUNT && figures->present[figure] ? (double)figures->value[figure] : otherwise;
}

double gm_judged_shortfall(const gm_figures *figures, int choice) {
    double value = value_of(figures, judged[choice].figure, NAN),
           control = value_of(figures, judged[choice].control, 0);
    return judged[choice].better == LOWER ? value - control : control - value;
}

double gm_judged_error(const gm_figures *figures, int choice) {
    return value_of(figures, judged[choice].error, 0);
}

static double score_of(const gm_figures *figures, int choice) {
    double shortfall = gm_judged_shortfall(figures, choice);
    return judged[choice].better == NEARER ? -fabs(shortfall) : -shortfall;
}

// ---- Rules ----

// A condition compares a figure with its control; NaN and what was not measured fulfil none.
typedef struct rule {
    const char *name;
    gm_monitor_figure figure, control; // GM_FIGURE_COUNT: there is none
    double factor, offset;             // the limit is factor * control + offset,
    double per_column;                 // + per_column * columns of the features
    bool above;                        // the condition holds above the limit, else below
    size_t times;                      // in a row until the alarm
    size_t patience; // warm-ups that a figure has to get to the right side of its limit for the first time
    bool waits;      // beyond them, too, while it comes nearer from one measurement to the next
    const char *means;
} rule;

#define LN2 0.69314718055994530942

// Generous limits: no alarm without need. Coverage and entropy are those of a generator that has lost most of the data:
// an entropy d ln 2 lower is that of samples spread half as far along each of d axes. What coverage and modes tell of a
// collapse from the others is that they were there before: slow learners take long to hit the data at all. Their
// entropy rises from the first picture on, where that of a collapse falls or stands.
static const rule rules[GM_WATCH_RULES] = {
    {"coverage", GM_FIGURE_COVERAGE, GM_FIGURE_COVERAGE_CONTROL, .1, 0, 0, false, 2, 10, false,
     "hardly any real sample has a generated one near it"},
    {"entropy", GM_FIGURE_ENTROPY_FAKE, GM_FIGURE_ENTROPY_REAL, 1, 0, -LN2, false, 2, 1, true,
     "the samples are spread less than half as far as the data, as a whole or within the modes"},
    {"duplicates", GM_FIGURE_DUPLICATES, GM_FIGURE_COUNT, 0, .25, 0, true, 2, 1, false, "many samples are the same"},
    {"modes", GM_FIGURE_MODES, GM_FIGURE_MODES_CONTROL, .25, 0, 0, false, 2, 10, false,
     "most modes of the data are lost"},
    {"jsd", GM_FIGURE_JSD, GM_FIGURE_COUNT, 0, .98 * LN2, 0, true, 4, 1, false,
     "the discriminator tells every sample from the data, so that the generator has nothing to learn from"},
};

static const double nearer = .9; // of the last gap

static double limit_of(const rule *r, const gm_figures *figures) {
    double control = r->control == GM_FIGURE_COUNT ? 0 : (double)figures->value[r->control];
    return r->factor * control + r->offset + r->per_column * (double)figures->columns;
}

// How far the figure lies on the wrong side of its limit, negative on the right one; NaN when something is missing.
static double gap_of(const rule *r, const gm_figures *figures) {
    if (!figures->present[r->figure] || (r->control != GM_FIGURE_COUNT && !figures->present[r->control]))
        return NAN;
    double value = (double)figures->value[r->figure], limit = limit_of(r, figures);
    return r->above ? value - limit : limit - value;
}

static void describe(const rule *r, const gm_figures *figures, gm_alarm *alarm) {
    char control[64] = "";
    if (r->control != GM_FIGURE_COUNT)
        gm_snprintf(control, sizeof control, " (%s is %.3g)", table[r->control].name,
                    (double)figures->value[r->control]);
    gm_snprintf(alarm->text, sizeof alarm->text, "%s is %.3g, %s %.3g%s: %s", table[r->figure].name,
                (double)figures->value[r->figure], r->above ? "above" : "below", limit_of(r, figures), control,
                r->means);
}

gm_status gm_watch_add(gm_watch *watch, const gm_watch_terms *terms, uint64_t step, const gm_figures *figures,
                       gm_alarm *alarm) {
    const size_t warmup = terms->warmup;
    bool before = false, healthy = true;
    *alarm = (gm_alarm){0};
    GM_TRY(gm_grow(&watch->entries, watch->count, &watch->capacity, sizeof *watch->entries, "the monitor's history"));
    for (size_t i = 0; i < GM_WATCH_RULES; i++) {
        const rule *r = &rules[i];
        before = before || watch->held[i] >= r->times;
        double gap = gap_of(r, figures);
        watch->reached[i] = watch->reached[i] || gap < 0;
        bool warm = step <= (watch->reached[i] ? warmup : r->patience * warmup);
        bool comes = r->waits && !watch->reached[i] && gap < nearer * watch->gap[i];
        watch->held[i] = gap > 0 && !warm && !comes ? watch->held[i] + 1 : 0;
        watch->gap[i] = isnan(gap) ? watch->gap[i] : gap;
        healthy = healthy && watch->held[i] == 0;
        if (watch->held[i] < r->times || alarm->name)
            continue;
        alarm->name = r->name;
        describe(r, figures, alarm);
    }
    alarm->rises = alarm->name && !before;
    watch->entries[watch->count++] =
        (gm_watch_entry){.step = step, .score = score_of(figures, terms->best), .healthy = healthy};
    return GM_OK;
}

void gm_watch_finish(gm_watch *watch) {
    free(watch->entries);
    *watch = (gm_watch){0};
}

// ---- The log ----

// False: a line without figures.
static bool read_figures(const json_t *object, uint64_t *step, gm_figures *figures) {
    bool any = false;
    *figures = (gm_figures){.columns = (size_t)json_integer_value(json_object_get(object, "monitor_columns"))};
    *step = (uint64_t)json_integer_value(json_object_get(object, "step"));
    for (size_t i = 0; i < GM_FIGURE_COUNT; i++) {
        const json_t *value = json_object_get(object, table[i].name);
        if (!value)
            continue;
        any = true;
        gm_figures_set(figures, (gm_monitor_figure)i, json_is_number(value) ? json_number_value(value) : NAN);
    }
    return any;
}

gm_status gm_watch_replay(gm_watch *watch, const gm_watch_terms *terms, const char *text, size_t bytes) {
    gm_status status = GM_OK;
    for (size_t at = 0; at < bytes && status == GM_OK;) {
        const char *feed = memchr(text + at, '\n', bytes - at);
        size_t length = feed ? (size_t)(feed - (text + at)) : bytes - at;
        json_t *object; // a line cut short was removed before; others may be no JSON
        status = gm_json_parse(&object, "the log", "a line", text + at, length, 0);
        uint64_t step;
        gm_figures figures;
        gm_alarm alarm;
        if (status == GM_ERROR_FORMAT)
            status = GM_OK;
        else if (status == GM_OK && read_figures(object, &step, &figures))
            status = gm_watch_add(watch, terms, step, &figures, &alarm);
        json_decref(object);
        at += length + 1;
    }
    return status;
}

// ---- Checkpoints ----

// The latest measurement up to a step; NULL before the first.
static const gm_watch_entry *entry_at(const gm_watch *watch, uint64_t step) {
    const gm_watch_entry *found = NULL;
    for (size_t i = 0; i < watch->count && watch->entries[i].step <= step; i++)
        found = &watch->entries[i];
    return found;
}

uint64_t gm_watch_best(const gm_watch *watch, const uint64_t *steps, size_t count) {
    uint64_t best = GM_RUN_NO_STEP;
    double highest = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        const gm_watch_entry *entry = entry_at(watch, steps[i]);
        if (!entry || !(entry->score >= highest))
            continue;
        highest = entry->score;
        best = steps[i];
    }
    return best;
}

size_t gm_watch_stale(const gm_watch *watch, size_t warmup, uint64_t *best) {
    size_t since = 0;
    double highest = -INFINITY;
    *best = GM_RUN_NO_STEP;
    for (size_t i = 0; i < watch->count; i++) {
        const gm_watch_entry *entry = &watch->entries[i];
        if (entry->step <= warmup)
            continue;
        since++;
        if (entry->score > highest) {
            highest = entry->score;
            *best = entry->step;
            since = 0;
        }
    }
    return since;
}

uint64_t gm_watch_last_good(const gm_watch *watch, const uint64_t *steps, size_t count) {
    uint64_t sound = 0, good = GM_RUN_NO_STEP; // the last measurement that found nothing wrong
    for (size_t i = 0; i < watch->count; i++)
        if (watch->entries[i].healthy)
            sound = watch->entries[i].step;
    for (size_t i = 0; i < count; i++)
        if (steps[i] <= sound)
            good = steps[i];
    return good;
}

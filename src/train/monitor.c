// Measures of a GAN while it trains.
//
// The JSD is the lower bound ln 2 - BCE from D's own logits where they are log ratios of single samples and real
// samples are at hand that D has not seen; else a small cross-fitted classifier of the features stands in for D. D
// judges in inference mode: with batch norm's running statistics a sample's logit is a function of that sample alone,
// which the bound needs (a batch that is all real or all generated gives itself away). All other figures are those of
// features fitted to the real side once.
//
// Everything is made at the first measurement, so that short runs pay nothing.
#include "train/monitor.h"

#include "device/device.h"
#include "ganymede/metrics.h"
#include "metrics/feature_space.h"
#include "model/kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_SAMPLES = 32, MOST_VALUES = 1 << 25 };

// One side: samples, their labels, their features.
typedef struct side {
    float *values, *features;
    int32_t *labels;
} side;

// What D says of samples, by the use of the same name.
typedef struct judge {
    gm_use use;
    gm_plan *plan;
    float *ratios[2]; // of real and generated samples: ln p(real) / p(generated)
} judge;

struct gm_monitor {
    gm_monitor_source source;
    size_t count, item; // samples of a side, values of one
    size_t repeats;     // draws of real samples for the controls
    bool held_out, judged;
    gm_features *space;
    judge judge;
    side real, fake;
    gm_figures controls;
    uint64_t *seeds;
};

static bool wants(const gm_monitor *m, gm_monitor_metric metric) {
    return m->source.settings->metrics & (1u << metric);
}

// ---- Real samples ----

// The other split of the data; NULL where there is none: sources without splits fail or give the same items again.
static void open_other_split(const gm_monitor *m, gm_dataset **other) {
    const gm_common *common = gm_common_of(m->source.recipe);
    gm_dataset_options options = gm_common_other_split(common);
    options.count = gm_mixture_find(common->data.source) ? (1 + m->repeats) * m->source.settings->samples : 0;
    options.scale_figures = gm_dataset_get_info(m->source.data)->scale_figures;
    options.scale_channels = gm_dataset_get_info(m->source.data)->channels;
    gm_status status = gm_dataset_open(other, common->data.source, &options);
    if (status == GM_OK)
        status = gm_dataset_check_held_out(*other, m->source.data);
    if (status != GM_OK)
        gm_debug("monitor: the data have no other split: %s", gm_error_message());
    if (status != GM_OK || gm_dataset_get_info(*other)->count < 2 * (size_t)LEAST_SAMPLES)
        gm_dataset_close(other);
}

static gm_status side_init(side *s, const gm_monitor *m) {
    GM_TRY(gm_alloc(&s->values, m->count * m->item, sizeof *s->values, "samples"));
    return gm_alloc(&s->labels, m->count, sizeof *s->labels, "labels");
}

static void side_finish(side *s) {
    free(s->values);
    free(s->features);
    free(s->labels);
}

static gm_samples samples_of(const gm_monitor *m, const float *values) {
    return (gm_samples){values, m->count, m->item};
}

static gm_samples features_of(const gm_monitor *m, const side *s) {
    return (gm_samples){s->features, m->count, gm_features_columns(m->space)};
}

static gm_status set_features(const gm_monitor *m, side *s) {
    gm_samples samples = samples_of(m, s->values);
    size_t values = m->count * gm_features_columns(m->space);
    if (!s->features)
        GM_TRY(gm_alloc(&s->features, values, sizeof *s->features, "features"));
    return gm_features_apply(m->space, m->source.device, &samples, s->features);
}

// Real samples picked at random: draw 0 is what is measured, those behind it are for the controls. Of small data sets
// draws overlap.
static gm_status read_draw(const gm_monitor *m, const gm_dataset *data, size_t draw, side *to) {
    int32_t *indices;
    GM_TRY(gm_alloc(&indices, m->count, sizeof *indices, "indices"));
    gm_status status = gm_loader_indices(gm_hash_string(gm_common_of(m->source.recipe)->seed, "monitor"),
                                         draw * m->count, m->count, gm_dataset_get_info(data)->count, indices);
    if (status == GM_OK)
        status = gm_dataset_decode(data, &m->source.format, indices, m->count, to->values, to->labels);
    free(indices);
    return status;
}

static gm_status read_real(gm_monitor *m, const gm_dataset *data) {
    GM_TRY(side_init(&m->real, m));
    GM_TRY(read_draw(m, data, 0, &m->real));
    gm_samples real = samples_of(m, m->real.values);
    GM_TRY(gm_features_create(&m->space, m->source.device, &real, NULL));
    return set_features(m, &m->real);
}

// ---- D ----

static gm_status judge_init(gm_monitor *m) {
    judge *j = &m->judge;
    GM_TRY(gm_use_init(&j->use, gm_use_find(m->source.recipe, "judge"), m->source.recipe, &m->source.generate->format));
    for (size_t i = 0; i < 2; i++)
        GM_TRY(gm_alloc(&j->ratios[i], m->count, sizeof(float), "logits"));
    return gm_plan_create(&j->plan, j->use.graph, m->source.state, NULL);
}

static void judge_finish(judge *j) {
    gm_plan_destroy(&j->plan);
    gm_use_finish(&j->use);
    free(j->ratios[0]);
    free(j->ratios[1]);
}

static gm_status judge_side(gm_monitor *m, const side *s, float *ratios) {
    return gm_use_run(&m->judge.use, m->judge.plan, (const void *[GM_USE_PORTS]){s->values, s->labels}, m->count,
                      (float *[GM_USE_PORTS]){ratios});
}

// ---- Figures ----

static void set_measure(gm_figures *figures, gm_monitor_figure figure, const gm_measure *measure) {
    gm_figures_set(figures, figure, measure->flags & GM_MEASURE_MISSING ? NAN : measure->value);
}

// `mark` is set where the measure came out below 0.
static void set_clipped(gm_figures *figures, gm_monitor_figure figure, gm_monitor_figure mark,
                        const gm_measure *measure) {
    set_measure(figures, figure, measure);
    if (measure->flags & GM_MEASURE_CLIPPED)
        gm_figures_set(figures, mark, 1);
}

static gm_status measure_jsd(gm_monitor *m, const side *other, gm_figures *figures, bool control) {
    gm_measure jsd, kl, reverse;
    if (m->judged && control)
        return GM_OK; // D says of real samples that they are: 0
    if (m->judged) {
        judge *j = &m->judge;
        GM_TRY(judge_side(m, &m->real, j->ratios[0]));
        GM_TRY(judge_side(m, other, j->ratios[1]));
        const gm_logits logits = {j->ratios[0], j->ratios[1], m->count, m->count};
        GM_TRY(gm_measure_logit_jsd(&logits, &jsd, NULL));
        // Smoothed labels leave the bound a bound, but the logit is no ratio.
        if (wants(m, GM_MONITOR_KL) && !j->use.smoothed) {
            GM_TRY(gm_measure_logit_kl(&logits, &kl, NULL, &reverse, NULL));
            set_clipped(figures, GM_FIGURE_KL, GM_FIGURE_KL_CLIPPED, &kl);
            set_clipped(figures, GM_FIGURE_REVERSE_KL, GM_FIGURE_REVERSE_KL_CLIPPED, &reverse);
        }
        if (!wants(m, GM_MONITOR_JSD))
            return GM_OK;
    } else {
        gm_samples real = features_of(m, &m->real), theirs = features_of(m, other);
        GM_TRY(gm_measure_jsd(m->source.device, &real, &theirs,
                              &(gm_jsd_params){.seed = gm_common_of(m->source.recipe)->seed}, &jsd, NULL));
    }
    if (control) {
        set_measure(figures, GM_FIGURE_JSD_CONTROL, &jsd);
        return GM_OK;
    }
    set_clipped(figures, GM_FIGURE_JSD, GM_FIGURE_JSD_CLIPPED, &jsd);
    gm_figures_set(figures, GM_FIGURE_CONDITIONAL_ENTROPY, log(2) - (double)figures->value[GM_FIGURE_JSD]);
    return GM_OK;
}

static gm_status measure_entropy(gm_monitor *m, const side *of, gm_figures *figures, bool real) {
    gm_measure entropy;
    gm_samples samples = features_of(m, of);
    GM_TRY(gm_measure_entropy(m->source.device, &samples, 0, GM_NORM_EUCLIDEAN, &entropy));
    // An entropy of fewer columns compares with nothing.
    if (entropy.flags & GM_MEASURE_CONSTANT)
        entropy.flags |= GM_MEASURE_MISSING;
    set_measure(figures, real ? GM_FIGURE_ENTROPY_REAL : GM_FIGURE_ENTROPY_FAKE, &entropy);
    if (real)
        return GM_OK;
    gm_figures_set(figures, GM_FIGURE_JOINT_ENTROPY,
                   (double)figures->value[GM_FIGURE_ENTROPY_REAL] + (double)figures->value[GM_FIGURE_ENTROPY_FAKE]);
    gm_figures_set(figures, GM_FIGURE_DUPLICATES, (double)entropy.duplicates / (double)m->count);
    return GM_OK;
}

static gm_status measure_modes(gm_monitor *m, const side *of, gm_figures *figures, bool control) {
    const gm_mixture *mixture = gm_mixture_find(gm_common_of(m->source.recipe)->data.source);
    gm_mode_measures modes;
    gm_samples points = samples_of(m, of->values);
    GM_TRY(gm_measure_mixture(&points, mixture->centre, mixture->modes, mixture->sigma, &modes));
    set_measure(figures, control ? GM_FIGURE_MODES_CONTROL : GM_FIGURE_MODES, &modes.captured);
    set_measure(figures, control ? GM_FIGURE_QUALITY_CONTROL : GM_FIGURE_QUALITY, &modes.quality);
    return GM_OK;
}

static gm_status measure_frechet(gm_monitor *m, const side *of, gm_figures *figures, bool control) {
    gm_measure frechet;
    gm_samples real = features_of(m, &m->real), theirs = features_of(m, of);
    GM_TRY(gm_measure_frechet(&real, &theirs, &frechet));
    set_measure(figures, control ? GM_FIGURE_FRECHET_CONTROL : GM_FIGURE_FRECHET, &frechet);
    return GM_OK;
}

// Of generated samples, or, `control`, of more real ones.
static gm_status measure(gm_monitor *m, const side *other, gm_figures *figures, bool control) {
    if (wants(m, GM_MONITOR_JSD) || (m->judged && wants(m, GM_MONITOR_KL)))
        GM_TRY(measure_jsd(m, other, figures, control));
    if (wants(m, GM_MONITOR_COVERAGE)) {
        gm_prdc prdc;
        gm_samples real = features_of(m, &m->real), theirs = features_of(m, other);
        GM_TRY(gm_measure_prdc(m->source.device, &real, &theirs, 0, &prdc));
        set_measure(figures, control ? GM_FIGURE_COVERAGE_CONTROL : GM_FIGURE_COVERAGE, &prdc.coverage);
    }
    if (wants(m, GM_MONITOR_ENTROPY))
        GM_TRY(measure_entropy(m, control && m->repeats == 1 ? &m->real : other, figures, control));
    if (wants(m, GM_MONITOR_MODES) && gm_mixture_find(gm_common_of(m->source.recipe)->data.source))
        GM_TRY(measure_modes(m, other, figures, control));
    return wants(m, GM_MONITOR_FRECHET) ? measure_frechet(m, other, figures, control) : GM_OK;
}

// ---- Controls ----

static const struct {
    gm_monitor_figure control, error;
} with_errors[] = {
    {GM_FIGURE_JSD_CONTROL, GM_FIGURE_JSD_ERROR},         {GM_FIGURE_COVERAGE_CONTROL, GM_FIGURE_COVERAGE_ERROR},
    {GM_FIGURE_ENTROPY_REAL, GM_FIGURE_ENTROPY_ERROR},    {GM_FIGURE_MODES_CONTROL, GM_FIGURE_MODES_ERROR},
    {GM_FIGURE_QUALITY_CONTROL, GM_FIGURE_QUALITY_ERROR}, {GM_FIGURE_FRECHET_CONTROL, GM_FIGURE_FRECHET_ERROR},
};

// Of several draws the mean, and the standard deviation from draw to draw, which is a generated side's, too.
static void sum_up(gm_figures *controls, const gm_figures *draws, size_t count) {
    *controls = draws[0];
    for (size_t i = 0; i < GM_COUNT(with_errors) && count > 1; i++) {
        gm_monitor_figure which = with_errors[i].control;
        double mean = 0, squares = 0;
        if (!draws[0].present[which])
            continue;
        for (size_t k = 0; k < count; k++)
            mean += (double)draws[k].value[which] / (double)count;
        for (size_t k = 0; k < count; k++)
            squares += ((double)draws[k].value[which] - mean) * ((double)draws[k].value[which] - mean);
        gm_figures_set(controls, which, mean);
        gm_figures_set(controls, with_errors[i].error, sqrt(squares / (double)(count - 1)));
    }
}

static gm_status measure_controls(gm_monitor *m, const gm_dataset *data) {
    gm_status status = GM_OK;
    side control = {0};
    gm_figures *draws;
    GM_TRY(gm_alloc(&draws, m->repeats, sizeof *draws, "the monitor's controls"));
    GM_TRY_DONE(side_init(&control, m));
    for (size_t i = 0; i < m->repeats; i++) {
        draws[i].columns = gm_features_columns(m->space);
        GM_TRY_DONE(read_draw(m, data, 1 + i, &control));
        GM_TRY_DONE(set_features(m, &control));
        GM_TRY_DONE(measure(m, &control, &draws[i], true));
    }
    sum_up(&m->controls, draws, m->repeats);
done:
    side_finish(&control);
    free(draws);
    return status;
}

// ---- The monitor ----

static gm_status prepare(gm_monitor *m) {
    gm_dataset *other = NULL;
    gm_status status = GM_OK;
    m->repeats = m->source.settings->repeats;
    open_other_split(m, &other);
    const gm_dataset *data = other ? other : m->source.data;
    const gm_dataset_info *info = gm_dataset_get_info(data);
    m->held_out = other != NULL;
    m->judged = m->held_out && gm_use_find(m->source.recipe, "judge");
    m->item = gm_sample_values(&m->source.format);
    m->count = GM_MIN(m->source.settings->samples, info->count / 2);
    m->count = GM_MIN(m->count, GM_MAX(MOST_VALUES / m->item, (size_t)LEAST_SAMPLES));
    if (m->count < LEAST_SAMPLES) {
        status =
            gm_fail(GM_ERROR_ARGUMENT, "%s has %zu items, and it needs %d", info->name, info->count, 2 * LEAST_SAMPLES);
        goto done;
    }
    GM_TRY_DONE(read_real(m, data));
    GM_TRY_DONE(side_init(&m->fake, m));
    GM_TRY_DONE(gm_alloc(&m->seeds, m->count, sizeof *m->seeds, "seeds"));
    for (size_t i = 0; i < m->count; i++) {
        m->seeds[i] = i;
        m->fake.labels[i] = gm_use_label(m->source.generate, i);
    }
    if (m->judged)
        GM_TRY_DONE(judge_init(m));
    status = measure_controls(m, data);
done:
    gm_dataset_close(&other);
    return status;
}

gm_status gm_monitor_create(gm_monitor **monitor, const gm_monitor_source *source) {
    *monitor = NULL;
    gm_monitor *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "the monitor"));
    made->source = *source;
    gm_status status = prepare(made);
    if (status != GM_OK)
        gm_monitor_destroy(&made);
    *monitor = made;
    return status;
}

void gm_monitor_destroy(gm_monitor **monitor) {
    if (!monitor || !*monitor)
        return;
    judge_finish(&(*monitor)->judge);
    gm_features_destroy(&(*monitor)->space);
    side_finish(&(*monitor)->real);
    side_finish(&(*monitor)->fake);
    free((*monitor)->seeds);
    free(*monitor);
    *monitor = NULL;
}

gm_status gm_monitor_measure(gm_monitor *m, gm_figures *figures) {
    const gm_use *generate = m->source.generate;
    GM_TRY(gm_use_generate(generate, m->source.plan, m->seeds, generate->classes > 0 ? m->fake.labels : NULL, NULL,
                           m->count, m->fake.values));
    for (size_t i = 0; i < m->count * m->item; i++)
        if (!isfinite(m->fake.values[i]))
            return gm_fail(GM_ERROR_STATE, "a generated sample is not finite");
    GM_TRY(set_features(m, &m->fake));
    *figures = m->controls;
    return measure(m, &m->fake, figures, false);
}

const char *gm_monitor_features(const gm_monitor *monitor) {
    return gm_features_name(monitor->space);
}

size_t gm_monitor_columns(const gm_monitor *monitor) {
    return gm_features_columns(monitor->space);
}

const char *gm_monitor_judge(const gm_monitor *monitor) {
    return monitor->judged ? "discriminator" : "probe";
}

const char *gm_monitor_real(const gm_monitor *monitor) {
    return monitor->held_out ? "held-out" : "training";
}

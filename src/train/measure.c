// Every measure of two sides, each beside its control.
//
// One table holds the keys, by the estimate that gives them; what is true of a key (when it applies, what it is taken
// of, what a bad value looks like) is a row's. The control is the same estimate of two halves of the real side, so no
// key needs code of its own for it.
#include "ganymede/measure.h"

#include "train/classifier.h"
#include "train/feature_space.h"
#include "train/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SAMPLES = 10000, DEFAULT_NEIGHBORS = 5, MOST_KEYS = 4 };

static const uint64_t halves_seed = 1; // which rows of the real side are in which half

// ---- What is measured ----

typedef struct matrix {
    float *values; // (count, columns)
    size_t count, columns;
} matrix;

// What estimates are taken of.
typedef enum space {
    NARROW = 0,    // few columns, for estimates from neighbours and density ratios
    WIDE,          // the classifier's whole layer, where there is one; else as NARROW
    PROBABILITIES, // the classifier's
    SPACES,
} space;

// Real and fake, or two halves of real.
typedef struct pair {
    gm_device *device;
    size_t k;
    const gm_mixture *mixture;
    gm_samples of[SPACES][2];
} pair;

struct gm_comparison {
    gm_side sides[2]; // real, fake
    gm_comparison_options options;
    gm_device *device;
    gm_features *narrow;
    gm_classifier *classifier;
    const gm_mixture *mixture;
    matrix rows[SPACES][2]; // what lies behind `whole`
    matrix halves[SPACES];  // the real rows in random order
    pair whole, control;    // views of the above
    char names[SPACES][64]; // of the features
    gm_figure *figures;
    size_t figure_count;
};

// ---- The estimates: each fills in the figures of its row ----

static gm_measure sum_of(const gm_measure *a, const gm_measure *b) {
    gm_measure sum = {.value = a->value + b->value,
                      .count = GM_MIN(a->count, b->count),
                      .duplicates = a->duplicates + b->duplicates,
                      .flags = a->flags | b->flags};
    if (sum.flags & GM_MEASURE_MISSING)
        sum.value = 0;
    return sum;
}

static gm_status entropies(const pair *p, gm_measure *figures) {
    for (size_t i = 0; i < 2; i++)
        GM_TRY(gm_measure_entropy(p->device, &p->of[NARROW][i], p->k, GM_NORM_MAXIMUM, &figures[i]));
    return GM_OK;
}

static gm_status independent_entropies(const pair *p, gm_measure *figures) {
    GM_TRY(entropies(p, figures));
    figures[2] = sum_of(&figures[0], &figures[1]);
    return GM_OK;
}

static gm_status paired_entropies(const pair *p, gm_measure *figures) {
    const gm_samples *x = p->of[NARROW];
    GM_TRY(entropies(p, figures));
    return gm_measure_joint_entropy(p->device, &x[0], &x[1], p->k, GM_NORM_MAXIMUM, &figures[2]);
}

static gm_status source_information(const pair *p, gm_measure *figures) {
    const gm_samples *x = p->of[NARROW];
    GM_TRY(gm_measure_jsd(p->device, &x[0], &x[1], NULL, &figures[0], &figures[1]));
    figures[2] = figures[0];
    return GM_OK;
}

static gm_status paired_information(const pair *p, gm_measure *figures) {
    const gm_samples *x = p->of[NARROW];
    GM_TRY(gm_measure_mutual_information(p->device, &x[0], &x[1], p->k, &figures[0]));
    GM_TRY(gm_measure_conditional_entropy(p->device, &x[0], &x[1], p->k, GM_NORM_MAXIMUM, &figures[1]));
    return gm_measure_jsd(p->device, &x[0], &x[1], NULL, &figures[2], NULL);
}

static gm_status kl(const pair *p, gm_measure *figures) {
    return gm_measure_kl(p->device, &p->of[NARROW][0], &p->of[NARROW][1], p->k, figures);
}

static gm_status reverse_kl(const pair *p, gm_measure *figures) {
    return gm_measure_kl(p->device, &p->of[NARROW][1], &p->of[NARROW][0], p->k, figures);
}

static gm_status frechet(const pair *p, gm_measure *figures) {
    return gm_measure_frechet(&p->of[WIDE][0], &p->of[WIDE][1], figures);
}

static gm_status kid(const pair *p, gm_measure *figures) {
    return gm_measure_kid(p->device, &p->of[WIDE][0], &p->of[WIDE][1], figures);
}

static gm_status prdc(const pair *p, gm_measure *figures) {
    gm_prdc found;
    GM_TRY(gm_measure_prdc(p->device, &p->of[WIDE][0], &p->of[WIDE][1], p->k, &found));
    figures[0] = found.precision;
    figures[1] = found.recall;
    figures[2] = found.density;
    figures[3] = found.coverage;
    return GM_OK;
}

static gm_status modes(const pair *p, gm_measure *figures) {
    const gm_mixture *mixture = p->mixture;
    gm_mode_measures found;
    GM_TRY(gm_measure_mixture(&p->of[NARROW][1], mixture->centre, mixture->modes, mixture->sigma, &found));
    figures[0] = found.captured;
    figures[1] = found.quality;
    figures[1].flags |= found.under_dispersed ? (uint32_t)GM_MEASURE_UNDER_DISPERSED : 0;
    figures[2] = found.reverse_kl;
    return GM_OK;
}

static gm_status classes(const pair *p, gm_measure *figures) {
    gm_class_measures found;
    GM_TRY(gm_measure_classes(&p->of[PROBABILITIES][1], &found));
    figures[0] = found.entropy;
    figures[1] = found.conditional;
    figures[2] = found.information;
    figures[3] = found.score;
    return GM_OK;
}

// ---- The table ----

typedef enum applies { ALWAYS = 0, UNPAIRED, PAIRED, TO_MIXTURES, WITH_CLASSES } applies;

typedef struct estimate {
    applies when;
    space space;
    gm_status (*measure)(const pair *p, gm_measure *figures);
    struct {
        const char *name, *help;
    } keys[MOST_KEYS]; // in the order of the figures
} estimate;

#define ENTROPY_KEYS                                                                                                   \
    {"entropy_real", "how widely the real samples spread, nats (depends on scale)"}, {                                 \
        "entropy_fake", "the same of the fakes; bad: far below entropy_real (collapse) or far above (noise)"           \
    }

// clang-format off
static const estimate estimates[] = {
    {UNPAIRED, NARROW, independent_entropies,
     {ENTROPY_KEYS,
      {"joint_entropy", "of a real and an independent fake: the sum of both entropies; bad: as those"}}},
    {PAIRED, NARROW, paired_entropies,
     {ENTROPY_KEYS,
      {"joint_entropy", "of the paired rows; bad: near the sum of both entropies (the pairs have nothing in common)"}}},
    {UNPAIRED, NARROW, source_information,
     {{"mutual_information", "what a sample tells of its source (= jsd), 0 to .693; bad: towards .693"},
      {"conditional_entropy", "doubt about a sample's source, ln 2 - jsd; bad: towards 0 (fakes are told at sight)"},
      {"jsd", "Jensen-Shannon divergence, a lower bound, 0 to .693; bad: far above its control"}}},
    {PAIRED, NARROW, paired_information,
     {{"mutual_information", "between the paired rows, nats; bad: near 0 where they should belong together"},
      {"conditional_entropy", "of a real row, given its fake; bad: near entropy_real (the fake tells nothing)"},
      {"jsd", "Jensen-Shannon divergence, a lower bound, 0 to .693; bad: far above its control"}}},
    {ALWAYS, NARROW, kl, {{"kl", "KL(real||fake), nats; bad: large (real samples that fakes do not reach)"}}},
    {ALWAYS, NARROW, reverse_kl,
     {{"reverse_kl", "KL(fake||real), nats; bad: large (fakes where nothing is real)"}}},
    {ALWAYS, WIDE, frechet,
     {{"frechet", "distance of means and covariances; bad: far above its control (not comparable with FID)"}}},
    {ALWAYS, WIDE, kid, {{"kid", "kernel distance, around 0 for equal distributions; bad: far above its control"}}},
    {ALWAYS, WIDE, prdc,
     {{"precision", "share of fakes among the reals; bad: below its control (poor fakes)"},
      {"recall", "share of reals among the fakes; bad: below its control (lack of variety)"},
      {"density", "how deep among the reals the fakes lie; bad: far below 1 (poor) or far above (too typical)"},
      {"coverage", "share of reals with a fake beside them; bad: below its control (modes are missing)"}}},
    {TO_MIXTURES, NARROW, modes,
     {{"modes", "modes with a fake of high quality; bad: fewer than the control"},
      {"quality", "share of fakes within 3 sigma of a mode; bad: below .989, or above it (under_dispersed)"},
      {"mode_reverse_kl", "KL(share of fakes per mode||equal shares); bad: above its control (modes are missing)"}}},
    {WITH_CLASSES, PROBABILITIES, classes,
     {{"class_entropy", "H(y) of the fakes' classes; bad: below its control (classes are missing)"},
      {"class_conditional_entropy", "H(y|x), the classifier's doubt; bad: above its control (unclear images)"},
      {"class_information", "H(y) - H(y|x); bad: below its control"},
      {"class_score", "its exponential, at most the number of classes; bad: below its control"}}},
};
// clang-format on

static size_t key_count(const estimate *row) {
    size_t count = 0;
    while (count < MOST_KEYS && row->keys[count].name)
        count++;
    return count;
}

// ---- Lists of keys ----

// Whether a list with commas holds the word.
static bool list_has(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *item = list; item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL)
        if (strncmp(item, word, length) == 0 && (item[length] == ',' || item[length] == '\0'))
            return true;
    return false;
}

static bool is_key(const char *word, size_t length) {
    for (size_t i = 0; i < GM_COUNT(estimates); i++)
        for (size_t j = 0; j < key_count(&estimates[i]); j++)
            if (strlen(estimates[i].keys[j].name) == length && strncmp(word, estimates[i].keys[j].name, length) == 0)
                return true;
    return false;
}

static gm_status fail_unknown(const char *word, size_t length) {
    gm_text list = {0};
    for (size_t i = 0; i < GM_COUNT(estimates); i++)
        for (size_t j = 0; j < key_count(&estimates[i]) && estimates[i].when != PAIRED; j++)
            gm_text_printf(&list, "%s%s", list.length > 0 ? ", " : "", estimates[i].keys[j].name);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "'%.*s' is no metric; expected one or more of %s", (int)length, word,
                               list.data ? list.data : "");
    gm_text_finish(&list);
    return status;
}

gm_status gm_comparison_check(const char *metrics) {
    for (const char *word = metrics; word;) {
        size_t length = strcspn(word, ",");
        if (!is_key(word, length))
            return fail_unknown(word, length);
        word = word[length] ? word + length + 1 : NULL;
    }
    return GM_OK;
}

gm_status gm_comparison_keys(char **text) {
    static const char *const when[] = {[ALWAYS] = "",
                                       [UNPAIRED] = "",
                                       [PAIRED] = "paired: ",
                                       [TO_MIXTURES] = "points of a mixture: ",
                                       [WITH_CLASSES] = "classifier: "};
    gm_text keys = {0};
    for (size_t i = 0; i < GM_COUNT(estimates); i++)
        for (size_t j = 0; j < key_count(&estimates[i]); j++)
            gm_text_printf(&keys, "%-26s %s%s\n", estimates[i].keys[j].name, when[estimates[i].when],
                           estimates[i].keys[j].help);
    gm_status status = keys.failed ? gm_fail_memory(4096, "the keys of measures") : GM_OK;
    if (status != GM_OK)
        gm_text_finish(&keys);
    *text = keys.data;
    return status;
}

static bool asks_for(const estimate *row, const char *metrics) {
    for (size_t j = 0; j < key_count(row); j++)
        if (list_has(metrics, row->keys[j].name))
            return true;
    return false;
}

// ---- Features ----

static gm_status matrix_init(matrix *m, size_t count, size_t columns) {
    *m = (matrix){.count = count, .columns = columns};
    return gm_alloc(&m->values, count * columns, sizeof *m->values, "features");
}

static gm_samples samples_of(const matrix *m, size_t first, size_t count) {
    return (gm_samples){m->values + first * m->columns, count, m->columns};
}

// A data set of images that one of the sides is, or that a run learned from.
static const gm_side *labelled_side(const gm_comparison *c) {
    for (size_t i = 0; i < 2; i++)
        if (c->sides[i].kind == GM_SIDE_BYTES && c->sides[i].data_classes > 1)
            return &c->sides[i];
    for (size_t i = 0; i < 2; i++)
        if (c->sides[i].kind == GM_SIDE_RUN && c->sides[i].images)
            return &c->sides[i];
    return NULL;
}

static gm_status open_classifier(gm_comparison *c) {
    const gm_side *side = labelled_side(c);
    if (c->classifier)
        return GM_OK;
    if (!side || !c->sides[0].ranged)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "a classifier needs a data set of images with labels, or a run that learned from one: neither %s "
            "nor %s is",
            c->sides[0].name, c->sides[1].name);
    GM_TRY(gm_classifier_open(&c->classifier, c->device, side->data, &side->data_options));
    unsigned percent = (unsigned)(100 * gm_classifier_accuracy(c->classifier));
    snprintf(c->names[PROBABILITIES], sizeof c->names[0], "classifier (accuracy %s.%02u)", percent < 100 ? "" : "1",
             percent % 100);
    for (size_t i = 0; i < 2; i++) {
        const gm_side *s = &c->sides[i];
        matrix *wide = &c->rows[WIDE][i], *probabilities = &c->rows[PROBABILITIES][i];
        GM_TRY(matrix_init(wide, s->count, GM_CLASSIFIER_FEATURES));
        GM_TRY(matrix_init(probabilities, s->count, gm_classifier_classes(c->classifier)));
        GM_TRY(gm_classifier_apply(c->classifier, s->values, s->count, s->low, s->high, wide->values,
                                   probabilities->values));
    }
    return GM_OK;
}

// From the images, or from the classifier's layer.
static gm_status make_narrow(gm_comparison *c) {
    bool classified = c->options.features == GM_COMPARISON_CLASSIFIER;
    gm_samples from[2];
    for (size_t i = 0; i < 2; i++) {
        const gm_side *s = &c->sides[i];
        from[i] = classified ? samples_of(&c->rows[WIDE][i], 0, s->count)
                             : (gm_samples){s->values, s->count, s->channels * s->height * s->width};
    }
    gm_status status = gm_features_create(&c->narrow, c->device, &from[0]);
    if (status != GM_OK)
        return gm_fail_prefix(status, "%s", c->sides[0].name);
    for (size_t i = 0; i < 2; i++) {
        GM_TRY(matrix_init(&c->rows[NARROW][i], from[i].count, gm_features_columns(c->narrow)));
        GM_TRY(gm_features_apply(c->narrow, c->device, &from[i], c->rows[NARROW][i].values));
    }
    snprintf(c->names[NARROW], sizeof c->names[0], "%.40s%s%.20s", classified ? c->names[PROBABILITIES] : "",
             classified ? " " : "", gm_features_name(c->narrow));
    return GM_OK;
}

// Where the pairs find the rows of a space: the classifier's layer serves when it was asked for.
static space source_of(const gm_comparison *c, space which) {
    return which == WIDE && c->options.features != GM_COMPARISON_CLASSIFIER ? NARROW : which;
}

// The real rows in one random order for every space, so that its halves are the control's two sides.
static gm_status shuffle_rows(matrix *halves, const matrix *rows) {
    int32_t *order;
    if (halves->values || !rows->values)
        return GM_OK;
    GM_TRY(matrix_init(halves, rows->count, rows->columns));
    GM_TRY(gm_alloc(&order, rows->count, sizeof *order, "an order"));
    gm_status status = gm_loader_indices(halves_seed, 0, rows->count, rows->count, order);
    for (size_t i = 0; status == GM_OK && i < rows->count; i++)
        memcpy(halves->values + i * rows->columns, rows->values + (size_t)order[i] * rows->columns,
               rows->columns * sizeof *rows->values);
    free(order);
    return status;
}

static gm_status make_pairs(gm_comparison *c) {
    size_t half = c->sides[0].count / 2;
    for (size_t s = 0; s < SPACES; s++)
        GM_TRY(shuffle_rows(&c->halves[s], &c->rows[s][0]));
    c->whole = c->control = (pair){.device = c->device, .k = c->options.k, .mixture = c->mixture};
    for (size_t s = 0; s < SPACES; s++) {
        space from = source_of(c, (space)s);
        for (size_t i = 0; i < 2 && c->rows[from][i].values; i++) {
            c->whole.of[s][i] = samples_of(&c->rows[from][i], 0, c->rows[from][i].count);
            c->control.of[s][i] = samples_of(&c->halves[from], i * half, half);
        }
    }
    return GM_OK;
}

// ---- Opening ----

static gm_status check_options(const gm_comparison_options *options) {
    if (options->samples == 1)
        return gm_fail(GM_ERROR_ARGUMENT, "1 sample says nothing: give 2 or more, or 0 for %d", DEFAULT_SAMPLES);
    if (options->k > 1000)
        return gm_fail(GM_ERROR_ARGUMENT, "k = %zu: neighbours 1 to 1000 are looked at (0: %d)", options->k,
                       DEFAULT_NEIGHBORS);
    return GM_OK;
}

// Of points of the plane: the mixture that a side is, or that its run learned.
static const gm_mixture *find_mixture(const gm_comparison *c) {
    const gm_mixture *mixture = NULL;
    const gm_side *side = c->sides;
    if (side->images || side->channels * side->height * side->width != 2)
        return NULL;
    for (size_t i = 0; i < 2 && !mixture; i++)
        mixture = side[i].data ? gm_mixture_find(side[i].data) : NULL;
    return mixture;
}

static gm_status open_comparison(gm_comparison *c, const char *real, const char *fake) {
    gm_comparison_options *options = &c->options;
    GM_TRY(check_options(options));
    options->k = options->k ? options->k : DEFAULT_NEIGHBORS;
    gm_sides_options sides = {.device = options->device,
                              .samples = options->samples ? options->samples : DEFAULT_SAMPLES,
                              .paired = options->paired};
    GM_TRY(gm_sides_open(&c->sides[0], &c->sides[1], real, fake, &sides));
    GM_TRY(gm_device_open(&c->device, options->device));
    c->mixture = find_mixture(c);
    if (options->features == GM_COMPARISON_CLASSIFIER)
        GM_TRY(open_classifier(c));
    return make_narrow(c);
}

gm_status gm_comparison_open(gm_comparison **comparison, const char *real, const char *fake,
                             const gm_comparison_options *options) {
    gm_comparison *made;
    *comparison = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a comparison"));
    made->options = options ? *options : (gm_comparison_options){0};
    gm_status status = open_comparison(made, real, fake);
    made->options.device = NULL; // the caller's
    if (status != GM_OK)
        gm_comparison_close(&made);
    *comparison = made;
    return status;
}

void gm_comparison_close(gm_comparison **comparison) {
    if (!comparison || !*comparison)
        return;
    gm_comparison *old = *comparison;
    for (size_t s = 0; s < SPACES; s++) {
        free(old->rows[s][0].values);
        free(old->rows[s][1].values);
        free(old->halves[s].values);
    }
    gm_features_destroy(&old->narrow);
    gm_classifier_close(&old->classifier);
    gm_side_finish(&old->sides[0]);
    gm_side_finish(&old->sides[1]);
    gm_device_close(&old->device);
    free(old->figures);
    free(old);
    *comparison = NULL;
}

void gm_comparison_get_info(const gm_comparison *c, gm_comparison_info *info) {
    const gm_side *real = &c->sides[0], *fake = &c->sides[1];
    *info = (gm_comparison_info){.real = real->name,
                                 .fake = fake->name,
                                 .real_count = real->count,
                                 .fake_count = fake->count,
                                 .channels = real->channels,
                                 .height = real->height,
                                 .width = real->width,
                                 .ranged = real->ranged,
                                 .low = real->low,
                                 .high = real->high,
                                 .k = c->options.k};
}

// ---- Measuring ----

// Classes are looked at unasked when a run was told them and the real side has labels to learn the classifier from.
static bool classes_at_hand(const gm_comparison *c) {
    bool told = c->sides[0].classes > 0 || c->sides[1].classes > 0;
    return c->classifier || (told && c->sides[0].ranged && c->sides[0].data_classes > 1);
}

static bool does_apply(const gm_comparison *c, const estimate *row) {
    switch (row->when) {
    case UNPAIRED:
        return !c->options.paired;
    case PAIRED:
        return c->options.paired;
    case TO_MIXTURES:
        return c->mixture != NULL;
    case WITH_CLASSES:
    case ALWAYS:
        break;
    }
    return true; // a classifier is opened when one is asked for
}

static gm_status add_figures(gm_comparison *c, const estimate *row, const char *metrics) {
    gm_measure value[MOST_KEYS] = {0}, control[MOST_KEYS] = {0};
    GM_TRY(row->measure(&c->whole, value));
    GM_TRY(row->measure(&c->control, control));
    space of = row->space == WIDE && source_of(c, WIDE) == WIDE ? PROBABILITIES : source_of(c, row->space);
    for (size_t j = 0; j < key_count(row); j++)
        if (!metrics || list_has(metrics, row->keys[j].name))
            c->figures[c->figure_count++] = (gm_figure){.key = row->keys[j].name,
                                                        .value = value[j],
                                                        .control = control[j],
                                                        .features = c->names[of],
                                                        .help = row->keys[j].help};
    return GM_OK;
}

static gm_status check_applicable(const gm_comparison *c, const char *metrics) {
    for (size_t i = 0; metrics && i < GM_COUNT(estimates); i++)
        if (estimates[i].when == TO_MIXTURES && asks_for(&estimates[i], metrics) && !c->mixture)
            return gm_fail(GM_ERROR_ARGUMENT,
                           "modes are known of ring8 and grid25 alone: neither %s nor %s is points of one",
                           c->sides[0].name, c->sides[1].name);
    return GM_OK;
}

gm_status gm_comparison_measure(gm_comparison *c, const char *metrics, const gm_figure **figures, size_t *count) {
    bool chosen[GM_COUNT(estimates)];
    *figures = NULL;
    *count = 0;
    GM_TRY(gm_comparison_check(metrics));
    GM_TRY(check_applicable(c, metrics));
    for (size_t i = 0; i < GM_COUNT(estimates); i++) {
        const estimate *row = &estimates[i];
        chosen[i] = does_apply(c, row) && (metrics                     ? asks_for(row, metrics)
                                           : row->when == WITH_CLASSES ? classes_at_hand(c)
                                                                       : true);
        if (chosen[i] && row->when == WITH_CLASSES)
            GM_TRY(open_classifier(c));
    }
    GM_TRY(make_pairs(c));
    if (!c->figures)
        GM_TRY(gm_alloc(&c->figures, GM_COUNT(estimates) * MOST_KEYS, sizeof *c->figures, "figures"));
    c->figure_count = 0;
    for (size_t i = 0; i < GM_COUNT(estimates); i++)
        if (chosen[i])
            GM_TRY(add_figures(c, &estimates[i], metrics));
    *figures = c->figures;
    *count = c->figure_count;
    return GM_OK;
}

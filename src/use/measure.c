// Comparing two sides: their features, and every measure of these that applies, each beside its control.
//
// Keys and estimates are rows of a table (measure_table.h). The control is the same estimate of two halves of the real
// side, so no key needs code of its own for it. Long because it holds the whole order of a comparison.
#include "ganymede/measure.h"

#include "metrics/feature_space.h"
#include "use/fidelity.h"
#include "use/image_classifier.h"
#include "use/measure_table.h"
#include "use/row_figures.h"
#include "use/side.h"
#include "use/sounds.h"
#include "use/splits.h"
#include "use/stacks.h"
#include "use/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SAMPLES = 10000, DEFAULT_NEIGHBORS = 5 };

static const uint64_t halves_seed = 1; // which rows of the real side are in which half

// ---- What is measured ----

typedef struct matrix {
    float *values; // (count, columns)
    size_t count, columns;
} matrix;

struct gm_comparison {
    gm_side sides[2]; // real, fake
    gm_comparison_options options;
    gm_device *opened, *device; // the former only when it was opened here
    gm_features *narrow;
    gm_image_classifier *classifier;
    const gm_mixture *mixture;
    const gm_side *stacked;    // one of the sides
    const gm_side *split;      // the one whose data may have a held-out split; NULL: neither
    bool split_checked;        // and has
    size_t grey_classes;       // of its images; 0: not classified yet
    matrix rows[GM_SPACES][2]; // what lies behind `whole`
    matrix halves[GM_SPACES];  // the real rows in random order
    gm_pair whole, control;    // views of the above
    char names[GM_SPACES][64]; // of the features
    gm_figure *figures;
    size_t figure_count;
    gm_class_figure *class_figures;
    size_t class_count;
    gm_column_figure *column_figures; // of tables
    size_t column_count;
    const gm_moving *truth;    // of what moves in clips
    gm_clip_comparison *clips; // of clips, once they are wanted
    gm_text_figure *texts;     // of texts: text_count of them, once they are wanted
    size_t text_count;
    gm_sound_figure *sounds; // GM_SOUND_ROWS, once they are wanted
    gm_row_figure *row_figures;
    size_t row_count;
};

// ---- Features ----

static gm_status matrix_init(matrix *m, size_t count, size_t columns) {
    free(m->values); // of an attempt that failed
    *m = (matrix){.count = count, .columns = columns};
    return gm_alloc(&m->values, count * columns, sizeof *m->values, "features");
}

static gm_samples samples_of(const matrix *m, size_t first, size_t count) {
    return (gm_samples){m->values + first * m->columns, count, m->columns};
}

// A data set of images that one of the sides is, or that a run learned from.
static const gm_side *labelled_side(const gm_comparison *c) {
    for (size_t i = 0; i < 2; i++)
        if (c->sides[i].kind == GM_SIDE_IMAGES && c->sides[i].data_classes > 1 && c->sides[i].frames == 0)
            return &c->sides[i];
    for (size_t i = 0; i < 2; i++)
        if (c->sides[i].kind == GM_SIDE_RUN && c->sides[i].bounded && c->sides[i].frames == 0)
            return &c->sides[i];
    return NULL;
}

// of: the data set that it knows, when it is not that of the sides.
static void describe_classifier(char *text, size_t room, const gm_image_classifier *classifier, const char *of) {
    unsigned percent = (unsigned)(100 * gm_image_classifier_accuracy(classifier));
    snprintf(text, room, "classifier%s%.30s (accuracy %s.%02u)", of ? " of " : "", of ? of : "",
             percent < 100 ? "" : "1", percent % 100);
}

static gm_status classify(gm_comparison *c) {
    for (size_t i = 0; i < 2; i++) {
        const gm_side *s = &c->sides[i];
        const gm_samples images = {s->values, s->count, gm_side_values(s)};
        matrix *wide = &c->rows[GM_SPACE_WIDE][i], *probabilities = &c->rows[GM_SPACE_PROBABILITIES][i];
        GM_TRY(matrix_init(wide, s->count, GM_IMAGE_CLASSIFIER_FEATURES));
        GM_TRY(matrix_init(probabilities, s->count, gm_image_classifier_classes(c->classifier)));
        GM_TRY(gm_image_classifier_apply(c->classifier, &images, s->low, s->high, wide->values, probabilities->values));
    }
    return GM_OK;
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
    GM_TRY(gm_image_classifier_open(&c->classifier, c->device, side->data, &side->data_options));
    describe_classifier(c->names[GM_SPACE_PROBABILITIES], sizeof c->names[0], c->classifier, NULL);
    gm_status status = classify(c);
    if (status == GM_OK)
        return GM_OK;
    gm_image_classifier_close(&c->classifier);
    return gm_fail_prefix(status, "%s", side->data);
}

static gm_status check_stacks(const gm_comparison *c) {
    const gm_side *stranger = gm_stacks_find_stranger(c->sides);
    if (stranger)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s is of %s, but the modes are those of %s: to count them all the same, give an array of its "
                       "samples (ganymede sample RUN --npy FILE)",
                       stranger->name, stranger->data, c->stacked->data);
    if (!c->sides[0].ranged)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s and %s: modes are counted in images of one range: scale both to [0, 1], [-1, 1] or [0, 255]",
                       c->sides[0].name, c->sides[1].name);
    return GM_OK;
}

static gm_status name_stacks(gm_comparison *c) {
    gm_image_classifier *grey = NULL;
    gm_status status;
    if (c->grey_classes > 0)
        return GM_OK;
    GM_TRY(check_stacks(c));
    GM_TRY_DONE(gm_stacks_open(&grey, c->device, c->stacked));
    for (size_t i = 0; i < 2; i++) {
        GM_TRY_DONE(matrix_init(&c->rows[GM_SPACE_STACKS][i], c->sides[i].count, 1));
        GM_TRY_DONE(gm_stacks_name(grey, &c->sides[i], c->rows[GM_SPACE_STACKS][i].values));
    }
    describe_classifier(c->names[GM_SPACE_STACKS], sizeof c->names[0], grey, gm_stacked_find(c->stacked->data));
    c->grey_classes = gm_image_classifier_classes(grey);
done:
    gm_image_classifier_close(&grey);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", c->stacked->data);
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

// Items as the rows that the sides became.
static gm_status make_rows(void *user, const gm_samples *items, float *rows) {
    const gm_comparison *c = user;
    if (c->options.features != GM_COMPARISON_CLASSIFIER)
        return gm_features_apply(c->narrow, c->device, items, rows);
    return gm_image_classifier_apply(c->classifier, items, c->split->low, c->split->high, rows, NULL);
}

// Both splits, in the columns of the wide space; the held-out rows in random order.
static gm_status read_splits(gm_comparison *c) {
    bool classified = c->options.features == GM_COMPARISON_CLASSIFIER;
    const matrix *wide = &c->rows[classified ? GM_SPACE_WIDE : GM_SPACE_NARROW][1];
    const gm_row_maker maker = {make_rows, c, wide->columns};
    matrix *trained = c->rows[GM_SPACE_TRAINED], *held_out = &c->rows[GM_SPACE_HELD_OUT][0];
    if (trained->values)
        return GM_OK;
    held_out->columns = trained->columns = wide->columns;
    GM_TRY(gm_splits_read(c->split, true, &maker, &held_out->values, &held_out->count));
    GM_TRY(gm_splits_read(c->split, false, &maker, &trained->values, &trained->count));
    memcpy(c->names[GM_SPACE_TRAINED], c->names[classified ? GM_SPACE_PROBABILITIES : GM_SPACE_NARROW],
           sizeof c->names[0]);
    return shuffle_rows(&c->halves[GM_SPACE_HELD_OUT], held_out);
}

// From the images, or from the classifier's layer.
static gm_status make_narrow(gm_comparison *c) {
    bool classified = c->options.features == GM_COMPARISON_CLASSIFIER;
    gm_samples from[2];
    for (size_t i = 0; i < 2; i++) {
        const gm_side *s = &c->sides[i];
        from[i] = classified ? samples_of(&c->rows[GM_SPACE_WIDE][i], 0, s->count)
                             : (gm_samples){s->values, s->count, gm_side_values(s)};
    }
    gm_status status = gm_features_create(&c->narrow, c->device, &from[0], &from[1]);
    if (status != GM_OK)
        return gm_fail_prefix(status, "%s", c->sides[0].name);
    for (size_t i = 0; i < 2; i++) {
        GM_TRY(matrix_init(&c->rows[GM_SPACE_NARROW][i], from[i].count, gm_features_columns(c->narrow)));
        GM_TRY(gm_features_apply(c->narrow, c->device, &from[i], c->rows[GM_SPACE_NARROW][i].values));
    }
    snprintf(c->names[GM_SPACE_NARROW], sizeof c->names[0], "%.40s%s%.20s",
             classified ? c->names[GM_SPACE_PROBABILITIES] : "", classified ? " " : "", gm_features_name(c->narrow));
    return GM_OK;
}

// Where the pairs find the rows of a space: the classifier's layer serves when it was asked for.
static gm_space source_of(const gm_comparison *c, gm_space which) {
    return which == GM_SPACE_WIDE && c->options.features != GM_COMPARISON_CLASSIFIER ? GM_SPACE_NARROW : which;
}

static bool are_texts(const gm_comparison *c) {
    return c->sides[0].text && c->sides[1].text;
}

static gm_status compare_texts(gm_comparison *c) {
    if (c->texts)
        return GM_OK;
    gm_text_figure *rows;
    gm_side start = {0};
    bool there;
    const gm_sides_options options = {.device = c->device, .samples = c->sides[1].count};
    GM_TRY(gm_alloc(&rows, GM_TEXT_ROWS, sizeof *rows, "figures"));
    gm_status status = gm_side_open_start(&start, &c->sides[1], &options, &there);
    if (status == GM_OK)
        status = gm_texts_compare(&c->sides[0], &c->sides[1], there ? &start : NULL, rows, &c->text_count);
    gm_side_finish(&start);
    if (status == GM_OK)
        c->texts = rows;
    else
        free(rows);
    return status;
}

// Nothing moves in a single frame.
static bool are_clips(const gm_comparison *c) {
    return c->sides[0].frames > 1;
}

static gm_status compare_clips(gm_comparison *c) {
    static const char *const names[] = {"frames", "differences", "clips"};
    gm_clip_comparison *found;
    if (c->clips)
        return GM_OK;
    GM_TRY(gm_alloc(&found, 1, sizeof *found, "figures"));
    gm_status status = gm_clips_compare(c->device, &c->sides[0], &c->sides[1], c->truth, found);
    if (status != GM_OK) {
        free(found);
        return gm_fail_prefix(status, "%s", c->sides[0].name);
    }
    c->clips = found;
    for (size_t v = 0; v < GM_CLIP_VIEWS; v++)
        snprintf(c->names[GM_SPACE_FRAMES + v], sizeof c->names[0], "pca-%zu of %s", found->components[v], names[v]);
    snprintf(c->names[GM_SPACE_MOTION], sizeof c->names[0], "brightness");
    return GM_OK;
}

static gm_status make_pairs(gm_comparison *c) {
    if (are_texts(c)) {
        c->whole = (gm_pair){.text = &c->texts[0], .texts = GM_MIN(c->sides[0].count, c->sides[1].count)};
        c->control = (gm_pair){.text = &c->texts[1], .texts = c->whole.texts};
        return GM_OK;
    }
    size_t half = c->sides[0].count / 2;
    for (size_t s = 0; s < GM_SPACES; s++)
        if (s != GM_SPACE_TRAINED)
            GM_TRY(shuffle_rows(&c->halves[s], &c->rows[s][0]));
    c->whole = c->control =
        (gm_pair){.device = c->device, .k = c->options.k, .mixture = c->mixture, .grey_classes = c->grey_classes};
    if (c->clips) {
        c->whole.clip = &c->clips->rows[0];
        c->whole.clips = c->clips->counts[0];
        c->control.clip = &c->clips->rows[1];
        c->control.clips = c->clips->counts[1];
    }
    for (size_t s = 0; s < GM_SPACES; s++) {
        gm_space from = source_of(c, (gm_space)s);
        bool of_sides = s != GM_SPACE_TRAINED && s != GM_SPACE_HELD_OUT;
        for (size_t i = 0; i < 2 && of_sides && c->rows[from][i].values; i++) {
            c->whole.of[s][i] = samples_of(&c->rows[from][i], 0, c->rows[from][i].count);
            c->control.of[s][i] = samples_of(&c->halves[from], i * half, half);
        }
    }
    if (c->rows[GM_SPACE_TRAINED][0].values) { // held-out rows are the control's fakes
        const matrix *held_out = &c->halves[GM_SPACE_HELD_OUT];
        gm_space wide = source_of(c, GM_SPACE_WIDE);
        size_t middle = held_out->count / 2;
        gm_samples trained = samples_of(&c->rows[GM_SPACE_TRAINED][0], 0, c->rows[GM_SPACE_TRAINED][0].count);
        c->whole.of[GM_SPACE_TRAINED][0] = c->control.of[GM_SPACE_TRAINED][0] = trained;
        c->whole.of[GM_SPACE_TRAINED][1] = samples_of(&c->rows[wide][1], 0, c->rows[wide][1].count);
        c->control.of[GM_SPACE_TRAINED][1] = samples_of(held_out, middle, held_out->count - middle);
        c->whole.of[GM_SPACE_HELD_OUT][0] = c->control.of[GM_SPACE_HELD_OUT][0] = samples_of(held_out, 0, middle);
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
    if (side->bounded || side->channels * side->height * side->width != 2)
        return NULL;
    for (size_t i = 0; i < 2 && !mixture; i++)
        mixture = side[i].data ? gm_mixture_find(side[i].data) : NULL;
    return mixture;
}

static gm_status open_comparison(gm_comparison *c, const char *real, const char *fake) {
    gm_comparison_options *options = &c->options;
    GM_TRY(check_options(options));
    options->k = options->k ? options->k : DEFAULT_NEIGHBORS;
    if (!options->opened)
        GM_TRY(gm_device_open(&c->opened, options->device));
    c->device = options->opened ? options->opened : c->opened;
    gm_sides_options sides = {.device = c->device,
                              .samples = options->samples ? options->samples : DEFAULT_SAMPLES,
                              .paired = options->paired};
    GM_TRY(gm_sides_open(&c->sides[0], &c->sides[1], real, fake, &sides));
    if (are_texts(c)) {
        snprintf(c->names[GM_SPACE_NARROW], sizeof c->names[0], "symbols");
        return options->paired || options->features == GM_COMPARISON_CLASSIFIER
                   ? gm_fail(GM_ERROR_ARGUMENT,
                             "%s: texts are compared as two collections, by their symbols: neither in "
                             "pairs nor by a classifier",
                             real)
                   : GM_OK;
    }
    c->mixture = find_mixture(c);
    c->stacked = gm_stacks_find(c->sides);
    c->split = gm_splits_find(c->sides);
    c->truth = gm_clips_find_truth(c->sides);
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
    for (size_t s = 0; s < GM_SPACES; s++) {
        free(old->rows[s][0].values);
        free(old->rows[s][1].values);
        free(old->halves[s].values);
    }
    gm_features_destroy(&old->narrow);
    gm_image_classifier_close(&old->classifier);
    gm_side_finish(&old->sides[0]);
    gm_side_finish(&old->sides[1]);
    gm_device_close(&old->opened);
    free(old->figures);
    free(old->class_figures);
    free(old->column_figures);
    free(old->clips);
    free(old->texts);
    free(old->sounds);
    free(old->row_figures);
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
                                 .frames = real->frames,
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
    return c->classifier || (told && labelled_side(c) && c->sides[0].ranged && c->sides[0].data_classes > 1);
}

// Modes of stacked images are counted unasked when one side is the data set itself, with labels.
static bool stacks_at_hand(const gm_comparison *c) {
    return c->stacked->data_classes > 1 && !gm_stacks_find_stranger(c->sides);
}

static bool does_apply(const gm_comparison *c, const gm_estimator *row) {
    if (are_texts(c) != (row->when == GM_APPLIES_TO_TEXTS))
        return false;
    switch (row->when) {
    case GM_APPLIES_UNPAIRED:
        return !c->options.paired;
    case GM_APPLIES_PAIRED:
        return c->options.paired;
    case GM_APPLIES_TO_MIXTURES:
        return c->mixture != NULL;
    case GM_APPLIES_TO_STACKS:
        return c->stacked != NULL;
    case GM_APPLIES_TO_SPLITS:
        return c->split != NULL;
    case GM_APPLIES_TO_CLIPS:
        return are_clips(c);
    case GM_APPLIES_TO_MOVING:
        return c->truth != NULL;
    case GM_APPLIES_WITH_CLASSES:
    case GM_APPLIES_TO_TEXTS:
    case GM_APPLIES_ALWAYS:
        break;
    }
    return true; // a classifier is opened when one is asked for
}

static bool is_chosen(const gm_comparison *c, const gm_estimator *row, const char *metrics) {
    if (!does_apply(c, row))
        return false;
    if (metrics)
        return gm_metrics_ask_for(metrics, row);
    return row->when == GM_APPLIES_WITH_CLASSES ? classes_at_hand(c)
           : row->when == GM_APPLIES_TO_STACKS  ? stacks_at_hand(c)
           : row->when == GM_APPLIES_TO_SPLITS  ? c->split->kind == GM_SIDE_RUN
                                                : true;
}

static gm_status add_figures(gm_comparison *c, const gm_estimator *row, const char *metrics) {
    gm_measure value[GM_ESTIMATE_KEYS] = {0}, control[GM_ESTIMATE_KEYS] = {0};
    GM_TRY(row->measure(&c->whole, value));
    GM_TRY(row->measure(&c->control, control));
    gm_space from = source_of(c, row->space), of = from == GM_SPACE_WIDE ? GM_SPACE_PROBABILITIES : from;
    uint32_t flags = from == GM_SPACE_NARROW && c->narrow && gm_features_are_loose(c->narrow) ? GM_MEASURE_BIASED : 0;
    for (size_t j = 0; j < gm_estimator_key_count(row); j++) {
        value[j].flags |= flags;
        control[j].flags |= flags;
        if (!metrics || gm_metrics_have(metrics, row->keys[j].name))
            c->figures[c->figure_count++] = (gm_figure){.key = row->keys[j].name,
                                                        .value = value[j],
                                                        .control = control[j],
                                                        .features = c->names[of],
                                                        .help = row->keys[j].help};
    }
    return GM_OK;
}

static bool does_key_apply(const gm_comparison *c, const char *key) {
    for (const gm_estimator *row = gm_estimators; row < gm_estimators + gm_estimator_count; row++)
        if (gm_metrics_ask_for(key, row) && does_apply(c, row))
            return true;
    return false;
}

static gm_status check_applicable(const gm_comparison *c, const char *metrics) {
    const char *const names[] = {c->sides[0].name, c->sides[1].name};
    for (const gm_estimator *row = gm_estimators; metrics && row < gm_estimators + gm_estimator_count; row++)
        for (size_t j = 0; j < gm_estimator_key_count(row); j++) {
            const char *key = row->keys[j].name;
            if (gm_metrics_have(metrics, key) && !does_key_apply(c, key))
                return gm_estimator_fail_unknown(key, names);
        }
    return GM_OK;
}

// Opens the data of `split` only where a figure of theirs is wanted.
static void check_split(gm_comparison *c, const char *metrics) {
    for (const gm_estimator *row = gm_estimators; row < gm_estimators + gm_estimator_count; row++) {
        bool wanted = row->when == GM_APPLIES_TO_SPLITS && is_chosen(c, row, metrics);
        if (!wanted || c->split_checked)
            continue;
        c->split_checked = gm_splits_are_apart(c->split);
        if (!c->split_checked)
            c->split = NULL;
    }
}

static gm_status prepare(gm_comparison *c, const gm_estimator *row) {
    return row->when == GM_APPLIES_WITH_CLASSES                                    ? open_classifier(c)
           : row->when == GM_APPLIES_TO_STACKS                                     ? name_stacks(c)
           : row->when == GM_APPLIES_TO_SPLITS                                     ? read_splits(c)
           : row->when == GM_APPLIES_TO_TEXTS                                      ? compare_texts(c)
           : row->when == GM_APPLIES_TO_CLIPS || row->when == GM_APPLIES_TO_MOVING ? compare_clips(c)
                                                                                   : GM_OK;
}

gm_status gm_comparison_measure(gm_comparison *c, const char *metrics, const gm_figure **figures, size_t *count) {
    const gm_estimator *end = gm_estimators + gm_estimator_count;
    *figures = NULL;
    *count = 0;
    GM_TRY(gm_comparison_check(metrics));
    check_split(c, metrics);
    GM_TRY(check_applicable(c, metrics));
    for (const gm_estimator *row = gm_estimators; row < end; row++)
        if (is_chosen(c, row, metrics))
            GM_TRY(prepare(c, row));
    GM_TRY(make_pairs(c));
    if (!c->figures)
        GM_TRY(gm_alloc(&c->figures, gm_estimator_count * GM_ESTIMATE_KEYS, sizeof *c->figures, "figures"));
    c->figure_count = 0;
    for (const gm_estimator *row = gm_estimators; row < end; row++)
        if (is_chosen(c, row, metrics))
            GM_TRY(add_figures(c, row, metrics));
    *figures = c->figures;
    *count = c->figure_count;
    return GM_OK;
}

// ---- Classes ----

static gm_status compare_classes(gm_comparison *c) {
    gm_fidelity_sides sides = {.sides = c->sides, .known = labelled_side(c), .classifier = c->classifier};
    for (size_t i = 0; i < 2; i++) {
        sides.features[i] = c->rows[GM_SPACE_WIDE][i].values;
        sides.probabilities[i] = c->rows[GM_SPACE_PROBABILITIES][i].values;
    }
    return gm_fidelity_compare(&sides, &c->class_figures, &c->class_count);
}

gm_status gm_comparison_classes(gm_comparison *c, const gm_class_figure **figures, size_t *count) {
    if (c->classifier && c->sides[1].labels && !c->class_figures)
        GM_TRY(compare_classes(c));
    *figures = c->class_figures;
    *count = c->class_count;
    return GM_OK;
}

gm_status gm_comparison_columns(gm_comparison *c, const gm_column_figure **figures, size_t *count) {
    if (c->sides[0].table && !c->column_figures)
        GM_TRY(gm_tables_compare(&c->sides[0], &c->sides[1], &c->column_figures, &c->column_count));
    *figures = c->column_figures;
    *count = c->column_count;
    return GM_OK;
}

gm_status gm_comparison_texts(gm_comparison *c, const gm_text_figure **figures, size_t *count) {
    if (are_texts(c))
        GM_TRY(compare_texts(c));
    *figures = c->texts;
    *count = c->texts ? c->text_count : 0;
    return GM_OK;
}

gm_status gm_comparison_clips(gm_comparison *c, const gm_clip_figure **figures, size_t *count) {
    *figures = c->clips ? c->clips->rows : NULL;
    *count = c->clips ? GM_CLIP_ROWS : 0;
    return GM_OK;
}

static gm_status compare_sounds(gm_comparison *c) {
    gm_sound_figure *rows;
    const matrix *wide = c->rows[GM_SPACE_WIDE], *probabilities = &c->rows[GM_SPACE_PROBABILITIES][1];
    const gm_samples features[2] = {samples_of(&wide[0], 0, wide[0].count), samples_of(&wide[1], 0, wide[1].count)};
    const gm_samples named = samples_of(probabilities, 0, probabilities->count);
    GM_TRY(gm_alloc(&rows, GM_SOUND_ROWS, sizeof *rows, "figures"));
    gm_status status = gm_sounds_compare(&c->sides[0], c->classifier, features, &named, rows);
    if (status == GM_OK)
        c->sounds = rows;
    else
        free(rows);
    return status;
}

gm_status gm_comparison_sounds(gm_comparison *c, const gm_sound_figure **figures, size_t *count) {
    if (c->classifier && c->sides[0].sound.rate > 0 && c->sides[0].kind == GM_SIDE_IMAGES && !c->sounds)
        GM_TRY(compare_sounds(c));
    *figures = c->sounds;
    *count = c->sounds ? GM_SOUND_ROWS : 0;
    return GM_OK;
}

gm_status gm_comparison_rows(gm_comparison *c, const char *targets, const gm_row_figure **figures, size_t *count) {
    const gm_sides_options options = {.device = c->device,
                                      .samples = c->options.samples ? c->options.samples : DEFAULT_SAMPLES};
    gm_side trained = {0};
    bool apart = false;
    free(c->row_figures);
    c->row_figures = NULL;
    c->row_count = 0;
    if (targets && !c->sides[0].table)
        return gm_fail(GM_ERROR_ARGUMENT, "columns are told of tables, which %s and %s are not", c->sides[0].name,
                       c->sides[1].name);
    if (c->sides[0].table) {
        GM_TRY(gm_side_open_trained(&trained, &c->sides[1], &c->sides[0], &options, &apart));
        gm_status status = gm_row_figures(c->device, &c->sides[0], &c->sides[1], apart ? &trained : NULL, targets,
                                          &c->row_figures, &c->row_count);
        gm_side_finish(&trained);
        GM_TRY(status);
    }
    *figures = c->row_figures;
    *count = c->row_count;
    return GM_OK;
}

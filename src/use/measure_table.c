// Every measure as a row: the keys of an estimate, what is true of each (when it applies, what it is taken of, what a
// bad value looks like), and a function that fills in its figures.
#include "use/measure_table.h"

#include "ganymede/measure.h"
#include "use/stacks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static gm_status entropies(const gm_pair *p, gm_measure *figures) {
    for (size_t i = 0; i < 2; i++)
        GM_TRY(gm_measure_entropy(p->device, &p->of[GM_SPACE_NARROW][i], p->k, GM_NORM_MAXIMUM, &figures[i]));
    return GM_OK;
}

static gm_status independent_entropies(const gm_pair *p, gm_measure *figures) {
    GM_TRY(entropies(p, figures));
    figures[2] = sum_of(&figures[0], &figures[1]);
    return GM_OK;
}

static gm_status paired_entropies(const gm_pair *p, gm_measure *figures) {
    const gm_samples *x = p->of[GM_SPACE_NARROW];
    GM_TRY(entropies(p, figures));
    return gm_measure_joint_entropy(p->device, &x[0], &x[1], p->k, GM_NORM_MAXIMUM, &figures[2]);
}

static gm_status source_information(const gm_pair *p, gm_measure *figures) {
    const gm_samples *x = p->of[GM_SPACE_NARROW];
    GM_TRY(gm_measure_jsd(p->device, &x[0], &x[1], NULL, &figures[0], &figures[1]));
    figures[2] = figures[0];
    return GM_OK;
}

static gm_status paired_information(const gm_pair *p, gm_measure *figures) {
    const gm_samples *x = p->of[GM_SPACE_NARROW];
    GM_TRY(gm_measure_mutual_information(p->device, &x[0], &x[1], p->k, &figures[0]));
    GM_TRY(gm_measure_conditional_entropy(p->device, &x[0], &x[1], p->k, GM_NORM_MAXIMUM, &figures[1]));
    return gm_measure_jsd(p->device, &x[0], &x[1], NULL, &figures[2], NULL);
}

static gm_status kl(const gm_pair *p, gm_measure *figures) {
    return gm_measure_kl(p->device, &p->of[GM_SPACE_NARROW][0], &p->of[GM_SPACE_NARROW][1], p->k, figures);
}

static gm_status reverse_kl(const gm_pair *p, gm_measure *figures) {
    return gm_measure_kl(p->device, &p->of[GM_SPACE_NARROW][1], &p->of[GM_SPACE_NARROW][0], p->k, figures);
}

static gm_status frechet(const gm_pair *p, gm_measure *figures) {
    return gm_measure_frechet(&p->of[GM_SPACE_WIDE][0], &p->of[GM_SPACE_WIDE][1], figures);
}

static gm_status kid(const gm_pair *p, gm_measure *figures) {
    return gm_measure_kid(p->device, &p->of[GM_SPACE_WIDE][0], &p->of[GM_SPACE_WIDE][1], figures);
}

static gm_status prdc(const gm_pair *p, gm_measure *figures) {
    gm_prdc found;
    GM_TRY(gm_measure_prdc(p->device, &p->of[GM_SPACE_WIDE][0], &p->of[GM_SPACE_WIDE][1], p->k, &found));
    figures[0] = found.precision;
    figures[1] = found.recall;
    figures[2] = found.density;
    figures[3] = found.coverage;
    return GM_OK;
}

static gm_status memorisation(const gm_pair *p, gm_measure *figures) {
    gm_memorisation found;
    GM_TRY(gm_measure_memorisation(p->device, &p->of[GM_SPACE_TRAINED][1], &p->of[GM_SPACE_TRAINED][0],
                                   &p->of[GM_SPACE_HELD_OUT][0], &found));
    figures[0] = found.rank;
    figures[1] = found.copies;
    return GM_OK;
}

static gm_status modes(const gm_pair *p, gm_measure *figures) {
    const gm_mixture *mixture = p->mixture;
    gm_mode_measures found;
    GM_TRY(gm_measure_mixture(&p->of[GM_SPACE_NARROW][1], mixture->centre, mixture->modes, mixture->sigma, &found));
    figures[0] = found.captured;
    figures[1] = found.quality;
    figures[1].flags |= found.under_dispersed ? (uint32_t)GM_MEASURE_UNDER_DISPERSED : 0;
    figures[2] = found.reverse_kl;
    return GM_OK;
}

static gm_status stacked_modes(const gm_pair *p, gm_measure *figures) {
    gm_mode_measures found;
    GM_TRY(gm_stacks_measure(&p->of[GM_SPACE_STACKS][1], p->grey_classes, &found));
    figures[0] = found.captured;
    figures[1] = found.reverse_kl;
    return GM_OK;
}

static gm_status classes(const gm_pair *p, gm_measure *figures) {
    gm_class_measures found;
    GM_TRY(gm_measure_classes(&p->of[GM_SPACE_PROBABILITIES][1], &found));
    figures[0] = found.entropy;
    figures[1] = found.conditional;
    figures[2] = found.information;
    figures[3] = found.score;
    figures[4] = found.confidence;
    return GM_OK;
}

static gm_measure text_figure(const gm_pair *p, double value) {
    bool missing = !isfinite(value);
    return (gm_measure){
        .value = missing ? 0 : value, .count = p->texts, .flags = missing ? (uint32_t)GM_MEASURE_MISSING : 0};
}

static gm_status short_grams(const gm_pair *p, gm_measure *figures) {
    for (size_t i = 0; i < 3; i++)
        figures[i] = text_figure(p, p->text->ngrams[i]);
    return GM_OK;
}

static gm_status long_grams(const gm_pair *p, gm_measure *figures) {
    for (size_t i = 0; i < 3; i++)
        figures[i] = text_figure(p, p->text->ngrams[3 + i]);
    return GM_OK;
}

static gm_status passages(const gm_pair *p, gm_measure *figures) {
    figures[0] = text_figure(p, p->text->known_words);
    figures[1] = text_figure(p, p->text->copies);
    figures[2] = text_figure(p, p->text->distinct_4);
    figures[3] = text_figure(p, p->text->distinct_6);
    return GM_OK;
}

static gm_measure clip_figure(const gm_pair *p, double value) {
    bool missing = !isfinite(value);
    return (gm_measure){
        .value = missing ? 0 : value, .count = p->clips, .flags = missing ? (uint32_t)GM_MEASURE_MISSING : 0};
}

static gm_status frames(const gm_pair *p, gm_measure *figures) {
    figures[0] = clip_figure(p, p->clip->frames);
    return GM_OK;
}

static gm_status differences(const gm_pair *p, gm_measure *figures) {
    figures[0] = clip_figure(p, p->clip->differences);
    return GM_OK;
}

static gm_status clips(const gm_pair *p, gm_measure *figures) {
    figures[0] = clip_figure(p, p->clip->clips);
    return GM_OK;
}

static gm_status energy(const gm_pair *p, gm_measure *figures) {
    figures[0] = clip_figure(p, p->clip->energy);
    return GM_OK;
}

static gm_status paths(const gm_pair *p, gm_measure *figures) {
    figures[0] = clip_figure(p, p->clip->paths);
    return GM_OK;
}

// ---- The table ----

#define ENTROPY_KEYS                                                                                                   \
    {"entropy_real", "how widely the real samples spread, nats (depends on scale)"}, {                                 \
        "entropy_fake", "the same of the fakes; bad: far below entropy_real (collapse) or far above (noise)"           \
    }

// clang-format off
const gm_estimator gm_estimators[] = {
    {GM_APPLIES_UNPAIRED, GM_SPACE_NARROW, independent_entropies,
     {ENTROPY_KEYS,
      {"joint_entropy", "of a real and an independent fake: the sum of both entropies; bad: as those"}}},
    {GM_APPLIES_PAIRED, GM_SPACE_NARROW, paired_entropies,
     {ENTROPY_KEYS,
      {"joint_entropy", "of the paired rows; bad: near the sum of both entropies (the pairs have nothing in common)"}}},
    {GM_APPLIES_UNPAIRED, GM_SPACE_NARROW, source_information,
     {{"mutual_information", "what a sample tells of its source (= jsd), 0 to .693; bad: towards .693"},
      {"conditional_entropy", "doubt about a sample's source, ln 2 - jsd; bad: towards 0 (fakes are told at sight)"},
      {"jsd", "Jensen-Shannon divergence, a lower bound, 0 to .693; bad: far above its control"}}},
    {GM_APPLIES_PAIRED, GM_SPACE_NARROW, paired_information,
     {{"mutual_information", "between the paired rows, nats; bad: near 0 where they should belong together"},
      {"conditional_entropy", "of a real row, given its fake; bad: near entropy_real (the fake tells nothing)"},
      {"jsd", "Jensen-Shannon divergence, a lower bound, 0 to .693; bad: far above its control"}}},
    {GM_APPLIES_ALWAYS, GM_SPACE_NARROW, kl,
     {{"kl", "KL(real||fake), nats; bad: large (real samples that fakes do not reach)"}}},
    {GM_APPLIES_ALWAYS, GM_SPACE_NARROW, reverse_kl,
     {{"reverse_kl", "KL(fake||real), nats; bad: large (fakes where nothing is real)"}}},
    {GM_APPLIES_ALWAYS, GM_SPACE_WIDE, frechet,
     {{"frechet", "distance of means and covariances; bad: far above its control (not comparable with FID)"}}},
    {GM_APPLIES_ALWAYS, GM_SPACE_WIDE, kid,
     {{"kid", "kernel distance, around 0 for equal distributions; bad: far above its control"}}},
    {GM_APPLIES_ALWAYS, GM_SPACE_WIDE, prdc,
     {{"precision", "share of fakes among the reals; bad: below its control (poor fakes)"},
      {"recall", "share of reals among the fakes; bad: below its control (lack of variety)"},
      {"density", "how deep among the reals the fakes lie; bad: far below 1 (poor) or far above (too typical)"},
      {"coverage", "share of reals with a fake beside them; bad: below its control (modes are missing)"}}},
    {GM_APPLIES_TO_SPLITS, GM_SPACE_TRAINED, memorisation,
     {{"memorisation", "chance that a fake lies nearer to a training item than a held-out one does; bad: far above .5, towards 1 (copies)"},
      {"near_copies", "share of fakes nearer to a training item than all but 1 % of held-out ones; bad: far above its control"}}},
    {GM_APPLIES_TO_MIXTURES, GM_SPACE_NARROW, modes,
     {{"modes", "modes with a fake of high quality; bad: fewer than the control"},
      {"quality", "share of fakes within 3 sigma of a mode; bad: below .989, or above it (under_dispersed)"},
      {"mode_reverse_kl", "KL(share of fakes per mode||equal shares); bad: above its control (modes are missing)"}}},
    {GM_APPLIES_TO_STACKS, GM_SPACE_STACKS, stacked_modes,
     {{"modes", "triples of classes that the fakes show, of 1000; bad: fewer than the control (of half the real samples)"},
      {"mode_reverse_kl", "KL(share of fakes per triple||equal shares); bad: far above 1000/2n, which perfect fakes have"}}},
    {GM_APPLIES_WITH_CLASSES, GM_SPACE_PROBABILITIES, classes,
     {{"class_entropy", "H(y) of the fakes' classes; bad: below its control (classes are missing)"},
      {"class_conditional_entropy", "H(y|x), the classifier's doubt; bad: above its control (unclear samples)"},
      {"class_information", "H(y) - H(y|x); bad: below its control"},
      {"class_score", "its exponential, at most the number of classes; bad: below its control"},
      {"class_confidence", "mean probability of the likeliest class; bad: below its control (unclear samples)"}}},
    {GM_APPLIES_TO_TEXTS, GM_SPACE_NARROW, short_grams,
     {{"ngrams_1", "Jensen-Shannon divergence of symbols, bits, 0 to 1; bad: above its control (training text)"},
      {"ngrams_2", "of pairs of symbols; a chain of order k has its control's for all n up to k + 1"},
      {"ngrams_3", "of three symbols"}}},
    {GM_APPLIES_TO_TEXTS, GM_SPACE_NARROW, long_grams,
     {{"ngrams_4", "of four"}, {"ngrams_5", "of five"}, {"ngrams_6", "of six"}}},
    {GM_APPLIES_TO_TEXTS, GM_SPACE_NARROW, passages,
     {{"known_words", "share of whole words that the training text has; bad: below its control"},
      {"copies", "share of texts whose first 32 symbols stand in the training text; bad: above its control"},
      {"distinct_4", "different four symbols as a share of all; bad: far below its control (repetition)"},
      {"distinct_6", "different six symbols as a share of all; bad: far below its control"}}},
    {GM_APPLIES_TO_CLIPS, GM_SPACE_FRAMES, frames,
     {{"frechet_frames", "distance of single frames; bad: far above its control"}}},
    {GM_APPLIES_TO_CLIPS, GM_SPACE_DIFFERENCES, differences,
     {{"frechet_differences", "of a frame and the next; bad: near that of frozen or shuffled frames (wrong motion)"}}},
    {GM_APPLIES_TO_CLIPS, GM_SPACE_CLIPS, clips,
     {{"frechet_clips", "of whole clips; bad: far above its control"}}},
    {GM_APPLIES_TO_CLIPS, GM_SPACE_MOTION, energy,
     {{"energy_variation", "how the energy of a clip's frames varies; bad: above its control (what is seen changes)"}}},
    {GM_APPLIES_TO_MOVING, GM_SPACE_MOTION, paths,
     {{"straight_paths", "share of clips whose centre of mass goes straight between the borders; bad: below 1"}}},
};
// clang-format on
const size_t gm_estimator_count = GM_COUNT(gm_estimators);

size_t gm_estimator_key_count(const gm_estimator *row) {
    size_t count = 0;
    while (count < GM_ESTIMATE_KEYS && row->keys[count].name)
        count++;
    return count;
}

// ---- Lists of keys ----

bool gm_metrics_have(const char *metrics, const char *key) {
    size_t length = strlen(key);
    for (const char *item = metrics; item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL)
        if (strncmp(item, key, length) == 0 && (item[length] == ',' || item[length] == '\0'))
            return true;
    return false;
}

bool gm_metrics_ask_for(const char *metrics, const gm_estimator *row) {
    for (size_t j = 0; j < gm_estimator_key_count(row); j++)
        if (gm_metrics_have(metrics, row->keys[j].name))
            return true;
    return false;
}

static bool is_key(const char *word, size_t length) {
    for (const gm_estimator *row = gm_estimators; row < gm_estimators + gm_estimator_count; row++)
        for (size_t j = 0; j < gm_estimator_key_count(row); j++)
            if (strlen(row->keys[j].name) == length && strncmp(word, row->keys[j].name, length) == 0)
                return true;
    return false;
}

// Whether the row gives other rows' keys for other data.
static bool repeats_keys(const gm_estimator *row) {
    return row->when == GM_APPLIES_PAIRED || row->when == GM_APPLIES_TO_STACKS;
}

static gm_status fail_unknown(const char *word, size_t length) {
    gm_text list = {0};
    for (const gm_estimator *row = gm_estimators; row < gm_estimators + gm_estimator_count; row++)
        for (size_t j = 0; j < gm_estimator_key_count(row) && !repeats_keys(row); j++)
            gm_text_printf(&list, "%s%s", list.length > 0 ? ", " : "", row->keys[j].name);
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

gm_status gm_estimator_fail_unknown(const char *key, const char *const sides[2]) {
    static const char *const data[] = {[GM_APPLIES_TO_MIXTURES] = "points of ring8 and grid25",
                                       [GM_APPLIES_TO_STACKS] = "images of stacked-fashion and stacked-mnist",
                                       [GM_APPLIES_TO_SPLITS] =
                                           "images with a test split, and of runs that learned from such,",
                                       [GM_APPLIES_WITH_CLASSES] = NULL,
                                       [GM_APPLIES_TO_TEXTS] = "texts",
                                       [GM_APPLIES_TO_CLIPS] = "clips",
                                       [GM_APPLIES_TO_MOVING] = "clips of moving-fashion and moving-mnist"};
    gm_text list = {0};
    for (const gm_estimator *row = gm_estimators; row < gm_estimators + gm_estimator_count; row++)
        if (gm_metrics_ask_for(key, row) && data[row->when])
            gm_text_printf(&list, "%s%s", list.length > 0 ? " and of " : "", data[row->when]);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "%s: known of %s alone, which neither %s nor %s is", key,
                               list.data ? list.data : "", sides[0], sides[1]);
    gm_text_finish(&list);
    return status;
}

gm_status gm_comparison_keys(char **text) {
    static const char *const when[] = {[GM_APPLIES_ALWAYS] = "",
                                       [GM_APPLIES_UNPAIRED] = "",
                                       [GM_APPLIES_PAIRED] = "paired: ",
                                       [GM_APPLIES_TO_MIXTURES] = "points of a mixture: ",
                                       [GM_APPLIES_TO_STACKS] = "stacked images: ",
                                       [GM_APPLIES_TO_SPLITS] = "data with a test split: ",
                                       [GM_APPLIES_WITH_CLASSES] = "classifier: ",
                                       [GM_APPLIES_TO_TEXTS] = "texts: ",
                                       [GM_APPLIES_TO_CLIPS] = "clips: ",
                                       [GM_APPLIES_TO_MOVING] = "moving images: "};
    gm_text keys = {0};
    for (const gm_estimator *row = gm_estimators; row < gm_estimators + gm_estimator_count; row++)
        for (size_t j = 0; j < gm_estimator_key_count(row); j++)
            gm_text_printf(&keys, "%-26s %s%s\n", row->keys[j].name, when[row->when], row->keys[j].help);
    gm_status status = keys.failed ? gm_fail_memory(4096, "the keys of measures") : GM_OK;
    if (status != GM_OK)
        gm_text_finish(&keys);
    *text = keys.data;
    return status;
}

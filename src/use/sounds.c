// Sounds that are wrong in a known way, beside those that are measured.
//   n sounds of C channels of W values
#include "use/sounds.h"

#include "data/decode.h"
#include "sample/sample.h"
#include "sound/spectrogram.h"
#include "sound/stft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 2000 }; // sounds of each row

static const uint64_t seed = 0;

// The real sounds as they are.
typedef struct waves {
    float *values; // (n, C W)
    size_t count, channels, window, rate;
} waves;

// ---- What is wrong with them; wrong (n, C W) ----

// The first half of one and the second half of the next.
static gm_status glue(const waves *w, float *wrong) {
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->channels * w->window; k++) {
            size_t from = k % w->window < w->window / 2 ? i : (i + 1) % w->count;
            wrong[i * w->channels * w->window + k] = w->values[from * w->channels * w->window + k];
        }
    return GM_OK;
}

static gm_status add_noise(const waves *w, float *wrong) {
    const uint32_t stream = gm_stream("sounds.noise");
    for (size_t i = 0; i < w->count * w->channels * w->window; i++)
        wrong[i] = w->values[i] + (float)(.05 * gm_philox_normal(seed, stream, 0, 0, i));
    return GM_OK;
}

static gm_status hush(const waves *w, float *wrong) {
    memset(wrong, 0, w->count * w->channels * w->window * sizeof *wrong);
    return GM_OK;
}

// The magnitudes of the spectra, each with a phase of its own.
static gm_status scatter(const waves *w, float *wrong) {
    const uint32_t stream = gm_stream("sounds.phases");
    const double turn = 2 * acos(-1);
    const size_t window = gm_spectrogram_window(w->rate);
    gm_stft *stft;
    float *spectra = NULL;
    GM_TRY(gm_stft_create(&stft, window, window / 4));
    const size_t entries = gm_stft_frames(stft, w->window) * gm_stft_bins(stft);
    gm_status status = gm_alloc(&spectra, entries, 2 * sizeof *spectra, "spectra");
    for (size_t i = 0; i < w->count * w->channels && status == GM_OK; i++) {
        gm_stft_forward(stft, w->values + i * w->window, w->window, spectra);
        for (size_t k = 0; k < entries; k++) {
            double phase = turn * gm_philox_uniform(seed, stream, (uint32_t)i, 0, k);
            double magnitude = hypot((double)spectra[2 * k], (double)spectra[2 * k + 1]);
            spectra[2 * k] = (float)(magnitude * cos(phase));
            spectra[2 * k + 1] = (float)(magnitude * sin(phase));
        }
        gm_stft_inverse(stft, spectra, w->window, wrong + i * w->window);
    }
    free(spectra);
    gm_stft_destroy(&stft);
    return status;
}

static const struct {
    const char *name;
    gm_status (*make)(const waves *w, float *wrong); // NULL: real ones that were held out
} yardsticks[GM_SOUND_ROWS - 1] = {
    {"held-out sounds", NULL},          {"random phases", scatter}, {"halves of two, glued", glue},
    {"noise of 0.05 added", add_noise}, {"silence", hush},
};

// ---- Figures ----

static gm_status fill(const gm_samples *real, const gm_samples *features, const gm_samples *probabilities,
                      gm_sound_figure *row) {
    gm_measure frechet;
    gm_class_measures classes;
    GM_TRY(gm_measure_frechet(real, features, &frechet));
    GM_TRY(gm_measure_classes(probabilities, &classes));
    row->count = features->count;
    row->frechet = frechet.flags & GM_MEASURE_MISSING ? NAN : frechet.value;
    row->score = classes.score.value;
    row->entropy = classes.entropy.value;
    row->confidence = classes.confidence.value;
    return GM_OK;
}

// Images (n, item) as the classifier takes them.
static gm_status judge(gm_image_classifier *classifier, const gm_samples *images, const gm_samples *real,
                       gm_sound_figure *row) {
    const size_t K = gm_image_classifier_classes(classifier);
    gm_samples features = {NULL, images->count, GM_IMAGE_CLASSIFIER_FEATURES}, probabilities = {NULL, images->count, K};
    float *values, *shares = NULL;
    GM_TRY(gm_alloc(&values, images->count * features.columns, sizeof *values, "features"));
    gm_status status = gm_alloc(&shares, images->count * K, sizeof *shares, "probabilities");
    if (status == GM_OK)
        status = gm_image_classifier_apply(classifier, images, -1, 1, values, shares);
    features.values = values;
    probabilities.values = shares;
    if (status == GM_OK)
        status = fill(real, &features, &probabilities, row);
    free(values);
    free(shares);
    return status;
}

// ---- Data ----

// A random part of the split's items as waves (schema NULL) or as the classifier takes them. free(*values)
static gm_status read(const gm_side *side, gm_split split, const gm_sound_schema *schema, float **values,
                      gm_dataset_info *info) {
    gm_dataset *data;
    gm_dataset_options options = side->data_options;
    int32_t *indices = NULL;
    gm_status status;
    options.sound = schema;
    options.split = split;
    *values = NULL;
    GM_TRY(gm_dataset_open(&data, side->data, &options));
    *info = *gm_dataset_get_info(data);
    const gm_sample format = gm_dataset_format(info, -1, 1);
    const size_t count = GM_MIN(info->count, (size_t)MOST);
    GM_TRY_DONE(gm_alloc(&indices, count, sizeof *indices, "indices"));
    GM_TRY_DONE(gm_alloc(values, count * info->item_values, sizeof **values, "sounds"));
    GM_TRY_DONE(gm_loader_indices(seed, 0, count, info->count, indices));
    status = gm_dataset_decode(data, &format, indices, count, *values, NULL);
    info->count = count;
    info->name = NULL; // the data set's
done:
    free(indices);
    gm_dataset_close(&data);
    if (status != GM_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}

// Sounds of the other split, where there is one; else the row stays missing.
static gm_status judge_held_out(const gm_side *real, gm_image_classifier *classifier, const gm_samples *features,
                                gm_sound_figure *row) {
    gm_dataset_info info;
    float *images;
    const gm_split other = real->data_options.split == GM_SPLIT_TEST ? GM_SPLIT_TRAIN : GM_SPLIT_TEST;
    if (read(real, other, real->data_options.sound, &images, &info) != GM_OK)
        return GM_OK;
    gm_status status = judge(classifier, &(gm_samples){images, info.count, info.item_values}, features, row);
    free(images);
    return status;
}

static gm_status judge_wrong(const gm_side *real, const waves *w, size_t which, gm_image_classifier *classifier,
                             const gm_samples *features, gm_sound_figure *row) {
    const gm_spectrogram s = gm_sample_spectrogram(real->data_options.sound);
    const size_t item = w->channels * s.bands * gm_spectrogram_frames(&s);
    float *wrong, *images = NULL;
    GM_TRY(gm_alloc(&wrong, w->count * w->channels * w->window, sizeof *wrong, "sounds"));
    gm_status status = gm_alloc(&images, w->count * item, sizeof *images, "spectrograms");
    if (status == GM_OK)
        status = yardsticks[which].make(w, wrong);
    if (status == GM_OK)
        status = gm_spectrogram_of(&s, wrong, w->count * w->channels, images);
    if (status == GM_OK)
        status = judge(classifier, &(gm_samples){images, w->count, item}, features, row);
    free(wrong);
    free(images);
    return status;
}

gm_status gm_sounds_compare(const gm_side *real, gm_image_classifier *classifier, const gm_samples features[2],
                            const gm_samples *probabilities, gm_sound_figure rows[GM_SOUND_ROWS]) {
    gm_sound_schema plain = *real->data_options.sound;
    gm_dataset_info info;
    waves w = {.rate = plain.rate, .window = plain.window};
    plain.bands = 0;
    rows[0] = (gm_sound_figure){.name = "samples"};
    GM_TRY(fill(&features[0], &features[1], probabilities, &rows[0]));
    GM_TRY(read(real, real->data_options.split, &plain, &w.values, &info));
    w.count = info.count;
    w.channels = info.channels;
    gm_status status = GM_OK;
    for (size_t i = 0; i < GM_COUNT(yardsticks) && status == GM_OK; i++) {
        gm_sound_figure *row = &rows[1 + i];
        *row = (gm_sound_figure){.frechet = NAN, .score = NAN, .entropy = NAN, .confidence = NAN};
        gm_snprintf(row->name, sizeof row->name, "%s", yardsticks[i].name);
        status = yardsticks[i].make ? judge_wrong(real, &w, i, classifier, &features[0], row)
                                    : judge_held_out(real, classifier, &features[0], row);
    }
    free(w.values);
    return status;
}

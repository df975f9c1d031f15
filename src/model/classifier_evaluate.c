// How well a trained classifier names held-out items.
//   K = classes; counts (K, K): items of the row's class that were taken for the column's.
#include "data/classes.h"
#include "model/classifier.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 1024 };

size_t gm_classifier_answer(const float *logits, size_t count) {
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(logits[i]))
            return GM_NO_ANSWER;
        if (logits[i] > logits[best])
            best = i;
    }
    return best;
}

// `answers` says which class of the data each of the model's is; K: none of them.
// Items first ... first + count - 1; `values` and `logits` have room for them.
static gm_status count_answers(const gm_evaluation_source *source, const gm_use *use, gm_plan *plan, size_t first,
                               size_t count, const size_t *answers, float *values, float *logits, size_t *counts) {
    int32_t indices[CHUNK], labels[CHUNK];
    size_t K = gm_dataset_get_info(source->data)->class_count, width = gm_use_find_output(use, "logits")->values;
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)(first + i);
    GM_TRY(gm_dataset_decode(source->data, &source->format, indices, count, values, labels));
    GM_TRY(gm_use_run(use, plan, (const void *[GM_USE_PORTS]){values}, count, (float *[GM_USE_PORTS]){logits}));
    for (size_t i = 0; i < count; i++) {
        size_t answer = gm_classifier_answer(logits + i * width, width);
        if (answer == GM_NO_ANSWER)
            return gm_fail(GM_ERROR_STATE, "item %zu has no answer: the classifier gives values that are not finite",
                           first + i);
        if (answers[answer] < K)
            counts[(size_t)labels[i] * K + answers[answer]]++;
    }
    return GM_OK;
}

// -> answers (width), as above.
static gm_status match_classes(const gm_evaluation_source *source, size_t width, size_t *answers) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    size_t K = data->class_count, *places;
    GM_TRY(gm_alloc(&places, K, sizeof *places, "classes"));
    gm_status status = gm_classes_match(data, source->class_names, GM_MIN(source->class_count, width), places);
    for (size_t i = 0; i < width; i++)
        answers[i] = K;
    for (size_t k = 0; k < K && status == GM_OK; k++)
        answers[places[k]] = k;
    free(places);
    return status;
}

static gm_status count_all(const gm_evaluation_source *source, const gm_use *use, gm_plan *plan, size_t *counts) {
    float *values = NULL, *logits = NULL;
    size_t width = gm_use_find_output(use, "logits")->values, *answers;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&answers, width, sizeof *answers, "classes"));
    GM_TRY_DONE(match_classes(source, width, answers));
    GM_TRY_DONE(gm_alloc(&values, CHUNK * gm_sample_values(&source->format), sizeof *values, "items"));
    GM_TRY_DONE(gm_alloc(&logits, CHUNK * width, sizeof *logits, "logits"));
    for (size_t first = 0; first < source->count; first += CHUNK)
        GM_TRY_DONE(count_answers(source, use, plan, first, GM_MIN(source->count - first, (size_t)CHUNK), answers,
                                  values, logits, counts));
done:
    free(answers);
    free(values);
    free(logits);
    return status;
}

// The items of each class.
static size_t *count_labels(gm_arena *arena, const gm_evaluation_source *source, size_t K) {
    const int32_t *labels = gm_dataset_labels(source->data);
    size_t *of = gm_arena_alloc(arena, K * sizeof *of);
    for (size_t i = 0; of && i < source->count; i++)
        of[labels[i]]++;
    return of;
}

// A share with its binomial standard error; of none there is no share.
static gm_evaluation_figure share(const char *key, const char *label, const char *of, size_t right, size_t all,
                                  const char *help) {
    double n = (double)all, p = all > 0 ? (double)right / n : NAN;
    return (gm_evaluation_figure){
        .key = key, .label = label, .of = of, .value = p, .error = all > 0 ? sqrt(p * (1 - p) / n) : NAN, .help = help};
}

static gm_status report(gm_evaluation *evaluation, const gm_evaluation_source *source, const size_t *counts, size_t K) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    const char **names = gm_arena_alloc(&evaluation->arena, K * sizeof *names);
    size_t *of = count_labels(&evaluation->arena, source, K), *others, right = 0;
    others = gm_arena_alloc(&evaluation->arena, K * sizeof *others);
    if (!names || !of || !others)
        return gm_fail_memory(K * sizeof *of, "an evaluation");
    for (size_t k = 0; k < K; k++) {
        right += counts[k * K + k];
        others[k] = of[k];
        for (size_t answer = 0; answer < K; answer++)
            others[k] -= counts[k * K + answer];
        names[k] = gm_arena_string(&evaluation->arena, data->class_names[k]);
        if (!names[k])
            return gm_fail_memory(64, "an evaluation");
    }
    evaluation->info.unit = "share of the items";
    evaluation->confusion = (gm_confusion){K, names, counts, others};
    GM_TRY(gm_evaluation_add(evaluation, share("accuracy", "accuracy", NULL, right, source->count,
                                               "items whose class has the largest logit")));
    for (size_t k = 0; k < K; k++)
        GM_TRY(gm_evaluation_add(
            evaluation, share("recall", "recall", names[k], counts[k * K + k], of[k], "of the items of this class")));
    return GM_OK;
}

// Fails where the layers do not take items of this size.
static gm_status open_use(gm_use *use, gm_plan **plan, const gm_evaluation_source *source) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    gm_status status = gm_use_init(use, &gm_classifier_classify, source->recipe, &source->format);
    if (status == GM_OK)
        status = gm_plan_create(plan, use->graph, source->state, NULL);
    if (status != GM_ERROR_ARGUMENT && status != GM_ERROR_FORMAT)
        return status;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: its items are %zux%zux%zu, which this run's classifier of %s does not take",
                   data->name, data->channels, data->height, data->width, gm_common_of(source->recipe)->data.source);
}

gm_status gm_classifier_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    size_t K = data->class_count;
    gm_use use = {0};
    gm_plan *plan = NULL;
    gm_status status;
    if (source->samples > 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: this run's model is a classifier, which draws no importance samples: they "
                       "are for a vae's bounds",
                       gm_recipe_file(source->recipe));
    if (K == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no labels to hold the classifier's answers against", data->name);
    size_t *counts = gm_arena_alloc(&evaluation->arena, K * K * sizeof *counts);
    if (!counts)
        return gm_fail_memory(K * K * sizeof *counts, "a confusion matrix");
    GM_TRY_DONE(open_use(&use, &plan, source));
    if (gm_use_find_output(&use, "logits")->values < K)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu classes, but this run's classifier knows %zu", data->name,
                            K, gm_use_find_output(&use, "logits")->values));
    GM_TRY_DONE(count_all(source, &use, plan, counts));
    status = report(evaluation, source, counts, K);
done:
    gm_plan_destroy(&plan);
    gm_use_finish(&use);
    return status;
}

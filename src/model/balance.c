// Class weights: given one by one, or from how many items each class has.
#include "model/balance.h"

#include "base/base.h"
#include "model/common.h"

#include <math.h>
#include <stdlib.h>

// ---- The key ----

static gm_status read_weights(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    static const gm_parameter item = {
        .key = "class_weights", .kind = GM_PARAMETER_NUMBER, .minimum = 0, .maximum = 1000000};
    static const char allowed[] = "a list of numbers from 0 on, one per class and not all 0";
    gm_recipe_list *list = field;
    double largest = 0;
    GM_TRY(gm_recipe_read_list(arena, key, list, node, &item, allowed));
    for (size_t i = 0; i < list->count; i++)
        largest = fmax(largest, list->values[i]);
    return list->count > 0 && largest <= 0 ? gm_recipe_refuse(node, key, allowed) : GM_OK;
}

static void allow_weights(gm_text *text) {
    gm_text_append(text, "a list of numbers");
}

const gm_recipe_type gm_class_weights_type = {read_weights, gm_recipe_write_list, allow_weights};

// ---- Weights ----

static bool by_counts(const gm_recipe *recipe) {
    return gm_common_of(recipe)->data.balance == GM_BALANCE_WEIGHTS;
}

bool gm_classes_are_weighed(const gm_recipe *recipe, const gm_recipe_list *list) {
    return list->count > 0 || by_counts(recipe);
}

gm_status gm_classes_check(const gm_recipe *recipe, const gm_recipe_list *list, const gm_dataset_info *data) {
    if (list->count > 0 && by_counts(recipe))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: class_weights and data.balance: weights exclude each other: leave one out", list->origin);
    if (list->count > 0 && data->class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: class_weights need labels, but %s has none", list->origin, data->name);
    if (list->count > 0 && list->count != data->class_count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: class_weights has %zu numbers, but %s has %zu classes: give one each",
                       list->origin, list->count, data->name, data->class_count);
    return GM_OK;
}

static void fill_by_counts(const gm_model_source *source, float *weights) {
    size_t K = source->data->class_count, items = 0, classes = 0;
    for (size_t k = 0; k < K; k++) {
        items += source->class_counts[k];
        classes += source->class_counts[k] > 0;
    }
    for (size_t k = 0; k < K; k++) {
        size_t count = source->class_counts[k];
        weights[k] = count > 0 ? (float)((double)items / ((double)classes * (double)count)) : 0;
    }
}

gm_status gm_classes_weigh(const gm_recipe *recipe, const gm_recipe_list *list, const gm_model_source *source,
                           gm_tensor *labels, gm_tensor **weights) {
    size_t K = source->data->class_count;
    float *values;
    *weights = NULL;
    if (!gm_classes_are_weighed(recipe, list))
        return GM_OK;
    if (!source->class_counts && list->count == 0)
        return gm_fail(GM_ERROR_STATE, "the class weights of data.balance need the classes' counts");
    GM_TRY(gm_alloc(&values, K, sizeof *values, "class weights"));
    if (list->count == 0)
        fill_by_counts(source, values);
    for (size_t k = 0; k < list->count; k++)
        values[k] = (float)list->values[k];
    *weights = gm_gather(gm_constant_array(gm_tensor_graph(labels), GM_FLOAT32, GM_SHAPE(K), values), labels);
    free(values);
    return GM_OK;
}

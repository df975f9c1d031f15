// Classes of unlike size: what samples of each count in a loss (class_weights, data.balance: weights).
#ifndef GM_MODEL_BALANCE_H
#define GM_MODEL_BALANCE_H

#include "model/model.h"
#include "recipe/value.h"

extern const gm_recipe_type gm_class_weights_type; // gm_recipe_list

// The row of the field `class_weights` (gm_recipe_list) in the settings struct `of`.
#define GM_CLASS_WEIGHTS_ROW(of)                                                                                       \
    GM_ROW_TYPED(of, "class_weights", class_weights, gm_class_weights_type, "[]", false,                               \
                 "what samples of each class count in the losses, one number per class; []: as data.balance says")

// Whether samples are weighed at all, so that a model needs their labels. list: the recipe's class_weights.
bool gm_classes_are_weighed(const gm_recipe *recipe, const gm_recipe_list *list);
// Fails where the list does not fit the data, or excludes data.balance.
gm_status gm_classes_check(const gm_recipe *recipe, const gm_recipe_list *list, const gm_dataset_info *data);
// Of the classes of labels, int32 (N) -> (N); NULL where all count 1. Behind gm_classes_check. By data.balance class k
// of K counts count / (K count_k): 1 on average, each class as much as any other.
gm_status gm_classes_weigh(const gm_recipe *recipe, const gm_recipe_list *list, const gm_model_source *source,
                           gm_tensor *labels, gm_tensor **weights);

#endif

// Evaluating conditional generators.
#ifndef GM_USE_CONDITIONAL_EVALUATE_H
#define GM_USE_CONDITIONAL_EVALUATE_H

#include "ganymede/evaluate.h"
#include "model/evaluation.h"
#include "use/trained.h"

// Whether the recipe's model makes samples of classes that are asked for.
bool gm_is_conditional(const gm_recipe *recipe);
// Of each class the share of samples that are named as asked (label fidelity) and how far they spread, beside its real
// images, and the Frechet distance of all.
gm_status gm_conditional_evaluate(gm_evaluation *evaluation, const gm_trained *trained, const char *run,
                                  const gm_evaluation_options *options);

#endif

// Language models: one network from the symbols of a text so far to the next one.
#ifndef GM_MODEL_LANGUAGE_H
#define GM_MODEL_LANGUAGE_H

#include "data/chain.h"
#include "ganymede/optim.h"
#include "model/kind.h"
#include "model/training.h"

typedef struct gm_language_settings {
    gm_layer_list language; // from symbols to channels of each position; a map to a logit per symbol follows
    int initializer;        // gm_weight_initializer
    struct {
        gm_optimizer language;
    } optimizer;
    size_t accumulate; // batches whose mean gradient makes one update
    gm_averaging average;
    size_t length; // symbols of a sample; 0: of the data's window
} gm_language_settings;

extern const gm_recipe_section gm_language_section;
const gm_language_settings *gm_language_of(const gm_recipe *recipe); // NULL: the model is of another kind

// The network's layers for texts of so many symbols, the last map among them: of the graph's arena.
gm_status gm_language_layers(gm_graph *graph, const gm_language_settings *settings, size_t symbols,
                             gm_layer_list *layers);

// How many classes the network knows; SIZE_MAX: it is not told any.
size_t gm_language_classes(const gm_language_settings *settings, const gm_layer **layer);

gm_status gm_language_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);
// Bits per symbol on a text, beside those of Markov chains.
gm_status gm_language_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source);
// The share of symbols right in gaps, beside plain ways: a chain of order 5 at least. places: of the data's classes
// among the model's; NULL: it is told none.
gm_status gm_language_evaluate_gaps(gm_evaluation *evaluation, const gm_evaluation_source *source,
                                    const gm_chain *chain, const size_t *places);
// The use `generate`; and `read`: what the model says of a text, position by position,
//   data [, labels] -> surprise: -ln p(symbol | those before it)
// and `spell`, the same of all symbols, position by position:
//   symbol (code + 1; 0: the beginning of a text) [, labels] -> likelihoods: ln p of each that may come next
enum { GM_LANGUAGE_USES = 3 };
extern const gm_use_row gm_language_uses[GM_LANGUAGE_USES];

extern const gm_model_kind gm_language_kind;

#endif

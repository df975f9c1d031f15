// What is said of a translation learned from pairs on held-out ones: how near its results come, beside plain ways.
#ifndef GM_USE_TRANSLATE_EVALUATE_H
#define GM_USE_TRANSLATE_EVALUATE_H

#include "model/evaluation.h"
#include "use/trained.h"

enum { GM_TRANSLATE_EVALUATED = 1000 }; // pairs, unless another number is asked for

// Figures, each of the run and of every plain way: "l1" and "psnr" over whole images, black to white being 1, the
// latter in dB and averaged over the images; where the second source has labels also "accuracy", the share of results
// that its classifier names as the true counterparts are labelled (of these themselves: "real"), and "frechet" between
// results and true counterparts on its features.
gm_status gm_translate_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source,
                                const gm_trained *trained, const char *run);

#endif

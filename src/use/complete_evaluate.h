// What is said of a completion on held-out images: how near its fills come, beside plain ones.
#ifndef GM_USE_COMPLETE_EVALUATE_H
#define GM_USE_COMPLETE_EVALUATE_H

#include "model/evaluation.h"
#include "use/trained.h"

enum { GM_COMPLETE_EVALUATED = 1000, GM_SEARCH_EVALUATED = 100 }; // images, unless another number is asked for

// The middle half of height and width is hidden. Figures, each of the run and of every plain fill: "l1" and "psnr" of
// the hidden pixels, black to white being 1, the latter in dB and averaged over the images; "frechet" between the
// completed images and the real ones, on the features of the data's classifier, where there is one.
gm_status gm_complete_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source, const gm_trained *trained,
                               const char *run);

#endif

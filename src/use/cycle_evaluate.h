// What can be said of a translation learned without pairs, on held-out images.
#ifndef GM_USE_CYCLE_EVALUATE_H
#define GM_USE_CYCLE_EVALUATE_H

#include "model/evaluation.h"
#include "use/trained.h"

enum { GM_CYCLE_EVALUATED = 1000 }; // images, unless another number is asked for

// Figures of the way from the first source to the second, of the run and of plain ways:
//   cycle      the mean distance of an image from what there and back again makes of it (of the run alone)
//   named      where the second source is of some classes alone: the share that a classifier names as one of these
//   brightness the correlation of an image's mean with the result's: what of the image is kept
//   frechet    between results and held-out images of the second source, on 16 principal components of these
//   l1, psnr   from the true counterparts, where the second source is another view of the same images
// Black to white is 1.
gm_status gm_cycle_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source, const gm_trained *trained,
                            const char *run);

#endif

// What a sampler is made of.
#ifndef GM_USE_SAMPLER_H
#define GM_USE_SAMPLER_H

#include "ganymede/sampler.h"
#include "use/trained.h"

struct gm_sampler {
    gm_trained trained;
    gm_use use; // `generate`
    gm_plan *plan;
    const char *const *class_names; // the checkpoint's, of the first class_count classes
    size_t class_count;
};

#endif

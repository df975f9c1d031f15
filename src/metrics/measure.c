// Figures and what must be said of them.
#include "ganymede/metrics.h"

#include "base/base.h"

const char *gm_measure_flag_name(gm_measure_flag flag) {
    static const struct {
        gm_measure_flag flag;
        const char *name;
    } names[] = {
        {GM_MEASURE_MISSING, "missing"},
        {GM_MEASURE_FEW, "few"},
        {GM_MEASURE_DUPLICATES, "duplicates"},
        {GM_MEASURE_CONSTANT, "constant"},
        {GM_MEASURE_NOT_FINITE, "not_finite"},
        {GM_MEASURE_BIASED, "biased"},
        {GM_MEASURE_CLIPPED, "clipped"},
        {GM_MEASURE_UNDER_DISPERSED, "under_dispersed"},
        {GM_MEASURE_FAR, "far"},
    };
    for (size_t i = 0; i < GM_COUNT(names); i++)
        if (names[i].flag == flag)
            return names[i].name;
    return NULL;
}

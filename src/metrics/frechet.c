// The Fréchet distance of two sets of features, each taken for a Gaussian (Heusel et al. 2017).
#include "metrics/moments.h"

gm_status gm_measure_frechet(const gm_samples *real, const gm_samples *fake, gm_measure *measure) {
    gm_rows a, b;
    gm_moments of_real = {0}, of_fake = {0};
    gm_status status = GM_OK;
    *measure = gm_measure_missing(0, 0);
    GM_TRY(gm_rows_init_both(&a, &b, real, fake));
    gm_measure found = gm_rows_measure(&a, &b, 2);
    if (found.count <= a.columns)
        found.flags |= GM_MEASURE_FEW;
    // The covariances' errors add about columns (columns + 1) / 2N and the means' 2 columns / N, in variances.
    if (found.count < 10 * a.columns)
        found.flags |= GM_MEASURE_BIASED;
    if (!(found.flags & GM_MEASURE_MISSING)) {
        GM_TRY_DONE(gm_moments_init(&of_real, a.values, a.count, a.columns));
        GM_TRY_DONE(gm_moments_init(&of_fake, b.values, b.count, b.columns));
        GM_TRY_DONE(gm_frechet_of_moments(&of_real, &of_fake, &found.value));
    }
    *measure = found;
done:
    gm_moments_finish(&of_real);
    gm_moments_finish(&of_fake);
    gm_rows_finish(&a);
    gm_rows_finish(&b);
    return status;
}

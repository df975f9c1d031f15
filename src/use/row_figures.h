// Figures of two tables as rows: what tells generated rows from real ones, and what can be learned from them.
#ifndef GM_USE_ROW_FIGURES_H
#define GM_USE_ROW_FIGURES_H

#include "ganymede/measure.h"
#include "use/side.h"

// See gm_comparison_rows. trained: what the fakes' run learned from; NULL: not known, or the real side itself.
// free(*figures)
gm_status gm_row_figures(gm_device *device, const gm_side *real, const gm_side *fake, const gm_side *trained,
                         const char *targets, gm_row_figure **figures, size_t *count);

#endif

// Pictures of many samples, not yet in a file.
#ifndef GM_SAMPLE_GRID_H
#define GM_SAMPLE_GRID_H

#include "sample/raster.h"

// As gm_image_grid and gm_image_scatter draw them; depth: 8 or 16, of dots always 8. `name` for messages.
// gm_raster_finish(picture)
gm_status gm_grid_draw(const char *name, const float *images, const gm_image_grid_params *grid, size_t depth,
                       gm_raster *picture);
gm_status gm_scatter_draw(const char *name, const float *points, size_t count, double low, double high, size_t size,
                          gm_raster *picture);

#endif

// Images in another size.
#include "use/rescale.h"

#include "data/fit.h"

gm_status gm_rescale(const float *from, const gm_picture_shape *shape, const gm_picture_shape *to, float *values) {
    const gm_fit_source source = {.pixels = from,
                                  .width = shape->width,
                                  .height = shape->height,
                                  .channels = shape->channels,
                                  .step = 1,
                                  .plane = shape->height * shape->width,
                                  .type = GM_PICTURE_F32};
    return gm_fit_picture(&source, GM_FIT_RESIZE,
                          &(gm_fit_target){shape->channels, to->height, to->width, .floats = true}, values);
}

// Whether a layer can take the axes behind the channels of a tensor, and has as many numbers as there are.
#include "nn/layers.h"

#include "graph/graph.h"

bool gm_positions_usable(gm_tensor *x, size_t most_axes) {
    const gm_shape *shape = gm_tensor_shape(x);
    if (shape->rank >= 3 && shape->rank <= 2 + most_axes)
        return true;
    gm_fault(gm_tensor_graph(x), "it takes sequences (N, C, L)%s, not %s: put `reshape: [C, H, W]` before it",
             most_axes > 2 ? ", images (N, C, H, W) or volumes (N, C, D, H, W)" : " or images (N, C, H, W)",
             gm_shape_text(shape));
    return false;
}

bool gm_axes_usable(gm_tensor *x, const char *key, const size_t *numbers) {
    const size_t axes = gm_tensor_shape(x)->rank - 2;
    size_t given = 0;
    while (given < GM_SPATIAL_AXES && numbers[given] != GM_NO_AXIS)
        given++;
    bool fits = given == axes || given == GM_SPATIAL_AXES;
    for (size_t i = axes; i < given; i++) // one for all, or what a program has not set
        fits = fits && (numbers[i] == 0 || numbers[i] == numbers[0]);
    if (!fits)
        gm_fault(gm_tensor_graph(x), "%s has %zu numbers for the %zu behind the channels of %s", key, given, axes,
                 gm_shape_text(gm_tensor_shape(x)));
    return fits;
}

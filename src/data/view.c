// What is made of images once they are fitted: their negative, their edges.
//   Each channel (H, W) by itself, as floats from 0, black, to 1, white.
#include "data/view.h"

#include <math.h>
#include <stdlib.h>

// Values of a channel, stored as bytes or floats.
typedef struct plane {
    void *values;
    bool bytes;
    double black, white;
} plane;

static double load(const plane *p, size_t i) {
    double value = p->bytes ? (double)((const uint8_t *)p->values)[i] : (double)((const float *)p->values)[i];
    return (value - p->black) / (p->white - p->black);
}

static void store(const plane *p, size_t i, double value) {
    value = p->black + value * (p->white - p->black);
    if (p->bytes)
        ((uint8_t *)p->values)[i] = (uint8_t)lrint(value);
    else
        ((float *)p->values)[i] = (float)value;
}

// Sobel's gradient at (y, x) of a channel whose borders are repeated.
static double gradient(const float *x, size_t height, size_t width, size_t row, size_t column) {
    static const double smooth[3] = {1, 2, 1};
    double across = 0, down = 0;
    for (size_t k = 0; k < 3; k++) {
        size_t r = GM_MIN(row + k > 0 ? row + k - 1 : 0, height - 1);
        size_t c = GM_MIN(column + k > 0 ? column + k - 1 : 0, width - 1);
        size_t left = column > 0 ? column - 1 : 0, right = GM_MIN(column + 1, width - 1);
        size_t above = row > 0 ? row - 1 : 0, below = GM_MIN(row + 1, height - 1);
        across += smooth[k] * (double)(x[r * width + right] - x[r * width + left]);
        down += smooth[k] * (double)(x[below * width + c] - x[above * width + c]);
    }
    return sqrt(across * across + down * down);
}

// room: for a channel.
static void find_edges(const plane *p, size_t height, size_t width, float *room) {
    static const double divisor = 4, threshold = .3;
    for (size_t i = 0; i < height * width; i++)
        room[i] = (float)load(p, i);
    for (size_t row = 0; row < height; row++)
        for (size_t column = 0; column < width; column++)
            store(p, row * width + column, gradient(room, height, width, row, column) / divisor > threshold);
}

gm_status gm_image_view_apply(const gm_dataset_info *info, gm_image_view view, void *items, size_t count) {
    size_t area = info->height * info->width, value = info->kind == GM_DATASET_IMAGES ? 1 : sizeof(float);
    float *room = NULL;
    if (view == GM_VIEW_EDGES)
        GM_TRY(gm_alloc(&room, area, sizeof *room, "edges"));
    for (size_t k = 0; view != GM_VIEW_PLAIN && k < count * info->item_values / area; k++) {
        const plane p = {(char *)items + k * area * value, value == 1, info->black, info->white};
        if (view == GM_VIEW_EDGES)
            find_edges(&p, info->height, info->width, room);
        for (size_t i = 0; view == GM_VIEW_NEGATIVE && i < area; i++)
            store(&p, i, 1 - load(&p, i));
    }
    free(room);
    return GM_OK;
}

gm_status gm_image_view_make(gm_dataset *dataset, const gm_dataset_options *options) {
    const gm_dataset_info *info = &dataset->info;
    if (options->view == GM_VIEW_PLAIN)
        return GM_OK;
    if (!(info->white > info->black))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: holds numbers without a black and a white, of which data.view makes nothing: leave it out, "
                       "or give them a range with data.scale",
                       info->name);
    dataset->view = options->view;
    return dataset->items ? gm_image_view_apply(info, options->view, dataset->items, info->count) : GM_OK;
}

// Features whose means tell distributions apart, and that owe nothing to the data: the outputs of a network of random
// weights, and products of coefficients.
//
//   block f (D values)    f / sqrt(|f|^2 + D / 8), so that none is longer than 1, and how long it was remains to be
//   seen;
//                         1/8 is about the mean square of pixels in [0, 1]
//   products              y y', y such a block of the P lowest coefficients of the cosine transform, those of frequency
//                         (u, v) times 1 + u + v, as images have less of them; of samples that are no images, of the
//                         first P values. Their means hold the class's covariance
#include "model/moments.h"

#include "base/base.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>

static const double usual_square = 1. / 8;

gm_status gm_moments_features_init(gm_moments_features *f, gm_model *model, const gm_moments_settings *settings) {
    const gm_layer_list *layers = &settings->moments.features;
    *f = (gm_moments_features){.settings = settings};
    return layers->count > 0 ? gm_model_add_network(model, "features", layers, GM_WEIGHTS_KAIMING_NORMAL, &f->network)
                             : GM_OK;
}

// (N, ...) -> (N, D)
static gm_tensor *flatten(gm_tensor *x) {
    const gm_shape *shape = gm_tensor_shape(x);
    return gm_reshape(x, GM_SHAPE(shape->dim[0], gm_shape_count(shape) / shape->dim[0]));
}

static gm_tensor *shorten(gm_tensor *f) {
    const size_t D = gm_tensor_shape(f)->dim[1];
    gm_tensor *square = gm_offset(gm_sum(gm_square(f), GM_AXIS(1)), usual_square * (double)D);
    return gm_multiply(f, gm_rsqrt(square));
}

// Column p: what coefficient p takes of each value of an image (C, H, W). By rising frequency, of each the channels.
static void fill_cosines(float *matrix, const gm_shape *image, size_t P) {
    const double pi = 3.14159265358979323846;
    const size_t C = image->dim[1], H = image->dim[2], W = image->dim[3];
    size_t p = 0;
    for (size_t sum = 0; p < P; sum++)
        for (size_t u = 0; u <= sum && p < P; u++)
            for (size_t c = 0; c < C && p < P && u < H && sum - u < W; c++, p++)
                for (size_t i = 0; i < H * W; i++) {
                    const double y = (double)(i / W) + .5, x = (double)(i % W) + .5, v = (double)(sum - u);
                    const double length = sqrt((u ? 2. : 1.) / (double)H * (sum > u ? 2. : 1.) / (double)W);
                    matrix[(c * H * W + i) * P + p] =
                        (float)((1 + (double)sum) * length * cos(pi * (double)u * y / (double)H) *
                                cos(pi * v * x / (double)W));
                }
}

static gm_status coefficients(gm_tensor *x, size_t P, gm_tensor **y) {
    const gm_shape *shape = gm_tensor_shape(x);
    const size_t N = shape->dim[0], values = gm_shape_count(shape) / N;
    if (shape->rank != 4) {
        *y = gm_slice(flatten(x), (size_t[]){0, 0}, (size_t[]){N, P});
        return GM_OK;
    }
    float *matrix;
    GM_TRY(gm_alloc(&matrix, values * P, sizeof *matrix, "a cosine transform"));
    fill_cosines(matrix, shape, P);
    gm_tensor *basis = gm_constant_array(gm_tensor_graph(x), GM_FLOAT32, GM_SHAPE(values, P), matrix);
    free(matrix);
    *y = gm_gemm(flatten(x), basis, NULL);
    return GM_OK;
}

static gm_status products(const gm_moments_features *f, gm_tensor *x, gm_tensor **block) {
    const size_t N = gm_tensor_shape(x)->dim[0], values = gm_shape_count(gm_tensor_shape(x)) / N;
    const size_t P = GM_MIN(f->settings->moments.products, values);
    gm_tensor *y;
    GM_TRY(coefficients(x, P, &y));
    y = shorten(y);
    *block = flatten(gm_multiply(gm_reshape(y, GM_SHAPE(N, P, 1)), gm_reshape(y, GM_SHAPE(N, 1, P))));
    return GM_OK;
}

gm_status gm_moments_features_apply(gm_moments_features *f, gm_tensor *x) {
    enum { MOST = 64 };
    gm_tensor *blocks[MOST];
    size_t taps = 0;
    f->blocks = 0;
    if (f->settings->moments.products > 0)
        GM_TRY(products(f, x, &blocks[f->blocks++]));
    if (f->network) {
        // In inference, where no layer looks across samples: the features of an item are its own.
        gm_tensor *last = gm_network_apply(f->network, x, GM_MODE_INFERENCE, NULL);
        GM_TRY(gm_graph_status(gm_tensor_graph(x)));
        gm_tensor *const *outputs = gm_network_outputs(f->network, &taps);
        for (size_t i = 0; i < taps && f->blocks + 1 < MOST; i++)
            blocks[f->blocks++] = shorten(flatten(outputs[i]));
        blocks[f->blocks++] = shorten(flatten(last));
    }
    f->values = gm_concat(blocks, f->blocks, 1);
    return gm_graph_status(gm_tensor_graph(x));
}

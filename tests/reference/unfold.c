// Windows of a volume's depth as channels of images, and their sums.
#include "operations.h"

#include <math.h>

// What the two share: every pair of an element of the volume (N, C, depth, H, W) and one of the images
// (N count, size C, H, W) that is the same value. `add` gets their positions.
typedef struct pair_sums {
    const gm_operand *in;
    bool fold;
    double *value, *magnitude;
} pair_sums;

static void add(const pair_sums *sums, size_t volume, size_t image) {
    size_t to = sums->fold ? volume : image, from = sums->fold ? image : volume;
    sums->value[to] += sums->in->value[from];
    sums->magnitude[to] += sums->in->magnitude[from] + (sums->fold ? fabs(sums->in->value[from]) : 0);
}

static void each_pair(const gm_shape *volume, const gm_unfold_attributes *windows, const pair_sums *sums) {
    size_t C = volume->dim[1], D = windows->depth, area = volume->dim[3] * volume->dim[4];
    for (size_t n = 0; n < volume->dim[0]; n++)
        for (size_t i = 0; i < windows->count; i++)
            for (size_t t = 0; t < windows->size; t++) {
                size_t d = i * windows->step + t * windows->dilation; // behind the padding
                if (d < windows->padding || d >= D + windows->padding)
                    continue;
                for (size_t c = 0; c < C; c++)
                    for (size_t at = 0; at < area; at++)
                        add(sums, ((n * C + c) * D + d - windows->padding) * area + at,
                            (((n * windows->count + i) * windows->size + t) * C + c) * area + at);
            }
}

static void run(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, bool fold) {
    for (size_t i = 0; i < gm_shape_count(&y->shape); i++)
        value[i] = magnitude[i] = 0;
    each_pair(fold ? &y->shape : &in->tensor->shape, y->attributes,
              &(pair_sums){.in = in, .fold = fold, .value = value, .magnitude = magnitude});
}

static void unfold(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    run(y, in, value, magnitude, false);
}

static void fold(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    run(y, in, value, magnitude, true);
}

const gm_reference_row gm_reference_unfolds[] = {{&gm_op_unfold, unfold}, {&gm_op_fold, fold}, {NULL, NULL}};

// Windows of a volume's depth as channels of images, and their sums.
#include "operations.h"

#include <math.h>

// What the two share: every pair of an element of the volume (N, C, depth, H, W) and one of the images
// (N count, blocks C, H, W) that it is a term of, or that is one of its. `add` gets their positions.
typedef struct pair_sums {
    const gm_operand *in;
    bool fold, sum;
    double *value, *magnitude;
} pair_sums;

static void add(const pair_sums *sums, size_t volume, size_t image, double factor) {
    size_t to = sums->fold ? volume : image, from = sums->fold ? image : volume;
    double value = sums->in->value[from], size = fabs(factor);
    sums->value[to] += factor * value;
    sums->magnitude[to] += size * sums->in->magnitude[from] + (sums->sum ? size * fabs(value) : 0);
}

static void each_pair(const gm_shape *volume, const gm_unfold_attributes *windows, const pair_sums *sums) {
    size_t C = volume->dim[1], D = windows->depth, area = volume->dim[3] * volume->dim[4];
    size_t blocks = gm_unfold_blocks(windows);
    for (size_t row = 0; row < volume->dim[0] * windows->count; row++)
        for (size_t term = 0; term < blocks * windows->length; term++) {
            size_t n = row / windows->count, i = row % windows->count;
            size_t block = term / windows->length, j = term % windows->length;
            size_t d = i * windows->step + block % windows->phases + j * windows->spread; // behind the padding
            double factor = gm_unfold_factor(windows, block / windows->phases, j);
            if (factor == 0 || d < windows->padding || d >= D + windows->padding)
                continue;
            for (size_t c = 0; c < C; c++)
                for (size_t at = 0; at < area; at++)
                    add(sums, ((n * C + c) * D + d - windows->padding) * area + at,
                        ((row * blocks + block) * C + c) * area + at, factor);
        }
}

static void run(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, bool fold) {
    for (size_t i = 0; i < gm_shape_count(&y->shape); i++)
        value[i] = magnitude[i] = 0;
    const gm_unfold_attributes *windows = y->attributes;
    const bool sum = fold || windows->form != GM_UNFOLD_SLICES;
    each_pair(fold ? &y->shape : &in->tensor->shape, windows,
              &(pair_sums){.in = in, .fold = fold, .sum = sum, .value = value, .magnitude = magnitude});
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

// Images at another size by cubic convolution.
#include "use/enlarge.h"

#include <math.h>

// Keys' kernel.
static double weight(double x) {
    static const double a = -.5;
    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static size_t clamp(double i, size_t size) {
    return i < 0 ? 0 : i >= (double)size ? size - 1 : (size_t)i;
}

void gm_enlarge_bicubic(const float *image, size_t height, size_t width, size_t factor, float *result) {
    enum { TAPS = 4 };
    for (size_t y = 0; y < factor * height; y++)
        for (size_t x = 0; x < factor * width; x++) {
            double row = ((double)y + .5) / (double)factor - .5, column = ((double)x + .5) / (double)factor - .5;
            double top = floor(row) - 1, left = floor(column) - 1, sum = 0;
            for (int i = 0; i < TAPS; i++)
                for (int j = 0; j < TAPS; j++)
                    sum += weight(row - top - i) * weight(column - left - j) *
                           (double)image[clamp(top + i, height) * width + clamp(left + j, width)];
            result[y * factor * width + x] = (float)sum;
        }
}

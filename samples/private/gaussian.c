// Normal distributions of each class's coefficients. These are the lowest of the cosine transform, which owes nothing
// to the data.
#include "baselines.h"

#include <stdio.h>
#include <string.h>

enum { KEPT = 40, DRAWN = 10000 };

static double basis[KEPT][PIXELS];

// In the order of rising frequencies.
static void make_basis(void) {
    size_t made = 0;
    for (size_t sum = 0; made < KEPT; sum++)
        for (size_t a = 0; a <= sum && made < KEPT; a++, made++)
            for (size_t i = 0; i < PIXELS; i++) {
                const double y = (double)(i / SIDE) + .5, x = (double)(i % SIDE) + .5, b = (double)(sum - a);
                basis[made][i] = (a ? sqrt(2) : 1) * (sum > a ? sqrt(2) : 1) / SIDE * cos(PI * (double)a * y / SIDE) *
                                 cos(PI * b * x / SIDE);
            }
}

typedef struct moments {
    double mean[KEPT], square[KEPT][KEPT];
} moments;

// Both together are of length sqrt(2) at most, in units of LONGEST and of its square.
static void collect(const gm_dataset *train, double noise, size_t classes, moments *of) {
    const size_t count = gm_dataset_get_info(train)->count;
    const double share = (double)classes / (double)count, deviation = noise * sqrt(2) * LONGEST;
    for (size_t i = 0; i < count; i++) {
        double x[PIXELS], y[KEPT] = {0};
        moments *m = &of[gm_dataset_labels(train)[i]];
        read_image(train, i, x);
        for (size_t a = 0; a < KEPT; a++)
            for (size_t k = 0; k < PIXELS; k++)
                y[a] += basis[a][k] * x[k];
        shorten(y, KEPT);
        for (size_t a = 0; a < KEPT; a++) {
            m->mean[a] += y[a];
            for (size_t b = 0; b <= a; b++)
                m->square[a][b] += y[a] * y[b];
        }
    }
    for (size_t c = 0; c < classes; c++)
        for (size_t a = 0; a < KEPT; a++) {
            of[c].mean[a] = share * (of[c].mean[a] + deviation * normal());
            for (size_t b = 0; b <= a; b++) // those off the diagonal count twice in the length
                of[c].square[a][b] =
                    share * (of[c].square[a][b] + deviation * LONGEST * normal() * (a == b ? 1 : sqrt(.5)));
        }
}

// Jacobi's rotations: C becomes diagonal, V its vectors, one a column.
static void diagonalise(double C[KEPT][KEPT], double V[KEPT][KEPT]) {
    for (size_t a = 0; a < KEPT; a++)
        for (size_t b = 0; b < KEPT; b++)
            V[a][b] = a == b;
    for (size_t sweep = 0; sweep < 30; sweep++)
        for (size_t p = 0; p < KEPT; p++)
            for (size_t q = p + 1; q < KEPT; q++) {
                const double angle = .5 * atan2(2 * C[p][q], C[q][q] - C[p][p]), c = cos(angle), s = sin(angle);
                for (size_t k = 0; k < KEPT; k++) {
                    const double x = C[k][p], y = C[k][q], v = V[k][p], w = V[k][q];
                    C[k][p] = c * x - s * y, C[k][q] = s * x + c * y;
                    V[k][p] = c * v - s * w, V[k][q] = s * v + c * w;
                }
                for (size_t k = 0; k < KEPT; k++) {
                    const double x = C[p][k], y = C[q][k];
                    C[p][k] = c * x - s * y, C[q][k] = s * x + c * y;
                }
            }
}

static void draw_image(const moments *m, double C[KEPT][KEPT], double V[KEPT][KEPT], uint8_t image[PIXELS]) {
    double y[KEPT];
    memcpy(y, m->mean, sizeof y);
    for (size_t b = 0; b < KEPT; b++) {
        const double z = sqrt(fmax(C[b][b], 0)) * normal(); // noise may have made it negative
        for (size_t a = 0; a < KEPT; a++)
            y[a] += V[a][b] * z;
    }
    for (size_t k = 0; k < PIXELS; k++) {
        double x = 0;
        for (size_t a = 0; a < KEPT; a++)
            x += basis[a][k] * y[a];
        image[k] = (uint8_t)lround(255 * fmin(fmax(x, 0), 1));
    }
}

static FILE *open_part(const char *folder, const char *name, uint32_t magic, size_t dimensions) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    const uint32_t numbers[] = {magic, DRAWN, SIDE, SIDE};
    for (size_t i = 0; file && i < 1 + dimensions; i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            fputc((int)(numbers[i] >> shift & 255), file);
    return file;
}

static bool write_images(const char *folder, const moments *of, size_t classes) {
    static double C[KEPT][KEPT], V[KEPT][KEPT];
    FILE *images = open_part(folder, "train-images-idx3-ubyte", 0x803, 3);
    FILE *labels = open_part(folder, "train-labels-idx1-ubyte", 0x801, 1);
    bool done = images && labels;
    for (size_t c = 0; c < classes && done; c++) {
        for (size_t a = 0; a < KEPT; a++)
            for (size_t b = 0; b <= a; b++)
                C[a][b] = C[b][a] = of[c].square[a][b] - of[c].mean[a] * of[c].mean[b];
        diagonalise(C, V);
        for (size_t i = c * DRAWN / classes; i < (c + 1) * DRAWN / classes; i++) {
            uint8_t image[PIXELS];
            draw_image(&of[c], C, V, image);
            fwrite(image, 1, PIXELS, images);
            fputc((int)c, labels);
        }
    }
    done = images && fclose(images) == 0 && done;
    return labels && fclose(labels) == 0 && done;
}

bool write_gaussian(const gm_dataset *train, double noise, size_t classes, const char *folder) {
    static moments of[MOST_CLASSES];
    make_basis();
    collect(train, noise, classes, of);
    return write_images(folder, of, classes);
}

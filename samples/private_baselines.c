// What a private generator has to beat, released with the same epsilon and delta (one item more or less):
//   means     the sum of each class's images, with noise; a test image is of the class whose mean is nearest
//   gaussian  sum and second moments of 40 coefficients of each class, with noise; 10,000 images drawn from the normal
//             distributions of these moments are written into a folder of MNIST's form, as data for a classifier
// The coefficients are the lowest of the cosine transform, which owes nothing to the data. How many items there are is
// taken as public, and each class as a tenth of them, say.
//   private_baselines fashion-mnist 10 1e-5 FOLDER        epsilon "inf": without noise
#include "ganymede/data.h"
#include "ganymede/privacy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, KEPT = 40, MOST_CLASSES = 64, DRAWN = 10000 };
#define LONGEST 10.0 // of an image of [0, 1], and of its coefficients: longer ones are shortened
#define PI      3.14159265358979323846

static double basis[KEPT][PIXELS];
static FILE *secure;

static double normal(void) {
    uint64_t words[2];
    if (fread(words, sizeof words, 1, secure) != 1)
        exit(EXIT_FAILURE);
    const double u = ((double)(words[0] >> 11) + .5) * 0x1p-53, v = (double)(words[1] >> 11) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(2 * PI * v);
}

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

static void read_image(const gm_dataset *data, size_t i, double x[PIXELS]) {
    for (size_t k = 0; k < PIXELS; k++)
        x[k] = gm_dataset_images(data)[i * PIXELS + k] / 255.;
}

static void shorten(double *x, size_t count) {
    double square = 0;
    for (size_t k = 0; k < count; k++)
        square += x[k] * x[k];
    for (size_t k = 0; k < count && square > LONGEST * LONGEST; k++)
        x[k] *= LONGEST / sqrt(square);
}

// ---- Class means ----

static double nearest_mean(const gm_dataset *train, const gm_dataset *test, double noise, size_t classes) {
    static double means[MOST_CLASSES][PIXELS];
    double x[PIXELS];
    const size_t count = gm_dataset_get_info(train)->count, tests = gm_dataset_get_info(test)->count;
    for (size_t i = 0; i < count; i++) {
        read_image(train, i, x);
        shorten(x, PIXELS);
        for (size_t k = 0; k < PIXELS; k++)
            means[gm_dataset_labels(train)[i]][k] += x[k];
    }
    for (size_t c = 0; c < classes; c++)
        for (size_t k = 0; k < PIXELS; k++)
            means[c][k] = (means[c][k] + noise * LONGEST * normal()) * (double)classes / (double)count;
    size_t right = 0;
    for (size_t i = 0; i < tests; i++) {
        size_t best = 0;
        double least = INFINITY;
        read_image(test, i, x);
        for (size_t c = 0; c < classes; c++) {
            double square = 0;
            for (size_t k = 0; k < PIXELS; k++)
                square += (x[k] - means[c][k]) * (x[k] - means[c][k]);
            if (square < least)
                least = square, best = c;
        }
        right += best == (size_t)gm_dataset_labels(test)[i];
    }
    return (double)right / (double)tests;
}

// ---- Normal distributions ----

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

static int fail(const char *why) {
    fprintf(stderr, "private_baselines: %s\n", why);
    return EXIT_FAILURE;
}

int main(int count, char **words) {
    static moments of[MOST_CLASSES];
    gm_dataset *train = NULL, *test = NULL;
    if (count != 5)
        return fail("expected SOURCE EPSILON DELTA FOLDER, such as fashion-mnist 10 1e-5 gaussian");
    const double epsilon = strtod(words[2], NULL);
    const gm_private_steps once = {.rate = 1, .steps = 1, .delta = strtod(words[3], NULL)};
    double noise = 0;
    secure = fopen("/dev/urandom", "rb");
    if (!secure)
        return fail("there is no /dev/urandom");
    if (isfinite(epsilon) && gm_privacy_find_noise(&once, epsilon, true, &noise) != GM_OK)
        return fail(gm_error_message());
    if (gm_dataset_open(&train, words[1], NULL) != GM_OK ||
        gm_dataset_open(&test, words[1], &(gm_dataset_options){.split = GM_SPLIT_TEST}) != GM_OK)
        return fail(gm_error_message());
    const gm_dataset_info *info = gm_dataset_get_info(train);
    if (!gm_dataset_images(train) || !gm_dataset_images(test) || info->item_values != PIXELS ||
        info->class_count == 0 || info->class_count > MOST_CLASSES)
        return fail("takes grey images of 28x28 with up to 64 classes");
    make_basis();
    printf("noise %.4g\n", noise);
    printf("means %.4f\n", nearest_mean(train, test, noise, info->class_count));
    collect(train, noise, info->class_count, of);
    if (!write_images(words[4], of, info->class_count))
        return fail("the folder cannot be written to: is it there?");
    gm_dataset_close(&train);
    gm_dataset_close(&test);
    fclose(secure);
    return EXIT_SUCCESS;
}

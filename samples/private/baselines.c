// What a private generator has to beat, released with the same epsilon and delta (one item more or less):
//   means     the sum of each class's images, with noise; a test image is of the class whose mean is nearest
//   gaussian  sum and second moments of 40 coefficients of each class, with noise; 10,000 images drawn from the normal
//             distributions of these moments are written into a folder of MNIST's form, as data for a classifier
// How many items there are is taken as public, and each class as a tenth of them, say.
//   private_baselines fashion-mnist 10 1e-5 FOLDER        epsilon "inf": without noise
#include "baselines.h"

#include "ganymede/privacy.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *secure;

double normal(void) {
    uint64_t words[2];
    if (fread(words, sizeof words, 1, secure) != 1)
        exit(EXIT_FAILURE);
    const double u = ((double)(words[0] >> 11) + .5) * 0x1p-53, v = (double)(words[1] >> 11) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(2 * PI * v);
}

void read_image(const gm_dataset *data, size_t i, double x[PIXELS]) {
    for (size_t k = 0; k < PIXELS; k++)
        x[k] = gm_dataset_images(data)[i * PIXELS + k] / 255.;
}

void shorten(double *x, size_t count) {
    double square = 0;
    for (size_t k = 0; k < count; k++)
        square += x[k] * x[k];
    for (size_t k = 0; k < count && square > LONGEST * LONGEST; k++)
        x[k] *= LONGEST / sqrt(square);
}

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

static int fail(const char *why) {
    fprintf(stderr, "private_baselines: %s\n", why);
    return EXIT_FAILURE;
}

int main(int count, char **words) {
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
    printf("noise %.4g\n", noise);
    printf("means %.4f\n", nearest_mean(train, test, noise, info->class_count));
    if (!write_gaussian(train, noise, info->class_count, words[4]))
        return fail("the folder cannot be written to: is it there?");
    gm_dataset_close(&train);
    gm_dataset_close(&test);
    fclose(secure);
    return EXIT_SUCCESS;
}

// The modes of stacked images: how triples are numbered, what is left out, and which sides have any.
#include "data_support.h"
#include "device_test.h"
#include "use/stacks.h"

#include <math.h>

enum { K = 10, EDGE = 10, PIXELS = EDGE * EDGE, TRAIN = 1500, TEST = 400, STACKS = 3000, SIZE = 12 };

// ---- A grey data set whose every seventh label is wrong, so that the classifier is right about the others alone ----

static void write_header(uint8_t *file, size_t rank, const uint32_t *dim) {
    memcpy(file, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (size_t i = 0; i < rank; i++)
        for (size_t j = 0; j < 4; j++)
            file[4 + 4 * i + j] = (uint8_t)(dim[i] >> (24 - 8 * j));
}

static void write_split(const char *images_name, const char *labels_name, uint32_t count) {
    static uint8_t images[16 + TRAIN * PIXELS], labels[8 + TRAIN];
    write_header(images, 3, (uint32_t[]){count, EDGE, EDGE});
    write_header(labels, 1, (uint32_t[]){count});
    for (size_t i = 0; i < count; i++) {
        size_t class = i % K;
        labels[8 + i] = (uint8_t)(i % 7 == 3 ? (class + 1) % K : class);
        for (size_t j = 0; j < PIXELS; j++) { // class k lights the k-th of 5 x 2 blocks
            size_t block = j / EDGE / 5 * 5 + j % EDGE / 2;
            double noise = gm_philox_uniform(1, count, 0, 0, i * PIXELS + j);
            images[16 + i * PIXELS + j] = (uint8_t)(60 * noise + (block == class ? 180 : 0));
        }
    }
    write_file(path_of(images_name), images, 16 + count * PIXELS);
    write_file(path_of(labels_name), labels, 8 + count);
}

static int setup(void **state) {
    setenv("GANYMEDE_CACHE", "", 1);
    if (temporary_create(state) != 0 || open_device(state) != 0)
        return -1;
    write_split("train-images-idx3-ubyte", "train-labels-idx1-ubyte", TRAIN);
    write_split("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", TEST);
    return 0;
}

static int teardown(void **state) {
    return close_device(state) + temporary_remove(state);
}

// ---- Naming ----

static void triples_are_numbered_as_the_labels(void **state) {
    (void)state;
    static float values[STACKS * 3 * SIZE * SIZE], modes[STACKS];
    const gm_dataset_options options = {
        .split = GM_SPLIT_TEST, .folder = temporary, .size = {SIZE}, .channels = 3, .count = STACKS, .seed = 5};
    gm_side side = {.data = "stacked-mnist",
                    .data_options = options,
                    .values = values,
                    .count = STACKS,
                    .channels = 3,
                    .height = SIZE,
                    .width = SIZE,
                    .low = -1,
                    .high = 1};
    gm_dataset *stacked;
    gm_image_classifier *grey;
    size_t right = 0;
    assert_ok(gm_dataset_open(&stacked, "stacked-mnist", &options));
    for (size_t i = 0; i < GM_COUNT(values); i++)
        values[i] = (float)gm_dataset_images(stacked)[i] * (2.F / 255) - 1;
    assert_ok(gm_stacks_open(&grey, device, &side));
    assert_int_equal(gm_image_classifier_classes(grey), K);
    assert_ok(gm_stacks_name(grey, &side, modes));
    for (size_t i = 0; i < STACKS; i++)
        right += modes[i] == (float)gm_dataset_labels(stacked)[i];
    double accuracy = gm_image_classifier_accuracy(grey), share = (double)right / STACKS;
    if (!(accuracy > .8 && accuracy < .9) || fabs(share - pow(accuracy, 3)) > .04)
        fail_msg("%.3f of the triples are named rightly; of the grey images %.3f", share, accuracy);

    float first = modes[0], last = modes[2];
    values[(3 + 2) * SIZE * SIZE] = NAN; // item 1's last channel
    side.count = 3;
    assert_ok(gm_stacks_name(grey, &side, modes));
    assert_true(modes[0] == first && isnan(modes[1]) && modes[2] == last);
    side.width = SIZE - 1;
    assert_fails(gm_stacks_name(grey, &side, modes), GM_ERROR_ARGUMENT,
                 "images of 1x12x12 cannot name samples of 132 values");
    gm_image_classifier_close(&grey);
    gm_dataset_close(&stacked);
}

static void modes_are_counted_without_what_is_not_finite(void **state) {
    (void)state;
    const float modes[] = {0, 7, 7, NAN, 26};
    gm_mode_measures found;
    assert_ok(gm_stacks_measure(&(gm_samples){modes, 5, 1}, 3, &found));
    assert_true(found.captured.value == 3);
    assert_int_equal(found.captured.count, 4);
    assert_int_equal(found.captured.flags, GM_MEASURE_FEW | GM_MEASURE_NOT_FINITE);
    assert_int_equal(found.reverse_kl.flags, GM_MEASURE_FEW | GM_MEASURE_NOT_FINITE | GM_MEASURE_BIASED);
    assert_true(fabs(found.reverse_kl.value - (.5 * log(27. / 4) + .5 * log(27. / 2))) < 1e-12);
    assert_ok(gm_stacks_measure(&(gm_samples){modes + 3, 1, 1}, 3, &found));
    assert_true(found.captured.flags & GM_MEASURE_MISSING);
    assert_fails(gm_stacks_measure(&(gm_samples){modes, 5, 1}, 2, &found), GM_ERROR_ARGUMENT, "class 26");
}

// ---- Which sides ----

static void stacked_side_is_the_data_set_rather_than_a_run(void **state) {
    (void)state;
    gm_side sides[2] = {{.kind = GM_SIDE_RUN, .data = "stacked-mnist"}, {.kind = GM_SIDE_IMAGES}};
    assert_ptr_equal(gm_stacks_find(sides), &sides[0]);
    assert_null(gm_stacks_find_stranger(sides)); // an array is taken at its word
    sides[1].data = "stacked-mnist";
    assert_ptr_equal(gm_stacks_find(sides), &sides[1]);
    assert_null(gm_stacks_find_stranger(sides));
    sides[1].data = "mnist";
    assert_ptr_equal(gm_stacks_find(sides), &sides[0]);
    assert_ptr_equal(gm_stacks_find_stranger(sides), &sides[1]);
    sides[1].data = "stacked-fashion";
    assert_ptr_equal(gm_stacks_find_stranger(sides), &sides[0]);
    sides[0].data = NULL;
    assert_ptr_equal(gm_stacks_find(sides), &sides[1]);
    sides[1].data = "mnist";
    assert_null(gm_stacks_find(sides));
    assert_null(gm_stacks_find_stranger(sides));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(triples_are_numbered_as_the_labels),
        cmocka_unit_test(modes_are_counted_without_what_is_not_finite),
        cmocka_unit_test(stacked_side_is_the_data_set_rather_than_a_run),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

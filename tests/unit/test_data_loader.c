// The order of training and the loader's thread.
#include "data_support.h"

#include <stdatomic.h>
#include <time.h>

static const gm_order ten = {.count = 10};

static void every_epoch_is_another_permutation_of_every_size(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 5, 7, 16, 17, 64, 65, 100, 257, 1000, 4096, 4097, 60000};
    for (size_t s = 0; s < GM_COUNT(sizes); s++) {
        size_t count = sizes[s];
        int32_t *first = malloc(count * sizeof *first), *second = malloc(count * sizeof *second);
        int32_t *other = malloc(count * sizeof *other);
        bool *seen = malloc(count);
        assert_ok(gm_loader_indices(11, 0, count, count, first));
        assert_ok(gm_loader_indices(11, count, count, count, second));
        assert_ok(gm_loader_indices(12, 0, count, count, other));
        for (int pass = 0; pass < 2; pass++) {
            memset(seen, 0, count);
            for (size_t i = 0; i < count; i++) {
                int32_t index = pass ? second[i] : first[i];
                if (index < 0 || (size_t)index >= count || seen[index])
                    fail_msg("size %zu, epoch %d: index %d at %zu", count, pass, (int)index, i);
                seen[index] = true;
            }
        }
        size_t fixed = 0, repeated = 0;
        for (size_t i = 0; i < count; i++) {
            fixed += first[i] == (int32_t)i;
            repeated += first[i] == second[i];
        }
        if (count >= 64) { // random permutations agree in one place on average
            assert_true(fixed < 9 && repeated < 9);
            assert_memory_not_equal(first, other, count * sizeof *first);
        }
        free(first);
        free(second);
        free(other);
        free(seen);
    }
}

// Over many epochs every item is equally likely in every place.
static void places_are_uniform(void **state) {
    (void)state;
    enum { COUNT = 20, EPOCHS = 20000 };
    static int hits[COUNT][COUNT];
    int32_t order[COUNT];
    for (size_t epoch = 0; epoch < EPOCHS; epoch++) {
        assert_ok(gm_loader_indices(7, epoch * COUNT, COUNT, COUNT, order));
        for (size_t place = 0; place < COUNT; place++)
            hits[place][order[place]]++;
    }
    double chi = 0, expected = (double)EPOCHS / COUNT;
    for (size_t place = 0; place < COUNT; place++)
        for (size_t item = 0; item < COUNT; item++)
            chi += (hits[place][item] - expected) * (hits[place][item] - expected) / expected;
    // 19 x 19 = 361 degrees of freedom: standard deviation sqrt(2 * 361) = 27
    if (chi > 361 + 5 * 27)
        fail_msg("chi square %g", chi);
}

static void indices_depend_on_the_cursor_alone(void **state) {
    (void)state;
    int32_t whole[70], part[10];
    assert_ok(gm_loader_indices(1, 1000, 70, 33, whole));
    for (size_t begin = 0; begin < 60; begin++) {
        assert_ok(gm_loader_indices(1, 1000 + begin, 10, 33, part));
        assert_memory_equal(part, whole + begin, sizeof part);
    }
    assert_fails(gm_loader_indices(1, 0, 1, 0, part), GM_ERROR_ARGUMENT, "0 items");
    assert_fails(gm_loader_indices(1, 0, 1, (size_t)1 << 31, part), GM_ERROR_ARGUMENT, "2147483648 items");
}

static void the_thread_gives_what_the_indices_say_from_any_cursor(void **state) {
    (void)state;
    gm_dataset *dataset;
    assert_ok(gm_dataset_open(&dataset, "grid25", &(gm_dataset_options){.count = 37}));
    static const uint64_t starts[] = {0, 5, 36, 37, 12345678901};
    for (size_t s = 0; s < GM_COUNT(starts); s++) {
        gm_loader *loader;
        uint64_t cursor = starts[s];
        assert_ok(gm_loader_create(&loader, dataset, 10, 99, cursor));
        for (size_t step = 0; step < 30; step++, cursor += 10) { // across many epochs
            const void *items;
            const int32_t *labels;
            int32_t indices[10];
            assert_int_equal(gm_loader_cursor(loader), cursor);
            assert_ok(gm_loader_next(loader, &items, &labels));
            assert_ok(gm_loader_indices(99, cursor, 10, 37, indices));
            for (size_t i = 0; i < 10; i++) {
                assert_memory_equal((const float *)items + 2 * i, gm_dataset_floats(dataset) + 2 * indices[i], 8);
                assert_int_equal(labels[i], gm_dataset_labels(dataset)[indices[i]]);
            }
        }
        gm_loader_destroy(&loader);
        assert_null(loader);
    }
    gm_dataset_close(&dataset);
}

static void a_resumed_loader_continues(void **state) {
    (void)state;
    gm_dataset *dataset;
    gm_loader *loader;
    const void *items;
    float expected[2 * 7], scratch[2 * 7];
    assert_ok(gm_dataset_open(&dataset, "ring8", &(gm_dataset_options){.count = 50}));
    assert_ok(gm_loader_create(&loader, dataset, 7, 1, 0));
    for (size_t step = 0; step < 20; step++)
        assert_ok(gm_loader_next(loader, &items, NULL));
    uint64_t cursor = gm_loader_cursor(loader);
    assert_int_equal(cursor, 140);
    assert_ok(gm_loader_next(loader, &items, NULL));
    memcpy(expected, items, sizeof expected);
    gm_loader_destroy(&loader);
    assert_ok(gm_loader_create(&loader, dataset, 7, 1, cursor));
    assert_ok(gm_loader_next(loader, &items, NULL));
    memcpy(scratch, items, sizeof scratch);
    assert_memory_equal(scratch, expected, sizeof expected);
    gm_loader_destroy(&loader);
    gm_dataset_close(&dataset);
}

static void loaders_end_at_any_time(void **state) {
    (void)state;
    gm_dataset *dataset;
    assert_ok(gm_dataset_open(&dataset, "ring8", &(gm_dataset_options){.count = 50}));
    for (size_t taken = 0; taken < 40; taken++) {
        gm_loader *loader;
        const void *items;
        assert_ok(gm_loader_create(&loader, dataset, 100, 1, 0)); // a batch larger than the data set
        for (size_t i = 0; i < taken % 8; i++)
            assert_ok(gm_loader_next(loader, &items, NULL));
        gm_loader_destroy(&loader);
    }
    gm_loader *none = NULL;
    gm_loader_destroy(&none);
    assert_fails(gm_loader_create(&none, dataset, 0, 1, 0), GM_ERROR_ARGUMENT, "batch of 0");
    assert_null(none);
    assert_fails(gm_loader_create(&none, dataset, SIZE_MAX / 4, 1, 0), GM_ERROR_ARGUMENT, "cannot be loaded");
    gm_dataset_close(&dataset);
}

static gm_status fetch_until_third(void *user, const int32_t *indices, size_t count, void *items, int32_t *labels) {
    int *calls = user;
    (void)indices;
    if (++*calls == 3)
        return gm_fail(GM_ERROR_IO, "batch %d: the disk went away", *calls);
    memset(items, *calls, count);
    memset(labels, 0, count * sizeof *labels);
    return GM_OK;
}

static void a_failure_of_the_thread_reaches_the_caller_after_the_good_batches(void **state) {
    (void)state;
    gm_loader *loader;
    const void *items;
    int calls = 0;
    assert_ok(gm_loader_create_fetch(&loader, fetch_until_third, &calls, &ten, 1, 4, 0, 1));
    for (int batch = 1; batch < 3; batch++) {
        assert_ok(gm_loader_next(loader, &items, NULL));
        assert_int_equal(*(const uint8_t *)items, batch);
    }
    for (int again = 0; again < 2; again++) {
        assert_fails(gm_loader_next(loader, &items, NULL), GM_ERROR_IO, "batch 3: the disk went away");
        assert_null(items);
    }
    assert_int_equal(gm_loader_cursor(loader), 8);
    gm_loader_destroy(&loader);
    assert_int_equal(calls, 3);
}

static void pause_for_a_millisecond(void) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

// The first `free` batches pass, the others wait until it is open.
typedef struct gate {
    int free;
    atomic_int begun;
    atomic_bool open;
} gate;

static gm_status fetch_through_gate(void *user, const int32_t *indices, size_t count, void *items, int32_t *labels) {
    gate *g = user;
    (void)indices;
    int batch = ++g->begun;
    while (batch > g->free && !g->open)
        pause_for_a_millisecond();
    memset(items, batch, count);
    memset(labels, 0, count * sizeof *labels);
    return GM_OK;
}

static void batches_that_are_ready_are_given_without_waiting(void **state) {
    (void)state;
    gm_loader *loader;
    const void *items;
    gate g = {.free = 3};
    assert_ok(gm_loader_create_fetch(&loader, fetch_through_gate, &g, &ten, 1, 4, 0, 1));
    while (g.begun < 4) // which the one thread does when the third is done
        pause_for_a_millisecond();
    for (int batch = 1; batch <= 3; batch++) { // and is at it all the while
        assert_ok(gm_loader_next(loader, &items, NULL));
        assert_int_equal(*(const uint8_t *)items, batch);
    }
    assert_true(gm_loader_waited(loader) == 0);
    g.open = true;
    gm_loader_destroy(&loader);
}

static gm_status fetch_slowly(void *user, const int32_t *indices, size_t count, void *items, int32_t *labels) {
    pause_for_a_millisecond();
    return fetch_through_gate(user, indices, count, items, labels);
}

static void waiting_for_slow_batches_adds_up(void **state) {
    (void)state;
    gm_loader *loader;
    const void *items;
    gate g = {.open = true};
    double before = 0;
    assert_ok(gm_loader_create_fetch(&loader, fetch_slowly, &g, &ten, 1, 4, 0, 1));
    for (int time = 0; time < 2; time++) {
        for (int batch = 0; batch < 1000 && gm_loader_waited(loader) <= before; batch++) // a caller that does nothing
            assert_ok(gm_loader_next(loader, &items, NULL));
        assert_true(gm_loader_waited(loader) > before);
        before = gm_loader_waited(loader);
    }
    gm_loader_destroy(&loader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_epoch_is_another_permutation_of_every_size),
        cmocka_unit_test(places_are_uniform),
        cmocka_unit_test(indices_depend_on_the_cursor_alone),
        cmocka_unit_test(the_thread_gives_what_the_indices_say_from_any_cursor),
        cmocka_unit_test(a_resumed_loader_continues),
        cmocka_unit_test(loaders_end_at_any_time),
        cmocka_unit_test(a_failure_of_the_thread_reaches_the_caller_after_the_good_batches),
        cmocka_unit_test(batches_that_are_ready_are_given_without_waiting),
        cmocka_unit_test(waiting_for_slow_batches_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

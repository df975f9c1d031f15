// The pool of earlier results that a cycle's discriminators see: what it takes in, and what it gives back.
#include "check_ok.h"
#include "model/cycle.h"
#include "reference/reference.h"

#include <math.h>
#include <string.h>

enum { POOL = 5, BATCH = 2, VALUES = 3, STEPS = 400 };

typedef struct fixture {
    gm_graph *graph;
    gm_reference *reference;
    gm_tensor *made, *given, *counter;
    gm_pool pool;
    gm_phase *phase;
} fixture;

static void begin(fixture *f, uint64_t seed) {
    *f = (fixture){0};
    check_ok(gm_graph_create(&f->graph));
    f->counter = gm_variable(f->graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    f->made = gm_input(f->graph, "made", GM_FLOAT32, GM_SHAPE(BATCH, 1, 1, VALUES));
    f->given = gm_pool_draw(&f->pool, "pool", POOL, f->made, f->counter);
    f->phase = gm_phase_create(f->graph, "step");
    gm_phase_fetch(f->phase, f->given);
    gm_phase_assign(f->phase, f->pool.images, f->pool.next);
    gm_phase_assign(f->phase, f->counter,
                    gm_add(f->counter, gm_constant_array(f->graph, GM_INT32, GM_SHAPE(2), (const int32_t[]){1, 0})));
    check_ok(gm_graph_status(f->graph));
    check_ok(gm_reference_create(&f->reference, f->graph, seed));
}

static void end(fixture *f) {
    gm_reference_destroy(&f->reference);
    gm_graph_destroy(&f->graph);
}

// Image k is k + 1, in all of its values.
static void step(const fixture *f, size_t number, double given[BATCH]) {
    double made[BATCH * VALUES];
    for (size_t i = 0; i < BATCH * VALUES; i++)
        made[i] = (double)(number * BATCH + i / VALUES + 1);
    check_ok(gm_reference_set(f->reference, f->made, made));
    check_ok(gm_reference_run(f->reference, f->phase));
    const double *values = gm_reference_value(f->reference, f->given);
    for (size_t i = 0; i < BATCH; i++) {
        given[i] = values[i * VALUES];
        for (size_t k = 0; k < VALUES; k++)
            assert_true(values[i * VALUES + k] == given[i]);
    }
}

static void read_pool(const fixture *f, double images[POOL]) {
    const double *values = gm_reference_value(f->reference, f->pool.images);
    for (size_t i = 0; i < POOL; i++) {
        images[i] = values[i * VALUES];
        for (size_t k = 0; k < VALUES; k++)
            assert_true(values[i * VALUES + k] == images[i]);
    }
}

static size_t find(const double images[POOL], double image) {
    size_t i = 0;
    while (i < POOL && images[i] != image)
        i++;
    return i;
}

static void a_pool_fills_before_it_gives(void **state) {
    (void)state;
    fixture f;
    double given[BATCH], images[POOL];
    begin(&f, 1);
    for (size_t n = 0; n * BATCH < POOL; n++) {
        step(&f, n, given);
        for (size_t i = 0; i < BATCH; i++)
            assert_true(given[i] == (double)(n * BATCH + i + 1));
    }
    read_pool(&f, images);
    const double expected[POOL] = {6, 2, 3, 4, 5}; // the sixth takes the place of the first
    assert_memory_equal(images, expected, sizeof images);
    end(&f);
}

// The pool holds what it held, but for the images that it gave, in whose places the new ones are.
static void a_full_pool_swaps_half_of_the_images(void **state) {
    (void)state;
    fixture f;
    double given[BATCH], before[POOL], after[POOL];
    size_t swapped = 0, taken[POOL] = {0};
    begin(&f, 2);
    for (size_t n = 0; n < STEPS; n++) {
        if (n > 0)
            read_pool(&f, before);
        step(&f, n, given);
        read_pool(&f, after);
        if (n * BATCH < POOL)
            continue;
        for (size_t i = 0; i < BATCH; i++) {
            double new = (double)(n * BATCH + i + 1);
            size_t place = find(before, given[i]);
            if (given[i] == new) {
                assert_int_equal(find(after, new), POOL);
                continue;
            }
            assert_in_range(place, 0, POOL - 1);
            assert_true(after[place] == new);
            before[place] = new;
            swapped++;
            taken[place]++;
        }
        assert_memory_equal(before, after, sizeof before);
    }
    // 5 standard errors of a binomial share.
    assert_true(fabs((double)swapped / (STEPS * BATCH) - .5) < 5 * .5 / sqrt(STEPS * BATCH));
    for (size_t i = 0; i < POOL; i++)
        assert_true(fabs((double)taken[i] / (double)swapped - 1. / POOL) < 5 * .4 / sqrt((double)swapped));
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_fills_before_it_gives),
        cmocka_unit_test(a_full_pool_swaps_half_of_the_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The order of training in which every class comes equally often.
#include "data/items.h"
#include "data/order.h"
#include "data_support.h"

enum { COUNT = 57, CLASSES = 5 };
static const size_t sizes[CLASSES] = {3, 40, 0, 1, 13}; // class 2 has no items

static void make(gm_order *order, uint64_t seed) {
    static int32_t labels[COUNT];
    size_t at = 0;
    for (int32_t k = 0; k < CLASSES; k++)
        for (size_t i = 0; i < sizes[k]; i++)
            labels[(at++ * 23) % COUNT] = k;
    gm_dataset dataset = {.labels = labels, .info = {.name = "five", .count = COUNT, .class_count = CLASSES}};
    assert_ok(gm_order_init(order, seed, &dataset, true));
}

static int32_t label_of(const gm_order *order, int32_t item) {
    for (size_t i = 0; i < order->first[order->class_count]; i++)
        if (order->members[i] == item)
            for (int32_t k = 0;; k++)
                if (i < order->first[k + 1])
                    return k;
    fail_msg("item %d is of no class", item);
    return 0;
}

static void every_run_of_classes_has_each_once(void **state) {
    (void)state;
    gm_order order;
    int32_t drawn[4 * 400];
    size_t orders[24] = {0}, different = 0;
    make(&order, 3);
    assert_int_equal(order.class_count, CLASSES - 1);
    assert_ok(gm_order_indices(&order, 0, GM_COUNT(drawn), drawn));
    for (size_t run = 0; run < 400; run++) {
        unsigned seen = 0, code = 0;
        for (size_t i = 0; i < 4; i++) {
            int32_t k = label_of(&order, drawn[4 * run + i]);
            seen |= 1u << k;
            code = code * 4 + (unsigned)k;
        }
        assert_int_equal(seen, 15);
        orders[code % 24]++;
    }
    for (size_t i = 0; i < 24; i++)
        different += orders[i] > 0;
    assert_true(different > 6); // runs are not all in the same order
    gm_order_finish(&order);
}

static void within_a_class_all_items_come_before_any_comes_again(void **state) {
    (void)state;
    gm_order order;
    int32_t drawn[4 * 80];
    size_t times[COUNT] = {0};
    make(&order, 4);
    assert_ok(gm_order_indices(&order, 0, GM_COUNT(drawn), drawn));
    for (size_t i = 0; i < GM_COUNT(drawn); i++)
        times[drawn[i]]++;
    for (size_t i = 0; i < COUNT; i++) {
        static const size_t members[4] = {3, 40, 1, 13};
        size_t of = members[label_of(&order, (int32_t)i)], whole = 80 / of;
        if (times[i] < whole || times[i] > whole + (80 % of > 0))
            fail_msg("item %zu, one of %zu of its class, comes %zu times in 80 draws", i, of, times[i]);
    }
    gm_order_finish(&order);
}

static void any_cursor_goes_on_where_another_left_off(void **state) {
    (void)state;
    gm_order order, other;
    int32_t whole[150], part[150], unlike[150];
    make(&order, 5);
    make(&other, 6);
    assert_ok(gm_order_indices(&order, 1000, 150, whole));
    for (size_t begin = 0; begin < 150; begin += 10)
        assert_ok(gm_order_indices(&order, 1000 + begin, 10, part + begin));
    assert_memory_equal(whole, part, sizeof whole);
    assert_ok(gm_order_indices(&other, 1000, 150, unlike));
    assert_memory_not_equal(whole, unlike, sizeof whole);
    gm_order_finish(&order);
    gm_order_finish(&other);
}

static void without_labels_there_are_no_classes_to_balance(void **state) {
    (void)state;
    gm_order order;
    gm_dataset dataset = {.info = {.name = "plain", .count = 3}};
    assert_fails(gm_order_init(&order, 0, &dataset, true), GM_ERROR_ARGUMENT, "plain: has no labels");
    assert_ok(gm_order_init(&order, 0, &dataset, false));
    gm_order_finish(&order);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_of_classes_has_each_once),
        cmocka_unit_test(within_a_class_all_items_come_before_any_comes_again),
        cmocka_unit_test(any_cursor_goes_on_where_another_left_off),
        cmocka_unit_test(without_labels_there_are_no_classes_to_balance),
    };
    return cmocka_run_group_tests_name("the balanced order", tests, NULL, NULL);
}

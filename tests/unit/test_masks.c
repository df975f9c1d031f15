// Masks as training draws them, in the double-precision interpreter; and the weights of a search's pixels.
#include "model/masks.h"
#include "unit/nn_test.h"
#include "use/filler.h"

enum { N = 40, H = 12, W = 16, AREA = H * W };

// What a mask hides: how much, and the box around it.
typedef struct shape {
    size_t count, top, bottom, left, right;
} shape;

static shape shape_of(const double *mask) {
    shape s = {.top = H, .left = W};
    for (size_t i = 0; i < AREA; i++) {
        assert_true(fabs(mask[i] * (1 - mask[i])) <= 0);
        if (!(mask[i] > 0))
            continue;
        s.count++;
        s.top = GM_MIN(s.top, i / W);
        s.bottom = GM_MAX(s.bottom, i / W + 1);
        s.left = GM_MIN(s.left, i % W);
        s.right = GM_MAX(s.right, i % W + 1);
    }
    return s;
}

// Masks of step `step`: N of AREA.
static const double *draw(fixture *f, const gm_masks *masks, double step) {
    gm_tensor *drawn, *counter = gm_input(f->graph, "counter", GM_INT32, GM_SHAPE(2));
    assert_int_equal(gm_masks_draw(masks, NULL, f->graph, N, H, W, counter, &drawn), GM_OK);
    set(f, counter, (double[]){step, 0});
    return evaluate(f, drawn);
}

static void boxes_are_whole_and_of_every_size_asked_for(void **state) {
    (void)state;
    fixture fresh, *f = &fresh;
    begin(f);
    bool least = false, most = false, first = false, last = false;
    const double *masks = draw(f, &(gm_masks){.box = 1, .least = .25, .most = .5}, 3);
    for (size_t n = 0; n < N; n++) {
        shape s = shape_of(masks + n * AREA);
        size_t height = s.bottom - s.top, width = s.right - s.left;
        assert_int_equal(s.count, height * width); // nothing is left out of it
        assert_true(height >= H / 4 && height <= H / 2 && width >= W / 4 && width <= W / 2);
        least = least || height == H / 4;
        most = most || height == H / 2;
        first = first || s.left == 0;
        last = last || s.right == W;
    }
    assert_true(least && most && first && last);
    end(f);
}

static void the_centre_is_the_middle_half(void **state) {
    (void)state;
    fixture fresh, *f = &fresh;
    begin(f);
    const double *masks = draw(f, &(gm_masks){.centre = 1}, 0);
    for (size_t n = 0; n < N; n++) {
        shape s = shape_of(masks + n * AREA);
        assert_int_equal(s.count, AREA / 4);
        assert_true(s.top == 3 && s.bottom == 9 && s.left == 4 && s.right == 12);
    }
    end(f);
}

static void strokes_hide_something_and_not_all(void **state) {
    (void)state;
    fixture fresh, *f = &fresh;
    begin(f);
    size_t boxes = 0;
    const double *masks = draw(f, &(gm_masks){.strokes = 1, .width = .15}, 1);
    for (size_t n = 0; n < N; n++) {
        shape s = shape_of(masks + n * AREA);
        assert_true(s.count > 0 && s.count < AREA * 3 / 4);
        boxes += s.count == (s.bottom - s.top) * (s.right - s.left);
    }
    assert_true(boxes < N / 2);
    end(f);
}

static void forms_are_drawn_as_often_as_asked_for(void **state) {
    (void)state;
    fixture fresh, *f = &fresh;
    begin(f);
    size_t centres = 0;
    const double *masks = draw(f, &(gm_masks){.centre = 3, .strokes = 1, .width = .15}, 2);
    for (size_t n = 0; n < N; n++) {
        shape s = shape_of(masks + n * AREA);
        centres += s.count == AREA / 4 && s.top == 3 && s.left == 4;
    }
    assert_true(centres > N / 2 && centres < N);
    end(f);
}

static void each_step_draws_anew_and_repeats(void **state) {
    (void)state;
    fixture fresh, *f = &fresh;
    begin(f);
    const gm_masks boxes = {.box = 1, .least = .25, .most = .5};
    double first[N * AREA];
    memcpy(first, draw(f, &boxes, 4), sizeof first);
    assert_memory_not_equal(first, draw(f, &boxes, 5), sizeof first);
    assert_memory_equal(first, draw(f, &boxes, 4), sizeof first);
    end(f);
}

// A row of known pixels with one hidden in the middle: six in the window of each.
static void known_pixels_weigh_by_hidden_ones_near_them(void **state) {
    (void)state;
    const uint8_t mask[9] = {0, 0, 0, 0, 1, 0, 0, 0, 0};
    float weights[9];
    gm_search_weights(mask, 1, 9, weights);
    assert_float_equal(weights[0], 0, 0); // too far
    assert_float_equal(weights[1], 1.f / 4, 1e-6f);
    assert_float_equal(weights[3], 1.f / 6, 1e-6f);
    assert_float_equal(weights[4], 0, 0);
    assert_float_equal(weights[8], 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_are_whole_and_of_every_size_asked_for),
        cmocka_unit_test(the_centre_is_the_middle_half),
        cmocka_unit_test(strokes_hide_something_and_not_all),
        cmocka_unit_test(forms_are_drawn_as_often_as_asked_for),
        cmocka_unit_test(each_step_draws_anew_and_repeats),
        cmocka_unit_test(known_pixels_weigh_by_hidden_ones_near_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

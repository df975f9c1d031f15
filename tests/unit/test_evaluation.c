// What an evaluation holds: figures by their keys, and the picture of a confusion matrix.
#include "check_ok.h"
#include "data/picture.h"
#include "folder_test.h"
#include "model/evaluation.h"

#include <math.h>

static gm_evaluation *create(void) {
    gm_evaluation *evaluation;
    check_ok(gm_alloc(&evaluation, 1, sizeof *evaluation, "an evaluation"));
    return evaluation;
}

static void figures_stay_in_their_order_and_are_found_by_their_keys(void **unused) {
    (void)unused;
    gm_evaluation *evaluation = create();
    const char *const names[] = {"shoe", "shirt", "bag"};
    size_t count;
    check_ok(gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = "accuracy", .value = .5}));
    for (size_t i = 0; i < 300; i++)
        check_ok(gm_evaluation_add(evaluation,
                                   (gm_evaluation_figure){.key = "recall", .of = names[i % 3], .value = (double)i}));
    const gm_evaluation_figure *figures = gm_evaluation_figures(evaluation, &count);
    assert_int_equal(count, 301);
    assert_string_equal(figures[0].key, "accuracy");
    for (size_t i = 0; i < 300; i++) {
        assert_true(fabs(figures[1 + i].value - (double)i) < .5);
        assert_string_equal(figures[1 + i].of, names[i % 3]);
    }
    assert_ptr_equal(gm_evaluation_find(evaluation, "recall"), &figures[1]);
    assert_null(gm_evaluation_find(evaluation, "reca"));
    gm_evaluation_destroy(&evaluation);
    assert_null(evaluation);
}

// The picture's grey values at the middle of each cell.
static void draw(gm_evaluation *evaluation, gm_picture *picture, size_t *cell) {
    char path[96], *content;
    size_t bytes;
    snprintf(path, sizeof path, "%s/matrix.png", folder);
    check_ok(gm_evaluation_picture(evaluation, path));
    check_ok(gm_file_read(path, 1 << 24, &content, &bytes));
    check_ok(gm_picture_parse(path, content, bytes, NULL, picture));
    free(content);
    assert_int_equal(picture->channels, 1);
    assert_int_equal(picture->width, picture->height);
    assert_int_equal((picture->width - 1) % evaluation->confusion.classes, 0);
    *cell = (picture->width - 1) / evaluation->confusion.classes;
}

static void cells_are_the_darker_the_more_of_their_row_they_hold(void **unused) {
    (void)unused;
    static const size_t counts[] = {4, 0, 0, 5, 5, 10, 0, 0, 0}; // the last class has no items
    static const uint8_t expected[] = {0, 255, 255, 191, 191, 127, 255, 255, 255};
    static const char *const names[] = {"a", "b", "c"};
    gm_evaluation *evaluation = create();
    gm_picture picture;
    size_t cell;
    evaluation->confusion = (gm_confusion){.classes = 3, .names = names, .counts = counts};
    assert_ptr_equal(gm_evaluation_confusion(evaluation), &evaluation->confusion);
    draw(evaluation, &picture, &cell);
    for (size_t i = 0; i < 9; i++) {
        size_t y = i / 3 * cell, x = i % 3 * cell;
        assert_int_equal(((uint8_t *)picture.pixels)[(y + cell / 2) * picture.width + x + cell / 2], expected[i]);
        assert_int_equal(((uint8_t *)picture.pixels)[y * picture.width + x + cell / 2], 192); // the line above
    }
    free(picture.pixels);
    gm_evaluation_destroy(&evaluation);
}

static void a_thousand_classes_still_have_cells_to_see(void **unused) {
    (void)unused;
    enum { K = 1000 };
    gm_evaluation *evaluation = create();
    size_t *counts = gm_arena_alloc(&evaluation->arena, K * K * sizeof *counts), cell;
    const char **names = gm_arena_alloc(&evaluation->arena, K * sizeof *names);
    gm_picture picture;
    assert_true(counts && names);
    for (size_t k = 0; k < K; k++)
        counts[k * K + (k + 1) % K] = 1;
    evaluation->confusion = (gm_confusion){.classes = K, .names = names, .counts = counts};
    draw(evaluation, &picture, &cell);
    assert_true(cell >= 8);
    assert_int_equal(((uint8_t *)picture.pixels)[(cell / 2) * picture.width + cell / 2], 255);
    assert_int_equal(((uint8_t *)picture.pixels)[(cell / 2) * picture.width + cell + cell / 2], 0);
    assert_int_equal(((uint8_t *)picture.pixels)[((K - 1) * cell + cell / 2) * picture.width + cell / 2], 0);
    free(picture.pixels);
    gm_evaluation_destroy(&evaluation);
}

static void evaluation_without_classes_has_no_picture(void **unused) {
    (void)unused;
    gm_evaluation *evaluation = create();
    assert_null(gm_evaluation_confusion(evaluation));
    assert_int_equal(gm_evaluation_picture(evaluation, "none.png"), GM_ERROR_ARGUMENT);
    assert_string_equal(gm_error_message(), "none.png: this evaluation has no confusion matrix to draw");
    gm_evaluation_destroy(&evaluation);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_stay_in_their_order_and_are_found_by_their_keys),
        cmocka_unit_test(cells_are_the_darker_the_more_of_their_row_they_hold),
        cmocka_unit_test(a_thousand_classes_still_have_cells_to_see),
        cmocka_unit_test(evaluation_without_classes_has_no_picture),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

// The figures of an evaluation, and the picture of its confusion matrix.
#include "model/evaluation.h"

#include <stdlib.h>
#include <string.h>

enum { PICTURE_PIXELS = 256, LEAST_CELL = 8, LINE = 192 };

gm_status gm_evaluation_add(gm_evaluation *evaluation, gm_evaluation_figure figure) {
    GM_TRY(gm_grow(&evaluation->figures, evaluation->figure_count, &evaluation->figure_capacity,
                   sizeof *evaluation->figures, "figures"));
    evaluation->figures[evaluation->figure_count++] = figure;
    return GM_OK;
}

void gm_evaluation_destroy(gm_evaluation **evaluation) {
    if (!evaluation || !*evaluation)
        return;
    free((*evaluation)->figures);
    gm_arena_finish(&(*evaluation)->arena);
    free(*evaluation);
    *evaluation = NULL;
}

void gm_evaluation_get_info(const gm_evaluation *evaluation, gm_evaluation_info *info) {
    *info = evaluation->info;
}

const gm_evaluation_figure *gm_evaluation_figures(const gm_evaluation *evaluation, size_t *count) {
    *count = evaluation->figure_count;
    return evaluation->figures;
}

const gm_evaluation_figure *gm_evaluation_find(const gm_evaluation *evaluation, const char *key) {
    for (size_t i = 0; i < evaluation->figure_count; i++)
        if (strcmp(evaluation->figures[i].key, key) == 0)
            return &evaluation->figures[i];
    return NULL;
}

const gm_confusion *gm_evaluation_confusion(const gm_evaluation *evaluation) {
    return evaluation->confusion.classes > 0 ? &evaluation->confusion : NULL;
}

// The cells of one truth: the darker, the larger the share of its items that got the answer.
static void draw_row(const gm_confusion *c, size_t truth, size_t cell, uint8_t *pixels, size_t side) {
    const size_t *counts = c->counts + truth * c->classes;
    size_t all = 0;
    for (size_t i = 0; i < c->classes; i++)
        all += counts[i];
    for (size_t i = 0; i < c->classes; i++) {
        double share = all > 0 ? (double)counts[i] / (double)all : 0;
        for (size_t y = 1; y < cell; y++)
            memset(pixels + (truth * cell + y) * side + i * cell + 1, (int)(255 - 255 * share), cell - 1);
    }
}

// Cells of a few pixels at least, with a grey line between them.
gm_status gm_evaluation_picture(const gm_evaluation *evaluation, const char *path) {
    const gm_confusion *c = &evaluation->confusion;
    if (c->classes == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this evaluation has no confusion matrix to draw", path);
    size_t cell = PICTURE_PIXELS / c->classes + LEAST_CELL, side = c->classes * cell + 1;
    uint8_t *pixels;
    GM_TRY(gm_alloc(&pixels, side, side, path));
    memset(pixels, LINE, side * side);
    for (size_t truth = 0; truth < c->classes; truth++)
        draw_row(c, truth, cell, pixels, side);
    gm_status status = gm_png_write(path, pixels, side, side, 1);
    free(pixels);
    return status;
}

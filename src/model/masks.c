// Masks of images, as graph operations.
//   N images of H x W; rows (1, 1, H, 1) and columns (1, 1, 1, W) are the pixels' coordinates.
#include "model/masks.h"

#include "base/base.h"
#include "ganymede/data.h"
#include "graph/graph.h"
#include "model/common.h"
#include "nn/layers.h"

#include <math.h>
#include <stdlib.h>

enum { SEGMENTS = 6, MOST_BYTES = 1 << 28 }; // of the masks of files

typedef struct painter {
    const gm_masks *masks;
    gm_graph *graph;
    gm_tensor *counter;
    size_t N, size[2];
    gm_tensor *along[2]; // rows and columns
} painter;

// ---- Parts ----

gm_tensor *gm_masks_along(gm_graph *graph, size_t count, size_t axis) {
    gm_shape shape = {4, {1, 1, 1, 1}};
    float *values;
    shape.dim[axis] = count;
    if (gm_alloc(&values, count, sizeof *values, "coordinates") != GM_OK)
        return gm_fault(graph, "%s", gm_error_message());
    for (size_t i = 0; i < count; i++)
        values[i] = (float)i;
    gm_tensor *x = gm_constant_array(graph, GM_FLOAT32, shape, values);
    free(values);
    return x;
}

// Column i of (N, columns), for each image: (N, 1, 1, 1).
static gm_tensor *number_of(const painter *p, gm_tensor *u, size_t i) {
    return gm_reshape(gm_slice(u, (size_t[]){0, i}, (size_t[]){p->N, 1}), GM_SHAPE(p->N, 1, 1, 1));
}

static gm_tensor *draw(const painter *p, const char *name, size_t columns) {
    return gm_random_uniform(p->graph, name, GM_SHAPE(p->N, columns), p->counter);
}

static gm_tensor *between(gm_tensor *u, double low, double high) {
    return gm_offset(gm_scale(u, high - low), low);
}

// ---- Forms ----

// Each side has its own length; at least one pixel is hidden.
static gm_tensor *box(const painter *p) {
    gm_tensor *u = draw(p, "masks.box", 4), *inside[2];
    for (size_t i = 0; i < 2; i++) {
        double side = (double)p->size[i];
        gm_tensor *length =
            gm_floor(gm_offset(between(number_of(p, u, i), p->masks->least * side, p->masks->most * side), .5));
        length = gm_maximum(length, gm_constant(p->graph, 1));
        gm_tensor *places = gm_offset(gm_negate(length), side + 1);
        gm_tensor *first = gm_floor(gm_multiply(number_of(p, u, 2 + i), places));
        gm_tensor *offset = gm_subtract(p->along[i], first);
        inside[i] = gm_multiply(gm_greater_equal(offset, gm_constant(p->graph, 0)), gm_less(offset, length));
    }
    return gm_multiply(inside[0], inside[1]);
}

gm_tensor *gm_masks_centre(gm_graph *graph, size_t height, size_t width) {
    const size_t size[2] = {height, width}, inner[2] = {(height + 1) / 2, (width + 1) / 2};
    size_t before[4] = {0}, after[4] = {0};
    for (size_t i = 0; i < 2; i++) {
        before[2 + i] = (size[i] - inner[i]) / 2;
        after[2 + i] = size[i] - inner[i] - before[2 + i];
    }
    return gm_pad(gm_full(graph, (gm_shape){4, {1, 1, inner[0], inner[1]}}, 1), before, after);
}

// The squared distance of each pixel from the line from a to b.
static gm_tensor *squared_distance(const painter *p, gm_tensor *const a[2], gm_tensor *const b[2]) {
    gm_tensor *from_a[2], *line[2], *along = NULL, *length = NULL;
    for (size_t i = 0; i < 2; i++) {
        from_a[i] = gm_subtract(p->along[i], a[i]);
        line[i] = gm_subtract(b[i], a[i]);
        gm_tensor *product = gm_multiply(from_a[i], line[i]), *square = gm_square(line[i]);
        along = along ? gm_add(along, product) : product;
        length = length ? gm_add(length, square) : square;
    }
    gm_tensor *share = gm_divide(along, gm_offset(length, 1e-6));
    share = gm_minimum(gm_maximum(share, gm_constant(p->graph, 0)), gm_constant(p->graph, 1));
    gm_tensor *squares[2];
    for (size_t i = 0; i < 2; i++)
        squares[i] = gm_square(gm_subtract(from_a[i], gm_multiply(share, line[i])));
    return gm_add(squares[0], squares[1]);
}

// A brush that goes a few steps in directions that turn (Yu et al. 2019, "Free-form image inpainting"), from a pixel of
// the image on.
static gm_tensor *stroke(const painter *p) {
    const double pi = 3.14159265358979323846, shorter = (double)GM_MIN(p->size[0], p->size[1]);
    const double widest = fmax(p->masks->width * shorter, 2), thinnest = fmax(widest / 2, 2);
    gm_tensor *u = draw(p, "masks.stroke", 4 + 2 * SEGMENTS), *at[2], *nearest = NULL;
    gm_tensor *radius = between(number_of(p, u, 0), thinnest / 2, widest / 2);
    gm_tensor *angle = between(number_of(p, u, 1), 0, 2 * pi);
    for (size_t i = 0; i < 2; i++)
        at[i] = between(number_of(p, u, 2 + i), 0, (double)p->size[i] - 1);
    for (size_t s = 0; s < SEGMENTS; s++) {
        gm_tensor *length = between(number_of(p, u, 4 + 2 * s), .1 * shorter, .4 * shorter), *to[2];
        angle = gm_add(angle, between(number_of(p, u, 5 + 2 * s), -pi / 2, pi / 2));
        to[0] = gm_add(at[0], gm_multiply(length, gm_sin(angle)));
        to[1] = gm_add(at[1], gm_multiply(length, gm_cos(angle)));
        gm_tensor *distance = squared_distance(p, at, to);
        nearest = nearest ? gm_minimum(nearest, distance) : distance;
        at[0] = to[0], at[1] = to[1];
    }
    return gm_less_equal(nearest, gm_square(radius));
}

// ---- Files ----

static gm_status load(const painter *p, const gm_recipe *recipe, const char *folder, gm_tensor **table, size_t *count) {
    const gm_dataset_options options = {.size = {p->size[0], p->size[1]},
                                        .fit = GM_FIT_RESIZE,
                                        .channels = 1,
                                        .count = MOST_BYTES / (p->size[0] * p->size[1])};
    gm_dataset *files;
    int32_t *indices = NULL;
    uint8_t *values = NULL;
    gm_status status = gm_dataset_open(&files, folder, &options);
    if (status != GM_OK)
        return gm_fail_prefix(status, "%s", gm_recipe_origin(recipe, "masks.folder"));
    const gm_dataset_info *info = gm_dataset_get_info(files);
    *count = info->count;
    if (info->kind != GM_DATASET_IMAGES || *count == 0)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds no pictures of 8 bits to take masks from",
                            gm_recipe_origin(recipe, "masks.folder"), folder));
    GM_TRY_DONE(gm_alloc(&indices, *count, sizeof *indices, "masks"));
    GM_TRY_DONE(gm_alloc(&values, *count, info->item_bytes, "masks"));
    for (size_t i = 0; i < *count; i++)
        indices[i] = (int32_t)i;
    GM_TRY_DONE(gm_dataset_gather(files, indices, *count, values, NULL));
    *table = gm_constant_array(p->graph, GM_UINT8, GM_SHAPE(*count, 1, p->size[0], p->size[1]), values);
done:
    free(indices);
    free(values);
    gm_dataset_close(&files);
    return status;
}

static gm_status file(const painter *p, const gm_recipe *recipe, gm_tensor **mask) {
    gm_tensor *table = NULL;
    size_t count = 0;
    GM_TRY(load(p, recipe, p->masks->folder, &table, &count));
    gm_tensor *which = gm_draw_whole(gm_reshape(draw(p, "masks.file", 1), GM_SHAPE(p->N)), 0, count);
    *mask = gm_greater(gm_cast(gm_gather(table, which), GM_FLOAT32), gm_constant(p->graph, 127));
    return GM_OK;
}

// ---- The whole ----

gm_status gm_masks_draw(const gm_masks *masks, const gm_recipe *recipe, gm_graph *graph, size_t N, size_t height,
                        size_t width, gm_tensor *counter, gm_tensor **drawn) {
    painter p = {.masks = masks, .graph = graph, .counter = counter, .N = N, .size = {height, width}};
    const double often[] = {masks->box, masks->centre, masks->strokes, masks->files};
    double all = 0, below = 0;
    gm_tensor *forms[GM_COUNT(often)] = {NULL}, *mask = NULL;
    for (size_t i = 0; i < 2; i++)
        p.along[i] = gm_masks_along(graph, p.size[i], 2 + i);
    if (masks->box > 0)
        forms[0] = box(&p);
    if (masks->centre > 0)
        forms[1] = gm_broadcast(gm_masks_centre(graph, height, width), GM_SHAPE(N, 1, height, width));
    if (masks->strokes > 0)
        forms[2] = stroke(&p);
    if (masks->files > 0)
        GM_TRY(file(&p, recipe, &forms[3]));
    gm_tensor *u = number_of(&p, draw(&p, "masks.form", 1), 0);
    for (size_t i = 0; i < GM_COUNT(often); i++)
        all += often[i];
    for (size_t i = 0; i < GM_COUNT(often); i++) {
        if (forms[i]) // beyond what was below, it covers the rest
            mask = mask ? gm_select(gm_less(u, gm_constant(graph, below / all)), mask, forms[i]) : forms[i];
        below += often[i];
    }
    *drawn = mask;
    return gm_graph_status(graph);
}

gm_status gm_masks_check(const gm_masks *masks, const gm_recipe *recipe) {
    if (!(masks->box + masks->centre + masks->strokes + masks->files > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: no masks are drawn: set masks.box, centre, strokes or files above 0",
                       gm_recipe_origin(recipe, "masks"));
    if (masks->least > masks->most)
        return gm_fail(GM_ERROR_FORMAT, "%s: masks.least must not be above masks.most",
                       gm_recipe_origin(recipe, "masks.least"));
    if (masks->files > 0 && !masks->folder)
        return gm_fail(GM_ERROR_FORMAT, "%s: masks.files needs masks.folder, where the pictures of masks lie",
                       gm_recipe_origin(recipe, "masks.files"));
    return GM_OK;
}

// Differentiable augmentation and packing.
//   N, C, H, W: the batch's shape; u: uniform numbers in [0, 1), a row per image and a column per decision.
//
// Column 0 of u decides whether the operation is applied, also where it always is: a probability of 1 gives the same
// images as none. An image that an operation leaves out is picked, not computed, so that its values stay what they are.
#include "ganymede/augment.h"

#include "nn/layers.h"

#include "graph/build.h"

#include <math.h>

typedef struct augmentation {
    gm_graph *graph;
    const char *name;
    const gm_augment_params *params;
    gm_tensor *probability; // scalar; NULL: 1
    gm_tensor *counter;
    size_t N, C, size[2]; // H, W
} augmentation;

// ---- Draws ----

static gm_tensor *draw(const augmentation *a, const char *operation, size_t columns) {
    const char *stream = gm_graph_printf(a->graph, "%s.%s", a->name, operation);
    if (stream == NULL)
        return a->graph->nodes[0];
    return gm_random_uniform(a->graph, stream, (gm_shape){2, {a->N, columns}}, a->counter);
}

// (N, columns) -> (N, 1)
static gm_tensor *column(gm_tensor *u, size_t i) {
    return gm_slice(u, (size_t[]){0, i}, (size_t[]){gm_tensor_shape(u)->dim[0], 1});
}

// A number per image, (N, 1) -> (N, 1, 1, 1)
static gm_tensor *per_image(gm_tensor *x) {
    return gm_reshape(x, (gm_shape){4, {gm_tensor_shape(x)->dim[0], 1, 1, 1}});
}

// u < 1, so truncation gives choices - 1 at most.
gm_tensor *gm_draw_whole(gm_tensor *u, int32_t least, size_t choices) {
    gm_tensor *chosen = gm_cast(gm_scale(u, (double)choices), GM_INT32);
    return gm_add(chosen, gm_constant_int(gm_tensor_graph(u), least));
}

// Where the operation is applied, (N, 1); NULL: everywhere.
static gm_tensor *applied(const augmentation *a, gm_tensor *u) {
    return a->probability != NULL ? gm_less(column(u, 0), a->probability) : NULL;
}

static gm_tensor *where(gm_tensor *mask, gm_tensor *y, gm_tensor *x) {
    return mask != NULL ? gm_select(per_image(mask), y, x) : y;
}

// ---- Flips and colours ----

static bool is_zero(gm_interval range) {
    return !(range.low < 0 || range.low > 0 || range.high < 0 || range.high > 0);
}

static bool differs(gm_interval range, double neutral) {
    return !is_zero(range) && (range.low < neutral || range.high > neutral);
}

// U(low, high) per image
static gm_tensor *within(gm_interval range, gm_tensor *u) {
    return per_image(gm_offset(gm_scale(u, range.high - range.low), range.low));
}

static gm_tensor *flip(const augmentation *a, gm_tensor *x, bool wanted, const char *operation, size_t axis) {
    if (!wanted)
        return x;
    gm_tensor *half = gm_constant(a->graph, 0.5);
    gm_tensor *threshold = a->probability != NULL ? gm_multiply(a->probability, half) : half;
    return where(gm_less(column(draw(a, operation, 1), 0), threshold), gm_flip(x, GM_AXIS(axis)), x);
}

// Brightness b, saturation s and contrast c one after the other. The means move with b and s keeps the image's mean, so
// that both are those of x, and b can come last.
static gm_tensor *colour(const augmentation *a, gm_tensor *x) {
    const gm_augment_params *p = a->params;
    bool brightness = differs(p->brightness, 0), contrast = differs(p->contrast, 1);
    bool saturation = differs(p->saturation, 1) && a->C == 3;
    if (!(brightness || saturation || contrast))
        return x;
    gm_tensor *u = draw(a, "colour", 4), *y = x;
    if (saturation) {
        gm_tensor *mean = gm_mean(x, GM_AXIS(1));
        y = gm_add(mean, gm_multiply(gm_subtract(y, mean), within(p->saturation, column(u, 2))));
    }
    if (contrast) {
        gm_tensor *mean = gm_mean(x, GM_AXIS(1) | GM_AXIS(2) | GM_AXIS(3));
        y = gm_add(mean, gm_multiply(gm_subtract(y, mean), within(p->contrast, column(u, 3))));
    }
    if (brightness)
        y = gm_add(y, within(p->brightness, column(u, 1)));
    return where(applied(a, u), y, x);
}

// ---- Warps: where the pixels of the result lie in x; r and c are rows and columns from its middle ----

static double middle(size_t length) {
    return ((double)length - 1) / 2;
}

// (1, 1, H, 1) and (1, 1, 1, W): rows and columns from the middle
static gm_tensor *from_middle(const augmentation *a, size_t axis) {
    gm_tensor *index = gm_indices_along(a->graph, 4, 2 + axis, a->size[axis]);
    return gm_offset(gm_cast(index, GM_FLOAT32), -middle(a->size[axis]));
}

// Smooth noise in [-1, 1], (N, 2, H, W): random numbers on a coarse grid, read between them with slopes of 0 there
// (Perlin 2002 has the polynomial of a degree more).
static gm_tensor *field(const augmentation *a) {
    enum { CELLS = 4 };
    gm_tensor *u = gm_random_uniform(a->graph, gm_graph_printf(a->graph, "%s.elastic", a->name),
                                     GM_SHAPE(a->N, 2, CELLS + 1, CELLS + 1), a->counter);
    gm_tensor *place[2];
    for (size_t i = 0; i < 2; i++) {
        gm_tensor *p = gm_scale(gm_offset(from_middle(a, i), middle(a->size[i])), (double)CELLS / (double)a->size[i]);
        gm_tensor *cell = gm_floor(p), *t = gm_subtract(p, cell);
        gm_tensor *smooth = gm_multiply(gm_square(t), gm_offset(gm_scale(t, -2), 3));
        place[i] = gm_broadcast(gm_add(cell, smooth), GM_SHAPE(a->N, 1, a->size[0], a->size[1]));
    }
    return gm_warp2d(gm_offset(gm_scale(u, 2), -1), gm_concat(place, 2, 1));
}

// Places beyond the edges become those of what lies there; zeros lie there anyhow.
static gm_tensor *bordered(const augmentation *a, gm_tensor *place, size_t axis) {
    double last = (double)a->size[axis] - 1;
    gm_tensor *zero = gm_constant(a->graph, 0), *end = gm_constant(a->graph, last);
    if (a->params->border == GM_AUGMENT_REFLECT && last > 0) { // a triangle wave of period 2 last
        gm_tensor *turns = gm_scale(place, 1 / (2 * last));
        place = gm_abs(gm_scale(gm_subtract(turns, gm_floor(gm_offset(turns, 0.5))), 2 * last));
    }
    return a->params->border == GM_AUGMENT_ZERO ? place : gm_minimum(gm_maximum(place, zero), end);
}

// x (N, C, H, W) at rows and columns from its middle, each (N, 1, H, W) or of a shape that becomes that.
static gm_tensor *read_at(const augmentation *a, gm_tensor *x, gm_tensor *const place[2]) {
    gm_tensor *places[2];
    for (size_t i = 0; i < 2; i++)
        places[i] = gm_broadcast(bordered(a, gm_offset(place[i], middle(a->size[i])), i),
                                 GM_SHAPE(a->N, 1, a->size[0], a->size[1]));
    return gm_warp2d(x, gm_concat(places, 2, 1));
}

// By whole pixels, offsets int32 (N, 2).
static gm_tensor *shift(const augmentation *a, gm_tensor *x, gm_tensor *offsets) {
    gm_tensor *place[2];
    for (size_t i = 0; i < 2; i++)
        place[i] = gm_subtract(from_middle(a, i), per_image(gm_cast(column(offsets, i), GM_FLOAT32)));
    return read_at(a, x, place);
}

static gm_tensor *radians(gm_interval degrees, gm_tensor *u) {
    return gm_scale(within(degrees, u), acos(-1) / 180);
}

// The crop is taken of the image that is turned, slanted and enlarged, so that its places come first.
static gm_tensor *warp(const augmentation *a, gm_tensor *x) {
    const gm_augment_params *p = a->params;
    if (!(differs(p->rotate, 0) || differs(p->scale, 1) || differs(p->shear, 0) || differs(p->crop, 1) ||
          differs(p->elastic, 0)))
        return x;
    gm_tensor *u = draw(a, "warp", 8), *place[2] = {from_middle(a, 0), from_middle(a, 1)};
    const gm_interval one = {1, 1};
    gm_tensor *share = within(differs(p->crop, 1) ? p->crop : one, column(u, 4)),
              *bend = differs(p->elastic, 0) ? field(a) : NULL;
    gm_tensor *angle = radians(p->rotate, column(u, 1)), *slant = radians(p->shear, column(u, 3));
    gm_tensor *size = within(differs(p->scale, 1) ? p->scale : one, column(u, 2)), *sine = gm_sin(angle),
              *cosine = gm_cos(angle);
    for (size_t i = 0; i < 2; i++) {
        gm_tensor *room = gm_scale(gm_subtract(gm_constant(a->graph, 1), share), 2 * middle(a->size[i]));
        gm_tensor *where_to = per_image(gm_offset(column(u, 5 + i), -0.5));
        place[i] = gm_add(gm_multiply(place[i], share), gm_multiply(room, where_to));
    }
    gm_tensor *r = gm_divide(place[0], size), *c = gm_divide(place[1], size);
    c = gm_subtract(c, gm_multiply(r, gm_divide(gm_sin(slant), gm_cos(slant))));
    place[0] = gm_add(gm_multiply(r, cosine), gm_multiply(c, sine));
    place[1] = gm_subtract(gm_multiply(c, cosine), gm_multiply(r, sine));
    for (size_t i = 0; bend && i < 2; i++) {
        gm_tensor *step = gm_scale(within(p->elastic, column(u, 7)), (double)a->size[i]);
        gm_tensor *part = gm_slice(bend, (size_t[]){0, i, 0, 0}, (size_t[]){a->N, 1, a->size[0], a->size[1]});
        place[i] = gm_add(place[i], gm_multiply(part, step));
    }
    return where(applied(a, u), read_at(a, x, place), x);
}

// ---- The other operations ----

static gm_tensor *noise(const augmentation *a, gm_tensor *x) {
    if (!differs(a->params->noise, 0))
        return x;
    gm_tensor *u = draw(a, "noise", 2);
    gm_tensor *e =
        gm_random_normal(a->graph, gm_graph_printf(a->graph, "%s.grain", a->name), *gm_tensor_shape(x), a->counter);
    return where(applied(a, u), gm_add(x, gm_multiply(e, within(a->params->noise, column(u, 1)))), x);
}

static size_t share_of(double share, size_t length) {
    return (size_t)(share * (double)length + 0.5);
}

static gm_tensor *pair(gm_tensor *down, gm_tensor *right) {
    return gm_concat((gm_tensor *[]){down, right}, 2, 1);
}

static gm_tensor *translation(const augmentation *a, gm_tensor *x) {
    size_t limit[2] = {share_of(a->params->translation, a->size[0]), share_of(a->params->translation, a->size[1])};
    if (limit[0] == 0 && limit[1] == 0)
        return x;
    gm_tensor *u = draw(a, "translation", 3), *offset[2];
    for (size_t i = 0; i < 2; i++)
        offset[i] = gm_draw_whole(column(u, 1 + i), -(int32_t)limit[i], 2 * limit[i] + 1);
    gm_tensor *offsets = pair(offset[0], offset[1]), *mask = applied(a, u);
    if (mask != NULL)
        offsets = gm_multiply(offsets, gm_cast(mask, GM_INT32));
    return a->params->border == GM_AUGMENT_ZERO ? gm_shift2d(x, offsets) : shift(a, x, offsets);
}

// A rectangle of ones in the top left corner, moved so that its middle is any pixel (or, of even sizes, any edge
// between pixels, the image's own included); what of it lies outside is lost.
static gm_tensor *cutout(const augmentation *a, gm_tensor *x) {
    size_t rectangle[2] = {share_of(a->params->cutout, a->size[0]), share_of(a->params->cutout, a->size[1])};
    if (rectangle[0] == 0 || rectangle[1] == 0)
        return x;
    gm_tensor *u = draw(a, "cutout", 3), *offset[2], *mask = applied(a, u);
    for (size_t i = 0; i < 2; i++)
        offset[i] = gm_draw_whole(column(u, 1 + i), -(int32_t)(rectangle[i] / 2), a->size[i] + 1 - rectangle[i] % 2);
    gm_tensor *ones = gm_full(a->graph, (gm_shape){4, {1, 1, rectangle[0], rectangle[1]}}, 1);
    gm_tensor *corner =
        gm_pad(ones, (size_t[4]){0}, (size_t[]){0, 0, a->size[0] - rectangle[0], a->size[1] - rectangle[1]});
    gm_tensor *cut =
        gm_shift2d(gm_broadcast(corner, (gm_shape){4, {a->N, 1, a->size[0], a->size[1]}}), pair(offset[0], offset[1]));
    if (mask != NULL)
        cut = gm_multiply(cut, per_image(mask));
    return gm_select(cut, gm_constant(a->graph, 0), x);
}

// ---- The settings ----

#define NUMBER(name, start, most, text)                                                                                \
    {                                                                                                                  \
        .key = #name, .kind = GM_PARAMETER_NUMBER, .offset = offsetof(gm_augment_params, name), .initial = start,      \
        .maximum = most, .help = text                                                                                  \
    }
#define RANGE(name, same, start, least, most, text)                                                                    \
    {                                                                                                                  \
        .key = #name, .kind = GM_PARAMETER_RANGE, .offset = offsetof(gm_augment_params, name), .initial = start,       \
        .neutral = same, .minimum = least, .maximum = most, .help = text                                               \
    }
#define SWITCH(name, text)                                                                                             \
    { .key = #name, .kind = GM_PARAMETER_BOOLEAN, .offset = offsetof(gm_augment_params, name), .help = text }

static const char *const borders[] = {"zero", "edge", "reflect", NULL}; // gm_augment_border

static const gm_parameter parameters[] = {
    RANGE(brightness, 0, 0.5, -10, 10, "what is added to an image"),
    RANGE(saturation, 1, 1, 0, 2, "factor of the distance from grey; images of 3 channels"),
    RANGE(contrast, 1, 0.5, 0, 2, "factor of the distance from the image's mean"),
    NUMBER(translation, 0.125, 1, "largest move, as a share of height and width"),
    NUMBER(cutout, 0.5, 1, "height and width of the rectangle that is blanked, as a share of the image's"),
    SWITCH(flip, "exchange left and right in every second image (GANs may learn it)"),
    SWITCH(upend, "exchange top and bottom in every second image"),
    RANGE(rotate, 0, 0, -180, 180, "degrees, counter-clockwise"),
    RANGE(scale, 1, 0, 0.1, 10, "factor of the size"),
    RANGE(shear, 0, 0, -60, 60, "degrees that columns lean to the left"),
    RANGE(crop, 1, 1, 0.1, 1, "share of height and width of the random part that becomes the whole"),
    RANGE(elastic, 0, 0, 0, 0.5, "largest step of a smooth random bending, as a share of height and width"),
    RANGE(noise, 0, 0, 0, 10, "standard deviation of what is added to each value"),
    {.key = "border",
     .kind = GM_PARAMETER_CHOICE,
     .offset = offsetof(gm_augment_params, border),
     .choices = borders,
     .help = "what lies beyond the edge of an image that is moved: zeros, its nearest pixel, or the image mirrored"},
};

const gm_parameter *gm_augment_parameters(size_t *count) {
    *count = GM_COUNT(parameters);
    return parameters;
}

static bool differs_from_neutral(const gm_parameter *row, const gm_augment_params *params) {
    const void *value = (const char *)params + row->offset;
    switch (row->kind) {
    case GM_PARAMETER_RANGE:
        return differs(*(const gm_interval *)value, row->neutral);
    case GM_PARAMETER_NUMBER:
        return *(const double *)value > 0;
    case GM_PARAMETER_BOOLEAN:
        return *(const bool *)value;
    default:
        return false;
    }
}

bool gm_augment_is_wanted(const gm_augment_params *params) {
    for (size_t i = 0; i < GM_COUNT(parameters); i++)
        if (differs_from_neutral(&parameters[i], params))
            return true;
    return false;
}

static bool number_usable(const gm_parameter *row, const gm_augment_params *params) {
    const void *value = (const char *)params + row->offset;
    if (row->kind == GM_PARAMETER_RANGE) {
        const gm_interval *range = value;
        return is_zero(*range) ||
               (range->low >= row->minimum && range->low <= range->high && range->high <= row->maximum);
    }
    return row->kind != GM_PARAMETER_NUMBER ||
           (*(const double *)value >= row->minimum && *(const double *)value <= row->maximum);
}

static bool numbers_usable(gm_graph *graph, const gm_augment_params *params) {
    for (size_t i = 0; i < GM_COUNT(parameters); i++) {
        char allowed[160], given[80];
        if (number_usable(&parameters[i], params))
            continue;
        gm_fault(graph, "%s must be %s, not %s", parameters[i].key,
                 gm_parameter_allowed(&parameters[i], allowed, sizeof allowed),
                 gm_parameter_format(&parameters[i], params, given, sizeof given));
        return false;
    }
    return true;
}

// ---- The whole ----

static gm_tensor *scalar(gm_graph *graph, gm_tensor *probability) {
    if (gm_is_poison(probability))
        return graph->nodes[0];
    if (gm_tensor_type(probability) != GM_FLOAT32 || gm_shape_count(gm_tensor_shape(probability)) != 1)
        return gm_fault(graph, "the probability must be one float32 number, not %s %s",
                        gm_type_text(gm_tensor_type(probability)), gm_shape_text(gm_tensor_shape(probability)));
    return gm_reshape(probability, (gm_shape){.rank = 0});
}

static gm_tensor *augment(gm_tensor *x, const char *name, const gm_augment_params *params, gm_tensor *probability,
                          gm_tensor *counter) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (shape->rank != 4 || gm_tensor_type(x) != GM_FLOAT32)
        return gm_fault(graph, "it takes float32 images (N, C, H, W), not %s %s", gm_type_text(gm_tensor_type(x)),
                        gm_shape_text(shape));
    if (counter == NULL)
        return gm_fault(graph, "it needs a counter: without one it draws the same numbers every step");
    if (!numbers_usable(graph, params))
        return graph->nodes[0];
    augmentation a = {.graph = graph, .name = name, .params = params, .counter = counter};
    a.N = shape->dim[0], a.C = shape->dim[1], a.size[0] = shape->dim[2], a.size[1] = shape->dim[3];
    if (probability != NULL)
        a.probability = scalar(graph, probability);
    x = flip(&a, flip(&a, x, params->flip, "flip", 3), params->upend, "upend", 2);
    return cutout(&a, translation(&a, noise(&a, colour(&a, warp(&a, x)))));
}

gm_tensor *gm_augment(gm_tensor *x, const char *name, const gm_augment_params *params, gm_tensor *probability,
                      gm_tensor *counter) {
    if (gm_is_poison(x))
        return x;
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    gm_tensor *y = augment(x, name, params, probability, counter);
    return gm_fault_prefix(graph, before, y, "%s (augment)", name);
}

gm_tensor *gm_augment_probability(gm_tensor *probability, gm_tensor *real_logits, const gm_adaptive_params *params) {
    if (gm_is_poison(probability))
        return probability;
    gm_graph *graph = gm_tensor_graph(probability);
    double images = params->images > 0 ? params->images : 500e3;
    size_t batch = params->batch > 0 ? params->batch : gm_shape_count(gm_tensor_shape(real_logits));
    gm_tensor *excess = gm_offset(gm_mean_all(gm_sign(real_logits)), -params->target);
    gm_tensor *moved = gm_add(probability, gm_scale(gm_sign(excess), (double)batch / images));
    return gm_minimum(gm_maximum(moved, gm_constant(graph, 0)), gm_constant(graph, 1));
}

// ---- Packing ----

gm_tensor *gm_pack(gm_tensor *x, size_t m) {
    if (gm_is_poison(x))
        return x;
    gm_shape shape = *gm_tensor_shape(x);
    if (shape.rank < 2)
        return gm_fault(gm_tensor_graph(x), "pack: it takes samples (N, C, ...), not %s", gm_shape_text(&shape));
    if (m == 0 || shape.dim[0] % m != 0)
        return gm_fault(gm_tensor_graph(x), "pack: %zu samples cannot be packed by %zu: choose a batch that it divides",
                        shape.dim[0], m);
    shape.dim[0] /= m;
    shape.dim[1] *= m;
    return gm_reshape(x, shape);
}

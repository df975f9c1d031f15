// Differentiable augmentation and packing.
//   N, C, H, W: the batch's shape; u: uniform numbers in [0, 1), a row per image and a column per decision.
//
// Column 0 of u decides whether the operation is applied, also where it always is: a probability of 1 gives the same
// images as none. An image that an operation leaves out is picked, not computed, so that its values stay what they are.
#include "ganymede/augment.h"

#include "nn/layers.h"

#include "graph/graph.h"

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

// U(middle - reach, middle + reach)
static gm_tensor *around(double middle, double reach, gm_tensor *u) {
    return per_image(gm_offset(gm_scale(u, 2 * reach), middle - reach));
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

// ---- The operations ----

static gm_tensor *flip(const augmentation *a, gm_tensor *x) {
    if (!a->params->flip)
        return x;
    gm_tensor *half = gm_constant(a->graph, 0.5);
    gm_tensor *threshold = a->probability != NULL ? gm_multiply(a->probability, half) : half;
    return where(gm_less(column(draw(a, "flip", 1), 0), threshold), gm_flip(x, GM_AXIS(3)), x);
}

// Brightness b, saturation s and contrast c one after the other. The means move with b and s keeps the image's mean, so
// that both are those of x, and b can come last.
static gm_tensor *colour(const augmentation *a, gm_tensor *x) {
    const gm_augment_params *p = a->params;
    bool saturation = p->saturation > 0 && a->C == 3;
    if (!(p->brightness > 0 || saturation || p->contrast > 0))
        return x;
    gm_tensor *u = draw(a, "colour", 4), *y = x;
    if (saturation) {
        gm_tensor *mean = gm_mean(x, GM_AXIS(1));
        y = gm_add(mean, gm_multiply(gm_subtract(y, mean), around(1, p->saturation, column(u, 2))));
    }
    if (p->contrast > 0) {
        gm_tensor *mean = gm_mean(x, GM_AXIS(1) | GM_AXIS(2) | GM_AXIS(3));
        y = gm_add(mean, gm_multiply(gm_subtract(y, mean), around(1, p->contrast, column(u, 3))));
    }
    if (p->brightness > 0)
        y = gm_add(y, around(0, p->brightness, column(u, 1)));
    return where(applied(a, u), y, x);
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
    return gm_shift2d(x, mask != NULL ? gm_multiply(offsets, gm_cast(mask, GM_INT32)) : offsets);
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

static const gm_parameter parameters[] = {
    NUMBER(brightness, 0.5, 10, "largest number added to an image"),
    NUMBER(saturation, 1, 1, "largest change of the factor 1 of the distance from grey; images of 3 channels"),
    NUMBER(contrast, 0.5, 1, "largest change of the factor 1 of the distance from the image's mean"),
    NUMBER(translation, 0.125, 1, "largest move, as a share of height and width"),
    NUMBER(cutout, 0.5, 1, "height and width of the rectangle that is blanked, as a share of the image's"),
    {.key = "flip",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_augment_params, flip),
     .help = "exchange left and right in every second image"},
};

const gm_parameter *gm_augment_parameters(size_t *count) {
    *count = GM_COUNT(parameters);
    return parameters;
}

static bool numbers_usable(gm_graph *graph, const gm_augment_params *params) {
    gm_augment_params copy = *params;
    for (size_t i = 0; i < GM_COUNT(parameters); i++) {
        const gm_parameter *row = &parameters[i];
        if (row->kind != GM_PARAMETER_NUMBER)
            continue;
        double value = *(const double *)((const char *)params + row->offset);
        if (gm_parameter_set_number(row, &copy, value) != GM_OK) {
            gm_fault(graph, "%s", gm_error_message());
            return false;
        }
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
    return cutout(&a, translation(&a, colour(&a, flip(&a, x))));
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

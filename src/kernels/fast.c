// Contractions by Toom-Cook algorithms: which take one, at what cost, and the texts of their transforms. cl/fast_cpu.cl
// tells how a convolution of any stride becomes correlations of stride 1.
#include "kernels/fast.h"

enum {
    CHANNELS = 16,     // come in multiples of a vector
    MEMORY_SHARE = 16, // of a GPU's memory, that transformed values may take
};

static bool is_transposed(const gm_contraction *c) {
    return c->map[0].d < 0;
}

static size_t stride_of(const gm_contraction *c) {
    return (size_t)(is_transposed(c) ? c->map[0].q : c->map[0].a);
}

static size_t taps_of(const gm_contraction *c) {
    return gm_divide_up(c->R, stride_of(c));
}

static size_t outputs_of(const gm_contraction *c, size_t axis) {
    return axis == 0 ? c->OH : c->OW;
}

// Tiles of so many results along an axis of the output.
static size_t tiles_of(const gm_contraction *c, size_t axis, size_t results) {
    return gm_divide_up(gm_divide_up(outputs_of(c, axis), is_transposed(c) ? stride_of(c) : 1), results);
}

// Multiplications for each pair of channels.
static size_t products(const gm_contraction *c, size_t results) {
    size_t points = results + taps_of(c) - 1;
    return tiles_of(c, 0, results) * tiles_of(c, 1, results) * points * points;
}

// Whether all transformed values, weights or products can be counted, and are a small part of the device's memory: a
// step that has room for the direct kernels' shall have room for them.
static bool planes_fit(const gm_contraction *c, const gm_device_info *device) {
    size_t points = c->variant->fast + taps_of(c) - 1, phases = stride_of(c) * stride_of(c);
    size_t rows = tiles_of(c, 0, c->variant->fast) * tiles_of(c, 1, c->variant->fast) * c->N;
    uint64_t bytes = GM_MIN(device->max_allocation_bytes, device->global_bytes / MEMORY_SHARE);
    double most = (double)GM_MIN((uint64_t)GM_MOST_ELEMENTS, bytes / sizeof(float));
    double matrix = (double)GM_MAX(GM_MAX(rows * c->C, rows * c->K), c->C * c->K);
    return (double)(points * points * phases) * matrix <= most;
}

// Taps that meet a value where the output's position along an axis is o.
static size_t taps_met(const gm_contraction *c, size_t axis, size_t o) {
    size_t taps = axis == 0 ? c->R : c->S, met = 0;
    int64_t values = (int64_t)(axis == 0 ? c->IH : c->IW);
    const gm_axis_map *map = &c->map[axis];
    for (size_t r = 0; r < taps; r++) {
        int64_t at = map->a * (int64_t)o + map->b + map->d * (int64_t)r;
        met += at >= 0 && at % map->q == 0 && at / map->q < values;
    }
    return met;
}

// Pairs of an output and a tap along an axis that meet a value.
static size_t pairs_of(const gm_contraction *c, size_t axis) {
    size_t pairs = 0;
    for (size_t o = 0; o < outputs_of(c, axis); o++)
        pairs += taps_met(c, axis, o);
    return pairs;
}

// An output of padding alone is zero, and a rounding error there would be any multiple of it.
static bool meets_values(const gm_contraction *c, size_t axis) {
    for (size_t o = 0; o < outputs_of(c, axis); o++)
        if (taps_met(c, axis, o) == 0)
            return false;
    return true;
}

bool gm_fast_accepts(const gm_contraction *c, const gm_device_info *device) {
    size_t taps = taps_of(c), results = c->variant->fast, points = results + taps - 1;
    const int64_t near = is_transposed(c) ? -1 : 1; // taps that lie side by side
    bool fits = c->R == c->S && c->map[0].a == c->map[1].a && c->map[0].q == c->map[1].q && c->map[0].d == near &&
                c->map[1].d == near && meets_values(c, 0) && meets_values(c, 1) && c->R >= 2 && c->R <= 5 &&
                taps >= 2 && points <= GM_TOOM_MOST && stride_of(c) <= 2 && c->C % CHANNELS == 0 &&
                c->K % CHANNELS == 0;
    if (c->variant->gpu) // all that is transformed lies in memory at a time
        fits = fits && planes_fit(c, device);
    // Tiles of three fit few images so well that they are worth a trial.
    return fits && (results != 3 || points == GM_TOOM_MOST || products(c, 3) < products(c, 4));
}

double gm_fast_cost(const gm_contraction *c, bool outer) {
    // Multiplications that take as long as a value's transform, a result's and a weight's (in rows: with its way
    // through memory): fitted to 45 layers and directions with 3 x 3 and 4 x 4 taps on two cores with AVX2, where the
    // choices take as long as the best in the median, and a quarter longer at most.
    // On GPUs an estimate from what they are said to reach: each has its way through memory twice, and an image's
    // values are read there, too, while 25 operations take as long as a byte (13 on an A100, 80 on an RTX 4090, whose
    // cache holds most of it); and three launches.
    const bool gpu = c->variant->gpu;
    const double value = gpu ? 150 : 5, result = gpu ? 100 : 30, weight = gpu ? 100 : outer ? 25 : 50;
    const double launches = gpu ? 1.5e8 : 0;
    bool transposed = is_transposed(c);
    double stride = (double)stride_of(c), results = (double)c->variant->fast, taps = (double)taps_of(c);
    double points = (results + taps - 1) * (results + taps - 1), phases = stride * stride;
    double rows = (double)(tiles_of(c, 0, c->variant->fast) * tiles_of(c, 1, c->variant->fast) * c->N);
    double C = (double)c->C * (transposed ? 1 : phases), K = (double)c->K * (transposed ? phases : 1);
    double values = (transposed ? phases : 1) * rows * C;
    double direct = (double)(pairs_of(c, 0) * pairs_of(c, 1) * c->N) * (double)c->C * (double)c->K;
    return (launches + points * (rows * C * K + value * values + result * rows * K + weight * C * K)) / direct;
}

gm_fast gm_fast_describe(const gm_contraction *c) {
    int64_t stride = (int64_t)stride_of(c), taps = (int64_t)taps_of(c);
    bool transposed = is_transposed(c);
    gm_fast f = {.toom = gm_toom_create(c->variant->fast, (size_t)taps),
                 .in = transposed ? 1 : stride,
                 .out = transposed ? stride : 1,
                 .tap_base = transposed ? stride * (taps - 1) : 0,
                 .tap_step = transposed ? -stride : stride};
    for (size_t i = 0; i < 2; i++) {
        f.shift[i] = transposed ? c->map[i].b : 0;
        f.base[i] = transposed ? 1 - taps : c->map[i].b;
        f.tiles[i] = tiles_of(c, i, f.toom.results);
    }
    f.depth = (size_t)(f.in * f.in) * c->C;
    f.points = f.toom.points * f.toom.points;
    return f;
}

static void append_term(gm_text *text, double factor, size_t index, bool first) {
    if (factor == 0)
        return;
    gm_text_append(text, factor < 0 ? " - " : first ? "" : " + ");
    if (factor != 1 && factor != -1)
        gm_text_printf(text, "%.9ef * ", factor < 0 ? -factor : factor);
    gm_text_printf(text, "s[%zu * ss]", index);
}

void gm_fast_transform(gm_text *text, const char *type, const char *what, const double (*matrix)[GM_TOOM_MOST],
                       size_t rows, size_t columns, bool transposed) {
    gm_text_printf(text, "#define GM_FAST_%s @_%s\n", what, what);
    gm_text_printf(text, "static void @_%s(const %s *s, const int ss, %s *t, const int ts) {\n", what, type, type);
    for (size_t i = 0; i < rows; i++) {
        bool first = true;
        gm_text_printf(text, "    t[%zu * ts] = ", i);
        for (size_t j = 0; j < columns; j++) {
            double factor = transposed ? matrix[j][i] : matrix[i][j];
            append_term(text, factor, j, first);
            first = first && factor == 0;
        }
        gm_text_append(text, ";\n");
    }
    gm_text_append(text, "}\n");
}

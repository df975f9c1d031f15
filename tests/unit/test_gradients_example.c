// Gradients per example against the loop over single examples, each through the same network with a batch of one: in
// the double-precision interpreter and on the default device; and what is refused, and why.
#include "check_ok.h"
#include "device_test.h"
#include "ganymede/nn.h"
#include "ganymede/plan.h"
#include "graph/graph.h"
#include "unit/nn_test.h"

enum { N = 6, MOST_PARAMS = 16, SEED = 7 };

// ---- Networks: data (n, ...) and indices (n, 3), maybe unused, to losses (n) ----

typedef gm_tensor *network(gm_tensor *x, gm_tensor *indices);

static size_t batch_of(const gm_tensor *x) {
    return gm_tensor_shape(x)->dim[0];
}

static gm_tensor *weight(gm_tensor *x, const char *name, gm_shape shape) {
    return gm_variable(gm_tensor_graph(x), name, GM_FLOAT32, shape,
                       (gm_initializer){.kind = GM_INITIALIZER_NORMAL, .b = .7});
}

static gm_tensor *dense(gm_tensor *x, const char *name, size_t units) {
    return gm_dense(x, name, &(gm_dense_params){.units = units});
}

static gm_tensor *conv(gm_tensor *x, const char *name, size_t channels, size_t groups) {
    return gm_conv(x, name,
                   &(gm_conv_params){
                       .channels = channels, .kernel = {4, 4}, .stride = {2, 2}, .padding = {1, 1}, .groups = groups});
}

static gm_tensor *each(gm_tensor *y) { // the sum of squares of every example
    const size_t n = batch_of(y);
    y = gm_reshape(y, GM_SHAPE(n, gm_shape_count(gm_tensor_shape(y)) / n));
    return gm_reshape(gm_sum(gm_square(y), GM_AXIS(1)), GM_SHAPE(n));
}

static gm_tensor *logit(gm_tensor *x) {
    return gm_reshape(dense(gm_flatten(x), "logit", 1), GM_SHAPE(batch_of(x)));
}

static gm_tensor *mlp(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = gm_leaky_relu(dense(gm_flatten(x), "a", 7), .2);
    return gm_softplus(logit(gm_tanh(dense(x, "b", 4))));
}

// Few positions in the second layer, many in the first: both ways to a convolution's norm.
static gm_tensor *discriminator(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = gm_leaky_relu(conv(x, "a", 4, 1), .2);
    x = gm_leaky_relu(gm_instance_norm(conv(x, "b", 6, 1), "bn", &(gm_sample_norm_params){0}), .2);
    x = gm_layer_norm(gm_conv(x, "c", &(gm_conv_params){.channels = 8, .kernel = {2, 1}, .groups = 2}), "cn",
                      &(gm_sample_norm_params){0});
    return gm_softplus(logit(x));
}

static gm_tensor *pooled(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const gm_pool_params half = {.kernel = {2, 2}};
    x = gm_group_norm(conv(x, "a", 4, 2), "an", &(gm_sample_norm_params){.groups = 2});
    x = gm_upsample(gm_max_pool(x, &half), &(gm_upsample_params){.factor = {2, 2}, .mode = GM_UPSAMPLE_BILINEAR});
    return gm_softplus(logit(gm_average_pool(gm_sigmoid(x), &half)));
}

static gm_tensor *generator(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const gm_conv_params up = {.channels = 3, .kernel = {4, 3}, .stride = {2, 2}, .padding = {1, 1}};
    x = gm_reshape_samples(dense(gm_flatten(x), "a", 2 * 6), GM_SHAPE(2, 2, 3));
    return each(gm_tanh(gm_conv_transpose(gm_conv_transpose(x, "b", &up), "c", &up)));
}

// Convolutions of sequences and, back and forth, of volumes, whose windows are rows of images.
static gm_tensor *sequences_and_volumes(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x);
    const gm_conv_params apart = {.channels = 6, .kernel = {3}, .padding = {2}, .dilation = {2}};
    const gm_conv_params deep = {.channels = 3, .kernel = {3, 2, 2}, .stride = {2, 1, 1}, .padding = {1, 0, 1}};
    const gm_conv_params up = {.channels = 2, .kernel = {2, 2, 1}, .stride = {2, 1, 1}, .dilation = {1, 2, 1}};
    x = gm_tanh(gm_conv(gm_reshape(x, GM_SHAPE(n, 2, 12)), "a", &apart));
    x = gm_tanh(gm_conv(gm_reshape(x, GM_SHAPE(n, 2, 4, 3, 3)), "b", &deep));
    return each(gm_conv_transpose(x, "c", &up));
}

// Enough channels for two results of the depth at a time, from sums of the kernel's parts.
static gm_tensor *volumes_of_many_channels(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const gm_conv_params deep = {.channels = 16, .kernel = {2, 1, 1}};
    x = gm_reshape(gm_concat((gm_tensor *[]){x, x}, 2, 1), GM_SHAPE(batch_of(x), 16, 3, 1, 1));
    return each(gm_tanh(gm_conv(x, "b", &deep)));
}

// A weight that passes through a division by its largest singular value.
static gm_tensor *spectral(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const gm_spectral_norm_params norm = {.on = true, .mode = GM_MODE_INFERENCE};
    x = gm_dense(gm_flatten(x), "a", &(gm_dense_params){.units = 5, .spectral_norm = norm});
    return gm_softplus(logit(gm_tanh(x)));
}

// Three rows for each example, some the same, one that is not there; a whole table in front of it.
static gm_tensor *embedding(gm_tensor *x, gm_tensor *indices) {
    const size_t n = batch_of(x);
    gm_tensor *rows = gm_gather(weight(x, "table", GM_SHAPE(4, 5)), gm_reshape(indices, GM_SHAPE(n * 3)));
    return gm_softplus(logit(gm_tanh(gm_reshape(rows, GM_SHAPE(n, 3, 5)))));
}

static gm_tensor *embedding_twice(gm_tensor *x, gm_tensor *indices) {
    gm_tensor *column =
        gm_reshape(gm_slice(indices, (size_t[]){0, 1}, (size_t[]){batch_of(x), 1}), GM_SHAPE(batch_of(x)));
    gm_tensor *rows = gm_gather(weight(x, "table", GM_SHAPE(4, 5)), column);
    return gm_add(each(rows), embedding(x, indices));
}

// Rows of a sequence (n L, C), its positions' own biases, and a mean over them.
static gm_tensor *sequence(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x), C = gm_tensor_shape(x)->dim[1], L = gm_shape_count(gm_tensor_shape(x)) / (n * C);
    x = gm_reshape(gm_transpose(gm_reshape(x, GM_SHAPE(n, C, L)), (size_t[]){0, 2, 1}), GM_SHAPE(n * L, C));
    x = gm_tanh(dense(x, "a", 3));
    x = gm_add(gm_reshape(x, GM_SHAPE(n, L, 3)), weight(x, "place", GM_SHAPE(L, 3)));
    return each(gm_mean(gm_tanh(gm_reshape(dense(gm_reshape(x, GM_SHAPE(n * L, 3)), "b", 2), GM_SHAPE(n, L, 2))), 2));
}

// The same with the time outermost, and columns for rows: the weight comes first.
static gm_tensor *time_major(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x), C = gm_tensor_shape(x)->dim[1], L = gm_shape_count(gm_tensor_shape(x)) / (n * C);
    x = gm_reshape(gm_transpose(gm_reshape(x, GM_SHAPE(n, C, L)), (size_t[]){2, 0, 1}), GM_SHAPE(L * n, C));
    x = gm_tanh(dense(x, "a", 3));
    x = gm_gemm(gm_scale(weight(x, "w", GM_SHAPE(2, 3)), .5), x, &(gm_gemm_params){.transpose_b = true}); // (2, L n)
    x = gm_sum(gm_square(gm_tanh(gm_reshape(x, GM_SHAPE(2, L, n)))), GM_AXIS(0) | GM_AXIS(1));
    return gm_reshape(x, GM_SHAPE(n));
}

// One weight in several steps, read both ways; a gain in front of it.
static gm_tensor *recurrent(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = gm_tanh(dense(gm_flatten(x), "a", 4));
    gm_tensor *w = weight(x, "w", GM_SHAPE(4, 4)), *scaled = gm_scale(w, .5), *start = x;
    for (int step = 0; step < 9; step++)
        x = gm_tanh(gm_add(gm_gemm(x, scaled, NULL), start));
    return each(gm_gemm(x, w, &(gm_gemm_params){.transpose_b = true}));
}

// Every position takes what all positions of its own example hold, by weights: products of a batch.
static gm_tensor *attention(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x), C = gm_tensor_shape(x)->dim[1], L = gm_shape_count(gm_tensor_shape(x)) / (n * C);
    const gm_shape sequences = GM_SHAPE(n, L, 3);
    x = gm_reshape(gm_transpose(gm_reshape(x, GM_SHAPE(n, C, L)), (size_t[]){0, 2, 1}), GM_SHAPE(n * L, C));
    gm_tensor *query = gm_reshape(dense(x, "q", 3), sequences), *key = gm_reshape(dense(x, "k", 3), sequences);
    gm_tensor *scores = gm_exp(gm_gemm(query, key, &(gm_gemm_params){.transpose_b = true}));
    scores = gm_divide(scores, gm_sum(scores, GM_AXIS(2)));
    return each(gm_gemm(scores, gm_reshape(dense(x, "v", 3), sequences), NULL));
}

// Ten steps, whose gradients join in one product.
static gm_tensor *gru(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x), C = gm_tensor_shape(x)->dim[1], L = gm_shape_count(gm_tensor_shape(x)) / (n * C);
    return each(gm_gru(gm_reshape(x, GM_SHAPE(n, C, L)), "g", &(gm_recurrent_params){.units = 3}));
}

// A class by its logits, and what is read at the place of the largest.
static gm_tensor *classifier(gm_tensor *x, gm_tensor *indices) {
    const size_t n = batch_of(x);
    (void)indices;
    gm_tensor *logits = dense(gm_tanh(dense(gm_flatten(x), "a", 4)), "b", 3), *p = gm_softmax(logits, 1);
    gm_tensor *largest = gm_reshape(gm_argmax(logits, 1), GM_SHAPE(n));
    gm_tensor *entropy = gm_negate(gm_sum(gm_multiply(p, gm_log_softmax(logits, 1)), GM_AXIS(1)));
    return gm_add(gm_reshape(entropy, GM_SHAPE(n)), each(gm_gather(weight(x, "table", GM_SHAPE(3, 2)), largest)));
}

// Overlapping parts of one variable, and parts of two as one weight.
static gm_tensor *parts(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    gm_tensor *w = weight(x, "w", GM_SHAPE(5, 4)), *v = weight(x, "v", GM_SHAPE(1, 4));
    x = gm_tanh(dense(gm_flatten(x), "a", 3));
    gm_tensor *first = gm_slice(w, (size_t[]){0, 0}, (size_t[]){3, 4});
    gm_tensor *second = gm_slice(w, (size_t[]){2, 1}, (size_t[]){3, 3});
    gm_tensor *y =
        gm_tanh(gm_gemm(gm_gemm(x, first, NULL), gm_flip(first, GM_AXIS(1)), &(gm_gemm_params){.transpose_b = true}));
    gm_tensor *z = gm_gemm(gm_gemm(x, second, NULL), gm_transpose(second, (size_t[]){1, 0}), NULL);
    gm_tensor *joined = gm_concat(
        (gm_tensor *[]){second, gm_reshape(gm_slice(v, (size_t[]){0, 1}, (size_t[]){1, 3}), GM_SHAPE(1, 3))}, 2, 0);
    gm_tensor *padded = gm_pad(v, (size_t[]){0, 0}, (size_t[]){2, 0});
    return gm_add(each(gm_gemm(z, gm_slice(joined, (size_t[]){1, 0}, (size_t[]){3, 3}), NULL)),
                  gm_add(each(gm_gemm(y, padded, NULL)), each(y)));
}

// |d D / d x|^2 of each example (R1): weights in the sweep and in the sweep's own sweep.
static gm_tensor *penalty(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    gm_tensor *y = gm_softplus(logit(gm_tanh(conv(x, "a", 3, 1)))), *dx;
    gm_grad(gm_sum_all(y), &x, 1, &dx);
    return gm_add(each(dx), y);
}

// The same of a critic, whose last layers meet gradients that are constants.
static gm_tensor *critic_penalty(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    gm_tensor *y = logit(gm_conv(gm_tanh(conv(x, "a", 3, 1)), "b", &(gm_conv_params){.channels = 2, .kernel = {3, 3}})),
              *dx;
    gm_grad(gm_sum_all(y), &x, 1, &dx);
    return gm_square(gm_offset(gm_sqrt(each(dx)), -1));
}

// Constants on both sides of what the examples share.
static gm_tensor *constants(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x);
    int32_t first[N] = {0};
    gm_graph *graph = gm_tensor_graph(x);
    gm_tensor *rows =
        gm_gather(weight(x, "table", GM_SHAPE(4, 3)), gm_constant_array(graph, GM_INT32, GM_SHAPE(n), first));
    gm_tensor *image =
        gm_convolution(gm_full(graph, GM_SHAPE(n, 2, 3, 3), 2), weight(x, "w", GM_SHAPE(3, 2, 3, 3)), NULL);
    x = gm_multiply(dense(gm_flatten(x), "a", 3), gm_add(rows, gm_reshape(image, GM_SHAPE(n, 3))));
    return each(gm_add(x, gm_gemm(gm_full(graph, GM_SHAPE(n, 2), .5), weight(x, "v", GM_SHAPE(2, 3)), NULL)));
}

// Both halves of a batch that is twice as long.
static gm_tensor *halves(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x);
    gm_tensor *real = gm_flatten(x), *both = gm_concat((gm_tensor *[]){real, gm_square(real)}, 2, 0);
    both = gm_tanh(dense(both, "a", 4));
    both = dense(gm_add(both, weight(x, "bias", GM_SHAPE(1, 4))), "b", 1);
    gm_tensor *first = gm_slice(both, (size_t[]){0, 0}, (size_t[]){n, 1});
    gm_tensor *second = gm_slice(both, (size_t[]){n, 0}, (size_t[]){n, 1});
    return gm_reshape(gm_softplus(gm_subtract(first, gm_square(second))), GM_SHAPE(n));
}

static const struct {
    const char *name;
    network *build;
    gm_shape example; // the data's, without the batch
} cases[] = {
    {"mlp", mlp, {3, {1, 2, 3}}},
    {"discriminator", discriminator, {3, {2, 8, 8}}},
    {"pooled", pooled, {3, {2, 8, 8}}},
    {"generator", generator, {3, {1, 1, 5}}},
    {"spectral norm", spectral, {3, {1, 2, 3}}},
    {"sequences and volumes", sequences_and_volumes, {3, {2, 3, 4}}},
    {"volumes of many channels", volumes_of_many_channels, {3, {2, 3, 4}}},
    {"embedding", embedding, {3, {1, 1, 1}}},
    {"embedding twice", embedding_twice, {3, {1, 1, 1}}},
    {"sequence", sequence, {3, {4, 1, 7}}},
    {"time-major sequence", time_major, {3, {4, 1, 5}}},
    {"recurrent", recurrent, {3, {1, 2, 3}}},
    {"attention", attention, {3, {4, 1, 5}}},
    {"gru", gru, {3, {2, 1, 10}}},
    {"classifier", classifier, {3, {1, 2, 3}}},
    {"parts of weights", parts, {3, {1, 2, 3}}},
    {"penalty", penalty, {3, {2, 6, 6}}},
    {"critic's penalty", critic_penalty, {3, {2, 6, 6}}},
    {"constants", constants, {3, {1, 2, 3}}},
    {"halves", halves, {3, {1, 1, 5}}},
};

// ---- Comparison ----

typedef struct setup {
    gm_graph *graph;
    gm_reference *reference;
    gm_tensor *data, *indices, *bound, *weights;
    gm_tensor *losses;
    gm_tensor *params[MOST_PARAMS];
    size_t count;
} setup;

static double number(size_t i) {
    return (double)(float)((double)((i * 2654435761u) % 4096) / 2048 - 1);
}

static void fill(const gm_tensor *x, double *values) {
    for (size_t i = 0; i < gm_shape_count(gm_tensor_shape(x)); i++)
        values[i] = x->type == GM_INT32 ? (double)(i * i % 7) - 1 : number(i + 17); // rows -1 .. 3 of 4, and not 4
}

static setup begin_setup(network *build, gm_shape example) {
    setup s = {0};
    gm_shape shape = {example.rank + 1, {N, example.dim[0], example.dim[1], example.dim[2]}};
    check_ok(gm_graph_create(&s.graph));
    check_ok(gm_reference_create(&s.reference, s.graph, SEED));
    s.data = gm_input(s.graph, "data", GM_FLOAT32, shape);
    s.indices = gm_input(s.graph, "indices", GM_INT32, GM_SHAPE(N, 3));
    s.bound = gm_input(s.graph, "bound", GM_FLOAT32, (gm_shape){.rank = 0});
    s.weights = gm_input(s.graph, "weights", GM_FLOAT32, GM_SHAPE(N));
    s.losses = build(s.data, s.indices);
    for (size_t id = 1; id < s.graph->node_count; id++)
        if (s.graph->nodes[id]->op == &gm_op_variable && strstr(s.graph->nodes[id]->name, "spectral_u") == NULL) {
            assert_true(s.count < MOST_PARAMS);
            s.params[s.count++] = s.graph->nodes[id];
        }
    gm_tensor *const inputs[] = {s.data, s.indices, s.weights};
    for (size_t i = 0; i < GM_COUNT(inputs); i++) {
        double *values = malloc(gm_shape_count(gm_tensor_shape(inputs[i])) * sizeof *values);
        fill(inputs[i], values);
        check_ok(gm_reference_set(s.reference, inputs[i], values));
        free(values);
    }
    return s;
}

static void end_setup(setup *s) {
    gm_reference_destroy(&s->reference);
    gm_graph_destroy(&s->graph);
}

static gm_tensor *row(gm_tensor *x, size_t n) {
    gm_shape shape = *gm_tensor_shape(x);
    size_t begin[GM_MAX_RANK] = {n};
    shape.dim[0] = 1;
    return gm_slice(x, begin, shape.dim);
}

static const double *value_of(setup *s, gm_tensor *x) {
    check_ok(gm_graph_status(s->graph));
    check_ok(gm_reference_evaluate(s->reference, &x, 1));
    return gm_reference_value(s->reference, x);
}

static void near(const char *name, const char *what, size_t k, const double *got, const double *expected,
                 size_t count) {
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(expected[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-9 * (most + 1e-3)))
            fail_msg("%s: %s %zu, element %zu is %.12g instead of %.12g", name, what, k, i, got[i], expected[i]);
}

// The gradients of every example: [n][param][element], and their squared norms.
static double *single_gradients[N][MOST_PARAMS];

static void differentiate_singly(setup *s, network *build, double *norms) {
    for (size_t n = 0; n < N; n++) {
        gm_tensor *loss = gm_sum_all(build(row(s->data, n), row(s->indices, n))), *gradients[MOST_PARAMS];
        gm_grad(loss, s->params, s->count, gradients);
        norms[n] = 0;
        for (size_t k = 0; k < s->count; k++) {
            const size_t count = gm_shape_count(gm_tensor_shape(s->params[k]));
            const double *values = value_of(s, gradients[k]);
            single_gradients[n][k] = malloc(count * sizeof(double));
            memcpy(single_gradients[n][k], values, count * sizeof(double));
            for (size_t i = 0; i < count; i++)
                norms[n] += values[i] * values[i];
        }
    }
}

static void sums_are(setup *s, const char *name, const char *what, const double *factors, gm_tensor *const *sums) {
    for (size_t k = 0; k < s->count; k++) {
        const size_t count = gm_shape_count(gm_tensor_shape(s->params[k]));
        double *expected = calloc(count, sizeof *expected);
        for (size_t i = 0; i < count; i++)
            for (size_t n = 0; n < N; n++)
                expected[i] += factors[n] * single_gradients[n][k][i];
        near(name, what, k, value_of(s, sums[k]), expected, count);
        free(expected);
    }
}

static void compare_with_single_examples(network *build, gm_shape example, const char *name) {
    setup s = begin_setup(build, example);
    double norms[N], factors[N], weights[N], mean = 0;
    differentiate_singly(&s, build, norms);
    near(name, "norm", 0, value_of(&s, gm_grad_norms(s.losses, s.params, s.count)), norms, N);
    for (size_t n = 0; n < N; n++)
        mean += sqrt(norms[n]) / N;
    const double bound = (double)(float)mean;
    check_ok(gm_reference_set(s.reference, s.bound, &bound));
    size_t clipped = 0;
    for (size_t n = 0; n < N; n++) {
        factors[n] = fmin(1, bound / sqrt(norms[n]));
        clipped += factors[n] < 1;
    }
    assert_true(clipped > 0 && clipped < N);
    gm_tensor *sums[MOST_PARAMS], *got = gm_grad_clipped(s.losses, s.bound, s.params, s.count, sums);
    near(name, "factor", 0, value_of(&s, got), factors, N);
    sums_are(&s, name, "clipped sum", factors, sums);
    fill(s.weights, weights);
    gm_grad_weighted(s.losses, s.weights, s.params, s.count, sums);
    sums_are(&s, name, "weighted sum", weights, sums);
    for (size_t n = 0; n < N; n++)
        for (size_t k = 0; k < s.count; k++)
            free(single_gradients[n][k]);
    end_setup(&s);
}

static void gradients_are_those_of_single_examples(void **state) {
    (void)state;
    for (size_t c = 0; c < GM_COUNT(cases); c++)
        compare_with_single_examples(cases[c].build, cases[c].example, cases[c].name);
}

// ---- On a device ----

static void write_input(gm_plan *plan, gm_tensor *x) {
    const size_t count = gm_shape_count(gm_tensor_shape(x));
    double *values = malloc(count * sizeof *values);
    int32_t *whole = malloc(count * sizeof *whole);
    float *parts_of_one = malloc(count * sizeof *parts_of_one);
    fill(x, values);
    for (size_t i = 0; i < count; i++) {
        whole[i] = x->type == GM_INT32 ? (int32_t)values[i] : 0;
        parts_of_one[i] = (float)values[i];
    }
    check_ok(gm_plan_write(plan, x, x->type == GM_INT32 ? (const void *)whole : (const void *)parts_of_one, count * 4));
    free(values);
    free(whole);
    free(parts_of_one);
}

static void device_agrees(const setup *s, gm_plan *plan, const char *name, gm_tensor *x) {
    const size_t count = gm_shape_count(gm_tensor_shape(x));
    float *got = malloc(count * sizeof *got);
    check_ok(gm_plan_read(plan, x, got, count * sizeof *got));
    const double *expected = gm_reference_value(s->reference, x), *scale = gm_reference_magnitude(s->reference, x);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - expected[i]) <= 8 * 0x1p-24 * scale[i] + 1e-30))
            fail_msg("%s: element %zu of %s is %.9g instead of %.9g", name, i, gm_tensor_name(x), (double)got[i],
                     expected[i]);
    free(got);
}

static void run_on_device(network *build, gm_shape example, const char *name) {
    setup s = begin_setup(build, example);
    gm_tensor *sums[MOST_PARAMS], *norms = gm_grad_norms(s.losses, s.params, s.count);
    gm_tensor *factors = gm_grad_clipped(s.losses, s.bound, s.params, s.count, sums);
    gm_phase *phase = gm_phase_create(s.graph, "all");
    gm_phase_fetch(phase, norms);
    gm_phase_fetch(phase, factors);
    for (size_t k = 0; k < s.count; k++)
        gm_phase_fetch(phase, sums[k]);
    const float bound = .5f;
    check_ok(gm_reference_set(s.reference, s.bound, &(double){(double)bound}));
    check_ok(gm_reference_run(s.reference, phase));
    gm_state *state;
    gm_plan *plan;
    check_ok(gm_state_create(&state, device, SEED));
    check_ok(gm_plan_create(&plan, s.graph, state, NULL));
    write_input(plan, s.data);
    write_input(plan, s.indices);
    check_ok(gm_plan_write(plan, s.bound, &bound, sizeof bound));
    check_ok(gm_plan_run(plan, phase));
    device_agrees(&s, plan, name, norms);
    device_agrees(&s, plan, name, factors);
    for (size_t k = 0; k < s.count; k++)
        device_agrees(&s, plan, name, sums[k]);
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    end_setup(&s);
}

static void plans_give_what_the_interpreter_gives(void **state) {
    (void)state;
    for (size_t c = 0; c < GM_COUNT(cases); c++)
        run_on_device(cases[c].build, cases[c].example, cases[c].name);
}

// Positions that take more memory than there is for all examples at once: y = mean of tanh(w x), one number each.
static void long_examples_are_taken_a_few_at_a_time(void **state) {
    (void)state;
    enum { LENGTH = 1500000 };
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(N * LENGTH, 1));
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(1, 1), (gm_initializer){.a = .5});
    gm_tensor *y = gm_mean(gm_reshape(gm_tanh(gm_gemm(x, w, NULL)), GM_SHAPE(N, LENGTH)), GM_AXIS(1));
    gm_tensor *norms = gm_grad_norms(gm_reshape(y, GM_SHAPE(N)), &w, 1);
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, norms);
    check_ok(gm_graph_status(graph));
    assert_string_equal(norms->op->name, "concat");
    gm_state *variables;
    gm_plan *plan;
    check_ok(gm_state_create(&variables, device, SEED));
    check_ok(gm_plan_create(&plan, graph, variables, NULL));
    float *values = malloc((size_t)N * LENGTH * sizeof *values), got[N];
    double expected[N] = {0};
    for (size_t i = 0; i < (size_t)N * LENGTH; i++) {
        values[i] = (float)number(i) + (float)(i / LENGTH);
        const double v = (double)values[i], t = tanh(.5 * v);
        expected[i / LENGTH] += v * (1 - t * t) / LENGTH;
    }
    check_ok(gm_plan_write(plan, x, values, (size_t)N * LENGTH * sizeof *values));
    check_ok(gm_plan_run(plan, phase));
    check_ok(gm_plan_read(plan, norms, got, sizeof got));
    for (size_t n = 0; n < N; n++)
        assert_near((double)got[n], expected[n] * expected[n],
                    1e-2 * expected[n] * expected[n]); // of 1.5 million terms
    free(values);
    gm_plan_destroy(&plan);
    gm_state_destroy(&variables);
    gm_graph_destroy(&graph);
}

// ---- Small cases ----

static void one_example_has_the_plain_gradient(void **state) {
    (void)state;
    setup s = begin_setup(mlp, cases[0].example);
    gm_tensor *losses = mlp(row(s.data, 2), row(s.indices, 2)), *gradients[MOST_PARAMS], *sums[MOST_PARAMS];
    gm_grad(gm_sum_all(losses), s.params, s.count, gradients);
    gm_tensor *weights = gm_full(s.graph, GM_SHAPE(1), 3), *norms = gm_grad_norms(losses, s.params, s.count);
    gm_grad_weighted(losses, weights, s.params, s.count, sums);
    gm_tensor *square = gm_constant(s.graph, 0);
    for (size_t k = 0; k < s.count; k++) {
        square = gm_add(square, gm_sum_all(gm_square(gradients[k])));
        const double first = *value_of(&s, gm_scale(gm_sum_all(gradients[k]), 3));
        assert_near(*value_of(&s, gm_sum_all(sums[k])), first, 1e-9);
    }
    const double expected = *value_of(&s, square);
    assert_near(*value_of(&s, norms), expected, 1e-9);
    end_setup(&s);
}

static void what_the_losses_do_not_use_has_no_gradient(void **state) {
    (void)state;
    setup s = begin_setup(mlp, cases[0].example);
    gm_tensor *apart = weight(s.data, "apart", GM_SHAPE(2, 3)), *sum;
    assert_near(value_of(&s, gm_grad_norms(s.losses, &apart, 1))[N - 1], 0, 0);
    gm_grad_weighted(s.losses, s.weights, &apart, 1, &sum);
    assert_near(value_of(&s, sum)[5], 0, 0);
    end_setup(&s);
}

static void clipping_differentiates_once(void **state) {
    (void)state;
    setup s = begin_setup(mlp, cases[0].example);
    gm_tensor *sums[MOST_PARAMS], *norms = gm_grad_norms(s.losses, s.params, s.count);
    const size_t before = s.graph->node_count;
    gm_grad_clipped(s.losses, s.bound, s.params, s.count, sums);
    size_t products = 0; // three layers' weights; what is handed down has been
    for (size_t id = before; id < s.graph->node_count; id++)
        products += s.graph->nodes[id]->op == &gm_op_gemm;
    assert_int_equal(products, 3);
    assert_ptr_equal(gm_grad_norms(s.losses, s.params, s.count), norms);
    end_setup(&s);
}

// ---- Refusals ----

static gm_tensor *batch_norm(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = gm_batch_norm(conv(x, "a", 4, 1), "n", GM_MODE_TRAINING, NULL, &(gm_batch_norm_params){0});
    return logit(x);
}

// The standard deviation over the batch, as a channel more (Karras et al. 2018).
static gm_tensor *batch_deviation(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    const size_t n = batch_of(x);
    x = conv(x, "a", 4, 1);
    gm_tensor *deviation = gm_mean(gm_sqrt(gm_offset(gm_variance(x, GM_AXIS(0)), 1e-8)), GM_AXIS(1));
    deviation = gm_broadcast(deviation, GM_SHAPE(n, 1, 4, 4));
    return logit(gm_concat((gm_tensor *[]){x, deviation}, 2, 1));
}

static gm_tensor *constant_statistic(gm_tensor *x, gm_tensor *indices) { // that no gradient passes
    (void)indices;
    x = dense(gm_flatten(x), "a", 4);
    return logit(gm_divide(x, gm_stop_gradient(gm_max(gm_abs(x), GM_AXIS(0)))));
}

static gm_tensor *unknown_operation(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = dense(gm_flatten(x), "a", 4);
    gm_tensor *distance = gm_nearest(x, x, &(gm_nearest_params){.k = 1, .norm = GM_NORM_MAXIMUM});
    return gm_multiply(logit(x), gm_reshape(distance, GM_SHAPE(batch_of(x))));
}

static gm_tensor *own_values(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    return logit(gm_add(gm_flatten(x), weight(x, "codes", GM_SHAPE(batch_of(x), 128))));
}

static gm_tensor *product_of_weights(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    gm_tensor *a = weight(x, "low", GM_SHAPE(128, 2)), *b = weight(x, "high", GM_SHAPE(2, 3));
    return each(gm_gemm(gm_flatten(x), gm_gemm(a, b, NULL), NULL));
}

static gm_tensor *groups_of_examples(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = gm_reshape(dense(gm_flatten(x), "a", 4), GM_SHAPE(2, N / 2, 4));
    return logit(gm_reshape(gm_subtract(x, gm_mean(x, GM_AXIS(0))), GM_SHAPE(N, 4)));
}

static gm_tensor *split_examples(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = gm_reshape(dense(gm_flatten(x), "a", 12), GM_SHAPE(2, 6 * N));
    x = gm_tanh(gm_reshape(x, GM_SHAPE(3, N, 4)));
    return gm_reshape(gm_sum(x, GM_AXIS(0) | GM_AXIS(2)), GM_SHAPE(N));
}

static gm_tensor *matrix_and_its_transpose(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = dense(gm_flatten(x), "a", N);
    return logit(gm_multiply(x, gm_transpose(x, (size_t[]){1, 0})));
}

static gm_tensor *softmax_of_the_batch(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    return gm_softmax(logit(x), 0);
}

static gm_tensor *reversed_batch(gm_tensor *x, gm_tensor *indices) {
    (void)indices;
    x = dense(gm_flatten(x), "a", 4);
    return logit(gm_add(x, gm_flip(x, GM_AXIS(0))));
}

static const struct {
    network *build;
    const char *message;
} refused[] = {
    {batch_norm, "'a.weight' (4, 2, 4, 4) reaches the losses through sum (1, 4, 1, 1), which mixes the examples of "
                 "subtract (6, 4, 4, 4)"},
    {batch_deviation, "'a.weight' (4, 2, 4, 4) reaches the losses through variance (1, 4, 4, 4), which mixes the "
                      "examples of add (6, 4, 4, 4)"},
    {constant_statistic, "'a.weight' (128, 4) reaches the losses through max (1, 4), which mixes the examples of add "
                         "(6, 4)"},
    {unknown_operation, "'a.weight' (128, 4) reaches the losses through nearest (6, 1), an operation whose examples "
                        "cannot be told apart"},
    {own_values, "'codes' (6, 128) holds a part for each example but must be shared by all"},
    {product_of_weights, "'low' (128, 2) is used by way of gemm (128, 3), through which its gradients per example are "
                         "not known"},
    {groups_of_examples, "'a.weight' (128, 4) reaches the losses through reshape (6, 4), which mixes the examples of "
                         "subtract (2, 3, 4)"},
    {split_examples, "'a.weight' (128, 12) reaches the losses through reshape (3, 6, 4), which mixes the examples of "
                     "reshape (2, 36)"},
    {matrix_and_its_transpose, "'a.weight' (128, 6) reaches the losses through transpose (6, 6), which mixes the "
                               "examples of add (6, 6)"},
    {softmax_of_the_batch, "'logit.weight' (128, 1) reaches the losses through softmax (6), which mixes the examples "
                           "of reshape (6)"},
    {reversed_batch, "'a.weight' (128, 4) reaches the losses through flip (6, 4), which mixes the examples of add "
                     "(6, 4)"},
};

static void networks_that_mix_examples_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(refused); i++) {
        setup s = begin_setup(refused[i].build, (gm_shape){3, {2, 8, 8}});
        check_ok(gm_graph_status(s.graph));
        gm_tensor *norms = gm_grad_norms(s.losses, s.params, s.count);
        assert_true(gm_is_poison(norms));
        assert_int_equal(gm_graph_status(s.graph), GM_ERROR_ARGUMENT);
        char message[512];
        snprintf(message, sizeof message, "grad_norms: %s", refused[i].message);
        assert_string_equal(gm_error_message(), message);
        end_setup(&s);
    }
}

// Not even where the weight is used by way of sums of its parts.
static void norms_of_volumes_hold_no_gradient_of_an_example(void **state) {
    (void)state;
    setup s = begin_setup(volumes_of_many_channels, (gm_shape){3, {2, 3, 4}});
    const size_t before = s.graph->node_count, part = 16 * 16; // of two of the depth
    gm_grad_norms(s.losses, s.params, s.count);
    check_ok(gm_graph_status(s.graph));
    assert_true(s.graph->node_count > before);
    for (size_t id = before; id < s.graph->node_count; id++)
        assert_true(gm_shape_count(&s.graph->nodes[id]->shape) < N * part);
    end_setup(&s);
}

static void says(setup *s, const char *message) {
    assert_int_equal(gm_graph_status(s->graph), GM_ERROR_ARGUMENT);
    assert_string_equal(gm_error_message(), message);
    end_setup(s);
}

static gm_tensor *centred(gm_tensor *x) {
    return gm_subtract(x, gm_mean(x, GM_AXIS(0)));
}

static gm_tensor *judge_given(gm_tensor *x, gm_tensor *indices) {
    return mlp(gm_given(centred(x)), indices);
}

static gm_tensor *judge_mixed(gm_tensor *x, gm_tensor *indices) {
    return mlp(gm_stop_gradient(centred(x)), indices);
}

// Whose parts then are the examples' own.
static void given_values_may_be_made_of_all_examples(void **state) {
    (void)state;
    setup s = begin_setup(judge_given, cases[0].example);
    double found[N];
    memcpy(found, value_of(&s, gm_grad_norms(s.losses, s.params, s.count)), sizeof found);
    for (size_t n = 0; n < N; n++) {
        gm_tensor *gradients[MOST_PARAMS], *norm = gm_constant(s.graph, 0);
        gm_grad(gm_sum_all(row(s.losses, n)), s.params, s.count, gradients);
        for (size_t k = 0; k < s.count; k++)
            norm = gm_add(norm, gm_sum_all(gm_square(gradients[k])));
        near("given", "norms", n, &found[n], value_of(&s, norm), 1);
    }
    gm_tensor *through;
    gm_grad(gm_sum_all(s.losses), &s.data, 1, &through);
    assert_true(*value_of(&s, gm_sum_all(gm_abs(through))) <= 0);
    end_setup(&s);
    s = begin_setup(judge_mixed, cases[0].example);
    assert_true(gm_is_poison(gm_grad_norms(s.losses, s.params, s.count)));
    assert_non_null(strstr(gm_graph_status(s.graph) == GM_OK ? "" : gm_error_message(), "mixes the examples"));
    end_setup(&s);
}

static void arguments_that_do_not_fit_are_refused(void **state) {
    (void)state;
    gm_tensor *sums[MOST_PARAMS];
    setup s = begin_setup(mlp, cases[0].example);
    assert_true(gm_is_poison(gm_grad_norms(gm_sum_all(s.losses), s.params, s.count)));
    says(&s, "grad_norms: losses () are float32 but must be float32 (N), one for each example");
    s = begin_setup(mlp, cases[0].example);
    assert_true(gm_is_poison(gm_grad_norms(s.losses, (gm_tensor *[]){s.params[0], s.indices}, 2)));
    says(&s, "grad_norms: xs[1] 'indices' (6, 3) is int32 but must be float32");
    s = begin_setup(mlp, cases[0].example);
    assert_true(gm_is_poison(gm_grad_norms(s.losses, (gm_tensor *[]){s.params[1], s.params[1]}, 2)));
    says(&s, "grad_norms: xs[0] and xs[1] are both 'a.bias' (7)");
    s = begin_setup(mlp, cases[0].example);
    gm_grad_weighted(s.losses, s.bound, s.params, s.count, sums);
    assert_true(gm_is_poison(sums[0]) && gm_is_poison(sums[s.count - 1]));
    says(&s, "grad_weighted: weights 'bound' () are float32 but must be float32 (6), one for each example");
    s = begin_setup(mlp, cases[0].example);
    gm_grad_weighted(s.losses, NULL, s.params, s.count, sums);
    assert_true(gm_is_poison(sums[0]));
    says(&s, "grad_weighted: input 1 is NULL");
    s = begin_setup(mlp, cases[0].example);
    gm_grad_clipped(s.losses, s.weights, s.params, s.count, sums);
    assert_true(gm_is_poison(sums[0]));
    says(&s, "grad_clipped: bound 'weights' (6) is float32 but must be float32 with one element");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_single_examples),
        cmocka_unit_test(one_example_has_the_plain_gradient),
        cmocka_unit_test(what_the_losses_do_not_use_has_no_gradient),
        cmocka_unit_test(clipping_differentiates_once),
        cmocka_unit_test(norms_of_volumes_hold_no_gradient_of_an_example),
        cmocka_unit_test(networks_that_mix_examples_are_refused),
        cmocka_unit_test(given_values_may_be_made_of_all_examples),
        cmocka_unit_test(arguments_that_do_not_fit_are_refused),
        cmocka_unit_test(plans_give_what_the_interpreter_gives),
        cmocka_unit_test(long_examples_are_taken_a_few_at_a_time),
    };
    return cmocka_run_group_tests_name("gradients per example", tests, open_device, close_device);
}

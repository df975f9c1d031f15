// Batch norm, losses and update rules held to PyTorch's values over several steps.
#include "golden.h"

#include "ganymede/loss.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"

typedef struct golden_optimizer {
    const char *name;
    gm_optimizer optimizer;
    const double *path; // the parameter after each step
} golden_optimizer;

#include "training.inc"

static void cross_entropy_of_logits_as_in_pytorch(void **state) {
    (void)state;
    golden g;
    golden_open(&g);
    gm_tensor *logit = golden_input(&g, "logit", GM_SHAPE(2, 4), cross_entropy_logit);
    gm_tensor *target = golden_input(&g, "target", GM_SHAPE(2, 4), cross_entropy_target);
    gm_tensor *loss = gm_binary_cross_entropy(logit, target), *dlogit;
    golden_evaluate(&g, "binary cross-entropy", loss, cross_entropy_loss);
    gm_grad(loss, &logit, 1, &dlogit);
    golden_evaluate(&g, "its gradient", dlogit, cross_entropy_dlogit);
    golden_close(&g);
}

typedef struct batch {
    const double *x, *y, *dy, *dx, *dweight, *dbias, *mean, *variance;
} batch;

typedef struct normalization {
    gm_shape shape;
    const double *weight, *bias, *eval_x, *eval_y;
    batch batches[2];
} normalization;

#define BATCH(name, which)                                                                                             \
    {                                                                                                                  \
        name##_##which##_x, name##_##which##_y, name##_##which##_dy, name##_##which##_dx, name##_##which##_dweight,    \
            name##_##which##_dbias, name##_##which##_mean, name##_##which##_variance                                   \
    }
#define NORMALIZATION(name, ...)                                                                                       \
    {                                                                                                                  \
        .shape = GM_SHAPE(__VA_ARGS__), .weight = name##_weight, .bias = name##_bias, .eval_x = name##_eval_x,         \
        .eval_y = name##_eval_y, .batches = {                                                                          \
            BATCH(name, first),                                                                                        \
            BATCH(name, second)                                                                                        \
        }                                                                                                              \
    }

// One training step: output, gradients, running statistics after the phase.
static void check_batch(golden *g, gm_phase *phase, gm_tensor *x, gm_tensor *dy, gm_tensor *const fetched[4],
                        const batch *b) {
    check_ok(gm_reference_set(g->reference, x, b->x));
    check_ok(gm_reference_set(g->reference, dy, b->dy));
    check_ok(gm_reference_run(g->reference, phase));
    golden_compare(g, "batch_norm y", fetched[0], b->y);
    golden_compare(g, "batch_norm dx", fetched[1], b->dx);
    golden_compare(g, "batch_norm dweight", fetched[2], b->dweight);
    golden_compare(g, "batch_norm dbias", fetched[3], b->dbias);
    golden_compare(g, "running_mean", gm_variable_find(g->graph, "norm.running_mean"), b->mean);
    golden_compare(g, "running_variance", gm_variable_find(g->graph, "norm.running_variance"), b->variance);
}

static void check_normalization(const normalization *row) {
    golden g;
    golden_open(&g);
    gm_statistics *statistics;
    check_ok(gm_statistics_create(&statistics));
    gm_tensor *x = gm_input(g.graph, "x", GM_FLOAT32, row->shape),
              *dy = gm_input(g.graph, "dy", GM_FLOAT32, row->shape);
    gm_batch_norm_params params = {0};
    gm_tensor *y = gm_batch_norm(x, "norm", GM_MODE_TRAINING, statistics, &params);
    gm_tensor *eval = gm_batch_norm(x, "norm", GM_MODE_INFERENCE, NULL, &params);
    check_ok(gm_graph_status(g.graph));
    gm_tensor *by[3] = {x, gm_variable_find(g.graph, "norm.weight"), gm_variable_find(g.graph, "norm.bias")};
    check_ok(gm_reference_set(g.reference, by[1], row->weight));
    check_ok(gm_reference_set(g.reference, by[2], row->bias));
    gm_tensor *fetched[4] = {y};
    gm_grad(gm_sum_all(gm_multiply(y, dy)), by, 3, fetched + 1);
    gm_phase *phase = gm_phase_create(g.graph, "training");
    for (size_t i = 0; i < 4; i++)
        gm_phase_fetch(phase, fetched[i]);
    gm_statistics_assign(statistics, phase);
    for (size_t i = 0; i < 2; i++)
        check_batch(&g, phase, x, dy, fetched, &row->batches[i]);
    check_ok(gm_reference_set(g.reference, x, row->eval_x));
    golden_evaluate(&g, "batch_norm in inference", eval, row->eval_y);
    gm_statistics_destroy(&statistics);
    golden_close(&g);
}

static void batch_norm_of_images_and_its_running_statistics_as_in_pytorch(void **state) {
    (void)state;
    check_normalization(&(normalization)NORMALIZATION(batch_norm_images, 2, 2, 2, 3));
}

static void batch_norm_of_vectors_and_its_running_statistics_as_in_pytorch(void **state) {
    (void)state;
    check_normalization(&(normalization)NORMALIZATION(batch_norm_vectors, 4, 3));
}

static void batch_norm_of_sequences_and_volumes_as_in_pytorch(void **state) {
    (void)state;
    check_normalization(&(normalization)NORMALIZATION(batch_norm_sequences, 2, 3, 4));
    check_normalization(&(normalization)NORMALIZATION(batch_norm_volumes, 2, 2, 2, 1, 2));
}

static void update_rule_as_in_pytorch(void **state) {
    const golden_optimizer *row = *state;
    golden g;
    golden_open(&g);
    gm_tensor *p = gm_variable(g.graph, "p", GM_FLOAT32, GM_SHAPE(OPTIMIZER_SIZE), (gm_initializer){0});
    gm_tensor *gradient = gm_input(g.graph, "gradient", GM_FLOAT32, GM_SHAPE(OPTIMIZER_SIZE));
    gm_phase *phase = gm_phase_create(g.graph, "step");
    gm_optimizer_apply(phase, &row->optimizer, "optimizer", NULL, &p, &gradient, 1);
    check_ok(gm_graph_status(g.graph));
    check_ok(gm_reference_set(g.reference, p, optimizer_start));
    for (size_t t = 0; t < OPTIMIZER_STEPS; t++) {
        char what[64];
        snprintf(what, sizeof what, "%s, step %zu: p", row->name, t + 1);
        check_ok(gm_reference_set(g.reference, gradient, optimizer_gradients + t * OPTIMIZER_SIZE));
        check_ok(gm_reference_run(g.reference, phase));
        golden_compare(&g, what, p, row->path + t * OPTIMIZER_SIZE);
    }
    golden_close(&g);
}

int main(void) {
    static struct CMUnitTest tests[4 + GM_COUNT(optimizers)] = {
        cmocka_unit_test(cross_entropy_of_logits_as_in_pytorch),
        cmocka_unit_test(batch_norm_of_images_and_its_running_statistics_as_in_pytorch),
        cmocka_unit_test(batch_norm_of_vectors_and_its_running_statistics_as_in_pytorch),
        cmocka_unit_test(batch_norm_of_sequences_and_volumes_as_in_pytorch),
    };
    static char names[GM_COUNT(optimizers)][64];
    static golden_optimizer rows[GM_COUNT(optimizers)];
    for (size_t i = 0; i < GM_COUNT(optimizers); i++) {
        rows[i] = optimizers[i];
        snprintf(names[i], sizeof names[i], "%s_as_in_pytorch", rows[i].name);
        tests[4 + i] = (struct CMUnitTest){names[i], update_rule_as_in_pytorch, NULL, NULL, &rows[i]};
    }
    return _cmocka_run_group_tests("golden training", tests, GM_COUNT(tests), NULL, NULL);
}

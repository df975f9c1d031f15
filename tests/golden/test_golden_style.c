// The modulated convolution held to the values and gradients of its definition in PyTorch, a convolution with weights
// of each sample's own.
#include "golden.h"

#include "ganymede/nn.h"

typedef struct golden_modulation {
    bool no_demodulate;
    size_t kernel[2];
    const double *x, *style, *y, *dy, *dx, *dstyle, *weights, *gradients; // of all weights, in their order
} golden_modulation;

#include "style.inc"

static void modulated_conv_as_its_definition(void **state) {
    const golden_modulation *row = *state;
    const gm_modulated_conv_params params = {
        .channels = 4, .kernel = {row->kernel[0], row->kernel[1]}, .no_demodulate = row->no_demodulate};
    static const char *const names[] = {"n.style.weight", "n.style.bias", "n.weight", "n.bias"};
    const gm_shape shapes[] = {{2, {5, 2}}, {1, {2}}, {4, {4, 2, row->kernel[0], row->kernel[1]}}, {1, {4}}};
    gm_tensor *sources[6], *gradients[6];
    golden g;
    golden_open(&g);
    sources[0] = golden_input(&g, "x", (gm_shape){4, {3, 2, 4, 3}}, row->x);
    sources[1] = golden_input(&g, "style", (gm_shape){2, {3, 5}}, row->style);
    gm_tensor *y = gm_modulated_conv(sources[0], sources[1], "n", &params);
    gm_tensor *dy = golden_input(&g, "dy", (gm_shape){4, {3, 4, 4, 3}}, row->dy);
    size_t at = 0;
    for (size_t i = 0; i < GM_COUNT(names); i++) {
        sources[2 + i] = gm_variable(gm_tensor_graph(y), names[i], GM_FLOAT32, shapes[i], (gm_initializer){0});
        check_ok(gm_reference_set(g.reference, sources[2 + i], row->weights + at));
        at += gm_shape_count(&shapes[i]);
    }
    golden_evaluate(&g, "y", y, row->y);
    gm_grad(gm_sum_all(gm_multiply(y, dy)), sources, 6, gradients);
    golden_evaluate(&g, "dx", gradients[0], row->dx);
    golden_evaluate(&g, "dstyle", gradients[1], row->dstyle);
    at = 0;
    for (size_t i = 0; i < GM_COUNT(names); i++) {
        golden_evaluate(&g, names[i], gradients[2 + i], row->gradients + at);
        at += gm_shape_count(&shapes[i]);
    }
    golden_close(&g);
}

int main(void) {
    static struct CMUnitTest tests[GM_COUNT(modulations)];
    static golden_modulation rows[GM_COUNT(modulations)];
    for (size_t i = 0; i < GM_COUNT(modulations); i++) {
        rows[i] = modulations[i];
        tests[i] = (struct CMUnitTest){"modulated_conv_as_its_definition", modulated_conv_as_its_definition, NULL, NULL,
                                       &rows[i]};
    }
    return _cmocka_run_group_tests("golden style", tests, GM_COUNT(tests), NULL, NULL);
}

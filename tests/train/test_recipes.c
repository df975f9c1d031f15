// Every recipe of samples/: its training step and its sampling through a plan that shares memory, through one with a
// buffer per value (the same bits), and through the reference interpreter (within the rounding of floats).
//
// Data are random bytes or points, batches are small, widths are the recipe's own: the interpreter is a naive one.
#include "graph/graph.h"
#include "kernels/compare.h"
#include "train/gan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 64 };

static gm_device *device;

typedef struct recipe_case {
    const char *file, *batch;
    size_t channels, size; // of the data: images, or vectors of `channels` values when size is 1
} recipe_case;

static const recipe_case cases[] = {
    {"mlp-fashion.yaml", "data.batch=20", 1, 28}, {"mlp-ring.yaml", "data.batch=20", 2, 1},
    {"mlp-grid.yaml", "data.batch=20", 2, 1},     {"dcgan-quick.yaml", "data.batch=6", 1, 32},
    {"dcgan-fashion.yaml", "data.batch=6", 1, 32},
};

static void check(gm_status status) {
    if (status != GM_OK)
        fail_msg("%s", gm_error_message());
}

static gm_dataset_info data_info(const recipe_case *c) {
    size_t values = c->channels * c->size * c->size;
    bool images = c->size > 1;
    return (gm_dataset_info){.name = "test",
                             .kind = images ? GM_DATASET_IMAGES : GM_DATASET_FLOATS,
                             .count = ITEMS,
                             .channels = c->channels,
                             .height = c->size,
                             .width = c->size,
                             .item_values = values,
                             .item_bytes = values * (images ? 1 : sizeof(float))};
}

static gm_recipe *read_recipe(const recipe_case *c, const char *setting) {
    char path[1024];
    const char *settings[] = {c->batch, setting};
    snprintf(path, sizeof path, "%s/%s", getenv("GANYMEDE_SAMPLES"), c->file);
    gm_recipe *recipe;
    check(gm_recipe_read(&recipe, path, settings, setting ? 2 : 1));
    return recipe;
}

// Bytes and points of any kind; indices all over the data set.
static double input_value(uint64_t seed, const gm_tensor *input, size_t i) {
    uint32_t stream = gm_stream(input->name);
    double u = gm_philox_uniform(seed, stream, 1, 0, i);
    return input->type == GM_FLOAT32 ? gm_philox_normal(seed, stream, 2, 0, i)
                                     : floor(u * (input->type == GM_INT32 ? ITEMS : 256));
}

static const gm_compare options_of(const gm_recipe *recipe) {
    return (gm_compare){.device = device, .seed = recipe->seed, .value = input_value};
}
static double tolerance(void) { const char *t = getenv("ULPS"); return t ? atof(t) : 64; }
int main(void) {
    check(gm_device_open(&device, NULL));
    for (size_t k = 0; k < GM_COUNT(cases); k++) {
        const recipe_case *c = &cases[k];
        gm_recipe *recipe = read_recipe(c, NULL);
        gm_gan gan;
        gm_dataset_info info = data_info(c);
        check(gm_gan_init(&gan, recipe, &info, true));
        gm_compare o = options_of(recipe);
        gm_phase *phase = gm_phase_create(gan.graph, "gradients");
        for (int l = 0; l < 2; l++) {
            gm_tensor *loss = l ? gan.generator_loss : gan.discriminator_loss;
            gm_phase_fetch(phase, loss);
            for (int n = 0; n < 2; n++) {
                size_t count;
                gm_tensor *const *p = gm_network_parameters(n ? gan.generator : gan.discriminator, &count);
                gm_tensor *g[64];
                gm_grad(loss, p, count, g);
                for (size_t i = 0; i < count; i++) gm_phase_fetch(phase, g[i]);
            }
        }
        if (getenv("FIRST")) { size_t n = gan.graph->phase_count;
            memmove(gan.graph->phases + 1, gan.graph->phases, (n - 1) * sizeof *gan.graph->phases);
            gan.graph->phases[0] = phase;
            for (size_t i = 0; i < n; i++) gan.graph->phases[i]->index = i; }
        gm_comparison *comparison;
        check(gm_comparison_create(&comparison, &o, gan.graph));
        printf("%s\n", c->file);
        for (size_t p = 0; p < gan.graph->phase_count; p++)
            if (gm_comparison_run(comparison, gan.graph->phases[p], tolerance()) != GM_OK) printf("  %s\n", gm_error_message());
        fflush(stdout);
        gm_comparison_destroy(&comparison);
        gm_gan_finish(&gan);
        gm_recipe_destroy(&recipe);
    }
    gm_device_close(&device);
    return 0;
}

// A generative adversarial network of dense layers on Fashion-MNIST, written against the public headers alone.
//
//   min_D  E_x[sp(-D(x))] + E_z[sp(D(G(z)))]        min_G  E_z[sp(-D(G(z)))]        sp(t) = ln(1 + e^t)
//
// usage: mlp_gan [STEPS [PICTURE.png [DATA]]]
#include "ganymede/ganymede.h"

#include <stdio.h>
#include <stdlib.h>

#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        if ((expression) != GM_OK)                                                                                     \
            goto done;                                                                                                 \
    } while (0)

enum { BATCH = 100, LATENT = 100, HIDDEN = 128, PIXELS = 28 * 28, SHOWN = 64 };

static gm_tensor *dense(gm_tensor *x, const char *name, size_t units) {
    return gm_dense(x, name, &(gm_dense_params){.units = units});
}

static gm_tensor *generator(gm_tensor *z) {
    gm_tensor *h = gm_leaky_relu(dense(z, "generator.0", HIDDEN), .2);
    h = gm_leaky_relu(dense(h, "generator.1", HIDDEN), .2);
    return gm_sigmoid(dense(h, "generator.2", PIXELS));
}

static gm_tensor *discriminator(gm_tensor *x) {
    gm_tensor *h = gm_leaky_relu(dense(x, "discriminator.0", HIDDEN), .2);
    h = gm_leaky_relu(dense(h, "discriminator.1", HIDDEN), .2);
    return dense(h, "discriminator.2", 1); // the logit of "x is real"
}

// z ~ U(-1, 1)
static gm_tensor *latent(gm_graph *graph, const char *name, size_t count, gm_tensor *counter) {
    return gm_offset(gm_scale(gm_random_uniform(graph, name, GM_SHAPE(count, LATENT), counter), 2), -1);
}

// One Adam update of the variables named PREFIX... down the gradient of the loss.
static void descend(gm_phase *phase, gm_graph *graph, const char *prefix, gm_tensor *loss) {
    gm_tensor *parameters[8], *gradients[8];
    size_t count = gm_trainable(graph, prefix, parameters, 8);
    gm_optimizer adam = GM_ADAM_DEFAULTS;
    adam.rate = 2e-4;
    gm_grad(loss, parameters, count, gradients);
    char name[40];
    snprintf(name, sizeof name, "adam.%s", prefix);
    gm_optimizer_apply(phase, &adam, name, NULL, parameters, gradients, count);
    gm_phase_fetch(phase, loss);
}

int main(int count, char **arguments) {
    long steps = count > 1 ? atol(arguments[1]) : 2000;
    const char *picture = count > 2 ? arguments[2] : "mlp_gan.png",
               *source = count > 3 ? arguments[3] : "fashion-mnist";
    gm_dataset *data = NULL;
    gm_loader *loader = NULL;
    gm_device *device = NULL;
    gm_graph *graph = NULL;
    gm_state *state = NULL;
    gm_plan *plan = NULL;
    int code = EXIT_FAILURE;

    TRY(gm_dataset_open(&data, source, &(gm_dataset_options){.size = {28}, .channels = 1}));
    TRY(gm_loader_create(&loader, data, BATCH, 0, 0));
    TRY(gm_device_open(&device, NULL));
    TRY(gm_graph_create(&graph));
    TRY(gm_state_create(&state, device, 0));

    // The graph: symbols only. Random numbers are keyed by the step, so that every step draws new ones.
    gm_tensor *step = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *bytes = gm_input(graph, "batch", GM_UINT8, GM_SHAPE(BATCH, PIXELS));
    gm_tensor *real = gm_scale(gm_cast(bytes, GM_FLOAT32), 1. / 255);
    gm_tensor *fake = generator(latent(graph, "z", BATCH, step));
    const gm_gan_loss *loss = gm_gan_loss_find("non_saturating");

    gm_tensor *logit_real = discriminator(real), *logit_fake = discriminator(fake);
    gm_tensor *loss_d = gm_gan_loss_discriminator(loss, logit_real, logit_fake, NULL);
    gm_phase *update_d = gm_phase_create(graph, "discriminator");
    descend(update_d, graph, "discriminator.", loss_d);

    // The same expression, but this phase comes behind D's update and so sees the new weights.
    gm_tensor *loss_g = gm_gan_loss_generator(loss, NULL, logit_fake, NULL);
    gm_phase *update_g = gm_phase_create(graph, "generator");
    descend(update_g, graph, "generator.", loss_g);
    gm_phase_assign(update_g, step, gm_add(step, gm_constant_int(graph, 1)));

    gm_phase *show = gm_phase_create(graph, "show");
    gm_tensor *shown = generator(latent(graph, "shown", SHOWN, NULL));
    gm_phase_fetch(show, shown);

    // The plan: every phase becomes a list of kernel launches, once.
    TRY(gm_plan_create(&plan, graph, state, NULL));
    for (long i = 1; i <= steps; i++) {
        const void *items;
        TRY(gm_loader_next(loader, &items, NULL));
        TRY(gm_plan_write(plan, bytes, items, BATCH * PIXELS));
        TRY(gm_plan_run(plan, update_d));
        TRY(gm_plan_run(plan, update_g));
        if (i % 100 == 0 || i == steps) {
            float d, g;
            TRY(gm_plan_read(plan, loss_d, &d, sizeof d));
            TRY(gm_plan_read(plan, loss_g, &g, sizeof g));
            printf("step %ld  loss D %.4f  loss G %.4f\n", i, (double)d, (double)g);
        }
    }
    static float images[SHOWN * PIXELS];
    TRY(gm_plan_run(plan, show));
    TRY(gm_plan_read(plan, shown, images, sizeof images));
    TRY(gm_image_grid(picture, images,
                      &(gm_image_grid_params){.count = SHOWN, .channels = 1, .height = 28, .width = 28, .high = 1}));
    printf("%s\n", picture);
    code = EXIT_SUCCESS;
done:
    if (code != EXIT_SUCCESS)
        fprintf(stderr, "mlp_gan: %s\n", gm_error_message());
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
    gm_device_close(&device);
    gm_loader_destroy(&loader);
    gm_dataset_close(&data);
    return code;
}

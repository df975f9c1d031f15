// A variational autoencoder on Fashion-MNIST, written against the public headers alone (Kingma and Welling 2014).
//
//   q(z|x) = N(mean(x), diag e^v(x)), z = mean + e^(v/2) noise    p(z) = N(0, I)    p(x|z) = Bernoulli(s(l(z)))
//   minimise  -ELBO = E_q[-ln p(x|z)] + KL(q(z|x) || p(z))
//
// usage: vae [STEPS [PICTURE.png [DATA]]]
#include "ganymede/ganymede.h"

#include <stdio.h>
#include <stdlib.h>

#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        if ((expression) != GM_OK)                                                                                     \
            goto done;                                                                                                 \
    } while (0)

enum { BATCH = 100, LATENT = 20, HIDDEN = 400, PIXELS = 28 * 28, SHOWN = 64 };

static gm_tensor *dense(gm_tensor *x, const char *name, size_t units) {
    return gm_dense(x, name, &(gm_dense_params){.units = units});
}

static void encoder(gm_tensor *x, gm_tensor **mean, gm_tensor **log_variance) {
    gm_tensor *h = gm_relu(dense(x, "vae.encoder", HIDDEN));
    *mean = dense(h, "vae.mean", LATENT);
    *log_variance = dense(h, "vae.log_variance", LATENT);
}

static gm_tensor *decoder(gm_tensor *z) {
    return dense(gm_relu(dense(z, "vae.decoder", HIDDEN)), "vae.logit", PIXELS);
}

// One Adam update of every weight down the gradient of the loss.
static void descend(gm_phase *phase, gm_graph *graph, gm_tensor *loss) {
    gm_tensor *parameters[16], *gradients[16];
    size_t count = gm_trainable(graph, "vae.", parameters, 16);
    gm_optimizer adam = GM_ADAM_DEFAULTS;
    gm_grad(loss, parameters, count, gradients);
    gm_optimizer_apply(phase, &adam, "adam", NULL, parameters, gradients, count);
    gm_phase_fetch(phase, loss);
}

int main(int count, char **arguments) {
    long steps = count > 1 ? atol(arguments[1]) : 2000;
    const char *picture = count > 2 ? arguments[2] : "vae.png", *source = count > 3 ? arguments[3] : "fashion-mnist";
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
    gm_tensor *x = gm_scale(gm_cast(bytes, GM_FLOAT32), 1. / 255);
    gm_tensor *mean, *log_variance;
    encoder(x, &mean, &log_variance);
    gm_tensor *noise = gm_random_normal(graph, "noise", GM_SHAPE(BATCH, LATENT), step);
    gm_tensor *z = gm_reparametrize(mean, log_variance, noise);

    gm_tensor *likelihood = gm_mean_all(gm_bernoulli_log_likelihood(x, decoder(z)));
    gm_tensor *divergence = gm_mean_all(gm_gaussian_divergence(mean, log_variance));
    gm_tensor *loss = gm_subtract(divergence, likelihood);
    gm_phase *update = gm_phase_create(graph, "update");
    descend(update, graph, loss);
    gm_phase_fetch(update, divergence);
    gm_phase_assign(update, step, gm_add(step, gm_constant_int(graph, 1)));

    // Samples: z from the prior.
    gm_phase *show = gm_phase_create(graph, "show");
    gm_tensor *shown = gm_sigmoid(decoder(gm_random_normal(graph, "shown", GM_SHAPE(SHOWN, LATENT), NULL)));
    gm_phase_fetch(show, shown);

    // The plan: every phase becomes a list of kernel launches, once.
    TRY(gm_plan_create(&plan, graph, state, NULL));
    for (long i = 1; i <= steps; i++) {
        const void *items;
        TRY(gm_loader_next(loader, &items, NULL));
        TRY(gm_plan_write(plan, bytes, items, BATCH * PIXELS));
        TRY(gm_plan_run(plan, update));
        if (i % 100 == 0 || i == steps) {
            float negative_elbo, kl;
            TRY(gm_plan_read(plan, loss, &negative_elbo, sizeof negative_elbo));
            TRY(gm_plan_read(plan, divergence, &kl, sizeof kl));
            printf("step %ld  -ELBO %.2f  KL %.2f\n", i, (double)negative_elbo, (double)kl);
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
        fprintf(stderr, "vae: %s\n", gm_error_message());
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
    gm_device_close(&device);
    gm_loader_destroy(&loader);
    gm_dataset_close(&data);
    return code;
}

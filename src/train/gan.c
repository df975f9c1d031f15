// The training step of a GAN as a graph.
//   N = batch; x real, z latent, G(z) fake, l = D's logit.
#include "train/gan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shape_text {
    char text[96];
} shape_text;

// "1x28x28": the shape of one sample.
static shape_text sample_text(const gm_shape *shape) {
    shape_text result = {""};
    size_t used = 0;
    for (size_t i = 1; i < shape->rank && used < sizeof result.text; i++)
        used +=
            (size_t)snprintf(result.text + used, sizeof result.text - used, "%s%zu", i > 1 ? "x" : "", shape->dim[i]);
    return result;
}

// A fault of a layer begins with "NETWORK layer INDEX": say where the recipe has it.
static gm_status locate_fault(gm_status status, const gm_recipe_network *network, const char *name) {
    size_t index = 0, length = strlen(name);
    const char *message = gm_error_message();
    if (strncmp(message, name, length) == 0 && sscanf(message + length, " layer %zu", &index) == 1 &&
        index < network->count)
        return gm_fail_prefix(status, "%s", network->origins[index]);
    return status;
}

static gm_status apply(gm_tensor **result, gm_network *network, gm_tensor *x, gm_mode mode, gm_tensor *counter,
                       const gm_recipe_network *layers) {
    *result = gm_network_apply(network, x, mode, counter);
    gm_status status = gm_graph_status(gm_tensor_graph(x));
    return status == GM_OK ? GM_OK : locate_fault(status, layers, gm_network_name(network));
}

// The real batch, in the recipe's range: x = low + byte (high - low) / 255.
static gm_tensor *real_batch(gm_gan *gan, const gm_recipe *recipe, const gm_dataset_info *data, bool resident) {
    bool images = data->kind == GM_DATASET_IMAGES;
    bool vectors = !images && data->height == 1 && data->width == 1;
    gm_type type = images ? GM_UINT8 : GM_FLOAT32;
    gm_shape shape = {.rank = vectors ? 2 : 4, .dim = {0, data->channels, data->height, data->width}};
    if (vectors)
        shape.dim[2] = shape.dim[3] = 0;
    gm_tensor *x;
    if (resident) {
        shape.dim[0] = data->count;
        gan->data = gm_input(gan->graph, "data", type, shape);
        gan->indices = gm_input(gan->graph, "indices", GM_INT32, GM_SHAPE(recipe->data.batch));
        x = gm_gather(gan->data, gan->indices);
    } else {
        shape.dim[0] = recipe->data.batch;
        gan->batch = x = gm_input(gan->graph, "batch", type, shape);
    }
    if (!images)
        return x;
    double low = recipe->data.range[0], high = recipe->data.range[1];
    return gm_offset(gm_scale(gm_cast(x, GM_FLOAT32), (high - low) / 255), low);
}

// z (N, size) ~ N(0, 1) or U(-1, 1)
static gm_tensor *latent_batch(gm_graph *graph, const gm_recipe *recipe, gm_tensor *counter) {
    gm_shape shape = GM_SHAPE(recipe->data.batch, recipe->latent.size);
    if (recipe->latent.distribution == GM_LATENT_UNIFORM)
        return gm_offset(gm_scale(gm_random_uniform(graph, "latent", shape, counter), 2), -1);
    return gm_random_normal(graph, "latent", shape, counter);
}

// Element i of an int32 vector, as a scalar.
static gm_tensor *element(gm_tensor *vector, size_t i) {
    return gm_reshape(gm_slice(vector, &i, &(size_t){1}), GM_SCALAR);
}

static gm_tensor *pair(gm_tensor *a, gm_tensor *b) {
    gm_tensor *both[2] = {gm_reshape(a, GM_SHAPE(1)), gm_reshape(b, GM_SHAPE(1))};
    return gm_concat(both, 2, 0);
}

static gm_status check_fit(const gm_tensor *real, const gm_tensor *fake, const gm_recipe *recipe) {
    const gm_shape *a = gm_tensor_shape(real), *b = gm_tensor_shape(fake);
    if (gm_shape_equal(a, b))
        return GM_OK;
    size_t last = recipe->generator.count - 1;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the generator makes %s, but the data are %s: change its layers or data.size",
                   recipe->generator.origins[last], sample_text(b).text, sample_text(a).text);
}

static gm_status check_logit(const gm_tensor *logit, const gm_recipe *recipe) {
    const gm_shape *shape = gm_tensor_shape(logit);
    size_t last = recipe->discriminator.count - 1;
    if (shape->rank > 0 && shape->dim[0] == recipe->data.batch && gm_shape_count(shape) == recipe->data.batch)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the discriminator must end in one logit per sample, but it gives %s values: end it with "
                   "`dense: 1`",
                   recipe->discriminator.origins[last], sample_text(shape).text);
}

// What the loss is multiplied by before it is differentiated, and the gradients divided by after: powers of two, so
// that neither rounds. Half's numbers end at 6e-8 and at 65504. A loss is a mean over the batch, so that a sample's
// part of the gradients between layers shrinks with it: 128 * batch makes it 128 times the gradient of the sample's own
// loss, whatever the batch. Near a logit that is at most about 128, with a factor of 512 left to grow by on the way
// down.
static double loss_scale(const gm_recipe *recipe) {
    if (recipe->precision != GM_PRECISION_HALF_STORAGE)
        return 1;
    return exp2(round(log2(128.0 * (double)recipe->data.batch)));
}

// One update of the network's parameters down the gradient of the loss.
static gm_status descend(gm_phase *phase, gm_network *network, gm_tensor *loss, double scale,
                         const gm_optimizer *optimizer, const char *prefix, gm_tensor *updates) {
    size_t count;
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    gm_tensor **gradients;
    if (count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "the %s has no layer with weights, so there is nothing to train",
                       gm_network_name(network));
    GM_TRY(gm_alloc(&gradients, count, sizeof *gradients, "gradients"));
    gm_grad(gm_scale(loss, scale), parameters, count, gradients);
    for (size_t i = 0; i < count; i++)
        gradients[i] = gm_scale(gradients[i], 1 / scale);
    gm_optimizer_apply(phase, optimizer, prefix, updates, parameters, gradients, count);
    free(gradients);
    return GM_OK;
}

static gm_tensor *half(gm_tensor *both, size_t index, size_t batch) {
    gm_shape shape = *gm_tensor_shape(both);
    size_t begin[GM_MAX_RANK] = {index * batch};
    shape.dim[0] = batch;
    return gm_slice(both, begin, shape.dim);
}

// D on real and on fake samples: as one batch, which is faster, unless a layer looks across samples and the two must
// not see each other.
static gm_status judge_both(gm_gan *gan, const gm_recipe *recipe, gm_tensor *const samples[2], gm_tensor *counter,
                            gm_tensor *logits[2]) {
    gm_tensor *both;
    for (size_t i = 0; i < recipe->discriminator.count; i++)
        if (recipe->discriminator.layers[i].type->across_samples) {
            GM_TRY(
                apply(&logits[0], gan->discriminator, samples[0], GM_MODE_TRAINING, counter, &recipe->discriminator));
            return apply(&logits[1], gan->discriminator, samples[1], GM_MODE_TRAINING, counter, &recipe->discriminator);
        }
    GM_TRY(
        apply(&both, gan->discriminator, gm_concat(samples, 2, 0), GM_MODE_TRAINING, counter, &recipe->discriminator));
    const gm_shape *shape = gm_tensor_shape(both);
    for (size_t i = 0; i < 2; i++) // anything but a batch of results is refused by check_logit
        logits[i] =
            shape->rank > 0 && shape->dim[0] == 2 * recipe->data.batch ? half(both, i, recipe->data.batch) : both;
    return GM_OK;
}

static gm_tensor *mean_score(gm_tensor *logit) {
    return gm_mean_all(gm_sigmoid(logit));
}

static gm_status build(gm_gan *gan, const gm_recipe *recipe, const gm_dataset_info *data, bool resident) {
    GM_TRY(gm_graph_create(&gan->graph));
    gm_graph *graph = gan->graph;
    gm_weight_initializer initializer = (gm_weight_initializer)recipe->initializer;
    GM_TRY(gm_network_create(&gan->generator, "generator", recipe->generator.layers, recipe->generator.count,
                             initializer));
    GM_TRY(gm_network_create(&gan->discriminator, "discriminator", recipe->discriminator.layers,
                             recipe->discriminator.count, initializer));

    gm_tensor *counter = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *real = real_batch(gan, recipe, data, resident), *fake, *logit[2], *judged;
    GM_TRY(apply(&fake, gan->generator, latent_batch(graph, recipe, counter), GM_MODE_TRAINING, counter,
                 &recipe->generator));
    GM_TRY(check_fit(real, fake, recipe));
    GM_TRY(judge_both(gan, recipe, (gm_tensor *[]){real, fake}, counter, logit));
    GM_TRY(check_logit(logit[0], recipe));

    gm_tensor *step = element(counter, 0), *substep = element(counter, 1);
    gm_tensor *one = gm_constant_int(graph, 1);
    if (recipe->discriminator_steps > 1) {
        gan->substep = gm_phase_create(graph, "substep");
        gm_phase_assign(gan->substep, counter, pair(step, gm_add(substep, one)));
    }

    gan->discriminator_phase = gm_phase_create(graph, "discriminator");
    gan->discriminator_loss = gm_gan_loss_discriminator(recipe->loss, logit[0], logit[1]);
    gan->real_score = mean_score(logit[0]);
    gan->fake_score = mean_score(logit[1]);
    gm_tensor *discriminator_updates =
        gm_add(gm_multiply(step, gm_constant_int(graph, (int32_t)recipe->discriminator_steps)), substep);
    GM_TRY(descend(gan->discriminator_phase, gan->discriminator, gan->discriminator_loss, loss_scale(recipe),
                   &recipe->optimizer.discriminator, "optimizer.discriminator", discriminator_updates));
    gm_network_assign_statistics(gan->discriminator, gan->discriminator_phase);
    gm_phase_fetch(gan->discriminator_phase, gan->discriminator_loss);
    gm_phase_fetch(gan->discriminator_phase, gan->real_score);
    gm_phase_fetch(gan->discriminator_phase, gan->fake_score);

    // D is applied anew, so that its dropout draws again; without dropout these are the same nodes, computed again
    // because D's variables were assigned.
    gan->generator_phase = gm_phase_create(graph, "generator");
    GM_TRY(apply(&judged, gan->discriminator, fake, GM_MODE_TRAINING, counter, &recipe->discriminator));
    gm_network_drop_statistics(gan->discriminator);
    gan->generator_loss =
        gm_gan_loss_generator(recipe->loss, recipe->loss->generator_needs_real ? logit[0] : NULL, judged);
    GM_TRY(descend(gan->generator_phase, gan->generator, gan->generator_loss, loss_scale(recipe),
                   &recipe->optimizer.generator, "optimizer.generator", step));
    gm_network_assign_statistics(gan->generator, gan->generator_phase);
    gm_phase_assign(gan->generator_phase, counter, pair(gm_add(step, one), gm_constant_int(graph, 0)));
    gm_phase_fetch(gan->generator_phase, gan->generator_loss);
    return gm_graph_status(graph);
}

gm_status gm_gan_init(gm_gan *gan, const gm_recipe *recipe, const gm_dataset_info *data, bool resident) {
    *gan = (gm_gan){0};
    gm_status status = build(gan, recipe, data, resident);
    if (status != GM_OK)
        gm_gan_finish(gan);
    return status;
}

void gm_gan_finish(gm_gan *gan) {
    gm_network_destroy(&gan->generator);
    gm_network_destroy(&gan->discriminator);
    gm_graph_destroy(&gan->graph);
    *gan = (gm_gan){0};
}

size_t gm_gan_parameter_count(const gm_network *network) {
    size_t count, sum = 0;
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    for (size_t i = 0; i < count; i++)
        sum += gm_shape_count(gm_tensor_shape(parameters[i]));
    return sum;
}

// The training step of a GAN as a graph.
//   N = batch; x real, z latent, G(z) fake, l = D's logit.
//
// Phases, in the order in which a step runs them:
//   substep        advances the sub-step (only between several discriminator steps)
//   discriminator  one update of D on a real batch and on G(z): as two training batches, as in the DCGAN paper, where D
//                  looks across samples (batch norm), else as one of twice the size
//   generator      one update of G on the same G(z), judged by the D just updated; step + 1, sub-step = 0
//
// Running statistics: G's are stored once per generator step. D's see the real, then the fake batch of D's phase; the
// statistics of the fakes that D judges again in G's phase are dropped, so that both kinds weigh the same.
// (PyTorch's layers would add them; nothing but D in inference, which training never uses, could tell.)
#include "train/model.h"

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
    if (gm_shape_equal(gm_tensor_shape(real), gm_tensor_shape(fake)))
        return GM_OK;
    size_t last = recipe->generator.count - 1;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the generator makes %s, but the data are %s: change its layers or data.size",
                   recipe->generator.origins[last], gm_model_sample_text(fake).text, gm_model_sample_text(real).text);
}

static gm_status check_logit(const gm_tensor *logit, const gm_recipe *recipe) {
    const gm_shape *shape = gm_tensor_shape(logit);
    size_t last = recipe->discriminator.count - 1;
    if (shape->rank > 0 && shape->dim[0] == recipe->data.batch && gm_shape_count(shape) == recipe->data.batch)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the discriminator must end in one logit per sample, but it gives %s values: end it with "
                   "`dense: 1`",
                   recipe->discriminator.origins[last], gm_model_sample_text(logit).text);
}

static gm_tensor *half(gm_tensor *both, size_t index, size_t batch) {
    gm_shape shape = *gm_tensor_shape(both);
    size_t begin[GM_MAX_RANK] = {index * batch};
    shape.dim[0] = batch;
    return gm_slice(both, begin, shape.dim);
}

// D on real and on fake samples: as one batch, which is faster, unless a layer looks across samples and the two must
// not see each other.
static gm_status judge_both(gm_network *discriminator, const gm_recipe *recipe, gm_tensor *const samples[2],
                            gm_tensor *counter, gm_tensor *logits[2]) {
    gm_tensor *both;
    for (size_t i = 0; i < recipe->discriminator.count; i++)
        if (recipe->discriminator.layers[i].type->across_samples) {
            GM_TRY(gm_model_apply(&logits[0], discriminator, samples[0], counter, &recipe->discriminator));
            return gm_model_apply(&logits[1], discriminator, samples[1], counter, &recipe->discriminator);
        }
    GM_TRY(gm_model_apply(&both, discriminator, gm_concat(samples, 2, 0), counter, &recipe->discriminator));
    const gm_shape *shape = gm_tensor_shape(both);
    for (size_t i = 0; i < 2; i++) // anything but a batch of results is refused by check_logit
        logits[i] =
            shape->rank > 0 && shape->dim[0] == 2 * recipe->data.batch ? half(both, i, recipe->data.batch) : both;
    return GM_OK;
}

static gm_tensor *mean_score(gm_tensor *logit) {
    return gm_mean_all(gm_sigmoid(logit));
}

gm_status gm_gan_build(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident) {
    gm_graph *graph = model->graph;
    gm_weight_initializer initializer = (gm_weight_initializer)recipe->initializer;
    gm_network *generator, *discriminator;
    GM_TRY(gm_model_add_network(model, "generator", &recipe->generator, initializer, &generator));
    GM_TRY(gm_model_add_network(model, "discriminator", &recipe->discriminator, initializer, &discriminator));

    gm_tensor *counter = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *real = gm_model_real_batch(model, recipe, data, resident), *fake, *logit[2], *judged;
    GM_TRY(gm_model_apply(&fake, generator, latent_batch(graph, recipe, counter), counter, &recipe->generator));
    GM_TRY(check_fit(real, fake, recipe));
    GM_TRY(judge_both(discriminator, recipe, (gm_tensor *[]){real, fake}, counter, logit));
    GM_TRY(check_logit(logit[0], recipe));

    gm_tensor *step = element(counter, 0), *substep = element(counter, 1);
    gm_tensor *one = gm_constant_int(graph, 1);
    model->updates = recipe->discriminator_steps;
    if (model->updates > 1) {
        model->substep = gm_phase_create(graph, "substep");
        gm_phase_assign(model->substep, counter, pair(step, gm_add(substep, one)));
    }

    gm_phase *phase = gm_phase_create(graph, "discriminator");
    gm_tensor *loss = gm_gan_loss_discriminator(recipe->loss, logit[0], logit[1]);
    gm_tensor *updates = gm_add(gm_multiply(step, gm_constant_int(graph, (int32_t)model->updates)), substep);
    GM_TRY(gm_model_descend(recipe, phase, &discriminator, 1, loss, &recipe->optimizer.discriminator,
                            "optimizer.discriminator", updates));
    gm_network_assign_statistics(discriminator, phase);
    gm_model_add_update(model, phase, 1);
    gm_model_add_number(model, phase, (gm_model_number){"discriminator_loss", "D", loss, true});

    // D is applied anew, so that its dropout draws again; without dropout these are the same nodes, computed again
    // because D's variables were assigned.
    gm_phase *finish = gm_phase_create(graph, "generator");
    GM_TRY(gm_model_apply(&judged, discriminator, fake, counter, &recipe->discriminator));
    gm_network_drop_statistics(discriminator);
    gm_tensor *generator_loss =
        gm_gan_loss_generator(recipe->loss, recipe->loss->generator_needs_real ? logit[0] : NULL, judged);
    GM_TRY(gm_model_descend(recipe, finish, &generator, 1, generator_loss, &recipe->optimizer.generator,
                            "optimizer.generator", step));
    gm_network_assign_statistics(generator, finish);
    gm_phase_assign(finish, counter, pair(gm_add(step, one), gm_constant_int(graph, 0)));
    gm_model_add_finish(model, finish, 1);
    gm_model_add_number(model, finish, (gm_model_number){"generator_loss", "G", generator_loss, true});
    gm_model_add_number(model, phase, (gm_model_number){"real_score", "D(x)", mean_score(logit[0]), false});
    gm_model_add_number(model, phase, (gm_model_number){"fake_score", "D(G(z))", mean_score(logit[1]), false});
    return gm_graph_status(graph);
}

// GAIN's training step as a graph, as in the authors' program.
//   l = D(completed row, h) a logit for each value, h = b m the hint, b Bernoulli(hint), alike for a column's values
//   D minimises E[m sp(-l) + (1 - m) sp(l)],  sp(l) = ln(1 + e^l)
//   G minimises E[(1 - m) sp(-l)] + alpha E[k (x - y)^2] / E[k]
// k (N, V) is 1 where a value is known, m where the generator also sees it: all of these, but with gain.drop. Then G
// is told, too, what is missing, and not only that it is not good enough. Cross-entropies are of logits, so that none
// is infinite.
//
// Phases: start (once; the average begins as the generator), discriminator, generator (on the same batch; step + 1),
// average.
#include "model/gain.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/objective.h"

typedef struct builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_gain_settings *settings;
    const gm_model_source *source;
    gm_gain_layout layout;
    gm_network *generator, *discriminator;
    gm_tensor *counter, *step;
    gm_tensor *x, *known, *seen; // seen: by the generator
    gm_tensor *hidden;           // values that training does not see; NULL: it sees all
    gm_tensor *made, *judged;    // what the discriminator gets: completed rows and hints
} builder;

// ---- The batch ----

// Of a number for each column, one for each value.
static gm_tensor *spread(const builder *b, gm_tensor *columns) {
    return gm_gain_pick(columns, b->layout.column, b->layout.values);
}

// Which cells are hidden is drawn once, for every row of the table: a variable that nothing changes.
static gm_status hide(builder *b) {
    const gm_model_input *input = &b->model->inputs[0];
    double share = b->settings->hide;
    if (!(share > 0))
        return GM_OK;
    if (!input->indices)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: gain.hide needs the table on the device: set data.resident: yes",
                       gm_recipe_origin(b->recipe, "gain.hide"));
    gm_tensor *cells =
        gm_variable(b->model->graph, "gain.hidden", GM_FLOAT32, GM_SHAPE(b->source->data->count, b->layout.columns),
                    (gm_initializer){GM_INITIALIZER_UNIFORM, 0, 1});
    gm_tensor *drawn = spread(b, gm_gather(cells, input->indices));
    gm_tensor *hidden = gm_less(drawn, gm_constant(b->model->graph, share));
    b->hidden = gm_multiply(hidden, b->known);
    b->known = gm_multiply(gm_offset(gm_negate(hidden), 1), b->known);
    return GM_OK;
}

static gm_status check_shape(const gm_tensor *made, const gm_tensor *wanted, const gm_layer_list *layers,
                             const char *noun, const char *what) {
    if (gm_shape_equal(gm_tensor_shape(made), gm_tensor_shape(wanted)))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the %s gives %s, but rows have %s values: it must end in %s for each",
                   layers->layers[layers->count - 1].origin, noun, gm_model_sample_text(made).text,
                   gm_model_sample_text(wanted).text, what);
}

static gm_status make_rows(builder *b) {
    gm_graph *graph = b->model->graph;
    gm_gain_split(&b->layout, &b->source->format, gm_model_real_batch(b->model, b->source), &b->x, &b->known);
    GM_TRY(hide(b));
    gm_shape shape = *gm_tensor_shape(b->x), columns = GM_SHAPE(shape.dim[0], b->layout.columns);
    b->seen = b->known;
    if (b->settings->drop > 0) {
        gm_tensor *kept = gm_random_bernoulli(graph, "gain.kept", columns, 1 - b->settings->drop, b->counter);
        b->seen = gm_multiply(b->known, spread(b, kept));
    }
    gm_tensor *noise = gm_scale(gm_random_uniform(graph, "gain.noise", shape, b->counter), b->settings->noise);
    GM_TRY(gm_model_apply(&b->made, b->generator, gm_gain_input(b->x, b->seen, noise), NULL, b->counter));
    GM_TRY(gm_graph_status(graph));
    GM_TRY(check_shape(b->made, b->x, &b->settings->generator, "generator", "a value in [0, 1]"));
    gm_tensor *told = gm_random_bernoulli(graph, "gain.hint", columns, b->settings->hint, b->counter);
    gm_tensor *hint = gm_multiply(b->seen, spread(b, told));
    b->judged = gm_concat((gm_tensor *[]){gm_gain_complete(b->x, b->seen, b->made), hint}, 2, 1);
    return GM_OK;
}

// ---- Losses ----

static gm_status judge(const builder *b, gm_tensor **logits) {
    GM_TRY(gm_model_apply(logits, b->discriminator, b->judged, NULL, b->counter));
    GM_TRY(gm_graph_status(b->model->graph));
    return check_shape(*logits, b->x, &b->settings->discriminator, "discriminator", "a logit");
}

static gm_tensor *unseen(const builder *b) {
    return gm_offset(gm_negate(b->seen), 1);
}

// The mean of the squares of errors where `where` is 1.
static gm_tensor *mean_square(const builder *b, gm_tensor *where) {
    gm_tensor *error = gm_multiply(gm_square(gm_subtract(b->x, b->made)), where);
    return gm_divide(gm_sum_all(error), gm_maximum(gm_sum_all(where), gm_constant(b->model->graph, 1)));
}

static gm_status descend(const builder *b, gm_phase *phase, gm_network *network, gm_tensor *loss,
                         const gm_optimizer *optimizer) {
    GM_TRY(gm_model_descend(&(gm_model_descent){
        .phase = phase,
        .micro_batches = 1,
        .network = network,
        .loss = loss,
        .scale = gm_model_loss_scale(b->source),
        .optimizer = optimizer,
        .prefix = gm_graph_printf(b->model->graph, "optimizer.%s", gm_network_name(network)),
        .updates = b->step,
    }));
    gm_network_assign_statistics(network, phase);
    return GM_OK;
}

static gm_status build_discriminator(const builder *b) {
    gm_phase *phase = gm_phase_create(b->model->graph, "discriminator");
    gm_tensor *logits;
    GM_TRY(judge(b, &logits));
    gm_tensor *loss = gm_mean_all(
        gm_add(gm_multiply(b->seen, gm_softplus(gm_negate(logits))), gm_multiply(unseen(b), gm_softplus(logits))));
    GM_TRY(gm_model_add_number(b->model, phase, (gm_model_number){"discriminator_loss", "D", loss, true}));
    GM_TRY(descend(b, phase, b->discriminator, loss, &b->settings->optimizer.discriminator));
    return gm_model_add_action(b->model, (gm_model_action){.phase = phase, .fresh = true, .every = 1});
}

static gm_status build_generator(const builder *b) {
    gm_graph *graph = b->model->graph;
    gm_phase *phase = gm_phase_create(graph, "generator");
    gm_tensor *logits;
    GM_TRY(judge(b, &logits));
    gm_network_drop_statistics(b->discriminator);
    gm_tensor *persuasion = gm_mean_all(gm_multiply(unseen(b), gm_softplus(gm_negate(logits))));
    gm_tensor *distance = mean_square(b, b->known);
    gm_tensor *loss = gm_add(persuasion, gm_scale(distance, b->settings->alpha));
    GM_TRY(gm_model_add_number(b->model, phase, (gm_model_number){"generator_loss", "G", persuasion, true}));
    GM_TRY(gm_model_add_number(b->model, phase, (gm_model_number){"known_rmse", "known", gm_sqrt(distance), true}));
    if (b->hidden)
        GM_TRY(gm_model_add_number(
            b->model, phase, (gm_model_number){"hidden_rmse", "hidden", gm_sqrt(mean_square(b, b->hidden)), false}));
    GM_TRY(descend(b, phase, b->generator, loss, &b->settings->optimizer.generator));
    gm_tensor *next = gm_add(b->step, gm_constant_int(graph, 1));
    gm_phase_assign(phase, b->counter, gm_model_pair(next, gm_constant_int(graph, 0)));
    return gm_model_add_action(b->model, (gm_model_action){.phase = phase, .every = 1});
}

static gm_status build_average(const builder *b) {
    const gm_averaging *average = &b->settings->average;
    if (!(average->decay > 0))
        return GM_OK;
    b->model->start = gm_phase_create(b->model->graph, "start");
    gm_phase *phase = gm_phase_create(b->model->graph, "average");
    const gm_average_params params = {.decay = average->decay, .step = average->warmup ? b->step : NULL};
    GM_TRY(gm_model_average(b->generator, phase, b->model->start, &params));
    return gm_model_add_action(b->model, (gm_model_action){.phase = phase, .every = 1});
}

// ---- The step ----

static gm_status build(builder *b, gm_arena *arena) {
    const gm_gain_settings *g = b->settings;
    const gm_weight_initializer initializer = (gm_weight_initializer)g->initializer;
    GM_TRY(gm_gain_layout_init(&b->layout, &b->source->format, arena));
    GM_TRY(gm_model_add_network(b->model, "generator", &g->generator, initializer, &b->generator));
    GM_TRY(gm_model_add_network(b->model, "discriminator", &g->discriminator, initializer, &b->discriminator));
    for (size_t i = 0; i < b->model->network_count; i++)
        if (gm_network_needs_labels(b->model->networks[i]))
            return gm_fail(GM_ERROR_ARGUMENT, "%s: rows have no labels: remove the layer of the %s that needs them",
                           gm_recipe_file(b->recipe), gm_network_name(b->model->networks[i]));
    b->counter = gm_objective_counter(b->model);
    b->step = gm_model_element(b->counter, 0);
    GM_TRY(make_rows(b));
    GM_TRY(build_discriminator(b));
    GM_TRY(build_generator(b));
    GM_TRY(build_average(b));
    return gm_graph_status(b->model->graph);
}

gm_status gm_gain_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    builder b = {.model = model, .recipe = recipe, .settings = gm_gain_of(recipe), .source = source};
    gm_arena arena = {0};
    gm_status status = build(&b, &arena);
    gm_arena_finish(&arena);
    return status;
}

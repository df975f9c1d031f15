// The phases of a step that follows one loss down.
#include "model/objective.h"

#include "base/base.h"
#include "graph/graph.h"

gm_tensor *gm_objective_counter(gm_model *model) {
    return gm_model_counter(model);
}

static gm_status build_update(gm_model *model, const gm_model_source *source, const gm_objective *o, gm_tensor *step,
                              gm_phase *update, gm_phase *gather) {
    for (size_t i = 0; i < o->number_count; i++)
        GM_TRY(gm_model_add_number(model, update, o->numbers[i]));
    for (size_t i = 0; i < o->network_count; i++) {
        gm_network *network = o->networks[i];
        GM_TRY(gm_model_descend(&(gm_model_descent){
            .phase = update,
            .gather = gather,
            .micro_batches = o->accumulate,
            .network = network,
            .loss = o->loss,
            .scale = gm_model_loss_scale(source),
            .optimizer = o->optimizer,
            .prefix = gm_graph_printf(model->graph, "optimizer.%s", gm_network_name(network)),
            .updates = step,
        }));
        gm_network_assign_statistics(network, update);
    }
    if (o->followed)
        gm_phase_assign(update, o->followed, o->following);
    gm_tensor *next = gm_add(step, gm_constant_int(model->graph, 1));
    gm_phase_assign(update, o->counter, gm_model_pair(next, gm_constant_int(model->graph, 0)));
    return GM_OK;
}

static gm_status build_averages(gm_model *model, const gm_objective *o, gm_tensor *step) {
    gm_phase *average = gm_phase_create(model->graph, "average");
    gm_average_params params = {.decay = o->average->decay, .step = o->average->warmup ? step : NULL};
    for (size_t i = 0; i < o->network_count; i++)
        GM_TRY(gm_model_average(o->networks[i], average, model->start, &params));
    return gm_model_add_action(model, (gm_model_action){.phase = average, .every = 1});
}

gm_status gm_objective_build(gm_model *model, const gm_model_source *source, const gm_objective *o) {
    gm_tensor *step = gm_model_element(o->counter, 0), *within = gm_model_element(o->counter, 1);
    gm_phase *substep = NULL, *gather = NULL;
    if (o->average->decay > 0)
        model->start = gm_phase_create(model->graph, "start");
    if (o->accumulate > 1) {
        substep = gm_phase_create(model->graph, "substep");
        gm_phase_assign(substep, o->counter, gm_model_pair(step, gm_add(within, gm_constant_int(model->graph, 1))));
        gather = gm_phase_create(model->graph, "gather");
    }
    gm_phase *update = gm_phase_create(model->graph, "update");
    GM_TRY(build_update(model, source, o, step, update, gather));
    for (size_t i = 0; i < o->accumulate; i++) {
        if (i > 0)
            GM_TRY(gm_model_add_action(model, (gm_model_action){.phase = substep, .every = 1}));
        gm_phase *phase = i + 1 < o->accumulate ? gather : update;
        GM_TRY(gm_model_add_action(model, (gm_model_action){.phase = phase, .fresh = !o->reads_nothing, .every = 1}));
    }
    return model->start ? build_averages(model, o, step) : GM_OK;
}

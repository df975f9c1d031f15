// Models: what every training step is built from, whatever its networks are.
#include "model/model.h"

#include "base/base.h"
#include "graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gm_sample_text gm_model_sample_text(const gm_tensor *x) {
    const gm_shape *shape = gm_tensor_shape(x);
    gm_sample_text result = {""};
    size_t used = 0;
    for (size_t i = 1; i < shape->rank && used < sizeof result.text; i++)
        used +=
            (size_t)snprintf(result.text + used, sizeof result.text - used, "%s%zu", i > 1 ? "x" : "", shape->dim[i]);
    return result;
}

// ---- Networks ----

gm_status gm_model_apply(gm_tensor **result, gm_network *network, gm_tensor *x, gm_tensor *labels, gm_tensor *counter) {
    *result = gm_network_apply_labelled(network, x, labels, GM_MODE_TRAINING, counter);
    return gm_graph_status(gm_tensor_graph(x));
}

gm_status gm_model_apply_both(gm_tensor *results[2], gm_network *network, gm_tensor *const x[2], gm_tensor *counter) {
    gm_tensor *both;
    if (gm_network_across_samples(network)) {
        GM_TRY(gm_model_apply(&results[0], network, x[0], NULL, counter));
        return gm_model_apply(&results[1], network, x[1], NULL, counter);
    }
    GM_TRY(gm_model_apply(&both, network, gm_concat(x, 2, 0), NULL, counter));
    gm_shape part = *gm_tensor_shape(both);
    size_t begin[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < 2; i++, begin[0] += part.dim[0]) {
        part.dim[0] = gm_tensor_shape(x[i])->dim[0];
        results[i] = gm_slice(both, begin, part.dim);
    }
    return gm_graph_status(gm_tensor_graph(both));
}

gm_status gm_model_add_network(gm_model *model, const char *name, const gm_layer_list *layers,
                               gm_weight_initializer initializer, gm_network **network) {
    if (model->network_count == GM_MODEL_NETWORKS)
        return gm_fail(GM_ERROR_STATE, "a model has at most %d networks", GM_MODEL_NETWORKS);
    GM_TRY(gm_network_create(network, name, layers->layers, layers->count, initializer));
    model->networks[model->network_count++] = *network;
    return GM_OK;
}

size_t gm_model_parameter_count(const gm_network *network) {
    size_t count, sum = 0;
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    for (size_t i = 0; i < count; i++)
        sum += gm_shape_count(gm_tensor_shape(parameters[i]));
    return sum;
}

// What a loss is multiplied by before it is differentiated, and the gradients divided by after: powers of two, so that
// neither rounds. Half's numbers end at 6e-8 and at 65504. A loss is a mean over the batch, so that a sample's part of
// the gradients between layers shrinks with it: 128 * batch makes it 128 times the gradient of the sample's own loss,
// whatever the batch. Near a logit that is at most about 128, with a factor of 512 left to grow by on the way down.
double gm_model_loss_scale(const gm_model_source *source) {
    return source->half_storage ? exp2(round(log2(128.0 * (double)source->batch))) : 1;
}

static bool any_moves(gm_tensor *const *parameters, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (gm_variable_rate(parameters[i]) > 0)
            return true;
    return false;
}

gm_status gm_model_descend(const gm_model_descent *d) {
    size_t count;
    gm_tensor *const *parameters = gm_network_parameters(d->network, &count);
    gm_tensor **gradients = NULL, **means = NULL;
    gm_status status = GM_OK;
    if (count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "the %s has no layer with weights, so there is nothing to train",
                       gm_network_name(d->network));
    if (!any_moves(parameters, count))
        return gm_fail(GM_ERROR_ARGUMENT, "every layer of the %s has the rate 0, so there is nothing to train",
                       gm_network_name(d->network));
    GM_TRY_DONE(gm_alloc(&gradients, count, sizeof(gm_tensor *), "gradients"));
    GM_TRY_DONE(gm_alloc(&means, count, sizeof(gm_tensor *), "gradients"));
    gm_grad(gm_scale(d->loss, d->scale), parameters, count, gradients);
    for (size_t i = 0; i < count; i++)
        gradients[i] = gm_scale(gradients[i], 1 / d->scale);
    if (d->gather) {
        gm_gradients_accumulate(d->gather, "accumulated", parameters, gradients, count);
        gm_gradients_mean(d->phase, "accumulated", parameters, gradients, count, d->micro_batches, means);
    }
    gm_optimizer_apply(d->phase, d->optimizer, d->prefix, d->updates, parameters, d->gather ? means : gradients, count);
done:
    free(gradients);
    free(means);
    return status;
}

// "generator_average.0.weight" beside "generator.0.weight".
static gm_status declare_averages(const char *network, gm_tensor *const *values, size_t count, gm_phase *start,
                                  gm_tensor **averages) {
    gm_text name = {0};
    gm_status status = GM_OK;
    for (size_t i = 0; i < count; i++) {
        name.length = 0;
        gm_text_printf(&name, "%s_average%s", network, gm_tensor_name(values[i]) + strlen(network));
        if (name.failed) {
            status = gm_fail_memory(64, "an average's name");
            break;
        }
        averages[i] = gm_variable(gm_tensor_graph(values[i]), name.data, GM_FLOAT32, *gm_tensor_shape(values[i]),
                                  (gm_initializer){0});
        gm_phase_assign(start, averages[i], values[i]);
    }
    gm_text_finish(&name);
    return status;
}

gm_status gm_model_average_begin(gm_network *network, gm_phase *phase) {
    size_t count[2];
    gm_tensor *const *values[2] = {gm_network_parameters(network, &count[0]),
                                   gm_network_statistics(network, &count[1])};
    gm_status status = GM_OK;
    for (size_t i = 0; i < 2 && status == GM_OK; i++) {
        gm_tensor **averages;
        GM_TRY(gm_alloc(&averages, count[i] + 1, sizeof(gm_tensor *), "averages"));
        status = declare_averages(gm_network_name(network), values[i], count[i], phase, averages);
        free(averages);
    }
    return status;
}

gm_status gm_model_average(gm_network *network, gm_phase *phase, gm_phase *start, const gm_average_params *params) {
    size_t count[2];
    gm_tensor *const *values[2] = {gm_network_parameters(network, &count[0]),
                                   gm_network_statistics(network, &count[1])};
    gm_status status = GM_OK;
    for (size_t i = 0; i < 2 && status == GM_OK; i++) {
        gm_tensor **averages;
        GM_TRY(gm_alloc(&averages, count[i] + 1, sizeof(gm_tensor *), "averages"));
        status = declare_averages(gm_network_name(network), values[i], count[i], start, averages);
        if (status == GM_OK)
            gm_average_assign(phase, averages, values[i], count[i], params);
        free(averages);
    }
    return status;
}

// ---- Phases and numbers ----

gm_status gm_model_add_action(gm_model *model, gm_model_action action) {
    GM_TRY(gm_grow(&model->actions, model->action_count, &model->action_capacity, sizeof *model->actions,
                   "the actions of a step"));
    model->actions[model->action_count++] = action;
    model->batches += action.fresh && !action.before;
    return GM_OK;
}

gm_status gm_model_add_number(gm_model *model, gm_phase *phase, gm_model_number number) {
    GM_TRY(gm_grow(&model->numbers, model->number_count, &model->number_capacity, sizeof *model->numbers,
                   "the numbers of a step"));
    gm_phase_fetch(phase, number.x);
    model->numbers[model->number_count++] = number;
    return GM_OK;
}

gm_tensor *gm_model_find_number(const gm_model *model, const char *name) {
    for (size_t i = 0; i < model->number_count; i++)
        if (strcmp(model->numbers[i].name, name) == 0)
            return model->numbers[i].x;
    return NULL;
}

// ---- Settings that move ----

static const gm_model_moving *find_moving(const gm_model *model, const char *name) {
    for (size_t i = 0; i < model->moving_count; i++)
        if (strcmp(model->moving[i].name, name) == 0)
            return &model->moving[i];
    return NULL;
}

const gm_model_setting *gm_model_find_setting(const gm_model *model, const char *name) {
    for (size_t i = 0; i < model->setting_count; i++)
        if (strcmp(model->settings[i].name, name) == 0)
            return &model->settings[i];
    return NULL;
}

double gm_model_reach(const gm_model *model, const char *name, double value) {
    const gm_model_moving *moving = find_moving(model, name);
    return moving ? fmax(value, moving->to) : value;
}

gm_model_dial gm_model_offer(gm_model *model, const char *name, double value, double least, double most) {
    const gm_model_setting *known = gm_model_find_setting(model, name);
    if (!known && model->setting_count < GM_MODEL_SETTINGS) {
        gm_model_setting *made = &model->settings[model->setting_count++];
        *made = (gm_model_setting){.name = name, .value = value, .least = least, .most = most};
        if (find_moving(model, name))
            made->variable = gm_variable(model->graph, gm_graph_printf(model->graph, GM_MODEL_SETTING "%s", name),
                                         GM_FLOAT32, GM_SCALAR, (gm_initializer){.a = value});
        known = made;
    }
    return known && known->variable ? (gm_model_dial){1, known->variable} : (gm_model_dial){value, NULL};
}

gm_model_dial gm_model_offer_count(gm_model *model, const char *name, size_t value, size_t most) {
    gm_model_dial dial = gm_model_offer(model, name, (double)value, 1, (double)most);
    for (size_t i = 0; i < model->setting_count; i++)
        model->settings[i].whole = model->settings[i].whole || strcmp(model->settings[i].name, name) == 0;
    return dial;
}

gm_tensor *gm_model_turn(const gm_model_dial *dial, gm_tensor *x) {
    return dial->variable ? gm_multiply(x, dial->variable) : x;
}

// ---- Data ----

gm_tensor *gm_model_element(gm_tensor *vector, size_t i) {
    return gm_reshape(gm_slice(vector, &i, &(size_t){1}), GM_SCALAR);
}

gm_tensor *gm_model_pair(gm_tensor *a, gm_tensor *b) {
    gm_tensor *both[2] = {gm_reshape(a, GM_SHAPE(1)), gm_reshape(b, GM_SHAPE(1))};
    return gm_concat(both, 2, 0);
}

gm_tensor *gm_model_counter(gm_model *model) {
    if (!model->counter)
        model->counter = gm_variable(model->graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    return model->counter;
}

// prefix: of the inputs' names.
static gm_tensor *read_batch(gm_model *model, gm_model_input *input, const gm_model_source *source, size_t batch,
                             const char *prefix) {
    const gm_sample *format = &source->format;
    gm_graph *graph = model->graph;
    gm_type type = format->bytes ? GM_UINT8 : GM_FLOAT32;
    gm_tensor *x;
    if (source->resident) {
        input->data = gm_input(graph, gm_graph_printf(graph, "%sdata", prefix), type,
                               gm_sample_stored(format, source->data->count));
        input->indices = gm_input(graph, gm_graph_printf(graph, "%sindices", prefix), GM_INT32, GM_SHAPE(batch));
        x = gm_gather(input->data, input->indices);
    } else {
        input->batch = x =
            gm_input(graph, gm_graph_printf(graph, "%sbatch", prefix), type, gm_sample_stored(format, batch));
    }
    x = format->kind->decode(format, x);
    return source->augment ? gm_augmentation_apply(source->augment, format, "data.augment", gm_model_counter(model), x)
                           : x;
}

gm_tensor *gm_model_real_batch(gm_model *model, const gm_model_source *source) {
    return read_batch(model, &model->inputs[0], source, source->batch, "");
}

gm_tensor *gm_model_second_batch(gm_model *model, const gm_model_source *source) {
    return read_batch(model, &model->inputs[1], source->second, source->batch, "second.");
}

gm_tensor *gm_model_real_labels(gm_model *model, const gm_model_source *source) {
    gm_model_input *input = &model->inputs[0];
    if (input->indices) {
        input->labels = gm_input(model->graph, "labels", GM_INT32, GM_SHAPE(source->data->count));
        return gm_gather(input->labels, input->indices);
    }
    return input->labels = gm_input(model->graph, "labels", GM_INT32, GM_SHAPE(source->batch));
}

void gm_model_finish(gm_model *model) {
    for (size_t i = 0; i < model->network_count; i++)
        gm_network_destroy(&model->networks[i]);
    gm_graph_destroy(&model->graph);
    free(model->actions);
    free(model->numbers);
    *model = (gm_model){0};
}

// Building and running the uses of a trained model, whatever its kind.
#include "model/use.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/common.h"
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

// ---- Building ----

gm_status gm_use_init(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data) {
    return gm_use_init_batch(use, row, recipe, data, GM_USE_BATCH);
}

gm_status gm_use_init_batch(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data,
                            size_t batch) {
    *use = (gm_use){.row = row, .recipe = recipe, .batch = batch};
    if (data)
        use->format = *data;
    gm_status status = gm_graph_create(&use->graph);
    if (status == GM_OK)
        status = row->build(use);
    if (status == GM_OK) {
        use->phase = gm_phase_create(use->graph, row->name);
        for (size_t i = 0; i < use->output_count; i++)
            gm_phase_fetch(use->phase, use->outputs[i].x);
        status = gm_graph_status(use->graph);
    }
    if (status != GM_OK)
        gm_use_finish(use);
    return status;
}

gm_status gm_use_append(gm_use *use, const gm_use_row *row, const gm_recipe *recipe, const gm_sample *data,
                        const gm_use_given *given, size_t count) {
    *use = (gm_use){.row = row,
                    .recipe = recipe,
                    .batch = gm_tensor_shape(given->x)->dim[0],
                    .graph = gm_tensor_graph(given->x),
                    .appended = true,
                    .given = given,
                    .given_count = count};
    if (data)
        use->format = *data;
    gm_status status = row->build(use);
    if (status == GM_OK)
        status = gm_graph_status(use->graph);
    use->given_count = 0;
    if (status != GM_OK)
        gm_use_finish(use);
    return status;
}

void gm_use_finish(gm_use *use) {
    for (size_t i = 0; i < use->network_count; i++)
        gm_network_destroy(&use->networks[i]);
    free(use->chosen);
    if (!use->appended)
        gm_graph_destroy(&use->graph);
    *use = (gm_use){0};
}

gm_status gm_use_add_network(gm_use *use, const char *name, const gm_layer_list *layers, int initializer,
                             const gm_averaging *average, gm_network **network) {
    if (use->network_count == GM_USE_NETWORKS)
        return gm_fail(GM_ERROR_STATE, "a use has at most %d networks", GM_USE_NETWORKS);
    if (average && average->decay > 0)
        name = gm_graph_printf(use->graph, "%s_average", name);
    GM_TRY(gm_network_create(network, name, layers->layers, layers->count, (gm_weight_initializer)initializer));
    use->networks[use->network_count++] = *network;
    return GM_OK;
}

static size_t next_weighted(const gm_layer_list *layers, size_t from) {
    while (from < layers->count && !layers->layers[from].type->weighted)
        from++;
    return from;
}

gm_status gm_use_add_first_layer(gm_use *use, const char *name, const gm_layer_list *layers, int initializer,
                                 const gm_averaging *average, gm_tensor *latent, gm_tensor *labels) {
    static const char *const outputs[] = {"weighted", "activations"};
    size_t first = next_weighted(layers, 0);
    const size_t counts[] = {first + 1, next_weighted(layers, first + 1)};
    if (first == layers->count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the %s has no layer with weights", layers->layers[0].origin, name);
    for (size_t i = 0; i < GM_COUNT(counts); i++) {
        const gm_layer_list part = {.layers = layers->layers, .count = counts[i]};
        gm_network *network;
        GM_TRY(gm_use_add_network(use, name, &part, initializer, average, &network));
        gm_use_draw_from_seeds(use, network);
        gm_use_add_output(use, outputs[i], gm_network_apply_labelled(network, latent, labels, GM_MODE_INFERENCE, NULL));
    }
    return GM_OK;
}

static void add_port(gm_use *use, gm_use_port *ports, size_t *count, gm_use_port port) {
    if (*count == GM_USE_PORTS)
        gm_fault(use->graph, "%s: the use %s has at most %d inputs and outputs each", port.name, use->row->name,
                 GM_USE_PORTS);
    else
        ports[(*count)++] = port;
}

static gm_tensor *check_given(gm_use *use, const gm_use_given *given, gm_type type, const gm_shape *shape) {
    if (gm_tensor_type(given->x) == type && gm_shape_equal(gm_tensor_shape(given->x), shape))
        return given->x;
    return gm_fault(use->graph, "%s: the use %s takes %s, not %s", given->name, use->row->name, gm_shape_text(shape),
                    gm_shape_text(gm_tensor_shape(given->x)));
}

gm_tensor *gm_use_add_input(gm_use *use, const char *name, gm_type type, const gm_shape *item) {
    gm_shape shape = {.rank = item->rank + 1, .dim = {use->batch}};
    memcpy(shape.dim + 1, item->dim, item->rank * sizeof *shape.dim);
    for (size_t i = 0; i < use->given_count; i++)
        if (strcmp(use->given[i].name, name) == 0)
            return check_given(use, &use->given[i], type, &shape);
    gm_tensor *x = gm_input(use->graph, name, type, shape);
    add_port(use, use->inputs, &use->input_count, (gm_use_port){.name = name, .x = x, .values = gm_shape_count(item)});
    return x;
}

gm_tensor *gm_use_draw(gm_use *use, const char *name, gm_shape shape) {
    gm_shape item = {.rank = shape.rank - 1};
    memcpy(item.dim, shape.dim + 1, item.rank * sizeof *item.dim);
    if (shape.dim[0] != use->batch)
        return gm_fault(use->graph, "%s: draws for %zu rows and not for %zu samples", name, shape.dim[0], use->batch);
    gm_tensor *x = gm_use_add_input(use, name, GM_FLOAT32, &item);
    use->inputs[use->input_count - 1].drawn = true;
    return x;
}

static gm_tensor *draw(void *user, const char *name, gm_shape shape) {
    return gm_use_draw(user, name, shape);
}

void gm_use_draw_from_seeds(gm_use *use, gm_network *network) {
    gm_network_set_draw(network, draw, use);
}

void gm_use_sample_from(gm_use *use, gm_network *network) {
    gm_use_draw_from_seeds(use, network);
    if (!use->appended && gm_network_truncates(network))
        gm_network_set_truncation(network, gm_use_add_settled(use, "truncation", 1, false));
}

gm_tensor *gm_use_add_data(gm_use *use) {
    return gm_use_add_input(use, "data", GM_FLOAT32, &use->format.item);
}

void gm_use_add_output(gm_use *use, const char *name, gm_tensor *x) {
    size_t values = gm_shape_count(gm_tensor_shape(x)) / use->batch;
    add_port(use, use->outputs, &use->output_count, (gm_use_port){.name = name, .x = x, .values = values});
}

// The shape of one sample of a batch.
static gm_shape item_of(const gm_tensor *x) {
    const gm_shape *shape = gm_tensor_shape(x);
    gm_shape item = {.rank = shape->rank > 0 ? shape->rank - 1 : 0};
    memcpy(item.dim, shape->dim + 1, item.rank * sizeof *item.dim);
    return item;
}

void gm_use_add_samples(gm_use *use, gm_tensor *x) {
    const gm_common *common = gm_common_of(use->recipe);
    gm_shape item = item_of(x);
    gm_use_add_output(use, "samples", x);
    const gm_table_schema *table = common->data.columns;
    if (table && item.rank == 1 && gm_table_codes(table) == item.dim[0]) {
        use->format = gm_sample_of_table(table, common->data.range.low, common->data.range.high);
        return;
    }
    const gm_text_schema *text = &common->data.text;
    if (text->count > 0 && item.rank == 2 && gm_text_schema_codes(text) == item.dim[0]) {
        use->format = gm_sample_of_text(text, item.dim[1]);
        return;
    }
    const gm_sound_schema *sound = &common->data.sound;
    if (sound->bands > 0 && item.rank == 3 && item.dim[1] == sound->bands) {
        use->format = gm_sample_of_spectrogram(sound, item.dim[0], common->data.range.low, common->data.range.high);
        if (use->format.item.dim[2] == item.dim[2])
            return;
    }
    if (common->data.sound.rate > 0 && item.rank == 2) {
        use->format = gm_sample_of_sound(&common->data.sound, item.dim[0], item.dim[1]);
        return;
    }
    use->format = gm_sample_of(&item);
    use->format.low = common->data.range.low;
    use->format.high = common->data.range.high;
    use->format.reach = gm_dataset_reach(common->data.source);
}

// ---- Running ----

static const gm_use_port *find_port(const gm_use_port *ports, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return &ports[i];
    return NULL;
}

const gm_use_port *gm_use_find_input(const gm_use *use, const char *name) {
    return find_port(use->inputs, use->input_count, name);
}

const gm_use_port *gm_use_find_output(const gm_use *use, const char *name) {
    return find_port(use->outputs, use->output_count, name);
}

static size_t item_bytes(const gm_use_port *port) {
    return port->values * gm_type_size(gm_tensor_type(port->x));
}

// The rows of one batch, filled up with zeros.
static gm_status write_input(const gm_use *use, const gm_use_port *port, gm_plan *plan, const void *rows,
                             size_t count) {
    size_t bytes = use->batch * item_bytes(port);
    if (count == use->batch)
        return gm_plan_write(plan, port->x, rows, bytes);
    void *batch;
    GM_TRY(gm_alloc(&batch, 1, bytes, "a batch"));
    memcpy(batch, rows, count * item_bytes(port));
    gm_status status = gm_plan_write(plan, port->x, batch, bytes);
    free(batch);
    return status;
}

static gm_status read_output(const gm_use *use, const gm_use_port *port, gm_plan *plan, float *rows, size_t count) {
    size_t bytes = use->batch * item_bytes(port);
    if (count == use->batch)
        return gm_plan_read_later(plan, port->x, rows, bytes);
    void *batch;
    GM_TRY(gm_alloc(&batch, 1, bytes, "a batch"));
    gm_status status = gm_plan_read(plan, port->x, batch, bytes);
    if (status == GM_OK)
        memcpy(rows, batch, count * item_bytes(port));
    free(batch);
    return status;
}

// The same value for every sample.
static gm_status write_settled(const gm_use *use, const gm_use_port *port, gm_plan *plan) {
    float *batch;
    GM_TRY(gm_alloc(&batch, use->batch * port->values, sizeof *batch, "a batch"));
    for (size_t i = 0; i < use->batch * port->values; i++)
        batch[i] = port->settled[i % port->values];
    gm_status status = gm_plan_write(plan, port->x, batch, use->batch * item_bytes(port));
    free(batch);
    return status;
}

// Rows `first` ... `first + count - 1`, at most a batch, of the arrays. Does not wait for whole batches.
static gm_status run_batch(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t first, size_t count,
                           float *const *outputs) {
    for (size_t i = 0; i < use->input_count; i++) {
        const gm_use_port *port = &use->inputs[i];
        GM_TRY(inputs[i] ? write_input(use, port, plan, (const char *)inputs[i] + first * item_bytes(port), count)
                         : write_settled(use, port, plan));
    }
    GM_TRY(gm_plan_run(plan, use->phase));
    for (size_t i = 0; i < use->output_count; i++)
        if (outputs[i])
            GM_TRY(read_output(use, &use->outputs[i], plan, outputs[i] + first * use->outputs[i].values, count));
    return GM_OK;
}

gm_status gm_use_run(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t count, float *const *outputs) {
    gm_status status = GM_OK;
    for (size_t first = 0; first < count && status == GM_OK; first += use->batch)
        status = (use->positions > 0 ? gm_use_walk : run_batch)(use, plan, inputs, first,
                                                                GM_MIN(count - first, use->batch), outputs);
    return gm_plan_finish_after(plan, status);
}

// ---- Samples of seeds ----

static gm_status check_codes(const gm_use *use, const float *codes, size_t count) {
    if (!use->check_codes)
        return gm_fail(GM_ERROR_ARGUMENT, "this model has no codes: it takes none");
    return use->check_codes(use->recipe, codes, count);
}

bool gm_use_generates(const gm_use *use) {
    return strcmp(use->row->name, "generate") == 0;
}

size_t gm_use_latent_values(const gm_use *use) {
    const gm_use_port *latent = gm_use_find_input(use, "latent");
    return latent ? latent->values : 0;
}

gm_status gm_use_check_latents(const gm_use *use) {
    if (gm_use_latent_values(use) > 0)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: its samples are drawn symbol by symbol, and have no latents",
                   gm_common_of(use->recipe)->name);
}

size_t gm_use_noise_values(const gm_use *use) {
    return use->noise.size > 0 ? use->noise.size : gm_use_latent_values(use);
}

static void fill_drawn(const gm_use *use, const gm_use_port *port, uint64_t seed, float *values) {
    const uint64_t run_seed = gm_common_of(use->recipe)->seed;
    const uint32_t stream = gm_stream(port->name), low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (size_t i = 0; i < port->values; i++)
        values[i] = (float)gm_philox_uniform(run_seed, stream, low, high, i);
}

gm_status gm_use_generate_from(const gm_use *use, gm_plan *plan, const gm_use_origins *origins, size_t count,
                               float *samples) {
    const gm_use_port *x = gm_use_find_output(use, "samples");
    const struct {
        const gm_use_port *port;
        const void *values;
    } held[] = {{gm_use_find_input(use, "latent"), origins->latents},
                {gm_use_find_input(use, "labels"), origins->labels},
                {gm_use_find_input(use, "classes"), origins->classes}};
    float *rows[GM_USE_PORTS] = {NULL}; // that layers draw
    gm_status status = GM_OK;
    for (size_t p = 0; p < use->input_count; p++)
        if (use->inputs[p].drawn)
            GM_TRY_DONE(gm_alloc(&rows[p], use->batch * use->inputs[p].values, sizeof *rows[p], "random numbers"));
    for (size_t first = 0; first < count && status == GM_OK; first += use->batch) {
        size_t here = GM_MIN(count - first, use->batch);
        const void *inputs[GM_USE_PORTS] = {NULL};
        float *outputs[GM_USE_PORTS] = {NULL};
        for (size_t p = 0; p < use->input_count; p++) {
            for (size_t i = 0; i < here && rows[p]; i++)
                fill_drawn(use, &use->inputs[p], origins->seeds ? origins->seeds[first + i] : 0,
                           rows[p] + i * use->inputs[p].values);
            inputs[p] = rows[p];
        }
        for (size_t h = 0; h < GM_COUNT(held); h++)
            if (held[h].port)
                inputs[held[h].port - use->inputs] = (const char *)held[h].values + first * item_bytes(held[h].port);
        outputs[x - use->outputs] = samples + first * x->values;
        status = gm_use_run(use, plan, inputs, here, outputs);
    }
done:
    for (size_t p = 0; p < use->input_count; p++)
        free(rows[p]);
    return status;
}

gm_status gm_use_fill_latents(const gm_use *use, const uint64_t *seeds, const float *codes, size_t count,
                              float *latents) {
    size_t width = use->categorical_codes + use->continuous_codes, values = gm_use_latent_values(use);
    if (codes)
        GM_TRY(check_codes(use, codes, count));
    if (values == 0)
        return GM_OK;
    for (size_t i = 0; i < count; i++)
        use->fill_latent(use->recipe, seeds[i], codes ? codes + i * width : NULL, latents + i * values);
    return GM_OK;
}

gm_status gm_use_generate(const gm_use *use, gm_plan *plan, const uint64_t *seeds, const int32_t *labels,
                          const float *codes, size_t count, float *samples) {
    size_t width = use->categorical_codes + use->continuous_codes;
    size_t values = gm_use_find_output(use, "samples")->values;
    int32_t *chosen = NULL;
    float *latents = NULL;
    gm_status status = GM_OK;
    if (labels)
        GM_TRY(gm_use_check_labels(use, labels, count));
    if (codes) // before any sample is made
        GM_TRY(check_codes(use, codes, count));
    GM_TRY_DONE(gm_alloc(&chosen, use->batch, sizeof *chosen, "labels"));
    GM_TRY_DONE(
        gm_alloc(&latents, use->batch * GM_MAX(gm_use_latent_values(use), (size_t)1), sizeof *latents, "latents"));
    for (size_t first = 0; first < count; first += use->batch) {
        size_t here = GM_MIN(count - first, use->batch);
        for (size_t i = 0; i < here; i++)
            chosen[i] = labels ? labels[first + i] : gm_use_label(use, seeds[first + i]);
        GM_TRY_DONE(gm_use_fill_latents(use, seeds + first, codes ? codes + first * width : NULL, here, latents));
        const gm_use_origins origins = {.latents = latents, .labels = chosen, .seeds = seeds + first};
        GM_TRY_DONE(gm_use_generate_from(use, plan, &origins, here, samples + first * values));
    }
done:
    free(chosen);
    free(latents);
    return status;
}

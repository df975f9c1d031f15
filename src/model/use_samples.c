// Uses that end in samples: what they are built of, and the samples of seeds.
#include "model/use.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/common.h"

#include <stdlib.h>
#include <string.h>

// ---- Building ----

void gm_use_sample_from(gm_use *use, gm_network *network) {
    gm_use_draw_from_seeds(use, network);
    if (!use->appended && gm_network_truncates(network))
        gm_network_set_truncation(network, gm_use_add_settled(use, "truncation", 1, false));
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
                inputs[held[h].port - use->inputs] =
                    (const char *)held[h].values + first * gm_use_port_bytes(held[h].port);
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

// Latent search.
//   N = rows of a batch, a row for each start of each target
#include "use/latent_search.h"

#include "base/base.h"
#include "use/latent_graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Opening ----

static gm_status draw_candidates(gm_latent_search *s) {
    const gm_use *use = &s->sampler->use;
    size_t count = s->options.candidates;
    uint64_t *seeds = NULL;
    int32_t *labels = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&seeds, count, sizeof *seeds, "seeds"));
    GM_TRY_DONE(gm_alloc(&labels, count, sizeof *labels, "labels"));
    GM_TRY_DONE(gm_alloc(&s->latents, count * s->values, sizeof *s->latents, "latents"));
    GM_TRY_DONE(gm_alloc(&s->samples, count * s->item, sizeof *s->samples, "samples"));
    for (size_t i = 0; i < count; i++) {
        seeds[i] = i;
        labels[i] = gm_use_label(use, i);
    }
    GM_TRY_DONE(gm_use_fill_latents(use, seeds, NULL, count, s->latents));
    const gm_use_origins origins = {.latents = s->latents, .labels = labels};
    status = gm_use_generate_from(use, s->sampler->plan, &origins, count, s->samples);
done:
    free(seeds);
    free(labels);
    return status;
}

static gm_status check(const gm_latent_search *s) {
    const gm_use *use = &s->sampler->use;
    for (size_t i = 0; i < use->input_count; i++)
        if (use->inputs[i].drawn)
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: its generator draws within its layers (%s): what is drawn has no gradient to search "
                           "along",
                           gm_common_of(use->recipe)->name, use->inputs[i].name);
    return GM_OK;
}

static gm_status create(gm_latent_search *s) {
    const gm_use *use = &s->sampler->use;
    gm_latent_search_options *o = &s->options;
    o->starts = o->starts ? o->starts : 2;
    o->candidates = GM_MAX(o->candidates ? o->candidates : 1024, o->starts);
    o->steps = o->steps ? o->steps : 250;
    o->rate = o->rate > 0 ? o->rate : 0.05;
    GM_TRY(gm_use_check_latents(use));
    s->values = gm_use_latent_values(use);
    s->noise = gm_use_noise_values(use);
    s->item = gm_sample_values(&use->format);
    s->reach = use->format.kind->ranged ? use->format.high - use->format.low : 1;
    GM_TRY(check(s));
    GM_TRY(gm_latent_graph_init(s));
    return draw_candidates(s);
}

gm_status gm_latent_search_create(gm_latent_search **search, gm_sampler *sampler,
                                  const gm_latent_search_options *options) {
    gm_latent_search *made;
    *search = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a search"));
    made->sampler = sampler;
    made->options = options ? *options : (gm_latent_search_options){0};
    gm_status status = create(made);
    if (status != GM_OK)
        gm_latent_search_destroy(&made);
    *search = made;
    return status;
}

void gm_latent_search_destroy(gm_latent_search **search) {
    if (!search || !*search)
        return;
    gm_latent_search *old = *search;
    gm_plan_destroy(&old->plan);
    gm_state_destroy(&old->state);
    gm_use_finish(&old->generate);
    gm_use_finish(&old->features);
    gm_use_finish(&old->wanted);
    gm_use_finish(&old->score);
    gm_graph_destroy(&old->graph);
    free(old->made);
    free(old->latents);
    free(old->samples);
    free(old);
    *search = NULL;
}

// ---- Where to start ----

// What stands for no label that a candidate must have.
enum { ANY = -1 };

static double weighted_distance(const gm_latent_search *s, const gm_latent_targets *t, size_t i, const float *sample) {
    const float *target = t->values + i * s->item, *weights = t->weights ? t->weights + i * s->item : NULL;
    double sum = 0;
    for (size_t k = 0; k < s->item; k++) {
        double d = fabs((double)sample[k] - (double)target[k]) / s->reach;
        sum += (weights ? (double)weights[k] : 1) * (s->options.absolute ? d : d * d);
    }
    return sum;
}

// The nearest candidates of target i, the nearest first; of two equally near ones the first. Fewer classes than
// candidates of a label leave places, which candidates of any label take: they get the label.
static void find_starts(const gm_latent_search *s, const gm_latent_targets *t, size_t i, size_t *starts, double *best) {
    const gm_use *use = &s->sampler->use;
    int32_t label = t->labels && use->classes > 0 ? t->labels[i] : ANY;
    for (size_t k = 0; k < s->options.starts; k++)
        best[k] = INFINITY;
    for (size_t c = 0; c < s->options.candidates; c++) {
        double distance = weighted_distance(s, t, i, s->samples + c * s->item);
        if (label != ANY && gm_use_label(use, c) != label)
            distance = distance + 1e30; // behind all of the label
        size_t place = s->options.starts;
        while (place > 0 && distance < best[place - 1])
            place--;
        for (size_t k = s->options.starts; k-- > place + 1;) {
            best[k] = best[k - 1];
            starts[k] = starts[k - 1];
        }
        if (place < s->options.starts) {
            best[place] = distance;
            starts[place] = c;
        }
    }
}

// ---- Searching ----

// The rows of a batch: which target and candidate each has.
typedef struct batch {
    size_t targets[GM_USE_BATCH], candidates[GM_USE_BATCH], count;
    int32_t labels[GM_USE_BATCH];
    float *z, *codes, *values, *weights; // (N, ...)
    float losses[GM_USE_BATCH];
} batch;

static void batch_finish(batch *b) {
    free(b->z);
    free(b->codes);
    free(b->values);
    free(b->weights);
}

static gm_status batch_init(batch *b, const gm_latent_search *s) {
    const size_t N = GM_USE_BATCH;
    *b = (batch){0};
    gm_status status = gm_alloc(&b->z, N * s->noise, sizeof *b->z, "latents");
    if (status == GM_OK)
        status = gm_alloc(&b->codes, N * (s->values - s->noise) + 1, sizeof *b->codes, "codes");
    if (status == GM_OK)
        status = gm_alloc(&b->values, N * s->item, sizeof *b->values, "targets");
    if (status == GM_OK)
        status = gm_alloc(&b->weights, N * s->item, sizeof *b->weights, "weights");
    return status;
}

static void fill_row(const gm_latent_search *s, const gm_latent_targets *t, batch *b, size_t row) {
    size_t target = b->targets[row], codes = s->values - s->noise;
    const float *latent = s->latents + b->candidates[row] * s->values;
    memcpy(b->z + row * s->noise, latent, s->noise * sizeof *latent);
    memcpy(b->codes + row * codes, latent + s->noise, codes * sizeof *latent);
    memcpy(b->values + row * s->item, t->values + target * s->item, s->item * sizeof *t->values);
    b->labels[row] = t->labels ? t->labels[target] : gm_use_label(&s->sampler->use, b->candidates[row]);
    for (size_t k = 0; k < s->item; k++)
        b->weights[row * s->item + k] = t->weights ? t->weights[target * s->item + k] : 1 / (float)s->item;
}

// Adam begins anew.
static gm_status reset(gm_latent_search *s) {
    static const char adam[] = "search.adam.";
    for (size_t i = 0; i < gm_state_count(s->state); i++) {
        const char *name;
        gm_type type;
        gm_shape shape;
        void *zeros;
        gm_state_entry(s->state, i, &name, &type, &shape);
        if (strncmp(name, adam, strlen(adam)) != 0)
            continue;
        size_t bytes = gm_shape_count(&shape) * gm_type_size(type);
        GM_TRY(gm_alloc(&zeros, 1, bytes, name));
        gm_status status = gm_state_write(s->state, name, zeros, bytes);
        free(zeros);
        GM_TRY(status);
    }
    return GM_OK;
}

static gm_status search_batch(gm_latent_search *s, batch *b) {
    const size_t N = GM_USE_BATCH, z_bytes = N * s->noise * sizeof *b->z, bytes = N * s->item * sizeof *b->values;
    GM_TRY(reset(s));
    GM_TRY(gm_state_write(s->state, gm_tensor_name(s->z), b->z, z_bytes));
    GM_TRY(gm_plan_write(s->plan, s->target, b->values, bytes));
    GM_TRY(gm_plan_write(s->plan, s->weights, b->weights, bytes));
    if (s->labels)
        GM_TRY(gm_plan_write(s->plan, s->labels, b->labels, sizeof b->labels));
    if (s->codes)
        GM_TRY(gm_plan_write(s->plan, s->codes, b->codes, N * (s->values - s->noise) * sizeof *b->codes));
    if (s->options.features > 0)
        GM_TRY(gm_plan_run(s->plan, s->prepare));
    for (size_t step = 0; step < s->options.steps; step++)
        GM_TRY(gm_plan_run(s->plan, s->descend));
    GM_TRY(gm_plan_run(s->plan, s->judge));
    GM_TRY(gm_plan_read(s->plan, s->loss, b->losses, sizeof b->losses));
    return gm_state_read(s->state, gm_tensor_name(s->z), b->z, z_bytes);
}

// Keeps the rows that are the best of their targets so far.
static void keep(const gm_latent_search *s, const batch *b, const gm_latents_found *found, double *losses,
                 int32_t *labels) {
    size_t codes = s->values - s->noise;
    for (size_t row = 0; row < b->count; row++) {
        size_t target = b->targets[row];
        float *latent = found->latents + target * s->values;
        if (!((double)b->losses[row] < losses[target]))
            continue;
        losses[target] = (double)b->losses[row];
        labels[target] = b->labels[row];
        memcpy(latent, b->z + row * s->noise, s->noise * sizeof *latent);
        memcpy(latent + s->noise, b->codes + row * codes, codes * sizeof *latent);
    }
}

static gm_status search_all(gm_latent_search *s, const gm_latent_targets *t, const gm_latents_found *found,
                            double *losses, int32_t *labels) {
    size_t starts = s->options.starts, rows = t->count * starts;
    batch b;
    size_t *begin = NULL;
    double *room = NULL;
    gm_status status = batch_init(&b, s);
    if (status != GM_OK)
        goto done;
    GM_TRY_DONE(gm_alloc(&begin, starts, sizeof *begin, "starts"));
    GM_TRY_DONE(gm_alloc(&room, starts, sizeof *room, "starts"));
    for (size_t row = 0; row < rows; row++) {
        if (row % starts == 0)
            find_starts(s, t, row / starts, begin, room);
        b.targets[b.count] = row / starts;
        b.candidates[b.count] = begin[row % starts];
        fill_row(s, t, &b, b.count++);
        if (b.count < GM_USE_BATCH && row + 1 < rows)
            continue;
        GM_TRY_DONE(search_batch(s, &b));
        keep(s, &b, found, losses, labels);
        b.count = 0;
    }
done:
    batch_finish(&b);
    free(begin);
    free(room);
    return status;
}

gm_status gm_latent_search_run(gm_latent_search *s, const gm_latent_targets *t, const gm_latents_found *found) {
    double *losses = NULL;
    int32_t *labels = NULL;
    gm_status status = GM_OK;
    if (t->labels)
        GM_TRY(gm_use_check_labels(&s->sampler->use, t->labels, t->count));
    GM_TRY_DONE(gm_alloc(&losses, t->count, sizeof *losses, "losses"));
    GM_TRY_DONE(gm_alloc(&labels, t->count, sizeof *labels, "labels"));
    for (size_t i = 0; i < t->count; i++)
        losses[i] = INFINITY;
    GM_TRY_DONE(search_all(s, t, found, losses, labels));
    for (size_t i = 0; i < t->count; i++)
        if (isinf(losses[i]))
            GM_TRY_DONE(gm_fail(GM_ERROR_STATE, "the search for sample %zu did not stay finite: try a lower rate", i));
    if (found->losses)
        memcpy(found->losses, losses, t->count * sizeof *losses);
    if (found->labels)
        memcpy(found->labels, labels, t->count * sizeof *labels);
    if (found->samples)
        status = gm_use_generate_from(&s->sampler->use, s->sampler->plan,
                                      &(gm_use_origins){.latents = found->latents, .labels = labels}, t->count,
                                      found->samples);
done:
    free(losses);
    free(labels);
    return status;
}

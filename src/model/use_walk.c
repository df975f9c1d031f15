// Running uses that go from position to position: what the graph carries comes back at the next.
#include "model/use.h"

#include "base/base.h"
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct walk {
    const gm_use *use;
    gm_plan *plan;
    const void *const *inputs;
    float *const *outputs;
    size_t first, count;
    float *rows[GM_USE_PORTS]; // of each input, a batch of one position
    float *read;               // of an output
} walk;

// The input's rows at a position; of a batch that is not full the others are zeros.
static void fill(const walk *w, size_t index, size_t position) {
    const gm_use_port *port = &w->use->inputs[index];
    const float *values = w->inputs[index];
    size_t width = gm_use_port_width(w->use, port), offset = port->along ? position * width : 0;
    for (size_t i = 0; i < w->count; i++) {
        const float *row = values ? values + (w->first + i) * port->values : port->settled;
        memcpy(w->rows[index] + i * width, row + offset, width * sizeof *row);
    }
}

static gm_status write_inputs(const walk *w, size_t position) {
    for (size_t i = 0; i < w->use->input_count; i++) {
        const gm_use_port *port = &w->use->inputs[i];
        if (position > 0 && !port->along && !port->carried)
            continue;
        if (!port->carried)
            fill(w, i, position);
        GM_TRY(gm_plan_write(w->plan, port->x, w->rows[i],
                             w->use->batch * gm_use_port_width(w->use, port) * sizeof(float)));
    }
    return GM_OK;
}

static size_t find_carried(const gm_use *use, const char *name) {
    size_t i = 0;
    while (i < use->input_count && strcmp(use->inputs[i].name, name) != 0)
        i++;
    return i;
}

static gm_status read_outputs(const walk *w, size_t position) {
    for (size_t i = 0; i < w->use->output_count; i++) {
        const gm_use_port *port = &w->use->outputs[i];
        size_t width = gm_use_port_width(w->use, port), bytes = w->use->batch * width * sizeof(float);
        size_t input = port->carried ? find_carried(w->use, port->name) : w->use->input_count;
        if (input < w->use->input_count)
            GM_TRY(gm_plan_read(w->plan, port->x, w->rows[input], bytes));
        if (!w->outputs[i] || port->carried)
            continue;
        GM_TRY(gm_plan_read(w->plan, port->x, w->read, bytes));
        for (size_t k = 0; k < w->count; k++)
            memcpy(w->outputs[i] + (w->first + k) * port->values + (port->along ? position * width : 0),
                   w->read + k * width, width * sizeof(float));
    }
    return GM_OK;
}

gm_status gm_use_walk(const gm_use *use, gm_plan *plan, const void *const *inputs, size_t first, size_t count,
                      float *const *outputs) {
    walk w = {.use = use, .plan = plan, .inputs = inputs, .outputs = outputs, .first = first, .count = count};
    size_t widest = 1;
    gm_status status = GM_OK;
    for (size_t i = 0; i < use->input_count; i++)
        GM_TRY_DONE(
            gm_alloc(&w.rows[i], use->batch * gm_use_port_width(use, &use->inputs[i]), sizeof(float), "a batch"));
    for (size_t i = 0; i < use->output_count; i++)
        widest = GM_MAX(widest, gm_use_port_width(use, &use->outputs[i]));
    GM_TRY_DONE(gm_alloc(&w.read, use->batch * widest, sizeof(float), "a batch"));
    for (size_t position = 0; position < use->positions; position++) {
        GM_TRY_DONE(write_inputs(&w, position));
        GM_TRY_DONE(gm_plan_run(plan, use->phase));
        GM_TRY_DONE(read_outputs(&w, position));
    }
done:
    for (size_t i = 0; i < use->input_count; i++)
        free(w.rows[i]);
    free(w.read);
    return status;
}

// ---- Steps ----

static size_t carried_bytes(const gm_use *use, const gm_use_port *port) {
    return use->batch * gm_use_port_width(use, port) * sizeof(float);
}

gm_status gm_use_steps_init(gm_use_steps *steps, const gm_use *use, gm_plan *plan) {
    size_t most = 1;
    gm_status status = GM_OK;
    *steps = (gm_use_steps){.use = use, .plan = plan};
    for (size_t i = 0; i < use->input_count && status == GM_OK; i++) {
        const gm_use_port *port = &use->inputs[i];
        most = GM_MAX(most, carried_bytes(use, port));
        if (port->carried)
            status = gm_alloc(&steps->carried[i], carried_bytes(use, port), 1, "a batch");
    }
    if (status == GM_OK)
        status = gm_alloc(&steps->moved, most, 1, "a batch");
    if (status != GM_OK)
        gm_use_steps_finish(steps);
    return status;
}

void gm_use_steps_finish(gm_use_steps *steps) {
    for (size_t i = 0; i < GM_USE_PORTS; i++)
        free(steps->carried[i]);
    free(steps->moved);
    *steps = (gm_use_steps){0};
}

void gm_use_steps_begin(gm_use_steps *steps) {
    for (size_t i = 0; i < GM_USE_PORTS; i++)
        if (steps->carried[i])
            memset(steps->carried[i], 0, carried_bytes(steps->use, &steps->use->inputs[i]));
}

void gm_use_steps_choose(gm_use_steps *steps, const size_t *from) {
    for (size_t i = 0; i < steps->use->input_count; i++) {
        const gm_use_port *port = &steps->use->inputs[i];
        const size_t width = gm_use_port_width(steps->use, port);
        for (size_t r = 0; steps->carried[i] && r < steps->use->batch; r++)
            memcpy(steps->moved + r * width, steps->carried[i] + from[r] * width, width * sizeof(float));
        if (steps->carried[i])
            memcpy(steps->carried[i], steps->moved, carried_bytes(steps->use, port));
    }
}

gm_status gm_use_steps_run(gm_use_steps *steps, const void *const *inputs, float *const *outputs) {
    const gm_use *use = steps->use;
    for (size_t i = 0; i < use->input_count; i++) {
        const gm_use_port *port = &use->inputs[i];
        GM_TRY(gm_plan_write(steps->plan, port->x, port->carried ? steps->carried[i] : inputs[i],
                             carried_bytes(use, port)));
    }
    GM_TRY(gm_plan_run(steps->plan, use->phase));
    for (size_t i = 0; i < use->output_count; i++) {
        const gm_use_port *port = &use->outputs[i];
        float *to = port->carried ? steps->carried[find_carried(use, port->name)] : outputs[i];
        if (to)
            GM_TRY(gm_plan_read(steps->plan, port->x, to, carried_bytes(use, port)));
    }
    return GM_OK;
}

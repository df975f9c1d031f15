// Weights to begin with from another run: what has the same name and shape, averages too. Moments of optimisers stay
// behind, for they belong to what was learned there.
#include "train/trainer.h"

#include "run/checkpoint.h"

#include <stdlib.h>
#include <string.h>

// "64x100"
static void append_shape(gm_text *text, const gm_shape *shape) {
    for (size_t i = 0; i < shape->rank; i++)
        gm_text_printf(text, "%s%zu", i > 0 ? "x" : "", shape->dim[i]);
    if (shape->rank == 0)
        gm_text_append(text, "one number");
}

// The network that a variable belongs to, NETWORK.... or NETWORK_average....; none: a moment, the step.
static const gm_train_network *network_of(const gm_trainer *trainer, const char *name) {
    static const char average[] = "_average.";
    for (size_t i = 0; i < trainer->model.network_count; i++) {
        size_t length = strlen(trainer->networks[i].name);
        if (strncmp(name, trainer->networks[i].name, length) == 0 &&
            (name[length] == '.' || strncmp(name + length, average, strlen(average)) == 0))
            return &trainer->networks[i];
    }
    return NULL;
}

// Where a run kept no averages, they begin as the weights: "generator_average.0.weight" -> "generator.0.weight".
static gm_status find(const gm_checkpoint *from, const char *name, gm_checkpoint_entry *entry, bool *found) {
    const char *average = strstr(name, "_average.");
    gm_text plain = {0};
    *found = gm_checkpoint_find(from, name, entry);
    if (*found || !average)
        return GM_OK;
    gm_text_printf(&plain, "%.*s%s", (int)(average - name), name, average + strlen("_average"));
    if (plain.failed)
        return gm_fail_memory(strlen(name), "a name");
    *found = gm_checkpoint_find(from, plain.data, entry);
    gm_text_finish(&plain);
    return GM_OK;
}

static gm_status take_variable(gm_trainer *trainer, const gm_checkpoint *from, size_t index) {
    gm_transfer *t = &trainer->transfer;
    const char *name;
    gm_type type;
    gm_shape shape;
    gm_checkpoint_entry entry;
    bool found;
    gm_state_entry(trainer->state, index, &name, &type, &shape);
    if (!network_of(trainer, name))
        return GM_OK;
    GM_TRY(find(from, name, &entry, &found));
    if (found && entry.type == type && gm_shape_equal(&entry.shape, &shape)) {
        if (!entry.finite)
            return gm_fail(GM_ERROR_STATE,
                           "%s: its %s holds values that are not finite, from which no training can begin",
                           trainer->common->from, name);
        gm_text_printf(&t->taken, "%s%s", t->taken_count++ > 0 ? ", " : "", name);
        return gm_state_write(trainer->state, name, entry.values, gm_type_size(type) * gm_shape_count(&shape));
    }
    gm_text_printf(&t->left, "%s%s: ", t->left_count++ > 0 ? "\n" : "", name);
    if (!found) {
        gm_text_append(&t->left, "is not there");
        return GM_OK;
    }
    append_shape(&t->left, &entry.shape);
    gm_text_append(&t->left, " there, ");
    append_shape(&t->left, &shape);
    gm_text_append(&t->left, " here");
    return GM_OK;
}

// What this model has no place for, but for what belongs to the training there.
static void list_unused(gm_trainer *trainer, const gm_checkpoint *from) {
    gm_transfer *t = &trainer->transfer;
    gm_checkpoint_entry entry;
    for (size_t i = 0; gm_checkpoint_at(from, i, &entry); i++) {
        bool moment = strncmp(entry.name, "optimizer.", strlen("optimizer.")) == 0 || !strchr(entry.name, '.');
        bool here = false;
        for (size_t k = 0; k < gm_state_count(trainer->state) && !here && !moment; k++) {
            const char *name;
            gm_type type;
            gm_shape shape;
            gm_state_entry(trainer->state, k, &name, &type, &shape);
            here = strcmp(name, entry.name) == 0;
        }
        if (!moment && !here)
            gm_text_printf(&t->left, "%s%s: is not wanted here", t->left_count++ > 0 ? "\n" : "", entry.name);
    }
}

gm_status gm_trainer_transfer(gm_trainer *trainer) {
    const char *run = trainer->common->from;
    gm_transfer *t = &trainer->transfer;
    gm_checkpoint *from;
    GM_TRY(gm_run_find_checkpoint(&from, run));
    gm_status status = GM_OK;
    t->step = gm_checkpoint_get_info(from)->step;
    for (size_t i = 0; i < gm_state_count(trainer->state) && status == GM_OK; i++)
        status = take_variable(trainer, from, i);
    list_unused(trainer, from);
    gm_checkpoint_close(&from);
    GM_TRY(status);
    if (t->taken.failed || t->left.failed)
        return gm_fail_memory(t->taken.length + t->left.length, "a list of weights");
    if (t->taken_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has no weight of the name and shape of any here, so there is nothing to begin with (%.*s)",
                       run, (int)strcspn(t->left.data ? t->left.data : "", "\n"), t->left.data ? t->left.data : "");
    return GM_OK;
}

gm_status gm_trainer_log_transfer(gm_trainer *trainer) {
    const gm_transfer *t = &trainer->transfer;
    gm_log_line line = {0};
    if (t->taken_count == 0)
        return GM_OK;
    gm_log_begin(&line);
    gm_log_integer(&line, "step", 0);
    gm_log_string(&line, "from", trainer->common->from);
    gm_log_integer(&line, "from_step", (int64_t)t->step);
    gm_log_string(&line, "taken", t->taken.data);
    gm_log_string(&line, "not_taken", t->left.data ? t->left.data : "");
    gm_status status = gm_run_log(trainer->run, &line);
    gm_log_finish(&line);
    return status;
}

// What a step consists of, as files: the programs of a described device, and the launches with their sizes and costs.
#include "train/trainer.h"

#include "device/device.h"
#include "plan/plan.h"

static gm_status write_text(const char *folder, const char *name, const gm_text *text) {
    gm_text path = {0};
    gm_text_printf(&path, "%s/%s", folder, name);
    gm_status status = text->failed || path.failed ? gm_fail_memory(text->length, name)
                                                   : gm_file_write_atomic(path.data, text->data, text->length);
    gm_text_finish(&path);
    return status;
}

// program0.cl, …: the options in a first line, then the text.
static gm_status write_program(const gm_device *device, size_t index, const char *folder) {
    const char *source, *options;
    char name[32];
    gm_device_get_program(device, index, &source, &options);
    gm_text text = {0};
    gm_text_printf(&text, "// options: %s\n", options);
    gm_text_append(&text, source);
    gm_snprintf(name, sizeof name, "program%zu.cl", index);
    gm_status status = write_text(folder, name, &text);
    gm_text_finish(&text);
    return status;
}

static void append_sizes(gm_text *text, const char *key, const size_t *sizes, size_t dims) {
    gm_text_printf(text, ", \"%s\": [", key);
    for (size_t i = 0; i < dims; i++)
        gm_text_printf(text, "%s%zu", i ? ", " : "", sizes[i]);
    gm_text_append(text, "]");
}

static void append_launch(gm_text *text, const gm_plan *plan, size_t index) {
    const gm_launch *launch = plan->launches[index].launch;
    gm_text_append(text, "{\"kernel\": ");
    gm_text_append_json(text, launch->product ? "CLBlast" : plan->emitter.kernels[launch->kernel].name);
    gm_text_append(text, ", \"label\": ");
    gm_text_append_json(text, launch->cost.label ? launch->cost.label : "");
    append_sizes(text, "global", launch->global, launch->dims);
    append_sizes(text, "local", launch->local, launch->dims);
    gm_text_printf(text, ", \"flop\": %.0f, \"bytes\": %.0f}", launch->cost.executed, launch->cost.bytes);
}

static void append_launches(gm_text *text, const gm_trainer *trainer) {
    const gm_plan *plan = trainer->plan;
    gm_text_append(text, "{\"recipe\": ");
    gm_text_append_json(text, trainer->common->name);
    gm_text_append(text, ", \"device\": ");
    gm_text_append_json(text, gm_device_get_info(trainer->device)->name);
    gm_text_append(text, ", \"actions\": [");
    for (size_t i = 0; i < trainer->model.action_count; i++) {
        const gm_model_action *action = &trainer->model.actions[i];
        const gm_phase_plan *phase = &plan->phases[action->phase->index];
        gm_text_printf(text, "%s\n  {\"phase\": ", i ? "," : "");
        gm_text_append_json(text, action->phase->name);
        gm_text_printf(text, ", \"every\": %zu, \"launches\": [", (size_t)action->every);
        for (size_t k = 0; k < phase->launch_count; k++) {
            gm_text_append(text, k ? ",\n    " : "\n    ");
            append_launch(text, plan, phase->first_launch + k);
        }
        gm_text_append(text, "]}");
    }
    gm_text_append(text, "]}\n");
}

gm_status gm_trainer_write_programs(gm_trainer *trainer, const char *folder) {
    if (!gm_device_get_info(trainer->device)->described)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "programs are written for descriptions of devices, not for \"%s\", which builds its own: choose "
                       "nvidia-sm_80 or another that `ganymede devices --described` lists",
                       gm_device_get_info(trainer->device)->name);
    GM_TRY(gm_folder_create(folder));
    for (size_t i = 0; i < gm_device_program_count(trainer->device); i++)
        GM_TRY(write_program(trainer->device, i, folder));
    gm_text text = {0};
    append_launches(&text, trainer);
    gm_status status = write_text(folder, "launches.json", &text);
    gm_text_finish(&text);
    return status;
}

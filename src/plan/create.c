// Creating a plan for a caller: in the precision that the device has, with variants tuned if that was asked for.
#include "plan/plan.h"

static gm_status choose_precision(gm_device *device, gm_precision precision, gm_plan_request *request) {
    request->exact = precision == GM_PRECISION_EXACT;
    if (precision == GM_PRECISION_FLOAT32 || request->exact)
        return GM_OK;
    if ((unsigned)precision > GM_PRECISION_EXACT)
        return gm_fail(GM_ERROR_ARGUMENT, "precision %u is unknown", (unsigned)precision);
    bool gpu = gm_emitter_wants_gpu(gm_device_get_info(device));
    request->half_storage = gpu && precision == GM_PRECISION_HALF_STORAGE;
    if (request->half_storage)
        return GM_OK;
    if (gpu)
        GM_TRY(gm_device_matrix(device, precision, &request->matrix));
    if (request->matrix)
        gm_debug("precision %s: contractions with %s", gm_precision_names[precision], request->matrix);
    else
        gm_warn("precision %s is not used, results are float32's: %s", gm_precision_names[precision],
                gpu ? "the device shows no matrix units for it" : "the kernels for CPUs know no other");
    return GM_OK;
}

gm_status gm_plan_create(gm_plan **out, gm_graph *graph, gm_state *state, const gm_plan_options *options) {
    gm_plan_request request = {.options = options};
    gm_plan *plan = NULL;
    gm_status status = GM_OK;
    *out = NULL;
    GM_TRY(choose_precision(state->device, options ? options->precision : GM_PRECISION_FLOAT32, &request));
    GM_TRY(gm_plan_lower(&plan, graph, state, &request));
    if (plan->asked_count > 0 && plan->tuning->mode != GM_TUNING_STORED) {
        gm_tune_measure(plan);
        gm_plan_destroy(&plan);
        GM_TRY(gm_plan_lower(&plan, graph, state, &request));
    }
    GM_TRY_DONE(gm_plan_bind(plan));
    *out = plan;
    plan = NULL;
done:
    gm_plan_destroy(&plan);
    return status;
}

// Variants: which of its kernel family's runs an operation, by the choices that the plan's tuning holds.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

static const double LEAST_FLOP = 1e7; // smaller operations are bound by their launch

gm_status gm_variant_key(const gm_plan *plan, const gm_tensor *node, char **key) {
    const gm_family *family = plan->family[node->id];
    gm_text text = {0};
    gm_text_printf(&text, "%s %s", plan->emitter.gpu ? "gpu" : "cpu", node->op->name);
    if (plan->emitter.matrix)
        gm_text_printf(&text, " %s", plan->emitter.matrix);
    if (plan->emitter.exact)
        gm_text_append(&text, " exact");
    for (size_t i = 0; i <= node->input_count; i++) {
        const gm_shape *shape = i < node->input_count ? &node->input[i]->shape : &node->shape;
        gm_text_append(&text, i < node->input_count ? " " : " -> ");
        for (size_t d = 0; d < shape->rank; d++)
            gm_text_printf(&text, d ? "x%zu" : "%zu", shape->dim[d]);
        if (i < node->input_count && gm_plan_is_half(plan, node->input[i]))
            gm_text_append(&text, ":half");
    }
    family->describe(node, &text);
    *key = text.failed ? NULL : text.data;
    if (*key)
        return GM_OK;
    gm_text_finish(&text);
    return gm_fail_memory(text.length, "an operation's description");
}

static const char *find(const gm_variants *variants, const char *name) {
    for (size_t i = 0; i < variants->count; i++)
        if (strcmp(variants->name[i], name) == 0)
            return variants->name[i];
    return NULL;
}

static gm_status ask(gm_plan *plan, const gm_tensor *node) {
    GM_TRY(gm_grow(&plan->asked, plan->asked_count, &plan->asked_capacity, sizeof *plan->asked, "tuning"));
    plan->asked[plan->asked_count++] = node;
    return GM_OK;
}

gm_status gm_variant_choose(gm_plan *plan, const gm_tensor *node, const char **variant) {
    const gm_family *family = plan->family[node->id];
    *variant = NULL;
    if (plan->trial)
        *variant = node->name;
    if (plan->trial || !plan->tuning || !family->variants)
        return GM_OK;
    gm_variants variants;
    family->variants(&plan->emitter, node, &variants);
    if (plan->tuning->forced) {
        *variant = find(&variants, plan->tuning->forced);
        plan->tuning->forced_used = plan->tuning->forced_used || *variant;
        return GM_OK;
    }
    if (family->flop(node) < LEAST_FLOP)
        return GM_OK;
    char *key;
    GM_TRY(gm_variant_key(plan, node, &key));
    gm_choice *choice = gm_tuning_find(plan->tuning, key);
    gm_status status = GM_OK;
    if (!choice && plan->tuning->mode == GM_TUNING_STORED && variants.count > 1) { // for the run, not for the store
        status = gm_tuning_add(plan->tuning, key, variants.name[0], 0);
        choice = gm_tuning_find(plan->tuning, key);
    }
    free(key);
    GM_TRY(status);
    if (!choice || (plan->tuning->mode == GM_TUNING_ALL && !choice->made))
        return variants.count > 1 ? ask(plan, node) : GM_OK;
    choice->used = true;
    // So the direct kernels were called while they were every default; choices in checkpoints hold for ever.
    *variant = find(&variants, strcmp(choice->variant, "default") == 0 ? "direct" : choice->variant);
    return GM_OK;
}

// See steer.h.
#include "train/steer.h"

#include "base/base.h"

#include <math.h>
#include <string.h>

// ---- The rule ----

static bool by_factors(const gm_steer_rule *rule, double start) {
    return start > 0 && rule->to > 0;
}

// Place 0 is the recipe's value, place rule->steps the other end.
static double value_at(const gm_steer_rule *rule, double start, size_t place) {
    double share = (double)place / (double)rule->steps;
    if (place == 0 || place >= rule->steps)
        return place == 0 ? start : rule->to;
    return by_factors(rule, start) ? start * pow(rule->to / start, share) : start + share * (rule->to - start);
}

// The nearest: the state holds values as floats, and a recipe may have changed under a resumed run.
static size_t place_of(const gm_steer_rule *rule, double start, double value) {
    double share = by_factors(rule, start) && value > 0 ? log(value / start) / log(rule->to / start)
                                                        : (value - start) / (rule->to - start);
    double place = round(share * (double)rule->steps);
    return place > 0 ? GM_MIN((size_t)place, rule->steps) : 0;
}

double gm_steer_next(const gm_steer_rule *rule, double start, double value, const gm_figures *figures) {
    double gap = gm_judged_shortfall(figures, rule->figure) - rule->margin;
    size_t place = place_of(rule, start, value);
    if (gap > rule->band * gm_judged_error(figures, rule->figure))
        return value_at(rule, start, GM_MIN(place + 1, rule->steps));
    return gap <= 0 ? value_at(rule, start, place > 0 ? place - 1 : 0) : value;
}

void gm_steer_describe(const gm_steer_rule *rule, double from, double to, const gm_figures *figures, gm_text *text) {
    double value = (double)figures->value[gm_judged_figure(rule->figure)];
    gm_text_printf(text, "%s%s %.4g -> %.4g: %s is %.4g, worse than its control by %.4g (error %.2g)",
                   text->length > 0 ? "; " : "", rule->setting, from, to, gm_judged_names[rule->figure], value,
                   gm_judged_shortfall(figures, rule->figure), gm_judged_error(figures, rule->figure));
}

// ---- The model ----

size_t gm_steer_moving(const gm_steer_rules *rules, gm_model_moving moving[GM_STEER_RULES]) {
    for (size_t i = 0; i < rules->count; i++)
        moving[i] = (gm_model_moving){rules->rules[i].setting, rules->rules[i].to};
    return rules->count;
}

static gm_status refuse_unknown(const gm_steer_rule *rule, const gm_model *model) {
    gm_text offered = {0};
    for (size_t i = 0; i < model->setting_count; i++)
        gm_text_printf(&offered, "%s%s", i > 0 ? ", " : "", model->settings[i].name);
    gm_status status = gm_fail(GM_ERROR_FORMAT, "%s: %s is nothing that this recipe's model can move; %s%s",
                               rule->origin, rule->setting, offered.length > 0 ? "it can move " : "it can move nothing",
                               offered.data ? offered.data : "");
    gm_text_finish(&offered);
    return status;
}

gm_status gm_steer_begin(const gm_steer_rules *rules, const gm_model *model, gm_steered steered[GM_STEER_RULES]) {
    for (size_t i = 0; i < rules->count; i++) {
        const gm_steer_rule *rule = &rules->rules[i];
        const gm_model_setting *setting = gm_model_find_setting(model, rule->setting);
        if (!setting || !setting->variable)
            return refuse_unknown(rule, model);
        if (rule->to < setting->least || rule->to > setting->most)
            return gm_fail(GM_ERROR_FORMAT, "%s: %s may move from %g to %g, not to %g", rule->origin, rule->setting,
                           setting->least, setting->most, rule->to);
        if (setting->whole && (rule->to < round(rule->to) || rule->to > round(rule->to)))
            return gm_fail(GM_ERROR_FORMAT, "%s: %s counts: it moves to a whole number, not to %g", rule->origin,
                           rule->setting, rule->to);
        if (!(rule->to < setting->value || rule->to > setting->value))
            return gm_fail(GM_ERROR_FORMAT, "%s: %s is %g already: `to` is another value", rule->origin, rule->setting,
                           rule->to);
        steered[i] = (gm_steered){rule, setting, setting->value};
    }
    return GM_OK;
}

gm_status gm_steer_read(gm_steered *steered, size_t count, gm_state *state) {
    for (size_t i = 0; i < count; i++) {
        float value;
        GM_TRY(gm_state_read(state, gm_tensor_name(steered[i].setting->variable), &value, sizeof value));
        steered[i].value = (double)value;
    }
    return GM_OK;
}

gm_status gm_steer_move(gm_steered *steered, size_t count, gm_state *state, const gm_figures *figures, gm_text *text) {
    for (size_t i = 0; i < count; i++) {
        gm_steered *s = &steered[i];
        float next = (float)gm_steer_next(s->rule, s->setting->value, s->value, figures);
        if (!((double)next < s->value || (double)next > s->value))
            continue;
        gm_steer_describe(s->rule, s->value, (double)next, figures, text);
        GM_TRY(gm_state_write(state, gm_tensor_name(s->setting->variable), &next, sizeof next));
        s->value = (double)next;
    }
    return text->failed ? gm_fail_memory(text->length, "the log") : GM_OK;
}

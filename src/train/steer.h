// Settings of a model that move with the monitor's figures while it trains.
//
// The rule is that of adaptive augmentation (Karras et al., "Training Generative Adversarial Networks with Limited
// Data", 2020), the sign of an error times a fixed step, within bounds, with two things added: a band within which
// nothing moves, as wide as the figure's own error, and a way back. Where a setting is lies in the state, so that a
// resumed run goes on exactly.
#ifndef GM_TRAIN_STEER_H
#define GM_TRAIN_STEER_H

#include "model/model.h"
#include "train/monitor.h"

typedef struct gm_steered {
    const gm_steer_rule *rule;
    const gm_model_setting *setting;
    double value; // at present
} gm_steered;

// Where a setting goes from `value` at a measurement: one of rule->steps equal factors (amounts, where one end is 0)
// from `start` towards rule->to while the figure is worse than its control by more than margin + band errors, one back
// while it is not worse by more than the margin, else nowhere. A figure that could not be had moves nothing.
double gm_steer_next(const gm_steer_rule *rule, double start, double value, const gm_figures *figures);
// "entropy_term.weight 0.1 -> 0.13: modes is 17, and its control 25 (error 0)"
void gm_steer_describe(const gm_steer_rule *rule, double from, double to, const gm_figures *figures, gm_text *text);

// The settings that the model is to let move, for gm_model_source.
size_t gm_steer_moving(const gm_steer_rules *rules, gm_model_moving moving[GM_STEER_RULES]);
// Finds them in the model. Fails, with the recipe's line, where it has none of that name, or where it cannot go there.
gm_status gm_steer_begin(const gm_steer_rules *rules, const gm_model *model, gm_steered steered[GM_STEER_RULES]);
// Reads where they are, and moves them.
gm_status gm_steer_read(gm_steered *steered, size_t count, gm_state *state);
// text: what moved, one after the other; empty: nothing.
gm_status gm_steer_move(gm_steered *steered, size_t count, gm_state *state, const gm_figures *figures, gm_text *text);

#endif

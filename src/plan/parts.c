// Parts: what a concatenation alone reads is computed straight into its part of the result, so that nothing is copied.
// That goes for element-wise values and contractions, whose kernels write through strides, also behind reshapes; on
// CPUs for convolutions.
#include "plan/plan.h"

static gm_view part_of(const gm_view *whole, const gm_tensor *concat, size_t input) {
    size_t axis = ((const gm_concat_attributes *)concat->attributes)->axis, begin[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < input; i++)
        begin[axis] += concat->input[i]->shape.dim[axis];
    gm_view part = gm_view_slice(whole, begin, &concat->input[input]->shape);
    part.part = true;
    return part;
}

// The part as the node's value, which the concatenation reads through reshapes; false: strides cannot say it.
static bool as_value(const gm_view *part, const gm_tensor *node, gm_view *value) {
    bool can = gm_view_reshape(part, &node->shape, value);
    value->part = true;
    return can;
}

static bool read_once(const gm_analysis *a, const gm_tensor *node) {
    return a->consumer_count[node->id] == 1 && !a->root[node->id] && !gm_plan_has_value(a->plan, node);
}

static bool can_write_part(const gm_analysis *a, const gm_tensor *node, const gm_tensor *concat, size_t input) {
    const gm_family *family = a->plan->family[node->id];
    const gm_view whole = gm_view_create(0, concat->type, &concat->shape, a->layout[concat->id]);
    gm_view part = part_of(&whole, concat, input), value;
    bool images = node->shape.rank >= 4 || concat->shape.rank >= 4;
    const bool gpu = a->plan->emitter.gpu, conv = node->op == &gm_op_conv || node->op == &gm_op_conv_input;
    return (gpu ? node->op->kind == GM_OP_ELEMENTWISE || (family && family->epilogue) : conv) &&
           gm_plan_is_half(a->plan, node) == gm_plan_is_half(a->plan, concat) &&
           (!images || a->layout[node->id] == a->layout[concat->id]) && as_value(&part, node, &value);
}

gm_status gm_parts_find(gm_analysis *a) {
    const gm_graph *graph = a->plan->graph;
    GM_TRY(gm_analysis_alloc(a, &a->home, graph->node_count, sizeof *a->home));
    if (gm_plan_is_plain(a->plan))
        return GM_OK;
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *concat = graph->nodes[id];
        if (concat->op != &gm_op_concat || !a->needed[id] || a->root[id] || gm_plan_has_value(a->plan, concat))
            continue;
        for (size_t i = 0; i < concat->input_count; i++) {
            const gm_tensor *node = gm_plan_alias(concat->input[i]);
            while (node->op == &gm_op_reshape && read_once(a, node))
                node = gm_plan_alias(node->input[0]);
            if (!read_once(a, node) || !can_write_part(a, node, concat, i))
                continue;
            a->home[node->id] = (gm_home){.concat = concat, .input = i};
            a->stored[node->id] = true;
        }
    }
    return GM_OK;
}

bool gm_parts_holds(const gm_analysis *a, const gm_tensor *concat, size_t input) {
    const gm_tensor *node = gm_plan_alias(concat->input[input]);
    while (node->op == &gm_op_reshape)
        node = gm_plan_alias(node->input[0]);
    return a->home[node->id].concat == concat && a->home[node->id].input == input;
}

bool gm_parts_flat(const gm_analysis *a, const gm_tensor *node) {
    const gm_home *home = &a->home[node->id];
    const gm_tensor *in = home->concat ? home->concat : node;
    const gm_view whole = gm_view_create(0, in->type, &in->shape, a->layout[in->id]);
    gm_view part = home->concat ? part_of(&whole, in, home->input) : whole, value;
    return as_value(&part, node, &value) && gm_view_is_row_major(&value);
}

gm_status gm_parts_whole(gm_analysis *a, const gm_tensor *concat, gm_view *view) {
    gm_home *home = &a->home[concat->id];
    if (!home->begun)
        GM_TRY(gm_value_create(a, concat, a->layout[concat->id], &home->whole));
    home->begun = true;
    *view = home->whole;
    return GM_OK;
}

gm_status gm_parts_create(gm_analysis *a, const gm_tensor *node, gm_layout layout, gm_view *view) {
    const gm_home *home = &a->home[node->id];
    if (!home->concat)
        return gm_value_create(a, node, layout, view);
    gm_view whole;
    GM_TRY(gm_parts_whole(a, home->concat, &whole));
    gm_view part = part_of(&whole, home->concat, home->input);
    return as_value(&part, node, view) ? GM_OK
                                       : gm_fail(GM_ERROR_STATE, "planning: %s %s cannot lie in its part",
                                                 node->op->name, gm_shape_text(&node->shape));
}

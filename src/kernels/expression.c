// Fused expressions as OpenCL C: one assignment per step, the same text for scalars and for vectors of any width.
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *gm_type_name(gm_type type, size_t width) {
    static const char *const name[][2] = {
        [GM_FLOAT32] = {"float", "float8"},
        [GM_INT32] = {"int", "int8"},
        [GM_UINT8] = {"uchar", "uchar8"},
    };
    return name[type][width > 1];
}

static void append_float(gm_text *text, double value) {
    if (isnan(value)) {
        gm_text_append(text, "NAN");
    } else if (isinf(value)) {
        gm_text_append(text, value < 0 ? "(-INFINITY)" : "INFINITY");
    } else {
        gm_text number = {0};
        gm_text_printf(&number, "%.9g", (double)(float)value);
        if (number.failed) {
            text->failed = true;
            return;
        }
        bool plain = !strpbrk(number.data, ".e");
        gm_text_printf(text, value < 0 ? "(%s%sf)" : "%s%sf", number.data, plain ? ".0" : "");
        gm_text_finish(&number);
    }
}

void gm_fused_input(gm_text *text, const gm_step_input *input, size_t width) {
    if (input->kind == GM_OPERAND_VIEW) {
        gm_text_printf(text, "x%zu", input->index);
    } else if (input->kind == GM_OPERAND_STEP) {
        gm_text_printf(text, "s%zu", input->index);
    } else {
        gm_text_printf(text, "((%s)(", gm_type_name(input->type, width));
        if (input->type == GM_FLOAT32)
            append_float(text, input->literal);
        else
            gm_text_printf(text, "%d", (int)input->literal);
        gm_text_append(text, "))");
    }
}

// Expands $0 $1 $2, $a $b, $T $F $I of an operation's expression.
static void expand(gm_text *text, const gm_step *step, size_t width) {
    const gm_element_attributes *attributes = step->node->attributes;
    char one[2] = {0};
    for (const char *c = step->node->op->expression; *c; c++) {
        if (*c != '$') {
            one[0] = *c;
            gm_text_append(text, one);
            continue;
        }
        c++;
        if (*c >= '0' && *c <= '2')
            gm_fused_input(text, &step->input[*c - '0'], width);
        else if (*c == 'a' || *c == 'b')
            append_float(text, *c == 'a' ? attributes->a : attributes->b);
        else
            gm_text_append(text, gm_type_name(*c == 'T' ? step->node->type : *c == 'F' ? GM_FLOAT32 : GM_INT32, width));
    }
}

void gm_fused_steps(gm_text *text, const gm_fused *fused, const char *indent, size_t width) {
    for (size_t i = 0; i < fused->step_count; i++) {
        gm_text_printf(text, "%sconst %s s%zu = ", indent, gm_type_name(fused->step[i].node->type, width), i);
        expand(text, &fused->step[i], width);
        gm_text_append(text, ";\n");
    }
}

void gm_fused_map(gm_text *text, const gm_fused *fused, gm_type operand) {
    gm_text_printf(text, "static float @_map(const %s x0) {\n", gm_type_name(operand, 1));
    gm_fused_steps(text, fused, "    ", 1);
    gm_text_append(text, "    return ");
    gm_fused_input(text, &fused->result[0], 1);
    gm_text_append(text, ";\n}\n");
}

size_t gm_fused_cost(const gm_fused *fused) {
    size_t cost = 0;
    for (size_t i = 0; i < fused->step_count; i++)
        cost += GM_MAX(fused->step[i].node->op->cost, 1u);
    return cost;
}

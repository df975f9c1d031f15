// Fused expressions as epilogues of contractions: what cl/contract.cl calls GM_EPILOGUE1 and GM_EPILOGUE8.
#include "kernels/contraction.h"

static void append_epilogue_function(gm_text *text, const gm_fused *epilogue, size_t width) {
    gm_text_printf(text, "static %s @_epilogue%zu(const %s x0, const int h, const int w, const int n, const int k",
                   gm_type_name(GM_FLOAT32, width), width, gm_type_name(GM_FLOAT32, width));
    for (size_t i = 1; i < epilogue->operand_count; i++)
        gm_text_printf(text,
                       ", __global const %s *e%zu, const int f%zu, const int h%zu, const int w%zu, "
                       "const int n%zu, const int k%zu",
                       gm_view_element_type(&epilogue->operand[i]), i, i, i, i, i, i);
    gm_text_append(text, ") {\n");
    for (size_t i = 1; i < epilogue->operand_count; i++) {
        const gm_view *view = &epilogue->operand[i];
        const char *type = gm_type_name(view->type, 1), *wide = gm_type_name(view->type, width);
        int64_t stride = view->stride[1];
        gm_text_printf(text, "    __global const %s *p%zu = e%zu + f%zu + h * h%zu + w * w%zu + n * n%zu + k * k%zu;\n",
                       gm_view_element_type(view), i, i, i, i, i, i, i);
        gm_text_printf(text, "    const %s x%zu = ", wide, i);
        if (view->half)
            gm_text_printf(text, "vload_half(0, p%zu);\n", i);
        else if (width == 1 || stride == 0)
            gm_text_printf(text, "(%s)(p%zu[0]);\n", wide, i);
        else if (stride == 1)
            gm_text_printf(text, "vload%zu(0, p%zu);\n", width, i);
        else
            gm_text_printf(text, "gm_gather_%s(p%zu, k%zu, %zu);\n", type, i, i, width);
    }
    gm_fused_steps(text, epilogue, "    ", width);
    gm_text_append(text, "    return ");
    gm_fused_input(text, &epilogue->result[0], width);
    gm_text_append(text, ";\n}\n");
}

void gm_epilogue_append(gm_text *text, const gm_fused *epilogue, bool gpu) {
    if (!epilogue) {
        gm_text_append(text, "#define GM_EPILOGUE_PARAMS\n#define GM_EPILOGUE1(v, h, w, n, k) (v)\n");
        gm_text_append(text, gpu ? "" : "#define GM_EPILOGUE8(v, h, w, n, k) (v)\n");
        return;
    }
    if (!gpu)
        append_epilogue_function(text, epilogue, 8);
    append_epilogue_function(text, epilogue, 1);
    gm_text_append(text, "#define GM_EPILOGUE_PARAMS ");
    for (size_t i = 1; i < epilogue->operand_count; i++)
        gm_text_printf(text,
                       ", __global const %s *e%zu, const int f%zu, const int eh%zu, const int ew%zu, "
                       "const int en%zu, const int ek%zu",
                       gm_view_element_type(&epilogue->operand[i]), i, i, i, i, i, i);
    for (size_t width = 1; width <= (gpu ? 1 : 8); width += 7) {
        gm_text_printf(text, "\n#define GM_EPILOGUE%zu(v, h, w, n, k) @_epilogue%zu(v, h, w, n, k", width, width);
        for (size_t i = 1; i < epilogue->operand_count; i++)
            gm_text_printf(text, ", e%zu, f%zu, eh%zu, ew%zu, en%zu, ek%zu", i, i, i, i, i, i);
        gm_text_append(text, ")");
    }
    gm_text_append(text, "\n");
}

void gm_epilogue_arguments(gm_launch_builder *builder, const gm_fused *epilogue) {
    for (size_t i = 1; epilogue && i < epilogue->operand_count; i++) {
        const gm_view *view = &epilogue->operand[i]; // brought to rank 4 by as_image
        gm_argument_read(builder, view->storage);
        gm_argument_int(builder, view->offset);
        gm_argument_int(builder, view->stride[2]);
        gm_argument_int(builder, view->stride[3]);
        gm_argument_int(builder, view->stride[0]);
        gm_argument_int(builder, view->stride[1]);
    }
}

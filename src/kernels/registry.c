// Finding the family that runs an operation.
#include "kernels/families.h"

#define GM_FAMILY_FILE(name) gm_families_##name,
static const gm_family *const files[] = {GM_FAMILY_FILES};
#undef GM_FAMILY_FILE

const gm_family *gm_family_find(const gm_op *op) {
    for (size_t i = 0; i < GM_COUNT(files); i++)
        for (const gm_family *family = files[i]; family->op; family++)
            if (family->op == op)
                return family;
    return NULL;
}

gm_layout gm_family_output(const gm_family *family, bool gpu) {
    return gpu && family->for_variables ? GM_LAYOUT_HWNC : family->output_layout;
}

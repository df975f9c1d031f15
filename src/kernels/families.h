// Every file of families, once: GM_FAMILY_FILES comes from meson's list.
#ifndef GM_KERNELS_FAMILIES_H
#define GM_KERNELS_FAMILIES_H

#include "kernels/kernels.h"

#define GM_FAMILY_FILE(name) extern const gm_family gm_families_##name[];
GM_FAMILY_FILES
#undef GM_FAMILY_FILE

#endif

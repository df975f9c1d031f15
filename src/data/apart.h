// What is read stays apart from what is written.
#ifndef GM_DATA_APART_H
#define GM_DATA_APART_H

#include "base/base.h"

// Fails where the path is the source, lies in it or is read with it (labels of an array, a picture of a list): what is
// written there would be data, or in place of it.
gm_status gm_apart_check(const char *source, const char *path);

#endif

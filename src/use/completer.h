// What a completer is made of.
#ifndef GM_USE_COMPLETER_H
#define GM_USE_COMPLETER_H

#include "ganymede/complete.h"
#include "use/filler.h"

struct gm_completer {
    gm_trained trained;
    gm_filler filler;
    char *run; // as given, for messages
};

#endif

// The tuning store's inner interface: choices by key, for src/plan/tune.c, which times them.
#ifndef GM_DEVICE_TUNING_H
#define GM_DEVICE_TUNING_H

#include "base/base.h"
#include "ganymede/tuning.h"

typedef struct gm_choice {
    char *key, *variant;
    double milliseconds; // 0: not timed
    bool used;           // a plan asked for it
    bool made;           // here: timed, or given its default, not read
    bool fresh;          // made, and not yet stored
} gm_choice;

struct gm_tuning {
    gm_device *device;
    gm_tuning_mode mode;
    double seconds;     // left for timing
    const char *forced; // the variant of every operation that has it; NULL: the choices below
    bool forced_used;   // there was one
    gm_choice *choices;
    size_t count, capacity;
};

gm_choice *gm_tuning_find(const gm_tuning *tuning, const char *key); // NULL: none; valid until the next set
// Adds the choices of a stored text to those without one. *known = false, and nothing is added: the text is damaged
// from its beginning, or of another version or device than the one with this identity.
gm_status gm_tuning_parse(gm_tuning *tuning, uint64_t identity, const char *text, size_t bytes, bool *known);
// set: a choice that is made here, for the store too; add: one that is not.
gm_status gm_tuning_set(gm_tuning *tuning, const char *key, const char *variant, double milliseconds);
gm_status gm_tuning_add(gm_tuning *tuning, const char *key, const char *variant, double milliseconds);

#endif

// Tuning: which variant of a kernel runs each operation of given shapes, timed once per device (with its number of
// compute units) and driver.
//
//     gm_tuning *tuning;
//     GM_TRY(gm_tuning_create(&tuning, device, &(gm_tuning_options){.mode = GM_TUNING_NEW, .seconds = 5}));
//     GM_TRY(gm_plan_create(&plan, graph, state, &(gm_plan_options){.tuning = tuning}));
//     GM_TRY(gm_tuning_save(tuning));
//     gm_tuning_destroy(&tuning);
//
// Variants differ in the order in which they add, so results repeat bit for bit only with the same choices.
#ifndef GANYMEDE_TUNING_H
#define GANYMEDE_TUNING_H

#include "ganymede/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_tuning gm_tuning;

typedef enum gm_tuning_mode {
    GM_TUNING_STORED = 0, // choices that are there; defaults for the rest, which are not stored
    GM_TUNING_NEW,        // plans time the variants of operations that have no choice yet, if it can be stored
    GM_TUNING_ALL,        // plans time the variants of every operation, once
} gm_tuning_mode;

typedef struct gm_tuning_options {
    gm_tuning_mode mode;
    double seconds;      // spend about this on timing; what is left gets its default. 0: no limit
    const char *choices; // as gm_tuning_write gave them on the same device and driver; NULL, or of another device: the
                         // store's
} gm_tuning_options;

// Begins with the device's stored choices: ganymede/tuning-*.txt in the cache folder (GANYMEDE_CACHE, XDG_CACHE_HOME,
// ~/.cache; GANYMEDE_CACHE="": none). An absent, damaged or outdated store is an empty one. options may be NULL.
// The device must outlive it.
GM_API gm_status gm_tuning_create(gm_tuning **tuning, gm_device *device, const gm_tuning_options *options);
GM_API void gm_tuning_destroy(gm_tuning **tuning);
// Adds what was timed to the device's store, beside what other processes have put there. Does nothing without a cache
// folder.
GM_API gm_status gm_tuning_save(gm_tuning *tuning);
// The choices as text, a line each: operation, variant, nanoseconds (0: its default, not timed), between tabs.
// `used`: only those that plans have asked for. The caller frees it.
GM_API gm_status gm_tuning_write(const gm_tuning *tuning, bool used, char **text);

#ifdef __cplusplus
}
#endif
#endif

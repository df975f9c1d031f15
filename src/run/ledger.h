// privacy.json of a run: what its private training has spent, paid ahead. An update runs only once the file says so,
// and nothing takes one back: neither a run that was killed nor one that goes back to an older checkpoint starts its
// budget anew.
#ifndef GM_RUN_LEDGER_H
#define GM_RUN_LEDGER_H

#include "run/run.h"

typedef struct gm_ledger {
    uint64_t updates;    // all that there ever were, and those that are to run next
    uint64_t items;      // of the data
    double batch, noise; // as in gm_private_plan
    double delta, clip;  //
    bool reproducible;
} gm_ledger;

// Whole or not at all, and on the disk when this returns. claim: for people.
gm_status gm_run_write_ledger(gm_run *run, const gm_ledger *ledger, const char *claim);
// *found: whether there is one. Fails for one that cannot be read.
gm_status gm_run_read_ledger(gm_run *run, gm_ledger *ledger, bool *found);

#endif

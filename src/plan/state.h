// The state's inner interface: variables as device buffers with version counters.
#ifndef GM_PLAN_STATE_H
#define GM_PLAN_STATE_H

#include "device/device.h"
#include "ganymede/plan.h"

typedef struct gm_state_variable {
    char *name;
    gm_type type;
    gm_shape shape;
    gm_buffer *buffer;
    uint64_t version; // grows with every assignment and write
} gm_state_variable;

struct gm_state {
    gm_device *device;
    uint64_t seed;
    gm_state_variable **variables; // pointers: plans keep them while the array grows
    size_t count, capacity;
};

// The state's variable for a graph's one, created and initialised when it is new; another type or shape fails.
gm_status gm_state_declare(gm_state *state, const gm_tensor *variable, gm_state_variable **out);

#endif

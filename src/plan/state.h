// The state's inner interface: variables as device buffers with version counters.
#ifndef GM_PLAN_STATE_H
#define GM_PLAN_STATE_H

#include "device/device.h"
#include "ganymede/plan.h"
#include "kernels/kernels.h"

typedef struct gm_state_variable {
    char *name;
    gm_type type;
    gm_shape shape;
    gm_layout layout; // of the buffer; what is read and written is row-major
    gm_buffer *buffer;
    uint64_t version; // grows with every assignment and write
} gm_state_variable;

// Where the values of variables come from that a plan declares, in place of their initialisers: a checkpoint.
typedef gm_status gm_state_source(void *user, const char *name, gm_type type, const gm_shape *shape,
                                  const void **values);

struct gm_state {
    gm_device *device;
    uint64_t seed;
    gm_state_source *source; // NULL: none
    void *source_user;
    gm_state_variable **variables; // pointers: plans keep them while the array grows
    size_t count, capacity;
};

// From now on declared variables have the source's values; a plan fails as the source does. It must outlive the plans.
void gm_state_set_source(gm_state *state, gm_state_source *source, void *user);
// The state's variable for a graph's one, created and initialised when it is new; another type or shape fails.
gm_status gm_state_declare(gm_state *state, const gm_tensor *variable, gm_state_variable **out);

#endif

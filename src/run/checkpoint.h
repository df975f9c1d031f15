// Checkpoints: every variable of a state, and what a resumed run must know beside it, in one safetensors file.
#ifndef GM_RUN_CHECKPOINT_H
#define GM_RUN_CHECKPOINT_H

#include "ganymede/plan.h"
#include "run/safetensors.h"

#define GM_CHECKPOINT_VERSION 1 // raised when older programs would misread the file

// The file's metadata. Strings given to gm_checkpoint_write are the caller's; those of an opened checkpoint are its.
typedef struct gm_checkpoint_info {
    uint64_t step;        // generator steps taken
    uint64_t data_cursor; // images drawn from the data set so far
    uint64_t seed;
    const char *recipe;   // the resolved recipe (gm_recipe_write); NULL writes ""
    const char *variants; // the kernel variants chosen before step 0, any text; NULL writes ""
    const char *const
        *class_names;   // of the data that were trained on, class_count of them; read back as lines (gm_escape)
    size_t class_count; // 0: the data have none, or another version wrote the file
    const double (
        *scale_figures)[2]; // of the data, as gm_dataset_info has them; scale_channels of them, 0: they have none
    size_t scale_channels;
    size_t item[3];   // channels, height and width of one of the data's items; zeros: an older program wrote the file
    const char *note; // whatever else its writer wants to know again, any text; NULL: nothing
} gm_checkpoint_info;

// Reads every variable of the state (waits for the device) and writes the file atomically.
gm_status gm_checkpoint_write(const char *path, gm_state *state, const gm_checkpoint_info *info);

typedef struct gm_checkpoint gm_checkpoint;

// Reads and verifies a checkpoint; the message names the file. GM_ERROR_FORMAT: it is damaged, or none. Anything else
// is no fault of the file: GM_ERROR_IO, GM_ERROR_MEMORY, or GM_ERROR_STATE when another version of the program wrote
// it.
gm_status gm_checkpoint_open(gm_checkpoint **checkpoint, const char *path);
void gm_checkpoint_close(gm_checkpoint **checkpoint);
const gm_checkpoint_info *gm_checkpoint_get_info(const gm_checkpoint *checkpoint);

// The checkpoint's value of a variable, of that type and shape, which belongs to the checkpoint. Fails when it has
// none; values that are not finite are given with a warning, once. (As a gm_state_source, with the checkpoint as its
// user: plans that use a part of what was trained get that part.)
gm_status gm_checkpoint_value(void *checkpoint, const char *name, gm_type type, const gm_shape *shape,
                              const void **values);
// One of its values, which belong to the checkpoint.
typedef struct gm_checkpoint_entry {
    const char *name;
    gm_type type;
    gm_shape shape;
    const void *values;
    bool finite; // all of them
} gm_checkpoint_entry;
// False: there is none of that name, or behind the last one.
bool gm_checkpoint_find(const gm_checkpoint *checkpoint, const char *name, gm_checkpoint_entry *entry);
bool gm_checkpoint_at(const gm_checkpoint *checkpoint, size_t index, gm_checkpoint_entry *entry);
// Writes the checkpoint's values into the state's variables. Create the plans first (they declare the variables).
// Every variable of the state must be in the file with its type and shape, and every tensor of the file in the state,
// and all values must be finite, else nothing is written and the message names the variable. optional: a beginning of
// names that either side may lack, as the state then keeps what it has; NULL: none.
gm_status gm_checkpoint_load(const gm_checkpoint *checkpoint, gm_state *state, const char *optional);

#endif

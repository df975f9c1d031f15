// What the tests of whole training steps share: the recipes of samples/ on small batches of made-up data.
#ifndef GM_TESTS_TRAINING_H
#define GM_TESTS_TRAINING_H

#include "check_ok.h"
#include "model/autoencoder.h"
#include "model/classifier.h"
#include "model/gan.h"
#include "model/kinds.h"
#include "train/settings.h"

typedef struct recipe_case {
    const char *file;
    const char *settings[4]; // the batch, and what else is changed, up to a NULL
    size_t channels, size;   // of the data: images, or vectors of `channels` values when size is 1
    bool streamed;           // batches come from the host, not out of a data set on the device
    bool alike;              // another case has its layers: left out where kernels of GPUs are compiled on a CPU,
                             // networks differentiated number by number, or many samples interpreted, which is slow
    size_t width;            // of images that are not square: 16-bit ones
} recipe_case;

// At least one for every recipe in samples/; ended by a row without a file.
extern const recipe_case recipe_cases[];

// The folder of recipes, from the environment.
const char *samples_folder(void);

typedef struct training {
    gm_recipe *recipe;
    gm_sample format; // of the data
    gm_model model;
} training;

void training_init(training *t, const recipe_case *c);
void training_finish(training *t);
// A phase that fetches every loss and its gradients with respect to the parameters of every network. It becomes the
// graph's first one: the other phases then use its values where they can.
gm_phase *training_add_gradients(training *t);
// Of the model, by name.
gm_phase *training_phase(const training *t, const char *name);
// The phases of one step in the trainer's order. The array holds 32 at least; returns how many.
size_t training_phases(const training *t, gm_phase **phases);

// The inputs that a step reads; the array holds 4 * GM_MODEL_SOURCES at least; returns how many.
size_t training_inputs(const training *t, gm_tensor **inputs);
// Element i of an input: bytes, points, or indices into the data set.
double training_input(uint64_t seed, const gm_tensor *input, size_t i);

#endif

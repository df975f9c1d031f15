// Trains a recipe, as `ganymede train` does: train [RECIPE [RUN]]
#include "ganymede/train.h"

#include <stdio.h>
#include <stdlib.h>

static bool show(const gm_train_progress *progress, void *user) {
    (void)user;
    if (progress->tick) {
        printf("step %llu of %llu", (unsigned long long)progress->step, (unsigned long long)progress->steps);
        for (size_t i = 0; i < progress->number_count; i++)
            printf("  %s %.4f", progress->numbers[i].label, progress->numbers[i].value);
        printf("\n");
    }
    return false; // true: write a checkpoint and stop
}

int main(int count, char **arguments) {
    gm_trainer *trainer = NULL;
    gm_train_options options = {.recipe = count > 1 ? arguments[1] : "samples/dcgan-quick.yaml",
                                .out = count > 2 ? arguments[2] : "runs/embedded"};
    bool done = gm_trainer_create(&trainer, &options) == GM_OK && gm_trainer_run(trainer, show, NULL) == GM_OK;
    if (!done)
        fprintf(stderr, "train: %s\n", gm_error_message());
    gm_trainer_destroy(&trainer);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

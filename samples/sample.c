// Draws 64 samples of a run, as `ganymede sample` does: sample [RUN [FILE.png or FILE.npy]]
#include "ganymede/sampler.h"

#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 64 };

int main(int count, char **arguments) {
    const char *run = count > 1 ? arguments[1] : "runs/embedded", *file = count > 2 ? arguments[2] : "samples.png";
    gm_sampler *sampler = NULL;
    gm_sampler_info info = {0};
    uint64_t seeds[COUNT]; // a sample depends on its own seed alone
    for (size_t i = 0; i < COUNT; i++)
        seeds[i] = i;
    bool done = gm_sampler_open(&sampler, run, NULL) == GM_OK;
    if (done)
        gm_sampler_get_info(sampler, &info);
    float *samples = calloc(COUNT, info.channels * info.height * info.width * sizeof *samples); // (64, C, H, W)
    done = done && samples && gm_sampler_generate(sampler, seeds, NULL, NULL, COUNT, samples) == GM_OK &&
           gm_sampler_write(sampler, file, samples, COUNT, &(gm_write_options){.seeds = seeds}) == GM_OK;
    if (done)
        printf("%s: %d %s of step %llu\n", file, COUNT, info.noun, (unsigned long long)info.step);
    else
        fprintf(stderr, "sample: %s\n", samples ? gm_error_message() : "out of memory");
    free(samples);
    gm_sampler_close(&sampler);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

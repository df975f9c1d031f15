// Samples that are texts: how they are written, and their lines on standard output.
#ifndef TEXTS_H
#define TEXTS_H

#include "command.h"

#include "ganymede/measure.h"
#include "ganymede/sampler.h"

typedef struct texts_options {
    const char *start, *temperature; // as given; NULL: not
    option_number length;
} texts_options;

// Each is false where it has said what is wrong.
bool texts_check(const usage_text *usage, const texts_options *options);
bool texts_settle(gm_sampler *sampler, const texts_options *options);
// Samples of `values` each; what is wrong is the library's message.
bool texts_print(gm_sampler *sampler, const float *samples, size_t count, size_t values);

// Figures of texts and of their rivals: as a table, and as `, "texts": {NAME: {...}, ...}`.
void texts_print_figures(const gm_text_figure *figures, size_t count);
void texts_print_json(const gm_text_figure *figures, size_t count);

#endif

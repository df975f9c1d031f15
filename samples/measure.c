// Says how far samples are from real ones, as `ganymede measure` does: measure [REAL [FAKE [METRICS]]]
#include "ganymede/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double value_of(const gm_measure *measure) {
    return measure->flags & GM_MEASURE_MISSING ? NAN : measure->value;
}

int main(int count, char **arguments) {
    const char *real = count > 1 ? arguments[1] : "fashion-mnist", *fake = count > 2 ? arguments[2] : "runs/embedded";
    const char *metrics = count > 3 ? arguments[3] : NULL; // NULL: all that apply
    gm_comparison *comparison = NULL;
    const gm_figure *figures = NULL;
    size_t figure_count = 0;
    bool done = gm_comparison_open(&comparison, real, fake, NULL) == GM_OK &&
                gm_comparison_measure(comparison, metrics, &figures, &figure_count) == GM_OK;
    for (size_t i = 0; i < figure_count; i++)
        printf("%-20s %9.4f  (real against real: %.4f)  %s\n", figures[i].key, value_of(&figures[i].value),
               value_of(&figures[i].control), figures[i].help);
    if (!done)
        fprintf(stderr, "measure: %s\n", gm_error_message());
    gm_comparison_close(&comparison);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Figures of sounds beside those of sounds that are wrong in a known way.
#include "sounds.h"

#include "command.h"

#include <stdio.h>

enum { FIGURES = 4 };

static void list_values(const gm_sound_figure *of, double values[FIGURES]) {
    values[0] = of->frechet;
    values[1] = of->score;
    values[2] = of->entropy;
    values[3] = of->confidence;
}

void sounds_print_figures(const gm_sound_figure *figures, size_t count) {
    printf(
        "\nbeside real sounds that are wrong in a known way, as the classifier hears them\n%-22s  %6s  %10s  %8s  %8s"
        "  %10s\n",
        "", "n", "frechet", "score", "entropy", "confidence");
    for (size_t i = 0; i < count; i++) {
        double values[FIGURES];
        list_values(&figures[i], values);
        if (figures[i].count > 0)
            printf("%-22s  %6zu  %10.4g  %8.4g  %8.4g  %10.4g\n", figures[i].name, figures[i].count, values[0],
                   values[1], values[2], values[3]);
    }
}

void sounds_print_json(const gm_sound_figure *figures, size_t count) {
    static const char *const keys[FIGURES] = {"frechet", "score", "entropy", "confidence"};
    printf(", \"sounds\": {");
    for (size_t i = 0; i < count; i++) {
        double values[FIGURES];
        list_values(&figures[i], values);
        printf("%s\"%s\": {\"n\": %zu", i > 0 ? ", " : "", figures[i].name, figures[i].count);
        for (size_t k = 0; k < FIGURES; k++) {
            printf(", \"%s\": ", keys[k]);
            print_json_number(values[k]);
        }
        printf("}");
    }
    printf("}");
}

// Figures of clips, beside what is made of real ones by trivial means.
#include "clips.h"

#include "command.h"

#include <math.h>
#include <stdio.h>

enum { FIGURES = 5 };

static const char *const keys[FIGURES] = {"frechet_frames", "frechet_differences", "frechet_clips", "energy_variation",
                                          "straight_paths"};
static const char *const heads[FIGURES] = {"frames", "differences", "clips", "energy", "straight"};

static void list_values(const gm_clip_figure *figure, double values[FIGURES]) {
    values[0] = figure->frames;
    values[1] = figure->differences;
    values[2] = figure->clips;
    values[3] = figure->energy;
    values[4] = figure->paths;
}

void clips_print_figures(const gm_clip_figure *figures, size_t count) {
    printf(
        "\nbeside what is made of the real clips: distances of frames, differences and clips, variation of the energy,"
        "\nshare of straight paths\n%-26s",
        "");
    for (size_t k = 0; k < FIGURES; k++)
        printf("  %11s", heads[k]);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        double values[FIGURES];
        list_values(&figures[i], values);
        printf("%-26s", figures[i].name);
        for (size_t k = 0; k < FIGURES; k++)
            if (isfinite(values[k]))
                printf("  %11.4g", values[k]);
            else
                printf("  %11s", "-");
        printf("\n");
    }
}

void clips_print_json(const gm_clip_figure *figures, size_t count) {
    printf(", \"clips\": {");
    for (size_t i = 0; i < count; i++) {
        double values[FIGURES];
        list_values(&figures[i], values);
        printf("%s", i > 0 ? ", " : "");
        print_json_string(figures[i].name);
        for (size_t k = 0; k < FIGURES; k++) {
            printf("%s\"%s\": ", k > 0 ? ", " : ": {", keys[k]);
            print_json_number(values[k]);
        }
        printf("}");
    }
    printf("}");
}

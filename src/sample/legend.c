// False colours, and the strip that says which channel has which.
#include "sample/legend.h"

#include "base/base.h"
#include "sample/font.h"

#include <math.h>

enum { SQUARE = 7, SPACE = 3 };

void gm_legend_hue(size_t channel, size_t channels, double hue[3]) {
    double place = 3. * (double)channel / (double)channels;
    for (size_t i = 0; i < 3; i++) {
        double distance = fabs(place - (double)i);
        hue[i] = channels == 3 ? channel == i : fmax(0, fmin(1, 2 - 2 * fmin(distance, 3 - distance)));
    }
}

static size_t digits_of(size_t number) {
    size_t digits = 1;
    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

// A square, a space, the digits, a wider space.
static size_t entry_width(size_t channels) {
    return SQUARE + SPACE + digits_of(channels) * GM_FONT_WIDTH + SPACE;
}

void gm_legend_size(size_t channels, size_t *width, size_t *height) {
    *width = GM_MAX(*width, entry_width(channels));
    *height = gm_divide_up(channels, *width / entry_width(channels)) * (SQUARE + SPACE);
}

static void set_pixel(gm_raster *picture, size_t x, size_t y, const double colour[3]) {
    double most = picture->depth == 16 ? 65535 : 255;
    for (size_t k = 0; k < 3; k++)
        gm_raster_set(picture, (y * picture->width + x) * 3 + k, floor(colour[k] * most));
}

// Where a number is drawn.
typedef struct pen {
    gm_raster *picture;
    size_t left, top;
} pen;

static void draw_dot(void *user, size_t x, size_t y) {
    static const double black[3];
    const pen *p = user;
    set_pixel(p->picture, p->left + x, p->top + y, black);
}

void gm_legend_draw(gm_raster *picture, size_t top, size_t channels) {
    size_t width = entry_width(channels), columns = picture->width / width;
    for (size_t c = 0; c < channels; c++) {
        pen p = {picture, c % columns * width, top + SPACE + c / columns * (SQUARE + SPACE)};
        double hue[3];
        char number[24];
        gm_legend_hue(c, channels, hue);
        for (size_t i = 0; i < SQUARE * SQUARE; i++)
            set_pixel(picture, p.left + i % SQUARE, p.top + i / SQUARE, hue);
        p.left += SQUARE + SPACE;
        gm_snprintf(number, sizeof number, "%zu", c + 1);
        gm_font_draw(number, sizeof number, draw_dot, &p);
    }
}

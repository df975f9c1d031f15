// False colours, and the strip that says which channel has which.
#include "sample/legend.h"

#include "base/base.h"

#include <math.h>

enum { GLYPH_WIDTH = 5, GLYPH_HEIGHT = 7, SPACE = 3 };

// Digits of 5 x 7 pixels: a row a byte, the leftmost pixel in bit 4.
static const uint8_t glyphs[10][GLYPH_HEIGHT] = {
    {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}, {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
    {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f}, {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e},
    {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}, {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
    {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}, {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
    {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}, {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c},
};

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
    return GLYPH_HEIGHT + SPACE + digits_of(channels) * (GLYPH_WIDTH + 1) + SPACE;
}

void gm_legend_size(size_t channels, size_t *width, size_t *height) {
    *width = GM_MAX(*width, entry_width(channels));
    *height = gm_divide_up(channels, *width / entry_width(channels)) * (GLYPH_HEIGHT + SPACE);
}

static void set_pixel(gm_raster *picture, size_t x, size_t y, const double colour[3]) {
    double most = picture->depth == 16 ? 65535 : 255;
    for (size_t k = 0; k < 3; k++)
        gm_raster_set(picture, (y * picture->width + x) * 3 + k, floor(colour[k] * most));
}

static void draw_digit(gm_raster *picture, size_t left, size_t top, size_t digit) {
    static const double black[3];
    for (size_t y = 0; y < GLYPH_HEIGHT; y++)
        for (size_t x = 0; x < GLYPH_WIDTH; x++)
            if (glyphs[digit][y] >> (GLYPH_WIDTH - 1 - x) & 1)
                set_pixel(picture, left + x, top + y, black);
}

void gm_legend_draw(gm_raster *picture, size_t top, size_t channels) {
    size_t width = entry_width(channels), columns = picture->width / width;
    for (size_t c = 0; c < channels; c++) {
        size_t left = c % columns * width, row = top + SPACE + c / columns * (GLYPH_HEIGHT + SPACE);
        double hue[3];
        gm_legend_hue(c, channels, hue);
        for (size_t i = 0; i < GLYPH_HEIGHT * GLYPH_HEIGHT; i++)
            set_pixel(picture, left + i % GLYPH_HEIGHT, row + i / GLYPH_HEIGHT, hue);
        left += GLYPH_HEIGHT + SPACE;
        for (size_t number = c + 1, digit = digits_of(number); digit-- > 0; number /= 10)
            draw_digit(picture, left + digit * (GLYPH_WIDTH + 1), row, number % 10);
    }
}

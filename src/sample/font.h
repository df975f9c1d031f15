// Small letters for pictures.
#ifndef GM_SAMPLE_FONT_H
#define GM_SAMPLE_FONT_H

#include <stddef.h>
#include <stdint.h>

enum { GM_FONT_WIDTH = 6, GM_FONT_HEIGHT = 8 }; // of a letter, with the gap behind it

// Calls `dot` for every pixel of the text's first `most` letters, from their upper left corner on; Latin letters with
// accents without these, '?' for others. Returns how many letters.
size_t gm_font_draw(const char *text, size_t most, void (*dot)(void *user, size_t x, size_t y), void *user);

#endif

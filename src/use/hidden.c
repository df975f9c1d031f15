// What is hidden in pictures: a box, what a mask says, a colour, or what is clear.
#include "use/hidden.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Pictures ----

size_t gm_picture_colours(const gm_picture *picture) {
    return picture->channels - picture->alpha;
}

gm_status gm_picture_open(const char *path, gm_picture *picture) {
    char *data;
    size_t bytes;
    *picture = (gm_picture){0};
    GM_TRY(gm_file_read(path, GM_PICTURE_LIMIT, &data, &bytes));
    gm_status status = gm_picture_parse(path, data, bytes, NULL, picture);
    free(data);
    return status;
}

double gm_picture_value(const gm_picture *picture, size_t index) {
    return picture->type == GM_PICTURE_U8    ? ((const uint8_t *)picture->pixels)[index]
           : picture->type == GM_PICTURE_U16 ? ((const uint16_t *)picture->pixels)[index]
                                             : (double)((const float *)picture->pixels)[index];
}

// ---- What is hidden ----

static int digit_of(char c) {
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static bool read_hexadecimal(const char *text, double colour[3]) {
    if (text[0] != '#' || strlen(text) != 7)
        return false;
    for (size_t i = 0; i < 3; i++) {
        int high = digit_of(text[1 + 2 * i]), low = digit_of(text[2 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        colour[i] = 16 * high + low;
    }
    return true;
}

// "255,0,255" or "65535".
static size_t read_numbers(const char *text, double colour[3]) {
    size_t count = 0;
    while (count < 3) {
        char *end;
        colour[count] = gm_parse_double(text, &end);
        if (end == text || !isfinite(colour[count]))
            return 0;
        count++;
        if (*end == '\0')
            break;
        if (*end != ',')
            return 0;
        text = end + 1;
    }
    bool bytes = true;
    for (size_t i = 0; i < count; i++)
        bytes = bytes && colour[i] >= 0 && colour[i] <= 255;
    return count == 1 || (count == 3 && bytes) ? count : 0;
}

static gm_status read_colour(const char *text, gm_hiding *r) {
    static const struct {
        const char *name;
        double level;
    } names[] = {{"black", 0}, {"white", 255}, {"grey", 128}};
    r->numbers = 3;
    for (size_t i = 0; i < GM_COUNT(names); i++)
        if (strcmp(text, names[i].name) == 0) {
            r->colour[0] = r->colour[1] = r->colour[2] = names[i].level;
            return GM_OK;
        }
    if (read_hexadecimal(text, r->colour))
        return GM_OK;
    r->numbers = read_numbers(text, r->colour);
    if (r->numbers > 0)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "'%s' is no colour: black, white, grey, #rrggbb, RED,GREEN,BLUE of 0 to 255 each, or one value",
                   text);
}

gm_status gm_hidden_check(const gm_hidden *hidden) {
    gm_hiding r = {.hidden = hidden};
    return hidden->colour ? read_colour(hidden->colour, &r) : GM_OK;
}

gm_status gm_hiding_init(gm_hiding *r, const gm_hidden *hidden) {
    static const gm_hidden clear = {0};
    *r = (gm_hiding){.hidden = hidden ? hidden : &clear};
    int given = (r->hidden->width > 0) + (r->hidden->mask != NULL) + (r->hidden->colour != NULL);
    if (given > 1)
        return gm_fail(GM_ERROR_ARGUMENT, "a box, a mask and a colour exclude each other: give one of them");
    if (r->hidden->width > 0 && r->hidden->height == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "a box of %zu x 0 hides nothing", r->hidden->width);
    if (r->hidden->colour)
        return read_colour(r->hidden->colour, r);
    return r->hidden->mask ? gm_picture_open(r->hidden->mask, &r->mask) : GM_OK;
}

// A number for all channels is of the picture's own depth; colours are of 8 bits.
static bool has_colour(const gm_hiding *r, const gm_picture *picture, size_t first) {
    double scale = r->numbers == 3 ? gm_picture_white(picture->type) / 255 : 1;
    for (size_t c = 0; c < gm_picture_colours(picture); c++) {
        double wanted = r->colour[r->numbers == 3 && c < 3 ? c : 0] * scale;
        if (fabs(gm_picture_value(picture, first + c) - wanted) > 0)
            return false;
    }
    return true;
}

static bool is_white(const gm_picture *mask, size_t first) {
    for (size_t c = 0; c < gm_picture_colours(mask); c++)
        if (gm_picture_value(mask, first + c) > gm_picture_white(mask->type) / 2)
            return true;
    return false;
}

static bool is_hidden(const gm_hiding *r, const gm_picture *picture, size_t x, size_t y) {
    const gm_hidden *h = r->hidden;
    size_t pixel = y * picture->width + x;
    if (h->width > 0)
        return x >= h->left && x - h->left < h->width && y >= h->top && y - h->top < h->height;
    if (h->mask)
        return is_white(&r->mask, pixel * r->mask.channels);
    if (h->colour)
        return has_colour(r, picture, pixel * picture->channels);
    return picture->alpha && !(gm_picture_value(picture, (pixel + 1) * picture->channels - 1) > 0);
}

gm_status gm_hiding_mask(const gm_hiding *r, const char *path, const gm_picture *picture, uint8_t *mask) {
    size_t area = picture->width * picture->height, hidden = 0;
    if (r->hidden->mask && (r->mask.width != picture->width || r->mask.height != picture->height))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is %zu x %zu, but the mask %s is %zu x %zu", path, picture->width,
                       picture->height, r->hidden->mask, r->mask.width, r->mask.height);
    for (size_t i = 0; i < area; i++)
        hidden += (mask[i] = is_hidden(r, picture, i % picture->width, i / picture->width) ? 1u : 0u);
    if (hidden > 0)
        return GM_OK;
    if (r->hidden->width > 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the box lies outside of its %zu x %zu pixels", path, picture->width,
                       picture->height);
    if (r->hidden->mask)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the mask %s hides nothing of it: white is what is filled in", path,
                       r->hidden->mask);
    if (r->hidden->colour)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: no pixel has exactly the colour %s", path, r->hidden->colour);
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: no pixel is clear (opacity 0): say what is hidden by a box, a mask or a colour", path);
}
